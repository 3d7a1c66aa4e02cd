/*
 * rpmdb.sqlite: the rows of its table "Packages", read straight from the b-tree. No SQL is run: the
 * schema of a stranger's file is only searched for a name and a page number, so that views,
 * triggers, virtual tables and the like cannot matter; nothing is opened, and the file may well say
 * that it has a write-ahead log, which SQLite would refuse to read without. (sqlite.org/
 * fileformat2.html.) All numbers big-endian:
 *
 *	file: "SQLite format 3\0", page size at 16 (1: 65536), unused bytes at the end of pages at
 *20 page: type (13 leaf, 5 interior), count of cells at 3, interior: rightmost child at 8; then
 *	16-bit offsets of cells. Page 1 begins after the 100 bytes of the file's head
 *	interior cell: child page, row number; leaf cell: bytes of the record, row number, record;
 *	what does not fit lies in a chain of overflow pages: next page, then data
 *	record: bytes of its head, a type a column; the columns
 */
#include "image/pkg/rpm_int.h"

#define FILE_HEAD 100
#define MIN_PAGE  512
#define MAX_DEPTH 20 /* of the tree; four pages a level at least */

enum { LEAF = 13, INTERIOR = 5 };

struct sqlite {
	struct rpm_reading *reading;
	size_t page_len, page_count;
	size_t usable; /* bytes of a page */
	size_t visits; /* pages of trees that may still be read: each is there once */
	uint64_t root; /* of the table, 0 until found */
};

struct record {
	struct rf_bytes bytes;
	uint8_t *heap; /* where bytes are when they came in pieces */
};

/* What is done with a record. */
typedef int (*record_fn)(struct sqlite *db, struct rf_bytes record, struct rf_err *err);

static int unsound(const char *what, struct rf_err *err)
{
	return rf_err_set(err, RF_EINPUT, "SQLite: %s", what);
}

/* 7 bits a byte, 8 in the ninth; bytes read, 0 when cut off. */
static size_t get_varint(struct rf_bytes in, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < 9 && i < in.len; i++) {
		if (i == 8) {
			*ret = value << 8 | in.ptr[i];
			return 9;
		}
		value = value << 7 | (in.ptr[i] & 0x7f);
		if (!(in.ptr[i] & 0x80)) {
			*ret = value;
			return i + 1;
		}
	}
	return 0;
}

static bool take_varint(struct rf_bytes *in, uint64_t *ret)
{
	size_t len = get_varint(*in, ret);

	in->ptr += len;
	in->len -= len;
	return len > 0;
}

bool rpm_is_sqlite(struct rf_bytes file)
{
	return file.len >= FILE_HEAD && memcmp(file.ptr, "SQLite format 3", 16) == 0;
}

static int open_file(struct sqlite *db, struct rpm_reading *reading, struct rf_err *err)
{
	const uint8_t *head = reading->file.ptr;
	size_t page_len = rpm_be16(head + 16);

	if (page_len == 1)
		page_len = 65536;
	if (page_len < MIN_PAGE || (page_len & (page_len - 1)) != 0 || head[20] > page_len - 480)
		return unsound("no such page size", err);
	*db = (struct sqlite){
		.reading = reading,
		.page_len = page_len,
		.usable = page_len - head[20],
		.page_count = reading->file.len / page_len,
	};
	return RF_OK;
}

static const uint8_t *page_at(const struct sqlite *db, uint64_t number)
{
	if (number == 0 || number > db->page_count)
		return NULL;
	return db->reading->file.ptr + (number - 1) * db->page_len;
}

/* How much of a record of len bytes lies in its leaf cell. */
static size_t local_len(const struct sqlite *db, uint64_t len)
{
	size_t most = db->usable - 35, least = (db->usable - 12) * 32 / 255 - 23, rest;

	if (len <= most)
		return (size_t)len;
	rest = least + (size_t)((len - least) % (db->usable - 4));
	return rest <= most ? rest : least;
}

static bool copy_chain(const struct sqlite *db, uint64_t next, uint8_t *out, size_t len)
{
	while (len > 0) {
		const uint8_t *page = page_at(db, next);
		size_t here = len < db->usable - 4 ? len : db->usable - 4;

		if (!page)
			return false;
		memcpy(out, page + 4, here);
		out += here;
		len -= here;
		next = rpm_be32(page);
	}
	return true;
}

static int read_record(
	const struct sqlite *db, struct rf_bytes cell, struct record *ret, struct rf_err *err)
{
	uint64_t len, row;
	size_t local;
	int rc;

	if (!take_varint(&cell, &len) || !take_varint(&cell, &row))
		return unsound("a cell is cut off", err);
	rc = rpm_charge(db->reading, len > SIZE_MAX ? SIZE_MAX : (size_t)len, err);
	if (rc < 0)
		return rc;
	local = local_len(db, len);
	if (local > cell.len || (local < len && cell.len - local < 4))
		return unsound("a cell is cut off", err);
	ret->bytes = (struct rf_bytes){.ptr = cell.ptr, .len = local};
	if (local == len)
		return RF_OK;
	ret->heap = malloc((size_t)len);
	if (!ret->heap)
		return rf_err_nomem(err);
	memcpy(ret->heap, cell.ptr, local);
	ret->bytes = (struct rf_bytes){.ptr = ret->heap, .len = (size_t)len};
	if (!copy_chain(db, rpm_be32(cell.ptr + local), ret->heap + local, (size_t)len - local))
		return unsound("a broken chain of overflow pages", err);
	return RF_OK;
}

static int read_leaf(struct sqlite *db, struct rf_bytes cell, record_fn fn, struct rf_err *err)
{
	struct record record = {.heap = NULL};
	int rc = read_record(db, cell, &record, err);

	if (rc == RF_OK)
		rc = fn(db, record.bytes, err);
	free(record.heap);
	return rc;
}

struct node {
	const uint8_t *page, *head;
	size_t count; /* cells */
	size_t next;  /* the cell to look at next */
};

static int open_node(struct sqlite *db, uint64_t number, struct node *ret, struct rf_err *err)
{
	const uint8_t *page = page_at(db, number);
	size_t head_len;

	if (!page || db->visits == 0)
		return unsound("a tree leads out of the file, or in circles", err);
	db->visits--;
	*ret = (struct node){.page = page, .head = page + (number == 1 ? FILE_HEAD : 0)};
	if (ret->head[0] != LEAF && ret->head[0] != INTERIOR)
		return unsound("a page that is not of a table", err);
	ret->count = rpm_be16(ret->head + 3);
	head_len = (size_t)(ret->head - page) + (ret->head[0] == LEAF ? 8 : 12);
	if (ret->count > (db->usable - head_len) / 2)
		return unsound("more cells than a page holds", err);
	return RF_OK;
}

/* The bytes from cell i to the end of its page; false when it does not lie inside. */
static bool find_cell(
	const struct sqlite *db, const struct node *node, size_t i, struct rf_bytes *ret)
{
	size_t head_len = node->head[0] == LEAF ? 8 : 12;
	size_t at = rpm_be16(node->head + head_len + 2 * i);

	if (at >= db->usable)
		return false;
	*ret = (struct rf_bytes){.ptr = node->page + at, .len = db->usable - at};
	return true;
}

/* The child that an interior node leads to next, the rightmost one at the end. */
static int next_child(const struct sqlite *db, struct node *node, uint64_t *ret, struct rf_err *err)
{
	struct rf_bytes cell;

	if (node->next == node->count) {
		*ret = rpm_be32(node->head + 8);
	} else {
		if (!find_cell(db, node, node->next, &cell) || cell.len < 4)
			return unsound("a cell outside its page", err);
		*ret = rpm_be32(cell.ptr);
	}
	node->next++;
	return RF_OK;
}

static int read_leaves(struct sqlite *db, const struct node *node, record_fn fn, struct rf_err *err)
{
	struct rf_bytes cell;
	int rc = RF_OK;

	for (size_t i = 0; i < node->count && rc == RF_OK; i++) {
		if (!find_cell(db, node, i, &cell))
			return unsound("a cell outside its page", err);
		rc = read_leaf(db, cell, fn, err);
	}
	return rc;
}

/* Every record of the table whose tree begins at root, from left to right. */
static int walk(struct sqlite *db, uint64_t root, record_fn fn, struct rf_err *err)
{
	struct node stack[MAX_DEPTH];
	size_t depth = 1;
	uint64_t child = 0;
	int rc;

	db->visits = db->page_count;
	rc = open_node(db, root, &stack[0], err);
	while (rc == RF_OK && depth > 0) {
		struct node *top = &stack[depth - 1];

		if (top->head[0] == LEAF || top->next > top->count) {
			if (top->head[0] == LEAF)
				rc = read_leaves(db, top, fn, err);
			depth--;
			continue;
		}
		if (depth == MAX_DEPTH)
			return unsound("a tree that is too deep", err);
		rc = next_child(db, top, &child, err);
		if (rc == RF_OK)
			rc = open_node(db, child, &stack[depth++], err);
	}
	return rc;
}

/* Bytes of a column's value by its type. */
static uint64_t value_len(uint64_t type)
{
	static const uint8_t fixed[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};

	return type < RF_ARRAY_LEN(fixed) ? fixed[type] : (type - 12) / 2;
}

static bool is_blob(uint64_t type)
{
	return type >= 12 && type % 2 == 0;
}

struct columns {
	struct rf_bytes types, values;
};

static bool open_record(struct rf_bytes record, struct columns *ret)
{
	uint64_t head;
	size_t len = get_varint(record, &head);

	if (len == 0 || head < len || head > record.len)
		return false;
	ret->types = (struct rf_bytes){.ptr = record.ptr + len, .len = (size_t)head - len};
	ret->values = (struct rf_bytes){.ptr = record.ptr + head, .len = record.len - (size_t)head};
	return true;
}

static bool next_column(struct columns *columns, uint64_t *ret_type, struct rf_bytes *ret_value)
{
	uint64_t len;

	if (!take_varint(&columns->types, ret_type))
		return false;
	len = value_len(*ret_type);
	if (len > columns->values.len)
		return false;
	*ret_value = (struct rf_bytes){.ptr = columns->values.ptr, .len = (size_t)len};
	columns->values.ptr += len;
	columns->values.len -= (size_t)len;
	return true;
}

static bool is_text(uint64_t type, struct rf_bytes value, struct rf_str want)
{
	return type >= 13 && type % 2 == 1 &&
	       rf_str_eq((struct rf_str){.ptr = (const char *)value.ptr, .len = value.len}, want);
}

static uint64_t integer(uint64_t type, struct rf_bytes value)
{
	uint64_t n = 0;

	if (type == 9)
		return 1;
	if (type < 1 || type > 6 || (value.len && value.ptr[0] & 0x80))
		return 0;
	for (size_t i = 0; i < value.len; i++)
		n = n << 8 | value.ptr[i];
	return n;
}

/* A row of the schema: type, name, table, root page, text. */
static int find_table(struct sqlite *db, struct rf_bytes record, struct rf_err *err)
{
	struct columns columns;
	struct rf_bytes value;
	uint64_t type, root = 0;
	bool match = true;

	if (!open_record(record, &columns))
		return unsound("an unsound record in the schema", err);
	for (unsigned i = 0; i < 4; i++) {
		if (!next_column(&columns, &type, &value))
			return unsound("an unsound record in the schema", err);
		if (i == 0)
			match = match && is_text(type, value, RF_STR("table"));
		else if (i == 1)
			match = match && is_text(type, value, RF_STR("Packages"));
		else if (i == 3)
			root = integer(type, value);
	}
	if (match && root > 1 && !db->root)
		db->root = root;
	return RF_OK;
}

/* A row of Packages: its number (kept outside the record), the header. */
static int take_package(struct sqlite *db, struct rf_bytes record, struct rf_err *err)
{
	struct columns columns;
	struct rf_bytes value;
	uint64_t type;

	if (!open_record(record, &columns))
		return unsound("an unsound record", err);
	while (next_column(&columns, &type, &value)) {
		if (is_blob(type))
			return rpm_header_read(db->reading, value, err);
	}
	return unsound("a package without a header", err);
}

int rpm_sqlite_read(struct rpm_reading *reading, struct rf_err *err)
{
	struct sqlite db;
	int rc = open_file(&db, reading, err);

	if (rc == RF_OK)
		rc = walk(&db, 1, find_table, err);
	if (rc == RF_OK && !db.root)
		return unsound("no table \"Packages\"", err);
	return rc == RF_OK ? walk(&db, db.root, take_package, err) : rc;
}
