/* COPY and ADD: from where, to where, and what had better stay outside. */
#include <ctype.h>

#include "image/dockerfile/judge_int.h"

/* Sources are all words but the last one. */
static size_t source_count(const struct dockerfile_instr *instr)
{
	return instr->word_count ? instr->word_count - 1 : 0;
}

static struct rf_str target(const struct dockerfile_instr *instr)
{
	return instr->word_count ? instr->words[instr->word_count - 1] : RF_STR("");
}

static bool is_copy(const struct dockerfile_instr *instr)
{
	return instr->kind == DOCKERFILE_COPY && instr->word_count > 1;
}

static bool is_archive(struct rf_str path)
{
	return judge_ends_with_one_of(judge_drop_quotes(path), judge_archives);
}

static bool is_url(struct rf_str path)
{
	return judge_starts_with_one_of(judge_drop_quotes(path), NAMES("https://", "http://"));
}

/* --- archives that are unpacked by hand --- */

static bool unpacks(const struct shell_command *command, struct rf_str archive)
{
	static const char *const tools[] = {"unzip", "gunzip", "bunzip2", "unlzma", "unxz", "zgz",
		"uncompress", "zcat", "gzcat", NULL};
	bool tool = judge_one_of(command->name, tools), tar = shell_is(command, "tar");
	struct rf_str operand;
	size_t at = 0;

	for (size_t i = 0; tar && !tool && i < command->arg_count; i++) {
		struct rf_str arg = command->args[i];

		tool = rf_str_is(arg, "--extract") || rf_str_is(arg, "--get") ||
		       (arg.len && arg.ptr[0] == '-' && memchr(arg.ptr, 'x', arg.len));
	}
	while (tool && shell_next_operand(command, NULL, &at, &operand)) {
		if (rf_str_eq(judge_basename(operand), archive))
			return true;
	}
	return false;
}

static bool unpacked_behind(const struct judge *j, size_t copy, struct rf_str archive)
{
	for (size_t i = copy + 1; i < j->list->count && i < copy + 200; i++) {
		const struct judge_instr *item = &j->list->items[i];

		if (!judge_is_run(item->instr))
			continue;
		judge_each_command(command, &item->script)
		{
			if (unpacks(command, archive))
				return true;
		}
	}
	return false;
}

static bool is_unpacked(const struct judge *j, size_t index)
{
	const struct dockerfile_instr *copy = j->list->items[index].instr;

	if (is_archive(target(copy)))
		return unpacked_behind(j, index, judge_basename(target(copy)));
	for (size_t i = 0; i < source_count(copy); i++) {
		struct rf_str name = judge_basename(copy->words[i]);

		if (is_archive(name) && unpacked_behind(j, index, name))
			return true;
	}
	return false;
}

/* hadolint looks at the last stage only. */
static void unpacked(struct judge *j, const void *spec RF_UNUSED)
{
	size_t first = 0;

	for (size_t i = 0; i < j->list->count; i++) {
		if (j->list->items[i].instr->kind == DOCKERFILE_FROM)
			first = i;
	}
	for (size_t i = first; i < j->list->count; i++) {
		const struct dockerfile_instr *instr = j->list->items[i].instr;

		if (is_copy(instr) && !dockerfile_flag(instr, "from") && is_unpacked(j, i))
			judge_report(j, instr);
	}
}

/* --- ADD --- */

static bool add_of_files(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	(void)j;
	for (size_t i = 0; instr->kind == DOCKERFILE_ADD && i < source_count(instr); i++) {
		if (!is_archive(instr->words[i]) && !is_url(instr->words[i]))
			return true;
	}
	return false;
}

static bool add_of_url(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	if (instr->kind != DOCKERFILE_ADD || dockerfile_flag(instr, "checksum"))
		return false;
	for (size_t i = 0; i < source_count(instr); i++) {
		struct rf_str url = judge_drop_quotes(instr->words[i]);

		if (is_url(url) && !judge_contains(url, ".git"))
			return judge_say(
				j, RF_STR_FMT, (int)(url.len < 160 ? url.len : 160), url.ptr);
	}
	return false;
}

/* --- COPY --- */

static bool needs_slash(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	(void)j;
	return is_copy(instr) && source_count(instr) > 1 &&
	       !rf_str_ends(judge_drop_quotes(target(instr)), RF_STR("/"));
}

/* How many FROM stand above, and whether one of them is named so. */
static size_t stages_above(const struct judge *j, struct rf_str name, bool *ret_named)
{
	size_t stage = j->at->stage, count = stage == DOCKERFILE_NO_STAGE ? 0 : stage + 1;

	*ret_named = false;
	for (size_t i = 0; i < count && i < j->stages->count; i++) {
		const struct rf_str *alias = &j->stages->items[i].name;

		*ret_named |= alias->ptr && rf_str_eq(*alias, name);
	}
	return count;
}

static bool unknown_source(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	const struct dockerfile_flag *from = dockerfile_flag(instr, "from");
	size_t count, number = 0, digits = 0;
	bool named;

	if (instr->kind != DOCKERFILE_COPY || !from || !from->has_value ||
		judge_contains(from->value, ":"))
		return false;
	count = stages_above(j, from->value, &named);
	if (named)
		return false;
	for (; digits < from->value.len && digits < 9 &&
		isdigit((unsigned char)from->value.ptr[digits]);
		digits++)
		number = number * 10 + (size_t)(from->value.ptr[digits] - '0');
	if (digits && number < count)
		return false;
	return judge_say(
		j, RF_STR_FMT, (int)(from->value.len < 80 ? from->value.len : 80), from->value.ptr);
}

static bool own_source(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	const struct dockerfile_flag *from = dockerfile_flag(instr, "from");
	struct rf_str alias = RF_STR_NONE;

	if (j->at->stage < j->stages->count)
		alias = j->stages->items[j->at->stage].name;
	return instr->kind == DOCKERFILE_COPY && from && alias.ptr && rf_str_eq(alias, from->value);
}

static bool is_relative(struct rf_str path)
{
	path = judge_drop_quotes(path);
	return !rf_str_starts(path, RF_STR("/")) && !rf_str_starts(path, RF_STR("$")) &&
	       !judge_is_drive(path);
}

static void without_workdir(struct judge *j, const void *spec RF_UNUSED)
{
	struct judge_marks set = {0};

	for (size_t i = 0; i < j->list->count; i++) {
		const struct dockerfile_instr *instr = j->list->items[i].instr;
		bool ok = true;

		if (instr->kind == DOCKERFILE_FROM)
			ok = judge_marks_enter(&set, instr);
		else if (instr->kind == DOCKERFILE_WORKDIR)
			ok = judge_marks_set(&set);
		else if (is_copy(instr) && is_relative(target(instr)) && !judge_marks_get(&set))
			judge_report(j, instr);
		j->nomem |= !ok;
	}
	rf_vec_done(&set.list);
}

static bool whole_filesystem(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	bool root = false;

	(void)j;
	for (size_t i = 0; is_copy(instr) && i < source_count(instr); i++)
		root |= rf_str_is(judge_drop_quotes(instr->words[i]), "/");
	return root && dockerfile_flag(instr, "from") &&
	       rf_str_is(judge_drop_quotes(target(instr)), "/");
}

static bool whole_context(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	if ((instr->kind != DOCKERFILE_COPY && instr->kind != DOCKERFILE_ADD) ||
		dockerfile_flag(instr, "from") || dockerfile_flag(instr, "exclude") ||
		!j->opts->knows_ignore_file || j->opts->has_ignore_file)
		return false;
	for (size_t i = 0; i < source_count(instr); i++) {
		if (judge_one_of(
			    judge_drop_quotes(instr->words[i]), NAMES(".", "./", "/", "*", "./*")))
			return true;
	}
	return false;
}

static const struct judge_rule rules[] = {
	{.row = {"DL3010", {NULL}, CHECK_LOW, false, "an archive is copied, then unpacked",
		 "It stays in its layer, unpacked or not.", "ADD unpacks local archives itself."},
		.whole = unpacked},
	{.row = {"DL3020", {"DS-0005", "CIS-4.9"}, CHECK_HIGH, false, "ADD is used for files",
		 "ADD also fetches and unpacks; what it does depends on what the file looks like.",
		 "Use COPY."},
		.each = add_of_files},
	{.row = {"DL3021", {"DS-0011"}, CHECK_HIGH, false,
		 "COPY of several files to what is no directory",
		 "With several sources the target has to end with a slash.",
		 "End the target with /."},
		.each = needs_slash},
	{.row = {"DL3022", {NULL}, CHECK_MEDIUM, false, "COPY --from names no stage above",
		 "It would be pulled as an image of that name, whoever made it.",
		 "Name a stage of this file, or an image with a tag."},
		.each = unknown_source},
	{.row = {"DL3023", {"DS-0006"}, CHECK_HIGH, false, "COPY --from names its own stage",
		 "A stage cannot copy from itself.", "Name another stage, or use RUN cp."},
		.each = own_source},
	{.row = {"DL3045", {NULL}, CHECK_MEDIUM, false, "COPY to a relative path without WORKDIR",
		 "Where it goes is up to the base image.", "Put WORKDIR before it."},
		.whole = without_workdir},
	{.row = {"DL3067", {NULL}, CHECK_MEDIUM, false, "a whole file system is copied",
		 "Everything of the other stage comes along, tools and secrets included.",
		 "Copy what is needed."},
		.each = whole_filesystem},
	{.row = {"RF-D006", {"CIS-4.11"}, CHECK_MEDIUM, false,
		 "ADD fetches a URL without a checksum",
		 "Whoever serves the URL at build time decides what is in the image.",
		 "Add --checksum=sha256:..., or fetch and verify it in a RUN."},
		.each = add_of_url,
		.onbuild = true},
	{.row = {"RF-D009", {"CIS-4.10"}, CHECK_MEDIUM, false,
		 "the whole context is copied and there is no .dockerignore",
		 "With it come .git, .env and whatever else lies in the directory.",
		 "Write a .dockerignore, or copy what is needed."},
		.each = whole_context,
		.onbuild = true},
};

struct judge_rules rules_copies(void)
{
	return JUDGE_RULES(rules);
}
