/*
 * The layout that a kubelet's atomic writer makes (kubernetes pkg/volume/util/atomic_writer.go):
 *
 *	..2026_01_02_15_04_05.123456789/    the files, never changed once ..data points here
 *	..data -> ..2026_...                replaced by one rename
 *	NAME -> ..data/NAME                 one for the first part of each path
 *
 * A reader sees all old files or all new ones. Only the supervisor writes here; containers have
 * the directory read-only.
 */
#include "host/volume_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

#define DATA_LINK     "..data"
#define DATA_LINK_NEW "..data_tmp"
#define NAME_SIZE     256
#define DIR_MODE      0755

struct writer {
	const char *path;
	int dir_fd;
	const struct volume_files *files;
	gid_t group;
	char old_name[NAME_SIZE]; /* where ..data points; "" when it does not */
	char new_name[NAME_SIZE];
	struct rf_err *err;
};

/* A kubelet gives the group read (and search) on volumes that are read-only to containers. */
static mode_t file_mode(const struct writer *w, mode_t mode)
{
	return w->group == VOLUME_NO_GROUP ? mode : mode | 0440;
}

static mode_t dir_mode(const struct writer *w)
{
	return w->group == VOLUME_NO_GROUP ? DIR_MODE : DIR_MODE | S_ISGID;
}

static int own(const struct writer *w, int fd, mode_t mode)
{
	gid_t group = w->group == VOLUME_NO_GROUP ? 0 : w->group;

	/* Modes last: a change of owner clears bits. */
	if (fchown(fd, 0, group) < 0 || fchmod(fd, mode) < 0)
		return rf_err_sys(w->err, errno, "set owner and mode in %s", w->path);
	return RF_OK;
}

/* --- is it the same already? --- */

static bool same_content(int fd, size_t size, struct rf_str content)
{
	AUTO_BUF now = {.max = size + 1};

	return rf_fd_read_all(fd, &now, NULL) == RF_OK && rf_str_eq(rf_buf_str(&now), content);
}

static const struct volume_file *find_file(const struct volume_files *files, struct rf_str path)
{
	uintptr_t number;

	if (!rf_map_get(&files->by_path, path, &number) || number == VOLUME_PATH_DIR)
		return NULL;
	return &files->list.items[number - 1];
}

struct compare {
	const struct writer *writer;
	size_t seen; /* files that are the same */
};

/* 1: something differs. */
static int compare_entry(
	struct volume_walk *walk, int dir_fd, const char *name, const struct stat *st)
{
	struct compare *compare = walk->ctx;
	const struct writer *w = compare->writer;
	const struct volume_file *file;
	AUTO_FD fd = -1;

	if (S_ISDIR(st->st_mode))
		return 0;
	file = find_file(w->files, rf_buf_str(&walk->path));
	if (!file || !S_ISREG(st->st_mode) || (size_t)st->st_size != file->content.len ||
		(st->st_mode & 07777) != file_mode(w, file->mode) ||
		st->st_gid != (w->group == VOLUME_NO_GROUP ? 0 : w->group))
		return 1;
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || !same_content(fd, file->content.len, file->content))
		return 1;
	compare->seen++;
	return 0;
}

static bool is_current(const struct writer *w)
{
	AUTO_FD fd = -1;
	struct compare compare = {.writer = w};
	struct volume_walk walk = {
		.visit = compare_entry, .ctx = &compare, .left = VOLUME_WALK_MAX};

	if (!w->old_name[0])
		return false;
	fd = openat(w->dir_fd, w->old_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && volume_walk(&walk, fd) == 0 && compare.seen == w->files->list.count;
}

/* --- a new set of files --- */

static int make_parent(struct writer *w, int top_fd, struct rf_str path, int *ret_fd)
{
	AUTO_FD fd = fcntl(top_fd, F_DUPFD_CLOEXEC, 0);
	struct rf_str part, rest = rf_str_cut(path, '/', &part);
	char name[NAME_SIZE];

	for (; rest.ptr && fd >= 0; rest = rf_str_cut(rest, '/', &part)) {
		AUTO_FD above = TAKE_FD(fd);

		if (!rf_str_copy(part, name, sizeof(name)))
			return rf_err_set(w->err, RF_EINTERNAL, "%s: name too long", w->path);
		if (mkdirat(above, name, DIR_MODE) < 0 && errno != EEXIST)
			return rf_err_sys(w->err, errno, "make %s in %s", name, w->path);
		fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && own(w, fd, dir_mode(w)) < 0)
			return RF_EIO;
	}
	if (fd < 0)
		return rf_err_sys(w->err, errno, "open a directory in %s", w->path);
	*ret_fd = TAKE_FD(fd);
	return RF_OK;
}

static int write_file(struct writer *w, int top_fd, const struct volume_file *file)
{
	const char *slash = strrchr(file->path.ptr, '/');
	const char *name = slash ? slash + 1 : file->path.ptr;
	AUTO_FD parent = -1;
	AUTO_FD fd = -1;
	int rc = make_parent(w, top_fd, file->path, &parent);

	if (rc < 0)
		return rc;
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return rf_err_sys(w->err, errno, "make %s in %s", file->path.ptr, w->path);
	rc = rf_fd_write_all(fd, file->content.ptr, file->content.len, w->err);
	if (rc < 0)
		return rf_err_wrap(w->err, rc, "%s in %s", file->path.ptr, w->path);
	return own(w, fd, file_mode(w, file->mode));
}

static int make_new_dir(struct writer *w, int *ret_fd)
{
	struct timespec now;
	struct tm tm;
	AUTO_FD fd = -1;
	int rc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	snprintf(w->new_name, sizeof(w->new_name), "..%04d_%02d_%02d_%02d_%02d_%02d.%09ld",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		now.tv_nsec);
	if (mkdirat(w->dir_fd, w->new_name, DIR_MODE) < 0)
		return rf_err_sys(w->err, errno, "make a directory in %s", w->path);
	fd = openat(w->dir_fd, w->new_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return rf_err_sys(w->err, errno, "open %s/%s", w->path, w->new_name);
	rc = own(w, fd, dir_mode(w));
	if (rc == RF_OK)
		*ret_fd = TAKE_FD(fd);
	return rc;
}

static int write_all(struct writer *w)
{
	AUTO_FD top = -1;
	int rc = make_new_dir(w, &top);

	for (size_t i = 0; rc == RF_OK && i < w->files->list.count; i++)
		rc = write_file(w, top, &w->files->list.items[i]);
	return rc;
}

static int switch_over(struct writer *w)
{
	if (unlinkat(w->dir_fd, DATA_LINK_NEW, 0) < 0 && errno != ENOENT)
		return rf_err_sys(w->err, errno, "remove %s/" DATA_LINK_NEW, w->path);
	if (symlinkat(w->new_name, w->dir_fd, DATA_LINK_NEW) < 0 ||
		renameat(w->dir_fd, DATA_LINK_NEW, w->dir_fd, DATA_LINK) < 0)
		return rf_err_sys(w->err, errno, "replace %s/" DATA_LINK, w->path);
	return RF_OK;
}

/* After a failure what is half-made goes, and what was there stays. */
static int replace_files(struct writer *w)
{
	AUTO_FREE char *path = NULL;
	int rc = write_all(w);

	if (rc == RF_OK)
		rc = switch_over(w);
	if (rc == RF_OK || !w->new_name[0])
		return rc;
	if (asprintf(&path, "%s/%s", w->path, w->new_name) < 0)
		path = NULL;
	else if (rf_dir_remove(path, NULL) < 0)
		return rc; /* the next one that succeeds takes it away */
	return rc;
}

/* --- the names that users see --- */

static int make_links(struct writer *w)
{
	rf_vec_each (file, &w->files->list) {
		char name[NAME_SIZE], target[NAME_SIZE + sizeof(DATA_LINK)];
		struct rf_str head;

		rf_str_cut(file->path, '/', &head);
		if (!rf_str_copy(head, name, sizeof(name)))
			return rf_err_set(w->err, RF_EINTERNAL, "%s: name too long", w->path);
		snprintf(target, sizeof(target), DATA_LINK "/%s", name);
		if (symlinkat(target, w->dir_fd, name) < 0 && errno != EEXIST)
			return rf_err_sys(w->err, errno, "make %s/%s", w->path, name);
	}
	return RF_OK;
}

/* A name that the volume shows: the first part of some path. */
static bool is_shown(const struct volume_files *files, struct rf_str name)
{
	uintptr_t number;

	return rf_map_get(&files->by_path, name, &number);
}

static int remove_entry(struct writer *w, const char *name, const char *current)
{
	AUTO_FREE char *path = NULL;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, DATA_LINK) == 0 ||
		strcmp(name, current) == 0 || is_shown(w->files, rf_str_of(name)))
		return RF_OK;
	if (asprintf(&path, "%s/%s", w->path, name) < 0) {
		path = NULL;
		return rf_err_nomem(w->err);
	}
	return rf_dir_remove(path, w->err);
}

/* Links to what is gone, old sets of files, and what a crash left behind. */
static int remove_stale(struct writer *w, const char *current)
{
	DIR *dir = opendir(w->path);
	struct dirent *entry;
	int rc = RF_OK;

	if (!dir)
		return rf_err_sys(w->err, errno, "read %s", w->path);
	while (rc == RF_OK && (entry = readdir(dir)))
		rc = remove_entry(w, entry->d_name, current);
	closedir(dir);
	return rc;
}

static void read_data_link(struct writer *w)
{
	ssize_t len = readlinkat(w->dir_fd, DATA_LINK, w->old_name, sizeof(w->old_name) - 1);

	w->old_name[len > 0 ? len : 0] = '\0';
	if (strchr(w->old_name, '/'))
		w->old_name[0] = '\0';
}

int volume_write_files(
	const char *dir_path, const struct volume_files *files, gid_t group, struct rf_err *err)
{
	AUTO_FD fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct writer w = {
		.path = dir_path, .dir_fd = fd, .files = files, .group = group, .err = err};
	bool current;
	int rc;

	if (fd < 0)
		return rf_err_sys(err, errno, "%s", dir_path);
	read_data_link(&w);
	current = is_current(&w);
	rc = own(&w, fd, dir_mode(&w));
	if (rc == RF_OK && !current)
		rc = replace_files(&w);
	if (rc == RF_OK)
		rc = make_links(&w);
	return rc == RF_OK ? remove_stale(&w, current ? w.old_name : w.new_name) : rc;
}
