/* The messages between a proxy and who has started it. */
#ifndef RF_MESH_PROXY_ROLE_INT_H
#define RF_MESH_PROXY_ROLE_INT_H

#include "proc/frame.h"
#include "proc/role.h"

enum proxy_msg {
	/* In this order, each once but LISTENER; START is answered. */
	PROXY_MSG_SETTINGS = 1, /* struct proxy_settings, as it is in memory; u64 threads */
	PROXY_MSG_LISTENER,	/* u64 side; a descriptor; threads * listener_count of them */
	PROXY_MSG_NETNS,	/* a descriptor: of the pod's network, to be entered */
	PROXY_MSG_KEEPER,  /* a descriptor: the keeper's client, instead of CERTS; later, too */
	PROXY_MSG_METRICS, /* a descriptor; at most PROXY_MAX_METRICS of them */
	PROXY_MSG_LOG,	   /* a descriptor */
	PROXY_MSG_START,
	/* Then, any number of times, each answered. */
	PROXY_MSG_CERTS,   /* str cert, str key, str roots */
	PROXY_MSG_TARGETS, /* strs: struct endpoint */
	PROXY_MSG_IDS,	   /* strs */
	PROXY_MSG_SIDECAR, /* as sidecar.h writes it */
	PROXY_MSG_POLICY,  /* as rules.h writes it */
	PROXY_MSG_DRAIN,
	/* Answers. */
	PROXY_MSG_OK,
	PROXY_MSG_ERROR, /* frame_put_err() */
};

extern const struct proc_role *const proxy_role;

#endif
