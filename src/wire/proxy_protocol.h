/*
 * The PROXY protocol (haproxy.org, doc/proxy-protocol.txt): who the original client was, in front
 * of the bytes of a connection. Version 2 is written; versions 1 and 2 are read. Pure.
 */
#ifndef RF_WIRE_PROXY_PROTOCOL_H
#define RF_WIRE_PROXY_PROTOCOL_H

#include "base/buf.h"
#include "base/ip.h"

#define PROXY_PROTOCOL_MAX ((size_t)16 + 4096) /* bytes of a header that is accepted */

struct proxy_addresses {
	struct rf_ip source,
		destination; /* RF_FAMILY_NONE: not known (LOCAL, UNKNOWN, a UNIX socket) */
	uint16_t source_port, destination_port;
};

enum proxy_protocol_kind {
	PROXY_PROTOCOL_MORE, /* more bytes are needed */
	PROXY_PROTOCOL_OK,   /* *ret_len bytes are the header */
	PROXY_PROTOCOL_BAD,  /* it is none, or malformed */
};

enum proxy_protocol_kind proxy_protocol_read(
	struct rf_bytes data, struct proxy_addresses *ret, size_t *ret_len);
/* Appends a header of version 2, LOCAL when an address is not known or the families differ. */
void proxy_protocol_write(const struct proxy_addresses *addresses, struct rf_buf *out);

#endif
