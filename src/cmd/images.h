/* Imports, with what the user sees of them. */
#ifndef RF_CMD_IMAGES_H
#define RF_CMD_IMAGES_H

#include "host/instance.h"
#include "image/import.h"
#include "kube/load.h"

/*
 * image_import() with a line of progress on a terminal, and notes; opts' progress and ctx are not
 * used.
 */
int images_import(struct image_store *store, const char *path, const struct image_import_opts *opts,
	struct image **ret, struct rf_err *err) RF_MUST_USE;

/*
 * Brings in what the set's manifests name by a path and what has changed since it was brought in
 * last (host/image_paths.h). A file that is not there, or is no sound image, is an error in diags,
 * at the place that names it.
 */
int images_bring(struct kube_set *set, const struct instance *inst, struct rf_diags *diags,
	struct rf_err *err) RF_MUST_USE;

#endif
