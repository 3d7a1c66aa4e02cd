/*
 * What an image says about how it wants to be run (OCI image-spec, config.md). Read with bounds
 * from untrusted JSON; written back in one canonical form, which is what the store keeps beside
 * the original bytes.
 */
#ifndef RF_IMAGE_CONFIG_H
#define RF_IMAGE_CONFIG_H

#include "base/arena.h"
#include "base/err.h"
#include "doc/decode.h"
#include "image/digest.h"

#define IMAGE_MAX_JSON	 ((size_t)4 << 20) /* bytes of a manifest, index or config */
#define IMAGE_MAX_LAYERS 127		   /* what Docker allows, too */
#define IMAGE_MAX_LIST	 4096		   /* items of Env, Cmd, Labels, ... */

struct image_config {
	struct rf_str architecture, os, variant, created;
	struct rf_str user;	   /* as written: "", "postgres", "1000:1000" */
	struct rf_str working_dir; /* absolute, or "" */
	struct rf_str stop_signal; /* "SIGTERM", "9", or "" */
	struct doc_strs env;	   /* "NAME=value" each, checked */
	struct doc_strs entrypoint;
	struct doc_strs cmd;
	struct doc_strs volumes;       /* absolute paths, sorted */
	struct doc_strs exposed_ports; /* "8080/tcp", sorted */
	struct doc_pairs labels;       /* sorted by key */
	struct image_digest *diff_ids; /* bottom first */
	size_t diff_id_count;
};

/* Reads the config JSON; everything in ret lives in arena. RF_EINPUT or RF_ELIMIT with what. */
int image_config_parse(struct rf_str json, struct rf_arena *arena, struct image_config *ret,
	struct rf_err *err) RF_MUST_USE;

struct rf_buf;
/* The canonical JSON, which image_config_parse reads back to the same values. */
void image_config_write(const struct image_config *config, struct rf_buf *out);

#endif
