/*
 * Resources into cgroup values, by the kubelet's formulas: shares = milliCPU * 1024 / 1000 (at
 * least 2), quota = milliCPU * 100 microseconds of each 100 ms (at least 1 ms). A request that is
 * not set is the limit. oom_score_adj follows the pod's quality-of-service class.
 */
#include "harden/harden_int.h"

#define MILLI	       1000
#define MIN_SHARES     2
#define MAX_SHARES     262144
#define MIN_QUOTA_USEC 1000
#define DEFAULT_PIDS   4096 /* Kubernetes leaves it to the node: kubelet's podPidsLimit */

#define OOM_GUARANTEED	  (-997)
#define OOM_BEST_EFFORT	  1000
#define OOM_MIN_BURSTABLE 3
/*
 * The kubelet weighs a memory request against the machine's memory. This code does not look at
 * machines, and a profile should not depend on where it was computed, so a fixed size stands in.
 */
#define OOM_MEMORY_BYTES ((int64_t)16 << 30)

enum qos {
	QOS_BEST_EFFORT,
	QOS_BURSTABLE,
	QOS_GUARANTEED,
};

struct resource_row {
	const char *name;
	bool limit; /* as a limit; requests of all rows are accepted */
	const char *why;
};

static const struct resource_row resource_rows[] = {
	{"cpu", true, NULL},
	{"memory", true, NULL},
	{"pids", true, NULL}, /* of this program: Kubernetes has it for the whole node only */
	{"ephemeral-storage", false,
		"nothing here measures or evicts; use emptyDir with sizeLimit"},
};

static struct kube_quantity find(const struct kube_resource_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (rf_str_is(list->items[i].name, name))
			return list->items[i].quantity;
	}
	return (struct kube_quantity){.set = false};
}

/* The request in thousandths, or the limit when there is no request. */
static int64_t request_of(const struct kube_resources *r, const char *name)
{
	struct kube_quantity request = find(&r->requests, name);

	return request.set ? request.milli : find(&r->limits, name).milli;
}

static const struct resource_row *find_row(struct rf_str name)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(resource_rows); i++) {
		if (rf_str_is(name, resource_rows[i].name))
			return &resource_rows[i];
	}
	return NULL;
}

static struct rf_pos resource_pos(
	const struct kube_resources *r, const char *key, struct rf_str name)
{
	const struct doc_node *list = doc_get(r->node, key);

	doc_each (child, list) {
		if (rf_str_eq(child->key, name))
			return doc_key_pos(child);
	}
	return doc_field_pos(r->node, key);
}

static void check_list(struct harden_work *work, const char *key,
	const struct kube_resource_list *list, bool limits)
{
	const struct kube_resources *r = &work->container->resources;

	for (size_t i = 0; i < list->count; i++) {
		struct rf_str name = list->items[i].name;
		const struct resource_row *row = find_row(name);
		struct rf_pos pos = resource_pos(r, key, name);

		if (!row)
			harden_refuse(work, pos,
				"resources.%s: " RF_STR_FMT
				" cannot be provided on one machine; supported are cpu, memory "
				"and pids",
				key, RF_STR_ARG(name));
		else if (limits && !row->limit)
			harden_refuse(work, pos, "resources.%s: %s cannot be enforced here: %s",
				key, row->name, row->why);
		else if (list->items[i].quantity.milli < 0)
			harden_refuse(
				work, pos, "resources.%s: %s must not be negative", key, row->name);
	}
}

static void check_resources(struct harden_work *work)
{
	const struct kube_resources *r = &work->container->resources;

	check_list(work, "limits", &r->limits, true);
	check_list(work, "requests", &r->requests, false);
	if (r->claims)
		harden_refuse(work, doc_field_pos(r->node, "claims"),
			"resources.claims: devices by claim cannot be provided on one machine");
	if (work->pod->resources)
		harden_refuse(work, doc_field_pos(work->pod->node, "resources"),
			"resources of the pod as a whole cannot be enforced here; "
			"set them for each container");
}

/* What one container contributes to the pod's class (k8s component-helpers ComputePodQOS). */
static void look_at(const struct kube_resources *r, bool *any, bool *guaranteed)
{
	static const char *const names[] = {"cpu", "memory"};

	for (size_t i = 0; i < RF_ARRAY_LEN(names); i++) {
		int64_t limit = find(&r->limits, names[i]).milli;
		int64_t request = request_of(r, names[i]);

		*any |= limit > 0 || request > 0;
		*guaranteed &= limit > 0 && request == limit;
	}
}

static enum qos qos_of(const struct kube_pod_spec *pod)
{
	const struct doc_list *lists[] = {&pod->containers, &pod->init_containers};
	bool any = false, guaranteed = true;

	for (size_t l = 0; l < RF_ARRAY_LEN(lists); l++) {
		const struct kube_container *containers = lists[l]->items;

		for (size_t i = 0; i < lists[l]->count; i++)
			look_at(&containers[i].resources, &any, &guaranteed);
	}
	if (!any)
		return QOS_BEST_EFFORT;
	return guaranteed ? QOS_GUARANTEED : QOS_BURSTABLE;
}

static int oom_score_adj(const struct harden_work *work)
{
	int64_t bytes = request_of(&work->container->resources, "memory") / MILLI;
	enum qos qos = qos_of(work->pod);

	if (qos == QOS_GUARANTEED)
		return OOM_GUARANTEED;
	if (qos == QOS_BEST_EFFORT)
		return OOM_BEST_EFFORT;
	if (bytes >= OOM_MEMORY_BYTES)
		return OOM_MIN_BURSTABLE;
	/* In MiB, so that the product cannot overflow. */
	bytes = OOM_BEST_EFFORT - OOM_BEST_EFFORT * (bytes >> 20) / (OOM_MEMORY_BYTES >> 20);
	if (bytes >= OOM_BEST_EFFORT)
		return OOM_BEST_EFFORT - 1;
	return bytes < OOM_MIN_BURSTABLE ? OOM_MIN_BURSTABLE : (int)bytes;
}

static uint64_t shares_of(int64_t milli)
{
	if (milli >= (int64_t)MAX_SHARES * MILLI / 1024)
		return MAX_SHARES;
	milli = milli * 1024 / MILLI;
	return milli < MIN_SHARES ? MIN_SHARES : (uint64_t)milli;
}

static int64_t quota_of(int64_t milli)
{
	int64_t usec;

	if (milli <= 0 || __builtin_mul_overflow(milli, 100, &usec))
		return 0;
	return usec < MIN_QUOTA_USEC ? MIN_QUOTA_USEC : usec;
}

void harden_fill_limits(struct harden_work *work)
{
	const struct kube_resources *r = &work->container->resources;
	struct harden_profile *p = &work->profile;
	int64_t memory = find(&r->limits, "memory").milli;
	int64_t pids = find(&r->limits, "pids").milli / MILLI;

	check_resources(work);
	/* Rounded up: a limit of less than a byte is not "no limit". */
	p->memory_bytes = memory > 0 ? (uint64_t)(memory / MILLI) + (memory % MILLI != 0) : 0;
	p->pids = pids > 0 ? (uint64_t)pids : DEFAULT_PIDS;
	p->cpu_shares = shares_of(request_of(r, "cpu"));
	p->cpu_quota_usec = quota_of(find(&r->limits, "cpu").milli);
	p->oom_score_adj = oom_score_adj(work);
}
