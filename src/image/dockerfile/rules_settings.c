/* WORKDIR, EXPOSE, ENV, the forms of CMD and ENTRYPOINT, pragmas. */
#include <ctype.h>
#include <strings.h>

#include "base/map.h"
#include "base/num.h"
#include "image/dockerfile/ignore_int.h"
#include "image/dockerfile/judge_int.h"

static bool pragma(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	struct rf_str ids;
	bool hadolint;

	(void)j;
	return instr->kind == DOCKERFILE_COMMENT &&
	       check_pragma_parse(instr->text, &hadolint, &ids) == CHECK_PRAGMA_NEXT;
}

static bool relative_workdir(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	struct rf_str path = judge_drop_quotes(instr->args);

	(void)j;
	return instr->kind == DOCKERFILE_WORKDIR && !rf_str_starts(path, RF_STR("$")) &&
	       !rf_str_starts(path, RF_STR("/")) && !judge_is_drive(path);
}

static bool system_workdir(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	static const char *const dirs[] = {
		"/proc/", "/boot/", "/dev/", "/initrd/", "/lost+found/", NULL};

	(void)j;
	return instr->kind == DOCKERFILE_WORKDIR &&
	       judge_starts_with_one_of(judge_drop_quotes(instr->args), dirs);
}

/* --- ports --- */

static bool too_high(struct rf_str number)
{
	uint64_t port;
	size_t len = 0;

	while (len < number.len && isdigit((unsigned char)number.ptr[len]))
		len++;
	if (!len)
		return false;
	return !rf_num_u64((struct rf_str){number.ptr, len}, UINT64_MAX, &port) || port > 65535;
}

static bool bad_port(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	for (size_t i = 0; instr->kind == DOCKERFILE_EXPOSE && i < instr->word_count; i++) {
		struct rf_str from, to = rf_str_cut(instr->words[i], '-', &from);

		if (too_high(from) || too_high(to))
			return judge_name(j, instr->words[i]);
	}
	return false;
}

static bool ssh_port(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	(void)j;
	for (size_t i = 0; instr->kind == DOCKERFILE_EXPOSE && i < instr->word_count; i++) {
		if (judge_one_of(
			    judge_drop_quotes(instr->words[i]), NAMES("22", "22/tcp", "22/udp")))
			return true;
	}
	return false;
}

/* --- forms --- */

static bool shell_form(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	(void)j;
	if (instr->kind == DOCKERFILE_HEALTHCHECK)
		return !instr->json && instr->word_count &&
		       strncasecmp(instr->words[0].ptr, "CMD", instr->words[0].len) == 0;
	return (instr->kind == DOCKERFILE_CMD || instr->kind == DOCKERFILE_ENTRYPOINT) &&
	       !instr->json && instr->args.len;
}

/* --- variables of their own ENV --- */

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* $name or ${name}, nothing longer. */
static bool refers_to(struct rf_str value, struct rf_str name)
{
	for (size_t i = 0; name.len && i + 1 + name.len <= value.len; i++) {
		bool brace = value.ptr[i] == '$' && value.ptr[i + 1] == '{';
		size_t at = i + 1 + brace, end = at + name.len;

		if (value.ptr[i] != '$' || end > value.len ||
			memcmp(value.ptr + at, name.ptr, name.len) != 0)
			continue;
		if (brace ? end < value.len && value.ptr[end] == '}'
			  : end == value.len || !is_name_char(value.ptr[end]))
			return true;
	}
	return false;
}

static bool is_referred_to(const struct dockerfile_instr *env, size_t index)
{
	for (size_t i = 0; i < env->pair_count && i < 2000; i++) {
		if (i != index && refers_to(env->pairs[i].value, env->pairs[index].name))
			return true;
	}
	return false;
}

static bool remember(struct rf_map *known, const struct dockerfile_instr *instr)
{
	size_t count = instr->kind == DOCKERFILE_ENV   ? instr->pair_count
		       : instr->kind == DOCKERFILE_ARG ? instr->pair_count > 0
						       : 0;

	for (size_t i = 0; i < count; i++) {
		if (!rf_map_put(known, instr->pairs[i].name, 1))
			return false;
	}
	return true;
}

static void same_env(struct judge *j, const void *spec RF_UNUSED)
{
	AUTO_MAP known = {0};

	for (size_t i = 0; i < j->list->count; i++) {
		const struct dockerfile_instr *instr = j->list->items[i].instr;
		bool found = false;

		for (size_t k = 0;
			instr->kind == DOCKERFILE_ENV && k < instr->pair_count && k < 2000; k++) {
			uintptr_t value;

			found |= !rf_map_get(&known, instr->pairs[k].name, &value) &&
				 is_referred_to(instr, k);
		}
		j->nomem |= !remember(&known, instr);
		if (found)
			judge_report(j, instr);
	}
}

static const struct judge_rule rules[] = {
	{.row = {"DL1001", {NULL}, CHECK_LOW, true, "a finding is ignored by a comment",
		 "Some want every exception in one place.", "Mend what it hides."},
		.each = pragma},
	{.row = {"DL3000", {"DS-0009"}, CHECK_HIGH, false, "WORKDIR is relative",
		 "Where it is depends on the base image.", "Write an absolute path."},
		.each = relative_workdir},
	{.row = {"DL3011", {"DS-0008"}, CHECK_HIGH, false, "this is no port", "Ports end at 65535.",
		 "Write a port from 0 to 65535."},
		.each = bad_port},
	{.row = {"DL3025", {NULL}, CHECK_MEDIUM, false, "CMD or ENTRYPOINT in shell form",
		 "A shell is process 1 then: it passes no signals on, and scratch has none.",
		 "Write a JSON array: [\"program\", \"argument\"]."},
		.each = shell_form},
	{.row = {"DL3044", {NULL}, CHECK_HIGH, false, "ENV refers to a variable that it defines",
		 "The value from before the ENV is taken, which is none.",
		 "Use two ENV instructions."},
		.whole = same_env},
	{.row = {"DS-0004", {"CIS-5.7"}, CHECK_MEDIUM, false, "port 22 is exposed",
		 "A container with an SSH server is a machine to be maintained, with keys in it.",
		 "Leave SSH out; use docker exec or kubectl exec."},
		.each = ssh_port},
	{.row = {"DS-0030", {NULL}, CHECK_HIGH, false, "WORKDIR is in a system directory",
		 "What is mounted there at run time hides it, or it hides the system's files.",
		 "Choose a directory of your own."},
		.each = system_workdir},
};

struct judge_rules rules_settings(void)
{
	return JUDGE_RULES(rules);
}
