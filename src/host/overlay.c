/*
 * mount(2) takes one page of options, and an image may have 127 layers with long names; commas,
 * colons and backslashes mean something there. So directories are opened and named by their
 * descriptors.
 */
#include "host/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/vec.h"

RF_VEC_TYPE(fd_list, int);

static void close_all(struct fd_list *fds)
{
	rf_vec_each (fd, fds)
		close(*fd);
	rf_vec_done(fds);
}

/* Adds "/proc/self/fd/N" for a directory, which stays open until the mount is done. */
static int add_dir(const char *dir, struct fd_list *fds, struct rf_buf *options, struct rf_err *err)
{
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return rf_err_sys(err, errno, "open %s", dir);
	if (!rf_vec_push(fds, fd)) {
		close(fd);
		return rf_err_nomem(err);
	}
	rf_buf_addf(options, "/proc/self/fd/%d", fd);
	return RF_OK;
}

static int add_lower(
	const struct image *image, struct fd_list *fds, struct rf_buf *options, struct rf_err *err)
{
	rf_buf_add_c(options, "lowerdir=");
	for (size_t i = image->layer_count; i-- > 0;) {
		int rc = add_dir(image->layer_dirs[i].ptr, fds, options, err);

		if (rc < 0)
			return rc;
		rf_buf_add_c(options, i ? ":" : "");
	}
	return RF_OK;
}

/* A directory that is empty, as the option of that name. */
static int add_fresh(const char *option, const char *dir, struct fd_list *fds,
	struct rf_buf *options, struct rf_err *err)
{
	int rc = rf_dir_remove(dir, err);

	if (rc == RF_OK)
		rc = rf_dir_make(dir, 0755, err);
	if (rc < 0)
		return rc;
	rf_buf_addf(options, ",%s=", option);
	return add_dir(dir, fds, options, err);
}

int overlay_mount(
	const struct image *image, const char *upper_dir, const char *merged, struct rf_err *err)
{
	AUTO_BUF options = {0};
	AUTO_BUF upper = {0};
	AUTO_BUF work = {0};
	CLEANUP(close_all) struct fd_list fds = {0};
	int rc;

	rf_buf_addf(&upper, "%s/upper", upper_dir);
	rf_buf_addf(&work, "%s/work", upper_dir);
	if (upper.failed || work.failed)
		return rf_err_nomem(err);
	rc = add_lower(image, &fds, &options, err);
	if (rc == RF_OK)
		rc = add_fresh("upperdir", rf_buf_cstr(&upper), &fds, &options, err);
	if (rc == RF_OK)
		rc = add_fresh("workdir", rf_buf_cstr(&work), &fds, &options, err);
	if (rc == RF_OK)
		rc = rf_dir_make(merged, 0755, err);
	if (rc < 0)
		return rc;
	if (options.failed)
		return rf_err_nomem(err);
	if (mount("overlay", merged, "overlay", 0, rf_buf_cstr(&options)) < 0)
		return rf_err_sys(
			err, errno, "mount the root of " RF_STR_FMT, RF_STR_ARG(image->name));
	return RF_OK;
}

void overlay_release(const char *merged)
{
	umount2(merged, MNT_DETACH);
}
