/*
 * Who is in the mesh: which pods get a proxy, and with it an identity. Pure. As Istio's injector
 * decides: the pod's label `sidecar.istio.io/inject`, else its annotation of that name, else its
 * namespace's label `istio-injection: enabled`. y, yes, true and on (any case) mean yes, an empty
 * value says nothing, and everything else means no. A hostNetwork pod is its machine, never in the
 * mesh; neither is one of kube-system, which Istio leaves alone, too.
 */
#ifndef RF_MESH_AUTHZ_INJECTION_H
#define RF_MESH_AUTHZ_INJECTION_H

#include "kube/pods.h"

#define MESH_INJECT	      "sidecar.istio.io/inject"
#define MESH_NAMESPACE_INJECT "istio-injection"

bool mesh_injected(const struct kube_set *set, const struct kube_pod *pod);
/* The same where every pod is asked to be in it (everybody), which not every pod can be. */
bool mesh_has_pod(const struct kube_set *set, const struct kube_pod *pod, bool everybody);

/* The pod's service account: "default" when it names none. */
struct rf_str mesh_service_account(const struct kube_pod *pod);

#endif
