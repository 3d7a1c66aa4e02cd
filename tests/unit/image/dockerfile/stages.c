/* Which stage builds on which, and what is in force at its end. */
#include "image/dockerfile/stages.h"
#include "tests/lib/tap.h"

struct staged {
	struct rf_arena *arena;
	struct dockerfile file;
	struct dockerfile_stages stages;
};

static void staged_done(struct staged *s)
{
	rf_arena_free(s->arena);
}
#define STAGED CLEANUP(staged_done) struct staged

static struct staged stages(const char *text)
{
	struct staged s = {.arena = rf_arena_new(0)};

	if (dockerfile_parse(rf_str_of(text), s.arena, &s.file, NULL) < 0 ||
		dockerfile_stages_find(&s.file, s.arena, &s.stages, NULL) < 0)
		s.stages.count = 0;
	return s;
}

static void a_stage_takes_over_what_it_builds_on(void)
{
	STAGED s = stages("FROM scratch AS Base\nUSER 5\nWORKDIR /x\nFROM base\nSHELL [\"a\"]\n");

	REQUIRE(s.stages.count == 2);
	CHECK_INT(s.stages.items[1].parent, 0);
	CHECK(s.stages.items[1].scratch);
	CHECK(s.stages.items[1].user == s.file.instrs[1]);
	CHECK(!s.stages.items[1].user_of_stage);
	CHECK(s.stages.items[1].workdir && s.stages.items[1].shell && !s.stages.items[0].shell);
}

static void bases_are_expanded_by_the_arguments_before_from(void)
{
	STAGED s =
		stages("ARG V=12 W=${V}-slim\nARG N\nFROM debian:${W}\nARG V=13\nFROM debian:$V\n"
		       "FROM a:$N\nFROM \"b:${N:-1}\"\n");

	REQUIRE(s.stages.count == 4);
	CHECK(rf_str_is(s.stages.items[0].base, "debian:12-slim") && s.stages.items[0].base_known);
	CHECK(rf_str_is(s.stages.items[1].base, "debian:12"));
	CHECK(!s.stages.items[2].base_known);
	CHECK(!s.stages.items[3].base_known);
}

static void what_the_last_stage_needs_is_used(void)
{
	STAGED s = stages(
		"FROM a AS one\nFROM b AS two\nFROM c AS three\nFROM d AS four\n"
		"RUN --mount=type=bind,from=three,target=/x ls\nFROM two\nCOPY --from=3 a b\n");

	REQUIRE(s.stages.count == 5);
	CHECK(!s.stages.items[0].used);
	CHECK(s.stages.items[1].used && s.stages.items[2].used && s.stages.items[3].used);
}

static void names_mean_the_stage_above(void)
{
	STAGED s = stages("FROM a AS x\nFROM b AS x\nFROM c\n");

	CHECK_INT(dockerfile_stage_named(&s.stages, RF_STR("X"), 3), 1);
	CHECK_INT(dockerfile_stage_named(&s.stages, RF_STR("x"), 1), 0);
	CHECK(dockerfile_stage_named(&s.stages, RF_STR("2"), 2) == DOCKERFILE_NO_STAGE);
	CHECK(dockerfile_stage_named(&s.stages, RF_STR("y"), 3) == DOCKERFILE_NO_STAGE);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_stage_takes_over_what_it_builds_on);
	RUN(bases_are_expanded_by_the_arguments_before_from);
	RUN(what_the_last_stage_needs_is_used);
	RUN(names_mean_the_stage_above);
	return TAP_END();
}
