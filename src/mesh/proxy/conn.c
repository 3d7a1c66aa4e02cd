/*
 * A connection from its first byte to its end: who has connected (`down`), the target (`up`), and
 * the steps between, each in a file of its own. Whatever goes wrong ends in one place,
 * conn_abort(), with a word for the log.
 */
#include <netinet/in.h>
#include <unistd.h>

#include <linux/netfilter_ipv4.h>

#include "mesh/proxy/conn_int.h"

#define LINGER_MS 1000 /* for a peer to read why it was refused */

void conn_go(struct conn *conn, enum conn_step step)
{
	const struct proxy_settings *settings = conn->worker->opts.settings;

	conn->worker->handshakes += step == CONN_HANDSHAKE;
	conn->worker->handshakes -= conn->step == CONN_HANDSHAKE;
	conn->step = step;
	switch (step) {
	case CONN_FIRST: conn_set_deadline(conn, settings->handshake_ms); break;
	case CONN_HANDSHAKE: break; /* the same deadline */
	case CONN_DIAL: conn_set_deadline(conn, settings->connect_ms); break;
	case CONN_UP_HANDSHAKE: conn_set_deadline(conn, settings->handshake_ms); break;
	case CONN_RELAY: conn_set_deadline(conn, settings->idle_ms); break;
	case CONN_LINGER: conn_set_deadline(conn, LINGER_MS); break;
	}
}

/* Where a redirected connection was to go; false when it was not redirected. */
static bool original_destination(int fd, struct endpoint *ret)
{
	/* Also of an IPv4 connection to a socket of both families. */
	int level = endpoint_ip(ret).family == RF_IPV4 ? SOL_IP : SOL_IPV6;
	struct endpoint found = {.len = sizeof(found.address)};

	if (getsockopt(fd, level, SO_ORIGINAL_DST, &found.address, &found.len) < 0)
		return false;
	*ret = found;
	return true;
}

/* The first step, or false for a connection that is not for us. */
static bool begin(struct conn *conn)
{
	const struct proxy_settings *settings = conn->worker->opts.settings;
	struct rf_ip ip, listener = endpoint_ip(&conn->local);
	uint16_t port = endpoint_port(&conn->local);
	struct sidecar_port mode;

	if (!settings->sidecar) {
		conn_go(conn,
			conn_is_server(conn) || settings->accept_proxy ? CONN_FIRST : CONN_DIAL);
		return true;
	}
	if (!conn_sidecar(conn) || !original_destination(conn->down.fd, &conn->local))
		return false;
	ip = endpoint_ip(&conn->local);
	/* Somebody in the pod dialled the proxy itself: it would dial itself for ever. */
	if (endpoint_port(&conn->local) == port && rf_ip_eq(&ip, &listener))
		return false;
	conn->to_original = true;
	if (!conn_is_server(conn)) {
		conn->plain =
			!sidecar_is_meshed(conn_sidecar(conn), &ip, endpoint_port(&conn->local));
		conn_go(conn, CONN_DIAL);
		return true;
	}
	mode = sidecar_port_of(conn_sidecar(conn), endpoint_port(&conn->local));
	conn->mode = mode.mode;
	conn->plain = mode.mode == PEER_AUTH_DISABLE ||
		      (mode.mode == PEER_AUTH_PERMISSIVE && mode.server_first);
	conn_go(conn, CONN_FIRST);
	return conn_fault_begin(conn);
}

void conn_accept(const struct listener *listener, int fd, const struct endpoint *peer)
{
	struct worker *worker = listener->worker;
	struct conn *conn = calloc(1, sizeof(*conn));

	stats_add(&worker->stats.accepted, 1);
	if (!conn || worker->conn_count >= worker->opts.max_connections) {
		stats_add(&worker->stats.limited, 1);
		free(conn);
		close(fd);
		return;
	}
	*conn = (struct conn){.worker = worker,
		.side = listener->side,
		.mode = PEER_AUTH_STRICT,
		.down = {.fd = -1},
		.up = {.fd = -1},
		.peer = *peer,
		.source = *peer,
		.opened_us = worker_now_us(),
		.until_s = INT64_MAX,
		.local = {.len = sizeof(conn->local.address)}};
	(void)getsockname(fd, (struct sockaddr *)&conn->local.address, &conn->local.len);
	conn->next = worker->conns;
	conn->link = &worker->conns;
	if (conn->next)
		conn->next->link = &conn->next;
	worker->conns = conn;
	stats_set(&worker->stats.active, ++worker->conn_count);
	if (end_open(&conn->down, conn, fd) < 0) {
		conn_abort(conn, "no-memory");
		return;
	}
	conn->down.writable = true;
	if (begin(conn))
		conn_run(conn);
	else
		conn_abort(conn, conn->result ? conn->result : "not-redirected");
}

static void unlist(struct conn *conn)
{
	*conn->link = conn->next;
	if (conn->next)
		conn->next->link = conn->link;
	if (!conn->ready_link)
		return;
	*conn->ready_link = conn->ready;
	if (conn->ready)
		conn->ready->ready_link = conn->ready_link;
}

void conn_drop_first(struct conn *conn)
{
	conn->worker->pending -= conn->first_len;
	free(conn->first);
	conn->first = NULL;
	conn->first_len = 0;
}

void conn_free(struct conn *conn)
{
	struct worker *worker = conn->worker;

	proxy_stats_time(&worker->stats.connection, worker_now_us() - conn->opened_us);
	if (conn->stats)
		stats_add(&conn->stats->closed, 1);
	worker_log_conn(worker, conn);
	worker->handshakes -= conn->step == CONN_HANDSHAKE;
	unlist(conn);
	end_close(&conn->down);
	end_close(&conn->up);
	stats_set(&worker->stats.active, --worker->conn_count);
	conn_drop_first(conn);
	loop_timer_del(conn->hold);
	stats_set(&worker->stats.pending_bytes, worker->pending);
	free(conn->rule);
	free(conn->note);
	free(conn);
}

void conn_abort(struct conn *conn, const char *result)
{
	conn->result = result;
	end_reset(&conn->down);
	end_reset(&conn->up);
	conn_free(conn);
}

void conn_later(struct conn *conn)
{
	struct worker *worker = conn->worker;

	if (conn->ready_link)
		return;
	conn->ready = worker->ready;
	conn->ready_link = &worker->ready;
	if (conn->ready)
		conn->ready->ready_link = &conn->ready;
	worker->ready = conn;
	worker_resume_later(worker);
}

void conn_run(struct conn *conn)
{
	enum outcome outcome = OUT_NEXT;

	if (conn->hold)
		return;
	while (outcome == OUT_NEXT) {
		switch (conn->step) {
		case CONN_FIRST: outcome = conn_first(conn); break;
		case CONN_HANDSHAKE: outcome = conn_handshake(conn); break;
		case CONN_DIAL: outcome = conn_dial(conn); break;
		case CONN_UP_HANDSHAKE: outcome = conn_up_handshake(conn); break;
		case CONN_RELAY: outcome = conn_relay(conn); break;
		case CONN_LINGER: outcome = conn_linger(conn); break;
		}
	}
	if (outcome != OUT_OVER)
		return;
	if (strcmp(conn->result, "ok") == 0 || conn->step == CONN_LINGER)
		conn_free(conn);
	else
		conn_abort(conn, conn->result);
}
