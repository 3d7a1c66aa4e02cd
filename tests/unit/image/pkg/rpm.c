/*
 * RPM's headers and databases. The seeds of the fuzz target were written by SQLite, RPM's ndb code
 * and Berkeley DB 5.3 from headers that rpmbuild made; larger SQLite files are made here.
 */
#include "tests/unit/image/pkg/pkg_test.h"

#include <sqlite3.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/pkg/rpm_int.h"

struct entry {
	uint32_t tag, type;
	const char *text; /* type 6 and 9 */
	uint32_t number;  /* type 4 */
};

static void add_be32(struct rf_buf *out, uint32_t n)
{
	const uint8_t bytes[] = {
		(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	rf_buf_add(out, bytes, sizeof(bytes));
}

static void make_header(const struct entry *entries, size_t count, struct rf_buf *out)
{
	AUTO_BUF store = {.len = 0};
	AUTO_BUF index = {.len = 0};

	for (size_t i = 0; i < count; i++) {
		add_be32(&index, entries[i].tag);
		add_be32(&index, entries[i].type);
		add_be32(&index, (uint32_t)store.len);
		add_be32(&index, 1);
		if (entries[i].text)
			rf_buf_add(&store, entries[i].text, strlen(entries[i].text) + 1);
		else
			add_be32(&store, entries[i].number);
	}
	rf_buf_clear(out);
	add_be32(out, (uint32_t)count);
	add_be32(out, (uint32_t)store.len);
	rf_buf_add_str(out, rf_buf_str(&index));
	rf_buf_add_str(out, rf_buf_str(&store));
}

static int read_header(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *e)
{
	struct rpm_reading reading = {.out.sink = sink, .file = file, .budget = file.len};

	return rpm_header_read(&reading, file, e);
}

static void check_header(const struct entry *entries, size_t count, int want_rc, const char *want)
{
	AUTO_BUF file = {.len = 0};
	AUTO_BUF out = {.len = 0};

	make_header(entries, count, &file);
	CHECK_INT(test_read(read_header, test_buf_bytes(&file), &out), want_rc);
	CHECK_STR(rf_buf_cstr(&out), want);
}

static void a_header_gives_versions_as_advisories_write_them(void)
{
	const struct entry bash[] = {
		{1000, 6, "bash", 0},
		{1001, 6, "5.1.8", 0},
		{1002, 6, "9.el9", 0},
		{1022, 6, "x86_64", 0},
		{1044, 6, "bash-5.1.8-9.el9.src.rpm", 0},
	};
	const struct entry libs[] = {
		{1003, 4, NULL, 1},
		{1000, 6, "openssl-libs", 0},
		{1001, 6, "3.0.7", 0},
		{1002, 6, "27.el9", 0},
		{1044, 6, "openssl-3.0.7-27.el9.src.rpm", 0},
	};
	const struct entry zero[] = {
		{1000, 6, "a", 0}, {1001, 6, "1", 0}, {1002, 6, "2", 0}, {1003, 4, NULL, 0}};

	check_header(bash, 5, RF_OK, "bash 5.1.8-9.el9 x86_64 bash 5.1.8-9.el9\n");
	check_header(libs, 5, RF_OK, "openssl-libs 1:3.0.7-27.el9 - openssl 1:3.0.7-27.el9\n");
	check_header(zero, 4, RF_OK, "a 1-2\n");
}

static void keys_are_no_packages(void)
{
	const struct entry key[] = {{1000, 6, "gpg-pubkey", 0}, {1001, 6, "1", 0}};

	check_header(key, 2, RF_OK, "");
}

static void unsound_headers_are_refused(void)
{
	const struct entry nameless[] = {{1001, 6, "1", 0}};
	const struct entry number[] = {{1000, 4, NULL, 7}};
	AUTO_BUF file = {.len = 0};
	AUTO_BUF out = {.len = 0};

	check_header(nameless, 1, RF_EINPUT, "");
	check_header(number, 1, RF_EINPUT, "");
	/* More entries than there are bytes; a store that is longer than what is left. */
	add_be32(&file, 0x0fffffff);
	add_be32(&file, 0);
	CHECK_INT(test_read(read_header, test_buf_bytes(&file), &out), RF_EINPUT);
	rf_buf_clear(&file);
	add_be32(&file, 0);
	add_be32(&file, UINT32_MAX);
	CHECK_INT(test_read(read_header, test_buf_bytes(&file), &out), RF_EINPUT);
}

static void strings_end_inside_the_store(void)
{
	const struct entry name[] = {{1000, 6, "bash", 0}};
	AUTO_BUF file = {.len = 0};
	AUTO_BUF out = {.len = 0};

	make_header(name, 1, &file);
	file.data[file.len - 1] = 'h';
	CHECK_INT(test_read(read_header, test_buf_bytes(&file), &out), RF_EINPUT);
	make_header(name, 1, &file);
	file.data[8 + 8] = 0x7f; /* the offset */
	CHECK_INT(test_read(read_header, test_buf_bytes(&file), &out), RF_EINPUT);
}

#define SEEDS "fuzz/corpus/image_rpm/"

static void databases_of_all_kinds_hold_the_same(void)
{
	static const char *const seeds[] = {
		SEEDS "sqlite", SEEDS "ndb", SEEDS "bdb-little", SEEDS "bdb-big"};

	for (size_t i = 0; i < RF_ARRAY_LEN(seeds); i++) {
		AUTO_BUF file = {.len = 0};
		AUTO_BUF out = {.len = 0};

		if (!test_seed(seeds[i], &file))
			SKIP("%s is not here: run from the root of the tree", seeds[i]);
		CHECK_INT(test_read(pkg_rpm_read, test_buf_bytes(&file), &out), RF_OK);
		CHECK_INT(test_count, i == 1 ? 3 : 4); /* one was removed from ndb again */
		CHECK(strstr(rf_buf_cstr(&out),
			"rf-test5-sub 2:1.5-5.el9 noarch rf-test5 2:1.5-5.el9\n"));
		CHECK(strstr(
			rf_buf_cstr(&out), "rf-test3-sub 1.3-3.el9 noarch rf-test3 1.3-3.el9\n"));
	}
}

static void databases_that_are_cut_off_or_damaged_do_no_harm(void)
{
	static const char *const seeds[] = {SEEDS "sqlite", SEEDS "ndb", SEEDS "bdb-little"};

	for (size_t i = 0; i < RF_ARRAY_LEN(seeds); i++) {
		AUTO_BUF file = {.len = 0};
		AUTO_BUF out = {.len = 0};

		if (!test_seed(seeds[i], &file))
			SKIP("%s is not here: run from the root of the tree", seeds[i]);
		check_cuts(pkg_rpm_read, test_buf_bytes(&file), 37);
		for (size_t at = 0; at < file.len; at += 3) {
			char was = file.data[at];

			file.data[at] = (char)(was ^ 0x55);
			CHECK(test_read(pkg_rpm_read, test_buf_bytes(&file), &out) <= 0);
			file.data[at] = was;
		}
	}
}

static void other_files_are_refused(void)
{
	AUTO_BUF out = {.len = 0};

	CHECK_INT(test_read(pkg_rpm_read, test_bytes("MZ"), &out), RF_EINPUT);
	CHECK_INT(test_read(pkg_rpm_read, test_bytes(""), &out), RF_OK);
}

static bool run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

#define TABLE "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL);"

/* The file that SQLite would write, with the mark of a write-ahead log as RPM's files have it. */
static void save(sqlite3 *db, struct rf_buf *out)
{
	sqlite3_int64 len = 0;
	unsigned char *bytes = sqlite3_serialize(db, "main", &len, 0);

	if (!bytes)
		abort();
	rf_buf_clear(out);
	rf_buf_add(out, bytes, (size_t)len);
	sqlite3_free(bytes);
	if (out->len > 19)
		out->data[18] = out->data[19] = 2;
}

static void insert(sqlite3 *db, unsigned number, size_t padding)
{
	AUTO_BUF text = {.len = 0};
	AUTO_BUF name = {.len = 0};
	AUTO_BUF blob = {.len = 0};
	sqlite3_stmt *stmt = NULL;

	for (size_t i = 0; i < padding; i++)
		rf_buf_add_char(&text, 'x');
	rf_buf_addf(&name, "p%u", number);
	const struct entry entries[] = {
		{5000, 6, rf_buf_cstr(&text), 0},
		{1000, 6, rf_buf_cstr(&name), 0},
		{1001, 6, "1", 0},
		{1002, 6, "2", 0},
	};
	make_header(entries, 4, &blob);
	if (sqlite3_prepare_v2(db, "INSERT INTO Packages(blob) VALUES(?)", -1, &stmt, NULL) !=
			SQLITE_OK ||
		sqlite3_bind_blob(stmt, 1, blob.data, (int)blob.len, NULL) != SQLITE_OK ||
		sqlite3_step(stmt) != SQLITE_DONE)
		abort();
	sqlite3_finalize(stmt);
}

static sqlite3 *open_db(const char *page_size)
{
	sqlite3 *db = NULL;

	if (sqlite3_open(":memory:", &db) != SQLITE_OK || !run(db, page_size) || !run(db, TABLE))
		abort();
	return db;
}

static void large_tables_are_read_through_interior_and_overflow_pages(void)
{
	static const char *const sizes[] = {
		"PRAGMA page_size=512", "PRAGMA page_size=4096", "PRAGMA page_size=65536"};

	for (size_t i = 0; i < RF_ARRAY_LEN(sizes); i++) {
		AUTO_BUF file = {.len = 0};
		AUTO_BUF out = {.len = 0};
		AUTO_BUF want = {.len = 0};
		sqlite3 *db = open_db(sizes[i]);

		run(db, "BEGIN");
		for (unsigned n = 0; n < 3000; n++) {
			insert(db, n, n * 7 % 1300 + (n % 100 == 0 ? 100000 : 0));
			if (n % 5 != 2)
				rf_buf_addf(&want, "p%u 1-2\n", n);
		}
		run(db, "DELETE FROM Packages WHERE hnum % 5 = 3; COMMIT");
		save(db, &file);
		CHECK_INT(test_read(pkg_rpm_read, test_buf_bytes(&file), &out), RF_OK);
		CHECK(rf_str_eq(rf_buf_str(&out), rf_buf_str(&want)));
		sqlite3_close(db);
	}
}

/* Every length around the bounds at which a record leaves its page. */
static void records_of_every_length_are_read(void)
{
	AUTO_BUF file = {.len = 0};
	AUTO_BUF out = {.len = 0};
	sqlite3 *db = open_db("PRAGMA page_size=512");

	for (unsigned n = 0; n < 1200; n++)
		insert(db, n, n);
	save(db, &file);
	CHECK_INT(test_read(pkg_rpm_read, test_buf_bytes(&file), &out), RF_OK);
	CHECK_INT(test_count, 1200);
	sqlite3_close(db);
}

static void views_and_virtual_tables_are_not_taken_for_the_table(void)
{
	static const char *const schemas[] = {
		"DROP TABLE Packages; CREATE VIEW Packages AS WITH RECURSIVE c(x) AS (SELECT 1 "
		"UNION ALL SELECT x FROM c) SELECT x AS hnum, zeroblob(9) AS blob FROM c",
		"DROP TABLE Packages; CREATE TABLE Packages(k TEXT PRIMARY KEY, blob) WITHOUT "
		"ROWID",
		"DROP TABLE Packages; PRAGMA writable_schema=1; INSERT INTO sqlite_schema VALUES("
		"'table', 'Packages', 'Packages', 0, 'CREATE VIRTUAL TABLE Packages USING x')",
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(schemas); i++) {
		AUTO_BUF file = {.len = 0};
		AUTO_BUF out = {.len = 0};
		sqlite3 *db = open_db("PRAGMA page_size=512");

		CHECK(run(db, schemas[i]));
		save(db, &file);
		CHECK_INT(test_read(pkg_rpm_read, test_buf_bytes(&file), &out), RF_EINPUT);
		CHECK_INT(test_count, 0);
		sqlite3_close(db);
	}
}

static void a_tree_that_leads_in_circles_comes_to_an_end(void)
{
	AUTO_BUF file = {.len = 0};
	AUTO_BUF out = {.len = 0};
	sqlite3 *db = open_db("PRAGMA page_size=512");

	for (unsigned n = 0; n < 100; n++)
		insert(db, n, 10);
	save(db, &file);
	sqlite3_close(db);
	/* Page 2 is the root of Packages, or of sqlite_sequence; every page leads to itself. */
	for (size_t page = 512; page < file.len; page += 512) {
		if (file.data[page] == 5)
			memcpy(file.data + page + 8,
				(uint8_t[]){0, 0, 0, (uint8_t)(page / 512 + 1)}, 4);
	}
	CHECK_INT(test_read(pkg_rpm_read, test_buf_bytes(&file), &out), RF_EINPUT);
}

/* In a directory of its own: two packages, built, installed in a database, asked for. */
static const char peer[] =
	"set -e; cd \"$0\"; exec >log 2>&1\n"
	"for n in 1 2; do printf 'Name: rf%s\\nVersion: 1.%s\\nRelease: 2\\nEpoch: %s\\nSummary: "
	"s\\n"
	"License: MIT\\nBuildArch: noarch\\n%%description\\nd\\n%%files\\n' $n $n $((n-1)) "
	">s$n.spec\n"
	"rpmbuild -bb --define \"_topdir $PWD/top\" s$n.spec; done\n"
	"rpm --dbpath \"$PWD/db\" --initdb\n"
	"rpm --dbpath \"$PWD/db\" --justdb --nodeps -i top/RPMS/noarch/*.rpm\n"
	"rpm --dbpath \"$PWD/db\" -qa --qf '%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} "
	"%{ARCH}\\n' | sed 's/ 0:/ /' | sort >want\n";

static void rpm_itself_tells_the_same(void)
{
	char root[] = "/tmp/rf-rpm-XXXXXX", path[64];
	AUTO_BUF command = {.len = 0};
	AUTO_BUF file = {.len = 0};
	AUTO_BUF want = {.len = 0};
	AUTO_BUF out = {.len = 0};
	struct rf_str rest, line;

	if (system("command -v rpm >/dev/null && command -v rpmbuild >/dev/null") != 0)
		SKIP("rpm and rpmbuild are not installed");
	REQUIRE(mkdtemp(root));
	rf_buf_addf(&command, "bash -c '%s' %s", "eval \"$RF_PEER\"", root);
	setenv("RF_PEER", peer, 1);
	CHECK_INT(system(rf_buf_cstr(&command)), 0);
	snprintf(path, sizeof(path), "%s/db/rpmdb.sqlite", root);
	CHECK(test_seed(path, &file));
	snprintf(path, sizeof(path), "%s/want", root);
	CHECK(test_seed(path, &want));
	CHECK_INT(test_read(pkg_rpm_read, test_buf_bytes(&file), &out), RF_OK);
	CHECK_INT(test_count, 2);
	rest = rf_buf_str(&want);
	while (rest.len) {
		rest = rf_str_cut(rest, '\n', &line);
		CHECKF(memmem(out.data, out.len, line.ptr, line.len), RF_STR_FMT " is not in:\n%s",
			RF_STR_ARG(line), rf_buf_cstr(&out));
	}
	(void)!rf_dir_remove(root, NULL);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_header_gives_versions_as_advisories_write_them);
	RUN(keys_are_no_packages);
	RUN(unsound_headers_are_refused);
	RUN(strings_end_inside_the_store);
	RUN(databases_of_all_kinds_hold_the_same);
	RUN(databases_that_are_cut_off_or_damaged_do_no_harm);
	RUN(other_files_are_refused);
	RUN(large_tables_are_read_through_interior_and_overflow_pages);
	RUN(records_of_every_length_are_read);
	RUN(views_and_virtual_tables_are_not_taken_for_the_table);
	RUN(a_tree_that_leads_in_circles_comes_to_an_end);
	RUN(rpm_itself_tells_the_same);
	return TAP_END();
}
