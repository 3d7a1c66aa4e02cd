/* Tables of records into the bytes of a database. */
#ifndef RF_IMAGE_VULN_WRITE_INT_H
#define RF_IMAGE_VULN_WRITE_INT_H

#include "base/buf.h"
#include "image/vuln/db_int.h"
#include "image/vuln/sign.h"

/* Whole records; each begins with its key, and they are sorted by it. */
struct vuln_table {
	struct rf_bytes *records;
	size_t count;
};

struct vuln_tables {
	int64_t built_s;
	struct rf_bytes sources; /* a list of strings */
	struct vuln_table packages, advisories;
};

/* The key that a record begins with. */
struct rf_str vuln_record_key(struct rf_bytes record);

/* Everything but the signature, which stays zero. key is whose signature it will be. */
int vuln_db_assemble(const struct vuln_tables *tables, const uint8_t key[static VULN_KEY_LEN],
	struct rf_buf *out, struct rf_err *err) RF_MUST_USE;
int vuln_db_seal(
	struct rf_buf *file, const struct vuln_signer *signer, struct rf_err *err) RF_MUST_USE;

/* A database's tables, as views into it; the arrays live in arena. Verifies every block. */
struct rf_arena;
int vuln_db_tables(struct vuln_db *db, struct rf_arena *arena, struct vuln_tables *ret,
	struct rf_err *err) RF_MUST_USE;
/* The header as it is in the file: DB_HEADER_SIZE bytes. */
const uint8_t *vuln_db_header(const struct vuln_db *db);

#endif
