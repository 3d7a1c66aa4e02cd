/*
 * A request is put together in its stream: names and values in one buffer with a bound, content in
 * another. Both go once the request was handed over. What is over a bound resets its stream.
 */
#include "wire/h2.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#include "base/vec.h"

#define FIELD_OVERHEAD 32  /* of a field's size (RFC 9113, section 6.5.2) */
#define MAX_OUTBOUND   100 /* answers to PING and SETTINGS that wait */
#define MAX_SETTINGS   32
#define MAX_ANSWER     16 /* fields */

struct span {
	size_t name, name_len, value, value_len; /* in text */
};

struct h2_stream {
	struct h2 *h2;
	struct h2_stream *next, **link;
	int32_t id;
	struct rf_buf text; /* names and values */
	RF_VEC(struct span) fields;
	size_t weight; /* of the fields, as they are counted */
	struct rf_buf body;
	bool refused, handed;
	void *app;
};

struct h2 {
	nghttp2_session *session;
	const struct h2_handlers *handlers;
	void *ctx;
	struct h2_stream *streams;
	size_t count;
};

/* --- streams --- */

static void drop_request(struct h2_stream *stream)
{
	rf_buf_done(&stream->text);
	rf_vec_done(&stream->fields);
	rf_buf_done(&stream->body);
}

static void drop_stream(struct h2_stream *stream)
{
	struct h2 *h2 = stream->h2;

	*stream->link = stream->next;
	if (stream->next)
		stream->next->link = stream->link;
	h2->count--;
	if (stream->handed)
		h2->handlers->closed(h2->ctx, stream);
	drop_request(stream);
	free(stream);
}

static int refuse(struct h2_stream *stream)
{
	stream->refused = true;
	return nghttp2_submit_rst_stream(
		stream->h2->session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_ENHANCE_YOUR_CALM);
}

/* --- what nghttp2 tells --- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
	struct h2 *h2 = user_data;
	struct h2_stream *stream;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	*stream = (struct h2_stream){.h2 = h2,
		.next = h2->streams,
		.link = &h2->streams,
		.id = frame->hd.stream_id,
		.text = {.max = H2_MAX_HEADERS},
		.body = {.max = H2_MAX_BODY}};
	if (stream->next)
		stream->next->link = &stream->next;
	h2->streams = stream;
	h2->count++;
	return nghttp2_session_set_stream_user_data(session, stream->id, stream);
}

/* NOLINTNEXTLINE(readability-function-size): nghttp2 has chosen the parameters */
static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user_data)
{
	struct h2_stream *stream =
		nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	struct span span;

	(void)flags;
	(void)user_data;
	/* Trailers say nothing here. */
	if (!stream || stream->refused || stream->handed ||
		frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	span = (struct span){.name = stream->text.len,
		.name_len = name_len,
		.value = stream->text.len + name_len,
		.value_len = value_len};
	stream->weight += name_len + value_len + FIELD_OVERHEAD;
	if (stream->weight > H2_MAX_HEADERS)
		return refuse(stream);
	rf_buf_add(&stream->text, name, name_len);
	rf_buf_add(&stream->text, value, value_len);
	if (stream->text.failed || !rf_vec_push(&stream->fields, span))
		return refuse(stream);
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
	size_t len, void *user_data)
{
	struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, id);

	(void)flags;
	(void)user_data;
	if (!stream || stream->refused || stream->handed)
		return 0;
	rf_buf_add(&stream->body, data, len);
	return stream->body.failed ? refuse(stream) : 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
	struct h2 *h2 = user_data;
	struct h2_stream *stream;

	if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
		!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (!stream || stream->refused || stream->handed)
		return 0;
	stream->handed = true;
	h2->handlers->request(h2->ctx, stream);
	drop_request(stream);
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user_data)
{
	struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, id);

	(void)code;
	(void)user_data;
	if (stream)
		drop_stream(stream);
	return 0;
}

/* --- connections --- */

static int make_session(struct h2 *h2)
{
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_MAX_STREAMS},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, H2_MAX_HEADERS},
	};
	nghttp2_session_callbacks *calls = NULL;
	nghttp2_option *option = NULL;
	int rc = nghttp2_session_callbacks_new(&calls);

	if (rc == 0)
		rc = nghttp2_option_new(&option);
	if (rc == 0) {
		nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin_headers);
		nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
		nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
		nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
		nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
		nghttp2_option_set_no_closed_streams(option, 1);
		nghttp2_option_set_max_outbound_ack(option, MAX_OUTBOUND);
		nghttp2_option_set_max_settings(option, MAX_SETTINGS);
		rc = nghttp2_session_server_new2(&h2->session, calls, h2, option);
	}
	if (rc == 0)
		rc = nghttp2_submit_settings(
			h2->session, NGHTTP2_FLAG_NONE, settings, RF_ARRAY_LEN(settings));
	nghttp2_session_callbacks_del(calls);
	nghttp2_option_del(option);
	return rc;
}

struct h2 *h2_new(const struct h2_handlers *handlers, void *ctx)
{
	struct h2 *h2 = calloc(1, sizeof(*h2));

	if (!h2)
		return NULL;
	h2->handlers = handlers;
	h2->ctx = ctx;
	if (make_session(h2) == 0)
		return h2;
	h2_free(h2);
	return NULL;
}

void h2_free(struct h2 *h2)
{
	if (!h2)
		return;
	while (h2->streams)
		drop_stream(h2->streams);
	nghttp2_session_del(h2->session);
	free(h2);
}

int h2_receive(struct h2 *h2, struct rf_bytes bytes)
{
	ssize_t used = nghttp2_session_mem_recv(h2->session, bytes.ptr, bytes.len);

	return used == (ssize_t)bytes.len ? RF_OK : RF_EINPUT;
}

int h2_send(struct h2 *h2, struct rf_bytes *ret)
{
	ssize_t len = nghttp2_session_mem_send(h2->session, &ret->ptr);

	if (len < 0)
		return RF_EINTERNAL;
	ret->len = (size_t)len;
	return RF_OK;
}

void h2_shut(struct h2 *h2)
{
	(void)nghttp2_session_terminate_session(h2->session, NGHTTP2_NO_ERROR);
}

bool h2_is_over(const struct h2 *h2)
{
	return !nghttp2_session_want_read(h2->session) && !nghttp2_session_want_write(h2->session);
}

size_t h2_stream_count(const struct h2 *h2)
{
	return h2->count;
}

/* --- requests and answers --- */

struct rf_str h2_stream_field(const struct h2_stream *stream, const char *name)
{
	rf_vec_each (span, &stream->fields) {
		const char *text = stream->text.data;

		if (rf_str_is((struct rf_str){text + span->name, span->name_len}, name))
			return (struct rf_str){text + span->value, span->value_len};
	}
	return RF_STR_NONE;
}

struct rf_bytes h2_stream_body(const struct h2_stream *stream)
{
	return (struct rf_bytes){(const uint8_t *)rf_buf_cstr(&stream->body), stream->body.len};
}

void h2_stream_set_app(struct h2_stream *stream, void *app)
{
	stream->app = app;
}

void *h2_stream_app(const struct h2_stream *stream)
{
	return stream->app;
}

/* NOLINTNEXTLINE(readability-function-size): nghttp2 has chosen the parameters */
static ssize_t on_content(nghttp2_session *session, int32_t id, uint8_t *out, size_t max,
	uint32_t *flags, nghttp2_data_source *source, void *user_data)
{
	struct h2 *h2 = user_data;
	struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, id);
	ssize_t len;

	(void)source;
	if (!stream)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	len = h2->handlers->content(h2->ctx, stream, out, max);
	if (len == 0)
		return NGHTTP2_ERR_DEFERRED;
	if (len == RF_EABSENT) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		return 0;
	}
	return len < 0 ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : len;
}

static int submit(struct h2_stream *stream, const struct h2_field *fields, size_t count,
	const nghttp2_data_provider *content)
{
	nghttp2_nv list[MAX_ANSWER];

	if (count > RF_ARRAY_LEN(list))
		return RF_ELIMIT;
	for (size_t i = 0; i < count; i++) /* nghttp2 copies them */
		list[i] = (nghttp2_nv){.name = (uint8_t *)(uintptr_t)fields[i].name.ptr,
			.namelen = fields[i].name.len,
			.value = (uint8_t *)(uintptr_t)fields[i].value.ptr,
			.valuelen = fields[i].value.len};
	return nghttp2_submit_response(stream->h2->session, stream->id, list, count, content) == 0
		       ? RF_OK
		       : RF_EINTERNAL;
}

int h2_stream_answer(struct h2_stream *stream, const struct h2_field *fields, size_t count)
{
	return submit(stream, fields, count, NULL);
}

int h2_stream_begin(struct h2_stream *stream, const struct h2_field *fields, size_t count)
{
	const nghttp2_data_provider content = {.read_callback = on_content};

	return submit(stream, fields, count, &content);
}

void h2_stream_resume(struct h2_stream *stream)
{
	(void)nghttp2_session_resume_data(stream->h2->session, stream->id);
}
