/*
 * The supervisor's life: from the lock to the sweep. The control socket listens only once the fence
 * stands.
 */
#include "host/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "dataplane/link.h"
#include "doc/read.h"
#include "host/admit.h"
#include "host/denials.h"
#include "host/host.h"
#include "host/mesh.h"
#include "host/notes.h"
#include "host/pod.h"
#include "host/privileges.h"
#include "host/rejudge.h"
#include "host/requests.h"
#include "host/settings.h"

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
	struct utsname uts;

	if (asprintf(&host->dns_dir, "%s/dns", host->inst.run_dir) < 0)
		host->dns_dir = NULL;
	if (asprintf(&host->dns_rootfs, "%s/dns-rootfs", host->inst.state_dir) < 0)
		host->dns_rootfs = NULL;
	uname(&uts);
	host->node_name = strdup(uts.nodename);
	if (!host->dns_dir || !host->dns_rootfs || !host->node_name)
		return rf_err_nomem(err);
	return rf_dir_make(host->dns_dir, 0755, err);
}

/* A container takes two or three descriptors; the usual 1,024 would be few. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return; /* then the usual must do */
}

static bool leftovers(const struct instance *inst)
{
	return access(inst->pods_run, F_OK) == 0 || fence_exists(INSTANCE_TABLE);
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
	if (rc == RF_OK)
		rc = host_guard_fence(host, err);
	return rc == RF_OK ? denials_watch(host, err) : rc;
}

/* The machine's own way to its Services. */
static int open_sink(struct host *host, struct rf_err *err)
{
	struct link_sink sink = {.name = INSTANCE_SINK};

	for (unsigned i = 0; i < 2; i++) {
		if (host->config.ranges.services[i].ip.family != RF_FAMILY_NONE)
			sink.ranges[sink.range_count++] = host->config.ranges.services[i];
	}
	sink.node_ip_count = plan_node_ips(&host->config.ranges, sink.node_ips);
	return link_sink_open(&sink, &host->sink_fd, err);
}

static void on_signal(void *ctx, int signo)
{
	struct host *host = ctx;

	if (signo == SIGTERM || signo == SIGINT)
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
		rc = settings_forward(
			&host->inst, host->config.ranges.pods[1].ip.family != RF_FAMILY_NONE, err);
	if (rc == RF_OK)
		rc = open_sink(host, err);
	return rc;
}

static void close_all(struct host *host)
{
	for (size_t i = 0; i < host->pods.count; i++)
		pod_free(host->pods.items[i]);
	rf_vec_done(&host->pods);
	mesh_close(host);
	rejudge_done(host);
	control_close(host->control);
	host->control = NULL;
	loop_unwatch(host->denial_watch);
	loop_unwatch(host->fence_watch);
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
	admit_done(host);
	image_store_free(host->images);
	runtime_done(&host->runtime);
	rf_arena_free(host->seccomp_arena);
	rf_buf_done(&host->seccomp_text);
	free(host->dns_dir);
	free(host->dns_rootfs);
	free(host->node_name);
	rf_fd_closep(&host->sink_fd);
}

static int serve(struct host *host, struct kube_set *set, int *ready_fd, struct rf_err *err)
{
	AUTO_DIAGS diags = {.error_count = 0};
	struct host_change change;
	int rc = control_open(host, requests, &host->control, err);

	if (rc < 0)
		return rc;
	rc = admit_objects(host, set, set->objects.count, &diags, err);
	if (rc == RF_OK && diags.error_count)
		rc = rf_err_set(err, RF_EDENIED,
			"%s (verdicts are kept in %s/verdicts: can they be written?)",
			diags.list.items[0].msg, host->inst.state_dir);
	if (rc == RF_OK)
		rc = host_apply(host, set, &change, &diags, err);
	if (rc < 0)
		return rc;
	host_note(host, "started %u pods; the fence took %llu us", change.started,
		(unsigned long long)change.fence.usec);
	if (write(*ready_fd, "R", 1) != 1) { /* interrupted: its pods are running all the same */
		host_note(host, "whoever started it has gone: stopping");
		host_stop(host);
	}
	rf_fd_closep(ready_fd);
	rejudge_watch(host);
	return loop_run(host->loop, err);
}

/* The run directory's lock, and the claim to the network namespace. */
static int lock_all(const struct instance *inst, int *ret_claim, struct rf_err *err)
{
	int lock = instance_lock(inst, err), claim;

	if (lock < 0)
		return lock;
	claim = instance_claim(err);
	if (claim < 0) {
		instance_leave(inst);
		close(lock);
		return claim;
	}
	*ret_claim = claim;
	return lock;
}

int supervisor_run(const struct host_config *config, const struct instance *inst,
	struct kube_set *set, int ready_fd, struct rf_err *err)
{
	struct host host = {.config = *config, .inst = *inst, .sink_fd = -1};
	AUTO_FD ready = ready_fd;
	AUTO_FD claim = -1;
	struct rf_err sweep_err;
	bool began;
	int rc;

	host.lock_fd = lock_all(inst, &claim, err);
	if (host.lock_fd < 0) {
		if (write(ready, err, sizeof(*err)) < 0)
			return RF_EIO;
		return host.lock_fd;
	}
	raise_file_limit();
	host.machine_caps = privileges_bounding();
	rc = open_all(&host, err);
	if (rc == RF_OK)
		rc = privileges_cut(privileges_needed(set), err);
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
