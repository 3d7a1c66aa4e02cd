/* cmd/output.h: results, errors, findings, tables and colour. */
#include "cmd/output.h"

#include <fcntl.h>

#include "tests/unit/cmd/captured.h"

/* --- results and errors --- */

static void a_result_goes_to_standard_output_as_it_is(void)
{
	AUTO_BUF text = {.data = NULL};
	int status;

	rf_buf_add(&text, "a\0b\n", 4);
	CAPTURE(c, status = out_result(&text));
	CHECK_INT(status, 0);
	CHECK(c.out.len == 4 && memcmp(c.out.data, "a\0b\n", 4) == 0);
	CHECK_STR(rf_buf_cstr(&c.err), "");
}

static void an_empty_result_prints_nothing(void)
{
	AUTO_BUF text = {.data = NULL};
	int status;

	CAPTURE(c, status = out_result(&text));
	CHECK_INT(status, 0);
	CHECK_INT(c.out.len + c.err.len, 0);
}

static void half_a_result_is_not_printed(void)
{
	AUTO_BUF text = {.max = 4};
	int status;

	rf_buf_add_c(&text, "abc");
	rf_buf_add_c(&text, "def");
	CAPTURE(c, status = out_result(&text));
	CHECK_INT(status, 2);
	CHECK_STR(rf_buf_cstr(&c.out), "");
	CHECK_STR(rf_buf_cstr(&c.err), "ringfence: error: out of memory\n");
}

static void a_result_that_cannot_be_written_is_an_error(void)
{
	AUTO_BUF text = {.data = NULL};
	int status, full = open("/dev/full", O_WRONLY | O_CLOEXEC), saved = dup(1);

	if (full < 0 || saved < 0)
		SKIP("there is no /dev/full");
	rf_buf_add_c(&text, "a");
	CAPTURED c = capture_begin();
	dup2(full, 1);
	status = out_result(&text);
	capture_end(&c);
	close(full);
	close(saved);
	CHECK_INT(status, 2);
	CHECK(strstr(rf_buf_cstr(&c.err), "ringfence: error: standard output: "));
}

static void errors_and_warnings_go_to_standard_error(void)
{
	const struct rf_err err = {.code = RF_EABSENT, .msg = "no 100% such thing"};
	int status;

	CAPTURE(c, (status = out_error(&err), out_warning("%s, %d", "w", 7)));
	CHECK_INT(status, 2);
	CHECK_STR(rf_buf_cstr(&c.out), "");
	CHECK_STR(rf_buf_cstr(&c.err),
		"ringfence: error: no 100% such thing\nringfence: warning: w, 7\n");
}

/* --- findings --- */

static void findings_have_their_place_and_are_counted(void)
{
	AUTO_DIAGS diags = {.error_count = 0};
	int status;

	rf_diag_add(&diags, RF_ERROR, (struct rf_pos){"a.yaml", 3, 7}, "first");
	rf_diag_add(&diags, RF_WARNING, (struct rf_pos){"b.yaml", 0, 0}, "second");
	rf_diag_add(&diags, RF_NOTE, (struct rf_pos){.file = NULL}, "third");
	CAPTURE(c, status = out_diags(&diags));
	CHECK_INT(status, 2);
	CHECK_STR(rf_buf_cstr(&c.out), "");
	CHECK_STR(rf_buf_cstr(&c.err), "a.yaml:3:7: error: first\nb.yaml: warning: second\n"
				       "ringfence: note: third\n"
				       "1 error in the manifests; nothing was done\n");
}

static void without_an_error_findings_stop_nothing(void)
{
	AUTO_DIAGS none = {.error_count = 0};
	AUTO_DIAGS diags = {.error_count = 0};
	int status[2];

	rf_diag_add(&diags, RF_WARNING, (struct rf_pos){"b.yaml", 1, 1}, "w");
	CAPTURE(c, (status[0] = out_diags(&none), status[1] = out_diags(&diags)));
	CHECK_INT(status[0], 0);
	CHECK_INT(status[1], 0);
	CHECK_STR(rf_buf_cstr(&c.err), "b.yaml:1:1: warning: w\n");
}

static void findings_over_the_limit_are_counted(void)
{
	AUTO_DIAGS diags = {.error_count = 0};
	int status;

	for (int i = 0; i < RF_DIAGS_MAX + 5; i++)
		rf_diag_add(&diags, RF_ERROR, (struct rf_pos){"a", 1, 1}, "e");
	CAPTURE(c, status = out_diags(&diags));
	CHECK_INT(status, 2);
	CHECK(strstr(rf_buf_cstr(&c.err), "\n1005 errors in the manifests (5 findings are not "
					  "shown); nothing was done\n"));
}

/* --- tables --- */

static void table_done(struct out_table *table)
{
	out_table_done(table);
}
#define TABLE CLEANUP(table_done) struct out_table

static void columns_are_as_wide_as_their_widest_cell(void)
{
	TABLE table = {.columns = 3};
	AUTO_BUF out = {.data = NULL};

	out_table_add(&table, OUT_BOLD, "NAME");
	out_table_add(&table, OUT_BOLD, "STATE");
	out_table_add(&table, OUT_BOLD, "N");
	out_table_add(&table, OUT_PLAIN, "frontend");
	out_table_add(&table, OUT_GOOD, "ok");
	out_table_addf(&table, OUT_PLAIN, "%d", 1234);
	out_table_print(&table, false, &out);
	CHECK_STR(rf_buf_cstr(&out), "NAME      STATE  N\nfrontend  ok     1234\n");
}

static void cells_of_other_scripts_are_measured_in_characters(void)
{
	TABLE table = {.columns = 2};
	AUTO_BUF out = {.data = NULL};

	out_table_add(&table, OUT_PLAIN, "café");
	out_table_add(&table, OUT_PLAIN, "a");
	out_table_add(&table, OUT_PLAIN, "bar");
	out_table_add(&table, OUT_PLAIN, "b");
	out_table_print(&table, false, &out);
	CHECK_STR(rf_buf_cstr(&out), "café  a\nbar   b\n");
	CHECK_INT(out_width("naïve"), 5);
	CHECK_INT(out_width(""), 0);
}

static void colour_takes_no_room_in_a_table(void)
{
	TABLE table = {.columns = 2};
	AUTO_BUF out = {.data = NULL};

	out_table_add(&table, OUT_GOOD, "a");
	out_table_add(&table, OUT_PLAIN, "b");
	out_table_print(&table, true, &out);
	CHECK_STR(rf_buf_cstr(&out), "\033[1;32ma\033[0m  b\n");
}

static void an_empty_table_prints_nothing(void)
{
	TABLE table = {.columns = 2};
	AUTO_BUF out = {.data = NULL};

	out_table_print(&table, false, &out);
	CHECK(!out.failed);
	CHECK_INT(out.len, 0);
}

static void a_table_that_lost_a_cell_is_not_printed(void)
{
	TABLE table = {.columns = 2, .failed = true};
	AUTO_BUF out = {.data = NULL};

	out_table_print(&table, false, &out);
	CHECK(out.failed);
}

/* --- colour --- */

static void styles_are_escapes_only_where_colour_is_wanted(void)
{
	AUTO_BUF plain = {.data = NULL};
	AUTO_BUF coloured = {.data = NULL};

	out_style(&plain, false, OUT_BAD, "%s", "x");
	CHECK_STR(rf_buf_cstr(&plain), "x");
	out_style(&coloured, true, OUT_BAD, "%s", "x");
	out_style(&coloured, true, OUT_PLAIN, "y");
	CHECK_STR(rf_buf_cstr(&coloured), "\033[1;31mx\033[0my");
}

static void only_a_terminal_gets_colour(void)
{
	AUTO_FD master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	AUTO_FD terminal = -1;
	AUTO_FD null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	char name[64];

	if (master < 0 || unlockpt(master) < 0 || ptsname_r(master, name, sizeof(name)) != 0)
		SKIP("there are no pseudo-terminals");
	terminal = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal < 0)
		SKIP("there are no pseudo-terminals");
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	CHECK(out_has_colour(terminal));
	CHECK(!out_has_colour(null));
	CHECK(!out_has_colour(-1));
	setenv("NO_COLOR", "", 1);
	CHECK(out_has_colour(terminal));
	setenv("NO_COLOR", "1", 1);
	CHECK(!out_has_colour(terminal));
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	CHECK(!out_has_colour(terminal));
	unsetenv("TERM");
	CHECK(!out_has_colour(terminal));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_result_goes_to_standard_output_as_it_is);
	RUN(an_empty_result_prints_nothing);
	RUN(half_a_result_is_not_printed);
	RUN(a_result_that_cannot_be_written_is_an_error);
	RUN(errors_and_warnings_go_to_standard_error);
	RUN(findings_have_their_place_and_are_counted);
	RUN(without_an_error_findings_stop_nothing);
	RUN(findings_over_the_limit_are_counted);
	RUN(columns_are_as_wide_as_their_widest_cell);
	RUN(cells_of_other_scripts_are_measured_in_characters);
	RUN(colour_takes_no_room_in_a_table);
	RUN(an_empty_table_prints_nothing);
	RUN(a_table_that_lost_a_cell_is_not_printed);
	RUN(styles_are_escapes_only_where_colour_is_wanted);
	RUN(only_a_terminal_gets_colour);
	return TAP_END();
}
