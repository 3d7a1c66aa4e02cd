/* image/scan/report.h: names and the order of reports; image/report/when.h. */
#include "tests/unit/image/report/sample.h"

#include "image/report/when.h"

static void packages_are_in_order_and_findings_still_name_them(void)
{
	AUTO_SCAN_REPORT *r = sample_new();

	for (size_t i = 1; i < r->package_count; i++)
		CHECK(rf_str_cmp(r->packages[i - 1].location, r->packages[i].location) <= 0);
	for (size_t i = 0; i < r->finding_count; i++) {
		const struct scan_finding *f = &r->findings[i];
		struct rf_str name = r->packages[f->package].name;

		if (rf_str_is(f->id, "GO-2024-2687"))
			CHECK(rf_str_is(name, "golang.org/x/net"));
		if (rf_str_is(f->id, "CVE-2024-0727"))
			CHECK(rf_str_is(name, "libssl3"));
		if (rf_str_is(f->id, "GO-2024-2599"))
			CHECK(rf_str_is(name, "stdlib"));
	}
}

static void findings_are_worst_first(void)
{
	static const char *const ids[] = {"GO-2023-2102", "GO-2024-2687", "GO-2024-2599",
		"GO-2024-2599", "CVE-2023-5678", "GHSA-<b>\"'&", "CVE-2024-0727"};
	AUTO_SCAN_REPORT *r = sample_new();

	REQUIRE(r->finding_count == RF_ARRAY_LEN(ids));
	for (size_t i = 0; i < RF_ARRAY_LEN(ids); i++)
		CHECK_STR(r->findings[i].id.ptr, ids[i]);
	CHECK(r->findings[2].package < r->findings[3].package);
}

static void secrets_and_files_are_by_location(void)
{
	AUTO_SCAN_REPORT *r = sample_new();

	CHECK_STR(r->secrets[0].location.ptr, "/z/key.pem");
	CHECK_STR(r->files[0].location.ptr, "/app");
	CHECK_STR(r->files[1].location.ptr, "/bin/su");
}

static void sorting_again_changes_nothing(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	static const struct report_opts opts = {.epoch_s = -1};
	AUTO_BUF once = {.len = 0};
	AUTO_BUF twice = {.len = 0};

	report_json(r, &opts, &once);
	CHECK_INT(scan_report_sort(r), RF_OK);
	report_json(r, &opts, &twice);
	CHECK(rf_str_eq(rf_buf_str(&once), rf_buf_str(&twice)));
}

/* Whatever order the scanner met things in. */
static void the_order_met_does_not_matter(void)
{
	AUTO_SCAN_REPORT *a = sample_new();
	AUTO_SCAN_REPORT *b = sample_new();
	static const struct report_opts opts = {.epoch_s = -1};
	AUTO_BUF one = {.len = 0};
	AUTO_BUF other = {.len = 0};

	for (size_t i = 0; i < b->package_count / 2; i++) {
		struct scan_package p = b->packages[i];
		size_t last = b->package_count - 1 - i;

		b->packages[i] = b->packages[last];
		b->packages[last] = p;
	}
	for (size_t i = 0; i < b->finding_count; i++)
		b->findings[i].package = (uint32_t)(b->package_count - 1 - b->findings[i].package);
	for (size_t i = 0; i < b->finding_count / 2; i++) {
		struct scan_finding f = b->findings[i];
		size_t last = b->finding_count - 1 - i;

		b->findings[i] = b->findings[last];
		b->findings[last] = f;
	}
	REQUIRE(scan_report_sort(b) == RF_OK);
	report_cyclonedx(a, &opts, &one);
	report_cyclonedx(b, &opts, &other);
	CHECK(one.len && rf_str_eq(rf_buf_str(&one), rf_buf_str(&other)));
}

static void a_finding_of_no_package_is_refused(void)
{
	AUTO_SCAN_REPORT *r = sample_new();

	r->findings[0].package = (uint32_t)r->package_count;
	CHECK_INT(scan_report_sort(r), RF_EINTERNAL);
}

static void an_empty_report_is_sorted(void)
{
	AUTO_SCAN_REPORT *r = scan_report_new();

	REQUIRE(r);
	CHECK_INT(scan_report_sort(r), RF_OK);
	scan_report_free(NULL);
}

static void tiers_have_names_both_ways(void)
{
	enum scan_tier tier = SCAN_TIER_ABSENT;

	CHECK(scan_tier_find(RF_STR("path"), &tier) && tier == SCAN_TIER_PATH);
	CHECK(!scan_tier_find(RF_STR("Path"), &tier));
	CHECK_STR(scan_tier_name(SCAN_TIER_UNKNOWN), "unknown");
	CHECK_STR(scan_file_kind_name(SCAN_FILE_WORLD_WRITABLE_DIR), "world-writable-directory");
}

static void times_are_read_and_written(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
		{"2024-02-29T23:59:60Z", "2024-03-01T00:00:00Z"},
		{"2026-11-01T12:00:00.123+02:00", "2026-11-01T10:00:00Z"},
		{"2000-12-31t23:30:00-01:00", "2001-01-01T00:30:00Z"},
		{"9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
		{"2100-02-28T00:00:00Z", "2100-02-28T00:00:00Z"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		char text[WHEN_TEXT_SIZE];
		int64_t s = -1;

		CHECKF(when_parse(rf_str_of(rows[i].text), &s), "%s", rows[i].text);
		CHECK_STR(when_text(s, text), rows[i].want);
	}
}

static void what_is_no_time_is_refused(void)
{
	static const char *const texts[] = {"", "2026", "2026-11-25", "2026-11-25T", "yesterday",
		"2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
		"2026-11-25T24:00:00Z", "2026-11-25T00:00:00", "2026-11-25T00:00:00+0100",
		"2026-11-25T00:00:00.Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00",
		"2026-11-25T00:00:00Z ", "-026-11-25T00:00:00Z"};
	int64_t s;

	for (size_t i = 0; i < RF_ARRAY_LEN(texts); i++)
		CHECKF(!when_parse(rf_str_of(texts[i]), &s), "%s", texts[i]);
	CHECK(when_parse_date(RF_STR("2026-11-25"), &s));
	CHECK(!when_parse_date(RF_STR("2026-11-31"), &s));
	CHECK(!when_parse_date(RF_STR("2026-11-25T00:00:00Z"), &s));
}

/* Every day of 400 years, against a count. */
static void the_calendar_goes_on_day_by_day(void)
{
	char text[WHEN_TEXT_SIZE], last[WHEN_TEXT_SIZE] = "";

	for (int64_t day = 0; day < 146097; day++) {
		int64_t s = -1;

		when_text(day * 86400, text);
		CHECKF(strcmp(last, text) < 0, "%s after %s", text, last);
		if (!when_parse(rf_str_of(text), &s) || s != day * 86400)
			CHECKF(false, "%s is not read back", text);
		memcpy(last, text, sizeof(last));
	}
	CHECK_STR(last, "2369-12-31T00:00:00Z");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(packages_are_in_order_and_findings_still_name_them);
	RUN(findings_are_worst_first);
	RUN(secrets_and_files_are_by_location);
	RUN(sorting_again_changes_nothing);
	RUN(the_order_met_does_not_matter);
	RUN(a_finding_of_no_package_is_refused);
	RUN(an_empty_report_is_sorted);
	RUN(tiers_have_names_both_ways);
	RUN(times_are_read_and_written);
	RUN(what_is_no_time_is_refused);
	RUN(the_calendar_goes_on_day_by_day);
	return TAP_END();
}
