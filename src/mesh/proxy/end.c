/*
 * Reading and writing one end. Sockets are edge-triggered: `readable` and `writable` stay true
 * until a call has shown otherwise. A short read or write shows it, too (epoll(7)), which saves
 * the call that would only say EAGAIN.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "mesh/proxy/worker_int.h"

/* Replies that a peer makes us send without reading them (key updates): more is an attack. */
#define MAX_OWED ((size_t)512 << 10)

static void on_event(void *ctx, unsigned events)
{
	struct end *end = ctx;

	if (events & LOOP_READ)
		end->readable = true;
	if (events & LOOP_WRITE)
		end->writable = true;
	if (events & LOOP_HANGUP)
		end->hangup = true;
	conn_run(end->conn);
}

int end_open(struct end *end, struct conn *conn, int fd)
{
	int one = 1;

	end->conn = conn;
	end->fd = fd;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	end->watch = loop_watch_fd(
		conn->worker->loop, fd, LOOP_READ | LOOP_WRITE | LOOP_EDGE, on_event, end);
	return end->watch ? 0 : -1;
}

void end_reset(struct end *end)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	if (end->fd >= 0)
		(void)setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void drop_out(struct end *end)
{
	struct worker *worker = end->conn->worker;

	worker->pending -= end->out_len - end->out_off;
	free(end->out);
	end->out = NULL;
	end->out_len = end->out_off = 0;
}

void end_close(struct end *end)
{
	if (end->out)
		drop_out(end);
	if (end->fd < 0)
		return;
	loop_unwatch(end->watch);
	wire_engine_free(end->tls);
	close(end->fd);
	end->watch = NULL;
	end->tls = NULL;
	end->fd = -1;
}

/* Bytes that the socket took; -1 for good. */
static ssize_t send_some(struct end *end, const void *data, size_t len)
{
	ssize_t put;

	if (!end->writable)
		return 0;
	do
		put = send(end->fd, data, len, MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	if (put < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
		return -1;
	if (put < (ssize_t)len)
		end->writable = false;
	return put < 0 ? 0 : put;
}

static int keep(struct end *end, const char *data, size_t len)
{
	struct worker *worker = end->conn->worker;
	size_t left = end->out_len - end->out_off;
	char *grown;

	if (left + len > MAX_OWED)
		return -1;
	grown = malloc(left + len);
	if (!grown)
		return -1;
	if (left)
		memcpy(grown, end->out + end->out_off, left);
	memcpy(grown + left, data, len);
	free(end->out);
	end->out = grown;
	end->out_off = 0;
	end->out_len = left + len;
	worker->pending += len;
	return 0;
}

int end_put_raw(struct end *end, const void *data, size_t len)
{
	ssize_t put = 0;

	if (len == 0)
		return 0;
	if (!end->out)
		put = send_some(end, data, len);
	if (put < 0)
		return -1;
	return (size_t)put == len ? 0 : keep(end, (const char *)data + put, len - (size_t)put);
}

int end_put_engine(struct end *end)
{
	struct wire_io *io = &end->conn->worker->io;
	size_t len = io->out_len;

	io->out_len = 0;
	return end_put_raw(end, io->out, len);
}

/* What an engine that has failed wanted to say is for nobody else. */
static void forget_engine(struct end *end)
{
	end->conn->worker->io.out_len = 0;
}

int end_put(struct end *end, const void *data, size_t len)
{
	struct rf_err err;

	if (!end->tls)
		return end_put_raw(end, data, len);
	forget_engine(end);
	if (wire_engine_write(end->tls, data, len, &err) < 0)
		return -1;
	return end_put_engine(end);
}

static int send_end(struct end *end)
{
	end->sent_end = true;
	if (end->tls) {
		forget_engine(end);
		wire_engine_close(end->tls);
		if (end_put_engine(end) < 0)
			return -1;
		if (end->out) {
			/* close_notify waits: the socket is shut down after it. */
			end->sent_end = false;
			end->want_end = true;
			return 0;
		}
	}
	(void)shutdown(end->fd, SHUT_WR);
	return 0;
}

int end_finish(struct end *end)
{
	if (end->sent_end || end->fd < 0)
		return 0;
	if (!end->out)
		return send_end(end);
	end->want_end = true;
	return 0;
}

int end_flush(struct end *end)
{
	struct worker *worker = end->conn->worker;
	ssize_t put;

	if (!end->out)
		return 0;
	put = send_some(end, end->out + end->out_off, end->out_len - end->out_off);
	if (put < 0)
		return -1;
	end->out_off += (size_t)put;
	worker->pending -= (size_t)put;
	if (end->out_off < end->out_len)
		return 0;
	drop_out(end);
	return end->want_end ? send_end(end) : 0;
}

ssize_t end_fetch(struct end *end, size_t max)
{
	struct worker *worker = end->conn->worker;
	ssize_t got;

	if (!end->readable || end->got_end)
		return 0;
	do
		got = recv(end->fd, worker->in, max, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		end->readable = false;
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	}
	if (got == 0) {
		/* The end of the bytes; whether it is proper is TLS's to say. */
		end->readable = false;
		end->got_end = true;
		return end->tls ? -1 : 0;
	}
	if ((size_t)got < max && !end->hangup)
		end->readable = false;
	return got;
}

ssize_t end_decrypt(struct end *end)
{
	struct worker *worker = end->conn->worker;
	size_t len = 0;
	ssize_t got;
	struct rf_err err;

	do {
		got = len < PLAIN_BATCH ? wire_engine_read(end->tls, worker->plain + len,
						  PLAIN_BATCH - len, &err)
					: RF_ELIMIT;
		if (got <= 0)
			break;
		len += (size_t)got;
	} while (wire_engine_has_input(end->tls));
	if (got == 0)
		end->got_end = true;
	else if (got < 0 && got != WIRE_ENGINE_WAIT)
		return -1;
	return end_put_engine(end) < 0 ? -1 : (ssize_t)len;
}
