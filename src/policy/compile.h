/*
 * Compiles NetworkPolicies (networking.k8s.io/v1) and pods into the one form that everything else
 * reads: the kernel's tables, `net query`, `net matrix`, `net explain` and the denial log.
 *
 * Pods of equal namespace, labels-as-selected, named ports and ipBlock membership are one class;
 * so are external addresses of equal membership. Selectors are evaluated once a class; the verdict
 * of a pair of classes is worked out when it is first asked for, and kept.
 *
 * A pod's address decides in which ipBlocks it lies, so each address of a pod has a class of its
 * own; a pod without a known address is in no ipBlock. hostNetwork pods are their node: no policy
 * selects them and no podSelector finds them. Finished pods hold no address.
 */
#ifndef RF_POLICY_COMPILE_H
#define RF_POLICY_COMPILE_H

#include "kube/pods.h"
#include "policy/blocks.h"
#include "policy/ports.h"

struct policy;

enum policy_dir {
	POLICY_INGRESS,
	POLICY_EGRESS,
	POLICY_DIR_COUNT,
};

#define POLICY_NO_CLASS UINT32_MAX
#define POLICY_NO_POD	UINT32_MAX

/*
 * set and pods are borrowed: they must outlive the result. Returns RF_OK, RF_ELIMIT (more than
 * POLICY_MAX_CLASSES classes), RF_EINTERNAL.
 */
int policy_compile(const struct kube_set *set, const struct kube_pods *pods, struct policy **ret,
	struct rf_err *err) RF_MUST_USE;
void policy_free(struct policy *policy);
void policy_freep(struct policy **policy);

#define POLICY_MAX_CLASSES 1000000U

/* One end of a connection. */
struct policy_end {
	uint32_t class;
	uint32_t pod;	 /* index into the pods compiled, or POLICY_NO_POD for an address outside */
	struct rf_ip ip; /* family RF_FAMILY_NONE when not known */
	bool node;	 /* a hostNetwork pod */
};

/*
 * A pod by its index and one of its addresses (family of the address wanted; RF_FAMILY_NONE or a
 * family that the pod has no address of gives its class without an address). False when the pod
 * is finished and has no network any more.
 */
bool policy_end_of_pod(const struct policy *policy, uint32_t pod, enum rf_family family,
	struct policy_end *ret) RF_MUST_USE;
/* An address: the pod that holds it, or the outside. */
struct policy_end policy_end_of_ip(const struct policy *policy, const struct rf_ip *ip);

uint32_t policy_class_count(const struct policy *policy);
/* True for classes of pods (not of external addresses or nodes). */
bool policy_class_is_pod(const struct policy *policy, uint32_t class);
/* True when a policy isolates pods of the class in that direction. */
bool policy_class_isolated(const struct policy *policy, uint32_t class, enum policy_dir dir);

/* The ranges of external addresses of one family (sorted, whole family), and a range's class. */
const struct policy_ip_ranges *policy_external_ranges(
	const struct policy *policy, enum rf_family family);
uint32_t policy_external_class(const struct policy *policy, uint32_t membership);

const struct kube_pods *policy_pods(const struct policy *policy);

#endif
