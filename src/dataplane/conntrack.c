/* One socket dumps, another changes what the dump shows. */
#include "dataplane/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include "dataplane/netlink.h"

struct forget {
	struct mnl_socket *changes;
	uint32_t mask, keep;
	unsigned count;
	int send_errno;
};

static struct nlmsghdr *put_header(char *buf, uint8_t family, uint16_t message, uint16_t flags)
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	msg->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | message);
	msg->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	nfg = mnl_nlmsg_put_extra_header(msg, sizeof(*nfg));
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	return msg;
}

/* Addresses the connection by its own tuple (and zone), as the dump gave them. */
static void clear_bits(
	struct forget *f, uint8_t family, const struct nlattr *tuple, const struct nlattr *zone)
{
	char buf[1024] __attribute__((aligned(8)));
	struct nlmsghdr *msg = put_header(buf, family, IPCTNL_MSG_CT_NEW, 0);

	if (mnl_attr_get_len(tuple) > sizeof(buf) / 2)
		return;
	mnl_attr_put(msg, CTA_TUPLE_ORIG | NLA_F_NESTED, mnl_attr_get_payload_len(tuple),
		mnl_attr_get_payload(tuple));
	if (zone)
		mnl_attr_put(
			msg, CTA_ZONE, mnl_attr_get_payload_len(zone), mnl_attr_get_payload(zone));
	mnl_attr_put_u32(msg, CTA_MARK, 0);
	mnl_attr_put_u32(msg, CTA_MARK_MASK, htonl(f->mask));
	if (mnl_socket_sendto(f->changes, msg, msg->nlmsg_len) < 0)
		f->send_errno = errno;
	else
		f->count++;
}

static int each_connection(const struct nlmsghdr *msg, void *data)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(msg);
	const struct nlattr *attrs[CTA_MAX + 1];
	struct forget *f = data;
	uint32_t mark;

	netlink_attrs(msg, sizeof(*nfg), attrs, RF_ARRAY_LEN(attrs));
	mark = netlink_be32(attrs[CTA_MARK]) & f->mask;
	if (attrs[CTA_TUPLE_ORIG] && mark && mark != f->keep)
		clear_bits(f, nfg->nfgen_family, attrs[CTA_TUPLE_ORIG], attrs[CTA_ZONE]);
	return MNL_CB_OK;
}

static int walk(struct mnl_socket *dump, struct forget *f, struct rf_err *err)
{
	char buf[65536] __attribute__((aligned(8)));
	struct nlmsghdr *msg = put_header(buf, AF_UNSPEC, IPCTNL_MSG_CT_GET, NLM_F_DUMP);
	int rc = MNL_CB_OK;

	if (mnl_socket_sendto(dump, msg, msg->nlmsg_len) < 0)
		return rf_err_sys(err, errno, "ask for connections");
	while (rc > MNL_CB_STOP) {
		ssize_t len = mnl_socket_recvfrom(dump, buf, sizeof(buf));

		if (len < 0 && errno == EINTR)
			continue;
		rc = len < 0 ? MNL_CB_ERROR
			     : mnl_cb_run(buf, (size_t)len, 0, mnl_socket_get_portid(dump),
				       each_connection, f);
		netlink_drain(f->changes); /* connections that ended meanwhile are reported; that is
					      fine */
	}
	if (rc < 0)
		return rf_err_sys(err, errno, "read the list of connections");
	if (f->send_errno)
		return rf_err_sys(err, f->send_errno, "clear a connection's mark");
	return RF_OK;
}

int conntrack_forget(uint32_t mask, uint32_t keep, unsigned *ret_count, struct rf_err *err)
{
	CLEANUP(netlink_closep) struct mnl_socket *dump = NULL;
	CLEANUP(netlink_closep) struct mnl_socket *changes = NULL;
	struct forget f = {.mask = mask, .keep = keep};
	int rc = netlink_open(NETLINK_NETFILTER, &dump, err);

	if (rc == RF_OK)
		rc = netlink_open(NETLINK_NETFILTER, &changes, err);
	f.changes = changes;
	if (rc == RF_OK)
		rc = walk(dump, &f, err);
	if (rc == RF_OK && ret_count)
		*ret_count = f.count;
	return rc;
}
