/*
 * It begins with a pointer to the table of functions. That is either there as it is, or, in a
 * position-independent program, it is what a relocation puts there: then other pointers of it are
 * relocations that follow, sorted by place, as linkers write them.
 *
 *	words: 0 table, 1 to 18 slices of it, 19 findfunctab, 20 minpc, 21 maxpc, 22 text, 23 etext
 */
#include "image/go/moduledata.h"

#define WORD_NAMES 1
#define WORD_MINPC 20
#define WORD_TEXT  22
#define WORD_ETEXT 23
#define WORDS	   24
#define RELA_SIZE  24 /* bytes of Elf64_Rela: place, kind, value */

struct moduledata {
	const struct go_exe *exe;
	const struct go_table *table;
	uint64_t table_addr;
};

static bool table_address(const struct go_exe *exe, const struct go_table *table, uint64_t *ret)
{
	for (size_t i = 0; i < exe->segment_count; i++) {
		const struct go_segment *s = &exe->segments[i];

		if (table->bytes.ptr >= s->bytes.ptr &&
			table->bytes.ptr < s->bytes.ptr + s->bytes.len) {
			*ret = s->addr + (uint64_t)(table->bytes.ptr - s->bytes.ptr);
			return true;
		}
	}
	return false;
}

/* The words of interest make sense together, and with the table. */
static bool fits(const struct moduledata *data, const uint64_t *words)
{
	uint64_t names = (uint64_t)(data->table->names.ptr - data->table->bytes.ptr);

	return words[WORD_NAMES] == data->table_addr + names &&
	       go_exe_is_code(data->exe, words[WORD_TEXT]) &&
	       words[WORD_MINPC] >= words[WORD_TEXT] && words[WORD_ETEXT] > words[WORD_MINPC];
}

/* Words as they are in the file. */
static bool read_plain(const struct moduledata *data, struct rf_reader r, uint64_t *words)
{
	for (size_t i = 0; i < WORDS; i++)
		words[i] = rf_read_u64(&r);
	return !r.failed && fits(data, words);
}

/* r is behind the relocation of word 0. */
static bool read_relocated(const struct moduledata *data, struct rf_reader r, uint64_t *words)
{
	uint64_t base;

	r.off -= RELA_SIZE;
	base = rf_read_u64(&r);
	r.off += RELA_SIZE - 8;
	memset(words, 0, WORDS * sizeof(*words));
	for (size_t i = 1; i < WORDS; i++) {
		uint64_t place = rf_read_u64(&r), value;

		rf_read_u64(&r);
		value = rf_read_u64(&r);
		if (r.failed || place <= base || place - base >= 8 * WORDS)
			break;
		words[(place - base) / 8] = value;
	}
	return fits(data, words);
}

static bool try_at(
	const struct moduledata *data, struct rf_bytes bytes, size_t off, uint64_t *words)
{
	struct rf_reader r = rf_reader_of(bytes);

	r.off = off;
	if (read_plain(data, r, words))
		return true;
	r.off = off + 8;
	return off >= 16 && read_relocated(data, r, words);
}

/* Pointers, and what relocations add, lie at multiples of their size. */
static bool search(const struct moduledata *data, const struct go_segment *segment, uint64_t *words)
{
	struct rf_bytes bytes = segment->bytes;
	size_t skip = (size_t)(-segment->addr % 8), off;

	if (skip >= bytes.len)
		return false;
	bytes = (struct rf_bytes){bytes.ptr + skip, bytes.len - skip};
	for (off = go_exe_find_u64(data->exe, bytes, 0, data->table_addr); off < bytes.len;
		off = go_exe_find_u64(data->exe, bytes, off + 8, data->table_addr)) {
		if (try_at(data, bytes, off, words))
			return true;
	}
	return false;
}

bool go_moduledata_text(const struct go_exe *exe, const struct go_table *table, uint64_t *ret)
{
	struct moduledata data = {.exe = exe, .table = table};
	uint64_t words[WORDS];

	if (exe->pointer_size != 8 || exe->big || !table->relative ||
		!table_address(exe, table, &data.table_addr))
		return false;
	/* It is in a writable segment; relocations are in a larger one, which is not. */
	for (size_t i = 0; i < 2 * exe->segment_count; i++) {
		const struct go_segment *s = &exe->segments[i % exe->segment_count];

		if (s->executable || s->writable != (i < exe->segment_count) ||
			!search(&data, s, words))
			continue;
		*ret = words[WORD_TEXT];
		return true;
	}
	return false;
}
