/*
 * The role "image-fetch" and its parent: what they say to each other. A child knows one registry
 * and one repository; it is told so once (FETCH_SETUP), and then does one task after the other.
 */
#ifndef RF_IMAGE_REGISTRY_FETCH_INT_H
#define RF_IMAGE_REGISTRY_FETCH_INT_H

#include "image/registry/auth.h"
#include "image/registry/registry.h"
#include "proc/frame.h"
#include "proc/role.h"

enum fetch_msg {
	/* Tasks, to the child. Each ends with FETCH_DONE or FETCH_FAILED. */
	FETCH_SETUP = 1, /* see fetch_setup_put(); has no answer */
	FETCH_RESOLVE,	 /* str tag or digest, str platform ("": any) */
	FETCH_BLOB,	 /* digest, u64 size; descriptor: the file, which may hold a beginning */
	FETCH_FILE,	 /* str path and query, u64 most bytes; descriptor: the file */
	FETCH_REFERRERS, /* digest */
	FETCH_PUSH,	 /* see fetch_push_put(); descriptors: archive and spool, or none */
	/* Requests, from the child, and their answers. */
	FETCH_WANT_CONNECT, /* str host, u64 port */
	FETCH_CONNECTED,    /* descriptor: the socket */
	FETCH_REFUSED,	    /* an error, instead */
	FETCH_WANT_MEMBER,  /* str name of a file of the layout directory */
	FETCH_MEMBER,	    /* descriptor, or none when there is no such file */
	/* Results, from the child. */
	FETCH_ROOT,	/* raw bytes of what the reference means: an index or a manifest */
	FETCH_INDEX,	/* raw bytes of an index on the way to the manifest */
	FETCH_MANIFEST, /* raw bytes */
	FETCH_CONFIG,	/* raw bytes */
	FETCH_IMAGE,	/* see fetch_image_put() */
	FETCH_REFERRER, /* digest, u64 size, str media type, str artifact type */
	FETCH_PROGRESS, /* u64 bytes, u64 of how many */
	FETCH_DONE,	/* str digest, or "" */
	FETCH_FAILED,	/* an error */
};

#define FETCH_MAX_REFERRERS 1000

enum fetch_tls {
	FETCH_HTTP,
	FETCH_HTTPS,
	FETCH_EITHER, /* https, unless the other end speaks no TLS: on loopback only */
};

struct fetch_setup {
	struct rf_str host;	  /* to connect to */
	uint64_t port;		  /* 0: the scheme's */
	struct rf_str repository; /* "library/nginx" */
	uint64_t tls;		  /* enum fetch_tls */
	uint64_t plain_http;	  /* http to other hosts, too */
	uint64_t push;		  /* wants to write */
	uint64_t idle_ms;
	struct rf_str user, password, identity_token;
	struct rf_str authorization; /* what another child has got already; "" */
	struct rf_str roots;	     /* PEM */
};

void fetch_setup_put(struct rf_buf *buf, const struct fetch_setup *setup);
/* Views into payload. */
int fetch_setup_get(struct rf_str payload, struct fetch_setup *ret, struct rf_err *err) RF_MUST_USE;

void fetch_digest_put(struct rf_buf *buf, const struct image_digest *digest);
void fetch_digest_get(struct frame_reader *reader, struct image_digest *ret);
/* Short printable ASCII, as media types end up in index.json and on terminals; a copy in arena. */
struct rf_arena;
struct rf_str fetch_printable_get(struct frame_reader *reader, struct rf_arena *arena);

void fetch_image_put(
	struct rf_buf *buf, const struct registry_image *image, struct rf_str authorization);
/* All but name, manifest and config; strings are copied into arena. Checks everything. */
int fetch_image_get(struct rf_str payload, struct rf_arena *arena, struct registry_image *ret,
	struct rf_str *ret_authorization, struct rf_err *err) RF_MUST_USE;

struct fetch_push {
	uint64_t is_dir;
	struct rf_str reference; /* a tag or digest: what it will be known by */
	struct rf_str name;	 /* the whole reference, to choose among several images by */
	struct rf_str select, mount_from; /* "": none */
	uint64_t no_referrers;
};

void fetch_push_put(struct rf_buf *buf, const struct fetch_push *push);
int fetch_push_get(struct rf_str payload, struct fetch_push *ret, struct rf_err *err) RF_MUST_USE;

int fetch_child_start(struct proc_child *ret, struct rf_err *err) RF_MUST_USE;

#endif
