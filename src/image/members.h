/*
 * The files that make up an image, by name: of an archive (indexed in one pass over its headers)
 * or of a directory. What chooses an image from them (image/select.h) knows only this.
 */
#ifndef RF_IMAGE_MEMBERS_H
#define RF_IMAGE_MEMBERS_H

#include "base/buf.h"
#include "image/stream.h"

#define IMAGE_MAX_MEMBERS 20000
#define IMAGE_MEMBER_SIZE 512 /* a member's name with its NUL */

struct image_members {
	/* Where name's bytes are: RF_EABSENT when it is not there. ret->fd stays the members'. */
	int (*find)(void *ctx, const char *name, struct image_range *ret, struct rf_err *err);
	void *ctx;
};

/* All of a small member; at most max bytes (RF_ELIMIT). */
int image_member_read(const struct image_members *members, const char *name, size_t max,
	struct rf_buf *out, struct rf_err *err) RF_MUST_USE;

/* The index of a plain tar in range (kept by value). */
struct image_index;
int image_index_open(
	const struct image_range *range, struct image_index **ret, struct rf_err *err) RF_MUST_USE;
void image_index_free(struct image_index *index);
void image_index_freep(struct image_index **index);
struct image_members image_index_members(struct image_index *index);

#endif
