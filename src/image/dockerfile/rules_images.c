/* FROM: what the image is built on, and how surely that is known. */
#include "image/dockerfile/judge_int.h"

static bool is_from(const struct dockerfile_instr *instr)
{
	return instr->kind == DOCKERFILE_FROM && instr->word_count;
}

/* A stage above has that name. */
static bool is_alias(const struct judge *j, struct rf_str name)
{
	for (const struct judge_instr *item = j->list->items; item < j->at; item++) {
		if (item->instr->kind == DOCKERFILE_FROM &&
			rf_str_eq(judge_image_of(item->instr).alias, name) && name.len)
			return true;
	}
	return false;
}

static bool untagged(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	struct judge_image image;

	if (!is_from(instr))
		return false;
	image = judge_image_of(instr);
	if (rf_str_is(image.name, "scratch") || image.digest.ptr || image.tag.ptr ||
		rf_str_starts(image.name, RF_STR("$")) || is_alias(j, image.name))
		return false;
	return judge_name(j, instr->words[0]);
}

static bool latest(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	struct judge_image image;

	if (!is_from(instr))
		return false;
	image = judge_image_of(instr);
	return !image.digest.ptr && rf_str_is(image.tag, "latest") &&
	       judge_name(j, instr->words[0]);
}

/* The stage's base with its variables expanded, where that is an image and known. */
static bool no_digest(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	const struct dockerfile_stage *stage;

	if (!is_from(instr) || j->at->stage >= j->stages->count)
		return false;
	stage = &j->stages->items[j->at->stage];
	if (stage->parent != DOCKERFILE_NO_STAGE || stage->scratch || !stage->base_known ||
		judge_contains(stage->base, "@sha256:") || judge_contains(stage->base, "@sha512:"))
		return false;
	return judge_name(j, stage->base);
}

static bool platform(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	struct rf_str value = RF_STR_NONE;

	if (instr->kind == DOCKERFILE_FROM)
		value = judge_image_of(instr).platform;
	(void)j;
	return value.ptr && !judge_contains(value, "BUILDPLATFORM") &&
	       !judge_contains(value, "TARGETPLATFORM");
}

static bool redundant_platform(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	struct rf_str value = RF_STR_NONE;

	if (instr->kind == DOCKERFILE_FROM)
		value = judge_image_of(instr).platform;
	(void)j;
	return rf_str_is(value, "$TARGETPLATFORM") || rf_str_is(value, "${TARGETPLATFORM}");
}

/* --- registries --- */

static bool matches(struct rf_str pattern, struct rf_str registry)
{
	if (rf_str_is(pattern, "*"))
		return true;
	if (pattern.len && pattern.ptr[0] == '*')
		return rf_str_ends(registry, (struct rf_str){pattern.ptr + 1, pattern.len - 1});
	if (pattern.len && pattern.ptr[pattern.len - 1] == '*')
		return rf_str_starts(registry, (struct rf_str){pattern.ptr, pattern.len - 1});
	return rf_str_eq(pattern, registry);
}

static bool is_allowed(const struct judge *j, struct rf_str registry)
{
	for (size_t i = 0; i < j->opts->registry_count; i++) {
		if (matches(rf_str_of(j->opts->registries[i]), registry))
			return true;
	}
	return false;
}

static bool may_use(const struct judge *j, struct rf_str text)
{
	struct judge_image image = judge_image_parse(text);

	if (is_alias(j, image.name) || rf_str_is(image.name, "scratch"))
		return true;
	if (image.registry.ptr)
		return is_allowed(j, image.registry);
	return is_allowed(j, RF_STR("docker.io")) || is_allowed(j, RF_STR("hub.docker.com"));
}

static bool registry(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	const struct dockerfile_flag *from = dockerfile_flag(instr, "from");
	uint64_t first = from && from->value.len ? (unsigned char)from->value.ptr[0] : 0;

	if (!j->opts->registry_count)
		return false;
	if (is_from(instr) && !may_use(j, instr->words[0]))
		return judge_name(j, instr->words[0]);
	return instr->kind == DOCKERFILE_COPY && from && !(first >= '0' && first <= '9') &&
	       !may_use(j, from->value) && judge_name(j, from->value);
}

static const char tag_why[] =
	"What is built on changes whenever somebody pushes; nobody can tell what is inside.";

static const struct judge_rule rules[] = {
	{.row = {"DL3006", {"DS-0001"}, CHECK_MEDIUM, false, "the base image has no tag", tag_why,
		 "Write a version, better still a digest: image:1.2@sha256:..."},
		.each = untagged},
	{.row = {"DL3007", {"DS-0001"}, CHECK_MEDIUM, false, "the base image is :latest", tag_why,
		 "Write a version, better still a digest: image:1.2@sha256:..."},
		.each = latest},
	{.row = {"DL3026", {"CIS-4.2"}, CHECK_HIGH, false,
		 "the image is of a registry that is not allowed",
		 "It comes from somebody who was not chosen.",
		 "Use an image of an allowed registry (--registry)."},
		.each = registry},
	{.row = {"DL3029", {NULL}, CHECK_MEDIUM, false, "FROM with a fixed --platform",
		 "The image is of that platform wherever it is built for.",
		 "Leave it out, or use $BUILDPLATFORM for a stage that compiles."},
		.each = platform},
	{.row = {"DL3065", {NULL}, CHECK_MEDIUM, false, "--platform=$TARGETPLATFORM says nothing",
		 "It is the default.", "Leave it out."},
		.each = redundant_platform},
	{.row = {"RF-D005", {NULL}, CHECK_LOW, false, "the base image has no digest",
		 "A tag can be moved: only a digest says which bytes are meant.",
		 "Append @sha256:... as the registry gives it, and let a tool renew it."},
		.each = no_digest},
};

struct judge_rules rules_images(void)
{
	return JUDGE_RULES(rules);
}
