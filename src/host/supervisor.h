/* The process that keeps pods running behind the fence, as long as it lives. */
#ifndef RF_HOST_SUPERVISOR_H
#define RF_HOST_SUPERVISOR_H

#include "host/host_int.h"

/*
 * Takes the lock, raises the fence, starts the pods of set (owned by it from now on) and serves the
 * control socket until it is told to stop; then takes everything away. ready_fd gets one byte once
 * the pods have been started and the socket listens, or a struct rf_err; closed by this function.
 */
int supervisor_run(const struct host_config *config, const struct instance *inst,
	struct kube_set *set, int ready_fd, struct rf_err *err) RF_MUST_USE;

#endif
