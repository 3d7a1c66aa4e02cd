/* Strings and numbers of JSON (RFC 8259 sections 6 and 7). */
#include "doc/json_int.h"

#include "base/num.h"
#include "doc/utf8.h"

struct rf_pos doc_json_pos(struct json_reader *r, size_t offset)
{
	for (; r->counted < offset; r->counted++) {
		unsigned char c = (unsigned char)r->text.ptr[r->counted];

		if (c == '\n') {
			r->line++;
			r->col = 1;
		} else if ((c & 0xc0) != 0x80) {
			r->col++;
		}
	}
	return (struct rf_pos){.file = r->b.file, .line = r->line, .col = r->col};
}

static struct rf_str rest_of(const struct json_reader *r, size_t at)
{
	return (struct rf_str){.ptr = r->text.ptr + at, .len = r->text.len - at};
}

int doc_json_expected(struct json_reader *r, const char *what)
{
	struct rf_pos pos = doc_json_pos(r, r->at);
	char shown[DOC_SHOW_SIZE];
	struct rf_str found = rest_of(r, r->at);
	uint32_t rune;

	if (found.len == 0)
		return doc_build_error(&r->b, pos, "expected %s, found the end of the text", what);
	found.len = doc_utf8_decode(found, &rune);
	if (found.len == 0)
		return doc_build_error(&r->b, pos, "expected %s, found byte 0x%02x", what,
			(unsigned char)found.ptr[0]);
	return doc_build_error(&r->b, pos, "expected %s, found '%s'", what,
		rune == '"' ? "\"" : doc_show(found, shown));
}

/* --- strings --- */

static int refuse_string(struct json_reader *r, size_t start, size_t at)
{
	struct rf_pos pos = doc_json_pos(r, at);
	unsigned char c;

	if (at >= r->text.len)
		return doc_build_error(&r->b, pos,
			"expected '\"' at the end of a string, found the end of the text (%zu "
			"bytes on)",
			at - start);
	c = (unsigned char)r->text.ptr[at];
	if (c >= 0x80)
		return doc_build_error(&r->b, pos, "byte 0x%02x is not UTF-8", c);
	if (c == '\n' || c == '\r')
		return doc_build_error(&r->b, pos,
			"expected '\"' before the end of the line (or \\n for a new line)");
	return doc_build_error(
		&r->b, pos, "control character in a string: write \\u%04x", (unsigned)c);
}

/* The offset of the closing quote of a string whose content begins at start. */
static int find_end(struct json_reader *r, size_t start, size_t *ret_end, bool *ret_escapes)
{
	const unsigned char *p = (const unsigned char *)r->text.ptr;
	size_t at = start, len = r->text.len;

	*ret_escapes = false;
	while (at < len && p[at] != '"') {
		uint32_t rune;
		size_t step = 1;

		if (p[at] >= 0x80)
			step = doc_utf8_decode(rest_of(r, at), &rune);
		if (p[at] < 0x20 || step == 0)
			break;
		if (p[at] == '\\') {
			*ret_escapes = true;
			/* Only a quote or backslash could be taken for something else here. */
			step = at + 1 < len && (p[at + 1] == '"' || p[at + 1] == '\\') ? 2 : 1;
		}
		at += step;
	}
	if (at >= len || p[at] != '"')
		return refuse_string(r, start, at);
	*ret_end = at;
	return RF_OK;
}

/* Four hexadecimal digits; false when they are not that. */
static bool hex4(struct rf_str text, uint32_t *ret)
{
	uint32_t value = 0;

	if (text.len < 4)
		return false;
	for (size_t i = 0; i < 4; i++) {
		char c = text.ptr[i], letter = (char)(c | 0x20);

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint32_t)(c - '0');
		else if (letter >= 'a' && letter <= 'f')
			value = value << 4 | (uint32_t)(letter - 'a' + 10);
		else
			return false;
	}
	*ret = value;
	return true;
}

/* \uXXXX, or a pair of them, at *at (the backslash); *ret_rune. */
static int unicode_escape(struct json_reader *r, size_t *at, uint32_t *ret_rune)
{
	struct rf_str rest = rest_of(r, *at + 2);
	uint32_t high, low;

	if (!hex4(rest, &high))
		return doc_build_error(
			&r->b, doc_json_pos(r, *at), "expected four hexadecimal digits after \\u");
	if (high == 0)
		return doc_build_error(
			&r->b, doc_json_pos(r, *at), "a string must not hold a NUL character");
	*ret_rune = high;
	if (high < 0xd800 || high > 0xdfff) {
		*at += 6;
		return RF_OK;
	}
	rest = rest_of(r, *at + 6);
	if (high > 0xdbff || !rf_str_starts(rest, RF_STR("\\u")) ||
		!hex4(rest_of(r, *at + 8), &low) || low < 0xdc00 || low > 0xdfff)
		return doc_build_error(&r->b, doc_json_pos(r, *at),
			"\\u%04x is half of a surrogate pair: the other half is missing",
			(unsigned)high);
	*ret_rune = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	*at += 12;
	return RF_OK;
}

/* The escape at *at into out; *at moves behind it. */
static int unescape_one(struct json_reader *r, size_t *at, char *out, size_t *ret_len)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	char letter = r->text.ptr[*at + 1]; /* the closing quote is behind it at the latest */
	const char *name = letter ? strchr(names, letter) : NULL;
	char encoded[4];
	uint32_t rune = 0;
	int rc;

	if (name) {
		out[0] = values[name - names];
		*ret_len = 1;
		*at += 2;
		return RF_OK;
	}
	if (letter != 'u') {
		doc_json_pos(r, *at);
		r->at = *at + 1;
		return doc_json_expected(
			r, "one of \" \\ / b f n r t u after a backslash in a string");
	}
	rc = unicode_escape(r, at, &rune);
	if (rc < 0)
		return rc;
	*ret_len = doc_utf8_encode(rune, encoded);
	memcpy(out, encoded, *ret_len);
	return RF_OK;
}

/* text[start, end) without its escapes, which only make it shorter. */
static int unescape(struct json_reader *r, size_t start, size_t end, struct rf_str *ret_text)
{
	char *out = rf_arena_alloc(r->b.arena, end - start + 1);
	size_t len = 0, at = start;

	if (!out)
		return RF_EINTERNAL;
	while (at < end) {
		size_t added = 1;
		int rc;

		if (r->text.ptr[at] != '\\') {
			out[len++] = r->text.ptr[at++];
			continue;
		}
		rc = unescape_one(r, &at, out + len, &added);
		if (rc < 0)
			return rc;
		len += added;
	}
	out[len] = '\0';
	*ret_text = (struct rf_str){.ptr = out, .len = len};
	return RF_OK;
}

int doc_json_string(struct json_reader *r, struct rf_str *ret_text)
{
	size_t start = r->at + 1, end = start;
	bool escapes;
	int rc = find_end(r, start, &end, &escapes);

	if (rc < 0)
		return rc;
	if (end - start > DOC_MAX_SCALAR)
		return doc_build_error(&r->b, doc_json_pos(r, r->at),
			"a string of more than %zu bytes", DOC_MAX_SCALAR);
	if (escapes) {
		rc = unescape(r, start, end, ret_text);
		if (rc < 0)
			return rc;
	} else {
		*ret_text = rf_arena_str(r->b.arena,
			(struct rf_str){.ptr = r->text.ptr + start, .len = end - start});
	}
	r->at = end + 1;
	return ret_text->ptr ? RF_OK : RF_EINTERNAL;
}

/* --- numbers --- */

static size_t skip_digits(struct json_reader *r)
{
	size_t start = r->at;

	while (r->at < r->text.len && r->text.ptr[r->at] >= '0' && r->text.ptr[r->at] <= '9')
		r->at++;
	return r->at - start;
}

/* The part behind a '.' or 'e'; digits must follow. */
static int skip_part(struct json_reader *r, bool may_be_signed, const char *what)
{
	r->at++;
	if (may_be_signed && (doc_json_at(r, '-') || doc_json_at(r, '+')))
		r->at++;
	return skip_digits(r) ? RF_OK : doc_json_expected(r, what);
}

static int skip_number(struct json_reader *r, bool *ret_integer)
{
	int rc = RF_OK;
	size_t digits, first;

	r->at += doc_json_at(r, '-');
	first = r->at;
	digits = skip_digits(r);
	if (digits == 0)
		return doc_json_expected(r, "a digit after '-'");
	if (digits > 1 && r->text.ptr[first] == '0') {
		r->at = first;
		return doc_build_error(&r->b, doc_json_pos(r, first),
			"a number must not begin with 0: write it without, or quote it");
	}
	*ret_integer = !doc_json_at(r, '.') && !doc_json_at(r, 'e') && !doc_json_at(r, 'E');
	if (doc_json_at(r, '.'))
		rc = skip_part(r, false, "a digit after '.'");
	if (rc == RF_OK && (doc_json_at(r, 'e') || doc_json_at(r, 'E')))
		rc = skip_part(r, true, "a digit in the exponent");
	return rc;
}

int doc_json_number(struct json_reader *r, struct doc_node *node)
{
	struct rf_str text = rest_of(r, r->at);
	bool integer = false;
	int rc = skip_number(r, &integer);

	if (rc < 0)
		return rc;
	text.len = (size_t)(r->text.ptr + r->at - text.ptr);
	if (text.len > DOC_MAX_SCALAR)
		return doc_build_error(
			&r->b, doc_pos(node), "a number of more than %zu bytes", DOC_MAX_SCALAR);
	integer = integer && rf_num_i64(text, INT64_MIN, INT64_MAX, &node->number);
	node->type = integer ? DOC_INT : DOC_FLOAT;
	if (integer && node->number == 0)
		text = RF_STR("0"); /* "-0" */
	node->text = rf_arena_str(r->b.arena, text);
	return node->text.ptr ? RF_OK : RF_EINTERNAL;
}
