/*
 * Brings an image into a store: an OCI image layout (directory or tar archive), or a `docker save`
 * archive of either age; archives may be compressed as a whole, layers may be plain, gzip or zstd.
 *
 * The archive, its JSON and its layers are parsed by confined children only (roles "image-read"
 * and "image-unpack"). Needs root: files of a layer keep their owners.
 */
#ifndef RF_IMAGE_IMPORT_H
#define RF_IMAGE_IMPORT_H

#include "image/store.h"

enum image_stage {
	IMAGE_STAGE_READ,   /* looking for the image in the archive */
	IMAGE_STAGE_UNPACK, /* layers, several at once: done_bytes of total_bytes (as stored) */
	IMAGE_STAGE_SYNC,   /* waiting for the disk */
	IMAGE_STAGE_NOTE,   /* text is for the user: an entry was left out */
};

struct image_progress {
	enum image_stage stage;
	size_t layer;	    /* layers finished */
	size_t layer_count; /* layers to unpack; those the store has already are not counted */
	uint64_t done_bytes, total_bytes;
	const char *text; /* IMAGE_STAGE_NOTE; printable */
};

typedef void (*image_progress_fn)(void *ctx, const struct image_progress *progress);

struct image_import_opts {
	/*
	 * The name to import under. NULL: the names that the archive gives; if it gives none, the
	 * image is found by its path only.
	 */
	const char *name;
	/* Which of several images (a name in the archive, or a digest). NULL: the one that .name
	 * names, or the only one; otherwise RF_EINPUT listing the names. */
	const char *select;
	image_progress_fn progress; /* may be NULL */
	void *ctx;
};

/* opts may be NULL. *ret (when ret is not NULL) is the image, to be freed with image_free(). */
int image_import(struct image_store *store, const char *path, const struct image_import_opts *opts,
	struct image **ret, struct rf_err *err) RF_MUST_USE;

#endif
