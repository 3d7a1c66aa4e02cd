/* Both tables are sorted by key, so making and applying are merges. */
#include "image/vuln/delta.h"

#include <zstd.h>

#include "base/arena.h"
#include "image/vuln/record_int.h"
#include "image/vuln/write_int.h"

#define DELTA_MAGIC	  "RFVULNDT"
#define DELTA_MAGIC_LEN	  8
#define DELTA_LEVEL	  19
#define DELTA_MAX_PLAIN	  ((size_t)VULN_DELTA_MAX_BYTES)
#define DELTA_MAX_RECORDS ((size_t)8 << 20) /* of a table */
#define DELTA_ARENA_BYTES ((size_t)1 << 30)

bool vuln_is_delta(struct rf_bytes file)
{
	return file.len >= DELTA_MAGIC_LEN && memcmp(file.ptr, DELTA_MAGIC, DELTA_MAGIC_LEN) == 0;
}

static struct rf_str as_str(struct rf_bytes bytes)
{
	return (struct rf_str){(const char *)bytes.ptr, bytes.len};
}

static int key_order(struct rf_bytes a, struct rf_bytes b)
{
	return rf_str_cmp(vuln_record_key(a), vuln_record_key(b));
}

/* --- making --- */

static void put_changes(
	const struct vuln_table *from, const struct vuln_table *to, struct rf_buf *out)
{
	AUTO_BUF changed = {0};
	AUTO_BUF gone = {0};
	size_t i = 0, j = 0;

	while (i < from->count || j < to->count) {
		int order = i == from->count ? 1
			    : j == to->count ? -1
					     : key_order(from->records[i], to->records[j]);

		if (order < 0)
			record_put_str(&gone, vuln_record_key(from->records[i]));
		else if (order > 0 || !rf_str_eq(as_str(from->records[i]), as_str(to->records[j])))
			record_put_str(&changed, as_str(to->records[j]));
		i += order <= 0;
		j += order >= 0;
	}
	record_put_str(out, rf_buf_str(&changed));
	record_put_str(out, rf_buf_str(&gone));
	out->failed |= changed.failed || gone.failed;
}

static int compress(const struct rf_buf *plain, struct rf_buf *out, struct rf_err *err)
{
	size_t bound = ZSTD_compressBound(plain->len), len;
	char *room;

	rf_buf_clear(out);
	rf_buf_add(out, DELTA_MAGIC, DELTA_MAGIC_LEN);
	room = rf_buf_reserve(out, bound);
	if (plain->failed || !room)
		return rf_err_nomem(err);
	len = ZSTD_compress(room, bound, plain->data, plain->len, DELTA_LEVEL);
	if (ZSTD_isError(len))
		return rf_err_set(err, RF_EINTERNAL, "zstd: %s", ZSTD_getErrorName(len));
	out->len += len;
	return RF_OK;
}

int vuln_delta_make(
	struct vuln_db *from, struct vuln_db *to, struct rf_buf *out, struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(DELTA_ARENA_BYTES);
	struct vuln_tables old, new;
	AUTO_BUF plain = {0};
	int rc = arena ? vuln_db_tables(from, arena, &old, err) : rf_err_nomem(err);

	if (rc == RF_OK)
		rc = vuln_db_tables(to, arena, &new, err);
	if (rc < 0)
		return rc;
	rf_buf_add(&plain, vuln_db_info(from)->digest.bytes, IMAGE_DIGEST_LEN);
	rf_buf_add(&plain, vuln_db_header(to), DB_HEADER_SIZE);
	record_put_str(&plain, as_str(new.sources));
	put_changes(&old.packages, &new.packages, &plain);
	put_changes(&old.advisories, &new.advisories, &plain);
	return compress(&plain, out, err);
}

/* --- applying --- */

static int decompress(struct rf_bytes delta, struct rf_buf *plain, struct rf_err *err)
{
	const uint8_t *frame = delta.ptr + DELTA_MAGIC_LEN;
	size_t frame_len = delta.len - DELTA_MAGIC_LEN, len;
	unsigned long long size = ZSTD_getFrameContentSize(frame, frame_len);
	char *room;

	if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR)
		return rf_err_set(err, RF_EINPUT, "the delta is damaged");
	if (size > DELTA_MAX_PLAIN)
		return rf_err_set(err, RF_ELIMIT, "the delta unpacks to more than %zu bytes",
			DELTA_MAX_PLAIN);
	room = rf_buf_reserve(plain, (size_t)size + 1);
	if (!room)
		return rf_err_nomem(err);
	len = ZSTD_decompress(room, (size_t)size, frame, frame_len);
	if (ZSTD_isError(len) || len != size)
		return rf_err_set(err, RF_EINPUT, "the delta is damaged");
	plain->len = len;
	return RF_OK;
}

static struct rf_bytes next_item(struct rf_bytes *list)
{
	struct rf_str item;

	if (!vuln_list_next(list, &item))
		return (struct rf_bytes){.ptr = NULL};
	return (struct rf_bytes){(const uint8_t *)item.ptr, item.len};
}

static size_t count_items(struct rf_bytes list)
{
	size_t count = 0;

	while (next_item(&list).ptr)
		count++;
	return count;
}

/* The old records without what is gone, with what is new in place. */
static int merge(const struct vuln_table *old, struct rf_bytes changed, struct rf_bytes gone,
	struct rf_arena *arena, struct vuln_table *ret, struct rf_err *err)
{
	size_t max = old->count + count_items(changed) + 1, i = 0;
	struct rf_bytes change = next_item(&changed), away = next_item(&gone);

	if (max > DELTA_MAX_RECORDS)
		return rf_err_set(
			err, RF_ELIMIT, "the delta has more than %zu records", DELTA_MAX_RECORDS);
	ret->count = 0;
	ret->records = rf_arena_array(arena, max, sizeof(*ret->records));
	if (!ret->records)
		return rf_err_nomem(err);
	while (i < old->count || change.ptr) {
		int order = i == old->count ? 1
			    : !change.ptr   ? -1
					    : key_order(old->records[i], change);

		if (order >= 0) {
			ret->records[ret->count++] = change;
			change = next_item(&changed);
			i += order == 0;
		} else if (away.ptr && rf_str_eq(vuln_record_key(old->records[i]), as_str(away))) {
			away = next_item(&gone);
			i++;
		} else {
			ret->records[ret->count++] = old->records[i++];
		}
	}
	return RF_OK;
}

static struct rf_bytes read_list(struct rf_reader *r)
{
	struct rf_str s = rf_read_str(r);

	return (struct rf_bytes){(const uint8_t *)s.ptr, s.len};
}

static int apply_table(struct rf_reader *r, const struct vuln_table *old, struct rf_arena *arena,
	struct vuln_table *ret, struct rf_err *err)
{
	struct rf_bytes changed = read_list(r), gone = read_list(r);

	if (r->failed)
		return rf_err_set(err, RF_EINPUT, "the delta is damaged");
	return merge(old, changed, gone, arena, ret, err);
}

static int apply_plain(struct vuln_db *from, const struct rf_buf *plain, struct rf_arena *arena,
	struct rf_buf *out, struct rf_err *err)
{
	struct rf_reader r = {.ptr = (const uint8_t *)plain->data, .len = plain->len}, head;
	struct vuln_tables old, new = {.built_s = 0};
	const uint8_t *base = rf_read_raw(&r, IMAGE_DIGEST_LEN);
	const uint8_t *header = rf_read_raw(&r, DB_HEADER_SIZE);
	int rc;

	if (r.failed)
		return rf_err_set(err, RF_EINPUT, "the delta is damaged");
	if (memcmp(base, vuln_db_info(from)->digest.bytes, IMAGE_DIGEST_LEN) != 0)
		return rf_err_set(err, RF_EABSENT, "the delta is for another database");
	new.sources = read_list(&r);
	head = (struct rf_reader){.ptr = header, .len = DB_HEADER_SIZE, .off = DB_AT_BUILT};
	new.built_s = (int64_t)rf_read_u64(&head);
	rc = vuln_db_tables(from, arena, &old, err);
	if (rc == RF_OK)
		rc = apply_table(&r, &old.packages, arena, &new.packages, err);
	if (rc == RF_OK)
		rc = apply_table(&r, &old.advisories, arena, &new.advisories, err);
	if (rc == RF_OK && rf_reader_left(&r))
		rc = rf_err_set(err, RF_EINPUT, "the delta is damaged");
	if (rc == RF_OK)
		rc = vuln_db_assemble(&new, header + DB_AT_KEY, out, err);
	if (rc < 0)
		return rc;
	if (memcmp(out->data, header, DB_AT_SIGNATURE) != 0)
		return rf_err_set(err, RF_EDENIED, "the delta does not give what was signed");
	memcpy(out->data, header, DB_HEADER_SIZE);
	return RF_OK;
}

int vuln_delta_apply(
	struct vuln_db *from, struct rf_bytes delta, struct rf_buf *out, struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(DELTA_ARENA_BYTES);
	AUTO_BUF plain = {.max = DELTA_MAX_PLAIN + 1};
	int rc;

	if (!arena)
		return rf_err_nomem(err);
	if (!vuln_is_delta(delta))
		return rf_err_set(err, RF_EINPUT, "not a delta of vulnerability databases");
	rc = decompress(delta, &plain, err);
	return rc < 0 ? rc : apply_plain(from, &plain, arena, out, err);
}
