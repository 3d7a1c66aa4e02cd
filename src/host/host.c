/*
 * The supervisor. Order is what makes it safe: the fence holds a pod's addresses before the pod's
 * network exists; a change of policy is in the kernel before the pods that it is for are started.
 */
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "doc/read.h"
#include "host/control.h"
#include "host/denials.h"
#include "host/dns.h"
#include "host/endpoints.h"
#include "host/pod.h"
#include "host/status.h"
#include "host/settings.h"

#define SYNC_DELAY_MS 5U
#define SYNC_RETRY_MS 1000U

/* --- notes --- */

void host_note(struct host *host, const char *fmt, ...)
{
	AUTO_BUF event = {0};
	AUTO_BUF line = {0};
	struct json_writer w = {.out = &event};
	char text[1024], when[32];
	time_t now = time(NULL);
	struct tm tm;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	rf_buf_addf(&line, "%s %s\n", when, text);
	if (host->log_fd >= 0 && !line.failed &&
		rf_fd_write_all(host->log_fd, line.data, line.len, NULL) < 0)
		rf_fd_closep(&host->log_fd); /* a full disk must not stop the fence */
	json_object_begin(&w);
	json_field_c(&w, "event", "note");
	json_field_c(&w, "text", text);
	json_object_end(&w);
	if (!event.failed)
		control_broadcast(host->control, rf_buf_str(&event));
}

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

static void sync_now(void *ctx)
{
	struct host *host = ctx;
	struct fence_stats stats;
	struct rf_err err = {.code = RF_OK};
	int rc;

	host->sync_timer = NULL;
	rc = recompile(host, &err);
	if (rc == RF_OK)
		rc = fence_now(host, host->policy, &stats, &err);
	if (rc == RF_OK)
		rc = dns_write_records(host, &err);
	if (rc == RF_OK)
		return;
	host_note(host, "the fence could not be brought up to date: %s (trying again)", err.msg);
	host->sync_timer = loop_timer_add(host->loop, SYNC_RETRY_MS, sync_now, host);
}

void host_endpoints_changed(struct host *host)
{
	if (!host->sync_timer && !host->stopping)
		host->sync_timer = loop_timer_add(host->loop, SYNC_DELAY_MS, sync_now, host);
}

/* The pod holds no address any more: policy forgets it at once. */
static void give_up_address(struct host *host, const struct pod *pod)
{
	uintptr_t index;

	if (!rf_map_get(&host->plan->pods.by_name, rf_str_of(pod->key), &index))
		return;
	host->plan->pods.list.items[index].finished = true;
	host->policy_dirty = true;
	host_endpoints_changed(host);
}

void host_pod_changed(struct pod *pod)
{
	AUTO_BUF event = {0};

	if (pod->phase == POD_SUCCEEDED || pod->phase == POD_FAILED)
		give_up_address(pod->host, pod);
	status_pod_event(pod, &event);
	if (!event.failed)
		control_broadcast(pod->host->control, rf_buf_str(&event));
}

/* --- pods coming and going --- */

static int add_pod(struct host *host, const struct kube_pod *kube, struct rf_err *err)
{
	struct pod *pod;
	int rc = pod_new(host, kube, &pod, err);

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

void host_pod_gone(struct pod *pod)
{
	struct host *host = pod->host;
	const struct kube_pod *again = host->stopping ? NULL : planned(host, pod->key);
	struct rf_err err;

	forget_pod(host, pod);
	if (!again)
		plan_addresses_drop_pod(&host->addresses, rf_str_of(pod->key));
	if (again && add_pod(host, again, &err) < 0)
		host_note(host, "%s: %s", pod->key, err.msg);
	pod_free(pod);
	if (host->stopping && host->pods.count == 0)
		loop_stop(host->loop);
	host->policy_dirty = true;
	host_endpoints_changed(host);
}

void host_stop(struct host *host)
{
	host->stopping = true;
	for (size_t i = 0; i < host->pods.count; i++)
		pod_stop(host->pods.items[i], false);
	if (host->pods.count == 0)
		loop_stop(host->loop);
}

void host_remove_pod_cgroup(struct host *host, const char *uid)
{
	char path[512];
	struct rf_err err;
	const char *const v1[] = {"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer",
		"blkio", "pids", "systemd", "net_cls", "net_prio", "perf_event", "hugetlb",
		"cpu,cpuacct", "net_cls,net_prio", "unified", "misc", "rdma"};

	if (host->runtime.cgroups == CGROUP_V2) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup%s/pod-%s", host->inst.cgroup, uid);
		rmdir(path);
		return;
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(v1); i++) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s%s/pod-%s", v1[i], host->inst.cgroup,
			uid);
		/* Where the v2 tree is hidden these are plain directories and files. */
		if (rmdir(path) < 0 && strcmp(v1[i], "unified") == 0 && errno == ENOTEMPTY &&
			rf_dir_remove(path, &err) < 0)
			host_note(host, "%s", err.msg);
	}
}

/* --- a new plan --- */

/* Pods that the new plan has not, but that still run, keep their place in the policy. */
static int keep_ending_pods(struct host *host, struct plan *plan, struct rf_err *err)
{
	rf_vec_each (pod, &host->pods) {
		uintptr_t index;

		if (rf_map_get(&plan->pods.by_name, rf_str_of((*pod)->key), &index))
			continue;
		if (!rf_vec_push(&plan->pods.list, *(*pod)->kube))
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
		if (!next || pod_spec_hash(next) != pod->spec_hash) {
			pod_stop(pod, next != NULL);
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
	int rc;

	host->plan = plan;
	rc = fence_now(host, policy, stats, err);
	if (rc < 0) {
		host->plan = old;
		return rc;
	}
	policy_free(host->policy);
	host->policy = policy;
	return dns_write_records(host, err);
}

int host_apply(struct host *host, struct kube_set *set, struct host_change *ret,
	struct rf_diags *diags, struct rf_err *err)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	struct policy *policy = NULL;
	int rc;

	*ret = (struct host_change){.started = 0};
	if (!plan)
		return rf_err_nomem(err);
	rc = plan_make(set, &host->config.ranges, &host->addresses, plan, diags, err);
	if (rc == RF_OK)
		rc = keep_ending_pods(host, plan, err);
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
	return start_missing(host, ret, err);
}

/* --- the supervisor's life --- */

static int load_seccomp(struct host *host, struct rf_err *err)
{
	AUTO_DIAGS diags = {.error_count = 0};
	int rc;

	host->seccomp_text.max = 4 << 20;
	rc = rf_file_read(host->config.seccomp_file, &host->seccomp_text, err);
	if (rc < 0)
		return rf_err_wrap(err, rc,
			"the runtime's seccomp profile (apt-get install "
			"golang-github-containers-common)");
	host->seccomp_arena = rf_arena_new(64 << 20);
	if (!host->seccomp_arena)
		return rf_err_nomem(err);
	if (doc_parse_json(rf_buf_str(&host->seccomp_text), host->config.seccomp_file, 1,
		    host->seccomp_arena, &diags, &host->seccomp_doc) < 0)
		return rf_err_set(
			err, RF_EINPUT, "%s is not a seccomp profile", host->config.seccomp_file);
	return RF_OK;
}

static int make_dirs(struct host *host, struct rf_err *err)
{
	AUTO_FREE char *log = NULL;
	struct utsname uts;
	int rc;

	if (asprintf(&host->dns_dir, "%s/dns", host->inst.run_dir) < 0)
		host->dns_dir = NULL;
	if (asprintf(&host->dns_rootfs, "%s/dns-rootfs", host->inst.state_dir) < 0)
		host->dns_rootfs = NULL;
	if (asprintf(&log, "%s/ringfence.log", host->inst.state_dir) < 0)
		log = NULL;
	uname(&uts);
	host->node_name = strdup(uts.nodename);
	if (!host->dns_dir || !host->dns_rootfs || !log || !host->node_name)
		return rf_err_nomem(err);
	rc = rf_dir_make(host->dns_dir, 0755, err);
	host->log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return rc;
}

static bool leftovers(const struct instance *inst)
{
	return access(inst->pods_run, F_OK) == 0 || fence_exists(INSTANCE_TABLE);
}

static int set_forwarding(struct host *host, struct rf_err *err)
{
	int rc = setting_change(&host->inst, "net/ipv4/ip_forward", "1", err);

	if (rc < 0)
		return rc;
	if (host->config.ranges.pods[1].ip.family == RF_FAMILY_NONE)
		return RF_OK;
	return setting_change(&host->inst, "net/ipv6/conf/all/forwarding", "1", err);
}

static int raise_fence(struct host *host, struct rf_err *err)
{
	struct fence_config config = {.table = INSTANCE_TABLE, .link_prefix = INSTANCE_LINK_PREFIX};
	int rc;

	for (unsigned i = 0; i < 2; i++) {
		if (host->config.ranges.pods[i].ip.family != RF_FAMILY_NONE)
			config.pod_ranges[config.pod_range_count++] = host->config.ranges.pods[i];
	}
	rc = fence_open(&config, &host->fence, err);
	if (rc < 0)
		return rc;
	return denials_watch(host, err);
}

static void on_signal(void *ctx, int signo)
{
	struct host *host = ctx;

	if (signo != SIGHUP)
		host_stop(host);
}

static int open_all(struct host *host, struct rf_err *err)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, -1};
	int rc = runtime_find(host->config.runtime, &host->runtime, err);

	if (rc == RF_OK && leftovers(&host->inst))
		return rf_err_set(err, RF_EINPUT,
			"a Ringfence that did not end by itself has left things behind: run "
			"`ringfence down` first");
	if (rc == RF_OK)
		rc = instance_make_dirs(&host->inst, err);
	if (rc == RF_OK)
		rc = make_dirs(host, err);
	if (rc == RF_OK)
		rc = load_seccomp(host, err);
	if (rc == RF_OK)
		rc = runtime_enter_private_mounts(&host->runtime, err);
	if (rc == RF_OK)
		rc = image_store_open(host->inst.images, &host->images, err);
	if (rc == RF_OK)
		rc = loop_new(&host->loop, err);
	if (rc == RF_OK)
		rc = loop_signals(host->loop, signals, on_signal, host, err);
	if (rc == RF_OK && plan_addresses_init(&host->addresses) < 0)
		rc = rf_err_nomem(err);
	if (rc == RF_OK)
		rc = raise_fence(host, err);
	if (rc == RF_OK)
		rc = set_forwarding(host, err);
	return rc;
}

static void close_all(struct host *host)
{
	for (size_t i = 0; i < host->pods.count; i++)
		pod_free(host->pods.items[i]);
	rf_vec_done(&host->pods);
	control_close(host->control);
	host->control = NULL;
	loop_unwatch(host->denial_watch);
	denial_close(host->denials);
	fence_close(host->fence);
	loop_free(host->loop);
	policy_free(host->policy);
	rf_vec_each (plan, &host->plans) {
		plan_done(*plan);
		free(*plan);
	}
	rf_vec_done(&host->plans);
	rf_vec_each (set, &host->sets) {
		kube_set_done(*set);
		free(*set);
	}
	rf_vec_done(&host->sets);
	plan_addresses_done(&host->addresses);
	image_store_free(host->images);
	runtime_done(&host->runtime);
	rf_arena_free(host->seccomp_arena);
	rf_buf_done(&host->seccomp_text);
	free(host->dns_dir);
	free(host->dns_rootfs);
	free(host->node_name);
	rf_fd_closep(&host->log_fd);
}

static int serve(struct host *host, struct kube_set *set, int *ready_fd, struct rf_err *err)
{
	AUTO_DIAGS diags = {.error_count = 0};
	struct host_change change;
	int rc = control_open(host, &host->control, err);

	if (rc < 0)
		return rc;
	rc = host_apply(host, set, &change, &diags, err);
	if (rc < 0)
		return rc;
	if (write(*ready_fd, "R", 1) != 1)
		return rf_err_sys(err, errno, "report to the command");
	rf_fd_closep(ready_fd);
	host_note(host, "started %u pods; the fence took %llu us", change.started,
		(unsigned long long)change.fence.usec);
	return loop_run(host->loop, err);
}

int host_run(const struct host_config *config, const struct instance *inst, struct kube_set *set,
	int ready_fd, struct rf_err *err)
{
	struct host host = {.config = *config, .inst = *inst, .log_fd = -1};
	AUTO_FD ready = ready_fd;
	struct rf_err sweep_err;
	bool began;
	int rc;

	host.lock_fd = instance_lock(inst, err);
	if (host.lock_fd < 0) {
		if (write(ready, err, sizeof(*err)) < 0)
			return RF_EIO;
		return host.lock_fd;
	}
	rc = open_all(&host, err);
	began = host.fence != NULL;
	if (rc == RF_OK)
		rc = serve(&host, set, &ready, err);
	close_all(&host);
	/* Nothing of ours was there before the fence: leftovers of others are `down`'s. */
	if (began && instance_sweep(inst, &sweep_err) < 0 && rc == RF_OK) {
		*err = sweep_err;
		rc = sweep_err.code;
	}
	if (rc < 0 && ready >= 0 && write(ready, err, sizeof(*err)) < 0)
		rc = RF_EIO;
	rf_fd_closep(&host.lock_fd);
	return rc;
}
