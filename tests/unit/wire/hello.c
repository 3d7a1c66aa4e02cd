/* First bytes: every way to cut a ClientHello, what is no TLS, and limits. */
#include "tests/lib/tap.h"

#include "base/buf.h"
#include "wire/hello.h"

#define RECORD_HEADER 5
#define RECORD_MAX    16384

static struct hello hello;

/* --- making --- */

static void add_u16(struct rf_buf *out, size_t value)
{
	rf_buf_add_char(out, (char)(value >> 8));
	rf_buf_add_char(out, (char)(value & 0xff));
}

static void add_extension(struct rf_buf *out, size_t type, struct rf_str body)
{
	add_u16(out, type);
	add_u16(out, body.len);
	rf_buf_add_str(out, body);
}

static void add_name(struct rf_buf *out, struct rf_str name)
{
	AUTO_BUF body = {0};

	add_u16(&body, name.len + 3);
	rf_buf_add_char(&body, 0);
	add_u16(&body, name.len);
	rf_buf_add_str(&body, name);
	add_extension(out, 0, rf_buf_str(&body));
}

static void add_alpn(struct rf_buf *out, const char *first, const char *second)
{
	AUTO_BUF body = {0};

	add_u16(&body, strlen(first) + strlen(second) + 2);
	rf_buf_add_char(&body, (char)strlen(first));
	rf_buf_add_c(&body, first);
	rf_buf_add_char(&body, (char)strlen(second));
	rf_buf_add_c(&body, second);
	add_extension(out, 16, rf_buf_str(&body));
}

/* The handshake message; extensions absent (ptr NULL): none, as in TLS 1.0. */
static void add_message(struct rf_buf *out, struct rf_str extensions)
{
	AUTO_BUF body = {0};

	rf_buf_add(&body, "\x03\x03", 2);
	for (int i = 0; i < 32; i++)
		rf_buf_add_char(&body, (char)i);
	rf_buf_add_char(&body, 4);
	rf_buf_add_c(&body, "sess");
	add_u16(&body, 2);
	add_u16(&body, 0x1301);
	rf_buf_add(&body, "\x01\x00", 2);
	if (extensions.ptr) {
		add_u16(&body, extensions.len);
		rf_buf_add_str(&body, extensions);
	}
	rf_buf_add_char(out, 1);
	rf_buf_add_char(out, (char)(body.len >> 16));
	add_u16(out, body.len & 0xffff);
	rf_buf_add_str(out, rf_buf_str(&body));
}

/* The message in records of at most so many bytes. */
static void add_records(struct rf_buf *out, struct rf_str message, size_t most)
{
	for (size_t at = 0; at < message.len;) {
		size_t len = message.len - at < most ? message.len - at : most;

		rf_buf_add(out, "\x16\x03\x01", 3);
		add_u16(out, len);
		rf_buf_add(out, message.ptr + at, len);
		at += len;
	}
}

static void make_usual(struct rf_buf *message)
{
	AUTO_BUF extensions = {0};

	add_extension(&extensions, 43, RF_STR("\x02\x03\x04"));
	add_name(&extensions, RF_STR("Web.Example"));
	add_alpn(&extensions, "h2", "ringfence");
	add_message(message, rf_buf_str(&extensions));
}

static enum hello_kind read_it(const struct rf_buf *data, size_t len)
{
	/* A copy of its own, so that a sanitizer sees a byte read too far. */
	uint8_t *copy = malloc(len + 1);
	enum hello_kind kind;

	memset(&hello, 0x55, sizeof(hello));
	memcpy(copy, data->data ? data->data : "", len);
	copy = realloc(copy, len ? len : 1);
	kind = hello_read((struct rf_bytes){copy, len}, "ringfence", &hello);
	free(copy);
	return kind;
}

static bool is_usual(void)
{
	return strcmp(hello.name, "web.example") == 0 && hello.has_alpn;
}

/* --- behaviours --- */

static void a_hello_is_read_once_its_last_byte_is_there(void)
{
	AUTO_BUF message = {0};
	AUTO_BUF all = {0};

	make_usual(&message);
	add_records(&all, rf_buf_str(&message), RECORD_MAX);
	for (size_t len = 0; len < all.len; len++)
		CHECKF(read_it(&all, len) == HELLO_MORE, "%zu of %zu bytes", len, all.len);
	CHECK(read_it(&all, all.len) == HELLO_TLS);
	CHECK(is_usual());
}

static void it_may_be_cut_into_records_of_every_size(void)
{
	AUTO_BUF message = {0};

	make_usual(&message);
	for (size_t most = 1; most <= message.len; most++) {
		AUTO_BUF all = {0};

		add_records(&all, rf_buf_str(&message), most);
		for (size_t len = 0; len < all.len; len++)
			CHECKF(read_it(&all, len) == HELLO_MORE, "records of %zu, %zu bytes", most,
				len);
		CHECKF(read_it(&all, all.len) == HELLO_TLS && is_usual(), "records of %zu", most);
	}
}

static void it_may_be_cut_into_two_records_at_every_byte(void)
{
	AUTO_BUF message = {0};

	make_usual(&message);
	for (size_t at = 1; at < message.len; at++) {
		AUTO_BUF all = {0};

		add_records(&all, (struct rf_str){message.data, at}, RECORD_MAX);
		add_records(&all, (struct rf_str){message.data + at, message.len - at}, RECORD_MAX);
		CHECKF(read_it(&all, all.len) == HELLO_TLS && is_usual(), "cut at %zu", at);
	}
}

static void what_follows_a_hello_does_not_matter(void)
{
	AUTO_BUF message = {0};
	AUTO_BUF all = {0};

	make_usual(&message);
	rf_buf_add_c(&message, "more of the same record");
	add_records(&all, rf_buf_str(&message), RECORD_MAX);
	rf_buf_add_c(&all, "GET / HTTP/1.1");
	CHECK(read_it(&all, all.len) == HELLO_TLS);
	CHECK(is_usual());
}

static void other_protocols_are_told_by_their_first_bytes(void)
{
	static const char *const others[] = {"GET / HTTP/1.1\r\n", "SSH-2.0-x", "PRI * HTTP/2.0",
		"PROXY TCP4 ", "\x80\x2e\x01", "\x15\x03\x01", "\x17\x03\x03", "\x16\x02\x00",
		"\x16GET", "\n", " "};

	for (size_t i = 0; i < RF_ARRAY_LEN(others); i++) {
		AUTO_BUF all = {0};

		rf_buf_add_c(&all, others[i]);
		CHECKF(read_it(&all, all.len) == HELLO_OTHER, "\"%s\"", others[i]);
	}
	CHECK(hello_read((struct rf_bytes){(const uint8_t *)"G", 1}, NULL, &hello) == HELLO_OTHER);
	CHECK(hello_read((struct rf_bytes){(const uint8_t *)"", 0}, NULL, &hello) == HELLO_MORE);
	CHECK(hello_read((struct rf_bytes){NULL, 0}, NULL, &hello) == HELLO_MORE);
}

static void other_handshake_messages_are_no_hello(void)
{
	AUTO_BUF message = {0};

	make_usual(&message);
	for (int type = 0; type < 256; type++) {
		AUTO_BUF all = {0};

		message.data[0] = (char)type;
		add_records(&all, rf_buf_str(&message), RECORD_MAX);
		CHECKF((read_it(&all, RECORD_HEADER + 1) == HELLO_OTHER) == (type != 1), "type %d",
			type);
	}
}

static void another_record_in_the_middle_is_refused(void)
{
	AUTO_BUF message = {0};
	AUTO_BUF all = {0};

	make_usual(&message);
	add_records(&all, (struct rf_str){message.data, 10}, RECORD_MAX);
	rf_buf_add(&all, "\x15\x03\x01\x00\x02\x01\x00", 7);
	CHECK(read_it(&all, all.len) == HELLO_OTHER);
}

static void records_that_are_empty_or_too_long_are_refused(void)
{
	AUTO_BUF empty = {0};
	AUTO_BUF large = {0};

	rf_buf_add(&empty, "\x16\x03\x01\x00\x00", 5);
	CHECK(read_it(&empty, empty.len) == HELLO_OTHER);
	rf_buf_add(&large, "\x16\x03\x01\x40\x01", 5);
	CHECK(read_it(&large, large.len) == HELLO_OTHER);
	large.data[4] = 0;
	CHECK(read_it(&large, large.len) == HELLO_MORE);
}

/* A hello whose message has so many bytes. */
static void make_of_size(struct rf_buf *out, size_t want, size_t most)
{
	AUTO_BUF extensions = {0};
	AUTO_BUF message = {0};
	AUTO_BUF padding = {0};
	size_t around = 4 + 2 + 32 + 5 + 4 + 2 + 2 + 4;

	for (size_t i = around; i < want; i++)
		rf_buf_add_char(&padding, 0);
	add_extension(&extensions, 21, rf_buf_str(&padding));
	add_message(&message, rf_buf_str(&extensions));
	CHECK_INT(message.len, want);
	add_records(out, rf_buf_str(&message), most);
}

static void a_large_hello_is_read_up_to_the_limit(void)
{
	AUTO_BUF fits = {0};
	AUTO_BUF large = {0};

	make_of_size(&fits, HELLO_MAX, RECORD_MAX);
	CHECK(read_it(&fits, fits.len - 1) == HELLO_MORE);
	CHECK(read_it(&fits, fits.len) == HELLO_TLS);
	make_of_size(&large, HELLO_MAX + 1, RECORD_MAX);
	CHECK(read_it(&large, RECORD_HEADER + 3) == HELLO_MORE);
	/* Its announced length is enough to refuse it. */
	CHECK(read_it(&large, RECORD_HEADER + 4) == HELLO_OTHER);
}

static void a_hello_without_extensions_has_no_name(void)
{
	AUTO_BUF message = {0};
	AUTO_BUF all = {0};

	add_message(&message, RF_STR_NONE);
	add_records(&all, rf_buf_str(&message), RECORD_MAX);
	CHECK(read_it(&all, all.len) == HELLO_TLS);
	CHECK_STR(hello.name, "");
	CHECK(!hello.has_alpn);
}

static enum hello_kind read_extensions(const struct rf_buf *extensions)
{
	AUTO_BUF message = {0};
	AUTO_BUF all = {0};

	add_message(&message, extensions->data ? rf_buf_str(extensions) : RF_STR(""));
	add_records(&all, rf_buf_str(&message), RECORD_MAX);
	return read_it(&all, all.len);
}

static void names_are_lower_case_and_bounded(void)
{
	AUTO_BUF fits = {0};
	AUTO_BUF large = {0};
	char name[HELLO_MAX_NAME + 1];

	memset(name, 'X', sizeof(name));
	add_name(&fits, (struct rf_str){name, HELLO_MAX_NAME});
	CHECK(read_extensions(&fits) == HELLO_TLS);
	CHECK_INT(strlen(hello.name), HELLO_MAX_NAME);
	CHECK_INT(hello.name[0], 'x');
	add_name(&large, (struct rf_str){name, HELLO_MAX_NAME + 1});
	(void)read_extensions(&large);
	CHECK_STR(hello.name, "");
}

static void a_name_with_a_nul_is_not_taken_for_its_beginning(void)
{
	AUTO_BUF extensions = {0};

	add_name(&extensions, RF_STR("web.example\0.evil"));
	(void)read_extensions(&extensions);
	CHECK_STR(hello.name, "");
}

static void names_of_other_types_are_passed_over(void)
{
	AUTO_BUF extensions = {0};

	add_extension(&extensions, 0, RF_STR("\x00\x04\x01\x00\x01x"));
	CHECK(read_extensions(&extensions) == HELLO_TLS);
	CHECK_STR(hello.name, "");
}

static void only_the_whole_name_of_a_protocol_counts(void)
{
	AUTO_BUF extensions = {0};

	add_alpn(&extensions, "ringfenc", "ringfence2");
	CHECK(read_extensions(&extensions) == HELLO_TLS);
	CHECK(!hello.has_alpn);
}

static void lengths_that_point_outside_are_refused(void)
{
	AUTO_BUF usual = {0};

	make_usual(&usual);
	/* Every byte of a hello, changed in turn: any verdict, but never outside the bytes. */
	for (size_t at = 0; at < usual.len; at++) {
		for (int bit = 0; bit < 8; bit++) {
			AUTO_BUF all = {0};

			usual.data[at] ^= (char)(1 << bit);
			add_records(&all, rf_buf_str(&usual), RECORD_MAX);
			CHECK(read_it(&all, all.len) <= HELLO_OTHER);
			usual.data[at] ^= (char)(1 << bit);
		}
	}
	/* The session ID's length says more than there is. */
	{
		AUTO_BUF all = {0};

		usual.data[4 + 34] = (char)0xff;
		add_records(&all, rf_buf_str(&usual), RECORD_MAX);
		CHECK(read_it(&all, all.len) == HELLO_OTHER);
	}
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_hello_is_read_once_its_last_byte_is_there);
	RUN(it_may_be_cut_into_records_of_every_size);
	RUN(it_may_be_cut_into_two_records_at_every_byte);
	RUN(what_follows_a_hello_does_not_matter);
	RUN(other_protocols_are_told_by_their_first_bytes);
	RUN(other_handshake_messages_are_no_hello);
	RUN(another_record_in_the_middle_is_refused);
	RUN(records_that_are_empty_or_too_long_are_refused);
	RUN(a_large_hello_is_read_up_to_the_limit);
	RUN(a_hello_without_extensions_has_no_name);
	RUN(names_are_lower_case_and_bounded);
	RUN(a_name_with_a_nul_is_not_taken_for_its_beginning);
	RUN(names_of_other_types_are_passed_over);
	RUN(only_the_whole_name_of_a_protocol_counts);
	RUN(lengths_that_point_outside_are_refused);
	return TAP_END();
}
