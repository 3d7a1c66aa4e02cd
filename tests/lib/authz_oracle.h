/*
 * The reference for authorization: reads policies off their documents, entry by entry, with loops
 * and string comparisons only. It shares no code with src/mesh; slow on purpose.
 */
#ifndef TESTS_LIB_AUTHZ_ORACLE_H
#define TESTS_LIB_AUTHZ_ORACLE_H

#include "kube/load.h"

struct authz_oracle_label {
	const char *key, *value;
};

struct authz_oracle_workload {
	const char *namespace, *root, *trust_domain;
	struct authz_oracle_label labels[4]; /* ends with key NULL */
};

/* A peer in its parts; NULL: it has none. */
struct authz_oracle_peer {
	const char *trust_domain, *namespace, *account;
	const char *other_path; /* "/odd/path": instead of namespace and account */
	const char *source, *remote, *destination;
	unsigned port;
	const char *sni;
};

struct authz_oracle_verdict {
	bool allowed;
	bool no_policy;
	const struct kube_object *policy;
	long rule; /* -1: none */
	const struct kube_object *dry_policy;
	long dry_rule;
	bool dry_allowed;
	const struct kube_object *audit_policy;
	unsigned allow_count;
};

struct authz_oracle_verdict authz_oracle_judge(const struct kube_set *set,
	const struct authz_oracle_workload *workload, const struct authz_oracle_peer *peer);

/* "STRICT", "PERMISSIVE" or "DISABLE", and the policy that says so (NULL: none). */
const char *authz_oracle_mode(const struct kube_set *set,
	const struct authz_oracle_workload *workload, unsigned port,
	const struct kube_object **ret_policy);

#endif
