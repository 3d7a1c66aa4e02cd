/* The PROXY protocol: both versions, every family, every length, and what is malformed. */
#include "tests/lib/tap.h"

#include "wire/proxy_protocol.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4	  "\x0a\x00\x00\x01\x0a\x00\x00\x02\x12\x34\x01\xbb"

static struct proxy_addresses found;
static size_t header_len;

static enum proxy_protocol_kind read_it(struct rf_str data)
{
	/* A copy of its own, so that a sanitizer sees a byte read too far. */
	uint8_t *copy = malloc(data.len ? data.len : 1);
	enum proxy_protocol_kind kind;

	memcpy(copy, data.ptr, data.len);
	header_len = 0;
	kind = proxy_protocol_read((struct rf_bytes){copy, data.len}, &found, &header_len);
	free(copy);
	return kind;
}

/* "SOURCE PORT DESTINATION PORT" of what was found; "-" for an address that is not known. */
static const char *text_of(void)
{
	static char text[128];
	char source[RF_IP_TEXT_SIZE] = "-", destination[RF_IP_TEXT_SIZE] = "-";

	if (found.source.family)
		(void)rf_ip_text(&found.source, source);
	if (found.destination.family)
		(void)rf_ip_text(&found.destination, destination);
	snprintf(text, sizeof(text), "%s %u %s %u", source, found.source_port, destination,
		found.destination_port);
	return text;
}

/* Whole, it is a header of all its bytes; every beginning of it needs more. */
static const char *read_whole(struct rf_str data)
{
	AUTO_BUF longer = {0};

	for (size_t len = 0; len < data.len; len++)
		CHECKF(read_it((struct rf_str){data.ptr, len}) == PROXY_PROTOCOL_MORE,
			"%zu of %zu bytes", len, data.len);
	CHECK(read_it(data) == PROXY_PROTOCOL_OK);
	CHECK_INT(header_len, data.len);
	rf_buf_add_str(&longer, data);
	rf_buf_add_c(&longer, "\r\n\r\nGET / HTTP/1.1\r\n");
	CHECK(read_it(rf_buf_str(&longer)) == PROXY_PROTOCOL_OK);
	CHECK_INT(header_len, data.len);
	return text_of();
}

static void version_1_has_addresses_of_both_families(void)
{
	CHECK_STR(read_whole(RF_STR("PROXY TCP4 10.0.0.1 10.0.0.2 4660 443\r\n")),
		"10.0.0.1 4660 10.0.0.2 443");
	CHECK_STR(read_whole(RF_STR("PROXY TCP6 2001:db8::1 ::1 65535 0\r\n")),
		"2001:db8::1 65535 ::1 0");
	CHECK_STR(read_whole(RF_STR("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n")),
		"255.255.255.255 65535 255.255.255.255 65535");
}

static void version_1_may_know_nothing(void)
{
	CHECK_STR(read_whole(RF_STR("PROXY UNKNOWN\r\n")), "- 0 - 0");
	CHECK_STR(read_whole(RF_STR("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
				    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n")),
		"- 0 - 0");
}

static void version_1_is_at_most_107_bytes(void)
{
	AUTO_BUF line = {0};

	rf_buf_add_c(&line, "PROXY UNKNOWN ");
	while (line.len < 105)
		rf_buf_add_char(&line, 'x');
	CHECK(read_it(rf_buf_str(&line)) == PROXY_PROTOCOL_MORE);
	rf_buf_add_c(&line, "\r\n");
	CHECK(read_it(rf_buf_str(&line)) == PROXY_PROTOCOL_OK);
	rf_buf_clear(&line);
	rf_buf_add_c(&line, "PROXY UNKNOWN ");
	while (line.len < 107)
		rf_buf_add_char(&line, 'x');
	CHECK(read_it(rf_buf_str(&line)) == PROXY_PROTOCOL_BAD);
}

static void malformed_lines_are_refused(void)
{
	static const char *const lines[] = {
		"PROXY TCP4 10.0.0.1 10.0.0.2 1\r\n",
		"PROXY TCP4 10.0.0.1 10.0.0.2 1 2 3\r\n",
		"PROXY TCP4 10.0.0.1 10.0.0.2 1 2 \r\n",
		"PROXY TCP4 10.0.0.1 10.0.0.2 65536 2\r\n",
		"PROXY TCP4 10.0.0.1 10.0.0.2 -1 2\r\n",
		"PROXY TCP4 10.0.0.1 10.0.0.2 1 2x\r\n",
		"PROXY TCP4 10.0.0.1 10.0.0.2  1 2\r\n",
		"PROXY TCP4 10.0.0.256 10.0.0.2 1 2\r\n",
		"PROXY TCP4 10.0.0.01 10.0.0.2 1 2\r\n",
		"PROXY TCP4 ::1 ::2 1 2\r\n",
		"PROXY TCP6 10.0.0.1 10.0.0.2 1 2\r\n",
		"PROXY TCP6 ::1 10.0.0.2 1 2\r\n",
		"PROXY TCP6 fe80::1%lo ::2 1 2\r\n",
		"PROXY UDP4 10.0.0.1 10.0.0.2 1 2\r\n",
		"PROXY TCP 10.0.0.1 10.0.0.2 1 2\r\n",
		"PROXY unknown\r\n",
		"PROXY \r\n",
		"PROXY  UNKNOWN\r\n",
		"PROXY UNKNOWN\n",
		"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\n",
		"PROXY\tUNKNOWN\r\n",
		"PROXY\r\n",
		"proxy UNKNOWN\r\n",
		"GET / HTTP/1.1\r\n",
		"\r\n\r\nx",
		"\x16\x03\x01",
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(lines); i++)
		CHECKF(read_it(rf_str_of(lines[i])) == PROXY_PROTOCOL_BAD, "\"%s\"", lines[i]);
}

static void version_2_has_addresses_of_both_families(void)
{
	CHECK_STR(
		read_whole(RF_STR(SIGNATURE "\x21\x11\x00\x0c" V4)), "10.0.0.1 4660 10.0.0.2 443");
	CHECK_STR(
		read_whole(RF_STR(SIGNATURE "\x21\x21\x00\x24"
					    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
					    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\xff\xff\x00\x50")),
		"2001:db8::1 65535 ::1 80");
}

static void version_2_may_know_nothing(void)
{
	/* LOCAL: whatever the addresses are, they are not to be used. */
	CHECK_STR(read_whole(RF_STR(SIGNATURE "\x20\x00\x00\x00")), "- 0 - 0");
	CHECK_STR(read_whole(RF_STR(SIGNATURE "\x20\x11\x00\x0c" V4)), "- 0 - 0");
	/* UNSPEC, datagrams. */
	CHECK_STR(read_whole(RF_STR(SIGNATURE "\x21\x00\x00\x00")), "- 0 - 0");
	CHECK_STR(read_whole(RF_STR(SIGNATURE "\x21\x12\x00\x0c" V4)), "- 0 - 0");
}

static void a_unix_socket_has_no_addresses(void)
{
	AUTO_BUF header = {0};

	rf_buf_add_str(&header, RF_STR(SIGNATURE "\x21\x31\x00\xd8"));
	for (int i = 0; i < 216; i++)
		rf_buf_add_char(&header, 'p');
	CHECK_STR(read_whole(rf_buf_str(&header)), "- 0 - 0");
}

static void what_follows_the_addresses_is_part_of_the_header(void)
{
	CHECK_STR(read_whole(RF_STR(SIGNATURE "\x21\x11\x00\x13" V4 "\x02\x00\x04name")),
		"10.0.0.1 4660 10.0.0.2 443");
	/* Even when it is no TLV. */
	CHECK_STR(read_whole(RF_STR(SIGNATURE "\x21\x11\x00\x0e" V4 "\xff\xff")),
		"10.0.0.1 4660 10.0.0.2 443");
}

static void version_2_is_bounded(void)
{
	AUTO_BUF header = {0};

	rf_buf_add_str(&header, RF_STR(SIGNATURE "\x21\x11\x10\x00" V4));
	while (header.len < PROXY_PROTOCOL_MAX)
		rf_buf_add_char(&header, 0);
	CHECK(read_it(rf_buf_str(&header)) == PROXY_PROTOCOL_OK);
	CHECK_INT(header_len, PROXY_PROTOCOL_MAX);
	header.data[15] = 1;
	CHECK(read_it((struct rf_str){header.data, 16}) == PROXY_PROTOCOL_BAD);
}

static void malformed_binary_headers_are_refused(void)
{
	/* Other versions and commands. */
	for (unsigned command = 0; command < 256; command++) {
		char header[] = SIGNATURE "\x21\x11\x00\x0c" V4;

		header[12] = (char)command;
		CHECKF((read_it((struct rf_str){header, sizeof(header) - 1}) ==
			       PROXY_PROTOCOL_OK) == (command == 0x20 || command == 0x21),
			"command %02x", command);
	}
	/* Too short for its family. */
	CHECK(read_it(RF_STR(SIGNATURE "\x21\x11\x00\x0b\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a"
				       "\x0b")) == PROXY_PROTOCOL_BAD);
	CHECK(read_it(RF_STR(SIGNATURE "\x21\x11\x00\x00")) == PROXY_PROTOCOL_BAD);
	CHECK(read_it(RF_STR(SIGNATURE "\x21\x21\x00\x0c" V4)) == PROXY_PROTOCOL_BAD);
	/* Another byte in the signature, wherever. */
	for (size_t at = 0; at < 12; at++) {
		char header[] = SIGNATURE "\x21\x11\x00\x0c" V4;

		header[at] ^= 1;
		CHECKF(read_it((struct rf_str){header, at + 1}) == PROXY_PROTOCOL_BAD, "byte %zu",
			at);
	}
}

static void written_headers_are_those_of_the_document(void)
{
	struct proxy_addresses addresses = {.source_port = 0x1234, .destination_port = 443};
	AUTO_BUF out = {0};

	CHECK(rf_ip_parse(RF_STR("10.0.0.1"), &addresses.source));
	CHECK(rf_ip_parse(RF_STR("10.0.0.2"), &addresses.destination));
	rf_buf_add_c(&out, "before");
	proxy_protocol_write(&addresses, &out);
	CHECK(rf_str_eq(rf_buf_str(&out), RF_STR("before" SIGNATURE "\x21\x11\x00\x0c" V4)));
	rf_buf_clear(&out);
	CHECK(rf_ip_parse(RF_STR("2001:db8::1"), &addresses.source));
	CHECK(rf_ip_parse(RF_STR("::1"), &addresses.destination));
	proxy_protocol_write(&addresses, &out);
	CHECK_INT(out.len, 16 + 36);
	CHECK_STR(read_whole(rf_buf_str(&out)), "2001:db8::1 4660 ::1 443");
}

static void unknown_addresses_are_written_as_local(void)
{
	struct proxy_addresses addresses = {.source_port = 1};
	AUTO_BUF out = {0};

	proxy_protocol_write(&addresses, &out);
	CHECK(rf_str_eq(rf_buf_str(&out), RF_STR(SIGNATURE "\x20\x00\x00\x00")));
	rf_buf_clear(&out);
	CHECK(rf_ip_parse(RF_STR("10.0.0.1"), &addresses.source));
	CHECK(rf_ip_parse(RF_STR("::1"), &addresses.destination));
	proxy_protocol_write(&addresses, &out);
	CHECK(rf_str_eq(rf_buf_str(&out), RF_STR(SIGNATURE "\x20\x00\x00\x00")));
	CHECK_STR(read_whole(rf_buf_str(&out)), "- 0 - 0");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(version_1_has_addresses_of_both_families);
	RUN(version_1_may_know_nothing);
	RUN(version_1_is_at_most_107_bytes);
	RUN(malformed_lines_are_refused);
	RUN(version_2_has_addresses_of_both_families);
	RUN(version_2_may_know_nothing);
	RUN(a_unix_socket_has_no_addresses);
	RUN(what_follows_the_addresses_is_part_of_the_header);
	RUN(version_2_is_bounded);
	RUN(malformed_binary_headers_are_refused);
	RUN(written_headers_are_those_of_the_document);
	RUN(unknown_addresses_are_written_as_local);
	return TAP_END();
}
