/*
 * Berkeley DB's hash file (RPM before 4.16), in the byte order of the machine that wrote it. Pages
 * of one size; the first describes the file. Every hash page is read wherever it lies, so that no
 * chain of buckets can lead astray:
 *
 *	page: log position (8), own number, previous, next, count of items (16 bit), offset of the
 *	free space (16 bit; on overflow pages: bytes of data), level, type; then 16-bit offsets
 *	item: type; data up to the item before it. Type 3: 3 unused, page, length: data lies in the
 *	chain of overflow pages that begins there
 *
 * Items are keys and values in turns; a key is a package's number, 0 the counter.
 */
#include "image/pkg/rpm_int.h"

#define HASH_MAGIC 0x061561
#define META_LEN   512
#define PAGE_HEAD  26
#define MIN_PAGE   512
#define MAX_PAGE   65536
#define KEY_LEN	   4

enum { PAGE_HASH_UNSORTED = 2, PAGE_OVERFLOW = 7, PAGE_HASH = 13 };
enum { ITEM_DATA = 1, ITEM_OFF_PAGE = 3 };
#define OFF_PAGE_LEN 12

struct bdb {
	struct rpm_reading *reading;
	uint32_t (*get32)(const uint8_t *p);
	bool big;
	size_t page_len, page_count;
};

static uint16_t get16(const struct bdb *db, const uint8_t *p)
{
	return db->big ? rpm_be16(p) : (uint16_t)(p[1] << 8 | p[0]);
}

bool rpm_is_bdb(struct rf_bytes file)
{
	return file.len >= META_LEN &&
	       (rpm_le32(file.ptr + 12) == HASH_MAGIC || rpm_be32(file.ptr + 12) == HASH_MAGIC);
}

static int open_file(struct bdb *db, struct rpm_reading *reading, struct rf_err *err)
{
	const uint8_t *meta = reading->file.ptr;

	*db = (struct bdb){.reading = reading, .big = rpm_be32(meta + 12) == HASH_MAGIC};
	db->get32 = db->big ? rpm_be32 : rpm_le32;
	db->page_len = db->get32(meta + 20);
	if (meta[24] != 0)
		return rf_err_set(err, RF_EUNSUPPORTED, "it is encrypted");
	if (db->page_len < MIN_PAGE || db->page_len > MAX_PAGE ||
		(db->page_len & (db->page_len - 1)) != 0)
		return rf_err_set(err, RF_EINPUT, "pages of %zu bytes", db->page_len);
	db->page_count = reading->file.len / db->page_len;
	/* The file may have been allocated further than it was used, never less. */
	if (db->get32(meta + 32) >= db->page_count)
		return rf_err_set(err, RF_EINPUT, "it is cut off");
	return RF_OK;
}

/* Copies a chain of overflow pages to out: len bytes, which the budget has been charged with. */
static bool read_chain(const struct bdb *db, uint32_t number, uint8_t *out, size_t len)
{
	while (len > 0) {
		const uint8_t *page;
		size_t here;

		if (number == 0 || number >= db->page_count)
			return false;
		page = db->reading->file.ptr + number * db->page_len;
		here = get16(db, page + 22);
		/* Every page brings something, or a cycle would never end. */
		if (page[25] != PAGE_OVERFLOW || here == 0 || here > len ||
			here > db->page_len - PAGE_HEAD)
			return false;
		memcpy(out, page + PAGE_HEAD, here);
		out += here;
		len -= here;
		number = db->get32(page + 16);
	}
	return true;
}

static int read_off_page(struct bdb *db, const uint8_t *item, struct rf_err *err)
{
	size_t len = db->get32(item + 8);
	AUTO_FREE uint8_t *header = NULL;
	int rc = rpm_charge(db->reading, len, err);

	if (rc < 0)
		return rc;
	header = malloc(len ? len : 1);
	if (!header)
		return rf_err_nomem(err);
	if (!read_chain(db, db->get32(item + 4), header, len))
		return rf_err_set(err, RF_EINPUT, "a broken chain of overflow pages");
	return rpm_header_read(db->reading, (struct rf_bytes){.ptr = header, .len = len}, err);
}

static int read_value(struct bdb *db, struct rf_bytes item, struct rf_err *err)
{
	int rc;

	if (item.ptr[0] == ITEM_OFF_PAGE && item.len == OFF_PAGE_LEN)
		return read_off_page(db, item.ptr, err);
	if (item.ptr[0] != ITEM_DATA)
		return rf_err_set(err, RF_EINPUT, "an item of type %u", item.ptr[0]);
	item = (struct rf_bytes){.ptr = item.ptr + 1, .len = item.len - 1};
	rc = rpm_charge(db->reading, item.len, err);
	return rc < 0 ? rc : rpm_header_read(db->reading, item, err);
}

/* Item i of a page of count; false when it does not lie inside. */
static bool find_item(
	const struct bdb *db, const uint8_t *page, size_t count, size_t i, struct rf_bytes *ret)
{
	size_t at = get16(db, page + PAGE_HEAD + 2 * i);
	size_t end = i ? get16(db, page + PAGE_HEAD + 2 * (i - 1)) : db->page_len;

	if (at < PAGE_HEAD + 2 * count || end <= at || end > db->page_len)
		return false;
	*ret = (struct rf_bytes){.ptr = page + at, .len = end - at};
	return true;
}

static bool is_counter(const struct bdb *db, struct rf_bytes key)
{
	return key.ptr[0] == ITEM_DATA && key.len == 1 + KEY_LEN && db->get32(key.ptr + 1) == 0;
}

static int read_page(struct bdb *db, size_t number, struct rf_err *err)
{
	const uint8_t *page = db->reading->file.ptr + number * db->page_len;
	size_t count = get16(db, page + 20);
	struct rf_bytes key, value;
	int rc = RF_OK;

	if (page[25] != PAGE_HASH && page[25] != PAGE_HASH_UNSORTED)
		return RF_OK;
	if (count % 2 != 0 || count > (db->page_len - PAGE_HEAD) / 2)
		return rf_err_set(err, RF_EINPUT, "page %zu has %zu items", number, count);
	for (size_t i = 0; i < count && rc == RF_OK; i += 2) {
		if (!find_item(db, page, count, i, &key) ||
			!find_item(db, page, count, i + 1, &value))
			return rf_err_set(err, RF_EINPUT, "an unsound item on page %zu", number);
		if (!is_counter(db, key))
			rc = read_value(db, value, err);
	}
	return rc;
}

int rpm_bdb_read(struct rpm_reading *reading, struct rf_err *err)
{
	struct bdb db;
	int rc = open_file(&db, reading, err);

	for (size_t i = 1; rc == RF_OK && i < db.page_count; i++)
		rc = read_page(&db, i, err);
	return rc;
}
