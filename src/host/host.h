/* One machine running pods behind a fence: what runs is made to follow what shall run. */
#ifndef RF_HOST_HOST_H
#define RF_HOST_HOST_H

#include "host/host_int.h"

struct host_change {
	unsigned started, stopped, kept; /* pods */
	struct fence_stats fence;
};

/*
 * A new set of objects (merged by the caller, owned by the host once RF_OK): changes only what
 * differs. On failure nothing has changed, except that pods may be missing when one could not be
 * made for want of memory.
 */
int host_apply(struct host *host, struct kube_set *set, struct host_change *ret,
	struct rf_diags *diags, struct rf_err *err) RF_MUST_USE;
/* Watches for others that change the fence's table, and puts it back. */
int host_guard_fence(struct host *host, struct rf_err *err) RF_MUST_USE;
/* Stops every pod, then the loop. */
void host_stop(struct host *host);
/* By "namespace/name"; NULL when it does not run. */
struct pod *host_find_pod(const struct host *host, struct rf_str key);

#endif
