/* image/go/packed.h: what unpacks itself, and what does not. */
#include "image/go/packed.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/image/go/go_test.h"

#define CODE_BYTES 65536
#define CODE_ADDR  0x401000

/* Bytes of which values occur, as evenly as can be. */
static void make_code(struct rf_buf *out, unsigned values)
{
	uint32_t state = 1;

	rf_buf_clear(out);
	for (size_t i = 0; i < CODE_BYTES; i++) {
		state = state * 1103515245 + 12345;
		rf_buf_add_char(out, (char)((state >> 16) % values));
	}
}

/* An ELF file that begins in that code, in a section of that name. */
static void make(struct rf_buf *out, const struct test_shape *shape, const struct rf_buf *code,
	const char *section)
{
	const struct test_part part = {section, rf_buf_str(code), CODE_ADDR, PF_R | PF_X};
	AUTO_BUF entry = {.len = 0};

	rf_buf_clear(out);
	test_elf(out, shape, &part, 1, true);
	test_word(&entry, shape, CODE_ADDR + 8);
	memcpy(out->data + 24, entry.data, entry.len);
}

static const char *packed(const struct rf_buf *file)
{
	struct go_exe exe;

	if (go_exe_open((struct rf_bytes){(const uint8_t *)file->data, file->len}, &exe, NULL) < 0)
		return "as no ELF file";
	return go_exe_packed(&exe);
}

static void a_program_whose_code_is_even_is_packed(void)
{
	AUTO_BUF code = {.len = 0}, file = {.len = 0};

	for (size_t i = 0; i < RF_ARRAY_LEN(test_shapes); i++) {
		make_code(&code, 256);
		make(&file, &test_shapes[i], &code, ".text");
		CHECK_STR(packed(&file), "or encrypted: it does not begin with machine code");
		make(&file, &test_shapes[i], &code, ".other");
		CHECK_STR(packed(&file), "or encrypted: it does not begin with machine code");
		make_code(&code, 60);
		make(&file, &test_shapes[i], &code, ".text");
		CHECK(packed(&file) == NULL);
	}
}

static void what_has_no_entry_is_not_judged_by_its_code(void)
{
	AUTO_BUF code = {.len = 0}, file = {.len = 0};

	make_code(&code, 256);
	make(&file, &test_shapes[0], &code, ".text");
	memset(file.data + 24, 0, 8);
	CHECK(packed(&file) == NULL);
	memset(file.data + 24, 0xff, 8); /* nor what begins nowhere */
	CHECK(packed(&file) == NULL);
}

static void the_marks_of_upx_are_seen_where_it_puts_them(void)
{
	AUTO_BUF code = {.len = 0}, file = {.len = 0};

	make_code(&code, 40);
	make(&file, &test_shapes[0], &code, ".text");
	memcpy(file.data + 236, "UPX!", 4);
	CHECK_STR(packed(&file), "with UPX");
	make(&file, &test_shapes[0], &code, ".text");
	memcpy(file.data + file.len - 36, "UPX!", 4);
	CHECK_STR(packed(&file), "with UPX");
	/* A program that deals with such programs is none. */
	make(&file, &test_shapes[0], &code, ".text");
	memcpy(file.data + file.len / 2, "UPX!", 4);
	CHECK(packed(&file) == NULL);
}

/* --- what is on this machine --- */

static const char *packed_file(const char *path, bool *ret_elf)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *how = NULL;
	struct go_exe exe;
	struct stat st;
	void *map;

	*ret_elf = false;
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < 4096) {
		close(fd);
		return NULL;
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return NULL;
	if (go_exe_open((struct rf_bytes){map, (size_t)st.st_size}, &exe, NULL) == RF_OK) {
		*ret_elf = true;
		how = go_exe_packed(&exe);
	}
	munmap(map, (size_t)st.st_size);
	return how;
}

#define MAX_LOOKED_AT 3000

static void no_program_or_library_of_this_machine_is_packed(void)
{
	static const char find[] = "find /bin/ /sbin/ /usr/bin /usr/sbin /usr/lib -xdev -type f "
				   "-size +3 ! -name '*.a' ! -name '*.py' 2>/dev/null";
	FILE *list = popen(find, "r");
	char path[4096];
	unsigned count = 0;

	REQUIRE(list);
	while (count < MAX_LOOKED_AT && fgets(path, sizeof(path), list)) {
		const char *how;
		bool elf;

		path[strcspn(path, "\n")] = '\0';
		how = packed_file(path, &elf);
		CHECKF(!how, "%s: packed %s", path, how);
		count += elf;
	}
	pclose(list);
	CHECKF(count > 100, "%u looked at", count);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_program_whose_code_is_even_is_packed);
	RUN(what_has_no_entry_is_not_judged_by_its_code);
	RUN(the_marks_of_upx_are_seen_where_it_puts_them);
	RUN(no_program_or_library_of_this_machine_is_packed);
	return TAP_END();
}
