/* Jars made here, byte by byte, so that they can lie. */
#include "tests/unit/image/pkg/pkg_test.h"

#include <zlib.h>

#include "image/pkg/zip_int.h"

struct file {
	const char *name;
	struct rf_bytes content;
	bool deflate;
	uint32_t claim; /* the unpacked size in the directory, when not 0 */
};

static void add_le(struct rf_buf *out, uint64_t n, size_t len)
{
	for (size_t i = 0; i < len; i++)
		rf_buf_add_char(out, i < sizeof(n) ? (char)(n >> 8 * i) : 0);
}

static void deflate_to(struct rf_bytes in, struct rf_buf *out)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)in.ptr, .avail_in = (uInt)in.len};
	size_t room = in.len + 1000;
	char *to = rf_buf_reserve(out, room);

	if (!to || deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, 0) != Z_OK)
		abort();
	stream.next_out = (Bytef *)to;
	stream.avail_out = (uInt)room;
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
		abort();
	out->len += stream.total_out;
	deflateEnd(&stream);
}

static void add_entry(struct rf_buf *out, struct rf_buf *directory, const struct file *file)
{
	size_t at = out->len, name_len = strlen(file->name);
	size_t len = file->claim ? file->claim : file->content.len;
	AUTO_BUF packed = {.len = 0};

	if (file->deflate)
		deflate_to(file->content, &packed);
	else
		rf_buf_add(&packed, file->content.ptr, file->content.len);
	rf_buf_add(out, "PK\3\4", 4);
	add_le(out, 0, 22);
	add_le(out, name_len, 4);
	rf_buf_add_c(out, file->name);
	rf_buf_add_str(out, rf_buf_str(&packed));
	rf_buf_add(directory, "PK\1\2", 4);
	add_le(directory, 0, 6);
	add_le(directory, file->deflate ? 8 : 0, 10);
	add_le(directory, packed.len, 4);
	add_le(directory, len, 4);
	add_le(directory, name_len, 14);
	add_le(directory, at, 4);
	rf_buf_add_c(directory, file->name);
}

static void make_zip(const struct file *files, size_t count, struct rf_buf *out)
{
	AUTO_BUF directory = {.len = 0};
	size_t at;

	rf_buf_clear(out);
	for (size_t i = 0; i < count; i++)
		add_entry(out, &directory, &files[i]);
	at = out->len;
	rf_buf_add_str(out, rf_buf_str(&directory));
	rf_buf_add(out, "PK\5\6", 4);
	add_le(out, 0, 8);
	add_le(out, directory.len, 4);
	add_le(out, at, 4);
	add_le(out, 0, 2);
}

#define POM(artifact) "groupId=g\nartifactId=" artifact "\nversion=1\n"
#define POM_PATH      "META-INF/maven/g/a/pom.properties"
#define MANIFEST      "META-INF/MANIFEST.MF"

static void check_jar(const struct file *files, size_t count, int want_rc, const char *want)
{
	AUTO_BUF jar = {.len = 0};
	AUTO_BUF out = {.len = 0};

	make_zip(files, count, &jar);
	CHECK_INT(test_read(pkg_jar_read, test_buf_bytes(&jar), &out), want_rc);
	CHECK_STR(rf_buf_cstr(&out), want);
}

static void every_pom_in_a_jar_is_a_package(void)
{
	const struct file files[] = {
		{MANIFEST, test_bytes("Implementation-Title: no\nImplementation-Version: 1\n"),
			true, 0},
		{POM_PATH, test_bytes(POM("a")), true, 0},
		{"META-INF/maven/g/b/pom.properties", test_bytes(POM("b")), false, 0},
		{"pom.properties", test_bytes(POM("c")), false, 0},
	};

	check_jar(files, 4, RF_OK, "g:a 1\ng:b 1\n");
}

static const uint8_t empty_zip[22] = "PK\5\6";

static void a_jar_without_a_pom_is_known_by_its_manifest_and_name(void)
{
	AUTO_BUF inner = {.len = 0};
	const struct file manifest[] = {{MANIFEST,
		test_bytes("Implementation-Title: T\nImplementation-Version: 5\n"), true, 0}};

	make_zip(manifest, 1, &inner);
	const struct file files[] = {
		{"BOOT-INF/lib/spring-core-5.3.9.jar", test_buf_bytes(&inner), false, 0}};

	const struct file bare[] = {{"WEB-INF/lib/no-manifest-2.jar", {empty_zip, 22}, false, 0}};

	check_jar(manifest, 1, RF_OK, "T 5\n");
	check_jar(bare, 1, RF_OK, "no-manifest 2\n");
	check_jar(files, 1, RF_OK, "spring-core 5.3.9\n");
}

static void jars_in_jars_are_read_to_a_depth(void)
{
	struct rf_buf level[4] = {{.len = 0}};
	struct file files[2] = {{POM_PATH, test_bytes(POM("d")), true, 0}};

	make_zip(files, 1, &level[0]);
	for (size_t i = 1; i < 4; i++) {
		static const char *const poms[] = {"", POM("c"), POM("b"), POM("a")};

		files[0].content = test_bytes(poms[i]);
		files[1] = (struct file){"x.WAR", test_buf_bytes(&level[i - 1]), i % 2 == 0, 0};
		make_zip(files, 2, &level[i]);
	}
	AUTO_BUF out = {.len = 0};
	CHECK_INT(test_read(pkg_jar_read, test_buf_bytes(&level[3]), &out), RF_OK);
	CHECK_STR(rf_buf_cstr(&out), "g:a 1\ng:b 1\ng:c 1\n");
	for (size_t i = 0; i < 4; i++)
		rf_buf_done(&level[i]);
}

static void a_jar_behind_a_script_is_found(void)
{
	const struct file files[] = {{POM_PATH, test_bytes(POM("a")), true, 0}};
	AUTO_BUF jar = {.len = 0};
	AUTO_BUF whole = {.len = 0};
	AUTO_BUF out = {.len = 0};

	make_zip(files, 1, &jar);
	rf_buf_add_c(&whole, "#!/bin/sh\nexec java -jar \"$0\"\n");
	rf_buf_add_str(&whole, rf_buf_str(&jar));
	CHECK_INT(test_read(pkg_jar_read, test_buf_bytes(&whole), &out), RF_OK);
	CHECK_STR(rf_buf_cstr(&out), "g:a 1\n");
}

static void what_is_unsound_does_not_hide_the_rest(void)
{
	const struct file files[] = {
		{"bad.jar", test_bytes("no zip"), false, 0},
		{POM_PATH, test_bytes(POM("a")), true, 1000},
		{"META-INF/maven/g/b/pom.properties", test_bytes(POM("b")), true, 0},
	};

	check_jar(files, 3, RF_EINPUT, "g:b 1\n");
}

static void a_claim_that_no_deflate_can_keep_takes_no_memory(void)
{
	const struct file huge[] = {{"a.jar", test_bytes("x"), true, 20U << 20}};
	const struct file larger[] = {{"a.jar", test_bytes("x"), true, 0xfffffff0U}};

	check_jar(huge, 1, RF_EINPUT, "");
	check_jar(larger, 1, RF_ELIMIT, "");
}

/* Many entries for one large content: each counts, so that they come to an end. */
static void content_that_is_shared_is_counted_every_time(void)
{
	const size_t pad_len = 20 << 20;
	AUTO_FREE uint8_t *zeros = calloc(1, pad_len);
	AUTO_BUF inner = {.len = 0};
	AUTO_BUF jar = {.len = 0};
	AUTO_BUF out = {.len = 0};
	struct file files[30];
	char *directory;

	REQUIRE(zeros);
	files[0] = (struct file){POM_PATH, test_bytes(POM("a")), true, 0};
	files[1] = (struct file){"pad", {zeros, pad_len}, false, 0};
	make_zip(files, 2, &inner);
	for (size_t i = 0; i < RF_ARRAY_LEN(files); i++)
		files[i] = (struct file){"a.jar", test_bytes("x"), true, 0};
	files[0].content = test_buf_bytes(&inner);
	make_zip(files, RF_ARRAY_LEN(files), &jar);
	/* All entries of the directory become the first: 46 bytes and the name's 5 each. */
	directory = jar.data + jar.len - 22 - 51 * RF_ARRAY_LEN(files);
	for (size_t i = 1; i < RF_ARRAY_LEN(files); i++)
		memcpy(directory + 51 * i, directory, 51);
	CHECK_INT(test_read(pkg_jar_read, test_buf_bytes(&jar), &out), RF_ELIMIT);
	CHECK_INT(test_count, 25); /* of 20 MiB fit in 512 */
}

static void a_jar_that_is_cut_off_is_refused(void)
{
	const struct file files[] = {{POM_PATH, test_bytes(POM("a")), true, 0}};
	AUTO_BUF jar = {.len = 0};
	AUTO_BUF out = {.len = 0};

	make_zip(files, 1, &jar);
	check_cuts(pkg_jar_read, test_buf_bytes(&jar), 1);
	CHECK_INT(test_read(pkg_jar_read, (struct rf_bytes){(const uint8_t *)jar.data, jar.len - 1},
			  &out),
		RF_EINPUT);
	for (size_t i = 0; i < jar.len; i++) {
		jar.data[i] = (char)(jar.data[i] ^ 0x81);
		CHECK(test_read(pkg_jar_read, test_buf_bytes(&jar), &out) <= 0);
		jar.data[i] = (char)(jar.data[i] ^ 0x81);
	}
}

static void jars_are_told_by_name(void)
{
	CHECK(pkg_is_jar(RF_STR("a/b.jar")) && pkg_is_jar(RF_STR("b.WAR")) &&
		pkg_is_jar(RF_STR("b.ear")));
	CHECK(!pkg_is_jar(RF_STR("b.zip")) && !pkg_is_jar(RF_STR(".jar")) &&
		!pkg_is_jar(RF_STR("")));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(every_pom_in_a_jar_is_a_package);
	RUN(a_jar_without_a_pom_is_known_by_its_manifest_and_name);
	RUN(jars_in_jars_are_read_to_a_depth);
	RUN(a_jar_behind_a_script_is_found);
	RUN(what_is_unsound_does_not_hide_the_rest);
	RUN(a_claim_that_no_deflate_can_keep_takes_no_memory);
	RUN(content_that_is_shared_is_counted_every_time);
	RUN(a_jar_that_is_cut_off_is_refused);
	RUN(jars_are_told_by_name);
	return TAP_END();
}
