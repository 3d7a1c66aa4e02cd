/*
 * Random changes, one after another: what the kernel holds after many differences is what it would
 * hold had the last state been sent to it alone.
 */
#include "dataplane/fence_int.h"
#include "tests/unit/dataplane/net_test.h"

#define STEPS 60
#define APPS  6U
#define PODS  40U

static struct {
	bool ready;
	struct fence *fence;
	uint64_t random;
} m = {.random = 0x9e3779b97f4a7c15U};

/* xorshift64: the same changes in every run. */
static unsigned below(unsigned n)
{
	m.random ^= m.random << 13;
	m.random ^= m.random >> 7;
	m.random ^= m.random << 17;
	return (unsigned)(m.random >> 33) % n;
}

static bool open_fence(void)
{
	struct fence_config config = {
		.table = "ringfence",
		.link_prefix = "rf",
		.pod_ranges = {net_cidr("10.77.0.0/20"), net_cidr("fd77::/61")},
		.pod_range_count = 2,
	};
	struct rf_err err = {.code = RF_OK};

	m.ready = net_enter_new() && fence_open(&config, &m.fence, &err) == RF_OK;
	if (!m.ready)
		tap_diag("%s", err.msg);
	return m.ready;
}

static void add_pods(struct rf_buf *out)
{
	for (unsigned i = 0; i < PODS; i++) {
		unsigned app = below(8) ? i % APPS : below(APPS);

		if (below(6) == 0)
			continue;
		rf_buf_addf(out,
			"---\napiVersion: v1\nkind: Pod\nmetadata: {name: p%u, labels: {app: "
			"a%u}}\n"
			"spec: {containers: [{name: c, image: i, ports: [{name: web, "
			"containerPort: %u}]}]}\nstatus: {podIPs: [{ip: 10.77.0.%u}, "
			"{ip: \"fd77::%x\"}]}\n",
			i, app, 8000 + app % 2, i + 1, i + 1);
	}
}

static void add_peer(struct rf_buf *out)
{
	static const char *const blocks[] = {"{cidr: 10.77.0.0/28}",
		"{cidr: 192.0.2.0/24, except: [192.0.2.128/26]}", "{cidr: 0.0.0.0/0}",
		"{cidr: 128.0.0.0/1}", "{cidr: \"::/0\", except: [\"fd77::/124\"]}",
		"{cidr: \"fe00::/7\"}", "{cidr: 255.255.255.255/32}"};

	if (below(2))
		rf_buf_addf(out, "{podSelector: {matchLabels: {app: a%u}}}", below(APPS));
	else
		rf_buf_addf(out, "{ipBlock: %s}", blocks[below(RF_ARRAY_LEN(blocks))]);
}

static void add_rules(struct rf_buf *out, const char *section, const char *peers)
{
	static const char *const ports[] = {"", ", ports: [{port: 80}]",
		", ports: [{port: 80}, {port: 82, endPort: 90}, {port: web}]",
		", ports: [{port: 53, protocol: UDP}]", ", ports: [{protocol: TCP}]",
		", ports: [{port: 1, endPort: 65535, protocol: SCTP}, {port: 443}]"};
	unsigned rules = below(3);

	rf_buf_addf(out, "  %s: [", section);
	for (unsigned i = 0; i < rules; i++) {
		rf_buf_addf(out, "%s{%s: [", i ? ", " : "", peers);
		if (below(5)) {
			add_peer(out);
			rf_buf_add_c(out, ", ");
			add_peer(out);
		}
		rf_buf_addf(out, "]%s}", ports[below(RF_ARRAY_LEN(ports))]);
	}
	rf_buf_add_c(out, "]\n");
}

static void add_policies(struct rf_buf *out)
{
	static const char *const types[] = {"Ingress", "Egress", "Ingress, Egress"};
	unsigned count = below(6);

	for (unsigned i = 0; i < count; i++) {
		rf_buf_addf(out,
			"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: "
			"{name: n%u}\nspec:\n  podSelector: {matchLabels: {app: a%u}}\n  "
			"policyTypes: [%s]\n",
			i, below(APPS), types[below(3)]);
		add_rules(out, "ingress", "from");
		add_rules(out, "egress", "to");
	}
}

struct random_services {
	struct fence_endpoint endpoints[4][3];
	struct fence_service items[4];
	struct fence_services list;
};

static void make_services(struct random_services *s)
{
	char text[RF_IP_TEXT_SIZE];

	memset(s, 0, sizeof(*s));
	s->list.items = s->items;
	for (unsigned i = 0; i < 4; i++) {
		struct fence_service *item = &s->items[s->list.count];

		if (below(3) == 0)
			continue;
		snprintf(text, sizeof(text), i % 2 ? "fd96::%u" : "10.96.0.%u", i + 1);
		*item = (struct fence_service){.ip = net_ip(text),
			.proto = i > 1 ? POLICY_UDP : POLICY_TCP,
			.port = 80,
			.endpoints = s->endpoints[i],
			.endpoint_count = below(4)};
		for (unsigned k = 0; k < item->endpoint_count; k++) {
			snprintf(text, sizeof(text), i % 2 ? "fd77::%u" : "10.77.0.%u",
				below(PODS) + 1);
			s->endpoints[i][k] = (struct fence_endpoint){net_ip(text), 8080};
		}
		s->list.count++;
	}
}

static int run(const char *command)
{
	return system(command);
}

/* The same picture in a table of its own, listed beside the one that grew. */
static bool is_what_a_fresh_table_would_be(void)
{
	struct fence twin = *m.fence;
	char name[] = "ringfence_twin";
	struct fence_stats stats = {0};
	struct rf_err err = {.code = RF_OK};

	twin.table = name;
	if (fence_replace_table(&twin, m.fence->held, m.fence->generation, &stats, &err) < 0) {
		tap_diag("twin: %s", err.msg);
		return false;
	}
	return run("d=$(mktemp -d) && nft list table inet ringfence_twin | "
		   "sed 's/ringfence_twin/ringfence/' | sort > $d/twin && "
		   "nft list table inet ringfence | sort | diff $d/twin - >&2; "
		   "rc=$?; rm -r $d; exit $rc") == 0;
}

static bool step(void)
{
	AUTO_BUF text = {0};
	struct random_services services;
	struct fence_stats stats = {0};
	struct rf_err err = {.code = RF_OK};
	struct net_policy p;
	int rc = RF_EINPUT;

	rf_buf_add_c(&text, "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n");
	add_pods(&text);
	add_policies(&text);
	make_services(&services);
	if (net_policy_load(&p, rf_buf_cstr(&text)))
		rc = fence_apply(m.fence, p.policy, &services.list, &stats, &err);
	net_policy_done(&p);
	CHECKF(rc == RF_OK && !stats.replaced, "%s%s", err.msg,
		stats.replaced ? " (replaced)" : "");
	return rc == RF_OK && !stats.replaced;
}

static void many_differences_make_the_table_that_the_last_state_would(void)
{
	bool nft = run("command -v nft >/dev/null") == 0;
	unsigned differ = 0;

	if (!m.ready)
		SKIP("needs root and a network namespace");
	for (unsigned i = 0; i < STEPS; i++) {
		REQUIRE(step());
		if (nft && i % 6 == 5)
			differ += !is_what_a_fresh_table_would_be();
	}
	CHECK_INT(differ, 0);
	if (!nft)
		tap_diag("without nft, listings were not compared");
}

static void a_hundred_thousand_elements_go_in_one_batch(void)
{
	AUTO_BUF text = {0};
	struct fence_stats stats = {0};
	struct rf_err err = {.code = RF_OK};
	struct net_policy p;

	if (!m.ready)
		SKIP("needs root and a network namespace");
	for (unsigned i = 0; i < 17000; i++)
		rf_buf_addf(&text,
			"---\napiVersion: v1\nkind: Pod\nmetadata: {name: p%u}\nspec: {containers: "
			"[{name: c, image: i}]}\nstatus: {podIPs: [{ip: 10.77.%u.%u}, {ip: "
			"\"fd77::%x\"}]}\n",
			i, i / 250, i % 250 + 1, i + 1);
	REQUIRE(net_policy_load(&p, rf_buf_cstr(&text)));
	CHECK_INT(fence_apply(m.fence, p.policy, NULL, &stats, &err), RF_OK);
	CHECKF(stats.elements_added > 100000, "%u elements, %s", stats.elements_added, err.msg);
	CHECK(!stats.replaced);
	net_policy_done(&p);
}

static void a_refused_change_leaves_the_table_as_it_was(void)
{
	struct fence_stats stats = {0};
	struct rf_err err = {.code = RF_OK};
	struct fence_service bad = {.ip = net_ip("10.96.0.1"), .proto = POLICY_TCP, .port = 80};
	struct fence_services services = {.items = &bad, .count = 1};
	struct net_policy p;
	char table[] = "ringfence";
	char too_long[300];

	if (!m.ready)
		SKIP("needs root and a network namespace");
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	REQUIRE(net_policy_load(
		&p, "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: empty}\n"));
	REQUIRE(fence_apply(m.fence, p.policy, NULL, &stats, &err) == RF_OK);
	free(m.fence->table);
	m.fence->table = too_long;
	CHECK(fence_apply(m.fence, p.policy, &services, &stats, &err) < 0);
	CHECKF(strstr(err.msg, "the fence stays as it was") && strstr(err.msg, "svc_empty4"), "%s",
		err.msg);
	m.fence->table = rf_str_dup(rf_str_of(table));
	CHECK_INT(fence_apply(m.fence, p.policy, &services, &stats, &err), RF_OK);
	CHECK_INT(stats.elements_added, 1);
	net_policy_done(&p);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	open_fence();
	RUN(many_differences_make_the_table_that_the_last_state_would);
	RUN(a_hundred_thousand_elements_go_in_one_batch);
	RUN(a_refused_change_leaves_the_table_as_it_was);
	fence_close(m.fence);
	return TAP_END();
}
