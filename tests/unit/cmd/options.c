/* cmd/options.h: the command line by rows, and the help made from the same rows. */
#include "cmd/options.h"

#include "tests/unit/cmd/captured.h"

struct made {
	bool json, verbose;
	const char *port;
	struct opt_texts files;
	uint64_t count;
	unsigned format;
};

static const char *const formats[] = {"table", "json", NULL};

static const struct opt_row rows[] = {
	{"json", 0, OPT_FLAG, offsetof(struct made, json), NULL, "Prints JSON.", NULL},
	{"verbose", 'v', OPT_FLAG, offsetof(struct made, verbose), NULL, "Says more.", NULL},
	{"port", 'p', OPT_TEXT, offsetof(struct made, port), "PORT", "A port.", NULL},
	{"file", 'f', OPT_TEXTS, offsetof(struct made, files), "PATH",
		"Manifests: a file, a directory, or - for standard input; may be repeated.", NULL},
	{"count", 'n', OPT_NUMBER, offsetof(struct made, count), "N", "How many.", NULL},
	{"format", 0, OPT_CHOICE, offsetof(struct made, format), "FORMAT", "What is printed.",
		formats},
};

static const struct opt_example examples[] = {
	{"two files", "ringfence test it -f a -f b x"},
	{"is it so?", "ringfence test it -f \\a x"},
};

static const struct opt_usage usage = {
	.verb = "test it",
	.synopsis = "-f PATH [--json] NAME",
	.summary = "tries what there is",
	.text = "The first paragraph.\n\n.Second paragraph with C:\\path and --dashes.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.exits = "0 when it is so, 1 when not, 2 after an error.",
	.min_args = 1,
	.max_args = 3,
};

/* One command line, cut at spaces. */
struct parsed {
	char text[512];
	char *argv[32];
	int argc, status;
	struct made made;
	struct opt_args args;
	struct captured said;
};

static void parsed_done(struct parsed *p)
{
	rf_vec_done(&p->made.files);
	captured_done(&p->said);
}
#define PARSED CLEANUP(parsed_done) struct parsed

static void parse(struct parsed *p, const char *line)
{
	struct rf_str rest, word;

	memset(p, 0, sizeof(*p));
	p->argv[p->argc++] = p->text; /* "" stands for the verb */
	snprintf(p->text + 1, sizeof(p->text) - 1, "%s", line);
	for (rest = rf_str_of(p->text + 1); rest.ptr;) {
		rest = rf_str_cut(rest, ' ', &word);
		p->argv[p->argc++] = p->text + (word.ptr - p->text);
		p->text[word.ptr - p->text + (ptrdiff_t)word.len] = '\0';
	}
	p->said = capture_begin();
	p->status = opt_parse(&usage, p->argc, p->argv, &p->made, &p->args);
	capture_end(&p->said);
}

#define PARSE(p, line) \
	PARSED p;      \
	parse(&p, line)

#define POINTER                                              \
	"\nusage: ringfence test it -f PATH [--json] NAME\n" \
	"`ringfence test it --help` tells more.\n"

static void refuses(const char *line, const char *message, int at)
{
	char want[512];
	PARSE(p, line);

	snprintf(want, sizeof(want), "ringfence: error: test it: %s" POINTER, message);
	tap_check(p.status == 2, __FILE__, at, "status %d", p.status);
	tap_check_str(rf_buf_cstr(&p.said.err), want, __FILE__, at);
	tap_check_str(rf_buf_cstr(&p.said.out), "", __FILE__, at);
}
#define REFUSES(line, message) refuses(line, message, __LINE__)

/* --- values --- */

static void options_fill_the_fields_of_their_rows(void)
{
	PARSE(p, "-f a --file b --json -v --port 80/TCP --count 7 --format json x");

	CHECK_INT(p.status, OPT_GO);
	CHECK(p.made.json && p.made.verbose);
	CHECK_STR(p.made.port, "80/TCP");
	REQUIRE(p.made.files.count == 2);
	CHECK_STR(p.made.files.items[0], "a");
	CHECK_STR(p.made.files.items[1], "b");
	CHECK_INT(p.made.count, 7);
	CHECK_INT(p.made.format, 1);
	CHECK_INT(p.said.out.len + p.said.err.len, 0);
}

static void what_is_not_given_is_left_alone(void)
{
	PARSE(p, "x");

	CHECK_INT(p.status, OPT_GO);
	CHECK(!p.made.json && !p.made.verbose && !p.made.port && !p.made.files.count);
	CHECK_INT(p.args.count, 1);
	CHECK_INT(p.args.dashed, 1);
}

static void values_may_be_attached(void)
{
	PARSE(p, "--port=http --file=a=b -fc -n12 x");

	CHECK_STR(p.made.port, "http");
	REQUIRE(p.made.files.count == 2);
	CHECK_STR(p.made.files.items[0], "a=b");
	CHECK_STR(p.made.files.items[1], "c");
	CHECK_INT(p.made.count, 12);
}

static void letters_of_flags_may_be_written_together(void)
{
	PARSE(p, "-vn7 -vf a x");

	CHECK_INT(p.status, OPT_GO);
	CHECK(p.made.verbose);
	CHECK_INT(p.made.count, 7);
	REQUIRE(p.made.files.count == 1);
	CHECK_STR(p.made.files.items[0], "a");
	REFUSES("-vx x", "there is no option -x");
	REFUSES("x -vf", "--file needs a value: PATH");
}

static void a_value_may_be_empty_or_begin_with_a_dash(void)
{
	PARSE(p, "--port= -f - -f --json x");

	CHECK_STR(p.made.port, "");
	REQUIRE(p.made.files.count == 2);
	CHECK_STR(p.made.files.items[0], "-");
	CHECK_STR(p.made.files.items[1], "--json");
	CHECK(!p.made.json);
}

static void of_a_text_given_twice_the_last_counts(void)
{
	PARSE(p, "--port 1 --port 2 x");

	CHECK_STR(p.made.port, "2");
}

/* --- arguments --- */

static void arguments_and_options_may_be_mixed(void)
{
	PARSE(p, "x --json y -f a z");

	CHECK_INT(p.status, OPT_GO);
	REQUIRE(p.args.count == 3);
	CHECK_STR(p.args.items[0], "x");
	CHECK_STR(p.args.items[1], "y");
	CHECK_STR(p.args.items[2], "z");
	CHECK(p.made.json && p.made.files.count == 1);
}

static void a_dash_alone_is_an_argument(void)
{
	PARSE(p, "-");

	CHECK_INT(p.status, OPT_GO);
	CHECK_STR(p.args.items[0], "-");
}

static void two_dashes_end_the_options(void)
{
	PARSE(p, "x -- --json --");

	CHECK_INT(p.status, OPT_GO);
	CHECK(!p.made.json);
	REQUIRE(p.args.count == 3);
	CHECK_INT(p.args.dashed, 1);
	CHECK_STR(p.args.items[1], "--json");
	CHECK_STR(p.args.items[2], "--");
}

static void help_after_two_dashes_is_an_argument(void)
{
	PARSE(p, "-- --help");

	CHECK_INT(p.status, OPT_GO);
	CHECK_STR(p.args.items[0], "--help");
}

/* --- refusals --- */

static void unknown_options_are_refused_and_the_nearest_named(void)
{
	REFUSES("--jsn x", "there is no option --jsn: did you mean --json?");
	REFUSES("--prot=1 x", "there is no option --prot: did you mean --port?");
	REFUSES("--something-else x", "there is no option --something-else");
	REFUSES("--=x", "there is no option --");
	REFUSES("-x", "there is no option -x");
}

static void an_unknown_option_of_any_length_is_refused(void)
{
	char line[400] = "--";

	memset(line + 2, 'a', 300);
	PARSE(p, line);
	CHECK_INT(p.status, 2);
}

static void a_missing_value_is_refused(void)
{
	REFUSES("x --port", "--port needs a value: PORT");
	REFUSES("x -f", "--file needs a value: PATH");
}

static void a_value_for_a_flag_is_refused(void)
{
	REFUSES("--json=yes x", "--json takes no value");
}

static void numbers_are_bounded_and_decimal(void)
{
	PARSE(most, "-n 4294967295 x");

	CHECK_INT(most.made.count, 4294967295);
	REFUSES("-n 4294967296 x", "--count takes a number from 0 to 4294967295, not "
				   "\"4294967296\"");
	REFUSES("-n -1 x", "--count takes a number from 0 to 4294967295, not \"-1\"");
	REFUSES("-n 0x10 x", "--count takes a number from 0 to 4294967295, not \"0x10\"");
	REFUSES("--count= x", "--count takes a number from 0 to 4294967295, not \"\"");
}

static void a_choice_that_is_none_is_refused_with_those_there_are(void)
{
	REFUSES("--format xml x", "--format takes one of table, json, not \"xml\"");
	REFUSES("--format= x", "--format takes one of table, json, not \"\"");
}

static void arguments_are_counted(void)
{
	REFUSES("--json", "an argument is missing");
	REFUSES("a b c d", "\"d\" is one argument too many");
}

/* --- help --- */

static void help_is_made_from_the_rows(void)
{
	static const char want[] =
		"usage: ringfence test it -f PATH [--json] NAME\n\nTries what there is.\n\n"
		"The first paragraph.\n\n.Second paragraph with C:\\path and --dashes.\n\n"
		"options:\n"
		"      --json              Prints JSON.\n"
		"  -v, --verbose           Says more.\n"
		"  -p, --port PORT         A port.\n"
		"  -f, --file PATH         Manifests: a file, a directory, or - for standard\n"
		"                          input; may be repeated.\n"
		"  -n, --count N           How many.\n"
		"      --format FORMAT     What is printed.\n"
		"  -h, --help              Prints this.\n\n"
		"examples:\n  # two files\n  ringfence test it -f a -f b x\n"
		"  # is it so?\n  ringfence test it -f \\a x\n\n"
		"exit status: 0 when it is so, 1 when not, 2 after an error.\n";
	PARSE(p, "x --help --nonsense");
	PARSE(q, "-h");

	CHECK_INT(p.status, 0);
	CHECK_STR(rf_buf_cstr(&p.said.out), want);
	CHECK_STR(rf_buf_cstr(&q.said.out), want);
}

static void lines_of_help_fit_a_terminal(void)
{
	static const char text[] =
		"word word word word word word word word word word word word word word word word "
		"word word word word word word word word word word word word word word word word";
	static const struct opt_row long_row[] = {
		{"a-very-long-option-name", 'x', OPT_TEXT, 0, "SOMETHING", text, NULL}};
	static const struct opt_usage long_usage = {
		.verb = "v", .synopsis = "", .summary = "s", .text = text, OPT_ROWS(long_row)};
	AUTO_BUF out = {.data = NULL};
	struct rf_str rest, line;

	opt_help(&long_usage, &out);
	for (rest = rf_buf_str(&out); rest.len;) {
		rest = rf_str_cut(rest, '\n', &line);
		CHECKF(line.len <= 80, "%zu columns: " RF_STR_FMT, line.len, RF_STR_ARG(line));
	}
	CHECK(strstr(rf_buf_cstr(&out), "  -x, --a-very-long-option-name SOMETHING\n"
					"                          word word"));
}

static void the_man_page_is_made_from_the_same_rows(void)
{
	PARSE(p, "--man");
	const char *page = rf_buf_cstr(&p.said.out);

	CHECK_INT(p.status, 0);
	CHECK(strstr(page, ".Dt RINGFENCE-TEST IT 1\n"));
	CHECK(strstr(page, ".Nd tries what there is\n"));
	CHECK(strstr(page, ".It Fl f , Fl Fl file Ar PATH\n"));
	CHECK(strstr(page, ".It Fl Fl json\nPrints JSON.\n"));
	CHECK(strstr(page, ".Sh EXIT STATUS\n0 when it is so"));
}

/* A line that begins with a full stop would be a macro, a backslash an escape. */
static void text_of_a_man_page_is_never_markup(void)
{
	PARSE(p, "--man");
	const char *page = rf_buf_cstr(&p.said.out);

	CHECK(strstr(page, "\n\\&.Second paragraph with C:\\epath and \\-\\-dashes.\n"));
	CHECK(strstr(page, "ringfence test it -f \\ea x\n"));
	CHECK(strstr(page, "\nTwo files:\n"));
	CHECK(strstr(page, "\nIs it so?\n"));
}

/* --- groups and words --- */

static const struct opt_usage other = {
	.verb = "test other", .synopsis = "", .summary = "is another", .max_args = 0};
static const struct opt_usage *const usages[] = {&usage, &other};
static const struct opt_group group = {.verb = "test",
	.summary = "has two",
	.text = "About both.",
	.usages = usages,
	.usage_count = 2};

static int group_of(const char *word, size_t *which, struct captured *said)
{
	char verb[] = "test", name[64];
	char *argv[] = {verb, name, NULL};
	int status;

	snprintf(name, sizeof(name), "%s", word ? word : "");
	*said = capture_begin();
	status = opt_group(&group, word ? 2 : 1, argv, which);
	capture_end(said);
	return status;
}

static void a_group_finds_the_verb_below_it(void)
{
	CAPTURED a, b;
	size_t which = 7;

	CHECK_INT(group_of("it", &which, &a), OPT_GO);
	CHECK_INT(which, 0);
	CHECK_INT(group_of("other", &which, &b), OPT_GO);
	CHECK_INT(which, 1);
}

static void a_group_says_what_there_is(void)
{
	CAPTURED none, unknown, help, man;
	size_t which;

	CHECK_INT(group_of(NULL, &which, &none), 2);
	CHECK_INT(group_of("othr", &which, &unknown), 2);
	CHECK(strstr(rf_buf_cstr(&unknown.err), "did you mean"));
	CHECK_INT(group_of("--help", &which, &help), 0);
	CHECK(strstr(rf_buf_cstr(&help.out), "is another"));
	CHECK_INT(group_of("--man", &which, &man), 0);
	CHECK(strstr(rf_buf_cstr(&man.out), ".Ss ringfence test other\nIs another.\n"));
}

static void the_nearest_name_is_near(void)
{
	static const char *const names[] = {"status", "apply", "ps"};

	CHECK_STR(opt_similar("appky", names, 3), "apply");
	CHECK_STR(opt_similar("stauts", names, 3), "status");
	CHECK(!opt_similar("zebra", names, 3));
	CHECK(!opt_similar("", names, 3));
	CHECK(!opt_similar("ps", names, 0));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(options_fill_the_fields_of_their_rows);
	RUN(what_is_not_given_is_left_alone);
	RUN(values_may_be_attached);
	RUN(letters_of_flags_may_be_written_together);
	RUN(a_value_may_be_empty_or_begin_with_a_dash);
	RUN(of_a_text_given_twice_the_last_counts);
	RUN(arguments_and_options_may_be_mixed);
	RUN(a_dash_alone_is_an_argument);
	RUN(two_dashes_end_the_options);
	RUN(help_after_two_dashes_is_an_argument);
	RUN(unknown_options_are_refused_and_the_nearest_named);
	RUN(an_unknown_option_of_any_length_is_refused);
	RUN(a_missing_value_is_refused);
	RUN(a_value_for_a_flag_is_refused);
	RUN(numbers_are_bounded_and_decimal);
	RUN(a_choice_that_is_none_is_refused_with_those_there_are);
	RUN(arguments_are_counted);
	RUN(help_is_made_from_the_rows);
	RUN(lines_of_help_fit_a_terminal);
	RUN(the_man_page_is_made_from_the_same_rows);
	RUN(text_of_a_man_page_is_never_markup);
	RUN(a_group_finds_the_verb_below_it);
	RUN(a_group_says_what_there_is);
	RUN(the_nearest_name_is_near);
	return TAP_END();
}
