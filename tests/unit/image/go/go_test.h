/*
 * Executables byte by byte: an ELF file of one writable and one executable segment, either class,
 * either byte order. Whatever is asked for lies at the very end of its memory.
 */
#ifndef TESTS_UNIT_IMAGE_GO_GO_TEST_H
#define TESTS_UNIT_IMAGE_GO_GO_TEST_H

#include "tests/lib/tap.h"

#include <elf.h>

#include "base/buf.h"
#include "image/go/exe.h"

struct test_shape {
	bool wide, big;
	unsigned machine;
};

/* One section, which is a segment as well when it has an address. */
struct test_part {
	const char *name;
	struct rf_str bytes;
	uint64_t addr;
	uint32_t flags; /* PF_* */
};

static const struct test_shape test_shapes[] = {
	{true, false, EM_X86_64},
	{true, true, EM_S390},
	{false, false, EM_386},
	{false, true, EM_MIPS},
};

static RF_UNUSED void test_put(
	struct rf_buf *out, const struct test_shape *shape, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		rf_buf_add_char(out, (char)(value >> 8 * (shape->big ? size - 1 - i : i)));
}

/* A number of the class's size. */
static RF_UNUSED void test_word(struct rf_buf *out, const struct test_shape *shape, uint64_t value)
{
	test_put(out, shape, value, shape->wide ? 8 : 4);
}

static RF_UNUSED void test_head(
	struct rf_buf *out, const struct test_shape *shape, uint64_t sections_off, size_t count)
{
	static const char zeros[8];

	rf_buf_add(out, ELFMAG, SELFMAG);
	rf_buf_add_char(out, shape->wide ? ELFCLASS64 : ELFCLASS32);
	rf_buf_add_char(out, shape->big ? ELFDATA2MSB : ELFDATA2LSB);
	rf_buf_add_char(out, 1);
	rf_buf_add_char(out, 0);
	rf_buf_add(out, zeros, 8);
	test_put(out, shape, ET_EXEC, 2);
	test_put(out, shape, shape->machine, 2);
	test_put(out, shape, 1, 4);
	test_word(out, shape, 0);
	test_word(out, shape, shape->wide ? 64 : 52);
	test_word(out, shape, sections_off);
	test_put(out, shape, 0, 4);
	test_put(out, shape, shape->wide ? 64 : 52, 2);
	test_put(out, shape, shape->wide ? 56 : 32, 2);
	test_put(out, shape, count, 2);
	test_put(out, shape, shape->wide ? 64 : 40, 2);
	test_put(out, shape, sections_off ? count + 1 : 0, 2);
	test_put(out, shape, sections_off ? count : 0, 2);
}

static RF_UNUSED void test_segment(struct rf_buf *out, const struct test_shape *shape,
	const struct test_part *part, uint64_t off)
{
	test_put(out, shape, PT_LOAD, 4);
	if (shape->wide)
		test_put(out, shape, part->flags, 4);
	test_word(out, shape, off);
	test_word(out, shape, part->addr);
	test_word(out, shape, part->addr);
	test_word(out, shape, part->bytes.len);
	test_word(out, shape, part->bytes.len);
	if (!shape->wide)
		test_put(out, shape, part->flags, 4);
	test_word(out, shape, 16);
}

static RF_UNUSED void test_section(struct rf_buf *out, const struct test_shape *shape,
	uint64_t name, uint64_t addr, uint64_t off, uint64_t len)
{
	test_put(out, shape, name, 4);
	test_put(out, shape, addr ? SHT_PROGBITS : SHT_STRTAB, 4);
	test_word(out, shape, 0);
	test_word(out, shape, addr);
	test_word(out, shape, off);
	test_word(out, shape, len);
	test_put(out, shape, 0, 8);
	test_word(out, shape, 16);
	test_word(out, shape, 0);
}

/* with_sections: false leaves the section headers out. */
static RF_UNUSED void test_elf(struct rf_buf *out, const struct test_shape *shape,
	const struct test_part *parts, size_t count, bool with_sections)
{
	AUTO_BUF names = {0};
	uint64_t off = 4096, end = off, name = 0;

	for (size_t i = 0; i < count; i++) {
		rf_buf_add(&names, parts[i].name, strlen(parts[i].name) + 1);
		end += (parts[i].bytes.len + 15) / 16 * 16;
	}
	rf_buf_clear(out);
	test_head(out, shape, with_sections ? end + names.len : 0, count);
	for (size_t i = 0; i < count; i++) {
		test_segment(out, shape, &parts[i], off);
		off += (parts[i].bytes.len + 15) / 16 * 16;
	}
	while (out->len < 4096)
		rf_buf_add_char(out, '\0');
	for (size_t i = 0; i < count; i++) {
		rf_buf_add_str(out, parts[i].bytes);
		while (out->len % 16)
			rf_buf_add_char(out, '\0');
	}
	rf_buf_add_str(out, rf_buf_str(&names));
	off = 4096;
	for (size_t i = 0; i < count && with_sections; i++) {
		test_section(out, shape, name, parts[i].addr, off, parts[i].bytes.len);
		off += (parts[i].bytes.len + 15) / 16 * 16;
		name += strlen(parts[i].name) + 1;
	}
	if (with_sections)
		test_section(out, shape, 0, 0, end, names.len);
}

/* A copy of the exact size; the caller frees it. */
static RF_UNUSED uint8_t *test_exact(const void *data, size_t len)
{
	uint8_t *copy = malloc(len + !len);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, data, len);
	return copy;
}

#endif
