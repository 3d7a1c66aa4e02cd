/*
 * What a proxy is told: once, how it works (settings), and any number of times, with whom (state):
 * certificates, targets and rules change under live connections.
 */
#ifndef RF_MESH_PROXY_SETTINGS_H
#define RF_MESH_PROXY_SETTINGS_H

#include "base/buf.h"
#include "mesh/identity.h"
#include "mesh/proxy/endpoint.h"

/* Of a pod's proxy: what runs as it is not redirected. No image is known to use it. */
#define PROXY_SIDECAR_UID 15008

#define PROXY_MAX_THREADS   64
#define PROXY_MAX_LISTENERS 64
#define PROXY_MAX_METRICS   4
#define PROXY_MAX_IDS	    1000
#define PROXY_MAX_TEXT	    ((size_t)4 << 20) /* bytes of certificates, of a policy */

enum proxy_side {
	PROXY_SERVER, /* takes TLS, gives plain bytes to the target */
	PROXY_CLIENT, /* takes plain bytes, speaks TLS to the target */
};

struct proxy_settings {
	enum proxy_side side; /* of every listening socket, unless it says otherwise */
	bool sidecar;	      /* of a pod: connections come by redirect, and go where they wanted */
	bool accept_proxy;    /* PROXY protocol in front of what is accepted */
	bool send_proxy;      /* and of what is sent to the target */
	bool tls12;
	bool resume;
	uint32_t uid, gid; /* that it runs as when started by root; 0: nobody */
	uint64_t handshake_ms, connect_ms, idle_ms, drain_ms;
	uint64_t max_connections;	  /* of the process */
	uint64_t max_pending;		  /* bytes that wait for slow readers, in all */
	char expect_id[IDENTITY_MAX + 1]; /* client: the server's ID; "": its name is verified */
	char server_name[256];		  /* client: for SNI and verification */
};

/* 5 s, 10 s, 1 h, 10 s; 100,000 connections; 256 MiB. */
void proxy_settings_default(struct proxy_settings *settings);

#define PROXY_DEFAULT_PENDING ((uint64_t)256 << 20)

#endif
