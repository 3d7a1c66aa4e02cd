/*
 * One machine running pods behind a fence: composes the rings. host_run() is the supervisor's
 * whole life; the rest of this header is what its parts tell each other.
 */
#ifndef RF_HOST_HOST_H
#define RF_HOST_HOST_H

#include "host/host_int.h"

/*
 * Before anything starts, in the caller's process: loads nothing, changes nothing, says in diags
 * all that would keep the set from running here (fields, images, users, references).
 */
int host_check(const struct host_config *config, const struct instance *inst, struct kube_set *set,
	struct rf_diags *diags, struct rf_err *err) RF_MUST_USE;

/*
 * The supervisor: takes the lock, raises the fence, starts the pods of set (owned by it from now
 * on) and serves the control socket until it is told to stop; then takes everything away. ready_fd
 * gets one byte once the socket listens, or a struct rf_err; closed by this function.
 */
int host_run(const struct host_config *config, const struct instance *inst, struct kube_set *set,
	int ready_fd, struct rf_err *err) RF_MUST_USE;

/* A new set of objects, merged by the caller: changes only what differs. */
struct host_change {
	unsigned started, stopped, kept; /* pods */
	struct fence_stats fence;
};
int host_apply(struct host *host, struct kube_set *set, struct host_change *ret,
	struct rf_diags *diags, struct rf_err *err) RF_MUST_USE;
/* Stops every pod, then the loop. */
void host_stop(struct host *host);

/* Adds the built-in DNS when the set has no Service kube-system/kube-dns. */
int host_add_dns(struct kube_set *set, struct rf_diags *diags, struct rf_err *err) RF_MUST_USE;

/* --- from pods --- */

void host_pod_changed(struct pod *pod);
void host_pod_gone(struct pod *pod);
void host_endpoints_changed(struct host *host);
/* A line for the log and for whoever watches. */
void host_note(struct host *host, const char *fmt, ...) RF_PRINTF(2, 3);
void host_remove_pod_cgroup(struct host *host, const char *uid);
struct pod *host_find_pod(const struct host *host, struct rf_str key);

#endif
