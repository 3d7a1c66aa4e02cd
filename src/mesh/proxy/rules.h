/* Who may use a proxy: a list of IDs and Istio's AuthorizationPolicies, asked once a connection. */
#ifndef RF_MESH_PROXY_RULES_H
#define RF_MESH_PROXY_RULES_H

#include "base/buf.h"
#include "base/ip.h"
#include "mesh/authz/authz.h"
#include "mesh/proxy/settings.h"

struct proxy_rules;

/* A verified peer and where it comes from. */
struct proxy_who {
	struct rf_str id; /* empty: it has none */
	struct rf_ip source, remote, destination;
	uint16_t port;
	struct rf_str server_name;
};

#define PROXY_WHY_SIZE 256
struct proxy_admission {
	bool allowed;
	char why[PROXY_WHY_SIZE]; /* the rule that decided, with its address */
	/* What decides nothing: a policy under istio.io/dry-run that would decide otherwise, or an
	 * AUDIT that matched; "" for none. */
	char note[PROXY_WHY_SIZE];
};

/*
 * ids: exact IDs, or a beginning followed by "*". With none of them and no policy every peer is
 * let in. RF_EINPUT for an ID that is none.
 */
int proxy_rules_new(const struct rf_str *ids, size_t id_count, struct proxy_rules **ret,
	struct rf_err *err) RF_MUST_USE;
/*
 * Istio's policies, with their places: written by who has the manifests, read by the proxy. Those
 * of a set that lie in the workload's namespace or in the root namespace; which of them apply is
 * worked out by the reader (mesh/authz/authz.h).
 */
void proxy_policy_write(
	const struct kube_set *set, const struct authz_workload *workload, struct rf_buf *out);
/* RF_EINPUT for what is malformed. */
int proxy_policy_read(
	struct rf_str payload, struct proxy_rules **ret, struct rf_err *err) RF_MUST_USE;
struct proxy_rules *proxy_rules_ref(struct proxy_rules *rules);
void proxy_rules_unref(struct proxy_rules *rules);

void proxy_rules_judge(
	const struct proxy_rules *rules, const struct proxy_who *who, struct proxy_admission *ret);

#endif
