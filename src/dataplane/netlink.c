/* Small helpers over libmnl. */
#include "dataplane/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

int netlink_open(int family, struct mnl_socket **ret, struct rf_err *err)
{
	struct mnl_socket *socket = mnl_socket_open2(family, SOCK_CLOEXEC);

	if (!socket)
		return rf_err_sys(err, errno, "open a netlink socket");
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		rf_err_sys(err, errno, "bind a netlink socket");
		mnl_socket_close(socket);
		return RF_EIO;
	}
	*ret = socket;
	return RF_OK;
}

void netlink_closep(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
	*socket = NULL;
}

void netlink_drain(struct mnl_socket *socket)
{
	char scratch[8192];

	while (recv(mnl_socket_get_fd(socket), scratch, sizeof(scratch), MSG_DONTWAIT) > 0)
		;
}

struct by_type {
	const struct nlattr **attrs;
	unsigned max;
};

static int take(const struct nlattr *attr, void *data)
{
	struct by_type *table = data;

	if (mnl_attr_get_type(attr) < table->max)
		table->attrs[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

void netlink_attrs(
	const struct nlmsghdr *msg, size_t header_len, const struct nlattr **ret, unsigned max)
{
	struct by_type table = {.attrs = ret, .max = max};

	memset(ret, 0, max * sizeof(*ret));
	if (mnl_nlmsg_get_payload_len(msg) >= header_len)
		mnl_attr_parse(msg, (unsigned)header_len, take, &table);
}

void netlink_nested(const struct nlattr *nest, const struct nlattr **ret, unsigned max)
{
	struct by_type table = {.attrs = ret, .max = max};

	memset(ret, 0, max * sizeof(*ret));
	if (nest)
		mnl_attr_parse_nested(nest, take, &table);
}

const char *netlink_str(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0 ? mnl_attr_get_str(attr)
									 : NULL;
}

uint32_t netlink_be32(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_U32) == 0 ? ntohl(mnl_attr_get_u32(attr))
								  : 0;
}
