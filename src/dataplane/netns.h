/* Doing something in another network namespace. */
#ifndef RF_DATAPLANE_NETNS_H
#define RF_DATAPLANE_NETNS_H

#include "base/err.h"

/*
 * Calls fn with this thread in the namespace, and comes back: sockets that fn opens belong there
 * for good, settings under /proc/sys that it writes are that namespace's. What fn gives is given
 * back. A thread that cannot come back ends the program: it would do the host's work in there.
 */
int netns_inside(int netns_fd, int (*fn)(void *ctx, struct rf_err *err), void *ctx,
	struct rf_err *err) RF_MUST_USE;

#endif
