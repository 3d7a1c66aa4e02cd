/* `down`: stops everything and takes it away, also what a crash has left. */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/live.h"
#include "loop/loop.h"

struct down_opts {
	struct live_opts live;
	uint64_t timeout_s;
};

static const struct opt_row rows[] = {
	{"timeout", 0, OPT_NUMBER, offsetof(struct down_opts, timeout_s), "SECONDS",
		"How long to wait for the pods to end (default 60); then it is an error.", NULL},
	LIVE_ROWS(struct down_opts),
};

static const struct opt_example examples[] = {
	{"stop what runs here", "ringfence down"},
};

static const struct opt_usage usage = {
	.verb = "down",
	.synopsis = "[--timeout SECONDS]",
	.summary = "stops everything and leaves nothing behind",
	.text = "Pods get their terminationGracePeriodSeconds. Namespaces, links, mounts, the "
		"table, cgroups and writable layers go; images and logs stay. After a crash of "
		"the supervisor it does the same for what was left.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
};

#define DOWN_TIMEOUT_S	 60
#define POLL_MS		 20
#define KILLED_TIMEOUT_S 10

/* Asks the supervisor to end. RF_OK and its pid, also when it does not answer in time. */
static int ask(const struct instance *inst, uint64_t timeout_s, pid_t *ret_pid, struct rf_err *err)
{
	static const char request[] = "{\"verb\":\"down\"}\n";
	struct timeval patience = {.tv_sec = (time_t)timeout_s, .tv_usec = 1};
	struct ucred peer;
	socklen_t len = sizeof(peer);
	AUTO_BUF carry = {0};
	AUTO_BUF answer = {0};
	AUTO_FD fd = control_connect(inst, err);
	int rc;

	if (fd < 0)
		return fd;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return rf_err_sys(err, errno, "the supervisor's socket");
	*ret_pid = peer.pid;
	rc = rf_fd_write_all(fd, request, sizeof(request) - 1, err);
	if (rc == RF_OK && control_read_line(fd, &carry, &answer, err) < 0)
		rf_buf_clear(&answer); /* whether it ends is seen by its lock */
	return rc;
}

/*
 * The supervisor holds the lock as long as it lives; one that is only just starting listens a
 * little later. Returns the lock, or RF_EDENIED at the deadline.
 */
static int end_supervisor(
	const struct instance *inst, uint64_t timeout_s, pid_t *ret_pid, struct rf_err *err)
{
	uint64_t deadline = loop_now_ms() + timeout_s * 1000;

	for (;;) {
		int fd = instance_lock(inst, err), rc;

		if (fd != RF_EDENIED || loop_now_ms() >= deadline)
			return fd;
		rc = *ret_pid ? RF_OK : ask(inst, timeout_s, ret_pid, err);
		if (rc < 0 && rc != RF_EABSENT && rc != RF_EIO)
			return rc;
		nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
	}
}

static int down(const struct instance *inst, uint64_t timeout_s)
{
	AUTO_FD lock = -1;
	AUTO_FD claim = -1;
	struct rf_err err;
	pid_t pid = 0;
	int rc;

	lock = end_supervisor(inst, timeout_s, &pid, &err);
	if (lock == RF_EDENIED && pid > 0 && kill(pid, SIGKILL) == 0) {
		pid = -1;
		lock = end_supervisor(inst, KILLED_TIMEOUT_S, &pid, &err);
	}
	if (lock == RF_EDENIED)
		return out_errorf("the supervisor did not end within %llu seconds: try again, or "
				  "end its process and then run `ringfence down`",
			(unsigned long long)timeout_s);
	if (lock < 0)
		return out_error(&err);
	claim = instance_claim(&err);
	if (claim < 0)
		instance_leave(inst);
	rc = claim < 0 ? claim : instance_sweep(inst, &err);
	return rc < 0 ? out_error(&err) : 0;
}

int cmd_down(int argc, char **argv)
{
	struct down_opts opts = {.timeout_s = DOWN_TIMEOUT_S};
	struct instance inst;
	struct opt_args args;
	struct rf_err err;
	int exit_status = opt_parse(&usage, argc, argv, &opts, &args);

	if (exit_status != OPT_GO)
		return exit_status;
	if (geteuid() != 0)
		return out_errorf("down needs root: it removes namespaces, links and the table");
	if (instance_init(&inst, opts.live.run_dir, opts.live.state_dir, &err) < 0)
		return out_error(&err);
	exit_status = down(&inst, opts.timeout_s);
	instance_done(&inst);
	return exit_status;
}
