/* The fence on a machine of its own, with pods on real links and packets that pass or do not. */
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

static bool make_machine(void)
{
	struct fence_config config = {
		.table = "ringfence",
		.link_prefix = "rf",
		.pod_ranges = {net_cidr("10.77.0.0/16"), net_cidr("fd77::/64")},
		.pod_range_count = 2,
	};
	const struct rf_cidr node4 = net_cidr("192.0.2.1/32"), node6 = net_cidr("2001:db8::1/128");
	struct link_forwarding before;
	struct rf_err err = {.code = RF_OK};

	if (!net_enter_new())
		return false;
	m.ready = link_up("lo", &err) == RF_OK && link_addr_add("lo", &node4, &err) == RF_OK &&
		  link_addr_add("lo", &node6, &err) == RF_OK &&
		  link_forwarding_enable(&before, &err) == RF_OK &&
		  fence_open(&config, &m.fence, &err) == RF_OK && add_pod(A) && add_pod(B) &&
		  add_pod(C);
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

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	make_machine();
	RUN(a_new_fence_lets_no_pod_speak);
	RUN(pods_without_policies_reach_each_other);
	RUN(a_policy_passes_its_peer_on_its_port_only);
	fence_close(m.fence);
	return TAP_END();
}
