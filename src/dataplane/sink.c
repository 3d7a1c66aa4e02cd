/*
 * The link that leads nowhere: its far end is alone in a network namespace that nobody is in. The
 * namespace lives by its descriptor, and takes the link along when it goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "base/fd.h"
#include "dataplane/link.h"
#include "dataplane/netlink.h"
#include "dataplane/rtnl.h"

#define FAR_END	    "nowhere"
#define SINK_METRIC 1000000U /* after whatever else there is */

static int bring_up(struct mnl_socket *rtnl, const char *name, int *ret_link, struct rf_err *err)
{
	int rc = rtnl_link_index(rtnl, name, ret_link, err);

	return rc == RF_OK ? rtnl_link_up(rtnl, *ret_link, err) : rc;
}

/* A namespace of its own, and a socket in it. */
static int make_namespace(int *ret_fd, struct mnl_socket **ret_rtnl, struct rf_err *err)
{
	AUTO_FD home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	AUTO_FD made = -1;
	int rc;

	if (home < 0)
		return rf_err_sys(err, errno, "open this thread's network namespace");
	if (unshare(CLONE_NEWNET) < 0)
		return rf_err_sys(err, errno, "make a network namespace");
	made = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	rc = made < 0 ? rf_err_sys(err, errno, "open a network namespace")
		      : netlink_open(NETLINK_ROUTE, ret_rtnl, err);
	/* A thread that stayed there would do the host's work there. */
	if (setns(home, CLONE_NEWNET) < 0)
		abort();
	if (rc == RF_OK)
		*ret_fd = TAKE_FD(made);
	return rc;
}

static int set_routes(
	struct mnl_socket *rtnl, const struct link_sink *sink, int link, struct rf_err *err)
{
	int rc = RF_OK;

	for (unsigned i = 0; rc == RF_OK && i < sink->node_ip_count; i++) {
		struct rf_cidr own = {.ip = sink->node_ips[i],
			.prefix = (unsigned)rf_family_len(sink->node_ips[i].family) * 8};

		rc = rtnl_addr_add(rtnl, link, &own, err);
	}
	for (unsigned i = 0; rc == RF_OK && i < sink->range_count; i++) {
		const struct rtnl_route route = {
			.to = sink->ranges[i], .link = link, .metric = SINK_METRIC};

		rc = rtnl_route_add(rtnl, &route, err);
	}
	return rc;
}

int link_sink_open(const struct link_sink *sink, int *ret_fd, struct rf_err *err)
{
	CLEANUP(netlink_closep) struct mnl_socket *rtnl = NULL;
	CLEANUP(netlink_closep) struct mnl_socket *inside = NULL;
	AUTO_FD namespace = -1;
	struct rtnl_veth veth = {.name = sink->name,
		.peer_name = FAR_END,
		.mac = {{0x02, 0x52, 0, 0, 0, 1}},
		.peer_mac = {{0x02, 0x52, 0, 0, 0, 2}}};
	int far, link = 0, rc = link_del(sink->name, err); /* of one that has just died */

	if (rc == RF_OK)
		rc = netlink_open(NETLINK_ROUTE, &rtnl, err);
	if (rc == RF_OK)
		rc = make_namespace(&namespace, &inside, err);
	veth.peer_netns = namespace;
	if (rc == RF_OK)
		rc = rtnl_veth_add(rtnl, &veth, err);
	if (rc == RF_OK)
		rc = bring_up(inside, FAR_END, &far, err);
	if (rc == RF_OK)
		rc = bring_up(rtnl, sink->name, &link, err);
	if (rc == RF_OK)
		rc = set_routes(rtnl, sink, link, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "link %s", sink->name);
	*ret_fd = TAKE_FD(namespace);
	return RF_OK;
}
