/*
 * Which image of an OCI layout or a `docker save` archive, and what it consists of. Indexes are
 * followed to the manifest for this machine (linux and its architecture); attestations are no
 * images. Digests and sizes of manifests and configs are verified here; layers when unpacked.
 */
#ifndef RF_IMAGE_SELECT_H
#define RF_IMAGE_SELECT_H

#include "image/config.h"
#include "image/members.h"

#define IMAGE_MAX_INDEX_DEPTH 4
#define IMAGE_MAX_CANDIDATES  1024 /* images in one archive */
#define IMAGE_MAX_NAMES	      64   /* of one image */

struct image_choice_layer {
	char member[IMAGE_MEMBER_SIZE];
	bool has_digest; /* of the stored bytes; old `docker save` archives give none */
	struct image_digest digest;
	struct image_digest diff_id;
	struct image_range range;
};

struct image_choice {
	struct image_digest digest; /* of the manifest, or of the config where there is none */
	struct rf_str manifest;	    /* raw; empty for `docker save` */
	struct rf_str config_raw;
	struct image_config config;
	struct rf_str *names; /* normalised */
	size_t name_count;
	struct image_choice_layer *layers; /* bottom first */
	size_t layer_count;
};

struct image_wish {
	const char *select;   /* a name or digest in the archive; NULL: see prefer */
	const char *prefer;   /* a name that decides when there are several; may be NULL */
	const char *platform; /* "linux/arm64", "linux/arm/v7"; NULL: this machine's */
	bool any_platform;    /* with what is for others when there is nothing for that one */
};

/* "amd64", "arm64", ...: how OCI calls the architecture this program was built for. */
const char *image_host_architecture(void);

/* Everything in ret lives in arena. RF_EINPUT, listing the names, when several images remain. */
int image_select(const struct image_members *members, const struct image_wish *wish,
	struct rf_arena *arena, struct image_choice *ret, struct rf_err *err) RF_MUST_USE;

#endif
