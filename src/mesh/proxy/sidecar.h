/*
 * What a pod's proxy knows of its surroundings: how each of the pod's ports is spoken to
 * (PeerAuthentication), by which names it is asked for, and which addresses elsewhere are in the
 * mesh, with the identities to be found there. Immutable; whoever watches the manifests sends a
 * new one as a message when something has changed.
 */
#ifndef RF_MESH_PROXY_SIDECAR_H
#define RF_MESH_PROXY_SIDECAR_H

#include "base/buf.h"
#include "base/ip.h"
#include "mesh/authz/peer_auth.h"

#define SIDECAR_MAX_ROUTES 200000
#define SIDECAR_MAX_PORTS  1000
#define SIDECAR_MAX_NAMES  1000
#define SIDECAR_ALPN	   "ringfence" /* by which the proxies of a mesh know each other */

struct sidecar;

struct sidecar_port {
	uint16_t port;
	enum peer_auth_mode mode;
	bool server_first; /* the server speaks first: PERMISSIVE takes plain bytes only */
};

/* Made on purpose, to see what others do about it; on every connection that comes to the pod. */
struct sidecar_faults {
	uint64_t delay_ms;	/* before anything is read of it */
	uint64_t reset_percent; /* of connections end at once */
	uint64_t bytes_per_s;	/* 0: as fast as it goes */
};

/* --- writing: all ports and names first, then the routes --- */

/* other: the mode of ports that are not listed. */
void sidecar_begin(struct rf_buf *out, enum peer_auth_mode other);
void sidecar_put_port(struct rf_buf *out, const struct sidecar_port *port);
void sidecar_put_faults(struct rf_buf *out, const struct sidecar_faults *faults);
/* A DNS name that the pod's certificate has. */
void sidecar_put_name(struct rf_buf *out, struct rf_str name);
/*
 * To ip and port (0: any) by TLS; id is one of those to be found there, more may follow. An empty
 * id: plain bytes to this very port.
 */
void sidecar_put_route(struct rf_buf *out, const struct rf_ip *ip, uint16_t port, struct rf_str id);

/* --- reading --- */

/* RF_EINPUT for what is malformed, RF_ELIMIT over the bounds. */
int sidecar_read(struct rf_str payload, struct sidecar **ret, struct rf_err *err) RF_MUST_USE;
struct sidecar *sidecar_ref(struct sidecar *sidecar);
void sidecar_unref(struct sidecar *sidecar);

struct sidecar_port sidecar_port_of(const struct sidecar *sidecar, uint16_t port);
const struct sidecar_faults *sidecar_faults(const struct sidecar *sidecar);
bool sidecar_has_name(const struct sidecar *sidecar, const char *name);
/* False: not in the mesh, plain bytes. */
bool sidecar_is_meshed(const struct sidecar *sidecar, const struct rf_ip *ip, uint16_t port);
/* Whether id is one of those to be found there. */
bool sidecar_expects(
	const struct sidecar *sidecar, const struct rf_ip *ip, uint16_t port, struct rf_str id);

#endif
