/*
 * Overlayfs' own rules in user space: a directory is a stack of directories, one a layer, from the
 * top down to the first that is opaque or in whose place a layer has something else; a name is
 * looked up in each of the stack until a whiteout. One name is resolved at a time and nothing is
 * followed by the kernel, so links lead nowhere that this file does not take them.
 */
#include "image/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/archive.h"
#include "image/users.h"

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct stack {
	int fds[IMAGE_MAX_LAYERS]; /* top first */
	size_t count;
};

enum found {
	FOUND_NOTHING,
	FOUND_DIR,
	FOUND_OTHER,
};

struct walk {
	const struct image *image;
	struct stack here;
	char done[IMAGE_MAX_PATH + 1]; /* the directory reached, without links: "" or "/a/b" */
	char rest[IMAGE_MAX_PATH + 1]; /* still to go */
	unsigned links;
};

static void stack_done(struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		close(stack->fds[i]);
	stack->count = 0;
}

static void walk_done(struct walk *walk)
{
	stack_done(&walk->here);
}

void image_lowerdirs(const struct image *image, struct rf_buf *out)
{
	for (size_t i = image->layer_count; i-- > 0;) {
		struct rf_str dir = image->layer_dirs[i];

		for (size_t k = 0; k < dir.len; k++) {
			if (dir.ptr[k] == ':' || dir.ptr[k] == '\\')
				rf_buf_add_char(out, '\\');
			rf_buf_add_char(out, dir.ptr[k]);
		}
		if (i > 0)
			rf_buf_add_char(out, ':');
	}
}

static bool is_opaque(int fd)
{
	char value;

	return fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

static int open_root(struct walk *walk, struct rf_err *err)
{
	stack_done(&walk->here);
	walk->done[0] = '\0';
	for (size_t i = walk->image->layer_count; i-- > 0;) {
		int fd = open(walk->image->layer_dirs[i].ptr, DIR_FLAGS);

		if (fd < 0)
			return rf_err_sys(err, errno, "%s", walk->image->layer_dirs[i].ptr);
		walk->here.fds[walk->here.count++] = fd;
		if (is_opaque(fd))
			break;
	}
	return RF_OK;
}

/*
 * Looks name up in the stack. FOUND_DIR: *ret_dirs is its stack. FOUND_OTHER: *ret_at is the
 * directory (of the stack) that has it, *ret_stat what it is.
 */
static enum found look_up(const struct stack *here, const char *name, struct stack *ret_dirs,
	int *ret_at, struct stat *ret_stat)
{
	struct stat st;

	ret_dirs->count = 0;
	for (size_t i = 0; i < here->count; i++) {
		int fd;

		if (fstatat(here->fds[i], name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (!S_ISDIR(st.st_mode)) {
			bool whiteout = S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0);

			if (ret_dirs->count || whiteout)
				break;
			*ret_at = here->fds[i];
			*ret_stat = st;
			return FOUND_OTHER;
		}
		fd = openat(here->fds[i], name, DIR_FLAGS);
		if (fd < 0)
			continue;
		ret_dirs->fds[ret_dirs->count++] = fd;
		if (is_opaque(fd))
			break;
	}
	return ret_dirs->count ? FOUND_DIR : FOUND_NOTHING;
}

/* Starts again from the root with "prefix/target/rest". */
static int restart(struct walk *walk, const char *prefix, const char *target, struct rf_err *err)
{
	char path[3 * (IMAGE_MAX_PATH + 1)];

	snprintf(path, sizeof(path), "%s/%s/%s", prefix, target, walk->rest);
	if (!rf_str_copy(rf_str_of(path), walk->rest, sizeof(walk->rest)))
		return rf_err_set(err, RF_EINPUT, "a path becomes too long through its links");
	return open_root(walk, err);
}

static int go_up(struct walk *walk, struct rf_err *err)
{
	char upper[IMAGE_MAX_PATH + 1];
	char *slash;

	memcpy(upper, walk->done, sizeof(upper));
	slash = strrchr(upper, '/');
	if (slash)
		*slash = '\0';
	return restart(walk, upper, "", err);
}

static int follow(struct walk *walk, int at, const char *name, struct rf_err *err)
{
	char target[IMAGE_MAX_PATH + 1], prefix[IMAGE_MAX_PATH + 1] = "";
	ssize_t len = readlinkat(at, name, target, sizeof(target) - 1);

	if (len <= 0)
		return rf_err_sys(err, errno, "read a link");
	if (++walk->links > IMAGE_MAX_LINKS)
		return rf_err_set(err, RF_EINPUT, "too many symbolic links");
	target[len] = '\0';
	if (target[0] != '/')
		memcpy(prefix, walk->done, sizeof(prefix));
	return restart(walk, prefix, target, err);
}

/* Cuts the next component off walk->rest; false at the end. */
static bool next_name(struct walk *walk, char out[static IMAGE_MAX_NAME + 1], bool *ret_too_long)
{
	size_t start = strspn(walk->rest, "/");
	size_t len = strcspn(walk->rest + start, "/");

	*ret_too_long = len > IMAGE_MAX_NAME;
	if (len == 0 || *ret_too_long)
		return false;
	memcpy(out, walk->rest + start, len);
	out[len] = '\0';
	memmove(walk->rest, walk->rest + start + len, strlen(walk->rest + start + len) + 1);
	return true;
}

static int enter(struct walk *walk, const char *name, struct stack *dirs, struct rf_err *err)
{
	size_t len = strlen(walk->done), add = strlen(name) + 1;

	if (len + add > IMAGE_MAX_PATH) {
		stack_done(dirs);
		return rf_err_set(err, RF_EINPUT, "a path is too long");
	}
	walk->done[len] = '/';
	memcpy(walk->done + len + 1, name, add);
	stack_done(&walk->here);
	walk->here = *dirs;
	return RF_OK;
}

static int absent(const char *name, struct rf_err *err)
{
	return rf_err_set(err, RF_EABSENT, "the image has no \"%s\"", name);
}

static int open_regular(
	struct walk *walk, int at, const char *name, mode_t mode, struct rf_err *err)
{
	int fd;

	if (strspn(walk->rest, "/") != strlen(walk->rest))
		return absent(walk->rest, err);
	if (!S_ISREG(mode))
		return rf_err_set(err, RF_EINPUT, "\"%s\" is no regular file", name);
	fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? rf_err_sys(err, errno, "open \"%s\"", name) : fd;
}

/* One component further. 0: go on; RF_E*; above 0: the descriptor + 1. */
static int step(struct walk *walk, const char *name, struct rf_err *err)
{
	struct stack dirs;
	struct stat st;
	int at, fd;

	if (strcmp(name, ".") == 0)
		return RF_OK;
	if (strcmp(name, "..") == 0)
		return go_up(walk, err);
	switch (look_up(&walk->here, name, &dirs, &at, &st)) {
	case FOUND_NOTHING: return absent(name, err);
	case FOUND_DIR: return enter(walk, name, &dirs, err);
	case FOUND_OTHER: break;
	}
	if (S_ISLNK(st.st_mode))
		return follow(walk, at, name, err);
	fd = open_regular(walk, at, name, st.st_mode, err);
	return fd < 0 ? fd : fd + 1;
}

int image_open_file(const struct image *image, const char *path, struct rf_err *err)
{
	CLEANUP(walk_done) struct walk walk = {.image = image};
	char name[IMAGE_MAX_NAME + 1];
	bool too_long = false;
	int rc;

	if (!rf_str_copy(rf_str_of(path), walk.rest, sizeof(walk.rest)))
		return rf_err_set(err, RF_EINPUT, "a path is too long");
	rc = open_root(&walk, err);
	while (rc == RF_OK && next_name(&walk, name, &too_long))
		rc = step(&walk, name, err);
	if (rc == RF_OK && too_long)
		rc = rf_err_set(err, RF_EINPUT, "a name is too long");
	if (rc == RF_OK)
		rc = rf_err_set(err, RF_EINPUT, "it is a directory");
	return rc < 0 ? rf_err_wrap(err, rc, "%.200s", path) : rc - 1;
}

/* An image without the file has an empty one. */
static int read_file(
	const struct image *image, const char *path, struct rf_buf *out, struct rf_err *err)
{
	AUTO_FD fd = image_open_file(image, path, err);
	int rc;

	if (fd < 0)
		return fd == RF_EABSENT ? RF_OK : fd;
	rc = rf_fd_read_all(fd, out, err);
	return rc < 0 ? rf_err_wrap(err, rc, "%s", path) : RF_OK;
}

int image_user_resolve(
	const struct image *image, struct rf_str user, struct image_user *ret, struct rf_err *err)
{
	AUTO_BUF passwd = {.max = IMAGE_MAX_PASSWD};
	AUTO_BUF group = {.max = IMAGE_MAX_PASSWD};
	int rc = read_file(image, "/etc/passwd", &passwd, err);

	if (rc == RF_OK)
		rc = read_file(image, "/etc/group", &group, err);
	return rc < 0 ? rc
		      : image_users_find(rf_buf_str(&passwd), rf_buf_str(&group), user, ret, err);
}
