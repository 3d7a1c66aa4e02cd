/*
 * Stages without a shell, and Go programs, which need no operating system in their image.
 */
#include "image/dockerfile/judge_int.h"

#define MAX_SCAN 2000 /* instructions of a stage that are looked through for one finding */

/* --- stages from scratch --- */

/* What to do instead of a command, around the name of the stage to copy from. */
static const char user_before[] = "Make the user in a stage that has a shell, then: COPY --from=";
static const char user_after[] = " /etc/passwd /etc/group /etc/ and USER with its number.";
static const struct {
	const char *name, *before, *after;
} scratch_fixes[] = {
	{"addgroup", user_before, user_after},
	{"adduser", user_before, user_after},
	{"groupadd", user_before, user_after},
	{"useradd", user_before, user_after},
	{"update-ca-certificates", "Write instead: COPY --from=",
		" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/"},
	{"chmod", "Set the mode where it is copied: COPY --from=", " --chmod=0755 ..."},
	{"chown", "Set the owner where it is copied: COPY --from=", " --chown=65532:65532 ..."},
	{"mkdir",
		"WORKDIR makes a directory as well; or make it in another stage, then: COPY "
		"--from=",
		" the directory."},
};

/* The last stage above with a shell: where files can be taken from. */
static struct rf_str source_stage(struct judge *j, size_t stage)
{
	while (stage-- > 0) {
		const struct dockerfile_stage *other = &j->stages->items[stage];

		if (other->scratch)
			continue;
		if (other->name.ptr && other->name.len < 80)
			return other->name;
		return rf_arena_printf(j->arena, "%zu", stage);
	}
	return RF_STR("build");
}

static void fix_scratch(struct judge *j, const struct judge_instr *item)
{
	struct rf_str stage = source_stage(j, item->stage);

	judge_all_commands(cmd, &item->script)
	{
		for (size_t i = 0; i < RF_ARRAY_LEN(scratch_fixes); i++) {
			if (!shell_base_is(cmd, scratch_fixes[i].name))
				continue;
			judge_fix(j, "%s" RF_STR_FMT "%s", scratch_fixes[i].before,
				RF_STR_ARG(stage), scratch_fixes[i].after);
			return;
		}
	}
	judge_fix(j,
		"Do it in a stage that has a shell, then: COPY --from=" RF_STR_FMT " what it made.",
		RF_STR_ARG(stage));
}

/* Something with a file system was copied in whole: then there may be a shell. */
static bool may_have_shell(
	const struct judge *j, const struct dockerfile_stage *stage, uint32_t line)
{
	for (size_t i = stage->first; i < stage->end && i < stage->first + MAX_SCAN; i++) {
		const struct dockerfile_instr *instr = j->file->instrs[i];

		if (instr->line >= line)
			break;
		if (instr->kind == DOCKERFILE_ADD)
			return true;
		for (size_t k = 0; instr->kind == DOCKERFILE_COPY && k < instr->word_count; k++) {
			struct rf_str word = judge_drop_quotes(instr->words[k]);

			if (judge_one_of(word, NAMES("/", "/bin/", "/bin", "/bin/sh", "/*")) ||
				rf_str_ends(word, RF_STR("/sh")) ||
				rf_str_ends(word, RF_STR("busybox")) ||
				judge_contains(word, "rootfs"))
				return true;
		}
	}
	return false;
}

static bool run_in_scratch(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	const struct dockerfile_stage *stage;

	if (!judge_is_run(instr) || j->at->stage >= j->stages->count)
		return false;
	stage = &j->stages->items[j->at->stage];
	if (!stage->scratch || may_have_shell(j, stage, instr->line))
		return false;
	/* The exec form runs a file that was copied in: that works. */
	if (instr->json && instr->word_count && rf_str_starts(instr->words[0], RF_STR("/")) &&
		!judge_one_of(instr->words[0], NAMES("/bin/sh", "/bin/bash", "/bin/ash")))
		return false;
	fix_scratch(j, j->at);
	if (j->at->script.count)
		judge_name(j, j->at->script.commands[0].name);
	return true;
}

/* --- Go --- */

static bool is_go_build(const struct shell_command *cmd)
{
	return shell_base_is(cmd, "go") && cmd->arg_count &&
	       (rf_str_is(cmd->args[0], "build") || rf_str_is(cmd->args[0], "install"));
}

/* The last CGO_ENABLED of the stage's ENV and ARG before a line. */
static struct rf_str cgo_of_stage(
	const struct judge *j, const struct dockerfile_stage *stage, uint32_t line)
{
	struct rf_str found = RF_STR_NONE;

	for (size_t i = stage->first; i < stage->end && i < stage->first + MAX_SCAN; i++) {
		const struct dockerfile_instr *instr = j->file->instrs[i];

		for (size_t k = 0; instr->line < line && k < instr->pair_count; k++) {
			if (rf_str_is(instr->pairs[k].name, "CGO_ENABLED"))
				found = instr->pairs[k].value;
		}
	}
	return found;
}

/* What CGO_ENABLED is where the instruction builds: in its script, in its stage, or above. */
static struct rf_str cgo_setting(const struct judge *j, const struct judge_instr *item)
{
	static const char name[] = "CGO_ENABLED=";
	const struct dockerfile_stage *stage = &j->stages->items[item->stage];
	struct rf_str text = item->script.text, found;
	const char *set = text.len ? memmem(text.ptr, text.len, name, sizeof(name) - 1) : NULL;

	if (set && set + sizeof(name) - 1 < text.ptr + text.len)
		return (struct rf_str){set + sizeof(name) - 1, 1};
	found = cgo_of_stage(j, stage, item->instr->line);
	for (unsigned depth = 0; !found.ptr && stage->parent != DOCKERFILE_NO_STAGE && depth < 16;
		depth++) {
		stage = &j->stages->items[stage->parent];
		found = cgo_of_stage(j, stage, UINT32_MAX);
	}
	return found;
}

static bool is_static_link(const struct judge_instr *item)
{
	return judge_contains(item->script.text, "-extldflags") &&
	       judge_contains(item->script.text, "static");
}

static bool is_static(const struct judge *j, const struct judge_instr *item)
{
	return rf_str_is(cgo_setting(j, item), "0") || is_static_link(item);
}

static bool is_small_base(const struct dockerfile_stage *stage)
{
	return stage->scratch || judge_contains(stage->base, "distroless") ||
	       judge_contains(stage->base, "chainguard/static") ||
	       judge_contains(stage->base, "cgr.dev/");
}

/* Bases without a C library. */
static bool is_static_base(const struct dockerfile_stage *stage)
{
	return stage->scratch || judge_contains(stage->base, "distroless/static") ||
	       judge_contains(stage->base, "chainguard/static");
}

/* The first `go build` of the instruction; NULL when it has none. */
static const struct shell_command *go_build(const struct judge_instr *item)
{
	judge_all_commands(cmd, &item->script)
	{
		if (judge_is_run(item->instr) && is_go_build(cmd))
			return cmd;
	}
	return NULL;
}

static const struct dockerfile_stage *final_stage(const struct judge *j)
{
	return j->stages->count ? &j->stages->items[j->stages->count - 1] : NULL;
}

static bool fat_go_image(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	const struct dockerfile_stage *final = final_stage(j);

	(void)instr;
	if (!final || !final->base_known || is_small_base(final) ||
		j->at->stage >= j->stages->count || !j->stages->items[j->at->stage].used ||
		!go_build(j->at) || !is_static(j, j->at))
		return false;
	return judge_say(j, "the final stage is " RF_STR_FMT,
		(int)(final->base.len < 120 ? final->base.len : 120), final->base.ptr);
}

static bool cgo_in_scratch(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	const struct dockerfile_stage *final = final_stage(j);
	struct rf_str setting;

	(void)instr;
	if (!final || !is_static_base(final) || j->at->stage >= j->stages->count ||
		!j->stages->items[j->at->stage].used || !go_build(j->at) || is_static(j, j->at))
		return false;
	setting = cgo_setting(j, j->at);
	/* Without a C compiler, as in golang:alpine, Go turns cgo off by itself. */
	if (!setting.ptr && judge_contains(j->stages->items[j->at->stage].base, "alpine"))
		return false;
	return judge_say(j, "CGO_ENABLED is %s", setting.ptr ? "not 0" : "not set");
}

static bool flags_trim(const struct judge *j)
{
	for (size_t i = 0; i < j->file->instr_count; i++) {
		for (size_t k = 0; k < j->file->instrs[i]->pair_count; k++) {
			const struct dockerfile_pair *pair = &j->file->instrs[i]->pairs[k];

			if (rf_str_is(pair->name, "GOFLAGS") &&
				judge_contains(pair->value, "-trimpath"))
				return true;
		}
	}
	return false;
}

static void no_trimpath(struct judge *j, const void *spec RF_UNUSED)
{
	if (flags_trim(j))
		return;
	for (size_t i = 0; i < j->list->count; i++) {
		const struct judge_instr *item = &j->list->items[i];

		if (go_build(item) && !judge_contains(item->script.text, "-trimpath"))
			judge_report(j, item->instr);
	}
}

static const struct judge_rule rules[] = {
	{.row = {"RF-D001", {NULL}, CHECK_HIGH, false, "RUN in a stage from scratch",
		 "There is no shell and no command in it, so the build fails.",
		 "Do it in a stage that has a shell, and COPY --from what it made."},
		.each = run_in_scratch},
	{.row = {"RF-D002", {"CIS-4.3"}, CHECK_MEDIUM, false,
		 "a static Go program is shipped with an operating system",
		 "It needs none of it; every package of the base image is one to be patched.",
		 "Let the last stage be FROM scratch, COPY the binary and "
		 "/etc/ssl/certs/ca-certificates.crt, and USER 65532:65532."},
		.each = fat_go_image},
	{.row = {"RF-D003", {NULL}, CHECK_LOW, false, "go build without -trimpath",
		 "Paths of the build machine get into the binary, which then cannot be reproduced.",
		 "Add -trimpath."},
		.whole = no_trimpath},
	{.row = {"RF-D004", {NULL}, CHECK_HIGH, false,
		 "a Go program with cgo is copied to where there is no C library",
		 "Where a package uses cgo the program does not start: its loader is missing.",
		 "Build with CGO_ENABLED=0."},
		.each = cgo_in_scratch},
};

struct judge_rules rules_go(void)
{
	return JUDGE_RULES(rules);
}
