/*
 * The directory behind ..data is named "..rf-" and random digits. One writer at a time: the
 * directory is locked.
 */
#include "mesh/payload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define DATA	  "..data"
#define DATA_NEW  "..data.new"
#define PREFIX	  "..rf-"
#define NAME_SIZE 32
#define LINK_SIZE 300

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static bool is_our_link(int fd, const char *name)
{
	char target[LINK_SIZE], want[LINK_SIZE];
	ssize_t len = readlinkat(fd, name, target, sizeof(target) - 1);

	if (len < 0)
		return false;
	target[len] = '\0';
	snprintf(want, sizeof(want), DATA "/%s", name);
	return strcmp(target, want) == 0;
}

/* The first part of a file's name, which is what the directory shows. */
static int shown_name(
	const struct payload_file *file, char out[static NAME_MAX + 1], struct rf_err *err)
{
	struct rf_str head;

	(void)rf_str_cut(rf_str_of(file->name), '/', &head);
	return rf_str_copy(head, out, NAME_MAX + 1)
		       ? RF_OK
		       : rf_err_set(err, RF_EINPUT, "%s: the name is too long", file->name);
}

static int check_free(int fd, const struct payload_file *file, struct rf_err *err)
{
	char name[NAME_MAX + 1];
	struct stat st;

	if (shown_name(file, name, err) < 0)
		return RF_EINPUT;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return RF_OK;
	return is_our_link(fd, name)
		       ? RF_OK
		       : rf_err_set(err, RF_EDENIED,
				 "%s is there and was not written by this: it is left as it is",
				 name);
}

/* Opens the directory that the last part of the file's name is in. */
static int open_parent(int fd, const struct payload_file *file, int *ret, struct rf_err *err)
{
	AUTO_FD parent = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct rf_str part, rest = rf_str_cut(rf_str_of(file->name), '/', &part);
	char name[NAME_MAX + 1];

	for (; rest.ptr && parent >= 0; rest = rf_str_cut(rest, '/', &part)) {
		AUTO_FD above = TAKE_FD(parent);

		if (!rf_str_copy(part, name, sizeof(name)))
			return rf_err_set(err, RF_EINPUT, "%s: the name is too long", file->name);
		if (mkdirat(above, name, 0755) < 0 && errno != EEXIST)
			return rf_err_sys(err, errno, "make %s", name);
		parent = openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (parent >= 0 && fchmod(parent, 0755) < 0)
			return rf_err_sys(err, errno, "make %s", name);
	}
	if (parent < 0)
		return rf_err_sys(err, errno, "%s", file->name);
	*ret = TAKE_FD(parent);
	return RF_OK;
}

static int write_file(int fd, const struct payload_file *file, struct rf_err *err)
{
	const char *slash = strrchr(file->name, '/');
	AUTO_FD parent = -1;
	AUTO_FD out = -1;
	int rc = open_parent(fd, file, &parent, err);

	if (rc < 0)
		return rc;
	out = openat(parent, slash ? slash + 1 : file->name,
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (out < 0)
		return rf_err_sys(err, errno, "create %s", file->name);
	rc = rf_fd_write_all(out, file->data.ptr, file->data.len, err);
	/* The mode first: it is the owner's to set. */
	if (rc == RF_OK &&
		(fchmod(out, file->mode) < 0 ||
			(file->owned && fchown(out, file->uid, file->gid) < 0) || fsync(out) < 0))
		rc = rf_err_sys(err, errno, "write %s", file->name);
	return rc;
}

static int write_set(int fd, const char *name, const struct payload_file *files, size_t count,
	struct rf_err *err)
{
	AUTO_FD set = -1;
	int rc = RF_OK;

	if (mkdirat(fd, name, 0755) < 0)
		return rf_err_sys(err, errno, "make %s", name);
	set = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (set < 0)
		return rf_err_sys(err, errno, "%s", name);
	for (size_t i = 0; i < count && rc == RF_OK; i++)
		rc = write_file(set, &files[i], err);
	if (rc == RF_OK && (fchmod(set, 0755) < 0 || fsync(set) < 0 || fsync(fd) < 0))
		rc = rf_err_sys(err, errno, "sync %s", name);
	return rc;
}

static int link_set(
	int fd, const char *set, const struct payload_file *files, size_t count, struct rf_err *err)
{
	char target[LINK_SIZE], name[NAME_MAX + 1];

	(void)unlinkat(fd, DATA_NEW, 0); /* of a killed process */
	if (symlinkat(set, fd, DATA_NEW) < 0 || renameat(fd, DATA_NEW, fd, DATA) < 0)
		return rf_err_sys(err, errno, "make " DATA);
	for (size_t i = 0; i < count; i++) {
		if (shown_name(&files[i], name, err) < 0)
			return RF_EINPUT;
		snprintf(target, sizeof(target), DATA "/%s", name);
		if (symlinkat(target, fd, name) < 0 && errno != EEXIST)
			return rf_err_sys(err, errno, "make %s", files[i].name);
	}
	return fsync(fd) < 0 ? rf_err_sys(err, errno, "sync") : RF_OK;
}

/* Sets but the current one, and links whose file is gone. */
static bool is_stale(int fd, const char *name, const char *set)
{
	struct stat st;

	if (rf_str_starts(rf_str_of(name), RF_STR(PREFIX)))
		return strcmp(name, set) != 0;
	return is_our_link(fd, name) && fstatat(fd, name, &st, 0) < 0;
}

static int sweep(int fd, const char *set, struct rf_err *err)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(dir_closep) DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;
	int rc = RF_OK;

	if (!dir) {
		rc = rf_err_sys(err, errno, "list");
		rf_fd_closep(&own);
		return rc;
	}
	while (rc == RF_OK && (entry = readdir(dir))) {
		if (is_stale(fd, entry->d_name, set))
			rc = rf_dir_remove_at(fd, entry->d_name, err);
	}
	return rc;
}

static int write_all(int fd, const struct payload_file *files, size_t count, struct rf_err *err)
{
	char set[NAME_SIZE];
	uint64_t salt;
	int rc = RF_OK;

	if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
		return rf_err_sys(err, errno, "random bytes");
	snprintf(set, sizeof(set), PREFIX "%016llx", (unsigned long long)salt);
	for (size_t i = 0; i < count && rc == RF_OK; i++)
		rc = check_free(fd, &files[i], err);
	if (rc == RF_OK)
		rc = write_set(fd, set, files, count, err);
	if (rc == RF_OK)
		rc = link_set(fd, set, files, count, err);
	return rc < 0 ? rc : sweep(fd, set, err);
}

int payload_write(
	const char *path, const struct payload_file *files, size_t count, struct rf_err *err)
{
	AUTO_FD fd = -1;
	int rc = rf_dir_make(path, 0700, err);

	if (rc < 0)
		return rc;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return rf_err_sys(err, errno, "%s", path);
	rc = write_all(fd, files, count, err);
	return rc < 0 ? rf_err_wrap(err, rc, "%s", path) : RF_OK;
}
