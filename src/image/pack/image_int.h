/* A finished image: between what makes it (image.c) and what writes it (write.c). */
#ifndef RF_IMAGE_PACK_IMAGE_INT_H
#define RF_IMAGE_PACK_IMAGE_INT_H

#include "image/pack/manifest_int.h"
#include "image/pack/pack_int.h"

#define PACK_MAX_REFERRERS 16
#define PACK_EMPTY_TEXT	   "{}" /* the config of what is no image (image-spec, "empty descriptor") */

struct pack_image {
	struct rf_arena *arena;
	struct pack_tree tree;
	struct pack_tar layer_tar;
	int64_t epoch_s;
	struct pack_names names;
	struct pack_blob layer, config, manifest;
	struct rf_str config_text, manifest_text;
	struct pack_blob empty; /* when there are referrers */
	struct pack_referrer referrers[PACK_MAX_REFERRERS];
	size_t referrer_count;
};

#endif
