/* The server's side of HTTP/2, with frames by hand (RFC 9113, section 4). */
#include "tests/lib/tap.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/h2.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

enum type {
	DATA = 0,
	HEADERS = 1,
	RST_STREAM = 3,
	SETTINGS = 4,
	PING = 6,
	GOAWAY = 7,
};

#define END_STREAM  1
#define END_HEADERS 4

struct world {
	struct h2 *h2;
	struct rf_buf in, out;
	unsigned requests, closed, asked;
	struct h2_stream *last;
	char path[64], body[64];
	const char *content; /* what is left of an answer's; NULL: wait */
	bool no_answer;
};

static void on_request(void *ctx, struct h2_stream *stream)
{
	static const struct h2_field ok[] = {{{":status", 7}, {"200", 3}}, {{"x", 1}, {"y", 1}}};
	struct world *w = ctx;
	struct rf_bytes body = h2_stream_body(stream);

	w->requests++;
	w->last = stream;
	h2_stream_set_app(stream, w);
	CHECK(rf_str_copy(h2_stream_field(stream, ":path"), w->path, sizeof(w->path)));
	CHECK(rf_str_copy(
		(struct rf_str){(const char *)body.ptr, body.len}, w->body, sizeof(w->body)));
	CHECK(!h2_stream_field(stream, "absent").ptr);
	if (w->no_answer)
		return;
	if (rf_str_is(rf_str_of(w->path), "/stream"))
		CHECK_INT(h2_stream_begin(stream, ok, RF_ARRAY_LEN(ok)), RF_OK);
	else
		CHECK_INT(h2_stream_answer(stream, ok, RF_ARRAY_LEN(ok)), RF_OK);
}

static ssize_t on_content(void *ctx, struct h2_stream *stream, uint8_t *out, size_t max)
{
	struct world *w = ctx;
	size_t len;

	CHECK(h2_stream_app(stream) == w);
	w->asked++;
	if (!w->content)
		return 0;
	len = strlen(w->content);
	if (len == 0)
		return RF_EABSENT;
	len = len < max ? len : max;
	memcpy(out, w->content, len);
	w->content = NULL;
	return (ssize_t)len;
}

static void on_closed(void *ctx, struct h2_stream *stream)
{
	struct world *w = ctx;

	(void)stream;
	w->closed++;
}

static const struct h2_handlers handlers = {
	.request = on_request,
	.content = on_content,
	.closed = on_closed,
};

static void world_done(struct world *w)
{
	h2_free(w->h2);
	rf_buf_done(&w->in);
	rf_buf_done(&w->out);
}
#define AUTO_WORLD CLEANUP(world_done) struct world

static void put_frame(
	struct rf_buf *b, enum type type, uint8_t flags, uint32_t stream, struct rf_str payload)
{
	const uint8_t head[] = {(uint8_t)(payload.len >> 16), (uint8_t)(payload.len >> 8),
		(uint8_t)payload.len, (uint8_t)type, flags, (uint8_t)(stream >> 24),
		(uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream};

	rf_buf_add(b, head, sizeof(head));
	rf_buf_add_str(b, payload);
}

/* A field that is not indexed (RFC 7541, section 6.2.2), with short texts. */
static void put_field(struct rf_buf *b, const char *name, const char *value)
{
	rf_buf_add_char(b, 0);
	rf_buf_add_char(b, (char)strlen(name));
	rf_buf_add_c(b, name);
	rf_buf_add_char(b, (char)strlen(value));
	rf_buf_add_c(b, value);
}

static void put_request(struct rf_buf *b, uint32_t stream, const char *path, unsigned more)
{
	AUTO_BUF block = {0};

	put_field(&block, ":method", "POST");
	put_field(&block, ":scheme", "http");
	put_field(&block, ":path", path);
	put_field(&block, ":authority", "a");
	for (unsigned i = 0; i < more; i++)
		put_field(&block, "field",
			"0123456789012345678901234567890123456789012345678901234567890123456789");
	put_frame(b, HEADERS, END_HEADERS, stream, rf_buf_str(&block));
}

static void begin(struct world *w)
{
	w->h2 = h2_new(&handlers, w);
	rf_buf_add(&w->in, PREFACE, sizeof(PREFACE) - 1);
	put_frame(&w->in, SETTINGS, 0, 0, RF_STR(""));
}

/* Hands over what is in w->in, and takes what comes back. */
static int run(struct world *w)
{
	struct rf_bytes next;
	int rc = h2_receive(w->h2, (struct rf_bytes){(const uint8_t *)w->in.data, w->in.len});

	rf_buf_clear(&w->in);
	while (h2_send(w->h2, &next) == RF_OK && next.len)
		rf_buf_add(&w->out, next.ptr, next.len);
	return rc;
}

/* Frames of a type that came back for a stream. */
static unsigned count(const struct world *w, enum type type, uint32_t stream)
{
	unsigned found = 0;

	for (size_t at = 0; at + 9 <= w->out.len;) {
		const uint8_t *f = (const uint8_t *)w->out.data + at;
		uint32_t id =
			(uint32_t)f[5] << 24 | (uint32_t)f[6] << 16 | (uint32_t)f[7] << 8 | f[8];

		found += f[3] == type && id == stream;
		at += 9 + ((size_t)f[0] << 16 | (size_t)f[1] << 8 | f[2]);
	}
	return found;
}

static void a_request_is_handed_over_once_it_is_whole(void)
{
	AUTO_WORLD w = {.h2 = NULL};

	begin(&w);
	put_request(&w.in, 1, "/a", 0);
	put_frame(&w.in, DATA, 0, 1, RF_STR("bo"));
	CHECK_INT(run(&w), RF_OK);
	CHECK_INT(w.requests, 0);
	put_frame(&w.in, DATA, END_STREAM, 1, RF_STR("dy"));
	CHECK_INT(run(&w), RF_OK);
	CHECK_INT(w.requests, 1);
	CHECK_STR(w.path, "/a");
	CHECK_STR(w.body, "body");
	CHECK_INT(count(&w, HEADERS, 1), 1);
	CHECK_INT(w.closed, 1);
	CHECK_INT(h2_stream_count(w.h2), 0);
}

static void bytes_may_come_one_by_one(void)
{
	AUTO_WORLD w = {.h2 = NULL};
	AUTO_BUF all = {0};

	begin(&w);
	put_request(&w.in, 1, "/a", 0);
	put_frame(&w.in, DATA, END_STREAM, 1, RF_STR("body"));
	rf_buf_add_str(&all, rf_buf_str(&w.in));
	rf_buf_clear(&w.in);
	for (size_t i = 0; i < all.len; i++) {
		rf_buf_add_char(&w.in, all.data[i]);
		CHECK_INT(run(&w), RF_OK);
	}
	CHECK_INT(w.requests, 1);
	CHECK_STR(w.body, "body");
}

static void content_is_asked_for_and_waited_for(void)
{
	AUTO_WORLD w = {.h2 = NULL};

	begin(&w);
	put_request(&w.in, 1, "/stream", 0);
	put_frame(&w.in, DATA, END_STREAM, 1, RF_STR(""));
	CHECK_INT(run(&w), RF_OK);
	CHECK_INT(count(&w, HEADERS, 1), 1);
	CHECK_INT(w.asked, 1);
	CHECK_INT(count(&w, DATA, 1), 0);
	CHECK_INT(run(&w), RF_OK);
	CHECK_INT(w.asked, 1); /* not before there is some */
	w.content = "news";
	h2_stream_resume(w.last);
	CHECK_INT(run(&w), RF_OK);
	CHECK(memmem(w.out.data, w.out.len, "news", 4) != NULL);
	CHECK_INT(w.closed, 0);
	w.content = "";
	h2_stream_resume(w.last);
	CHECK_INT(run(&w), RF_OK);
	CHECK_INT(w.closed, 1);
}

static void who_does_not_open_its_window_gets_nothing_and_costs_nothing(void)
{
	static const char no_window[] = {0, 4, 0, 0, 0, 0}; /* SETTINGS_INITIAL_WINDOW_SIZE */
	AUTO_WORLD w = {.h2 = NULL, .content = "news"};

	w.h2 = h2_new(&handlers, &w);
	rf_buf_add(&w.in, PREFACE, sizeof(PREFACE) - 1);
	put_frame(&w.in, SETTINGS, 0, 0, (struct rf_str){no_window, sizeof(no_window)});
	put_request(&w.in, 1, "/stream", 0);
	put_frame(&w.in, DATA, END_STREAM, 1, RF_STR(""));
	CHECK_INT(run(&w), RF_OK);
	CHECK_INT(count(&w, HEADERS, 1), 1);
	CHECK_INT(w.asked, 0);
}

static void requests_over_a_bound_reset_their_stream(void)
{
	AUTO_WORLD w = {.h2 = NULL};
	AUTO_BUF much = {0};

	begin(&w);
	for (int i = 0; i < H2_MAX_BODY + 1; i++)
		rf_buf_add_char(&much, 'x');
	put_request(&w.in, 1, "/a", H2_MAX_HEADERS / 100);
	put_frame(&w.in, DATA, END_STREAM, 1, RF_STR(""));
	put_request(&w.in, 3, "/b", 0);
	put_frame(&w.in, DATA, END_STREAM, 3, rf_buf_str(&much));
	put_request(&w.in, 5, "/c", 0);
	put_frame(&w.in, DATA, END_STREAM, 5, RF_STR("c"));
	CHECK_INT(run(&w), RF_OK);
	CHECK_INT(count(&w, RST_STREAM, 1), 1);
	CHECK_INT(count(&w, RST_STREAM, 3), 1);
	CHECK_INT(w.requests, 1);
	CHECK_STR(w.path, "/c");
	CHECK_INT(h2_stream_count(w.h2), 0);
}

static void streams_beyond_the_bound_are_refused(void)
{
	AUTO_WORLD w = {.h2 = NULL, .no_answer = true};

	begin(&w);
	for (uint32_t i = 0; i < H2_MAX_STREAMS + 20; i++) {
		put_request(&w.in, 1 + 2 * i, "/a", 0);
		put_frame(&w.in, DATA, END_STREAM, 1 + 2 * i, RF_STR(""));
	}
	(void)!run(&w);
	CHECK_INT(w.requests, H2_MAX_STREAMS);
	CHECK_INT(h2_stream_count(w.h2), H2_MAX_STREAMS);
	h2_free(w.h2);
	w.h2 = NULL;
	CHECK_INT(w.closed, H2_MAX_STREAMS);
}

static void a_stream_that_the_peer_resets_is_closed(void)
{
	AUTO_WORLD w = {.h2 = NULL};

	begin(&w);
	put_request(&w.in, 1, "/stream", 0);
	put_frame(&w.in, DATA, END_STREAM, 1, RF_STR(""));
	CHECK_INT(run(&w), RF_OK);
	put_frame(&w.in, RST_STREAM, 0, 1, (struct rf_str){"\0\0\0\10", 4});
	CHECK_INT(run(&w), RF_OK);
	CHECK_INT(w.closed, 1);
}

static void what_is_no_http2_is_an_error(void)
{
	AUTO_WORLD w = {.h2 = h2_new(&handlers, &w)};

	rf_buf_add_c(&w.in, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_INT(run(&w), RF_EINPUT);
	CHECK_INT(w.requests, 0);
}

static void a_shut_connection_is_over_when_it_was_told(void)
{
	AUTO_WORLD w = {.h2 = NULL};

	begin(&w);
	CHECK_INT(run(&w), RF_OK);
	CHECK(!h2_is_over(w.h2));
	h2_shut(w.h2);
	CHECK_INT(run(&w), RF_OK);
	CHECK_INT(count(&w, GOAWAY, 0), 1);
	CHECK(h2_is_over(w.h2));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_request_is_handed_over_once_it_is_whole);
	RUN(bytes_may_come_one_by_one);
	RUN(content_is_asked_for_and_waited_for);
	RUN(who_does_not_open_its_window_gets_nothing_and_costs_nothing);
	RUN(requests_over_a_bound_reset_their_stream);
	RUN(streams_beyond_the_bound_are_refused);
	RUN(a_stream_that_the_peer_resets_is_closed);
	RUN(what_is_no_http2_is_an_error);
	RUN(a_shut_connection_is_over_when_it_was_told);
	return TAP_END();
}
