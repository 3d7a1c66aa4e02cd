/* Walks a directory that its container may be changing at the same time. */
#include "host/volume_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int walk_dir(struct volume_walk *walk, int dir_fd, dev_t dev, unsigned depth);

/* Something that is gone, or is no longer a directory, is not an error. */
static int walk_subdir(
	struct volume_walk *walk, int dir_fd, const char *name, dev_t dev, unsigned depth)
{
	AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? RF_EIO : RF_OK;
	if (fstat(fd, &st) < 0)
		return RF_EIO;
	return st.st_dev == dev ? walk_dir(walk, fd, dev, depth + 1) : RF_OK;
}

static int walk_entry(
	struct volume_walk *walk, int dir_fd, const char *name, dev_t dev, unsigned depth)
{
	size_t len = walk->path.len;
	struct stat st;
	int rc;

	if (walk->left == 0)
		return RF_ELIMIT;
	walk->left--;
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? RF_OK : RF_EIO;
	if (len)
		rf_buf_add_char(&walk->path, '/');
	rf_buf_add_c(&walk->path, name);
	if (walk->path.failed)
		return RF_EINTERNAL;
	rc = walk->visit(walk, dir_fd, name, &st);
	if (rc == RF_OK && S_ISDIR(st.st_mode))
		rc = walk_subdir(walk, dir_fd, name, dev, depth);
	walk->path.len = len;
	return rc;
}

static int walk_dir(struct volume_walk *walk, int dir_fd, dev_t dev, unsigned depth)
{
	int copy = depth < VOLUME_WALK_DEPTH ? openat(dir_fd, ".", O_RDONLY | O_CLOEXEC) : -1;
	CLEANUP(dir_closep) DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int rc = RF_OK;

	if (!dir && depth >= VOLUME_WALK_DEPTH)
		return RF_ELIMIT;
	if (!dir) {
		if (copy >= 0)
			close(copy);
		return RF_EIO;
	}
	while (rc == RF_OK && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			rc = walk_entry(walk, dirfd(dir), entry->d_name, dev, depth);
	}
	return rc;
}

int volume_walk(struct volume_walk *walk, int dir_fd)
{
	struct stat st;
	int rc;

	if (fstat(dir_fd, &st) < 0)
		return RF_EIO;
	rc = walk_dir(walk, dir_fd, st.st_dev, 0);
	rf_buf_done(&walk->path);
	return rc;
}
