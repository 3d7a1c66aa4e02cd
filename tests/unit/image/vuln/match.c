/* Which entries speak of a package: versions, platforms, and the steps that mend it. */
#include "tests/unit/image/vuln/vuln_test.h"

static const char *const texts[] = {
	"{\"id\":\"G-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{"
	"\"ecosystem\":\"Go\",\"name\":\"m\"},\"ranges\":[{\"type\":\"SEMVER\",\"events\":["
	"{\"introduced\":\"0\"},{\"fixed\":\"1.2.3\"},{\"introduced\":\"1.3.0\"},"
	"{\"fixed\":\"1.3.4\"}]},{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"1.3.0\"},"
	"{\"fixed\":\"1.3.4\"},{\"introduced\":\"2.0.0\"},{\"last_affected\":\"2.1.0\"}]}]}]}",
	"{\"id\":\"G-2\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{"
	"\"ecosystem\":\"Go\",\"name\":\"w\"},\"ecosystem_specific\":{\"imports\":[{\"path\":\"w\","
	"\"goos\":[\"windows\",\"plan9\"]},{\"path\":\"w/arm\",\"goarch\":[\"arm\"]}]}}]}",
	"[{\"id\":\"D-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{"
	"\"ecosystem\":\"Debian:12\",\"name\":\"d\"},\"ranges\":[{\"type\":\"ECOSYSTEM\","
	"\"events\":["
	"{\"introduced\":\"0\"},{\"fixed\":\"1:2.0-3\"}]}]}]},{\"id\":\"D-2\",\"modified\":"
	"\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{\"ecosystem\":\"Debian:12\",\"name\":"
	"\"d\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"}]}]}]}]",
};

static struct vuln_subject subject_of(
	const char *name, const char *version, const char *goos, const char *goarch)
{
	return (struct vuln_subject){.ecosystem = RF_STR("Go"),
		.name = rf_str_of(name),
		.version = rf_str_of(version),
		.goos = rf_str_of(goos),
		.goarch = rf_str_of(goarch)};
}

static void any_range_that_holds_the_version_will_do(void)
{
	static const struct {
		const char *version, *ids;
	} rows[] = {
		{"v0.0.0", "G-1"},
		{"v1.2.2", "G-1"},
		{"v1.2.3", ""},
		{"v1.3.0-rc.1", ""},
		{"v1.3.0", "G-1"},
		{"v1.3.4", ""},
		{"v2.0.0", "G-1"},
		{"v2.1.0", "G-1"},
		{"v2.1.1-0.20240101000000-abcdefabcdef", ""},
	};
	AUTO_VULN_DB *db = test_db(texts, 3);

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++)
		CHECK_STR(test_ids(db, "Go", "m", rows[i].version), rows[i].ids);
}

static void versions_are_those_of_the_ecosystem(void)
{
	AUTO_VULN_DB *db = test_db(texts, 3);

	CHECK_STR(test_ids(db, "Debian:12", "d", "1:2.0-2+deb12u9"), "D-1 D-2");
	CHECK_STR(test_ids(db, "Debian:12", "d", "1:2.0-10"), "D-2");
	CHECK_STR(test_ids(db, "Debian:12", "d", "9.9-1"), "D-1 D-2");
	CHECK_STR(test_ids(db, "Debian:11", "d", "1.0"), "");
}

static void a_go_module_without_a_version_is_in_no_range(void)
{
	AUTO_VULN_DB *db = test_db(texts, 3);

	CHECK_STR(test_ids(db, "Go", "m", ""), "");
	CHECK_STR(test_ids(db, "Go", "m", "(devel)"), "");
}

static void a_version_that_cannot_be_compared_is_an_error(void)
{
	AUTO_VULN_DB *db = test_db(texts, 3);

	CHECK_STR(test_ids(db, "Go", "m", "latest"), "error: \"latest\" is no version of Go");
	/* What is not in the database is not judged at all. */
	CHECK_STR(test_ids(db, "Go", "other", "latest"), "");
	CHECK_STR(test_ids(db, "Packagist", "m", "latest"), "");
}

static void imports_are_for_platforms(void)
{
	static const struct {
		const char *goos, *goarch, *ids;
	} rows[] = {
		{"windows", "amd64", "G-2"},
		{"plan9", "386", "G-2"},
		{"linux", "amd64", ""},
		{"linux", "arm", "G-2"},
		{"linux", "arm64", ""},
		{"", "", "G-2"},
		{"linux", "", "G-2"},
		{"", "amd64", "G-2"},
	};
	AUTO_VULN_DB *db = test_db(texts, 3);

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		const struct vuln_subject subject =
			subject_of("w", "v1.0.0", rows[i].goos, rows[i].goarch);

		CHECK_STR(test_match(db, &subject), rows[i].ids);
	}
}

static int refuse(void *ctx, const struct vuln_affected *affected, struct rf_err *err)
{
	(void)affected;
	++*(unsigned *)ctx;
	return rf_err_set(err, RF_ELIMIT, "enough");
}

static void a_sink_ends_the_matching(void)
{
	AUTO_VULN_DB *db = test_db(texts, 3);
	const struct vuln_subject subject = {
		.ecosystem = RF_STR("Debian:12"), .name = RF_STR("d"), .version = RF_STR("1.0")};
	unsigned count = 0;
	const struct vuln_match_sink sink = {.hit = refuse, .ctx = &count};
	struct rf_err err;

	CHECK_INT(vuln_match(db, &subject, &sink, &err), RF_ELIMIT);
	CHECK_INT(count, 1);
	CHECK_STR(err.msg, "enough");
}

static const char *fixes_of(struct vuln_db *db, const char *version, size_t max)
{
	static char text[256];
	const struct vuln_subject subject = subject_of("m", version, "", "");
	struct vuln_affected_iter iter;
	struct vuln_affected affected;
	struct rf_str fixes[8];
	size_t count, len = 0;

	if (vuln_affected_find(db, RF_STR("Go"), RF_STR("m"), &iter, NULL) < 0 ||
		vuln_affected_next(&iter, &affected, NULL) != 1)
		return "none";
	count = vuln_fixes(&subject, &affected, fixes, max);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s" RF_STR_FMT,
			i ? " " : "", RF_STR_ARG(fixes[i]));
	return text;
}

static void fixes_are_above_the_version_and_the_smallest_step_is_first(void)
{
	AUTO_VULN_DB *db = test_db(texts, 3);

	CHECK_STR(fixes_of(db, "v1.0.0", 8), "1.2.3 1.3.4");
	CHECK_STR(fixes_of(db, "v1.0.0", 1), "1.2.3");
	CHECK_STR(fixes_of(db, "v1.3.0", 8), "1.3.4");
	CHECK_STR(fixes_of(db, "v2.0.5", 8), "");
	CHECK_STR(fixes_of(db, "v1.0.0", 0), "");
}

static void a_version_that_cannot_be_compared_has_all_fixes(void)
{
	AUTO_VULN_DB *db = test_db(texts, 3);

	CHECK_STR(fixes_of(db, "", 8), "1.2.3 1.3.4");
	CHECK_STR(fixes_of(db, "devel", 1), "1.2.3");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	test_open();
	RUN(any_range_that_holds_the_version_will_do);
	RUN(versions_are_those_of_the_ecosystem);
	RUN(a_go_module_without_a_version_is_in_no_range);
	RUN(a_version_that_cannot_be_compared_is_an_error);
	RUN(imports_are_for_platforms);
	RUN(a_sink_ends_the_matching);
	RUN(fixes_are_above_the_version_and_the_smallest_step_is_first);
	RUN(a_version_that_cannot_be_compared_has_all_fixes);
	test_close();
	return TAP_END();
}
