/* Roles and their confinement: each test starts this program again in a role that tries its luck.
 */
#include "tests/lib/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "proc/frame.h"
#include "proc/role.h"
#include "proc/sandbox.h"

enum attempt {
	TRY_ECHO,
	TRY_SOCKET,
	TRY_EXEC,
	TRY_OPEN_OUTSIDE,
	TRY_WRITE_INSIDE,
	TRY_MKNOD_DEVICE,
	TRY_WHITEOUT,
	TRY_LINK_ACROSS,
	TRY_SPIN,
	TRY_PRIVILEGES,
	TRY_DESCRIPTORS,
};

static int reply(int channel, const char *text)
{
	return frame_send(channel, 2, rf_str_of(text), NULL) < 0;
}

static const char *outcome(long rc)
{
	return rc < 0 ? strerrorname_np(errno) : "done";
}

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static const char *link_across(void)
{
	if (mkdirat(AT_FDCWD, "a", 0755) < 0 || mkdirat(AT_FDCWD, "b", 0755) < 0)
		return "mkdir";
	close(openat(AT_FDCWD, "a/file", O_CREAT | O_WRONLY, 0600));
	return outcome(linkat(AT_FDCWD, "a/file", AT_FDCWD, "b/file", 0));
}

static const char *privileges(void)
{
	if (setresuid(0, 0, 0) == 0)
		return "setuid";
	return geteuid() == PROC_NOBODY ? "nobody" : "other";
}

static int try_it(int channel, enum attempt attempt)
{
	char *empty[] = {NULL};
	volatile unsigned spin = 0;

	switch (attempt) {
	case TRY_ECHO: return reply(channel, "done");
	case TRY_SOCKET: return reply(channel, outcome(syscall(SYS_socket, AF_INET, 1, 0)));
	case TRY_EXEC: return reply(channel, outcome(execve("/bin/true", empty, empty)));
	case TRY_OPEN_OUTSIDE:
		return reply(channel, outcome(openat(AT_FDCWD, "/etc/passwd", O_RDONLY)));
	case TRY_WRITE_INSIDE:
		return reply(channel, outcome(openat(AT_FDCWD, "/new", O_CREAT | O_WRONLY, 0600)));
	case TRY_MKNOD_DEVICE:
		return reply(channel, outcome(mknodat(AT_FDCWD, "/null", S_IFCHR, 0x103)));
	case TRY_WHITEOUT: return reply(channel, outcome(mknodat(AT_FDCWD, "/w", S_IFCHR, 0)));
	case TRY_LINK_ACROSS: return reply(channel, link_across());
	case TRY_SPIN:
		for (;;)
			spin++;
	case TRY_PRIVILEGES: return reply(channel, privileges());
	case TRY_DESCRIPTORS: break;
	}
	return 1;
}

static int run(int channel)
{
	AUTO_FRAME frame = FRAME_INIT;
	struct proc_sandbox box = {.root_fd = -1, .calls = PROC_CALLS_COMPUTE};
	enum attempt attempt;
	char text[16];

	if (frame_recv(channel, &frame, NULL) < 0 || frame.payload.len != sizeof(attempt))
		return 1;
	memcpy(&attempt, frame.payload.data, sizeof(attempt));
	if (attempt == TRY_DESCRIPTORS) {
		snprintf(text, sizeof(text), "%d", count_descriptors());
		return reply(channel, text);
	}
	box.as_nobody = frame.fd_count == 0;
	if (attempt == TRY_SPIN)
		box.cpu_seconds = 1;
	if (frame.fd_count) {
		box.root_fd = frame.fds[0];
		box.root_writable = true;
		box.calls |= PROC_CALLS_FILES_WRITE;
		box.caps = (uint64_t)1 << CAP_DAC_OVERRIDE;
	}
	if (attempt == TRY_PRIVILEGES)
		box.as_nobody = true;
	if (proc_sandbox_enter(&box, NULL) < 0)
		return 2;
	return try_it(channel, attempt);
}

PROC_ROLE(tester, "tester", run);

/* What became of the attempt: its reply, or how the child ended. */
static const char *attempt_result(
	enum attempt attempt, int dir_fd, char out[static RF_ERR_MSG_SIZE])
{
	AUTO_CHILD child = PROC_CHILD_INIT;
	AUTO_FRAME frame = FRAME_INIT;
	struct rf_err err = {.code = RF_OK};
	struct rf_str payload = {(const char *)&attempt, sizeof(attempt)};

	snprintf(out, RF_ERR_MSG_SIZE, "not started");
	if (proc_child_start(&tester, &child, &err) < 0 ||
		frame_send_fds(child.channel, 1, payload, &dir_fd, dir_fd >= 0, &err) < 0)
		return out;
	if (frame_recv(child.channel, &frame, &err) == RF_OK)
		snprintf(out, RF_ERR_MSG_SIZE, "%s", rf_buf_cstr(&frame.payload));
	if (proc_child_wait(&child, &err) < 0)
		snprintf(out, RF_ERR_MSG_SIZE, "%s", err.msg);
	return out;
}

static char result[RF_ERR_MSG_SIZE];

static void a_role_answers_from_a_process_of_its_own(void)
{
	CHECK_STR(attempt_result(TRY_ECHO, -1, result), "done");
}

static void a_child_holds_its_channel_and_standard_streams_only(void)
{
	int extra = dup(0); /* not close-on-exec: must not leak all the same */

	CHECK_STR(attempt_result(TRY_DESCRIPTORS, -1, result), "4");
	close(extra);
}

static void a_confined_process_that_makes_a_socket_dies(void)
{
	CHECK_STR(attempt_result(TRY_SOCKET, -1, result), "made a forbidden system call");
}

static void a_confined_process_that_executes_dies(void)
{
	CHECK_STR(attempt_result(TRY_EXEC, -1, result), "made a forbidden system call");
}

static void without_a_root_no_file_can_be_opened(void)
{
	CHECK_STR(attempt_result(TRY_OPEN_OUTSIDE, -1, result), "EPERM");
}

static void time_beyond_the_limit_ends_the_process(void)
{
	CHECK_STR(attempt_result(TRY_SPIN, -1, result), "used up its processor time");
}

static void a_program_without_the_role_says_so(void)
{
	static const struct proc_role missing = {.name = "missing"};
	AUTO_CHILD child = PROC_CHILD_INIT;
	struct rf_err err;

	CHECK_INT(proc_child_start(&missing, &child, &err), RF_OK);
	CHECK_INT(proc_child_wait(&child, &err), RF_EINTERNAL);
	CHECK_STR(err.msg, "this program lacks the role");
}

static int open_temp(char path[static 32])
{
	snprintf(path, 32, "/tmp/rf-sandbox-XXXXXX");
	return mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* Runs an attempt chrooted into a new directory. */
static const char *in_root(enum attempt attempt)
{
	char path[32];
	AUTO_FD dir = open_temp(path);

	attempt_result(attempt, dir, result);
	(void)!rf_dir_remove(path, NULL);
	return result;
}

static void inside_its_root_a_process_writes_and_links_across_directories(void)
{
	if (geteuid() != 0)
		SKIP("needs root");
	CHECK_STR(in_root(TRY_WRITE_INSIDE), "done");
	CHECK_STR(in_root(TRY_LINK_ACROSS), "done");
}

static void outside_its_root_there_is_nothing(void)
{
	if (geteuid() != 0)
		SKIP("needs root");
	CHECK_STR(in_root(TRY_OPEN_OUTSIDE), "ENOENT");
}

static void a_whiteout_needs_no_capability_and_a_device_cannot_be_made(void)
{
	if (geteuid() != 0)
		SKIP("needs root");
	CHECK_STR(in_root(TRY_WHITEOUT), "done");
	CHECK_STR(in_root(TRY_MKNOD_DEVICE), "EPERM");
}

static void who_became_nobody_cannot_go_back(void)
{
	if (geteuid() != 0)
		SKIP("needs root");
	CHECK_STR(attempt_result(TRY_PRIVILEGES, -1, result), "made a forbidden system call");
}

static void a_child_dies_with_its_parent(void)
{
	AUTO_FD reader = -1;
	struct proc_child child = PROC_CHILD_INIT;
	int pipe_fds[2], status;
	pid_t parent, grandchild = 0;

	REQUIRE(pipe2(pipe_fds, O_CLOEXEC) == 0);
	reader = pipe_fds[0];
	parent = fork();
	if (parent == 0) {
		if (proc_child_start(&tester, &child, NULL) < 0)
			_exit(1);
		(void)!write(pipe_fds[1], &child.pid, sizeof(child.pid));
		pause();
		_exit(0);
	}
	close(pipe_fds[1]);
	CHECK(read(reader, &grandchild, sizeof(grandchild)) == sizeof(grandchild));
	kill(parent, SIGKILL);
	waitpid(parent, &status, 0);
	for (int i = 0; i < 200 && kill(grandchild, 0) == 0; i++)
		usleep(10000);
	CHECK(kill(grandchild, 0) < 0 && errno == ESRCH);
}

int main(int argc, char **argv)
{
	proc_role_main(argc, argv);
	TAP_BEGIN(argc, argv);
	RUN(a_role_answers_from_a_process_of_its_own);
	RUN(a_child_holds_its_channel_and_standard_streams_only);
	RUN(a_confined_process_that_makes_a_socket_dies);
	RUN(a_confined_process_that_executes_dies);
	RUN(without_a_root_no_file_can_be_opened);
	RUN(time_beyond_the_limit_ends_the_process);
	RUN(a_program_without_the_role_says_so);
	RUN(inside_its_root_a_process_writes_and_links_across_directories);
	RUN(outside_its_root_there_is_nothing);
	RUN(a_whiteout_needs_no_capability_and_a_device_cannot_be_made);
	RUN(who_became_nobody_cannot_go_back);
	RUN(a_child_dies_with_its_parent);
	return TAP_END();
}
