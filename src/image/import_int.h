/* An import under way: the parent's side. */
#ifndef RF_IMAGE_IMPORT_INT_H
#define RF_IMAGE_IMPORT_INT_H

#include "image/import.h"
#include "image/source_int.h"
#include "image/store_int.h"

struct import {
	struct image_store *store;
	int lock_fd; /* held to the end, also while tidying up */
	const struct image_import_opts *opts;
	char source_path[STORE_NAME_SIZE]; /* absolute */
	char stamp[STORE_STAMP_SIZE];
	struct image_source source;
	char *staging; /* tmp/XXXXXX */
	struct image_progress progress;
};

void import_tell(struct import *import, enum image_stage stage, const char *text);
/* Unpacks the layers that the store lacks into the staging directory, a few at once. */
int import_unpack(struct import *import, struct rf_err *err) RF_MUST_USE;
/* Path of a layer's staged directory (heap). */
char *import_staged_layer(const struct import *import, size_t layer) RF_MUST_USE;
/* True when the store has the layer, or an earlier layer of this image is the same. */
bool import_has_layer(const struct import *import, size_t layer);

#endif
