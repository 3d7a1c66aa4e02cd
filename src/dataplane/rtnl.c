/* Requests are small and of known shape: one buffer on the stack holds each of them. */
#include "dataplane/rtnl.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include "dataplane/netlink.h"

#define REQUEST_SIZE 1024
#define ANSWER_SIZE  32768

struct request {
	char buf[REQUEST_SIZE] __attribute__((aligned(8)));
	struct nlmsghdr *msg;
};

static void *start(struct request *r, uint16_t type, uint16_t flags, size_t header_len)
{
	memset(r->buf, 0, sizeof(r->buf));
	r->msg = mnl_nlmsg_put_header(r->buf);
	r->msg->nlmsg_type = type;
	r->msg->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	return mnl_nlmsg_put_extra_header(r->msg, header_len);
}

static uint8_t family_of(enum rf_family family)
{
	return family == RF_IPV6 ? AF_INET6 : AF_INET;
}

static void put_ip(struct request *r, uint16_t attr, const struct rf_ip *ip)
{
	mnl_attr_put(r->msg, attr, rf_family_len(ip->family), ip->bytes);
}

/* Sends and reads answers until the last one. fn NULL: only success or failure is of interest. */
static int exchange(struct mnl_socket *rtnl, struct request *r, mnl_cb_t fn, void *ctx)
{
	char buf[ANSWER_SIZE] __attribute__((aligned(8)));
	unsigned portid = mnl_socket_get_portid(rtnl);
	ssize_t len;
	int rc;

	r->msg->nlmsg_seq = 1;
	if (mnl_socket_sendto(rtnl, r->msg, r->msg->nlmsg_len) < 0)
		return -errno;
	do {
		len = mnl_socket_recvfrom(rtnl, buf, sizeof(buf));
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		rc = mnl_cb_run(buf, (size_t)len, 1, portid, fn, ctx);
	} while (len < 0 || rc > MNL_CB_STOP);
	return rc < 0 ? -errno : 0;
}

static int failed(int rc, struct rf_err *err, const char *what)
{
	if (rc == 0)
		return RF_OK;
	rf_err_sys(err, -rc, "%s", what);
	if (rc == -EPERM && err)
		err->code = RF_EDENIED;
	return rc == -EPERM ? RF_EDENIED : RF_EIO;
}

/* --- links --- */

static void put_peer(struct request *r, const struct rtnl_veth *veth)
{
	struct nlattr *info = mnl_attr_nest_start(r->msg, IFLA_LINKINFO);
	struct nlattr *data, *peer;

	mnl_attr_put_strz(r->msg, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(r->msg, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(r->msg, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(r->msg, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(r->msg, IFLA_IFNAME, veth->peer_name);
	mnl_attr_put(r->msg, IFLA_ADDRESS, sizeof(veth->peer_mac), &veth->peer_mac);
	mnl_attr_put_u32(r->msg, IFLA_NET_NS_FD, (uint32_t)veth->peer_netns);
	mnl_attr_nest_end(r->msg, peer);
	mnl_attr_nest_end(r->msg, data);
	mnl_attr_nest_end(r->msg, info);
}

int rtnl_veth_add(struct mnl_socket *rtnl, const struct rtnl_veth *veth, struct rf_err *err)
{
	struct request r;

	start(&r, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(r.msg, IFLA_IFNAME, veth->name);
	mnl_attr_put(r.msg, IFLA_ADDRESS, sizeof(veth->mac), &veth->mac);
	put_peer(&r, veth);
	return failed(exchange(rtnl, &r, NULL, NULL), err, "make a veth pair");
}

static int take_index(const struct nlmsghdr *msg, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(msg);

	*(int *)data = info->ifi_index;
	return MNL_CB_STOP;
}

int rtnl_link_index(struct mnl_socket *rtnl, const char *name, int *ret, struct rf_err *err)
{
	struct request r;
	int rc;

	start(&r, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(r.msg, IFLA_IFNAME, name);
	rc = exchange(rtnl, &r, take_index, ret);
	if (rc == -ENODEV)
		return rf_err_set(err, RF_EABSENT, "there is no link \"%s\"", name);
	return failed(rc, err, "look for a link");
}

int rtnl_link_up(struct mnl_socket *rtnl, int link, struct rf_err *err)
{
	struct request r;
	struct ifinfomsg *info = start(&r, RTM_NEWLINK, NLM_F_ACK, sizeof(*info));

	info->ifi_index = link;
	info->ifi_flags = info->ifi_change = IFF_UP;
	return failed(exchange(rtnl, &r, NULL, NULL), err, "bring a link up");
}

static int take_state(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *attrs[IFLA_OPERSTATE + 1];

	netlink_attrs(msg, sizeof(struct ifinfomsg), attrs, RF_ARRAY_LEN(attrs));
	if (attrs[IFLA_OPERSTATE] && mnl_attr_get_payload_len(attrs[IFLA_OPERSTATE]) == 1)
		*(bool *)data = mnl_attr_get_u8(attrs[IFLA_OPERSTATE]) == IF_OPER_UP;
	return MNL_CB_STOP;
}

bool rtnl_link_running(struct mnl_socket *rtnl, int link)
{
	struct request r;
	struct ifinfomsg *info = start(&r, RTM_GETLINK, 0, sizeof(*info));
	bool running = false;

	info->ifi_index = link;
	return exchange(rtnl, &r, take_state, &running) == 0 && running;
}

int rtnl_link_del(struct mnl_socket *rtnl, int link, struct rf_err *err)
{
	struct request r;
	struct ifinfomsg *info = start(&r, RTM_DELLINK, NLM_F_ACK, sizeof(*info));
	int rc;

	info->ifi_index = link;
	rc = exchange(rtnl, &r, NULL, NULL);
	return failed(rc == -ENODEV ? 0 : rc, err, "delete a link");
}

struct veth_walk {
	rtnl_link_fn fn;
	void *ctx;
};

static int each_link(const struct nlmsghdr *msg, void *data)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(msg);
	const struct nlattr *attrs[IFLA_LINKINFO + 1], *info[IFLA_INFO_KIND + 1];
	const struct veth_walk *walk = data;
	const char *name, *kind;

	netlink_attrs(msg, sizeof(*link), attrs, RF_ARRAY_LEN(attrs));
	netlink_nested(attrs[IFLA_LINKINFO], info, RF_ARRAY_LEN(info));
	name = netlink_str(attrs[IFLA_IFNAME]);
	kind = netlink_str(info[IFLA_INFO_KIND]);
	if (name && kind && strcmp(kind, "veth") == 0)
		walk->fn(walk->ctx, name, link->ifi_index);
	return MNL_CB_OK;
}

int rtnl_veth_each(struct mnl_socket *rtnl, rtnl_link_fn fn, void *ctx, struct rf_err *err)
{
	struct veth_walk walk = {.fn = fn, .ctx = ctx};
	struct request r;

	start(&r, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
	return failed(exchange(rtnl, &r, each_link, &walk), err, "list the links");
}

/* --- addresses, neighbours, routes --- */

int rtnl_addr_add(struct mnl_socket *rtnl, int link, const struct rf_cidr *addr, struct rf_err *err)
{
	struct request r;
	struct ifaddrmsg *info =
		start(&r, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, sizeof(*info));

	info->ifa_family = family_of(addr->ip.family);
	info->ifa_prefixlen = (uint8_t)addr->prefix;
	info->ifa_flags = addr->ip.family == RF_IPV6 ? IFA_F_NODAD : 0;
	info->ifa_index = (uint32_t)link;
	put_ip(&r, IFA_LOCAL, &addr->ip);
	put_ip(&r, IFA_ADDRESS, &addr->ip);
	return failed(exchange(rtnl, &r, NULL, NULL), err, "add an address");
}

static int take_route_type(const struct nlmsghdr *msg, void *data)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(msg);

	*(bool *)data = info->rtm_type == RTN_LOCAL;
	return MNL_CB_STOP;
}

bool rtnl_addr_ready(struct mnl_socket *rtnl, const struct rf_ip *ip)
{
	struct request r;
	struct rtmsg *info = start(&r, RTM_GETROUTE, 0, sizeof(*info));
	bool local = false;

	info->rtm_family = family_of(ip->family);
	info->rtm_dst_len = (uint8_t)(rf_family_len(ip->family) * 8);
	put_ip(&r, RTA_DST, ip);
	return exchange(rtnl, &r, take_route_type, &local) == 0 && local;
}

int rtnl_neighbour_set(struct mnl_socket *rtnl, int link, const struct rf_ip *ip,
	struct rtnl_mac mac, struct rf_err *err)
{
	struct request r;
	struct ndmsg *info =
		start(&r, RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, sizeof(*info));

	info->ndm_family = family_of(ip->family);
	info->ndm_ifindex = link;
	info->ndm_state = NUD_PERMANENT;
	put_ip(&r, NDA_DST, ip);
	mnl_attr_put(r.msg, NDA_LLADDR, sizeof(mac), &mac);
	return failed(exchange(rtnl, &r, NULL, NULL), err, "set a neighbour");
}

static void put_route(
	struct request *r, uint16_t type, uint16_t flags, const struct rtnl_route *route)
{
	struct rtmsg *info = start(r, type, (uint16_t)(NLM_F_ACK | flags), sizeof(*info));
	bool direct = !route->via && !route->unreachable && route->to.ip.family == RF_IPV4;

	info->rtm_family = family_of(route->to.ip.family);
	info->rtm_dst_len = (uint8_t)route->to.prefix;
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_protocol = RTPROT_STATIC;
	info->rtm_scope = direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	info->rtm_type = route->unreachable ? RTN_UNREACHABLE : RTN_UNICAST;
	if (route->to.prefix)
		put_ip(r, RTA_DST, &route->to.ip);
	if (route->via)
		put_ip(r, RTA_GATEWAY, route->via);
	if (route->link)
		mnl_attr_put_u32(r->msg, RTA_OIF, (uint32_t)route->link);
	if (route->metric)
		mnl_attr_put_u32(r->msg, RTA_PRIORITY, route->metric);
}

int rtnl_route_add(struct mnl_socket *rtnl, const struct rtnl_route *route, struct rf_err *err)
{
	struct request r;

	put_route(&r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);
	return failed(exchange(rtnl, &r, NULL, NULL), err, "add a route");
}

int rtnl_route_del(struct mnl_socket *rtnl, const struct rtnl_route *route, struct rf_err *err)
{
	struct request r;
	int rc;

	put_route(&r, RTM_DELROUTE, 0, route);
	rc = exchange(rtnl, &r, NULL, NULL);
	if (rc == -ESRCH)
		return rf_err_set(err, RF_EABSENT, "there is no such route");
	return failed(rc, err, "delete a route");
}
