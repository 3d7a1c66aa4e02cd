/*
 * A directory tree under construction, or already built, that nobody is trusted about: every path
 * is resolved by the kernel inside one root (openat2 with RESOLVE_IN_ROOT), so that no symbolic
 * link in it leads out.
 */
#ifndef RF_IMAGE_TREE_H
#define RF_IMAGE_TREE_H

#include "image/archive.h"

struct image_tree {
	int root_fd; /* the caller's */
	/* The directory that was used last: entries come directory by directory. */
	int parent_fd; /* -1: none */
	size_t parent_len;
	char parent[IMAGE_MAX_PATH + 1];
};

void image_tree_init(struct image_tree *tree, int root_fd);
void image_tree_done(struct image_tree *tree);
/* After something was removed: what is remembered may be gone. */
void image_tree_forget(struct image_tree *tree);

/* openat2 with flags below root_fd; a descriptor or -1 and errno. */
int image_open_in_root(int root_fd, const char *path, int flags);
/* The same, but any symbolic link in path is an error (ELOOP). */
int image_open_plain(int root_fd, const char *path, int flags);
/* A regular file of an image's directory, O_RDONLY; RF_EABSENT when there is none. */
int image_open_regular(int root_fd, const char *path, struct rf_err *err) RF_MUST_USE;

/*
 * The directory that path (cleaned, not empty) is in, O_PATH; missing directories are made when
 * make is set. The descriptor stays the tree's, until the next call. *ret_leaf points into path.
 * -1 and errno on failure.
 */
int image_tree_parent(
	struct image_tree *tree, struct rf_str path, bool make, const char **ret_leaf);

#endif
