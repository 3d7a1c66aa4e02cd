/* From a registry into the store: download, then the same import as from a file. */
#ifndef RF_IMAGE_REGISTRY_PULL_H
#define RF_IMAGE_REGISTRY_PULL_H

#include "image/import.h"
#include "image/registry/registry.h"

/*
 * Downloads into STORE/fetch/HEX, which goes when the image is in the store and stays when the
 * download was interrupted, so that the next call goes on; what nobody has come back for within
 * PULL_KEEP_SECONDS is removed. The image gets the reference for a name unless import->name says
 * otherwise. import may be NULL. Needs root, as importing does.
 */
#define PULL_KEEP_SECONDS (7 * 24 * 3600)
int image_pull(struct image_store *store, const char *reference, const struct registry_opts *opts,
	const struct image_import_opts *import, struct image **ret, struct rf_err *err) RF_MUST_USE;

#endif
