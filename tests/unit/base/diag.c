/* Findings and errors. */
#include "base/diag.h"
#include "tests/lib/tap.h"

#include <errno.h>

static void findings_are_kept_in_order(void)
{
	AUTO_DIAGS diags = {.error_count = 0};
	struct rf_pos pos = {.file = "f", .line = 3, .col = 4};

	CHECK_INT(rf_diag_add(&diags, RF_ERROR, pos, "first %d", 1), RF_EINPUT);
	CHECK_INT(rf_diag_add(&diags, RF_WARNING, (struct rf_pos){.file = NULL}, "second"),
		RF_EINPUT);
	REQUIRE(diags.list.count == 2);
	CHECK_STR(diags.list.items[0].msg, "first 1");
	CHECK_INT(diags.list.items[0].pos.line, 3);
	CHECK_INT(diags.list.items[1].severity, RF_WARNING);
	CHECK_INT(diags.error_count, 1);
	CHECK_INT(diags.hidden_count, 0);
}

static void findings_over_the_cap_are_only_counted(void)
{
	AUTO_DIAGS diags = {.error_count = 0};

	for (int i = 0; i < RF_DIAGS_MAX + 5; i++)
		rf_diag_add(&diags, i % 2 ? RF_ERROR : RF_NOTE, (struct rf_pos){.line = 1}, "x");
	CHECK_INT(diags.list.count, RF_DIAGS_MAX);
	CHECK_INT(diags.hidden_count, 5);
	CHECK_INT(diags.error_count, RF_DIAGS_MAX / 2 + 2);
}

static void without_a_list_a_finding_is_dropped(void)
{
	CHECK_INT(rf_diag_add(NULL, RF_ERROR, (struct rf_pos){.line = 1}, "x"), RF_EINPUT);
}

static void severities_have_names(void)
{
	CHECK_STR(rf_severity_name(RF_NOTE), "note");
	CHECK_STR(rf_severity_name(RF_WARNING), "warning");
	CHECK_STR(rf_severity_name(RF_ERROR), "error");
}

static void an_error_records_code_and_words(void)
{
	struct rf_err err = {.code = RF_OK};

	CHECK_INT(rf_err_set(&err, RF_ELIMIT, "more than %d", 3), RF_ELIMIT);
	CHECK_INT(err.code, RF_ELIMIT);
	CHECK_STR(err.msg, "more than 3");
	CHECK_INT(rf_err_set(NULL, RF_ELIMIT, "x"), RF_ELIMIT);
	CHECK_INT(rf_err_nomem(&err), RF_EINTERNAL);
	CHECK_STR(err.msg, "out of memory");
}

static void a_system_error_says_why(void)
{
	struct rf_err err = {.code = RF_OK};

	CHECK_INT(rf_err_sys(&err, ENOENT, "open %s", "x"), RF_EIO);
	CHECK_INT(err.sys_errno, ENOENT);
	CHECK_STR(err.msg, "open x: No such file or directory");
	CHECK_INT(rf_err_sys(NULL, ENOENT, "x"), RF_EIO);
}

static void context_is_put_before_the_message(void)
{
	struct rf_err err = {.code = RF_OK};

	rf_err_set(&err, RF_EINPUT, "line 3");
	CHECK_INT(rf_err_wrap(&err, err.code, "reading %s", "f"), RF_EINPUT);
	CHECK_STR(err.msg, "reading f: line 3");
}

static void long_messages_are_cut_and_stay_terminated(void)
{
	struct rf_err err = {.code = RF_OK};
	char text[2000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	rf_err_set(&err, RF_EINPUT, "%s", text);
	CHECK_INT(strlen(err.msg), RF_ERR_MSG_SIZE - 1);
	rf_err_wrap(&err, RF_EINPUT, "context");
	CHECK_INT(strlen(err.msg), RF_ERR_MSG_SIZE - 1);
	rf_err_wrap(&err, RF_EINPUT, "%s", text);
	rf_err_sys(&err, EIO, "%s", text);
	CHECK_INT(strlen(err.msg), RF_ERR_MSG_SIZE - 1);
}

static void codes_have_names_and_exit_statuses(void)
{
	CHECK_INT(rf_code_exit(RF_OK), 0);
	for (int code = RF_EINTERNAL; code < 0; code++) {
		CHECK_INT(rf_code_exit(code), 2);
		CHECK(rf_code_name(code)[0] != '\0');
	}
	CHECK_STR(rf_code_name(RF_EINPUT), "input");
	CHECK_STR(rf_code_name(-999), "internal");
	CHECK_INT(rf_code_exit(-999), 2);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(findings_are_kept_in_order);
	RUN(findings_over_the_cap_are_only_counted);
	RUN(without_a_list_a_finding_is_dropped);
	RUN(severities_have_names);
	RUN(an_error_records_code_and_words);
	RUN(a_system_error_says_why);
	RUN(context_is_put_before_the_message);
	RUN(long_messages_are_cut_and_stay_terminated);
	RUN(codes_have_names_and_exit_statuses);
	return TAP_END();
}
