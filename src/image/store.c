/* Opening, finding, loading. */
#include "image/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/map.h"
#include "base/num.h"

#define IMAGE_ARENA_BYTES ((size_t)64 << 20)
#define STORE_MODE	  0700

char *store_path(const struct image_store *store, const char *fmt, ...)
{
	AUTO_BUF path = {.max = (size_t)1 << 16};
	AUTO_FREE char *rest = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&rest, fmt, ap);
	va_end(ap);
	if (len < 0) {
		rest = NULL;
		return NULL;
	}
	rf_buf_addf(&path, "%s/%s", store->path, rest);
	return rf_buf_take(&path);
}

static int make_dirs(struct image_store *store, struct rf_err *err)
{
	static const char *const names[] = {"refs", "images", "layers", "tmp"};
	int rc = rf_dir_make(store->path, STORE_MODE, err);

	for (size_t i = 0; i < RF_ARRAY_LEN(names) && rc == RF_OK; i++) {
		AUTO_FREE char *path = store_path(store, "%s", names[i]);

		rc = path ? rf_dir_make(path, STORE_MODE, err) : rf_err_nomem(err);
	}
	return rc;
}

static int fill_path(struct image_store *store, const char *path, struct rf_err *err)
{
	AUTO_FREE char *given = rf_str_dup(rf_str_of(path));

	if (!given)
		return rf_err_nomem(err);
	if (mkdir(given, STORE_MODE) < 0 && errno == ENOENT) {
		int rc = rf_dir_make(given, STORE_MODE, err);

		if (rc < 0)
			return rc;
	}
	store->path = realpath(given, NULL);
	return store->path ? RF_OK : rf_err_sys(err, errno, "image store %s", given);
}

int image_store_open(const char *path, struct image_store **ret, struct rf_err *err)
{
	AUTO_IMAGE_STORE *store = calloc(1, sizeof(*store));
	int rc;

	if (!store)
		return rf_err_nomem(err);
	rc = fill_path(store, path ? path : IMAGE_STORE_DEFAULT, err);
	if (rc == RF_OK)
		rc = make_dirs(store, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "open the image store");
	*ret = TAKE_PTR(store);
	return RF_OK;
}

void image_store_free(struct image_store *store)
{
	if (!store)
		return;
	free(store->path);
	free(store);
}

void image_store_freep(struct image_store **store)
{
	image_store_free(*store);
}

const char *image_store_path(const struct image_store *store)
{
	return store->path;
}

int store_lock(struct image_store *store, struct rf_err *err)
{
	AUTO_FREE char *path = store_path(store, "lock");
	AUTO_FD fd = -1;

	if (!path)
		return rf_err_nomem(err);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return rf_err_sys(err, errno, "%s", path);
	while (flock(fd, LOCK_EX) < 0) {
		if (errno != EINTR)
			return rf_err_sys(err, errno, "lock %s", path);
	}
	return TAKE_FD(fd);
}

void image_free(struct image *image)
{
	/* The image lives in its own arena. */
	if (image)
		rf_arena_free(image->arena);
}

void image_freep(struct image **image)
{
	image_free(*image);
}

static uint64_t layer_bytes(struct image_store *store, const char *file)
{
	AUTO_FREE char *path = store_path(store, "layers/%s/bytes", file);
	AUTO_BUF text = {.max = 32};
	uint64_t bytes = 0;

	if (!path || rf_file_read(path, &text, NULL) < 0 ||
		!rf_num_u64(rf_buf_str(&text), UINT64_MAX, &bytes))
		return 0;
	return bytes;
}

static bool occurs_above(const struct image_config *config, size_t i)
{
	for (size_t k = i + 1; k < config->diff_id_count; k++) {
		if (image_digest_eq(&config->diff_ids[i], &config->diff_ids[k]))
			return true;
	}
	return false;
}

static int fill_layers(struct image_store *store, struct image *image, struct rf_err *err)
{
	const struct image_config *config = &image->config;
	char file[IMAGE_DIGEST_TEXT_SIZE];

	image->layer_dirs =
		rf_arena_array(image->arena, config->diff_id_count + 1, sizeof(*image->layer_dirs));
	if (!image->layer_dirs)
		return rf_err_nomem(err);
	for (size_t i = 0; i < config->diff_id_count; i++) {
		struct rf_str *dir = &image->layer_dirs[image->layer_count];

		if (occurs_above(config, i))
			continue;
		image_digest_file(&config->diff_ids[i], file);
		*dir = rf_arena_printf(image->arena, "%s/layers/%s/fs", store->path, file);
		if (!dir->ptr)
			return rf_err_nomem(err);
		if (access(dir->ptr, F_OK) < 0)
			return rf_err_set(
				err, RF_EABSENT, "layer %s is gone: import it again", file);
		image->layer_count++;
		image->unpacked_bytes += layer_bytes(store, file);
	}
	return RF_OK;
}

static int read_config(struct image_store *store, const struct image_digest *digest,
	struct image *image, struct rf_err *err)
{
	char file[IMAGE_DIGEST_TEXT_SIZE];
	AUTO_FREE char *path =
		store_path(store, "images/%s/config.json", image_digest_file(digest, file));
	AUTO_BUF json = {.max = IMAGE_MAX_JSON};
	struct rf_str text;
	int rc;

	if (!path)
		return rf_err_nomem(err);
	rc = rf_file_read(path, &json, err);
	if (rc < 0)
		return rc;
	text = rf_arena_str(image->arena, rf_buf_str(&json));
	return text.ptr ? image_config_parse(text, image->arena, &image->config, err)
			: rf_err_nomem(err);
}

int store_load(struct image_store *store, const struct image_digest *digest, struct rf_str name,
	struct image **ret, struct rf_err *err)
{
	struct rf_arena *arena = rf_arena_new(IMAGE_ARENA_BYTES);
	AUTO_IMAGE *image = arena ? rf_arena_new_of(arena, struct image) : NULL;
	char text[IMAGE_DIGEST_TEXT_SIZE];
	int rc;

	if (!image) {
		rf_arena_free(arena);
		return rf_err_nomem(err);
	}
	image->arena = arena;
	image->name = rf_arena_str(arena, name);
	image->digest = rf_arena_str(arena, rf_str_of(image_digest_text(digest, text)));
	if (!image->name.ptr || !image->digest.ptr)
		return rf_err_nomem(err);
	rc = read_config(store, digest, image, err);
	if (rc == RF_OK)
		rc = fill_layers(store, image, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "image %s", text);
	*ret = TAKE_PTR(image);
	return RF_OK;
}

static int find_path(
	struct image_store *store, const char *name, struct store_ref *ref, struct rf_err *err)
{
	char stamp[STORE_STAMP_SIZE];
	int rc = store_stamp(name, stamp, err);

	if (rc == RF_OK)
		rc = store_ref_read(store, name, ref, err);
	if (rc == RF_OK && strcmp(stamp, ref->stamp) != 0)
		rc = rf_err_set(err, RF_EABSENT, "%s has changed since it was imported", name);
	return rc;
}

int image_find(
	struct image_store *store, const char *name_or_path, struct image **ret, struct rf_err *err)
{
	struct store_ref ref;
	char name[STORE_NAME_SIZE];
	int rc;

	if (image_digest_parse(rf_str_of(name_or_path), &ref.digest))
		return store_load(store, &ref.digest, rf_str_of(name_or_path), ret, err);
	rc = store_ref_name(name_or_path, name, err);
	if (rc == RF_OK && name[0] == '/')
		rc = find_path(store, name, &ref, err);
	else if (rc == RF_OK)
		rc = store_ref_read(store, name, &ref, err);
	return rc < 0 ? rc : store_load(store, &ref.digest, rf_str_of(name), ret, err);
}

int image_find_kept(
	struct image_store *store, const char *name_or_path, struct image **ret, struct rf_err *err)
{
	struct store_ref ref;
	int rc;

	if (name_or_path[0] != '/' || strlen(name_or_path) >= STORE_NAME_SIZE)
		return image_find(store, name_or_path, ret, err);
	rc = store_ref_read(store, name_or_path, &ref, err);
	return rc < 0 ? rc : store_load(store, &ref.digest, rf_str_of(name_or_path), ret, err);
}

bool image_is_known(struct image_store *store, const char *name_or_path)
{
	char name[STORE_NAME_SIZE], file[IMAGE_DIGEST_TEXT_SIZE];
	AUTO_FREE char *path = NULL;
	struct store_ref ref;
	int rc;

	if (image_digest_parse(rf_str_of(name_or_path), &ref.digest)) {
		path = store_path(store, "images/%s", image_digest_file(&ref.digest, file));
		return path && access(path, F_OK) == 0;
	}
	rc = store_ref_name(name_or_path, name, NULL);
	return rc == RF_OK && store_ref_read(store, name, &ref, NULL) != RF_EABSENT;
}
