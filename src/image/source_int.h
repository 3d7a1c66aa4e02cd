/*
 * An archive or layout directory that an image is read from, and what "image-read" has found in it.
 * The parent's side: it opens files and passes descriptors, and parses nothing.
 */
#ifndef RF_IMAGE_SOURCE_INT_H
#define RF_IMAGE_SOURCE_INT_H

#include "image/roles_int.h"

struct image_source {
	int fd; /* the archive, or the layout's directory; -1: none */
	bool is_dir;
	int spool_fd; /* the caller's choice of an unlinked file: what a compressed archive becomes
		       */
	struct rf_arena *arena;
	struct image_found found; /* in arena */
};

#define IMAGE_SOURCE_INIT                \
	{                                \
		.fd = -1, .spool_fd = -1 \
	}

/* An archive needs spool_fd before image_source_read(). */
int image_source_open(
	struct image_source *source, const char *path, struct rf_err *err) RF_MUST_USE;
void image_source_done(struct image_source *source);

/* Runs image-read; fills found. */
int image_source_read(
	struct image_source *source, const struct image_wish *wish, struct rf_err *err) RF_MUST_USE;
/* The descriptor that holds a layer's range; *ret_owned is to be closed, or -1. */
int image_source_layer(
	struct image_source *source, size_t layer, int *ret_owned, struct rf_err *err) RF_MUST_USE;

#endif
