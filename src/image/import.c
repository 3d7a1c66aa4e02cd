/*
 * An import, from the outside in: lock, sweep, read (a child chooses the image), unpack (children,
 * into tmp/), wait for the disk, then make visible by renames: layers, image, names.
 */
#include "image/import_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

void import_tell(struct import *import, enum image_stage stage, const char *text)
{
	if (!import->opts->progress)
		return;
	import->progress.stage = stage;
	import->progress.text = text;
	import->opts->progress(import->opts->ctx, &import->progress);
}

static void import_done(struct import *import)
{
	image_source_done(&import->source);
	if (import->staging)
		(void)!rf_dir_remove(import->staging, NULL);
	free(import->staging);
	rf_fd_closep(&import->lock_fd);
}

static int open_source(struct import *import, const char *path, struct rf_err *err)
{
	AUTO_FREE char *absolute = realpath(path, NULL);
	int rc;

	if (!absolute && errno == ENOENT)
		return rf_err_set(err, RF_EABSENT, "%.300s: no such file or directory", path);
	if (!absolute)
		return rf_err_sys(err, errno, "%.300s", path);
	if (!rf_str_copy(rf_str_of(absolute), import->source_path, sizeof(import->source_path)))
		return rf_err_set(err, RF_ELIMIT, "%.300s: the path is too long", path);
	rc = image_source_open(&import->source, absolute, err);
	return rc < 0 ? rc : store_stamp(absolute, import->stamp, err);
}

static int open_staging(struct import *import, struct rf_err *err)
{
	AUTO_FREE char *temp = store_path(import->store, "tmp/import-XXXXXX");

	if (!temp)
		return rf_err_nomem(err);
	if (!mkdtemp(temp))
		return rf_err_sys(err, errno, "make %s", temp);
	import->staging = TAKE_PTR(temp);
	if (import->source.is_dir)
		return RF_OK;
	import->source.spool_fd = open(import->staging, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return import->source.spool_fd < 0
		       ? rf_err_sys(err, errno, "make a file in %s", import->staging)
		       : RF_OK;
}

/* Layers are verified once; a power cut must not leave files of theirs empty. */
static int wait_for_disk(struct import *import, struct rf_err *err)
{
	AUTO_FD fd = open(import->staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (import->progress.layer_count == 0)
		return RF_OK;
	import_tell(import, IMAGE_STAGE_SYNC, NULL);
	if (fd < 0 || syncfs(fd) < 0)
		return rf_err_sys(err, errno, "write the layers to disk");
	return RF_OK;
}

static int publish_layers(struct import *import, struct rf_err *err)
{
	for (size_t i = 0; i < import->source.found.layer_count; i++) {
		char file[IMAGE_DIGEST_TEXT_SIZE];
		AUTO_FREE char *from = import_staged_layer(import, i);
		AUTO_FREE char *to = store_path(import->store, "layers/%s",
			image_digest_file(&import->source.found.layers[i].diff_id, file));

		if (!from || !to)
			return rf_err_nomem(err);
		if (import_has_layer(import, i))
			continue;
		if (rename(from, to) < 0)
			return rf_err_sys(err, errno, "rename to %s", to);
	}
	return RF_OK;
}

static int write_text(const char *dir, const char *name, struct rf_str text, struct rf_err *err)
{
	AUTO_FREE char *path = NULL;

	if (asprintf(&path, "%s/%s", dir, name) < 0) {
		path = NULL;
		return rf_err_nomem(err);
	}
	return rf_file_replace(path, text.len ? text.ptr : "", text.len, 0600, true, err);
}

static int publish_image(struct import *import, struct rf_err *err)
{
	const struct image_found *found = &import->source.found;
	char file[IMAGE_DIGEST_TEXT_SIZE];
	AUTO_FREE char *to =
		store_path(import->store, "images/%s", image_digest_file(&found->digest, file));
	AUTO_FREE char *from = NULL;
	int rc;

	if (!to || asprintf(&from, "%s/image", import->staging) < 0) {
		from = NULL;
		return rf_err_nomem(err);
	}
	if (access(to, F_OK) == 0)
		return RF_OK;
	if (mkdir(from, 0700) < 0)
		return rf_err_sys(err, errno, "make %s", from);
	rc = write_text(from, "manifest.raw", found->manifest, err);
	if (rc == RF_OK)
		rc = write_text(from, "config.raw", found->config_raw, err);
	if (rc == RF_OK)
		rc = write_text(from, "config.json", found->config_json, err);
	if (rc == RF_OK && rename(from, to) < 0)
		rc = rf_err_sys(err, errno, "rename to %s", to);
	return rc;
}

struct name_count {
	struct image_digest digest;
	const char *but;
	size_t count;
};

static int count_other_names(void *ctx, const struct store_ref *ref, struct rf_err *err)
{
	struct name_count *names = ctx;

	(void)err;
	if (image_digest_eq(&ref->digest, &names->digest) && strcmp(ref->name, names->but) != 0)
		names->count++;
	return RF_OK;
}

/* The image that name meant so far gets its digest for a name, if it has no other. */
static int keep_former(struct import *import, const char *name, struct rf_err *err)
{
	struct name_count names = {.but = name};
	struct store_ref former = {.stamp = ""};
	int rc = store_ref_read(import->store, name, &former, err);

	if (rc == RF_EABSENT || rc == RF_EINPUT)
		return RF_OK;
	if (rc < 0 || image_digest_eq(&former.digest, &import->source.found.digest))
		return rc;
	names.digest = former.digest;
	rc = store_refs_each(import->store, count_other_names, &names, err);
	if (rc < 0 || names.count > 0)
		return rc;
	image_digest_text(&former.digest, former.name);
	former.stamp[0] = '\0';
	return store_ref_write(import->store, &former, err);
}

static int publish_name(
	struct import *import, const char *name, const char *stamp, struct rf_err *err)
{
	struct store_ref ref = {.digest = import->source.found.digest};
	int rc = keep_former(import, name, err);

	if (rc < 0)
		return rc;
	if (!rf_str_copy(rf_str_of(name), ref.name, sizeof(ref.name)) ||
		!rf_str_copy(rf_str_of(stamp), ref.stamp, sizeof(ref.stamp)))
		return rf_err_nomem(err);
	return store_ref_write(import->store, &ref, err);
}

/* A path names one image, so an archive of several is known by its names only. */
static int publish_names(struct import *import, const char *name, struct rf_err *err)
{
	bool by_path = !import->opts->select && !import->opts->name;
	int rc = RF_OK;

	if (name)
		return publish_name(import, name, "", err);
	for (size_t i = 0; i < import->source.found.name_count && rc == RF_OK; i++)
		rc = publish_name(import, import->source.found.names[i].ptr, "", err);
	if (rc == RF_OK && by_path)
		rc = publish_name(import, import->source_path, import->stamp, err);
	return rc;
}

static int run(struct import *import, const char *name, struct rf_err *err)
{
	const struct image_wish wish = {
		.select = import->opts->select, .prefer = import->opts->name};
	int rc;

	import_tell(import, IMAGE_STAGE_READ, NULL);
	rc = image_source_read(&import->source, &wish, err);
	if (rc == RF_OK && !name && import->opts->select && import->source.found.name_count == 0)
		rc = rf_err_set(err, RF_EINPUT, "the image has no name: give it one");
	if (rc == RF_OK)
		rc = import_unpack(import, err);
	if (rc == RF_OK)
		rc = wait_for_disk(import, err);
	if (rc == RF_OK)
		rc = publish_layers(import, err);
	if (rc == RF_OK)
		rc = publish_image(import, err);
	if (rc == RF_OK)
		rc = publish_names(import, name, err);
	return rc;
}

static int import_locked(
	struct import *import, const char *path, const char *name, struct rf_err *err)
{
	int rc;

	import->lock_fd = store_lock(import->store, err);
	if (import->lock_fd < 0)
		return import->lock_fd;
	rc = store_sweep(import->store, err);
	if (rc == RF_OK)
		rc = open_source(import, path, err);
	if (rc == RF_OK)
		rc = open_staging(import, err);
	if (rc == RF_OK)
		rc = run(import, name, err);
	return rc;
}

int image_import(struct image_store *store, const char *path, const struct image_import_opts *opts,
	struct image **ret, struct rf_err *err)
{
	static const struct image_import_opts none = {.name = NULL};
	CLEANUP(import_done)
	struct import import = {.store = store,
		.opts = opts ? opts : &none,
		.lock_fd = -1,
		.source = IMAGE_SOURCE_INIT};
	char name[IMAGE_REF_SIZE];
	bool named = import.opts->name != NULL;
	int rc = RF_OK;

	if (geteuid() != 0)
		return rf_err_set(err, RF_EDENIED,
			"importing an image needs root: files of a layer keep their owners");
	if (named)
		rc = image_ref_normalise(rf_str_of(import.opts->name), name, err);
	if (rc == RF_OK)
		rc = import_locked(&import, path, named ? name : NULL, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "import %.200s", path);
	if (!ret)
		return RF_OK;
	return store_load(store, &import.source.found.digest,
		named				 ? rf_str_of(name)
		: import.source.found.name_count ? import.source.found.names[0]
						 : rf_str_of(import.source_path),
		ret, err);
}
