/*
 * The first bytes of a connection: TLS or not, and what its ClientHello asks for (RFC 8446 section
 * 4.1.2, RFC 6066 section 3, RFC 7301). Pure; a ClientHello may be cut into any number of records
 * and segments.
 */
#ifndef RF_WIRE_HELLO_H
#define RF_WIRE_HELLO_H

#include "base/str.h"

#define HELLO_MAX      ((size_t)32 << 10) /* bytes of a ClientHello with its records */
#define HELLO_MAX_NAME 255

enum hello_kind {
	HELLO_MORE,  /* it may be one: more bytes are needed */
	HELLO_TLS,   /* a ClientHello, complete */
	HELLO_OTHER, /* something else, or a ClientHello that is malformed or too long */
};

struct hello {
	char name[HELLO_MAX_NAME + 1]; /* lower case; "" when none was sent */
	bool has_alpn;		       /* the protocol that was asked about is offered */
};

/*
 * Judges the bytes from the beginning of a connection. alpn is the protocol to look for (may be
 * NULL). *ret is filled for HELLO_TLS only.
 */
enum hello_kind hello_read(struct rf_bytes data, const char *alpn, struct hello *ret);

#endif
