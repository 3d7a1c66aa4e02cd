/*
 * Watches our own table. Whoever flushes the whole ruleset (a restarted nftables service does)
 * takes the fence away with it, and pods would speak freely: the kernel tells at once, and who did
 * it.
 */
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nf_tables.h>
#include <sys/socket.h>

#include "dataplane/fence_int.h"
#include "dataplane/netlink.h"

#define GUARD_BUFFER  (4 << 20) /* bytes of reports: of a large batch of our own, too */
#define READS_MAX     256	/* datagrams in one fence_check() */
#define DATAGRAM_SIZE 65536
#define ATTR_TABLE    NFTA_TABLE_NAME /* every kind of object has its table's name there */

struct report {
	const char *table;
	uint32_t own_portid;
	bool foreign;
};

int guard_open(struct mnl_socket **ret, struct rf_err *err)
{
	int group = NFNLGRP_NFTABLES, room = GUARD_BUFFER;
	struct mnl_socket *socket;
	int rc = netlink_open(NETLINK_NETFILTER, &socket, err);

	if (rc < 0)
		return rc;
	(void)setsockopt(
		mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
		rf_err_sys(err, errno, "ask for changes of nftables");
		mnl_socket_close(socket);
		return RF_EIO;
	}
	*ret = socket;
	return RF_OK;
}

/* The kernel's own doings have no port. */
static int each_change(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *attrs[ATTR_TABLE + 1];
	struct report *r = data;
	const char *table;

	if (msg->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
		(msg->nlmsg_type & 0xff) == NFT_MSG_NEWGEN || msg->nlmsg_pid == 0 ||
		msg->nlmsg_pid == r->own_portid)
		return MNL_CB_OK;
	netlink_attrs(msg, sizeof(struct nfgenmsg), attrs, RF_ARRAY_LEN(attrs));
	table = netlink_str(attrs[ATTR_TABLE]);
	r->foreign = r->foreign || (table && strcmp(table, r->table) == 0);
	return MNL_CB_OK;
}

int fence_watch_fd(const struct fence *fence)
{
	return mnl_socket_get_fd(fence->guard);
}

bool fence_check(struct fence *fence)
{
	static char data[DATAGRAM_SIZE] __attribute__((aligned(8)));
	struct report r = {
		.table = fence->table, .own_portid = mnl_socket_get_portid(fence->socket)};
	bool lost = false;

	for (unsigned i = 0; i < READS_MAX; i++) {
		ssize_t len = recv(fence_watch_fd(fence), data, sizeof(data), MSG_DONTWAIT);

		lost = lost || (len < 0 && errno == ENOBUFS);
		if (len < 0 && errno != EINTR && errno != ENOBUFS)
			break;
		if (len > 0)
			(void)mnl_cb_run(data, (size_t)len, 0, 0, each_change, &r);
	}
	/* Making it anew would be reported too: what was lost must not be taken for a change. */
	fence->damaged = fence->damaged || r.foreign || (lost && !fence_exists(fence->table));
	return fence->damaged;
}
