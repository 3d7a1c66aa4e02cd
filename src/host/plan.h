/*
 * The plan: what this machine shall run, worked out from manifests before anything is started.
 * Pure apart from reading images: workloads become pods with addresses, Services get ClusterIPs,
 * and whatever cannot be done here is refused by field and file:line.
 */
#ifndef RF_HOST_PLAN_H
#define RF_HOST_PLAN_H

#include "image/store.h"
#include "kube/pods.h"
#include "policy/ports.h"

/* Address ranges; family RF_FAMILY_NONE: none of that family. */
struct plan_ranges {
	struct rf_cidr pods[2]; /* [0] IPv4, [1] IPv6 */
	struct rf_cidr services[2];
};

#define PLAN_POD_RANGE4	    "10.85.0.0/16"
#define PLAN_POD_RANGE6	    "fd85::/64"
#define PLAN_SERVICE_RANGE4 "10.86.0.0/16"
#define PLAN_SERVICE_RANGE6 "fd86::/112"

/*
 * Addresses given out so far, by "namespace/name": kept from plan to plan, so that a pod or a
 * Service keeps its address while it lives.
 */
struct plan_addresses {
	struct rf_arena *arena;
	struct rf_map pods; /* -> index into the range */
	struct rf_map services;
	struct rf_map pod_used; /* index (as text) -> 1 */
	struct rf_map service_used;
	uint64_t next_pod, next_service;
};

int plan_addresses_init(struct plan_addresses *addresses) RF_MUST_USE;
void plan_addresses_done(struct plan_addresses *addresses);
/* Gives back a pod's address once the pod is gone. */
void plan_addresses_drop_pod(struct plan_addresses *addresses, struct rf_str key);

struct plan_service {
	const struct kube_object *object;
	struct rf_str key;   /* "namespace/name" */
	struct rf_ip ips[2]; /* ClusterIPs; none when headless */
	unsigned ip_count;
};

struct plan {
	const struct kube_set *set; /* borrowed */
	struct kube_pods pods;	    /* with their addresses of this machine */
	RF_VEC(struct plan_service) services;
	struct rf_arena *arena;
};

/*
 * Expands, allocates, checks. Every refusal goes to diags. RF_OK when nothing was refused,
 * RF_EINPUT, RF_ELIMIT (a range is full), RF_EINTERNAL.
 */
int plan_make(const struct kube_set *set, const struct plan_ranges *ranges,
	struct plan_addresses *addresses, struct plan *ret, struct rf_diags *diags,
	struct rf_err *err) RF_MUST_USE;
void plan_done(struct plan *plan);

/* Every field that this machine cannot honour, as errors in diags (support.c). */
void plan_check_support(const struct kube_set *set, struct rf_diags *diags);

/* This machine's own addresses towards pods: the first of each range. Returns their number. */
unsigned plan_node_ips(const struct plan_ranges *ranges, struct rf_ip ret[2]);

/* The Service by "namespace/name"; NULL when there is none. */
const struct plan_service *plan_find_service(const struct plan *plan, struct rf_str key);

#endif
