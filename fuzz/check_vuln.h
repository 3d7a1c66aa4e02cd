/* A signer of this process, databases in memory, and look-ups of all that a database has. */
#ifndef FUZZ_CHECK_VULN_H
#define FUZZ_CHECK_VULN_H

#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "image/vuln/build.h"
#include "image/vuln/match.h"
#include "image/vuln/write_int.h"

static const struct vuln_signer *check_signer(void)
{
	static struct vuln_signer *signer;
	char folder[] = "/tmp/rf-fuzz-XXXXXX", path[64];

	if (signer)
		return signer;
	if (!mkdtemp(folder))
		abort();
	snprintf(path, sizeof(path), "%s/key", folder);
	if (vuln_signer_make(path, &signer, NULL) < 0 || rf_dir_remove(folder, NULL) < 0)
		abort();
	return signer;
}

static struct vuln_db *check_open(struct rf_bytes file)
{
	AUTO_FD fd = memfd_create("database", MFD_CLOEXEC);
	struct vuln_db *db = NULL;

	if (fd < 0 || write(fd, file.ptr, file.len) != (ssize_t)file.len)
		abort();
	return vuln_db_open(fd, &db, NULL) < 0 ? NULL : db;
}

/* Puts the hashes of the blocks, their hash and a signature in place, where the size allows it. */
static inline void check_seal(struct rf_buf *file)
{
	uint64_t payload = 0, blocks = 0;
	struct image_digest digest;
	char *hashes;

	if (file->len < DB_HEADER_SIZE)
		return;
	/* The payload is what leaves room for as many hashes as it has blocks. */
	while (payload + blocks * 32 + DB_HEADER_SIZE < file->len)
		blocks = db_block_count(++payload);
	if (payload + blocks * 32 + DB_HEADER_SIZE != file->len)
		return;
	for (unsigned i = 0; i < 8; i++)
		file->data[DB_AT_PAYLOAD + i] = (char)(payload >> 8 * i);
	hashes = file->data + DB_HEADER_SIZE + payload;
	for (uint64_t b = 0; b < blocks; b++) {
		uint64_t from = b * DB_BLOCK_SIZE, left = payload - from;

		if (image_digest_of((struct rf_str){file->data + DB_HEADER_SIZE + from,
					    left < DB_BLOCK_SIZE ? left : DB_BLOCK_SIZE},
			    &digest) < 0)
			abort();
		memcpy(hashes + b * 32, digest.bytes, 32);
	}
	if (image_digest_of((struct rf_str){hashes, blocks * 32}, &digest) < 0)
		abort();
	memcpy(file->data + DB_AT_HASHES, digest.bytes, 32);
	vuln_signer_key(check_signer(), (uint8_t *)file->data + DB_AT_KEY);
	if (vuln_db_seal(file, check_signer(), NULL) < 0)
		abort();
}

static inline int check_hit(void *ctx, const struct vuln_affected *affected, struct rf_err *err)
{
	const struct vuln_subject *subject = ctx;
	struct rf_bytes imports = affected->imports;
	struct vuln_import import;
	struct rf_str fixes[4], symbol;

	(void)err;
	if (vuln_fixes(subject, affected, fixes, 4) > 4)
		abort();
	while (vuln_import_next(&imports, &import)) {
		while (vuln_list_next(&import.symbols, &symbol))
			;
	}
	return RF_OK;
}

/* The parts of a key "ecosystem NUL name". */
static inline void check_package(struct vuln_db *db, struct rf_str key)
{
	struct vuln_subject subject = {
		.version = RF_STR("1.2.3"), .goos = RF_STR("linux"), .goarch = RF_STR("")};
	const struct vuln_match_sink sink = {.hit = check_hit, .ctx = &subject};
	int rc;

	subject.name = rf_str_cut(key, '\0', &subject.ecosystem);
	if (!subject.name.ptr)
		return;
	rc = vuln_match(db, &subject, &sink, NULL);
	if (rc > 0 || (rc < 0 && rc != RF_EINPUT))
		abort();
}

/* Everything in it; false when it is damaged. */
static inline bool check_all(struct vuln_db *db)
{
	AUTO_ARENA *arena = rf_arena_new((size_t)256 << 20);
	struct vuln_advisory advisory;
	struct vuln_tables tables;
	struct rf_str source;

	for (size_t i = 0; i < 64 && vuln_db_source(db, i, &source); i++)
		;
	if (!arena || vuln_db_tables(db, arena, &tables, NULL) < 0)
		return false;
	for (size_t i = 0; i < tables.packages.count && i < 256; i++)
		check_package(db, vuln_record_key(tables.packages.records[i]));
	for (size_t i = 0; i < tables.advisories.count && i < 256; i++) {
		struct rf_str id = vuln_record_key(tables.advisories.records[i]);

		if (vuln_advisory_find(db, id, &advisory, NULL) == RF_OK &&
			(advisory.level > VULN_LEVEL_CRITICAL || advisory.tenths > 100))
			abort();
	}
	return true;
}

#endif
