/* O_TMPFILE, then linkat(2) and rename(2), as no call gives a nameless file a name that is taken.
 */
#include "base/fresh.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define MARK	  ".fresh-"
#define MARK_LEN  (sizeof(MARK) - 1)
#define TAIL_LEN  6 /* XXXXXX */
#define MAX_TRIES 16

void rf_fresh_done(struct rf_fresh *fresh)
{
	if (fresh->temp)
		unlink(fresh->temp);
	rf_fd_closep(&fresh->fd);
	free(fresh->temp);
	free(fresh->path);
	*fresh = RF_FRESH_INIT;
}

/* --- what others left --- */

static bool is_temp_of(const char *name, const char *base)
{
	size_t len = strlen(base);

	return strncmp(name, base, len) == 0 && strncmp(name + len, MARK, MARK_LEN) == 0 &&
	       strlen(name + len + MARK_LEN) == TAIL_LEN;
}

/* Who still writes one holds its lock. */
static void remove_stale(int dir_fd, const char *name)
{
	AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(dir_fd, name, 0);
}

/* A directory that cannot be listed is not swept. */
static void sweep(const char *dir_path, const char *base)
{
	DIR *dir = opendir(dir_path);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (is_temp_of(entry->d_name, base))
			remove_stale(dirfd(dir), entry->d_name);
	}
	closedir(dir);
}

/* --- making --- */

static int open_nameless(const char *dir_path)
{
	/* Its name will come by way of this directory. */
	if (access("/proc/self/fd", X_OK) < 0)
		return -1;
	return open(dir_path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

/* Somebody may sweep it away before it is locked. */
static int open_named(struct rf_fresh *fresh, struct rf_err *err)
{
	struct stat st = {.st_nlink = 0};

	for (int i = 0; i < MAX_TRIES && st.st_nlink == 0; i++) {
		rf_fd_closep(&fresh->fd);
		free(fresh->temp);
		if (asprintf(&fresh->temp, "%s" MARK "XXXXXX", fresh->path) < 0) {
			fresh->temp = NULL;
			return rf_err_nomem(err);
		}
		fresh->fd = mkostemp(fresh->temp, O_CLOEXEC);
		if (fresh->fd < 0) {
			int code = errno;

			rf_err_sys(err, code, "create %s", fresh->temp);
			free(fresh->temp);
			fresh->temp = NULL;
			return RF_EIO;
		}
		if (flock(fresh->fd, LOCK_EX) < 0 || fstat(fresh->fd, &st) < 0)
			return rf_err_sys(err, errno, "lock %s", fresh->temp);
	}
	return RF_OK;
}

static int open_any(struct rf_fresh *fresh, const char *dir_path, mode_t mode, struct rf_err *err)
{
	int rc = RF_OK;

	fresh->fd = open_nameless(dir_path);
	if (fresh->fd < 0)
		rc = open_named(fresh, err);
	else if (flock(fresh->fd, LOCK_EX) < 0)
		rc = rf_err_sys(err, errno, "lock a new file in %s", dir_path);
	if (rc == RF_OK && fchmod(fresh->fd, mode) < 0)
		rc = rf_err_sys(err, errno, "set the mode of a new file in %s", dir_path);
	return rc;
}

int rf_fresh_open(const char *path, mode_t mode, struct rf_fresh *ret, struct rf_err *err)
{
	AUTO_FRESH fresh = RF_FRESH_INIT;
	AUTO_FREE char *dir_path = rf_str_dup(rf_str_of(path));
	char *slash = dir_path ? strrchr(dir_path, '/') : NULL;
	const char *base = strrchr(path, '/');
	int rc;

	fresh.path = rf_str_dup(rf_str_of(path));
	if (!dir_path || !fresh.path)
		return rf_err_nomem(err);
	base = base ? base + 1 : path;
	if (slash)
		slash[slash == dir_path] = '\0';
	sweep(slash ? dir_path : ".", base);
	rc = open_any(&fresh, slash ? dir_path : ".", mode, err);
	if (rc < 0)
		return rc;
	*ret = fresh;
	fresh = RF_FRESH_INIT;
	return RF_OK;
}

/* --- the exchange --- */

static int give_name(struct rf_fresh *fresh, struct rf_err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	char from[32], tail[TAIL_LEN + 1] = "";
	AUTO_FREE char *temp = NULL;

	snprintf(from, sizeof(from), "/proc/self/fd/%d", fresh->fd);
	for (int i = 0; i < MAX_TRIES; i++) {
		if (getrandom(tail, TAIL_LEN, 0) != TAIL_LEN)
			return rf_err_sys(err, errno, "random bytes");
		for (size_t at = 0; at < TAIL_LEN; at++)
			tail[at] = letters[(uint8_t)tail[at] % 32];
		free(temp);
		if (asprintf(&temp, "%s" MARK "%s", fresh->path, tail) < 0) {
			temp = NULL;
			return rf_err_nomem(err);
		}
		if (linkat(AT_FDCWD, from, AT_FDCWD, temp, AT_SYMLINK_FOLLOW) == 0) {
			fresh->temp = TAKE_PTR(temp);
			return RF_OK;
		}
		if (errno != EEXIST)
			break;
	}
	return rf_err_sys(err, errno, "create %s", temp);
}

int rf_fresh_place(struct rf_fresh *fresh, struct rf_err *err)
{
	int rc = RF_OK;

	if (fsync(fresh->fd) < 0)
		return rf_err_sys(err, errno, "sync %s", fresh->path);
	if (!fresh->temp)
		rc = give_name(fresh, err);
	if (rc < 0)
		return rc;
	if (rename(fresh->temp, fresh->path) < 0)
		return rf_err_sys(err, errno, "rename %s to %s", fresh->temp, fresh->path);
	free(fresh->temp);
	fresh->temp = NULL;
	return RF_OK;
}
