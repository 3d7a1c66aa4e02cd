/* A header is believed when all its offsets are in order and its first functions make sense. */
#include "image/go/moduledata.h"

#define MAGIC_12	  0xfffffffbu
#define MAGIC_116	  0xfffffffau
#define MAGIC_118	  0xfffffff0u
#define MAGIC_120	  0xfffffff1u
#define HEADER_SIZE	  8
#define CHECKED_FUNCTIONS 16
#define CHECKED_NAME	  256
#define MAX_NAME	  65536
/* Headers that make sense and turn out to be none; after so many the file is meant to be slow. */
#define MAX_TRIES 1024
#define MAX_FINDS 8 /* tables of which the program's own is looked for */

static struct rf_reader reader_at(const struct go_table *table, uint64_t off)
{
	struct rf_reader r = rf_reader_of(table->bytes);

	r.big = table->big;
	rf_reader_seek(&r, off);
	return r;
}

static struct rf_str string_at(struct rf_bytes bytes, uint64_t off)
{
	const uint8_t *end;
	size_t left;

	if (off >= bytes.len)
		return RF_STR_NONE;
	left = bytes.len - (size_t)off;
	end = memchr(bytes.ptr + off, '\0', left < MAX_NAME ? left : MAX_NAME);
	if (!end)
		return RF_STR_NONE;
	return (struct rf_str){(const char *)bytes.ptr + off, (size_t)(end - bytes.ptr - off)};
}

bool go_table_entry(
	const struct go_table *table, uint64_t index, uint64_t *ret_addr, uint64_t *ret_name_off)
{
	struct rf_reader r = reader_at(table, table->functions_off + index * 2 * table->entry_size);
	uint64_t entry = rf_read_uint(&r, table->entry_size);
	uint64_t func_off = rf_read_uint(&r, table->entry_size);
	uint64_t base = table->names_complete ? table->functions_off : 0;

	/* The function's record: its entry once more, then the offset of its name. */
	if (r.failed || func_off > table->bytes.len)
		return false;
	r = reader_at(table, base + func_off + (table->relative ? 4 : table->pointer_size));
	*ret_name_off = rf_read_uint(&r, 4);
	*ret_addr = entry + (table->relative ? table->text_start : 0);
	return !r.failed;
}

bool go_table_function(
	const struct go_table *table, uint64_t index, uint64_t *ret_addr, struct rf_str *ret_name)
{
	uint64_t name_off;

	if (!go_table_entry(table, index, ret_addr, &name_off))
		return false;
	*ret_name = string_at(table->names, name_off);
	return ret_name->ptr != NULL;
}

bool go_table_next_name(const struct go_table *table, size_t *off, struct rf_str *ret)
{
	while (*off < table->names.len) {
		*ret = string_at(table->names, *off);
		if (!ret->ptr)
			return false;
		*off += ret->len + 1;
		if (ret->len)
			return true;
	}
	return false;
}

/* --- validating --- */

static bool functions_plausible(const struct go_table *table)
{
	uint64_t last = 0, addr;
	struct rf_str name;

	for (uint64_t i = 0; i < table->function_count && i < CHECKED_FUNCTIONS; i++) {
		if (!go_table_function(table, i, &addr, &name) || addr < last)
			return false;
		for (size_t c = 0; c < name.len && c < CHECKED_NAME; c++) {
			if ((unsigned char)name.ptr[c] < ' ')
				return false;
		}
		last = addr;
	}
	return table->function_count > 0;
}

static bool read_words(struct go_table *table, bool has_text_start)
{
	struct rf_reader r = reader_at(table, HEADER_SIZE);
	uint64_t names, units, files, pcs, functions, left;

	table->function_count = rf_read_uint(&r, table->pointer_size);
	rf_read_uint(&r, table->pointer_size); /* files */
	if (has_text_start)
		table->text_start = rf_read_uint(&r, table->pointer_size);
	names = rf_read_uint(&r, table->pointer_size);
	units = rf_read_uint(&r, table->pointer_size);
	files = rf_read_uint(&r, table->pointer_size);
	pcs = rf_read_uint(&r, table->pointer_size);
	functions = rf_read_uint(&r, table->pointer_size);
	if (r.failed || names < HEADER_SIZE || units < names || files < units || pcs < files ||
		functions < pcs || functions > table->bytes.len)
		return false;
	left = table->bytes.len - functions;
	if (table->function_count > GO_MAX_FUNCTIONS ||
		table->function_count * 2 * table->entry_size > left)
		return false;
	table->names = (struct rf_bytes){table->bytes.ptr + names, (size_t)(units - names)};
	table->functions_off = functions;
	return true;
}

/* Before Go 1.16: the functions' table follows at once, and names lie between what it points to. */
static bool read_old(struct go_table *table)
{
	struct rf_reader r = reader_at(table, HEADER_SIZE);

	table->function_count = rf_read_uint(&r, table->pointer_size);
	table->functions_off = HEADER_SIZE + table->pointer_size;
	table->names = table->bytes;
	return !r.failed && table->function_count <= GO_MAX_FUNCTIONS &&
	       table->function_count * 2 * table->entry_size <=
		       table->bytes.len - table->functions_off;
}

/* *tries goes down with every header that has to be looked at closely. */
static bool table_at(struct rf_bytes bytes, bool big, unsigned *tries, struct go_table *ret)
{
	struct go_table table = {.bytes = bytes, .big = big};
	struct rf_reader r = rf_reader_of(bytes);
	unsigned quantum;
	uint32_t magic;
	bool ok;

	r.big = big;
	magic = rf_read_u32(&r);
	if (rf_read_uint(&r, 2) != 0)
		return false;
	quantum = rf_read_u8(&r);
	table.pointer_size = rf_read_u8(&r);
	if (r.failed || (quantum != 1 && quantum != 2 && quantum != 4) ||
		(table.pointer_size != 4 && table.pointer_size != 8))
		return false;
	table.relative = magic == MAGIC_118 || magic == MAGIC_120;
	table.entry_size = table.relative ? 4 : table.pointer_size;
	table.names_complete = magic != MAGIC_12;
	if (magic == MAGIC_12)
		ok = read_old(&table);
	else
		ok = (table.relative || magic == MAGIC_116) && read_words(&table, table.relative);
	if (!ok || *tries == 0)
		return false;
	--*tries;
	ok = functions_plausible(&table);
	if (ok)
		*ret = table;
	return ok;
}

/* --- searching --- */

/* Tables that a search has come upon. A program may hold another one as data, table and all. */
struct finds {
	const struct go_exe *exe;
	unsigned tries; /* goes down with every header that has to be looked at closely */
	size_t count;
	struct go_table first;
};

/* True when there is a table and the program itself refers to it, so that it is its own. */
static bool try_at(struct finds *finds, struct rf_bytes bytes)
{
	struct go_table table;
	uint64_t start;

	if (!table_at(bytes, finds->exe->big, &finds->tries, &table))
		return false;
	if (finds->count && table.bytes.ptr == finds->first.bytes.ptr)
		return false; /* segments may overlap */
	if (!finds->count++)
		finds->first = table;
	if (!go_moduledata_text(finds->exe, &table, &start)) {
		if (finds->count == MAX_FINDS)
			finds->tries = 0;
		return false;
	}
	finds->first = table;
	return true;
}

/* What is found again and again ends searches before they give pages back. */
static void release_behind(const struct go_exe *exe, size_t off, size_t *released)
{
	if (off - *released < GO_RELEASE_BYTES)
		return;
	go_exe_release(exe);
	*released = off;
}

/* Every magic is MAGIC_118 or more. */
static bool search_little(struct finds *finds, struct rf_bytes data)
{
	size_t off = go_exe_find_u32(finds->exe, data, 0, MAGIC_118), released = 0;

	while (off < data.len && finds->tries) {
		release_behind(finds->exe, off, &released);
		if (try_at(finds, (struct rf_bytes){data.ptr + off, data.len - off}))
			return true;
		off = go_exe_find_u32(finds->exe, data, off + 4, MAGIC_118);
	}
	return false;
}

/* Three bytes of 0xff and the one that differs. */
static bool search_big(struct finds *finds, struct rf_bytes data)
{
	static const uint8_t three[] = {0xff, 0xff, 0xff};
	size_t off = 0, released = 0;

	while (data.len - off > HEADER_SIZE && finds->tries) {
		const uint8_t *at = memmem(data.ptr + off, data.len - off, three, sizeof(three));

		if (!at)
			return false;
		off = (size_t)(at - data.ptr);
		release_behind(finds->exe, off, &released);
		if (off % 4 == 0 && try_at(finds, (struct rf_bytes){at, data.len - off}))
			return true;
		off++;
	}
	return false;
}

/*
 * Of several, only one that is known to be the program's own will do: another says what is not in
 * the program.
 */
static bool search(const struct go_exe *exe, struct go_table *ret)
{
	struct finds finds = {.exe = exe, .tries = MAX_TRIES};
	bool own = false;

	for (size_t i = 0; i < exe->segment_count && !own; i++) {
		struct rf_bytes data = exe->segments[i].bytes;

		own = exe->big ? search_big(&finds, data) : search_little(&finds, data);
	}
	*ret = finds.first;
	return own || finds.count == 1;
}

/*
 * Go 1.26 stopped writing it, and a position-independent program has it filled in when it is
 * loaded. It stays 0, which is no code, when nothing says; .text may begin with other code.
 */
static void find_text_start(const struct go_exe *exe, struct go_table *table)
{
	uint64_t start;

	if (table->relative && table->text_start == 0 && go_moduledata_text(exe, table, &start))
		table->text_start = start;
}

int go_table_find(const struct go_exe *exe, struct go_table *ret, struct rf_err *err)
{
	unsigned tries = 1;
	bool found = exe->pclntab.ptr && table_at(exe->pclntab, exe->big, &tries, ret);

	if (!found)
		found = search(exe, ret);
	if (!found)
		return rf_err_set(err, RF_EABSENT, "no table of Go functions");
	ret->exe = exe;
	find_text_start(exe, ret);
	return RF_OK;
}
