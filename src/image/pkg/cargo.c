/* Cargo.lock. What has no source is the project's own and is yielded like the rest. */
#include "image/pkg/pkg_int.h"

int pkg_cargo_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	struct pkg_out out = {.sink = sink};
	struct rf_str text = pkg_text(file);
	struct pkg_toml table;
	int rc = RF_OK;

	while (rc == RF_OK && pkg_toml_next(&text, &table)) {
		const struct pkg pkg = {
			.type = PKG_CARGO,
			.name = table.name,
			.version = table.version,
			.checksum = table.checksum,
		};

		rc = pkg_emit(&out, &pkg, err);
	}
	return rc;
}
