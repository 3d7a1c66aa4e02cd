#include "image/pkg/json_int.h"

#include "doc/read.h"

void pkg_json_begin(struct pkg_json *r, struct rf_bytes file, struct rf_err *err)
{
	*r = (struct pkg_json){.text = pkg_text(file), .err = err};
	if (rf_str_starts(r->text, RF_STR("\xef\xbb\xbf")))
		r->at = 3;
}

void pkg_json_forget(struct pkg_json *r)
{
	rf_arena_free(r->unescaped);
	r->unescaped = NULL;
}

void pkg_json_done(struct pkg_json *r)
{
	pkg_json_forget(r);
}

void pkg_json_fail(struct pkg_json *r, const char *what)
{
	size_t line = 1;

	if (r->rc < 0)
		return;
	for (size_t i = 0; i < r->at && i < r->text.len; i++)
		line += r->text.ptr[i] == '\n';
	r->rc = rf_err_set(r->err, RF_EINPUT, "line %zu: %s", line, what);
}

/* --- bytes --- */

static bool at(const struct pkg_json *r, char c)
{
	return r->at < r->text.len && r->text.ptr[r->at] == c;
}

static void skip_blanks(struct pkg_json *r)
{
	while (at(r, ' ') || at(r, '\n') || at(r, '\t') || at(r, '\r'))
		r->at++;
}

static bool take(struct pkg_json *r, char c)
{
	skip_blanks(r);
	if (r->rc < 0 || !at(r, c))
		return false;
	r->at++;
	return true;
}

/* The string at the reader, with its quotes. */
static struct rf_str raw_string(struct pkg_json *r, bool *ret_escapes)
{
	const unsigned char *p = (const unsigned char *)r->text.ptr;
	size_t start = r->at, i = start + 1;

	*ret_escapes = false;
	while (i < r->text.len && p[i] >= 0x20 && p[i] != '"') {
		*ret_escapes |= p[i] == '\\';
		i += p[i] == '\\' ? 2 : 1;
	}
	if (i >= r->text.len || p[i] != '"') {
		pkg_json_fail(r, "a string without an end");
		return RF_STR("");
	}
	r->at = i + 1;
	return (struct rf_str){r->text.ptr + start, r->at - start};
}

static struct rf_str unescape(struct pkg_json *r, struct rf_str raw)
{
	const struct doc_node *node;
	AUTO_DIAGS diags = {.error_count = 0};

	if (!r->unescaped)
		r->unescaped = rf_arena_new(PKG_JSON_STRINGS);
	if (!r->unescaped || doc_parse_json(raw, "JSON", 1, r->unescaped, &diags, &node) != RF_OK) {
		pkg_json_fail(r, "a string with escapes that cannot be read");
		return RF_STR("");
	}
	return node->text;
}

static struct rf_str take_string(struct pkg_json *r)
{
	bool escapes;
	struct rf_str raw = raw_string(r, &escapes);

	if (r->rc < 0)
		return RF_STR("");
	return escapes ? unescape(r, raw) : (struct rf_str){raw.ptr + 1, raw.len - 2};
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' || c == '.' ||
	       c == '+' || c == '-';
}

/* true, false, null or a number. */
static struct rf_str take_word(struct pkg_json *r)
{
	struct rf_str word = {r->text.ptr + r->at, 0};

	while (r->at + word.len < r->text.len && is_word(word.ptr[word.len]))
		word.len++;
	if (!rf_str_is(word, "true") && !rf_str_is(word, "false") && !rf_str_is(word, "null") &&
		(word.len == 0 || (word.ptr[0] != '-' && (word.ptr[0] < '0' || word.ptr[0] > '9'))))
		pkg_json_fail(r, "a value is missing");
	r->at += word.len;
	return word;
}

/* --- values --- */

/* A key and the colon behind it. */
static struct rf_str take_key(struct pkg_json *r)
{
	struct rf_str key = RF_STR("");

	skip_blanks(r);
	if (!at(r, '"'))
		pkg_json_fail(r, "a key in double quotes is missing");
	else
		key = take_string(r);
	if (r->rc == RF_OK && !take(r, ':'))
		pkg_json_fail(r, "':' after a key is missing");
	return key;
}

/* What is open, a bit each: objects are 1. The reader is at a value; true when it is a whole one,
 * false when it is behind the beginning of one. */
static bool skip_one(struct pkg_json *r, uint64_t *open, unsigned *depth)
{
	bool escapes, is_object;

	skip_blanks(r);
	if (at(r, '"')) {
		raw_string(r, &escapes);
		return true;
	}
	if (!at(r, '{') && !at(r, '[')) {
		take_word(r);
		return true;
	}
	is_object = at(r, '{');
	r->at++;
	if (take(r, is_object ? '}' : ']'))
		return true;
	if (++*depth + r->depth > PKG_JSON_DEPTH)
		pkg_json_fail(r, "nested too deeply");
	*open = *open << 1 | is_object;
	if (is_object)
		take_key(r);
	return false;
}

/* Behind a value: the ends of all that end here. True when more is to come. */
static bool close_ended(struct pkg_json *r, uint64_t *open, unsigned *depth)
{
	while (*depth && r->rc == RF_OK) {
		if (take(r, ',')) {
			if (*open & 1)
				take_key(r);
			return true;
		}
		if (!take(r, *open & 1 ? '}' : ']'))
			pkg_json_fail(r, "',' or a closing bracket is missing");
		*open >>= 1;
		--*depth;
	}
	return false;
}

void pkg_json_skip(struct pkg_json *r)
{
	uint64_t open = 0;
	unsigned depth = 0;

	while (r->rc == RF_OK) {
		if (skip_one(r, &open, &depth) && !close_ended(r, &open, &depth))
			break;
	}
}

bool pkg_json_enter(struct pkg_json *r)
{
	if (!take(r, '{')) {
		pkg_json_skip(r);
		return false;
	}
	if (++r->depth > PKG_JSON_DEPTH)
		pkg_json_fail(r, "nested too deeply");
	r->fresh = true;
	return r->rc == RF_OK;
}

bool pkg_json_member(struct pkg_json *r, struct rf_str *ret_key)
{
	bool fresh = r->fresh;

	r->fresh = false;
	if (r->rc < 0)
		return false;
	if (take(r, '}')) {
		r->depth--;
		return false;
	}
	if (!fresh && !take(r, ','))
		pkg_json_fail(r, "',' or '}' after a member is missing");
	*ret_key = take_key(r);
	return r->rc == RF_OK;
}

bool pkg_json_is_string(struct pkg_json *r)
{
	skip_blanks(r);
	return r->rc == RF_OK && at(r, '"');
}

struct rf_str pkg_json_text(struct pkg_json *r)
{
	if (pkg_json_is_string(r))
		return take_string(r);
	pkg_json_skip(r);
	return RF_STR("");
}

bool pkg_json_is_true(struct pkg_json *r)
{
	skip_blanks(r);
	if (r->rc == RF_OK && at(r, 't'))
		return rf_str_is(take_word(r), "true");
	pkg_json_skip(r);
	return false;
}

void pkg_json_field(struct pkg_json *r, struct rf_str *field)
{
	if (field->ptr)
		pkg_json_fail(r, "a key that is there twice");
	*field = pkg_json_text(r);
}

int pkg_json_end(struct pkg_json *r)
{
	skip_blanks(r);
	if (r->rc == RF_OK && r->at < r->text.len)
		pkg_json_fail(r, "something follows the value");
	return r->rc;
}
