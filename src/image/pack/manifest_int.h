/* The JSON documents of an image: config, manifests, index.json, docker save's manifest.json. */
#ifndef RF_IMAGE_PACK_MANIFEST_INT_H
#define RF_IMAGE_PACK_MANIFEST_INT_H

#include "base/buf.h"
#include "image/pack/pack.h"

#define MEDIA_CONFIG   "application/vnd.oci.image.config.v1+json"
#define MEDIA_LAYER    "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_INDEX    "application/vnd.oci.image.index.v1+json"
#define MEDIA_EMPTY    "application/vnd.oci.empty.v1+json"

struct pack_blob {
	const char *media_type; /* static, or as long as the image */
	struct image_digest digest;
	uint64_t size;
};

/* A document that refers to the image. */
struct pack_referrer {
	struct pack_blob manifest, document;
	struct rf_str manifest_text, document_text;
};

/* What index.json tells of an image. */
struct pack_names {
	const char *architecture; /* static */
	struct rf_str variant;	  /* "" for none */
	struct rf_str full;	  /* "docker.io/shop/app:1.0"; "" for none */
	struct rf_str given;	  /* "shop/app:1.0" */
};

/* Checked by reading it back. */
int pack_config_write(const struct pack_opts *opts, const struct pack_names *names,
	const char *program, const struct image_digest *diff_id, struct rf_buf *out,
	struct rf_err *err) RF_MUST_USE;
/* subject and artifact_type: NULL for an image. */
void pack_manifest_write(const struct pack_blob *config, const struct pack_blob *layer,
	const struct pack_blob *subject, const char *artifact_type, struct rf_buf *out);
void pack_index_write(const struct pack_blob *image, const struct pack_names *names,
	const struct pack_referrer *referrers, size_t count, struct rf_buf *out);
void pack_docker_write(const struct pack_blob *config, const struct pack_blob *layer,
	const struct pack_names *names, struct rf_buf *out);

#endif
