/*
 * Messages of HTTP/1.1 (RFC 9110, 9112), read strictly: what two readers could understand in two
 * ways is refused, never guessed. So: lines end with CR LF, no folded lines, no space before a
 * colon, no length given twice, no Content-Length beside Transfer-Encoding, no coding but
 * "chunked", chunk sizes of hexadecimal digits only. Everything is bounded.
 *
 * Nothing here reads from anywhere: bytes come in views, what is parsed are views into them.
 */
#ifndef RF_WIRE_HTTP1_H
#define RF_WIRE_HTTP1_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

#define HTTP1_MAX_HEAD	  ((size_t)64 << 10) /* bytes of start line and fields */
#define HTTP1_MAX_FIELDS  128
#define HTTP1_MAX_CHUNK	  ((uint64_t)1 << 40) /* bytes of one chunk */
#define HTTP1_MAX_LINE	  4096		      /* of a chunk's size and extensions */
#define HTTP1_MAX_TRAILER ((size_t)8 << 10)   /* all trailer fields */

struct http1_field {
	struct rf_str name, value; /* value without surrounding white space */
};

struct http1_head {
	unsigned status; /* of a response: 100..599 */
	bool old;	 /* HTTP/1.0 */
	struct http1_field fields[HTTP1_MAX_FIELDS];
	size_t field_count;
};

/*
 * The head of a response at the beginning of bytes: its length with the empty line, 0 when more
 * bytes are needed, RF_EINPUT or RF_ELIMIT.
 */
ssize_t http1_response_parse(
	struct rf_str bytes, struct http1_head *ret, struct rf_err *err) RF_MUST_USE;

/* The first field of that name (case does not matter); absent when there is none. */
struct rf_str http1_field(const struct http1_head *head, const char *name);
/* The next one from *index on, which moves behind it; absent after the last. */
struct rf_str http1_field_next(const struct http1_head *head, const char *name, size_t *index);
/* True when the comma-separated list in the fields of that name has token. */
bool http1_has_token(const struct http1_head *head, const char *name, const char *token);

enum http1_framing {
	HTTP1_EMPTY,	/* there is no content */
	HTTP1_LENGTH,	/* left bytes more */
	HTTP1_CHUNKED,	/* chunks, then trailers */
	HTTP1_TO_CLOSE, /* until the connection ends */
};

struct http1_body {
	enum http1_framing framing;
	bool done;	      /* all of it was fed */
	uint64_t left;	      /* of the whole (HTTP1_LENGTH) or the chunk at hand */
	unsigned state;	      /* private: where in a chunk */
	size_t trailer_bytes; /* private */
};

/* How the content of a response is framed; no_content for the answer to a HEAD. */
int http1_body_begin(const struct http1_head *head, bool no_content, struct http1_body *ret,
	struct rf_err *err) RF_MUST_USE;
/*
 * Takes bytes as they come: returns how many were used, and sets *ret_content to those of them
 * that are content (absent: none). Call again with the rest until nothing is used or body->done;
 * 0 used means that more bytes are needed. RF_EINPUT, RF_ELIMIT.
 */
ssize_t http1_body_feed(struct http1_body *body, struct rf_str bytes, struct rf_str *ret_content,
	struct rf_err *err) RF_MUST_USE;

/* For writers: a field name is a token, a value has no control characters. */
bool http1_token_ok(struct rf_str name);
bool http1_value_ok(struct rf_str value);

#endif
