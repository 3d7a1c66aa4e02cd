/* Why a verdict is what it is: the policies and rules that decided, with their file:line. */
#ifndef RF_POLICY_EXPLAIN_H
#define RF_POLICY_EXPLAIN_H

#include "policy/ref.h"

enum policy_reason_kind {
	POLICY_ALLOWS,	  /* this rule lets it through */
	POLICY_ISOLATES,  /* this policy isolates the pod; none of its rules lets it through */
	POLICY_PEER_ONLY, /* this rule finds the peer, but not the port */
};

struct policy_reason {
	enum policy_reason_kind kind;
	const struct kube_object *policy;
	uint32_t rule;	   /* index in ingress/egress; UINT32_MAX for POLICY_ISOLATES */
	struct rf_pos pos; /* of the rule, or of the policy */
};

/* The reasons of one direction. */
struct policy_why {
	bool allowed;
	bool always;   /* same pod, or the pod's own node: no policy was asked */
	bool isolated; /* some policy isolates the subject in this direction */
	RF_VEC(struct policy_reason) reasons; /* in the order of the files */
};

void policy_why_done(struct policy_why *why);

/* Explains one direction of a connection. ask must have its named port resolved. */
int policy_explain(struct policy *policy, const struct policy_ends *ends,
	const struct policy_ask *ask, enum policy_dir dir, struct policy_why *ret) RF_MUST_USE;

/* One rule of a policy in words: who, which ports. */
struct policy_rule_text {
	const struct kube_object *policy;
	enum policy_dir dir;
	uint32_t rule; /* UINT32_MAX: the policy has no rules in this direction */
	struct rf_pos pos;
	char *peers; /* "pods app=frontend-app in namespaces ..., 10.0.0.0/8 except ..." */
	char *ports; /* "TCP 8080, UDP dns" or "all ports" */
};

struct policy_rule_texts {
	RF_VEC(struct policy_rule_text) list;
};

/* Everything that applies to a pod, ingress first. The caller frees with policy_rule_texts_done. */
int policy_rules_of(const struct policy *policy, const struct policy_end *pod,
	struct policy_rule_texts *ret) RF_MUST_USE;
void policy_rule_texts_done(struct policy_rule_texts *texts);

const char *policy_dir_name(enum policy_dir dir);

#endif
