/*
 * What runs against what shall run. Order is what makes it safe: the fence holds a pod's addresses
 * before the pod's network exists, and a change of policy is in the kernel before the pods that it
 * is for are started.
 */
#include "host/host.h"

#include "host/control.h"
#include "host/dns.h"
#include "host/endpoints.h"
#include "host/identity_volume.h"
#include "host/mesh.h"
#include "host/notes.h"
#include "host/pod.h"
#include "host/pod_setup.h"
#include "host/status.h"

#define SYNC_DELAY_MS 5U
#define SYNC_RETRY_MS 1000U

struct pod *host_find_pod(const struct host *host, struct rf_str key)
{
	rf_vec_each (pod, &host->pods) {
		if (rf_str_is(key, (*pod)->key))
			return *pod;
	}
	return NULL;
}

/* --- keeping the kernel, DNS and Services up to date --- */

static int fence_now(
	struct host *host, struct policy *policy, struct fence_stats *stats, struct rf_err *err)
{
	CLEANUP(endpoints_done) struct endpoint_list list;
	struct fence_services services;

	if (endpoints_build(host, &list) < 0)
		return rf_err_nomem(err);
	services = (struct fence_services){list.services.items, list.services.count};
	return fence_apply(host->fence, policy, &services, stats, err);
}

static int recompile(struct host *host, struct rf_err *err)
{
	struct policy *policy;
	int rc;

	if (!host->policy_dirty)
		return RF_OK;
	rc = policy_compile(host->plan->set, &host->plan->pods, &policy, err);
	if (rc < 0)
		return rc;
	policy_free(host->policy);
	host->policy = policy;
	host->policy_dirty = false;
	return RF_OK;
}

static int start_missing(struct host *host, struct host_change *change, struct rf_err *err);

/* The kernel, from what is known now. */
static int sync_fence(struct host *host, struct rf_err *err)
{
	struct fence_stats stats;
	int rc = recompile(host, err);

	return rc == RF_OK ? fence_now(host, host->policy, &stats, err) : rc;
}

static void sync_now(void *ctx)
{
	struct host *host = ctx;
	struct host_change change = {.started = 0};
	struct rf_err err = {.code = RF_OK};
	int rc;

	host->sync_timer = NULL;
	rc = sync_fence(host, &err);
	if (rc == RF_OK && host->starts_wait && !host->stopping) {
		host->starts_wait = false;
		rc = start_missing(host, &change, &err);
	}
	if (rc == RF_OK)
		rc = dns_write_records(host, &err);
	mesh_sync(host);
	identity_volume_sync(host);
	if (rc == RF_OK)
		return;
	host_note(host, "the fence could not be brought up to date: %s (trying again)", err.msg);
	host->sync_timer = loop_timer_add(host->loop, SYNC_RETRY_MS, sync_now, host);
}

static void sync_soon(struct host *host)
{
	if (!host->sync_timer && !host->stopping)
		host->sync_timer = loop_timer_add(host->loop, SYNC_DELAY_MS, sync_now, host);
}

static void fence_changed(void *ctx, unsigned events RF_UNUSED)
{
	struct host *host = ctx;

	if (!fence_check(host->fence))
		return;
	host_note(host,
		"somebody has changed the table " INSTANCE_TABLE " of nftables: it is put back");
	loop_timer_del(host->sync_timer);
	host->sync_timer = NULL;
	if (host->policy)
		sync_now(host);
}

int host_guard_fence(struct host *host, struct rf_err *err)
{
	host->fence_watch = loop_watch_fd(
		host->loop, fence_watch_fd(host->fence), LOOP_READ, fence_changed, host);
	return host->fence_watch ? RF_OK : rf_err_nomem(err);
}

/* The pod holds no address any more: policy forgets it at once. */
static void give_up_address(struct host *host, const struct pod *pod)
{
	uintptr_t index;

	if (!rf_map_get(&host->plan->pods.by_name, rf_str_of(pod->key), &index))
		return;
	host->plan->pods.list.items[index].finished = true;
	host->policy_dirty = true;
	sync_soon(host);
}

static void pod_changed(struct pod *pod)
{
	AUTO_BUF event = {0};

	if (pod->phase == POD_SUCCEEDED || pod->phase == POD_FAILED)
		give_up_address(pod->host, pod);
	/* Its name, and Services that publish it unready: others may wait for just that. */
	if (pod->phase == POD_STARTING)
		sync_soon(pod->host);
	status_pod_event(pod, &event);
	if (!event.failed)
		control_broadcast(pod->host->control, rf_buf_str(&event));
}

static void pod_readiness_changed(struct pod *pod)
{
	sync_soon(pod->host);
}

/* --- pods coming and going --- */

static bool is_called(const struct kube_pod *kube, const char *key)
{
	struct rf_str namespace, name = rf_str_cut(rf_str_of(key), '/', &namespace);

	return rf_str_eq(kube->namespace, namespace) && rf_str_eq(kube->name, name);
}

static void pod_gone(struct pod *pod);

static const struct pod_events pod_watcher = {
	.changed = pod_changed,
	.readiness_changed = pod_readiness_changed,
	.gone = pod_gone,
};

static int add_pod(struct host *host, const struct kube_pod *kube, struct rf_err *err)
{
	struct pod *pod;
	int rc = pod_new(host, kube, &pod_watcher, &pod, err);

	if (rc < 0)
		return rc;
	if (!rf_vec_push(&host->pods, pod)) {
		pod_free(pod);
		return rf_err_nomem(err);
	}
	pod_start(pod);
	return RF_OK;
}

static void forget_pod(struct host *host, struct pod *pod)
{
	for (size_t i = 0; i < host->pods.count; i++) {
		if (host->pods.items[i] != pod)
			continue;
		memmove(&host->pods.items[i], &host->pods.items[i + 1],
			(host->pods.count - i - 1) * sizeof(struct pod *));
		host->pods.count--;
		return;
	}
}

/* The plan's pod of that name, unless it is there only because an old one is ending. */
static const struct kube_pod *planned(const struct host *host, const char *key)
{
	uintptr_t index;

	if (!rf_map_get(&host->plan->pods.by_name, rf_str_of(key), &index))
		return NULL;
	return &host->plan->pods.list.items[index];
}

/*
 * In the policy the pod's place goes to whoever has its name next; without one its addresses are
 * nobody's.
 */
static void pass_place_on(struct host *host, const struct pod *pod, const struct kube_pod *again)
{
	rf_vec_each (place, &host->plan->pods.list) {
		if (is_called(place, pod->key))
			place->finished = place != again;
	}
	if (!again)
		plan_addresses_drop_pod(&host->addresses, rf_str_of(pod->key));
	host->policy_dirty = true;
}

static void pod_gone(struct pod *pod)
{
	struct host *host = pod->host;
	const struct kube_pod *again = host->stopping ? NULL : planned(host, pod->key);
	struct rf_err err;

	forget_pod(host, pod);
	pass_place_on(host, pod, again);
	/* The next one's policy before its first process: it waits until the kernel has it. */
	if (again && sync_fence(host, &err) < 0)
		host->starts_wait = true;
	else if (again && add_pod(host, again, &err) < 0)
		host_note(host, "%s: %s", pod->key, err.msg);
	sync_soon(host);
	pod_free(pod);
	if (host->stopping && host->pods.count == 0)
		loop_stop(host->loop);
}

void host_stop(struct host *host)
{
	host->stopping = true;
	for (size_t i = 0; i < host->pods.count; i++)
		pod_stop(host->pods.items[i]);
	if (host->pods.count == 0)
		loop_stop(host->loop);
}

/* --- a new plan --- */

/* A proxy is there before a pod's programs or not at all, and peers have to know which. */
static bool is_same(const struct pod *pod, const struct kube_pod *next, const struct kube_set *set)
{
	if (pod->networked && mesh_has_by(pod->host, set, next) != (pod->mesh != NULL))
		return false;
	return pod_spec_hash(next) == pod->spec_hash;
}

/*
 * What is known of running pods, into the new plan: a finished one stays without its addresses;
 * one that ends keeps its own labels as long as it runs, and its successor waits for it.
 */
static int carry_over(struct host *host, struct plan *plan, struct rf_err *err)
{
	rf_vec_each (item, &host->pods) {
		const struct pod *pod = *item;
		struct kube_pod *next = NULL;
		uintptr_t index;

		if (rf_map_get(&plan->pods.by_name, rf_str_of(pod->key), &index))
			next = &plan->pods.list.items[index];
		if (next && pod->phase != POD_STOPPING && is_same(pod, next, plan->set)) {
			next->finished = pod_is_finished(pod);
			continue;
		}
		if (next)
			next->finished = true;
		if (!pod_is_finished(pod) && !rf_vec_push(&plan->pods.list, *pod->kube))
			return rf_err_nomem(err);
	}
	return RF_OK;
}

/* What runs already against what shall run. */
static void settle_running(struct host *host, struct host_change *change)
{
	for (size_t i = 0; i < host->pods.count; i++) {
		struct pod *pod = host->pods.items[i];
		const struct kube_pod *next = planned(host, pod->key);
		struct rf_err err = {.code = RF_OK};

		if (pod->phase == POD_STOPPING)
			continue;
		if (!next || !is_same(pod, next, host->plan->set)) {
			pod_stop(pod);
			change->stopped++;
			continue;
		}
		pod->kube = next;
		change->kept++;
		if (pod_refresh_volumes(pod, &err) < 0)
			host_note(host, "%s: %s", pod->key, err.msg);
	}
}

static int start_missing(struct host *host, struct host_change *change, struct rf_err *err)
{
	for (size_t i = 0; i < host->plan->pods.list.count; i++) {
		const struct kube_pod *kube = &host->plan->pods.list.items[i];
		AUTO_BUF key = {0};
		uintptr_t index;
		int rc;

		rf_buf_addf(&key, RF_STR_FMT "/" RF_STR_FMT, RF_STR_ARG(kube->namespace),
			RF_STR_ARG(kube->name));
		if (host_find_pod(host, rf_buf_str(&key)) ||
			!rf_map_get(&host->plan->pods.by_name, rf_buf_str(&key), &index))
			continue;
		rc = add_pod(host, kube, err);
		if (rc < 0)
			return rc;
		change->started++;
	}
	return RF_OK;
}

/* Puts plan and policy in force; the kernel first. */
static int adopt(struct host *host, struct plan *plan, struct policy *policy,
	struct fence_stats *stats, struct rf_err *err)
{
	struct plan *old = host->plan;
	struct rf_err later;
	int rc;

	host->plan = plan;
	rc = fence_now(host, policy, stats, err);
	if (rc < 0) {
		host->plan = old;
		return rc;
	}
	policy_free(host->policy);
	host->policy = policy;
	host->policy_dirty = false;
	/* The change is in force: names that cannot be written now are tried again. */
	if (dns_write_records(host, &later) < 0)
		sync_soon(host);
	return RF_OK;
}

int host_apply(struct host *host, struct kube_set *set, struct host_change *ret,
	struct rf_diags *diags, struct rf_err *err)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	struct policy *policy = NULL;
	int rc;

	*ret = (struct host_change){.started = 0};
	if (host->stopping) {
		free(plan);
		return rf_err_set(err, RF_EDENIED, "Ringfence is stopping");
	}
	if (!plan)
		return rf_err_nomem(err);
	rc = plan_make(set, &host->config.ranges, &host->addresses, plan, diags, err);
	if (rc == RF_OK)
		rc = carry_over(host, plan, err);
	if (rc == RF_OK)
		rc = policy_compile(set, &plan->pods, &policy, err);
	if (rc == RF_OK && (!rf_vec_push(&host->sets, set) || !rf_vec_push(&host->plans, plan)))
		rc = rf_err_nomem(err);
	if (rc == RF_OK)
		rc = adopt(host, plan, policy, &ret->fence, err);
	if (rc < 0) {
		if (!host->plans.count || host->plans.items[host->plans.count - 1] != plan) {
			plan_done(plan);
			free(plan);
		}
		policy_free(policy == host->policy ? NULL : policy);
		return rc;
	}
	settle_running(host, ret);
	mesh_sync(host);
	identity_volume_sync(host);
	return start_missing(host, ret, err);
}
