/*
 * `exec -t`. The runtime makes a terminal in the container and sends its controlling side over a
 * Unix socket (--console-socket); then it leaves (--detach), and the process is ours to wait for,
 * since we are the reaper of its orphans. So the bytes pass through one program only, crun and runc
 * behave alike, and neither ever holds our own terminal.
 */
#include "cmd/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/num.h"
#include "cmd/cmd.h"
#include "cmd/output.h"

/* Where the terminal comes from; the directory is removed at the end. */
struct meeting {
	char dir[32]; /* 0700 */
	char socket[48], pid_file[48];
	int listener;
};

static int meeting_open(struct meeting *m)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	m->listener = -1;
	snprintf(m->dir, sizeof(m->dir), "/tmp/ringfence-exec-XXXXXX");
	if (!mkdtemp(m->dir)) {
		m->dir[0] = '\0';
		return out_errorf("cannot make a directory in /tmp: %m");
	}
	snprintf(m->socket, sizeof(m->socket), "%s/console", m->dir);
	snprintf(m->pid_file, sizeof(m->pid_file), "%s/pid", m->dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", m->socket);
	m->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (m->listener < 0 ||
		bind(m->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(m->listener, 1) < 0)
		return out_errorf("cannot listen on %s: %m", m->socket);
	return 0;
}

static void meeting_close(struct meeting *m)
{
	rf_fd_closep(&m->listener);
	if (!m->dir[0])
		return;
	unlink(m->socket);
	unlink(m->pid_file);
	rmdir(m->dir);
}

/* The descriptor that the runtime has sent; -1 when there is none. */
static int meeting_terminal(const struct meeting *m)
{
	AUTO_FD peer = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC);
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char name[256];
	struct iovec data = {name, sizeof(name)};
	struct msghdr message = {.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	const struct cmsghdr *head;
	int fd = -1;

	if (peer < 0 || recvmsg(peer, &message, MSG_CMSG_CLOEXEC) < 0)
		return -1;
	head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
		head->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

static pid_t meeting_pid(const struct meeting *m)
{
	AUTO_BUF text = {.max = 64};
	struct rf_str line;
	uint64_t pid;

	if (rf_file_read(m->pid_file, &text, NULL) < 0)
		return -1;
	rf_str_cut(rf_buf_str(&text), '\n', &line);
	return rf_num_u64(line, INT32_MAX, &pid) && pid > 1 ? (pid_t)pid : -1;
}

/* --- starting it --- */

/* The runtime's end as waitpid() tells it, or -1 after an error was printed. */
static int start(const struct exec_target *target, const struct meeting *m)
{
	const char *const more[] = {
		"--detach", "--console-socket", m->socket, "--pid-file", m->pid_file, NULL};
	int ends[2], status = 0;
	pid_t pid;

	/* A pipe that nobody writes to: the runtime changes the owner of what is none. */
	if (pipe2(ends, O_CLOEXEC) < 0)
		return out_errorf("pipe: %m"), -1;
	pid = fork();
	if (pid == 0)
		exec_runtime(target, (const int[]){ends[0], ends[1], ends[1]}, more);
	if (pid < 0)
		out_errorf("fork: %m");
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	close(ends[0]);
	close(ends[1]);
	return pid < 0 ? -1 : status;
}

/* --- joining the two terminals --- */

struct join {
	int terminal; /* the container's, controlling side; not blocking */
	int signals;
	pid_t pid;
	bool input_open;
	size_t pending; /* of our input, not yet taken by the terminal */
	char input[4096];
};

static void copy_size(int to)
{
	struct winsize size;

	if (ioctl(0, TIOCGWINSZ, &size) == 0)
		ioctl(to, TIOCSWINSZ, &size);
}

static void give_input(struct join *j)
{
	ssize_t put = write(j->terminal, j->input, j->pending);

	if (put < 0)
		return;
	j->pending -= (size_t)put;
	memmove(j->input, j->input + put, j->pending);
}

static void take_input(struct join *j)
{
	ssize_t got = read(0, j->input, sizeof(j->input));

	if (got > 0)
		j->pending = (size_t)got;
	else if (got == 0 || (errno != EINTR && errno != EAGAIN))
		j->input_open = false;
}

/* False at the end: nobody has the terminal open any more. */
static bool take_output(const struct join *j)
{
	char block[65536];
	ssize_t got = read(j->terminal, block, sizeof(block));

	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	return got > 0 && rf_fd_write_all(1, block, (size_t)got, NULL) == RF_OK;
}

/* False when a signal asks us to end. */
static bool take_signal(const struct join *j)
{
	struct signalfd_siginfo info;

	if (read(j->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return true;
	if (info.ssi_signo != SIGWINCH && info.ssi_signo != SIGCHLD)
		return false;
	if (info.ssi_signo == SIGWINCH)
		copy_size(j->terminal);
	return true;
}

static void move_bytes(struct join *j)
{
	for (;;) {
		struct pollfd fds[3] = {
			{.fd = j->terminal, .events = (short)(POLLIN | (j->pending ? POLLOUT : 0))},
			{.fd = j->input_open && !j->pending ? 0 : -1, .events = POLLIN},
			{.fd = j->signals, .events = POLLIN},
		};

		if (poll(fds, RF_ARRAY_LEN(fds), -1) < 0 && errno != EINTR)
			return;
		if (fds[2].revents && !take_signal(j))
			return;
		if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) && !take_output(j))
			return;
		if (fds[0].revents & POLLOUT)
			give_input(j);
		if (fds[1].revents)
			take_input(j);
	}
}

/* The process ends, or is hung up on. */
static int wait_for_end(struct join *j)
{
	int status = 0;

	rf_fd_closep(&j->terminal);
	while (waitpid(j->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return out_errorf("the command's exit status is not known");
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int join_terminals(struct join *j)
{
	struct termios saved, raw;
	int exit_status;

	if (tcgetattr(0, &saved) < 0)
		return out_errorf("standard input: %m");
	raw = saved;
	cfmakeraw(&raw);
	tcsetattr(0, TCSADRAIN, &raw);
	copy_size(j->terminal);
	if (fcntl(j->terminal, F_SETFL, O_NONBLOCK) == 0)
		move_bytes(j);
	exit_status = wait_for_end(j);
	tcsetattr(0, TCSADRAIN, &saved);
	return exit_status;
}

/* Signals are read from a descriptor, so that our terminal is set back whatever comes. */
static int signal_source(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < RF_ARRAY_LEN(numbers); i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int run(const struct exec_target *target, struct meeting *m)
{
	struct join join = {.terminal = -1, .signals = -1, .input_open = true};
	int status, exit_status = meeting_open(m);

	if (exit_status)
		return exit_status;
	join.signals = signal_source();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	status = start(target, m);
	if (status < 0) {
		exit_status = CMD_EXIT_ERROR;
	} else if (status > 0) {
		exit_status = exec_exit(target, status);
	} else {
		join.terminal = meeting_terminal(m);
		join.pid = meeting_pid(m);
		exit_status = join.terminal < 0 || join.pid < 0 || join.signals < 0
				      ? out_errorf("the runtime gave no terminal")
				      : join_terminals(&join);
	}
	rf_fd_closep(&join.terminal);
	rf_fd_closep(&join.signals);
	return exit_status;
}

int exec_on_terminal(const struct exec_target *target)
{
	struct meeting m = {.dir = ""};
	int exit_status = run(target, &m);

	meeting_close(&m);
	return exit_status;
}
