/*
 * npm: package-lock.json and npm-shrinkwrap.json, whose "packages" (version 2 and 3) are keyed by
 * paths and whose "dependencies" (version 1) are a tree by names; and the package.json of what is
 * installed. Version 2 has both; "packages" is the whole truth then.
 *
 * Lock files are read twice: what is unsound shows, and which of both there is, before anything is
 * yielded.
 */
#include "image/pkg/json_int.h"

#define MODULES RF_STR("node_modules/")

/* A row of a lock file, or a package.json. */
struct entry {
	struct rf_str name, version, license, integrity;
	bool is_link;
};

struct lock {
	struct pkg_json json;
	struct pkg_out out;
	int rc; /* of the sink */
	struct rf_err *err;
};

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

/* What the sink refuses ends the reading. */
static void emit(struct lock *lock, struct pkg *pkg)
{
	pkg->type = PKG_NPM;
	if (lock->json.rc < 0 || lock->rc < 0)
		return;
	lock->rc = pkg_emit(&lock->out, pkg, lock->err);
	if (lock->rc < 0)
		lock->json.rc = lock->rc;
}

/* A license is a string, of old an object. */
static void read_license(struct pkg_json *json, struct rf_str *license)
{
	struct rf_str key, text = RF_STR("");

	if (pkg_json_is_string(json)) {
		pkg_json_field(json, license);
		return;
	}
	if (!pkg_json_enter(json))
		return;
	while (pkg_json_member(json, &key)) {
		if (rf_str_is(key, "type"))
			text = pkg_json_text(json);
		else
			pkg_json_skip(json);
	}
	*license = text;
}

static void read_field(struct pkg_json *json, struct rf_str key, struct entry *entry)
{
	if (rf_str_is(key, "name"))
		pkg_json_field(json, &entry->name);
	else if (rf_str_is(key, "version"))
		pkg_json_field(json, &entry->version);
	else if (rf_str_is(key, "integrity"))
		pkg_json_field(json, &entry->integrity);
	else if (rf_str_is(key, "license"))
		read_license(json, &entry->license);
	else if (rf_str_is(key, "link"))
		entry->is_link = pkg_json_is_true(json);
	else
		pkg_json_skip(json);
}

/* --- by paths --- */

static void read_package(struct lock *lock, struct rf_str path)
{
	struct entry entry = {.name = RF_STR_NONE};
	struct rf_str key, name = name_of_path(path);
	struct pkg pkg;

	if (pkg_json_enter(&lock->json)) {
		while (pkg_json_member(&lock->json, &key))
			read_field(&lock->json, key, &entry);
	}
	pkg = (struct pkg){
		.name = entry.name.len ? entry.name : name, /* of an alias: what it really is */
		.version = entry.version,
		.license = entry.license,
		.checksum = entry.integrity,
	};
	/* "" is the project itself, a path of its own is a part of it. */
	if (name.len && !entry.is_link)
		emit(lock, &pkg);
	pkg_json_forget(&lock->json);
}

static void read_packages(struct lock *lock)
{
	struct rf_str path;

	if (!pkg_json_enter(&lock->json))
		return;
	while (pkg_json_member(&lock->json, &path))
		read_package(lock, path);
}

/* --- by names --- */

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

static void emit_dependency(struct lock *lock, struct rf_str name, const struct entry *entry)
{
	struct pkg pkg = {
		.name = name,
		.version = entry->version,
		.checksum = entry->integrity,
	};

	resolve_alias(&pkg);
	/* A place ("file:", "git+ssh:", "https:") is no version. */
	if (pkg.version.len && memchr(pkg.version.ptr, ':', pkg.version.len))
		pkg.version = RF_STR("");
	emit(lock, &pkg);
}

/* Calls itself, as deep as the reader goes. What others need comes before them. */
static void read_dependencies(struct lock *lock)
{
	struct pkg_json *json = &lock->json;
	struct rf_str name, key;

	if (!pkg_json_enter(json))
		return;
	while (pkg_json_member(json, &name)) {
		struct entry entry = {.name = RF_STR_NONE};

		if (pkg_json_enter(json)) {
			while (pkg_json_member(json, &key)) {
				if (rf_str_is(key, "dependencies"))
					read_dependencies(lock);
				else
					read_field(json, key, &entry);
			}
		}
		emit_dependency(lock, name, &entry);
		/* Names of those around it may be copies. */
		if (json->depth == 2)
			pkg_json_forget(json);
	}
}

/* --- files --- */

/* Goes through the whole; *ret_packages says whether it has "packages". */
static int look(struct rf_bytes file, bool *ret_packages, struct rf_err *err)
{
	AUTO_PKG_JSON json;
	struct rf_str key;

	*ret_packages = false;
	pkg_json_begin(&json, file, err);
	if (pkg_json_enter(&json)) {
		while (pkg_json_member(&json, &key)) {
			if (rf_str_is(key, "packages") && pkg_json_enter(&json)) {
				if (*ret_packages)
					pkg_json_fail(&json, "a key that is there twice");
				*ret_packages = true;
				while (pkg_json_member(&json, &key))
					pkg_json_skip(&json);
			} else if (!rf_str_is(key, "packages")) {
				pkg_json_skip(&json);
			}
			pkg_json_forget(&json);
		}
	}
	return pkg_json_end(&json);
}

int pkg_npm_lock_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	struct lock lock = {.out.sink = sink, .err = err};
	struct rf_str key;
	bool by_path;
	int rc = look(file, &by_path, err);

	if (rc < 0)
		return rc;
	pkg_json_begin(&lock.json, file, err);
	if (pkg_json_enter(&lock.json)) {
		while (pkg_json_member(&lock.json, &key)) {
			if (by_path && rf_str_is(key, "packages"))
				read_packages(&lock);
			else if (!by_path && rf_str_is(key, "dependencies"))
				read_dependencies(&lock);
			else
				pkg_json_skip(&lock.json);
		}
	}
	rc = lock.rc < 0 ? lock.rc : pkg_json_end(&lock.json);
	pkg_json_done(&lock.json);
	return rc;
}

int pkg_npm_package_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	struct pkg_out out = {.sink = sink};
	struct entry entry = {.name = RF_STR_NONE};
	AUTO_PKG_JSON json;
	struct rf_str key;
	struct pkg pkg;
	int rc;

	pkg_json_begin(&json, file, err);
	if (pkg_json_enter(&json)) {
		while (pkg_json_member(&json, &key))
			read_field(&json, key, &entry);
	}
	rc = pkg_json_end(&json);
	if (rc < 0)
		return rc;
	pkg = (struct pkg){.type = PKG_NPM,
		.name = entry.name,
		.version = entry.version,
		.license = entry.license};
	/* Without a version it is a marker inside a package ({"type": "module"}), not a package. */
	return pkg.version.len ? pkg_emit(&out, &pkg, err) : RF_OK;
}
