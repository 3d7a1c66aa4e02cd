/*
 * Writes a layer into a directory in the form that overlayfs takes as a lower layer: a whiteout
 * is a character device 0:0 (which needs no privilege since Linux 5.8). Opaque directories are
 * reported instead of marked: trusted.overlay.opaque needs CAP_SYS_ADMIN, which the process that
 * unpacks shall not have; its parent marks them afterwards.
 *
 * Owners, modes (setuid included), times, security.capability and user.* attributes are kept;
 * other attributes are not. Directories that entries need but the layer does not list are made,
 * root:root 0755. An entry replaces an earlier one of its name, as Docker does: whole trees, too,
 * unless both are directories. A name both added and whited out in one layer stays added; if it
 * is a directory, what lower layers have in it is hidden.
 */
#ifndef RF_IMAGE_UNPACK_H
#define RF_IMAGE_UNPACK_H

#include "image/layer.h"

struct image_unpack_report {
	/* A directory to mark opaque; path is relative to the root, "" is the root itself. */
	int (*opaque)(void *ctx, const char *path, struct rf_err *err);
	void (*note)(void *ctx, const char *text); /* may be NULL */
	void (*tick)(void *ctx);		   /* after every entry; may be NULL */
	void *ctx;
};

/* max_bytes bounds the sum of file sizes. *ret_bytes is that sum. */
int image_unpack(const struct image_input *tar, int root_fd, uint64_t max_bytes,
	const struct image_unpack_report *report, uint64_t *ret_bytes,
	struct rf_err *err) RF_MUST_USE;

#endif
