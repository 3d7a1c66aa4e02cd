/*
 * Whether a pod is in the mesh: Istio's rules for its sidecar. The pod's own word (label or
 * annotation sidecar.istio.io/inject) counts more than its namespace's (label istio-injection:
 * enabled). Pods of the node's network cannot be. Pure.
 */
#ifndef RF_MESH_AUTHZ_INJECTION_H
#define RF_MESH_AUTHZ_INJECTION_H

#include "kube/pods.h"

bool mesh_injected(const struct kube_set *set, const struct kube_pod *pod);
/* Its service account, "default" when it names none. */
struct rf_str mesh_account(const struct kube_pod *pod);

#endif
