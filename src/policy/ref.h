/*
 * How people name the ends of a connection: "namespace/pod", "namespace/Kind/name" (a workload,
 * its first pod speaks for it) or an IP address.
 */
#ifndef RF_POLICY_REF_H
#define RF_POLICY_REF_H

#include "policy/verdict.h"

/*
 * What a pod is shown and named as: its workload or, for a Pod that a controller made (as in the
 * output of kubectl get pods), the controller that its ownerReferences name.
 */
void policy_workload_of(
	const struct kube_pod *pod, struct rf_str *ret_kind, struct rf_str *ret_name);

struct policy_ref {
	bool is_ip;
	struct rf_ip ip;
	uint32_t pod;	/* POLICY_NO_POD when is_ip */
	uint32_t other; /* a second pod of the workload, POLICY_NO_POD when it has none */
};

struct policy_refs {
	struct policy *policy; /* borrowed */
	struct rf_arena *arena;
	struct rf_map workloads; /* "namespace/Kind/name" and "namespace/name" -> first pod */
	uint32_t *next_sibling;	 /* by pod: the workload's next pod, or POLICY_NO_POD */
};

int policy_refs_init(struct policy_refs *refs, struct policy *policy) RF_MUST_USE;
void policy_refs_done(struct policy_refs *refs);

/* RF_EINPUT / RF_EABSENT with a message that says what the form is or what is not there. */
int policy_ref_parse(const struct policy_refs *refs, struct rf_str text, struct policy_ref *ret,
	struct rf_err *err) RF_MUST_USE;

struct policy_ends {
	struct policy_end from, to;
};

/*
 * The pairs of addresses over which from may speak to: one for each family that both have, or one
 * without addresses when no family is known of both. Returns their number, 0 to 2 (0: the
 * families differ, or a pod has finished: err says).
 */
unsigned policy_ref_pairs(const struct policy *policy, const struct policy_ref *from,
	const struct policy_ref *to, struct policy_ends ret[2], struct rf_err *err);

/* What is asked of a pair. */
struct policy_ask {
	bool any_port; /* is any port of proto open? with any_proto: any at all? */
	bool any_proto;
	enum policy_proto proto;
	uint16_t port;
	struct rf_str name; /* named port: resolved on the destination pod; absent: ptr NULL */
};

/* Whether a port set holds what is asked, its named port resolved. False for POLICY_PORTS_BAD. */
bool policy_ask_open(const struct policy *policy, uint32_t set, const struct policy_ask *ask);

struct policy_question {
	struct policy_ref from, to;
	struct policy_ask ask;
};

struct policy_answer {
	struct policy_verdict verdict;
	struct policy_ends ends; /* the pair of addresses that decided */
};

/*
 * Judges over every family that both ends have; allowed when one of them is (the answer is that
 * one's). A connection can be made if any family lets it through, so that is what "allowed" means.
 */
int policy_ref_judge(struct policy *policy, const struct policy_question *question,
	struct policy_answer *ret, struct rf_err *err) RF_MUST_USE;

/*
 * The number of a named port on a pod: 0 when none of its containers has it. With any_proto the
 * protocol is whichever has the name (TCP, UDP, SCTP in this order) and is put into *proto.
 */
uint16_t policy_ref_named_port(const struct policy *policy, uint32_t pod, struct rf_str name,
	bool any_proto, enum policy_proto *proto);

#endif
