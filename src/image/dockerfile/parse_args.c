/* One logical line into keyword, flags and arguments, by the kind of its instruction. */
#include <strings.h>

#include "image/dockerfile/parse_int.h"
#include "image/dockerfile/words.h"

/* How the arguments are written. */
enum form {
	FORM_TEXT, /* one text */
	FORM_JSON_OR_TEXT,
	FORM_JSON_OR_LIST,
	FORM_LIST,   /* between blanks */
	FORM_PAIRS,  /* ENV, LABEL */
	FORM_ARGS,   /* ARG: NAME or NAME=value, several */
	FORM_HEALTH, /* NONE, or CMD and what it runs */
	FORM_ONBUILD,
};

static const struct {
	const char *keyword;
	enum form form;
} kinds[] = {
	[DOCKERFILE_UNKNOWN] = {"", FORM_TEXT},
	[DOCKERFILE_COMMENT] = {"", FORM_TEXT},
	[DOCKERFILE_ADD] = {"ADD", FORM_JSON_OR_LIST},
	[DOCKERFILE_ARG] = {"ARG", FORM_ARGS},
	[DOCKERFILE_CMD] = {"CMD", FORM_JSON_OR_TEXT},
	[DOCKERFILE_COPY] = {"COPY", FORM_JSON_OR_LIST},
	[DOCKERFILE_ENTRYPOINT] = {"ENTRYPOINT", FORM_JSON_OR_TEXT},
	[DOCKERFILE_ENV] = {"ENV", FORM_PAIRS},
	[DOCKERFILE_EXPOSE] = {"EXPOSE", FORM_LIST},
	[DOCKERFILE_FROM] = {"FROM", FORM_LIST},
	[DOCKERFILE_HEALTHCHECK] = {"HEALTHCHECK", FORM_HEALTH},
	[DOCKERFILE_LABEL] = {"LABEL", FORM_PAIRS},
	[DOCKERFILE_MAINTAINER] = {"MAINTAINER", FORM_TEXT},
	[DOCKERFILE_ONBUILD] = {"ONBUILD", FORM_ONBUILD},
	[DOCKERFILE_RUN] = {"RUN", FORM_JSON_OR_TEXT},
	[DOCKERFILE_SHELL] = {"SHELL", FORM_JSON_OR_TEXT},
	[DOCKERFILE_STOPSIGNAL] = {"STOPSIGNAL", FORM_TEXT},
	[DOCKERFILE_USER] = {"USER", FORM_TEXT},
	[DOCKERFILE_VOLUME] = {"VOLUME", FORM_JSON_OR_LIST},
	[DOCKERFILE_WORKDIR] = {"WORKDIR", FORM_TEXT},
};

const char *dockerfile_keyword(enum dockerfile_kind kind)
{
	return (size_t)kind < RF_ARRAY_LEN(kinds) ? kinds[kind].keyword : "";
}

const struct dockerfile_flag *dockerfile_flag(
	const struct dockerfile_instr *instr, const char *name)
{
	for (size_t i = 0; i < instr->flag_count; i++) {
		if (rf_str_is(instr->flags[i].name, name))
			return &instr->flags[i];
	}
	return NULL;
}

/* Moves a vector's items into the arena. */
static void *keep(struct dockerfile_parser *p, void *items, size_t count, size_t size)
{
	void *kept = rf_arena_array(p->arena, count + 1, size);

	if (!kept)
		p->nomem = true;
	else if (count)
		memcpy(kept, items, count * size);
	return kept;
}

static void set_words(
	struct dockerfile_parser *p, struct dockerfile_instr *instr, struct dockerfile_words *words)
{
	instr->words = keep(p, words->items, words->count, sizeof(*words->items));
	instr->word_count = p->nomem ? 0 : words->count;
	rf_vec_done(words);
}

static enum dockerfile_kind find_kind(struct rf_str keyword)
{
	for (size_t i = DOCKERFILE_ADD; i < RF_ARRAY_LEN(kinds); i++) {
		if (keyword.len == strlen(kinds[i].keyword) &&
			strncasecmp(keyword.ptr, kinds[i].keyword, keyword.len) == 0)
			return (enum dockerfile_kind)i;
	}
	return DOCKERFILE_UNKNOWN;
}

/* --- flags --- */

/*
 * The word that text begins with, up to a blank outside of quotes; quotes and escapes are taken
 * off into out. Returns its length as written.
 */
static size_t flag_word(struct rf_str text, char escape, struct rf_buf *out)
{
	char quote = '\0';
	size_t at = 0;

	for (; at < text.len; at++) {
		char c = text.ptr[at];

		if (!quote && dockerfile_is_space(c))
			break;
		if (c == quote) {
			quote = '\0';
		} else if (!quote && (c == '\'' || c == '"')) {
			quote = c;
		} else if (c == escape) {
			if (at + 1 < text.len)
				rf_buf_add_char(out, text.ptr[++at]);
		} else {
			rf_buf_add_char(out, c);
		}
	}
	return at;
}

static void read_flags(struct dockerfile_parser *p, struct dockerfile_instr *instr)
{
	RF_VEC(struct dockerfile_flag) flags = {0};
	AUTO_BUF word = {.max = DOCKERFILE_MAX_SIZE};

	for (;;) {
		struct rf_str text = dockerfile_trim_left(instr->args), name;
		struct dockerfile_flag flag = {0};
		size_t len;

		instr->args = text;
		if (text.len < 2 || text.ptr[0] != '-' || text.ptr[1] != '-')
			break;
		rf_buf_clear(&word);
		len = flag_word(text, p->file->escape, &word);
		instr->args = (struct rf_str){text.ptr + len, text.len - len};
		if (word.len == 2)
			break;
		name = rf_arena_str(p->arena, rf_buf_str(&word));
		if (name.len < 2) {
			p->nomem |= !name.ptr;
			break;
		}
		flag.value =
			rf_str_cut((struct rf_str){name.ptr + 2, name.len - 2}, '=', &flag.name);
		flag.has_value = flag.value.ptr != NULL;
		if (!rf_vec_push(&flags, flag))
			p->nomem = true;
	}
	instr->flags = keep(p, flags.items, flags.count, sizeof(*flags.items));
	instr->flag_count = p->nomem ? 0 : flags.count;
	rf_vec_done(&flags);
}

/* --- lists and exec form --- */

static void split_words(
	struct dockerfile_parser *p, struct rf_str text, struct dockerfile_words *words)
{
	size_t at = 0;

	while (at < text.len) {
		size_t from;

		while (at < text.len && dockerfile_is_space(text.ptr[at]))
			at++;
		from = at;
		while (at < text.len && !dockerfile_is_space(text.ptr[at]))
			at++;
		if (at > from && !rf_vec_push(words, ((struct rf_str){text.ptr + from, at - from})))
			p->nomem = true;
	}
}

/* True for the exec form. An array of anything but strings is refused, as BuildKit does. */
static bool json_words(struct dockerfile_parser *p, struct dockerfile_instr *instr,
	struct rf_str text, struct dockerfile_words *words)
{
	switch (dockerfile_read_array(text, p->arena, words)) {
	case DOCKERFILE_ARRAY_STRINGS: instr->json = true; return true;
	case DOCKERFILE_ARRAY_NOMEM: p->nomem = true; break;
	case DOCKERFILE_ARRAY_OTHER:
		dockerfile_refuse(p, instr, "only strings may stand in the JSON array");
		break;
	case DOCKERFILE_ARRAY_NONE: break;
	}
	return false;
}

static void read_json_or_list(struct dockerfile_parser *p, struct dockerfile_instr *instr)
{
	struct dockerfile_words words = {0};

	if (!json_words(p, instr, instr->args, &words)) {
		words.count = 0;
		split_words(p, instr->args, &words);
	}
	set_words(p, instr, &words);
}

static void read_json_or_text(struct dockerfile_parser *p, struct dockerfile_instr *instr)
{
	struct dockerfile_words words = {0};

	if (!json_words(p, instr, instr->args, &words))
		words.count = 0;
	set_words(p, instr, &words);
}

static void read_health(struct dockerfile_parser *p, struct dockerfile_instr *instr)
{
	struct dockerfile_words words = {0};
	struct rf_str text = instr->args, rest;
	size_t len = 0;

	while (len < text.len && !dockerfile_is_space(text.ptr[len]))
		len++;
	if (len && !rf_vec_push(&words, ((struct rf_str){text.ptr, len})))
		p->nomem = true;
	rest = dockerfile_trim_left((struct rf_str){text.ptr + len, text.len - len});
	if (!json_words(p, instr, rest, &words) && words.count > 1)
		words.count = 1;
	set_words(p, instr, &words);
}

/* --- pairs --- */

/* The length of the word that text begins with: blanks in quotes and escaped ones belong to it. */
static size_t quoted_word(struct rf_str text, char escape)
{
	char quote = '\0';
	size_t at = 0;

	for (; at < text.len; at++) {
		char c = text.ptr[at];

		if (!quote && dockerfile_is_space(c))
			break;
		if (c == quote)
			quote = '\0';
		else if (!quote && (c == '\'' || c == '"'))
			quote = c;
		else if (c == escape && quote != '\'')
			at++;
	}
	return at < text.len ? at : text.len;
}

RF_VEC_TYPE(pair_vec, struct dockerfile_pair);

static void add_pair(struct dockerfile_parser *p, struct pair_vec *pairs, struct rf_str name,
	struct rf_str raw, bool legacy)
{
	struct dockerfile_pair pair = {.raw = raw, .legacy = legacy};

	pair.name = dockerfile_unquote(name, p->file->escape, p->arena);
	pair.value = raw.ptr ? dockerfile_unquote(raw, p->file->escape, p->arena) : RF_STR_NONE;
	if (!pair.name.ptr || (raw.ptr && !pair.value.ptr) || !rf_vec_push(pairs, pair))
		p->nomem = true;
}

/* ENV NAME all of the rest */
static void legacy_pair(
	struct dockerfile_parser *p, struct dockerfile_instr *instr, struct pair_vec *pairs)
{
	struct rf_str text = instr->args;
	size_t len = 0;

	while (len < text.len && !dockerfile_is_space(text.ptr[len]))
		len++;
	if (len == text.len)
		dockerfile_refuse(
			p, instr, "%s must have two arguments", dockerfile_keyword(instr->kind));
	add_pair(p, pairs, (struct rf_str){text.ptr, len},
		dockerfile_trim((struct rf_str){text.ptr + len, text.len - len}), true);
}

static void read_pairs(struct dockerfile_parser *p, struct dockerfile_instr *instr)
{
	struct rf_str text = dockerfile_trim_left(instr->args);
	bool is_arg = instr->kind == DOCKERFILE_ARG;
	struct pair_vec pairs = {0};

	while (text.len && !p->nomem) {
		size_t len = quoted_word(text, p->file->escape);
		struct rf_str word = {text.ptr, len}, name;
		struct rf_str value = rf_str_cut(word, '=', &name);

		if (!value.ptr && !is_arg && !pairs.count) {
			legacy_pair(p, instr, &pairs);
			break;
		}
		if (!value.ptr && !is_arg)
			dockerfile_refuse(p, instr,
				"there is no = in \"" RF_STR_FMT "\": name=value is wanted",
				(int)(word.len < 80 ? word.len : 80), word.ptr);
		else if (value.ptr && !name.len)
			dockerfile_refuse(p, instr, "%s names can not be blank",
				dockerfile_keyword(instr->kind));
		add_pair(p, &pairs, name, value, false);
		text = dockerfile_trim_left((struct rf_str){text.ptr + len, text.len - len});
	}
	instr->pairs = keep(p, pairs.items, pairs.count, sizeof(*pairs.items));
	instr->pair_count = p->nomem ? 0 : pairs.count;
	rf_vec_done(&pairs);
}

/* --- all of it --- */

static void read_trigger(
	struct dockerfile_parser *p, struct dockerfile_instr *instr, unsigned depth)
{
	struct dockerfile_instr *trigger;

	if (!instr->args.len || depth >= DOCKERFILE_MAX_ONBUILD)
		return;
	trigger = rf_arena_new_of(p->arena, struct dockerfile_instr);
	if (!trigger) {
		p->nomem = true;
		return;
	}
	trigger->text = instr->args;
	trigger->line = instr->line;
	trigger->end_line = instr->end_line;
	trigger->col = instr->col;
	dockerfile_read_instr(p, trigger, depth + 1);
	instr->trigger = trigger;
}

static void read_arguments(
	struct dockerfile_parser *p, struct dockerfile_instr *instr, unsigned depth)
{
	struct dockerfile_words words = {0};

	switch (kinds[instr->kind].form) {
	case FORM_TEXT: break;
	case FORM_JSON_OR_TEXT: read_json_or_text(p, instr); break;
	case FORM_JSON_OR_LIST: read_json_or_list(p, instr); break;
	case FORM_LIST:
		split_words(p, instr->args, &words);
		set_words(p, instr, &words);
		break;
	case FORM_PAIRS:
	case FORM_ARGS: read_pairs(p, instr); break;
	case FORM_HEALTH: read_health(p, instr); break;
	case FORM_ONBUILD: read_trigger(p, instr, depth); break;
	}
}

void dockerfile_read_instr(
	struct dockerfile_parser *p, struct dockerfile_instr *instr, unsigned depth)
{
	struct rf_str text = dockerfile_trim(instr->text);
	size_t len = 0;

	while (len < text.len && !dockerfile_is_space(text.ptr[len]))
		len++;
	instr->keyword = (struct rf_str){text.ptr, len};
	instr->kind = find_kind(instr->keyword);
	instr->args = (struct rf_str){text.ptr + len, text.len - len};
	read_flags(p, instr);
	instr->args = dockerfile_trim(instr->args);
	if (!p->nomem)
		read_arguments(p, instr, depth);
}

/* --- what a shell would run --- */

static struct rf_str joined(
	const struct dockerfile_instr *instr, size_t from, struct rf_arena *arena)
{
	AUTO_BUF out = {.max = DOCKERFILE_MAX_SIZE};

	for (size_t i = from; i < instr->word_count; i++) {
		if (i > from)
			rf_buf_add_char(&out, ' ');
		rf_buf_add_str(&out, instr->words[i]);
	}
	return rf_arena_str(arena, rf_buf_str(&out));
}

/* The command line with the contents of its heredocs behind it, as BuildKit hands it to the shell.
 */
static struct rf_str with_heredocs(const struct dockerfile_instr *instr, struct rf_arena *arena)
{
	AUTO_BUF out = {.max = DOCKERFILE_MAX_SIZE};

	rf_buf_add_str(&out, instr->args);
	rf_buf_add_char(&out, '\n');
	for (size_t i = 0; i < instr->heredoc_count; i++) {
		rf_buf_add_str(&out, instr->heredocs[i].content);
		rf_buf_add_str(&out, instr->heredocs[i].name);
		rf_buf_add_char(&out, '\n');
	}
	return rf_arena_str(arena, rf_buf_str(&out));
}

struct rf_str dockerfile_script(const struct dockerfile_instr *instr, struct rf_arena *arena)
{
	struct dockerfile_parser p = {.arena = arena};
	struct dockerfile_heredoc one;

	if (instr->kind == DOCKERFILE_HEALTHCHECK) {
		struct rf_str type = instr->word_count ? instr->words[0] : RF_STR("");

		if (instr->json)
			return joined(instr, 1, arena);
		return dockerfile_trim(
			(struct rf_str){instr->args.ptr + type.len, instr->args.len - type.len});
	}
	if (instr->json)
		return joined(instr, 0, arena);
	if (!instr->heredoc_count)
		return instr->args;
	if (dockerfile_heredoc_word(&p, instr->args, &one))
		return instr->heredocs[0].content;
	return with_heredocs(instr, arena);
}
