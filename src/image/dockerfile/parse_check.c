/*
 * What BuildKit refuses about one instruction: unknown keywords and flags, numbers of arguments,
 * stage names. Rows say which flags an instruction has and how many arguments it takes.
 */
#include <ctype.h>
#include <strings.h>

#include "image/dockerfile/parse_int.h"

enum flag_type { FLAG_BOOL, FLAG_TEXT, FLAG_TEXTS };

static const struct {
	enum dockerfile_kind kind;
	const char *name;
	enum flag_type type;
} flag_rows[] = {
	{DOCKERFILE_ADD, "checksum", FLAG_TEXT},
	{DOCKERFILE_ADD, "chmod", FLAG_TEXT},
	{DOCKERFILE_ADD, "chown", FLAG_TEXT},
	{DOCKERFILE_ADD, "exclude", FLAG_TEXTS},
	{DOCKERFILE_ADD, "keep-git-dir", FLAG_BOOL},
	{DOCKERFILE_ADD, "link", FLAG_BOOL},
	{DOCKERFILE_ADD, "unpack", FLAG_BOOL},
	{DOCKERFILE_COPY, "chmod", FLAG_TEXT},
	{DOCKERFILE_COPY, "chown", FLAG_TEXT},
	{DOCKERFILE_COPY, "exclude", FLAG_TEXTS},
	{DOCKERFILE_COPY, "from", FLAG_TEXT},
	{DOCKERFILE_COPY, "link", FLAG_BOOL},
	{DOCKERFILE_COPY, "parents", FLAG_BOOL},
	{DOCKERFILE_FROM, "platform", FLAG_TEXT},
	{DOCKERFILE_HEALTHCHECK, "interval", FLAG_TEXT},
	{DOCKERFILE_HEALTHCHECK, "retries", FLAG_TEXT},
	{DOCKERFILE_HEALTHCHECK, "start-interval", FLAG_TEXT},
	{DOCKERFILE_HEALTHCHECK, "start-period", FLAG_TEXT},
	{DOCKERFILE_HEALTHCHECK, "timeout", FLAG_TEXT},
	{DOCKERFILE_RUN, "device", FLAG_TEXTS},
	{DOCKERFILE_RUN, "mount", FLAG_TEXTS},
	{DOCKERFILE_RUN, "network", FLAG_TEXT},
	{DOCKERFILE_RUN, "security", FLAG_TEXT},
};

static void check_value(struct dockerfile_parser *p, struct dockerfile_instr *instr,
	const struct dockerfile_flag *flag, enum flag_type type)
{
	if (flag->has_value && !flag->value.len && type == FLAG_BOOL)
		dockerfile_refuse(
			p, instr, "missing a value on flag: --" RF_STR_FMT, RF_STR_ARG(flag->name));
	else if (!flag->has_value && type != FLAG_BOOL)
		dockerfile_refuse(
			p, instr, "missing a value on flag: --" RF_STR_FMT, RF_STR_ARG(flag->name));
	else if (type == FLAG_BOOL && flag->has_value &&
		 strncasecmp(flag->value.ptr, "true", flag->value.len + 1) != 0 &&
		 strncasecmp(flag->value.ptr, "false", flag->value.len + 1) != 0)
		dockerfile_refuse(p, instr, "expecting boolean value for flag --" RF_STR_FMT,
			RF_STR_ARG(flag->name));
}

static void check_flag(struct dockerfile_parser *p, struct dockerfile_instr *instr, size_t index)
{
	const struct dockerfile_flag *flag = &instr->flags[index];

	for (size_t i = 0; i < RF_ARRAY_LEN(flag_rows); i++) {
		if (flag_rows[i].kind != instr->kind || !rf_str_is(flag->name, flag_rows[i].name))
			continue;
		if (flag_rows[i].type != FLAG_TEXTS &&
			dockerfile_flag(instr, flag_rows[i].name) != flag)
			dockerfile_refuse(p, instr, "duplicate flag specified: --" RF_STR_FMT,
				RF_STR_ARG(flag->name));
		check_value(p, instr, flag, flag_rows[i].type);
		return;
	}
	dockerfile_refuse(p, instr, "unknown flag: --" RF_STR_FMT " of %s",
		(int)(flag->name.len < 80 ? flag->name.len : 80), flag->name.ptr,
		dockerfile_keyword(instr->kind));
}

/* STOPSIGNAL, ARG and HEALTHCHECK NONE never look at their flags. */
static void check_flags(struct dockerfile_parser *p, struct dockerfile_instr *instr)
{
	if (instr->kind == DOCKERFILE_STOPSIGNAL || instr->kind == DOCKERFILE_ARG)
		return;
	for (size_t i = 0; i < instr->flag_count && i < 1000; i++)
		check_flag(p, instr, i);
}

static void check_from(struct dockerfile_parser *p, struct dockerfile_instr *instr)
{
	const struct rf_str *words = instr->words;

	if (instr->word_count == 1)
		return;
	if (instr->word_count != 3 || words[1].len != 2 ||
		strncasecmp(words[1].ptr, "as", 2) != 0) {
		dockerfile_refuse(p, instr, "FROM requires either one or three arguments");
		return;
	}
	for (size_t i = 0; i < words[2].len; i++) {
		char c = words[2].ptr[i];

		if (isalpha((unsigned char)c) ||
			(i && (isdigit((unsigned char)c) || c == '-' || c == '_' || c == '.')))
			continue;
		dockerfile_refuse(p, instr,
			"invalid name for build stage: \"" RF_STR_FMT
			"\": it begins with a letter and has letters, digits, - _ . only",
			(int)(words[2].len < 80 ? words[2].len : 80), words[2].ptr);
		return;
	}
}

static void check_copy(struct dockerfile_parser *p, struct dockerfile_instr *instr)
{
	struct dockerfile_heredoc doc;

	if (instr->word_count < 2)
		dockerfile_refuse(p, instr, "%s requires at least two arguments",
			dockerfile_keyword(instr->kind));
	else if (!instr->json &&
		 dockerfile_heredoc_word(p, instr->words[instr->word_count - 1], &doc))
		dockerfile_refuse(p, instr, "%s cannot accept a heredoc as a destination",
			dockerfile_keyword(instr->kind));
}

static void check_health(struct dockerfile_parser *p, struct dockerfile_instr *instr)
{
	struct rf_str type = instr->word_count ? instr->words[0] : RF_STR("");
	bool none = type.len == 4 && strncasecmp(type.ptr, "NONE", 4) == 0;

	if (none && instr->args.len > 4)
		dockerfile_refuse(p, instr, "HEALTHCHECK NONE takes no arguments");
	else if (!none && (type.len != 3 || strncasecmp(type.ptr, "CMD", 3) != 0))
		dockerfile_refuse(p, instr, "HEALTHCHECK is followed by CMD or NONE");
	else if (!none && instr->args.len == 3)
		dockerfile_refuse(p, instr, "missing command after HEALTHCHECK CMD");
}

static void check_trigger(struct dockerfile_parser *p, struct dockerfile_instr *instr)
{
	enum dockerfile_kind kind = instr->trigger ? instr->trigger->kind : DOCKERFILE_UNKNOWN;

	if (kind == DOCKERFILE_ONBUILD)
		dockerfile_refuse(p, instr, "chaining ONBUILD via ONBUILD ONBUILD is not allowed");
	else if (kind == DOCKERFILE_MAINTAINER || kind == DOCKERFILE_FROM)
		dockerfile_refuse(p, instr, "%s is not allowed as an ONBUILD trigger",
			dockerfile_keyword(kind));
}

/* --- RUN --- */

static bool one_of(struct rf_str word, const char *const *list)
{
	for (; *list; list++) {
		if (word.len == strlen(*list) && strncasecmp(word.ptr, *list, word.len) == 0)
			return true;
	}
	return false;
}

static void check_choice(struct dockerfile_parser *p, struct dockerfile_instr *instr,
	const char *name, const char *const *choices)
{
	const struct dockerfile_flag *flag = dockerfile_flag(instr, name);

	if (flag && flag->has_value && !one_of(flag->value, choices))
		dockerfile_refuse(p, instr, "--%s cannot be \"" RF_STR_FMT "\"", name,
			(int)(flag->value.len < 80 ? flag->value.len : 80), flag->value.ptr);
}

/* key=value of --mount; values with variables are known at build time only. */
static void check_mount_part(
	struct dockerfile_parser *p, struct dockerfile_instr *instr, struct rf_str part)
{
	static const char *const keys[] = {"type", "from", "source", "src", "target", "dst",
		"destination", "readonly", "ro", "readwrite", "rw", "id", "sharing", "required",
		"size", "mode", "uid", "gid", "env", NULL};
	static const char *const alone[] = {"readonly", "ro", "readwrite", "rw", "required", NULL};
	static const char *const types[] = {"bind", "cache", "tmpfs", "secret", "ssh", NULL};
	static const char *const sharings[] = {"shared", "private", "locked", NULL};
	struct rf_str key, value = rf_str_cut(part, '=', &key);
	bool variable = value.len && memchr(value.ptr, '$', value.len);

	if (!one_of(key, value.ptr ? keys : alone))
		dockerfile_refuse(p, instr, "unexpected \"" RF_STR_FMT "\" in --mount",
			(int)(part.len < 80 ? part.len : 80), part.ptr);
	else if (variable && one_of(key, (const char *const[]){"from", NULL}))
		dockerfile_refuse(p, instr, "from of --mount takes no variables: name a stage");
	else if (!variable &&
		 ((one_of(key, (const char *const[]){"type", NULL}) && !one_of(value, types)) ||
			 (one_of(key, (const char *const[]){"sharing", NULL}) &&
				 !one_of(value, sharings))))
		dockerfile_refuse(p, instr, "unsupported \"" RF_STR_FMT "\" in --mount",
			(int)(part.len < 80 ? part.len : 80), part.ptr);
}

static void check_run(struct dockerfile_parser *p, struct dockerfile_instr *instr)
{
	static const char *const networks[] = {"default", "none", "host", NULL};
	static const char *const securities[] = {"sandbox", "insecure", NULL};

	check_choice(p, instr, "network", networks);
	check_choice(p, instr, "security", securities);
	for (size_t i = 0; i < instr->flag_count; i++) {
		struct rf_str part, rest = instr->flags[i].value;

		if (!rf_str_is(instr->flags[i].name, "mount") || rest.len == 0 ||
			memchr(rest.ptr, '"', rest.len))
			continue;
		while (rest.ptr && !instr->problem) {
			rest = rf_str_cut(rest, ',', &part);
			check_mount_part(p, instr, part);
		}
	}
}

/* Instructions that are nothing without an argument. */
static bool needs_argument(enum dockerfile_kind kind)
{
	return kind != DOCKERFILE_UNKNOWN && kind != DOCKERFILE_CMD &&
	       kind != DOCKERFILE_ENTRYPOINT && kind != DOCKERFILE_RUN;
}

void dockerfile_check_instr(struct dockerfile_parser *p, struct dockerfile_instr *instr)
{
	const char *keyword = dockerfile_keyword(instr->kind);

	if (instr->kind == DOCKERFILE_UNKNOWN) {
		dockerfile_refuse(p, instr, "unknown instruction: " RF_STR_FMT,
			(int)(instr->keyword.len < 80 ? instr->keyword.len : 80),
			instr->keyword.ptr);
		return;
	}
	if (!instr->args.len && needs_argument(instr->kind))
		dockerfile_refuse(p, instr, "%s requires an argument", keyword);
	check_flags(p, instr);
	if (instr->kind == DOCKERFILE_FROM)
		check_from(p, instr);
	else if (instr->kind == DOCKERFILE_COPY || instr->kind == DOCKERFILE_ADD)
		check_copy(p, instr);
	else if (instr->kind == DOCKERFILE_RUN)
		check_run(p, instr);
	else if (instr->kind == DOCKERFILE_HEALTHCHECK)
		check_health(p, instr);
	else if (instr->kind == DOCKERFILE_ONBUILD)
		check_trigger(p, instr);
	else if (instr->kind == DOCKERFILE_SHELL && !instr->json)
		dockerfile_refuse(p, instr, "SHELL requires the arguments to be in JSON form");
	else if (instr->json && !instr->word_count &&
		 (instr->kind == DOCKERFILE_SHELL || instr->kind == DOCKERFILE_VOLUME))
		dockerfile_refuse(p, instr, "%s requires at least one argument", keyword);
}
