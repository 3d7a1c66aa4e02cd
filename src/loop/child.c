/* fork, lay out descriptors, exec; an exec that fails is reported through a close-on-exec pipe. */
#include "loop/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

/* Descriptors given to a child are first moved above this, so that none overwrites another. */
#define FD_SHELF 64 /* the report pipe sits at twice that */

struct child {
	pid_t pid;
	int pidfd;
	struct loop_watch *watch;
	child_exit_fn fn;
	void *ctx;
};

static const char *const minimal_env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};

static bool lay_out_fds(const struct child_spec *spec)
{
	int shelved[CHILD_MAX_FDS];
	int null_fd = open("/dev/null", O_RDWR);

	for (unsigned i = 0; i < spec->fd_count; i++) {
		shelved[i] = fcntl(spec->fds[i].fd, F_DUPFD, FD_SHELF);
		if (shelved[i] < 0)
			return false;
	}
	for (int fd = 0; fd <= 2; fd++) {
		if (null_fd < 0 || dup2(null_fd, fd) < 0)
			return false;
	}
	if (null_fd > 2)
		close(null_fd);
	for (unsigned i = 0; i < spec->fd_count; i++) {
		if (dup2(shelved[i], spec->fds[i].target) < 0)
			return false;
		close(shelved[i]);
	}
	return true;
}

static bool join_cgroup(const char *procs_file)
{
	char text[16];
	int fd, len;
	bool ok;

	if (!procs_file)
		return true;
	fd = open(procs_file, O_WRONLY | O_CLOEXEC);
	len = snprintf(text, sizeof(text), "%d", (int)getpid());
	ok = fd >= 0 && write(fd, text, (size_t)len) == len;
	if (fd >= 0)
		close(fd);
	return ok;
}

static _Noreturn void run_child(const struct child_spec *spec, int report_fd)
{
	const char *const *envp = spec->envp ? spec->envp : minimal_env;
	sigset_t none;
	int failure;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int s = 1; s < 32; s++)
		signal(s, SIG_DFL);
	if ((!spec->own_session || setsid() >= 0) && join_cgroup(spec->cgroup_procs) &&
		lay_out_fds(spec) && chdir(spec->cwd ? spec->cwd : "/") == 0)
		execve(spec->argv[0], (char *const *)(uintptr_t)spec->argv,
			(char *const *)(uintptr_t)envp);
	failure = errno;
	if (write(report_fd, &failure, sizeof(failure)) < 0)
		_exit(126);
	_exit(127);
}

/* Forks; *ret_pid is set once the program has been executed. */
static int fork_exec(const struct child_spec *spec, pid_t *ret_pid, struct rf_err *err)
{
	int report[2], failure = 0;
	AUTO_FD read_end = -1;
	AUTO_FD write_end = -1;
	ssize_t got;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return rf_err_sys(err, errno, "pipe");
	read_end = report[0];
	write_end = fcntl(report[1], F_DUPFD_CLOEXEC, FD_SHELF * 2);
	close(report[1]);
	pid = write_end < 0 ? -1 : fork();
	if (pid < 0)
		return rf_err_sys(err, errno, "start %s", spec->argv[0]);
	if (pid == 0)
		run_child(spec, write_end);
	rf_fd_closep(&write_end);
	do {
		got = read(read_end, &failure, sizeof(failure));
	} while (got < 0 && errno == EINTR);
	if (got == (ssize_t)sizeof(failure)) {
		waitpid(pid, NULL, 0);
		return rf_err_sys(err, failure, "start %s", spec->argv[0]);
	}
	*ret_pid = pid;
	return RF_OK;
}

static void child_ended(void *ctx, unsigned events RF_UNUSED)
{
	struct child *child = ctx;
	child_exit_fn fn = child->fn;
	void *fn_ctx = child->ctx;
	int status = 0;

	if (waitpid(child->pid, &status, WNOHANG) != child->pid)
		return;
	loop_unwatch(child->watch);
	rf_fd_closep(&child->pidfd);
	free(child);
	if (fn)
		fn(fn_ctx, status);
}

int child_start(struct loop *loop, const struct child_spec *spec, child_exit_fn fn, void *ctx,
	struct child **ret, struct rf_err *err)
{
	struct child *child = calloc(1, sizeof(*child));
	int rc;

	if (!child)
		return rf_err_nomem(err);
	rc = fork_exec(spec, &child->pid, err);
	if (rc < 0) {
		free(child);
		return rc;
	}
	child->fn = fn;
	child->ctx = ctx;
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	if (child->pidfd >= 0) {
		fcntl(child->pidfd, F_SETFD, FD_CLOEXEC);
		child->watch = loop_watch_fd(loop, child->pidfd, LOOP_READ, child_ended, child);
	}
	if (!child->watch) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
		rf_fd_closep(&child->pidfd);
		free(child);
		return rf_err_set(err, RF_EINTERNAL, "cannot watch %s", spec->argv[0]);
	}
	*ret = child;
	return RF_OK;
}

pid_t child_pid(const struct child *child)
{
	return child->pid;
}

int child_kill(struct child *child, int signo)
{
	return (int)syscall(SYS_pidfd_send_signal, child->pidfd, signo, NULL, 0);
}

void child_detach(struct child *child)
{
	child->fn = NULL;
}

/* Reads output until the writers are gone; false at the deadline. */
static bool collect(int fd, unsigned timeout_ms, struct rf_buf *out)
{
	uint64_t deadline = loop_now_ms() + timeout_ms;
	char block[4096];

	for (;;) {
		uint64_t now = loop_now_ms();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int ready = now >= deadline ? 0 : poll(&p, 1, (int)(deadline - now));
		ssize_t got;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return false;
		got = read(fd, block, sizeof(block));
		if (got == 0 || (got < 0 && errno != EINTR))
			return true;
		if (got > 0)
			rf_buf_add(out, block, (size_t)got);
	}
}

int child_run(const struct child_spec *spec, unsigned timeout_ms, struct rf_buf *out,
	int *ret_status, struct rf_err *err)
{
	struct child_spec piped = *spec;
	AUTO_FD read_end = -1;
	AUTO_FD write_end = -1;
	int ends[2], rc;
	bool in_time;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return rf_err_sys(err, errno, "pipe");
	read_end = ends[0];
	write_end = ends[1];
	if (piped.fd_count + 2 > CHILD_MAX_FDS)
		return rf_err_set(err, RF_EINTERNAL, "too many descriptors");
	piped.fds[piped.fd_count++] = (struct child_fd){write_end, 1};
	piped.fds[piped.fd_count++] = (struct child_fd){write_end, 2};
	rc = fork_exec(&piped, &pid, err);
	if (rc < 0)
		return rc;
	rf_fd_closep(&write_end);
	in_time = collect(read_end, timeout_ms, out);
	if (!in_time)
		kill(pid, SIGKILL);
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	return in_time ? RF_OK
		       : rf_err_set(err, RF_ELIMIT, "%s did not end within %u ms", spec->argv[0],
				 timeout_ms);
}

const char *child_status_text(int status, char out[static 48])
{
	if (WIFSIGNALED(status))
		snprintf(out, 48, "killed by signal %d", WTERMSIG(status));
	else
		snprintf(out, 48, "exit status %d", WEXITSTATUS(status));
	return out;
}
