/*
 * The claim: what the fence costs a connection does not grow with the number of pods. Beside it,
 * in the same run: the same machine without rules, with conntrack only, and as a peer the linear
 * rules of hand-written firewalls, one for each client that may come, the matching one last.
 *
 *	bench/latency		needs root; the peer needs nft
 *
 * Every configuration is a router of its own between two pods, all of them network namespaces
 * without names: they are gone when the program ends, however it ends. Rounds take turns, so that
 * what else the machine does hits all alike. Client and server are one thread: the kernel carries
 * a packet through all three namespaces within the system call that sends it, so the figures are
 * the path of the packets, without a scheduler's.
 */
#include <sys/time.h>
#include <time.h>

#include "base/fd.h"
#include "dataplane/netlink.h"
#include "dataplane/rule.h"
#include "tests/unit/dataplane/net_test.h"

#define CLIENT	   "10.77.0.1"
#define SERVER	   "10.77.0.2"
#define PORT	   7
#define OTHER_PORT 8 /* nobody listens, no rule allows it */
#define CLASSES	   100U

#define ROUNDS	     100U
#define WARM_UP	     10U /* connections of a round that do not count */
#define PER_ROUND    100U
#define CONNECTIONS  (ROUNDS * PER_ROUND)
#define ECHOES	     4U /* of a connection */
#define PATIENCE_SEC 5

struct setup;

/* One configuration: how its rules get into the router that the process is in. */
struct config {
	const char *name;
	void (*install)(struct setup *setup); /* NULL: no rules */
	unsigned size;			      /* pods, rules */
	int other_port; /* errno of trying it: shows that the rules do what they are for */
};

struct setup {
	const struct config *config;
	int router, client, server, listener;
	struct fence *fence;
	struct net_policy model;
	uint32_t connect_ns[CONNECTIONS], echo_ns[CONNECTIONS * ECHOES];
	size_t connect_count, echo_count;
};

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "bench/latency: %s: %s\n", what, why);
	exit(2);
}

/* --- rules --- */

/* ct state invalid drop: what makes the kernel track connections. */
static void add_ct_rule(struct nft_batch *batch)
{
	struct nft_rule rule = rule_begin(batch, "forward");

	rule_ct(&rule, NFT_CT_STATE, RULE_NO_DIR, NFT_REG_1);
	rule_mask_u32(&rule, 1, 0);
	rule_cmp_u32(&rule, NFT_CMP_NEQ, 0);
	rule_verdict(&rule, NF_DROP, NULL);
	rule_end(&rule);
}

enum { EMPTY, CONNTRACK, CONNTRACK_NAT };

/* NAT: the hooks that Services need, and that every Docker host and cluster node has. */
static void install_hooks(struct setup *setup)
{
	static const struct nft_hook forward = {"filter", NF_INET_FORWARD, 0},
				     before = {"nat", NF_INET_PRE_ROUTING, -100},
				     after = {"nat", NF_INET_POST_ROUTING, 100};
	CLEANUP(netlink_closep) struct mnl_socket *socket = NULL;
	CLEANUP(nft_batch_done) struct nft_batch batch;
	struct rf_err err = {.code = RF_OK};

	nft_batch_init(&batch, "bench");
	nft_table_add(&batch);
	nft_chain_add(&batch, "forward", &forward);
	if (setup->config->size >= CONNTRACK)
		add_ct_rule(&batch);
	if (setup->config->size >= CONNTRACK_NAT) {
		nft_chain_add(&batch, "prerouting", &before);
		nft_chain_add(&batch, "postrouting", &after);
	}
	if (nft_socket_open(&socket, &err) < 0 || nft_batch_commit(&batch, socket, &err) < 0)
		fail(setup->config->name, err.msg);
}

static void add_pod(struct rf_buf *out, unsigned i)
{
	rf_buf_addf(out,
		"---\napiVersion: v1\nkind: Pod\nmetadata: {name: p%u, labels: {app: a%u}}\n"
		"spec: {containers: [{name: c, image: i}]}\n"
		"status: {podIPs: [{ip: 10.77.%u.%u}, {ip: \"fd77::%x\"}]}\n",
		i, i % CLASSES, i / 250, i % 250 + 1, i + 1);
}

/* Every kind takes every other on two ports: as many pairs of classes as there can be. */
static void add_policy(struct rf_buf *out, unsigned n)
{
	rf_buf_addf(out,
		"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
		"metadata: {name: np%u}\nspec:\n  podSelector: {matchLabels: {app: a%u}}\n"
		"  policyTypes: [Ingress, Egress]\n"
		"  ingress: [{from: [{podSelector: {}}], ports: [{port: %d}, {port: %u}]}]\n"
		"  egress: [{to: [{podSelector: {}}]}]\n",
		n, n, PORT, 8000 + n);
}

static void install_fence(struct setup *setup)
{
	const struct fence_config config = {
		.table = "ringfence",
		.link_prefix = "rf",
		.pod_ranges = {net_cidr("10.77.0.0/16"), net_cidr("fd77::/64")},
		.pod_range_count = 2,
	};
	unsigned pods = setup->config->size;
	struct rf_err err = {.code = RF_OK};
	struct fence_stats stats;
	AUTO_BUF text = {0};

	for (unsigned i = 0; i < pods; i++)
		add_pod(&text, i);
	for (unsigned n = 0; n < CLASSES && n < pods; n++)
		add_policy(&text, n);
	if (!net_policy_load(&setup->model, rf_buf_cstr(&text)))
		fail(setup->config->name, "the model does not load");
	if (fence_open(&config, &setup->fence, &err) < 0 ||
		fence_apply(setup->fence, setup->model.policy, NULL, &stats, &err) < 0)
		fail(setup->config->name, err.msg);
}

/* Established connections pass first, as every guide has it: only a SYN walks the list. */
static void install_linear(struct setup *setup)
{
	AUTO_BUF text = {0};
	FILE *nft;

	rf_buf_add_c(&text, "table ip bench { chain forward {\n"
			    "type filter hook forward priority filter; policy drop;\n"
			    "ct state established,related accept\n");
	for (unsigned i = 1; i < setup->config->size; i++)
		rf_buf_addf(&text, "ip saddr 10.78.%u.%u ip daddr " SERVER " tcp dport %d accept\n",
			i / 250, i % 250 + 1, PORT);
	rf_buf_addf(
		&text, "ip saddr " CLIENT " ip daddr " SERVER " tcp dport %d accept\n}\n}\n", PORT);
	nft = popen("nft -f -", "w");
	if (!nft || fputs(rf_buf_cstr(&text), nft) < 0 || pclose(nft) != 0)
		fail(setup->config->name, "nft failed");
}

static const struct config configs[] = {
	{"no ruleset", NULL, 0, ECONNREFUSED},
	{"empty forward chain (baseline)", install_hooks, EMPTY, ECONNREFUSED},
	{"conntrack", install_hooks, CONNTRACK, ECONNREFUSED},
	{"conntrack and NAT hooks", install_hooks, CONNTRACK_NAT, ECONNREFUSED},
	{"Ringfence, 2 pods", install_fence, 2, ETIMEDOUT},
	{"Ringfence, 1,000 pods", install_fence, 1000, ETIMEDOUT},
	{"Ringfence, 10,000 pods", install_fence, 10000, ETIMEDOUT},
	{"peer: 1,000 linear rules", install_linear, 1000, ETIMEDOUT},
	{"peer: 10,000 linear rules", install_linear, 10000, ETIMEDOUT},
};
#define BASELINE 1
#define PEERS	 2 /* the last ones; they need nft */

/* --- namespaces --- */

static void enter(int ns)
{
	if (setns(ns, CLONE_NEWNET) < 0)
		fail("enter a network namespace", strerror(errno));
}

static int add_end(const struct setup *setup, const char *link, const char *address)
{
	struct link_pod pod = {.name = link, .netns_fd = net_new(), .ip_count = 1};
	struct rf_err err = {.msg = "no namespace"};

	pod.ips[0] = net_ip(address);
	if (pod.netns_fd < 0 || link_pod_add(&pod, &err) < 0)
		fail(setup->config->name, err.msg);
	return pod.netns_fd;
}

/* Blocking, but not for ever: a lost connection must end the run with words. */
static void set_patience(int fd)
{
	const struct timeval patience = {.tv_sec = PATIENCE_SEC};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

static void make(struct setup *setup, const struct config *config)
{
	struct link_forwarding before;
	struct rf_err err = {.code = RF_OK};
	int cause;

	setup->config = config;
	setup->router = net_new();
	if (setup->router < 0)
		fail(config->name, "no namespace");
	enter(setup->router);
	if (link_up("lo", &err) < 0 || link_forwarding_enable(&before, &err) < 0)
		fail(config->name, err.msg);
	setup->client = add_end(setup, "rfclient", CLIENT);
	setup->server = add_end(setup, "rfserver", SERVER);
	if (config->install)
		config->install(setup);
	setup->listener = net_listen(setup->server, SERVER, PORT);
	if (setup->listener < 0 || fcntl(setup->listener, F_SETFL, 0) < 0)
		fail(config->name, "no listener");
	set_patience(setup->listener);
	cause = net_try(setup->client, SERVER, OTHER_PORT);
	if (cause != config->other_port)
		fail(config->name, "the rules do not do what they are for");
}

static void unmake(struct setup *setup)
{
	close(setup->listener);
	close(setup->server);
	close(setup->client);
	close(setup->router);
	fence_close(setup->fence);
	net_policy_done(&setup->model);
}

/* --- measuring --- */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static uint32_t echo(const struct setup *setup, int client, int server)
{
	uint64_t start = now_ns();
	char byte = 'x';

	if (write(client, &byte, 1) != 1 || read(server, &byte, 1) != 1 ||
		write(server, &byte, 1) != 1 || read(client, &byte, 1) != 1)
		fail(setup->config->name, "a byte was lost");
	return (uint32_t)(now_ns() - start);
}

/* Ends with a reset: neither end keeps a closed connection that would slow down later ones. */
static void connect_once(struct setup *setup, const union net_addr *to, bool counts)
{
	const struct linger reset = {.l_onoff = 1};
	AUTO_FD client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	AUTO_FD server = -1;
	uint64_t start;
	uint32_t took;

	set_patience(client);
	start = now_ns();
	if (connect(client, &to->any, sizeof(to->v4)) < 0)
		fail(setup->config->name, strerror(errno));
	took = (uint32_t)(now_ns() - start);
	if (counts)
		setup->connect_ns[setup->connect_count++] = took;
	server = accept4(setup->listener, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0)
		fail(setup->config->name, strerror(errno));
	for (unsigned i = 0; i < ECHOES; i++) {
		took = echo(setup, client, server);
		if (counts)
			setup->echo_ns[setup->echo_count++] = took;
	}
	setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

static void run_round(struct setup *setup)
{
	union net_addr to;

	net_addr(SERVER, PORT, &to);
	enter(setup->client);
	for (unsigned i = 0; i < WARM_UP + PER_ROUND; i++)
		connect_once(setup, &to, i >= WARM_UP);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Of sorted samples, in microseconds. */
static double at(const uint32_t *ns, size_t count, unsigned percent)
{
	return (double)ns[count * percent / 100] / 1e3;
}

static void report(const struct setup *setup, const struct setup *baseline)
{
	double took = at(setup->connect_ns, CONNECTIONS, 50);
	double echoed = at(setup->echo_ns, CONNECTIONS * ECHOES, 50);

	printf("%-32s %8.1f %7.2f %8.1f %8.1f %7.2f\n", setup->config->name, took,
		took / at(baseline->connect_ns, CONNECTIONS, 50),
		at(setup->connect_ns, CONNECTIONS, 99), echoed,
		echoed / at(baseline->echo_ns, CONNECTIONS * ECHOES, 50));
}

static void report_all(struct setup *setups, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		qsort(setups[i].connect_ns, CONNECTIONS, sizeof(uint32_t), by_value);
		qsort(setups[i].echo_ns, CONNECTIONS * ECHOES, sizeof(uint32_t), by_value);
	}
	printf("µs; %u connections each in %u rounds; Ringfence's pods are of %u kinds\n"
	       "%-32s %8s %7s %8s %8s %7s\n",
		CONNECTIONS, ROUNDS, CLASSES, "", "connect", "ratio", "p99", "echo", "ratio");
	for (size_t i = 0; i < count; i++)
		report(&setups[i], &setups[BASELINE]);
	for (size_t i = count; i < RF_ARRAY_LEN(configs); i++)
		printf("%-32s skipped: nft is not installed\n", configs[i].name);
}

int main(void)
{
	static struct setup setups[RF_ARRAY_LEN(configs)];
	size_t count = RF_ARRAY_LEN(configs);

	if (!net_enter_new()) {
		fputs("bench/latency: needs root, to make network namespaces of its own\n", stderr);
		return 2;
	}
	if (system("command -v nft >/dev/null 2>&1") != 0)
		count -= PEERS;
	for (size_t i = 0; i < count; i++)
		make(&setups[i], &configs[i]);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < count; i++)
			run_round(&setups[(round + i) % count]);
	}
	report_all(setups, count);
	for (size_t i = 0; i < count; i++)
		unmake(&setups[i]);
	return 0;
}
