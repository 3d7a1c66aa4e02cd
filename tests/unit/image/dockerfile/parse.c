/* Instructions and their positions, as BuildKit reads them. */
#include "base/buf.h"
#include "image/dockerfile/parse.h"
#include "tests/lib/tap.h"

/* A parsed text and the arena it lives in. */
struct parsed {
	struct rf_arena *arena;
	struct dockerfile file;
	int rc;
};

static void parsed_done(struct parsed *p)
{
	rf_arena_free(p->arena);
}
#define PARSED CLEANUP(parsed_done) struct parsed

static struct parsed parse_str(struct rf_str text)
{
	struct parsed p = {.arena = rf_arena_new(0)};

	p.rc = dockerfile_parse(text, p.arena, &p.file, NULL);
	return p;
}

static struct parsed parse(const char *text)
{
	return parse_str(rf_str_of(text));
}

/* The words of an instruction with | between them. */
static const char *words(const struct dockerfile_instr *instr, struct rf_buf *out)
{
	rf_buf_clear(out);
	for (size_t i = 0; i < instr->word_count; i++) {
		rf_buf_addf(out, "%s", i ? "|" : "");
		rf_buf_add_str(out, instr->words[i]);
	}
	return rf_buf_cstr(out);
}

static const char *pairs(const struct dockerfile_instr *instr, struct rf_buf *out)
{
	rf_buf_clear(out);
	for (size_t i = 0; i < instr->pair_count; i++)
		rf_buf_addf(out, "%s" RF_STR_FMT "%s" RF_STR_FMT, i ? "|" : "",
			RF_STR_ARG(instr->pairs[i].name), instr->pairs[i].raw.ptr ? "=" : "",
			RF_STR_ARG(instr->pairs[i].value));
	return rf_buf_cstr(out);
}

static bool is(struct rf_str s, const char *want)
{
	return rf_str_is(s, want);
}

static void continuations_are_joined_without_comments_and_empty_lines(void)
{
	PARSED p = parse("FROM a\n\n  RUN one \\\n# no\n\n   two\\  \n  three \\\\\nUSER 5\n");

	REQUIRE(p.file.instr_count == 3);
	CHECK(is(p.file.instrs[1]->args, "one    two  three \\\\"));
	CHECK_INT(p.file.instrs[1]->line, 3);
	CHECK_INT(p.file.instrs[1]->col, 3);
	CHECK_INT(p.file.instrs[1]->end_line, 7);
	CHECK_INT(p.file.instrs[2]->line, 8);
}

static void the_escape_character_can_be_chosen(void)
{
	PARSED p = parse("# escape=`\n# syntax = docker/dockerfile:1 \nFROM a\nRUN b `\n c:\\\\\n");

	REQUIRE(p.file.instr_count == 2);
	CHECK_INT(p.file.escape, '`');
	CHECK(is(p.file.syntax, "docker/dockerfile:1"));
	CHECK(is(p.file.instrs[1]->args, "b  c:\\\\"));
}

static void a_directive_behind_a_comment_is_a_comment(void)
{
	PARSED p = parse("# x\n# escape=`\nFROM a\n");
	PARSED twice = parse("# escape=`\n# escape=`\nFROM a\n");
	PARSED wrong = parse("# escape=x\nFROM a\n");

	CHECK_INT(p.file.escape, '\\');
	CHECK_INT(p.file.instr_count, 3);
	CHECK_INT(twice.file.problem_count, 1);
	CHECK_INT(wrong.file.problem_count, 1);
}

static void marks_of_windows_do_not_matter(void)
{
	PARSED p = parse("\xEF\xBB\xBF"
			 "from a\r\nrun b \\\r\n c\r\n");

	REQUIRE(p.file.instr_count == 2);
	CHECK_INT(p.file.instrs[0]->kind, DOCKERFILE_FROM);
	CHECK_INT(p.file.instrs[0]->col, 1);
	CHECK(is(p.file.instrs[1]->args, "b  c"));
}

static void flags_are_cut_off_with_their_quotes(void)
{
	PARSED p = parse("FROM a\nCOPY --link --chown=\"1:2 x\" --from=b a /c\nCMD -- --x\n");
	const struct dockerfile_instr *copy = p.file.instrs[1];
	AUTO_BUF out = {0};

	REQUIRE(copy->flag_count == 3);
	CHECK(!copy->flags[0].has_value);
	CHECK(is(copy->flags[1].value, "1:2 x"));
	CHECK(is(dockerfile_flag(copy, "from")->value, "b"));
	CHECK_STR(words(copy, &out), "a|/c");
	CHECK(is(p.file.instrs[2]->args, "--x"));
}

static void the_exec_form_is_json(void)
{
	PARSED p = parse("CMD [ \"a\\u0041\\n\", \"b c\" ]\nCMD [\"a\" \"b\"]\nCMD ['a']\nCMD []\n"
			 "CMD [\"\\ud83d\\ude00\", \"\\ud800\"]\nCOPY [\"a b\", \"c\"]\n");
	AUTO_BUF out = {0};

	CHECK(p.file.instrs[0]->json);
	CHECK_STR(words(p.file.instrs[0], &out), "aA\n|b c");
	CHECK(!p.file.instrs[1]->json);
	CHECK(!p.file.instrs[2]->json);
	CHECK(p.file.instrs[3]->json && p.file.instrs[3]->word_count == 0);
	CHECK_STR(words(p.file.instrs[4], &out), "\xF0\x9F\x98\x80|\xEF\xBF\xBD");
	CHECK_STR(words(p.file.instrs[5], &out), "a b|c");
}

static void pairs_keep_quoted_blanks(void)
{
	PARSED p =
		parse("ENV A=1 B=\"x y\" 'C'=a\\ b D=\nENV A all of it \nARG X Y=2\nLABEL a b\n");
	AUTO_BUF out = {0};

	CHECK_STR(pairs(p.file.instrs[0], &out), "A=1|B=x y|C=a b|D=");
	CHECK_STR(pairs(p.file.instrs[1], &out), "A=all of it");
	CHECK(p.file.instrs[1]->pairs[0].legacy);
	CHECK_STR(pairs(p.file.instrs[2], &out), "X|Y=2");
	CHECK_STR(pairs(p.file.instrs[3], &out), "a=b");
}

static void heredocs_belong_to_their_instruction(void)
{
	PARSED p = parse("FROM a\nCOPY <<A <<-\"B\" /x/\none\nA\n\ttwo $X\n\tB\nUSER 5\n");
	const struct dockerfile_instr *copy = p.file.instrs[1];

	REQUIRE(p.file.instr_count == 3 && copy->heredoc_count == 2);
	CHECK(is(copy->heredocs[0].content, "one\n"));
	CHECK(copy->heredocs[0].expand && !copy->heredocs[0].chomp);
	CHECK(is(copy->heredocs[1].content, "\ttwo $X\n"));
	CHECK(!copy->heredocs[1].expand && copy->heredocs[1].chomp);
	CHECK_INT(copy->heredocs[1].line, 5);
	CHECK_INT(copy->end_line, 6);
	CHECK_INT(p.file.instrs[2]->line, 7);
}

static void what_only_looks_like_a_heredoc_is_none(void)
{
	PARSED p =
		parse("FROM a\nRUN cat <<<EOF\nRUN echo '<<EOF'\nRUN echo $((1<<2))\nCMD a <<EOF\n"
		      "RUN [\"a\", \"<<EOF\"]\nRUN it's <<EOF\nUSER 5\n");

	CHECK_INT(p.file.instr_count, 8);
	for (size_t i = 0; i < p.file.instr_count; i++)
		CHECK_INT(p.file.instrs[i]->heredoc_count, 0);
}

static void an_unterminated_heredoc_is_a_problem(void)
{
	PARSED p = parse("FROM a\nRUN <<EOF\nUSER 5\n");

	CHECK_INT(p.file.instr_count, 2);
	REQUIRE(p.file.problem_count == 1);
	CHECK_INT(p.file.problems[0].line, 2);
	CHECK(is(p.file.instrs[1]->heredocs[0].content, "USER 5\n"));
}

static void onbuild_has_its_instruction(void)
{
	PARSED p = parse("FROM a\nONBUILD RUN <<EOF\nls\nEOF\nONBUILD COPY --from=b c /d\n");
	const struct dockerfile_instr *run = p.file.instrs[1]->trigger;

	REQUIRE(run && p.file.instr_count == 3);
	CHECK_INT(run->kind, DOCKERFILE_RUN);
	CHECK(is(dockerfile_script(run, p.arena), "ls\n"));
	CHECK(is(dockerfile_flag(p.file.instrs[2]->trigger, "from")->value, "b"));
}

static void the_script_is_what_a_shell_runs(void)
{
	PARSED p = parse("RUN [\"sh\", \"-c\", \"a b\"]\nRUN a  b\nRUN <<EOF\nx\nEOF\n"
			 "RUN cat <<EOF > /y\nz\nEOF\nHEALTHCHECK --retries=3 CMD curl x\n");

	CHECK(is(dockerfile_script(p.file.instrs[0], p.arena), "sh -c a b"));
	CHECK(is(dockerfile_script(p.file.instrs[1], p.arena), "a  b"));
	CHECK(is(dockerfile_script(p.file.instrs[2], p.arena), "x\n"));
	CHECK(is(dockerfile_script(p.file.instrs[3], p.arena), "cat <<EOF > /y\nz\nEOF\n"));
	CHECK(is(dockerfile_script(p.file.instrs[4], p.arena), "curl x"));
}

/* Each of these is refused by BuildKit; the word stands in what is said about it. */
static const struct {
	const char *line, *word;
} refused[] = {
	{"RUNS ls", "unknown instruction"},
	{"COPY a", "at least two"},
	{"COPY --wrong a b", "unknown flag"},
	{"COPY --from a b", "missing a value"},
	{"COPY --link=x a b", "boolean"},
	{"COPY --from=a --from=b c d", "duplicate flag"},
	{"COPY a <<EOF\nEOF", "heredoc as a destination"},
	{"RUN --cap=x ls", "unknown flag"},
	{"RUN --network=all ls", "--network"},
	{"RUN --security=none ls", "--security"},
	{"RUN --mount=type=disk,target=/x ls", "unsupported"},
	{"RUN --mount=type=cache,targets=/x ls", "unexpected"},
	{"RUN --mount=type=cache,target ls", "unexpected"},
	{"RUN --mount=from=$X,target=/x ls", "variables"},
	{"FROM a b", "one or three"},
	{"FROM a AS 1x", "invalid name"},
	{"FROM", "requires an argument"},
	{"ENV A", "two arguments"},
	{"ENV A=1 B", "no ="},
	{"ENV =1", "blank"},
	{"SHELL bash", "JSON"},
	{"SHELL []", "at least one"},
	{"HEALTHCHECK curl x", "CMD or NONE"},
	{"HEALTHCHECK NONE x", "no arguments"},
	{"HEALTHCHECK CMD", "missing command"},
	{"ONBUILD ONBUILD RUN ls", "ONBUILD"},
	{"ONBUILD FROM x", "FROM"},
	{"CMD [\"a\", [\"b\"]]", "only strings"},
	{"USER", "requires an argument"},
};

static void what_buildkit_refuses_is_refused(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(refused); i++) {
		AUTO_BUF text = {0};
		struct parsed p;

		rf_buf_addf(&text, "FROM a\n%s\n", refused[i].line);
		p = parse(rf_buf_cstr(&text));
		CHECKF(p.file.problem_count == 1 && p.file.problems[0].line == 2 &&
				strstr(p.file.problems[0].message, refused[i].word),
			"%s: %s", refused[i].line,
			p.file.problem_count ? p.file.problems[0].message : "no problem");
		parsed_done(&p);
	}
}

static void what_buildkit_accepts_is_accepted(void)
{
	PARSED p =
		parse("ARG A=1\nFROM --platform=$X a as b\nADD --checksum=x --keep-git-dir=true "
		      "--link --exclude=a --exclude=b --unpack=false c d\nCOPY --parents a b c/\n"
		      "RUN --mount=type=cache,target=/x --mount=type=ssh,required "
		      "--mount=type=$T,target=$X,ro,sharing=locked --network=none "
		      "--security=insecure --device=x ls\nRUN\nCMD\nENTRYPOINT\nVOLUME /a /b\n"
		      "HEALTHCHECK --interval=5s --start-interval=1s NONE\nSTOPSIGNAL 9\n"
		      "SHELL [\"a\"]\nEXPOSE 80 90/udp\nWORKDIR a b\nMAINTAINER a b\n");

	CHECKF(p.file.problem_count == 0, "%s",
		p.file.problem_count ? p.file.problems[0].message : "");
}

static void binary_data_is_no_dockerfile(void)
{
	PARSED p = parse_str((struct rf_str){"FROM a\0b", 8});
	PARSED empty = parse("");

	CHECK_INT(p.rc, RF_EINPUT);
	CHECK_INT(empty.rc, RF_OK);
	CHECK(!empty.file.plausible);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(continuations_are_joined_without_comments_and_empty_lines);
	RUN(the_escape_character_can_be_chosen);
	RUN(a_directive_behind_a_comment_is_a_comment);
	RUN(marks_of_windows_do_not_matter);
	RUN(flags_are_cut_off_with_their_quotes);
	RUN(the_exec_form_is_json);
	RUN(pairs_keep_quoted_blanks);
	RUN(heredocs_belong_to_their_instruction);
	RUN(what_only_looks_like_a_heredoc_is_none);
	RUN(an_unterminated_heredoc_is_a_problem);
	RUN(onbuild_has_its_instruction);
	RUN(the_script_is_what_a_shell_runs);
	RUN(what_buildkit_refuses_is_refused);
	RUN(what_buildkit_accepts_is_accepted);
	RUN(binary_data_is_no_dockerfile);
	return TAP_END();
}
