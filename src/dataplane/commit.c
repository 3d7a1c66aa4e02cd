/*
 * Sends batches. The kernel works through a batch while it is being sent, so every answer is
 * queued by the time that sending returns; the last message asks for one, so that there always is
 * an answer to wait for.
 */
#include <errno.h>
#include <sys/socket.h>

#include <libnftnl/common.h>

#include "dataplane/netlink.h"
#include "dataplane/nft.h"

/* Only the header of what failed comes back; still, a batch may fail in many places. */
#define ANSWER_BUFFER	(1 << 20)
#define COMMIT_ATTEMPTS 5

int nft_socket_open(struct mnl_socket **ret, struct rf_err *err)
{
	int on = 1, room = ANSWER_BUFFER;
	struct mnl_socket *socket;
	int rc = netlink_open(NETLINK_NETFILTER, &socket, err);

	if (rc < 0)
		return rc;
	/* Without these, answers are only longer or fewer. */
	(void)mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &on, sizeof(on));
	(void)setsockopt(
		mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	*ret = socket;
	return RF_OK;
}

static int finish(struct nft_batch *batch)
{
	char *room = rf_buf_reserve(&batch->bytes, NFT_MSG_ROOM);
	struct nlmsghdr *last;

	if (batch->failed || batch->labels.failed || !room)
		return -1;
	batch->bytes.len += nftnl_batch_end(room, (uint32_t)batch->label_at.count)->nlmsg_len;
	last = (struct nlmsghdr *)(void *)(batch->bytes.data + batch->last_at);
	last->nlmsg_flags |= NLM_F_ACK;
	return 0;
}

static int send_all(struct mnl_socket *socket, const struct rf_buf *bytes, struct rf_err *err)
{
	int room = bytes->len > 1 << 16 ? (int)bytes->len : 1 << 16;

	/* The kernel takes a message only when the socket's buffer could hold it. */
	(void)setsockopt(
		mnl_socket_get_fd(socket), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	if (mnl_socket_sendto(socket, bytes->data, bytes->len) < 0)
		return rf_err_sys(err, errno, "send %zu bytes to nftables", bytes->len);
	return RF_OK;
}

static int refused(
	const struct nft_batch *batch, const struct nlmsghdr *msg, int cause, struct rf_err *err)
{
	const char *what = "batch";

	if (msg->nlmsg_seq < batch->label_at.count)
		what = batch->labels.data + batch->label_at.items[msg->nlmsg_seq];
	rf_err_sys(err, cause, "nftables refused the %s of table %s", what, batch->table);
	if (cause == EPERM && err)
		err->code = RF_EDENIED;
	return cause == EPERM ? RF_EDENIED : RF_EIO;
}

/* Looks for the first refusal among the answers of one read. *ret_last: the last one came. */
static int read_answers(
	const struct nft_batch *batch, char *data, size_t len, bool *ret_last, struct rf_err *err)
{
	const struct nlmsghdr *msg = (const struct nlmsghdr *)(void *)data;
	int left = (int)len;

	for (; mnl_nlmsg_ok(msg, left); msg = mnl_nlmsg_next(msg, &left)) {
		const struct nlmsgerr *answer = mnl_nlmsg_get_payload(msg);

		if (msg->nlmsg_type != NLMSG_ERROR)
			continue;
		if (answer->error)
			return refused(batch, msg, -answer->error, err);
		if (msg->nlmsg_seq + 1 == batch->label_at.count)
			*ret_last = true;
	}
	return RF_OK;
}

/* One attempt. */
static int transact(const struct nft_batch *batch, struct mnl_socket *socket, struct rf_err *err)
{
	char data[8192] __attribute__((aligned(8)));
	bool last = false;
	int rc = send_all(socket, &batch->bytes, err);

	while (rc == RF_OK && !last) {
		ssize_t len = recv(mnl_socket_get_fd(socket), data, sizeof(data), MSG_DONTWAIT);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return rf_err_sys(err, errno, "no answer from nftables");
		rc = read_answers(batch, data, (size_t)len, &last, err);
	}
	netlink_drain(socket);
	return rc;
}

/* Another program's transaction came between: the kernel asks for another attempt. */
static bool is_passing(int cause)
{
	return cause == EAGAIN || cause == EINTR || cause == ERESTART;
}

int nft_batch_commit(struct nft_batch *batch, struct mnl_socket *socket, struct rf_err *err)
{
	struct rf_err cause = {.code = RF_OK};
	int rc = RF_EIO;

	if (finish(batch) < 0)
		return rf_err_nomem(err);
	for (unsigned attempt = 0; attempt < COMMIT_ATTEMPTS; attempt++) {
		rc = transact(batch, socket, &cause);
		if (rc == RF_OK || !is_passing(cause.sys_errno))
			break;
	}
	if (rc < 0 && err)
		*err = cause;
	return rc;
}
