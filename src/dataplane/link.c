/*
 * A pod's veth is made with its far end already in the pod's namespace, so that it is never seen
 * half-way in the host's. The pod's end is configured by stepping into the namespace for as long as
 * it takes to open a socket and write settings: both belong to the namespace they were opened in.
 */
#include "dataplane/link.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/vec.h"
#include "dataplane/netlink.h"
#include "dataplane/netns.h"
#include "dataplane/rtnl.h"
#include "dataplane/sysctl.h"

#define POD_LINK      "eth0"
#define READY_WAIT_MS 500

/* Every host end has the same address: it is alone on its link with its pod. */
static const struct rtnl_mac host_mac = {{0xee, 0xee, 0xee, 0xee, 0xee, 0xee}};
static const struct rf_ip gateway4 = {{169, 254, 1, 1}, RF_IPV4};
static const struct rf_ip gateway6 = {{0xfe, 0x80, [15] = 1}, RF_IPV6};

/* Before the host end comes up. send_redirects: the pod's neighbours are all behind us. */
static const struct sysctl_row host_rows[] = {
	{RF_IPV4, "forwarding", "1", false},
	{RF_IPV4, "rp_filter", "1", false},
	{RF_IPV4, "proxy_arp", "0", false},
	{RF_IPV4, "send_redirects", "0", false},
	{RF_IPV4, "accept_redirects", "0", false},
	{RF_IPV4, "accept_source_route", "0", false},
};

static const struct sysctl_row host_rows6[] = {
	{RF_IPV6, "addr_gen_mode", "1", false}, /* no address but the gateway's */
	{RF_IPV6, "accept_ra", "0", false}, {RF_IPV6, "accept_dad", "0", false},
	{RF_IPV6, "accept_redirects", "0", false}, {RF_IPV6, "forwarding", "1", false},
	{RF_IPV6, "force_forwarding", "1", true}, /* since Linux 6.17 */
};

/* The host may send redirects whatever its end is told, when another setting says so. */
static const struct sysctl_row pod_rows[] = {{RF_IPV4, "accept_redirects", "0", false}};

static const struct sysctl_row pod_rows6[] = {
	{RF_IPV6, "accept_ra", "0", false},
	{RF_IPV6, "accept_dad", "0", false},
	{RF_IPV6, "accept_redirects", "0", false},
	{RF_IPV6, "router_solicitations", "0", false},
};

static const struct sysctl_row no_ipv6[] = {{RF_IPV6, "disable_ipv6", "1", true}};

static bool has_family(const struct link_pod *pod, enum rf_family family)
{
	for (unsigned i = 0; i < pod->ip_count; i++) {
		if (pod->ips[i].family == family)
			return true;
	}
	return false;
}

static struct rf_cidr host_cidr(const struct rf_ip *ip)
{
	return (struct rf_cidr){.ip = *ip, .prefix = (unsigned)rf_family_len(ip->family) * 8};
}

/* Locally administered, from the end of the pod's first address. */
static struct rtnl_mac pod_mac(const struct link_pod *pod)
{
	struct rtnl_mac mac = {{0x02, 0x52}};

	if (pod->ip_count)
		memcpy(mac.bytes + 2, pod->ips[0].bytes + rf_family_len(pod->ips[0].family) - 4, 4);
	return mac;
}

/* --- the host's end --- */

static int host_addresses(
	struct mnl_socket *rtnl, const struct link_pod *pod, int link, struct rf_err *err)
{
	int rc = RF_OK;

	if (has_family(pod, RF_IPV6)) {
		struct rf_cidr local = {.ip = gateway6, .prefix = 64};

		rc = rtnl_addr_add(rtnl, link, &local, err);
	}
	for (unsigned i = 0; rc == RF_OK && i < pod->node_ip_count; i++) {
		struct rf_cidr own = host_cidr(&pod->node_ips[i]);

		rc = rtnl_addr_add(rtnl, link, &own, err);
	}
	for (unsigned i = 0; rc == RF_OK && i < pod->ip_count; i++) {
		struct rtnl_route route = {.to = host_cidr(&pod->ips[i]), .link = link};

		rc = rtnl_neighbour_set(rtnl, link, &pod->ips[i], pod_mac(pod), err);
		if (rc == RF_OK)
			rc = rtnl_route_add(rtnl, &route, err);
	}
	return rc;
}

static int host_end(
	struct mnl_socket *rtnl, const struct link_pod *pod, int link, struct rf_err *err)
{
	bool ipv6 = has_family(pod, RF_IPV6);
	int rc = sysctl_set_all(pod->name, host_rows, RF_ARRAY_LEN(host_rows), err);

	if (rc == RF_OK && ipv6)
		rc = sysctl_set_all(pod->name, host_rows6, RF_ARRAY_LEN(host_rows6), err);
	if (rc == RF_OK && !ipv6)
		rc = sysctl_set_all(pod->name, no_ipv6, RF_ARRAY_LEN(no_ipv6), err);
	if (rc == RF_OK)
		rc = rtnl_link_up(rtnl, link, err);
	return rc == RF_OK ? host_addresses(rtnl, pod, link, err) : rc;
}

/* --- the pod's end --- */

struct inside {
	const struct link_pod *pod;
	struct mnl_socket *rtnl;
};

/* What must be done inside: settings, and a socket that stays the namespace's. */
static int prepare_inside(void *ctx, struct rf_err *err)
{
	struct inside *inside = ctx;
	int rc = sysctl_set_all("all", pod_rows, RF_ARRAY_LEN(pod_rows), err);

	if (rc == RF_OK)
		rc = sysctl_set_all(POD_LINK, pod_rows, RF_ARRAY_LEN(pod_rows), err);
	if (rc == RF_OK && has_family(inside->pod, RF_IPV6))
		rc = sysctl_set_all(POD_LINK, pod_rows6, RF_ARRAY_LEN(pod_rows6), err);
	else if (rc == RF_OK)
		rc = sysctl_set_all(POD_LINK, no_ipv6, RF_ARRAY_LEN(no_ipv6), err);
	return rc == RF_OK ? netlink_open(NETLINK_ROUTE, &inside->rtnl, err) : rc;
}

static int enter_and_prepare(
	const struct link_pod *pod, struct mnl_socket **ret, struct rf_err *err)
{
	struct inside inside = {.pod = pod};
	int rc = netns_inside(pod->netns_fd, prepare_inside, &inside, err);

	if (rc == RF_OK)
		*ret = inside.rtnl;
	return rc;
}

static int pod_route(struct mnl_socket *rtnl, int link, enum rf_family family, struct rf_err *err)
{
	const struct rf_ip *gateway = family == RF_IPV6 ? &gateway6 : &gateway4;
	struct rtnl_route direct = {.to = host_cidr(gateway), .link = link};
	struct rtnl_route all = {.to.ip.family = family, .via = gateway, .link = link};
	int rc = rtnl_neighbour_set(rtnl, link, gateway, host_mac, err);

	if (rc == RF_OK && family == RF_IPV4)
		rc = rtnl_route_add(rtnl, &direct, err);
	return rc == RF_OK ? rtnl_route_add(rtnl, &all, err) : rc;
}

static int pod_link_up(struct mnl_socket *rtnl, int *ret, struct rf_err *err)
{
	int lo, rc = rtnl_link_index(rtnl, "lo", &lo, err);

	if (rc == RF_OK)
		rc = rtnl_link_up(rtnl, lo, err);
	if (rc == RF_OK)
		rc = rtnl_link_index(rtnl, POD_LINK, ret, err);
	return rc == RF_OK ? rtnl_link_up(rtnl, *ret, err) : rc;
}

static int pod_end(
	struct mnl_socket *rtnl, const struct link_pod *pod, int *ret, struct rf_err *err)
{
	int rc = pod_link_up(rtnl, ret, err);

	for (unsigned i = 0; rc == RF_OK && i < pod->ip_count; i++) {
		struct rf_cidr addr = host_cidr(&pod->ips[i]);

		rc = rtnl_addr_add(rtnl, *ret, &addr, err);
		if (rc == RF_OK)
			rc = pod_route(rtnl, *ret, pod->ips[i].family, err);
	}
	return rc;
}

static bool is_ready(struct mnl_socket *rtnl, const struct link_pod *pod, int link)
{
	for (unsigned i = 0; i < pod->ip_count; i++) {
		if (!rtnl_addr_ready(rtnl, &pod->ips[i]))
			return false;
	}
	return rtnl_link_running(rtnl, link);
}

/*
 * The kernel starts the pod's end and its IPv6 address in the background, a moment after we asked,
 * and drops what is sent before: a first SYN lost is a second lost.
 */
static int await_ready(
	struct mnl_socket *rtnl, const struct link_pod *pod, int link, struct rf_err *err)
{
	for (unsigned i = 0; i < READY_WAIT_MS * 4; i++) {
		if (is_ready(rtnl, pod, link))
			return RF_OK;
		usleep(250);
	}
	return rf_err_set(err, RF_EIO, "not ready after %d ms", READY_WAIT_MS);
}

/* Both ends of a pair that is there. The pod's first: with the host's comes the route to it. */
static int configure(
	struct mnl_socket *rtnl, const struct link_pod *pod, int link, struct rf_err *err)
{
	CLEANUP(netlink_closep) struct mnl_socket *inside = NULL;
	int pod_link = 0, rc = enter_and_prepare(pod, &inside, err);

	if (rc == RF_OK)
		rc = pod_end(inside, pod, &pod_link, err);
	if (rc == RF_OK)
		rc = host_end(rtnl, pod, link, err);
	return rc == RF_OK ? await_ready(inside, pod, pod_link, err) : rc;
}

/* --- */

static int add_pair(
	struct mnl_socket *rtnl, const struct link_pod *pod, int *ret, struct rf_err *err)
{
	const struct rtnl_veth veth = {
		.name = pod->name,
		.peer_name = POD_LINK,
		.mac = host_mac,
		.peer_mac = pod_mac(pod),
		.peer_netns = pod->netns_fd,
	};
	int rc = rtnl_veth_add(rtnl, &veth, err);

	return rc == RF_OK ? rtnl_link_index(rtnl, pod->name, ret, err) : rc;
}

int link_pod_add(const struct link_pod *pod, struct rf_err *err)
{
	CLEANUP(netlink_closep) struct mnl_socket *rtnl = NULL;
	int link = 0, rc;

	if (strlen(pod->name) >= LINK_NAME_SIZE || pod->ip_count == 0 || pod->ip_count > 2)
		return rf_err_set(err, RF_EINPUT,
			"link \"%s\": a name of at most 15 bytes and one or two addresses are "
			"needed",
			pod->name);
	rc = netlink_open(NETLINK_ROUTE, &rtnl, err);
	if (rc == RF_OK)
		rc = add_pair(rtnl, pod, &link, err);
	if (rc == RF_OK)
		rc = configure(rtnl, pod, link, err);
	if (rc < 0 && link)
		(void)!rtnl_link_del(rtnl, link, NULL);
	return rc == RF_OK ? RF_OK : rf_err_wrap(err, rc, "link %s", pod->name);
}

/* A link that vanishes meanwhile, with its pod's namespace, is as good as deleted. */
static int del_index(struct mnl_socket *rtnl, int link, struct rf_err *err)
{
	struct rf_err own = {.code = RF_OK};
	int rc = rtnl_link_del(rtnl, link, &own);

	if (rc == RF_OK || own.sys_errno == ENODEV)
		return RF_OK;
	if (err)
		*err = own;
	return rc;
}

int link_del(const char *name, struct rf_err *err)
{
	CLEANUP(netlink_closep) struct mnl_socket *rtnl = NULL;
	int link, rc = netlink_open(NETLINK_ROUTE, &rtnl, err);

	if (rc < 0)
		return rc;
	rc = rtnl_link_index(rtnl, name, &link, err);
	if (rc == RF_EABSENT)
		return RF_OK;
	return rc == RF_OK ? del_index(rtnl, link, err) : rc;
}

struct prefixed {
	struct rf_str prefix;
	RF_VEC(int) links;
	bool failed;
};

static void note_prefixed(void *ctx, const char *name, int link)
{
	struct prefixed *p = ctx;

	if (rf_str_starts(rf_str_of(name), p->prefix) && !rf_vec_push(&p->links, link))
		p->failed = true;
}

int link_del_all(const char *prefix, unsigned *ret_count, struct rf_err *err)
{
	CLEANUP(netlink_closep) struct mnl_socket *rtnl = NULL;
	struct prefixed p = {.prefix = rf_str_of(prefix)};
	unsigned count = 0;
	int rc = netlink_open(NETLINK_ROUTE, &rtnl, err);

	if (rc == RF_OK)
		rc = rtnl_veth_each(rtnl, note_prefixed, &p, err);
	if (rc == RF_OK && p.failed)
		rc = rf_err_nomem(err);
	rf_vec_each (link, &p.links) {
		if (rc == RF_OK)
			rc = del_index(rtnl, *link, err);
		count += rc == RF_OK;
	}
	rf_vec_done(&p.links);
	if (rc == RF_OK)
		*ret_count = count;
	return rc;
}

int link_unreachable_add(const struct rf_cidr *range, struct rf_err *err)
{
	CLEANUP(netlink_closep) struct mnl_socket *rtnl = NULL;
	const struct rtnl_route route = {.to = *range, .unreachable = true};
	int rc = netlink_open(NETLINK_ROUTE, &rtnl, err);

	return rc == RF_OK ? rtnl_route_add(rtnl, &route, err) : rc;
}

int link_unreachable_del(const struct rf_cidr *range, struct rf_err *err)
{
	CLEANUP(netlink_closep) struct mnl_socket *rtnl = NULL;
	const struct rtnl_route route = {.to = *range, .unreachable = true};
	int rc = netlink_open(NETLINK_ROUTE, &rtnl, err);

	if (rc == RF_OK)
		rc = rtnl_route_del(rtnl, &route, err);
	return rc == RF_EABSENT ? RF_OK : rc;
}

int link_addr_add(const char *name, const struct rf_cidr *addr, struct rf_err *err)
{
	CLEANUP(netlink_closep) struct mnl_socket *rtnl = NULL;
	int link, rc = netlink_open(NETLINK_ROUTE, &rtnl, err);

	if (rc == RF_OK)
		rc = rtnl_link_index(rtnl, name, &link, err);
	return rc == RF_OK ? rtnl_addr_add(rtnl, link, addr, err) : rc;
}

int link_up(const char *name, struct rf_err *err)
{
	CLEANUP(netlink_closep) struct mnl_socket *rtnl = NULL;
	int link, rc = netlink_open(NETLINK_ROUTE, &rtnl, err);

	if (rc == RF_OK)
		rc = rtnl_link_index(rtnl, name, &link, err);
	return rc == RF_OK ? rtnl_link_up(rtnl, link, err) : rc;
}
