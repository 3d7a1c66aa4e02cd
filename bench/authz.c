/*
 * The claim: a connection is judged in at most a microsecond at 1,000 rules. Beside it, in the same
 * run: what walking costs, when sources have patterns that no look-up can answer; one look-up in a
 * hash table of 1,000 keys; and the plain way, the loops of the tests' reference.
 */
#include <stdio.h>
#include <time.h>

#include "base/map.h"
#include "mesh/authz/authz.h"
#include "tests/lib/authz_oracle.h"

#define RULES	 1000U
#define A_POLICY 10U /* rules of one */
#define JUDGED	 2000000U
#define WALKED	 100000U
#define SLOW	 2000U
#define RUNS	 5

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One source of a rule: the nth value of a field. */
struct shape {
	const char *what, *field, *format; /* of a number */
};

static const struct shape shapes[] = {
	{"exact principals", "principals", "cluster.local/ns/team-%u/sa/web"},
	{"service accounts", "serviceAccounts", "team-%u/web"},
	{"exact namespaces", "namespaces", "team-%u"},
	{"patterns: all walked", "namespaces", "team-%u*"},
};

static void fill(const struct shape *shape, struct rf_buf *text)
{
	for (unsigned i = 0; i < RULES; i++) {
		AUTO_BUF value = {.data = NULL};

		if (i % A_POLICY == 0)
			rf_buf_addf(text,
				"---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
				"metadata: {name: p-%u, namespace: shop}\nspec:\n  rules:\n",
				i / A_POLICY);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		rf_buf_addf(&value, shape->format, i);
#pragma GCC diagnostic pop
		rf_buf_addf(text,
			"    - from: [{source: {%s: ['%s'], notIpBlocks: [10.9.0.0/16]}}]\n"
			"      to: [{operation: {ports: ['8080', '8443']}}]\n",
			shape->field, rf_buf_cstr(&value));
	}
}

struct bench {
	struct kube_set set;
	struct authz *authz;
	char ids[RULES * 2][64]; /* every other one is of no rule */
	struct rf_map by_id;
	uint64_t state;
};

static struct authz_peer next_peer(struct bench *b)
{
	b->state = b->state * 6364136223846793005U + 1442695040888963407U;
	return (struct authz_peer){
		.id = rf_str_of(b->ids[(b->state >> 33) % (RULES * 2)]),
		.source = {.bytes = {10, 0, 0, 1}, .family = RF_IPV4},
		.remote = {.bytes = {10, 0, 0, 1}, .family = RF_IPV4},
		.destination = {.bytes = {10, 0, 0, 9}, .family = RF_IPV4},
		.port = 8080,
	};
}

static double time_judge(struct bench *b, unsigned count, uint64_t *sum)
{
	double start = now();

	for (unsigned i = 0; i < count; i++) {
		struct authz_peer peer = next_peer(b);

		*sum += authz_judge(b->authz, &peer).allowed;
	}
	return (now() - start) / count;
}

static double time_lookups(struct bench *b, unsigned count, uint64_t *sum)
{
	double start = now();

	for (unsigned i = 0; i < count; i++) {
		struct authz_peer peer = next_peer(b);
		uintptr_t value = 0;

		rf_map_get(&b->by_id, peer.id, &value);
		*sum += value;
	}
	return (now() - start) / count;
}

static double time_reference(struct bench *b, unsigned count, uint64_t *sum)
{
	static const struct authz_oracle_workload workload = {
		.namespace = "shop", .root = "istio-system", .trust_domain = "prod.example"};
	double start = now();

	for (unsigned i = 0; i < count; i++) {
		struct authz_peer peer = next_peer(b);
		char namespace[64];
		struct authz_oracle_peer p = {.trust_domain = "prod.example",
			.namespace = namespace,
			.account = "web",
			.source = "10.0.0.1",
			.port = peer.port};

		snprintf(namespace, sizeof(namespace), "%.*s",
			(int)(peer.id.len - strlen("spiffe://prod.example/ns//sa/web")),
			peer.id.ptr + strlen("spiffe://prod.example/ns/"));
		*sum += authz_oracle_judge(&b->set, &workload, &p).allowed;
	}
	return (now() - start) / count;
}

typedef double (*contender)(struct bench *b, unsigned count, uint64_t *sum);

static void report(struct bench *b, const char *what, contender run, unsigned count)
{
	double best = 1e9;
	uint64_t sum = 0;

	for (int i = 0; i < RUNS; i++) {
		double t = run(b, count, &sum);

		best = t < best ? t : best;
	}
	printf("%-52s %9.0f ns\n", what, best * 1e9);
	if (sum == 0)
		printf("nothing passed\n");
}

static void load(struct bench *b, const struct shape *shape)
{
	AUTO_BUF text = {.data = NULL};
	AUTO_DIAGS diags = {.error_count = 0};
	struct doc_pairs labels = {.count = 0};
	const struct authz_workload workload = {.namespace = RF_STR("shop"),
		.labels = &labels,
		.trust_domain = RF_STR("prod.example")};

	fill(shape, &text);
	if (kube_set_init(&b->set, NULL) < 0 ||
		kube_load_text(&b->set, rf_buf_str(&text), "bench.yaml", &diags, NULL) < 0 ||
		diags.error_count || authz_compile(&b->set, &workload, &b->authz, NULL) < 0)
		exit(2);
}

static void unload(struct bench *b)
{
	authz_free(b->authz);
	kube_set_done(&b->set);
}

static void name_peers(struct bench *b)
{
	for (unsigned i = 0; i < RULES * 2; i++) {
		snprintf(b->ids[i], sizeof(b->ids[i]), "spiffe://prod.example/ns/%s-%u/sa/web",
			i % 2 ? "none" : "team", i / 2);
		if (i < RULES && !rf_map_put(&b->by_id, rf_str_of(b->ids[i]), i))
			exit(2);
	}
}

int main(void)
{
	static struct bench b = {.state = 1};

	name_peers(&b);
	printf("%u rules of %u ALLOW policies, half of the peers in none, best of %d runs\n", RULES,
		RULES / A_POLICY, RUNS);
	for (size_t i = 0; i < RF_ARRAY_LEN(shapes); i++) {
		bool walked = i + 1 == RF_ARRAY_LEN(shapes);
		char what[64];

		load(&b, &shapes[i]);
		snprintf(what, sizeof(what), "a verdict, %s%s", shapes[i].what,
			walked ? "" : " (claim: <= 1,000)");
		report(&b, what, time_judge, walked ? WALKED : JUDGED);
		if (walked)
			report(&b, "the plain way: the reference", time_reference, SLOW);
		unload(&b);
	}
	report(&b, "baseline: one hash look-up by identity", time_lookups, JUDGED);
	rf_map_done(&b.by_id);
	return 0;
}
