/* The fence on a machine of its own, with pods on real links and packets that pass or do not. */
#include "dataplane/denial.h"
#include "dataplane/fence_int.h"
#include "dataplane/netlink.h"
#include "dataplane/rtnl.h"
#include "tests/unit/dataplane/net_test.h"

#define POD(name, app, v4, v6)                                                             \
	"---\napiVersion: v1\nkind: Pod\nmetadata: {name: " name ", labels: {app: " app    \
	"}}\nspec: {containers: [{name: c, image: i}]}\nstatus: {phase: Running, podIPs: " \
	"[{ip: " v4 "}, {ip: \"" v6 "\"}]}\n"
#define POLICY(name, spec)                                                                         \
	"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " name "}\n" \
	"spec: " spec "\n"

#define A4   "10.77.0.11"
#define B4   "10.77.0.12"
#define C4   "10.77.0.13"
#define A6   "fd77::11"
#define B6   "fd77::12"
#define C6   "fd77::13"
#define PODS POD("a", "a", A4, A6) POD("b", "b", B4, B6) POD("c", "c", C4, C6)
#define B_TAKES_A_ON_80                                                                        \
	POLICY("b", "{podSelector: {matchLabels: {app: b}}, policyTypes: [Ingress], ingress: " \
		    "[{from: [{podSelector: {matchLabels: {app: a}}}], ports: [{port: 80}]}]}")

static const char *const pod_ips[][2] = {{A4, A6}, {B4, B6}, {C4, C6}};

/* The machine: made once, shared by the tests of this program. */
static struct {
	bool ready;
	int pods[3];
	struct fence *fence;
} m = {.pods = {-1, -1, -1}};

enum { A, B, C, HOST = -1 };

static bool add_pod(unsigned i)
{
	static const char *const names[] = {"rfa", "rfb", "rfc"};
	struct rf_err err = {.code = RF_OK};
	struct link_pod pod = {.name = names[i], .ip_count = 2};

	m.pods[i] = net_new();
	pod.netns_fd = m.pods[i];
	pod.ips[0] = net_ip(pod_ips[i][0]);
	pod.ips[1] = net_ip(pod_ips[i][1]);
	if (m.pods[i] < 0 || link_pod_add(&pod, &err) < 0) {
		tap_diag("pod %s: %s", names[i], err.msg);
		return false;
	}
	for (unsigned port = 80; port <= 82; port++) {
		net_listen(m.pods[i], pod_ips[i][0], (uint16_t)port);
		net_listen(m.pods[i], pod_ips[i][1], (uint16_t)port);
	}
	return true;
}

/* The machine's way to Service addresses; a real one has a default route. */
static bool add_service_routes(struct rf_err *err)
{
	CLEANUP(netlink_closep) struct mnl_socket *rtnl = NULL;
	const struct rtnl_route routes[] = {
		{.to = net_cidr("10.96.0.0/16"), .link = 1},
		{.to = net_cidr("fd96::/64"), .link = 1},
	};

	return netlink_open(NETLINK_ROUTE, &rtnl, err) == RF_OK &&
	       rtnl_route_add(rtnl, &routes[0], err) == RF_OK &&
	       rtnl_route_add(rtnl, &routes[1], err) == RF_OK;
}

static bool make_machine(void)
{
	struct fence_config config = {
		.table = "ringfence",
		.link_prefix = "rf",
		.pod_ranges = {net_cidr("10.77.0.0/16"), net_cidr("fd77::/64")},
		.pod_range_count = 2,
	};
	const struct rf_cidr node4 = net_cidr("192.0.2.1/32"), second = net_cidr("192.0.2.2/32"),
			     node6 = net_cidr("2001:db8::1/128");
	struct link_forwarding before;
	struct rf_err err = {.code = RF_OK};

	if (!net_enter_new())
		return false;
	m.ready = link_up("lo", &err) == RF_OK && link_addr_add("lo", &node4, &err) == RF_OK &&
		  link_addr_add("lo", &node6, &err) == RF_OK &&
		  link_addr_add("lo", &second, &err) == RF_OK &&
		  link_forwarding_enable(&before, &err) == RF_OK &&
		  fence_open(&config, &m.fence, &err) == RF_OK &&
		  link_unreachable_add(&config.pod_ranges[0], &err) == RF_OK &&
		  link_unreachable_add(&config.pod_ranges[1], &err) == RF_OK &&
		  add_service_routes(&err) && add_pod(A) && add_pod(B) && add_pod(C);
	net_listen(HOST, "192.0.2.1", 90);
	net_listen(HOST, "192.0.2.2", 90);
	net_listen(HOST, "2001:db8::1", 90);
	if (!m.ready)
		tap_diag("%s", err.msg);
	return m.ready;
}

static bool apply(const char *yaml, const struct fence_services *services, struct fence_stats *ret)
{
	struct rf_err err = {.code = RF_OK};
	struct net_policy p;
	int rc = RF_EINPUT;

	if (net_policy_load(&p, yaml))
		rc = fence_apply(m.fence, p.policy, services, ret, &err);
	if (rc < 0)
		tap_diag("apply: %s", err.msg);
	net_policy_done(&p);
	return rc == RF_OK;
}

static int ns_of(int who)
{
	return who == HOST ? -1 : m.pods[who];
}

/* Both families agree on what happens; returns it. */
static int reach(int from, int to, uint16_t port)
{
	int v4 = net_try(ns_of(from), pod_ips[to][0], port);
	int v6 = net_try(ns_of(from), pod_ips[to][1], port);

	CHECKF(v4 == v6, "IPv4 gives %d, IPv6 %d", v4, v6);
	return v4;
}

#define NEED_MACHINE()                                              \
	do {                                                        \
		if (!m.ready)                                       \
			SKIP("needs root and a network namespace"); \
	} while (0)

static void a_new_fence_lets_no_pod_speak(void)
{
	NEED_MACHINE();
	CHECK(fence_exists("ringfence"));
	CHECK_INT(reach(A, B, 80), ETIMEDOUT);
	CHECK_INT(reach(HOST, A, 80), 0);
}

static void pods_without_policies_reach_each_other(void)
{
	NEED_MACHINE();
	REQUIRE(apply(PODS, NULL, NULL));
	CHECK_INT(reach(A, B, 80), 0);
	CHECK_INT(reach(B, A, 81), 0);
	CHECK_INT(reach(C, A, 82), 0);
}

static void a_policy_passes_its_peer_on_its_port_only(void)
{
	NEED_MACHINE();
	REQUIRE(apply(PODS B_TAKES_A_ON_80, NULL, NULL));
	CHECK_INT(reach(A, B, 80), 0);
	CHECK_INT(reach(A, B, 81), ETIMEDOUT);
	CHECK_INT(reach(C, B, 80), ETIMEDOUT);
	CHECK_INT(reach(B, C, 80), 0);
	CHECK_INT(reach(HOST, B, 81), 0);
}

/* --- what a change costs --- */

static void a_pod_of_a_known_class_costs_three_elements_a_family(void)
{
	struct fence_stats stats = {0};

	NEED_MACHINE();
	REQUIRE(apply(PODS B_TAKES_A_ON_80, NULL, NULL));
	REQUIRE(apply(PODS B_TAKES_A_ON_80 POD("a2", "a", "10.77.0.21", "fd77::21"), NULL, &stats));
	CHECK_INT(stats.elements_added, 6);
	CHECK_INT(stats.elements_removed, 0);
	CHECK_INT(stats.chains_changed, 0);
	REQUIRE(apply(PODS B_TAKES_A_ON_80, NULL, &stats));
	CHECK_INT(stats.elements_added, 0);
	CHECK_INT(stats.elements_removed, 6);
	CHECK_INT(stats.chains_changed, 0);
}

static void applying_the_same_again_changes_nothing(void)
{
	struct fence_stats stats = {0};

	NEED_MACHINE();
	REQUIRE(apply(PODS B_TAKES_A_ON_80, NULL, NULL));
	REQUIRE(apply(PODS B_TAKES_A_ON_80, NULL, &stats));
	CHECK_INT(stats.elements_added + stats.elements_removed + stats.chains_changed, 0);
	CHECK_INT(stats.classes, 3 + 1);
}

static void classes_keep_their_numbers_when_the_files_are_reordered(void)
{
	struct fence_stats stats = {0};

	NEED_MACHINE();
	REQUIRE(apply(PODS B_TAKES_A_ON_80, NULL, NULL));
	REQUIRE(apply(B_TAKES_A_ON_80 POD("c", "c", C4, C6) POD("b", "b", B4, B6)
			      POD("a", "a", A4, A6),
		NULL, &stats));
	CHECK_INT(stats.elements_added + stats.elements_removed + stats.chains_changed, 0);
}

/* --- shapes of policies --- */

static void egress_rules_bind_the_source_only(void)
{
	NEED_MACHINE();
	REQUIRE(apply(
		PODS POLICY("a", "{podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], "
				 "egress: [{to: [{podSelector: {matchLabels: {app: b}}}], "
				 "ports: [{port: 80, endPort: 81}, {port: 443}]}]}"),
		NULL, NULL));
	CHECK_INT(reach(A, B, 80), 0);
	CHECK_INT(reach(A, B, 81), 0);
	CHECK_INT(reach(A, B, 82), ETIMEDOUT);
	CHECK_INT(reach(A, C, 80), ETIMEDOUT);
	CHECK_INT(reach(C, A, 80), 0);
	CHECK_INT(net_try(m.pods[A], "192.0.2.1", 90), ETIMEDOUT);
}

/* Every source but one may: the list holds the exception, not the rule. */
static void a_rule_for_nearly_everybody_lists_the_exception(void)
{
	NEED_MACHINE();
	REQUIRE(apply(
		PODS POD("d", "d", "10.77.0.31", "fd77::31") POD("e", "e", "10.77.0.32", "fd77::32")
			POLICY("b", "{podSelector: {matchLabels: {app: b}}, ingress: [{from: "
				    "[{podSelector: {matchExpressions: [{key: app, operator: "
				    "In, values: [a, b, d, e]}]}}, {ipBlock: {cidr: "
				    "192.0.2.0/24}}], ports: [{port: 80}]}]}"),
		NULL, NULL));
	CHECK_INT(reach(A, B, 80), 0);
	CHECK_INT(reach(A, B, 81), ETIMEDOUT);
	CHECK_INT(reach(C, B, 80), ETIMEDOUT);
}

static void ip_blocks_cut_the_outside(void)
{
	NEED_MACHINE();
	REQUIRE(apply(
		PODS POLICY("a", "{podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], "
				 "egress: [{to: [{ipBlock: {cidr: 192.0.0.0/16, except: "
				 "[192.0.2.0/31]}}, {ipBlock: {cidr: \"2001:db8::/32\"}}]}]}"),
		NULL, NULL));
	CHECK_INT(net_try(m.pods[A], "192.0.2.1", 90), ETIMEDOUT);
	CHECK_INT(net_try(m.pods[A], "192.0.2.2", 90), 0);
	CHECK_INT(net_try(m.pods[A], "2001:db8::1", 90), 0);
	CHECK_INT(net_try(m.pods[B], "192.0.2.1", 90), 0);
	CHECK_INT(reach(A, B, 80), ETIMEDOUT);
}

static void an_address_without_a_pod_is_dropped_both_ways(void)
{
	NEED_MACHINE();
	REQUIRE(apply(POD("a", "a", A4, A6) POD("b", "b", B4, B6), NULL, NULL));
	CHECK_INT(reach(A, C, 80), ETIMEDOUT);
	CHECK_INT(reach(C, A, 80), ETIMEDOUT);
	CHECK_INT(net_try(m.pods[C], "192.0.2.1", 90), ETIMEDOUT);
	CHECK_INT(net_try(m.pods[A], "10.77.9.9", 80), EHOSTUNREACH); /* nor a link */
	CHECK_INT(reach(HOST, C, 80), 0); /* its node reaches it: probes */
}

/* --- connections that are there already --- */

struct flow {
	int client, server;
};

/* Accepts until the connection that ends in client is found. */
static struct flow flow_open(int from, const char *ip, uint16_t port, int listener)
{
	struct flow flow = {.client = net_connect(ns_of(from), ip, port), .server = -1};
	struct pollfd wait = {.fd = listener, .events = POLLIN};

	if (flow.client >= 0 && poll(&wait, 1, WAIT_MS) == 1)
		flow.server = accept(listener, NULL, NULL);
	return flow;
}

static void flow_close(struct flow *flow)
{
	close(flow->client);
	close(flow->server);
}

static void a_revoked_connection_dies_and_the_others_live(void)
{
	struct flow revoked, kept;
	int la, lb;

	NEED_MACHINE();
	la = net_listen(m.pods[B], B4, 8000);
	lb = net_listen(m.pods[C], C4, 8000);
	REQUIRE(apply(PODS, NULL, NULL));
	revoked = flow_open(A, B4, 8000, la);
	kept = flow_open(A, C4, 8000, lb);
	CHECK(net_passes(revoked.client, revoked.server) && net_passes(kept.client, kept.server));
	REQUIRE(apply(PODS B_TAKES_A_ON_80, NULL, NULL));
	CHECK(!net_passes(revoked.server, revoked.client));
	CHECK(!net_passes(revoked.client, revoked.server));
	CHECK(net_passes(kept.server, kept.client) && net_passes(kept.client, kept.server));
	flow_close(&revoked);
	flow_close(&kept);
	close(la);
	close(lb);
}

static void generations_come_round_without_reviving_a_connection(void)
{
	int listener;
	struct flow revoked;

	NEED_MACHINE();
	listener = net_listen(m.pods[B], B4, 8001);
	m.fence->generation = 0; /* the next one is 1 */
	REQUIRE(apply(PODS, NULL, NULL));
	CHECK_INT(m.fence->generation, 1);
	revoked = flow_open(A, B4, 8001, listener);
	CHECK(net_passes(revoked.client, revoked.server));
	m.fence->generation = 0x3fff;
	REQUIRE(apply(PODS B_TAKES_A_ON_80, NULL, NULL));
	CHECK_INT(m.fence->generation, 1);
	CHECK(!net_passes(revoked.client, revoked.server));
	flow_close(&revoked);
	close(listener);
}

/* --- Services --- */

static void services_lead_to_endpoints_and_judge_the_real_destination(void)
{
	const struct fence_endpoint b[] = {{net_ip(B4), 80}}, b6[] = {{net_ip(B6), 80}};
	const struct fence_endpoint two[] = {{net_ip(B4), 80}, {net_ip(C4), 81}};
	const struct fence_endpoint a[] = {{net_ip(A4), 82}};
	const struct fence_service items[] = {
		{net_ip("10.96.0.1"), POLICY_TCP, 8080, b, 1},
		{net_ip("fd96::1"), POLICY_TCP, 8080, b6, 1},
		{net_ip("10.96.0.2"), POLICY_TCP, 80, two, 2},
		{net_ip("10.96.0.3"), POLICY_TCP, 80, a, 1},
		{net_ip("10.96.0.4"), POLICY_TCP, 80, NULL, 0},
		{net_ip("fd96::4"), POLICY_TCP, 80, NULL, 0},
	};
	const struct fence_services services = {.items = items, .count = RF_ARRAY_LEN(items)};
	struct fence_stats stats;

	NEED_MACHINE();
	REQUIRE(apply(PODS B_TAKES_A_ON_80, &services, NULL));
	CHECK_INT(net_try(m.pods[A], "10.96.0.1", 8080), 0);
	CHECK_INT(net_try(m.pods[A], "fd96::1", 8080), 0);
	CHECK_INT(net_try(m.pods[C], "10.96.0.1", 8080), ETIMEDOUT);
	CHECK_INT(net_try(-1, "10.96.0.1", 8080), 0);
	for (unsigned i = 0; i < 8; i++)
		CHECK_INT(net_try(m.pods[A], "10.96.0.2", 80), 0);
	CHECK_INT(net_try(m.pods[A], "10.96.0.3", 80), 0); /* itself, through a Service */
	CHECK_INT(net_try(m.pods[A], "10.96.0.4", 80), ECONNREFUSED);
	CHECK_INT(net_try(m.pods[A], "fd96::4", 80), ECONNREFUSED);
	REQUIRE(apply(PODS B_TAKES_A_ON_80, &services, &stats));
	CHECK_INT(stats.elements_added + stats.elements_removed + stats.chains_changed, 0);
	REQUIRE(apply(PODS B_TAKES_A_ON_80, NULL, NULL));
	CHECK(net_try(m.pods[A], "10.96.0.1", 8080) != 0);
}

/* --- denials --- */

struct seen {
	struct denial last;
	unsigned count;
};

static void note_denial(void *ctx, const struct denial *denial)
{
	struct seen *seen = ctx;

	if (denial->to_port != 81) /* earlier tests' connections still try */
		return;
	seen->last = *denial;
	seen->count++;
}

static void a_denial_is_logged_with_the_pair_of_classes(void)
{
	struct denial_log *log = NULL;
	struct rf_err err = {.code = RF_OK};
	struct seen seen = {.count = 0};
	struct rf_ip a = net_ip(A4), b = net_ip(B4);
	unsigned lost;

	NEED_MACHINE();
	REQUIRE(apply(PODS B_TAKES_A_ON_80, NULL, NULL));
	REQUIRE(denial_open(FENCE_NFLOG_GROUP, &log, &err) == RF_OK);
	CHECK_INT(net_try(m.pods[A], B4, 81), ETIMEDOUT);
	CHECK_INT(denial_read(log, note_denial, &seen, &lost, &err), RF_OK);
	CHECK_INT(lost, 0);
	CHECK(seen.count >= 1);
	CHECK(rf_ip_eq(&seen.last.from, &a) && rf_ip_eq(&seen.last.to, &b));
	CHECK_INT(seen.last.proto, POLICY_TCP);
	CHECK_INT(seen.last.to_port, 81);
	CHECK(seen.last.mark >> 16 && (seen.last.mark & 0xffff) &&
		seen.last.mark >> 16 != (seen.last.mark & 0xffff));
	denial_close(log);
}

static void a_pod_cannot_borrow_anothers_address(void)
{
	union net_addr to, from;
	socklen_t len = net_addr(C4, 70, &to);
	int fd, rx, one = 1;
	struct pollfd wait;

	NEED_MACHINE();
	REQUIRE(apply(PODS, NULL, NULL));
	rx = net_socket(m.pods[C], AF_INET, SOCK_DGRAM);
	fd = net_socket(m.pods[A], AF_INET, SOCK_DGRAM);
	REQUIRE(bind(rx, &to.any, len) == 0);
	setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one));
	setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &one, sizeof(one));
	net_addr(B4, 0, &from);
	CHECK_INT(bind(fd, &from.any, len), 0);
	CHECK_INT(sendto(fd, "x", 1, 0, &to.any, len), 1);
	wait = (struct pollfd){.fd = rx, .events = POLLIN};
	CHECK_INT(poll(&wait, 1, WAIT_MS), 0);
	close(fd);
	fd = net_socket(m.pods[A], AF_INET, SOCK_DGRAM);
	CHECK_INT(sendto(fd, "x", 1, 0, &to.any, len), 1);
	CHECK_INT(poll(&wait, 1, WAIT_MS), 1);
	close(fd);
	close(rx);
}

/* --- the table and others --- */

static void a_table_that_somebody_changed_is_made_anew(void)
{
	struct fence_stats stats = {0};
	struct rf_err err = {.code = RF_OK};

	NEED_MACHINE();
	REQUIRE(apply(PODS, NULL, NULL));
	REQUIRE(fence_remove("ringfence", &err) == RF_OK);
	CHECK(!fence_exists("ringfence"));
	REQUIRE(apply(PODS B_TAKES_A_ON_80, NULL, &stats));
	CHECK(stats.replaced);
	CHECK_INT(reach(A, B, 80), 0);
	CHECK_INT(reach(C, B, 80), ETIMEDOUT);
	REQUIRE(apply(PODS, NULL, &stats));
	CHECK(!stats.replaced);
	CHECK_INT(reach(C, B, 80), 0);
}

static void what_others_do_to_the_table_is_noticed_and_undone(void)
{
	struct fence_stats stats = {0};
	struct rf_err err = {.code = RF_OK};

	NEED_MACHINE();
	REQUIRE(apply(PODS, NULL, NULL));
	(void)fence_check(m.fence);
	REQUIRE(apply(PODS B_TAKES_A_ON_80, NULL, &stats));
	CHECKF(!fence_check(m.fence), "our own changes are not taken for those of others");
	CHECK_INT(reach(C, B, 80), ETIMEDOUT);
	REQUIRE(fence_remove("somebody-elses", &err) == RF_OK);
	CHECKF(!fence_check(m.fence), "nor are tables of others for ours");
	REQUIRE(fence_remove("ringfence", &err) == RF_OK);
	CHECK_INT(reach(C, B, 80), 0);
	CHECK(fence_check(m.fence));
	REQUIRE(apply(PODS B_TAKES_A_ON_80, NULL, &stats));
	CHECKF(stats.replaced, "although nothing differs from what was sent");
	CHECK(!fence_check(m.fence));
	CHECK_INT(reach(C, B, 80), ETIMEDOUT);
	CHECK_INT(reach(A, B, 80), 0);
}

static void removing_an_absent_table_is_fine(void)
{
	struct rf_err err = {.code = RF_OK};

	NEED_MACHINE();
	CHECK_INT(fence_remove("ringfence_absent", &err), RF_OK);
	CHECK(!fence_exists("ringfence_absent"));
}

static void nft_lists_the_table_and_reads_its_own_listing(void)
{
	NEED_MACHINE();
	if (system("command -v nft >/dev/null") != 0)
		SKIP("needs nft");
	REQUIRE(apply(
		PODS B_TAKES_A_ON_80 POLICY("c",
			"{podSelector: {matchLabels: {app: c}}, policyTypes: [Ingress, Egress], "
			"ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}, "
			"{ipBlock: {cidr: 0.0.0.0/1}}, {ipBlock: {cidr: \"8000::/1\"}}], ports: "
			"[{port: 1}, {port: 5, endPort: 9}, {port: 53, protocol: UDP}, {port: 7, "
			"endPort: 9, protocol: SCTP}]}], egress: [{}]}"),
		NULL, NULL));
	/* Counters count and the log's set forgets; all else is the same after a round trip. */
	CHECK_INT(system("d=$(mktemp -d) && nft list ruleset > $d/a && nft -c -f $d/a && "
			 "unshare -n sh -c \"nft -f $d/a && nft list ruleset > $d/b\" && "
			 "sed -i -E 's/packets [0-9]+ bytes [0-9]+//;/expires/d' $d/a $d/b && "
			 "diff $d/a $d/b >&2; rc=$?; rm -r $d; exit $rc"),
		0);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	make_machine();
	RUN(a_new_fence_lets_no_pod_speak);
	RUN(pods_without_policies_reach_each_other);
	RUN(a_policy_passes_its_peer_on_its_port_only);
	RUN(a_pod_of_a_known_class_costs_three_elements_a_family);
	RUN(applying_the_same_again_changes_nothing);
	RUN(classes_keep_their_numbers_when_the_files_are_reordered);
	RUN(egress_rules_bind_the_source_only);
	RUN(a_rule_for_nearly_everybody_lists_the_exception);
	RUN(ip_blocks_cut_the_outside);
	RUN(an_address_without_a_pod_is_dropped_both_ways);
	RUN(a_revoked_connection_dies_and_the_others_live);
	RUN(generations_come_round_without_reviving_a_connection);
	RUN(services_lead_to_endpoints_and_judge_the_real_destination);
	RUN(a_denial_is_logged_with_the_pair_of_classes);
	RUN(a_pod_cannot_borrow_anothers_address);
	RUN(a_table_that_somebody_changed_is_made_anew);
	RUN(what_others_do_to_the_table_is_noticed_and_undone);
	RUN(removing_an_absent_table_is_fine);
	RUN(nft_lists_the_table_and_reads_its_own_listing);
	fence_close(m.fence);
	return TAP_END();
}
