/* host/namespaces.h: a pod's namespaces without a process. Needs root. */
#include "host/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/lib/tap.h"

static char top[] = "/tmp/ringfence-namespaces-XXXXXX";
static bool able; /* root, and a mount namespace of our own */
static struct rf_err err;

#define NEEDS_ROOT()                                               \
	do {                                                       \
		if (!able)                                         \
			SKIP("needs root, for a mount namespace"); \
	} while (0)

static const char *path_of(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", top, name);
	return path;
}

static int make(struct namespaces_spec spec)
{
	int rc;

	spec.dir = top;
	rc = namespaces_make(&spec, &err);
	if (rc < 0)
		tap_diag("%s", err.msg);
	return rc;
}

/* Whether the file holds a namespace other than the test's own. */
static bool is_new(const char *name)
{
	char own[64];
	struct stat ours, theirs;

	snprintf(own, sizeof(own), "/proc/self/ns/%s", name);
	return stat(own, &ours) == 0 && stat(path_of(name), &theirs) == 0 &&
	       theirs.st_dev == ours.st_dev && theirs.st_ino != ours.st_ino;
}

static bool is_there(const char *name)
{
	return access(path_of(name), F_OK) == 0;
}

/* Runs fn in the namespace; the status that it returns. */
static int inside(const char *name, int (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);

		_exit(fd >= 0 && setns(fd, 0) == 0 ? fn() : 100);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int has_the_name(void)
{
	struct utsname uts;

	return uname(&uts) == 0 && strcmp(uts.nodename, "a-pod") == 0 ? 0 : 1;
}

static int has_port_start_zero(void)
{
	AUTO_BUF text = {.data = NULL};

	return rf_file_read("/proc/sys/net/ipv4/ip_unprivileged_port_start", &text, NULL) ==
				       RF_OK &&
			       rf_str_is(rf_buf_str(&text), "0\n")
		       ? 0
		       : 1;
}

static int has_message_limit(void)
{
	AUTO_BUF text = {.data = NULL};

	return rf_file_read("/proc/sys/fs/mqueue/msg_max", &text, NULL) == RF_OK &&
			       rf_str_is(rf_buf_str(&text), "20\n")
		       ? 0
		       : 1;
}

static void a_pod_has_network_ipc_and_uts_namespaces_of_its_own(void)
{
	NEEDS_ROOT();
	REQUIRE(make((struct namespaces_spec){.hostname = "a-pod"}) == RF_OK);
	CHECK(is_new("net") && is_new("ipc") && is_new("uts"));
	CHECK_INT(inside("uts", has_the_name), 0);
	namespaces_release(top);
}

static void they_need_no_process(void)
{
	NEEDS_ROOT();
	REQUIRE(make((struct namespaces_spec){.hostname = "a-pod"}) == RF_OK);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	namespaces_release(top);
}

static void the_machines_namespaces_are_left_out_where_the_pod_uses_them(void)
{
	NEEDS_ROOT();
	REQUIRE(make((struct namespaces_spec){
			.hostname = "a-pod", .host_network = true, .host_ipc = true}) == RF_OK);
	CHECK(!is_there("net") && !is_there("ipc") && is_new("uts"));
	namespaces_release(top);
}

static void sysctls_hold_inside_and_not_outside(void)
{
	static const struct kube_sysctl sysctls[] = {
		{.name = RF_STR("net.ipv4.ip_unprivileged_port_start"), .value = RF_STR("0")},
		{.name = RF_STR("fs.mqueue.msg_max"), .value = RF_STR("20")},
	};
	int before, after;

	NEEDS_ROOT();
	before = has_port_start_zero();
	REQUIRE(make((struct namespaces_spec){
			.hostname = "a-pod", .sysctls = sysctls, .sysctl_count = 2}) == RF_OK);
	after = has_port_start_zero();
	CHECK_INT(inside("net", has_port_start_zero), 0);
	CHECK_INT(inside("ipc", has_message_limit), 0);
	CHECK_INT(after, before);
	namespaces_release(top);
}

static void release_leaves_no_file_and_no_mount(void)
{
	AUTO_BUF mounts = {.data = NULL};

	NEEDS_ROOT();
	REQUIRE(make((struct namespaces_spec){.hostname = "a-pod"}) == RF_OK);
	namespaces_release(top);
	namespaces_release(top);
	CHECK(!is_there("net") && !is_there("ipc") && !is_there("uts"));
	CHECK_INT(rf_file_read("/proc/self/mountinfo", &mounts, &err), RF_OK);
	CHECK(!strstr(rf_buf_cstr(&mounts), path_of("net")));
}

static void a_failure_leaves_nothing(void)
{
	static const struct kube_sysctl sysctl = {
		.name = RF_STR("net.ipv4.no_such_thing"), .value = RF_STR("1")};

	NEEDS_ROOT();
	CHECK_INT(namespaces_make(&(struct namespaces_spec){.dir = top,
					  .hostname = "a-pod",
					  .sysctls = &sysctl,
					  .sysctl_count = 1},
			  &err),
		RF_EIO);
	CHECKF(strstr(err.msg, "sysctl net.ipv4.no_such_thing"), "%s", err.msg);
	CHECK(!is_there("net") && !is_there("ipc") && !is_there("uts"));
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

static void a_directory_that_is_not_there_is_named(void)
{
	NEEDS_ROOT();
	CHECK_INT(
		namespaces_make(
			&(struct namespaces_spec){.dir = "/nowhere/ns", .hostname = "a-pod"}, &err),
		RF_EIO);
	CHECK(strstr(err.msg, "/nowhere/ns/net"));
}

int main(int argc, char **argv)
{
	int rc;

	able = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mkdtemp(top);
	TAP_BEGIN(argc, argv);
	RUN(a_pod_has_network_ipc_and_uts_namespaces_of_its_own);
	RUN(they_need_no_process);
	RUN(the_machines_namespaces_are_left_out_where_the_pod_uses_them);
	RUN(sysctls_hold_inside_and_not_outside);
	RUN(release_leaves_no_file_and_no_mount);
	RUN(a_failure_leaves_nothing);
	RUN(a_directory_that_is_not_there_is_named);
	rc = TAP_END();
	if (able && rmdir(top) < 0)
		return 1;
	return rc;
}
