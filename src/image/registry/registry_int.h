/* The parent's side: the children of one registry object, and what they are given. */
#ifndef RF_IMAGE_REGISTRY_REGISTRY_INT_H
#define RF_IMAGE_REGISTRY_REGISTRY_INT_H

#include "base/arena.h"
#include "base/vec.h"
#include "image/registry/fetch_int.h"

/* What a reference means: where to ask for what. */
struct registry_target {
	char name[IMAGE_REF_SIZE];	 /* normalised */
	char key[IMAGE_REF_SIZE];	 /* of the registry in config.json: "docker.io" */
	char host[WIRE_HOST_SIZE];	 /* to connect to */
	uint16_t port;			 /* 0: the scheme's */
	bool loopback;			 /* http without asking */
	char repository[IMAGE_REF_SIZE]; /* "library/nginx" */
	char reference[IMAGE_REF_SIZE];	 /* a tag, or a digest */
};

int registry_target_parse(
	const char *reference, struct registry_target *ret, struct rf_err *err) RF_MUST_USE;

struct worker {
	struct proc_child child;
	bool busy;
	size_t item; /* what it works at; see blobs.c */
	int fd;	     /* the file it writes into; -1: none */
	uint64_t done_bytes;
};

struct registry {
	struct registry_opts opts;
	struct registry_target target;
	bool push;
	enum fetch_tls tls;
	struct rf_buf roots; /* PEM */
	struct registry_credentials credentials;
	struct rf_str authorization; /* what the first child has got */
	struct worker workers[REGISTRY_MAX_PARALLEL];
	bool near; /* the registry is at an address of this machine or link */
	struct rf_arena *arena;
	struct registry_image image;
	RF_VEC(struct registry_referrer) referrers;
	int source_fd; /* of a push: the layout's directory; -1: none */
};

/* Without any child yet. */
int registry_new(const char *reference, const struct registry_opts *opts, bool push,
	struct registry **ret, struct rf_err *err) RF_MUST_USE;

/* For a host, without a repository and without credentials. */
int registry_new_at(const struct registry_target *target, const struct registry_opts *opts,
	enum fetch_tls tls, struct registry **ret, struct rf_err *err) RF_MUST_USE;

/* The certificates of authorities: the machine's, and opts' in addition. */
int registry_read_roots(
	const struct registry_opts *opts, struct rf_buf *out, struct rf_err *err) RF_MUST_USE;
/* The user's credentials for key; none is fine, too. */
int registry_read_credentials(const struct registry_opts *opts, const char *key,
	struct registry_credentials *ret, struct rf_err *err) RF_MUST_USE;

/* Starts the worker's child unless it runs, and sets it up. */
int worker_start(struct registry *registry, struct worker *worker, struct rf_err *err) RF_MUST_USE;
/*
 * Receives one message and serves it if it is a request. 0: served; 1: *frame is a result for the
 * caller (FETCH_FAILED is not: it comes back as its error); RF_E* otherwise.
 */
int worker_step(struct registry *registry, struct worker *worker, struct frame *frame,
	struct rf_err *err) RF_MUST_USE;
/* Serves until FETCH_DONE; hands every other result to take. */
int worker_finish(struct registry *registry, struct worker *worker,
	int (*take)(void *ctx, const struct frame *frame, struct rf_err *err), void *ctx,
	struct rf_err *err) RF_MUST_USE;

/* A socket connected to host, or RF_E*. */
int registry_connect(
	struct registry *registry, const char *host, uint16_t port, struct rf_err *err) RF_MUST_USE;

/* Where blobs are written, and what becomes of them. */
struct registry_sink {
	/* A file for the layer, readable and writable, which may hold a beginning. */
	int (*open)(void *ctx, size_t layer, struct rf_err *err);
	registry_ready_fn ready;
	void *ctx;
	const struct registry_follower *follower; /* NULL: none */
};
int registry_fetch(struct registry *registry, const size_t *which, size_t count,
	const struct registry_sink *sink, struct rf_err *err) RF_MUST_USE;

#endif
