/*
 * The part of a proxy's orders that changes while it runs. A state is never changed: a new one
 * takes its place, and the old one goes when its last thread has let it go.
 */
#ifndef RF_MESH_PROXY_STATE_H
#define RF_MESH_PROXY_STATE_H

#include "mesh/proxy/rules.h"
#include "mesh/proxy/settings.h"
#include "mesh/proxy/sidecar.h"

/* Texts for wire_identity_new(); shared by states that differ in something else. */
struct proxy_certs {
	unsigned refs; /* atomic */
	char *cert, *key, *roots;
	size_t cert_len, key_len, roots_len;
};

struct proxy_state {
	unsigned refs;		   /* atomic */
	struct proxy_certs *certs; /* NULL: none yet */
	struct proxy_rules *rules; /* NULL: everybody whose certificate is good */
	struct sidecar *sidecar;   /* NULL: it is none */
	struct endpoint *targets;  /* tried in order */
	size_t target_count;
	bool draining; /* accept nothing any more, end when the last connection has gone */
};

int proxy_certs_new(struct rf_str cert, struct rf_str key, struct rf_str roots,
	struct proxy_certs **ret, struct rf_err *err) RF_MUST_USE;
void proxy_certs_unref(struct proxy_certs *certs);

/* A copy of state (or an empty one for NULL), to be changed before it is published. */
int proxy_state_copy(
	const struct proxy_state *state, struct proxy_state **ret, struct rf_err *err) RF_MUST_USE;
int proxy_state_set_targets(struct proxy_state *state, const struct endpoint *targets, size_t count,
	struct rf_err *err) RF_MUST_USE;
/* Takes over a reference to certs, rules or sidecar. */
void proxy_state_set_certs(struct proxy_state *state, struct proxy_certs *certs);
void proxy_state_set_rules(struct proxy_state *state, struct proxy_rules *rules);
void proxy_state_set_sidecar(struct proxy_state *state, struct sidecar *sidecar);
struct proxy_state *proxy_state_ref(struct proxy_state *state);
void proxy_state_unref(struct proxy_state *state);

#endif
