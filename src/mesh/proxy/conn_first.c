/* The first bytes of a connection: a PROXY header, a ClientHello, or neither. */
#include <netinet/in.h>

#include "mesh/proxy/conn_int.h"
#include "wire/hello.h"
#include "wire/proxy_protocol.h"

#define FIRST_MAX      (HELLO_MAX + PROXY_PROTOCOL_MAX)
#define MIN_HANDSHAKES 64

/* Adds what has come to what had come before; false when that is too much. */
static bool gather(struct conn *conn)
{
	struct worker *worker = conn->worker;
	ssize_t got = end_fetch(&conn->down, FIRST_MAX - conn->first_len);
	uint8_t *grown;

	if (got < 0)
		return false;
	if (got == 0)
		return true;
	grown = realloc(conn->first, conn->first_len + (size_t)got);
	if (!grown)
		return false;
	memcpy(grown + conn->first_len, worker->in, (size_t)got);
	conn->first = grown;
	conn->first_len += (size_t)got;
	worker->pending += (size_t)got;
	return true;
}

static void set_source(struct conn *conn, const struct proxy_addresses *addresses)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(addresses->source_port)};
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(addresses->source_port)};

	if (addresses->source.family == RF_IPV4) {
		memcpy(&in.sin_addr, addresses->source.bytes, 4);
		memcpy(&conn->source.address, &in, sizeof(in));
		conn->source.len = sizeof(in);
	} else if (addresses->source.family == RF_IPV6) {
		memcpy(&in6.sin6_addr, addresses->source.bytes, 16);
		memcpy(&conn->source.address, &in6, sizeof(in6));
		conn->source.len = sizeof(in6);
	}
}

/* OUT_NEXT: it is there, and cut off. */
static enum outcome read_proxy_header(struct conn *conn)
{
	struct proxy_addresses addresses;
	size_t len;

	switch (proxy_protocol_read(
		(struct rf_bytes){conn->first, conn->first_len}, &addresses, &len)) {
	case PROXY_PROTOCOL_MORE: return OUT_WAIT;
	case PROXY_PROTOCOL_BAD: return conn_over(conn, "proxy-protocol");
	case PROXY_PROTOCOL_OK: break;
	}
	set_source(conn, &addresses);
	conn->first_len -= len;
	conn->worker->pending -= len;
	memmove(conn->first, conn->first + len, conn->first_len);
	conn->proxy_read = true;
	return OUT_NEXT;
}

enum outcome conn_refuse(struct conn *conn, const char *reason)
{
	proxy_stats_refused(&conn->worker->stats, reason);
	return conn_over(conn, reason);
}

/* A handshake takes 50 times the memory of its first bytes: so many at once, the others wait. */
static size_t max_handshakes(const struct worker *worker)
{
	size_t share = (size_t)worker->opts.max_connections / 16;

	return share > MIN_HANDSHAKES ? share : MIN_HANDSHAKES;
}

static enum outcome begin_tls(struct conn *conn)
{
	struct rf_err err;

	conn->waits = conn->worker->handshakes >= max_handshakes(conn->worker);
	if (conn->waits)
		return OUT_WAIT;
	if (wire_engine_accept(conn->worker->identity, &conn->down.tls, &err) < 0)
		return conn_over(conn, "no-memory");
	conn_go(conn, CONN_HANDSHAKE);
	return OUT_NEXT;
}

/* Bytes that are not for our TLS: to the application, if its rules let a peer without ID in. */
static enum outcome begin_plain(struct conn *conn)
{
	conn->plain = true;
	conn->stats = proxy_stats_peer(&conn->worker->stats, conn->side, false, "");
	stats_add(&conn->stats->opened, 1);
	if (!conn_is_admitted(conn))
		return conn_over(conn, "denied");
	conn_go(conn, CONN_DIAL);
	return OUT_NEXT;
}

/* Of the TLS that comes to a PERMISSIVE port only what asks for us is ours to end. */
static bool is_for_us(const struct conn *conn, const struct hello *hello)
{
	return conn->mode == PEER_AUTH_STRICT || hello->has_alpn ||
	       (hello->name[0] && sidecar_has_name(conn_sidecar(conn), hello->name));
}

enum outcome conn_first(struct conn *conn)
{
	const char *alpn = conn->to_original ? SIDECAR_ALPN : NULL;
	struct hello hello;
	enum outcome outcome;

	if (conn->plain)
		return begin_plain(conn);

	if (!gather(conn))
		return conn_over(conn, "closed");
	if (conn->down.got_end)
		return conn_over(conn, "closed");
	if (conn->worker->opts.settings->accept_proxy && !conn->proxy_read) {
		outcome = conn->first_len ? read_proxy_header(conn) : OUT_WAIT;
		if (outcome != OUT_NEXT)
			return outcome;
	}
	if (!conn_is_server(conn)) {
		conn_go(conn, CONN_DIAL);
		return OUT_NEXT;
	}
	if (conn->first_len == 0)
		return OUT_WAIT;
	switch (hello_read((struct rf_bytes){conn->first, conn->first_len}, alpn, &hello)) {
	case HELLO_MORE: return OUT_WAIT;
	case HELLO_OTHER:
		return conn->mode == PEER_AUTH_STRICT ? conn_refuse(conn, "not-tls")
						      : begin_plain(conn);
	case HELLO_TLS: break;
	}
	return is_for_us(conn, &hello) ? begin_tls(conn) : begin_plain(conn);
}
