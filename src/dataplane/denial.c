/*
 * The log of denied packets: nflog messages of one group, each with the packet's beginning and the
 * mark that the table put on it. Lost messages are told by gaps in the group's own sequence.
 */
#include "dataplane/denial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <sys/socket.h>

#include "dataplane/netlink.h"
#include "dataplane/table.h"

#define COPY_BYTES     128
#define KERNEL_QUEUE   (1 << 20) /* bytes of messages that we have not read yet */
#define FLUSH_AFTER    1	 /* hundredths of a second */
#define KERNEL_BUFFER  65536
#define READS_MAX      64 /* datagrams in one denial_read() */
#define EXTENSIONS_MAX 8

struct denial_log {
	struct mnl_socket *socket;
	uint32_t next_seq;
	bool seen;
	unsigned lost;
};

/* --- the packet --- */

struct packet {
	const uint8_t *bytes;
	size_t len;
};

static void ports_of(const struct packet *p, size_t at, struct denial *ret)
{
	static const uint8_t with_ports[] = {[POLICY_TCP] = IPPROTO_TCP,
		[POLICY_UDP] = IPPROTO_UDP,
		[POLICY_SCTP] = IPPROTO_SCTP};

	ret->proto = POLICY_OTHER;
	for (unsigned i = 0; i < RF_ARRAY_LEN(with_ports); i++) {
		if (with_ports[i] == ret->ip_proto)
			ret->proto = (enum policy_proto)i;
	}
	if (ret->proto == POLICY_OTHER || at > p->len || p->len - at < 4)
		return;
	ret->from_port = (uint16_t)(p->bytes[at] << 8 | p->bytes[at + 1]);
	ret->to_port = (uint16_t)(p->bytes[at + 2] << 8 | p->bytes[at + 3]);
}

static bool read_ipv4(const struct packet *p, struct denial *ret)
{
	size_t header = (p->bytes[0] & 0xfU) * 4;
	bool fragment;

	if (p->len < 20 || header < 20)
		return false;
	fragment = (p->bytes[6] & 0x1f) || p->bytes[7];
	ret->from.family = ret->to.family = RF_IPV4;
	memcpy(ret->from.bytes, p->bytes + 12, 4);
	memcpy(ret->to.bytes, p->bytes + 16, 4);
	ret->ip_proto = p->bytes[9];
	ports_of(p, fragment ? p->len : header, ret);
	return true;
}

static bool is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_FRAGMENT;
}

static bool read_ipv6(const struct packet *p, struct denial *ret)
{
	size_t at = 40;

	if (p->len < at)
		return false;
	ret->from.family = ret->to.family = RF_IPV6;
	memcpy(ret->from.bytes, p->bytes + 8, 16);
	memcpy(ret->to.bytes, p->bytes + 24, 16);
	ret->ip_proto = p->bytes[6];
	for (unsigned i = 0; i < EXTENSIONS_MAX && is_extension(ret->ip_proto); i++) {
		if (at > p->len || p->len - at < 8)
			return true;
		if (ret->ip_proto == IPPROTO_FRAGMENT) {
			bool later = p->bytes[at + 2] || p->bytes[at + 3] & 0xf8;

			ret->ip_proto = p->bytes[at];
			at = later ? p->len : at + 8;
			continue;
		}
		ret->ip_proto = p->bytes[at];
		at += ((size_t)p->bytes[at + 1] + 1) * 8;
	}
	ports_of(p, at, ret);
	return true;
}

bool denial_read_packet(const uint8_t *bytes, size_t len, struct denial *ret)
{
	const struct packet p = {.bytes = bytes, .len = len};

	if (len == 0)
		return false;
	ret->proto = POLICY_OTHER;
	if (bytes[0] >> 4 == 4)
		return read_ipv4(&p, ret);
	return bytes[0] >> 4 == 6 && read_ipv6(&p, ret);
}

/* --- the group --- */

/* One configuration message; attr NULL: with a command only. */
static int configure(
	struct denial_log *log, unsigned group, uint16_t attr, const void *data, size_t len)
{
	char buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;
	ssize_t got;

	msg->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	msg->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nfg = mnl_nlmsg_put_extra_header(msg, sizeof(*nfg));
	nfg->nfgen_family = AF_UNSPEC;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons((uint16_t)group);
	mnl_attr_put(msg, attr, len, data);
	if (mnl_socket_sendto(log->socket, msg, msg->nlmsg_len) < 0)
		return -errno;
	got = mnl_socket_recvfrom(log->socket, buf, sizeof(buf));
	if (got < 0)
		return -errno;
	return mnl_cb_run(buf, (size_t)got, 0, mnl_socket_get_portid(log->socket), NULL, NULL) < 0
		       ? -errno
		       : 0;
}

static int bind_group(struct denial_log *log, unsigned group)
{
	const struct nfulnl_msg_config_cmd bind = {.command = NFULNL_CFG_CMD_BIND};
	const struct nfulnl_msg_config_mode mode = {
		.copy_range = htonl(COPY_BYTES), .copy_mode = NFULNL_COPY_PACKET};
	const uint32_t timeout = htonl(FLUSH_AFTER), buffer = htonl(KERNEL_BUFFER);
	const uint16_t flags = htons(NFULNL_CFG_F_SEQ);
	const struct {
		uint16_t attr;
		const void *data;
		size_t len;
	} steps[] = {
		{NFULA_CFG_CMD, &bind, sizeof(bind)}, {NFULA_CFG_FLAGS, &flags, sizeof(flags)},
		{NFULA_CFG_TIMEOUT, &timeout, sizeof(timeout)},
		{NFULA_CFG_NLBUFSIZ, &buffer, sizeof(buffer)},
		{NFULA_CFG_MODE, &mode, sizeof(mode)}, /* packets come from here on */
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < RF_ARRAY_LEN(steps); i++)
		rc = configure(log, group, steps[i].attr, steps[i].data, steps[i].len);
	return rc;
}

int denial_open(unsigned group, struct denial_log **ret, struct rf_err *err)
{
	struct denial_log *log = calloc(1, sizeof(*log));
	int room = KERNEL_QUEUE, rc;

	if (!log)
		return rf_err_nomem(err);
	rc = netlink_open(NETLINK_NETFILTER, &log->socket, err);
	if (rc == RF_OK) {
		(void)setsockopt(mnl_socket_get_fd(log->socket), SOL_SOCKET, SO_RCVBUFFORCE, &room,
			sizeof(room));
		rc = bind_group(log, group);
		if (rc == -EPERM)
			rc = rf_err_set(err, RF_EDENIED, "reading denials needs CAP_NET_ADMIN");
		else if (rc < 0)
			rc = rf_err_sys(err, -rc, "bind nflog group %u", group);
	}
	if (rc < 0)
		denial_close(log);
	else
		*ret = log;
	return rc;
}

void denial_close(struct denial_log *log)
{
	if (!log)
		return;
	netlink_closep(&log->socket);
	free(log);
}

int denial_fd(const struct denial_log *log)
{
	return mnl_socket_get_fd(log->socket);
}

/* --- messages --- */

struct reading {
	struct denial_log *log;
	void (*fn)(void *ctx, const struct denial *denial);
	void *ctx;
};

static void note_seq(struct denial_log *log, const struct nlattr *attr)
{
	uint32_t seq = netlink_be32(attr);

	if (!attr)
		return;
	if (log->seen && seq != log->next_seq)
		log->lost += seq - log->next_seq;
	log->seen = true;
	log->next_seq = seq + 1;
}

static int each_message(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *attrs[NFULA_MAX + 1], *payload;
	const struct reading *r = data;
	struct denial denial = {0};
	const char *prefix;

	if (msg->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
		return MNL_CB_OK;
	netlink_attrs(msg, sizeof(struct nfgenmsg), attrs, RF_ARRAY_LEN(attrs));
	note_seq(r->log, attrs[NFULA_SEQ]);
	payload = attrs[NFULA_PAYLOAD];
	prefix = netlink_str(attrs[NFULA_PREFIX]);
	/* Other rules log what has no class: the mark there is somebody else's. */
	if (prefix && strcmp(prefix, TABLE_DENY_PREFIX) == 0)
		denial.mark = netlink_be32(attrs[NFULA_MARK]);
	if (payload && denial_read_packet(mnl_attr_get_payload(payload),
			       mnl_attr_get_payload_len(payload), &denial))
		r->fn(r->ctx, &denial);
	return MNL_CB_OK;
}

int denial_read(struct denial_log *log, void (*fn)(void *ctx, const struct denial *denial),
	void *ctx, unsigned *ret_lost, struct rf_err *err)
{
	char buf[KERNEL_BUFFER + 4096] __attribute__((aligned(8)));
	struct reading r = {.log = log, .fn = fn, .ctx = ctx};

	for (unsigned i = 0; i < READS_MAX; i++) {
		ssize_t len = recv(denial_fd(log), buf, sizeof(buf), MSG_DONTWAIT);

		if (len < 0 && (errno == EINTR || errno == ENOBUFS))
			continue; /* what was dropped shows in the sequence */
		if (len < 0 && errno != EAGAIN)
			return rf_err_sys(err, errno, "read denials");
		if (len < 0)
			break;
		(void)mnl_cb_run(buf, (size_t)len, 0, 0, each_message, &r);
	}
	*ret_lost = log->lost;
	log->lost = 0;
	return RF_OK;
}
