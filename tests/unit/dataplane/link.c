/* Links of pods on a machine of the test's own. */
#include <net/if.h>

#include "dataplane/sysctl.h"
#include "tests/unit/dataplane/net_test.h"

static bool ready;

#define NEED_MACHINE()                                              \
	do {                                                        \
		if (!ready)                                         \
			SKIP("needs root and a network namespace"); \
	} while (0)

static bool make_machine(void)
{
	const struct rf_cidr node4 = net_cidr("192.0.2.1/32"), node6 = net_cidr("2001:db8::1/128");
	struct rf_err err = {.code = RF_OK};

	if (!net_enter_new())
		return false;
	ready = link_up("lo", &err) == RF_OK && link_addr_add("lo", &node4, &err) == RF_OK &&
		link_addr_add("lo", &node6, &err) == RF_OK;
	if (!ready)
		tap_diag("%s", err.msg);
	return ready;
}

static struct link_pod pod_of(const char *name, int ns, const char *v4, const char *v6)
{
	struct link_pod pod = {.name = name, .netns_fd = ns};

	if (v4)
		pod.ips[pod.ip_count++] = net_ip(v4);
	if (v6)
		pod.ips[pod.ip_count++] = net_ip(v6);
	return pod;
}

static void a_pod_is_reached_at_once_in_both_families(void)
{
	struct rf_err err = {.code = RF_OK};
	struct link_pod pod;
	int ns, l4, l6;

	NEED_MACHINE();
	ns = net_new();
	pod = pod_of("rf1", ns, "10.77.0.1", "fd77::1");
	REQUIRE(link_pod_add(&pod, &err) == RF_OK);
	l4 = net_listen(ns, "10.77.0.1", 80);
	l6 = net_listen(ns, "fd77::1", 80);
	CHECK_INT(net_try(-1, "10.77.0.1", 80), 0);
	CHECK_INT(net_try(-1, "fd77::1", 80), 0);
	CHECK_INT(net_try(ns, "192.0.2.1", 81), ECONNREFUSED);
	CHECK_INT(net_try(ns, "2001:db8::1", 81), ECONNREFUSED);
	CHECK_INT(net_try(ns, "127.0.0.1", 81), ECONNREFUSED);
	CHECK_INT(sysctl_get(RF_IPV4, "rf1", "rp_filter"), 1);
	CHECK_INT(sysctl_get(RF_IPV4, "rf1", "forwarding"), 1);
	CHECK_INT(sysctl_get(RF_IPV6, "rf1", "forwarding"), 1);
	CHECK_INT(link_del("rf1", &err), RF_OK);
	CHECK_INT(if_nametoindex("rf1"), 0);
	close(l4);
	close(l6);
	close(ns);
}

static void a_pod_without_ipv6_does_not_speak_it(void)
{
	struct rf_err err = {.code = RF_OK};
	struct link_pod pod;
	int ns;

	NEED_MACHINE();
	ns = net_new();
	pod = pod_of("rf2", ns, "10.77.0.2", NULL);
	REQUIRE(link_pod_add(&pod, &err) == RF_OK);
	CHECK_INT(sysctl_get(RF_IPV6, "rf2", "disable_ipv6"), 1);
	CHECK_INT(net_try(ns, "192.0.2.1", 81), ECONNREFUSED);
	CHECK_INT(net_try(ns, "2001:db8::1", 81), ENETUNREACH);
	CHECK_INT(link_del("rf2", &err), RF_OK);
	close(ns);
}

static void a_failed_link_leaves_nothing_behind(void)
{
	struct rf_err err = {.code = RF_OK};
	struct link_pod first, second;
	int ns;

	NEED_MACHINE();
	ns = net_new();
	first = pod_of("rf3", ns, "10.77.0.3", NULL);
	second = pod_of("rf4", ns, "10.77.0.4", NULL);
	REQUIRE(link_pod_add(&first, &err) == RF_OK);
	CHECK_INT(link_pod_add(&second, &err), RF_EIO); /* the pod has its eth0 already */
	CHECKF(strstr(err.msg, "rf4"), "%s", err.msg);
	CHECK_INT(if_nametoindex("rf4"), 0);
	CHECK_INT(link_del("rf3", &err), RF_OK);
	close(ns);
}

static void links_are_deleted_by_prefix_and_others_stay(void)
{
	struct rf_err err = {.code = RF_OK};
	struct link_pod a, b, other;
	int nsa, nsb, nso;
	unsigned count = 0;

	NEED_MACHINE();
	nsa = net_new();
	nsb = net_new();
	nso = net_new();
	a = pod_of("rfa", nsa, "10.77.0.5", "fd77::5");
	b = pod_of("rfb", nsb, "10.77.0.6", NULL);
	other = pod_of("xyz", nso, NULL, "fd77::7");
	REQUIRE(link_pod_add(&a, &err) == RF_OK && link_pod_add(&b, &err) == RF_OK &&
		link_pod_add(&other, &err) == RF_OK);
	CHECK_INT(link_del_all("rf", &count, &err), RF_OK);
	CHECK_INT(count, 2);
	CHECK(if_nametoindex("xyz") != 0);
	CHECK_INT(link_del("xyz", &err), RF_OK);
	CHECK_INT(link_del("xyz", &err), RF_OK); /* absent is fine */
	close(nsa);
	close(nsb);
	close(nso);
}

static void an_unreachable_range_answers_at_once(void)
{
	const struct rf_cidr v4 = net_cidr("10.77.0.0/16"), v6 = net_cidr("fd77::/64");
	struct rf_err err = {.code = RF_OK};

	NEED_MACHINE();
	CHECK_INT(link_unreachable_add(&v4, &err), RF_OK);
	CHECK_INT(link_unreachable_add(&v6, &err), RF_OK);
	CHECK_INT(net_try(-1, "10.77.1.1", 80), EHOSTUNREACH);
	CHECK_INT(net_try(-1, "fd77::1:1", 80), EHOSTUNREACH);
	CHECK_INT(link_unreachable_del(&v4, &err), RF_OK);
	CHECK_INT(link_unreachable_del(&v6, &err), RF_OK);
	CHECK_INT(link_unreachable_del(&v6, &err), RF_OK); /* absent is fine */
	CHECK_INT(net_try(-1, "10.77.1.1", 80), ENETUNREACH);
}

static void forwarding_goes_back_to_what_it_was(void)
{
	struct link_forwarding before = {true, true};
	struct rf_err err = {.code = RF_OK};

	NEED_MACHINE();
	REQUIRE(sysctl_set(RF_IPV4, "all", "forwarding", "0", &err) == RF_OK &&
		sysctl_set(RF_IPV6, "all", "forwarding", "0", &err) == RF_OK);
	CHECK_INT(link_forwarding_enable(&before, &err), RF_OK);
	CHECK(!before.ipv4 && !before.ipv6);
	CHECK_INT(sysctl_get(RF_IPV4, "all", "forwarding"), 1);
	CHECK_INT(sysctl_get(RF_IPV6, "all", "forwarding"), 1);
	CHECK_INT(link_forwarding_restore(&before, &err), RF_OK);
	CHECK_INT(sysctl_get(RF_IPV4, "all", "forwarding"), 0);
	CHECK_INT(sysctl_get(RF_IPV6, "all", "forwarding"), 0);
}

static void a_name_that_does_not_fit_is_refused(void)
{
	struct rf_err err = {.code = RF_OK};
	struct link_pod pod = pod_of("rf-0123456789abc", -1, "10.77.0.8", NULL);

	CHECK_INT(link_pod_add(&pod, &err), RF_EINPUT);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	make_machine();
	RUN(a_pod_is_reached_at_once_in_both_families);
	RUN(a_pod_without_ipv6_does_not_speak_it);
	RUN(a_failed_link_leaves_nothing_behind);
	RUN(links_are_deleted_by_prefix_and_others_stay);
	RUN(an_unreachable_range_answers_at_once);
	RUN(forwarding_goes_back_to_what_it_was);
	RUN(a_name_that_does_not_fit_is_refused);
	return TAP_END();
}
