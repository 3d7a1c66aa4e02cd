/*
 * Paths through machine code that is put together here: calls, jumps, addresses of functions, of
 * closures and of tables of methods, for amd64 and arm64.
 */
#include "tests/unit/image/go/table_test.h"

#include "image/go/calls.h"

#define TEXT 0x401000u
#define DATA 0x600000u
#define SIZE 64u /* bytes of every function */

enum {
	MAIN,
	CALLED,
	JUMPED_TO,
	TAKEN,
	CLOSURE,
	METHOD_1,
	METHOD_2,
	UNREACHED,
	LONELY, /* called by UNREACHED only */
	COUNT,
};

static const struct table_function functions[COUNT] = {
	{"main.main", TEXT + MAIN *SIZE},
	{"a.Called", TEXT + CALLED *SIZE},
	{"a.JumpedTo", TEXT + JUMPED_TO *SIZE},
	{"a.Taken", TEXT + TAKEN *SIZE},
	{"a.F.func1", TEXT + CLOSURE *SIZE},
	{"a.T.M1", TEXT + METHOD_1 *SIZE},
	{"a.T.M2", TEXT + METHOD_2 *SIZE},
	{"a.Unreached", TEXT + UNREACHED *SIZE},
	{"a.Lonely", TEXT + LONELY *SIZE},
};

static const struct test_shape amd64 = {true, false, EM_X86_64};
static const struct test_shape arm64 = {true, false, EM_AARCH64};

/* What is written at an address; the machine decides how. */
struct code {
	const struct test_shape *shape;
	uint8_t text[COUNT * SIZE];
	size_t at;
};

static void put_u32(struct code *code, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		code->text[code->at++] = (uint8_t)(value >> 8 * i);
}

static void jump(struct code *code, unsigned to, bool call)
{
	uint32_t here = TEXT + (uint32_t)code->at, target = TEXT + to * SIZE;

	if (code->shape == &amd64) {
		code->text[code->at++] = call ? 0xe8 : 0xe9;
		put_u32(code, target - here - 5);
	} else {
		put_u32(code, (call ? 0x94000000u : 0x14000000u) |
				      ((uint32_t)((int32_t)(target - here) / 4) & 0x3ffffff));
	}
}

static void take(struct code *code, uint32_t addr)
{
	uint32_t here = TEXT + (uint32_t)code->at;

	if (code->shape == &amd64) {
		code->text[code->at++] = 0x48;
		code->text[code->at++] = 0x8d;
		code->text[code->at++] = 0x05;
		put_u32(code, addr - here - 7);
	} else {
		uint32_t pages = (addr >> 12) - (here >> 12);

		put_u32(code, 0x90000000u | (pages & 3) << 29 | (pages >> 2 & 0x7ffff) << 5 | 3);
		put_u32(code, 0x91000000u | (addr & 0xfff) << 10 | 3 << 5 | 3);
	}
}

/* main calls one and takes a closure's address; the others go on from there. */
static void write_code(struct code *code)
{
	memset(code->text, code->shape == &amd64 ? 0xcc : 0, sizeof(code->text));
	code->at = MAIN * SIZE + 8;
	jump(code, CALLED, true);
	take(code, DATA);
	code->at = CALLED * SIZE;
	jump(code, JUMPED_TO, false);
	jump(code, MAIN, true);
	code->at = JUMPED_TO * SIZE + 16;
	take(code, TEXT + TAKEN * SIZE);
	code->at = CLOSURE * SIZE;
	take(code, DATA + 8);
	code->at = UNREACHED * SIZE;
	jump(code, LONELY, true);
	jump(code, CALLED, true);
}

/* How a program tells where its code begins. */
enum start {
	IN_THE_TABLE,
	IN_MODULEDATA,
	IN_RELOCATIONS,
	NOWHERE,
};

#define TABLE	   0x700000u
#define MODULEDATA (DATA + 8 * 8)
#define NAMES_AT   72 /* in the table, for 64 bits */

static const struct {
	unsigned word;
	uint64_t value;
} moduledata[] = {{0, TABLE}, {1, TABLE + NAMES_AT}, {20, TEXT}, {21, TEXT + COUNT *SIZE},
	{22, TEXT}, {23, TEXT + COUNT *SIZE}};

static void write_moduledata(struct rf_buf *out, const struct test_shape *shape)
{
	for (unsigned word = 0; word < 24; word++) {
		uint64_t value = 0;

		for (size_t i = 0; i < RF_ARRAY_LEN(moduledata); i++)
			value = moduledata[i].word == word ? moduledata[i].value : value;
		test_word(out, shape, value);
	}
}

static void write_relocations(struct rf_buf *out, const struct test_shape *shape)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(moduledata); i++) {
		test_word(out, shape, MODULEDATA + 8 * moduledata[i].word);
		test_word(out, shape, R_X86_64_RELATIVE);
		test_word(out, shape, moduledata[i].value);
	}
}

/* The closure's pointer, then an itab: three words, two methods, and what is none. */
static void write_data(struct rf_buf *out, const struct test_shape *shape)
{
	const uint64_t words[] = {TEXT + CLOSURE * SIZE, 0, 0, 0, TEXT + METHOD_1 * SIZE,
		TEXT + METHOD_2 * SIZE, DATA, TEXT + LONELY * SIZE};

	for (size_t i = 0; i < RF_ARRAY_LEN(words); i++)
		test_word(out, shape, words[i]);
}

struct program {
	struct rf_buf file, table, data, relocations;
	struct code code;
	struct go_exe exe;
	struct go_table functions;
	struct go_calls *calls;
};

static void program_done(struct program *program)
{
	rf_buf_done(&program->file);
	rf_buf_done(&program->table);
	rf_buf_done(&program->data);
	rf_buf_done(&program->relocations);
	go_calls_free(program->calls);
}

static int program_make_with(
	struct program *program, const struct test_shape *shape, enum start start)
{
	struct test_part parts[4];

	*program = (struct program){.code = {.shape = shape}};
	write_code(&program->code);
	write_data(&program->data, shape);
	if (start == IN_MODULEDATA)
		write_moduledata(&program->data, shape);
	rf_buf_add(&program->relocations, "12345678", 8);
	if (start == IN_RELOCATIONS)
		write_relocations(&program->relocations, shape);
	table_make(&program->table, shape, TABLE_120, functions, COUNT, "a.Inlined");
	if (start != IN_THE_TABLE)
		memset(program->table.data + 24, 0, 8);
	parts[0] = (struct test_part){".text",
		{(const char *)program->code.text, sizeof(program->code.text)}, TEXT, PF_R | PF_X};
	parts[1] = (struct test_part){".data", rf_buf_str(&program->data), DATA, PF_R | PF_W};
	parts[2] = (struct test_part){".gopclntab", rf_buf_str(&program->table), TABLE, PF_R};
	parts[3] =
		(struct test_part){".rela.dyn", rf_buf_str(&program->relocations), 0x400000, PF_R};
	test_elf(&program->file, shape, parts, 4, true);
	if (go_exe_open((struct rf_bytes){(uint8_t *)program->file.data, program->file.len},
		    &program->exe, NULL) < 0 ||
		go_table_find(&program->exe, &program->functions, NULL) < 0)
		return 1;
	return go_calls_new(&program->exe, &program->functions, &program->calls, NULL);
}

static int program_make(struct program *program, const struct test_shape *shape)
{
	return program_make_with(program, shape, IN_THE_TABLE);
}

static void check_reached(const struct test_shape *shape, enum start start)
{
	CLEANUP(program_done) struct program program;
	int rc = program_make_with(&program, shape, start);

	CHECK_INT(rc, RF_OK);
	if (rc != RF_OK)
		return;
	for (unsigned i = 0; i < COUNT; i++)
		CHECKF(go_calls_reach(program.calls, i) == (i < UNREACHED), "%s",
			functions[i].name);
	CHECK(!go_calls_reach(program.calls, COUNT));
	CHECK(!go_calls_reach(program.calls, UINT64_MAX));
}

static void calls_jumps_and_addresses_are_followed_on_amd64(void)
{
	check_reached(&amd64, IN_THE_TABLE);
}

static void calls_jumps_and_addresses_are_followed_on_arm64(void)
{
	check_reached(&arm64, IN_THE_TABLE);
}

static void the_code_begins_where_moduledata_says(void)
{
	check_reached(&amd64, IN_MODULEDATA);
	check_reached(&arm64, IN_MODULEDATA);
}

static void the_code_begins_where_a_relocation_of_moduledata_says(void)
{
	check_reached(&amd64, IN_RELOCATIONS);
	check_reached(&arm64, IN_RELOCATIONS);
}

static void without_a_beginning_of_the_code_there_is_no_path(void)
{
	CLEANUP(program_done) struct program program;

	CHECK_INT(program_make_with(&program, &amd64, NOWHERE), RF_EUNSUPPORTED);
}

static void a_path_leads_from_main_to_the_function(void)
{
	static const uint64_t want[] = {MAIN, CALLED, JUMPED_TO, TAKEN};
	CLEANUP(program_done) struct program program;
	uint64_t path[8];
	size_t count;

	REQUIRE(program_make(&program, &amd64) == RF_OK);
	count = go_calls_path(program.calls, TAKEN, path, 8);
	CHECK_INT(count, 4);
	CHECK(count == 4 && memcmp(path, want, sizeof(want)) == 0);
	CHECK_INT(go_calls_path(program.calls, MAIN, path, 8), 1);
	CHECK_INT(path[0], MAIN);
	CHECK_INT(go_calls_path(program.calls, LONELY, path, 8), 0);
}

static void a_long_path_is_cut_in_its_middle(void)
{
	CLEANUP(program_done) struct program program;
	uint64_t path[3];

	REQUIRE(program_make(&program, &amd64) == RF_OK);
	CHECK_INT(go_calls_path(program.calls, TAKEN, path, 3), 3);
	CHECK(path[0] == MAIN && path[1] == JUMPED_TO && path[2] == TAKEN);
	CHECK_INT(go_calls_path(program.calls, TAKEN, path, 1), 0);
}

static void other_machines_are_told(void)
{
	CLEANUP(program_done) struct program program;

	CHECK_INT(program_make(&program, &test_shapes[1]), RF_EUNSUPPORTED);
	program_done(&program);
	CHECK_INT(program_make(&program, &test_shapes[2]), RF_EUNSUPPORTED);
}

static void addresses_out_of_order_are_told(void)
{
	CLEANUP(program_done) struct program program;
	struct go_calls *calls = NULL;

	REQUIRE(program_make(&program, &amd64) == RF_OK);
	program.functions.function_count = COUNT + 1; /* the end of the table is no function */
	CHECK_INT(go_calls_new(&program.exe, &program.functions, &calls, NULL), RF_EUNSUPPORTED);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(calls_jumps_and_addresses_are_followed_on_amd64);
	RUN(calls_jumps_and_addresses_are_followed_on_arm64);
	RUN(the_code_begins_where_moduledata_says);
	RUN(the_code_begins_where_a_relocation_of_moduledata_says);
	RUN(without_a_beginning_of_the_code_there_is_no_path);
	RUN(a_path_leads_from_main_to_the_function);
	RUN(a_long_path_is_cut_in_its_middle);
	RUN(other_machines_are_told);
	RUN(addresses_out_of_order_are_told);
	return TAP_END();
}
