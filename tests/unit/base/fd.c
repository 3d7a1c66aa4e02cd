/* Files and directories, with links and pipes in the way. */
#include "base/fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/tap.h"

static char dir[64];

/* A path below the test's directory; four may be in use at once. */
static const char *in_dir(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	struct rf_err err;

	CHECK_INT(rf_file_replace(in_dir(name), text, strlen(text), 0600, false, &err), RF_OK);
}

static void check_content(const char *name, const char *want)
{
	AUTO_BUF buf = {.data = NULL};
	struct rf_err err;

	CHECK_INT(rf_file_read(in_dir(name), &buf, &err), RF_OK);
	CHECK_STR(rf_buf_cstr(&buf), want);
}

static void a_file_is_read_whole(void)
{
	AUTO_FREE char *large = malloc(200001);

	REQUIRE(large);
	memset(large, 'x', 200000);
	large[200000] = '\0';
	write_file("large", large);
	check_content("large", large);
	write_file("empty", "");
	check_content("empty", "");
}

static void a_file_over_the_cap_is_refused(void)
{
	struct rf_buf buf = {.max = 4};
	struct rf_err err;

	write_file("four", "abcd");
	CHECK_INT(rf_file_read(in_dir("four"), &buf, &err), RF_OK);
	rf_buf_clear(&buf);
	write_file("five", "abcde");
	CHECK_INT(rf_file_read(in_dir("five"), &buf, &err), RF_ELIMIT);
	CHECK(strstr(err.msg, "larger than 4 bytes") != NULL);
	CHECK(strstr(err.msg, "five") != NULL);
	rf_buf_done(&buf);
}

static void a_file_that_is_not_there_is_absent(void)
{
	AUTO_BUF buf = {.data = NULL};
	struct rf_err err;

	write_file("plain", "x");
	CHECK_INT(rf_file_read(in_dir("nothing"), &buf, &err), RF_EABSENT);
	CHECK_INT(rf_file_read(in_dir("plain/below"), &buf, &err), RF_EABSENT);
	CHECK_INT(rf_file_read(dir, &buf, &err), RF_EIO);
	CHECK(err.sys_errno != 0);
}

static void a_pipe_is_written_and_read_to_its_end(void)
{
	AUTO_BUF buf = {.data = NULL};
	struct rf_err err;
	int ends[2];

	REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
	CHECK_INT(rf_fd_write_all(ends[1], "hello", 5, &err), RF_OK);
	rf_fd_closep(&ends[1]);
	CHECK_INT(ends[1], -1);
	CHECK_INT(rf_fd_read_all(ends[0], &buf, &err), RF_OK);
	CHECK_STR(rf_buf_cstr(&buf), "hello");
	rf_fd_closep(&ends[0]);
	rf_fd_closep(&ends[0]);
	CHECK_INT(rf_fd_read_all(-1, &buf, &err), RF_EIO);
	CHECK_INT(rf_fd_write_all(-1, "x", 1, &err), RF_EIO);
}

static void a_file_is_replaced_with_its_mode_and_nothing_left_over(void)
{
	struct rf_err err;
	struct stat st;

	write_file("replaced", "old");
	CHECK_INT(rf_file_replace(in_dir("replaced"), "new", 3, 0640, true, &err), RF_OK);
	check_content("replaced", "new");
	CHECK(stat(in_dir("replaced"), &st) == 0 && (st.st_mode & 07777) == 0640);
	CHECK(rf_file_replace(in_dir("none/x"), "new", 3, 0640, true, &err) == RF_EIO);
}

static void a_pipe_is_written_to_and_not_replaced(void)
{
	struct rf_err err;
	struct stat st;
	char text[8] = "";
	AUTO_FD reader = -1;

	REQUIRE(mkfifo(in_dir("pipe"), 0600) == 0);
	reader = open(in_dir("pipe"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	REQUIRE(reader >= 0);
	CHECK_INT(rf_file_replace(in_dir("pipe"), "new", 3, 0640, true, &err), RF_OK);
	CHECK(lstat(in_dir("pipe"), &st) == 0 && S_ISFIFO(st.st_mode));
	CHECK(read(reader, text, sizeof(text)) == 3 && memcmp(text, "new", 3) == 0);
}

static void a_link_is_replaced_and_not_followed(void)
{
	struct stat st;

	write_file("target", "target");
	REQUIRE(symlink("target", in_dir("link")) == 0);
	write_file("link", "new");
	check_content("target", "target");
	CHECK(lstat(in_dir("link"), &st) == 0 && S_ISREG(st.st_mode));
}

static void a_device_is_written_to_and_not_replaced(void)
{
	struct rf_err err;
	struct stat st;

	CHECK(rf_path_is_special("/dev/null") && rf_path_is_special("/dev/stdout"));
	CHECK(!rf_path_is_special("/etc/passwd") && !rf_path_is_special("/dev/no-such-thing"));
	CHECK_INT(rf_file_replace("/dev/full", "", 0, 0600, false, &err), RF_OK);
	CHECK_INT(rf_file_replace("/dev/null", "text", 4, 0600, false, &err), RF_OK);
	CHECK(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
	CHECK_INT(rf_file_replace("/dev/full", "text", 4, 0600, false, &err), RF_EIO);
}

static void an_existing_file_is_written_to(void)
{
	struct rf_err err;

	write_file("control", "");
	CHECK_INT(rf_file_write(in_dir("control"), "1", &err), RF_OK);
	check_content("control", "1");
	CHECK_INT(rf_file_write(in_dir("no-control"), "1", &err), RF_EIO);
	CHECK(access(in_dir("no-control"), F_OK) < 0);
}

static void directories_are_made_with_their_parents(void)
{
	struct rf_err err;

	CHECK_INT(rf_dir_make(in_dir("a/b/c"), 0700, &err), RF_OK);
	CHECK_INT(rf_dir_make(in_dir("a/b/c"), 0700, &err), RF_OK);
	CHECK_INT(rf_dir_make(in_dir("a//b/d/"), 0700, &err), RF_OK);
	CHECK(access(in_dir("a/b/d"), F_OK) == 0);
	write_file("a/file", "x");
	CHECK_INT(rf_dir_make(in_dir("a/file/x"), 0700, &err), RF_EIO);
}

static void a_tree_is_removed_without_following_links(void)
{
	struct rf_err err;

	CHECK_INT(rf_dir_make(in_dir("tree/x/y"), 0700, &err), RF_OK);
	CHECK_INT(rf_dir_make(in_dir("outside"), 0700, &err), RF_OK);
	write_file("tree/x/file", "x");
	write_file("outside/kept", "kept");
	REQUIRE(symlink("../outside", in_dir("tree/link")) == 0);
	REQUIRE(symlink("../../outside/kept", in_dir("tree/x/link")) == 0);
	CHECK_INT(rf_dir_remove(in_dir("tree"), &err), RF_OK);
	CHECK(access(in_dir("tree"), F_OK) < 0);
	check_content("outside/kept", "kept");
	CHECK_INT(rf_dir_remove(in_dir("tree"), &err), RF_OK);
}

static void a_link_to_a_tree_is_removed_as_a_link(void)
{
	struct rf_err err;

	CHECK_INT(rf_dir_make(in_dir("kept"), 0700, &err), RF_OK);
	write_file("kept/file", "x");
	REQUIRE(symlink("kept", in_dir("to-kept")) == 0);
	CHECK_INT(rf_dir_remove(in_dir("to-kept"), &err), RF_OK);
	check_content("kept/file", "x");
}

/* A container can make such a tree, and must not keep its pod from being taken away by it. */
static void a_tree_deeper_than_descriptors_last_is_removed(void)
{
	struct rf_err err;
	int fd, next;

	CHECK_INT(rf_dir_make(in_dir("deep/moved-up-0"), 0700, &err), RF_OK);
	write_file("deep/moved-up-0/file", "x");
	fd = open(in_dir("deep"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (unsigned i = 0; i < 2000 && fd >= 0; i++) {
		CHECK(mkdirat(fd, "d", 0700) == 0);
		CHECK(mkdirat(fd, "e", 0700) == 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	REQUIRE(fd >= 0);
	close(fd);
	CHECK_INT(rf_dir_remove(in_dir("deep"), &err), RF_OK);
	CHECK(access(in_dir("deep"), F_OK) < 0);
}

int main(int argc, char **argv)
{
	struct rf_err err;

	snprintf(dir, sizeof(dir), "/tmp/rf-fd-test.XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	TAP_BEGIN(argc, argv);
	RUN(a_file_is_read_whole);
	RUN(a_file_over_the_cap_is_refused);
	RUN(a_file_that_is_not_there_is_absent);
	RUN(a_pipe_is_written_and_read_to_its_end);
	RUN(a_file_is_replaced_with_its_mode_and_nothing_left_over);
	RUN(a_pipe_is_written_to_and_not_replaced);
	RUN(a_link_is_replaced_and_not_followed);
	RUN(a_device_is_written_to_and_not_replaced);
	RUN(an_existing_file_is_written_to);
	RUN(directories_are_made_with_their_parents);
	RUN(a_tree_is_removed_without_following_links);
	RUN(a_link_to_a_tree_is_removed_as_a_link);
	RUN(a_tree_deeper_than_descriptors_last_is_removed);
	if (rf_dir_remove(dir, &err) < 0)
		tap_diag("%s", err.msg);
	return TAP_END();
}
