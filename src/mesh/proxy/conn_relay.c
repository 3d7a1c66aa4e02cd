/* Bytes in both directions, as long as there are any; and the end of who was refused. */
#include <errno.h>

#include "mesh/proxy/conn_int.h"

#define BATCHES_A_TURN 16 /* then others have theirs */
#define SMALL_BATCH    ((size_t)4 << 10)

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
	conn_count(conn, from, (size_t)got);
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
	const struct sidecar *sidecar = conn_sidecar(conn);

	return sidecar && sidecar_faults(sidecar)->bytes_per_s ? 1 : BATCHES_A_TURN;
}

enum outcome conn_relay(struct conn *conn)
{
	uint64_t before = conn->received + conn->sent;
	int down = 1, up = 1;

	if (has_given_up(&conn->down) || has_given_up(&conn->up))
		return conn_over(conn, "reset");
	if (end_flush(&conn->down) < 0 || end_flush(&conn->up) < 0)
		return conn_over(conn, "reset");
	for (int i = 0; i < batches_of(conn) && (down > 0 || up > 0); i++) {
		down = move(&conn->down, &conn->up);
		up = down < 0 ? -1 : move(&conn->up, &conn->down);
		if (up < 0)
			return conn_over(conn, "reset");
	}
	conn_set_deadline(conn, conn->worker->opts.settings->idle_ms);
	if (conn->down.got_end && conn->up.got_end && conn->down.sent_end && conn->up.sent_end)
		return conn_over(conn, "ok");
	conn_fault_pace(conn, conn->received + conn->sent - before);
	if (down > 0 || up > 0)
		conn_later(conn);
	return OUT_WAIT;
}

enum outcome conn_linger(struct conn *conn)
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
