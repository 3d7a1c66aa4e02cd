/*
 * Route netlink: links, addresses, routes and neighbours of one network namespace (the one that
 * the socket, netlink_open(NETLINK_ROUTE), was opened in). One call, one request, one answer.
 *
 * Source: linux/rtnetlink.h, linux/if_link.h.
 */
#ifndef RF_DATAPLANE_RTNL_H
#define RF_DATAPLANE_RTNL_H

#include <libmnl/libmnl.h>

#include "base/err.h"
#include "base/ip.h"

struct rtnl_mac {
	uint8_t bytes[6];
};

/* Two ends of a veth; the peer is made in the namespace of peer_netns. */
struct rtnl_veth {
	const char *name, *peer_name;
	struct rtnl_mac mac, peer_mac;
	int peer_netns;
};

struct rtnl_route {
	struct rf_cidr to;
	const struct rf_ip *via; /* NULL: on the link */
	int link;		 /* index, 0: none */
	unsigned metric;	 /* the lowest wins; 0: the kernel's default */
	bool unreachable;
};

int rtnl_veth_add(
	struct mnl_socket *rtnl, const struct rtnl_veth *veth, struct rf_err *err) RF_MUST_USE;
/* RF_EABSENT when there is no such link. */
int rtnl_link_index(
	struct mnl_socket *rtnl, const char *name, int *ret, struct rf_err *err) RF_MUST_USE;
int rtnl_link_up(struct mnl_socket *rtnl, int link, struct rf_err *err) RF_MUST_USE;
/* True when the link carries packets: up is not enough, its far end must be up too. */
bool rtnl_link_running(struct mnl_socket *rtnl, int link);
/* A link that is gone is fine: it goes by itself with its far end's namespace. */
int rtnl_link_del(struct mnl_socket *rtnl, int link, struct rf_err *err) RF_MUST_USE;
/* Calls fn for every veth. */
typedef void (*rtnl_link_fn)(void *ctx, const char *name, int link);
int rtnl_veth_each(
	struct mnl_socket *rtnl, rtnl_link_fn fn, void *ctx, struct rf_err *err) RF_MUST_USE;

/* IPv6 addresses are usable at once (no duplicate address detection). */
int rtnl_addr_add(struct mnl_socket *rtnl, int link, const struct rf_cidr *addr,
	struct rf_err *err) RF_MUST_USE;
/* True once the namespace takes packets for the address: IPv6 begins a moment after adding it. */
bool rtnl_addr_ready(struct mnl_socket *rtnl, const struct rf_ip *ip);
/* A permanent entry; replaces one that is there. */
int rtnl_neighbour_set(struct mnl_socket *rtnl, int link, const struct rf_ip *ip,
	struct rtnl_mac mac, struct rf_err *err) RF_MUST_USE;
/* Replaces an equal route. */
int rtnl_route_add(
	struct mnl_socket *rtnl, const struct rtnl_route *route, struct rf_err *err) RF_MUST_USE;
/* RF_EABSENT when there is none. */
int rtnl_route_del(
	struct mnl_socket *rtnl, const struct rtnl_route *route, struct rf_err *err) RF_MUST_USE;

#endif
