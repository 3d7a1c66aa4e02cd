/*
 * Lines first: a line is what stands before CR LF, and a lone CR or LF is an error wherever it is.
 * Fields are lines; chunks are lines and counted bytes.
 */
#include "wire/http1.h"

#include <strings.h>

#include "base/num.h"

#define MAX_CHUNK_DIGITS 15

static int bad(struct rf_err *err, const char *what)
{
	return rf_err_set(err, RF_EINPUT, "malformed HTTP: %s", what);
}

static bool is_token_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool http1_token_ok(struct rf_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!is_token_char(name.ptr[i]))
			return false;
	}
	return name.len > 0;
}

bool http1_value_ok(struct rf_str value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/*
 * The line at the beginning of bytes: returns its length with CR LF, 0 when its end has not come.
 * A lone CR or LF is RF_EINPUT.
 */
static ssize_t take_line(struct rf_str bytes, struct rf_str *ret, struct rf_err *err)
{
	const char *lf = bytes.len ? memchr(bytes.ptr, '\n', bytes.len) : NULL;
	size_t len = lf ? (size_t)(lf - bytes.ptr) : bytes.len;
	const char *cr = len ? memchr(bytes.ptr, '\r', len) : NULL;

	if (lf && (!cr || cr + 1 != lf))
		return bad(err, "a line that does not end with CR LF");
	if (!lf && cr && cr + 1 < bytes.ptr + bytes.len)
		return bad(err, "a CR without a LF");
	if (!lf)
		return 0;
	*ret = (struct rf_str){.ptr = bytes.ptr, .len = len - 1};
	return (ssize_t)len + 1;
}

static struct rf_str trim(struct rf_str s)
{
	while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
		s.ptr++;
		s.len--;
	}
	while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static int parse_field(struct rf_str line, struct http1_field *ret, struct rf_err *err)
{
	struct rf_str name, value = rf_str_cut(line, ':', &name);

	if (!value.ptr)
		return bad(err, "a field without a colon");
	/* Also refuses a folded line, which begins with white space. */
	if (!http1_token_ok(name))
		return bad(err, "a field name that is none");
	if (!http1_value_ok(value))
		return bad(err, "a control character in a field");
	*ret = (struct http1_field){.name = name, .value = trim(value)};
	return RF_OK;
}

/* "HTTP/1.1 200 OK": the reason may be empty, and some leave its space out. */
static int parse_status(struct rf_str line, struct http1_head *ret, struct rf_err *err)
{
	struct rf_str number = {.ptr = line.ptr + 9, .len = 3};
	uint64_t status;

	ret->old = rf_str_starts(line, RF_STR("HTTP/1.0 "));
	if (!ret->old && !rf_str_starts(line, RF_STR("HTTP/1.1 ")))
		return bad(err, "no HTTP/1.1 answer");
	if (line.len < 12 || (line.len > 12 && line.ptr[12] != ' ') ||
		!rf_num_u64(number, 599, &status) || status < 100)
		return bad(err, "a status that is none");
	if (!http1_value_ok(line))
		return bad(err, "a control character in the status line");
	ret->status = (unsigned)status;
	return RF_OK;
}

static int add_line(struct rf_str line, struct http1_head *ret, struct rf_err *err)
{
	if (ret->field_count == HTTP1_MAX_FIELDS)
		return rf_err_set(err, RF_ELIMIT, "more than %d fields", HTTP1_MAX_FIELDS);
	return parse_field(line, &ret->fields[ret->field_count++], err);
}

ssize_t http1_response_parse(struct rf_str bytes, struct http1_head *ret, struct rf_err *err)
{
	struct rf_str line, rest = bytes;
	bool first = true;

	ret->field_count = 0;
	for (;;) {
		ssize_t len = take_line(rest, &line, err);
		int rc = RF_OK;

		if (len < 0)
			return len;
		if (len == 0 || (size_t)(rest.ptr + len - bytes.ptr) > HTTP1_MAX_HEAD)
			break;
		rest.ptr += len;
		rest.len -= (size_t)len;
		if (first)
			rc = parse_status(line, ret, err);
		else if (line.len == 0)
			return rest.ptr - bytes.ptr;
		else
			rc = add_line(line, ret, err);
		if (rc < 0)
			return rc;
		first = false;
	}
	if (bytes.len >= HTTP1_MAX_HEAD)
		return rf_err_set(err, RF_ELIMIT, "a head of more than %zu bytes", HTTP1_MAX_HEAD);
	return 0;
}

static bool name_is(struct rf_str name, const char *want)
{
	return name.len == strlen(want) && strncasecmp(name.ptr, want, name.len) == 0;
}

struct rf_str http1_field_next(const struct http1_head *head, const char *name, size_t *index)
{
	while (*index < head->field_count) {
		const struct http1_field *field = &head->fields[(*index)++];

		if (name_is(field->name, name))
			return field->value;
	}
	return RF_STR_NONE;
}

struct rf_str http1_field(const struct http1_head *head, const char *name)
{
	size_t index = 0;

	return http1_field_next(head, name, &index);
}

bool http1_has_token(const struct http1_head *head, const char *name, const char *token)
{
	size_t index = 0;
	struct rf_str value, item;

	while ((value = http1_field_next(head, name, &index)).ptr) {
		do {
			value = rf_str_cut(value, ',', &item);
			if (name_is(trim(item), token))
				return true;
		} while (value.ptr);
	}
	return false;
}

/* --- content --- */

enum chunk_state {
	CHUNK_SIZE,
	CHUNK_DATA,
	CHUNK_END, /* the CR LF behind the data */
	CHUNK_TRAILER,
};

/* *ret_set tells whether there is a length at all. */
static int content_length(
	const struct http1_head *head, bool *ret_set, uint64_t *ret, struct rf_err *err)
{
	size_t index = 0;
	struct rf_str value = http1_field_next(head, "content-length", &index);

	*ret_set = value.ptr != NULL;
	if (!value.ptr)
		return RF_OK;
	if (http1_field_next(head, "content-length", &index).ptr)
		return bad(err, "two lengths");
	if (!rf_num_u64(value, INT64_MAX, ret))
		return bad(err, "a length that is no number");
	return RF_OK;
}

int http1_body_begin(
	const struct http1_head *head, bool no_content, struct http1_body *ret, struct rf_err *err)
{
	size_t index = 0;
	struct rf_str coding = http1_field_next(head, "transfer-encoding", &index);
	bool has_length;
	uint64_t length = 0;
	int rc = content_length(head, &has_length, &length, err);

	*ret = (struct http1_body){.framing = HTTP1_TO_CLOSE};
	if (rc < 0)
		return rc;
	if (coding.ptr && has_length)
		return bad(err, "a length beside a transfer coding");
	if (coding.ptr && (head->old || !name_is(coding, "chunked") ||
				  http1_field_next(head, "transfer-encoding", &index).ptr))
		return bad(err, "another transfer coding than chunked");
	if (no_content || head->status < 200 || head->status == 204 || head->status == 304)
		*ret = (struct http1_body){.framing = HTTP1_EMPTY, .done = true};
	else if (coding.ptr)
		*ret = (struct http1_body){.framing = HTTP1_CHUNKED, .state = CHUNK_SIZE};
	else if (has_length)
		*ret = (struct http1_body){
			.framing = HTTP1_LENGTH, .left = length, .done = length == 0};
	return RF_OK;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_chunk_size(struct rf_str line, uint64_t *ret, struct rf_err *err)
{
	uint64_t size = 0;
	size_t i = 0;

	for (; i < line.len && hex_digit(line.ptr[i]) >= 0; i++) {
		if (i == MAX_CHUNK_DIGITS)
			return bad(err, "a chunk's size of too many digits");
		size = size << 4 | (unsigned)hex_digit(line.ptr[i]);
	}
	/* Extensions are passed over. */
	if (i == 0 || (i < line.len && line.ptr[i] != ';') || !http1_value_ok(line))
		return bad(err, "a chunk without a sound size");
	if (size > HTTP1_MAX_CHUNK)
		return rf_err_set(err, RF_ELIMIT, "a chunk of more than %llu bytes",
			(unsigned long long)HTTP1_MAX_CHUNK);
	*ret = size;
	return RF_OK;
}

/* Trailers are checked like fields, and dropped. */
static int take_trailer(struct http1_body *body, struct rf_str line, size_t len, struct rf_err *err)
{
	struct http1_field field;

	body->trailer_bytes += len;
	if (body->trailer_bytes > HTTP1_MAX_TRAILER)
		return rf_err_set(
			err, RF_ELIMIT, "trailers of more than %zu bytes", HTTP1_MAX_TRAILER);
	body->done = line.len == 0;
	return line.len == 0 ? RF_OK : parse_field(line, &field, err);
}

/* A line of a chunked body: a size, the end of a chunk's data, or a trailer. */
static ssize_t feed_line(struct http1_body *body, struct rf_str bytes, struct rf_err *err)
{
	struct rf_str line;
	ssize_t len = take_line(bytes, &line, err);
	size_t seen = len > 0 ? (size_t)len : bytes.len;
	int rc = RF_OK;

	if (len < 0)
		return len;
	if (seen > HTTP1_MAX_LINE)
		return rf_err_set(err, RF_ELIMIT, "a line of more than %d bytes", HTTP1_MAX_LINE);
	if (len == 0)
		return 0;
	switch ((enum chunk_state)body->state) {
	case CHUNK_SIZE:
		rc = parse_chunk_size(line, &body->left, err);
		body->state = body->left ? CHUNK_DATA : CHUNK_TRAILER;
		break;
	case CHUNK_END:
		if (line.len)
			rc = bad(err, "a chunk that is longer than its size");
		body->state = CHUNK_SIZE;
		break;
	case CHUNK_TRAILER: rc = take_trailer(body, line, (size_t)len, err); break;
	case CHUNK_DATA: break;
	}
	return rc < 0 ? rc : len;
}

static ssize_t feed_counted(
	struct http1_body *body, struct rf_str bytes, struct rf_str *ret_content)
{
	size_t len = body->left < bytes.len ? (size_t)body->left : bytes.len;

	if (len)
		*ret_content = (struct rf_str){.ptr = bytes.ptr, .len = len};
	body->left -= len;
	return (ssize_t)len;
}

ssize_t http1_body_feed(struct http1_body *body, struct rf_str bytes, struct rf_str *ret_content,
	struct rf_err *err)
{
	ssize_t used = 0;

	*ret_content = RF_STR_NONE;
	if (body->done || bytes.len == 0)
		return 0;
	switch (body->framing) {
	case HTTP1_EMPTY: break;
	case HTTP1_TO_CLOSE: *ret_content = bytes; return (ssize_t)bytes.len;
	case HTTP1_LENGTH:
		used = feed_counted(body, bytes, ret_content);
		body->done = body->left == 0;
		break;
	case HTTP1_CHUNKED:
		if (body->state != CHUNK_DATA)
			return feed_line(body, bytes, err);
		used = feed_counted(body, bytes, ret_content);
		if (body->left == 0)
			body->state = CHUNK_END;
		break;
	}
	return used;
}
