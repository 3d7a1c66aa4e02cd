/* References: one small JSON file a name, replaced in one step. */
#include "image/store_int.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "doc/json.h"
#include "image/json_int.h"

#define REF_MAX ((size_t)32 << 10) /* bytes of a reference file */

int store_ref_name(const char *text, char out[static STORE_NAME_SIZE], struct rf_err *err)
{
	AUTO_FREE char *path = NULL;

	if (!image_ref_is_path(rf_str_of(text))) {
		char name[IMAGE_REF_SIZE];
		int rc = image_ref_normalise(rf_str_of(text), name, err);

		if (rc < 0)
			return rc;
		return rf_str_copy(rf_str_of(name), out, STORE_NAME_SIZE) ? RF_OK
									  : rf_err_nomem(err);
	}
	path = realpath(text, NULL);
	if (!path && errno == ENOENT && text[0] == '/')
		path = strdup(text); /* its file is gone: the name is still there */
	if (!path && (errno == ENOENT || errno == ENOTDIR))
		return rf_err_set(err, RF_EABSENT, "%.300s: no such file", text);
	if (!path)
		return rf_err_sys(err, errno, "%.300s", text);
	if (!rf_str_copy(rf_str_of(path), out, STORE_NAME_SIZE))
		return rf_err_set(err, RF_ELIMIT, "%.300s: the path is too long", text);
	return RF_OK;
}

/* A layout directory is as new as the file that lists its content. */
int store_stamp(const char *path, char out[static STORE_STAMP_SIZE], struct rf_err *err)
{
	static const char *const lists[] = {"index.json", "manifest.json"};
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? rf_err_set(err, RF_EABSENT, "%s: no such file", path)
				       : rf_err_sys(err, errno, "%s", path);
	for (size_t i = 0; i < RF_ARRAY_LEN(lists) && S_ISDIR(st.st_mode); i++) {
		AUTO_FREE char *list = NULL;

		if (asprintf(&list, "%s/%s", path, lists[i]) < 0) {
			list = NULL;
			return rf_err_nomem(err);
		}
		(void)!stat(list, &st);
	}
	snprintf(out, STORE_STAMP_SIZE, "%llu:%llu:%lld:%lld.%09ld", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino, (long long)st.st_size, (long long)st.st_mtim.tv_sec,
		st.st_mtim.tv_nsec);
	return RF_OK;
}

static char *ref_path(struct image_store *store, const char *name)
{
	char text[IMAGE_DIGEST_TEXT_SIZE];
	struct image_digest digest;

	if (image_digest_of(rf_str_of(name), &digest) < 0)
		return NULL;
	return store_path(
		store, "refs/%s.json", image_digest_text(&digest, text) + sizeof("sha256:") - 1);
}

static int parse_ref(struct rf_str json, struct store_ref *ret, struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new((size_t)1 << 20);
	struct rf_str name, digest, stamp;
	const struct doc_node *root;
	int rc;

	if (!arena)
		return rf_err_nomem(err);
	rc = image_json_parse(json, "reference", arena, &root, err);
	if (rc == RF_OK)
		rc = image_json_str(root, "name", &name, err);
	if (rc == RF_OK)
		rc = image_json_str(root, "digest", &digest, err);
	if (rc == RF_OK)
		rc = image_json_str(root, "stamp", &stamp, err);
	if (rc < 0)
		return rc;
	if (!rf_str_copy(name, ret->name, sizeof(ret->name)) ||
		!rf_str_copy(stamp, ret->stamp, sizeof(ret->stamp)) ||
		!image_digest_parse(digest, &ret->digest))
		return rf_err_set(err, RF_EINPUT, "a damaged reference");
	return RF_OK;
}

static int read_ref_file(const char *path, struct store_ref *ret, struct rf_err *err)
{
	AUTO_BUF json = {.max = REF_MAX};
	int rc = rf_file_read(path, &json, err);

	if (rc == RF_OK)
		rc = parse_ref(rf_buf_str(&json), ret, err);
	return rc;
}

int store_ref_read(
	struct image_store *store, const char *name, struct store_ref *ret, struct rf_err *err)
{
	AUTO_FREE char *path = ref_path(store, name);
	int rc;

	if (!path)
		return rf_err_nomem(err);
	rc = read_ref_file(path, ret, err);
	if (rc == RF_EABSENT)
		return rf_err_set(err, RF_EABSENT,
			"no image \"%.300s\": ringfence image import brings one in", name);
	return rc;
}

int store_ref_write(struct image_store *store, const struct store_ref *ref, struct rf_err *err)
{
	AUTO_FREE char *path = ref_path(store, ref->name);
	char digest[IMAGE_DIGEST_TEXT_SIZE];
	AUTO_BUF json = {.max = REF_MAX};
	struct json_writer w = {.out = &json};

	if (!path)
		return rf_err_nomem(err);
	json_object_begin(&w);
	json_field_c(&w, "name", ref->name);
	json_field_c(&w, "digest", image_digest_text(&ref->digest, digest));
	json_field_c(&w, "stamp", ref->stamp);
	json_object_end(&w);
	rf_buf_add_char(&json, '\n');
	if (json.failed)
		return rf_err_nomem(err);
	return rf_file_replace(path, json.data, json.len, 0600, true, err);
}

int store_ref_remove(struct image_store *store, const char *name, struct rf_err *err)
{
	AUTO_FREE char *path = ref_path(store, name);

	if (!path)
		return rf_err_nomem(err);
	if (unlink(path) < 0)
		return errno == ENOENT ? rf_err_set(err, RF_EABSENT, "no image \"%.300s\"", name)
				       : rf_err_sys(err, errno, "%s", path);
	return RF_OK;
}

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int store_refs_each(struct image_store *store,
	int (*fn)(void *ctx, const struct store_ref *ref, struct rf_err *err), void *ctx,
	struct rf_err *err)
{
	AUTO_FREE char *path = store_path(store, "refs");
	CLEANUP(dir_closep) DIR *dir = path ? opendir(path) : NULL;
	struct dirent *entry;

	if (!dir)
		return path ? rf_err_sys(err, errno, "%s", path) : rf_err_nomem(err);
	while ((entry = readdir(dir))) {
		AUTO_FREE char *file = NULL;
		struct store_ref ref;
		int rc;

		if (!rf_str_ends(rf_str_of(entry->d_name), RF_STR(".json")))
			continue;
		file = store_path(store, "refs/%s", entry->d_name);
		rc = file ? read_ref_file(file, &ref, err) : rf_err_nomem(err);
		if (rc == RF_EABSENT)
			continue; /* removed meanwhile */
		if (rc == RF_OK)
			rc = fn(ctx, &ref, err);
		if (rc != RF_OK)
			return rc;
	}
	return RF_OK;
}
