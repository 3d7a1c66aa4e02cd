/*
 * A pod as a small state machine, driven by what its containers report. A container that ended is
 * started again with the back-off of a kubelet (at once, then 10 s, doubled up to 5 minutes;
 * forgotten after 10 good minutes), except where restartPolicy says otherwise. A pod whose network
 * or volumes could not be made is tried again every 10 s.
 */
#include "host/pod.h"

#include "host/container.h"
#include "host/identity_volume.h"
#include "host/mesh.h"
#include "host/notes.h"
#include "host/pod_setup.h"
#include "host/probe.h"

#define BACKOFF_FIRST_S	 10U
#define BACKOFF_MAX_S	 300U
#define BACKOFF_RESET_MS (10U * 60 * 1000)
#define GRACE_DEFAULT_S	 30U
#define QUOTA_PERIOD_MS	 30000U

/* --- making and freeing --- */

static void hash_node(const struct doc_node *node, uint64_t *h)
{
	*h = *h * 1099511628211U + node->type;
	*h = *h * 1099511628211U + rf_hash(node->key.ptr, node->key.len);
	*h = *h * 1099511628211U + rf_hash(node->text.ptr, node->text.len);
	doc_each (child, node)
		hash_node(child, h);
	*h = *h * 1099511628211U + UINT8_MAX; /* where a list or map ends tells it from another */
}

uint64_t pod_spec_hash(const struct kube_pod *kube)
{
	struct rf_str identity = identity_volume_dir(kube);
	uint64_t h = 14695981039346656037U;

	hash_node(kube->spec->node, &h);
	h = h * 1099511628211U + rf_hash(identity.ptr, identity.len);
	for (size_t i = 0; i < kube->labels.count; i++) {
		const struct doc_pair *label = &kube->labels.items[i];

		h = h * 1099511628211U + rf_hash(label->key.ptr, label->key.len);
		h = h * 1099511628211U + rf_hash(label->value.ptr, label->value.len);
	}
	return h;
}

static void drop_containers(struct pod *pod)
{
	for (size_t i = 0; i < pod->container_count; i++) {
		probe_stop(&pod->containers[i]);
		container_done(&pod->containers[i]);
	}
	free(pod->containers);
	pod->containers = NULL;
	pod->container_count = pod->init_count = 0;
}

static void container_running(struct container *c);
static void container_ready_changed(struct container *c);
static void container_over(struct container *c);
static void container_failed_to_start(struct container *c, const struct rf_err *why);

static const struct container_events container_watcher = {
	.running = container_running,
	.ready_changed = container_ready_changed,
	.exited = container_over,
	.failed_to_start = container_failed_to_start,
};

static int make_containers(struct pod *pod)
{
	const struct kube_pod_spec *spec = pod->kube->spec;
	const struct kube_container *init = spec->init_containers.items;
	const struct kube_container *main = spec->containers.items;
	size_t count = spec->init_containers.count + spec->containers.count;

	pod->containers = calloc(count ? count : 1, sizeof(*pod->containers));
	if (!pod->containers)
		return RF_EINTERNAL;
	pod->init_count = spec->init_containers.count;
	for (size_t i = 0; i < count; i++) {
		bool is_init = i < pod->init_count;

		pod->container_count++;
		if (container_init(&pod->containers[i], pod,
			    is_init ? &init[i] : &main[i - pod->init_count],
			    &container_watcher) < 0)
			return RF_EINTERNAL;
		pod->containers[i].init = is_init;
	}
	return RF_OK;
}

int pod_new(struct host *host, const struct kube_pod *kube, const struct pod_events *events,
	struct pod **ret, struct rf_err *err)
{
	struct pod *pod = calloc(1, sizeof(*pod));

	if (!pod)
		return rf_err_nomem(err);
	pod->host = host;
	pod->kube = kube;
	pod->events = events;
	pod->spec_hash = pod_spec_hash(kube);
	if (asprintf(&pod->key, RF_STR_FMT "/" RF_STR_FMT, RF_STR_ARG(kube->namespace),
		    RF_STR_ARG(kube->name)) < 0)
		pod->key = NULL;
	if (!pod->key || !pod_paths_make(pod) || make_containers(pod) < 0) {
		pod_free(pod);
		return rf_err_nomem(err);
	}
	*ret = pod;
	return RF_OK;
}

void pod_free(struct pod *pod)
{
	if (!pod)
		return;
	drop_containers(pod);
	identity_volume_stop(pod);
	mesh_pod_stop(pod);
	loop_timer_del(pod->sweep_timer);
	pod_paths_drop(pod);
	free(pod->key);
	free(pod);
}

/* --- life --- */

static unsigned grace_of(const struct pod *pod)
{
	struct doc_int grace = pod->kube->spec->termination_grace_period_seconds;

	return grace.set && grace.value >= 0 ? (unsigned)grace.value : GRACE_DEFAULT_S;
}

static bool any_alive(const struct pod *pod)
{
	for (size_t i = 0; i < pod->container_count; i++) {
		if (container_alive(&pod->containers[i]))
			return true;
	}
	return false;
}

static void set_phase(struct pod *pod, enum pod_phase phase)
{
	if (pod->phase == phase)
		return;
	pod->phase = phase;
	pod->events->changed(pod);
}

static void finish_stop(struct pod *pod)
{
	pod_tear_down(pod);
	set_phase(pod, POD_GONE);
	pod->events->gone(pod);
}

static void gone_later(void *ctx)
{
	struct pod *pod = ctx;

	pod->sweep_timer = NULL;
	if (pod->phase == POD_STOPPING && !any_alive(pod))
		finish_stop(pod);
}

/* Ends the stop from the loop: the caller may still hold the pod. */
static void finish_stop_soon(struct pod *pod)
{
	loop_timer_del(pod->sweep_timer);
	pod->sweep_timer = loop_timer_add(pod->host->loop, 0, gone_later, pod);
}

static void ready_changed(struct pod *pod);

void pod_stop(struct pod *pod)
{
	if (pod->phase == POD_STOPPING || pod->phase == POD_GONE)
		return;
	set_phase(pod, POD_STOPPING);
	ready_changed(pod);
	for (size_t i = 0; i < pod->container_count; i++) {
		probe_stop(&pod->containers[i]);
		container_stop(&pod->containers[i], grace_of(pod));
	}
	if (!any_alive(pod))
		finish_stop_soon(pod);
}

/* An emptyDir over its sizeLimit: the pod is started anew with an empty one, as if evicted. */
static void check_quota(void *ctx)
{
	struct pod *pod = ctx;
	struct volume_dirs dirs = {pod->memory_dir, pod->disk_dir};
	const struct kube_volume *over;

	pod->sweep_timer = NULL;
	if (pod->phase != POD_RUNNING && pod->phase != POD_STARTING)
		return;
	over = volume_over_limit(pod->kube->spec, &dirs);
	if (over) {
		host_note(pod->host,
			"%s: volume " RF_STR_FMT " is over its sizeLimit: starting "
			"the pod anew",
			pod->key, RF_STR_ARG(over->name));
		pod_stop(pod);
		return;
	}
	pod->sweep_timer = loop_timer_add(pod->host->loop, QUOTA_PERIOD_MS, check_quota, pod);
}

static void start_container(void *ctx)
{
	struct container *c = ctx;
	struct rf_err err = {.code = RF_OK};

	c->restart_timer = NULL;
	if (container_start(c, &err) == RF_OK)
		c->pod->events->changed(c->pod);
}

/* The next init container, or all main ones. */
static void start_next(struct pod *pod)
{
	for (size_t i = 0; i < pod->init_count; i++) {
		struct container *c = &pod->containers[i];

		if (c->state == CONTAINER_EXITED && c->exit_code == 0)
			continue;
		if (c->state == CONTAINER_WAITING && !c->restart_timer)
			start_container(c);
		return;
	}
	set_phase(pod, POD_RUNNING);
	for (size_t i = pod->init_count; i < pod->container_count; i++) {
		if (pod->containers[i].state == CONTAINER_WAITING &&
			!pod->containers[i].restart_timer)
			start_container(&pod->containers[i]);
	}
}

static void retry_start(void *ctx)
{
	struct pod *pod = ctx;

	pod->sweep_timer = NULL;
	if (pod->phase == POD_PENDING)
		pod_start(pod);
}

void pod_start(struct pod *pod)
{
	struct rf_err err = {.code = RF_OK};

	if (pod_set_up(pod, &err) < 0) {
		snprintf(pod->containers[0].reason, sizeof(pod->containers[0].reason), "%.*s",
			(int)sizeof(pod->containers[0].reason) - 1, err.msg);
		host_note(pod->host, "%s: %s", pod->key, err.msg);
		pod_tear_down(pod);
		pod->sweep_timer =
			loop_timer_add(pod->host->loop, BACKOFF_FIRST_S * 1000, retry_start, pod);
		return;
	}
	set_phase(pod, POD_STARTING);
	pod->sweep_timer = loop_timer_add(pod->host->loop, QUOTA_PERIOD_MS, check_quota, pod);
	start_next(pod);
}

static void container_running(struct container *c)
{
	struct pod *pod = c->pod;

	if (c->init || pod->phase == POD_STOPPING)
		return;
	if (!c->startup_done) {
		c->startup_done = !c->spec->startup_probe;
		if (!c->probers[PROBE_STARTUP] && !c->probers[PROBE_READINESS] &&
			!c->probers[PROBE_LIVENESS] && probe_start(c) < 0)
			host_note(pod->host, "%s: out of memory for probes", pod->key);
	}
	if (c->startup_done && !c->spec->readiness_probe)
		c->ready = true;
	pod->events->changed(pod);
	ready_changed(pod);
}

static void ready_changed(struct pod *pod)
{
	bool ready = pod->phase == POD_RUNNING;

	for (size_t i = pod->init_count; i < pod->container_count; i++)
		ready = ready && pod->containers[i].ready;
	if (pod->ready == ready)
		return;
	pod->ready = ready;
	pod->events->changed(pod);
	pod->events->readiness_changed(pod);
}

static void container_ready_changed(struct container *c)
{
	ready_changed(c->pod);
}

static bool wants_restart(const struct container *c)
{
	struct rf_str policy = c->pod->kube->spec->restart_policy;
	bool failed = c->exit_code != 0;

	if (c->init) /* a failed init container is tried again, unless nothing ever is */
		return failed && !rf_str_is(policy, "Never");
	if (rf_str_is(policy, "Never"))
		return false;
	return failed || c->restart_after_stop || !rf_str_is(policy, "OnFailure");
}

/* Seconds to wait: none for the first restart, then 10, 20, 40, ... */
static unsigned next_backoff(struct container *c)
{
	unsigned wait = c->backoff_s;

	if (c->started_ms && c->exited_ms - c->started_ms > BACKOFF_RESET_MS)
		wait = 0;
	c->backoff_s = wait ? wait * 2 : BACKOFF_FIRST_S;
	if (c->backoff_s > BACKOFF_MAX_S)
		c->backoff_s = BACKOFF_MAX_S;
	return wait;
}

static void say_how_it_ended(struct container *c)
{
	if (!c->reason[0] && c->exit_code >= 0)
		snprintf(c->reason, sizeof(c->reason), "it ended with status %d%s", c->exit_code,
			c->oom_killed ? " (out of memory)" : "");
}

static void restart_later(struct container *c)
{
	unsigned wait = next_backoff(c);

	c->state = CONTAINER_WAITING;
	c->restart_after_stop = false;
	say_how_it_ended(c);
	c->restart_timer =
		loop_timer_add(c->pod->host->loop, (uint64_t)wait * 1000 + 1, start_container, c);
	c->pod->events->changed(c->pod);
}

/* All main containers are done for good: the pod has an end. */
static void settle(struct pod *pod)
{
	bool failed = false;

	for (size_t i = pod->init_count; i < pod->container_count; i++) {
		const struct container *c = &pod->containers[i];

		/* One that is being cleared away may yet be started again. */
		if (c->state != CONTAINER_EXITED || container_alive(c))
			return;
		failed = failed || pod->containers[i].exit_code != 0;
	}
	set_phase(pod, failed ? POD_FAILED : POD_SUCCEEDED);
	pod->events->readiness_changed(pod);
}

static void container_over(struct container *c)
{
	struct pod *pod = c->pod;

	c->ready = false;
	probe_stop(c);
	if (pod->phase == POD_STOPPING) {
		if (!any_alive(pod))
			finish_stop_soon(pod);
		return;
	}
	ready_changed(pod);
	if (c->exit_code != 0)
		say_how_it_ended(c);
	if (wants_restart(c)) {
		restart_later(c);
	} else if (c->init && c->exit_code == 0) {
		start_next(pod);
	} else if (c->init) {
		set_phase(pod, POD_FAILED);
	} else {
		settle(pod);
	}
	pod->events->changed(pod);
}

static void container_failed_to_start(struct container *c, const struct rf_err *why)
{
	snprintf(c->reason, sizeof(c->reason), "%.*s", (int)sizeof(c->reason) - 1, why->msg);
	host_note(c->pod->host, "%s/" RF_STR_FMT ": %s", c->pod->key, RF_STR_ARG(c->spec->name),
		why->msg);
	c->exit_code = 128;
	container_over(c);
}

/* --- answers --- */

bool pod_is_ready(const struct pod *pod)
{
	return pod->ready;
}

bool pod_is_finished(const struct pod *pod)
{
	return pod->phase == POD_SUCCEEDED || pod->phase == POD_FAILED || pod->phase == POD_GONE;
}

const char *pod_phase_name(const struct pod *pod)
{
	switch (pod->phase) {
	case POD_PENDING: return "Pending";
	case POD_STARTING: return "Init";
	case POD_RUNNING: return "Running";
	case POD_SUCCEEDED: return "Succeeded";
	case POD_FAILED: return "Failed";
	case POD_STOPPING: return "Terminating";
	case POD_GONE: break;
	}
	return "Gone";
}

/* What a container that runs waits for; NULL when there is nothing. */
static const char *missing_probe(const struct container *c)
{
	if (c->state != CONTAINER_RUNNING || c->ready)
		return NULL;
	if (c->spec->startup_probe && !c->startup_done)
		return "its startup probe has not succeeded";
	return c->spec->readiness_probe ? "its readiness probe has not succeeded" : NULL;
}

const char *pod_reason(const struct pod *pod)
{
	if (pod->ready)
		return "";
	for (size_t i = 0; i < pod->container_count; i++) {
		const struct container *c = &pod->containers[i];

		if (c->reason[0] && c->state != CONTAINER_RUNNING)
			return c->reason;
	}
	for (size_t i = pod->init_count; i < pod->container_count; i++) {
		const char *missing = missing_probe(&pod->containers[i]);

		if (missing && pod->phase == POD_RUNNING)
			return missing;
	}
	return "";
}

unsigned pod_restarts(const struct pod *pod)
{
	unsigned count = 0;

	for (size_t i = 0; i < pod->container_count; i++) {
		if (pod->containers[i].starts > 1)
			count += pod->containers[i].starts - 1;
	}
	return count;
}

struct container *pod_find_container(const struct pod *pod, struct rf_str name)
{
	for (size_t i = 0; i < pod->container_count; i++) {
		if (rf_str_eq(pod->containers[i].spec->name, name))
			return &pod->containers[i];
	}
	return NULL;
}
