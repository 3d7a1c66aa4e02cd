/*
 * One container: its root, its configuration, its life under conmon and the OCI runtime. What
 * happens to it is reported to whoever made it.
 */
#ifndef RF_HOST_CONTAINER_H
#define RF_HOST_CONTAINER_H

#include "host/host_int.h"

struct container_events {
	void (*running)(struct container *c); /* also when its startup probe has succeeded */
	void (*ready_changed)(struct container *c);
	void (*exited)(struct container *c); /* and nothing of the run is left */
	void (*failed_to_start)(struct container *c, const struct rf_err *why);
};

/* Paths and names; nothing is made. events must outlive it. */
int container_init(struct container *c, struct pod *pod, const struct kube_container *spec,
	const struct container_events *events) RF_MUST_USE;
/* Ends what still watches it. The container must not run. */
void container_done(struct container *c);

/*
 * Starts it (asynchronously): running or exited follows. On failure failed_to_start has been called
 * before it returns, and nothing is left of the attempt.
 */
int container_start(struct container *c, struct rf_err *err) RF_MUST_USE;
/*
 * Asks it to end: its stop signal now (once more when it comes to have a handler for it), SIGKILL
 * after grace_s seconds. One that is still being made
 * does not run at all.
 */
void container_stop(struct container *c, unsigned grace_s);
bool container_alive(const struct container *c);

/*
 * Runs a command in the container with the container's own restrictions (probes): output is
 * dropped. fn gets the status.
 */
int container_exec(struct container *c, const struct doc_strs *command, child_exit_fn fn, void *ctx,
	struct child **ret, struct rf_err *err) RF_MUST_USE;
/* Ends a command before its time, with its process in the container. fn is not called. */
void container_exec_kill(struct child *command);

const char *container_state_name(enum container_state state);

#endif
