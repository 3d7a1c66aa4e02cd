/* What a scanner that a hostile image has taken over could do: each attempt is made by a role that
 * is confined as the scanner is. */
#include "tests/unit/image/image_test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "image/scan/roles_int.h"
#include "proc/role.h"

enum attempt {
	TRY_NOTHING,
	TRY_OPEN,
	TRY_OPEN_INSIDE,
	TRY_OPEN_ABOVE,
	TRY_CREATE,
	TRY_WRITE_INSIDE,
	TRY_TRUNCATE,
	TRY_UNLINK,
	TRY_MKDIR,
	TRY_CHMOD,
	TRY_SOCKET,
	TRY_UNIX_SOCKET,
	TRY_EXEC,
	TRY_FORK,
	TRY_CLONE3,
	TRY_KILL,
	TRY_PTRACE,
	TRY_SETUID,
	TRY_UNSHARE,
	TRY_MOUNT,
	TRY_BPF,
	TRY_KEYS,
	TRY_URING,
	TRY_MEMFD,
	TRY_CODE,
	TRY_SEND_SIGNAL_TO_PARENT,
};

static long make_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? -1 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

/* System calls themselves, as the library would go around some. */
static long try_it(enum attempt attempt)
{
	char *empty[] = {NULL};

	switch (attempt) {
	case TRY_NOTHING: return 0;
	case TRY_OPEN: return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
	case TRY_OPEN_INSIDE: return syscall(SYS_openat, AT_FDCWD, "/file", O_RDONLY);
	case TRY_OPEN_ABOVE: return syscall(SYS_openat, AT_FDCWD, "/../../../etc/passwd", O_RDONLY);
	case TRY_CREATE: return syscall(SYS_openat, AT_FDCWD, "/new", O_CREAT | O_WRONLY, 0600);
	case TRY_WRITE_INSIDE: return syscall(SYS_openat, AT_FDCWD, "/file", O_WRONLY);
	case TRY_TRUNCATE: return syscall(SYS_truncate, "/file", 0L);
	case TRY_UNLINK: return syscall(SYS_unlinkat, AT_FDCWD, "/file", 0);
	case TRY_MKDIR: return syscall(SYS_mkdirat, AT_FDCWD, "/dir", 0700);
	case TRY_CHMOD: return syscall(SYS_fchmodat, AT_FDCWD, "/file", 04755);
	case TRY_SOCKET: return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
	case TRY_UNIX_SOCKET: return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	case TRY_EXEC: return syscall(SYS_execve, "/bin/true", empty, empty);
	case TRY_FORK: return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	case TRY_CLONE3: return syscall(SYS_clone3, NULL, 0);
	case TRY_KILL: return syscall(SYS_kill, -1, SIGKILL);
	case TRY_PTRACE: return syscall(SYS_ptrace, 0, 0, 0, 0);
	case TRY_SETUID: return syscall(SYS_setresuid, 0, 0, 0);
	case TRY_UNSHARE: return syscall(SYS_unshare, CLONE_NEWUSER);
	case TRY_MOUNT: return syscall(SYS_mount, "x", "/", "tmpfs", 0, NULL);
	case TRY_BPF: return syscall(SYS_bpf, 0, NULL, 0);
	case TRY_KEYS: return syscall(SYS_keyctl, 0, 0, 0);
	case TRY_URING: return syscall(SYS_io_uring_setup, 1, NULL);
	case TRY_MEMFD: return syscall(SYS_memfd_create, "x", 0);
	case TRY_CODE: return make_code();
	case TRY_SEND_SIGNAL_TO_PARENT: return syscall(SYS_tgkill, 1, 1, SIGTERM);
	}
	return -1;
}

static int run(int channel)
{
	AUTO_FRAME frame = FRAME_INIT;
	struct proc_sandbox box;
	enum attempt attempt;
	const char *text;
	long rc;

	if (frame_recv(channel, &frame, NULL) < 0 || frame.payload.len != sizeof(attempt))
		return 1;
	memcpy(&attempt, frame.payload.data, sizeof(attempt));
	box = scan_role_sandbox(frame.fd_count ? SCAN_MODE_DIRECTORY : SCAN_MODE_LAYERS,
		frame.fd_count ? frame.fds[0] : -1);
	if (proc_sandbox_enter(&box, NULL) < 0)
		return 2;
	rc = try_it(attempt);
	text = rc < 0 ? strerrorname_np(errno) : "done";
	return frame_send(channel, 2, rf_str_of(text), NULL) < 0;
}

PROC_ROLE(tester, "scan-tester", run);

/* Its answer, or how it ended; dir_fd < 0: as it reads layers. */
static const char *outcome(enum attempt attempt, int dir_fd)
{
	static char out[RF_ERR_MSG_SIZE];
	AUTO_CHILD child = PROC_CHILD_INIT;
	AUTO_FRAME frame = FRAME_INIT;
	struct rf_err err = {.code = RF_OK};

	snprintf(out, sizeof(out), "not started");
	if (proc_child_start(&tester, &child, &err) < 0 ||
		frame_send_fds(child.channel, 1,
			(struct rf_str){(const char *)&attempt, sizeof(attempt)}, &dir_fd,
			dir_fd >= 0, &err) < 0)
		return out;
	if (frame_recv(child.channel, &frame, &err) == RF_OK)
		snprintf(out, sizeof(out), "%s", rf_buf_cstr(&frame.payload));
	if (proc_child_wait(&child, &err) < 0)
		snprintf(out, sizeof(out), "%s", err.msg);
	return out;
}

#define KILLED "made a forbidden system call"

static const struct {
	enum attempt attempt;
	const char *layers, *directory; /* what becomes of it */
} rows[] = {
	{TRY_NOTHING, "done", "done"},
	{TRY_OPEN, "EPERM", "ENOENT"},
	{TRY_OPEN_INSIDE, "EPERM", "done"},
	{TRY_OPEN_ABOVE, "EPERM", "ENOENT"},
	{TRY_CREATE, "EPERM", "EACCES"},
	{TRY_WRITE_INSIDE, "EPERM", "EACCES"},
	{TRY_TRUNCATE, KILLED, KILLED},
	{TRY_UNLINK, KILLED, KILLED},
	{TRY_MKDIR, KILLED, KILLED},
	{TRY_CHMOD, KILLED, KILLED},
	{TRY_SOCKET, KILLED, KILLED},
	{TRY_UNIX_SOCKET, KILLED, KILLED},
	{TRY_EXEC, KILLED, KILLED},
	{TRY_FORK, KILLED, KILLED},
	{TRY_CLONE3, KILLED, KILLED},
	{TRY_KILL, KILLED, KILLED},
	{TRY_PTRACE, KILLED, KILLED},
	{TRY_SETUID, KILLED, KILLED},
	{TRY_UNSHARE, KILLED, KILLED},
	{TRY_MOUNT, KILLED, KILLED},
	{TRY_BPF, KILLED, KILLED},
	{TRY_KEYS, KILLED, KILLED},
	{TRY_URING, KILLED, KILLED},
	{TRY_MEMFD, KILLED, KILLED},
	{TRY_CODE, KILLED, KILLED},
	{TRY_SEND_SIGNAL_TO_PARENT, KILLED, KILLED},
};

static void who_reads_layers_can_open_nothing_and_start_nothing(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		const char *got = outcome(rows[i].attempt, -1);

		CHECKF(strcmp(got, rows[i].layers) == 0, "row %zu: %s", i, got);
	}
}

/* Even of files that anybody may write, in a directory of its own. */
static void who_reads_a_directory_can_read_that_and_write_nothing(void)
{
	AUTO_FD dir = -1;
	struct stat st;

	if (geteuid() != 0)
		SKIP("needs root to change the root directory");
	if (proc_landlock_abi() < 2)
		SKIP("this kernel has no Landlock");
	file_put(test_path("file"), RF_STR("text"));
	CHECK(chmod(test_path("file"), 0666) == 0 && chmod(test_root, 0777) == 0);
	dir = open(test_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		const char *got = outcome(rows[i].attempt, dir);

		CHECKF(strcmp(got, rows[i].directory) == 0, "row %zu: %s", i, got);
	}
	CHECK(stat(test_path("file"), &st) == 0 && st.st_size == 4 && (st.st_mode & 07777) == 0666);
	CHECK(stat(test_path("new"), &st) < 0);
}

int main(int argc, char **argv)
{
	proc_role_main(argc, argv);
	TAP_BEGIN(argc, argv);
	test_root_open();
	RUN(who_reads_layers_can_open_nothing_and_start_nothing);
	RUN(who_reads_a_directory_can_read_that_and_write_nothing);
	test_root_close();
	return TAP_END();
}
