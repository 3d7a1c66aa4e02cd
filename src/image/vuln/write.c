/* The payload is put together first; header and hashes follow from it. */
#include "image/vuln/write_int.h"

#include "image/vuln/record_int.h"

static void put_number(char *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (char)(value >> 8 * i);
}

struct rf_str vuln_record_key(struct rf_bytes record)
{
	struct rf_reader r = rf_reader_of(record);

	return rf_read_str(&r);
}

struct assembly {
	struct rf_buf *out;
	char *header; /* DB_HEADER_SIZE bytes, apart: out moves as it grows */
};

static uint64_t payload_len(const struct assembly *as)
{
	return as->out->len - DB_HEADER_SIZE;
}

static void end_section(struct assembly *as, enum db_section which, uint64_t from)
{
	put_number(as->header + DB_AT_SECTIONS + 16 * which, from, 8);
	put_number(as->header + DB_AT_SECTIONS + 16 * which + 8, payload_len(as) - from, 8);
}

static void add_table(struct assembly *as, const struct vuln_table *table, enum db_section which)
{
	uint64_t from = payload_len(as), off = 0;
	char number[4];

	for (size_t i = 0; i < table->count; i++)
		rf_buf_add(as->out, table->records[i].ptr, table->records[i].len);
	end_section(as, which, from);
	from = payload_len(as);
	for (size_t i = 0; i <= table->count; i++) {
		put_number(number, off, sizeof(number));
		rf_buf_add(as->out, number, sizeof(number));
		off += i < table->count ? table->records[i].len : 0;
	}
	if (off > UINT32_MAX)
		as->out->failed = true;
	end_section(as, (enum db_section)(which + 1), from);
}

/* Appends the hashes of the blocks and puts their own hash into the header. */
static int add_hashes(struct assembly *as, struct rf_err *err)
{
	uint64_t len = payload_len(as), count = db_block_count(len);
	AUTO_BUF hashes = {.max = 0};
	struct image_digest digest = {.bytes = {0}};
	int rc = RF_OK;

	for (uint64_t block = 0; block < count && rc == RF_OK; block++) {
		uint64_t off = block * DB_BLOCK_SIZE, left = len - off;

		rc = image_digest_of((struct rf_str){as->out->data + DB_HEADER_SIZE + off,
					     left < DB_BLOCK_SIZE ? (size_t)left : DB_BLOCK_SIZE},
			&digest);
		rf_buf_add(&hashes, digest.bytes, sizeof(digest.bytes));
	}
	if (rc == RF_OK)
		rc = image_digest_of(rf_buf_str(&hashes), &digest);
	if (rc < 0)
		return rf_err_set(err, RF_EINTERNAL, "SHA-256 is not available");
	memcpy(as->header + DB_AT_HASHES, digest.bytes, sizeof(digest.bytes));
	rf_buf_add_str(as->out, rf_buf_str(&hashes));
	as->out->failed |= hashes.failed;
	return RF_OK;
}

int vuln_db_assemble(const struct vuln_tables *tables, const uint8_t key[static VULN_KEY_LEN],
	struct rf_buf *out, struct rf_err *err)
{
	char header[DB_HEADER_SIZE] = DB_MAGIC;
	struct assembly as = {.out = out, .header = header};
	int rc;

	rf_buf_clear(out);
	put_number(header + DB_AT_FORMAT, DB_FORMAT, 4);
	put_number(header + DB_AT_BLOCK, DB_BLOCK_SIZE, 4);
	put_number(header + DB_AT_BUILT, (uint64_t)tables->built_s, 8);
	put_number(header + DB_AT_PACKAGES, tables->packages.count, 8);
	put_number(header + DB_AT_ADVISORIES, tables->advisories.count, 8);
	memcpy(header + DB_AT_KEY, key, VULN_KEY_LEN);
	rf_buf_add(out, header, sizeof(header));
	rf_buf_add(out, tables->sources.ptr, tables->sources.len);
	end_section(&as, DB_SECTION_SOURCES, 0);
	add_table(&as, &tables->packages, DB_SECTION_PACKAGES);
	add_table(&as, &tables->advisories, DB_SECTION_ADVISORIES);
	if (out->failed)
		return rf_err_set(err, RF_ELIMIT, "the vulnerability database gets too large");
	put_number(header + DB_AT_PAYLOAD, payload_len(&as), 8);
	rc = add_hashes(&as, err);
	if (rc == RF_OK && out->failed)
		rc = rf_err_set(err, RF_ELIMIT, "the vulnerability database gets too large");
	if (rc == RF_OK)
		memcpy(out->data, header, sizeof(header));
	return rc;
}

int vuln_db_seal(struct rf_buf *file, const struct vuln_signer *signer, struct rf_err *err)
{
	const struct rf_bytes message = {
		.ptr = (const uint8_t *)file->data, .len = DB_AT_SIGNATURE};

	return vuln_sign(signer, message, (uint8_t *)file->data + DB_AT_SIGNATURE, err);
}
