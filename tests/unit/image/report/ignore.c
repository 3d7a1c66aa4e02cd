/* image/report/ignore.h: what the file says, what it must not say, and what has expired. */
#include "tests/unit/image/report/sample.h"

#include "image/report/ignore.h"
#include "image/report/when.h"

static int64_t at(const char *time)
{
	int64_t s = 0;

	if (!when_parse(rf_str_of(time), &s))
		abort();
	return s;
}

static struct ignore_result apply(struct scan_report *r, const char *text, const char *now)
{
	struct ignore_result result = {.suppressed = 99};
	AUTO_DIAGS diags = {.error_count = 0};
	int rc = ignore_apply(r, rf_str_of(text), "ignore.yaml", at(now), &diags, &result);

	CHECKF(rc == RF_OK, "%d: %s", rc, diags.list.count ? diags.list.items[0].msg : "");
	return result;
}

#define NOW		"2026-11-25T12:00:00Z"
#define ENTRY(id, more) "- id: " id "\n" more "  reason: looked at\n  expires: 2027-01-31\n"

static void an_entry_suppresses_its_finding(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	struct ignore_result result = apply(r, ENTRY("GO-2024-2687", ""), NOW);

	CHECK_INT(result.suppressed, 1);
	CHECK_INT(result.expired.count + result.unused.count, 0);
	CHECK_STR(r->findings[1].suppressed.ptr, "ignored until 2027-01-31: looked at");
	CHECK(!r->findings[0].suppressed.len);
}

static void an_entry_may_use_an_alias(void)
{
	AUTO_SCAN_REPORT *r = sample_new();

	CHECK_INT(apply(r, ENTRY("CVE-2023-45288", ""), NOW).suppressed, 1);
	CHECK(r->findings[1].suppressed.len);
}

static void an_entry_may_be_about_one_package_or_place(void)
{
	static const struct {
		const char *text;
		size_t suppressed;
	} rows[] = {
		{ENTRY("GO-2024-2687", "  package: golang.org/x/net\n"), 1},
		{ENTRY("GO-2024-2687", "  package: golang.org/x/text\n"), 0},
		{ENTRY("GO-2024-2687", "  location: /app\n"), 1},
		{ENTRY("GO-2024-2687", "  location: /tool\n"), 0},
		{ENTRY("CVE-2024-0727", "  package: openssl\n"), 1}, /* the source package */
		{ENTRY("GO-2024-2599", "  location: /tool\n"), 1},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_SCAN_REPORT *r = sample_new();
		struct ignore_result result = apply(r, rows[i].text, NOW);

		CHECKF(result.suppressed == rows[i].suppressed, "%s", rows[i].text);
		CHECKF(result.unused.count == !rows[i].suppressed, "%s", rows[i].text);
	}
}

static void an_entry_may_be_about_packed_programs(void)
{
	static const struct {
		const char *text;
		size_t suppressed;
	} rows[] = {
		{ENTRY("packed", ""), 2},
		{ENTRY("packed", "  location: /b\n"), 1},
		{ENTRY("packed", "  location: /c\n"), 0}, /* which is not packed */
		{ENTRY("packed", "  package: openssl\n"), 0},
		{ENTRY("unreadable", ""), 0},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_SCAN_REPORT *r = sample_new();
		struct scan_file files[] = {{.kind = SCAN_FILE_PACKED, .location = RF_STR("/a")},
			{.kind = SCAN_FILE_PACKED, .location = RF_STR("/b")},
			{.kind = SCAN_FILE_UNREADABLE, .location = RF_STR("/c")}};
		struct ignore_result result;

		r->files = files;
		r->file_count = RF_ARRAY_LEN(files);
		result = apply(r, rows[i].text, NOW);
		CHECKF(result.suppressed == rows[i].suppressed, "%s", rows[i].text);
		CHECKF(result.unused.count == !rows[i].suppressed, "%s", rows[i].text);
		if (rows[i].suppressed)
			CHECK_STR(files[1].suppressed.ptr, "ignored until 2027-01-31: looked at");
	}
}

static void an_expired_entry_is_named_and_suppresses_nothing(void)
{
	static const char text[] = "# why\n- id: GO-2024-2687\n  reason: 'soon fixed'\n"
				   "  expires: 2026-11-24\n";
	AUTO_SCAN_REPORT *r = sample_new();
	struct ignore_result result = apply(r, text, NOW);

	CHECK_INT(result.suppressed, 0);
	CHECK(!r->findings[1].suppressed.len);
	REQUIRE(result.expired.count == 1);
	CHECK_STR(result.expired.items[0].ptr, "ignore.yaml:2: GO-2024-2687 is ignored until "
					       "2026-11-24, which is over (soon fixed)");
	CHECK_INT(result.unused.count, 0);
}

static void an_entry_counts_until_the_end_of_its_day(void)
{
	static const char text[] = "[{id: GO-2024-2687, reason: r, expires: 2026-11-25}]";
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_SCAN_REPORT *later = sample_new();

	CHECK_INT(apply(r, text, "2026-11-25T23:59:59Z").suppressed, 1);
	CHECK_INT(apply(later, text, "2026-11-26T00:00:00Z").expired.count, 1);
}

static void an_expired_entry_fails_even_when_nothing_has_that_name(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	struct ignore_result result = apply(r, "[{id: GO-1, reason: r, expires: 2020-01-01}]", NOW);

	CHECK_INT(result.expired.count, 1);
	CHECK_INT(result.unused.count, 0);
}

static void of_two_entries_one_may_have_expired(void)
{
	static const char text[] = "[{id: GO-2024-2687, reason: old, expires: 2020-01-01},"
				   "{id: CVE-2023-45288, reason: new, expires: 2030-01-01}]";
	AUTO_SCAN_REPORT *r = sample_new();
	struct ignore_result result = apply(r, text, NOW);

	CHECK_INT(result.suppressed, 1);
	CHECK_INT(result.expired.count, 1);
}

static void an_entry_that_matches_nothing_is_noted(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	struct ignore_result result = apply(r, ENTRY("GO-1", ""), NOW);

	REQUIRE(result.unused.count == 1);
	CHECK_STR(result.unused.items[0].ptr, "ignore.yaml:1: GO-1 is ignored but was not found");
}

static void an_empty_file_and_an_empty_list_ignore_nothing(void)
{
	static const char *const texts[] = {"", "# nothing\n", "[]", "---\n[]\n"};

	for (size_t i = 0; i < RF_ARRAY_LEN(texts); i++) {
		AUTO_SCAN_REPORT *r = sample_new();

		CHECK_INT(apply(r, texts[i], NOW).suppressed, 0);
	}
}

static void what_is_wrong_is_an_error_with_its_place(void)
{
	static const struct {
		const char *text;
		unsigned line, col;
		const char *msg;
	} rows[] = {
		{"id: x\n", 1, 1, "expected one list"},
		{"- x\n", 1, 3, "expected an ignore entry"},
		{"- id: x\n  reason: r\n", 1, 3, "expires"},
		{"- id: x\n  expires: 2027-01-31\n", 1, 3, "reason"},
		{"- reason: x\n  expires: 2027-01-31\n", 1, 3, "id"},
		{"- id: x\n  reason: ''\n  expires: 2027-01-31\n", 2, 3, "is empty"},
		{"- id: x\n  reason: r\n  expires: soon\n", 3, 3, "expected a date"},
		{"- id: x\n  reason: r\n  expires: 2027-02-30\n", 3, 3, "expected a date"},
		{"- id: x\n  reason: r\n  expires: 2027\n", 3, 12, "expected a string"},
		{"- id: x\n  reason: r\n  expire: 2027-01-31\n", 3, 3, "expire"},
		{"- id: x\n  reason: r\n  expires: 2027-01-31\n  id: y\n", 4, 3, "id"},
		{"[]\n---\n[]\n", 3, 1, "expected one list"},
		{"- [\n", 0, 0, ""},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_SCAN_REPORT *r = sample_new();
		AUTO_DIAGS diags = {.error_count = 0};
		struct ignore_result result;
		int rc = ignore_apply(
			r, rf_str_of(rows[i].text), "ignore.yaml", at(NOW), &diags, &result);
		const struct rf_diag *diag = diags.list.items;

		CHECKF(rc == RF_EINPUT && diags.error_count > 0, "%s: %d", rows[i].text, rc);
		if (!rows[i].line || !diag)
			continue;
		CHECKF(strstr(diag->msg, rows[i].msg), "%s: %s", rows[i].text, diag->msg);
		CHECKF(diag->pos.line == rows[i].line && diag->pos.col == rows[i].col, "%s: %u:%u",
			rows[i].text, diag->pos.line, diag->pos.col);
	}
}

static void one_wrong_entry_stops_the_others(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_DIAGS diags = {.error_count = 0};
	struct ignore_result result;

	CHECK_INT(ignore_apply(r, rf_str_of(ENTRY("GO-2024-2687", "") "- id: x\n"), "i", at(NOW),
			  &diags, &result),
		RF_EINPUT);
	CHECK(!r->findings[1].suppressed.len);
}

/* As an advisory of a distribution is about several. */
static void one_of_several_cves_does_not_ignore_the_others(void)
{
	static const struct {
		const char *text;
		size_t suppressed;
	} rows[] = {
		{ENTRY("CVE-2026-1", ""), 0},
		{ENTRY("CVE-2026-2", ""), 0},
		{ENTRY("CVE-2026-1", "") ENTRY("CVE-2026-2", ""), 1},
		{ENTRY("CVE-2026-1", "") "- {id: CVE-2026-2, reason: r, expires: 2020-01-01}\n", 0},
		{ENTRY("GO-2024-2687", ""), 1},
		{ENTRY("GHSA-1", ""), 1},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_SCAN_REPORT *r = sample_new();

		r->findings[1].aliases = SAMPLE_STRS(r, "CVE-2026-1", "CVE-2026-2", "GHSA-1");
		CHECKF(apply(r, rows[i].text, NOW).suppressed == rows[i].suppressed, "%s",
			rows[i].text);
	}
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(an_entry_suppresses_its_finding);
	RUN(an_entry_may_use_an_alias);
	RUN(one_of_several_cves_does_not_ignore_the_others);
	RUN(an_entry_may_be_about_packed_programs);
	RUN(an_entry_may_be_about_one_package_or_place);
	RUN(an_expired_entry_is_named_and_suppresses_nothing);
	RUN(an_entry_counts_until_the_end_of_its_day);
	RUN(an_expired_entry_fails_even_when_nothing_has_that_name);
	RUN(of_two_entries_one_may_have_expired);
	RUN(an_entry_that_matches_nothing_is_noted);
	RUN(an_empty_file_and_an_empty_list_ignore_nothing);
	RUN(what_is_wrong_is_an_error_with_its_place);
	RUN(one_wrong_entry_stops_the_others);
	return TAP_END();
}
