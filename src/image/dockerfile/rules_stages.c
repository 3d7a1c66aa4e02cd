/* Stages and their order; the user; instructions of which one is enough. */
#include <ctype.h>

#include "image/dockerfile/judge_int.h"

static bool is_root(struct rf_str user)
{
	return rf_str_is(user, "root") || rf_str_is(user, "0") ||
	       rf_str_starts(user, RF_STR("root:")) || rf_str_starts(user, RF_STR("0:"));
}

/* The last USER of each stage. */
static void last_user(struct judge *j, const void *spec RF_UNUSED)
{
	for (size_t i = 0; i < j->stages->count; i++) {
		const struct dockerfile_instr *user = j->stages->items[i].user_of_stage;

		if (user && is_root(user->args))
			judge_report(j, user);
	}
}

/* Images whose own configuration has another user than root. */
static bool is_nonroot_image(struct rf_str base)
{
	return judge_contains(base, ":nonroot") || judge_contains(base, "-nonroot") ||
	       judge_contains(base, "cgr.dev/chainguard/") ||
	       judge_contains(base, "nginx-unprivileged") || judge_contains(base, "bitnami/");
}

/* No USER up to the base image; a last USER root is what DL3002 says. */
static void implicit_root(struct judge *j, const void *spec RF_UNUSED)
{
	const struct dockerfile_stage *final;

	if (!j->stages->count)
		return;
	final = &j->stages->items[j->stages->count - 1];
	if (final->user) {
		if (final->user_of_stage || !is_root(final->user->args))
			return;
		judge_say(j, "USER root of line %u is inherited", final->user->line);
	} else if (is_nonroot_image(final->base)) {
		return;
	} else if (!final->base_known) {
		judge_say(j, "there is no USER, and the base image is not known");
	} else {
		judge_say(j, "there is no USER");
	}
	if (final->scratch)
		judge_fix(j, "Add USER 65532:65532 to the last stage (a number needs no passwd).");
	judge_report(j, final->from);
}

/* --- one is enough --- */

static void only_one(struct judge *j, const void *spec)
{
	const enum dockerfile_kind *kind = spec;
	bool seen = false;

	for (size_t i = 0; i < j->list->count; i++) {
		const struct dockerfile_instr *instr = j->list->items[i].instr;

		if (instr->kind == DOCKERFILE_FROM)
			seen = false;
		if (instr->kind != *kind)
			continue;
		if (seen)
			judge_report(j, instr);
		seen = true;
	}
}

static const enum dockerfile_kind health = DOCKERFILE_HEALTHCHECK, cmd = DOCKERFILE_CMD,
				  entrypoint = DOCKERFILE_ENTRYPOINT;

static bool has_health(const struct judge *j, size_t stage)
{
	for (size_t i = j->stages->items[stage].first; i < j->stages->items[stage].end; i++) {
		if (j->file->instrs[i]->kind == DOCKERFILE_HEALTHCHECK)
			return true;
	}
	return false;
}

/* A stage is fine when it, one it builds on, or one that builds on it has a HEALTHCHECK. */
static void stages_without_health(struct judge *j, const void *spec RF_UNUSED)
{
	size_t count = j->stages->count;
	bool *fine = rf_arena_array(j->arena, count + 1, sizeof(*fine));

	for (size_t i = 0; fine && i < count; i++) {
		size_t parent = j->stages->items[i].parent;

		fine[i] = has_health(j, i) || (parent != DOCKERFILE_NO_STAGE && fine[parent]);
	}
	for (size_t i = count; fine && i-- > 0;) {
		size_t parent = j->stages->items[i].parent;

		if (fine[i] && parent != DOCKERFILE_NO_STAGE)
			fine[parent] = true;
	}
	for (size_t i = 0; fine && i < count; i++) {
		if (!fine[i])
			judge_report(j, j->stages->items[i].from);
	}
	j->nomem |= !fine;
}

static void no_health(struct judge *j, const void *spec RF_UNUSED)
{
	for (size_t i = 0; i < j->list->count; i++) {
		if (j->list->items[i].instr->kind == DOCKERFILE_HEALTHCHECK)
			return;
	}
	if (j->stages->count)
		judge_report(j, j->stages->items[j->stages->count - 1].from);
}

/* --- order and names --- */

static void before_from(struct judge *j, const void *spec RF_UNUSED)
{
	for (size_t i = 0; i < j->list->count; i++) {
		const struct dockerfile_instr *instr = j->list->items[i].instr;

		if (instr->kind == DOCKERFILE_FROM)
			return;
		if (instr->kind != DOCKERFILE_COMMENT && instr->kind != DOCKERFILE_ARG)
			judge_report(j, instr);
	}
}

static void same_names(struct judge *j, const void *spec RF_UNUSED)
{
	for (size_t i = 0; i < j->stages->count; i++) {
		struct rf_str name = j->stages->items[i].name;
		bool seen = false;

		for (size_t k = 0; name.ptr && !seen && k < i; k++)
			seen = rf_str_eq(name, j->stages->items[k].name);
		if (seen) {
			judge_name(j, name);
			judge_report(j, j->stages->items[i].from);
		}
	}
}

static bool reserved_name(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	struct rf_str alias = RF_STR_NONE;

	if (instr->kind == DOCKERFILE_FROM)
		alias = judge_image_of(instr).alias;
	(void)j;
	return rf_str_is(alias, "scratch") || rf_str_is(alias, "context");
}

static bool bad_trigger(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	enum dockerfile_kind kind = instr->trigger ? instr->trigger->kind : DOCKERFILE_COMMENT;

	return instr->kind == DOCKERFILE_ONBUILD &&
	       (kind == DOCKERFILE_ONBUILD || kind == DOCKERFILE_FROM ||
		       kind == DOCKERFILE_MAINTAINER) &&
	       judge_say(j, "%s", dockerfile_keyword(kind));
}

static bool is_maintainer(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	(void)j;
	return instr->kind == DOCKERFILE_MAINTAINER;
}

/* --- names of users --- */

static bool all_digits(struct rf_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!isdigit((unsigned char)s.ptr[i]))
			return false;
	}
	return true;
}

static bool refers_to(struct judge *j, struct rf_str user, struct rf_str name)
{
	struct rf_str plain = rf_arena_printf(j->arena, "$" RF_STR_FMT, RF_STR_ARG(name));
	struct rf_str braced = rf_arena_printf(j->arena, "${" RF_STR_FMT "}", RF_STR_ARG(name));

	if (!plain.ptr || !braced.ptr) {
		j->nomem = true;
		return false;
	}
	return judge_contains(user, plain.ptr) || judge_contains(user, braced.ptr);
}

#define MAX_LOOK_BACK 2000

static bool user_name(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	size_t here = (size_t)(j->at - j->list->items);
	struct rf_str uid;

	if (instr->kind != DOCKERFILE_USER)
		return false;
	rf_str_cut(instr->args, ':', &uid);
	if (all_digits(uid))
		return false;
	for (size_t i = here;
		judge_contains(instr->args, "$") && i-- > 0 && here - i < MAX_LOOK_BACK;) {
		const struct dockerfile_instr *arg = j->list->items[i].instr;

		if (arg->kind == DOCKERFILE_ARG && arg->pair_count &&
			refers_to(j, instr->args, arg->pairs[0].name))
			return false;
	}
	return judge_name(j, uid);
}

static const char root_why[] = "Whoever gets into the process is root in the container, and one "
			       "kernel mistake away from root on the host.";

static const struct judge_rule rules[] = {
	{.row = {"DL3002", {"DS-0002", "CIS-4.1"}, CHECK_MEDIUM, false, "the last USER is root",
		 root_why, "End the stage with USER and a number other than 0."},
		.whole = last_user},
	{.row = {"DL3012", {"DS-0023"}, CHECK_HIGH, false, "several HEALTHCHECK",
		 "Only the last one counts.", "Keep one."},
		.whole = only_one,
		.spec = &health},
	{.row = {"DL3024", {"DS-0012"}, CHECK_HIGH, false, "the name of a stage is used twice",
		 "What COPY --from means depends on where it stands.",
		 "Give each stage its own name."},
		.whole = same_names},
	{.row = {"DL3043", {NULL}, CHECK_HIGH, false, "ONBUILD cannot trigger this",
		 "ONBUILD, FROM and MAINTAINER are refused as triggers.", "Leave it out."},
		.each = bad_trigger},
	{.row = {"DL3057", {NULL}, CHECK_LOW, true, "a stage has no HEALTHCHECK",
		 "Docker cannot tell whether the process still answers.", "Add HEALTHCHECK."},
		.whole = stages_without_health},
	{.row = {"DL3061", {NULL}, CHECK_HIGH, false, "an instruction stands before FROM",
		 "Only ARG and comments may.", "Put it behind FROM."},
		.whole = before_from},
	{.row = {"DL3063", {NULL}, CHECK_MEDIUM, false, "the name of the stage is reserved",
		 "scratch and context mean something else to FROM and COPY --from.",
		 "Choose another name."},
		.each = reserved_name},
	{.row = {"DL3066", {NULL}, CHECK_LOW, false, "USER is a name, not a number",
		 "The host and runAsNonRoot of Kubernetes cannot tell whether it is root.",
		 "Write the number: USER 65532:65532."},
		.each = user_name},
	{.row = {"DL4000", {"DS-0022"}, CHECK_HIGH, false, "MAINTAINER is deprecated",
		 "It is not kept up.", "Use LABEL org.opencontainers.image.authors=\"...\"."},
		.each = is_maintainer},
	{.row = {"DL4003", {"DS-0016"}, CHECK_MEDIUM, false, "several CMD",
		 "Only the last one counts.", "Keep one."},
		.whole = only_one,
		.spec = &cmd},
	{.row = {"DL4004", {"DS-0007"}, CHECK_HIGH, false, "several ENTRYPOINT",
		 "Only the last one counts.", "Keep one."},
		.whole = only_one,
		.spec = &entrypoint},
	{.row = {"DS-0002", {"CIS-4.1"}, CHECK_HIGH, false, "the final stage runs as root",
		 root_why, "End the last stage with USER and a number other than 0."},
		.whole = implicit_root},
	{.row = {"DS-0026", {"CIS-4.6"}, CHECK_LOW, false, "there is no HEALTHCHECK",
		 "Docker cannot tell whether the process still answers (Kubernetes asks by "
		 "probes).",
		 "Add HEALTHCHECK, or ignore this where Kubernetes runs the image."},
		.whole = no_health},
};

struct judge_rules rules_stages(void)
{
	return JUDGE_RULES(rules);
}
