/* Tables of functions as linkers of Go 1.2 to 1.27 write them, byte by byte. */
#ifndef TESTS_UNIT_IMAGE_GO_TABLE_TEST_H
#define TESTS_UNIT_IMAGE_GO_TABLE_TEST_H

#include "tests/unit/image/go/go_test.h"

#include "image/go/pclntab.h"

#define TABLE_12  0xfffffffbu
#define TABLE_116 0xfffffffau
#define TABLE_118 0xfffffff0u
#define TABLE_120 0xfffffff1u

static RF_UNUSED const uint32_t table_magics[] = {TABLE_12, TABLE_116, TABLE_118, TABLE_120};

struct table_function {
	const char *name;
	uint64_t addr;
};

static RF_UNUSED void table_head(struct rf_buf *out, const struct test_shape *shape, uint32_t magic)
{
	rf_buf_clear(out);
	test_put(out, shape, magic, 4);
	rf_buf_add(out, "\0\0\x01", 3);
	rf_buf_add_char(out, shape->wide ? 8 : 4);
}

/* Go 1.2: functions first, then their records and names, all by offsets from the magic. */
static RF_UNUSED void table_make_old(struct rf_buf *out, const struct test_shape *shape,
	const struct table_function *functions, size_t count)
{
	unsigned size = shape->wide ? 8 : 4;
	uint64_t records = 8 + size + (2 * count + 1) * size;
	uint64_t names = records + count * (size + 4), name = names;

	table_head(out, shape, TABLE_12);
	test_word(out, shape, count);
	for (size_t i = 0; i < count; i++) {
		test_word(out, shape, functions[i].addr);
		test_word(out, shape, records + i * (size + 4));
	}
	test_word(out, shape, UINT32_MAX);
	for (size_t i = 0; i < count; i++) {
		test_word(out, shape, functions[i].addr);
		test_put(out, shape, name, 4);
		name += strlen(functions[i].name) + 1;
	}
	for (size_t i = 0; i < count; i++)
		rf_buf_add(out, functions[i].name, strlen(functions[i].name) + 1);
}

/* Go 1.16 and later: names in one block, inlined is one of them that has no function. */
static RF_UNUSED void table_make(struct rf_buf *out, const struct test_shape *shape, uint32_t magic,
	const struct table_function *functions, size_t count, const char *inlined)
{
	bool relative = magic == TABLE_118 || magic == TABLE_120;
	unsigned word = shape->wide ? 8 : 4, size = relative ? 4 : word;
	uint64_t base = count ? functions[0].addr : 0, name = 1, names;
	AUTO_BUF block = {0};

	if (magic == TABLE_12) {
		table_make_old(out, shape, functions, count);
		return;
	}
	rf_buf_add_char(&block, '\0');
	for (size_t i = 0; i < count; i++)
		rf_buf_add(&block, functions[i].name, strlen(functions[i].name) + 1);
	rf_buf_add(&block, inlined, strlen(inlined) + 1);
	names = 8 + (relative ? 8 : 7) * word;
	table_head(out, shape, magic);
	test_word(out, shape, count);
	test_word(out, shape, 0);
	if (relative)
		test_word(out, shape, base);
	test_word(out, shape, names);
	for (unsigned i = 0; i < 4; i++) /* units, files, pcs, functions */
		test_word(out, shape, names + block.len);
	rf_buf_add_str(out, rf_buf_str(&block));
	for (size_t i = 0; i < count; i++) {
		test_put(out, shape, functions[i].addr - (relative ? base : 0), size);
		test_put(out, shape, (2 * count + 1) * size + i * (size + 4), size);
	}
	test_put(out, shape, UINT32_MAX, size);
	for (size_t i = 0; i < count; i++) {
		test_put(out, shape, functions[i].addr - (relative ? base : 0), size);
		test_put(out, shape, name, 4);
		name += strlen(functions[i].name) + 1;
	}
}

#endif
