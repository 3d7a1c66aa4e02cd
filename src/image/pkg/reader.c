/* Which reader a file is for: one row a format, by the name and the place of the file. */
#include "image/pkg/pkg_int.h"

struct row {
	struct pkg_reader reader;
	const char *base;   /* the file's name; NULL: by prefix and suffix */
	const char *prefix; /* of the name */
	const char *suffix;
	const char *folder_suffix; /* of the name of the folder it lies in */
	bool (*also)(struct rf_str path);
};

/* "node_modules/NAME/package.json" or "node_modules/@SCOPE/NAME/package.json": not one deeper. */
static bool is_module_itself(struct rf_str path)
{
	static const struct rf_str modules = RF_STR("node_modules/");
	size_t at, slashes = 0;

	while ((at = pkg_find(path, modules)) < path.len) {
		path = pkg_skip(path, at + modules.len);
		slashes = 1;
	}
	if (slashes == 0 || path.len == 0)
		return false;
	slashes = 0;
	for (size_t i = 0; i < path.len; i++)
		slashes += path.ptr[i] == '/';
	return slashes == (path.ptr[0] == '@' ? 2 : 1);
}

static const struct row rows[] = {
	{.reader = {"go.mod", pkg_gomod_read}, .base = "go.mod"},
	{.reader = {"go.sum", pkg_gosum_read}, .base = "go.sum"},
	{.reader = {"package-lock.json", pkg_npm_lock_read}, .base = "package-lock.json"},
	{.reader = {"package-lock.json", pkg_npm_lock_read}, .base = ".package-lock.json"},
	{.reader = {"npm-shrinkwrap.json", pkg_npm_lock_read}, .base = "npm-shrinkwrap.json"},
	{.reader = {"package.json", pkg_npm_package_read},
		.base = "package.json",
		.also = is_module_itself},
	{.reader = {"requirements.txt", pkg_requirements_read},
		.prefix = "requirements",
		.suffix = ".txt"},
	{.reader = {"poetry.lock", pkg_pypi_lock_read}, .base = "poetry.lock"},
	{.reader = {"uv.lock", pkg_pypi_lock_read}, .base = "uv.lock"},
	{.reader = {"pdm.lock", pkg_pypi_lock_read}, .base = "pdm.lock"},
	{.reader = {"Pipfile.lock", pkg_pipfile_read}, .base = "Pipfile.lock"},
	{.reader = {"METADATA", pkg_dist_info_read},
		.base = "METADATA",
		.folder_suffix = ".dist-info"},
	{.reader = {"PKG-INFO", pkg_dist_info_read},
		.base = "PKG-INFO",
		.folder_suffix = ".egg-info"},
	{.reader = {"PKG-INFO", pkg_dist_info_read},
		.base = "PKG-INFO",
		.folder_suffix = "EGG-INFO"},
	{.reader = {"egg-info", pkg_dist_info_read}, .prefix = "", .suffix = ".egg-info"},
	{.reader = {"Cargo.lock", pkg_cargo_read}, .base = "Cargo.lock"},
	{.reader = {"pom.xml", pkg_pom_read}, .base = "pom.xml"},
	{.reader = {"pom.properties", pkg_pom_properties_read}, .base = "pom.properties"},
	{.reader = {"MANIFEST.MF", pkg_manifest_read},
		.base = "MANIFEST.MF",
		.folder_suffix = "META-INF"},
};

/* What is after the last slash; *ret_before is what is before it. */
static struct rf_str split_path(struct rf_str path, struct rf_str *ret_before)
{
	const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
	size_t len = slash ? (size_t)(slash - path.ptr) : 0;

	*ret_before = pkg_head(path, len);
	return slash ? pkg_skip(path, len + 1) : path;
}

static bool matches(const struct row *row, struct rf_str base, struct rf_str folder)
{
	if (row->base ? !rf_str_is(base, row->base)
		      : !rf_str_starts(base, rf_str_of(row->prefix)) ||
				!rf_str_ends(base, rf_str_of(row->suffix)))
		return false;
	return !row->folder_suffix || rf_str_ends(folder, rf_str_of(row->folder_suffix));
}

const struct pkg_reader *pkg_reader_find(struct rf_str path)
{
	struct rf_str folder, base = split_path(path, &folder);

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		if (matches(&rows[i], base, folder) && (!rows[i].also || rows[i].also(path)))
			return &rows[i].reader;
	}
	return NULL;
}
