/* UTF-8 by the table of RFC 3629 section 4: bounds of the second byte exclude what is not allowed.
 */
#include "doc/utf8.h"

static size_t sequence_len(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

static bool second_byte_ok(unsigned char lead, unsigned char second)
{
	switch (lead) {
	case 0xe0: return second >= 0xa0 && second <= 0xbf;
	case 0xed: return second >= 0x80 && second <= 0x9f;
	case 0xf0: return second >= 0x90 && second <= 0xbf;
	case 0xf4: return second >= 0x80 && second <= 0x8f;
	default: return second >= 0x80 && second <= 0xbf;
	}
}

size_t doc_utf8_decode(struct rf_str text, uint32_t *ret_rune)
{
	static const unsigned char lead_mask[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	const unsigned char *p = (const unsigned char *)text.ptr;
	size_t len = text.len ? sequence_len(p[0]) : 0;
	uint32_t rune;

	if (len == 0 || len > text.len || (len > 1 && !second_byte_ok(p[0], p[1])))
		return 0;
	rune = p[0] & lead_mask[len];
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		rune = rune << 6 | (p[i] & 0x3f);
	}
	*ret_rune = rune;
	return len;
}

size_t doc_utf8_encode(uint32_t rune, char out[static 4])
{
	static const unsigned char lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t len = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;

	for (size_t i = len - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (rune & 0x3f));
		rune >>= 6;
	}
	out[0] = (char)(lead[len] | rune);
	return len;
}

static bool yaml_allows(uint32_t rune)
{
	if (rune < 0x20)
		return rune == '\t' || rune == '\n' || rune == '\r';
	return rune <= 0x7e || rune == 0x85 || (rune >= 0xa0 && rune != 0xfffe && rune != 0xffff);
}

size_t doc_utf8_span(struct rf_str text)
{
	size_t at = 0;

	while (at < text.len) {
		unsigned char c = (unsigned char)text.ptr[at];
		uint32_t rune;
		size_t len = 1;

		if (c < 0x20 || c > 0x7e) {
			len = doc_utf8_decode(
				(struct rf_str){.ptr = text.ptr + at, .len = text.len - at}, &rune);
			if (len == 0 || !yaml_allows(rune))
				break;
		}
		at += len;
	}
	return at;
}

size_t doc_utf8_count(struct rf_str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return count;
}

void doc_utf8_clean(char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		uint32_t rune = 0;
		size_t size = doc_utf8_decode((struct rf_str){text + at, len - at}, &rune);

		if (size == 0 || rune < 0x20 || (rune >= 0x7f && rune < 0xa0)) {
			size = size ? size : 1;
			memset(text + at, '?', size);
		}
		at += size;
	}
}

/* One character of text at *at as it may be shown; returns the bytes written to out. */
static size_t show_one(struct rf_str text, size_t *at, char out[static 8])
{
	struct rf_str rest = {.ptr = text.ptr + *at, .len = text.len - *at};
	uint32_t rune = 0;
	size_t len = doc_utf8_decode(rest, &rune);

	*at += len ? len : 1;
	if (len == 1 && (rune == '\n' || rune == '"' || rune == '\\' || rune == '\t')) {
		out[0] = '\\';
		out[1] = (char)(rune == '\n' ? 'n' : rune == '\t' ? 't' : rune);
		return 2;
	}
	if (len == 0 || rune < 0x20 || rune == 0x7f)
		return (size_t)snprintf(out, 8, "\\x%02x", (unsigned char)rest.ptr[0]);
	if (rune >= 0x80 && rune < 0xa0)
		return (size_t)snprintf(out, 8, "\\u%04x", (unsigned)rune);
	memcpy(out, rest.ptr, len);
	return len;
}

const char *doc_show(struct rf_str text, char out[static DOC_SHOW_SIZE])
{
	size_t used = 0, at = 0;

	while (at < text.len) {
		char piece[8];
		size_t len = show_one(text, &at, piece);

		if (used + len > DOC_SHOW_SIZE - 4) {
			memcpy(out + used, "...", 3);
			used += 3;
			break;
		}
		memcpy(out + used, piece, len);
		used += len;
	}
	out[used] = '\0';
	return out;
}
