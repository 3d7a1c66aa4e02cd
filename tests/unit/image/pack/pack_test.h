/* A small ELF program for tests, byte by byte. */
#ifndef TESTS_UNIT_IMAGE_PACK_PACK_TEST_H
#define TESTS_UNIT_IMAGE_PACK_PACK_TEST_H

#include <elf.h>

#include "base/buf.h"
#include "tests/lib/tap.h"

#define TEST_BASE 0x400000U

struct test_elf {
	unsigned type, machine;	      /* 0: ET_EXEC, EM_X86_64 */
	const char *loader;	      /* NULL: none */
	const char *const *libraries; /* ends with NULL; NULL: none, and no dynamic section */
	const char *content;	      /* at the end of the loaded segment */
	bool no_entry;
};

static RF_UNUSED void test_elf_put_header(
	struct rf_buf *out, uint32_t type, uint64_t offset, uint64_t size)
{
	const Elf64_Phdr header = {.p_type = type,
		.p_flags = PF_R,
		.p_offset = offset,
		.p_vaddr = TEST_BASE + offset,
		.p_filesz = size,
		.p_memsz = size};

	rf_buf_add(out, &header, sizeof(header));
}

static RF_UNUSED void test_elf_put_row(struct rf_buf *out, int64_t tag, uint64_t value)
{
	const Elf64_Dyn row = {.d_tag = tag, .d_un.d_val = value};

	rf_buf_add(out, &row, sizeof(row));
}

/* Header, three program headers, the loader's name, dynamic section, its strings, content. */
static RF_UNUSED void test_elf_write(const struct test_elf *elf, struct rf_buf *out)
{
	Elf64_Ehdr head = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = (Elf64_Half)(elf->type ? elf->type : ET_EXEC),
		.e_machine = (Elf64_Half)(elf->machine ? elf->machine : EM_X86_64),
		.e_version = EV_CURRENT,
		.e_entry = elf->no_entry ? 0 : TEST_BASE + 64,
		.e_phoff = sizeof(head),
		.e_ehsize = sizeof(head),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3};
	const char *loader = elf->loader ? elf->loader : "", *content = elf->content;
	size_t at = sizeof(head) + 3 * sizeof(Elf64_Phdr), loader_at = at, rows = 2, strings = 1;
	size_t dynamic_at = at + strlen(loader) + 1, strings_at;

	for (size_t i = 0; elf->libraries && elf->libraries[i]; i++)
		rows++;
	strings_at = dynamic_at + rows * sizeof(Elf64_Dyn);
	rf_buf_add(out, &head, sizeof(head));
	test_elf_put_header(out, PT_LOAD, 0, 0); /* mended below */
	test_elf_put_header(out, elf->loader ? PT_INTERP : PT_NULL, loader_at, strlen(loader) + 1);
	test_elf_put_header(
		out, elf->libraries ? PT_DYNAMIC : PT_NULL, dynamic_at, rows * sizeof(Elf64_Dyn));
	rf_buf_add(out, loader, strlen(loader) + 1);
	for (size_t i = 0; elf->libraries && elf->libraries[i]; i++) {
		test_elf_put_row(out, DT_NEEDED, strings);
		strings += strlen(elf->libraries[i]) + 1;
	}
	test_elf_put_row(out, DT_STRTAB, TEST_BASE + strings_at);
	test_elf_put_row(out, DT_NULL, 0);
	rf_buf_add_char(out, '\0');
	for (size_t i = 0; elf->libraries && elf->libraries[i]; i++)
		rf_buf_add(out, elf->libraries[i], strlen(elf->libraries[i]) + 1);
	rf_buf_add_c(out, content ? content : "");
	((Elf64_Phdr *)(void *)(out->data + sizeof(head)))->p_filesz = out->len;
}

#endif
