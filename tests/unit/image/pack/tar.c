#include "image/pack/tar_int.h"

#include "base/buf.h"
#include "image/archive.h"
#include "image/stream.h"
#include "tests/lib/tap.h"

/* What libarchive reads of it. */
struct reading {
	struct rf_buf bytes;
	struct image_range_input input;
	struct image_input blocks;
	struct image_archive *archive;
};

static void reading_done(struct reading *r)
{
	image_archive_free(r->archive);
	image_range_input_done(&r->input);
	rf_buf_done(&r->bytes);
}

static bool reading_open(struct reading *r, struct pack_tar *tar)
{
	pack_tar_end(tar);
	if (tar->failed)
		return false;
	rf_vec_each (piece, &tar->pieces)
		rf_buf_add_str(&r->bytes, *piece);
	r->input.range = (struct image_range){.fd = -1, .mem = r->bytes.data, .len = r->bytes.len};
	r->blocks = image_range_input(&r->input);
	return tar->size == r->bytes.len &&
	       image_archive_open(&r->blocks, &r->archive, NULL) == RF_OK;
}

static bool next_is(struct reading *r, const char *path, struct image_entry *ret)
{
	struct rf_err err = {.msg = ""};
	int rc = image_archive_next(r->archive, ret, &err);

	if (rc != 1 || !rf_str_is(ret->path, path)) {
		tap_diag("%d %s: " RF_STR_FMT, rc, err.msg, RF_STR_ARG(ret->path));
		return false;
	}
	return true;
}

static void entries_are_read_back(void)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	CLEANUP(pack_tar_done) struct pack_tar tar = {.arena = arena, .mtime_s = 1234567890};
	CLEANUP(reading_done) struct reading r = {.archive = NULL};
	struct image_entry entry;
	const void *data;
	uint64_t offset;

	pack_tar_add_dir(&tar, RF_STR("etc"), 0755);
	pack_tar_add_file(&tar, RF_STR("etc/passwd"), 0640, RF_STR("root:x\n"));
	pack_tar_add_symlink(&tar, RF_STR("etc/link"), RF_STR("passwd"));
	REQUIRE(reading_open(&r, &tar));
	REQUIRE(next_is(&r, "etc", &entry));
	CHECK_INT(entry.type, IMAGE_ENTRY_DIR);
	CHECK_INT(entry.mode, 0755);
	REQUIRE(next_is(&r, "etc/passwd", &entry));
	CHECK_INT(entry.mode, 0640);
	CHECK_INT(entry.uid + entry.gid, 0);
	CHECK_INT(entry.mtime_s, 1234567890);
	REQUIRE(image_archive_read(r.archive, &data, &offset, NULL) == 7);
	CHECK(memcmp(data, "root:x\n", 7) == 0);
	REQUIRE(next_is(&r, "etc/link", &entry));
	CHECK_INT(entry.type, IMAGE_ENTRY_SYMLINK);
	CHECK(rf_str_is(entry.link, "passwd"));
	CHECK_INT(image_archive_next(r.archive, &entry, NULL), 0);
}

/* With and without a place to cut them; around every bound of the format. */
static void names_of_any_length_are_read_back(void)
{
	for (size_t len = 1; len<700; len += len> 90 && len < 110 ? 1 : 23) {
		for (int slashes = 0; slashes < 2; slashes++) {
			AUTO_ARENA *arena = rf_arena_new(0);
			CLEANUP(pack_tar_done) struct pack_tar tar = {.arena = arena};
			CLEANUP(reading_done) struct reading r = {.archive = NULL};
			char name[701], link[701];
			struct image_entry entry;

			for (size_t i = 0; i < len; i++) {
				bool cut =
					i % 40 == 39 && i + 1 < len && (slashes || i % 240 == 239);

				name[i] = cut ? '/' : (char)('a' + i % 26);
			}
			name[len] = '\0';
			memset(link, 'l', len);
			link[len] = '\0';
			pack_tar_add_file(&tar, rf_str_of(name), 0644, RF_STR("x"));
			pack_tar_add_symlink(&tar, RF_STR("b"), rf_str_of(link));
			REQUIRE(reading_open(&r, &tar));
			CHECKF(next_is(&r, name, &entry), "a name of %zu bytes", len);
			CHECK(next_is(&r, "b", &entry));
			CHECK(rf_str_is(entry.link, link));
		}
	}
}

static void a_time_before_1970_is_refused(void)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	CLEANUP(pack_tar_done) struct pack_tar tar = {.arena = arena, .mtime_s = -1};

	pack_tar_add_file(&tar, RF_STR("a"), 0644, RF_STR("x"));
	CHECK(tar.failed);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(entries_are_read_back);
	RUN(names_of_any_length_are_read_back);
	RUN(a_time_before_1970_is_refused);
	return TAP_END();
}
