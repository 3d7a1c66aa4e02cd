/* `down`: stops everything and takes it away, also what a crash has left. */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/live.h"

struct down_opts {
	struct live_opts live;
	uint64_t timeout_s;
};

static const struct opt_row rows[] = {
	{"timeout", 0, OPT_NUMBER, offsetof(struct down_opts, timeout_s), "SECONDS",
		"How long pods may take to end (default 60); then they are killed.", NULL},
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

#define DOWN_TIMEOUT_S 60
#define POLL_MS	       20

/* The supervisor holds the lock as long as it lives. Returns the lock, or -1 at the deadline. */
static int wait_for_lock(const struct instance *inst, uint64_t timeout_s)
{
	struct rf_err err;

	for (uint64_t waited = 0; waited <= timeout_s * 1000; waited += POLL_MS) {
		int fd = access(inst->run_dir, F_OK) < 0 ? -1 : instance_lock(inst, &err);

		if (fd >= 0)
			return fd;
		if (access(inst->run_dir, F_OK) < 0)
			return -1;
		nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
	}
	return -1;
}

static int down(const struct instance *inst, uint64_t timeout_s)
{
	AUTO_BUF answer = {0};
	AUTO_FD lock = -1;
	struct rf_err err;
	int rc = control_ask(inst, RF_STR("{\"verb\":\"down\"}"), &answer, &err);

	if (rc < 0 && rc != RF_EABSENT)
		return out_error(&err);
	lock = wait_for_lock(inst, rc == RF_EABSENT ? 1 : timeout_s);
	if (lock < 0 && access(inst->run_dir, F_OK) == 0)
		return out_errorf("the supervisor did not end within %llu seconds: try again, or "
				  "end its process and then run `ringfence down`",
			(unsigned long long)timeout_s);
	rc = instance_sweep(inst, &err);
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
