/* HTTP/1.1: heads and content, whole and byte by byte, and all that is refused. */
#include "tests/lib/tap.h"

#include "base/buf.h"
#include "wire/http1.h"

#define OK_LINE "HTTP/1.1 200 OK\r\n"

static struct http1_head head;

/*
 * The content of a message that is fed step bytes at a time, with '|' behind it when it is
 * complete; "error" or "more".
 */
static const char *read_in_steps(const char *text, size_t step)
{
	static struct rf_buf out;
	struct rf_str all = rf_str_of(text), content;
	struct http1_body body;
	ssize_t len = 0;
	size_t at, end = 0;

	rf_buf_clear(&out);
	while (len == 0 && end < all.len) {
		end = end + step < all.len ? end + step : all.len;
		len = http1_response_parse((struct rf_str){all.ptr, end}, &head, NULL);
	}
	if (len <= 0 || http1_body_begin(&head, false, &body, NULL) < 0)
		return len == 0 ? "more" : "error";
	for (at = (size_t)len; !body.done;) {
		ssize_t used = http1_body_feed(
			&body, (struct rf_str){all.ptr + at, end - at}, &content, NULL);

		if (used < 0)
			return "error";
		rf_buf_add_str(&out, content);
		at += (size_t)used;
		if (used == 0 && end == all.len)
			break;
		if (used == 0)
			end = end + step < all.len ? end + step : all.len;
	}
	if (body.done)
		rf_buf_add_char(&out, '|');
	return rf_buf_cstr(&out);
}

static const char *read_all(const char *text)
{
	static char whole[4096];
	const char *slow;

	snprintf(whole, sizeof(whole), "%s", read_in_steps(text, strlen(text)));
	slow = read_in_steps(text, 1);
	CHECKF(strcmp(whole, slow) == 0, "byte by byte \"%s\" and at once \"%s\"", slow, whole);
	return whole;
}

static void a_head_is_taken_apart(void)
{
	CHECK_STR(read_all("HTTP/1.1 404 Not Found\r\nA: 1\r\nb:  x y \t\r\nA:2\r\n"
			   "Content-Length: 0\r\n\r\n"),
		"|");
	CHECK_INT(head.status, 404);
	CHECK_INT(head.field_count, 4);
	CHECK(rf_str_is(http1_field(&head, "B"), "x y"));
	CHECK(rf_str_is(http1_field(&head, "a"), "1"));
	CHECK(!http1_field(&head, "c").ptr);
}

static void lists_have_tokens(void)
{
	CHECK_STR(read_all(OK_LINE "Connection: x, Close\r\nContent-Length: 0\r\n\r\n"), "|");
	CHECK(http1_has_token(&head, "connection", "close"));
	CHECK(!http1_has_token(&head, "connection", "clo"));
}

static void content_has_its_length(void)
{
	CHECK_STR(read_all(OK_LINE "Content-Length: 5\r\n\r\nhelloHTTP/1.1"), "hello|");
	CHECK_STR(read_all(OK_LINE "Content-Length: 5\r\n\r\nhell"), "hell");
}

static void chunks_are_put_together(void)
{
	CHECK_STR(
		read_all(OK_LINE "Transfer-Encoding: chunked\r\n\r\n"
				 "5\r\nhello\r\n1;ext=\"y\"\r\n \r\nA\r\n0123456789\r\n0\r\n\r\n"),
		"hello 0123456789|");
	CHECK_STR(
		read_all(OK_LINE "Transfer-Encoding: Chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n"), "|");
	CHECK_STR(read_all(OK_LINE "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), "hello");
}

static void without_a_length_the_end_is_the_connections(void)
{
	CHECK_STR(read_all(OK_LINE "\r\nanything"), "anything");
}

static void some_answers_have_no_content(void)
{
	struct http1_body body;

	CHECK_STR(read_all("HTTP/1.1 204 No Content\r\n\r\n"), "|");
	CHECK_STR(read_all("HTTP/1.1 304\r\nContent-Length: 7\r\n\r\n"), "|");
	CHECK_STR(read_all(OK_LINE "Content-Length: 7\r\n\r\n"), "");
	CHECK_INT(http1_body_begin(&head, true, &body, NULL), RF_OK);
	CHECK(body.done);
}

static void what_two_could_read_in_two_ways_is_refused(void)
{
	static const char *const texts[] = {
		"HTTP/1.1 200 OK\nA: 1\r\n\r\n", /* LF alone */
		"HTTP/1.1 200 OK\r\nA: 1\n\r\n",
		"HTTP/1.1 200 OK\r\nA: 1\rB: 2\r\n\r\n", /* CR alone */
		"HTTP/1.1 200 OK\r\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: 1\r\n folded: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA : 1\r\n\r\n", /* space before the colon */
		"HTTP/1.1 200 OK\r\n: 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n",
		"HTTP/2 200\r\n\r\n",
		"HTTP/1.1  200 OK\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 600 OK\r\n\r\n",
		"hello\r\n\r\n",
		OK_LINE "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
		OK_LINE "Content-Length: 1, 1\r\n\r\nx",
		OK_LINE "Content-Length: +1\r\n\r\nx",
		OK_LINE "Content-Length: 0x1\r\n\r\nx",
		OK_LINE "Content-Length: \r\n\r\nx",
		OK_LINE "Content-Length: 99999999999999999999\r\n\r\nx",
		OK_LINE "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		OK_LINE "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		OK_LINE "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		OK_LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(texts); i++)
		CHECKF(strcmp(read_all(texts[i]), "error") == 0, "\"%s\" is taken", texts[i]);
}

static void chunks_without_a_sound_size_are_refused(void)
{
	static const char *const chunks[] = {"\r\n\r\n", "x\r\n", " 1\r\nx\r\n", "1 \r\nx\r\n",
		"0x1\r\nx\r\n", "-1\r\nx\r\n", "1\nx\r\n", "1\r\nxy\r\n", "1\r\nx\n",
		"1;\x01\r\nx\r\n", "ffffffffffffffff\r\nx", "10000000000000000\r\nx", "+1\r\nx\r\n",
		"0\r\nbad trailer\r\n\r\n"};

	for (size_t i = 0; i < RF_ARRAY_LEN(chunks); i++) {
		char text[256];

		snprintf(text, sizeof(text), OK_LINE "Transfer-Encoding: chunked\r\n\r\n%s",
			chunks[i]);
		CHECKF(strcmp(read_all(text), "error") == 0, "\"%s\" is taken", chunks[i]);
	}
}

static void everything_has_a_limit(void)
{
	AUTO_BUF text = {0};

	rf_buf_add_c(&text, OK_LINE);
	for (unsigned i = 0; i <= HTTP1_MAX_FIELDS; i++)
		rf_buf_addf(&text, "A%u: x\r\n", i);
	rf_buf_add_c(&text, "\r\n");
	CHECK_INT(http1_response_parse(rf_buf_str(&text), &head, NULL), RF_ELIMIT);
	rf_buf_clear(&text);
	rf_buf_add_c(&text, OK_LINE "A: ");
	for (size_t i = 0; i < HTTP1_MAX_HEAD; i++)
		rf_buf_add_char(&text, 'x');
	CHECK_INT(http1_response_parse(rf_buf_str(&text), &head, NULL), RF_ELIMIT);
	rf_buf_add_c(&text, "\r\n\r\n");
	CHECK_INT(http1_response_parse(rf_buf_str(&text), &head, NULL), RF_ELIMIT);
}

static void trailers_have_a_limit(void)
{
	struct http1_body body = {.framing = HTTP1_CHUNKED};
	struct rf_str content;
	ssize_t used = http1_body_feed(&body, RF_STR("0\r\n"), &content, NULL);

	CHECK_INT(used, 3);
	for (size_t i = 0; i < HTTP1_MAX_TRAILER && used > 0; i++)
		used = http1_body_feed(&body, RF_STR("A: x\r\n"), &content, NULL);
	CHECK_INT(used, RF_ELIMIT);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_head_is_taken_apart);
	RUN(lists_have_tokens);
	RUN(content_has_its_length);
	RUN(chunks_are_put_together);
	RUN(without_a_length_the_end_is_the_connections);
	RUN(some_answers_have_no_content);
	RUN(what_two_could_read_in_two_ways_is_refused);
	RUN(chunks_without_a_sound_size_are_refused);
	RUN(everything_has_a_limit);
	RUN(trailers_have_a_limit);
	return TAP_END();
}
