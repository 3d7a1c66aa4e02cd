/* apk's database of what is installed: one letter a field ("P:musl"), an empty line between. */
#include "image/pkg/pkg_int.h"

int pkg_apk_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	struct pkg_out out = {.sink = sink};
	struct rf_str text = pkg_text(file);
	int rc = RF_OK;

	while (rc == RF_OK && text.len) {
		struct pkg pkg = {.type = PKG_APK};
		const struct pkg_field fields[] = {
			{"P", &pkg.name},
			{"V", &pkg.version},
			{"A", &pkg.arch},
			{"o", &pkg.source},
			{"L", &pkg.license},
			{"C", &pkg.checksum},
		};

		pkg_read_stanza(&text, fields, RF_ARRAY_LEN(fields));
		if (pkg.source.len == 0)
			pkg.source = pkg.name;
		pkg.source_version = pkg.version;
		rc = pkg_emit(&out, &pkg, err);
	}
	return rc;
}
