/*
 * What the mesh says to one TCP connection between two ends, before anything runs, and why. Pure:
 * the same mode and the same policies that the proxy asks.
 */
#ifndef RF_MESH_AUTHZ_REACH_H
#define RF_MESH_AUTHZ_REACH_H

#include "kube/pods.h"
#include "mesh/authz/peer_auth.h"

/* The ends; borrowed. */
struct mesh_ask {
	const struct kube_pod *from, *to; /* NULL: an address that no pod holds */
	struct rf_ip from_ip, to_ip;	  /* family RF_FAMILY_NONE: not known, in no ipBlock */
	uint16_t port;
	struct rf_str trust_domain; /* of all pods in the mesh */
};

enum mesh_outcome {
	MESH_JUDGED,	   /* the policies of `to` were asked */
	MESH_NO_HANDSHAKE, /* STRICT, and from has no identity: refused */
	MESH_NO_PROXY,	   /* `to` is not in the mesh: nobody asks its policies */
	MESH_SELF,	   /* a pod and itself: that does not pass its proxy */
	MESH_NODE, /* a hostNetwork pod is the machine, whose connections (probes) pass, too */
};

struct mesh_reach {
	bool allowed;
	enum mesh_outcome outcome;
	bool from_in_mesh, to_in_mesh;
	char from_id[IDENTITY_MAX + 1]; /* "" without a proxy */
	char to_id[IDENTITY_MAX + 1];
	bool mtls; /* from is seen by its identity; else as a plain peer */
	/* What follows points into the set. */
	struct peer_auth peer_auth;   /* with a proxy at `to` */
	struct authz_verdict verdict; /* MESH_JUDGED */
	bool unasked;		      /* MESH_NO_PROXY, and there are policies for `to` */
};

/* RF_OK, RF_EINPUT (the trust domain is none), RF_EINTERNAL. */
int mesh_reach(const struct kube_set *set, const struct mesh_ask *ask, struct mesh_reach *ret,
	struct rf_err *err) RF_MUST_USE;

#endif
