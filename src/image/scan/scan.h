/*
 * Scans an image: what is inside, what is known to be bad about it. Targets are OCI layouts and
 * archives, docker save archives, images of a store or a registry, root directories and single
 * files.
 *
 * Everything untrusted is read by confined children ("image-read" chooses the image, "image-scan"
 * reads its layers); this side passes descriptors and checks the report that comes back.
 */
#ifndef RF_IMAGE_SCAN_SCAN_H
#define RF_IMAGE_SCAN_SCAN_H

#include "image/scan/report.h"
#include "image/store.h"

enum scan_stage {
	SCAN_STAGE_READ, /* looking for the image */
	SCAN_STAGE_SCAN, /* layers: done_bytes of total_bytes (as stored) */
};

struct scan_progress {
	enum scan_stage stage;
	size_t layer, layer_count;
	uint64_t done_bytes, total_bytes;
};

struct registry_opts;
struct vuln_db;

struct scan_opts {
	struct vuln_db *db;	   /* NULL: nothing is matched */
	bool no_secrets;	   /* do not look for secrets */
	const char *select;	   /* which of several images; may be NULL */
	const char *platform;	   /* "linux/arm64"; NULL: this machine's, else what there is */
	struct image_store *store; /* where names are looked up; may be NULL */
	const struct registry_opts *registry; /* how registries are asked; may be NULL */
	int64_t now_s;			      /* Unix time, for the age of the database */
	void (*progress)(void *ctx, const struct scan_progress *progress); /* may be NULL */
	void *ctx;
};

/*
 * target is a path, else a name or digest of an image in the store, else a reference to one in a
 * registry. RF_EABSENT: there is none of all that. Errors of the image name the layer.
 */
int scan_target(const char *target, const struct scan_opts *opts, struct scan_report **ret,
	struct rf_err *err) RF_MUST_USE;

/* An image of the store. */
int scan_image(const struct image *image, const char *target, const struct scan_opts *opts,
	struct scan_report **ret, struct rf_err *err) RF_MUST_USE;

#endif
