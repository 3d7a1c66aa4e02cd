/*
 * A connection from its first byte to its end: who has connected (`down`), the target (`up`), and
 * the steps between. Whatever goes wrong ends in one place, conn_abort(), with a word for the log.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <linux/netfilter_ipv4.h>

#include "mesh/proxy/worker_int.h"
#include "wire/hello.h"
#include "wire/proxy_protocol.h"

#define BATCHES_A_TURN 16   /* then others have theirs */
#define LINGER_MS      1000 /* for a peer to read why it was refused */
#define SMALL_BATCH    ((size_t)4 << 10)
#define FIRST_MAX      (HELLO_MAX + PROXY_PROTOCOL_MAX)

enum outcome {
	OUT_WAIT, /* nothing more to do now */
	OUT_NEXT, /* the step has changed */
	OUT_OVER, /* the connection is to end: result is set */
};

static enum outcome over(struct conn *conn, const char *result)
{
	conn->result = result;
	return OUT_OVER;
}

static bool is_server(const struct conn *conn)
{
	return conn->side == PROXY_SERVER;
}

static const struct sidecar *sidecar_of(const struct conn *conn)
{
	return conn->worker->state->sidecar;
}

static void set_deadline(struct conn *conn, uint64_t ms)
{
	conn->deadline_ms = loop_now_ms() + ms;
}

static void go(struct conn *conn, enum conn_step step)
{
	const struct proxy_settings *settings = conn->worker->opts.settings;

	conn->step = step;
	switch (step) {
	case CONN_FIRST: set_deadline(conn, settings->handshake_ms); break;
	case CONN_HANDSHAKE: break; /* the same deadline */
	case CONN_DIAL: set_deadline(conn, settings->connect_ms); break;
	case CONN_UP_HANDSHAKE: set_deadline(conn, settings->handshake_ms); break;
	case CONN_RELAY: set_deadline(conn, settings->idle_ms); break;
	case CONN_LINGER: set_deadline(conn, LINGER_MS); break;
	}
}

/* --- birth and death --- */

/* Where a redirected connection was to go; false when it was not redirected. */
static bool original_destination(int fd, struct endpoint *ret)
{
	int level = ret->address.ss_family == AF_INET6 ? SOL_IPV6 : SOL_IP;
	struct rf_ip ip = endpoint_ip(ret);
	struct endpoint found = {.len = sizeof(found.address)};

	/* An IPv4 connection to a socket of both families. */
	if (ip.family == RF_IPV4)
		level = SOL_IP;
	if (getsockopt(fd, level, SO_ORIGINAL_DST, &found.address, &found.len) < 0)
		return false;
	ip = endpoint_ip(&found);
	if (endpoint_port(&found) == endpoint_port(ret) &&
		rf_ip_eq(&ip, &(struct rf_ip){.family = RF_FAMILY_NONE}))
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
		go(conn, is_server(conn) || settings->accept_proxy ? CONN_FIRST : CONN_DIAL);
		return true;
	}
	if (!sidecar_of(conn) || !original_destination(conn->down.fd, &conn->local))
		return false;
	ip = endpoint_ip(&conn->local);
	/* Somebody in the pod dialled the proxy itself: it would dial itself for ever. */
	if (endpoint_port(&conn->local) == port && rf_ip_eq(&ip, &listener))
		return false;
	conn->to_original = true;
	if (!is_server(conn)) {
		conn->plain = !sidecar_is_meshed(
			sidecar_of(conn), &ip, endpoint_port(&conn->local));
		go(conn, CONN_DIAL);
		return true;
	}
	mode = sidecar_port_of(sidecar_of(conn), endpoint_port(&conn->local));
	conn->mode = mode.mode;
	conn->plain = mode.mode == PEER_AUTH_DISABLE ||
		      (mode.mode == PEER_AUTH_PERMISSIVE && mode.server_first);
	go(conn, CONN_FIRST);
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

static void drop_first(struct conn *conn)
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
	unlist(conn);
	end_close(&conn->down);
	end_close(&conn->up);
	stats_set(&worker->stats.active, --worker->conn_count);
	drop_first(conn);
	loop_timer_del(conn->hold);
	stats_set(&worker->stats.pending_bytes, worker->pending);
	free(conn->rule);
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

/* --- the first bytes --- */

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
	case PROXY_PROTOCOL_BAD: return over(conn, "proxy-protocol");
	case PROXY_PROTOCOL_OK: break;
	}
	set_source(conn, &addresses);
	conn->first_len -= len;
	conn->worker->pending -= len;
	memmove(conn->first, conn->first + len, conn->first_len);
	conn->proxy_read = true;
	return OUT_NEXT;
}

static enum outcome refuse(struct conn *conn, const char *reason)
{
	proxy_stats_refused(&conn->worker->stats, reason);
	return over(conn, reason);
}

static enum outcome begin_tls(struct conn *conn)
{
	struct rf_err err;

	if (wire_engine_accept(conn->worker->identity, &conn->down.tls, &err) < 0)
		return over(conn, "no-memory");
	go(conn, CONN_HANDSHAKE);
	return OUT_NEXT;
}

/* Bytes that are not for our TLS: to the application, if its rules let a peer without ID in. */
static enum outcome begin_plain(struct conn *conn)
{
	conn->plain = true;
	conn->stats = proxy_stats_peer(&conn->worker->stats, conn->side, false, "");
	stats_add(&conn->stats->opened, 1);
	if (!conn_is_admitted(conn))
		return over(conn, "denied");
	go(conn, CONN_DIAL);
	return OUT_NEXT;
}

/* Of the TLS that comes to a PERMISSIVE port only what asks for us is ours to end. */
static bool is_for_us(const struct conn *conn, const struct hello *hello)
{
	return conn->mode == PEER_AUTH_STRICT || hello->has_alpn ||
	       (hello->name[0] && sidecar_has_name(sidecar_of(conn), hello->name));
}

static enum outcome run_first(struct conn *conn)
{
	const char *alpn = conn->to_original ? SIDECAR_ALPN : NULL;
	struct hello hello;
	enum outcome outcome;

	if (conn->plain)
		return begin_plain(conn);

	if (!gather(conn))
		return over(conn, "closed");
	if (conn->down.got_end)
		return over(conn, "closed");
	if (conn->worker->opts.settings->accept_proxy && !conn->proxy_read) {
		outcome = conn->first_len ? read_proxy_header(conn) : OUT_WAIT;
		if (outcome != OUT_NEXT)
			return outcome;
	}
	if (!is_server(conn)) {
		go(conn, CONN_DIAL);
		return OUT_NEXT;
	}
	if (conn->first_len == 0)
		return OUT_WAIT;
	switch (hello_read((struct rf_bytes){conn->first, conn->first_len}, alpn, &hello)) {
	case HELLO_MORE: return OUT_WAIT;
	case HELLO_OTHER:
		return conn->mode == PEER_AUTH_STRICT ? refuse(conn, "not-tls")
						      : begin_plain(conn);
	case HELLO_TLS: break;
	}
	return is_for_us(conn, &hello) ? begin_tls(conn) : begin_plain(conn);
}

/* --- TLS --- */

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
		drop_first(conn);
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
	go(conn, CONN_LINGER);
	return OUT_NEXT;
}

/* OUT_NEXT: the handshake is done; what came after it is still in the buffers. */
static enum outcome shake(struct conn *conn, struct end *end)
{
	struct rf_err err;

	for (;;) {
		int rc;

		if (!feed(end))
			return refuse(conn, "closed");
		rc = wire_engine_handshake(end->tls, &err);
		if (rc == WIRE_ENGINE_WAIT) {
			if (end_put_engine(end) < 0)
				return refuse(conn, "closed");
			if (conn->worker->io.in_len == 0)
				return end->got_end ? refuse(conn, "closed") : OUT_WAIT;
			continue;
		}
		if (rc < 0)
			return refuse_tls(conn, end);
		return end_put_engine(end) < 0 ? refuse(conn, "closed") : OUT_NEXT;
	}
}

static void know_peer(struct conn *conn, const struct end *end)
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
	       sidecar_port_of(sidecar_of(conn), endpoint_port(&conn->local)).mode ==
		       PEER_AUTH_STRICT;
}

bool conn_is_admitted(struct conn *conn)
{
	struct end *end = is_server(conn) ? &conn->down : &conn->up;
	const char *expected = conn->worker->opts.settings->expect_id;
	const struct wire_peer *peer;
	struct proxy_admission admission;
	struct proxy_who who;

	if (!is_server(conn) && (conn->plain || !end->tls || !wire_engine_peer(end->tls)))
		return true;
	peer = end->tls ? wire_engine_peer(end->tls) : NULL;
	who = (struct proxy_who){.id = rf_str_of(peer ? peer->id : ""),
		.source = endpoint_ip(&conn->peer),
		.remote = endpoint_ip(&conn->source),
		.destination = endpoint_ip(&conn->local),
		.port = endpoint_port(&conn->local),
		.server_name = rf_str_of(end->tls ? wire_engine_server_name(end->tls) : NULL)};
	if (conn->to_original && !is_server(conn))
		return sidecar_expects(sidecar_of(conn), &who.destination, who.port, who.id);
	if (!is_server(conn))
		return !expected[0] || rf_str_is(who.id, expected);
	if (!peer && now_strict(conn))
		return false;
	proxy_rules_judge(conn->worker->state->rules, &who, &admission);
	free(conn->rule);
	conn->rule = rf_str_dup(rf_str_of(admission.why));
	if (!admission.allowed)
		proxy_stats_denied(&conn->worker->stats, admission.why);
	return admission.allowed;
}

static void count_bytes(struct conn *conn, const struct end *from, size_t len)
{
	bool received = from == &conn->down;

	*(received ? &conn->received : &conn->sent) += len;
	stats_add(received ? &conn->stats->received : &conn->stats->sent, len);
}

/* What came behind a PROXY header, before there was anybody to give it to. */
static int put_first(struct conn *conn)
{
	int rc = conn->first_len ? end_put(&conn->up, conn->first, conn->first_len) : 0;

	count_bytes(conn, &conn->down, conn->first_len);
	drop_first(conn);
	return rc;
}

/* What came with the end of a handshake goes to the other end as soon as there is one. */
static int take_rest(struct end *from, struct end *to)
{
	ssize_t len = end_decrypt(from);

	if (len < 0)
		return -1;
	count_bytes(from->conn, from, (size_t)len);
	return end_put(to, from->conn->worker->plain, (size_t)len);
}

static enum outcome run_handshake(struct conn *conn)
{
	enum outcome outcome = shake(conn, &conn->down);

	if (outcome != OUT_NEXT || conn->step != CONN_HANDSHAKE)
		return outcome;
	know_peer(conn, &conn->down);
	if (!conn_is_admitted(conn))
		return over(conn, "denied");
	conn->up.conn = conn;
	if (take_rest(&conn->down, &conn->up) < 0)
		return over(conn, "protocol");
	go(conn, CONN_DIAL);
	return OUT_NEXT;
}

/* --- the target --- */

static enum outcome dial_failed(struct conn *conn)
{
	stats_add(&conn->worker->stats.connect_failures, 1);
	return over(conn, "target-unreachable");
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
		return over(conn, "no-memory");
	go(conn, CONN_UP_HANDSHAKE);
	return OUT_NEXT;
}

static enum outcome run_dial(struct conn *conn)
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
		return over(conn, "no-memory");
	if (!is_server(conn) && !conn->plain)
		return begin_up_tls(conn);
	if (!conn->stats) {
		conn->stats = proxy_stats_peer(&conn->worker->stats, conn->side, false, "");
		stats_add(&conn->stats->opened, 1);
	}
	if (put_first(conn) < 0)
		return over(conn, "reset");
	go(conn, CONN_RELAY);
	return OUT_NEXT;
}

static enum outcome run_up_handshake(struct conn *conn)
{
	enum outcome outcome;

	if (end_flush(&conn->up) < 0)
		return over(conn, "closed");
	outcome = shake(conn, &conn->up);
	if (outcome != OUT_NEXT)
		return outcome;
	know_peer(conn, &conn->up);
	if (!conn_is_admitted(conn)) {
		proxy_stats_refused(&conn->worker->stats, "unexpected-id");
		return over(conn, "unexpected-id");
	}
	if (take_rest(&conn->up, &conn->down) < 0 || put_first(conn) < 0)
		return over(conn, "protocol");
	go(conn, CONN_RELAY);
	return OUT_NEXT;
}

/* --- bytes --- */

/* One batch. 1: there may be more, 0: not now, -1: give up. */
static int move(struct end *from, struct end *to)
{
	struct conn *conn = from->conn;
	struct worker *worker = conn->worker;
	ssize_t got;

	/* The end may have come with the handshake's last bytes. */
	if (from->got_end)
		return end_finish(to);
	if (to->out || !from->readable)
		return 0;
	got = end_fetch(from, worker_is_full(worker) ? SMALL_BATCH : READ_BATCH);
	if (got < 0)
		return -1;
	if (from->tls && got > 0) {
		worker->io.in = worker->in;
		worker->io.in_len = (size_t)got;
		worker->io.in_off = worker->io.out_len = 0;
		got = end_decrypt(from);
		if (got < 0)
			return -1;
	}
	count_bytes(conn, from, (size_t)got);
	if (got > 0 && end_put(to, from->tls ? worker->plain : worker->in, (size_t)got) < 0)
		return -1;
	if (from->got_end && end_finish(to) < 0)
		return -1;
	return from->readable && !to->out && !from->got_end;
}

/* Who has ended its side is not read from any more, and may still give up. */
static bool has_given_up(struct end *end)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (!end->got_end || !end->hangup)
		return false;
	end->hangup = false;
	return getsockopt(end->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error;
}

/* Who is held back moves one batch at a time. */
static int batches_of(const struct conn *conn)
{
	const struct sidecar *sidecar = sidecar_of(conn);

	return sidecar && sidecar_faults(sidecar)->bytes_per_s ? 1 : BATCHES_A_TURN;
}

static enum outcome run_relay(struct conn *conn)
{
	uint64_t before = conn->received + conn->sent;
	int down = 1, up = 1;

	if (has_given_up(&conn->down) || has_given_up(&conn->up))
		return over(conn, "reset");
	if (end_flush(&conn->down) < 0 || end_flush(&conn->up) < 0)
		return over(conn, "reset");
	for (int i = 0; i < batches_of(conn) && (down > 0 || up > 0); i++) {
		down = move(&conn->down, &conn->up);
		up = down < 0 ? -1 : move(&conn->up, &conn->down);
		if (up < 0)
			return over(conn, "reset");
	}
	set_deadline(conn, conn->worker->opts.settings->idle_ms);
	if (conn->down.got_end && conn->up.got_end && conn->down.sent_end && conn->up.sent_end)
		return over(conn, "ok");
	conn_fault_pace(conn, conn->received + conn->sent - before);
	if (down > 0 || up > 0)
		conn_later(conn);
	return OUT_WAIT;
}

static enum outcome run_linger(struct conn *conn)
{
	ssize_t got;

	if (end_flush(&conn->down) < 0)
		return OUT_OVER;
	/* Who sends as fast as this throws away must not have the thread to itself. */
	for (int i = 0; i < BATCHES_A_TURN; i++) {
		got = recv(conn->down.fd, conn->worker->in, READ_BATCH, 0);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return OUT_OVER;
		if (got < 0)
			return OUT_WAIT;
	}
	conn_later(conn);
	return OUT_WAIT;
}

void conn_run(struct conn *conn)
{
	enum outcome outcome = OUT_NEXT;

	if (conn->hold)
		return;
	while (outcome == OUT_NEXT) {
		switch (conn->step) {
		case CONN_FIRST: outcome = run_first(conn); break;
		case CONN_HANDSHAKE: outcome = run_handshake(conn); break;
		case CONN_DIAL: outcome = run_dial(conn); break;
		case CONN_UP_HANDSHAKE: outcome = run_up_handshake(conn); break;
		case CONN_RELAY: outcome = run_relay(conn); break;
		case CONN_LINGER: outcome = run_linger(conn); break;
		}
	}
	if (outcome != OUT_OVER)
		return;
	if (strcmp(conn->result, "ok") == 0 || conn->step == CONN_LINGER)
		conn_free(conn);
	else
		conn_abort(conn, conn->result);
}
