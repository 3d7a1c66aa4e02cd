/* Reaching the target: its addresses one after the other, then TLS where we are the client. */
#include <errno.h>
#include <unistd.h>

#include "mesh/proxy/conn_int.h"
#include "wire/proxy_protocol.h"

static enum outcome dial_failed(struct conn *conn)
{
	stats_add(&conn->worker->stats.connect_failures, 1);
	return conn_over(conn, "target-unreachable");
}

/* The next address of the target, until one can be tried. */
static enum outcome dial(struct conn *conn)
{
	const struct proxy_state *state = conn->worker->state;
	const struct endpoint *targets = conn->to_original ? &conn->local : state->targets;
	size_t count = conn->to_original ? 1 : state->target_count;
	char *out = conn->up.out;
	size_t out_len = conn->up.out_len;

	while (conn->target < count) {
		const struct endpoint *target = &targets[conn->target++];
		int fd = socket(
			target->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd < 0)
			continue;
		if (connect(fd, (const struct sockaddr *)&target->address, target->len) < 0 &&
			errno != EINPROGRESS) {
			close(fd);
			continue;
		}
		conn->up = (struct end){.fd = -1, .out = out, .out_len = out_len};
		conn->dialled = *target;
		if (end_open(&conn->up, conn, fd) < 0) {
			close(fd);
			conn->up.fd = -1;
			continue;
		}
		return OUT_WAIT;
	}
	return dial_failed(conn);
}

static struct rf_ip port_of(const struct endpoint *endpoint, uint16_t *ret_port)
{
	*ret_port = endpoint_port(endpoint);
	return endpoint_ip(endpoint);
}

/* In front of everything else that waits for the target. */
static int put_proxy_header(struct conn *conn)
{
	struct proxy_addresses addresses;
	AUTO_BUF buf = {0};

	addresses.source = port_of(&conn->source, &addresses.source_port);
	addresses.destination = port_of(&conn->local, &addresses.destination_port);
	proxy_protocol_write(&addresses, &buf);
	conn->worker->pending -= conn->up.out_len;
	rf_buf_add(&buf, conn->up.out ? conn->up.out : "", conn->up.out_len);
	free(conn->up.out);
	conn->up.out_len = buf.len;
	conn->up.out = rf_buf_take(&buf);
	if (!conn->up.out) {
		conn->up.out_len = 0;
		return -1;
	}
	conn->worker->pending += conn->up.out_len;
	return 0;
}

static enum outcome begin_up_tls(struct conn *conn)
{
	const struct proxy_settings *settings = conn->worker->opts.settings;
	struct rf_err err;

	if (wire_engine_connect(conn->worker->identity,
		    settings->server_name[0] ? settings->server_name : NULL,
		    !settings->expect_id[0] && settings->server_name[0], &conn->up.tls, &err) < 0)
		return conn_over(conn, "no-memory");
	conn_go(conn, CONN_UP_HANDSHAKE);
	return OUT_NEXT;
}

enum outcome conn_dial(struct conn *conn)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (conn->up.fd < 0)
		return dial(conn);
	if (!conn->up.writable && !conn->up.hangup)
		return OUT_WAIT;
	if (getsockopt(conn->up.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error) {
		/* Its successor inherits what waits for the target. */
		loop_unwatch(conn->up.watch);
		close(conn->up.fd);
		conn->up.fd = -1;
		return dial(conn);
	}
	if (conn->worker->opts.settings->send_proxy && put_proxy_header(conn) < 0)
		return conn_over(conn, "no-memory");
	if (!conn_is_server(conn) && !conn->plain)
		return begin_up_tls(conn);
	if (!conn->stats) {
		conn->stats = proxy_stats_peer(&conn->worker->stats, conn->side, false, "");
		stats_add(&conn->stats->opened, 1);
	}
	if (conn_put_first(conn) < 0)
		return conn_over(conn, "reset");
	conn_go(conn, CONN_RELAY);
	return OUT_NEXT;
}

enum outcome conn_up_handshake(struct conn *conn)
{
	enum outcome outcome;

	if (end_flush(&conn->up) < 0)
		return conn_over(conn, "closed");
	outcome = conn_shake(conn, &conn->up);
	if (outcome != OUT_NEXT)
		return outcome;
	conn_know_peer(conn, &conn->up);
	if (!conn_is_admitted(conn)) {
		proxy_stats_refused(&conn->worker->stats, "unexpected-id");
		return conn_over(conn, "unexpected-id");
	}
	if (conn_take_rest(&conn->up, &conn->down) < 0 || conn_put_first(conn) < 0)
		return conn_over(conn, "protocol");
	conn_go(conn, CONN_RELAY);
	return OUT_NEXT;
}
