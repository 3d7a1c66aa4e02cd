/*
 * URLs of http and https (RFC 3986), bounded and strict: no user names in them, no spaces, control
 * characters or bytes above ASCII. Fragments are cut off.
 */
#ifndef RF_WIRE_URL_H
#define RF_WIRE_URL_H

#include "base/buf.h"
#include "base/err.h"

#define WIRE_URL_MAX   8192 /* bytes of the whole URL, with the NUL */
#define WIRE_HOST_SIZE 254  /* a DNS name (RFC 1035) with its NUL */

struct wire_url {
	bool tls;		   /* https */
	uint16_t port;		   /* 80 or 443 when it names none */
	char host[WIRE_HOST_SIZE]; /* lower case; an IPv6 address without brackets */
	char target[WIRE_URL_MAX]; /* path and query as sent: "/v2/?n=1"; at least "/" */
};

/* An absolute URL. RF_EINPUT saying what is wrong. */
int wire_url_parse(struct rf_str text, struct wire_url *ret, struct rf_err *err) RF_MUST_USE;
/* What a Location means, seen from base: absolute, "//host/path", "/path" or relative. */
int wire_url_resolve(const struct wire_url *base, struct rf_str location, struct wire_url *ret,
	struct rf_err *err) RF_MUST_USE;

/* Scheme, host and port are equal: the one end that credentials may go to. */
bool wire_url_same_origin(const struct wire_url *a, const struct wire_url *b);

/* "host", "host:5000", "[::1]:5000": for a Host header and for messages. */
void wire_url_put_host(const struct wire_url *url, struct rf_buf *out);
/* Adds "name=value" to the query, the value escaped. */
int wire_url_add_query(struct wire_url *url, const char *name, struct rf_str value,
	struct rf_err *err) RF_MUST_USE;
/* Percent-encodes all but unreserved characters. */
void wire_url_escape(struct rf_str value, struct rf_buf *out);

/* "localhost", "127.0.0.0/8" or "::1": where http may be spoken without asking. */
bool wire_host_is_loopback(const char *host);

#endif
