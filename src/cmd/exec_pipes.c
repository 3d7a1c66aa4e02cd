/*
 * `exec` without a terminal. The runtime gets pipes, never our own files: it changes the owner of
 * what is no pipe. Input that the command does not take yet is held, so that its output goes on
 * meanwhile; when the command has ended, what it wrote is passed on and nobody else is waited for.
 */
#include "cmd/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/output.h"

struct pipes {
	int in;	    /* to the command; -1: closed */
	int out[2]; /* its standard output and error; -1: closed */
	int pidfd;  /* of the runtime */
	bool input_open;
	size_t held; /* of our input, not taken yet */
	char input[65536];
};

/* False when there is nothing more to come, or nobody to give it to. */
static bool pass_output(int from, int to)
{
	char block[65536];
	ssize_t got = read(from, block, sizeof(block));

	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	return got > 0 && rf_fd_write_all(to, block, (size_t)got, NULL) == RF_OK;
}

static void take_input(struct pipes *p)
{
	ssize_t got = read(0, p->input, sizeof(p->input));

	if (got > 0)
		p->held = (size_t)got;
	else if (got == 0 || (errno != EINTR && errno != EAGAIN))
		p->input_open = false;
}

static void give_input(struct pipes *p)
{
	ssize_t put = write(p->in, p->input, p->held);

	if (put < 0 && errno != EINTR && errno != EAGAIN) {
		p->input_open = false; /* the command has closed its input */
		p->held = 0;
	}
	if (put <= 0)
		return;
	p->held -= (size_t)put;
	memmove(p->input, p->input + put, p->held);
}

static void pass_input(struct pipes *p)
{
	if (p->held)
		give_input(p);
	else
		take_input(p);
	if (!p->input_open && !p->held)
		rf_fd_closep(&p->in);
}

/* Until both outputs are closed, or the runtime has ended. */
static void pass_all(struct pipes *p)
{
	while (p->out[0] >= 0 || p->out[1] >= 0) {
		struct pollfd fds[4] = {
			{.fd = p->out[0], .events = POLLIN},
			{.fd = p->out[1], .events = POLLIN},
			{.fd = p->pidfd, .events = POLLIN},
			{.fd = p->in < 0 ? -1 : (p->held ? p->in : 0),
				.events = p->held ? POLLOUT : POLLIN},
		};

		if (poll(fds, RF_ARRAY_LEN(fds), -1) < 0 && errno != EINTR)
			return;
		for (int i = 0; i < 2; i++) {
			if (fds[i].revents && !pass_output(p->out[i], i + 1))
				rf_fd_closep(&p->out[i]); /* the command gets SIGPIPE */
		}
		if (fds[3].revents)
			pass_input(p);
		if (fds[2].revents && !fds[0].revents && !fds[1].revents)
			return;
	}
}

static void close_pipes(struct pipes *p)
{
	rf_fd_closep(&p->in);
	rf_fd_closep(&p->out[0]);
	rf_fd_closep(&p->out[1]);
	rf_fd_closep(&p->pidfd);
}

static bool open_pipes(struct pipes *p, int theirs[3])
{
	int *const ours[3] = {&p->in, &p->out[0], &p->out[1]};

	for (int i = 0; i < 3; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return false;
		*ours[i] = ends[i == 0];
		theirs[i] = ends[i != 0];
		/* Of our end only: the two are descriptions of their own. */
		if (fcntl(*ours[i], F_SETFL, O_NONBLOCK) < 0)
			return false;
	}
	return true;
}

static int run(const struct exec_target *target, struct pipes *p, int theirs[3])
{
	static const char *const no_more[] = {NULL};
	int status = 0;
	pid_t pid;

	if (!open_pipes(p, theirs))
		return out_errorf("pipe: %m");
	signal(SIGPIPE, SIG_IGN);
	pid = fork();
	if (pid < 0)
		return out_errorf("fork: %m");
	if (pid == 0)
		exec_runtime(target, theirs, no_more);
	for (int i = 0; i < 3; i++)
		rf_fd_closep(&theirs[i]);
	p->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	pass_all(p);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return exec_exit(target, status);
}

int exec_on_pipes(const struct exec_target *target)
{
	struct pipes p = {.in = -1, .out = {-1, -1}, .pidfd = -1, .input_open = true};
	int theirs[3] = {-1, -1, -1};
	int exit_status = run(target, &p, theirs);

	close_pipes(&p);
	for (int i = 0; i < 3; i++)
		rf_fd_closep(&theirs[i]);
	return exit_status;
}
