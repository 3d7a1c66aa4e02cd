/* Database files: what is changed is noticed, what is cut off is refused, what is there is found.
 */
#include "tests/unit/image/vuln/vuln_test.h"

#include "image/vuln/db_int.h"
#include "image/vuln/record_int.h"
#include "image/vuln/write_int.h"

static const char *const texts[] = {
	"{\"id\":\"GO-2024-0001\",\"modified\":\"2024-03-01T10:00:00Z\",\"aliases\":[\"CVE-2024-"
	"1\"],"
	"\"summary\":\"s\",\"affected\":[{\"package\":{\"ecosystem\":\"Go\",\"name\":\"m\"},"
	"\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"1.2.3\"}]"
	"}],"
	"\"ecosystem_specific\":{\"imports\":[{\"path\":\"m/p\",\"symbols\":[\"F\"]}]}}]}",
	"{\"CVE-2024-1\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}",
};

/* Everything that a scan asks; a code of the first failure. */
static int use_all(struct vuln_db *db)
{
	struct vuln_affected_iter iter;
	struct vuln_affected affected;
	struct vuln_advisory advisory;
	struct rf_str source;
	int rc = vuln_advisory_find(db, RF_STR("GO-2024-0001"), &advisory, NULL);

	for (size_t i = 0; vuln_db_source(db, i, &source); i++)
		;
	if (rc == RF_OK)
		rc = vuln_affected_find(db, RF_STR("Go"), RF_STR("m"), &iter, NULL);
	while (rc >= 0 && (rc = vuln_affected_next(&iter, &affected, NULL)) > 0)
		;
	return rc;
}

/* True when opening, using or verifying the file fails. */
static bool is_refused(const void *data, size_t len)
{
	AUTO_VULN_DB *db = NULL;

	return test_open_bytes(data, len, &db, NULL) < 0 || use_all(db) < 0 ||
	       vuln_db_verify(db, NULL) < 0;
}

static void every_changed_byte_is_noticed(void)
{
	AUTO_BUF file = {0};

	test_build(texts, 2, &file);
	REQUIRE(!is_refused(file.data, file.len));
	for (size_t i = 0; i < file.len; i++) {
		for (unsigned bit = 0; bit < 8; bit += 7) {
			file.data[i] ^= (char)(1 << bit);
			CHECKF(is_refused(file.data, file.len), "byte %zu, bit %u", i, bit);
			file.data[i] ^= (char)(1 << bit);
		}
	}
}

/* Nothing of a damaged block may be believed, even if nobody asks for all of it to be verified. */
static void a_changed_byte_of_a_record_is_noticed_by_the_look_up(void)
{
	AUTO_BUF file = {0};
	size_t payload_end;

	test_build(texts, 2, &file);
	payload_end = file.len - 32;
	for (size_t i = DB_HEADER_SIZE; i < payload_end; i++) {
		AUTO_VULN_DB *db = NULL;

		file.data[i] ^= 1;
		REQUIRE(test_open_bytes(file.data, file.len, &db, NULL) == RF_OK);
		CHECK_INT(use_all(db), RF_EINPUT);
		file.data[i] ^= 1;
	}
}

static void a_file_cut_off_anywhere_is_refused(void)
{
	AUTO_BUF file = {0};

	test_build(texts, 2, &file);
	for (size_t len = 0; len < file.len; len++) {
		AUTO_VULN_DB *db = NULL;

		CHECKF(test_open_bytes(file.data, len, &db, NULL) == RF_EINPUT, "%zu bytes", len);
	}
}

static void a_file_with_more_at_its_end_is_refused(void)
{
	AUTO_VULN_DB *db = NULL;
	AUTO_BUF file = {0};

	test_build(texts, 2, &file);
	rf_buf_add_char(&file, '\0');
	CHECK_INT(test_open_bytes(file.data, file.len, &db, NULL), RF_EINPUT);
}

static void another_signature_is_denied(void)
{
	struct vuln_signer *other = NULL;
	AUTO_VULN_DB *db = NULL;
	AUTO_BUF file = {0};
	struct rf_err err;
	char path[96];

	test_build(texts, 2, &file);
	snprintf(path, sizeof(path), "%s/other.pem", test_root);
	REQUIRE(vuln_signer_make(path, &other, &err) == RF_OK);
	REQUIRE(vuln_db_seal(&file, other, &err) == RF_OK);
	CHECK_INT(test_open_bytes(file.data, file.len, &db, &err), RF_EDENIED);
	CHECK_STR(err.msg, "the signature of the vulnerability database is not good");
	vuln_signer_free(other);
}

/* Whatever else is wrong: what nobody signed is not read as far as that. */
static void the_signature_is_looked_at_before_what_it_covers(void)
{
	for (unsigned at = DB_AT_BUILT; at < DB_AT_KEY; at++) {
		AUTO_VULN_DB *db = NULL;
		AUTO_BUF file = {0};

		test_build(texts, 2, &file);
		file.data[at] ^= (char)0x80;
		CHECKF(test_open_bytes(file.data, file.len, &db, NULL) == RF_EDENIED, "byte %u",
			at);
	}
}

static void who_signed_is_told(void)
{
	AUTO_VULN_DB *db = test_db(texts, 2);
	uint8_t key[VULN_KEY_LEN], read[VULN_KEY_LEN];
	char path[96];

	vuln_signer_key(test_signer, key);
	CHECK(memcmp(vuln_db_info(db)->key, key, sizeof(key)) == 0);
	snprintf(path, sizeof(path), "%s/key.pem.pub", test_root);
	REQUIRE(vuln_key_read(path, read, NULL) == RF_OK);
	CHECK(memcmp(read, key, sizeof(key)) == 0);
}

static void a_file_that_is_no_database_is_told(void)
{
	static const char zeros[4096];
	AUTO_VULN_DB *db = NULL;
	struct rf_err err;

	CHECK_INT(test_open_bytes(zeros, sizeof(zeros), &db, &err), RF_EINPUT);
	CHECK_STR(err.msg, "not a vulnerability database of Ringfence");
}

static void another_format_is_told(void)
{
	AUTO_VULN_DB *db = NULL;
	AUTO_BUF file = {0};
	struct rf_err err;

	test_build(texts, 2, &file);
	file.data[DB_AT_FORMAT] = DB_FORMAT + 1;
	CHECK_INT(test_open_bytes(file.data, file.len, &db, &err), RF_EUNSUPPORTED);
}

static void an_empty_database_knows_nothing(void)
{
	AUTO_VULN_DB *db = test_db(NULL, 0);
	struct vuln_advisory advisory;
	struct rf_str source;

	CHECK_INT(vuln_db_info(db)->package_count, 0);
	CHECK_INT(vuln_advisory_find(db, RF_STR("A"), &advisory, NULL), RF_EABSENT);
	CHECK(!vuln_db_source(db, 0, &source));
	CHECK_INT(vuln_db_verify(db, NULL), RF_OK);
}

static void all_of_many_are_found_and_no_other(void)
{
	AUTO_VULN_BUILDER *builder = NULL;
	AUTO_VULN_DB *db = NULL;
	AUTO_BUF file = {0};
	char text[512], id[32];

	REQUIRE(vuln_builder_new(&builder, NULL) == RF_OK);
	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text),
			"{\"id\":\"A-%d\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{"
			"\"package\":{\"ecosystem\":\"npm\",\"name\":\"p%d\"},\"versions\":[\"1.0.%"
			"d\"]}"
			"]}",
			i * 2, i * 2, i);
		test_add(builder, "a.json", text);
	}
	REQUIRE(vuln_builder_finish(builder, 0, test_signer, &file, NULL) == RF_OK);
	CHECK(file.len > 2 * DB_BLOCK_SIZE);
	REQUIRE(test_open_bytes(file.data, file.len, &db, NULL) == RF_OK);
	for (int i = 0; i < 6000; i++) {
		struct vuln_advisory advisory;
		char version[32];

		snprintf(id, sizeof(id), "A-%d", i);
		snprintf(text, sizeof(text), "p%d", i);
		snprintf(version, sizeof(version), "1.0.%d", i / 2);
		CHECK_INT(vuln_advisory_find(db, rf_str_of(id), &advisory, NULL),
			i % 2 ? RF_EABSENT : RF_OK);
		CHECK_STR(test_ids(db, "npm", text, version), i % 2 ? "" : id);
	}
}

static void names_of_python_packages_are_normalised(void)
{
	static const char *const python[] = {
		"{\"id\":\"P-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{"
		"\"ecosystem\":\"PyPI\",\"name\":\"Foo._-Bar\"},\"versions\":[\"1.0\"]}]}"};
	AUTO_VULN_DB *db = test_db(python, 1);

	CHECK_STR(test_ids(db, "PyPI", "foo-bar", "1.0"), "P-1");
	CHECK_STR(test_ids(db, "PyPI", "FOO_BAR", "1.0"), "P-1");
	CHECK_STR(test_ids(db, "PyPI", "foobar", "1.0"), "");
}

/* --- records that were signed and are wrong all the same --- */

static const uint8_t garbage[] = {0x03, 'k', 'e', 'y', 0x7f, 0x01, 0x02, 0xff, 0xff, 0xff, 0xff};

static void signed_garbage_is_damage(void)
{
	for (size_t len = 0; len <= sizeof(garbage); len++) {
		struct rf_bytes record = {garbage, len};
		struct vuln_tables tables = {.packages = {&record, 1}, .advisories = {&record, 1}};
		struct vuln_affected_iter iter;
		struct vuln_advisory advisory;
		uint8_t key[VULN_KEY_LEN];
		AUTO_VULN_DB *db = NULL;
		AUTO_BUF file = {0};

		vuln_signer_key(test_signer, key);
		REQUIRE(vuln_db_assemble(&tables, key, &file, NULL) == RF_OK);
		REQUIRE(vuln_db_seal(&file, test_signer, NULL) == RF_OK);
		REQUIRE(test_open_bytes(file.data, file.len, &db, NULL) == RF_OK);
		CHECK(vuln_advisory_find(db, RF_STR("key"), &advisory, NULL) == RF_EINPUT);
		CHECK(vuln_affected_find(db, RF_STR("k"), RF_STR("e"), &iter, NULL) < 0);
	}
}

/* A header that promises more records than there are offsets. */
static void lying_counts_are_damage(void)
{
	static const uint64_t counts[] = {2, 1000, UINT64_MAX / 4, UINT64_MAX};

	for (size_t i = 0; i < RF_ARRAY_LEN(counts); i++) {
		struct vuln_advisory advisory;
		AUTO_VULN_DB *db = NULL;
		AUTO_BUF file = {0};

		test_build(texts, 2, &file);
		for (unsigned b = 0; b < 8; b++)
			file.data[DB_AT_ADVISORIES + b] = (char)(counts[i] >> 8 * b);
		REQUIRE(vuln_db_seal(&file, test_signer, NULL) == RF_OK);
		REQUIRE(test_open_bytes(file.data, file.len, &db, NULL) == RF_OK);
		CHECK_INT(vuln_advisory_find(db, RF_STR("Z"), &advisory, NULL), RF_EINPUT);
	}
}

static void a_section_outside_of_the_payload_is_damage(void)
{
	static const uint64_t values[] = {UINT64_MAX, 1 << 20, UINT64_MAX - 7};

	for (unsigned at = DB_AT_SECTIONS; at < DB_AT_SECTIONS + 16 * DB_SECTION_COUNT; at += 8) {
		for (size_t i = 0; i < RF_ARRAY_LEN(values); i++) {
			AUTO_VULN_DB *db = NULL;
			AUTO_BUF file = {0};

			test_build(texts, 2, &file);
			for (unsigned b = 0; b < 8; b++)
				file.data[at + b] = (char)(values[i] >> 8 * b);
			REQUIRE(vuln_db_seal(&file, test_signer, NULL) == RF_OK);
			CHECK_INT(test_open_bytes(file.data, file.len, &db, NULL), RF_EINPUT);
		}
	}
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	test_open();
	RUN(every_changed_byte_is_noticed);
	RUN(a_changed_byte_of_a_record_is_noticed_by_the_look_up);
	RUN(a_file_cut_off_anywhere_is_refused);
	RUN(a_file_with_more_at_its_end_is_refused);
	RUN(another_signature_is_denied);
	RUN(the_signature_is_looked_at_before_what_it_covers);
	RUN(who_signed_is_told);
	RUN(a_file_that_is_no_database_is_told);
	RUN(another_format_is_told);
	RUN(an_empty_database_knows_nothing);
	RUN(all_of_many_are_found_and_no_other);
	RUN(names_of_python_packages_are_normalised);
	RUN(signed_garbage_is_damage);
	RUN(lying_counts_are_damage);
	RUN(a_section_outside_of_the_payload_is_damage);
	test_close();
	return TAP_END();
}
