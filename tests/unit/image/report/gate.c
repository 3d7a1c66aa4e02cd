/* image/report/gate.h as a truth table. */
#include "tests/unit/image/report/sample.h"

#include "image/report/gate.h"
#include "image/report/when.h"

#define NOW 1795600000 /* 2026-11-25 */

/* One finding in an otherwise empty report with a fresh database. */
struct world {
	struct scan_report report;
	struct scan_package package;
	struct scan_finding finding;
	struct rf_str fix;
	char built[WHEN_TEXT_SIZE];
};

static void world_init(struct world *w)
{
	*w = (struct world){.fix = RF_STR("2.0"),
		.package = {.name = RF_STR("p"),
			.version = RF_STR("1.0"),
			.location = RF_STR("/p")},
		.finding = {.id = RF_STR("X-1"),
			.tier = SCAN_TIER_LINKED,
			.level = VULN_LEVEL_CRITICAL}};
	when_text(NOW - 3600, w->built);
	w->report = (struct scan_report){.packages = &w->package,
		.package_count = 1,
		.findings = &w->finding,
		.finding_count = 1,
		.database = {.present = true, .built = rf_str_of(w->built)}};
}

static const struct gate_opts critical = {
	.on = true, .min_level = VULN_LEVEL_CRITICAL, .tier = SCAN_TIER_LINKED, .now_s = NOW};

/* What gate_judge() says; its sentences, joined by "|". */
static bool judge(const struct gate_opts *opts, const struct scan_report *report,
	struct rf_buf *reasons, struct rf_buf *notes)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	struct gate_verdict verdict;

	if (!arena || gate_judge(opts, report, arena, &verdict) < 0)
		abort();
	for (size_t i = 0; i < verdict.reasons.count; i++)
		rf_buf_addf(reasons, "%s%s", i ? "|" : "", verdict.reasons.items[i].ptr);
	for (size_t i = 0; i < verdict.notes.count; i++)
		rf_buf_addf(notes, "%s%s", i ? "|" : "", verdict.notes.items[i].ptr);
	CHECK(verdict.pass == (verdict.reasons.count == 0));
	return verdict.pass;
}

static void a_packed_program_fails_every_gate_unless_it_is_ignored(void)
{
	struct scan_file files[] = {{.kind = SCAN_FILE_UNREADABLE, .location = RF_STR("/bad")},
		{.kind = SCAN_FILE_PACKED,
			.location = RF_STR("/app"),
			.detail = RF_STR("packed with UPX")}};
	struct gate_opts opts = critical;
	AUTO_BUF reasons = {.len = 0}, notes = {.len = 0}, none = {.len = 0};
	struct world w;

	world_init(&w);
	w.report.finding_count = 0;
	w.report.files = files;
	w.report.file_count = 2;
	opts.fixable = true;
	CHECK(!judge(&opts, &w.report, &reasons, &notes));
	CHECK_STR(rf_buf_cstr(&reasons),
		"/app is packed with UPX: nobody knows what is in it (unpack it, with `upx -d` for "
		"UPX; or ignore \"packed\" with a reason, in an ignore file)");
	files[1].suppressed = RF_STR("ignored until 2027-01-31: a game");
	CHECK(judge(&opts, &w.report, &none, &notes));
	files[1].suppressed = RF_STR("");
	opts.on = false;
	CHECK(judge(&opts, &w.report, &none, &notes));
}

static void levels_and_the_gate(void)
{
	static const char *const gates[] = {"any", "low", "medium", "high", "critical"};
	/* By level of the finding, from unrated to critical: does the gate refuse it? */
	static const struct {
		enum vuln_level level;
		const char *refused; /* a letter a gate */
	} rows[] = {
		{VULN_LEVEL_UNRATED, "yyyyn"},
		{VULN_LEVEL_NONE, "ynnnn"},
		{VULN_LEVEL_LOW, "yynnn"},
		{VULN_LEVEL_MEDIUM, "yyynn"},
		{VULN_LEVEL_HIGH, "yyyyn"},
		{VULN_LEVEL_CRITICAL, "yyyyy"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows) * RF_ARRAY_LEN(gates); i++) {
		size_t row = i / RF_ARRAY_LEN(gates), gate = i % RF_ARRAY_LEN(gates);
		struct gate_opts opts = {.tier = SCAN_TIER_LINKED, .now_s = NOW};
		AUTO_BUF reasons = {.len = 0};
		AUTO_BUF notes = {.len = 0};
		struct world w;

		world_init(&w);
		w.finding.level = rows[row].level;
		REQUIRE(gate_level_find(rf_str_of(gates[gate]), &opts));
		CHECKF(judge(&opts, &w.report, &reasons, &notes) ==
				(rows[row].refused[gate] == 'n'),
			"%s, --fail-on %s", vuln_level_name(rows[row].level), gates[gate]);
	}
}

static void tiers_and_the_gate(void)
{
	/* By the finding's tier; a letter a gate's tier: absent, linked, path, unknown. */
	static const char *const refused[] = {
		[SCAN_TIER_ABSENT] = "ynnn",
		[SCAN_TIER_LINKED] = "yynn",
		[SCAN_TIER_PATH] = "yyyn",
		[SCAN_TIER_UNKNOWN] = "yyyy",
	};

	for (unsigned i = 0; i < 16; i++) {
		struct gate_opts opts = critical;
		AUTO_BUF reasons = {.len = 0};
		AUTO_BUF notes = {.len = 0};
		struct world w;

		world_init(&w);
		w.finding.tier = i / 4;
		opts.tier = i % 4;
		CHECKF(judge(&opts, &w.report, &reasons, &notes) == (refused[i / 4][i % 4] == 'n'),
			"%s, --tier %s", scan_tier_name(i / 4), scan_tier_name(i % 4));
	}
}

static void only_what_can_be_fixed_when_so_asked(void)
{
	struct gate_opts opts = critical;
	AUTO_BUF reasons = {.len = 0};
	AUTO_BUF notes = {.len = 0};
	struct world w;

	world_init(&w);
	opts.fixable = true;
	CHECK(judge(&opts, &w.report, &reasons, &notes));
	w.finding.fixed = (struct scan_strs){&w.fix, 1};
	CHECK(!judge(&opts, &w.report, &reasons, &notes));
}

static void what_is_suppressed_does_not_count(void)
{
	AUTO_BUF reasons = {.len = 0};
	AUTO_BUF notes = {.len = 0};
	struct world w;

	world_init(&w);
	w.finding.suppressed = RF_STR("not affected");
	CHECK(judge(&critical, &w.report, &reasons, &notes));
}

static void unrated_findings_are_named_where_they_do_not_fail(void)
{
	AUTO_BUF reasons = {.len = 0};
	AUTO_BUF notes = {.len = 0};
	struct world w;

	world_init(&w);
	w.finding.level = VULN_LEVEL_UNRATED;
	CHECK(judge(&critical, &w.report, &reasons, &notes));
	CHECK(strstr(rf_buf_cstr(&notes), "1 unrated finding: X-1 in p 1.0 at /p"));
	w.finding.known_exploited = true;
	CHECK(!judge(&critical, &w.report, &reasons, &notes));
	CHECK_STR(rf_buf_cstr(&reasons), "1 unrated finding: X-1 in p 1.0 at /p");
}

static void a_verdict_counts_by_level_and_names_the_worst(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	struct gate_opts opts = {.on = true, .any = true, .tier = SCAN_TIER_LINKED, .now_s = NOW};
	AUTO_BUF reasons = {.len = 0};
	AUTO_BUF notes = {.len = 0};

	CHECK(!judge(&opts, r, &reasons, &notes));
	CHECK(strstr(rf_buf_cstr(&reasons), "1 high, 1 medium, 1 low, 1 unrated findings: "
					    "GO-2024-2687 in golang.org/x/net v0.17.0 at /app; "
					    "GO-2024-2599 in stdlib 1.21.1 at /tool; "));
}

static void more_findings_than_fit_a_line_are_counted(void)
{
	struct scan_finding many[9];
	AUTO_BUF reasons = {.len = 0};
	AUTO_BUF notes = {.len = 0};
	struct world w;

	world_init(&w);
	for (size_t i = 0; i < RF_ARRAY_LEN(many); i++)
		many[i] = w.finding;
	w.report.findings = many;
	w.report.finding_count = RF_ARRAY_LEN(many);
	CHECK(!judge(&critical, &w.report, &reasons, &notes));
	CHECK(strstr(rf_buf_cstr(&reasons), "; and 4 more"));
}

static void a_gate_without_a_database_fails_by_name(void)
{
	AUTO_BUF reasons = {.len = 0};
	AUTO_BUF notes = {.len = 0};
	struct world w;

	world_init(&w);
	w.report.finding_count = 0;
	w.report.database.present = false;
	CHECK(!judge(&critical, &w.report, &reasons, &notes));
	CHECK(strstr(rf_buf_cstr(&reasons), "there is no vulnerability database"));
}

static void the_age_of_the_database_counts_by_name(void)
{
	static const struct {
		int64_t age_s;
		uint64_t max_age_s;
		const char *reason; /* a part of it; NULL: passes */
	} rows[] = {
		{0, 0, NULL},
		{10 * 86400, 0, NULL},
		{7 * 86400, 7 * 86400, NULL},
		{7 * 86400 + 1, 7 * 86400, "is 7 days old; the limit (--max-age) is 7 days"},
		{40 * 86400, 86400, "is 40 days old; the limit (--max-age) is 1 day"},
		{3 * 3600, 3600, "is 3 hours old; the limit (--max-age) is 1 hour"},
		{-3600, 3600, NULL},
		{-2 * 86400, 3600, "is from the future"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		struct gate_opts opts = {.now_s = NOW, .max_age_s = rows[i].max_age_s};
		AUTO_BUF reasons = {.len = 0};
		AUTO_BUF notes = {.len = 0};
		struct world w;

		world_init(&w);
		when_text(NOW - rows[i].age_s, w.built);
		CHECKF(judge(&opts, &w.report, &reasons, &notes) == !rows[i].reason, "row %zu", i);
		if (rows[i].reason)
			CHECKF(strstr(rf_buf_cstr(&reasons), rows[i].reason), "row %zu: %s", i,
				rf_buf_cstr(&reasons));
	}
}

static void a_database_without_a_date_is_too_old(void)
{
	struct gate_opts opts = {.now_s = NOW, .max_age_s = 3600};
	AUTO_BUF reasons = {.len = 0};
	AUTO_BUF notes = {.len = 0};
	struct world w;

	world_init(&w);
	w.report.database.built = RF_STR("recently");
	CHECK(!judge(&opts, &w.report, &reasons, &notes));
	CHECK(strstr(rf_buf_cstr(&reasons), "does not say when it was built"));
}

static void a_gate_that_is_off_lets_everything_through(void)
{
	static const struct gate_opts off = {.now_s = NOW};
	AUTO_BUF reasons = {.len = 0};
	AUTO_BUF notes = {.len = 0};
	struct world w;

	world_init(&w);
	w.report.database.present = false;
	CHECK(judge(&off, &w.report, &reasons, &notes));
	CHECK(!gate_counts(&off, &w.finding));
}

static void failures_of_the_caller_fail_even_a_gate_that_is_off(void)
{
	struct rf_str expired = RF_STR("ignore.yaml:3: GO-1 is over");
	struct gate_opts off = {.now_s = NOW, .failures = {&expired, 1}};
	AUTO_BUF reasons = {.len = 0};
	AUTO_BUF notes = {.len = 0};
	struct world w;

	world_init(&w);
	CHECK(!judge(&off, &w.report, &reasons, &notes));
	CHECK_STR(rf_buf_cstr(&reasons), "ignore.yaml:3: GO-1 is over");
}

static void secrets_count_when_so_asked(void)
{
	struct scan_secret secret = {
		.title = RF_STR("AWS key"), .severity = RF_STR("high"), .location = RF_STR("/k")};
	struct gate_opts opts = critical;
	AUTO_BUF reasons = {.len = 0};
	AUTO_BUF notes = {.len = 0};
	struct world w;

	world_init(&w);
	w.report.finding_count = 0;
	w.report.secrets = &secret;
	w.report.secret_count = 1;
	opts.min_level = VULN_LEVEL_HIGH;
	CHECK(judge(&opts, &w.report, &reasons, &notes));
	opts.secrets = true;
	CHECK(!judge(&opts, &w.report, &reasons, &notes));
	CHECK_STR(rf_buf_cstr(&reasons), "secrets: AWS key at /k");
	opts.min_level = VULN_LEVEL_CRITICAL;
	CHECK(judge(&opts, &w.report, &reasons, &notes));
}

static void other_words_are_no_level(void)
{
	static const char *const words[] = {"", "none", "unrated", "all", "sometimes"};
	struct gate_opts opts = {.on = false};

	for (size_t i = 0; i < RF_ARRAY_LEN(words); i++)
		CHECKF(!gate_level_find(rf_str_of(words[i]), &opts), "%s", words[i]);
	CHECK(!opts.on);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(levels_and_the_gate);
	RUN(a_packed_program_fails_every_gate_unless_it_is_ignored);
	RUN(tiers_and_the_gate);
	RUN(only_what_can_be_fixed_when_so_asked);
	RUN(what_is_suppressed_does_not_count);
	RUN(unrated_findings_are_named_where_they_do_not_fail);
	RUN(a_verdict_counts_by_level_and_names_the_worst);
	RUN(more_findings_than_fit_a_line_are_counted);
	RUN(a_gate_without_a_database_fails_by_name);
	RUN(the_age_of_the_database_counts_by_name);
	RUN(a_database_without_a_date_is_too_old);
	RUN(a_gate_that_is_off_lets_everything_through);
	RUN(failures_of_the_caller_fail_even_a_gate_that_is_off);
	RUN(secrets_count_when_so_asked);
	RUN(other_words_are_no_level);
	return TAP_END();
}
