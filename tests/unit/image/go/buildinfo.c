/* Build information in both forms, of every shape of file, and what hostile files say instead. */
#include "tests/unit/image/go/go_test.h"

#include "image/go/buildinfo.h"

#define MAGIC	 "\xff Go buildinf:"
#define ADDR	 0x502000
#define SENTINEL "0123456789abcdef" /* any 16 bytes */

static const char lines[] = "path\texample.org/m/cmd/app\n"
			    "mod\texample.org/m\tv1.2.3\th1:main=\n"
			    "dep\tgolang.org/x/net\tv0.1.0\th1:net=\n"
			    "dep\texample.org/forked\tv1.0.0\n"
			    "=>\texample.org/fork\tv1.1.0\th1:fork=\n"
			    "dep\texample.org/local\tv0.0.0\n"
			    "=>\t./local\t\n"
			    "dep\texample.org/last\tv2.0.0+incompatible\th1:last=\n"
			    "build\t-compiler=gc\n"
			    "build\t-ldflags=\"-s -w -X main.version=1.0 \\\"x\\\"\"\n"
			    "build\t-trimpath=true\n"
			    "build\tGOARCH=arm64\n"
			    "build\tGOOS=linux\n"
			    "build\tvcs.revision=0123456789abcdef0123456789abcdef01234567\n"
			    "build\tvcs.time=2024-01-02T03:04:05Z\n"
			    "build\tvcs.modified=true\n";

static void put_string(struct rf_buf *out, struct rf_str s)
{
	size_t len = s.len;

	for (; len >= 0x80; len >>= 7)
		rf_buf_add_char(out, (char)(len | 0x80));
	rf_buf_add_char(out, (char)len);
	rf_buf_add_str(out, s);
}

static void frame(struct rf_buf *out, const char *text)
{
	rf_buf_addf(out, "%s%s%s", SENTINEL, text, SENTINEL);
}

static void inline_blob(struct rf_buf *out, const char *version, struct rf_str modinfo)
{
	rf_buf_clear(out);
	rf_buf_add(out, MAGIC, 14);
	rf_buf_add_char(out, 8);
	rf_buf_add_char(out, 2);
	while (out->len < 32)
		rf_buf_add_char(out, '\0');
	put_string(out, rf_str_of(version));
	put_string(out, modinfo);
}

/* The blob, two string headers and the strings, as they lie at ADDR. */
static void pointer_blob(struct rf_buf *out, const struct test_shape *shape, const char *version,
	struct rf_str modinfo)
{
	unsigned size = shape->wide ? 8 : 4;
	uint64_t headers = ADDR + 16 + 2 * size, strings = headers + 4 * size;

	rf_buf_clear(out);
	rf_buf_add(out, MAGIC, 14);
	rf_buf_add_char(out, (char)size);
	rf_buf_add_char(out, shape->big);
	test_word(out, shape, headers);
	test_word(out, shape, headers + 2 * size);
	test_word(out, shape, strings);
	test_word(out, shape, strlen(version));
	test_word(out, shape, strings + strlen(version));
	test_word(out, shape, modinfo.len);
	rf_buf_add_c(out, version);
	rf_buf_add_str(out, modinfo);
}

/* Reads a file of one writable part; text lives in *arena. */
static int read_blob(const struct test_shape *shape, struct rf_str blob, bool with_sections,
	struct rf_buf *file, struct rf_arena *arena, struct go_build *ret)
{
	const struct test_part part = {".go.buildinfo", blob, ADDR, PF_R | PF_W};
	struct go_exe exe;

	test_elf(file, shape, &part, 1, with_sections);
	if (go_exe_open((struct rf_bytes){(uint8_t *)file->data, file->len}, &exe, NULL) < 0)
		return 1;
	return go_build_read(&exe, arena, ret, NULL);
}

static void check_module(const struct go_module *module, const char *path, const char *version,
	const char *replace_path, const char *replace_version)
{
	CHECKF(rf_str_is(module->path, path), RF_STR_FMT, RF_STR_ARG(module->path));
	CHECKF(rf_str_is(module->version, version), RF_STR_FMT, RF_STR_ARG(module->version));
	CHECKF(rf_str_is(module->replace_path, replace_path), RF_STR_FMT,
		RF_STR_ARG(module->replace_path));
	CHECKF(rf_str_is(module->replace_version, replace_version), RF_STR_FMT,
		RF_STR_ARG(module->replace_version));
}

static void check_build(const struct go_build *build)
{
	CHECK(rf_str_is(build->go_version, "go1.22.5 X:nocoverageredesign"));
	CHECK(rf_str_is(build->go_release, "1.22.5"));
	CHECK(rf_str_is(build->path, "example.org/m/cmd/app"));
	check_module(&build->main, "example.org/m", "v1.2.3", "", "");
	CHECK_INT(build->dep_count, 4);
	if (build->dep_count != 4)
		return;
	check_module(&build->deps[0], "golang.org/x/net", "v0.1.0", "", "");
	check_module(&build->deps[1], "example.org/forked", "v1.0.0", "example.org/fork", "v1.1.0");
	check_module(&build->deps[2], "example.org/local", "v0.0.0", "./local", "");
	check_module(&build->deps[3], "example.org/last", "v2.0.0+incompatible", "", "");
	CHECK(rf_str_is(build->deps[1].replace_sum, "h1:fork="));
	CHECK(rf_str_is(build->goos, "linux") && rf_str_is(build->goarch, "arm64"));
	CHECK(rf_str_is(build->ldflags, "-s -w -X main.version=1.0 \"x\""));
	CHECK(rf_str_is(build->vcs_time, "2024-01-02T03:04:05Z"));
	CHECK(build->trimpath && build->vcs_modified);
}

static void both_forms_are_read_of_every_shape(void)
{
	AUTO_BUF modinfo = {0};

	frame(&modinfo, lines);
	for (size_t i = 0; i < RF_ARRAY_LEN(test_shapes) * 4; i++) {
		const struct test_shape *shape = &test_shapes[i / 4];
		AUTO_ARENA *arena = rf_arena_new(1 << 20);
		AUTO_BUF blob = {0}, file = {0};
		struct go_build build;

		if (i % 4 < 2)
			inline_blob(&blob, "go1.22.5 X:nocoverageredesign", rf_buf_str(&modinfo));
		else
			pointer_blob(&blob, shape, "go1.22.5 X:nocoverageredesign",
				rf_buf_str(&modinfo));
		REQUIRE(read_blob(shape, rf_buf_str(&blob), i % 2, &file, arena, &build) == RF_OK);
		check_build(&build);
	}
}

/* Segments may begin anywhere; it is the address that is a multiple of 16. */
static void the_blob_is_found_by_its_address_without_sections(void)
{
	AUTO_ARENA *arena = rf_arena_new(1 << 20);
	AUTO_BUF blob = {0}, data = {0}, file = {0};
	struct test_part part = {".data", RF_STR(""), ADDR - 8, PF_R | PF_W};
	struct go_build build;
	struct go_exe exe;

	inline_blob(&blob, "go1.21.0", RF_STR(""));
	rf_buf_add(&data, "12345678", 8);
	rf_buf_add_str(&data, rf_buf_str(&blob));
	part.bytes = rf_buf_str(&data);
	test_elf(&file, &test_shapes[0], &part, 1, false);
	REQUIRE(go_exe_open((struct rf_bytes){(uint8_t *)file.data, file.len}, &exe, NULL) ==
		RF_OK);
	CHECK_INT(go_build_read(&exe, arena, &build, NULL), RF_OK);
	CHECK(rf_str_is(build.go_version, "go1.21.0"));
}

static void a_magic_in_a_program_text_is_not_the_blob(void)
{
	AUTO_ARENA *arena = rf_arena_new(1 << 20);
	AUTO_BUF file = {0};
	const struct test_part part = {
		".text", RF_STR(MAGIC "\x08\x02 in a constant, and more of it"), ADDR, PF_R | PF_X};
	struct go_build build;
	struct go_exe exe;

	test_elf(&file, &test_shapes[0], &part, 1, true);
	REQUIRE(go_exe_open((struct rf_bytes){(uint8_t *)file.data, file.len}, &exe, NULL) ==
		RF_OK);
	CHECK_INT(go_build_read(&exe, arena, &build, NULL), RF_EABSENT);
}

static void modinfo_without_its_frame_is_left(void)
{
	static const char *const texts[] = {"", "short", "dep\tx\tv1\n",
		SENTINEL "dep\tx\tv1" SENTINEL, SENTINEL "\n" SENTINEL};

	for (size_t i = 0; i < RF_ARRAY_LEN(texts); i++) {
		AUTO_ARENA *arena = rf_arena_new(1 << 20);
		AUTO_BUF blob = {0}, file = {0};
		struct go_build build;

		inline_blob(&blob, "go1.21.0", rf_str_of(texts[i]));
		CHECK_INT(read_blob(&test_shapes[0], rf_buf_str(&blob), true, &file, arena, &build),
			RF_OK);
		CHECK_INT(build.dep_count, 0);
		CHECK(rf_str_is(build.go_release, "1.21.0"));
	}
}

static void a_blob_cut_off_anywhere_is_an_error(void)
{
	AUTO_BUF modinfo = {0};

	frame(&modinfo, lines);
	for (size_t i = 0; i < RF_ARRAY_LEN(test_shapes) * 2; i++) {
		const struct test_shape *shape = &test_shapes[i / 2];
		AUTO_BUF blob = {0};
		size_t whole;

		if (i % 2)
			inline_blob(&blob, "go1.22.5", rf_buf_str(&modinfo));
		else
			pointer_blob(&blob, shape, "go1.22.5", rf_buf_str(&modinfo));
		whole = blob.len;
		for (blob.len = 0; blob.len < whole; blob.len++) {
			AUTO_ARENA *arena = rf_arena_new(1 << 20);
			AUTO_BUF file = {0};
			struct go_build build = {.dep_count = 0};
			int rc = read_blob(shape, rf_buf_str(&blob), true, &file, arena, &build);

			/* In the older form modules may be missing; then there are none. */
			CHECKF(rc == RF_EINPUT || rc == RF_EABSENT ||
					(rc == RF_OK && i % 2 == 0 && build.dep_count == 0),
				"%zu of %zu bytes: %d", blob.len, whole, rc);
		}
	}
}

static void lying_lengths_are_errors(void)
{
	static const char *const tails[] = {"\x7f", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", "\x01x\xff\xff\xff\xff\x0f"};

	for (size_t i = 0; i < RF_ARRAY_LEN(tails); i++) {
		AUTO_ARENA *arena = rf_arena_new(1 << 20);
		AUTO_BUF blob = {0}, file = {0};
		struct go_build build;

		inline_blob(&blob, "", RF_STR(""));
		blob.len = 32;
		rf_buf_add_c(&blob, tails[i]);
		CHECK_INT(read_blob(&test_shapes[0], rf_buf_str(&blob), true, &file, arena, &build),
			RF_EINPUT);
	}
}

static void pointers_to_nowhere_are_errors(void)
{
	static const uint64_t values[] = {0, 1, ADDR - 1, UINT64_MAX, UINT64_MAX - 7, 1 << 30};

	for (size_t i = 0; i < RF_ARRAY_LEN(values); i++) {
		for (unsigned at = 16; at < 64; at += 8) {
			AUTO_ARENA *arena = rf_arena_new(1 << 20);
			AUTO_BUF blob = {0}, file = {0};
			struct go_build build;
			int rc;

			pointer_blob(&blob, &test_shapes[0], "go1.17", RF_STR("m"));
			for (unsigned b = 0; b < 8; b++)
				blob.data[at + b] = (char)(values[i] >> 8 * b);
			rc = read_blob(
				&test_shapes[0], rf_buf_str(&blob), true, &file, arena, &build);
			CHECKF(rc == RF_EINPUT || rc == RF_OK, "%d", rc);
			if (rc == RF_OK)
				CHECK(build.go_version.len <= file.len && build.dep_count == 0);
		}
	}
}

/* --- versions --- */

static void releases_are_read_of_all_that_vendors_write(void)
{
	static const char *const rows[][2] = {
		{"go1.26.2", "1.26.2"},
		{"go1.26.2-X:nodwarf5", "1.26.2"},
		{"go1.19.8 X:boringcrypto", "1.19.8"},
		{"go1.22.5 (Red Hat 1.22.5-1.el9)", "1.22.5"},
		{"go1.20.4-bigcorp", "1.20.4"},
		{"go1.21rc2", "1.21rc2"},
		{"go1.18beta1", "1.18beta1"},
		{"go1", "1"},
		{"devel go1.22-abc Mon Jan 1", ""},
		{"devel +abc", ""},
		{"go", ""},
		{"gox1", ""},
		{"", ""},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		struct rf_str release = go_release_of(rf_str_of(rows[i][0]));

		CHECKF(rf_str_is(release, rows[i][1]), "%s: " RF_STR_FMT, rows[i][0],
			RF_STR_ARG(release));
	}
}

static void the_main_modules_version_is_told_as_well_as_it_can_be(void)
{
	static const struct {
		const char *version, *ldflags, *revision, *time, *want;
		bool modified, guessed;
	} rows[] = {
		{"v1.2.3", "-X main.version=v9.9.9", "", "", "v1.2.3", false, false},
		{"(devel)", "-s -w -X main.version=v2.0.1", "", "", "v2.0.1", false, false},
		{"(devel)", "-X main.version=2.0.1 -s", "", "", "v2.0.1", false, false},
		{"(devel)", "-X=main.Version=2.0.1", "", "", "v2.0.1", false, false},
		{"(devel)", "-X 'a.b/c.BuildVersion=2.0.1'", "", "", "v2.0.1", false, false},
		{"(devel)", "-X main.commit=1.2 -X main.tag=v3.0", "", "", "v3.0", false, false},
		{"(devel)", "main.version=2.0.1", "", "", "", false, true},
		{"(devel)", "-X main.version=unknown", "", "", "", false, true},
		{"", "", "0123456789abcdef", "2024-01-02T03:04:05Z",
			"v0.0.0-20240102030405-0123456789ab", false, true},
		{"(devel)", "", "0123456789abcdef", "2024-01-02T03:04:05Z",
			"v0.0.0-20240102030405-0123456789ab+dirty", true, true},
		{"(devel)", "", "0123", "2024-01-02T03:04:05Z", "", false, true},
		{"(devel)", "", "0123456789abcdef", "2024", "", false, true},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_ARENA *arena = rf_arena_new(1 << 16);
		const struct go_build build = {.main = {.version = rf_str_of(rows[i].version)},
			.ldflags = rf_str_of(rows[i].ldflags),
			.vcs_revision = rf_str_of(rows[i].revision),
			.vcs_time = rf_str_of(rows[i].time),
			.vcs_modified = rows[i].modified};
		bool guessed;
		struct rf_str version = go_main_version(&build, arena, &guessed);

		CHECKF(rf_str_is(version, rows[i].want), "row %zu: " RF_STR_FMT, i,
			RF_STR_ARG(version));
		CHECKF(guessed == rows[i].guessed, "row %zu", i);
	}
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(both_forms_are_read_of_every_shape);
	RUN(the_blob_is_found_by_its_address_without_sections);
	RUN(a_magic_in_a_program_text_is_not_the_blob);
	RUN(modinfo_without_its_frame_is_left);
	RUN(a_blob_cut_off_anywhere_is_an_error);
	RUN(lying_lengths_are_errors);
	RUN(pointers_to_nowhere_are_errors);
	RUN(releases_are_read_of_all_that_vendors_write);
	RUN(the_main_modules_version_is_told_as_well_as_it_can_be);
	return TAP_END();
}
