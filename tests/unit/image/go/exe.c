/* Executables: both classes, both byte orders, and lies. */
#include "tests/unit/image/go/go_test.h"

static const struct test_part parts[] = {
	{".text", RF_STR("code code code code"), 0x401000, PF_R | PF_X},
	{".go.buildinfo", RF_STR("build information"), 0x502000, PF_R | PF_W},
	{".gopclntab", RF_STR("functions"), 0x603000, PF_R},
};

static bool same_text(struct rf_bytes got, const char *want)
{
	return rf_str_is((struct rf_str){(const char *)got.ptr, got.len}, want);
}

static void segments_and_sections_are_read_of_every_shape(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(test_shapes); i++) {
		AUTO_BUF file = {0};
		struct go_exe exe;
		uint64_t value;

		test_elf(&file, &test_shapes[i], parts, 3, true);
		REQUIRE(go_exe_open((struct rf_bytes){(uint8_t *)file.data, file.len}, &exe,
				NULL) == RF_OK);
		CHECK_INT(exe.pointer_size, test_shapes[i].wide ? 8 : 4);
		CHECK(exe.big == test_shapes[i].big);
		CHECK_INT(exe.segment_count, 3);
		CHECK(exe.segments[0].executable && !exe.segments[0].writable);
		CHECK(exe.segments[1].writable && !exe.segments[1].executable);
		CHECK(same_text(exe.text, "code code code code"));
		CHECK_INT(exe.text_addr, 0x401000);
		CHECK(same_text(exe.buildinfo, "build information"));
		CHECK(same_text(exe.pclntab, "functions"));
		CHECK(same_text(go_exe_at(&exe, 0x502006), "information"));
		CHECK(!go_exe_at(&exe, 0x502000 + 17).ptr);
		CHECK(!go_exe_at(&exe, 0x400fff).ptr);
		CHECK(go_exe_pointer(&exe, 0x401000, &value));
		CHECK(!go_exe_pointer(&exe, 0x603000 + 6, &value));
	}
}

static void sections_may_be_missing(void)
{
	AUTO_BUF file = {0};
	struct go_exe exe;

	test_elf(&file, &test_shapes[0], parts, 3, false);
	REQUIRE(go_exe_open((struct rf_bytes){(uint8_t *)file.data, file.len}, &exe, NULL) ==
		RF_OK);
	CHECK_INT(exe.segment_count, 3);
	CHECK(!exe.text.ptr && !exe.buildinfo.ptr && !exe.pclntab.ptr);
}

static void machines_are_known(void)
{
	static const struct {
		unsigned number;
		enum go_machine machine;
	} machines[] = {{EM_X86_64, GO_MACHINE_AMD64}, {EM_AARCH64, GO_MACHINE_ARM64},
		{EM_386, GO_MACHINE_386}, {EM_ARM, GO_MACHINE_ARM}, {EM_RISCV, GO_MACHINE_OTHER}};

	for (size_t i = 0; i < RF_ARRAY_LEN(machines); i++) {
		const struct test_shape shape = {true, false, machines[i].number};
		AUTO_BUF file = {0};
		struct go_exe exe;

		test_elf(&file, &shape, parts, 1, true);
		REQUIRE(go_exe_open((struct rf_bytes){(uint8_t *)file.data, file.len}, &exe,
				NULL) == RF_OK);
		CHECK_INT(exe.machine, machines[i].machine);
	}
}

static void other_formats_are_recognised(void)
{
	static const struct {
		enum go_format format;
		uint8_t head[4], at_3c;
	} heads[] = {
		{GO_FORMAT_ELF, {0x7f, 'E', 'L', 'F'}, 0},
		{GO_FORMAT_PE, {'M', 'Z', 0, 0}, 0x80},
		{GO_FORMAT_NONE, {'M', 'Z', 0, 0}, 0x08},
		{GO_FORMAT_MACHO, {0xcf, 0xfa, 0xed, 0xfe}, 0},
		{GO_FORMAT_MACHO, {0xfe, 0xed, 0xfa, 0xce}, 0},
		{GO_FORMAT_NONE, {'#', '!', '/', 'b'}, 0},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(heads); i++) {
		uint8_t head[GO_FORMAT_HEAD] = {0};

		memcpy(head, heads[i].head, 4);
		head[0x3c] = heads[i].at_3c;
		CHECK_INT(go_format_of((struct rf_bytes){head, sizeof(head)}), heads[i].format);
		CHECK_INT(go_format_of((struct rf_bytes){head, sizeof(head) - 1}), GO_FORMAT_NONE);
	}
}

/* Opens a file and looks at all that it has. */
static void touch(struct rf_bytes file)
{
	volatile unsigned sum = 0;
	struct go_exe exe;
	uint64_t value;

	if (go_exe_open(file, &exe, NULL) < 0)
		return;
	for (size_t i = 0; i < exe.segment_count; i++) {
		for (size_t b = 0; b < exe.segments[i].bytes.len; b += 7)
			sum += exe.segments[i].bytes.ptr[b];
		sum += go_exe_pointer(&exe, exe.segments[i].addr, &value);
	}
	for (size_t b = 0; b < exe.pclntab.len; b++)
		sum += exe.pclntab.ptr[b];
	for (size_t b = 0; b < exe.buildinfo.len; b++)
		sum += exe.buildinfo.ptr[b];
	(void)sum;
}

static void a_file_cut_off_anywhere_is_read_within_its_bounds(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(test_shapes); i++) {
		AUTO_BUF file = {0};

		test_elf(&file, &test_shapes[i], parts, 3, true);
		for (size_t len = 0; len <= file.len; len += len < 300 || len > 4000 ? 1 : 97) {
			AUTO_FREE uint8_t *exact = test_exact(file.data, len);

			touch((struct rf_bytes){exact, len});
		}
	}
	CHECK(true);
}

static void lying_headers_are_read_within_their_bounds(void)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};

	for (size_t i = 0; i < RF_ARRAY_LEN(test_shapes); i++) {
		AUTO_BUF file = {0};
		AUTO_FREE uint8_t *exact = NULL;

		test_elf(&file, &test_shapes[i], parts, 3, true);
		exact = test_exact(file.data, file.len);
		for (size_t at = 0; at < file.len; at++) {
			uint8_t old = exact[at];

			if (at >= 300 && at < 4096 + 100)
				continue;
			for (size_t v = 0; v < RF_ARRAY_LEN(values); v++) {
				exact[at] = values[v];
				touch((struct rf_bytes){exact, file.len});
			}
			exact[at] = old;
		}
	}
	CHECK(true);
}

static void a_segment_that_ends_after_the_file_keeps_what_is_there(void)
{
	AUTO_BUF file = {0};
	struct go_exe exe;

	test_elf(&file, &test_shapes[0], parts, 1, false);
	file.len = 4096 + 4;
	REQUIRE(go_exe_open((struct rf_bytes){(uint8_t *)file.data, file.len}, &exe, NULL) ==
		RF_OK);
	CHECK(same_text(exe.segments[0].bytes, "code"));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(segments_and_sections_are_read_of_every_shape);
	RUN(sections_may_be_missing);
	RUN(machines_are_known);
	RUN(other_formats_are_recognised);
	RUN(a_file_cut_off_anywhere_is_read_within_its_bounds);
	RUN(lying_headers_are_read_within_their_bounds);
	RUN(a_segment_that_ends_after_the_file_keeps_what_is_there);
	return TAP_END();
}
