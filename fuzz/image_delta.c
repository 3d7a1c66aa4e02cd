/*
 * Deltas for one small database: the bytes of a file, and the bytes as what a file unpacks to, with
 * the database's digest in place. What can be applied gives a file that is sound, or that nobody
 * has signed.
 */
#include "fuzz/check_vuln.h"

#include <zstd.h>

#include "image/vuln/delta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] =
	"[{\"id\":\"A-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{"
	"\"ecosystem\":\"npm\",\"name\":\"m\"},\"versions\":[\"1.0.0\"]}]},{\"id\":\"B-1\","
	"\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{\"ecosystem\":\"npm\","
	"\"name\":\"n\"},\"versions\":[\"1.0.0\"]}]}]";

static struct vuln_db *database(void)
{
	static struct vuln_db *db;
	AUTO_VULN_BUILDER *builder = NULL;
	AUTO_BUF file = {0};

	if (db)
		return db;
	if (vuln_builder_new(&builder, NULL) < 0 ||
		vuln_builder_add_document(builder, RF_STR("a.json"), rf_str_of(document), NULL) <
			0 ||
		vuln_builder_finish(builder, 0, check_signer(), &file, NULL) < 0 ||
		!(db = check_open((struct rf_bytes){(const uint8_t *)file.data, file.len})))
		abort();
	return db;
}

static int open_made(const struct rf_buf *file, struct vuln_db **ret)
{
	AUTO_FD fd = memfd_create("made", MFD_CLOEXEC);

	if (fd < 0 || write(fd, file->data, file->len) != (ssize_t)file->len)
		abort();
	return vuln_db_open(fd, ret, NULL);
}

static void apply(struct rf_bytes delta)
{
	AUTO_BUF out = {0};
	AUTO_VULN_DB *made = NULL;
	int rc = vuln_delta_apply(database(), delta, &out, NULL);

	if (rc > 0 || rc == RF_EINTERNAL)
		abort();
	if (rc < 0)
		return;
	rc = open_made(&out, &made);
	if (rc < 0 ? rc != RF_EDENIED : !check_all(made))
		abort();
}

/* Header as the database has it, and what the input says behind it. */
static void apply_packed(const uint8_t *data, size_t size)
{
	AUTO_BUF plain = {0}, delta = {0};
	size_t bound, len;
	char *room;

	rf_buf_add(&plain, vuln_db_info(database())->digest.bytes, IMAGE_DIGEST_LEN);
	rf_buf_add(&plain, vuln_db_header(database()), DB_HEADER_SIZE);
	rf_buf_add(&plain, data, size);
	bound = ZSTD_compressBound(plain.len);
	rf_buf_add(&delta, "RFVULNDT", 8);
	room = rf_buf_reserve(&delta, bound);
	len = room ? ZSTD_compress(room, bound, plain.data, plain.len, 1) : 0;
	if (!room || ZSTD_isError(len))
		abort();
	delta.len += len;
	apply((struct rf_bytes){(const uint8_t *)delta.data, delta.len});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	apply((struct rf_bytes){data, size});
	apply_packed(data, size);
	return 0;
}
