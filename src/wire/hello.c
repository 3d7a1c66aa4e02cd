/* Records are put together first, then the one message in them is read. */
#include "wire/hello.h"

#include <ctype.h>

#include "base/reader.h"

#define RECORD_HEADER	 5
#define RECORD_MAX	 16384
#define TYPE_HANDSHAKE	 22
#define MSG_CLIENT_HELLO 1
#define MSG_HEADER	 4
#define EXT_NAME	 0
#define EXT_ALPN	 16
#define NAME_HOST	 0

/* What a length of so many bytes announces. */
static struct rf_reader vector(struct rf_reader *r, size_t bytes)
{
	size_t len = (size_t)rf_read_uint(r, bytes);
	const uint8_t *at = rf_read_raw(r, len);

	return (struct rf_reader){.ptr = at, .len = at ? len : 0, .big = true, .failed = !at};
}

static void read_name(struct rf_reader list, struct hello *ret)
{
	struct rf_reader names = vector(&list, 2);

	while (rf_reader_left(&names)) {
		unsigned type = rf_read_u8(&names);
		struct rf_reader name = vector(&names, 2);

		if (name.failed || type != NAME_HOST || name.len > HELLO_MAX_NAME ||
			memchr(name.ptr, '\0', name.len))
			continue;
		for (size_t i = 0; i < name.len; i++)
			ret->name[i] = (char)tolower(name.ptr[i]);
		ret->name[name.len] = '\0';
	}
}

static void read_alpn(struct rf_reader list, struct rf_str alpn, struct hello *ret)
{
	struct rf_reader names = vector(&list, 2);

	while (rf_reader_left(&names)) {
		struct rf_reader name = vector(&names, 1);

		if (alpn.len && !name.failed &&
			rf_str_eq(alpn, (struct rf_str){(const char *)name.ptr, name.len}))
			ret->has_alpn = true;
	}
}

static bool read_message(struct rf_reader r, const char *alpn, struct hello *ret)
{
	struct rf_reader extensions;

	(void)rf_read_raw(&r, 2 + 32); /* version, random */
	(void)vector(&r, 1);	       /* session ID */
	(void)vector(&r, 2);	       /* cipher suites */
	(void)vector(&r, 1);	       /* compression methods */
	if (r.failed)
		return false;
	if (rf_reader_left(&r) == 0)
		return true;
	extensions = vector(&r, 2);
	while (rf_reader_left(&extensions)) {
		uint64_t type = rf_read_uint(&extensions, 2);
		struct rf_reader body = vector(&extensions, 2);

		if (!body.failed && type == EXT_NAME)
			read_name(body, ret);
		else if (!body.failed && type == EXT_ALPN)
			read_alpn(body, rf_str_of(alpn), ret);
	}
	return !r.failed && !extensions.failed;
}

enum hello_kind hello_read(struct rf_bytes data, const char *alpn, struct hello *ret)
{
	uint8_t message[HELLO_MAX];
	size_t len = 0, want = MSG_HEADER;

	if (data.len == 0)
		return HELLO_MORE;
	for (size_t at = 0; len < want;) {
		const uint8_t *record = data.ptr + at;
		size_t left = data.len - at, body, got;

		if (left >= 1 && record[0] != TYPE_HANDSHAKE)
			return HELLO_OTHER;
		if (left >= 2 && record[1] != 3)
			return HELLO_OTHER;
		if (left < RECORD_HEADER)
			return HELLO_MORE;
		body = (size_t)record[3] << 8 | record[4];
		if (body == 0 || body > RECORD_MAX)
			return HELLO_OTHER;
		got = left - RECORD_HEADER < body ? left - RECORD_HEADER : body;
		if (got > sizeof(message) - len)
			return HELLO_OTHER;
		memcpy(message + len, record + RECORD_HEADER, got);
		len += got;
		if (len >= 1 && message[0] != MSG_CLIENT_HELLO)
			return HELLO_OTHER;
		if (len >= MSG_HEADER)
			want = MSG_HEADER +
			       ((size_t)message[1] << 16 | (size_t)message[2] << 8 | message[3]);
		if (want > sizeof(message))
			return HELLO_OTHER;
		if (len < want && got < body)
			return HELLO_MORE;
		at += RECORD_HEADER + body;
	}
	memset(ret, 0, sizeof(*ret));
	return read_message(
		       (struct rf_reader){
			       .ptr = message + MSG_HEADER, .len = want - MSG_HEADER, .big = true},
		       alpn, ret)
		       ? HELLO_TLS
		       : HELLO_OTHER;
}
