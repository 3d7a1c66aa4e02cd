/*
 * The SPIFFE Workload API of one pod on a UNIX socket: FetchX509SVID and FetchX509Bundles, whose
 * streams get the whole state at once and again whenever it changes. Callers are attested
 * (attest.h). One pod's programs cannot hold up or grow the process beyond API_MAX_CONNECTIONS
 * with H2_MAX_STREAMS each: answers are shared, and who does not read gets the last one only.
 */
#ifndef RF_MESH_WORKLOAD_API_H
#define RF_MESH_WORKLOAD_API_H

#include "loop/loop.h"
#include "mesh/workload/message.h"

#define API_MAX_CONNECTIONS 64
#define API_PATIENCE_MS	    10000 /* for the first request */
#define API_IDLE_MS	    60000 /* without a call */

struct api;

struct api_opts {
	struct loop *loop;
	int listener;	     /* listening and non-blocking; these two stay the caller's */
	int proc_fd;	     /* /proc */
	struct rf_str group; /* the pod's cgroup; copied */
};

int api_start(const struct api_opts *opts, struct api **ret, struct rf_err *err) RF_MUST_USE;
/* NULL is accepted. */
void api_stop(struct api *api);
/* What calls get from now on; those that wait get it at once. */
int api_publish(struct api *api, const struct renewal_certs *certs, struct rf_err *err) RF_MUST_USE;

#endif
