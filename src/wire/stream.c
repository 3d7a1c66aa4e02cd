/* The socket does not block; poll(2) waits, and the deadline is one for all the calls it takes. */
#include "wire/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

struct wire_stream {
	int fd;
	struct wire_tls *tls;
};

uint64_t wire_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int wait_for(int fd, short events, uint64_t deadline_ms, struct rf_err *err)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};

	for (;;) {
		uint64_t now = wire_now_ms();
		int rc;

		if (now >= deadline_ms)
			return rf_err_set(err, RF_ELIMIT, "no answer in time");
		rc = poll(&poll_fd, 1,
			deadline_ms - now > INT32_MAX ? INT32_MAX : (int)(deadline_ms - now));
		if (rc > 0)
			return RF_OK;
		if (rc < 0 && errno != EINTR)
			return rf_err_sys(err, errno, "wait for the connection");
	}
}

static int shake_hands(struct wire_stream *stream, uint64_t deadline_ms, struct rf_err *err)
{
	short events = 0;
	int rc;

	while ((rc = wire_tls_handshake(stream->tls, &events, err)) == WIRE_WAIT) {
		rc = wait_for(stream->fd, events, deadline_ms, err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

int wire_stream_open(int fd, struct wire_tls_ctx *tls, const char *host, uint64_t deadline_ms,
	struct wire_stream **ret, struct rf_err *err)
{
	struct wire_stream *stream = calloc(1, sizeof(*stream));
	int rc = RF_OK;

	if (!stream) {
		close(fd);
		return rf_err_nomem(err);
	}
	stream->fd = fd;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		rc = rf_err_sys(err, errno, "set up the connection");
	if (rc == RF_OK && tls)
		rc = wire_tls_connect(tls, fd, host, &stream->tls, err);
	if (rc == RF_OK && tls)
		rc = shake_hands(stream, deadline_ms, err);
	if (rc < 0) {
		wire_stream_free(stream);
		return rc;
	}
	*ret = stream;
	return RF_OK;
}

void wire_stream_free(struct wire_stream *stream)
{
	if (!stream)
		return;
	wire_tls_free(stream->tls);
	rf_fd_closep(&stream->fd);
	free(stream);
}

static ssize_t try_read(
	struct wire_stream *stream, void *data, size_t len, short *ret_events, struct rf_err *err)
{
	ssize_t got;

	if (stream->tls)
		return wire_tls_read(stream->tls, data, len, ret_events, err);
	got = read(stream->fd, data, len);
	if (got >= 0)
		return got;
	*ret_events = POLLIN;
	return errno == EAGAIN || errno == EINTR ? WIRE_WAIT : rf_err_sys(err, errno, "receive");
}

static ssize_t try_write(struct wire_stream *stream, const void *data, size_t len,
	short *ret_events, struct rf_err *err)
{
	struct iovec iov = {.iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t put;

	if (stream->tls)
		return wire_tls_write(stream->tls, data, len, ret_events, err);
	memcpy(&iov.iov_base, &data, sizeof(data));
	put = sendmsg(stream->fd, &msg, MSG_NOSIGNAL);
	if (put >= 0)
		return put;
	*ret_events = POLLOUT;
	return errno == EAGAIN || errno == EINTR ? WIRE_WAIT : rf_err_sys(err, errno, "send");
}

ssize_t wire_stream_read(struct wire_stream *stream, void *data, size_t len, uint64_t deadline_ms,
	struct rf_err *err)
{
	short events = 0;

	for (;;) {
		ssize_t got = try_read(stream, data, len, &events, err);
		int rc;

		if (got != WIRE_WAIT)
			return got;
		rc = wait_for(stream->fd, events, deadline_ms, err);
		if (rc < 0)
			return rc;
	}
}

int wire_stream_write(struct wire_stream *stream, const void *data, size_t len,
	uint64_t deadline_ms, struct rf_err *err)
{
	const char *at = data;
	short events = 0;

	while (len > 0) {
		ssize_t put = try_write(stream, at, len, &events, err);

		if (put == WIRE_WAIT) {
			int rc = wait_for(stream->fd, events, deadline_ms, err);

			if (rc < 0)
				return rc;
			continue;
		}
		if (put < 0)
			return (int)put;
		at += put;
		len -= (size_t)put;
	}
	return RF_OK;
}
