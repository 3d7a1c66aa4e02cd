/* Files that take another's place, and what killed processes leave of them. */
#include "base/fresh.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/lib/tap.h"

static char dir[64];

static const char *in_dir(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text)
{
	REQUIRE(rf_file_replace(in_dir(name), text, strlen(text), 0600, false, NULL) == RF_OK);
}

static void check_content(const char *name, const char *want)
{
	AUTO_BUF buf = {0};

	CHECK_INT(rf_file_read(in_dir(name), &buf, NULL), RF_OK);
	CHECK_STR(rf_buf_cstr(&buf), want);
}

static int count_files(void)
{
	DIR *list = opendir(dir);
	struct dirent *entry;
	int count = 0;

	if (!list)
		abort();
	while ((entry = readdir(list)))
		count += entry->d_name[0] != '.';
	closedir(list);
	return count;
}

static void a_new_file_takes_the_place_of_the_old_one_at_once(void)
{
	AUTO_FRESH fresh = RF_FRESH_INIT;
	struct rf_err err = {.code = RF_OK};
	struct stat st;

	put("a", "old");
	REQUIRE(rf_fresh_open(in_dir("a"), 0640, &fresh, &err) == RF_OK);
	REQUIRE(rf_fd_write_all(fresh.fd, "new", 3, &err) == RF_OK);
	check_content("a", "old");
	CHECKF(rf_fresh_place(&fresh, &err) == RF_OK, "%s", err.msg);
	check_content("a", "new");
	CHECK(stat(in_dir("a"), &st) == 0 && (st.st_mode & 0777) == 0640);
	rf_fresh_done(&fresh);
	check_content("a", "new");
	CHECK_INT(count_files(), 1);
	unlink(in_dir("a"));
}

static void what_is_not_placed_leaves_nothing(void)
{
	AUTO_FRESH fresh = RF_FRESH_INIT;

	put("a", "old");
	REQUIRE(rf_fresh_open(in_dir("a"), 0600, &fresh, NULL) == RF_OK);
	REQUIRE(rf_fd_write_all(fresh.fd, "new", 3, NULL) == RF_OK);
	rf_fresh_done(&fresh);
	check_content("a", "old");
	CHECK_INT(count_files(), 1);
	unlink(in_dir("a"));
}

static void who_is_killed_leaves_nothing(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct rf_fresh fresh = RF_FRESH_INIT;

		if (rf_fresh_open(in_dir("a"), 0600, &fresh, NULL) < 0 ||
			rf_fd_write_all(fresh.fd, "new", 3, NULL) < 0)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status));
	if (count_files())
		SKIP("this file system has no nameless files");
	CHECK_INT(count_files(), 0);
}

/* Where a nameless file could not be named later on: without /proc. */
static void with_named_files_only(void)
{
	AUTO_FRESH fresh = RF_FRESH_INIT;
	AUTO_FRESH other = RF_FRESH_INIT;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", "/proc", "tmpfs", 0, NULL) < 0)
		_exit(2);
	if (rf_fresh_open(in_dir("a"), 0600, &fresh, NULL) < 0 || count_files() != 1)
		_exit(3);
	if (rf_fresh_open(in_dir("a"), 0600, &other, NULL) < 0 || count_files() != 2)
		_exit(4); /* swept away while it was written */
	if (rf_fresh_place(&other, NULL) < 0 || rf_fd_write_all(fresh.fd, "half", 4, NULL) < 0)
		_exit(5);
	kill(getpid(), SIGKILL);
}

static void a_name_that_a_killed_process_left_goes_with_the_next_one(void)
{
	AUTO_FRESH fresh = RF_FRESH_INIT;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		SKIP("needs root to hide /proc");
	pid = fork();
	if (pid == 0)
		with_named_files_only();
	REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECKF(WIFSIGNALED(status), "status %d", WEXITSTATUS(status));
	CHECK_INT(count_files(), 2);
	REQUIRE(rf_fresh_open(in_dir("a"), 0600, &fresh, NULL) == RF_OK);
	CHECK_INT(count_files(), 1);
	check_content("a", "");
	unlink(in_dir("a"));
}

static void what_others_left_goes_and_what_they_still_write_stays(void)
{
	static const char *const others[] = {"a.fresh-", "a.fresh-abcdefg", "a.fresh.abcdef",
		"b.fresh-abcdef", "a.backup", "aa.fresh-abcdef"};
	AUTO_FRESH fresh = RF_FRESH_INIT;
	AUTO_FD held = -1;

	for (size_t i = 0; i < RF_ARRAY_LEN(others); i++)
		put(others[i], "x");
	put("a.fresh-abcdef", "left");
	put("a.fresh-Xy_234", "held");
	REQUIRE(mkdir(in_dir("a.fresh-subdir"), 0700) == 0);
	REQUIRE(symlink("a.backup", in_dir("a.fresh-symlnk")) == 0);
	held = open(in_dir("a.fresh-Xy_234"), O_RDONLY | O_CLOEXEC);
	REQUIRE(held >= 0 && flock(held, LOCK_EX) == 0);
	REQUIRE(rf_fresh_open(in_dir("a"), 0600, &fresh, NULL) == RF_OK);
	CHECK(access(in_dir("a.fresh-abcdef"), F_OK) < 0);
	check_content("a.fresh-Xy_234", "held");
	for (size_t i = 0; i < RF_ARRAY_LEN(others); i++)
		check_content(others[i], "x");
	CHECK(access(in_dir("a.fresh-subdir"), F_OK) == 0);
	REQUIRE(rf_fresh_place(&fresh, NULL) == RF_OK);
	check_content("a", "");
}

static void a_directory_that_is_not_there_is_told(void)
{
	AUTO_FRESH fresh = RF_FRESH_INIT;
	struct rf_err err = {.code = RF_OK};

	CHECK_INT(rf_fresh_open(in_dir("none/a"), 0600, &fresh, &err), RF_EIO);
	CHECK(strstr(err.msg, "none/a.fresh-") && strstr(err.msg, "No such file"));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	snprintf(dir, sizeof(dir), "/tmp/rf-fresh-XXXXXX");
	if (!mkdtemp(dir))
		abort();
	RUN(a_new_file_takes_the_place_of_the_old_one_at_once);
	RUN(what_is_not_placed_leaves_nothing);
	RUN(who_is_killed_leaves_nothing);
	RUN(a_name_that_a_killed_process_left_goes_with_the_next_one);
	RUN(what_others_left_goes_and_what_they_still_write_stays);
	RUN(a_directory_that_is_not_there_is_told);
	(void)!rf_dir_remove(dir, NULL);
	return TAP_END();
}
