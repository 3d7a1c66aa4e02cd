/*
 * `up`: checks everything, starts the supervisor as a process of its own, and watches it: a
 * progress line until all pods are ready, then their logs (or nothing more with -d). Ctrl-C takes
 * everything down again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/images.h"
#include "cmd/live.h"
#include "host/dns.h"
#include "host/check.h"
#include "host/supervisor.h"

struct up_opts {
	struct live_opts live;
	struct opt_texts pod_ranges, service_ranges;
	const char *runtime, *seccomp_file, *seccomp_root;
	bool detach, no_dns, quiet;
	uint64_t timeout_s;
};

#define UP_TIMEOUT_S 120
#define SECCOMP_FILE "/usr/share/containers/seccomp.json"
#define SECCOMP_ROOT "/var/lib/ringfence/seccomp"
#define POLL_MS	     200

static const struct opt_row rows[] = {
	{"detach", 'd', OPT_FLAG, offsetof(struct up_opts, detach), NULL,
		"Returns when all pods are ready, or at the deadline with what is missing.", NULL},
	{"timeout", 0, OPT_NUMBER, offsetof(struct up_opts, timeout_s), "SECONDS",
		"The deadline of -d (default 120).", NULL},
	{"pod-range", 0, OPT_TEXTS, offsetof(struct up_opts, pod_ranges), "CIDR",
		"Where pods get their addresses from; may be given once for each family "
		"(default " PLAN_POD_RANGE4 " and " PLAN_POD_RANGE6
		"). One family alone is used alone.",
		NULL},
	{"service-range", 0, OPT_TEXTS, offsetof(struct up_opts, service_ranges), "CIDR",
		"Where ClusterIPs come from (default " PLAN_SERVICE_RANGE4
		" and " PLAN_SERVICE_RANGE6 ").",
		NULL},
	{"runtime", 0, OPT_TEXT, offsetof(struct up_opts, runtime), "NAME",
		"crun or runc, or a path, instead of whichever is installed.", NULL},
	{"seccomp-profile", 0, OPT_TEXT, offsetof(struct up_opts, seccomp_file), "FILE",
		"The RuntimeDefault profile, instead of " SECCOMP_FILE ".", NULL},
	{"seccomp-root", 0, OPT_TEXT, offsetof(struct up_opts, seccomp_root), "DIRECTORY",
		"Where Localhost profiles lie, instead of " SECCOMP_ROOT ".", NULL},
	{"no-dns", 0, OPT_FLAG, offsetof(struct up_opts, no_dns), NULL,
		"Runs no DNS pod of Ringfence's own.", NULL},
	{"quiet", 'q', OPT_FLAG, offsetof(struct up_opts, quiet), NULL, "Prints no logs of pods.",
		NULL},
	LIVE_ROWS(struct up_opts),
};

static const struct opt_example examples[] = {
	{"run the shop until Ctrl-C", "ringfence up examples/shop"},
	{"start it and return", "ringfence up -d examples/shop"},
};

static const struct opt_usage usage = {
	.verb = "up",
	.synopsis = "[-d] PATH...",
	.summary = "runs manifests on this machine, fenced by their policies",
	.text = "Each pod gets an address, a network namespace and its policy before its first "
		"process runs. Whatever cannot be honoured here is refused, with file and line, "
		"before anything starts. Images are those brought in with `ringfence image "
		"import`, or archives by their paths: `image: ./app.tar` is the one beside its "
		"manifest. Without -d it goes on with the pods' logs and what was denied, until "
		"Ctrl-C, which stops everything. Needs root.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.exits = "0 when it ran and was stopped, or with -d when all pods are ready; 1 when pods "
		 "were not ready at the deadline; 2 on an error.",
	.min_args = 1,
	.max_args = -1,
};

/* --- options to configuration --- */

static bool has_ipv6(void)
{
	return access("/proc/sys/net/ipv6/conf/all/forwarding", F_OK) == 0;
}

static int set_ranges(
	const struct opt_texts *texts, const char *const defaults[2], struct rf_cidr ret[2])
{
	size_t count = texts->count ? texts->count : (has_ipv6() ? 2 : 1);

	for (size_t i = 0; i < count; i++) {
		const char *text = texts->count ? texts->items[i] : defaults[i];
		struct rf_cidr cidr;

		if (!rf_cidr_parse(rf_str_of(text), &cidr))
			return out_errorf("\"%s\" is not a range like 10.85.0.0/16", text);
		if (ret[cidr.ip.family == RF_IPV6].ip.family != RF_FAMILY_NONE)
			return out_errorf("\"%s\" is a second range of its family", text);
		ret[cidr.ip.family == RF_IPV6] = cidr;
	}
	return 0;
}

static bool overlap(const struct rf_cidr *a, const struct rf_cidr *b)
{
	return a->ip.family != RF_FAMILY_NONE && (rf_cidr_covers(a, b) || rf_cidr_covers(b, a));
}

static int make_config(const struct up_opts *opts, struct host_config *ret)
{
	static const char *const pods[2] = {PLAN_POD_RANGE4, PLAN_POD_RANGE6};
	static const char *const services[2] = {PLAN_SERVICE_RANGE4, PLAN_SERVICE_RANGE6};
	int exit_status;

	*ret = (struct host_config){.runtime = opts->runtime,
		.seccomp_file = opts->seccomp_file ? opts->seccomp_file : SECCOMP_FILE,
		.seccomp_root = opts->seccomp_root ? opts->seccomp_root : SECCOMP_ROOT,
		.dns = !opts->no_dns};
	exit_status = set_ranges(&opts->pod_ranges, pods, ret->ranges.pods);
	if (exit_status == 0)
		exit_status = set_ranges(&opts->service_ranges, services, ret->ranges.services);
	for (unsigned i = 0; i < 2; i++) {
		/* Services only speak what pods speak. */
		if (ret->ranges.pods[i].ip.family == RF_FAMILY_NONE)
			ret->ranges.services[i] = (struct rf_cidr){.prefix = 0};
		if (exit_status == 0 && overlap(&ret->ranges.pods[i], &ret->ranges.services[i]))
			exit_status = out_errorf("the range of pods and that of Services overlap: "
						 "choose others (--pod-range, --service-range)");
	}
	return exit_status;
}

/* --- loading and checking --- */

static int load(const struct opt_args *args, const struct host_config *config,
	const struct instance *inst, struct kube_set *set)
{
	AUTO_DIAGS diags = {.error_count = 0};
	struct rf_err err = {.msg = ""};
	int rc = RF_OK;

	for (int i = 0; i < args->count && rc == RF_OK; i++)
		rc = kube_load_path(set, args->items[i], &diags, &err);
	if (rc == RF_OK && diags.error_count)
		plan_check_support(set, &diags); /* of the objects that could be read */
	if (rc == RF_OK && !diags.error_count && config->dns)
		rc = host_add_dns(set, &diags, &err);
	if (rc == RF_OK && !diags.error_count)
		rc = images_bring(set, inst, &diags, &err);
	if (rc == RF_OK && !diags.error_count)
		rc = host_check(config, inst, set, &diags, &err);
	if (rc < 0 && !diags.error_count)
		return out_error(&err);
	return out_diags(&diags);
}

/* --- the supervisor --- */

/* Nothing of the caller's: neither its terminal and descriptors, nor its umask and directory. */
static void leave_caller(int ready_fd)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	umask(022);
	if (chdir("/") < 0)
		_exit(CMD_EXIT_ERROR);
	for (int fd = 0; fd <= 2; fd++)
		dup2(null_fd, fd);
	if (ready_fd > 3)
		close_range(3, (unsigned)ready_fd - 1, 0);
	close_range((unsigned)ready_fd + 1, ~0U, 0);
}

static _Noreturn void be_supervisor(const struct host_config *config, const struct instance *inst,
	struct kube_set *set, int ready_fd)
{
	struct rf_err err = {.code = RF_OK};

	leave_caller(ready_fd);
	exit(rf_code_exit(supervisor_run(config, inst, set, ready_fd, &err)));
}

/* Returns once the supervisor listens: 0, or the exit status after its error was printed. */
static int start_supervisor(const struct host_config *config, const struct instance *inst,
	struct kube_set *set, pid_t *ret_pid)
{
	AUTO_FD read_end = -1;
	struct rf_err err;
	int ends[2];
	ssize_t got;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return out_errorf("pipe: %m");
	read_end = ends[0];
	fflush(NULL); /* what is not written yet is not the supervisor's to write */
	pid = fork();
	if (pid < 0)
		return out_errorf("fork: %m");
	if (pid == 0) {
		close(read_end);
		be_supervisor(config, inst, set, ends[1]);
	}
	close(ends[1]);
	do {
		got = read(read_end, &err, sizeof(err));
	} while (got < 0 && errno == EINTR);
	*ret_pid = pid;
	if (got == 1)
		return 0;
	waitpid(pid, NULL, 0);
	if (got == (ssize_t)sizeof(err))
		return out_error(&err);
	return out_errorf("the supervisor ended before it was ready");
}

/* --- watching --- */

struct watch {
	const struct up_opts *opts;
	const struct instance *inst;
	pid_t supervisor;
	int control_fd, signal_fd;
	struct rf_buf carry;
	struct log_follow *logs;
	bool terminal, ready, shown, ended;
	uint64_t started_ms;
	unsigned pod_count, ready_count;
};

static void wipe(struct watch *w)
{
	if (w->shown)
		fputs("\r\033[K", stderr);
	w->shown = false;
}

static void show_progress(struct watch *w)
{
	if (!w->terminal || w->ready)
		return;
	wipe(w);
	fprintf(stderr, "%u of %u pods ready, %.0f s", w->ready_count, w->pod_count,
		(double)(loop_now_ms() - w->started_ms) / 1000);
	w->shown = true;
}

static void add_logs(struct watch *w, const struct doc_node *pod)
{
	AUTO_FREE char *prefix = NULL;

	if (!w->logs)
		return;
	if (asprintf(&prefix, "%s/%s", live_text(pod, "namespace"), live_text(pod, "name")) < 0) {
		prefix = NULL;
		return;
	}
	doc_each (c, doc_get(pod, "containers")) {
		if (log_follow_add(w->logs, live_text(c, "log"), prefix, true) < 0)
			return;
	}
}

/* Asks how things are: counts pods, finds their logs. */
static void take_status(struct watch *w)
{
	AUTO_ANSWER status = {.text = {.max = CONTROL_MAX_LINE}};
	struct rf_err err;

	if (control_ask(w->inst, RF_STR("{\"verb\":\"status\"}"), &status.text, &err) < 0)
		return;
	status.arena = rf_arena_new(1 << 30);
	if (!status.arena || doc_parse_json(rf_buf_str(&status.text), "status", 1, status.arena,
				     NULL, &status.root) < 0)
		return;
	w->pod_count = w->ready_count = 0;
	doc_each (pod, doc_get(status.root, "pods")) {
		w->pod_count++;
		w->ready_count += live_truth(pod, "ready") ||
				  strcmp(live_text(pod, "phase"), "Succeeded") == 0;
		add_logs(w, pod);
	}
	if (w->ready || !live_truth(status.root, "ready"))
		return;
	w->ready = true;
	wipe(w);
	fprintf(stderr, "ready: %u pods in %.1f s\n", w->pod_count,
		(double)(loop_now_ms() - w->started_ms) / 1000);
}

static void print_event(struct watch *w, struct rf_str line)
{
	AUTO_ANSWER event = {.root = NULL};
	const char *kind;

	if (!live_parse(line, &event))
		return;
	kind = live_text(event.root, "event");
	if (strcmp(kind, "note") == 0) {
		wipe(w);
		fprintf(stderr, "ringfence: %s\n", live_text(event.root, "text"));
	} else if (strcmp(kind, "denied") == 0 && !w->opts->quiet && !w->opts->detach) {
		const struct doc_node *policies = doc_get(event.root, "policies");

		wipe(w);
		fprintf(stderr, "denied: %s => %s : %s %lld (%s: %s)\n",
			live_text(event.root, "from"), live_text(event.root, "to"),
			live_text(event.root, "protocol"),
			(long long)live_number(event.root, "port"),
			live_text(event.root, "direction"),
			policies && policies->first ? policies->first->text.ptr : "");
	}
}

/* Events that have come; false when the supervisor has gone. */
static bool take_events(struct watch *w)
{
	AUTO_BUF line = {0};
	struct rf_err err;
	bool any = false;

	do {
		if (control_read_line(w->control_fd, &w->carry, &line, &err) < 0)
			return false;
		print_event(w, rf_buf_str(&line));
		any = true;
	} while (w->carry.len && memchr(w->carry.data, '\n', w->carry.len));
	if (any)
		take_status(w);
	return true;
}

/* True when a signal asked to stop. */
static bool wait_a_moment(struct watch *w)
{
	struct pollfd fds[2] = {
		{.fd = w->control_fd, .events = POLLIN}, {.fd = w->signal_fd, .events = POLLIN}};
	struct signalfd_siginfo info;

	if (poll(fds, 2, POLL_MS) < 0 && errno != EINTR)
		return true;
	if ((fds[0].revents & (POLLIN | POLLHUP)) && !take_events(w))
		w->ended = true;
	return (fds[1].revents & POLLIN) && read(w->signal_fd, &info, sizeof(info)) > 0;
}

static int take_down(struct watch *w)
{
	AUTO_BUF answer = {0};
	struct rf_err err;
	int status = 0;

	wipe(w);
	fputs("stopping ...\n", stderr);
	if (control_ask(w->inst, RF_STR("{\"verb\":\"down\"}"), &answer, &err) < 0)
		out_error(&err);
	while (waitpid(w->supervisor, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0 ? 0 : out_errorf("the supervisor did not end cleanly: `ringfence down`");
}

static int say_what_is_missing(const struct up_opts *opts)
{
	char *argv[] = {(char *)(uintptr_t) "ps", (char *)(uintptr_t) "--run-dir",
		(char *)(uintptr_t)opts->live.run_dir, NULL};

	fprintf(stderr, "ringfence: not all pods are ready after %llu seconds:\n",
		(unsigned long long)opts->timeout_s);
	fflush(stderr);
	if (cmd_ps(opts->live.run_dir ? 3 : 1, argv) != 0)
		return CMD_EXIT_ERROR;
	return 1;
}

static int watch_detached(struct watch *w)
{
	uint64_t deadline = w->started_ms + w->opts->timeout_s * 1000;

	while (!w->ready && !w->ended && loop_now_ms() < deadline) {
		if (wait_a_moment(w))
			return take_down(w);
		show_progress(w);
	}
	wipe(w);
	if (w->ended)
		return out_errorf("the supervisor has ended");
	return w->ready ? 0 : say_what_is_missing(w->opts);
}

static int watch_attached(struct watch *w)
{
	while (!w->ended) {
		if (wait_a_moment(w))
			return take_down(w);
		show_progress(w);
		if (w->logs && w->ready)
			log_follow_poll(w->logs);
	}
	wipe(w);
	waitpid(w->supervisor, NULL, 0); /* somebody said `ringfence down` */
	return 0;
}

static int watch_supervisor(const struct up_opts *opts, const struct instance *inst, pid_t pid)
{
	struct watch w = {.opts = opts, .inst = inst, .supervisor = pid};
	struct rf_err err;
	sigset_t set;
	int exit_status;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w.signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	w.started_ms = loop_now_ms();
	w.terminal = isatty(2);
	w.logs = opts->quiet || opts->detach ? NULL : log_follow_new(out_has_colour(1));
	w.control_fd = control_connect(inst, &err);
	if (w.signal_fd < 0 || w.control_fd < 0 ||
		rf_fd_write_all(w.control_fd, "{\"verb\":\"watch\"}\n", 17, &err) < 0)
		exit_status = out_error(&err);
	else
		exit_status = opts->detach ? watch_detached(&w) : watch_attached(&w);
	rf_fd_closep(&w.control_fd);
	rf_fd_closep(&w.signal_fd);
	rf_buf_done(&w.carry);
	log_follow_free(w.logs);
	return exit_status;
}

static int up(const struct up_opts *opts, const struct opt_args *args, const struct instance *inst)
{
	struct kube_set *set = calloc(1, sizeof(*set)); /* the supervisor's, which frees it */
	struct host_config config;
	struct rf_err err;
	pid_t pid = -1;
	int exit_status = make_config(opts, &config);

	if (exit_status == 0 && (!set || kube_set_init(set, &err) < 0))
		exit_status = out_errorf("out of memory");
	if (exit_status == 0)
		exit_status = load(args, &config, inst, set);
	if (exit_status == 0)
		exit_status = start_supervisor(&config, inst, set, &pid);
	if (set && set->arena)
		kube_set_done(set);
	free(set);
	return exit_status ? exit_status : watch_supervisor(opts, inst, pid);
}

int cmd_up(int argc, char **argv)
{
	struct up_opts opts = {.timeout_s = UP_TIMEOUT_S};
	struct instance inst;
	struct opt_args args;
	struct rf_err err;
	int exit_status = opt_parse(&usage, argc, argv, &opts, &args);

	if (exit_status != OPT_GO)
		return exit_status;
	if (geteuid() != 0)
		return out_errorf("up needs root: it makes namespaces, links and nftables rules. "
				  "`ringfence net` and its like do not");
	if (instance_init(&inst, opts.live.run_dir, opts.live.state_dir, &err) < 0)
		return out_error(&err);
	exit_status = up(&opts, &args, &inst);
	instance_done(&inst);
	rf_vec_done(&opts.pod_ranges);
	rf_vec_done(&opts.service_ranges);
	return exit_status;
}
