/*
 * npm: package-lock.json and npm-shrinkwrap.json, whose "packages" (version 2 and 3) are keyed by
 * paths and whose "dependencies" (version 1) are a tree by names; and the package.json of what is
 * installed. Version 2 has both; "packages" is the whole truth then.
 */
#include "image/pkg/pkg_int.h"

#define MODULES	  RF_STR("node_modules/")
#define MAX_DEPTH 64 /* of trees; the JSON reader goes no deeper either */

/* "node_modules/a/node_modules/@s/b" is the package @s/b. */
static struct rf_str name_of_path(struct rf_str path)
{
	size_t at = pkg_find(path, MODULES);

	if (at == path.len)
		return RF_STR_NONE;
	while (at < path.len) {
		path = pkg_skip(path, at + MODULES.len);
		at = pkg_find(path, MODULES);
	}
	return path;
}

/* A license is a string, of old an object. */
static struct rf_str license_of(const struct doc_node *node)
{
	struct rf_str text = pkg_json_str(node, "license");

	return text.len ? text : pkg_json_str(doc_get(node, "license"), "type");
}

static int read_packages(struct pkg_out *out, const struct doc_node *packages, struct rf_err *err)
{
	int rc = RF_OK;

	for (const struct doc_node *it = packages->first; it && rc == RF_OK; it = it->next) {
		const struct doc_node *link = doc_get(it, "link");
		struct pkg pkg = {
			.type = PKG_NPM,
			.name = pkg_json_str(it, "name"), /* of an alias: what it really is */
			.version = pkg_json_str(it, "version"),
			.license = license_of(it),
			.checksum = pkg_json_str(it, "integrity"),
		};

		/* "" is the project itself, a path of its own is a part of it. */
		if (name_of_path(it->key).len == 0 || (link && link->truth))
			continue;
		if (pkg.name.len == 0)
			pkg.name = name_of_path(it->key);
		rc = pkg_emit(out, &pkg, err);
	}
	return rc;
}

/* "npm:real@1.2.3" under another name. */
static void resolve_alias(struct pkg *pkg)
{
	struct rf_str spec = pkg->version;
	const char *at;

	if (!rf_str_starts(spec, RF_STR("npm:")))
		return;
	spec = pkg_skip(spec, 4);
	at = spec.len ? memrchr(spec.ptr, '@', spec.len) : NULL;
	if (!at || at == spec.ptr)
		return;
	pkg->name = pkg_head(spec, (size_t)(at - spec.ptr));
	pkg->version = pkg_skip(spec, pkg->name.len + 1);
}

static int read_dependency(struct pkg_out *out, const struct doc_node *node, struct rf_err *err)
{
	struct pkg pkg = {
		.type = PKG_NPM,
		.name = node->key,
		.version = pkg_json_str(node, "version"),
		.checksum = pkg_json_str(node, "integrity"),
	};

	resolve_alias(&pkg);
	/* A place ("file:", "git+ssh:", "https:") is no version. */
	if (pkg.version.len && memchr(pkg.version.ptr, ':', pkg.version.len))
		pkg.version = RF_STR("");
	return pkg_emit(out, &pkg, err);
}

static const struct doc_node *first_dependency(const struct doc_node *node)
{
	const struct doc_node *map = doc_get(node, "dependencies");

	return map && map->type == DOC_MAP ? map->first : NULL;
}

/* Depth first, with the place to go on at in every level. */
static int read_dependencies(struct pkg_out *out, const struct doc_node *root, struct rf_err *err)
{
	const struct doc_node *stack[MAX_DEPTH] = {first_dependency(root)};
	size_t depth = 1;
	int rc = RF_OK;

	while (rc == RF_OK && depth > 0) {
		const struct doc_node *node = stack[depth - 1];

		if (!node) {
			depth--;
			continue;
		}
		stack[depth - 1] = node->next;
		rc = read_dependency(out, node, err);
		if (depth == MAX_DEPTH)
			return rf_err_set(err, RF_ELIMIT, "dependencies are nested too deeply");
		stack[depth++] = first_dependency(node);
	}
	return rc;
}

int pkg_npm_lock_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(PKG_JSON_ARENA);
	struct pkg_out out = {.sink = sink};
	const struct doc_node *root, *packages;
	int rc = pkg_json_parse(file, arena, &root, err);

	if (rc < 0)
		return rc;
	packages = doc_get(root, "packages");
	if (packages && packages->type == DOC_MAP)
		return read_packages(&out, packages, err);
	return read_dependencies(&out, root, err);
}

int pkg_npm_package_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(PKG_JSON_ARENA);
	struct pkg_out out = {.sink = sink};
	const struct doc_node *root;
	int rc = pkg_json_parse(file, arena, &root, err);
	struct pkg pkg = {.type = PKG_NPM};

	if (rc < 0)
		return rc;
	pkg.name = pkg_json_str(root, "name");
	pkg.version = pkg_json_str(root, "version");
	pkg.license = license_of(root);
	/* Without a version it is a marker inside a package ({"type": "module"}), not a package. */
	return pkg.version.len ? pkg_emit(&out, &pkg, err) : RF_OK;
}
