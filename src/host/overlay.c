/*
 * mount(2) takes one page of options, and an image may have 127 layers with long names: so the
 * layers are opened and named by their descriptors.
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

static int add_lower(
	const struct image *image, struct fd_list *fds, struct rf_buf *options, struct rf_err *err)
{
	rf_buf_add_c(options, "lowerdir=");
	for (size_t i = image->layer_count; i-- > 0;) {
		const char *dir = image->layer_dirs[i].ptr;
		int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return rf_err_sys(err, errno, "open layer %s", dir);
		if (!rf_vec_push(fds, fd)) {
			close(fd);
			return rf_err_nomem(err);
		}
		rf_buf_addf(options, "/proc/self/fd/%d%s", fd, i ? ":" : "");
	}
	return RF_OK;
}

static int make_fresh(
	const char *upper_dir, const char *name, struct rf_buf *path, struct rf_err *err)
{
	int rc;

	rf_buf_addf(path, "%s/%s", upper_dir, name);
	if (path->failed)
		return rf_err_nomem(err);
	rc = rf_dir_remove(rf_buf_cstr(path), err);
	if (rc == RF_OK)
		rc = rf_dir_make(rf_buf_cstr(path), 0755, err);
	return rc;
}

int overlay_mount(
	const struct image *image, const char *upper_dir, const char *merged, struct rf_err *err)
{
	AUTO_BUF options = {0};
	AUTO_BUF upper = {0};
	AUTO_BUF work = {0};
	CLEANUP(close_all) struct fd_list fds = {0};
	int rc = make_fresh(upper_dir, "upper", &upper, err);

	if (rc == RF_OK)
		rc = make_fresh(upper_dir, "work", &work, err);
	if (rc == RF_OK)
		rc = rf_dir_make(merged, 0755, err);
	if (rc == RF_OK)
		rc = add_lower(image, &fds, &options, err);
	if (rc < 0)
		return rc;
	rf_buf_addf(&options, ",upperdir=%s,workdir=%s", rf_buf_cstr(&upper), rf_buf_cstr(&work));
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
