/*
 * Words of a shell script, with quotes and escapes taken off and expansions made short. Command
 * substitutions in them are read for their commands.
 */
#include <ctype.h>

#include "image/dockerfile/shell_int.h"

/* --- what ends where --- */

/* Steps over '...'; the cursor on the opening quote. */
static struct rf_str take_single(struct shell_reader *r)
{
	size_t from = ++r->at;
	const char *end = memchr(r->text.ptr + from, '\'', r->text.len - from);

	shell_break(r, !end);
	r->at = end ? (size_t)(end - r->text.ptr) : r->text.len;
	return shell_slice(r, from, r->at++);
}

/* Steps over an arithmetic expression or a name in braces to the closing pair or brace. */
void shell_skip_balanced(struct shell_reader *r, char open, char close)
{
	size_t depth = 1;

	while (shell_more(r) && depth) {
		char c = shell_peek(r);

		if (c == '\'' && open != '(') {
			take_single(r);
			continue;
		}
		r->at += c == '\\';
		depth += c == open;
		depth -= c == close;
		r->at++;
	}
	if (r->at > r->text.len)
		r->at = r->text.len;
}

/* --- words --- */

/* The text of the commands from index on, without blanks: what stands for $(...) in a word. */
static void squeeze(struct shell_reader *r, size_t from, size_t to, struct rf_buf *out)
{
	rf_buf_add_c(out, "${");
	for (size_t i = from; i < to && i < r->text.len; i++) {
		char c = r->text.ptr[i];

		if (!strchr(" \t\n'\"", c))
			rf_buf_add_char(out, c);
	}
	rf_buf_add_char(out, '}');
}

/* The commands between here and the closing parenthesis, as of the command that is being read. */
void shell_read_substitution(struct shell_reader *r, struct rf_buf *out)
{
	size_t from = r->at, parent = r->parent;

	if (shell_too_deep(r)) {
		shell_skip_balanced(r, '(', ')');
	} else {
		r->parent = r->state->commands.count ? r->state->commands.count - 1 : SIZE_MAX;
		r->depth++;
		shell_read_list(r, ')');
		r->depth--;
		r->parent = parent;
	}
	if (out)
		squeeze(r, from, r->at ? r->at - 1 : 0, out);
}

static void read_backticks(struct shell_reader *r, struct rf_buf *out)
{
	AUTO_BUF inner = {.max = SHELL_MAX_WORD};
	struct rf_str text;

	for (r->at++; shell_more(r) && shell_peek(r) != '`'; r->at++) {
		if (shell_peek(r) == '\\' && r->at + 1 < r->text.len)
			r->at++;
		rf_buf_add_char(&inner, shell_peek(r));
	}
	shell_break(r, !shell_more(r));
	r->at += shell_more(r);
	text = rf_arena_str(r->state->arena, rf_buf_str(&inner));
	if (!text.ptr)
		r->state->nomem = true;
	else
		shell_read_nested(r, text, false, r->state->commands.count - 1);
	rf_buf_add_c(out, "${VAR}");
}

/* ${...}: kept as it is written; substitutions within it are read. */
static void read_braces(struct shell_reader *r, struct rf_buf *out)
{
	size_t from = r->at, depth = 1;

	for (r->at += 2; shell_more(r) && depth; r->at++) {
		char c = shell_peek(r);

		if (c == '\\')
			r->at++;
		else if (c == '$' && shell_peek_at(r, 1) == '(') {
			r->at += 2;
			shell_read_substitution(r, NULL);
			r->at--;
		} else if (c == '{')
			depth++;
		else if (c == '}')
			depth--;
	}
	if (r->at > r->text.len)
		r->at = r->text.len;
	rf_buf_add_str(out, shell_slice(r, from, r->at));
}

static void read_name(struct shell_reader *r, struct rf_buf *out)
{
	size_t from = ++r->at;

	if (shell_more(r) && (isalpha((unsigned char)shell_peek(r)) || shell_peek(r) == '_')) {
		while (shell_more(r) &&
			(isalnum((unsigned char)shell_peek(r)) || shell_peek(r) == '_'))
			r->at++;
	} else if (shell_more(r) &&
		   (isdigit((unsigned char)shell_peek(r)) || strchr("@*#?-$!", shell_peek(r)))) {
		r->at++;
	} else {
		rf_buf_add_char(out, '$');
		return;
	}
	rf_buf_add_c(out, "${");
	rf_buf_add_str(out, shell_slice(r, from, r->at));
	rf_buf_add_char(out, '}');
}

/* $'...' with the escapes that matter to words. */
static void read_dollar_single(struct shell_reader *r, struct rf_buf *out)
{
	for (r->at += 2; shell_more(r) && shell_peek(r) != '\''; r->at++) {
		if (shell_peek(r) == '\\' && r->at + 1 < r->text.len) {
			char c = shell_peek_at(r, 1);

			r->at++;
			rf_buf_add_char(out, c == 'n' ? '\n' : c == 't' ? '\t' : c);
			continue;
		}
		rf_buf_add_char(out, shell_peek(r));
	}
	r->at += shell_more(r);
}

/* The cursor on a dollar. True when it is an expansion, false when it is a quoted text. */
static bool read_dollar(struct shell_reader *r, bool in_quotes, struct rf_buf *out)
{
	char next = shell_peek_at(r, 1);

	if (next == '(' && shell_peek_at(r, 2) == '(') {
		r->at += 3;
		shell_skip_balanced(r, '(', ')');
		r->at += shell_peek(r) == ')';
		rf_buf_add_c(out, "${VAR}");
	} else if (next == '(') {
		r->at += 2;
		shell_read_substitution(r, out);
	} else if (next == '{') {
		read_braces(r, out);
	} else if (next == '\'' && !in_quotes) {
		read_dollar_single(r, out);
		return false;
	} else {
		size_t before = out->len;

		read_name(r, out);
		return out->len != before + 1;
	}
	return true;
}

static void read_double(struct shell_reader *r, struct shell_word *word, struct rf_buf *out)
{
	for (r->at++; shell_more(r) && shell_peek(r) != '"';) {
		char c = shell_peek(r);

		if (c == '$') {
			word->literal &= !read_dollar(r, true, out);
		} else if (c == '`') {
			read_backticks(r, out);
			word->literal = false;
		} else {
			if (c == '\\' && r->at + 1 < r->text.len &&
				strchr("\\\"$`\n", shell_peek_at(r, 1)))
				r->at++;
			rf_buf_add_char(out, r->text.ptr[r->at++]);
		}
	}
	shell_break(r, !shell_more(r));
	r->at += shell_more(r);
}

/* {a,b} and {1..3} at the cursor: the length to the closing brace, or 0. */
static size_t brace_expansion(const struct shell_reader *r)
{
	bool list = false;

	for (size_t i = 1; i < r->text.len - r->at && i < 4096; i++) {
		char c = shell_peek_at(r, i);

		if (c == '}')
			return list ? i + 1 : 0;
		if (c == ',' || (c == '.' && shell_peek_at(r, i + 1) == '.'))
			list = true;
		if (strchr(" \t\n;|&<>(){", c))
			return 0;
	}
	return 0;
}

/* One piece of a word that is not in quotes. */
static void read_plain(struct shell_reader *r, struct shell_word *word, struct rf_buf *out)
{
	char c = shell_peek(r);
	size_t len;

	if (c == '\\') {
		r->at++;
		word->quoted = true;
		if (shell_more(r) && shell_peek(r) != '\n')
			rf_buf_add_char(out, shell_peek(r));
		r->at += shell_more(r);
		return;
	}
	len = c == '{' ? brace_expansion(r) : 0;
	if (len) {
		r->at += len;
		word->literal = false;
		return;
	}
	if (c == '*' || c == '?')
		word->literal = false;
	rf_buf_add_char(out, c);
	r->at++;
}

static void read_pieces(struct shell_reader *r, struct shell_word *word, struct rf_buf *out)
{
	while (shell_more(r) && !shell_ends_word(shell_peek(r))) {
		char c = shell_peek(r);

		if (c == '\'') {
			rf_buf_add_str(out, take_single(r));
			if (r->at > r->text.len)
				r->at = r->text.len;
			word->quoted = true;
		} else if (c == '"') {
			read_double(r, word, out);
			word->quoted = true;
		} else if (c == '$') {
			word->literal &= !read_dollar(r, false, out);
		} else if (c == '`') {
			read_backticks(r, out);
			word->literal = false;
		} else {
			read_plain(r, word, out);
		}
	}
}

struct shell_word shell_read_word(struct shell_reader *r)
{
	struct shell_word word = {.literal = true, .from = r->at};
	AUTO_BUF out = {.max = SHELL_MAX_WORD};
	size_t plain = r->at;

	/* Most words have nothing to take off: a view of the text will do. */
	while (plain < r->text.len && !shell_ends_word(r->text.ptr[plain]) &&
		!strchr("'\"$`\\{*?", r->text.ptr[plain]))
		plain++;
	if (plain == r->text.len || shell_ends_word(r->text.ptr[plain])) {
		word.text = shell_slice(r, r->at, plain);
		word.there = plain > r->at;
		r->at = plain;
		return word;
	}
	read_pieces(r, &word, &out);
	word.there = r->at > word.from;
	word.text = rf_arena_str(r->state->arena, rf_buf_str(&out));
	if (!word.text.ptr)
		r->state->nomem = true;
	return word;
}
