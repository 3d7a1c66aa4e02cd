/* What a pod's proxy is to know of its surroundings, worked out from the plan. */
#ifndef RF_HOST_MESH_VIEW_H
#define RF_HOST_MESH_VIEW_H

#include "host/host_int.h"
#include "mesh/authz/authz.h"
#include "mesh/proxy/sidecar.h"

struct authz_workload mesh_view_workload(const struct kube_pod *kube, struct rf_str trust_domain);

/* What is the same for every pod. */
struct mesh_view {
	struct rf_str trust_domain;
	const struct rf_buf *routes; /* mesh_view_routes() */
};
void mesh_view_routes(const struct host *host, struct rf_str trust_domain, struct rf_buf *out);
/* Appends the message of mesh/proxy/sidecar.h for a pod. */
int mesh_view_sidecar(const struct host *host, const struct kube_pod *kube,
	const struct mesh_view *view, struct rf_buf *out) RF_MUST_USE;

/*
 * Of the annotations ringfence.dev/fault-delay ("200ms", "2s"), fault-reset-percent ("10") and
 * fault-throttle (bytes a second, "64Ki"). RF_EINPUT for what is none of these.
 */
int mesh_view_faults(
	const struct kube_pod *kube, struct sidecar_faults *ret, struct rf_err *err) RF_MUST_USE;

/* DNS names by which Services lead to the pod, at most max; texts live in arena. */
size_t mesh_view_names(const struct host *host, const struct kube_pod *kube, struct rf_arena *arena,
	struct rf_str *ret, size_t max);

#endif
