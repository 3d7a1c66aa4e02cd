/*
 * A pod's life: namespaces, link and volumes, init containers one after the other, then its
 * containers, restarts with back-off, readiness, and its end.
 */
#ifndef RF_HOST_POD_H
#define RF_HOST_POD_H

#include "host/host_int.h"

struct pod_events {
	void (*changed)(struct pod *pod); /* phase, readiness or a container's state */
	void (*readiness_changed)(struct pod *pod);
	void (*gone)(struct pod *pod); /* nothing of it is left; may free it */
};

/*
 * Everything but starting it. kube must live as long as the pod, or be replaced; events must
 * outlive it.
 */
int pod_new(struct host *host, const struct kube_pod *kube, const struct pod_events *events,
	struct pod **ret, struct rf_err *err) RF_MUST_USE;
void pod_free(struct pod *pod);

/*
 * Starts it. The fence must hold its addresses already. What goes wrong becomes the pod's reason;
 * it is tried again with back-off.
 */
void pod_start(struct pod *pod);
/* Stops it; the event gone follows, from the loop. */
void pod_stop(struct pod *pod);
/* Ready as Services see it. */
bool pod_is_ready(const struct pod *pod);
/* Nothing of it runs, and nothing will. */
bool pod_is_finished(const struct pod *pod);
const char *pod_phase_name(const struct pod *pod);
/* Why it is not ready, in words; "" when it is. */
const char *pod_reason(const struct pod *pod);
unsigned pod_restarts(const struct pod *pod);
struct container *pod_find_container(const struct pod *pod, struct rf_str name);

/* A number that changes when a pod's spec or its labels change. */
uint64_t pod_spec_hash(const struct kube_pod *kube);

#endif
