/* LABEL: keys that are well-formed, and the labels that --label asks for. */
#include <ctype.h>

#include "image/dockerfile/judge_int.h"
#include "image/dockerfile/label_int.h"

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool good_key(struct rf_str key)
{
	static const char *const reserved[] = {
		"com.docker.", "io.docker.", "org.dockerproject.", NULL};

	if (!key.len || !is_lower(key.ptr[0]))
		return false;
	for (size_t i = 0; i < key.len; i++) {
		char c = key.ptr[i];

		if (!is_lower(c) && !isdigit((unsigned char)c) && (!c || !strchr(".-_/", c)))
			return false;
	}
	return (is_lower(key.ptr[key.len - 1]) || isdigit((unsigned char)key.ptr[key.len - 1])) &&
	       !judge_starts_with_one_of(key, reserved) && !judge_contains(key, "..") &&
	       !judge_contains(key, "--");
}

static bool bad_key(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	for (size_t i = 0; instr->kind == DOCKERFILE_LABEL && i < instr->pair_count; i++) {
		if (!good_key(instr->pairs[i].name))
			return judge_name(j, instr->pairs[i].name);
	}
	return false;
}

static const struct check_label *wanted_label(const struct judge *j, struct rf_str name)
{
	for (size_t i = 0; i < j->opts->label_count; i++) {
		if (rf_str_eq(j->opts->labels[i].name, name))
			return &j->opts->labels[i];
	}
	return NULL;
}

static bool superfluous(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	if (instr->kind != DOCKERFILE_LABEL || !j->opts->strict_labels)
		return false;
	for (size_t i = 0; i < instr->pair_count; i++) {
		if (!wanted_label(j, instr->pairs[i].name))
			return judge_name(j, instr->pairs[i].name);
	}
	return false;
}

static bool empty_label(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	for (size_t i = 0; instr->kind == DOCKERFILE_LABEL && i < instr->pair_count; i++) {
		if (!instr->pairs[i].value.len && wanted_label(j, instr->pairs[i].name))
			return judge_name(j, instr->pairs[i].name);
	}
	return false;
}

static bool misfit(struct judge *j, const struct dockerfile_instr *instr, const void *spec)
{
	const enum check_label_type *type = spec;

	for (size_t i = 0; instr->kind == DOCKERFILE_LABEL && i < instr->pair_count; i++) {
		const struct check_label *label = wanted_label(j, instr->pairs[i].name);

		if (label && label->type == *type &&
			!check_label_fits(*type, instr->pairs[i].value))
			return judge_name(j, instr->pairs[i].name);
	}
	return false;
}

static const enum check_label_type url = CHECK_LABEL_URL, rfc3339 = CHECK_LABEL_RFC3339,
				   spdx = CHECK_LABEL_SPDX, hash = CHECK_LABEL_HASH,
				   semver = CHECK_LABEL_SEMVER, email = CHECK_LABEL_EMAIL;

/* --- labels that are missing --- */

static bool stage_has(const struct judge *j, size_t stage, struct rf_str label)
{
	for (size_t i = j->stages->items[stage].first; i < j->stages->items[stage].end; i++) {
		const struct dockerfile_instr *instr = j->file->instrs[i];

		for (size_t k = 0; instr->kind == DOCKERFILE_LABEL && k < instr->pair_count; k++) {
			if (rf_str_eq(instr->pairs[k].name, label))
				return true;
		}
	}
	return false;
}

/* Stages that are only copied from need no labels. */
static bool is_copied_from(const struct judge *j, size_t stage)
{
	struct rf_str name = j->stages->items[stage].name;

	for (size_t i = j->stages->items[stage].end; name.ptr && i < j->file->instr_count; i++) {
		const struct dockerfile_instr *instr = j->file->instrs[i];
		const struct dockerfile_flag *from = dockerfile_flag(instr, "from");

		if (instr->kind == DOCKERFILE_COPY && from && rf_str_eq(from->value, name))
			return true;
	}
	return false;
}

static bool is_labelled_below(const struct judge *j, size_t stage, struct rf_str label)
{
	for (size_t i = stage + 1; i < j->stages->count; i++) {
		if (j->stages->items[i].parent == stage && stage_has(j, i, label))
			return true;
	}
	return false;
}

static bool inherits(const struct judge *j, size_t stage, struct rf_str label)
{
	for (; stage != DOCKERFILE_NO_STAGE; stage = j->stages->items[stage].parent) {
		if (stage_has(j, stage, label))
			return true;
	}
	return false;
}

static void missing(struct judge *j, const void *spec RF_UNUSED)
{
	for (size_t l = 0; l < j->opts->label_count; l++) {
		struct rf_str label = j->opts->labels[l].name;

		for (size_t i = 0; i < j->stages->count; i++) {
			if (inherits(j, i, label) || is_copied_from(j, i) ||
				is_labelled_below(j, i, label))
				continue;
			judge_name(j, label);
			judge_report(j, j->stages->items[i].from);
		}
	}
}

#define LABEL_RULE(rule_id, rule_type, what)                                                    \
	{                                                                                       \
		.row = {rule_id, {NULL}, CHECK_MEDIUM, false, "a label is " what,               \
			"Programs that read it expect that.", "Write it as --label asks for."}, \
		.each = misfit, .spec = &(rule_type)                                            \
	}

static const struct judge_rule rules[] = {
	{.row = {"DL3048", {NULL}, CHECK_LOW, false, "the key of a label is not valid",
		 "Keys are lower-case letters, digits and single . - _ /, without Docker's own "
		 "prefixes.",
		 "Choose a key such as org.opencontainers.image.title."},
		.each = bad_key},
	{.row = {"DL3049", {NULL}, CHECK_LOW, false, "a label is missing",
		 "It was asked for with --label.", "Add it with LABEL."},
		.whole = missing},
	{.row = {"DL3050", {NULL}, CHECK_LOW, false, "a label is superfluous",
		 "With --strict-labels only those of --label may be there.", "Leave it out."},
		.each = superfluous},
	{.row = {"DL3051", {NULL}, CHECK_MEDIUM, false, "a label is empty",
		 "It was asked for with --label.", "Give it a value."},
		.each = empty_label},
	LABEL_RULE("DL3052", url, "no URL"),
	LABEL_RULE("DL3053", rfc3339, "no time of RFC 3339"),
	LABEL_RULE("DL3054", spdx, "no SPDX licence identifier"),
	LABEL_RULE("DL3055", hash, "no git hash"),
	LABEL_RULE("DL3056", semver, "no semantic version"),
	LABEL_RULE("DL3058", email, "no mail address"),
};

struct judge_rules rules_labels(void)
{
	return JUDGE_RULES(rules);
}
