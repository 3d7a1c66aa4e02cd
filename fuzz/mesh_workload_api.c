/*
 * The Workload API's bytes: frames of HTTP/2 in steps of two sizes with the same requests, the
 * messages in them and alone, and what a kernel says of a caller's cgroup.
 */
#include <stdlib.h>

#include "mesh/workload/attest.h"
#include "mesh/workload/message.h"
#include "wire/h2.h"

#define STEPS 100000 /* bytes out, before a connection counts as endless */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	struct h2 *h2;
	size_t requests, open, out;
	unsigned good;
	bool over; /* the peer broke the protocol, or said that it goes */
};

static void on_request(void *ctx, struct h2_stream *stream)
{
	static const struct h2_field ok[] = {{{":status", 7}, {"200", 3}}};
	struct seen *seen = ctx;
	struct rf_str path = h2_stream_field(stream, ":path");
	const char *why;

	seen->requests++;
	seen->open++;
	if (h2_stream_body(stream).len > H2_MAX_BODY || path.len > H2_MAX_HEADERS)
		abort();
	if (message_check(h2_stream_body(stream), &why) == GRPC_OK) {
		seen->good++;
		(void)!h2_stream_begin(stream, ok, RF_ARRAY_LEN(ok));
	} else {
		(void)!h2_stream_answer(stream, ok, RF_ARRAY_LEN(ok));
	}
}

static ssize_t on_content(void *ctx, struct h2_stream *stream, uint8_t *out, size_t max)
{
	struct seen *seen = ctx;

	(void)stream;
	if (max == 0 || seen->out > STEPS)
		return 0;
	out[0] = 'x';
	return ++seen->out % 3 ? 1 : 0;
}

static void on_closed(void *ctx, struct h2_stream *stream)
{
	struct seen *seen = ctx;

	(void)stream;
	if (seen->open-- == 0)
		abort();
}

static void drive(const uint8_t *data, size_t size, size_t step, struct seen *ret)
{
	static const struct h2_handlers handlers = {
		.request = on_request, .content = on_content, .closed = on_closed};
	struct rf_bytes next;

	*ret = (struct seen){.h2 = h2_new(&handlers, ret)};
	if (!ret->h2)
		return;
	for (size_t at = 0; at < size; at += step) {
		size_t len = step < size - at ? step : size - at;

		ret->over = h2_receive(ret->h2, (struct rf_bytes){data + at, len}) < 0;
		while (h2_send(ret->h2, &next) == RF_OK && next.len)
			ret->out += next.len;
		ret->over |= h2_is_over(ret->h2);
		if (ret->over)
			break;
		if (h2_stream_count(ret->h2) > H2_MAX_STREAMS)
			abort();
	}
	h2_free(ret->h2);
	if (ret->open)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t none[1] = {0};
	struct seen all, steps;
	const char *why;

	data = size ? data : none;
	if (message_check((struct rf_bytes){data, size}, &why) == GRPC_OK &&
		(size < MESSAGE_PREFIX || size > MESSAGE_PREFIX + MESSAGE_MAX))
		abort();
	(void)attest_is_in((struct rf_str){(const char *)data, size}, RF_STR("/rf/pod-1"));
	drive(data, size, size ? size : 1, &all);
	drive(data, size, 7, &steps);
	/* What comes behind the end may be read or not: that depends on where it was cut. */
	if (!all.over && !steps.over && (all.requests != steps.requests || all.good != steps.good))
		abort();
	return 0;
}
