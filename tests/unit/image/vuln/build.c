/* What each kind of source becomes in a database, and that nothing else decides its bytes. */
#include "tests/unit/image/vuln/vuln_test.h"

#include <time.h>

static const char osv_go[] =
	"{\"id\":\"GO-2024-0001\",\"modified\":\"2024-03-01T10:00:00Z\",\"published\":\"2024-01-"
	"01\","
	"\"aliases\":[\"CVE-2024-1\",\"GHSA-aaaa\"],\"summary\":\"Too much trust\","
	"\"affected\":[{\"package\":{\"ecosystem\":\"Go\",\"name\":\"example.org/m\"},"
	"\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"1.2.3\"}]"
	"}],"
	"\"ecosystem_specific\":{\"imports\":[{\"path\":\"example.org/m/p\",\"goos\":[\"linux\"],"
	"\"symbols\":[\"F\",\"T.M\"]}]}}]}";
static const char osv_debian[] =
	"{\"id\":\"DSA-1\",\"modified\":\"2023-01-01T00:00:00Z\",\"related\":[\"CVE-2023-9\",\"X-"
	"1\"],"
	"\"affected\":[{\"package\":{\"ecosystem\":\"Debian:12\",\"name\":\"bash\"},"
	"\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},"
	"{\"fixed\":\"5.2-1\"}]}]}]}";
static const char secdb[] =
	"{\"distroversion\":\"v3.18\",\"reponame\":\"main\",\"packages\":[{\"pkg\":{\"name\":"
	"\"busybox\",\"secfixes\":{\"1.36-r2\":[\"CVE-2023-5 XSA-7\"],\"0\":[\"CVE-2023-6\"]}}}]}";
static const char secdb_yaml[] = "distroversion: v3.19\n"
				 "packages:\n"
				 "  - pkg:\n"
				 "      name: musl\n"
				 "      secfixes:\n"
				 "        1.2.4-r1:\n"
				 "          - CVE-2023-7\n";
static const char tracker[] =
	"{\"openssl\":{\"CVE-2023-8\":{\"description\":\"bad\",\"releases\":{"
	"\"bookworm\":{\"status\":\"resolved\",\"fixed_version\":\"3.0.9-1\",\"urgency\":\"high\"},"
	"\"trixie\":{\"status\":\"open\",\"urgency\":\"not yet assigned\"},"
	"\"bullseye\":{\"status\":\"resolved\",\"fixed_version\":\"0\"},"
	"\"sid\":{\"status\":\"open\"},\"woody\":{\"status\":\"open\"}}}}}";
static const char vectors[] =
	"{\"CVE-2024-1\":{\"CVSS_V3\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"},"
	"\"CVE-2023-9\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/"
	"A:N\",\"CVE-2023-0\":\"garbage\"}";
static const char exploited[] =
	"{\"title\":\"known\",\"dateReleased\":\"2024-05-06T00:00:00Z\",\"vulnerabilities\":["
	"{\"cveID\":\"CVE-2023-5\"},{\"cveID\":\"CVE-2023-9\"}]}";

static struct vuln_builder *new_builder(void)
{
	struct vuln_builder *builder = NULL;

	if (vuln_builder_new(&builder, NULL) < 0)
		abort();
	return builder;
}

/* The advisory, or one whose id is absent. */
static struct vuln_advisory advisory_of(struct vuln_db *db, const char *id)
{
	struct vuln_advisory advisory = {.id = RF_STR_NONE};
	int rc = vuln_advisory_find(db, rf_str_of(id), &advisory, NULL);

	if (rc < 0)
		advisory.id = RF_STR_NONE;
	return advisory;
}

static size_t entry_count(struct vuln_db *db, const char *ecosystem, const char *name)
{
	struct vuln_affected_iter iter;
	struct vuln_affected affected;
	size_t count = 0;

	if (vuln_affected_find(db, rf_str_of(ecosystem), rf_str_of(name), &iter, NULL) < 0)
		return 0;
	while (vuln_affected_next(&iter, &affected, NULL) == 1)
		count++;
	return count;
}

static void an_osv_entry_is_found_by_package_and_by_id(void)
{
	static const char *const texts[] = {osv_go};
	AUTO_VULN_DB *db = test_db(texts, 1);
	struct vuln_advisory advisory = advisory_of(db, "GO-2024-0001");
	struct vuln_affected_iter iter;
	struct vuln_affected affected;
	struct vuln_import import;

	CHECK(rf_str_is(advisory.summary, "Too much trust"));
	CHECK(vuln_list_has(advisory.aliases, RF_STR("CVE-2024-1")));
	CHECK(vuln_list_has(advisory.aliases, RF_STR("GHSA-aaaa")));
	CHECK_INT(advisory.level, VULN_LEVEL_UNRATED);
	REQUIRE(vuln_affected_find(db, RF_STR("Go"), RF_STR("example.org/m"), &iter, NULL) ==
		RF_OK);
	REQUIRE(vuln_affected_next(&iter, &affected, NULL) == 1);
	REQUIRE(vuln_import_next(&affected.imports, &import));
	CHECK(rf_str_is(import.path, "example.org/m/p"));
	CHECK(vuln_list_has(import.goos, RF_STR("linux")) && !import.goarch.len);
	CHECK(vuln_list_has(import.symbols, RF_STR("T.M")));
	CHECK(!vuln_import_next(&affected.imports, &import));
	CHECK_INT(vuln_affected_next(&iter, &affected, NULL), 0);
	CHECK_STR(test_ids(db, "Go", "example.org/m", "v1.2.2"), "GO-2024-0001");
	CHECK_STR(test_ids(db, "Go", "example.org/m", "v1.2.3"), "");
	CHECK_STR(test_ids(db, "Go", "example.org/mm", "v1.0.0"), "");
}

static void a_list_of_osv_entries_is_one_document(void)
{
	AUTO_VULN_BUILDER *builder = new_builder();
	AUTO_BUF text = {0};

	rf_buf_addf(&text, "[%s,%s]", osv_go, osv_debian);
	test_add(builder, "list.json", rf_buf_cstr(&text));
	CHECK_INT(vuln_builder_report(builder)->documents, 1);
	CHECK_INT(vuln_builder_report(builder)->left_out.count, 0);
}

static void a_secdb_names_the_release_and_what_fixed_it(void)
{
	static const char *const texts[] = {secdb};
	AUTO_VULN_DB *db = test_db(texts, 1);
	struct vuln_advisory advisory = advisory_of(db, "CVE-2023-5");

	CHECK_STR(test_ids(db, "Alpine:v3.18", "busybox", "1.36-r1"), "CVE-2023-5");
	CHECK_STR(test_ids(db, "Alpine:v3.18", "busybox", "1.36-r2"), "");
	CHECK_STR(test_ids(db, "Alpine:v3.17", "busybox", "1.36-r1"), "");
	CHECK(vuln_list_has(advisory.aliases, RF_STR("XSA-7")));
}

static void a_secdb_in_yaml_says_the_same(void)
{
	AUTO_VULN_BUILDER *builder = new_builder();
	AUTO_BUF file = {0};
	AUTO_VULN_DB *db = NULL;

	test_add(builder, "main.yaml", secdb_yaml);
	REQUIRE(vuln_builder_finish(builder, 0, test_signer, &file, NULL) == RF_OK);
	REQUIRE(test_open_bytes(file.data, file.len, &db, NULL) == RF_OK);
	CHECK_STR(test_ids(db, "Alpine:v3.19", "musl", "1.2.4-r0"), "CVE-2023-7");
}

static void a_tracker_knows_releases_by_their_code_names(void)
{
	AUTO_VULN_BUILDER *builder = new_builder();
	AUTO_BUF file = {0};
	AUTO_VULN_DB *db = NULL;

	test_add(builder, "tracker.json", tracker);
	REQUIRE(vuln_builder_finish(builder, 0, test_signer, &file, NULL) == RF_OK);
	REQUIRE(test_open_bytes(file.data, file.len, &db, NULL) == RF_OK);
	CHECK_STR(test_ids(db, "Debian:12", "openssl", "3.0.8-1"), "CVE-2023-8");
	CHECK_STR(test_ids(db, "Debian:12", "openssl", "3.0.9-1"), "");
	CHECK_STR(test_ids(db, "Debian:13", "openssl", "99"), "CVE-2023-8");
	CHECK_STR(test_ids(db, "Debian:11", "openssl", "1"), "");
	CHECK_INT(advisory_of(db, "CVE-2023-8").level, VULN_LEVEL_HIGH);
	CHECK_INT(test_left_out(builder, "Debian release woody"), 1);
	CHECK_INT(test_left_out(builder, "Debian release sid"), 0);
}

static void ratings_come_from_the_vectors_of_aliases(void)
{
	static const char *const texts[] = {osv_go, osv_debian, vectors, exploited};
	AUTO_VULN_DB *db = test_db(texts, 4);
	struct vuln_advisory go = advisory_of(db, "GO-2024-0001"), dsa = advisory_of(db, "DSA-1");

	CHECK_INT(go.level, VULN_LEVEL_CRITICAL);
	CHECK_INT(go.tenths, 98);
	CHECK(rf_str_starts(go.vector, RF_STR("CVSS:3.1/")));
	CHECK(!go.exploited);
	/* It has no alias that is rated; what it is related to is. */
	CHECK_INT(dsa.level, VULN_LEVEL_HIGH);
	CHECK(dsa.exploited);
	CHECK(!vuln_list_has(dsa.related, RF_STR("X-1")));
}

static void an_alias_that_is_rated_comes_before_what_is_related(void)
{
	static const char *const texts[] = {
		"{\"id\":\"A-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"aliases\":[\"CVE-1-1\"],"
		"\"related\":[\"CVE-1-2\"]}",
		"{\"CVE-1-1\":\"CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N\","
		"\"CVE-1-2\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}",
		"{\"vulnerabilities\":[{\"cveID\":\"CVE-1-1\"}]}"};
	AUTO_VULN_DB *db = test_db(texts, 3);
	struct vuln_advisory advisory = advisory_of(db, "A-1");

	CHECK_INT(advisory.level, VULN_LEVEL_LOW);
	CHECK(advisory.exploited);
}

static void of_several_aliases_the_worst_counts(void)
{
	static const char *const texts[] = {"{\"id\":\"A-1\",\"modified\":\"2024-01-01T00:00:00Z\","
					    "\"aliases\":[\"CVE-1-1\",\"CVE-1-2\",\"CVE-1-3\"]}",
		"{\"CVE-1-1\":\"CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N\","
		"\"CVE-1-2\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\","
		"\"CVE-1-3\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N\"}"};
	AUTO_VULN_DB *db = test_db(texts, 2);

	CHECK_INT(advisory_of(db, "A-1").tenths, 98);
}

static void what_an_entry_says_itself_comes_before_the_map(void)
{
	static const char *const texts[] = {
		"{\"id\":\"A-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"aliases\":[\"CVE-1-1\"],"
		"\"severity\":[{\"type\":\"CVSS_V3\",\"score\":"
		"\"CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N\"}],"
		"\"database_specific\":{\"severity\":\"CRITICAL\"}}",
		"{\"id\":\"A-2\",\"modified\":\"2024-01-01T00:00:00Z\",\"aliases\":[\"CVE-1-1\"],"
		"\"database_specific\":{\"severity\":\"MODERATE\"}}",
		"{\"id\":\"A-3\",\"modified\":\"2024-01-01T00:00:00Z\",\"aliases\":[\"CVE-1-1\"],"
		"\"database_specific\":{\"severity\":\"CRITICAL\"}}",
		"{\"CVE-1-1\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}"};
	AUTO_VULN_DB *db = test_db(texts, 4);
	struct vuln_advisory vector = advisory_of(db, "A-1"), word = advisory_of(db, "A-2"),
			     same = advisory_of(db, "A-3");

	CHECK_INT(vector.level, VULN_LEVEL_LOW);
	CHECK(rf_str_starts(vector.vector, RF_STR("CVSS:3.1/AV:L")));
	/* A vector that says otherwise than the word would only confuse. */
	CHECK_INT(word.level, VULN_LEVEL_MEDIUM);
	CHECK_INT(word.vector.len, 0);
	CHECK_INT(word.tenths, 0);
	CHECK_INT(same.level, VULN_LEVEL_CRITICAL);
	CHECK_INT(same.tenths, 98);
}

static const char both_vectors[] =
	"{\"id\":\"A-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"severity\":["
	"{\"type\":\"CVSS_V4\",\"score\":"
	"\"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N\"},"
	"{\"type\":\"CVSS_V3\",\"score\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H\"}]}";

static void the_newest_kind_of_vector_wins(void)
{
	static const char *const texts[] = {both_vectors,
		"{\"id\":\"A-2\",\"modified\":\"2024-01-01T00:00:00Z\",\"aliases\":[\"CVE-1-1\"]}",
		"{\"CVE-1-1\":{\"CVSS_V2\":\"AV:N/AC:L/Au:N/C:C/I:C/A:C\","
		"\"CVSS_V3\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N\"}}"};
	AUTO_VULN_DB *db = test_db(texts, 3);

	CHECK_INT(advisory_of(db, "A-1").tenths, 93);
	CHECK_INT(advisory_of(db, "A-2").tenths, 75);
}

/* A package may have any number of entries: the time for one must not grow with them. */
static void a_package_of_many_entries_takes_its_time_once(void)
{
	AUTO_VULN_BUILDER *builder = new_builder();
	AUTO_BUF text = {0}, file = {0};
	AUTO_VULN_DB *db = NULL;
	clock_t begin;

	rf_buf_add_c(&text,
		"{\"distroversion\":\"v3.18\",\"packages\":[{\"pkg\":{\"name\":\"linux\","
		"\"secfixes\":{\"6.1-r1\":[\"CVE-0\"");
	for (int i = 0; i < 100000; i++)
		rf_buf_addf(&text, ",\"CVE-%06d\"", i);
	rf_buf_add_c(&text, ",\"CVE-000007\"]}}}]}");
	begin = clock();
	test_add(builder, "main.json", rf_buf_cstr(&text));
	CHECKF(clock() - begin < 5 * CLOCKS_PER_SEC, "%.1f s",
		(double)(clock() - begin) / CLOCKS_PER_SEC);
	REQUIRE(vuln_builder_finish(builder, 0, test_signer, &file, NULL) == RF_OK);
	REQUIRE(test_open_bytes(file.data, file.len, &db, NULL) == RF_OK);
	CHECK_INT(vuln_db_info(db)->advisory_count, 100001);
	CHECK_INT(entry_count(db, "Alpine:v3.18", "linux"), 100001);
}

/* --- what is left out --- */

static void withdrawn_entries_are_left_out_and_counted(void)
{
	AUTO_VULN_BUILDER *builder = new_builder();
	AUTO_BUF file = {0};
	AUTO_VULN_DB *db = NULL;

	test_add(builder, "a.json",
		"{\"id\":\"A-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"withdrawn\":"
		"\"2024-02-01T00:00:00Z\",\"affected\":[{\"package\":{\"ecosystem\":\"Go\","
		"\"name\":"
		"\"m\"}}]}");
	REQUIRE(vuln_builder_finish(builder, 0, test_signer, &file, NULL) == RF_OK);
	REQUIRE(test_open_bytes(file.data, file.len, &db, NULL) == RF_OK);
	CHECK_INT(test_left_out(builder, "withdrawn entries"), 1);
	CHECK_INT(vuln_db_info(db)->advisory_count, 0);
	CHECK_STR(test_ids(db, "Go", "m", "v1.0.0"), "");
}

static void an_unknown_ecosystem_is_left_out_and_counted(void)
{
	AUTO_VULN_BUILDER *builder = new_builder();

	for (int i = 0; i < 3; i++)
		test_add(builder, "a.json",
			"{\"id\":\"A-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":["
			"{\"package\":{\"ecosystem\":\"Packagist\",\"name\":\"m\"},\"versions\":"
			"[\"1\"]}]}");
	CHECK_INT(test_left_out(builder, "ecosystem Packagist"), 3);
}

static void git_ranges_are_left_out_and_counted(void)
{
	AUTO_VULN_BUILDER *builder = new_builder();

	test_add(builder, "a.json",
		"{\"id\":\"A-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{"
		"\"ecosystem\":\"Go\",\"name\":\"m\"},\"ranges\":[{\"type\":\"GIT\",\"events\":["
		"{\"introduced\":\"0\"}]}]}]}");
	CHECK_INT(test_left_out(builder, "GIT ranges"), 1);
}

static void a_range_whose_beginning_is_no_version_has_none(void)
{
	static const char *const texts[] = {
		"{\"id\":\"A-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{"
		"\"ecosystem\":\"Go\",\"name\":\"m\"},\"ranges\":[{\"type\":\"SEMVER\",\"events\":["
		"{\"introduced\":\"some day\"},{\"fixed\":\"1.5.0\"}]}]}]}"};
	AUTO_VULN_DB *db = test_db(texts, 1);

	CHECK_STR(test_ids(db, "Go", "m", "v1.4.0"), "A-1");
	CHECK_STR(test_ids(db, "Go", "m", "v1.5.0"), "");
}

/* --- what is widened --- */

static void a_secdb_fix_that_cannot_be_compared_is_no_fix(void)
{
	AUTO_VULN_BUILDER *builder = new_builder();
	AUTO_BUF file = {0};
	AUTO_VULN_DB *db = NULL;

	test_add(builder, "main.json",
		"{\"distroversion\":\"v3.18\",\"packages\":[{\"pkg\":{\"name\":\"m\",\"secfixes\":{"
		"\"one day\":[\"CVE-1\"],\"1.0-r1\":[\"CVE-2\"]}}}]}");
	REQUIRE(vuln_builder_finish(builder, 0, test_signer, &file, NULL) == RF_OK);
	REQUIRE(test_open_bytes(file.data, file.len, &db, NULL) == RF_OK);
	CHECK_STR(test_ids(db, "Alpine:v3.18", "m", "0.1-r0"), "CVE-1 CVE-2");
	CHECK_STR(test_ids(db, "Alpine:v3.18", "m", "99-r9"), "CVE-1");
	CHECK_INT(test_widened(builder, "versions that cannot be compared"), 1);
	CHECK_INT(test_left_out(builder, "versions that cannot be compared"), 0);
}

static void a_tracker_fix_that_cannot_be_compared_is_no_fix(void)
{
	AUTO_VULN_BUILDER *builder = new_builder();
	AUTO_BUF file = {0};
	AUTO_VULN_DB *db = NULL;

	test_add(builder, "tracker.json",
		"{\"bash\":{\"CVE-1\":{\"releases\":{\"bookworm\":{\"status\":\"resolved\","
		"\"fixed_version\":\"soon, we hope\"}}}}}");
	REQUIRE(vuln_builder_finish(builder, 0, test_signer, &file, NULL) == RF_OK);
	REQUIRE(test_open_bytes(file.data, file.len, &db, NULL) == RF_OK);
	CHECK_STR(test_ids(db, "Debian:12", "bash", "99"), "CVE-1");
	CHECK_INT(test_widened(builder, "versions that cannot be compared"), 1);
}

/* An entry of npm with these events, in an own builder; ids that match a version. */
static void check_events(
	const char *events, const char *inside, const char *outside, size_t widened)
{
	AUTO_VULN_BUILDER *builder = new_builder();
	AUTO_BUF text = {0}, file = {0};
	AUTO_VULN_DB *db = NULL;

	rf_buf_addf(&text,
		"{\"id\":\"A-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{"
		"\"package\":{\"ecosystem\":\"npm\",\"name\":\"m\"},\"ranges\":[{\"type\":"
		"\"SEMVER\",\"events\":[%s]}]}]}",
		events);
	test_add(builder, "a.json", rf_buf_cstr(&text));
	REQUIRE(vuln_builder_finish(builder, 0, test_signer, &file, NULL) == RF_OK);
	REQUIRE(test_open_bytes(file.data, file.len, &db, NULL) == RF_OK);
	for (struct rf_str rest = rf_str_of(inside), one; rest.ptr;) {
		AUTO_FREE char *version = NULL;

		rest = rf_str_cut(rest, ' ', &one);
		version = rf_str_dup(one);
		CHECKF(!one.len || strcmp(test_ids(db, "npm", "m", version), "A-1") == 0, "%s: %s",
			events, version);
	}
	if (outside)
		CHECKF(test_ids(db, "npm", "m", outside)[0] == '\0', "%s: %s", events, outside);
	CHECKF(test_widened(builder, "versions that cannot be compared") == widened, "%s", events);
}

static void what_cannot_be_compared_only_widens_a_range(void)
{
	static const struct {
		const char *events, *inside, *outside; /* versions; NULL: none is */
		size_t widened;
	} rows[] = {
		{"{\"introduced\":\"1.0.0\"},{\"fixed\":\"2.0.0\"}", "1.0.0 1.9.0", "2.0.0", 0},
		{"{\"introduced\":\"1.0.0\"},{\"fixed\":\"x\"}", "1.0.0 99.0.0", "0.9.0", 1},
		{"{\"introduced\":\"1.0.0\"},{\"last_affected\":\"x\"}", "1.0.0 99.0.0", "0.9.0",
			1},
		{"{\"introduced\":\"x\"},{\"fixed\":\"2.0.0\"}", "0.0.1 1.9.0", "2.0.0", 1},
		{"{\"fixed\":\"2.0.0\"}", "0.0.1 1.9.0", "2.0.0", 1},
		/* The end of one part must not end another whose beginning is unknown. */
		{"{\"introduced\":\"1.0.0\"},{\"fixed\":\"2.0.0\"},{\"introduced\":\"x\"},"
		 "{\"fixed\":\"5.0.0\"}",
			"1.0.0 2.5.0 9.0.0", NULL, 1},
		/* Nor must one limit stand where another cannot be compared. */
		{"{\"introduced\":\"0\"},{\"limit\":\"2.0.0\"},{\"limit\":\"x\"}", "1.0.0 9.0.0",
			NULL, 1},
		/* Several in one object, and others than strings. */
		{"{\"introduced\":\"1.0.0\",\"fixed\":\"2.0.0\"},{\"introduced\":\"3.0.0\","
		 "\"fixed\":\"4.0.0\"}",
			"1.5.0 3.5.0", "2.5.0", 0},
		{"{\"introduced\":1},{\"fixed\":\"2.0.0\"}", "0.1.0 1.5.0", "2.0.0", 1},
		{"{\"introduced\":\"1.0.0\",\"fixed\":\"\"},{\"fixed\":\"2.0.0\",\"limit\":null}",
			"1.5.0", "2.0.0", 0},
		{"", "0.0.1 9.0.0", NULL, 0},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++)
		check_events(rows[i].events, rows[i].inside, rows[i].outside, rows[i].widened);
}

static void a_range_of_too_many_events_is_all_versions(void)
{
	AUTO_VULN_BUILDER *builder = new_builder();
	AUTO_BUF text = {0}, file = {0};
	AUTO_VULN_DB *db = NULL;

	for (int count = VULN_MAX_EVENTS; count <= VULN_MAX_EVENTS + 1; count++) {
		rf_buf_clear(&text);
		rf_buf_addf(&text,
			"{\"id\":\"A-%d\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{"
			"\"package\":{\"ecosystem\":\"npm\",\"name\":\"m\"},\"ranges\":[{\"type\":"
			"\"SEMVER\",\"events\":[{\"introduced\":\"1.0.0\"}",
			count);
		for (int i = 1; i < count; i++)
			rf_buf_addf(
				&text, ",{\"%s\":\"1.%d.0\"}", i % 2 ? "fixed" : "introduced", i);
		rf_buf_add_c(&text, "]}]}]}");
		test_add(builder, "a.json", rf_buf_cstr(&text));
	}
	REQUIRE(vuln_builder_finish(builder, 0, test_signer, &file, NULL) == RF_OK);
	REQUIRE(test_open_bytes(file.data, file.len, &db, NULL) == RF_OK);
	CHECK_STR(test_ids(db, "npm", "m", "1.2.0"), "A-1024 A-1025");
	CHECK_STR(test_ids(db, "npm", "m", "1.1.0"), "A-1025");
	CHECK_INT(test_widened(builder, "ranges with too many events"), 1);
}

static void a_go_entry_without_ranges_means_all_versions(void)
{
	static const char *const texts[] = {
		"{\"id\":\"A-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{"
		"\"ecosystem\":\"Go\",\"name\":\"m\"}}]}",
		"{\"id\":\"A-2\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{"
		"\"ecosystem\":\"npm\",\"name\":\"m\"}}]}"};
	AUTO_VULN_DB *db = test_db(texts, 2);

	CHECK_STR(test_ids(db, "Go", "m", "v0.0.1"), "A-1");
	CHECK_STR(test_ids(db, "npm", "m", "1.0.0"), "");
}

static void versions_that_are_listed_match_by_their_text(void)
{
	static const char *const texts[] = {
		"{\"id\":\"A-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{"
		"\"ecosystem\":\"npm\",\"name\":\"m\"},\"versions\":[\"1.0.0\",\"1.0.7\"]}]}"};
	AUTO_VULN_DB *db = test_db(texts, 1);

	CHECK_STR(test_ids(db, "npm", "m", "1.0.7"), "A-1");
	CHECK_STR(test_ids(db, "npm", "m", "1.0.6"), "");
}

static void a_document_of_no_known_shape_is_told(void)
{
	static const char *const texts[] = {"{}", "[]", "3", "{\"a\":{\"b\":1}}", "[[[]]]", "null"};
	AUTO_VULN_BUILDER *builder = new_builder();

	for (size_t i = 0; i < RF_ARRAY_LEN(texts); i++)
		CHECKF(vuln_builder_add_document(
			       builder, RF_STR("x.json"), rf_str_of(texts[i]), NULL) == RF_EABSENT,
			"%s", texts[i]);
	CHECK_INT(test_left_out(builder, "documents of no known shape"), RF_ARRAY_LEN(texts));
}

static void an_unknown_item_of_a_list_hides_none_behind_it(void)
{
	AUTO_VULN_BUILDER *builder = new_builder();
	AUTO_BUF text = {0}, file = {0};
	AUTO_VULN_DB *db = NULL;

	rf_buf_addf(&text, "[%s,{\"what\":1},%s]", osv_go, osv_debian);
	test_add(builder, "list.json", rf_buf_cstr(&text));
	REQUIRE(vuln_builder_finish(builder, 0, test_signer, &file, NULL) == RF_OK);
	REQUIRE(test_open_bytes(file.data, file.len, &db, NULL) == RF_OK);
	CHECK_INT(vuln_db_info(db)->advisory_count, 2);
	CHECK_INT(test_left_out(builder, "items of lists, of no known shape"), 1);
}

static void broken_json_is_told_with_its_place(void)
{
	AUTO_VULN_BUILDER *builder = new_builder();
	struct rf_err err = {.code = RF_OK};

	CHECK_INT(vuln_builder_add_document(
			  builder, RF_STR("bad.json"), RF_STR("{\"id\":\n\"A"), &err),
		RF_EINPUT);
	CHECKF(strncmp(err.msg, "bad.json:2:", 11) == 0, "%s", err.msg);
}

/* --- equal bytes --- */

/* Two sources that speak of the same advisories in different words. */
static const char rival_go[] =
	"{\"id\":\"GO-2024-0001\",\"modified\":\"2024-04-01T10:00:00Z\",\"aliases\":[\"CVE-2024-"
	"2\"],"
	"\"summary\":\"Far too much trust\",\"severity\":[{\"type\":\"CVSS_V3\",\"score\":"
	"\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N\"}],"
	"\"database_specific\":{\"severity\":\"LOW\"}}";
static const char rival_go_2[] =
	"{\"id\":\"GO-2024-0001\",\"modified\":\"2024-04-01T10:00:00Z\",\"summary\":\"\","
	"\"severity\":[{\"type\":\"CVSS_V3\",\"score\":"
	"\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N\"}],"
	"\"database_specific\":{\"severity\":\"HIGH\"}}";
static const char rival_tracker[] = "{\"openssl\":{\"GO-2024-0001\":{\"description\":\"a third "
				    "opinion\",\"releases\":{\"bookworm\":"
				    "{\"status\":\"open\",\"urgency\":\"medium\"}}}}}";

static const char *const all_sources[] = {osv_go, osv_debian, secdb, tracker, vectors, exploited,
	rival_go, rival_go_2, rival_tracker};

static void build_in_order(const unsigned *order, size_t count, struct rf_buf *out)
{
	AUTO_VULN_BUILDER *builder = new_builder();

	for (size_t i = 0; i < count; i++)
		test_add(builder, "text.json", all_sources[order[i]]);
	CHECK(vuln_builder_finish(builder, -1, test_signer, out, NULL) == RF_OK);
}

static void equal_sources_give_equal_bytes_in_any_order(void)
{
	unsigned order[RF_ARRAY_LEN(all_sources)];
	uint64_t state = 5;
	AUTO_BUF first = {0};

	for (unsigned i = 0; i < RF_ARRAY_LEN(order); i++)
		order[i] = i;
	build_in_order(order, RF_ARRAY_LEN(order), &first);
	for (int turn = 0; turn < 300 && !tap_failed(); turn++) {
		AUTO_BUF other = {0};

		for (size_t i = RF_ARRAY_LEN(order) - 1; i > 0; i--) {
			unsigned swapped = order[i];
			size_t with;

			state = state * 6364136223846793005u + 1442695040888963407u;
			with = (size_t)(state >> 33) % (i + 1);
			order[i] = order[with];
			order[with] = swapped;
		}
		build_in_order(order, RF_ARRAY_LEN(order), &other);
		CHECK(rf_str_eq(rf_buf_str(&first), rf_buf_str(&other)));
	}
}

static void the_date_is_the_newest_in_the_data(void)
{
	unsigned order[RF_ARRAY_LEN(all_sources)] = {8, 7, 6, 5, 4, 3, 2, 1, 0};
	AUTO_VULN_DB *db = NULL;
	AUTO_BUF file = {0};

	build_in_order(order, RF_ARRAY_LEN(order), &file);
	REQUIRE(test_open_bytes(file.data, file.len, &db, NULL) == RF_OK);
	CHECK_INT(vuln_db_info(db)->built_s, 1714953600); /* 2024-05-06 */
}

static void a_summary_is_cut_between_characters(void)
{
	AUTO_BUF text = {0};
	struct vuln_advisory advisory;
	AUTO_VULN_DB *db = NULL;
	const char *texts[1];

	rf_buf_add_c(
		&text, "{\"id\":\"A-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"summary\":\"x");
	for (int i = 0; i < 200; i++)
		rf_buf_add_c(&text, "\xc3\xa4");
	rf_buf_add_c(&text, "\"}");
	texts[0] = rf_buf_cstr(&text);
	db = test_db(texts, 1);
	advisory = advisory_of(db, "A-1");
	CHECK_INT(advisory.summary.len, 159);
}

/* --- paths --- */

static void a_path_that_is_not_there_is_told(void)
{
	AUTO_VULN_BUILDER *builder = new_builder();
	struct rf_err err = {.code = RF_OK};

	CHECK_INT(vuln_builder_add(builder, "/nonexistent/data", &err), RF_EABSENT);
	CHECK_STR(err.msg, "/nonexistent/data: there is no such file");
}

static void a_directory_without_anything_known_is_told(void)
{
	AUTO_VULN_BUILDER *builder = new_builder();
	struct rf_err err = {.code = RF_OK};

	CHECK_INT(vuln_builder_add(builder, test_root, &err), RF_EABSENT);
	CHECKF(strstr(err.msg, "nothing in it is an OSV entry"), "%s", err.msg);
}

static void the_shared_go_data_becomes_a_small_database(void)
{
	const char *osv = tap_shared_data("vuln/go-vulndb-osv.tar.zst");
	AUTO_VULN_BUILDER *builder = new_builder();
	struct rf_err err = {.code = RF_OK};
	AUTO_VULN_DB *db = NULL;
	AUTO_BUF file = {0};
	struct rf_str source;

	if (!osv)
		SKIP("shared/data/vuln/go-vulndb-osv.tar.zst is not there");
	REQUIRE(vuln_builder_add(builder, osv, &err) == RF_OK);
	osv = tap_shared_data("vuln/go-cvss.json");
	REQUIRE(osv && vuln_builder_add(builder, osv, &err) == RF_OK);
	REQUIRE(vuln_builder_finish(builder, 1700000000, test_signer, &file, &err) == RF_OK);
	REQUIRE(test_open_bytes(file.data, file.len, &db, &err) == RF_OK);
	CHECK_INT(vuln_db_verify(db, &err), RF_OK);
	CHECKF(file.len <= 1500000, "%zu bytes", file.len);
	tap_diag("%zu bytes", file.len);
	CHECK_INT(test_left_out(builder, "withdrawn entries"), 17);
	CHECK_INT(vuln_db_info(db)->advisory_count, 4291 - 17);
	CHECK(vuln_db_source(db, 0, &source) && rf_str_is(source, "go-cvss.json (1 document)"));
	CHECK(vuln_db_source(db, 1, &source));
	CHECK(!vuln_db_source(db, 2, &source));
	CHECK(strstr(test_ids(db, "Go", "stdlib", "go1.21.0"), "GO-2024-2687"));
}

static void the_shared_data_of_distributions_is_read(void)
{
	const char *alma = tap_shared_data("vuln/almalinux9-osv.tar.zst");
	AUTO_VULN_BUILDER *builder = new_builder();
	struct rf_err err = {.code = RF_OK};
	AUTO_VULN_DB *db = NULL;
	AUTO_BUF file = {0};

	if (!alma)
		SKIP("shared/data/vuln/almalinux9-osv.tar.zst is not there");
	CHECKF(vuln_builder_add(builder, alma, &err) == RF_OK, "%s", err.msg);
	alma = tap_shared_data("vuln/alpine-secdb-2020.tar.zst");
	REQUIRE(alma);
	CHECKF(vuln_builder_add(builder, alma, &err) == RF_OK, "%s", err.msg);
	REQUIRE(vuln_builder_finish(builder, 1700000000, test_signer, &file, &err) == RF_OK);
	REQUIRE(test_open_bytes(file.data, file.len, &db, &err) == RF_OK);
	CHECK_INT(vuln_db_verify(db, &err), RF_OK);
	CHECK(vuln_db_info(db)->advisory_count > 1783);
	CHECK(strstr(test_ids(db, "Alpine:v3.11", "musl", "1.1.23-r0"), "CVE-2019-14697"));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	test_open();
	RUN(an_osv_entry_is_found_by_package_and_by_id);
	RUN(a_list_of_osv_entries_is_one_document);
	RUN(a_secdb_names_the_release_and_what_fixed_it);
	RUN(a_secdb_in_yaml_says_the_same);
	RUN(a_tracker_knows_releases_by_their_code_names);
	RUN(ratings_come_from_the_vectors_of_aliases);
	RUN(an_alias_that_is_rated_comes_before_what_is_related);
	RUN(of_several_aliases_the_worst_counts);
	RUN(what_an_entry_says_itself_comes_before_the_map);
	RUN(the_newest_kind_of_vector_wins);
	RUN(a_package_of_many_entries_takes_its_time_once);
	RUN(withdrawn_entries_are_left_out_and_counted);
	RUN(an_unknown_ecosystem_is_left_out_and_counted);
	RUN(git_ranges_are_left_out_and_counted);
	RUN(a_range_whose_beginning_is_no_version_has_none);
	RUN(a_secdb_fix_that_cannot_be_compared_is_no_fix);
	RUN(a_tracker_fix_that_cannot_be_compared_is_no_fix);
	RUN(what_cannot_be_compared_only_widens_a_range);
	RUN(a_range_of_too_many_events_is_all_versions);
	RUN(a_go_entry_without_ranges_means_all_versions);
	RUN(versions_that_are_listed_match_by_their_text);
	RUN(a_document_of_no_known_shape_is_told);
	RUN(an_unknown_item_of_a_list_hides_none_behind_it);
	RUN(broken_json_is_told_with_its_place);
	RUN(equal_sources_give_equal_bytes_in_any_order);
	RUN(the_date_is_the_newest_in_the_data);
	RUN(a_summary_is_cut_between_characters);
	RUN(a_path_that_is_not_there_is_told);
	RUN(a_directory_without_anything_known_is_told);
	RUN(the_shared_go_data_becomes_a_small_database);
	RUN(the_shared_data_of_distributions_is_read);
	test_close();
	return TAP_END();
}
