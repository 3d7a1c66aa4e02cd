/* Header and payload over a stream socket; descriptors ride on the header's first byte. */
#include "proc/frame.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "doc/utf8.h"

struct frame_header {
	uint32_t len;
	uint16_t type;
	uint16_t fd_count;
};

union fd_room {
	char bytes[CMSG_SPACE(sizeof(int) * FRAME_MAX_FDS)];
	struct cmsghdr align;
};

/* One end, and until when it is waited for. */
struct line {
	int channel;
	bool patient;	   /* as long as it takes */
	uint64_t until_ms; /* else; CLOCK_MONOTONIC */
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static struct line patient_line(int channel)
{
	return (struct line){.channel = channel, .patient = true};
}

static struct line line_within(int channel, unsigned timeout_ms)
{
	return (struct line){.channel = channel, .until_ms = now_ms() + timeout_ms};
}

static int flags_of(const struct line *line)
{
	return line->patient ? 0 : MSG_DONTWAIT;
}

/* Whether a call that would have blocked, or was interrupted, is to be made again. */
static int wait_for(const struct line *line, short events, struct rf_err *err)
{
	struct pollfd pollfd = {.fd = line->channel, .events = events};
	uint64_t now = now_ms();

	if (line->patient)
		return RF_OK;
	if (now >= line->until_ms)
		return rf_err_set(err, RF_EIO, "the other process does not answer in time");
	if (poll(&pollfd, 1, (int)(line->until_ms - now)) < 0 && errno != EINTR)
		return rf_err_sys(err, errno, "wait for a message");
	return RF_OK;
}

/* EAGAIN on a patient line is the socket's own time limit (SO_RCVTIMEO), which is an error. */
static bool is_to_wait(const struct line *line)
{
	return errno == EINTR || (!line->patient && (errno == EAGAIN || errno == EWOULDBLOCK));
}

void frame_done(struct frame *frame)
{
	for (size_t i = 0; i < frame->fd_count; i++)
		rf_fd_closep(&frame->fds[i]);
	frame->fd_count = 0;
	rf_buf_done(&frame->payload);
}

static void attach_fds(struct msghdr *msg, union fd_room *room, const int *fds, size_t count)
{
	struct cmsghdr *cmsg;

	memset(room, 0, sizeof(*room));
	msg->msg_control = room->bytes;
	msg->msg_controllen = CMSG_SPACE(sizeof(int) * count);
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int) * count);
	memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * count);
}

/* Sends what iov holds, the control data with the first piece. */
static int send_all(const struct line *line, struct msghdr *msg, struct rf_err *err)
{
	while (msg->msg_iovlen) {
		ssize_t put = sendmsg(line->channel, msg, MSG_NOSIGNAL | flags_of(line));
		int rc;

		if (put < 0 && is_to_wait(line)) {
			rc = wait_for(line, POLLOUT, err);
			if (rc < 0)
				return rc;
			continue;
		}
		if (put < 0)
			return rf_err_sys(err, errno, "send a message");
		msg->msg_control = NULL;
		msg->msg_controllen = 0;
		while (msg->msg_iovlen && (size_t)put >= msg->msg_iov->iov_len) {
			put -= (ssize_t)msg->msg_iov->iov_len;
			msg->msg_iov++;
			msg->msg_iovlen--;
		}
		if (msg->msg_iovlen) {
			msg->msg_iov->iov_base = (char *)msg->msg_iov->iov_base + put;
			msg->msg_iov->iov_len -= (size_t)put;
		}
	}
	return RF_OK;
}

static int send_frame(const struct line *line, const struct frame_out *out, struct rf_err *err)
{
	struct rf_str payload = out->payload;
	size_t fd_count = out->fd_count;
	struct frame_header header = {.type = out->type, .fd_count = (uint16_t)fd_count};
	struct iovec iov[2] = {{.iov_base = &header, .iov_len = sizeof(header)}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 1};
	union fd_room room;

	if (payload.len > FRAME_MAX_LEN || fd_count > FRAME_MAX_FDS)
		return rf_err_set(err, RF_ELIMIT, "a message of %zu bytes with %zu descriptors",
			payload.len, fd_count);
	header.len = (uint32_t)payload.len;
	if (payload.len) {
		memcpy(&iov[1].iov_base, &payload.ptr, sizeof(payload.ptr));
		iov[1].iov_len = payload.len;
		msg.msg_iovlen = 2;
	}
	if (out->fds && fd_count)
		attach_fds(&msg, &room, out->fds, fd_count);
	return send_all(line, &msg, err);
}

int frame_send_fds(int channel, uint16_t type, struct rf_str payload, const int *fds,
	size_t fd_count, struct rf_err *err)
{
	const struct frame_out out = {type, payload, fds, fd_count};
	struct line line = patient_line(channel);

	return send_frame(&line, &out, err);
}

int frame_send_within(
	int channel, unsigned timeout_ms, const struct frame_out *out, struct rf_err *err)
{
	struct line line = line_within(channel, timeout_ms);

	return send_frame(&line, out, err);
}

int frame_send(int channel, uint16_t type, struct rf_str payload, struct rf_err *err)
{
	return frame_send_fds(channel, type, payload, NULL, 0, err);
}

/* Takes over every descriptor that came, so that none leaks whatever the header says. */
static int keep_fds(struct msghdr *msg, struct frame *frame, struct rf_err *err)
{
	int rc = RF_OK;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (frame->fd_count < FRAME_MAX_FDS)
				frame->fds[frame->fd_count++] = fd;
			else
				close(fd);
		}
	}
	if (msg->msg_flags & MSG_CTRUNC)
		rc = rf_err_set(err, RF_EINPUT, "a message with too many descriptors");
	return rc;
}

/* Reads len bytes; *ret_len tells how many came before the end. */
static int recv_some(const struct line *line, struct iovec room_for, struct frame *frame,
	size_t *ret_len, struct rf_err *err)
{
	union fd_room room;

	*ret_len = 0;
	while (*ret_len < room_for.iov_len) {
		struct iovec iov = {
			(char *)room_for.iov_base + *ret_len, room_for.iov_len - *ret_len};
		struct msghdr msg = {.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = room.bytes,
			.msg_controllen = sizeof(room.bytes)};
		ssize_t got = recvmsg(line->channel, &msg, MSG_CMSG_CLOEXEC | flags_of(line));
		int rc;

		if (got < 0 && is_to_wait(line)) {
			rc = wait_for(line, POLLIN, err);
			if (rc < 0)
				return rc;
			continue;
		}
		if (got < 0 && errno == ECONNRESET)
			return RF_OK;
		if (got < 0)
			return rf_err_sys(err, errno, "receive a message");
		rc = keep_fds(&msg, frame, err);
		if (rc < 0)
			return rc;
		if (got == 0)
			return RF_OK;
		*ret_len += (size_t)got;
	}
	return RF_OK;
}

static int recv_payload(
	const struct line *line, struct frame *frame, size_t len, struct rf_err *err)
{
	size_t got;
	char *room;
	int rc;

	if (len == 0)
		return RF_OK;
	room = rf_buf_reserve(&frame->payload, len);
	if (!room)
		return rf_err_nomem(err);
	rc = recv_some(line, (struct iovec){room, len}, frame, &got, err);
	if (rc < 0)
		return rc;
	if (got != len)
		return rf_err_set(err, RF_EINPUT, "a message that ends early");
	frame->payload.len = len;
	room[len] = '\0';
	return RF_OK;
}

static int recv_frame(const struct line *line, struct frame *frame, struct rf_err *err)
{
	struct frame_header header;
	size_t got;
	int rc;

	frame_done(frame);
	rc = recv_some(line, (struct iovec){&header, sizeof(header)}, frame, &got, err);
	if (rc < 0)
		return rc;
	if (got == 0)
		return rf_err_set(err, RF_EABSENT, "the other process closed the channel");
	if (got != sizeof(header))
		return rf_err_set(err, RF_EINPUT, "a message that ends early");
	if (header.len > FRAME_MAX_LEN || header.fd_count > FRAME_MAX_FDS)
		return rf_err_set(err, RF_EINPUT, "a message of %u bytes with %u descriptors",
			header.len, header.fd_count);
	frame->type = header.type;
	rc = recv_payload(line, frame, header.len, err);
	if (rc == RF_OK && frame->fd_count != header.fd_count)
		rc = rf_err_set(err, RF_EINPUT, "a message with %zu descriptors instead of %u",
			frame->fd_count, header.fd_count);
	return rc;
}

int frame_recv(int channel, struct frame *frame, struct rf_err *err)
{
	struct line line = patient_line(channel);

	return recv_frame(&line, frame, err);
}

int frame_recv_within(int channel, unsigned timeout_ms, struct frame *frame, struct rf_err *err)
{
	struct line line = line_within(channel, timeout_ms);

	return recv_frame(&line, frame, err);
}

void frame_put_u64(struct rf_buf *buf, uint64_t value)
{
	rf_buf_add(buf, &value, sizeof(value));
}

void frame_put_str(struct rf_buf *buf, struct rf_str s)
{
	frame_put_u64(buf, s.len);
	rf_buf_add_str(buf, s);
}

uint64_t frame_get_u64(struct frame_reader *reader)
{
	uint64_t value;

	if (reader->failed || reader->rest.len < sizeof(value)) {
		reader->failed = true;
		return 0;
	}
	memcpy(&value, reader->rest.ptr, sizeof(value));
	reader->rest.ptr += sizeof(value);
	reader->rest.len -= sizeof(value);
	return value;
}

struct rf_str frame_get_str(struct frame_reader *reader)
{
	uint64_t len = frame_get_u64(reader);
	struct rf_str s;

	if (reader->failed || len > reader->rest.len) {
		reader->failed = true;
		return RF_STR_NONE;
	}
	s = (struct rf_str){.ptr = reader->rest.ptr, .len = (size_t)len};
	reader->rest.ptr += len;
	reader->rest.len -= (size_t)len;
	return s;
}

bool frame_reader_ok(const struct frame_reader *reader)
{
	return !reader->failed && reader->rest.len == 0;
}

void frame_put_err(struct rf_buf *buf, const struct rf_err *err)
{
	frame_put_u64(buf, (uint64_t)-err->code);
	frame_put_u64(buf, (uint64_t)err->sys_errno);
	frame_put_str(buf, rf_str_of(err->msg));
}

/* A code outside the enum becomes RF_EINTERNAL: the sender is not to be trusted. */
int frame_get_err(struct frame_reader *reader, struct rf_err *ret)
{
	uint64_t code = frame_get_u64(reader);
	uint64_t sys_errno = frame_get_u64(reader);
	struct rf_str msg = frame_get_str(reader);

	if (!frame_reader_ok(reader))
		return rf_err_set(ret, RF_EINPUT, "a malformed error message");
	if (code == 0 || code > (uint64_t)-RF_EINTERNAL)
		code = (uint64_t)-RF_EINTERNAL;
	rf_err_set(ret, (enum rf_code) - (int)code, RF_STR_FMT,
		(int)(msg.len < RF_ERR_MSG_SIZE ? msg.len : RF_ERR_MSG_SIZE - 1), msg.ptr);
	if (!ret)
		return -(int)code;
	ret->sys_errno = sys_errno < 4096 ? (int)sys_errno : 0;
	doc_utf8_clean(ret->msg, strlen(ret->msg));
	return ret->code;
}
