/*
 * Marks of connections, over ctnetlink. The fence's generation lives in bits of them; before a
 * generation number is used a second time, connections that still carry it must forget it.
 *
 * Source: linux/netfilter/nfnetlink_conntrack.h.
 */
#ifndef RF_DATAPLANE_CONNTRACK_H
#define RF_DATAPLANE_CONNTRACK_H

#include "base/err.h"

/*
 * Clears the bits of mask in every connection's mark, except where they equal keep (0: nowhere).
 * Connections that end meanwhile are fine. *ret_count: how many were changed; may be NULL.
 */
int conntrack_forget(
	uint32_t mask, uint32_t keep, unsigned *ret_count, struct rf_err *err) RF_MUST_USE;

#endif
