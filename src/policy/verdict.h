/*
 * Verdicts: allowed is egress of the source and ingress of the destination. A pod always reaches
 * itself, and a pod's own node always reaches it.
 */
#ifndef RF_POLICY_VERDICT_H
#define RF_POLICY_VERDICT_H

#include "policy/compile.h"

struct policy_verdict {
	bool allowed;
	bool egress;
	bool ingress;
};

/*
 * What may pass from class to class in one direction's view: the number of a port set (see
 * policy_port_set). POLICY_PORTS_BAD when memory ran out, and a caller that enforces must then
 * deny.
 */
uint32_t policy_pair(struct policy *policy, enum policy_dir dir, uint32_t from_class,
	uint32_t to_class) RF_MUST_USE;
/* Egress and ingress together: what the kernel gets. */
uint32_t policy_pair_both(
	struct policy *policy, uint32_t from_class, uint32_t to_class) RF_MUST_USE;
const struct policy_ports *policy_port_set(const struct policy *policy, uint32_t id);

/* port is ignored for POLICY_OTHER. Denies when memory ran out. */
struct policy_verdict policy_judge(struct policy *policy, const struct policy_end *from,
	const struct policy_end *to, enum policy_proto proto, uint16_t port);

/* The port sets of a pair of ends, with the two "always" rules applied. */
struct policy_reach {
	uint32_t egress, ingress, both; /* numbers of port sets */
};
struct policy_reach policy_reach_of(
	struct policy *policy, const struct policy_end *from, const struct policy_end *to);

/* True when the pair passes whatever the policies say: same pod, or the pod's own node. */
bool policy_always(
	const struct policy *policy, const struct policy_end *from, const struct policy_end *to);

#endif
