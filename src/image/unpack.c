/*
 * One pass over the layer writes files; whiteouts, opaque marks and the times of directories wait
 * for its end, when it is known what the layer holds.
 */
#include "image/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/vec.h"
#include "image/tree.h"

/* A path whose turn comes at the end of the layer. */
struct later {
	char *path;
	struct timespec mtime; /* directories */
	enum image_change change;
};

struct unpack {
	struct image_tree tree;
	const struct image_unpack_report *report;
	uint64_t bytes_left;
	uint64_t bytes;
	RF_VEC(struct later) dirs;
	RF_VEC(struct later) hidden;
};

static int entry_error(const struct image_entry *entry, const char *what, struct rf_err *err)
{
	int code = errno;

	/* What the layer itself brought about is its fault, not the system's. */
	if (code == ENOTDIR || code == ELOOP || code == ENOENT || code == EXDEV)
		return rf_err_set(err, RF_EINPUT, "entry \"%.200s\": %s: %s", entry->path.ptr, what,
			strerrordesc_np(code));
	return rf_err_sys(err, code, "entry \"%.200s\": %s", entry->path.ptr, what);
}

static int remember(struct unpack *u, const struct image_entry *entry, enum image_change change)
{
	struct later later = {
		.path = rf_str_dup(entry->path),
		.mtime = {.tv_sec = entry->mtime_s, .tv_nsec = entry->mtime_ns},
		.change = change,
	};

	if (!later.path)
		return RF_EINTERNAL;
	if (change == IMAGE_CHANGE_ADD ? rf_vec_push(&u->dirs, later)
				       : rf_vec_push(&u->hidden, later))
		return RF_OK;
	free(later.path);
	return RF_EINTERNAL;
}

/* user.overlay.* would steer overlayfs when it is mounted with userxattr. */
static bool keeps_xattr(struct rf_str name)
{
	return rf_str_is(name, "security.capability") ||
	       (rf_str_starts(name, RF_STR("user.")) &&
		       !rf_str_starts(name, RF_STR("user.overlay.")));
}

static int set_xattrs(
	int fd, const struct image_entry *entry, struct image_archive *archive, struct rf_err *err)
{
	struct rf_str name, value;
	size_t count = 0;

	while (image_archive_xattr(archive, &name, &value)) {
		if (++count > IMAGE_MAX_XATTRS || value.len > IMAGE_MAX_XATTR)
			return rf_err_set(err, RF_ELIMIT, "entry \"%.200s\": too many attributes",
				entry->path.ptr);
		if (!keeps_xattr(name) || fsetxattr(fd, name.ptr, value.ptr, value.len, 0) == 0)
			continue;
		/* A file system without user.* loses nothing that protects; a capability does. */
		if (errno == ENOTSUP && rf_str_starts(name, RF_STR("user.")))
			continue;
		return entry_error(entry, "set an extended attribute", err);
	}
	return RF_OK;
}

/* Owner before mode: chown(2) clears setuid, and capabilities. */
static int set_metadata(
	int fd, const struct image_entry *entry, struct image_archive *archive, struct rf_err *err)
{
	const struct timespec times[2] = {{.tv_sec = entry->mtime_s, .tv_nsec = entry->mtime_ns},
		{.tv_sec = entry->mtime_s, .tv_nsec = entry->mtime_ns}};
	int rc;

	if (fchown(fd, entry->uid, entry->gid) < 0)
		return entry_error(entry, "set its owner", err);
	if (fchmod(fd, entry->mode) < 0)
		return entry_error(entry, "set its mode", err);
	rc = set_xattrs(fd, entry, archive, err);
	if (rc < 0)
		return rc;
	return futimens(fd, times) < 0 ? entry_error(entry, "set its time", err) : RF_OK;
}

static int remove_old(struct unpack *u, int parent, const char *leaf, struct rf_err *err)
{
	int rc = rf_dir_remove_at(parent, leaf, err);

	u->tree.parent_len = SIZE_MAX; /* parent stays open, but is looked up anew next time */
	return rc < 0 ? rf_err_wrap(err, rc, "replace an earlier entry") : RF_OK;
}

static int pwrite_all(int fd, const char *data, size_t len, uint64_t offset)
{
	while (len) {
		ssize_t put = pwrite(fd, data, len, (off_t)offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		data += put;
		len -= (size_t)put;
		offset += (uint64_t)put;
	}
	return 0;
}

static int write_content(struct unpack *u, int fd, const struct image_entry *entry,
	struct image_archive *archive, struct rf_err *err)
{
	uint64_t offset, end = 0;
	const void *data;
	ssize_t got;

	if (entry->size > u->bytes_left)
		return rf_err_set(err, RF_ELIMIT, "entry \"%.200s\": the layer is too large",
			entry->path.ptr);
	u->bytes_left -= entry->size;
	u->bytes += entry->size;
	while ((got = image_archive_read(archive, &data, &offset, err)) > 0) {
		if (offset < end || offset > entry->size || (size_t)got > entry->size - offset)
			return rf_err_set(err, RF_EINPUT,
				"entry \"%.200s\": content beyond its size", entry->path.ptr);
		end = offset + (size_t)got;
		if (pwrite_all(fd, data, (size_t)got, offset) < 0)
			return entry_error(entry, "write", err);
	}
	if (got == 0 && end < entry->size && ftruncate(fd, (off_t)entry->size) < 0)
		return entry_error(entry, "set its size", err);
	return (int)got;
}

static int add_file(struct unpack *u, int parent, const char *leaf, const struct image_entry *entry,
	struct image_archive *archive, struct rf_err *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	AUTO_FD fd = openat(parent, leaf, flags, 0600);
	int rc = RF_OK;

	if (fd < 0 && errno == EEXIST) {
		rc = remove_old(u, parent, leaf, err);
		if (rc < 0)
			return rc;
		fd = openat(parent, leaf, flags, 0600);
	}
	if (fd < 0)
		return entry_error(entry, "create the file", err);
	if (entry->size)
		rc = write_content(u, fd, entry, archive, err);
	return rc < 0 ? rc : set_metadata(fd, entry, archive, err);
}

static int add_dir(struct unpack *u, int parent, const char *leaf, const struct image_entry *entry,
	struct image_archive *archive, struct rf_err *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	AUTO_FD fd = -1;
	int rc = RF_OK;

	if (mkdirat(parent, leaf, 0700) < 0 && errno != EEXIST)
		return entry_error(entry, "make the directory", err);
	fd = openat(parent, leaf, flags);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
		rc = remove_old(u, parent, leaf, err);
		if (rc == RF_OK && mkdirat(parent, leaf, 0700) < 0)
			rc = entry_error(entry, "make the directory", err);
		if (rc < 0)
			return rc;
		fd = openat(parent, leaf, flags);
	}
	if (fd < 0)
		return entry_error(entry, "open the directory", err);
	rc = set_metadata(fd, entry, archive, err);
	if (rc == RF_OK && remember(u, entry, IMAGE_CHANGE_ADD) < 0)
		rc = rf_err_nomem(err);
	return rc;
}

static int add_symlink(struct unpack *u, int parent, const char *leaf,
	const struct image_entry *entry, struct rf_err *err)
{
	const struct timespec times[2] = {{.tv_sec = entry->mtime_s, .tv_nsec = entry->mtime_ns},
		{.tv_sec = entry->mtime_s, .tv_nsec = entry->mtime_ns}};
	int failed = symlinkat(entry->link.ptr, parent, leaf);

	if (failed && errno == EEXIST) {
		int rc = remove_old(u, parent, leaf, err);

		if (rc < 0)
			return rc;
		failed = symlinkat(entry->link.ptr, parent, leaf);
	}
	if (failed)
		return entry_error(entry, "make the symbolic link", err);
	if (fchownat(parent, leaf, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return entry_error(entry, "set its owner", err);
	if (utimensat(parent, leaf, times, AT_SYMLINK_NOFOLLOW) < 0)
		return entry_error(entry, "set its time", err);
	return RF_OK;
}

/* The target's directory, without a symbolic link on the way: a layer's own writer never has one.
 */
static int open_link_dir(int root_fd, struct rf_str link, const char **ret_leaf)
{
	const char *slash = memrchr(link.ptr, '/', link.len);
	char dir[IMAGE_MAX_PATH + 1] = ".";

	if (slash) {
		memcpy(dir, link.ptr, (size_t)(slash - link.ptr));
		dir[slash - link.ptr] = '\0';
	}
	*ret_leaf = slash ? slash + 1 : link.ptr;
	return image_open_plain(root_fd, dir, O_PATH | O_DIRECTORY);
}

static int add_hardlink(struct unpack *u, int parent, const char *leaf,
	const struct image_entry *entry, struct rf_err *err)
{
	const char *target;
	AUTO_FD dir = open_link_dir(u->tree.root_fd, entry->link, &target);
	struct stat st;
	int failed;

	if (dir < 0 || fstatat(dir, target, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return entry_error(entry, "find what it is a hard link to", err);
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return rf_err_set(err, RF_EINPUT, "entry \"%.200s\": a hard link to a directory",
			entry->path.ptr);
	failed = linkat(dir, target, parent, leaf, 0);
	if (failed && errno == EEXIST) {
		int rc = remove_old(u, parent, leaf, err);

		if (rc < 0)
			return rc;
		failed = linkat(dir, target, parent, leaf, 0);
	}
	return failed ? entry_error(entry, "make the hard link", err) : RF_OK;
}

/* The root's own entry: it is there already. */
static int set_root(struct unpack *u, const struct image_entry *entry,
	struct image_archive *archive, struct rf_err *err)
{
	AUTO_FD fd = openat(u->tree.root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (entry->type != IMAGE_ENTRY_DIR)
		return rf_err_set(err, RF_EINPUT, "the root directory as a file");
	if (fd < 0)
		return rf_err_sys(err, errno, "open the root");
	if (remember(u, entry, IMAGE_CHANGE_ADD) < 0)
		return rf_err_nomem(err);
	return set_metadata(fd, entry, archive, err);
}

static int add(struct unpack *u, const struct image_entry *entry, struct image_archive *archive,
	struct rf_err *err)
{
	const char *leaf;
	int parent;

	if (entry->path.len == 0)
		return set_root(u, entry, archive, err);
	parent = image_tree_parent(&u->tree, entry->path, true, &leaf);
	if (parent < 0)
		return entry_error(entry, "open the directory that it is in", err);
	switch (entry->type) {
	case IMAGE_ENTRY_FILE: return add_file(u, parent, leaf, entry, archive, err);
	case IMAGE_ENTRY_DIR: return add_dir(u, parent, leaf, entry, archive, err);
	case IMAGE_ENTRY_SYMLINK: return add_symlink(u, parent, leaf, entry, err);
	case IMAGE_ENTRY_HARDLINK: return add_hardlink(u, parent, leaf, entry, err);
	case IMAGE_ENTRY_DEVICE:
	case IMAGE_ENTRY_FIFO:
	case IMAGE_ENTRY_OTHER: break;
	}
	return rf_err_set(err, RF_EINTERNAL, "entry \"%.200s\" of a type that layers refuse",
		entry->path.ptr);
}

static int on_change(void *ctx, enum image_change change, const struct image_entry *entry,
	struct image_archive *archive, struct rf_err *err)
{
	struct unpack *u = ctx;
	int rc;

	if (change == IMAGE_CHANGE_ADD)
		rc = add(u, entry, archive, err);
	else
		rc = remember(u, entry, change) < 0 ? rf_err_nomem(err) : RF_OK;
	if (rc == RF_OK && u->report->tick)
		u->report->tick(u->report->ctx);
	return rc;
}

static void on_note(void *ctx, const char *text)
{
	struct unpack *u = ctx;

	if (u->report->note)
		u->report->note(u->report->ctx, text);
}

/* Hides a name of lower layers, unless this layer has the name itself. */
static int hide_name(struct unpack *u, const char *path, struct rf_err *err)
{
	const char *leaf;
	int parent = image_tree_parent(&u->tree, rf_str_of(path), true, &leaf);
	struct stat st;

	if (parent < 0 && (errno == ENOTDIR || errno == ENOENT || errno == ELOOP))
		return RF_OK; /* something else took the directory's place: nothing shows through */
	if (parent < 0)
		return rf_err_sys(err, errno, "whiteout \"%.200s\"", path);
	if (mknodat(parent, leaf, S_IFCHR, 0) == 0)
		return RF_OK;
	if (errno != EEXIST)
		return rf_err_sys(err, errno, "whiteout \"%.200s\"", path);
	if (fstatat(parent, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return u->report->opaque(u->report->ctx, path, err);
	return RF_OK;
}

static int hide_content(struct unpack *u, const char *path, struct rf_err *err)
{
	const char *leaf;
	AUTO_FD fd = -1;
	int parent = path[0] ? image_tree_parent(&u->tree, rf_str_of(path), true, &leaf) : -1;

	if (path[0] && parent >= 0 && mkdirat(parent, leaf, 0755) < 0 && errno != EEXIST)
		return rf_err_sys(err, errno, "opaque directory \"%.200s\"", path);
	fd = image_open_in_root(u->tree.root_fd, path[0] ? path : ".", O_PATH | O_DIRECTORY);
	if (fd < 0)
		return RF_OK; /* no directory: nothing shows through */
	return u->report->opaque(u->report->ctx, path, err);
}

static int hide_all(struct unpack *u, struct rf_err *err)
{
	int rc = RF_OK;

	rf_vec_each (it, &u->hidden) {
		if (it->change == IMAGE_CHANGE_OPAQUE)
			rc = hide_content(u, it->path, err);
		else
			rc = hide_name(u, it->path, err);
		if (rc < 0)
			break;
	}
	return rc;
}

/* Last of all, as everything above changed them. A directory may have been replaced since. */
static void set_dir_times(struct unpack *u)
{
	rf_vec_each (it, &u->dirs) {
		const struct timespec times[2] = {it->mtime, it->mtime};
		const char *leaf = ".";
		int parent = u->tree.root_fd;

		if (it->path[0])
			parent = image_tree_parent(&u->tree, rf_str_of(it->path), false, &leaf);
		if (parent >= 0)
			(void)utimensat(parent, leaf, times, AT_SYMLINK_NOFOLLOW);
	}
}

static void unpack_done(struct unpack *u)
{
	rf_vec_each (it, &u->dirs)
		free(it->path);
	rf_vec_each (it, &u->hidden)
		free(it->path);
	rf_vec_done(&u->dirs);
	rf_vec_done(&u->hidden);
	image_tree_done(&u->tree);
}

int image_unpack(const struct image_input *tar, int root_fd, uint64_t max_bytes,
	const struct image_unpack_report *report, uint64_t *ret_bytes, struct rf_err *err)
{
	CLEANUP(unpack_done) struct unpack u = {.report = report, .bytes_left = max_bytes};
	const struct image_layer_sink sink = {.change = on_change, .note = on_note, .ctx = &u};
	int rc;

	image_tree_init(&u.tree, root_fd);
	rc = image_layer_walk(tar, &sink, err);
	if (rc == RF_OK)
		rc = hide_all(&u, err);
	if (rc < 0)
		return rc;
	set_dir_times(&u);
	*ret_bytes = u.bytes;
	return RF_OK;
}
