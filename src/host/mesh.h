/*
 * The identity ring on one machine: the keeper, and for each pod in the mesh a proxy in the pod's
 * network, started before the pod's containers and ended after them. Proxies and keeper are told
 * what they need and live on when the supervisor dies; the sweep finds them in their cgroup.
 */
#ifndef RF_HOST_MESH_H
#define RF_HOST_MESH_H

#include "doc/json.h"
#include "host/host_int.h"

#define MESH_INBOUND_PORT   15006 /* as Istio's */
#define MESH_OUTBOUND_PORT  15001
#define MESH_METRICS_SOCKET "metrics.sock" /* in the pod's run directory */

/* True for a pod that gets a proxy. */
bool mesh_has(const struct host *host, const struct kube_pod *kube);
/* The same by manifests that are not in force yet. */
bool mesh_has_by(const struct host *host, const struct kube_set *set, const struct kube_pod *kube);
/* Its network is there. Nothing to do for a pod outside of the mesh. */
int mesh_pod_start(struct pod *pod, struct rf_err *err) RF_MUST_USE;
/* Ends what mesh_pod_start() has made. */
void mesh_pod_stop(struct pod *pod);
/* Tells every proxy what has changed: ports, routes, policies. */
void mesh_sync(struct host *host);
void mesh_close(struct host *host);
/* "mesh": {...} of a pod's status; nothing outside of the mesh. */
void mesh_write_status(struct json_writer *w, const struct pod *pod);

/* --- for processes beside the proxies that have a pod's identity --- */

/* Starts the keeper, unless it runs; with the first pod that needs it. */
int mesh_open(struct host *host, struct rf_err *err) RF_MUST_USE;
const char *mesh_trust_domain(const struct host *host);
/* Puts a process into the cgroup that the sweep finds it in. */
int mesh_join(struct host *host, pid_t pid, struct rf_err *err) RF_MUST_USE;
/* Of what the keeper knows of the pod: when it differs, the pod's processes need another client. */
uint64_t mesh_client_hash(const struct pod *pod);
/* A client of the keeper with the pod's identity and names; ttl_s 0: the authority's usual. */
int mesh_add_client(struct pod *pod, int64_t ttl_s, int *ret_fd, struct rf_err *err) RF_MUST_USE;

#endif
