/*
 * The exec form: a JSON array of strings. A JSON reader of the house would refuse some of what Go's
 * does not (\u0000, lone surrogates), so that strings are read here; what holds anything else than
 * strings is left to that reader, to tell a wrong array from a shell command that begins with [.
 */
#include "doc/read.h"
#include "doc/utf8.h"
#include "image/dockerfile/parse_int.h"

struct cursor {
	struct rf_str text;
	size_t at;
};

static char peek(const struct cursor *c)
{
	return c->at < c->text.len ? c->text.ptr[c->at] : '\0';
}

static bool take(struct cursor *c, char wanted)
{
	if (c->at >= c->text.len || c->text.ptr[c->at] != wanted)
		return false;
	c->at++;
	return true;
}

static void skip_blanks(struct cursor *c)
{
	while (c->at < c->text.len && strchr(" \t\r\n", peek(c)) && peek(c))
		c->at++;
}

static bool hex4(struct cursor *c, uint32_t *ret)
{
	*ret = 0;
	for (int i = 0; i < 4; i++, c->at++) {
		char ch = peek(c);
		int digit = ch >= '0' && ch <= '9'   ? ch - '0'
			    : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10
			    : ch >= 'A' && ch <= 'F' ? ch - 'A' + 10
						     : -1;

		if (digit < 0)
			return false;
		*ret = *ret * 16 + (uint32_t)digit;
	}
	return true;
}

/* Behind "\u". Half a surrogate pair becomes U+FFFD. */
static bool unicode_escape(struct cursor *c, struct rf_buf *out)
{
	uint32_t rune, low;
	struct cursor ahead;
	char bytes[4];

	if (!hex4(c, &rune))
		return false;
	ahead = *c;
	if (rune >= 0xD800 && rune < 0xDC00 && take(&ahead, '\\') && take(&ahead, 'u') &&
		hex4(&ahead, &low) && low >= 0xDC00 && low < 0xE000) {
		rune = 0x10000 + ((rune - 0xD800) << 10) + (low - 0xDC00);
		*c = ahead;
	}
	if (rune >= 0xD800 && rune < 0xE000)
		rune = 0xFFFD;
	rf_buf_add(out, bytes, doc_utf8_encode(rune, bytes));
	return true;
}

static bool escape(struct cursor *c, struct rf_buf *out)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	char ch = peek(c);
	const char *at = ch ? strchr(names, ch) : NULL;

	c->at++;
	if (ch == 'u')
		return unicode_escape(c, out);
	if (at)
		rf_buf_add_char(out, values[at - names]);
	return at != NULL;
}

/* Behind the opening quote. */
static bool string(struct cursor *c, struct rf_buf *out)
{
	while (c->at < c->text.len) {
		char ch = c->text.ptr[c->at++];

		if (ch == '"')
			return true;
		if ((unsigned char)ch < 0x20)
			return false;
		if (ch != '\\')
			rf_buf_add_char(out, ch);
		else if (!escape(c, out))
			return false;
	}
	return false;
}

static enum dockerfile_array strings(
	struct cursor *c, struct rf_arena *arena, struct dockerfile_words *ret)
{
	AUTO_BUF text = {.max = DOCKERFILE_MAX_SIZE};

	do {
		struct rf_str word;

		skip_blanks(c);
		if (!take(c, '"'))
			return DOCKERFILE_ARRAY_OTHER;
		rf_buf_clear(&text);
		if (!string(c, &text))
			return DOCKERFILE_ARRAY_NONE;
		word = rf_arena_str(arena, rf_buf_str(&text));
		if (!word.ptr || !rf_vec_push(ret, word))
			return DOCKERFILE_ARRAY_NOMEM;
		skip_blanks(c);
	} while (take(c, ','));
	if (!take(c, ']'))
		return DOCKERFILE_ARRAY_NONE;
	skip_blanks(c);
	return c->at == c->text.len ? DOCKERFILE_ARRAY_STRINGS : DOCKERFILE_ARRAY_NONE;
}

static bool is_json_array(struct rf_str text, struct rf_arena *arena)
{
	const struct doc_node *root = NULL;

	return doc_parse_json(text, "", 1, arena, NULL, &root) == RF_OK && root->type == DOC_SEQ;
}

enum dockerfile_array dockerfile_read_array(
	struct rf_str text, struct rf_arena *arena, struct dockerfile_words *ret)
{
	struct cursor c = {.text = text};
	enum dockerfile_array kind;

	if (!take(&c, '['))
		return DOCKERFILE_ARRAY_NONE;
	skip_blanks(&c);
	if (peek(&c) == ']') {
		c.at++;
		skip_blanks(&c);
		return c.at == text.len ? DOCKERFILE_ARRAY_STRINGS : DOCKERFILE_ARRAY_NONE;
	}
	kind = strings(&c, arena, ret);
	if (kind == DOCKERFILE_ARRAY_OTHER && !is_json_array(text, arena))
		return DOCKERFILE_ARRAY_NONE;
	return kind;
}
