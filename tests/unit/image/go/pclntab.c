/* Tables of functions of every magic, class and byte order; found where they are; and hostile. */
#include "tests/unit/image/go/table_test.h"

#include <time.h>

#include "image/go/wanted.h"

static const struct table_function functions[] = {
	{"runtime.main", 0x401000},
	{"main.main", 0x401020},
	{"net/http.(*Server).Serve", 0x401040},
	{"gopkg.in/yaml%2ev2.Unmarshal", 0x401100},
};
#define COUNT	RF_ARRAY_LEN(functions)
#define INLINED "golang.org/x/text/language.Parse"

static bool find_in_part(const struct test_part *part, const struct test_shape *shape,
	bool with_sections, struct rf_buf *file, struct go_table *ret)
{
	static struct go_exe exe; /* the table refers to it */

	test_elf(file, shape, part, 1, with_sections);
	return go_exe_open((struct rf_bytes){(uint8_t *)file->data, file->len}, &exe, NULL) ==
		       RF_OK &&
	       go_table_find(&exe, ret, NULL) == RF_OK;
}

static void check_functions(const struct go_table *table)
{
	uint64_t addr;
	struct rf_str name;

	CHECK_INT(table->function_count, COUNT);
	for (size_t i = 0; i < COUNT; i++) {
		if (!go_table_function(table, i, &addr, &name)) {
			CHECKF(false, "no function %zu", i);
			continue;
		}
		CHECKF(addr == functions[i].addr, "%llx", (unsigned long long)addr);
		CHECKF(rf_str_is(name, functions[i].name), RF_STR_FMT, RF_STR_ARG(name));
	}
}

static void every_table_is_read_by_section_and_by_search(void)
{
	static const char *const names[] = {".gopclntab", ".data.rel.ro.gopclntab", ".data.rel.ro"};

	for (size_t i = 0; i < RF_ARRAY_LEN(table_magics) * RF_ARRAY_LEN(test_shapes); i++) {
		const struct test_shape *shape = &test_shapes[i / RF_ARRAY_LEN(table_magics)];
		AUTO_BUF bytes = {0};

		table_make(&bytes, shape, table_magics[i % RF_ARRAY_LEN(table_magics)], functions,
			COUNT, INLINED);
		for (size_t n = 0; n < 2 * RF_ARRAY_LEN(names); n++) {
			const struct test_part part = {
				names[n / 2], rf_buf_str(&bytes), 0x600000, PF_R};
			struct go_table table;
			AUTO_BUF file = {0};
			bool found = find_in_part(&part, shape, n % 2, &file, &table);

			CHECKF(found, "table %zu in %s", i, names[n / 2]);
			if (found)
				check_functions(&table);
		}
	}
}

static void names_hold_what_was_inlined(void)
{
	for (size_t i = 1; i < RF_ARRAY_LEN(table_magics); i++) {
		AUTO_BUF bytes = {0}, file = {0};
		struct test_part part = {".gopclntab", RF_STR(""), 0x600000, PF_R};
		struct go_table table;
		struct rf_str name, last = RF_STR("");
		size_t off = 0, count = 0;

		table_make(&bytes, &test_shapes[0], table_magics[i], functions, COUNT, INLINED);
		part.bytes = rf_buf_str(&bytes);
		REQUIRE(find_in_part(&part, &test_shapes[0], true, &file, &table));
		CHECK(table.names_complete);
		for (; go_table_next_name(&table, &off, &name); count++)
			last = name;
		CHECK_INT(count, COUNT + 1);
		CHECK(rf_str_is(last, INLINED));
	}
}

/* Other tables' magics lie about in programs that read such tables: debuggers, scanners. */
static void a_magic_without_a_table_is_passed_over(void)
{
	static const char decoys[] =
		"\xf1\xff\xff\xff\0\0\x01\x08\xfb\xff\xff\xff\0\0\x01\x04"
		"\xf1\xff\xff\xff\0\0\x01\x08\x05\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
	AUTO_BUF bytes = {0}, all = {0}, file = {0};
	struct test_part part = {".rodata", RF_STR(""), 0x600000, PF_R};
	struct go_table table;

	rf_buf_add(&all, decoys, sizeof(decoys) - 1);
	table_make(&bytes, &test_shapes[0], TABLE_120, functions, COUNT, INLINED);
	rf_buf_add_str(&all, rf_buf_str(&bytes));
	part.bytes = rf_buf_str(&all);
	REQUIRE(find_in_part(&part, &test_shapes[0], false, &file, &table));
	check_functions(&table);
}

/* A program that holds another one as data, in front of its own table and of no section's name. */
static void of_two_tables_the_one_that_the_program_refers_to_is_taken(void)
{
	static const struct table_function other[] = {{"other.main", 0x401000}};
	const struct test_shape *shape = &test_shapes[0];
	AUTO_BUF bytes = {0}, all = {0}, words = {0}, file = {0};
	static const char code[0x200];
	struct test_part parts[] = {{".text", {code, sizeof(code)}, 0x401000, PF_R | PF_X},
		{".rodata", RF_STR(""), 0x600000, PF_R},
		{".data", RF_STR(""), 0x700000, PF_R | PF_W}};
	uint64_t own;
	struct go_table table;
	struct go_exe exe;

	table_make(&all, shape, TABLE_120, other, 1, INLINED);
	while (all.len % 8)
		rf_buf_add_char(&all, '\0');
	own = 0x600000 + all.len;
	table_make(&bytes, shape, TABLE_120, functions, COUNT, INLINED);
	rf_buf_add_str(&all, rf_buf_str(&bytes));
	test_word(&words, shape, own);
	test_word(&words, shape, own + 72); /* names */
	for (size_t i = 2; i < 20; i++)
		test_word(&words, shape, 0);
	for (size_t i = 0; i < 2; i++) { /* minpc, maxpc; text, etext */
		test_word(&words, shape, 0x401000);
		test_word(&words, shape, 0x401200);
	}
	parts[1].bytes = rf_buf_str(&all);
	parts[2].bytes = rf_buf_str(&words);
	test_elf(&file, shape, parts, RF_ARRAY_LEN(parts), false);
	REQUIRE(go_exe_open((struct rf_bytes){(uint8_t *)file.data, file.len}, &exe, NULL) ==
		RF_OK);
	REQUIRE(go_table_find(&exe, &table, NULL) == RF_OK);
	check_functions(&table);
	/* Nothing says which: one of them is wrong about what is not in the program. */
	test_elf(&file, shape, parts, 2, false);
	REQUIRE(go_exe_open((struct rf_bytes){(uint8_t *)file.data, file.len}, &exe, NULL) ==
		RF_OK);
	CHECK_INT(go_table_find(&exe, &table, NULL), RF_EABSENT);
}

static void an_unknown_magic_is_no_table(void)
{
	AUTO_BUF bytes = {0}, file = {0};
	struct test_part part = {".gopclntab", RF_STR(""), 0x600000, PF_R};
	struct go_table table;

	table_make(&bytes, &test_shapes[0], 0xfffffff2u, functions, COUNT, INLINED);
	part.bytes = rf_buf_str(&bytes);
	CHECK(!find_in_part(&part, &test_shapes[0], true, &file, &table));
}

/* Finds a table in exactly these bytes and reads all of it. */
static bool touch(struct rf_bytes bytes, bool big)
{
	struct go_exe exe = {.pclntab = bytes, .big = big, .segment_count = 1};
	struct go_table table;
	struct rf_str name;
	uint64_t addr;
	size_t off = 0;
	size_t sum = 0;

	exe.segments[0] = (struct go_segment){.addr = 0x1000, .bytes = bytes};
	if (go_table_find(&exe, &table, NULL) < 0)
		return false;
	for (uint64_t i = 0; i < table.function_count + 2; i++)
		sum += go_table_function(&table, i, &addr, &name) ? name.len : 0;
	while (go_table_next_name(&table, &off, &name))
		sum += name.len;
	return sum < SIZE_MAX;
}

static void a_table_cut_off_anywhere_is_read_within_its_bounds(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(table_magics) * RF_ARRAY_LEN(test_shapes); i++) {
		const struct test_shape *shape = &test_shapes[i / RF_ARRAY_LEN(table_magics)];
		AUTO_BUF bytes = {0};

		table_make(&bytes, shape, table_magics[i % RF_ARRAY_LEN(table_magics)], functions,
			COUNT, INLINED);
		for (size_t len = 0; len <= bytes.len; len++) {
			AUTO_FREE uint8_t *exact = test_exact(bytes.data, len);

			(void)touch((struct rf_bytes){exact, len}, shape->big);
		}
		CHECK(touch((struct rf_bytes){(uint8_t *)bytes.data, bytes.len}, shape->big));
	}
}

static void hostile_numbers_are_read_within_their_bounds(void)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};

	for (size_t i = 0; i < RF_ARRAY_LEN(table_magics) * RF_ARRAY_LEN(test_shapes); i++) {
		const struct test_shape *shape = &test_shapes[i / RF_ARRAY_LEN(table_magics)];
		AUTO_BUF bytes = {0};
		AUTO_FREE uint8_t *exact = NULL;

		table_make(&bytes, shape, table_magics[i % RF_ARRAY_LEN(table_magics)], functions,
			COUNT, INLINED);
		exact = test_exact(bytes.data, bytes.len);
		for (size_t at = 0; at + 8 <= bytes.len; at++) {
			for (size_t v = 0; v < RF_ARRAY_LEN(values); v++) {
				uint8_t old[8];

				memcpy(old, exact + at, 8);
				exact[at] = values[v];
				(void)touch((struct rf_bytes){exact, bytes.len}, shape->big);
				memset(exact + at, values[v], 8);
				(void)touch((struct rf_bytes){exact, bytes.len}, shape->big);
				memcpy(exact + at, old, 8);
			}
		}
	}
	CHECK(true);
}

/*
 * Headers one behind the other, each of which has 16 functions whose names are 64 KB long and whose
 * last is out of order: a table that takes long to refuse, as often as there is room.
 */
static void many_tables_that_are_none_take_a_bounded_time(void)
{
	const struct test_shape *shape = &test_shapes[0];
	size_t heads = 20000, size = 8 + 8 * 8, names = heads * size, functions_at = names + 65536;
	AUTO_BUF bytes = {0};
	struct timespec from, to;

	for (size_t i = 0; i < heads; i++) {
		uint64_t back = i * size;

		test_put(&bytes, shape, TABLE_120, 4);
		rf_buf_add(&bytes, "\0\0\x01\x08", 4);
		test_word(&bytes, shape, 16);
		test_word(&bytes, shape, 0);
		test_word(&bytes, shape, 0);
		test_word(&bytes, shape, names - back);
		for (unsigned w = 0; w < 4; w++)
			test_word(&bytes, shape, functions_at - back);
	}
	for (unsigned i = 0; i < 65535; i++)
		rf_buf_add_char(&bytes, 'a');
	rf_buf_add_char(&bytes, '\0');
	for (unsigned i = 0; i < 16; i++) {
		test_put(&bytes, shape, i == 15 ? 0 : 16 * (i + 1), 4);
		test_put(&bytes, shape, 128, 4);
	}
	test_word(&bytes, shape, 0);
	test_word(&bytes, shape, 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	CHECK(!touch((struct rf_bytes){(uint8_t *)bytes.data, bytes.len}, false));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	CHECKF(to.tv_sec - from.tv_sec < 5, "%lld s", (long long)(to.tv_sec - from.tv_sec));
}

static void wanted_symbols_are_found_among_functions_and_inlined_ones(void)
{
	AUTO_BUF bytes = {0}, file = {0};
	struct test_part part = {".gopclntab", RF_STR(""), 0x600000, PF_R};
	AUTO_GO_WANTED *wanted = NULL;
	struct go_table table;
	struct go_found found;

	table_make(&bytes, &test_shapes[0], TABLE_120, functions, COUNT, INLINED);
	part.bytes = rf_buf_str(&bytes);
	REQUIRE(find_in_part(&part, &test_shapes[0], true, &file, &table));
	REQUIRE(go_wanted_new(&wanted, NULL) == RF_OK);
	REQUIRE(go_wanted_add(wanted, RF_STR("net/http"), RF_STR("Server.Serve"), NULL) == RF_OK);
	REQUIRE(go_wanted_add(wanted, RF_STR("net/http"), RF_STR("Get"), NULL) == RF_OK);
	REQUIRE(go_wanted_add(wanted, RF_STR("example.org/app"), RF_STR("main"), NULL) == RF_OK);
	REQUIRE(go_wanted_add(wanted, RF_STR("golang.org/x/text/language"), RF_STR("Parse"),
			NULL) == RF_OK);
	REQUIRE(go_wanted_add(wanted, RF_STR("gopkg.in/yaml.v2"), RF_STR("Unmarshal"), NULL) ==
		RF_OK);
	REQUIRE(go_wanted_search(wanted, &table, RF_STR("example.org/app"), NULL) == RF_OK);
	CHECK(go_wanted_found(wanted, RF_STR("net/http"), RF_STR("Server.Serve"), &found) &&
		found.function == 2);
	CHECK(go_wanted_found(wanted, RF_STR("example.org/app"), RF_STR("main"), &found) &&
		found.function == 1);
	CHECK(go_wanted_found(wanted, RF_STR("gopkg.in/yaml.v2"), RF_STR("Unmarshal"), &found) &&
		found.function == 3);
	CHECK(go_wanted_found(
		      wanted, RF_STR("golang.org/x/text/language"), RF_STR("Parse"), &found) &&
		found.function == GO_NO_FUNCTION);
	CHECK(!go_wanted_found(wanted, RF_STR("net/http"), RF_STR("Get"), &found));
	CHECK(!go_wanted_found(wanted, RF_STR("main"), RF_STR("main"), &found));
	CHECK(go_wanted_has_package(wanted, RF_STR("runtime")));
	CHECK(go_wanted_has_package(wanted, RF_STR("example.org/app")));
	CHECK(!go_wanted_has_package(wanted, RF_STR("net")));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(every_table_is_read_by_section_and_by_search);
	RUN(names_hold_what_was_inlined);
	RUN(a_magic_without_a_table_is_passed_over);
	RUN(of_two_tables_the_one_that_the_program_refers_to_is_taken);
	RUN(an_unknown_magic_is_no_table);
	RUN(a_table_cut_off_anywhere_is_read_within_its_bounds);
	RUN(hostile_numbers_are_read_within_their_bounds);
	RUN(many_tables_that_are_none_take_a_bounded_time);
	RUN(wanted_symbols_are_found_among_functions_and_inlined_ones);
	return TAP_END();
}
