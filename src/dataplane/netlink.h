/* What the users of netlink share: sockets, and attributes looked up by their type. */
#ifndef RF_DATAPLANE_NETLINK_H
#define RF_DATAPLANE_NETLINK_H

#include <libmnl/libmnl.h>

#include "base/err.h"

/* A bound socket of a netlink family (NETLINK_*). RF_EIO. */
int netlink_open(int family, struct mnl_socket **ret, struct rf_err *err) RF_MUST_USE;
void netlink_closep(struct mnl_socket **socket);
/* Throws away what is queued. */
void netlink_drain(struct mnl_socket *socket);

/*
 * Attributes by type, up to max - 1; others are left out. Pointers into the message. A message that
 * is cut off gives those before the cut.
 */
void netlink_attrs(
	const struct nlmsghdr *msg, size_t header_len, const struct nlattr **ret, unsigned max);
void netlink_nested(const struct nlattr *nest, const struct nlattr **ret, unsigned max);
/* NULL unless the attribute is a whole string. */
const char *netlink_str(const struct nlattr *attr);
/* A big-endian number; 0 unless the attribute has its size. */
uint32_t netlink_be32(const struct nlattr *attr);

#endif
