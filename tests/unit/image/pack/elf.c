#include "image/pack/elf.h"

#include "base/fd.h"
#include "tests/unit/image/pack/pack_test.h"

static struct rf_bytes bytes_of(const struct rf_buf *buf)
{
	return (struct rf_bytes){(const uint8_t *)buf->data, buf->len};
}

static int read_elf(
	const struct test_elf *what, struct rf_buf *file, struct pack_elf *ret, struct rf_err *err)
{
	test_elf_write(what, file);
	return pack_elf_read(bytes_of(file), ret, err);
}

static void a_static_program_needs_nothing(void)
{
	AUTO_BUF file = {0};
	struct pack_elf elf;
	struct rf_err err;

	CHECK_INT(read_elf(&(struct test_elf){0}, &file, &elf, &err), RF_OK);
	CHECK(pack_elf_is_static(&elf));
	CHECK_STR(elf.architecture, "amd64");
}

static void a_static_pie_has_a_dynamic_section_without_libraries(void)
{
	static const char *const none[] = {NULL};
	AUTO_BUF file = {0};
	struct pack_elf elf;

	CHECK_INT(
		read_elf(&(struct test_elf){.type = ET_DYN, .libraries = none}, &file, &elf, NULL),
		RF_OK);
	CHECK(pack_elf_is_static(&elf));
}

static void libraries_and_the_loader_are_named(void)
{
	static const char *const two[] = {"libm.so.6", "libc.so.6", NULL};
	AUTO_BUF file = {0};
	struct pack_elf elf;

	REQUIRE(read_elf(
			&(struct test_elf){
				.type = ET_DYN, .loader = "/lib/ld.so", .libraries = two},
			&file, &elf, NULL) == RF_OK);
	CHECK(!pack_elf_is_static(&elf));
	CHECK(rf_str_is(elf.loader, "/lib/ld.so"));
	REQUIRE(elf.needed_count == 2);
	CHECK(rf_str_is(elf.needed[0], "libm.so.6"));
	CHECK(rf_str_is(elf.needed[1], "libc.so.6"));
}

static void a_loader_alone_makes_a_program_dynamic(void)
{
	AUTO_BUF file = {0};
	struct pack_elf elf;

	REQUIRE(read_elf(&(struct test_elf){.type = ET_DYN, .loader = "/lib/ld.so"}, &file, &elf,
			NULL) == RF_OK);
	CHECK(!pack_elf_is_static(&elf));
}

static void machines_have_the_names_of_oci(void)
{
	static const struct {
		unsigned machine;
		const char *name;
	} rows[] = {{EM_X86_64, "amd64"}, {EM_AARCH64, "arm64"}, {EM_RISCV, "riscv64"},
		{EM_PPC64, "ppc64le"}};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_BUF file = {0};
		struct pack_elf elf = {.architecture = ""};

		CHECK_INT(
			read_elf(&(struct test_elf){.machine = rows[i].machine}, &file, &elf, NULL),
			RF_OK);
		CHECK_STR(elf.architecture, rows[i].name);
	}
}

static void what_is_no_program_is_said(void)
{
	static const struct {
		struct test_elf elf;
		const char *says;
	} rows[] = {{{.type = ET_REL}, "object file"}, {{.type = ET_CORE}, "core dump"},
		{{.type = ET_DYN, .no_entry = true}, "shared library"},
		{{.machine = 9999}, "unknown machine"}};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_BUF file = {0};
		struct pack_elf elf;
		struct rf_err err = {.msg = ""};

		CHECK(read_elf(&rows[i].elf, &file, &elf, &err) < 0);
		CHECKF(strstr(err.msg, rows[i].says), "\"%s\" does not say \"%s\"", err.msg,
			rows[i].says);
	}
}

static void other_files_are_called_what_they_are(void)
{
	static const struct {
		const char *text;
		const char *says;
	} rows[] = {{"#!/bin/sh\nexit 0\n", "script"}, {"package main", "not an ELF program"},
		{"", "not an ELF program"}};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		struct pack_elf elf;
		struct rf_err err = {.msg = ""};
		struct rf_bytes text = {(const uint8_t *)rows[i].text, strlen(rows[i].text)};

		CHECK_INT(pack_elf_read(text, &elf, &err), RF_EINPUT);
		CHECKF(strstr(err.msg, rows[i].says), "\"%s\" does not say \"%s\"", err.msg,
			rows[i].says);
	}
}

static void a_file_that_ends_early_is_read_within_its_bounds(void)
{
	static const char *const two[] = {"libm.so.6", "libc.so.6", NULL};
	AUTO_BUF file = {0};

	test_elf_write(&(struct test_elf){.loader = "/lib/ld.so", .libraries = two}, &file);
	for (size_t len = 0; len < file.len; len++) {
		AUTO_FREE uint8_t *copy = malloc(len + 1);
		struct pack_elf elf;

		memcpy(copy, file.data, len);
		if (pack_elf_read((struct rf_bytes){copy, len}, &elf, NULL) == RF_OK)
			CHECK(elf.needed_count <= 2);
	}
}

/* This program is one. */
static void a_real_program_needs_libc(void)
{
	AUTO_BUF file = {0};
	struct pack_elf elf;
	bool found = false;

	REQUIRE(rf_file_read("/proc/self/exe", &file, NULL) == RF_OK);
	REQUIRE(pack_elf_read(bytes_of(&file), &elf, NULL) == RF_OK);
	for (size_t i = 0; i < elf.needed_count; i++)
		found = found || rf_str_is(elf.needed[i], "libc.so.6");
	CHECK(found);
	CHECK(elf.loader.len > 0);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_static_program_needs_nothing);
	RUN(a_static_pie_has_a_dynamic_section_without_libraries);
	RUN(libraries_and_the_loader_are_named);
	RUN(a_loader_alone_makes_a_program_dynamic);
	RUN(machines_have_the_names_of_oci);
	RUN(what_is_no_program_is_said);
	RUN(other_files_are_called_what_they_are);
	RUN(a_file_that_ends_early_is_read_within_its_bounds);
	RUN(a_real_program_needs_libc);
	return TAP_END();
}
