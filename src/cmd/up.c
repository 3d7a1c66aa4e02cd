/*
 * `up`: checks everything, starts the supervisor as a process of its own, and watches it
 * (up_watch.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/database.h"
#include "cmd/gate.h"
#include "cmd/images.h"
#include "cmd/live.h"
#include "cmd/up.h"
#include "host/dns.h"
#include "host/check.h"
#include "host/supervisor.h"
#include "mesh/keeper.h"

struct up_opts {
	struct live_opts live;
	struct gate_flags gate;
	struct opt_texts pod_ranges, service_ranges;
	const char *runtime, *seccomp_file, *seccomp_root;
	const char *cert_ttl;
	bool detach, no_dns, quiet, mesh;
	uint64_t timeout_s, metrics_port;
};

#define UP_TIMEOUT_S 120
#define SECCOMP_FILE "/usr/share/containers/seccomp.json"
#define SECCOMP_ROOT "/var/lib/ringfence/seccomp"

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
	{"mesh", 0, OPT_FLAG, offsetof(struct up_opts, mesh), NULL,
		"Puts every pod into the mesh, not only those of namespaces with the label "
		"istio-injection: enabled.",
		NULL},
	{"mesh-metrics-port", 0, OPT_NUMBER, offsetof(struct up_opts, metrics_port), "PORT",
		"Serves every meshed pod's page of metrics on this port of the pod, in plain "
		"(Istio's is 15090), for whom NetworkPolicies let in. Without it the page is on a "
		"UNIX socket of the machine only, which `status --json` names.",
		NULL},
	{"cert-ttl", 0, OPT_TEXT, offsetof(struct up_opts, cert_ttl), "DURATION",
		"How long pods' certificates are valid: 24h unless said otherwise, at least 10s; "
		"they are renewed at half of it.",
		NULL},
	{"quiet", 'q', OPT_FLAG, offsetof(struct up_opts, quiet), NULL, "Prints no logs of pods.",
		NULL},
	GATE_ROWS(struct up_opts),
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
		.mesh = opts->mesh,
		.dns = !opts->no_dns};
	if (opts->metrics_port > UINT16_MAX)
		return opt_fail(&usage, "--mesh-metrics-port is 1 to 65535");
	ret->mesh_metrics_port = (uint16_t)opts->metrics_port;
	if (opts->cert_ttl) {
		uint64_t ttl_s;

		if (!database_duration(opts->cert_ttl, &ttl_s) || ttl_s < KEEPER_MIN_TTL_S)
			return opt_fail(&usage, "\"%s\" is no duration such as 24h, at least 10s",
				opts->cert_ttl);
		ret->cert_ttl_s = (int64_t)ttl_s;
	}
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
	const struct judge_opts *judge, const struct instance *inst, struct kube_set *set)
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
		rc = judge_set(inst, set, judge, &diags, &err);
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

static int up(const struct up_opts *opts, const struct opt_args *args, const struct instance *inst)
{
	struct kube_set *set = calloc(1, sizeof(*set)); /* the supervisor's, which frees it */
	AUTO_GATE gate = {.db = NULL};
	struct host_config config;
	struct rf_err err;
	pid_t pid = -1;
	int exit_status = make_config(opts, &config);

	if (exit_status == 0)
		exit_status = gate_setup(&usage, &opts->gate, inst, &gate);
	config.gate = gate.config;
	if (exit_status == 0 && (!set || kube_set_init(set, &err) < 0))
		exit_status = out_errorf("out of memory");
	if (exit_status == 0)
		exit_status = load(args, &config, &gate.judge, inst, set);
	if (exit_status == 0)
		exit_status = start_supervisor(&config, inst, set, &pid);
	if (set && set->arena)
		kube_set_done(set);
	free(set);
	if (exit_status)
		return exit_status;
	return up_watch(&(struct up_watch_opts){.inst = inst,
		.run_dir = opts->live.run_dir,
		.supervisor = pid,
		.detach = opts->detach,
		.quiet = opts->quiet,
		.timeout_s = opts->timeout_s});
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
