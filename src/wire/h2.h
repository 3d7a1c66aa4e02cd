/*
 * The server's side of an HTTP/2 connection (RFC 9113), by nghttp2, without input and output of
 * its own: bytes that came go in, bytes to be sent come out. Made for peers that are not trusted:
 * everything that a peer can make it keep is bounded, and nothing is kept for a peer that does not
 * read (content is asked for when there is room for it).
 */
#ifndef RF_WIRE_H2_H
#define RF_WIRE_H2_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

#define H2_MAX_STREAMS 100  /* open ones of a connection */
#define H2_MAX_HEADERS 4096 /* bytes of a request's names and values; 32 more each count, too */
#define H2_MAX_BODY    4101 /* bytes of a request's content */

struct h2;
struct h2_stream;

struct h2_field {
	struct rf_str name, value; /* names in lower case */
};

struct h2_handlers {
	/* A request is there, all of it. It is to be answered, now or later. */
	void (*request)(void *ctx, struct h2_stream *stream);
	/*
	 * The next bytes of an answer's content into out, which is max bytes: how many; 0 when
	 * there are none until h2_stream_resume(). RF_EABSENT: there are no more.
	 */
	ssize_t (*content)(void *ctx, struct h2_stream *stream, uint8_t *out, size_t max);
	/* The stream has ended, whoever has ended it; only for one with a request. */
	void (*closed)(void *ctx, struct h2_stream *stream);
};

/* Handlers live as long as the connection. NULL when memory ran out. */
struct h2 *h2_new(const struct h2_handlers *handlers, void *ctx) RF_MUST_USE;
/* closed() is called for every stream. NULL is accepted. */
void h2_free(struct h2 *h2);

/* Takes what came. RF_EINPUT: the peer breaks the protocol; send what there is, and close. */
int h2_receive(struct h2 *h2, struct rf_bytes bytes) RF_MUST_USE;
/* The next bytes to send, valid until the next call; len 0: none now. RF_EINTERNAL. */
int h2_send(struct h2 *h2, struct rf_bytes *ret) RF_MUST_USE;
/* Says that no more streams are taken, and lets those that are open end. */
void h2_shut(struct h2 *h2);
/* True when nothing will come or go any more. */
bool h2_is_over(const struct h2 *h2);
size_t h2_stream_count(const struct h2 *h2);

/* --- streams; all of it until closed() --- */

/* A field of the request, ":path" and such too, the first of that name; absent: there is none. */
struct rf_str h2_stream_field(const struct h2_stream *stream, const char *name);
struct rf_bytes h2_stream_body(const struct h2_stream *stream);
/* What the caller keeps with it. */
void h2_stream_set_app(struct h2_stream *stream, void *app);
void *h2_stream_app(const struct h2_stream *stream);

/* An answer without content. */
int h2_stream_answer(
	struct h2_stream *stream, const struct h2_field *fields, size_t count) RF_MUST_USE;
/* An answer whose content content() has. */
int h2_stream_begin(
	struct h2_stream *stream, const struct h2_field *fields, size_t count) RF_MUST_USE;
void h2_stream_resume(struct h2_stream *stream);

#endif
