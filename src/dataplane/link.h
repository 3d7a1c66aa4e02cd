/*
 * Links, addresses and routes of pods over rtnetlink: one routed veth a pod, no bridge. In the
 * pod, eth0 has its addresses as /32 and /128 and a default route through a link-local gateway
 * (169.254.1.1, fe80::1) with a fixed neighbour entry; on the host a route for each address leads
 * to the pod's link, with a fixed neighbour entry too, so that no ARP or ND is needed.
 */
#ifndef RF_DATAPLANE_LINK_H
#define RF_DATAPLANE_LINK_H

#include "base/err.h"
#include "base/ip.h"

#define LINK_NAME_SIZE 16 /* IFNAMSIZ */

struct link_pod {
	const char *name; /* host side, at most 15 bytes */
	int netns_fd;	  /* the pod's network namespace; borrowed */
	struct rf_ip ips[2];
	unsigned ip_count;
	/* This machine's own addresses towards pods, put on every pod's link: so what it sends to a
	 * pod has a source address whatever other links it has. */
	struct rf_ip node_ips[2];
	unsigned node_ip_count;
};

/*
 * Makes the veth pair with both ends configured and up, lo up in the pod, forwarding and strict
 * reverse-path checks set on the host end. Nothing is left behind on failure.
 */
int link_pod_add(const struct link_pod *pod, struct rf_err *err) RF_MUST_USE;
/* Deletes a link by name; absent is fine. */
int link_del(const char *name, struct rf_err *err) RF_MUST_USE;
/* Deletes every link whose name begins with prefix. *ret_count: how many. */
int link_del_all(const char *prefix, unsigned *ret_count, struct rf_err *err) RF_MUST_USE;
/*
 * A link that leads nowhere, and routes over it to the ranges: what this machine sends to a Service
 * needs a route and a source address before its destination is changed, also on a machine that has
 * no default route; and what nothing translates does not leave the machine. Any route of the
 * machine's own to these ranges is used before it. *ret_fd keeps it: it goes when that is closed.
 */
struct link_sink {
	const char *name;
	struct rf_cidr ranges[2];
	unsigned range_count;
	struct rf_ip node_ips[2]; /* as those of link_pod */
	unsigned node_ip_count;
};
int link_sink_open(const struct link_sink *sink, int *ret_fd, struct rf_err *err) RF_MUST_USE;
/* A route that refuses the range's addresses which no pod holds (EHOSTUNREACH); and back. */
int link_unreachable_add(const struct rf_cidr *range, struct rf_err *err) RF_MUST_USE;
int link_unreachable_del(const struct rf_cidr *range, struct rf_err *err) RF_MUST_USE;
/* Assigns an address to a link of this namespace (used for nothing but tests and lo). */
int link_addr_add(const char *name, const struct rf_cidr *addr, struct rf_err *err) RF_MUST_USE;
int link_up(const char *name, struct rf_err *err) RF_MUST_USE;

/* Whether the machine forwarded packets before we asked it to. */
struct link_forwarding {
	bool ipv4, ipv6;
};

/*
 * Lets this namespace forward packets of both families; pods need it to reach the outside. A host
 * that forwards IPv6 ignores router advertisements unless told otherwise, so links that took them
 * are told to go on (accept_ra 2). *ret is what link_forwarding_restore() puts back; what others
 * had switched on stays on.
 */
int link_forwarding_enable(struct link_forwarding *ret, struct rf_err *err) RF_MUST_USE;
int link_forwarding_restore(const struct link_forwarding *before, struct rf_err *err) RF_MUST_USE;

#endif
