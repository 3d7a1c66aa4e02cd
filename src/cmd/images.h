/* Imports, with what the user sees of them. */
#ifndef RF_CMD_IMAGES_H
#define RF_CMD_IMAGES_H

#include "host/instance.h"
#include "image/import.h"
#include "image/registry/registry.h"
#include "kube/load.h"

/*
 * image_import() with a line of progress on a terminal, and notes; opts' progress and ctx are not
 * used.
 */
int images_import(struct image_store *store, const char *path, const struct image_import_opts *opts,
	struct image **ret, struct rf_err *err) RF_MUST_USE;

/* The same for what a registry has (image/registry/pull.h); registry's progress and ctx as well. */
int images_pull(struct image_store *store, const char *reference,
	const struct registry_opts *registry, const struct image_import_opts *opts,
	struct image **ret, struct rf_err *err) RF_MUST_USE;
/* True when text can only be meant as a reference: it is no path, and no file is there. */
bool images_is_reference(const char *text);

/* registry_opts' idle_ms for a --timeout in seconds (0: not given), an hour at most. */
unsigned images_idle_ms(uint64_t seconds);

/* A line of progress for what goes to or comes from a registry; nothing without a terminal. */
struct images_transfer {
	const char *what; /* "downloading", "uploading" */
	const char *name;
	bool shown;
	uint64_t last_ms;
};
/* For registry_opts' progress, with a struct images_transfer as ctx. */
void images_show_transfer(void *ctx, const struct registry_progress *now);
void images_wipe_transfer(struct images_transfer *transfer);

/*
 * Brings in what the set's manifests name by a path and what has changed since it was brought in
 * last (host/image_paths.h). A file that is not there, or is no sound image, is an error in diags,
 * at the place that names it.
 */
int images_bring(struct kube_set *set, const struct instance *inst, struct rf_diags *diags,
	struct rf_err *err) RF_MUST_USE;

#endif
