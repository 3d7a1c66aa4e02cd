/* host/instance.h: where things are, what they are called, and the lock. */
#include "host/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/lib/tap.h"

static char top[] = "/tmp/ringfence-instance-XXXXXX";

#define INSTANCE CLEANUP(instance_done) struct instance

static void init(struct instance *inst, const char *run_dir, const char *state_dir)
{
	struct rf_err err = {.code = RF_OK};

	if (instance_init(inst, run_dir, state_dir, &err) < 0)
		tap_check(false, __FILE__, __LINE__, "%s", err.msg);
}

static const char *in_top(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", top, name);
	return path;
}

/* --- paths --- */

static void everything_is_below_the_two_directories(void)
{
	INSTANCE inst;

	init(&inst, "/run/x", "/var/x");
	CHECK_STR(inst.run_dir, "/run/x");
	CHECK_STR(inst.state_dir, "/var/x");
	CHECK_STR(inst.pods_run, "/run/x/pods");
	CHECK_STR(inst.pods_state, "/var/x/pods");
	CHECK_STR(inst.logs, "/var/x/logs");
	CHECK_STR(inst.images, "/var/x/images");
	CHECK_STR(inst.socket, "/run/x/control.sock");
}

static void without_a_word_the_defaults_hold(void)
{
	INSTANCE inst;

	unsetenv("RINGFENCE_RUN_DIR");
	setenv("RINGFENCE_STATE_DIR", "", 1);
	init(&inst, NULL, NULL);
	CHECK_STR(inst.run_dir, INSTANCE_RUN_DIR);
	CHECK_STR(inst.state_dir, INSTANCE_STATE_DIR);
}

static void the_environment_overrides_the_defaults_and_options_both(void)
{
	INSTANCE by_env;
	INSTANCE by_option;

	setenv("RINGFENCE_RUN_DIR", "/run/env", 1);
	setenv("RINGFENCE_STATE_DIR", "/var/env", 1);
	init(&by_env, NULL, NULL);
	CHECK_STR(by_env.run_dir, "/run/env");
	CHECK_STR(by_env.state_dir, "/var/env");
	init(&by_option, "/run/option", NULL);
	CHECK_STR(by_option.run_dir, "/run/option");
	CHECK_STR(by_option.state_dir, "/var/env");
	unsetenv("RINGFENCE_RUN_DIR");
	unsetenv("RINGFENCE_STATE_DIR");
}

static void relative_paths_begin_at_the_working_directory(void)
{
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	char want[512];
	INSTANCE inst;

	REQUIRE(cwd);
	init(&inst, "run", "./state/");
	snprintf(want, sizeof(want), "%s/run", cwd);
	CHECK_STR(inst.run_dir, want);
	snprintf(want, sizeof(want), "%s/state", cwd);
	CHECK_STR(inst.state_dir, want);
}

static void one_directory_has_one_name_however_it_is_written(void)
{
	static const char *const ways[] = {
		"/run/x", "/run/x/", "//run///x", "/run/./x/.", "/./run/x//"};
	INSTANCE first;

	init(&first, ways[0], NULL);
	for (size_t i = 1; i < RF_ARRAY_LEN(ways); i++) {
		INSTANCE inst;

		init(&inst, ways[i], NULL);
		CHECK_STR(inst.run_dir, "/run/x");
		CHECK_STR(inst.cgroup, first.cgroup);
	}
}

static void names_that_only_look_like_dots_are_kept(void)
{
	INSTANCE inst;
	INSTANCE root;

	init(&inst, "/run/.x/..y/z./../w", NULL);
	CHECK_STR(inst.run_dir, "/run/.x/..y/z./../w");
	init(&root, "/", "//.");
	CHECK_STR(root.run_dir, "/");
	CHECK_STR(root.state_dir, "/");
}

static void the_cgroup_is_told_by_the_run_directory_alone(void)
{
	INSTANCE a;
	INSTANCE b;
	INSTANCE c;

	init(&a, "/run/a", "/var/a");
	init(&b, "/run/a", "/var/b");
	init(&c, "/run/c", "/var/a");
	CHECK_STR(a.cgroup, b.cgroup);
	CHECK(strcmp(a.cgroup, c.cgroup) != 0);
	/* FNV-1a of "/run/a": the same in every process and version. */
	CHECK_STR(a.cgroup, "/ringfence-d07c130b");
}

static void a_run_directory_too_long_for_its_socket_is_refused(void)
{
	char path[128] = "/";
	struct instance inst;
	struct rf_err err;

	memset(path + 1, 'x', 110);
	CHECK_INT(instance_init(&inst, path, NULL, &err), RF_EINPUT);
	CHECK(strstr(err.msg, "too long"));
	CHECK(!inst.run_dir && !inst.socket);
	instance_done(&inst);
}

/* --- directories and the lock --- */

static void directories_are_for_their_owner_only(void)
{
	struct rf_err err;
	struct stat st;
	INSTANCE inst;

	init(&inst, in_top("dirs/run"), in_top("dirs/state"));
	CHECK_INT(instance_make_dirs(&inst, &err), RF_OK);
	CHECK_INT(instance_make_dirs(&inst, &err), RF_OK);
	const char *const dirs[] = {inst.run_dir, inst.state_dir, inst.pods_run, inst.pods_state,
		inst.logs, inst.images};
	for (size_t i = 0; i < RF_ARRAY_LEN(dirs); i++)
		CHECKF(stat(dirs[i], &st) == 0 && (st.st_mode & 07777) == 0700, "%s: mode %o",
			dirs[i], st.st_mode & 07777);
}

static void a_directory_that_cannot_be_made_is_named(void)
{
	struct rf_err err;
	INSTANCE inst;

	init(&inst, in_top("run"), "/proc/nowhere");
	CHECK_INT(instance_make_dirs(&inst, &err), RF_EIO);
	CHECK(strstr(err.msg, "/proc/nowhere"));
}

static void the_lock_is_taken_once(void)
{
	struct rf_err err = {.code = RF_OK};
	AUTO_FD first = -1;
	AUTO_FD third = -1;
	INSTANCE inst;

	init(&inst, in_top("lock"), NULL);
	first = instance_lock(&inst, &err);
	CHECKF(first >= 0, "%s", err.msg);
	CHECK_INT(instance_lock(&inst, &err), RF_EDENIED);
	CHECK(strstr(err.msg, "ringfence down") && strstr(err.msg, "/lock/lock"));
	rf_fd_closep(&first);
	third = instance_lock(&inst, &err);
	CHECK(third >= 0);
}

static void the_lock_ends_with_its_process(void)
{
	struct rf_err err;
	AUTO_FD fd = -1;
	INSTANCE inst;
	int status;
	pid_t pid;

	init(&inst, in_top("died"), NULL);
	pid = fork();
	if (pid == 0)
		_exit(instance_lock(&inst, &err) >= 0 ? 0 : 1);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	fd = instance_lock(&inst, &err);
	CHECK(fd >= 0);
}

static void two_instances_have_two_locks(void)
{
	struct rf_err err;
	AUTO_FD first = -1;
	AUTO_FD second = -1;
	INSTANCE a;
	INSTANCE b;

	init(&a, in_top("a"), NULL);
	init(&b, in_top("b"), NULL);
	first = instance_lock(&a, &err);
	second = instance_lock(&b, &err);
	CHECK(first >= 0 && second >= 0);
}

/* A sweep takes the file away: a lock on a file without a name holds nobody off. */
static void a_lock_is_of_the_file_that_has_the_name(void)
{
	struct rf_err err;
	AUTO_FD old = -1;
	AUTO_FD fd = -1;
	INSTANCE inst;
	struct stat ours, named;

	init(&inst, in_top("swept"), NULL);
	old = instance_lock(&inst, &err);
	CHECK(old >= 0 && unlink(in_top("swept/lock")) == 0);
	fd = instance_lock(&inst, &err);
	CHECK(fd >= 0 && fstat(fd, &ours) == 0 && stat(in_top("swept/lock"), &named) == 0);
	CHECK(ours.st_ino == named.st_ino);
}

static void a_lock_that_cannot_be_made_is_an_error(void)
{
	struct rf_err err;
	INSTANCE inst;

	init(&inst, "/proc/nowhere", NULL);
	CHECK_INT(instance_lock(&inst, &err), RF_EIO);
}

/* --- the sweep --- */

static bool own_machine(void)
{
	return geteuid() == 0 && unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void put(const char *path)
{
	AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CHECKF(fd >= 0, "%s", path);
}

static void a_sweep_takes_all_but_images_and_logs_and_can_be_done_twice(void)
{
	struct rf_err err = {.code = RF_OK};
	AUTO_FD lock = -1;
	INSTANCE inst = {.run_dir = NULL};

	if (!own_machine())
		SKIP("needs root, for namespaces of its own");
	init(&inst, in_top("sweep/run"), in_top("sweep/state"));
	REQUIRE(instance_make_dirs(&inst, &err) == RF_OK);
	lock = instance_lock(&inst, &err);
	REQUIRE(lock >= 0);
	CHECK_INT(rf_dir_make(in_top("sweep/run/pods/uid/ns"), 0700, &err), RF_OK);
	CHECK_INT(rf_dir_make(in_top("sweep/state/pods/uid/upper"), 0700, &err), RF_OK);
	put(in_top("sweep/run/control.sock"));
	put(in_top("sweep/state/logs/a.log"));
	for (int i = 0; i < 2; i++) {
		CHECKF(instance_sweep(&inst, &err) == RF_OK, "%s", err.msg);
		CHECK(access(inst.run_dir, F_OK) < 0 && errno == ENOENT);
		CHECK(access(inst.pods_state, F_OK) < 0 && errno == ENOENT);
	}
	CHECK(access(in_top("sweep/state/logs/a.log"), F_OK) == 0);
	CHECK(access(inst.images, F_OK) == 0);
}

int main(int argc, char **argv)
{
	int rc;

	if (!mkdtemp(top))
		return 1;
	TAP_BEGIN(argc, argv);
	RUN(everything_is_below_the_two_directories);
	RUN(without_a_word_the_defaults_hold);
	RUN(the_environment_overrides_the_defaults_and_options_both);
	RUN(relative_paths_begin_at_the_working_directory);
	RUN(one_directory_has_one_name_however_it_is_written);
	RUN(names_that_only_look_like_dots_are_kept);
	RUN(the_cgroup_is_told_by_the_run_directory_alone);
	RUN(a_run_directory_too_long_for_its_socket_is_refused);
	RUN(directories_are_for_their_owner_only);
	RUN(a_directory_that_cannot_be_made_is_named);
	RUN(the_lock_is_taken_once);
	RUN(the_lock_ends_with_its_process);
	RUN(two_instances_have_two_locks);
	RUN(a_lock_is_of_the_file_that_has_the_name);
	RUN(a_lock_that_cannot_be_made_is_an_error);
	RUN(a_sweep_takes_all_but_images_and_logs_and_can_be_done_twice);
	rc = TAP_END();
	if (rf_dir_remove(top, NULL) < 0)
		return 1;
	return rc;
}
