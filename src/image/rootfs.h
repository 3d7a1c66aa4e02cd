/*
 * An image's merged root as overlayfs will show it, without mounting it: files are looked up
 * through the layers from the top, honouring whiteouts and opaque directories; symbolic links are
 * resolved inside the root, never outside.
 */
#ifndef RF_IMAGE_ROOTFS_H
#define RF_IMAGE_ROOTFS_H

#include <sys/types.h>

#include "base/buf.h"
#include "image/store.h"

#define IMAGE_MAX_LINKS	 40 /* symbolic links in one lookup */
#define IMAGE_MAX_PASSWD ((size_t)4 << 20)
#define IMAGE_MAX_GIDS	 1024

/*
 * The value of overlayfs' lowerdir= (top first, ':' between; ':' and '\' escaped). mount(2) takes
 * a page of options: with many layers, open the directories and give /proc/self/fd/N instead.
 */
void image_lowerdirs(const struct image *image, struct rf_buf *out);

/* A descriptor for reading a regular file; RF_EABSENT when there is none, RF_EINPUT when path is
 * something else (a directory, a socket). path is taken from the root. */
int image_open_file(const struct image *image, const char *path, struct rf_err *err) RF_MUST_USE;

struct image_user {
	uid_t uid;
	gid_t gid;
	gid_t gids[IMAGE_MAX_GIDS]; /* supplementary, from /etc/group, without gid */
	size_t gid_count;
	char home[256]; /* "/" when the image has no entry for uid */
	char name[64];	/* "" when the image has no entry for uid */
};

/*
 * Resolves USER as Docker does: "", "name", "uid", "name:group", "uid:gid" in any mix. A number
 * needs no entry; a name that is not in /etc/passwd or /etc/group is RF_EINPUT. A user without
 * group gets the group of its passwd entry, else 0.
 */
int image_user_resolve(const struct image *image, struct rf_str user, struct image_user *ret,
	struct rf_err *err) RF_MUST_USE;

#endif
