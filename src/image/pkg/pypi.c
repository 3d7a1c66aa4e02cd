/*
 * Python: requirements.txt (what is pinned with "==" only), lock files of Poetry, uv and PDM,
 * Pipfile.lock, and the metadata of installed packages. Names are yielded as PEP 503 normalises
 * them, which is what advisories are filed under.
 */
#include "image/pkg/json_int.h"

static bool is_separator(char c)
{
	return c == '-' || c == '_' || c == '.';
}

struct rf_str pkg_pypi_name(struct rf_str name, char out[static PKG_MAX_NAME + 1])
{
	size_t len = 0;

	if (name.len > PKG_MAX_NAME)
		return RF_STR_NONE;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (is_separator(c)) {
			if (len && out[len - 1] == '-')
				continue;
			c = '-';
		} else if (c >= 'A' && c <= 'Z') {
			c = (char)(c - 'A' + 'a');
		}
		out[len++] = c;
	}
	out[len] = '\0';
	return (struct rf_str){.ptr = out, .len = len};
}

static int emit(struct pkg_out *out, struct pkg *pkg, struct rf_err *err)
{
	char name[PKG_MAX_NAME + 1];

	pkg->type = PKG_PYPI;
	pkg->name = pkg_pypi_name(pkg->name, name);
	return pkg_emit(out, pkg, err);
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       is_separator(c);
}

/* "name[extra] == 1.2 ; marker --hash=..."; false when no single version is pinned. */
static bool parse_requirement(struct rf_str line, struct pkg *pkg)
{
	struct rf_str rest = pkg_trim(line), extras;
	size_t len = 0;

	while (len < rest.len && is_name_char(rest.ptr[len]))
		len++;
	pkg->name = pkg_head(rest, len);
	rest = pkg_trim(pkg_skip(rest, len));
	if (rest.len && rest.ptr[0] == '[')
		rest = pkg_trim(rf_str_cut(rest, ']', &extras));
	if (len == 0 || line.ptr[0] == '-' || !rf_str_starts(rest, RF_STR("==")))
		return false;
	rest = pkg_skip(rest, 2);
	if (rest.len && rest.ptr[0] == '=')
		rest = pkg_skip(rest, 1);
	rf_str_cut(rest, ';', &rest);
	pkg->version = pkg_next_word(&rest);
	return pkg->version.len && !memchr(pkg->version.ptr, ',', pkg->version.len) &&
	       !memchr(pkg->version.ptr, '*', pkg->version.len) &&
	       (pkg_trim(rest).len == 0 || pkg_trim(rest).ptr[0] == '-' ||
		       pkg_trim(rest).ptr[0] == '#' || pkg_trim(rest).ptr[0] == '\\');
}

int pkg_requirements_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	struct pkg_out out = {.sink = sink};
	struct rf_str text = pkg_text(file), line;
	bool continued = false;
	int rc = RF_OK;

	/* Lines that continue another hold hashes and options. */
	while (rc == RF_OK && pkg_next_line(&text, &line)) {
		struct pkg pkg = {.type = PKG_PYPI};
		bool whole = !continued;

		continued = rf_str_ends(line, RF_STR("\\"));
		if (continued)
			line.len--;
		if (whole && parse_requirement(line, &pkg))
			rc = emit(&out, &pkg, err);
	}
	return rc;
}

int pkg_pypi_lock_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	struct pkg_out out = {.sink = sink};
	struct rf_str text = pkg_text(file);
	struct pkg_toml table;
	int rc = RF_OK;

	while (rc == RF_OK && pkg_toml_next(&text, &table)) {
		struct pkg pkg = {.name = table.name, .version = table.version};

		rc = emit(&out, &pkg, err);
	}
	return rc;
}

struct pipfile {
	struct pkg_json json;
	struct pkg_out out;
	bool quiet; /* only looked at */
};

static void read_pipfile_package(struct pipfile *file, struct rf_str name, struct rf_err *err)
{
	struct rf_str key, version = RF_STR_NONE;
	struct pkg pkg = {.name = name};

	if (!pkg_json_enter(&file->json))
		return;
	while (pkg_json_member(&file->json, &key)) {
		if (rf_str_is(key, "version"))
			pkg_json_field(&file->json, &version);
		else
			pkg_json_skip(&file->json);
	}
	if (file->json.rc == RF_OK && !file->quiet && rf_str_starts(version, RF_STR("=="))) {
		pkg.version = pkg_skip(version, 2);
		file->json.rc = emit(&file->out, &pkg, err);
	}
	pkg_json_forget(&file->json);
}

static int read_pipfile(struct pipfile *file, struct rf_err *err)
{
	struct rf_str key;

	if (pkg_json_enter(&file->json)) {
		while (pkg_json_member(&file->json, &key)) {
			if (!rf_str_is(key, "default") && !rf_str_is(key, "develop")) {
				pkg_json_skip(&file->json);
				continue;
			}
			if (!pkg_json_enter(&file->json))
				continue;
			while (pkg_json_member(&file->json, &key))
				read_pipfile_package(file, key, err);
		}
	}
	return pkg_json_end(&file->json);
}

/* Twice: what is unsound shows before anything is yielded. */
int pkg_pipfile_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	int rc = RF_OK;

	for (int pass = 0; pass < 2 && rc == RF_OK; pass++) {
		struct pipfile pipfile = {.out.sink = sink, .quiet = pass == 0};

		pkg_json_begin(&pipfile.json, file, err);
		rc = read_pipfile(&pipfile, err);
		pkg_json_done(&pipfile.json);
	}
	return rc;
}

int pkg_dist_info_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	struct pkg_out out = {.sink = sink};
	struct rf_str text = pkg_text(file), expression = RF_STR_NONE;
	struct pkg pkg = {.type = PKG_PYPI};
	const struct pkg_field fields[] = {
		{"Name", &pkg.name},
		{"Version", &pkg.version},
		{"License", &pkg.license},
		{"License-Expression", &expression},
	};

	/* The headers only: what follows the empty line is the description. */
	pkg_read_stanza(&text, fields, RF_ARRAY_LEN(fields));
	if (expression.len)
		pkg.license = expression;
	return emit(&out, &pkg, err);
}
