/*
 * Reading a database. Nothing is believed before it was verified: the header by its signature,
 * a block by its hash when a byte of it is first asked for. The one who signed may still be an
 * enemy, so records are read with bounds, too.
 */
#include "image/vuln/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"

#include "image/vuln/record_int.h"
#include "image/vuln/write_int.h"

struct section {
	uint64_t off, len; /* in the payload */
};

struct vuln_db {
	int fd;
	const uint8_t *map;
	size_t size;
	const uint8_t *payload, *hashes;
	uint64_t payload_len;
	struct section sections[DB_SECTION_COUNT];
	uint8_t *verified; /* a bit a block */
	struct vuln_db_info info;
	struct rf_buf key; /* of the look-up under way */
};

void vuln_db_free(struct vuln_db *db)
{
	if (!db)
		return;
	rf_fd_closep(&db->fd);
	if (db->map)
		munmap((void *)(uintptr_t)db->map, db->size);
	rf_buf_done(&db->key);
	free(db->verified);
	free(db);
}

void vuln_db_freep(struct vuln_db **db)
{
	vuln_db_free(*db);
}

/* --- verifying --- */

static bool block_good(struct vuln_db *db, uint64_t block)
{
	uint64_t off = block * DB_BLOCK_SIZE, left = db->payload_len - off;
	struct image_digest digest;
	struct rf_str bytes = {.ptr = (const char *)db->payload + off,
		.len = left < DB_BLOCK_SIZE ? (size_t)left : DB_BLOCK_SIZE};

	if (db->verified[block / 8] & 1 << block % 8)
		return true;
	if (image_digest_of(bytes, &digest) < 0 ||
		memcmp(digest.bytes, db->hashes + block * IMAGE_DIGEST_LEN, IMAGE_DIGEST_LEN) != 0)
		return false;
	db->verified[block / 8] |= (uint8_t)(1 << block % 8);
	return true;
}

/* Bytes of a section, verified; an absent view when they are not there or not good. */
static struct rf_bytes section_bytes(
	struct vuln_db *db, enum db_section which, uint64_t off, uint64_t len)
{
	const struct section *section = &db->sections[which];
	const struct rf_bytes none = {.ptr = NULL};
	uint64_t from, to;

	if (off > section->len || len > section->len - off)
		return none;
	from = section->off + off;
	to = from + len;
	for (uint64_t block = from / DB_BLOCK_SIZE; block * DB_BLOCK_SIZE < to; block++) {
		if (!block_good(db, block))
			return none;
	}
	return (struct rf_bytes){.ptr = db->payload + from, .len = (size_t)len};
}

static int damaged(struct rf_err *err)
{
	return rf_err_set(err, RF_EINPUT, "the vulnerability database is damaged");
}

int vuln_db_verify(struct vuln_db *db, struct rf_err *err)
{
	for (uint64_t block = 0; block < db_block_count(db->payload_len); block++) {
		if (!block_good(db, block))
			return damaged(err);
	}
	return RF_OK;
}

/* --- opening --- */

/* What tells that there is a signature, and where. */
static int check_magic(struct vuln_db *db, struct rf_err *err)
{
	struct rf_reader r = {.ptr = db->map, .len = DB_HEADER_SIZE, .off = DB_AT_FORMAT};

	if (memcmp(db->map, DB_MAGIC, 8) != 0)
		return rf_err_set(err, RF_EINPUT, "not a vulnerability database of Ringfence");
	if (rf_read_u32(&r) != DB_FORMAT || rf_read_u32(&r) != DB_BLOCK_SIZE)
		return rf_err_set(err, RF_EUNSUPPORTED,
			"a vulnerability database of another format: build it anew");
	return RF_OK;
}

/* known: the digest of a header whose signature was good; NULL: to be checked. */
static int check_signature(struct vuln_db *db, const struct image_digest *known, struct rf_err *err)
{
	const struct rf_bytes message = {.ptr = db->map, .len = DB_AT_SIGNATURE};
	const struct rf_str header = {.ptr = (const char *)db->map, .len = DB_HEADER_SIZE};

	if (image_digest_of(header, &db->info.digest) < 0)
		return rf_err_set(err, RF_EINTERNAL, "SHA-256 is not available");
	memcpy(db->info.key, db->map + DB_AT_KEY, VULN_KEY_LEN);
	if (known ? !image_digest_eq(known, &db->info.digest)
		  : !vuln_signature_good(db->info.key, message, db->map + DB_AT_SIGNATURE))
		return rf_err_set(
			err, RF_EDENIED, "the signature of the vulnerability database is not good");
	return RF_OK;
}

static int read_header(struct vuln_db *db, struct rf_err *err)
{
	struct rf_reader r = {.ptr = db->map, .len = DB_HEADER_SIZE, .off = DB_AT_BUILT};

	db->info.built_s = (int64_t)rf_read_u64(&r);
	db->payload_len = rf_read_u64(&r);
	if (db->payload_len > VULN_DB_MAX_BYTES ||
		db->size != DB_HEADER_SIZE + db->payload_len +
				    db_block_count(db->payload_len) * IMAGE_DIGEST_LEN)
		return rf_err_set(err, RF_EINPUT, "the vulnerability database is cut off");
	for (size_t i = 0; i < DB_SECTION_COUNT; i++) {
		db->sections[i].off = rf_read_u64(&r);
		db->sections[i].len = rf_read_u64(&r);
		if (db->sections[i].off > db->payload_len ||
			db->sections[i].len > db->payload_len - db->sections[i].off)
			return damaged(err);
	}
	rf_reader_seek(&r, DB_AT_PACKAGES);
	db->info.package_count = rf_read_u64(&r);
	db->info.advisory_count = rf_read_u64(&r);
	db->info.size = db->size;
	return RF_OK;
}

static int check_hashes(struct vuln_db *db, struct rf_err *err)
{
	uint64_t block_count = db_block_count(db->payload_len);
	struct image_digest digest;
	struct rf_str hashes;

	db->payload = db->map + DB_HEADER_SIZE;
	db->hashes = db->payload + db->payload_len;
	hashes = (struct rf_str){
		.ptr = (const char *)db->hashes, .len = (size_t)block_count * IMAGE_DIGEST_LEN};
	if (image_digest_of(hashes, &digest) < 0 ||
		memcmp(digest.bytes, db->map + DB_AT_HASHES, IMAGE_DIGEST_LEN) != 0)
		return damaged(err);
	db->verified = calloc(1, (size_t)block_count / 8 + 1);
	return db->verified ? RF_OK : rf_err_nomem(err);
}

static int open_db(
	int fd, const struct image_digest *known, struct vuln_db **ret, struct rf_err *err)
{
	AUTO_VULN_DB *db = calloc(1, sizeof(*db));
	off_t size = lseek(fd, 0, SEEK_END);
	void *map;
	int rc;

	if (!db)
		return rf_err_nomem(err);
	db->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (size < DB_HEADER_SIZE || (uint64_t)size > VULN_DB_MAX_BYTES)
		return rf_err_set(err, RF_EINPUT, "not a vulnerability database of Ringfence");
	map = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || db->fd < 0)
		return rf_err_sys(err, errno, "map the vulnerability database");
	db->map = map;
	db->size = (size_t)size;
	rc = check_magic(db, err);
	if (rc == RF_OK)
		rc = check_signature(db, known, err);
	if (rc == RF_OK)
		rc = read_header(db, err);
	if (rc == RF_OK)
		rc = check_hashes(db, err);
	if (rc == RF_OK)
		*ret = TAKE_PTR(db);
	return rc;
}

int vuln_db_open(int fd, struct vuln_db **ret, struct rf_err *err)
{
	return open_db(fd, NULL, ret, err);
}

int vuln_db_open_known(
	int fd, const struct image_digest *digest, struct vuln_db **ret, struct rf_err *err)
{
	return open_db(fd, digest, ret, err);
}

int vuln_db_fd(const struct vuln_db *db)
{
	return db->fd;
}

const struct vuln_db_info *vuln_db_info(const struct vuln_db *db)
{
	return &db->info;
}

bool vuln_db_source(struct vuln_db *db, size_t index, struct rf_str *ret)
{
	struct rf_bytes list =
		section_bytes(db, DB_SECTION_SOURCES, 0, db->sections[DB_SECTION_SOURCES].len);

	do {
		if (!vuln_list_next(&list, ret))
			return false;
	} while (index--);
	return true;
}

/* --- looking up --- */

static bool record_at(
	struct vuln_db *db, enum db_section table, uint64_t index, struct rf_bytes *ret)
{
	struct rf_reader r =
		rf_reader_of(section_bytes(db, (enum db_section)(table + 1), index * 4, 8));
	uint32_t from = rf_read_u32(&r), to = rf_read_u32(&r);

	if (r.failed || to < from)
		return false;
	*ret = section_bytes(db, table, from, to - from);
	return ret->ptr != NULL;
}

bool vuln_db_covers(struct vuln_db *db, struct rf_str ecosystem)
{
	uint64_t low = 0, high = db->info.package_count;
	struct rf_bytes record;
	struct rf_reader r;
	struct rf_str found;

	/* The first key that is not below the ecosystem's. */
	record_package_key(ecosystem, RF_STR(""), &db->key);
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (!record_at(db, DB_SECTION_PACKAGES, middle, &record))
			return false;
		r = rf_reader_of(record);
		found = rf_read_str(&r);
		if (rf_str_cmp(found, rf_buf_str(&db->key)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == db->info.package_count || !record_at(db, DB_SECTION_PACKAGES, low, &record))
		return false;
	r = rf_reader_of(record);
	found = rf_read_str(&r);
	return !r.failed && rf_str_starts(found, rf_buf_str(&db->key));
}

/* Binary search; *ret is what follows the key in its record. */
static int find_record(struct vuln_db *db, enum db_section table, uint64_t count, struct rf_str key,
	struct rf_bytes *ret, struct rf_err *err)
{
	uint64_t low = 0, high = count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		struct rf_bytes record;
		struct rf_reader r;
		struct rf_str found;
		int order;

		if (!record_at(db, table, middle, &record))
			return damaged(err);
		r = rf_reader_of(record);
		found = rf_read_str(&r);
		if (r.failed)
			return damaged(err);
		order = rf_str_cmp(key, found);
		if (order == 0) {
			*ret = (struct rf_bytes){record.ptr + r.off, record.len - r.off};
			return RF_OK;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return RF_EABSENT;
}

static struct rf_bytes read_list(struct rf_reader *r)
{
	struct rf_str s = rf_read_str(r);

	return (struct rf_bytes){.ptr = (const uint8_t *)s.ptr, .len = s.len};
}

int vuln_affected_find(struct vuln_db *db, struct rf_str ecosystem, struct rf_str name,
	struct vuln_affected_iter *ret, struct rf_err *err)
{
	struct rf_bytes record;
	struct rf_reader r;
	int rc;

	record_package_key(ecosystem, name, &db->key);
	if (db->key.failed)
		return rf_err_nomem(err);
	rc = find_record(db, DB_SECTION_PACKAGES, db->info.package_count, rf_buf_str(&db->key),
		&record, err);
	if (rc < 0)
		return rc;
	r = rf_reader_of(record);
	ret->db = db;
	ret->rest = read_list(&r);
	return r.failed ? damaged(err) : RF_OK;
}

int vuln_affected_next(
	struct vuln_affected_iter *iter, struct vuln_affected *ret, struct rf_err *err)
{
	struct rf_reader r = rf_reader_of(iter->rest), body;

	if (iter->rest.len == 0)
		return 0;
	body = rf_reader_of(read_list(&r));
	ret->id = rf_read_str(&body);
	ret->ranges = read_list(&body);
	ret->versions = read_list(&body);
	ret->imports = read_list(&body);
	iter->rest = (struct rf_bytes){iter->rest.ptr + r.off, rf_reader_left(&r)};
	return r.failed || body.failed ? damaged(err) : 1;
}

int vuln_advisory_find(
	struct vuln_db *db, struct rf_str id, struct vuln_advisory *ret, struct rf_err *err)
{
	struct rf_bytes record;
	struct rf_reader r;
	unsigned level;
	int rc = find_record(db, DB_SECTION_ADVISORIES, db->info.advisory_count, id, &record, err);

	if (rc < 0)
		return rc;
	r = rf_reader_of(record);
	ret->id = id;
	ret->aliases = read_list(&r);
	ret->related = read_list(&r);
	ret->summary = rf_read_str(&r);
	level = rf_read_u8(&r);
	ret->tenths = rf_read_u8(&r);
	ret->exploited = rf_read_u8(&r) & RECORD_ADVISORY_EXPLOITED;
	ret->vector = rf_read_str(&r);
	if (r.failed || level > VULN_LEVEL_CRITICAL || ret->tenths > 100)
		return damaged(err);
	ret->level = (enum vuln_level)level;
	return RF_OK;
}

/* --- whole tables, for deltas --- */

static int read_table(struct vuln_db *db, enum db_section which, uint64_t count,
	struct rf_arena *arena, struct vuln_table *ret, struct rf_err *err)
{
	if (count > db->sections[which + 1].len / 4)
		return damaged(err);
	ret->records = rf_arena_array(arena, (size_t)count + 1, sizeof(*ret->records));
	if (!ret->records)
		return rf_err_nomem(err);
	for (ret->count = 0; ret->count < count; ret->count++) {
		if (!record_at(db, which, ret->count, &ret->records[ret->count]))
			return damaged(err);
	}
	return RF_OK;
}

int vuln_db_tables(
	struct vuln_db *db, struct rf_arena *arena, struct vuln_tables *ret, struct rf_err *err)
{
	int rc = vuln_db_verify(db, err);

	*ret = (struct vuln_tables){.built_s = db->info.built_s};
	if (rc == RF_OK)
		rc = read_table(db, DB_SECTION_PACKAGES, db->info.package_count, arena,
			&ret->packages, err);
	if (rc == RF_OK)
		rc = read_table(db, DB_SECTION_ADVISORIES, db->info.advisory_count, arena,
			&ret->advisories, err);
	if (rc == RF_OK)
		ret->sources = section_bytes(
			db, DB_SECTION_SOURCES, 0, db->sections[DB_SECTION_SOURCES].len);
	return rc;
}

const uint8_t *vuln_db_header(const struct vuln_db *db)
{
	return db->map;
}
