/*
 * dpkg's status file, and the stanzas that distroless images have one a file instead. A package
 * counts when its files are there: in every state but "not-installed" and "config-files". Without a
 * Status field (distroless) it counts too.
 *
 * Advisories name source packages. "Source: glibc (2.36-9)" says the version where it differs from
 * the binary's; a rebuild of the same source ("+b2") is not in it.
 */
#include "image/pkg/pkg_int.h"

static bool is_there(struct rf_str status)
{
	struct rf_str state = RF_STR("");

	if (!status.ptr)
		return true;
	/* "install ok installed": what is wanted, whether it went well, what is. */
	pkg_next_word(&status);
	pkg_next_word(&status);
	state = pkg_next_word(&status);
	return !rf_str_is(state, "not-installed") && !rf_str_is(state, "config-files");
}

/* Without "+b" and digits at the end. */
static struct rf_str without_rebuild(struct rf_str version)
{
	size_t len = version.len;

	while (len && version.ptr[len - 1] >= '0' && version.ptr[len - 1] <= '9')
		len--;
	if (len < version.len && len > 2 && memcmp(version.ptr + len - 2, "+b", 2) == 0)
		return pkg_head(version, len - 2);
	return version;
}

static void find_source(struct pkg *pkg, struct rf_str source)
{
	struct rf_str name = pkg_next_word(&source), version = pkg_trim(source);

	pkg->source = name.len ? name : pkg->name;
	pkg->source_version = without_rebuild(pkg->version);
	if (version.len > 2 && version.ptr[0] == '(' && version.ptr[version.len - 1] == ')')
		pkg->source_version = pkg_trim(pkg_head(pkg_skip(version, 1), version.len - 2));
}

int pkg_dpkg_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	struct pkg_out out = {.sink = sink};
	struct rf_str text = pkg_text(file);
	int rc = RF_OK;

	while (rc == RF_OK && text.len) {
		struct rf_str status = RF_STR_NONE, source = RF_STR_NONE;
		struct pkg pkg = {.type = PKG_DPKG};
		const struct pkg_field fields[] = {
			{"Package", &pkg.name},
			{"Status", &status},
			{"Version", &pkg.version},
			{"Architecture", &pkg.arch},
			{"Source", &source},
		};

		pkg_read_stanza(&text, fields, RF_ARRAY_LEN(fields));
		if (!is_there(status))
			continue;
		find_source(&pkg, source);
		rc = pkg_emit(&out, &pkg, err);
	}
	return rc;
}
