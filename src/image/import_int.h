/* An import under way: the parent's side. */
#ifndef RF_IMAGE_IMPORT_INT_H
#define RF_IMAGE_IMPORT_INT_H

#include "image/import.h"
#include "image/roles_int.h"
#include "image/store_int.h"

struct import {
	struct image_store *store;
	int lock_fd; /* held to the end, also while tidying up */
	const struct image_import_opts *opts;
	struct rf_arena *arena;
	char source_path[STORE_NAME_SIZE]; /* absolute */
	char stamp[STORE_STAMP_SIZE];
	int source_fd; /* the archive, or the layout's directory */
	bool is_dir;
	int spool_fd;  /* an unlinked file for what a compressed archive unpacks to */
	char *staging; /* tmp/XXXXXX */
	struct image_found found;
	struct image_progress progress;
};

void import_tell(struct import *import, enum image_stage stage, const char *text);

/* Runs image-read; fills import->found. */
int import_read(struct import *import, struct rf_err *err) RF_MUST_USE;
/* Unpacks the layers that the store lacks into the staging directory, a few at once. */
int import_unpack(struct import *import, struct rf_err *err) RF_MUST_USE;
/* Path of a layer's staged directory (heap). */
char *import_staged_layer(const struct import *import, size_t layer) RF_MUST_USE;
/* True when the store has the layer, or an earlier layer of this image is the same. */
bool import_has_layer(const struct import *import, size_t layer);

#endif
