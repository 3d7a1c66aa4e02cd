/*
 * The claim: a million verdicts a second and more at 1,000 pods x 500 policies, in process. Beside
 * it, in the same run, what the machine gives: lookups in a hash table of 1,000 keys; and what the
 * plain way costs: the nested loops of the tests' reference.
 */
#include <stdio.h>
#include <time.h>

#include "tests/lib/oracle.h"
#include "tests/lib/random_model.h"
#include "tests/lib/world.h"

#define NAMESPACES 20U
#define PODS	   50U /* a namespace */
#define POLICIES   25U /* a namespace */
#define PROBES	   2000000U
#define SLOW	   20000U
#define RUNS	   5

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void add_pod(struct rf_buf *out, unsigned ns, unsigned n)
{
	rf_buf_addf(out,
		"---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: pod-%u\n  namespace: ns-%u\n"
		"  labels: {app: app-%u, tier: tier-%u}\nspec:\n  containers:\n    - name: main\n"
		"      image: main\n      ports: [{name: http, containerPort: %u}]\n"
		"status:\n  podIPs: [{ip: 10.%u.0.%u}, {ip: 'fd00:%x::%x'}]\n",
		n, ns, n % 25, n % 3, 8080 + n % 2, ns, n + 1, ns, n + 1);
}

static void add_policy(struct rf_buf *out, unsigned ns, unsigned n)
{
	rf_buf_addf(out,
		"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
		"metadata: {name: policy-%u, namespace: ns-%u}\n"
		"spec:\n  podSelector: {matchLabels: {app: app-%u}}\n"
		"  policyTypes: [Ingress, Egress]\n"
		"  ingress:\n    - from:\n        - podSelector: {matchLabels: {tier: tier-%u}}\n"
		"        - namespaceSelector:\n"
		"            matchLabels: {kubernetes.io/metadata.name: ns-%u}\n"
		"      ports: [{port: http}, {protocol: UDP, port: 53}]\n"
		"  egress:\n    - to: [{namespaceSelector: {}}]\n"
		"      ports: [{port: 8000, endPort: %u}]\n"
		"    - to: [{ipBlock: {cidr: 10.%u.0.0/16, except: [10.%u.0.16/28]}}]\n",
		n, ns, n, n % 3, (ns + n) % NAMESPACES, 8080 + n % 3, n % NAMESPACES,
		n % NAMESPACES);
}

static void fill(struct rf_buf *text)
{
	for (unsigned ns = 0; ns < NAMESPACES; ns++) {
		for (unsigned n = 0; n < PODS; n++)
			add_pod(text, ns, n);
		for (unsigned n = 0; n < POLICIES; n++)
			add_policy(text, ns, n);
	}
}

/* --- one probe, the same for all contenders --- */

struct bench {
	struct world *world;
	struct policy_end *ends; /* both addresses of every pod */
	uint32_t end_count;
	struct rf_map by_ip; /* the baseline: address -> index */
	struct rng rng;
};

struct pick {
	const struct policy_end *from, *to;
	enum policy_proto proto;
	uint16_t port;
};

/* Of one family; the order of ends is IPv4, IPv6, IPv4, ... */
static struct pick pick(struct bench *b)
{
	static const uint16_t ports[] = {8080, 8081, 53, 443};
	uint64_t r = rng_next(&b->rng);
	uint32_t family = r & 1, half = b->end_count / 2;

	return (struct pick){
		.from = &b->ends[(uint32_t)(r >> 8 & 0xffff) % half * 2 + family],
		.to = &b->ends[(uint32_t)(r >> 24 & 0xffff) % half * 2 + family],
		.proto = r >> 40 & 3 ? POLICY_TCP : POLICY_UDP,
		.port = ports[r >> 44 & 3],
	};
}

static double time_nothing(struct bench *b, uint64_t *sum)
{
	double start = now();

	for (unsigned i = 0; i < PROBES; i++)
		*sum += pick(b).port;
	return now() - start;
}

static double time_judge(struct bench *b, uint64_t *sum)
{
	double start = now();

	for (unsigned i = 0; i < PROBES; i++) {
		struct pick p = pick(b);

		*sum += policy_judge(b->world->policy, p.from, p.to, p.proto, p.port).allowed;
	}
	return now() - start;
}

static double time_judge_by_address(struct bench *b, uint64_t *sum)
{
	struct policy *policy = b->world->policy;
	double start = now();

	for (unsigned i = 0; i < PROBES; i++) {
		struct pick p = pick(b);
		struct policy_end from = policy_end_of_ip(policy, &p.from->ip);
		struct policy_end to = policy_end_of_ip(policy, &p.to->ip);

		*sum += policy_judge(policy, &from, &to, p.proto, p.port).allowed;
	}
	return now() - start;
}

static double time_lookups(struct bench *b, uint64_t *sum)
{
	double start = now();

	for (unsigned i = 0; i < PROBES; i++) {
		struct pick p = pick(b);
		struct rf_str key = {.ptr = (const char *)&p.to->ip, .len = sizeof(p.to->ip)};
		uintptr_t value = 0;

		rf_map_get(&b->by_ip, key, &value);
		*sum += value;
	}
	return now() - start;
}

static double time_reference(struct bench *b, uint64_t *sum)
{
	struct oracle oracle = {.set = &b->world->set, .pods = &b->world->pods};
	const struct kube_pod *pods = b->world->pods.list.items;
	double start = now();

	for (unsigned i = 0; i < SLOW; i++) {
		struct pick p = pick(b);
		struct oracle_question q = {
			.from = {.pod = &pods[p.from->pod], .ip = p.from->ip},
			.to = {.pod = &pods[p.to->pod], .ip = p.to->ip},
			.proto = (enum oracle_proto)p.proto,
			.port = p.port,
		};

		*sum += oracle_judge(&oracle, &q).allowed;
	}
	return (now() - start) * PROBES / SLOW;
}

/* --- the run --- */

static double time_compile(struct world *w)
{
	double best = 1e9;

	for (int i = 0; i < RUNS; i++) {
		struct policy *policy = NULL;
		double start = now();

		if (policy_compile(&w->set, &w->pods, &policy, &w->err) < 0)
			exit(2);
		best = now() - start < best ? now() - start : best;
		policy_free(policy);
	}
	return best;
}

/* The verdicts of all pairs of classes, none of which has been asked for. */
static double time_all_pairs(struct world *w, uint64_t *sum)
{
	uint32_t classes = policy_class_count(w->policy);
	double start = now();

	for (uint32_t from = 0; from < classes; from++) {
		for (uint32_t to = 0; to < classes; to++)
			*sum += policy_pair_both(w->policy, from, to);
	}
	printf("%-52s %9.1f ms\n", "verdicts of all pairs of classes", (now() - start) * 1e3);
	return (double)classes;
}

static void prepare(struct bench *b)
{
	uint32_t count = (uint32_t)b->world->pods.list.count;

	b->ends = calloc((size_t)count * 2, sizeof(*b->ends));
	b->end_count = count * 2;
	if (!b->ends)
		exit(2);
	for (uint32_t i = 0; i < b->end_count; i++) {
		struct rf_str key = {
			.ptr = (const char *)&b->ends[i].ip, .len = sizeof(b->ends[i].ip)};

		if (!policy_end_of_pod(
			    b->world->policy, i / 2, i % 2 ? RF_IPV6 : RF_IPV4, &b->ends[i]) ||
			!rf_map_put(&b->by_ip, key, i))
			exit(2);
	}
}

typedef double (*contender)(struct bench *b, uint64_t *sum);

/* Best of the runs, less what picking a probe costs. */
static void report(struct bench *b, const char *what, contender run)
{
	double best = 1e9, idle = 1e9;
	uint64_t sum = 0;

	for (int i = 0; i < RUNS; i++) {
		double t = run(b, &sum);

		best = t < best ? t : best;
		t = time_nothing(b, &sum);
		idle = t < idle ? t : idle;
	}
	printf("%-52s %9.2f M/s\n", what, PROBES / (best - idle) / 1e6);
	if (sum == 0)
		printf("nothing passed\n");
}

int main(void)
{
	AUTO_BUF text = {.data = NULL};
	AUTO_WORLD world;
	struct bench b = {.world = &world, .rng = {.state = 1}};
	uint64_t sum = 0;
	double classes;

	fill(&text);
	if (!world_load(&world, rf_buf_str(&text), "bench.yaml")) {
		world_say(&world);
		return 2;
	}
	printf("%zu pods of two families, %u policies, best of %d runs\n", world.pods.list.count,
		NAMESPACES * POLICIES, RUNS);
	printf("%-52s %9.1f ms\n", "compile", time_compile(&world) * 1e3);
	classes = time_all_pairs(&world, &sum);
	printf("%-52s %9.0f\n", "classes", classes);
	prepare(&b);
	report(&b, "verdicts (claim: >= 1)", time_judge);
	report(&b, "verdicts, both ends found by address", time_judge_by_address);
	report(&b, "baseline: one hash lookup by address", time_lookups);
	report(&b, "the plain way: nested loops of the reference", time_reference);
	rf_map_done(&b.by_ip);
	free(b.ends);
	return 0;
}
