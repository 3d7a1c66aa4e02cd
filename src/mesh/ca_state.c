/*
 * States are directories that are never changed: the next one is written beside the current one,
 * and brought to the disk, before a rename of the link `current` makes it count.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/num.h"
#include "mesh/ca_int.h"

#define CURRENT	     "current"
#define CURRENT_NEW  "current.new"
#define STATE_PREFIX "state-"
#define FILE_MAX     ((size_t)64 << 10)
#define NAME_SIZE    40

static const struct {
	const char *name;
	size_t offset;
	mode_t mode;
	bool is_key, required;
} files[] = {
	{"ca.json", offsetof(struct ca_state, settings), 0644, false, true},
	{"root.crt", offsetof(struct ca_state, root), 0644, false, true},
	{"root.key.sealed", offsetof(struct ca_state, root_key), 0600, false, true},
	{"intermediate.crt", offsetof(struct ca_state, intermediate), 0644, false, true},
	{"intermediate.key", offsetof(struct ca_state, intermediate_key), 0600, true, true},
	{"old-root.crt", offsetof(struct ca_state, old_root), 0644, false, false},
	{"cross.crt", offsetof(struct ca_state, cross), 0644, false, false},
};

static struct rf_buf *file_of(struct ca_state *state, size_t i)
{
	return (struct rf_buf *)((char *)state + files[i].offset);
}

static const struct rf_buf *const_file_of(const struct ca_state *state, size_t i)
{
	return (const struct rf_buf *)((const char *)state + files[i].offset);
}

void ca_state_done(struct ca_state *state)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(files); i++) {
		struct rf_buf *file = file_of(state, i);

		if (file->data && files[i].is_key)
			OPENSSL_cleanse(file->data, file->cap);
		rf_buf_done(file);
	}
}

/* --- the directory --- */

static int check_owner(const struct ca_dir *dir, struct rf_err *err)
{
	struct stat st;

	if (fstat(dir->fd, &st) < 0)
		return rf_err_sys(err, errno, "%s", dir->path);
	if (st.st_uid != geteuid())
		return rf_err_set(err, RF_EDENIED, "%s belongs to another user (uid %u)", dir->path,
			(unsigned)st.st_uid);
	if (st.st_mode & 077)
		return rf_err_set(err, RF_EDENIED,
			"others may enter %s: name a directory of its own, or chmod 700 it",
			dir->path);
	return RF_OK;
}

static int read_current(struct ca_dir *dir, struct rf_err *err)
{
	char target[NAME_SIZE];
	ssize_t len = readlinkat(dir->fd, CURRENT, target, sizeof(target));
	struct rf_str name = {target, len > 0 ? (size_t)len : 0};
	const size_t prefix = sizeof(STATE_PREFIX) - 1;

	if (len < 0 && errno == ENOENT)
		return RF_OK;
	if (len < 0 && errno != EINVAL)
		return rf_err_sys(err, errno, "%s/" CURRENT, dir->path);
	if (!rf_str_starts(name, RF_STR(STATE_PREFIX)) ||
		!rf_num_u64((struct rf_str){target + prefix, name.len - prefix}, UINT32_MAX,
			&dir->number) ||
		dir->number == 0)
		return rf_err_set(
			err, RF_EINPUT, "%s/" CURRENT " is no link to a state", dir->path);
	return RF_OK;
}

static bool is_left_over(const struct ca_dir *dir, const char *name)
{
	const size_t prefix = sizeof(STATE_PREFIX) - 1;
	struct rf_str text = rf_str_of(name);
	uint64_t number;

	if (rf_str_is(text, CURRENT_NEW) || rf_str_starts(text, RF_STR(CA_SEALING_FILE ".")))
		return true;
	return rf_str_starts(text, RF_STR(STATE_PREFIX)) &&
	       rf_num_u64((struct rf_str){name + prefix, text.len - prefix}, UINT32_MAX, &number) &&
	       number != dir->number;
}

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* What killed processes have left, and the state before this one. */
static int sweep(const struct ca_dir *dir, struct rf_err *err)
{
	int own = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(dir_closep) DIR *all = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;
	int rc = RF_OK;

	if (!all) {
		rc = rf_err_sys(err, errno, "%s", dir->path);
		rf_fd_closep(&own);
		return rc;
	}
	while (rc == RF_OK && (entry = readdir(all))) {
		if (is_left_over(dir, entry->d_name))
			rc = rf_dir_remove_at(dir->fd, entry->d_name, err);
	}
	return rc;
}

static int open_dir(const char *path, bool make, struct ca_dir *dir, struct rf_err *err)
{
	int rc = make ? rf_dir_make(path, 0700, err) : RF_OK;

	if (rc < 0)
		return rc;
	dir->path = rf_str_dup(rf_str_of(path));
	if (!dir->path)
		return rf_err_nomem(err);
	dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return rf_err_set(err, RF_EABSENT, "%s: no such directory", path);
	return dir->fd < 0 ? rf_err_sys(err, errno, "%s", path) : check_owner(dir, err);
}

static int lock_dir(struct ca_dir *dir, bool write, struct rf_err *err)
{
	dir->lock_fd = openat(dir->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (dir->lock_fd < 0)
		return rf_err_sys(err, errno, "%s/lock", dir->path);
	while (flock(dir->lock_fd, write ? LOCK_EX : LOCK_SH) < 0) {
		if (errno != EINTR)
			return rf_err_sys(err, errno, "lock %s", dir->path);
	}
	return RF_OK;
}

int ca_dir_open(const char *path, bool make, bool write, struct ca_dir *ret, struct rf_err *err)
{
	CLEANUP(ca_dir_done) struct ca_dir dir = {.fd = -1, .lock_fd = -1};
	int rc = open_dir(path, make, &dir, err);

	if (rc == RF_OK)
		rc = lock_dir(&dir, write, err);
	if (rc == RF_OK)
		rc = read_current(&dir, err);
	if (rc == RF_OK && write)
		rc = sweep(&dir, err);
	if (rc < 0)
		return rc;
	*ret = dir;
	dir = (struct ca_dir){.fd = -1, .lock_fd = -1};
	return RF_OK;
}

void ca_dir_done(struct ca_dir *dir)
{
	rf_fd_closep(&dir->lock_fd);
	rf_fd_closep(&dir->fd);
	free(dir->path);
	dir->path = NULL;
}

/* --- reading --- */

static int read_file(int state_fd, size_t i, struct rf_buf *out, struct rf_err *err)
{
	AUTO_FD fd = openat(state_fd, files[i].name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT && !files[i].required)
		return RF_OK;
	if (fd < 0)
		return rf_err_sys(err, errno, "%s", files[i].name);
	out->max = FILE_MAX; /* so that reading reserves it at once, and nothing is copied */
	return rf_fd_read_all(fd, out, err);
}

int ca_state_read(
	const struct ca_dir *dir, bool with_keys, struct ca_state *ret, struct rf_err *err)
{
	char name[NAME_SIZE];
	AUTO_FD fd = -1;
	int rc = RF_OK;

	snprintf(name, sizeof(name), STATE_PREFIX "%llu", (unsigned long long)dir->number);
	fd = openat(dir->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return rf_err_sys(err, errno, "%s/%s", dir->path, name);
	for (size_t i = 0; i < RF_ARRAY_LEN(files) && rc == RF_OK; i++) {
		if (with_keys || !files[i].is_key)
			rc = read_file(fd, i, file_of(ret, i), err);
	}
	return rc < 0 ? rf_err_wrap(err, rc, "%s/%s", dir->path, name) : RF_OK;
}

/* --- writing --- */

static int write_file(int state_fd, size_t i, const struct rf_buf *data, struct rf_err *err)
{
	AUTO_FD fd = openat(state_fd, files[i].name,
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, files[i].mode);
	int rc;

	if (fd < 0)
		return rf_err_sys(err, errno, "create %s", files[i].name);
	rc = rf_fd_write_all(fd, data->data, data->len, err);
	if (rc == RF_OK && (fchmod(fd, files[i].mode) < 0 || fsync(fd) < 0))
		rc = rf_err_sys(err, errno, "write %s", files[i].name);
	return rc;
}

static int write_state(const struct ca_dir *dir, const char *name, const struct ca_state *state,
	struct rf_err *err)
{
	AUTO_FD fd = -1;
	int rc = RF_OK;

	if (mkdirat(dir->fd, name, 0700) < 0)
		return rf_err_sys(err, errno, "make %s/%s", dir->path, name);
	fd = openat(dir->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return rf_err_sys(err, errno, "%s/%s", dir->path, name);
	for (size_t i = 0; i < RF_ARRAY_LEN(files) && rc == RF_OK; i++) {
		const struct rf_buf *file = const_file_of(state, i);

		if (file->len || files[i].required)
			rc = write_file(fd, i, file, err);
	}
	if (rc == RF_OK && fsync(fd) < 0)
		rc = rf_err_sys(err, errno, "sync %s/%s", dir->path, name);
	return rc;
}

int ca_state_commit(struct ca_dir *dir, const struct ca_state *state, struct rf_err *err)
{
	char name[NAME_SIZE];
	int rc;

	snprintf(name, sizeof(name), STATE_PREFIX "%llu", (unsigned long long)dir->number + 1);
	rc = write_state(dir, name, state, err);
	/* The new directory is to be there before the link to it. */
	if (rc == RF_OK &&
		(fsync(dir->fd) < 0 || symlinkat(name, dir->fd, CURRENT_NEW) < 0 ||
			renameat(dir->fd, CURRENT_NEW, dir->fd, CURRENT) < 0 || fsync(dir->fd) < 0))
		rc = rf_err_sys(err, errno, "make %s the state of %s", name, dir->path);
	if (rc < 0)
		return rc;
	dir->number++;
	(void)sweep(dir, NULL); /* it counts already; who opens it next clears away */
	return RF_OK;
}
