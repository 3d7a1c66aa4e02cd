/*
 * One container: its root, its configuration, its life under conmon and the OCI runtime. What
 * happens to it is reported to its pod (host/pod.h: pod_container_running, pod_container_exited).
 */
#ifndef RF_HOST_CONTAINER_H
#define RF_HOST_CONTAINER_H

#include "host/host_int.h"

/* Paths and names; nothing is made. */
int container_init(struct container *c, struct pod *pod, const struct kube_container *spec,
	bool init) RF_MUST_USE;
/* Ends what still watches it. The container must not run. */
void container_done(struct container *c);

/*
 * Starts it (asynchronously). On RF_OK one of the pod's callbacks follows; on failure nothing is
 * left of the attempt.
 */
int container_start(struct container *c, struct rf_err *err) RF_MUST_USE;
/* Asks it to end: its stop signal now, SIGKILL after grace_s seconds. */
void container_stop(struct container *c, unsigned grace_s);
bool container_alive(const struct container *c);

/* The image of a spec, found before anything starts; the DNS image is Ringfence's own. */
int container_find_image(struct host *host, const struct kube_container *spec, struct image **ret,
	struct rf_err *err) RF_MUST_USE;
/* Its security profile; what cannot be enforced goes to diags. */
int container_profile(const struct image *image, const struct kube_pod_spec *pod,
	const struct kube_container *spec, struct harden_profile *ret, struct rf_diags *diags,
	struct rf_err *err) RF_MUST_USE;

/*
 * Runs a command in the container with the container's own restrictions (probes): output is
 * dropped. fn gets the status; *ret can be killed.
 */
int container_exec(struct container *c, const struct doc_strs *command, child_exit_fn fn, void *ctx,
	struct child **ret, struct rf_err *err) RF_MUST_USE;

const char *container_state_name(enum container_state state);

#endif
