/*
 * The files below a directory: a root file system, or a layer of the store. Nothing is followed
 * out of it: names are opened one component at a time without following links, and mounts are not
 * entered.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/scan/visit_int.h"

#define MAX_ENTRIES    ((uint64_t)10000000)
#define CAPABILITY_MAX 64

struct dir_walk {
	struct scanner *scanner;
	bool overlay;
	dev_t device;
	uint64_t entry_count;
	char path[IMAGE_MAX_PATH + 1];
	size_t path_len;
};

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static struct rf_str path_of(const struct dir_walk *walk)
{
	return (struct rf_str){walk->path, walk->path_len};
}

/* Appends a name; false when the path gets too long. */
static bool push_name(struct dir_walk *walk, const char *name)
{
	size_t len = strlen(name), slash = walk->path_len ? 1 : 0;

	if (len + slash > IMAGE_MAX_PATH - walk->path_len)
		return false;
	if (slash)
		walk->path[walk->path_len] = '/';
	memcpy(walk->path + walk->path_len + slash, name, len + 1);
	walk->path_len += slash + len;
	return true;
}

/* What the scan goes on without. */
static void note_unread(struct dir_walk *walk)
{
	inventory_note(&walk->scanner->inv, "/%s: cannot be read: %s", walk->path, strerror(errno));
}

/* --- files --- */

struct mapping {
	void *at;
	size_t len;
};

static void mapping_done(struct mapping *mapping)
{
	if (mapping->at)
		munmap(mapping->at, mapping->len);
}

static int visit_file(struct dir_walk *walk, int fd, const struct stat *st, struct rf_err *err)
{
	CLEANUP(mapping_done) struct mapping mapping = {.at = NULL};
	char capability[CAPABILITY_MAX];
	ssize_t len = fgetxattr(fd, "security.capability", capability, sizeof(capability));
	struct scan_input input = {
		.path = path_of(walk),
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.size = (uint64_t)st->st_size,
		.capability = {capability, len > 0 ? (size_t)len : 0},
	};

	if (st->st_size > 0) {
		mapping.len = (size_t)st->st_size;
		mapping.at = mmap(NULL, mapping.len, PROT_READ, MAP_PRIVATE, fd, 0);
		if (mapping.at == MAP_FAILED) {
			mapping.at = NULL;
			note_unread(walk);
			return RF_OK;
		}
		input.mapped = (struct rf_bytes){mapping.at, mapping.len};
	}
	return scan_visit(walk->scanner, &input, err);
}

/* --- directories --- */

static int walk_directory(struct dir_walk *walk, int dir_fd, unsigned depth, struct rf_err *err);

static int enter(struct dir_walk *walk, int parent_fd, const char *name, const struct stat *st,
	unsigned depth, struct rf_err *err)
{
	int fd, rc;

	inventory_added(&walk->scanner->inv, path_of(walk), true);
	rc = scan_visit_dir(walk->scanner, path_of(walk), st->st_mode, st->st_uid, st->st_gid, err);
	if (rc < 0)
		return rc;
	if (st->st_dev != walk->device) {
		inventory_note(&walk->scanner->inv,
			"/%s: another file system is mounted here, and was not looked into",
			walk->path);
		return RF_OK;
	}
	if (depth >= IMAGE_MAX_DEPTH)
		return rf_err_set(err, RF_ELIMIT, "/%s: more than %d directories deep", walk->path,
			IMAGE_MAX_DEPTH);
	fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		note_unread(walk);
		return RF_OK;
	}
	return walk_directory(walk, fd, depth + 1, err);
}

static int take_name(
	struct dir_walk *walk, int dir_fd, const char *name, unsigned depth, struct rf_err *err)
{
	AUTO_FD fd = -1;
	struct stat st;

	if (++walk->entry_count > MAX_ENTRIES)
		return rf_err_set(
			err, RF_ELIMIT, "more than %llu files", (unsigned long long)MAX_ENTRIES);
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			note_unread(walk);
		return RF_OK;
	}
	if (S_ISDIR(st.st_mode))
		return enter(walk, dir_fd, name, &st, depth, err);
	if (walk->overlay && S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0)) {
		inventory_whiteout(&walk->scanner->inv, path_of(walk));
		return RF_OK;
	}
	inventory_added(&walk->scanner->inv, path_of(walk), false);
	if (!S_ISREG(st.st_mode))
		return RF_OK;
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		note_unread(walk);
		return RF_OK;
	}
	return visit_file(walk, fd, &st, err);
}

/* Takes dir_fd over. */
static int walk_directory(struct dir_walk *walk, int dir_fd, unsigned depth, struct rf_err *err)
{
	CLEANUP(dir_closep) DIR *dir = fdopendir(dir_fd);
	size_t len = walk->path_len;
	struct dirent *entry;
	int rc = RF_OK;

	if (!dir) {
		close(dir_fd);
		return rf_err_sys(err, errno, "read a directory");
	}
	while (rc == RF_OK && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (push_name(walk, entry->d_name))
			rc = take_name(walk, dirfd(dir), entry->d_name, depth, err);
		else
			inventory_note(
				&walk->scanner->inv, "/%s: a path that is too long", walk->path);
		walk->path_len = len;
		walk->path[len] = '\0';
	}
	return rc;
}

int scan_directory(struct scanner *scanner, int dir_fd, bool overlay, struct rf_err *err)
{
	struct dir_walk walk = {.scanner = scanner, .overlay = overlay};
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return rf_err_sys(err, errno, "read a directory");
	if (fstat(fd, &st) < 0) {
		close(fd);
		return rf_err_sys(err, errno, "read a directory");
	}
	walk.device = st.st_dev;
	return walk_directory(&walk, fd, 0, err);
}
