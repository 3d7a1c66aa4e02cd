/*
 * Istio's AuthorizationPolicy (security.istio.io/v1 and v1beta1), compiled for one workload and
 * asked once a connection: who may speak to it. Pure: no I/O, no clock, no globals; a compiled
 * set is immutable, so that any number of threads may ask it.
 *
 * Semantics (istio/api security/v1beta1/authorization_policy.proto; ztunnel src/rbac.rs):
 *  - a policy applies when it lies in the workload's namespace, or in the root namespace (then to
 *    every namespace), and its selector matches the workload's labels;
 *  - DENY is asked before ALLOW; no ALLOW policy applies: allowed; some apply and none matches:
 *    denied. AUDIT decides nothing. `istio.io/dry-run: "true"` decides nothing and is reported.
 *    Of several rules that match, the first in the order of the set is named;
 *  - ALLOW with `spec: {}` or without rules denies everything (nothing matches it), `rules: [{}]`
 *    matches everything, DENY without rules never matches;
 *  - entries of a list OR, fields of a source, operation or condition AND; from, to and when AND;
 *  - strings are exact, "p*", "*s" or "*" (not empty); serviceAccounts are exact ("ns/name" or
 *    "name" of the policy's namespace); principals have no "spiffe://";
 *  - a peer without an identity matches no principals, namespaces, ..., and so every not- form; an
 *    identity that is not /ns/NAMESPACE/sa/NAME has no namespace and no service account; an address
 *    that is not known lies in no block;
 *  - fields of HTTP on a connection, not- forms included: counted as matched in DENY and AUDIT; in
 *    ALLOW a rule that has any never matches, whatever its other sources and operations say.
 */
#ifndef RF_MESH_AUTHZ_AUTHZ_H
#define RF_MESH_AUTHZ_AUTHZ_H

#include "base/buf.h"
#include "base/ip.h"
#include "kube/load.h"
#include "mesh/identity.h"

#define AUTHZ_ROOT_NAMESPACE KUBE_MESH_ROOT
#define AUTHZ_NO_RULE	     UINT32_MAX

/* Whom the policies protect. Borrowed while it is compiled. */
struct authz_workload {
	struct rf_str namespace;
	const struct doc_pairs *labels;
	struct rf_str root_namespace; /* empty: AUTHZ_ROOT_NAMESPACE */
	/* What a principal that begins with "cluster.local/" stands for, too. Empty: nothing else.
	 */
	struct rf_str trust_domain;
};

/* One end that wants to connect. */
struct authz_peer {
	struct rf_str id;    /* its verified SPIFFE ID; absent: a plain peer */
	struct rf_ip source; /* the address that the connection comes from */
	struct rf_ip remote; /* the original client's (PROXY protocol); as source without one */
	struct rf_ip destination;
	uint16_t port;	   /* of the workload */
	struct rf_str sni; /* absent: none */
};

enum authz_reason {
	AUTHZ_NO_POLICY, /* no ALLOW applies and no DENY matches: allowed */
	AUTHZ_ALLOWED,	 /* by the rule named */
	AUTHZ_DENIED,	 /* by the rule named */
	AUTHZ_NO_ALLOW,	 /* ALLOW policies apply, none matches: denied; policy is the first */
};

struct authz_verdict {
	bool allowed;
	enum authz_reason reason;
	const struct kube_object *policy; /* NULL for AUTHZ_NO_POLICY */
	uint32_t rule;			  /* or AUTHZ_NO_RULE */
	struct rf_pos pos;		  /* of the rule, or of the policy */
	uint32_t allow_count;		  /* ALLOW policies in force for the workload */
	/*
	 * The policy under `istio.io/dry-run` that would decide if those were in force beside the
	 * others, and how; NULL: none of them would, the verdict is the same without them.
	 */
	const struct kube_object *dry_policy;
	uint32_t dry_rule; /* or AUTHZ_NO_RULE: an ALLOW that does not match */
	bool dry_allowed;
	const struct kube_object *audit_policy; /* the first AUDIT that matched; else NULL */
};

struct authz;

/*
 * set is borrowed for as long as the result lives. RF_OK or RF_EINTERNAL. Policies that cannot be
 * enforced (CUSTOM, JWT fields, ...) were refused when they were loaded.
 */
int authz_compile(const struct kube_set *set, const struct authz_workload *workload,
	struct authz **ret, struct rf_err *err) RF_MUST_USE;
void authz_free(struct authz *authz);
void authz_freep(struct authz **authz);
#define AUTO_AUTHZ CLEANUP(authz_freep) struct authz

/*
 * At most a microsecond with a thousand rules: sources are looked up by their exact principals,
 * service accounts or namespaces. Those that have none of these are asked one after the other.
 */
struct authz_verdict authz_judge(const struct authz *authz, const struct authz_peer *peer);

/* True when no policy applies, those under dry-run included: nobody need be judged. */
bool authz_is_empty(const struct authz *authz);

/*
 * "AuthorizationPolicy shop/allow-frontend, rule 1 (policies.yaml:12:5)", appended; rules count
 * from 0. AUTHZ_NO_ALLOW: "no rule of AuthorizationPolicy shop/x (policies.yaml:3:1) matches, the
 * only ALLOW policy"; AUTHZ_NO_POLICY: "no DENY policy matches, and there is no ALLOW policy".
 */
void authz_verdict_text(const struct authz_verdict *verdict, struct rf_buf *out);

#endif
