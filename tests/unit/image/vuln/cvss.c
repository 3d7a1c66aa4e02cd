/*
 * CVSS. The first rows are examples of the specifications; the others were drawn at random, their
 * scores those of an independent implementation (PyPI's "cvss").
 */
#include "tests/lib/tap.h"

#include "base/fd.h"
#include "image/vuln/cvss.h"

static const struct {
	const char *vector;
	unsigned tenths;
} rows[] = {
	/* CVE-2002-0392, CVE-2003-0818, CVE-2003-0062: section 3.3 of the guide to CVSS 2. */
	{"AV:N/AC:L/Au:N/C:N/I:N/A:C", 78},
	{"(AV:N/AC:L/Au:N/C:C/I:C/A:C)", 100},
	{"AV:L/AC:H/Au:N/C:C/I:C/A:C/E:POC/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:M", 62},
	/* Of the CVSS 3.1 examples: CVE-2013-1937, -0375, 2014-3566, 2012-1516, 2009-0783, ... */
	{"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 61},
	{"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 64},
	{"CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 31},
	{"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 99},
	{"CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 42},
	{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 75},
	{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98},
	{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 100},
	{"CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", 0},
	/* The order of metrics does not matter, and other groups do not count. */
	{"CVSS:3.1/A:H/I:H/C:H/S:U/UI:N/PR:N/AC:L/AV:N", 98},
	{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:U/MAV:P/MC:N/CR:L", 98},
	{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 100},
	{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 93},
	{"CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:N/VI:H/VA:N/SC:N/SI:N/SA:N/E:U/U:Amber/MSI:S", 82},
	{"CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0},
	{"AV:A/AC:L/Au:S/C:P/I:C/A:C", 74},
	{"AV:L/AC:H/Au:N/C:P/I:C/A:C", 59},
	{"AV:L/AC:H/Au:S/C:P/I:N/A:N", 10},
	{"AV:N/AC:L/Au:N/C:N/I:C/A:P", 85},
	{"AV:A/AC:L/Au:N/C:C/I:C/A:N", 78},
	{"AV:N/AC:H/Au:N/C:N/I:N/A:N", 0},
	{"AV:L/AC:H/Au:N/C:N/I:P/A:P", 26},
	{"AV:A/AC:L/Au:M/C:C/I:N/A:C", 67},
	{"AV:A/AC:M/Au:M/C:C/I:N/A:P", 54},
	{"AV:N/AC:M/Au:S/C:C/I:N/A:C", 79},
	{"AV:A/AC:M/Au:M/C:C/I:P/A:N", 54},
	{"AV:L/AC:L/Au:M/C:P/I:N/A:P", 29},
	{"AV:A/AC:H/Au:M/C:C/I:N/A:N", 40},
	{"AV:L/AC:H/Au:S/C:P/I:C/A:P", 50},
	{"AV:A/AC:H/Au:N/C:C/I:N/A:C", 62},
	{"AV:A/AC:M/Au:M/C:P/I:P/A:N", 34},
	{"CVSS:3.0/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L", 24},
	{"CVSS:3.0/AV:P/AC:L/PR:H/UI:N/S:C/C:H/I:N/A:H", 68},
	{"CVSS:3.0/AV:A/AC:H/PR:H/UI:R/S:U/C:L/I:L/A:N", 29},
	{"CVSS:3.0/AV:N/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:L", 20},
	{"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:L/I:N/A:H", 93},
	{"CVSS:3.0/AV:L/AC:H/PR:L/UI:N/S:U/C:N/I:N/A:H", 47},
	{"CVSS:3.0/AV:A/AC:L/PR:H/UI:R/S:C/C:H/I:L/A:N", 65},
	{"CVSS:3.0/AV:P/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:H", 49},
	{"CVSS:3.0/AV:A/AC:L/PR:N/UI:N/S:C/C:L/I:H/A:N", 82},
	{"CVSS:3.0/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:L/A:N", 52},
	{"CVSS:3.0/AV:P/AC:H/PR:L/UI:R/S:C/C:H/I:N/A:H", 66},
	{"CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:U/C:L/I:N/A:N", 43},
	{"CVSS:3.0/AV:N/AC:L/PR:L/UI:R/S:C/C:N/I:N/A:N", 0},
	{"CVSS:3.0/AV:A/AC:H/PR:L/UI:N/S:U/C:L/I:N/A:L", 37},
	{"CVSS:3.0/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:H", 56},
	{"CVSS:3.0/AV:L/AC:L/PR:N/UI:N/S:C/C:N/I:H/A:L", 79},
	{"CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:C/C:H/I:L/A:H", 92},
	{"CVSS:3.1/AV:N/AC:L/PR:L/UI:R/S:U/C:H/I:L/A:N", 63},
	{"CVSS:3.1/AV:P/AC:L/PR:L/UI:N/S:C/C:L/I:H/A:N", 59},
	{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:L/I:H/A:L", 99},
	{"CVSS:3.1/AV:P/AC:H/PR:L/UI:R/S:U/C:H/I:H/A:N", 55},
	{"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:L", 61},
	{"CVSS:3.1/AV:P/AC:H/PR:N/UI:R/S:C/C:N/I:H/A:H", 67},
	{"CVSS:3.1/AV:A/AC:L/PR:L/UI:R/S:C/C:N/I:L/A:L", 48},
	{"CVSS:3.1/AV:L/AC:L/PR:H/UI:R/S:U/C:N/I:L/A:N", 20},
	{"CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:C/C:L/I:N/A:H", 79},
	{"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:L/I:L/A:N", 54},
	{"CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:C/C:H/I:H/A:L", 67},
	{"CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:L", 73},
	{"CVSS:3.1/AV:L/AC:H/PR:H/UI:N/S:U/C:L/I:L/A:N", 30},
	{"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:L", 65},
	{"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:N", 48},
	{"CVSS:3.1/AV:N/AC:H/PR:H/UI:N/S:U/C:N/I:L/A:L", 33},
	{"CVSS:3.1/AV:A/AC:H/PR:H/UI:N/S:U/C:L/I:H/A:L", 53},
	{"CVSS:3.1/AV:A/AC:H/PR:L/UI:N/S:U/C:L/I:H/A:H", 67},
	{"CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H", 70},
	{"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:L/I:H/A:L", 76},
	{"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:L/A:H", 66},
	{"CVSS:3.1/AV:P/AC:H/PR:L/UI:N/S:U/C:N/I:L/A:N", 18},
	{"CVSS:3.1/AV:A/AC:H/PR:H/UI:N/S:C/C:N/I:H/A:H", 73},
	{"CVSS:4.0/AV:P/AC:H/AT:N/PR:N/UI:P/VC:N/VI:N/VA:L/SC:N/SI:N/SA:N", 10},
	{"CVSS:4.0/AV:A/AC:H/AT:P/PR:H/UI:P/VC:N/VI:H/VA:L/SC:H/SI:N/SA:N", 56},
	{"CVSS:4.0/AV:L/AC:H/AT:N/PR:L/UI:A/VC:H/VI:N/VA:H/SC:N/SI:L/SA:H", 58},
	{"CVSS:4.0/AV:N/AC:H/AT:N/PR:L/UI:N/VC:N/VI:H/VA:H/SC:N/SI:L/SA:L", 61},
	{"CVSS:4.0/AV:P/AC:H/AT:N/PR:L/UI:P/VC:H/VI:L/VA:L/SC:L/SI:N/SA:L", 44},
	{"CVSS:4.0/AV:N/AC:L/AT:P/PR:H/UI:N/VC:L/VI:H/VA:N/SC:H/SI:H/SA:H", 72},
	{"CVSS:4.0/AV:A/AC:L/AT:N/PR:H/UI:P/VC:L/VI:N/VA:L/SC:H/SI:N/SA:L", 42},
	{"CVSS:4.0/AV:N/AC:H/AT:N/PR:H/UI:A/VC:L/VI:N/VA:H/SC:N/SI:N/SA:L", 57},
	{"CVSS:4.0/AV:N/AC:H/AT:P/PR:H/UI:A/VC:H/VI:N/VA:H/SC:N/SI:N/SA:N", 57},
	{"CVSS:4.0/AV:A/AC:L/AT:N/PR:N/UI:A/VC:N/VI:L/VA:H/SC:L/SI:N/SA:L", 69},
	{"CVSS:4.0/AV:A/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:N/SC:H/SI:L/SA:L", 93},
	{"CVSS:4.0/AV:N/AC:H/AT:P/PR:H/UI:A/VC:H/VI:H/VA:L/SC:N/SI:N/SA:H", 84},
	{"CVSS:4.0/AV:N/AC:L/AT:P/PR:L/UI:N/VC:N/VI:N/VA:N/SC:L/SI:N/SA:N", 23},
	{"CVSS:4.0/AV:A/AC:L/AT:P/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:L", 60},
	{"CVSS:4.0/AV:A/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:L/SC:N/SI:H/SA:N", 93},
	{"CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:L/VI:L/VA:L/SC:L/SI:N/SA:L", 63},
	{"CVSS:4.0/AV:P/AC:L/AT:P/PR:N/UI:A/VC:N/VI:H/VA:H/SC:H/SI:L/SA:L", 59},
	{"CVSS:4.0/AV:L/AC:H/AT:P/PR:N/UI:A/VC:H/VI:H/VA:N/SC:H/SI:L/SA:H", 85},
	{"CVSS:4.0/AV:P/AC:L/AT:P/PR:L/UI:P/VC:H/VI:N/VA:N/SC:H/SI:L/SA:H", 59},
	{"CVSS:4.0/AV:L/AC:H/AT:P/PR:N/UI:P/VC:H/VI:N/VA:H/SC:H/SI:L/SA:L", 71},
	{"CVSS:4.0/AV:P/AC:L/AT:N/PR:L/UI:A/VC:N/VI:H/VA:H/SC:L/SI:N/SA:L", 52},
	{"CVSS:4.0/AV:L/AC:L/AT:P/PR:H/UI:N/VC:N/VI:H/VA:L/SC:N/SI:L/SA:N", 57},
	{"CVSS:4.0/AV:A/AC:L/AT:P/PR:H/UI:N/VC:H/VI:N/VA:H/SC:N/SI:H/SA:L", 70},
	{"CVSS:4.0/AV:P/AC:H/AT:N/PR:N/UI:A/VC:L/VI:H/VA:H/SC:L/SI:L/SA:L", 46},
	{"CVSS:4.0/AV:L/AC:H/AT:N/PR:H/UI:P/VC:N/VI:H/VA:N/SC:N/SI:N/SA:H", 56},
	{"CVSS:4.0/AV:P/AC:L/AT:P/PR:L/UI:N/VC:L/VI:N/VA:N/SC:N/SI:H/SA:L", 20},
	{"CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:P/VC:N/VI:L/VA:L/SC:N/SI:L/SA:L", 10},
	{"CVSS:4.0/AV:L/AC:H/AT:P/PR:N/UI:N/VC:H/VI:N/VA:H/SC:N/SI:H/SA:L", 71},
	{"CVSS:4.0/AV:P/AC:L/AT:P/PR:H/UI:P/VC:H/VI:N/VA:N/SC:L/SI:H/SA:H", 59},
	{"CVSS:4.0/AV:P/AC:H/AT:P/PR:N/UI:N/VC:N/VI:H/VA:N/SC:L/SI:H/SA:H", 59},
	{"CVSS:4.0/AV:N/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:L/SC:N/SI:H/SA:H", 88},
	{"CVSS:4.0/AV:L/AC:H/AT:N/PR:H/UI:P/VC:L/VI:N/VA:L/SC:N/SI:N/SA:N", 10},
	{"CVSS:4.0/AV:P/AC:H/AT:N/PR:L/UI:A/VC:H/VI:H/VA:L/SC:H/SI:N/SA:L", 69},
	{"CVSS:4.0/AV:L/AC:H/AT:P/PR:H/UI:A/VC:N/VI:N/VA:N/SC:N/SI:H/SA:N", 18},
	{"CVSS:4.0/AV:L/AC:L/AT:N/PR:N/UI:A/VC:N/VI:H/VA:N/SC:H/SI:N/SA:H", 82},
	{"CVSS:4.0/AV:N/AC:H/AT:P/PR:L/UI:N/VC:N/VI:H/VA:H/SC:H/SI:N/SA:L", 72},
	{"CVSS:4.0/AV:N/AC:L/AT:N/PR:H/UI:N/VC:N/VI:L/VA:L/SC:L/SI:L/SA:H", 63},
	{"CVSS:4.0/AV:L/AC:H/AT:P/PR:H/UI:N/VC:H/VI:H/VA:L/SC:N/SI:H/SA:L", 84},
	{"CVSS:4.0/AV:P/AC:H/AT:P/PR:N/UI:P/VC:H/VI:N/VA:N/SC:L/SI:L/SA:N", 41},
	{"CVSS:4.0/AV:A/AC:H/AT:P/PR:H/UI:N/VC:L/VI:L/VA:H/SC:N/SI:H/SA:L", 70},
};

static void vectors_have_their_published_scores(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		struct cvss cvss = {.version = 0};
		struct rf_err err = {.msg = ""};
		int rc = cvss_parse(rf_str_of(rows[i].vector), &cvss, &err);

		CHECKF(rc == RF_OK && cvss.base_tenths == rows[i].tenths, "%s: %u, want %u (%s)",
			rows[i].vector, cvss.base_tenths, rows[i].tenths, err.msg);
	}
}

static void check_level(const char *vector, unsigned version, enum vuln_level level)
{
	struct cvss cvss = {.version = 0};

	CHECK_INT(cvss_parse(rf_str_of(vector), &cvss, NULL), RF_OK);
	CHECKF(cvss.version == version && cvss.level == level, "%s: version %u, %s", vector,
		cvss.version, vuln_level_name(cvss.level));
}

static void scores_have_levels(void)
{
	check_level("AV:N/AC:L/Au:N/C:C/I:C/A:C", 20, VULN_LEVEL_HIGH);
	check_level("AV:L/AC:H/Au:M/C:N/I:N/A:N", 20, VULN_LEVEL_NONE);
	check_level("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 30, VULN_LEVEL_CRITICAL);
	check_level("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 31, VULN_LEVEL_HIGH);
	check_level("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 31, VULN_LEVEL_MEDIUM);
	check_level("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 31, VULN_LEVEL_LOW);
	check_level("CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 40,
		VULN_LEVEL_NONE);
}

static void a_wrong_vector_is_told_why(void)
{
	static const struct {
		const char *vector, *want;
	} wrong[] = {
		{"", "is no metric and value"},
		{"AV:N", "metric AC is missing"},
		{"CVSS:3.2/AV:N", "want CVSS 2.0, 3.0, 3.1 or 4.0"},
		{"CVSS:3.1", "want CVSS 2.0, 3.0, 3.1 or 4.0"},
		{"CVSS:3.1/", "\"\" is no metric and value"},
		{"CVSS:3.1/AV:X", "metric AV has no value \"X\": want one of N A L P"},
		{"CVSS:3.1/AV:", "metric AV has no value \"\""},
		{"CVSS:3.1/AV:N/AV:N", "metric AV is repeated"},
		{"CVSS:3.1/AV:N/AT:N", "unknown metric \"AT\""},
		{"CVSS:3.1/AV:N/AC", "\"AC\" is no metric and value"},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/", "\"\" is no metric and value"},
		{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N",
			"metric SA is missing"},
		{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:S", "metric VI has no value \"S\""},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(wrong); i++) {
		struct cvss cvss = {.version = 7};
		struct rf_err err = {.msg = ""};

		CHECK_INT(cvss_parse(rf_str_of(wrong[i].vector), &cvss, &err), RF_EINPUT);
		CHECKF(strstr(err.msg, wrong[i].want), "\"%s\": %s", wrong[i].vector, err.msg);
		CHECK_INT(cvss.version, 7);
	}
}

static void a_vector_has_a_greatest_length(void)
{
	char text[CVSS_VECTOR_MAX + 1];
	struct rf_err err;
	struct cvss cvss;

	memset(text, 'A', sizeof(text));
	CHECK_INT(cvss_parse((struct rf_str){text, sizeof(text)}, &cvss, &err), RF_EINPUT);
	CHECK(strstr(err.msg, "at most 512 bytes"));
	CHECK_INT(cvss_parse((struct rf_str){text, CVSS_VECTOR_MAX}, &cvss, &err), RF_EINPUT);
}

static void levels_are_found_by_their_names(void)
{
	enum vuln_level level;

	for (unsigned i = 0; i <= VULN_LEVEL_CRITICAL; i++)
		CHECK(vuln_level_find(rf_str_of(vuln_level_name((enum vuln_level)i)), &level) &&
			level == (enum vuln_level)i);
	CHECK(vuln_level_find(RF_STR("Moderate"), &level) && level == VULN_LEVEL_MEDIUM);
	CHECK(vuln_level_find(RF_STR("IMPORTANT"), &level) && level == VULN_LEVEL_HIGH);
	CHECK(!vuln_level_find(RF_STR("bad"), &level));
	CHECK(!vuln_level_find(RF_STR(""), &level));
}

/* Every vector of the shared map of CVSS data for Go's advisories. */
static void vectors_of_real_advisories_are_read(void)
{
	const char *path = tap_shared_data("vuln/go-cvss.json");
	AUTO_BUF text = {0};
	struct rf_str rest, head;
	size_t count = 0;

	if (!path)
		SKIP("shared/data/vuln/go-cvss.json is not there");
	REQUIRE(rf_file_read(path, &text, NULL) == RF_OK);
	for (rest = rf_str_cut(rf_buf_str(&text), '"', &head); rest.ptr;
		rest = rf_str_cut(rest, '"', &head)) {
		struct cvss cvss;

		if (!rf_str_starts(head, RF_STR("CVSS:")))
			continue;
		count++;
		CHECKF(cvss_parse(head, &cvss, NULL) == RF_OK, RF_STR_FMT, RF_STR_ARG(head));
	}
	CHECKF(count > 500, "%zu vectors", count);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(vectors_have_their_published_scores);
	RUN(scores_have_levels);
	RUN(a_wrong_vector_is_told_why);
	RUN(a_vector_has_a_greatest_length);
	RUN(levels_are_found_by_their_names);
	RUN(vectors_of_real_advisories_are_read);
	return TAP_END();
}
