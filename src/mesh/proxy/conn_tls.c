/* Handshakes, whom they have shown, and whether that one may in. */
#include "mesh/proxy/conn_int.h"

/* Gives the engine what has come. False when the connection has ended. */
static bool feed(struct end *end)
{
	struct worker *worker = end->conn->worker;
	struct conn *conn = end->conn;
	ssize_t got;

	worker->io.out_len = 0;
	worker->io.in_off = worker->io.in_len = 0;
	if (end == &conn->down && conn->first_len) {
		memcpy(worker->in, conn->first, conn->first_len);
		worker->io.in_len = conn->first_len;
		conn_drop_first(conn);
	} else {
		got = end_fetch(end, READ_BATCH);
		if (got < 0)
			return false;
		worker->io.in_len = (size_t)got;
	}
	worker->io.in = worker->in;
	return true;
}

/* A refused peer is told why (the alert is in out), and may read it. */
static enum outcome refuse_tls(struct conn *conn, struct end *end)
{
	const char *reason = wire_engine_reason(end->tls);

	proxy_stats_refused(&conn->worker->stats, reason);
	conn->result = reason;
	if (end != &conn->down || end_put_engine(end) < 0)
		return OUT_OVER;
	(void)end_finish(end);
	conn_go(conn, CONN_LINGER);
	return OUT_NEXT;
}

/* OUT_NEXT: the handshake is done; what came after it is still in the buffers. */
enum outcome conn_shake(struct conn *conn, struct end *end)
{
	struct rf_err err;

	for (;;) {
		int rc;

		if (!feed(end))
			return conn_refuse(conn, "closed");
		rc = wire_engine_handshake(end->tls, &err);
		if (rc == WIRE_ENGINE_WAIT) {
			if (end_put_engine(end) < 0)
				return conn_refuse(conn, "closed");
			if (conn->worker->io.in_len == 0)
				return end->got_end ? conn_refuse(conn, "closed") : OUT_WAIT;
			continue;
		}
		if (rc < 0)
			return refuse_tls(conn, end);
		return end_put_engine(end) < 0 ? conn_refuse(conn, "closed") : OUT_NEXT;
	}
}

void conn_know_peer(struct conn *conn, const struct end *end)
{
	struct worker *worker = conn->worker;
	const struct wire_peer *peer = wire_engine_peer(end->tls);

	stats_add(&worker->stats.handshakes, 1);
	if (wire_engine_resumed(end->tls))
		stats_add(&worker->stats.resumed, 1);
	proxy_stats_time(&worker->stats.handshake, worker_now_us() - conn->opened_us);
	conn->stats = proxy_stats_peer(&worker->stats, conn->side, true, peer->id);
	proxy_stats_saw(&worker->stats, conn->stats, peer->from_s, peer->until_s);
	stats_add(&conn->stats->opened, 1);
	conn->until_s = peer->until_s;
}

/* The port's mode may have changed since the connection began. */
static bool now_strict(const struct conn *conn)
{
	return conn->to_original &&
	       sidecar_port_of(conn_sidecar(conn), endpoint_port(&conn->local)).mode ==
		       PEER_AUTH_STRICT;
}

bool conn_is_admitted(struct conn *conn)
{
	struct end *end = conn_is_server(conn) ? &conn->down : &conn->up;
	const char *expected = conn->worker->opts.settings->expect_id;
	const struct wire_peer *peer;
	struct proxy_admission admission;
	struct proxy_who who;

	if (!conn_is_server(conn) && (conn->plain || !end->tls || !wire_engine_peer(end->tls)))
		return true;
	peer = end->tls ? wire_engine_peer(end->tls) : NULL;
	who = (struct proxy_who){.id = rf_str_of(peer ? peer->id : ""),
		.source = endpoint_ip(&conn->peer),
		.remote = endpoint_ip(&conn->source),
		.destination = endpoint_ip(&conn->local),
		.port = endpoint_port(&conn->local),
		.server_name = rf_str_of(end->tls ? wire_engine_server_name(end->tls) : NULL)};
	if (conn->to_original && !conn_is_server(conn))
		return sidecar_expects(conn_sidecar(conn), &who.destination, who.port, who.id);
	if (!conn_is_server(conn))
		return !expected[0] || rf_str_is(who.id, expected);
	if (!peer && now_strict(conn))
		return false;
	proxy_rules_judge(conn->worker->state->rules, &who, &admission);
	free(conn->rule);
	conn->rule = rf_str_dup(rf_str_of(admission.why));
	free(conn->note);
	conn->note = admission.note[0] ? rf_str_dup(rf_str_of(admission.note)) : NULL;
	if (!admission.allowed)
		proxy_stats_denied(&conn->worker->stats, admission.why);
	return admission.allowed;
}

void conn_count(struct conn *conn, const struct end *from, size_t len)
{
	bool received = from == &conn->down;

	*(received ? &conn->received : &conn->sent) += len;
	stats_add(received ? &conn->stats->received : &conn->stats->sent, len);
}

/* What came behind a PROXY header, before there was anybody to give it to. */
int conn_put_first(struct conn *conn)
{
	int rc = conn->first_len ? end_put(&conn->up, conn->first, conn->first_len) : 0;

	conn_count(conn, &conn->down, conn->first_len);
	conn_drop_first(conn);
	return rc;
}

/* What came with the end of a handshake goes to the other end as soon as there is one. */
int conn_take_rest(struct end *from, struct end *to)
{
	ssize_t len = end_decrypt(from);

	if (len < 0)
		return -1;
	conn_count(from->conn, from, (size_t)len);
	return end_put(to, from->conn->worker->plain, (size_t)len);
}

enum outcome conn_handshake(struct conn *conn)
{
	enum outcome outcome = conn_shake(conn, &conn->down);

	if (outcome != OUT_NEXT || conn->step != CONN_HANDSHAKE)
		return outcome;
	conn_know_peer(conn, &conn->down);
	if (!conn_is_admitted(conn))
		return conn_over(conn, "denied");
	conn->up.conn = conn;
	if (conn_take_rest(&conn->down, &conn->up) < 0)
		return conn_over(conn, "protocol");
	conn_go(conn, CONN_DIAL);
	return OUT_NEXT;
}
