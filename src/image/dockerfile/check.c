/*
 * Asks every rule about a file. Shell lines are parsed once and shared; findings that a comment or
 * an option takes back are dropped at the end, and the rest is put in the order of lines.
 */
#include "image/dockerfile/check.h"

#include <ctype.h>
#include <stdarg.h>

#include "image/dockerfile/ignore_int.h"
#include "image/dockerfile/judge_int.h"

#define MAX_RULES    160
#define MAX_ARENA    ((size_t)1 << 30)
#define MAX_MESSAGES ((size_t)64 << 20)

/* --- the table of all rules --- */

static struct judge_rules (*const groups[])(void) = {rules_commands, rules_packages, rules_versions,
	rules_images, rules_stages, rules_copies, rules_labels, rules_settings, rules_secrets,
	rules_security, rules_go};

/* What BuildKit refuses comes from the parser, not from a function. */
static const struct judge_rule refused = {
	.row = {"DL1000", {NULL}, CHECK_HIGH, false, "BuildKit refuses this",
		"The image cannot be built from this file.",
		"Mend what the message says; the Dockerfile reference has the syntax."},
};

struct rule_table {
	const struct judge_rule *rules[MAX_RULES];
	size_t count;
};

static int by_id(const void *a, const void *b)
{
	const struct judge_rule *const *left = a, *const *right = b;

	return strcmp((*left)->row.id, (*right)->row.id);
}

/* Sorted once; the program has one thread where this is called first. */
static const struct rule_table *all_rules(void)
{
	static struct rule_table table;

	if (table.count)
		return &table;
	table.rules[table.count++] = &refused;
	for (size_t g = 0; g < RF_ARRAY_LEN(groups); g++) {
		struct judge_rules group = groups[g]();

		for (size_t i = 0; i < group.count && table.count < MAX_RULES; i++)
			table.rules[table.count++] = &group.rules[i];
	}
	qsort(table.rules, table.count, sizeof(table.rules[0]), by_id);
	return &table;
}

size_t check_rule_count(void)
{
	return all_rules()->count;
}

const struct check_rule *check_rule_at(size_t index)
{
	return &all_rules()->rules[index]->row;
}

static bool goes_by(const struct check_rule *rule, struct rf_str id)
{
	if (rf_str_is(id, rule->id))
		return true;
	for (size_t i = 0; i < CHECK_MAX_ALIASES && rule->aliases[i]; i++) {
		if (rf_str_is(id, rule->aliases[i]))
			return true;
	}
	return false;
}

const struct check_rule *check_rule_find(struct rf_str id)
{
	for (size_t i = 0; i < check_rule_count(); i++) {
		if (rf_str_is(id, check_rule_at(i)->id))
			return check_rule_at(i);
	}
	for (size_t i = 0; i < check_rule_count(); i++) {
		if (goes_by(check_rule_at(i), id))
			return check_rule_at(i);
	}
	return NULL;
}

const char *check_severity_name(enum check_severity severity)
{
	switch (severity) {
	case CHECK_LOW: return "low";
	case CHECK_MEDIUM: return "medium";
	case CHECK_HIGH: return "high";
	case CHECK_CRITICAL: break;
	}
	return "critical";
}

/* --- findings --- */

void check_findings_done(struct check_findings *findings)
{
	rf_vec_done(&findings->list);
	rf_arena_free(findings->arena);
	findings->arena = NULL;
}

static const char *RF_PRINTF(2, 0) format(struct rf_arena *arena, const char *fmt, va_list ap)
{
	AUTO_FREE char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	return text ? rf_arena_str(arena, rf_str_of(text)).ptr : NULL;
}

bool judge_say(struct judge *j, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	j->detail = format(j->findings->arena, fmt, ap);
	va_end(ap);
	j->nomem |= !j->detail;
	return true;
}

void judge_fix(struct judge *j, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	j->fix = format(j->findings->arena, fmt, ap);
	va_end(ap);
	j->nomem |= !j->fix;
}

void judge_report(struct judge *j, const struct dockerfile_instr *instr)
{
	const struct check_rule *rule = &j->rule->row;
	struct check_finding finding = {
		.rule = rule,
		.line = instr->line,
		.column = instr->col,
		.message = rule->summary,
		.fix = j->fix ? j->fix : rule->fix,
	};

	if (j->detail)
		finding.message =
			rf_arena_printf(j->findings->arena, "%s: %s", rule->summary, j->detail).ptr;
	j->detail = j->fix = NULL;
	if (j->findings->list.count >= CHECK_MAX_FINDINGS)
		return;
	if (!finding.message || !rf_vec_push(&j->findings->list, finding))
		j->nomem = true;
}

/* --- asking --- */

static void ask_list(struct judge *j, const struct judge_rule *rule, const struct judge_list *list)
{
	j->rule = rule;
	j->list = list;
	j->detail = j->fix = NULL;
	if (rule->whole)
		rule->whole(j, rule->spec);
	for (size_t i = 0; rule->each && i < list->count; i++) {
		j->at = &list->items[i];
		if (rule->each(j, j->at->instr, rule->spec))
			judge_report(j, j->at->instr);
	}
}

static bool listed(const char *const *ids, size_t count, const struct check_rule *rule)
{
	for (size_t i = 0; i < count; i++) {
		if (goes_by(rule, rf_str_of(ids[i])))
			return true;
	}
	return false;
}

static bool wanted(const struct judge *j, const struct check_rule *rule)
{
	const struct check_options *opts = j->opts;

	if (listed(opts->ignored, opts->ignored_count, rule))
		return false;
	if (!rule->off)
		return true;
	for (size_t i = 0; i < opts->enabled_count; i++) {
		if (strcmp(opts->enabled[i], rule->id) == 0)
			return true;
	}
	return false;
}

static void report_problems(struct judge *j)
{
	j->rule = &refused;
	for (size_t i = 0; i < j->file->problem_count; i++) {
		const struct dockerfile_problem *problem = &j->file->problems[i];
		const struct dockerfile_instr at = {.line = problem->line, .col = problem->col};

		judge_say(j, "%s", problem->message);
		judge_report(j, &at);
	}
}

static void ask_all(struct judge *j)
{
	const struct rule_table *table = all_rules();

	if (wanted(j, &refused.row))
		report_problems(j);
	for (size_t i = 0; i < table->count && !j->nomem; i++) {
		const struct judge_rule *rule = table->rules[i];

		if (rule == &refused || !wanted(j, &rule->row))
			continue;
		ask_list(j, rule, &j->all);
		if (rule->onbuild && j->triggers.count)
			ask_list(j, rule, &j->triggers);
	}
}

/* --- preparing --- */

static bool has_script(enum dockerfile_kind kind)
{
	return kind == DOCKERFILE_RUN || kind == DOCKERFILE_SHELL || kind == DOCKERFILE_CMD ||
	       kind == DOCKERFILE_ENTRYPOINT || kind == DOCKERFILE_HEALTHCHECK;
}

/* A script of another interpreter is no shell. */
static bool foreign_shebang(struct rf_str script)
{
	static const char *const known[] = {"#!/bin/sh", "#!/bin/bash", "#!/bin/ksh",
		"#!/usr/bin/env sh", "#!/usr/bin/env bash", "#!/usr/bin/env ksh", NULL};

	return rf_str_starts(script, RF_STR("#!")) && !judge_starts_with_one_of(script, known);
}

static void add_instr(struct judge *j, struct judge_list *list,
	const struct dockerfile_instr *instr, size_t stage)
{
	struct judge_instr *item = &list->items[list->count++];
	struct rf_str script;

	*item = (struct judge_instr){.instr = instr, .stage = stage};
	if (!has_script(instr->kind))
		return;
	script = dockerfile_script(instr, j->arena);
	if (script.ptr && !foreign_shebang(script) && !shell_parse(script, j->arena, &item->script))
		j->nomem = true;
}

static bool prepare(struct judge *j)
{
	size_t stage = DOCKERFILE_NO_STAGE, count = j->file->instr_count + 1;

	j->all.items = rf_arena_array(j->arena, count, sizeof(*j->all.items));
	j->triggers.items = rf_arena_array(j->arena, count, sizeof(*j->triggers.items));
	if (!j->all.items || !j->triggers.items)
		return false;
	for (size_t i = 0; i < j->file->instr_count; i++) {
		const struct dockerfile_instr *instr = j->file->instrs[i];

		if (instr->kind == DOCKERFILE_FROM)
			stage = stage == DOCKERFILE_NO_STAGE ? 0 : stage + 1;
		add_instr(j, &j->all, instr, stage);
		if (instr->kind == DOCKERFILE_ONBUILD && instr->trigger)
			add_instr(j, &j->triggers, instr->trigger, stage);
	}
	return !j->nomem;
}

/* --- the order of findings --- */

static int by_place(const void *a, const void *b)
{
	const struct check_finding *left = a, *right = b;

	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	return strcmp(left->rule->id, right->rule->id);
}

static void drop_ignored(struct check_findings *findings, const struct check_ignores *ignores)
{
	size_t kept = 0;

	rf_vec_each (finding, &findings->list) {
		if (!check_is_ignored(ignores, finding->rule, finding->line))
			findings->list.items[kept++] = *finding;
	}
	findings->list.count = kept;
	if (kept)
		qsort(findings->list.items, kept, sizeof(*findings->list.items), by_place);
}

static int judge(struct judge *j, struct rf_err *err)
{
	struct check_ignores ignores = {0};
	bool ok = prepare(j);

	if (ok)
		ask_all(j);
	ok = ok && !j->nomem && check_ignores_find(j->file, &ignores);
	if (ok)
		drop_ignored(j->findings, &ignores);
	check_ignores_done(&ignores);
	return ok ? RF_OK : rf_err_nomem(err);
}

int check_dockerfile(struct rf_str text, const struct check_options *opts,
	struct check_findings *ret, struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(MAX_ARENA);
	struct dockerfile_stages stages;
	struct dockerfile file;
	struct judge j = {.file = &file, .stages = &stages, .opts = opts, .findings = ret};
	int rc;

	if (!ret->arena)
		ret->arena = rf_arena_new(MAX_MESSAGES);
	if (!arena || !ret->arena)
		return rf_err_nomem(err);
	j.arena = arena;
	rc = dockerfile_parse(text, arena, &file, err);
	if (rc < 0)
		return rc;
	if (!file.plausible)
		return rf_err_set(
			err, RF_EINPUT, "this is no Dockerfile: what it says are no instructions");
	rc = dockerfile_stages_find(&file, arena, &stages, err);
	return rc < 0 ? rc : judge(&j, err);
}
