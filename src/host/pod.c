/*
 * A pod as a small state machine, driven by what its containers report. Whatever fails while
 * starting is tried again with the back-off of a kubelet (10 s, doubled up to 5 minutes; forgotten
 * after 10 good minutes), except where restartPolicy says otherwise.
 */
#include "host/pod.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "dataplane/link.h"
#include "host/bundle.h"
#include "host/container.h"
#include "host/dns.h"
#include "host/host.h"
#include "host/namespaces.h"
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
}

uint64_t pod_spec_hash(const struct kube_pod *kube)
{
	uint64_t h = 14695981039346656037U;

	hash_node(kube->spec->node, &h);
	for (size_t i = 0; i < kube->labels.count; i++)
		h = h * 1099511628211U +
		    rf_hash(kube->labels.items[i].value.ptr, kube->labels.items[i].value.len);
	return h;
}

static void make_uid(char out[static UID_TEXT_SIZE])
{
	uint8_t b[16] = {0};

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		memcpy(b, &(uint64_t){loop_now_ms()}, sizeof(uint64_t));
	b[6] = (b[6] & 0x0f) | 0x40; /* RFC 9562, version 4 */
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(out, UID_TEXT_SIZE,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		b[15]);
}

static bool make_paths(struct pod *pod)
{
	const struct instance *inst = &pod->host->inst;

	make_uid(pod->uid);
	snprintf(pod->link, sizeof(pod->link), INSTANCE_LINK_PREFIX "%.8s", pod->uid);
	if (asprintf(&pod->run_dir, "%s/%s", inst->pods_run, pod->uid) < 0)
		pod->run_dir = NULL;
	if (asprintf(&pod->state_dir, "%s/%s", inst->pods_state, pod->uid) < 0)
		pod->state_dir = NULL;
	if (!pod->run_dir || !pod->state_dir)
		return false;
	if (asprintf(&pod->memory_dir, "%s/volumes", pod->run_dir) < 0)
		pod->memory_dir = NULL;
	if (asprintf(&pod->disk_dir, "%s/volumes", pod->state_dir) < 0)
		pod->disk_dir = NULL;
	return pod->memory_dir && pod->disk_dir;
}

static void drop_paths(struct pod *pod)
{
	free(pod->run_dir);
	free(pod->state_dir);
	free(pod->memory_dir);
	free(pod->disk_dir);
	pod->run_dir = pod->state_dir = pod->memory_dir = pod->disk_dir = NULL;
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
			    is_init ? &init[i] : &main[i - pod->init_count], is_init) < 0)
			return RF_EINTERNAL;
	}
	return RF_OK;
}

int pod_new(struct host *host, const struct kube_pod *kube, struct pod **ret, struct rf_err *err)
{
	struct pod *pod = calloc(1, sizeof(*pod));

	if (!pod)
		return rf_err_nomem(err);
	pod->host = host;
	pod->kube = kube;
	pod->spec_hash = pod_spec_hash(kube);
	if (asprintf(&pod->key, RF_STR_FMT "/" RF_STR_FMT, RF_STR_ARG(kube->namespace),
		    RF_STR_ARG(kube->name)) < 0)
		pod->key = NULL;
	if (!pod->key || !make_paths(pod) || make_containers(pod) < 0) {
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
	loop_timer_del(pod->sweep_timer);
	drop_paths(pod);
	free(pod->key);
	free(pod);
}

/* --- the pod's own things --- */

static int write_pod_file(
	struct pod *pod, const char *name, struct rf_buf *text, struct rf_err *err)
{
	AUTO_FREE char *path = NULL;

	if (asprintf(&path, "%s/%s", pod->run_dir, name) < 0) {
		path = NULL;
		return rf_err_nomem(err);
	}
	return rf_file_replace(path, rf_buf_cstr(text), text->len, 0644, false, err);
}

static int write_pod_files(struct pod *pod, struct rf_err *err)
{
	AUTO_BUF hosts = {0};
	AUTO_BUF resolv = {0};
	AUTO_BUF hostname = {0};
	int rc;

	rf_buf_addf(&hostname, RF_STR_FMT "\n", RF_STR_ARG(dns_hostname(pod->kube)));
	if (dns_hosts_file(pod, &hosts) < 0 || dns_resolv_conf(pod->host, pod, &resolv) < 0 ||
		hostname.failed)
		return rf_err_nomem(err);
	rc = write_pod_file(pod, "hosts", &hosts, err);
	if (rc == RF_OK)
		rc = write_pod_file(pod, "resolv.conf", &resolv, err);
	if (rc == RF_OK)
		rc = write_pod_file(pod, "hostname", &hostname, err);
	return rc;
}

static int connect_link(struct pod *pod, const char *ns_dir, struct rf_err *err)
{
	struct link_pod link = {.name = pod->link};
	AUTO_FREE char *file = NULL;
	AUTO_FD fd = -1;

	if (pod->kube->spec->host_network.value)
		return RF_OK;
	if (asprintf(&file, "%s/net", ns_dir) < 0) {
		file = NULL;
		return rf_err_nomem(err);
	}
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return rf_err_sys(err, errno, "open %s", file);
	link.netns_fd = fd;
	link.node_ip_count = plan_node_ips(&pod->host->config.ranges, link.node_ips);
	for (size_t i = 0; i < pod->kube->ip_count && i < RF_ARRAY_LEN(link.ips); i++)
		link.ips[link.ip_count++] = pod->kube->ips[i];
	return link_pod_add(&link, err);
}

static int make_network(struct pod *pod, struct rf_err *err)
{
	const struct kube_pod_spec *spec = pod->kube->spec;
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *hostname = rf_str_dup(dns_hostname(pod->kube));
	struct namespaces_spec ns = {.hostname = hostname,
		.host_network = spec->host_network.value,
		.host_ipc = spec->host_ipc.value,
		.sysctls = spec->security.sysctls.items,
		.sysctl_count = spec->security.sysctls.count};
	int rc;

	if (!hostname || asprintf(&dir, "%s/ns", pod->run_dir) < 0) {
		dir = NULL;
		return rf_err_nomem(err);
	}
	ns.dir = dir;
	rc = rf_dir_make(dir, 0700, err);
	if (rc == RF_OK)
		rc = namespaces_make(&ns, err);
	if (rc < 0)
		return rc;
	pod->networked = true;
	return connect_link(pod, dir, err);
}

static void release_network(struct pod *pod)
{
	char dir[4096];

	if (!pod->networked)
		return;
	snprintf(dir, sizeof(dir), "%s/ns", pod->run_dir);
	if (!pod->kube->spec->host_network.value && link_del(pod->link, NULL) < 0)
		snprintf(pod->containers[0].reason, sizeof(pod->containers[0].reason),
			"link %s could not be removed", pod->link);
	namespaces_release(dir);
	pod->networked = false;
}

static int make_volumes(struct pod *pod, struct rf_err *err)
{
	struct env_pod env = bundle_env_pod(pod);
	struct volume_dirs dirs = {pod->memory_dir, pod->disk_dir};
	AUTO_DIAGS diags = {.error_count = 0};
	int rc = rf_dir_make(pod->disk_dir, 0711, err);

	if (rc == RF_OK)
		rc = rf_dir_make(pod->memory_dir, 0711, err);
	if (rc < 0)
		return rc;
	rc = volume_prepare(&env, &dirs, &diags, err);
	if (rc == RF_EINPUT && diags.list.count)
		return rf_err_set(err, rc, "%s:%u: %s", diags.list.items[0].pos.file,
			diags.list.items[0].pos.line, diags.list.items[0].msg);
	return rc;
}

static int set_up(struct pod *pod, struct rf_err *err)
{
	int rc = rf_dir_make(pod->run_dir, 0700, err);

	if (rc == RF_OK)
		rc = rf_dir_make(pod->state_dir, 0700, err);
	if (rc == RF_OK)
		rc = make_network(pod, err);
	if (rc == RF_OK)
		rc = write_pod_files(pod, err);
	if (rc == RF_OK)
		rc = make_volumes(pod, err);
	return rc;
}

/* Takes away everything that set_up and the containers made. */
static void tear_down(struct pod *pod)
{
	struct volume_dirs dirs = {pod->memory_dir, pod->disk_dir};
	struct rf_err err;

	release_network(pod);
	volume_release(pod->kube->spec, &dirs);
	umount2(pod->memory_dir, MNT_DETACH);
	host_remove_pod_cgroup(pod->host, pod->uid);
	/* What cannot be removed now is removed by `down`; the pod is gone all the same. */
	if (rf_dir_remove(pod->run_dir, &err) < 0 || rf_dir_remove(pod->state_dir, &err) < 0)
		host_note(pod->host, "%s: %s", pod->key, err.msg);
}

int pod_refresh_volumes(struct pod *pod, struct rf_err *err)
{
	struct env_pod env = bundle_env_pod(pod);
	struct volume_dirs dirs = {pod->memory_dir, pod->disk_dir};
	AUTO_DIAGS diags = {.error_count = 0};

	if (!pod->networked || pod->phase == POD_STOPPING || pod->phase == POD_GONE)
		return RF_OK;
	return volume_prepare(&env, &dirs, &diags, err);
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
	host_pod_changed(pod);
}

static void finish_stop(struct pod *pod)
{
	tear_down(pod);
	set_phase(pod, POD_GONE);
	host_pod_gone(pod);
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

void pod_stop(struct pod *pod, bool restart)
{
	pod->restart = restart;
	if (pod->phase == POD_STOPPING || pod->phase == POD_GONE)
		return;
	set_phase(pod, POD_STOPPING);
	pod_ready_changed(pod);
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
		pod_stop(pod, true);
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
		host_pod_changed(c->pod);
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

	if (set_up(pod, &err) < 0) {
		snprintf(pod->containers[0].reason, sizeof(pod->containers[0].reason), "%.*s",
			(int)sizeof(pod->containers[0].reason) - 1, err.msg);
		host_note(pod->host, "%s: %s", pod->key, err.msg);
		tear_down(pod);
		pod->sweep_timer =
			loop_timer_add(pod->host->loop, BACKOFF_FIRST_S * 1000, retry_start, pod);
		return;
	}
	set_phase(pod, POD_STARTING);
	pod->sweep_timer = loop_timer_add(pod->host->loop, QUOTA_PERIOD_MS, check_quota, pod);
	start_next(pod);
}

void pod_container_running(struct container *c)
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
	host_pod_changed(pod);
	pod_ready_changed(pod);
}

void pod_ready_changed(struct pod *pod)
{
	bool ready = pod->phase == POD_RUNNING;

	for (size_t i = pod->init_count; i < pod->container_count; i++)
		ready = ready && pod->containers[i].ready;
	if (pod->ready == ready)
		return;
	pod->ready = ready;
	host_pod_changed(pod);
	host_endpoints_changed(pod->host);
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

static void restart_later(struct container *c)
{
	unsigned wait = next_backoff(c);

	c->state = CONTAINER_WAITING;
	c->restart_after_stop = false;
	if (!c->reason[0] && c->exit_code >= 0)
		snprintf(c->reason, sizeof(c->reason), "it ended with status %d%s", c->exit_code,
			c->oom_killed ? " (out of memory)" : "");
	c->restart_timer =
		loop_timer_add(c->pod->host->loop, (uint64_t)wait * 1000 + 1, start_container, c);
	host_pod_changed(c->pod);
}

/* All main containers are done for good: the pod has an end. */
static void settle(struct pod *pod)
{
	bool failed = false;

	for (size_t i = pod->init_count; i < pod->container_count; i++) {
		if (pod->containers[i].state != CONTAINER_EXITED)
			return;
		failed = failed || pod->containers[i].exit_code != 0;
	}
	set_phase(pod, failed ? POD_FAILED : POD_SUCCEEDED);
	host_endpoints_changed(pod->host);
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
	pod_ready_changed(pod);
	if (wants_restart(c)) {
		restart_later(c);
	} else if (c->init && c->exit_code == 0) {
		start_next(pod);
	} else if (c->init) {
		set_phase(pod, POD_FAILED);
	} else {
		settle(pod);
	}
	host_pod_changed(pod);
}

void pod_container_exited(struct container *c)
{
	container_over(c);
}

void pod_container_failed_to_start(struct container *c, const struct rf_err *why)
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
		if (pod->containers[i].state == CONTAINER_RUNNING && !pod->containers[i].ready)
			return "its readiness probe has not succeeded";
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
