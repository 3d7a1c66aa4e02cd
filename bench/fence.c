/*
 * The claim: a pod of a known kind costs the kernel's tables one pod's worth, whatever the number
 * of pods; a policy costs the pairs it touches. Beside it, in the same run and the same table, the
 * same elements added by `nft -f`, which is what a controller does that execs nft.
 *
 *	bench/fence [PODS...]     default 1000 10000; needs root; works in a namespace of its own
 */
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/fence.h"
#include "kube/load.h"

#define CLASSES 100U
#define RUNS	9U

struct model {
	struct kube_set set;
	struct kube_pods pods;
	struct policy *policy;
};

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void fail(const char *what, const struct rf_err *err)
{
	fprintf(stderr, "bench/fence: %s: %s\n", what, err->msg);
	exit(2);
}

static void add_pod(struct rf_buf *out, unsigned i)
{
	rf_buf_addf(out,
		"---\napiVersion: v1\nkind: Pod\nmetadata: {name: p%u, labels: {app: a%u}}\n"
		"spec: {containers: [{name: c, image: i}]}\n"
		"status: {podIPs: [{ip: 10.77.%u.%u}, {ip: \"fd77::%x\"}]}\n",
		i, i % CLASSES, i / 250, i % 250 + 1, i + 1);
}

/* Kind n takes kind n + 1 on two ports, and DNS of everybody. */
static void add_policy(struct rf_buf *out, unsigned n)
{
	rf_buf_addf(out,
		"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
		"metadata: {name: np%u}\nspec:\n  podSelector: {matchLabels: {app: a%u}}\n"
		"  policyTypes: [Ingress, Egress]\n  ingress:\n  - from: [{podSelector: "
		"{matchLabels: {app: a%u}}}]\n    ports: [{port: 80}, {port: %u}]\n"
		"  - ports: [{port: 53, protocol: UDP}]\n  egress: [{}]\n",
		n, n, (n + 1) % CLASSES, 8000 + n);
}

static void load(struct model *m, unsigned pods, unsigned policies)
{
	AUTO_BUF text = {0};
	AUTO_DIAGS diags = {0};
	struct rf_err err = {.msg = "the model does not load"};

	for (unsigned i = 0; i < pods; i++)
		add_pod(&text, i);
	for (unsigned n = 0; n < policies; n++)
		add_policy(&text, n);
	memset(m, 0, sizeof(*m));
	if (kube_set_init(&m->set, &err) < 0 ||
		kube_load_text(&m->set, rf_buf_str(&text), "bench", &diags, &err) < 0 ||
		diags.error_count || kube_pods_expand(&m->set, false, &m->pods, &err) < 0)
		fail("load", &err);
}

static void unload(struct model *m)
{
	policy_free(m->policy);
	kube_pods_done(&m->pods);
	kube_set_done(&m->set);
}

static struct fence_stats apply(struct fence *fence, struct model *m)
{
	struct rf_err err = {.code = RF_OK};
	struct fence_stats stats;

	policy_free(m->policy);
	m->policy = NULL;
	if (policy_compile(&m->set, &m->pods, &m->policy, &err) < 0 ||
		fence_apply(fence, m->policy, NULL, &stats, &err) < 0)
		fail("apply", &err);
	if (stats.replaced)
		fail("apply", &(struct rf_err){.msg = "the table was replaced"});
	return stats;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

static void run_nft(const char *commands)
{
	struct rf_err err = {.msg = "nft failed"};
	FILE *nft = popen("nft -f -", "w");

	if (!nft || fputs(commands, nft) < 0 || pclose(nft) != 0)
		fail("peer", &err);
}

/* Goes from one model to the other and back, and keeps the way there's figures. */
static double change(
	struct fence *fence, struct model *from, struct model *to, struct fence_stats *ret)
{
	double times[RUNS];

	for (unsigned i = 0; i < RUNS; i++) {
		apply(fence, from);
		*ret = apply(fence, to);
		times[i] = (double)ret->usec / 1e3;
	}
	return median(times, RUNS);
}

/* The elements of one pod of the first kind, by nft. */
static double change_by_nft(void)
{
	double times[RUNS];

	for (unsigned i = 0; i < RUNS; i++) {
		double start = now_ms();

		run_nft("add element inet ringfence src4 { 10.77.255.1 : goto s2 }\n"
			"add element inet ringfence dst4 { 10.77.255.1 : goto d2 }\n"
			"add element inet ringfence self4 { 10.77.255.1 . 10.77.255.1 }\n"
			"add element inet ringfence src6 { fd77::ff01 : goto s2 }\n"
			"add element inet ringfence dst6 { fd77::ff01 : goto d2 }\n"
			"add element inet ringfence self6 { fd77::ff01 . fd77::ff01 }\n");
		times[i] = now_ms() - start;
		run_nft("delete element inet ringfence src4 { 10.77.255.1 }\n"
			"delete element inet ringfence dst4 { 10.77.255.1 }\n"
			"delete element inet ringfence self4 { 10.77.255.1 . 10.77.255.1 }\n"
			"delete element inet ringfence src6 { fd77::ff01 }\n"
			"delete element inet ringfence dst6 { fd77::ff01 }\n"
			"delete element inet ringfence self6 { fd77::ff01 . fd77::ff01 }\n");
	}
	return median(times, RUNS);
}

static struct fence *open_fence(void)
{
	struct fence_config config = {
		.table = "ringfence", .link_prefix = "rf", .pod_range_count = 2};
	struct rf_err err = {.msg = "the ranges do not parse"};
	struct fence *fence = NULL;

	if (!rf_cidr_parse(RF_STR("10.77.0.0/16"), &config.pod_ranges[0]) ||
		!rf_cidr_parse(RF_STR("fd77::/64"), &config.pod_ranges[1]) ||
		fence_open(&config, &fence, &err) < 0)
		fail("open", &err);
	return fence;
}

static void report(const char *what, double ms, const struct fence_stats *stats)
{
	printf("  %-28s %9.2f ms   +%u -%u elements, %u chains\n", what, ms, stats->elements_added,
		stats->elements_removed, stats->chains_changed);
}

static void bench(unsigned pods)
{
	struct fence *fence = open_fence();
	struct model base, pod, policy;
	struct fence_stats stats;
	double ms;

	load(&base, pods, CLASSES - 1);
	load(&pod, pods + 1, CLASSES - 1);
	load(&policy, pods, CLASSES);
	stats = apply(fence, &base);
	printf("%u pods of %u kinds, 2 families, %u policies\n", pods, stats.classes, CLASSES - 1);
	report("all at once", (double)stats.usec / 1e3, &stats);
	ms = change(fence, &base, &pod, &stats);
	report("one pod more", ms, &stats);
	ms = change(fence, &base, &policy, &stats);
	report("one policy more", ms, &stats);
	apply(fence, &base);
	printf("  %-28s %9.2f ms\n", "peer: one pod by nft -f", change_by_nft());
	unload(&base);
	unload(&pod);
	unload(&policy);
	fence_close(fence);
}

int main(int argc, char **argv)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
		fputs("bench/fence: needs root\n", stderr);
		return 2;
	}
	if (argc < 2) {
		bench(1000);
		bench(10000);
	}
	for (int i = 1; i < argc; i++)
		bench((unsigned)strtoul(argv[i], NULL, 10));
	return 0;
}
