/* setns(2) there and back. */
#include "dataplane/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>

#include "base/fd.h"

int netns_inside(
	int netns_fd, int (*fn)(void *ctx, struct rf_err *err), void *ctx, struct rf_err *err)
{
	AUTO_FD home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int rc;

	if (home < 0)
		return rf_err_sys(err, errno, "open this thread's network namespace");
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return rf_err_sys(err, errno, "enter a pod's network namespace");
	rc = fn(ctx, err);
	if (setns(home, CLONE_NEWNET) < 0)
		abort();
	return rc;
}
