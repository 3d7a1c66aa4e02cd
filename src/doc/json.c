/* The JSON writer: one flag for the comma, one for "a key was written", depth for indentation. */
#include "doc/json.h"

#include <stdarg.h>

#include "doc/utf8.h"

static void new_line(struct json_writer *w)
{
	if (!w->pretty)
		return;
	rf_buf_add_char(w->out, '\n');
	for (unsigned i = 0; i < w->depth; i++)
		rf_buf_add(w->out, "  ", 2);
}

/* What comes between the things written so far and the next key or value. */
static void separate(struct json_writer *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	if (w->need_comma)
		rf_buf_add_char(w->out, ',');
	if (w->need_comma || w->depth)
		new_line(w);
}

static void begin(struct json_writer *w, char bracket)
{
	separate(w);
	rf_buf_add_char(w->out, bracket);
	w->depth++;
	w->need_comma = false;
}

static void end(struct json_writer *w, char bracket)
{
	w->depth--;
	if (w->need_comma)
		new_line(w);
	rf_buf_add_char(w->out, bracket);
	w->need_comma = w->depth > 0;
}

void json_object_begin(struct json_writer *w)
{
	begin(w, '{');
}

void json_object_end(struct json_writer *w)
{
	end(w, '}');
}

void json_array_begin(struct json_writer *w)
{
	begin(w, '[');
}

void json_array_end(struct json_writer *w)
{
	end(w, ']');
}

/* The short escape of a control character, quote or backslash; 0 when it has none. */
static char short_escape(uint32_t rune)
{
	switch (rune) {
	case '"': return '"';
	case '\\': return '\\';
	case '\b': return 'b';
	case '\f': return 'f';
	case '\n': return 'n';
	case '\r': return 'r';
	case '\t': return 't';
	default: return 0;
	}
}

/* One character that does not go out as it is; len 0 when it is not UTF-8. */
static void add_escaped(struct rf_buf *out, uint32_t rune, size_t len)
{
	char escape = short_escape(rune);

	if (len == 0)
		rf_buf_add_c(out, "\xef\xbf\xbd");
	else if (escape)
		rf_buf_add(out, (char[]){'\\', escape}, 2);
	else
		rf_buf_addf(out, "\\u%04x", (unsigned)rune);
}

static void add_quoted(struct rf_buf *out, struct rf_str s)
{
	size_t start = 0, at = 0;

	rf_buf_add_char(out, '"');
	while (at < s.len) {
		uint32_t rune = 0;
		size_t len = doc_utf8_decode(
			(struct rf_str){.ptr = s.ptr + at, .len = s.len - at}, &rune);

		if (len && rune >= 0x20 && rune != '"' && rune != '\\' && rune != 0x7f) {
			at += len;
			continue;
		}
		rf_buf_add(out, s.ptr + start, at - start);
		add_escaped(out, rune, len);
		at += len ? len : 1;
		start = at;
	}
	rf_buf_add(out, s.ptr + start, s.len - start);
	rf_buf_add_char(out, '"');
}

void json_key(struct json_writer *w, const char *key)
{
	separate(w);
	add_quoted(w->out, rf_str_of(key));
	rf_buf_add_c(w->out, w->pretty ? ": " : ":");
	w->after_key = true;
}

static void value_done(struct json_writer *w)
{
	w->need_comma = w->depth > 0;
}

void json_str(struct json_writer *w, struct rf_str value)
{
	separate(w);
	add_quoted(w->out, value.ptr ? value : RF_STR(""));
	value_done(w);
}

void json_c(struct json_writer *w, const char *value)
{
	json_str(w, rf_str_of(value));
}

static void literal(struct json_writer *w, const char *text)
{
	separate(w);
	rf_buf_add_c(w->out, text);
	value_done(w);
}

void json_int(struct json_writer *w, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	literal(w, text);
}

void json_tenths(struct json_writer *w, unsigned tenths)
{
	char text[24];

	snprintf(text, sizeof(text), "%u.%u", tenths / 10, tenths % 10);
	literal(w, text);
}

void json_bool(struct json_writer *w, bool value)
{
	literal(w, value ? "true" : "false");
}

void json_null(struct json_writer *w)
{
	literal(w, "null");
}

void json_strf(struct json_writer *w, const char *fmt, ...)
{
	AUTO_FREE char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0) {
		text = NULL;
		w->out->failed = true;
		return;
	}
	json_str(w, (struct rf_str){.ptr = text, .len = (size_t)len});
}

void json_field_str(struct json_writer *w, const char *key, struct rf_str value)
{
	json_key(w, key);
	json_str(w, value);
}

void json_field_c(struct json_writer *w, const char *key, const char *value)
{
	json_key(w, key);
	json_c(w, value);
}

void json_field_int(struct json_writer *w, const char *key, int64_t value)
{
	json_key(w, key);
	json_int(w, value);
}

void json_field_bool(struct json_writer *w, const char *key, bool value)
{
	json_key(w, key);
	json_bool(w, value);
}
