/*
 * A directory for each reference, locked while it is used, in which an OCI layout grows. Import
 * verifies every byte of it, so it need not be trusted.
 */
#include "image/registry/pull.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

static int make_path(struct rf_buf *out, const char *dir, const char *name)
{
	out->max = 4096;
	rf_buf_addf(out, "%s/%s", dir, name);
	return out->failed ? RF_ELIMIT : RF_OK;
}

/* The directory's descriptor, locked; another import of the same name is waited for. */
static int open_locked(const char *path, int how, struct rf_err *err)
{
	AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return rf_err_sys(err, errno, "%s", path);
	while (flock(fd, how) < 0) {
		if (errno != EINTR)
			return rf_err_sys(err, errno, "lock %s", path);
	}
	return TAKE_FD(fd);
}

/* Downloads that nobody came back for. */
static void sweep(const char *fetch)
{
	DIR *dir = opendir(fetch);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		AUTO_BUF path = {.len = 0};
		struct stat st;
		AUTO_FD fd = -1;

		if (entry->d_name[0] == '.' || make_path(&path, fetch, entry->d_name) < 0)
			continue;
		fd = open_locked(rf_buf_cstr(&path), LOCK_EX | LOCK_NB, NULL);
		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_mtime + PULL_KEEP_SECONDS < time(NULL))
			(void)!rf_dir_remove(rf_buf_cstr(&path), NULL);
	}
	if (dir)
		closedir(dir);
}

/* *ret_path is STORE/fetch/HEX of the name. */
static int open_place(
	struct image_store *store, const char *name, struct rf_buf *ret_path, struct rf_err *err)
{
	char hex[IMAGE_DIGEST_TEXT_SIZE];
	struct image_digest digest;
	AUTO_BUF fetch = {.len = 0};
	int rc = make_path(&fetch, image_store_path(store), "fetch");

	if (rc < 0 || image_digest_of(rf_str_of(name), &digest) < 0)
		return rf_err_nomem(err);
	rc = rf_dir_make(rf_buf_cstr(&fetch), 0700, err);
	if (rc < 0)
		return rc;
	sweep(rf_buf_cstr(&fetch));
	if (make_path(ret_path, rf_buf_cstr(&fetch), image_digest_file(&digest, hex)) < 0)
		return rf_err_nomem(err);
	rc = rf_dir_make(rf_buf_cstr(ret_path), 0700, err);
	return rc < 0 ? rc : open_locked(rf_buf_cstr(ret_path), LOCK_EX, err);
}

int image_pull(struct image_store *store, const char *reference, const struct registry_opts *opts,
	const struct image_import_opts *import, struct image **ret, struct rf_err *err)
{
	struct image_import_opts how = {.name = NULL};
	AUTO_REGISTRY *registry = NULL;
	char name[IMAGE_REF_SIZE];
	AUTO_BUF path = {.len = 0};
	AUTO_FD lock = -1;
	int rc = image_ref_normalise(rf_str_of(reference), name, err);

	if (rc < 0)
		return rc;
	if (geteuid() != 0)
		return rf_err_set(err, RF_EDENIED,
			"importing an image needs root: files of a layer keep their owners");
	rc = registry_open(reference, opts, &registry, err);
	if (rc < 0)
		return rc;
	lock = open_place(store, name, &path, err);
	if (lock < 0)
		return lock;
	rc = registry_save_layout(registry, rf_buf_cstr(&path), err);
	if (rc < 0)
		return rc;
	if (import)
		how = *import;
	if (!how.name)
		how.name = name;
	rc = image_import(store, rf_buf_cstr(&path), &how, ret, err);
	/* What could not be imported is not worth keeping, unless the store is to blame. */
	if (rc != RF_EIO)
		(void)!rf_dir_remove(rf_buf_cstr(&path), NULL);
	return rc;
}
