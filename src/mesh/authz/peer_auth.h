/*
 * Istio's PeerAuthentication (security.istio.io/v1 and v1beta1): must who speaks to a workload
 * have an identity? Pure. Order: the port level of the workload's policy, the workload's, the
 * namespace's, the mesh's (root namespace, without selector); of several equal ones the oldest
 * (metadata.creationTimestamp; else first by namespace and name). UNSET inherits. With nothing
 * said: PERMISSIVE, as in Istio. A policy with a selector in the root namespace applies to nothing.
 */
#ifndef RF_MESH_AUTHZ_PEER_AUTH_H
#define RF_MESH_AUTHZ_PEER_AUTH_H

#include "mesh/authz/authz.h"

enum peer_auth_mode {
	PEER_AUTH_PERMISSIVE, /* TLS with an identity of ours, or plain */
	PEER_AUTH_STRICT,
	PEER_AUTH_DISABLE, /* passed as it is; AuthorizationPolicies see a plain peer */
};

struct peer_auth {
	enum peer_auth_mode mode;
	const struct kube_object *policy; /* that decided; NULL: the default */
	struct rf_pos pos;		  /* of the mode's field */
};

/* The mode at one of the workload's own ports (containerPort, not the Service's). */
struct peer_auth peer_auth_mode(
	const struct kube_set *set, const struct authz_workload *workload, uint16_t port);

/* "STRICT", as in a manifest. */
const char *peer_auth_mode_name(enum peer_auth_mode mode);

#endif
