/*
 * Expansion of words. A cursor walks over the word; what stands in braces is expanded by the same
 * code, one level deeper, into a buffer of its own.
 */
#include "image/dockerfile/words.h"

#include <ctype.h>

struct cursor {
	struct rf_str text;
	size_t at;
	char escape;
	unsigned depth;
	struct dockerfile_env *env;
};

static bool more(const struct cursor *c)
{
	return c->at < c->text.len;
}

static char peek(const struct cursor *c)
{
	return more(c) ? c->text.ptr[c->at] : '\0';
}

static bool take(struct cursor *c, char wanted)
{
	if (!more(c) || c->text.ptr[c->at] != wanted)
		return false;
	c->at++;
	return true;
}

static struct rf_str slice(const struct cursor *c, size_t from)
{
	return (struct rf_str){.ptr = c->text.ptr + from, .len = c->at - from};
}

static bool is_name(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_';
}

/* A name, a number, or one special parameter; empty when none of them follows. */
static struct rf_str take_name(struct cursor *c)
{
	size_t from = c->at;

	if (isdigit((unsigned char)peek(c))) {
		while (isdigit((unsigned char)peek(c)))
			c->at++;
	} else if (more(c) && strchr("@*#?-$!", peek(c)) && peek(c)) {
		c->at++;
	} else {
		while (more(c) && is_name(peek(c)))
			c->at++;
	}
	return slice(c, from);
}

static bool lookup(struct cursor *c, struct rf_str name, struct rf_str *ret)
{
	*ret = RF_STR("");
	return c->env->get && c->env->get(c->env->ctx, name, ret);
}

static void expand_until(struct cursor *c, char stop, bool raw_escapes, struct rf_buf *out);

/* Dynamic programming would be quadratic in memory; this backtracks to the last star only. */
bool dockerfile_glob(struct rf_str pattern, struct rf_str text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;

	while (t < text.len) {
		bool escaped = p + 1 < pattern.len && pattern.ptr[p] == '\\';

		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			mark = t;
		} else if (p < pattern.len && (pattern.ptr[p + escaped] == text.ptr[t] ||
						      (!escaped && pattern.ptr[p] == '?'))) {
			p += 1 + (size_t)escaped;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

#define MAX_TRIM    128 /* bytes of a value that a pattern is cut off */
#define MAX_REPLACE 48	/* ... or in which it is replaced */

/* ${X#p} and ${X%p}: cuts what the pattern matches off the beginning or the end. */
static struct rf_str trim(struct rf_str value, struct rf_str pattern, bool suffix, bool greedy)
{
	if (value.len > MAX_TRIM || pattern.len > MAX_TRIM)
		return value;
	for (size_t i = 0; i <= value.len; i++) {
		size_t len = greedy ? value.len - i : i;
		struct rf_str part = {suffix ? value.ptr + value.len - len : value.ptr, len};

		if (!dockerfile_glob(pattern, part))
			continue;
		return (struct rf_str){suffix ? value.ptr : value.ptr + len, value.len - len};
	}
	return value;
}

/* The longest match of pattern at text's beginning; SIZE_MAX without one. */
static size_t match_length(struct rf_str pattern, struct rf_str text)
{
	for (size_t len = text.len;; len--) {
		if (dockerfile_glob(pattern, (struct rf_str){text.ptr, len}))
			return len;
		if (len == 0)
			return SIZE_MAX;
	}
}

static void replace(struct rf_str value, struct rf_str pattern, struct rf_str with, bool all,
	struct rf_buf *out)
{
	size_t at = 0;

	while (at < value.len && value.len <= MAX_REPLACE && pattern.len <= MAX_REPLACE) {
		struct rf_str rest = {value.ptr + at, value.len - at};
		size_t len = match_length(pattern, rest);

		if (len == SIZE_MAX || len == 0) {
			rf_buf_add_char(out, value.ptr[at++]);
			continue;
		}
		rf_buf_add_str(out, with);
		at += len;
		if (!all)
			break;
	}
	rf_buf_add(out, value.ptr + at, value.len - at);
}

static void modify(struct cursor *c, struct rf_str name, char op, bool colon, struct rf_str word,
	struct rf_buf *out)
{
	struct rf_str value;
	bool set = lookup(c, name, &value), there = set && (!colon || value.len);
	bool greedy = word.len && word.ptr[0] == op;

	if (op == '-' || op == '?')
		rf_buf_add_str(out, there ? value : op == '-' ? word : RF_STR(""));
	if (op == '+' && there)
		rf_buf_add_str(out, word);
	if (op == '?' && !there)
		c->env->failed = true;
	if (op == '#' || op == '%') {
		if (greedy)
			word = (struct rf_str){word.ptr + 1, word.len - 1};
		rf_buf_add_str(out, trim(value, word, op == '%', greedy));
	}
}

/* ${NAME/pattern/with}, the cursor behind the first slash. */
static void substitute(struct cursor *c, struct rf_str name, struct rf_buf *out)
{
	AUTO_BUF pattern = {.max = DOCKERFILE_MAX_EXPANSION};
	AUTO_BUF with = {.max = DOCKERFILE_MAX_EXPANSION};
	struct rf_str value;
	bool all = take(c, '/');

	expand_until(c, '/', true, &pattern);
	expand_until(c, '}', true, &with);
	lookup(c, name, &value);
	replace(value, rf_buf_str(&pattern), rf_buf_str(&with), all, out);
}

/* Behind "${". from is where the dollar stands. */
static void expand_braces(struct cursor *c, size_t from, struct rf_buf *out)
{
	AUTO_BUF word = {.max = DOCKERFILE_MAX_EXPANSION};
	struct rf_str name = take_name(c), value;
	bool colon, set = name.len && lookup(c, name, &value);
	size_t mark = out->len;
	char op;

	if (!name.len) {
		c->env->failed = true;
		return;
	}
	if (take(c, '}')) {
		if (set)
			rf_buf_add_str(out, value);
		else if (c->env->keep_unset)
			rf_buf_add_str(out, slice(c, from));
		return;
	}
	colon = take(c, ':');
	op = peek(c);
	c->at += more(c);
	if (op == '/' && !colon) {
		substitute(c, name, out);
	} else if (op && strchr("+-?#%", op) && !(colon && (op == '#' || op == '%'))) {
		expand_until(c, '}', op == '#' || op == '%', &word);
		modify(c, name, op, colon, rf_buf_str(&word), out);
	} else {
		c->env->failed = true;
		return;
	}
	if (!set && c->env->keep_unset && !out->failed) {
		out->len = mark;
		rf_buf_add_str(out, slice(c, from));
	}
}

static void expand_dollar(struct cursor *c, struct rf_buf *out)
{
	size_t from = c->at++;
	struct rf_str name, value;

	if (take(c, '{')) {
		if (++c->depth > DOCKERFILE_MAX_NESTING) {
			c->env->failed = true;
			c->at = c->text.len;
			return;
		}
		expand_braces(c, from, out);
		c->depth--;
		return;
	}
	name = take_name(c);
	if (!name.len)
		rf_buf_add_char(out, '$');
	else if (lookup(c, name, &value))
		rf_buf_add_str(out, value);
	else if (c->env->keep_unset)
		rf_buf_add_str(out, slice(c, from));
}

static void single_quoted(struct cursor *c, struct rf_buf *out)
{
	size_t from = ++c->at;

	while (more(c) && peek(c) != '\'')
		c->at++;
	rf_buf_add_str(out, slice(c, from));
	if (!take(c, '\''))
		c->env->failed = true;
}

static void double_quoted(struct cursor *c, struct rf_buf *out)
{
	c->at++;
	while (more(c) && peek(c) != '"') {
		if (peek(c) == '$') {
			expand_dollar(c, out);
			continue;
		}
		if (peek(c) == c->escape && c->at + 1 < c->text.len) {
			char next = c->text.ptr[c->at + 1];

			if (next == '"' || next == '$' || next == c->escape)
				c->at++;
		}
		rf_buf_add_char(out, c->text.ptr[c->at++]);
	}
	if (!take(c, '"'))
		c->env->failed = true;
}

/* Until stop, which is taken as well; '\0' means to the end. */
static void expand_until(struct cursor *c, char stop, bool raw_escapes, struct rf_buf *out)
{
	while (more(c)) {
		char ch = peek(c);

		if (stop && ch == stop) {
			c->at++;
			return;
		}
		if (ch == '\'') {
			single_quoted(c, out);
		} else if (ch == '"') {
			double_quoted(c, out);
		} else if (ch == '$') {
			expand_dollar(c, out);
		} else if (ch == c->escape) {
			c->at++;
			if (raw_escapes)
				rf_buf_add_char(out, ch);
			if (more(c))
				rf_buf_add_char(out, c->text.ptr[c->at++]);
		} else {
			rf_buf_add_char(out, ch);
			c->at++;
		}
	}
	if (stop)
		c->env->failed = true;
}

void dockerfile_expand(
	struct rf_str word, char escape, struct dockerfile_env *env, struct rf_buf *out)
{
	struct cursor c = {.text = word, .escape = escape, .env = env};

	expand_until(&c, '\0', false, out);
	if (out->failed)
		env->failed = true;
}

struct rf_str dockerfile_unquote(struct rf_str word, char escape, struct rf_arena *arena)
{
	struct dockerfile_env env = {.keep_unset = true};
	AUTO_BUF out = {.max = DOCKERFILE_MAX_EXPANSION};

	if (!word.len || (!memchr(word.ptr, '\'', word.len) && !memchr(word.ptr, '"', word.len) &&
				 !memchr(word.ptr, escape, word.len)))
		return word;
	dockerfile_expand(word, escape, &env, &out);
	return out.failed ? word : rf_arena_str(arena, rf_buf_str(&out));
}
