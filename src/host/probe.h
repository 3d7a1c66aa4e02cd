/*
 * Probes as a kubelet runs them: startup gates the others, readiness decides about Services,
 * liveness restarts. Exec runs in the container; tcpSocket and httpGet are made from the machine,
 * which every policy lets reach its own pods. Redirects count as success, as do 200 to 399.
 */
#ifndef RF_HOST_PROBE_H
#define RF_HOST_PROBE_H

#include "host/host_int.h"

/* Starts the probes of a container that has begun to run. */
int probe_start(struct container *c) RF_MUST_USE;
void probe_stop(struct container *c);

#endif
