/* An address to listen on or to connect to: IPv4, IPv6 or a UNIX socket. */
#ifndef RF_MESH_PROXY_ENDPOINT_H
#define RF_MESH_PROXY_ENDPOINT_H

#include <sys/socket.h>

#include "base/err.h"
#include "base/ip.h"

#define ENDPOINT_TEXT_SIZE 128 /* longest text, with its NUL */
#define ENDPOINT_MAX	   16  /* addresses of one name */

struct endpoint {
	struct sockaddr_storage address;
	socklen_t len;
};

/* "127.0.0.1:80", "[::1]:80", "unix:/run/a.sock", "unix" for one without a name. */
const char *endpoint_text(const struct endpoint *endpoint, char out[static ENDPOINT_TEXT_SIZE]);
/* RF_FAMILY_NONE for a UNIX socket; an IPv4 address in an IPv6 one is IPv4. */
struct rf_ip endpoint_ip(const struct endpoint *endpoint);
uint16_t endpoint_port(const struct endpoint *endpoint);

/*
 * HOST:PORT (also [::1]:PORT and :PORT, which is every address to listen on) or unix:PATH. Names
 * are looked up, which may wait for DNS. RF_EINPUT for what is no address, RF_EABSENT for a name
 * that is not known.
 */
int endpoint_parse(const char *text, bool listen, struct endpoint ret[static ENDPOINT_MAX],
	size_t *ret_count, struct rf_err *err) RF_MUST_USE;
/* The HOST of a text ("" for UNIX sockets), into out. False when it does not fit. */
bool endpoint_host(const char *text, char *out, size_t out_size) RF_MUST_USE;

/*
 * A listening socket, not blocking. reuse_port lets several sockets share a port (one a thread). A
 * UNIX socket that nobody listens on any more is replaced.
 */
int endpoint_listen(const struct endpoint *endpoint, bool reuse_port, int *ret_fd,
	struct rf_err *err) RF_MUST_USE;

#endif
