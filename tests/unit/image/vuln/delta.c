/* Deltas: applied, they give the very bytes of the new file, or they are refused. */
#include "tests/lib/random_model.h"
#include "tests/unit/image/vuln/delta_test.h"

#include <archive.h>
#include <archive_entry.h>

/* A database of up to 60 random entries in up to 12 packages. */
static void random_file(struct rng *rng, struct rf_buf *out)
{
	AUTO_VULN_BUILDER *builder = NULL;
	unsigned count = rng_below(rng, 60);

	if (vuln_builder_new(&builder, NULL) < 0)
		abort();
	for (unsigned i = 0; i < count; i++) {
		char text[512];

		snprintf(text, sizeof(text),
			"{\"id\":\"A-%u\",\"modified\":\"2024-01-01T00:00:00Z\",\"summary\":\"s%"
			"u\","
			"\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":\"p%u\"},"
			"\"versions\":[\"1.%u.0\"]}]}",
			rng_below(rng, 40), rng_below(rng, 3), rng_below(rng, 12),
			rng_below(rng, 3));
		test_add(builder, "a.json", text);
	}
	CHECK(vuln_builder_finish(builder, (int64_t)rng_below(rng, 2000000000), test_signer, out,
		      NULL) == RF_OK);
}

static int apply(const struct rf_buf *from, const struct rf_buf *delta, struct rf_buf *out,
	struct rf_err *err)
{
	AUTO_VULN_DB *old = NULL, *made = NULL;
	int rc;

	if (test_open_bytes(from->data, from->len, &old, NULL) < 0)
		abort();
	rc = vuln_delta_apply(old, bytes_of(delta), out, err);
	return rc < 0 ? rc : test_open_bytes(out->data, out->len, &made, err);
}

static void a_delta_gives_the_very_bytes_of_the_new_file(void)
{
	struct rng rng = {.state = 31};

	for (int turn = 0; turn < 300 && !tap_failed(); turn++) {
		AUTO_BUF from = {0}, to = {0}, delta = {0}, made = {0};
		struct rf_err err = {.code = RF_OK};

		random_file(&rng, &from);
		random_file(&rng, &to);
		make_delta(&from, &to, &delta);
		CHECKF(apply(&from, &delta, &made, &err) == RF_OK, "turn %d: %s", turn, err.msg);
		CHECKF(rf_str_eq(rf_buf_str(&made), rf_buf_str(&to)), "turn %d", turn);
	}
}

static void a_delta_to_the_same_database_is_small(void)
{
	struct rng rng = {.state = 32};
	AUTO_BUF file = {0}, delta = {0}, made = {0};

	random_file(&rng, &file);
	make_delta(&file, &file, &delta);
	CHECKF(delta.len < 800, "%zu bytes", delta.len);
	CHECK_INT(apply(&file, &delta, &made, NULL), RF_OK);
	CHECK(rf_str_eq(rf_buf_str(&made), rf_buf_str(&file)));
}

static void a_delta_for_another_database_is_told(void)
{
	struct rng rng = {.state = 33};
	AUTO_BUF a = {0}, b = {0}, c = {0}, delta = {0}, made = {0};
	struct rf_err err;

	random_file(&rng, &a);
	random_file(&rng, &b);
	random_file(&rng, &c);
	make_delta(&a, &b, &delta);
	CHECK_INT(apply(&c, &delta, &made, &err), RF_EABSENT);
	CHECK_STR(err.msg, "the delta is for another database");
}

/* Whatever is done to a delta: it is refused, or it makes no difference. */
static void check_damaged(
	const struct rf_buf *from, const struct rf_buf *to, const struct rf_buf *delta, size_t at)
{
	AUTO_BUF made = {0};
	int rc = apply(from, delta, &made, NULL);

	if (rc == RF_OK)
		CHECKF(rf_str_eq(rf_buf_str(&made), rf_buf_str(to)), "byte %zu", at);
	else
		CHECKF(rc == RF_EINPUT || rc == RF_EDENIED || rc == RF_EABSENT || rc == RF_ELIMIT,
			"byte %zu: %d", at, rc);
}

static void a_damaged_delta_is_refused(void)
{
	struct rng rng = {.state = 34};
	AUTO_BUF from = {0}, to = {0}, delta = {0};

	random_file(&rng, &from);
	random_file(&rng, &to);
	make_delta(&from, &to, &delta);
	for (size_t i = 0; i < delta.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			delta.data[i] ^= (char)(1 << bit);
			check_damaged(&from, &to, &delta, i);
			delta.data[i] ^= (char)(1 << bit);
		}
	}
}

static void a_delta_cut_off_anywhere_is_refused(void)
{
	struct rng rng = {.state = 35};
	AUTO_BUF from = {0}, to = {0}, delta = {0};
	size_t whole;

	random_file(&rng, &from);
	random_file(&rng, &to);
	make_delta(&from, &to, &delta);
	whole = delta.len;
	for (delta.len = 0; delta.len < whole; delta.len++) {
		AUTO_BUF made = {0};

		CHECK_INT(apply(&from, &delta, &made, NULL), RF_EINPUT);
	}
}

/* --- what is in it, changed --- */

static void a_changed_byte_in_a_delta_is_noticed(void)
{
	struct rng rng = {.state = 36};
	AUTO_BUF from = {0}, to = {0}, delta = {0}, plain = {0};

	random_file(&rng, &from);
	random_file(&rng, &to);
	make_delta(&from, &to, &delta);
	unpack(&delta, &plain);
	for (size_t i = 0; i < plain.len; i++) {
		AUTO_BUF made = {0};
		int rc;

		plain.data[i] ^= 1;
		pack(&plain, &delta);
		rc = apply(&from, &delta, &made, NULL);
		CHECKF(rc < 0, "byte %zu of %zu gives %d", i, plain.len, rc);
		plain.data[i] ^= 1;
	}
}

/* A delta for an empty database whose list of new packages is len bytes of one value. */
static void hostile_delta(const struct rf_buf *from, size_t len, char value, struct rf_buf *delta)
{
	AUTO_VULN_DB *old = NULL;
	AUTO_BUF plain = {0}, list = {0};

	if (test_open_bytes(from->data, from->len, &old, NULL) < 0)
		abort();
	for (size_t i = 0; i < len; i++)
		rf_buf_add_char(&list, value);
	rf_buf_add(&plain, vuln_db_info(old)->digest.bytes, IMAGE_DIGEST_LEN);
	rf_buf_add(&plain, from->data, DB_HEADER_SIZE);
	record_put_str(&plain, RF_STR(""));
	record_put_str(&plain, rf_buf_str(&list));
	record_put_str(&plain, RF_STR(""));
	record_put_str(&plain, RF_STR(""));
	record_put_str(&plain, RF_STR(""));
	pack(&plain, delta);
}

static void a_delta_of_empty_records_does_no_harm(void)
{
	static const size_t lens[] = {1, 2, 3, 7, 100, 5000, 3000000};
	AUTO_BUF from = {0}, delta = {0}, made = {0};

	test_build(NULL, 0, &from);
	for (size_t i = 0; i < RF_ARRAY_LEN(lens); i++) {
		for (char value = 0; value < 3; value++) {
			int rc;

			hostile_delta(&from, lens[i], value, &delta);
			rc = apply(&from, &delta, &made, NULL);
			/* An end of the list that is no record is as good as none. */
			CHECKF(rc < 0 || rf_str_eq(rf_buf_str(&made), rf_buf_str(&from)),
				"%zu bytes of %d", lens[i], value);
		}
	}
}

static void a_delta_that_unpacks_to_too_much_is_refused(void)
{
	/* A frame whose header promises 16 GiB in one segment. */
	static const uint8_t frame[] = {'R', 'F', 'V', 'U', 'L', 'N', 'D', 'T', 0x28, 0xb5, 0x2f,
		0xfd, 0xe0, 0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0};
	AUTO_BUF from = {0}, delta = {0}, made = {0};

	test_build(NULL, 0, &from);
	rf_buf_add(&delta, frame, sizeof(frame));
	CHECK_INT(apply(&from, &delta, &made, NULL), RF_ELIMIT);
}

static void a_delta_of_too_many_records_is_refused(void)
{
	AUTO_BUF from = {0}, delta = {0}, made = {0};
	struct rf_err err = {.code = RF_OK};

	test_build(NULL, 0, &from);
	hostile_delta(&from, (size_t)9 << 20, 0, &delta);
	CHECK_INT(apply(&from, &delta, &made, &err), RF_ELIMIT);
	CHECK_STR(err.msg, "the delta has more than 8388608 records");
}

/* --- a day's change --- */

static void archive_freep(struct archive **archive)
{
	archive_read_free(*archive);
}

/* Of the Go data about one entry in a hundred gets another text, symbol and fix, or goes. */
static bool change(struct rng *rng, struct rf_buf *text)
{
	struct rf_str all = rf_buf_str(text);
	char *at;

	if (rng_below(rng, 100))
		return true;
	if (rng_below(rng, 8) == 0)
		return false;
	at = memmem(all.ptr, all.len, "\"summary\": \"", 12);
	if (at)
		memcpy(at + 12, "Changed", 7);
	at = memmem(all.ptr, all.len, "\"fixed\": \"", 10);
	if (at)
		at[10] = (char)('2' + rng_below(rng, 8));
	return true;
}

static void add_changed(struct vuln_builder *builder, const char *path, struct rng *rng)
{
	CLEANUP(archive_freep) struct archive *archive = archive_read_new();
	struct archive_entry *entry;

	archive_read_support_format_tar(archive);
	archive_read_support_filter_zstd(archive);
	REQUIRE(archive_read_open_filename(archive, path, 1 << 16) == ARCHIVE_OK);
	while (archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
		AUTO_BUF text = {0};
		char block[65536];
		la_ssize_t got;

		if (archive_entry_filetype(entry) != AE_IFREG)
			continue;
		while ((got = archive_read_data(archive, block, sizeof(block))) > 0)
			rf_buf_add(&text, block, (size_t)got);
		if (change(rng, &text))
			(void)!vuln_builder_add_document(
				builder, RF_STR("a.json"), rf_buf_str(&text), NULL);
	}
}

static void a_days_change_of_the_go_data_is_small(void)
{
	const char *path = tap_shared_data("vuln/go-vulndb-osv.tar.zst");
	AUTO_VULN_BUILDER *before = NULL, *after = NULL;
	AUTO_BUF from = {0}, to = {0}, delta = {0}, made = {0};
	struct rng rng = {.state = 37};

	if (!path)
		SKIP("shared/data/vuln/go-vulndb-osv.tar.zst is not there");
	REQUIRE(vuln_builder_new(&before, NULL) == RF_OK &&
		vuln_builder_new(&after, NULL) == RF_OK);
	REQUIRE(vuln_builder_add(before, path, NULL) == RF_OK);
	add_changed(after, path, &rng);
	REQUIRE(vuln_builder_finish(before, 1, test_signer, &from, NULL) == RF_OK);
	REQUIRE(vuln_builder_finish(after, 2, test_signer, &to, NULL) == RF_OK);
	make_delta(&from, &to, &delta);
	REQUIRE(apply(&from, &delta, &made, NULL) == RF_OK);
	CHECK(rf_str_eq(rf_buf_str(&made), rf_buf_str(&to)));
	CHECKF(delta.len > 1000 && delta.len <= 50000, "%zu bytes", delta.len);
	tap_diag("%zu bytes", delta.len);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	test_open();
	RUN(a_delta_gives_the_very_bytes_of_the_new_file);
	RUN(a_delta_to_the_same_database_is_small);
	RUN(a_delta_for_another_database_is_told);
	RUN(a_damaged_delta_is_refused);
	RUN(a_delta_cut_off_anywhere_is_refused);
	RUN(a_changed_byte_in_a_delta_is_noticed);
	RUN(a_delta_of_empty_records_does_no_harm);
	RUN(a_delta_that_unpacks_to_too_much_is_refused);
	RUN(a_delta_of_too_many_records_is_refused);
	RUN(a_days_change_of_the_go_data_is_small);
	test_close();
	return TAP_END();
}
