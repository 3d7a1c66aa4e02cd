/* Paths inside one root, resolved by the kernel; the last parent directory is kept open. */
#include "image/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

#define NEW_DIR_MODE 0755 /* of directories that a layer uses but does not list */

void image_tree_init(struct image_tree *tree, int root_fd)
{
	tree->root_fd = root_fd;
	tree->parent_fd = -1;
	tree->parent_len = 0;
}

void image_tree_done(struct image_tree *tree)
{
	image_tree_forget(tree);
}

void image_tree_forget(struct image_tree *tree)
{
	rf_fd_closep(&tree->parent_fd);
}

static int open_how(int root_fd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = resolve | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};

	for (;;) {
		int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

		/* A rename elsewhere on the system raced with "..": the kernel asks to try again.
		 */
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			return fd;
	}
}

int image_open_in_root(int root_fd, const char *path, int flags)
{
	return open_how(root_fd, path, flags, RESOLVE_IN_ROOT);
}

int image_open_plain(int root_fd, const char *path, int flags)
{
	return open_how(root_fd, path, flags, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

int image_open_regular(int root_fd, const char *path, struct rf_err *err)
{
	AUTO_FD fd = image_open_in_root(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG))
		return rf_err_set(err, RF_EABSENT, "no file \"%.200s\"", path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return rf_err_sys(err, errno, "open \"%.200s\"", path);
	if (!S_ISREG(st.st_mode))
		return rf_err_set(err, RF_EINPUT, "\"%.200s\" is no regular file", path);
	return TAKE_FD(fd);
}

static int open_dir(struct image_tree *tree, const char *path)
{
	return image_open_in_root(tree->root_fd, path[0] ? path : ".", O_PATH | O_DIRECTORY);
}

/* Makes dir (whose parent is upper, "" for the root) and opens it. */
static int make_dir(struct image_tree *tree, const char *upper, const char *leaf, const char *dir)
{
	AUTO_FD fd = open_dir(tree, upper);

	if (fd < 0 || (mkdirat(fd, leaf, NEW_DIR_MODE) < 0 && errno != EEXIST))
		return -1;
	/* What is there already and yet does not open is a link to nowhere: ENOENT again. */
	return open_dir(tree, dir);
}

/* Opens dir after making what is missing on the way to it. */
static int make_dirs(struct image_tree *tree, const char *dir)
{
	char upper[IMAGE_MAX_PATH + 1] = "", path[IMAGE_MAX_PATH + 1];
	size_t start = 0;
	AUTO_FD fd = -1;

	while (dir[start]) {
		size_t end = start + strcspn(dir + start, "/");

		memcpy(path, dir, end);
		path[end] = '\0';
		rf_fd_closep(&fd);
		fd = open_dir(tree, path);
		if (fd < 0 && errno == ENOENT)
			fd = make_dir(tree, upper, path + start, path);
		if (fd < 0)
			return -1;
		memcpy(upper, path, end + 1);
		start = dir[end] ? end + 1 : end;
	}
	return TAKE_FD(fd);
}

int image_tree_parent(struct image_tree *tree, struct rf_str path, bool make, const char **ret_leaf)
{
	const char *slash = memrchr(path.ptr, '/', path.len);
	size_t len = slash ? (size_t)(slash - path.ptr) : 0;

	*ret_leaf = slash ? slash + 1 : path.ptr;
	if (tree->parent_fd >= 0 && len == tree->parent_len &&
		memcmp(tree->parent, path.ptr, len) == 0)
		return tree->parent_fd;
	image_tree_forget(tree);
	memcpy(tree->parent, path.ptr, len);
	tree->parent[len] = '\0';
	tree->parent_len = len;
	tree->parent_fd = open_dir(tree, tree->parent);
	if (tree->parent_fd < 0 && errno == ENOENT && make)
		tree->parent_fd = make_dirs(tree, tree->parent);
	return tree->parent_fd;
}
