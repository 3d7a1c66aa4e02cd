/*
 * From workloads to pods: what a cluster's controllers would create, with names that do not change
 * from run to run. What policy, harden and host work on.
 */
#ifndef RF_KUBE_PODS_H
#define RF_KUBE_PODS_H

#include "kube/load.h"

struct kube_pod {
	struct rf_str namespace;
	struct rf_str name;		 /* "api-0", "api-7c9f-1": see kube_pods_expand */
	const struct kube_object *owner; /* the workload (a Pod object owns itself) */
	struct doc_pairs labels;	 /* the template's, and those that controllers add */
	const struct kube_pod_spec *spec;
	struct rf_ip ips[4]; /* status.podIPs where given, at most 4 */
	size_t ip_count;
	unsigned ordinal; /* among the workload's pods */
	bool finished;	  /* status.phase Succeeded or Failed: holds no address */
};

struct kube_pods {
	RF_VEC(struct kube_pod) list; /* in the order of the objects */
	struct rf_map by_name;	      /* "namespace/name" -> index */
};

/*
 * Expands every workload of the set. Deployment and ReplicaSet pods are NAME-HASH-ORDINAL with a
 * hash of the template's text (5 characters), StatefulSet pods NAME-ORDINAL, DaemonSet pods
 * NAME-HASH, Job pods NAME-ORDINAL (min(parallelism, completions) of them), a CronJob has none
 * until its time unless at_least_one. replicas 0 gives none unless at_least_one (static views
 * show a workload even when it is scaled to zero).
 * Labels that controllers add: pod-template-hash is left out on purpose (policies cannot rely on
 * it); statefulset.kubernetes.io/pod-name, apps.kubernetes.io/pod-index, job-name,
 * batch.kubernetes.io/job-name are added.
 *
 * Pods of the set (a dump of a live cluster) stand for themselves: an owner that has some in the
 * set is not expanded, nor is a workload whose own owner is in the set. kube_pod.owner is the
 * top-most owner found (Deployment rather than ReplicaSet). Names and labels live in the set's
 * arena. RF_ELIMIT for more than a million pods.
 */
int kube_pods_expand(const struct kube_set *set, bool at_least_one, struct kube_pods *ret,
	struct rf_err *err) RF_MUST_USE;
void kube_pods_done(struct kube_pods *pods);

/*
 * Warns of addresses (status.podIPs) that several pods of the set hold at once, with both places;
 * policy takes such an address for that of the last one. RF_EINTERNAL when memory ran out.
 */
int kube_check_pod_ips(const struct kube_set *set, struct rf_diags *diags) RF_MUST_USE;

/* The named port of a pod: number, or 0 when no container has it with that protocol. */
uint16_t kube_pod_named_port(
	const struct kube_pod_spec *spec, struct rf_str name, struct rf_str protocol);

/* Labels of a namespace, with kubernetes.io/metadata.name; also for one that has no object. */
int kube_namespace_labels(
	const struct kube_set *set, struct rf_str namespace, struct doc_pairs *ret) RF_MUST_USE;

/* cpu/memory/... of a resource list; set is false when it is not there. */
struct kube_quantity kube_resource_get(const struct kube_resource_list *list, const char *name);

#endif
