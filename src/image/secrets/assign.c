/*
 * Reads name = "value" around a keyword that is in the name, as the many languages and formats
 * write it: =, :=, ?=, :, =>, a comma between arguments, an XML element. Everything is bounded:
 * the name by SECRET_MAX_NAME, the gap by MAX_GAP, the value by SECRET_MAX_VALUE.
 */
#include "image/secrets/secrets_int.h"

#define MAX_GAP	   24 /* bytes between the name and its operator: a type, a few words */
#define MAX_BLANKS 64

struct reader {
	struct rf_str text;
	size_t at;
};

static char peek(const struct reader *r, size_t ahead)
{
	return ahead < r->text.len - r->at ? r->text.ptr[r->at + ahead] : '\0';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct reader *r, bool lines)
{
	for (unsigned i = 0; i < MAX_BLANKS; i++, r->at++) {
		const char c = peek(r, 0);

		if (!is_blank(c) && !(lines && (c == '\n' || c == '\r')))
			break;
	}
}

static struct rf_str read_name(const struct secret_site *site, size_t *ret_end)
{
	size_t begin = site->at, end = site->end;

	while (begin > 0 && site->at - begin < SECRET_MAX_NAME &&
		secret_char_is(site->text.ptr[begin - 1], C_NAME))
		begin--;
	/* "...\nTOKEN=" inside of a string: the n is not of the name. */
	if (begin > 0 && begin < site->at && site->text.ptr[begin - 1] == '\\')
		begin++;
	while (end < site->text.len && end - site->end < SECRET_MAX_NAME &&
		secret_char_is(site->text.ptr[end], C_NAME))
		end++;
	*ret_end = end;
	return (struct rf_str){.ptr = site->text.ptr + begin, .len = end - begin};
}

/* What closes a name: "key": or ['key'] or \"key\" . */
static void skip_closing(struct reader *r)
{
	for (unsigned i = 0; i < 4 && strchr("\"'`])\\}", peek(r, 0)) && peek(r, 0); i++)
		r->at++;
}

/* From the name to its operator: blanks, a type, words of a phrase. */
static bool skip_gap(struct reader *r)
{
	skip_closing(r);
	for (unsigned i = 0; i < MAX_GAP; i++, r->at++) {
		const char c = peek(r, 0);

		if (!is_blank(c) && !secret_char_is(c, C_NAME))
			break;
		if (c == '.' && peek(r, 1) == '=')
			break;
	}
	skip_closing(r);
	skip_blanks(r, false);
	return true;
}

static const char *const operators[] = {
	":::=",
	"::=",
	"||=",
	"===",
	"==",
	":=",
	"?=",
	".=",
	"+=",
	"=>",
	"||",
	"=",
	":",
	",",
	">",
};

static const char *read_operator(struct reader *r)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(operators); i++) {
		const size_t len = strlen(operators[i]);

		if (len <= r->text.len - r->at &&
			memcmp(r->text.ptr + r->at, operators[i], len) == 0) {
			r->at += len;
			return operators[i];
		}
	}
	return NULL;
}

/* "name: string = "value"" of TypeScript, Kotlin and Rust. */
static void skip_type(struct reader *r)
{
	struct reader ahead = *r;

	while (ahead.at - r->at < MAX_GAP &&
		(secret_char_is(peek(&ahead, 0), C_NAME) ||
			(peek(&ahead, 0) && strchr("&?[]<>|", peek(&ahead, 0)))))
		ahead.at++;
	skip_blanks(&ahead, false);
	if (ahead.at == r->at || peek(&ahead, 0) != '=' || peek(&ahead, 1) == '=')
		return;
	ahead.at++;
	skip_blanks(&ahead, false);
	if (peek(&ahead, 0) == '"' || peek(&ahead, 0) == '\'')
		*r = ahead;
}

/* b"...", []byte("..."), String("...") */
static void skip_wrapping(struct reader *r)
{
	static const char *const wrappings[] = {
		"[]byte(", "String(", "string(", "new String(", "b", "f", "r", "u", "L", "@", "("};

	for (size_t i = 0; i < RF_ARRAY_LEN(wrappings); i++) {
		const size_t len = strlen(wrappings[i]);
		const char after = peek(r, len);

		if (len < r->text.len - r->at && (after == '"' || after == '\'' || after == '`') &&
			memcmp(r->text.ptr + r->at, wrappings[i], len) == 0) {
			r->at += len;
			return;
		}
	}
}

static bool read_quoted(struct reader *r, bool escaped, struct rf_str *ret)
{
	const char quote = peek(r, 0);
	const size_t begin = ++r->at;

	while (r->at < r->text.len && r->at - begin < SECRET_MAX_VALUE) {
		const char c = peek(r, 0);

		if (c == '\n' || c == '\r')
			return false;
		if (c == quote || (escaped && c == '\\' && peek(r, 1) == quote)) {
			*ret = (struct rf_str){r->text.ptr + begin, r->at - begin};
			r->at += c == quote ? 1 : 2;
			return true;
		}
		/* A line break inside of a string ends what is assigned there. */
		if (c == '\\' && (peek(r, 1) == 'n' || peek(r, 1) == 'r')) {
			*ret = (struct rf_str){r->text.ptr + begin, r->at - begin};
			return true;
		}
		r->at++;
	}
	return false;
}

/* What ends a value without quotes. */
static const bool bare_ends[256] = {
	[0 ... ' '] = true,
	['"'] = true,
	['\''] = true,
	['`'] = true,
	[';'] = true,
	[','] = true,
	['<'] = true,
	['>'] = true,
	['\\'] = true,
	['&'] = true,
	['|'] = true,
};

static bool read_bare(struct reader *r, struct rf_str *ret)
{
	const size_t begin = r->at, left = r->text.len - begin;
	const size_t limit = left < SECRET_MAX_VALUE ? left : SECRET_MAX_VALUE;
	size_t len = 0;

	while (len < limit && !bare_ends[(uint8_t)r->text.ptr[begin + len]])
		len++;
	r->at += len;
	*ret = (struct rf_str){r->text.ptr + begin, len};
	return len > 0 && len < SECRET_MAX_VALUE;
}

static bool ends_line(struct reader r)
{
	skip_blanks(&r, false);
	return r.at == r.text.len || peek(&r, 0) == '\n' || peek(&r, 0) == '\r' ||
	       peek(&r, 0) == '#' || (peek(&r, 0) == '\\' && peek(&r, 1) != '"');
}

/* "name: value", all in one string. */
static bool ends_string(const struct reader *r, struct rf_str text, const char *name)
{
	return name > text.ptr && (name[-1] == '"' || name[-1] == '\'') && peek(r, 0) == name[-1];
}

/* The name is the first of its line, but for "export", "ENV", "- ", "set" and the like. */
static bool begins_line(struct rf_str text, const char *name)
{
	static const char *const before[] = {"export", "set", "setenv", "ENV", "ARG", "-", "-e",
		"--env", "env", "declare", "RUN", "let", "define"};
	const char *p = name, *end;

	/* A line within a string: "TOKEN=..." */
	if (p > text.ptr && (p[-1] == '"' || p[-1] == '\''))
		return true;
	while (p > text.ptr && is_blank(p[-1]))
		p--;
	if (p == text.ptr || p[-1] == '\n' || p[-1] == '\r' || (p[-1] == '\\' && p < name) ||
		(p - text.ptr >= 2 && p[-2] == '\\' && p[-1] == 'n'))
		return true;
	end = p;
	while (p > text.ptr && !is_blank(p[-1]) && p[-1] != '\n' && end - p < 16)
		p--;
	for (size_t i = 0; i < RF_ARRAY_LEN(before); i++)
		if (rf_str_is((struct rf_str){p, (size_t)(end - p)}, before[i]))
			return true;
	return false;
}

/* setProperty("name", "value") gives a value, ["name", "value"] lists two. */
static bool is_argument(struct rf_str text, const char *name)
{
	const char *p = name;

	while (p > text.ptr && (is_blank(p[-1]) || p[-1] == '"' || p[-1] == '\''))
		p--;
	return p > text.ptr && p < name && p[-1] == '(';
}

bool secret_assignment_read(const struct secret_site *site, struct assignment *ret)
{
	struct reader r = {.text = site->text};
	const char *op;
	bool escaped;

	*ret = (struct assignment){.name = read_name(site, &r.at)};
	if (!skip_gap(&r) || !(op = read_operator(&r)))
		return false;
	if (*op == ',' && !is_argument(site->text, ret->name.ptr))
		return false;
	skip_blanks(&r, *op == '>' || *op == ',');
	if (*op == ':')
		skip_type(&r);
	skip_wrapping(&r);
	escaped = peek(&r, 0) == '\\' && (peek(&r, 1) == '"' || peek(&r, 1) == '\'');
	r.at += escaped;
	if (peek(&r, 0) == '"' || peek(&r, 0) == '\'' || peek(&r, 0) == '`') {
		ret->quoted = true;
		return read_quoted(&r, escaped, &ret->value) && ret->value.len;
	}
	if (*op == ',' || !read_bare(&r, &ret->value))
		return false;
	ret->whole_line =
		((ends_line(r) || ends_string(&r, site->text, ret->name.ptr)) &&
			begins_line(site->text, ret->name.ptr)) ||
		(*op == '>' && ret->name.ptr > site->text.ptr && ret->name.ptr[-1] == '<');
	return true;
}
