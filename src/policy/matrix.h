/*
 * Who reaches whom, by workload: one line a pair that may connect at all, with the ports. Pods of
 * one workload speak with one voice (what any of them may do). External addresses appear as the
 * ranges that the policies' ipBlocks cut: sources as the ingress rules cut them, destinations as
 * the egress rules do. IPv6 ranges appear only when a policy or a pod speaks IPv6.
 */
#ifndef RF_POLICY_MATRIX_H
#define RF_POLICY_MATRIX_H

#include "policy/verdict.h"

/* A workload or a range of external addresses. */
struct policy_party {
	struct rf_str namespace, kind, name; /* of the workload */
	bool external;
	struct policy_ip_range range; /* external */
	enum policy_dir dir;	      /* external: sources of ingress, or destinations of egress */
	RF_VEC(struct policy_end) ends; /* one for each class and family that its pods have */
	RF_VEC(struct rf_str) nodes;	/* the nodes of its pods; "" or absent: any */
	char *label; /* "production/my-golang-app[Deployment]", "0.0.0.0-255.255.255.255" */
};

struct policy_line {
	uint32_t from, to; /* indexes of parties */
	uint32_t ports;	   /* number of a port set */
};

struct policy_matrix {
	RF_VEC(struct policy_party) parties; /* workloads in the order of the files, then ranges */
	RF_VEC(struct policy_line) lines; /* sorted by label of from, then of to; no self lines */
};

int policy_matrix_build(struct policy *policy, struct policy_matrix *ret) RF_MUST_USE;
void policy_matrix_done(struct policy_matrix *matrix);

#endif
