/*
 * Images in registries (OCI distribution-spec 1.1, and Docker's registries): what an image
 * consists of, its blobs, pulls into an OCI layout, pushes with referrers.
 *
 * What a registry says is parsed in confined children only (role "image-fetch": nobody, no files,
 * no sockets of its own). The caller's process resolves names and connects at their request, and
 * hands them the sockets and the files to write into. Blobs are verified by the children, and by
 * whoever unpacks them once more.
 *
 * References are names as in image/ref.h. Docker Hub's docker.io is asked at registry-1.docker.io.
 * http is spoken to localhost, or with .plain_http; otherwise TLS, verified by the machine's
 * certificates ($SSL_CERT_FILE instead, .ca_file in addition).
 */
#ifndef RF_IMAGE_REGISTRY_REGISTRY_H
#define RF_IMAGE_REGISTRY_REGISTRY_H

#include "base/err.h"
#include "image/digest.h"
#include "image/ref.h"

#define REGISTRY_MAX_BLOB     ((uint64_t)64 << 30)
#define REGISTRY_MAX_PARALLEL 4
#define REGISTRY_IDLE_MS      30000

struct registry_progress {
	size_t done_count, count; /* blobs */
	uint64_t done_bytes, total_bytes;
};

struct registry_opts {
	const char
		*docker_config; /* NULL: $DOCKER_CONFIG/config.json, else ~/.docker/config.json */
	const char *ca_file;	/* PEM, trusted in addition; NULL: none */
	bool plain_http;
	const char *platform; /* "linux/arm64[/v8]"; NULL: this machine's */
	const char *temp_dir; /* for blobs; NULL: $TMPDIR, else /var/tmp */
	unsigned idle_ms;     /* longest silence of the other end; 0: REGISTRY_IDLE_MS */
	void (*progress)(void *ctx, const struct registry_progress *progress); /* may be NULL */
	void *ctx;							       /* for progress */
};

struct registry_blob {
	struct image_digest digest;
	uint64_t size;
	struct rf_str media_type;
};

/* Views end with a NUL and live as long as the registry object. */
struct registry_image {
	struct rf_str name;		/* the reference, normalised */
	struct image_digest digest;	/* of the manifest, after the choice of a platform */
	struct rf_str media_type;	/* of the manifest */
	struct rf_str manifest, config; /* as they came, verified */
	struct image_digest config_digest;
	struct registry_blob *layers; /* bottom first */
	size_t layer_count;
};

struct registry;

/*
 * Asks for the image that reference means here. RF_EABSENT: no such image; RF_EDENIED: the
 * registry wants credentials, or cannot be trusted; RF_EUNSUPPORTED: not for this platform.
 * opts (may be NULL) and what it points to must live as long as *ret.
 */
int registry_open(const char *reference, const struct registry_opts *opts, struct registry **ret,
	struct rf_err *err) RF_MUST_USE;
void registry_free(struct registry *registry);
void registry_freep(struct registry **registry);
#define AUTO_REGISTRY CLEANUP(registry_freep) struct registry

const struct registry_image *registry_image(const struct registry *registry);

/* Takes over fd: a complete, verified blob, in an unlinked file. Negative stops. */
typedef int (*registry_ready_fn)(void *ctx, size_t layer, int fd, struct rf_err *err);
/*
 * Fetches the layers that which names, several at once, and calls ready for each in the order of
 * completion. Interrupted downloads go on where they were.
 */
int registry_fetch_blobs(struct registry *registry, const size_t *which, size_t count,
	registry_ready_fn ready, void *ctx, struct rf_err *err) RF_MUST_USE;

/* For who reads files while they are being written. */
struct registry_follower {
	registry_ready_fn ready;
	/* The layer's file, which stays the registry's, has so many bytes, none of which is
	 * verified; fewer than before when a download began anew. */
	int (*grown)(void *ctx, size_t layer, int fd, uint64_t bytes, struct rf_err *err);
	/* Another descriptor to wait for meanwhile, or -1; and what then. */
	int (*watched)(void *ctx);
	int (*readable)(void *ctx, struct rf_err *err);
	void *ctx;
	unsigned parallel; /* downloads at once; 0: REGISTRY_MAX_PARALLEL */
};
/* The same, followed. */
int registry_follow_blobs(struct registry *registry, const size_t *which, size_t count,
	const struct registry_follower *follower, struct rf_err *err) RF_MUST_USE;

/*
 * Writes the image as an OCI layout into dir, which is made when it is not there. What an earlier,
 * interrupted call has left in dir is used. The layout gives the image its reference for a name.
 */
int registry_save_layout(
	struct registry *registry, const char *dir, struct rf_err *err) RF_MUST_USE;

/* An artifact that refers to an image: an SBOM, a signature, VEX statements. */
struct registry_referrer {
	struct registry_blob manifest;
	struct rf_str artifact_type; /* "" when the registry does not say */
};
/* Of the opened image; by the referrers API or the fallback tag. They live with registry. */
int registry_referrers(struct registry *registry, const struct registry_referrer **ret,
	size_t *ret_count, struct rf_err *err) RF_MUST_USE;

struct registry_push {
	const char *select;	/* which image of several: a digest or name; NULL: the only one */
	const char *mount_from; /* a repository of the same registry that may have the blobs */
	bool no_referrers;	/* leaves out what refers to the image in the layout */
};

/*
 * Pushes an OCI layout (a directory or an archive of one) to reference: blobs that the registry
 * lacks, manifests, indexes, and artifacts whose subject is among them. ret_digest is the digest
 * of what the reference means then. push may be NULL.
 */
int registry_push(const char *reference, const char *path, const struct registry_push *push,
	const struct registry_opts *opts, struct image_digest *ret_digest,
	struct rf_err *err) RF_MUST_USE;

#endif
