/* Descriptors, whole small files, directory trees. */
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP 65536

void rf_fd_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int rf_fd_read_all(int fd, struct rf_buf *buf, struct rf_err *err)
{
	size_t max = buf->max ? buf->max : RF_BUF_MAX;

	for (;;) {
		size_t want = max - buf->len < READ_STEP ? max - buf->len : READ_STEP;
		char probe = 0;
		char *room = want ? rf_buf_reserve(buf, want) : &probe;
		ssize_t got;

		if (!room)
			return rf_err_nomem(err);
		got = read(fd, room, want ? want : 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return rf_err_sys(err, errno, "read");
		if (got == 0)
			break;
		if (want == 0)
			return rf_err_set(err, RF_ELIMIT, "larger than %zu bytes", max);
		buf->len += (size_t)got;
	}
	if (buf->data)
		buf->data[buf->len] = '\0';
	return RF_OK;
}

int rf_fd_write_all(int fd, const void *data, size_t len, struct rf_err *err)
{
	const char *p = data;

	while (len) {
		ssize_t put = write(fd, p, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return rf_err_sys(err, errno, "write");
		p += put;
		len -= (size_t)put;
	}
	return RF_OK;
}

int rf_file_read(const char *path, struct rf_buf *buf, struct rf_err *err)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return rf_err_set(err, RF_EABSENT, "%s: no such file", path);
	if (fd < 0)
		return rf_err_sys(err, errno, "%s", path);
	rc = rf_fd_read_all(fd, buf, err);
	return rc < 0 ? rf_err_wrap(err, rc, "%s", path) : RF_OK;
}

static bool is_device(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 &&
	       (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) || S_ISFIFO(st.st_mode));
}

static int write_to_device(const char *path, const void *data, size_t len, struct rf_err *err)
{
	AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? rf_err_sys(err, errno, "open %s", path)
		      : rf_fd_write_all(fd, data, len, err);
}

int rf_file_replace(const char *path, const void *data, size_t len, mode_t mode, bool durable,
	struct rf_err *err)
{
	AUTO_FREE char *temp = NULL;
	AUTO_FD fd = -1;
	int rc;

	if (is_device(path))
		return write_to_device(path, data, len, err);
	if (asprintf(&temp, "%s.XXXXXX", path) < 0) {
		temp = NULL;
		return rf_err_nomem(err);
	}
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return rf_err_sys(err, errno, "create %s", temp);
	rc = rf_fd_write_all(fd, data, len, err);
	if (rc == RF_OK && fchmod(fd, mode) < 0)
		rc = rf_err_sys(err, errno, "set the mode of %s", temp);
	if (rc == RF_OK && durable && fsync(fd) < 0)
		rc = rf_err_sys(err, errno, "sync %s", temp);
	if (rc == RF_OK && rename(temp, path) < 0)
		rc = rf_err_sys(err, errno, "rename %s to %s", temp, path);
	if (rc < 0)
		unlink(temp);
	return rc;
}

int rf_file_write(const char *path, const char *text, struct rf_err *err)
{
	AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(text);

	if (fd < 0)
		return rf_err_sys(err, errno, "open %s", path);
	if (write(fd, text, len) != (ssize_t)len)
		return rf_err_sys(err, errno, "write \"%s\" to %s", text, path);
	return RF_OK;
}

int rf_dir_make(const char *path, mode_t mode, struct rf_err *err)
{
	AUTO_FREE char *copy = rf_str_dup(rf_str_of(path));

	if (!copy)
		return rf_err_nomem(err);
	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return rf_err_sys(err, errno, "make directory %s", copy);
		*p = '/';
	}
	if (mkdir(copy, mode) < 0 && errno != EEXIST)
		return rf_err_sys(err, errno, "make directory %s", copy);
	return RF_OK;
}

/* --- removing trees --- */

/* Deeper directories are moved up, so that no depth uses up descriptors or stack. */
#define REMOVE_MAX_DEPTH 32

struct removal {
	int top_fd; /* the tree's uppermost directory */
	dev_t dev;
	unsigned moved; /* directories that were moved up into it */
};

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Into the uppermost directory, under a name that is free there. */
static int move_up(struct removal *r, int dir_fd, const char *name)
{
	char moved[32];

	do {
		snprintf(moved, sizeof(moved), "moved-up-%u", r->moved++);
		if (renameat2(dir_fd, name, r->top_fd, moved, RENAME_NOREPLACE) == 0)
			return 0;
	} while (errno == EEXIST);
	return -errno;
}

static int remove_children(struct removal *r, int dir_fd, unsigned depth);

static int remove_entry(struct removal *r, int dir_fd, const char *name, unsigned depth)
{
	AUTO_FD fd = -1;
	struct stat st;

	if (unlinkat(dir_fd, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return errno == ENOENT ? 0 : -errno;
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_dev == r->dev) {
		int rc = depth < REMOVE_MAX_DEPTH ? remove_children(r, fd, depth + 1) : 0;

		if (rc < 0)
			return rc;
		if (depth >= REMOVE_MAX_DEPTH && unlinkat(dir_fd, name, AT_REMOVEDIR) < 0)
			return move_up(r, dir_fd, name);
	}
	return unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

static int remove_children(struct removal *r, int dir_fd, unsigned depth)
{
	int own = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(dir_closep) DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;
	int rc = 0;

	if (!dir) {
		rc = errno ? -errno : -EIO;
		rf_fd_closep(&own);
		return rc;
	}
	while (rc == 0 && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			rc = remove_entry(r, dir_fd, entry->d_name, depth);
	}
	return rc;
}

/* Everything below top_fd, what was moved up meanwhile too. */
static int remove_below(int top_fd)
{
	struct removal r = {.top_fd = top_fd};
	struct stat st;
	unsigned before;
	int rc;

	if (fstat(top_fd, &st) < 0)
		return -errno;
	r.dev = st.st_dev;
	do {
		before = r.moved;
		rc = remove_children(&r, top_fd, 1);
	} while (rc == 0 && r.moved != before);
	return rc;
}

int rf_dir_remove_at(int dir_fd, const char *name, struct rf_err *err)
{
	AUTO_FD fd = -1;
	int rc;

	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return RF_OK;
	if (errno != EISDIR && errno != EPERM)
		return rf_err_sys(err, errno, "remove %s", name);
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return rf_err_sys(err, errno, "remove %s", name);
	rc = remove_below(fd);
	if (rc == 0 && unlinkat(dir_fd, name, AT_REMOVEDIR) < 0)
		rc = -errno;
	return rc < 0 ? rf_err_sys(err, -rc, "remove %s", name) : RF_OK;
}

int rf_dir_remove(const char *path, struct rf_err *err)
{
	return rf_dir_remove_at(AT_FDCWD, path, err);
}
