/*
 * Messages between Ringfence's own processes: a type, a bounded payload and a few descriptors over
 * a SOCK_STREAM socketpair. The receiver trusts nothing: lengths, types and descriptor counts are
 * checked, and a malformed message ends the sender's session (RF_EINPUT), never the receiver.
 *
 * On the wire, in host order (both ends are one machine and one program):
 *	u32 payload length | u16 type | u16 number of descriptors | payload
 * Descriptors travel with the first byte of the header (SCM_RIGHTS).
 */
#ifndef RF_PROC_FRAME_H
#define RF_PROC_FRAME_H

#include "base/buf.h"
#include "base/err.h"

#define FRAME_MAX_LEN ((size_t)8 << 20) /* bytes of one payload */
#define FRAME_MAX_FDS 4

struct frame {
	uint16_t type;
	struct rf_buf payload;
	int fds[FRAME_MAX_FDS]; /* received, close-on-exec; the frame owns them until TAKE_FD */
	size_t fd_count;
};

#define FRAME_INIT ((struct frame){.fds = {-1, -1, -1, -1}})

/* Frees the payload and closes descriptors that were not taken. */
void frame_done(struct frame *frame);
#define AUTO_FRAME CLEANUP(frame_done) struct frame

/* Sends one message; blocking. RF_EIO when the other end is gone (no SIGPIPE). */
int frame_send(int channel, uint16_t type, struct rf_str payload, struct rf_err *err) RF_MUST_USE;
/* The same with descriptors, which stay the caller's. */
int frame_send_fds(int channel, uint16_t type, struct rf_str payload, const int *fds,
	size_t fd_count, struct rf_err *err) RF_MUST_USE;
/*
 * Receives one message into frame (cleared first). RF_EABSENT when the other end closed between
 * messages, RF_EINPUT when what came is malformed, RF_EIO otherwise.
 */
int frame_recv(int channel, struct frame *frame, struct rf_err *err) RF_MUST_USE;

/*
 * The same to and from a process that is not trusted to take part: the whole message within
 * timeout_ms (less than a minute), however slowly its bytes move; RF_EIO when it takes longer. Half
 * a message may have moved then: the channel is of no more use.
 */
struct frame_out {
	uint16_t type;
	struct rf_str payload;
	const int *fds; /* borrowed */
	size_t fd_count;
};
int frame_send_within(int channel, unsigned timeout_ms, const struct frame_out *out,
	struct rf_err *err) RF_MUST_USE;
int frame_recv_within(
	int channel, unsigned timeout_ms, struct frame *frame, struct rf_err *err) RF_MUST_USE;

/*
 * A payload is written and read field by field. The reader fails once and for good when the
 * payload is too short; test frame_reader_ok() after the last field (it also wants the end).
 */
struct frame_reader {
	struct rf_str rest;
	bool failed;
};

void frame_put_u64(struct rf_buf *buf, uint64_t value);
void frame_put_str(struct rf_buf *buf, struct rf_str s);
uint64_t frame_get_u64(struct frame_reader *reader);
/* A view into the payload; absent when the reader failed. */
struct rf_str frame_get_str(struct frame_reader *reader);
bool frame_reader_ok(const struct frame_reader *reader) RF_MUST_USE;

/* An error as a payload, and back: unprintable bytes of the message become '?'. */
void frame_put_err(struct rf_buf *buf, const struct rf_err *err);
int frame_get_err(struct frame_reader *reader, struct rf_err *ret);

#endif
