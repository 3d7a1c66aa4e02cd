/* Layers into directories: what a layer may do, what it may not, and what stays as it was. */
#include "tests/unit/image/image_test.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "image/stream.h"
#include "image/unpack.h"

static struct {
	int fd;
	char path[128];
	char outside[128]; /* beside the root: nothing may ever appear in it */
	char opaque[1024]; /* reported, each with a blank */
	char notes[4096];
	struct rf_err err;
} t = {.fd = -1};

static int on_opaque(void *ctx, const char *path, struct rf_err *err)
{
	size_t len = strlen(t.opaque);

	(void)ctx;
	(void)err;
	snprintf(t.opaque + len, sizeof(t.opaque) - len, "[%s]", path);
	return RF_OK;
}

static void on_note(void *ctx, const char *text)
{
	size_t len = strlen(t.notes);

	(void)ctx;
	snprintf(t.notes + len, sizeof(t.notes) - len, "%s\n", text);
}

static void fresh_root(void)
{
	static unsigned turn;

	rf_fd_closep(&t.fd);
	snprintf(t.path, sizeof(t.path), "%s/u%u/root", test_root, turn);
	snprintf(t.outside, sizeof(t.outside), "%s/u%u/outside", test_root, turn++);
	CHECK_INT(rf_dir_make(t.path, 0755, NULL), RF_OK);
	CHECK_INT(rf_dir_make(t.outside, 0755, NULL), RF_OK);
	t.fd = open(t.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	t.opaque[0] = t.notes[0] = t.err.msg[0] = '\0';
}

static int unpack_buf(const struct rf_buf *tar)
{
	static const struct image_unpack_report report = {.opaque = on_opaque, .note = on_note};
	struct image_range_input source = {.range = {.fd = -1, .mem = tar->data, .len = tar->len}};
	struct image_input input = image_range_input(&source);
	uint64_t bytes;

	return image_unpack(&input, t.fd, (uint64_t)1 << 20, &report, &bytes, &t.err);
}

#define UNPACK(...)                         \
	__extension__({                     \
		AUTO_BUF tar_ = {.len = 0}; \
		fresh_root();               \
		TAR_OF(&tar_, __VA_ARGS__); \
		unpack_buf(&tar_);          \
	})

static const char *content(const char *name)
{
	static char text[256];
	AUTO_FD fd = openat(t.fd, name, O_RDONLY | O_NOFOLLOW);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (len < 0)
		return NULL;
	text[len] = '\0';
	return text;
}

static mode_t type_of(const char *name)
{
	struct stat st;

	return fstatat(t.fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_mode & S_IFMT;
}

static bool is_whiteout(const char *name)
{
	struct stat st;

	return fstatat(t.fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(0, 0);
}

static bool outside_is_empty(void)
{
	return rmdir(t.outside) == 0;
}

static void files_keep_content_owner_mode_and_time(void)
{
	struct stat st;

	REQUIRE(UNPACK({.name = "./", .type = '5', .mode = 0750},
			{.name = "./bin/", .type = '5', .mode = 01777, .uid = 3},
			{.name = "bin/su", .mode = 04755, .uid = 1, .gid = 2, .text = "su"},
			{.name = "/etc/x", .text = "absolute"},
			{.name = "sh", .type = '2', .link = "bin/su", .uid = 7},
			{.name = "hard", .type = '1', .link = "./bin/su"}) == RF_OK);
	CHECK_STR(content("bin/su"), "su");
	CHECK_STR(content("etc/x"), "absolute");
	CHECK(fstatat(t.fd, "hard", &st, 0) == 0);
	CHECK_INT(st.st_mode & 07777, 04755);
	CHECK_INT(st.st_uid, 1);
	CHECK_INT(st.st_gid, 2);
	CHECK_INT(st.st_nlink, 2);
	CHECK_INT(st.st_mtime, 1000000000);
	CHECK(fstatat(t.fd, "bin", &st, 0) == 0);
	CHECK_INT(st.st_mode & 07777, 01777);
	CHECK_INT(st.st_mtime, 1000000000);
	CHECK(fstat(t.fd, &st) == 0);
	CHECK_INT(st.st_mode & 07777, 0750);
	CHECK(fstatat(t.fd, "sh", &st, AT_SYMLINK_NOFOLLOW) == 0);
	CHECK_INT(st.st_uid, 7);
}

static void names_keep_their_bytes_whatever_the_encoding(void)
{
	AUTO_BUF tar = {.len = 0};

	fresh_root();
	tar_put(&tar, &(struct tar_item){.name = "latin-\xe9", .text = "1"});
	tar_pax(&tar, "path", "utf8-\xc3\xa9", 7);
	tar_put(&tar, &(struct tar_item){.name = "x", .text = "2"});
	tar_pax(&tar, "path", "nfd-e\xcc\x81", 7);
	tar_put(&tar, &(struct tar_item){.name = "y", .text = "3"});
	tar_end(&tar);
	REQUIRE(unpack_buf(&tar) == RF_OK);
	CHECK_STR(content("latin-\xe9"), "1");
	CHECK_STR(content("utf8-\xc3\xa9"), "2");
	CHECK_STR(content("nfd-e\xcc\x81"), "3");
}

static void only_harmless_attributes_are_kept(void)
{
	/* cap_net_bind_service=ep, version 2 (linux/capability.h) */
	static const char cap[20] = {1, 0, 0, 2, 0, 4};
	AUTO_BUF tar = {.len = 0};
	char value[64];
	AUTO_FD fd = -1;

	fresh_root();
	tar_pax(&tar, "SCHILY.xattr.user.kept", "v", 1);
	tar_pax(&tar, "SCHILY.xattr.user.kept", "v", 1);
	tar_put(&tar, &(struct tar_item){.name = "a", .text = "x"});
	tar_pax(&tar, "SCHILY.xattr.trusted.overlay.opaque", "y", 1);
	tar_put(&tar, &(struct tar_item){.name = "b", .type = '5'});
	tar_pax(&tar, "SCHILY.xattr.user.overlay.opaque", "y", 1);
	tar_put(&tar, &(struct tar_item){.name = "c", .type = '5'});
	tar_pax(&tar, "SCHILY.xattr.security.capability", cap, sizeof(cap));
	tar_put(&tar, &(struct tar_item){.name = "d", .text = "x", .uid = 5});
	tar_end(&tar);
	REQUIRE(unpack_buf(&tar) == RF_OK);
	fd = openat(t.fd, "a", O_RDONLY);
	CHECK_INT(fgetxattr(fd, "user.kept", value, sizeof(value)), 1);
	rf_fd_closep(&fd);
	fd = openat(t.fd, "b", O_RDONLY);
	CHECK(fgetxattr(fd, "trusted.overlay.opaque", value, sizeof(value)) < 0);
	rf_fd_closep(&fd);
	fd = openat(t.fd, "c", O_RDONLY);
	CHECK(fgetxattr(fd, "user.overlay.opaque", value, sizeof(value)) < 0);
	rf_fd_closep(&fd);
	fd = openat(t.fd, "d", O_RDONLY);
	CHECK_INT(fgetxattr(fd, "security.capability", value, sizeof(value)), sizeof(cap));
}

static void dot_dot_is_refused(void)
{
	CHECK_INT(UNPACK({.name = "../outside/x", .text = "x"}), RF_EINPUT);
	CHECK(outside_is_empty());
	CHECK_INT(UNPACK({.name = "a/../../outside/x", .text = "x"}), RF_EINPUT);
	CHECK(outside_is_empty());
	CHECK_INT(UNPACK({.name = "a", .type = '5'}, {.name = "a/..", .type = '5'}), RF_EINPUT);
}

static void writing_through_a_link_stays_inside(void)
{
	AUTO_BUF link = {.len = 0};

	CHECK_INT(UNPACK({.name = "up", .type = '2', .link = "../outside"},
			  {.name = "outside", .type = '5'}, {.name = "up/x", .text = "in"}),
		RF_OK);
	CHECK_STR(content("outside/x"), "in");
	CHECK(outside_is_empty());
	fresh_root();
	rf_buf_addf(&link, "%.90s", t.outside);
	CHECK_INT(UNPACK({.name = "abs", .type = '2', .link = rf_buf_cstr(&link)},
			  {.name = "abs/x", .text = "x"}),
		RF_EINPUT);
	CHECK(outside_is_empty());
	CHECK_INT(UNPACK({.name = "f", .type = '2', .link = "../outside/x"},
			  {.name = "f", .text = "a file in the link's place"}),
		RF_OK);
	CHECK(type_of("f") == S_IFREG);
	CHECK(outside_is_empty());
}

static void a_parent_that_is_a_link_in_the_layer_is_followed_in_the_root(void)
{
	REQUIRE(UNPACK({.name = "usr/lib", .type = '5'},
			{.name = "lib", .type = '2', .link = "/usr/lib"},
			{.name = "lib/x", .text = "1"},
			{.name = "lib/deep/y", .text = "2"}) == RF_OK);
	CHECK(type_of("lib") == S_IFLNK);
	CHECK_STR(content("usr/lib/x"), "1");
	CHECK_STR(content("usr/lib/deep/y"), "2");
}

static void a_parent_that_is_a_file_is_refused_and_named(void)
{
	CHECK_INT(UNPACK({.name = "a", .text = "x"}, {.name = "a/b", .text = "y"}), RF_EINPUT);
	CHECK(strstr(t.err.msg, "\"a/b\""));
}

static void hard_links_reach_files_of_the_layer_only(void)
{
	CHECK_INT(UNPACK({.name = "h", .type = '1', .link = "../outside/x"}), RF_EINPUT);
	CHECK_INT(UNPACK({.name = "h", .type = '1', .link = "/etc/passwd"}), RF_EINPUT);
	CHECK_INT(UNPACK({.name = "d", .type = '5'}, {.name = "h", .type = '1', .link = "d"}),
		RF_EINPUT);
	CHECK_INT(UNPACK({.name = "real/x", .text = "x"},
			  {.name = "alias", .type = '2', .link = "real"},
			  {.name = "h", .type = '1', .link = "alias/x"}),
		RF_EINPUT);
	CHECK_INT(UNPACK({.name = "s", .type = '2', .link = "/etc/passwd"},
			  {.name = "h", .type = '1', .link = "s"}),
		RF_OK);
	CHECK(type_of("h") == S_IFLNK);
	CHECK_INT(
		UNPACK({.name = ".wh.x"}, {.name = "h", .type = '1', .link = ".wh.x"}), RF_EINPUT);
	CHECK_INT(UNPACK({.name = "x", .text = "x"}, {.name = ".wh.y", .type = '1', .link = "x"}),
		RF_EINPUT);
}

static void devices_are_refused_except_below_dev_where_they_are_left_out(void)
{
	CHECK_INT(UNPACK({.name = "disk", .type = '4'}), RF_EINPUT);
	CHECK(strstr(t.err.msg, "\"disk\""));
	CHECK_INT(UNPACK({.name = "etc/tty", .type = '3'}), RF_EINPUT);
	CHECK_INT(UNPACK({.name = "dev/null", .type = '3'}, {.name = "run/fifo", .type = '6'}),
		RF_OK);
	CHECK_INT(type_of("dev/null"), 0);
	CHECK_INT(type_of("run/fifo"), 0);
	CHECK(strstr(t.notes, "\"dev/null\"") && strstr(t.notes, "\"run/fifo\""));
}

static void later_entries_replace_earlier_ones(void)
{
	REQUIRE(UNPACK({.name = "a/b/c", .text = "1"}, {.name = "a", .text = "file"},
			{.name = "f", .text = "x"}, {.name = "f", .type = '5'},
			{.name = "f/g", .text = "in"}, {.name = "d/keep", .text = "kept"},
			{.name = "d", .type = '5', .mode = 0711},
			{.name = "l", .type = '2', .link = "d"}, {.name = "l", .type = '5'},
			{.name = "l/x", .text = "not in d"}, {.name = "n", .text = "1"},
			{.name = "n", .text = "2"}) == RF_OK);
	CHECK_STR(content("a"), "file");
	CHECK_STR(content("f/g"), "in");
	CHECK_STR(content("d/keep"), "kept");
	CHECK_INT(type_of("d/x"), 0);
	CHECK_STR(content("l/x"), "not in d");
	CHECK_STR(content("n"), "2");
}

static void whiteouts_become_devices_of_overlayfs(void)
{
	REQUIRE(UNPACK({.name = "etc/.wh.gone"}, {.name = ".wh.top"}, {.name = "new/dir/.wh.x"}) ==
		RF_OK);
	CHECK(is_whiteout("etc/gone"));
	CHECK(is_whiteout("top"));
	CHECK(is_whiteout("new/dir/x"));
	CHECK_STR(t.opaque, "");
}

static void what_is_added_beats_its_whiteout_in_either_order(void)
{
	REQUIRE(UNPACK({.name = ".wh.a"}, {.name = "a", .text = "1"}, {.name = "b", .text = "2"},
			{.name = ".wh.b"}, {.name = "d/x", .text = "3"},
			{.name = ".wh.d"}) == RF_OK);
	CHECK_STR(content("a"), "1");
	CHECK_STR(content("b"), "2");
	CHECK_STR(content("d/x"), "3");
	CHECK_STR(t.opaque, "[d]");
}

static void opaque_directories_are_reported_also_without_an_entry_of_their_own(void)
{
	REQUIRE(UNPACK({.name = "a/.wh..wh..opq"}, {.name = "a/x", .text = "1"},
			{.name = "b/c/.wh..wh..opq"}, {.name = ".wh..wh..opq"}) == RF_OK);
	CHECK_STR(t.opaque, "[a][b/c][]");
	CHECK(type_of("b/c") == S_IFDIR);
	CHECK_INT(type_of("a/.wh..wh..opq"), 0);
}

static void tricks_with_whiteouts_are_refused(void)
{
	CHECK_INT(UNPACK({.name = ".wh."}), RF_EINPUT);
	CHECK_INT(UNPACK({.name = "a/.wh.."}), RF_EINPUT);
	CHECK_INT(UNPACK({.name = "a/.wh..."}), RF_EINPUT);
	CHECK_INT(UNPACK({.name = "a/.wh..wh.x"}), RF_EINPUT);
	CHECK_INT(UNPACK({.name = ".wh.d", .type = '5'}), RF_EINPUT);
	CHECK_INT(UNPACK({.name = ".wh.d/x", .text = "x"}), RF_EINPUT);
	CHECK_INT(UNPACK({.name = ".wh.s", .type = '2', .link = "x"}), RF_EINPUT);
	CHECK_INT(UNPACK({.name = ".wh..wh.plnk", .type = '5'}), RF_OK);
	CHECK(strstr(t.notes, "aufs"));
}

static void bounds_of_names_hold(void)
{
	AUTO_BUF deep = {.len = 0};
	AUTO_BUF tar = {.len = 0};

	for (int i = 0; i <= IMAGE_MAX_DEPTH; i++)
		rf_buf_add_c(&deep, "a/");
	fresh_root();
	tar_pax(&tar, "path", rf_buf_cstr(&deep), deep.len);
	tar_put(&tar, &(struct tar_item){.name = "x"});
	tar_end(&tar);
	CHECK_INT(unpack_buf(&tar), RF_EINPUT);
	rf_buf_clear(&tar);
	rf_buf_clear(&deep);
	for (int i = 0; i <= IMAGE_MAX_NAME; i++)
		rf_buf_add_char(&deep, 'n');
	tar_pax(&tar, "path", rf_buf_cstr(&deep), deep.len);
	tar_put(&tar, &(struct tar_item){.name = "x"});
	tar_end(&tar);
	CHECK_INT(unpack_buf(&tar), RF_EINPUT);
}

static void content_beyond_the_limit_is_refused(void)
{
	AUTO_FREE char *big = calloc(1, (size_t)2 << 20);

	REQUIRE(big);
	CHECK_INT(UNPACK({.name = "big", .text = big, .len = (size_t)2 << 20}), RF_ELIMIT);
}

static void a_truncated_archive_is_refused(void)
{
	AUTO_BUF tar = {.len = 0};

	fresh_root();
	tar_put(&tar, &(struct tar_item){.name = "a", .text = "some content"});
	tar.len -= 100;
	CHECK_INT(unpack_buf(&tar), RF_EINPUT);
}

static void sparse_files_keep_their_holes_and_size(void)
{
	AUTO_BUF tar = {.len = 0};
	struct stat st;

	fresh_root();
	tar_pax(&tar, "GNU.sparse.size", "100000", 6);
	rf_buf_clear(&tar);
	/* PAX sparse 0.1: a map of one piece of 5 bytes at 65536. */
	{
		AUTO_BUF records = {.len = 0};

		rf_buf_add_c(&records, "26 GNU.sparse.size=100000\n");
		rf_buf_add_c(&records, "26 GNU.sparse.numblocks=1\n");
		rf_buf_add_c(&records, "26 GNU.sparse.map=65536,5\n");
		tar_put(&tar, &(struct tar_item){.name = "pax",
				      .type = 'x',
				      .text = rf_buf_cstr(&records),
				      .len = records.len});
	}
	tar_put(&tar, &(struct tar_item){.name = "sparse", .text = "hello"});
	tar_end(&tar);
	REQUIRE(unpack_buf(&tar) == RF_OK);
	REQUIRE(fstatat(t.fd, "sparse", &st, 0) == 0);
	CHECK_INT(st.st_size, 100000);
	CHECK(st.st_blocks * 512 < 65536);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root: files keep their owners\n");
		return 0;
	}
	test_root_open();
	RUN(files_keep_content_owner_mode_and_time);
	RUN(names_keep_their_bytes_whatever_the_encoding);
	RUN(only_harmless_attributes_are_kept);
	RUN(dot_dot_is_refused);
	RUN(writing_through_a_link_stays_inside);
	RUN(a_parent_that_is_a_link_in_the_layer_is_followed_in_the_root);
	RUN(a_parent_that_is_a_file_is_refused_and_named);
	RUN(hard_links_reach_files_of_the_layer_only);
	RUN(devices_are_refused_except_below_dev_where_they_are_left_out);
	RUN(later_entries_replace_earlier_ones);
	RUN(whiteouts_become_devices_of_overlayfs);
	RUN(what_is_added_beats_its_whiteout_in_either_order);
	RUN(opaque_directories_are_reported_also_without_an_entry_of_their_own);
	RUN(tricks_with_whiteouts_are_refused);
	RUN(bounds_of_names_hold);
	RUN(content_beyond_the_limit_is_refused);
	RUN(a_truncated_archive_is_refused);
	RUN(sparse_files_keep_their_holes_and_size);
	rf_fd_closep(&t.fd);
	test_root_close();
	return TAP_END();
}
