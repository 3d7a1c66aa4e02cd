/* What the two kinds of archives share in choosing an image. */
#ifndef RF_IMAGE_SELECT_INT_H
#define RF_IMAGE_SELECT_INT_H

#include "base/vec.h"
#include "image/json_int.h"
#include "image/select.h"

/* One image that the archive offers. */
struct candidate {
	struct image_digest digest; /* OCI: of the manifest */
	bool foreign;		    /* for another platform than is wished */
	uint64_t size;
	const struct doc_node *node; /* docker save: its row of manifest.json */
	RF_VEC(struct rf_str) names; /* as written, in the arena */
};

struct selection {
	const struct image_members *members;
	const struct image_wish *wish;
	struct rf_arena *arena;
	RF_VEC(struct candidate) candidates;
	size_t foreign_count; /* images for other platforms */
	size_t native_count;
};

void selection_done(struct selection *sel);
/* True when an operating system and architecture (absent views: not said) are not the wished. */
bool selection_is_foreign(const struct selection *sel, struct rf_str os, struct rf_str arch);
/* A new candidate; NULL with err set when there are too many. */
struct candidate *selection_add(struct selection *sel, struct rf_err *err);
/* A member into the arena. */
int selection_read(struct selection *sel, const char *name, struct rf_str *ret,
	struct rf_err *err) RF_MUST_USE;
/* The same for blobs/sha256/HEX, verified. */
int selection_read_blob(struct selection *sel, const struct image_digest *digest, uint64_t size,
	struct rf_str *ret, struct rf_err *err) RF_MUST_USE;

/* Reads the config that is in ret->config_raw; checks the platform and the number of layers. */
int selection_take_config(
	struct selection *sel, struct image_choice *ret, struct rf_err *err) RF_MUST_USE;
/* Finds the layer's member. */
int selection_take_layer(struct selection *sel, struct image_choice_layer *layer, uint64_t size,
	struct rf_err *err) RF_MUST_USE;
#define ANY_SIZE UINT64_MAX

/* Collect the candidates; RF_EABSENT when the archive is not of this kind. */
int select_oci(struct selection *sel, struct rf_err *err) RF_MUST_USE;
int select_docker(struct selection *sel, struct rf_err *err) RF_MUST_USE;
/* All about the one picked. */
int select_oci_fill(struct selection *sel, const struct candidate *picked, struct image_choice *ret,
	struct rf_err *err) RF_MUST_USE;
int select_docker_fill(struct selection *sel, const struct candidate *picked,
	struct image_choice *ret, struct rf_err *err) RF_MUST_USE;

#endif
