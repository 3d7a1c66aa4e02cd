/*
 * A connection, plain or TLS, whose calls wait until a deadline (milliseconds of wire_now_ms()):
 * for processes that talk to one peer at a time. RF_ELIMIT says that the time was up.
 */
#ifndef RF_WIRE_STREAM_H
#define RF_WIRE_STREAM_H

#include "wire/tls.h"

struct wire_stream;

uint64_t wire_now_ms(void);

/* Takes over fd, a connected socket. tls NULL: plain; otherwise shakes hands with host. */
int wire_stream_open(int fd, struct wire_tls_ctx *tls, const char *host, uint64_t deadline_ms,
	struct wire_stream **ret, struct rf_err *err) RF_MUST_USE;
/* Closes. NULL is accepted. */
void wire_stream_free(struct wire_stream *stream);

/* Some bytes, 0 at the end, or RF_E*. */
ssize_t wire_stream_read(struct wire_stream *stream, void *data, size_t len, uint64_t deadline_ms,
	struct rf_err *err) RF_MUST_USE;
/* All of data. */
int wire_stream_write(struct wire_stream *stream, const void *data, size_t len,
	uint64_t deadline_ms, struct rf_err *err) RF_MUST_USE;

#endif
