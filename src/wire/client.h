/*
 * An HTTP/1.1 client for a process that does one thing at a time: requests with a body from memory
 * or from a range of a file, answers read piece by piece. Connections are kept for the next
 * request to the same origin. It opens no socket itself: the caller's function does.
 *
 * Redirects of GET and HEAD are followed, WIRE_MAX_REDIRECTS of them: never from https to http,
 * and the authorization goes to the origin that was asked and to no other. http is spoken to
 * loopback hosts only, unless plain_http is set.
 */
#ifndef RF_WIRE_CLIENT_H
#define RF_WIRE_CLIENT_H

#include "wire/http1.h"
#include "wire/tls.h"
#include "wire/url.h"

#define WIRE_MAX_REDIRECTS  5
#define WIRE_REQUEST_FIELDS 8
/* Content that comes slower than this, over a time of idle_ms, ends the request. */
#define WIRE_MIN_BYTES_PER_SECOND 512

struct wire_client_opts {
	/* A connected stream socket, or RF_E*. */
	int (*connect)(void *ctx, const char *host, uint16_t port, struct rf_err *err);
	void *ctx;
	struct wire_tls_ctx *tls; /* borrowed; NULL: https is RF_EDENIED */
	bool plain_http;	  /* to any host */
	unsigned idle_ms;	  /* for a handshake, a head, or the next piece of content */
	const char *agent;	  /* User-Agent */
};

struct wire_client;

int wire_client_new(const struct wire_client_opts *opts, struct wire_client **ret,
	struct rf_err *err) RF_MUST_USE;
void wire_client_free(struct wire_client *client);
void wire_client_freep(struct wire_client **client);
#define AUTO_WIRE_CLIENT CLEANUP(wire_client_freep) struct wire_client

struct wire_request {
	const char *method;
	const struct wire_url *url;
	struct rf_str authorization; /* a field value; absent: none */
	/* Host, Content-Length, User-Agent and Authorization are the client's. */
	struct http1_field fields[WIRE_REQUEST_FIELDS];
	size_t field_count;
	bool has_body;
	struct rf_str body; /* when body_fd is -1 */
	int body_fd;	    /* read by pread */
	uint64_t body_offset, body_len;
	/* Called with the bytes of the body sent so far; may be NULL. */
	void (*sent)(void *ctx, uint64_t len);
	void *sent_ctx;
};

struct wire_response {
	struct http1_head head;
	struct wire_url url; /* that answered, after redirects */
};

/*
 * Sends and reads the head of the answer, whatever its status is. The answer is the client's,
 * valid until the next request. What is left of the last answer is read or dropped.
 */
int wire_client_ask(struct wire_client *client, const struct wire_request *request,
	const struct wire_response **ret, struct rf_err *err) RF_MUST_USE;

/*
 * The next piece of content, valid until the next call: its length, 0 at the end, RF_EIO when the
 * connection was cut before the end, RF_ELIMIT when it is too slow, RF_EINPUT when malformed.
 */
ssize_t wire_client_read(
	struct wire_client *client, const void **ret, struct rf_err *err) RF_MUST_USE;

struct rf_buf;
/* All content into out; at most out->max bytes (RF_ELIMIT). */
int wire_client_read_all(
	struct wire_client *client, struct rf_buf *out, struct rf_err *err) RF_MUST_USE;

#endif
