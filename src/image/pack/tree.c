/* The files of the layer, from the first name to a sorted list without gaps. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/archive.h"
#include "image/pack/pack_int.h"

#define DIR_MODE  0755
#define HUGE_PAGE ((size_t)2 << 20)

void pack_tree_done(struct pack_tree *tree)
{
	rf_vec_each (it, &tree->loaded)
		free(*it);
	rf_vec_done(&tree->loaded);
	rf_vec_done(&tree->entries);
}

int pack_tree_add(struct pack_tree *tree, const char *path, const struct pack_entry *entry,
	struct rf_err *err)
{
	char clean[IMAGE_MAX_PATH + 1];
	struct pack_entry *to;
	size_t len;
	int rc = path[0] == '/' ? image_path_clean(rf_str_of(path), clean, &len, err)
				: rf_err_set(err, RF_EINPUT, "must be absolute");

	if (rc < 0)
		return rf_err_wrap(err, rc, "path \"%.200s\" in the image", path);
	if (len == 0)
		return rf_err_set(
			err, RF_EINPUT, "\"%.200s\" is the image's root, not a file", path);
	if (tree->entries.count == PACK_MAX_FILES)
		return rf_err_set(err, RF_ELIMIT, "more than %d files", PACK_MAX_FILES);
	to = rf_vec_add(&tree->entries);
	if (!to)
		return rf_err_nomem(err);
	*to = *entry;
	to->path = rf_arena_str(tree->arena, (struct rf_str){clean, len});
	to->link = rf_arena_str(tree->arena, entry->link.ptr ? entry->link : RF_STR(""));
	to->source = rf_arena_str(tree->arena, entry->source.ptr ? entry->source : RF_STR(""));
	return to->path.ptr && to->link.ptr && to->source.ptr ? RF_OK : rf_err_nomem(err);
}

static int read_content(int fd, char *content, size_t size, struct rf_err *err)
{
	for (size_t have = 0; have < size;) {
		ssize_t n = read(fd, content + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rf_err_sys(err, errno, "read");
		if (n == 0)
			return rf_err_set(err, RF_EIO, "it became shorter while it was read");
		have += (size_t)n;
	}
	return RF_OK;
}

/* Room for a file; a large one in large pages, which cost a fault each instead of 512. */
static char *new_content(uint64_t size)
{
	char *content;

	if (size < HUGE_PAGE)
		return malloc((size_t)size + 1);
	content = aligned_alloc(HUGE_PAGE, (size_t)((size / HUGE_PAGE + 1) * HUGE_PAGE));
	if (content)
		(void)madvise(content, (size_t)size, MADV_HUGEPAGE);
	return content;
}

static int open_regular(int dir_fd, const char *path, struct stat *st, struct rf_err *err)
{
	AUTO_FD fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && errno == ENOENT)
		return rf_err_set(err, RF_EABSENT, "no such file");
	if (fd < 0 || fstat(fd, st) < 0)
		return rf_err_sys(err, errno, "open");
	if (!S_ISREG(st->st_mode))
		return rf_err_set(err, RF_EINPUT, "not a regular file");
	return TAKE_FD(fd);
}

int pack_tree_load(struct pack_tree *tree, int dir_fd, const char *path, struct rf_str *ret,
	unsigned *ret_mode, struct rf_err *err)
{
	struct stat st;
	AUTO_FREE char *content = NULL;
	AUTO_FD fd = open_regular(dir_fd, path, &st, err);
	uint64_t size;
	int rc;

	if (fd < 0)
		return fd;
	size = (uint64_t)st.st_size;
	if (size > PACK_MAX_BYTES - tree->bytes)
		return rf_err_set(err, RF_ELIMIT, "more than %llu bytes in all",
			(unsigned long long)PACK_MAX_BYTES);
	content = new_content(size);
	if (!content)
		return rf_err_nomem(err);
	rc = read_content(fd, content, (size_t)size, err);
	if (rc < 0)
		return rc;
	if (!rf_vec_push(&tree->loaded, content))
		return rf_err_nomem(err);
	*ret = (struct rf_str){TAKE_PTR(content), (size_t)size};
	*ret_mode = st.st_mode & 0100 ? 0755 : 0644;
	tree->bytes += size;
	return RF_OK;
}

/* --- finishing --- */

static int compare_entries(const void *a, const void *b)
{
	const struct pack_entry *x = a, *y = b;
	int order = rf_str_cmp(x->path, y->path);

	return order ? order : (int)y->is_dir - (int)x->is_dir;
}

static int add_parents(struct pack_tree *tree, struct rf_err *err)
{
	size_t count = tree->entries.count;

	for (size_t i = 0; i < count; i++) {
		struct rf_str path = tree->entries.items[i].path;

		for (size_t at = 1; at < path.len; at++) {
			struct pack_entry dir = {.path = {path.ptr, at},
				.mode = DIR_MODE,
				.origin = PACK_PUBLIC,
				.is_dir = true};

			if (path.ptr[at] == '/' && !rf_vec_push(&tree->entries, dir))
				return rf_err_nomem(err);
		}
	}
	return RF_OK;
}

/* A directory may be named often, everything else once. */
static int drop_repeated(struct pack_tree *tree, struct rf_err *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < tree->entries.count; i++) {
		struct pack_entry *it = &tree->entries.items[i];
		struct pack_entry *last = kept ? &tree->entries.items[kept - 1] : NULL;

		if (!last || !rf_str_eq(last->path, it->path)) {
			tree->entries.items[kept++] = *it;
			continue;
		}
		if (last->is_dir && it->is_dir)
			continue;
		return rf_err_set(err, RF_EINPUT, "/" RF_STR_FMT " would be in the image %s",
			RF_STR_ARG(it->path),
			last->is_dir ? "as a directory and as a file" : "twice");
	}
	tree->entries.count = kept;
	return RF_OK;
}

int pack_tree_finish(struct pack_tree *tree, struct rf_err *err)
{
	int rc = add_parents(tree, err);

	if (rc < 0)
		return rc;
	qsort(tree->entries.items, tree->entries.count, sizeof(*tree->entries.items),
		compare_entries);
	return drop_repeated(tree, err);
}

void pack_tree_write(const struct pack_tree *tree, struct pack_tar *tar)
{
	rf_vec_each (it, &tree->entries) {
		if (it->is_dir)
			pack_tar_add_dir(tar, it->path, it->mode);
		else if (it->link.len)
			pack_tar_add_symlink(tar, it->path, it->link);
		else
			pack_tar_add_file(tar, it->path, it->mode, it->content);
	}
	pack_tar_end(tar);
}
