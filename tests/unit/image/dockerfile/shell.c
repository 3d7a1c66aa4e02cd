/* The commands of scripts. */
#include "base/buf.h"
#include "image/dockerfile/shell.h"
#include "tests/lib/tap.h"

/* "name(arg,arg) name()"; inner ones in brackets. */
static void commands(const char *text, struct rf_buf *out)
{
	struct rf_arena *arena = rf_arena_new(0);
	struct shell_script script;

	if (!shell_parse(rf_str_of(text), arena, &script))
		rf_buf_add_c(out, "error");
	for (size_t i = 0; i < script.count; i++) {
		const struct shell_command *cmd = &script.commands[i];

		rf_buf_addf(out, "%s%s" RF_STR_FMT "(", i ? " " : "", cmd->inner ? "[" : "",
			RF_STR_ARG(cmd->name));
		for (size_t a = 0; a < cmd->arg_count; a++) {
			rf_buf_addf(out, "%s", a ? "," : "");
			rf_buf_add_str(out, cmd->args[a]);
		}
		rf_buf_addf(out, ")%s", cmd->inner ? "]" : "");
	}
	rf_arena_free(arena);
}

static const struct {
	const char *text, *want;
} rows[] = {
	{"a b; c && d || e & f", "a(b) c() d() e() f()"},
	{"a 'b c' \"d e\" f\\ g", "a(b c,d e,f g)"},
	{"A=1 B='2 3' c d", "c(d)"},
	{"A=1", ""},
	{"A=(1 2 3) ; b", "b()"},
	{"a | b |& c", "a() b() c()"},
	{"(a; b) && { c; d; }", "a() b() c() d()"},
	{"if a; then b; elif c; then d; else e; fi", "a() b() c() d() e()"},
	{"for i in x y; do a $i; done; b", "a(${i}) b()"},
	{"while a; do b; done", "a() b()"},
	{"case $x in a|b) c;; *) d ;; esac; e", "c() d() e()"},
	{"f() { a; }; function g { b; }", "a() b()"},
	{"[ -f x ] && a; [[ $y = z ]] && b", "a() b()"},
	{"a $(b c) \"$(d)\" `e`", "a(${bc},${d},${VAR}) b(c) d() e()"},
	{"a $( (b) ) c", "a(${(b)},c) b()"},
	{"x=$(a b)", "a(b)"},
	{"a > b 2>&1 < c >> d", "a()"},
	{"a &> b; c >| d", "a() c()"},
	{"a <(b) c", "a(,c) b()"},
	{"a # b; c\nd", "a() d()"},
	{"a#b 'c # d'", "a#b(c # d)"},
	{"echo 'sudo a; b'", "echo(sudo a; b)"},
	{"cat <<EOF\nsudo a\nEOF\nb", "cat() b()"},
	{"cat <<-'EOF' | c\n\tx\n\tEOF\nb", "cat() c() b()"},
	{"sh <<EOF\na b\nEOF\nc", "sh() [a(b)] c()"},
	{"sh -c 'a b'; c", "sh(-c,a b) [a(b)] c()"},
	{"bash -exc \"a; b\"", "bash(-exc,a; b) [a()] [b()]"},
	{"eval 'a b'", "eval(a b) [a(b)]"},
	{"exec a b; command c; busybox d", "a(a,b) c(c) d(d)"},
	{"command -v a", "command(-v,a)"},
	{"$X a; \"$Y\" b", ""},
	{"a ${X:-$(b)} c", "a(${X:-$(b)},c) b()"},
	{"a $((1 + 2)) b; ((i++)); c", "a(${VAR},b) c()"},
	{"a {b,c}d {1..3} {e}", "a(d,,{e})"},
	{"a $'b\\nc'", "a(b\nc)"},
	{"a \\\n b", "a(b)"},
	{"! a; time b", "a() b()"},
	{"a 'unterminated", "a(unterminated)"},
	{"a \"$(b", "a(${}) b()"},
	{"", ""},
	{"))) a", "a()"},
};

static void commands_are_found_where_a_shell_runs_them(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_BUF out = {0};

		commands(rows[i].text, &out);
		CHECKF(strcmp(rf_buf_cstr(&out), rows[i].want) == 0, "%s: \"%s\", want \"%s\"",
			rows[i].text, rf_buf_cstr(&out), rows[i].want);
	}
}

static void pipelines_have_numbers_and_stages(void)
{
	struct rf_arena *arena = rf_arena_new(0);
	struct shell_script s;

	REQUIRE(shell_parse(RF_STR("a | b; c || d; e \"$(f | g)\""), arena, &s) && s.count == 7);
	CHECK(s.has_pipe);
	CHECK(s.commands[0].pipeline == s.commands[1].pipeline);
	CHECK(s.commands[0].piped && !s.commands[1].piped);
	CHECK_INT(s.commands[1].stage, 1);
	CHECK(s.commands[2].pipeline != s.commands[3].pipeline && !s.commands[2].piped);
	CHECK_INT(s.commands[5].parent, 4);
	CHECK(s.commands[4].parent == SIZE_MAX);
	rf_arena_free(arena);
}

static void a_pipe_in_a_string_is_none(void)
{
	struct rf_arena *arena = rf_arena_new(0);
	struct shell_script s;

	REQUIRE(shell_parse(RF_STR("a '|' \"|\" \\| ; sh -c 'b | c'"), arena, &s));
	CHECK(!s.has_pipe);
	rf_arena_free(arena);
}

static void what_a_shell_would_refuse_is_broken(void)
{
	static const char *const broken[] = {"a (b)", "a 'b", "a \"b", "a `b", "a $(b", "(a", "a)",
		"if a", "if a; fi", "fi", "do a; done", "{ a", "a; }", "while a; done"};
	static const char *const whole[] = {"f() { a; }", "x=(1 2)", "(a) && (b)",
		"case x in (a) b;; esac", "if a; then b; elif c; then d; fi",
		"for i in 1; do a; done", "echo } done fi", "a $(case x in a) b;; esac)",
		"[ a ] && b", "a \\( b \\)", "sh -c 'if'"};
	struct rf_arena *arena = rf_arena_new(0);
	struct shell_script s;

	for (size_t i = 0; i < RF_ARRAY_LEN(broken); i++)
		CHECKF(shell_parse(rf_str_of(broken[i]), arena, &s) && s.broken, "%s", broken[i]);
	for (size_t i = 0; i < RF_ARRAY_LEN(whole); i++)
		CHECKF(shell_parse(rf_str_of(whole[i]), arena, &s) && !s.broken, "%s", whole[i]);
	rf_arena_free(arena);
}

static void flags_and_operands_are_told_apart(void)
{
	static const char *const values[] = {"t", "target", NULL};
	struct rf_arena *arena = rf_arena_new(0);
	struct shell_script s;
	struct rf_str operand;
	size_t at = 0;

	REQUIRE(shell_parse(RF_STR("a -xyx --long=1 -t v --target=w b -- - c"), arena, &s));
	CHECK_INT(shell_flag_count(&s.commands[0], "x"), 2);
	CHECK_INT(shell_flag_count(&s.commands[0], "long"), 1);
	CHECK_INT(shell_flag_count(&s.commands[0], "-"), 0);
	CHECK(shell_next_operand(&s.commands[0], values, &at, &operand) && rf_str_is(operand, "b"));
	CHECK(shell_next_operand(&s.commands[0], values, &at, &operand) &&
		rf_str_is(operand, "--"));
	CHECK(shell_has_args_in_row(&s.commands[0], "b -- -"));
	CHECK(!shell_has_args_in_row(&s.commands[0], "b -"));
	rf_arena_free(arena);
}

/* Whatever is nested how deep: an end, and no overflow of the stack. */
static void nesting_has_a_bound(void)
{
	static const char *const parts[] = {"$(", "`", "(", "{ ", "${", "\"$(", "case x in a) ",
		"[", "sh -c '", "<(", "$((", "if ", "eval \""};
	struct rf_arena *arena = rf_arena_new(0);

	for (size_t i = 0; i < RF_ARRAY_LEN(parts); i++) {
		struct shell_script script;
		AUTO_BUF text = {0};

		for (size_t n = 0; n < 20000; n++)
			rf_buf_add_c(&text, parts[i]);
		CHECK(shell_parse(rf_buf_str(&text), arena, &script));
	}
	rf_arena_free(arena);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(commands_are_found_where_a_shell_runs_them);
	RUN(pipelines_have_numbers_and_stages);
	RUN(a_pipe_in_a_string_is_none);
	RUN(what_a_shell_would_refuse_is_broken);
	RUN(flags_and_operands_are_told_apart);
	RUN(nesting_has_a_bound);
	return TAP_END();
}
