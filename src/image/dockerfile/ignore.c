/* Pragmas in comments. Lists stay in the order of their lines, so that look-ups can be binary. */
#include "image/dockerfile/ignore_int.h"

#include <ctype.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct rf_str skip_blanks(struct rf_str s)
{
	while (s.len && is_blank(s.ptr[0]))
		s = (struct rf_str){s.ptr + 1, s.len - 1};
	return s;
}

/* Cuts word off the front of *s, with the blanks behind it; blanks are needed when `apart`. */
static bool take_word(struct rf_str *s, const char *word, bool apart)
{
	struct rf_str rest;

	if (!rf_str_starts(*s, rf_str_of(word)))
		return false;
	rest = (struct rf_str){s->ptr + strlen(word), s->len - strlen(word)};
	if (apart && (!rest.len || !is_blank(rest.ptr[0])))
		return false;
	*s = skip_blanks(rest);
	return true;
}

static bool is_any_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '.' || c == '_';
}

/* hadolint knows its own ids and ShellCheck's only. */
static bool is_hadolint_char(char c)
{
	return c && strchr("DLSC0123456789", c);
}

/* ID , ID # whatever. Nothing else may follow. */
static bool is_list(struct rf_str s, bool (*is_id_char)(char c), struct rf_str *ret)
{
	size_t at = 0;

	for (;;) {
		size_t from = at;

		while (at < s.len && is_id_char(s.ptr[at]))
			at++;
		if (at == from)
			return false;
		*ret = (struct rf_str){s.ptr, at};
		while (at < s.len && is_blank(s.ptr[at]))
			at++;
		if (at == s.len || s.ptr[at] == '#')
			return true;
		if (s.ptr[at++] != ',')
			return false;
		while (at < s.len && is_blank(s.ptr[at]))
			at++;
	}
}

enum check_pragma check_pragma_parse(
	struct rf_str comment, bool *ret_hadolint, struct rf_str *ret_ids)
{
	struct rf_str s = skip_blanks(comment);
	enum check_pragma kind = CHECK_PRAGMA_NEXT;

	*ret_hadolint = take_word(&s, "hadolint", true);
	if (!*ret_hadolint && !take_word(&s, "ringfence", true))
		return CHECK_PRAGMA_NONE;
	if (take_word(&s, "stage", true))
		kind = CHECK_PRAGMA_STAGE;
	else if (take_word(&s, "global", true))
		kind = CHECK_PRAGMA_GLOBAL;
	if (!take_word(&s, "ignore", false) || !take_word(&s, "=", false) ||
		!is_list(s, *ret_hadolint ? is_hadolint_char : is_any_char, ret_ids))
		return CHECK_PRAGMA_NONE;
	return kind;
}

/* The line of the instruction behind index, comments passed over. */
static uint32_t next_line(const struct dockerfile *file, size_t index)
{
	for (size_t i = index + 1; i < file->instr_count; i++) {
		if (file->instrs[i]->kind != DOCKERFILE_COMMENT)
			return file->instrs[i]->line;
	}
	return 0;
}

static bool add_comment(const struct dockerfile *file, size_t index, struct check_ignores *ret)
{
	const struct dockerfile_instr *comment = file->instrs[index];
	struct check_ignore ignore = {.line = comment->line + 1};
	bool hadolint;
	enum check_pragma kind = check_pragma_parse(comment->text, &hadolint, &ignore.ids);

	if (!hadolint && kind == CHECK_PRAGMA_NEXT)
		ignore.line = next_line(file, index);
	switch (kind) {
	case CHECK_PRAGMA_NONE: break;
	case CHECK_PRAGMA_NEXT: return rf_vec_push(&ret->lines, ignore);
	case CHECK_PRAGMA_STAGE: return rf_vec_push(&ret->stages, ignore);
	case CHECK_PRAGMA_GLOBAL: return rf_vec_push(&ret->global, ignore);
	}
	return true;
}

bool check_ignores_find(const struct dockerfile *file, struct check_ignores *ret)
{
	for (size_t i = 0; i < file->instr_count; i++) {
		const struct dockerfile_instr *instr = file->instrs[i];
		size_t count = ret->stages.count;
		bool same = count && ret->stages.items[count - 1].line == instr->line;
		struct check_ignore none = {.line = instr->line, .ids = RF_STR("")};

		if (instr->kind == DOCKERFILE_COMMENT && !add_comment(file, i, ret))
			return false;
		if (instr->kind == DOCKERFILE_FROM && !same && !rf_vec_push(&ret->stages, none))
			return false;
	}
	return true;
}

void check_ignores_done(struct check_ignores *ignores)
{
	rf_vec_done(&ignores->lines);
	rf_vec_done(&ignores->stages);
	rf_vec_done(&ignores->global);
}

static bool names_rule(struct rf_str ids, const struct check_rule *rule)
{
	struct rf_str id;

	while (ids.ptr) {
		ids = rf_str_cut(ids, ',', &id);
		while (id.len && is_blank(id.ptr[id.len - 1]))
			id.len--;
		id = skip_blanks(id);
		if (rf_str_is(id, rule->id))
			return true;
		for (size_t i = 0; i < CHECK_MAX_ALIASES && rule->aliases[i]; i++) {
			if (rf_str_is(id, rule->aliases[i]))
				return true;
		}
	}
	return false;
}

/* How many of the list stand before line (or at it). */
static size_t count_before(const struct check_ignore *items, size_t count, uint32_t line, bool at)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle].line < line || (at && items[middle].line == line))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool check_is_ignored(
	const struct check_ignores *ignores, const struct check_rule *rule, uint32_t line)
{
	size_t last = count_before(ignores->stages.items, ignores->stages.count, line, false);

	for (size_t i = count_before(ignores->lines.items, ignores->lines.count, line, false);
		i < ignores->lines.count && ignores->lines.items[i].line == line; i++) {
		if (names_rule(ignores->lines.items[i].ids, rule))
			return true;
	}
	if (last && names_rule(ignores->stages.items[last - 1].ids, rule))
		return true;
	for (size_t i = 0; i < ignores->global.count && i < 1000; i++) {
		if (names_rule(ignores->global.items[i].ids, rule))
			return true;
	}
	return false;
}
