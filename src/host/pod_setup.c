/*
 * What a pod has beside its containers: names and directories, namespaces and link, files, volumes
 * and cgroups; made before its first process, taken away after its last.
 */
#include "host/pod_setup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fd.h"
#include "dataplane/link.h"
#include "host/bundle.h"
#include "host/dns.h"
#include "host/identity_volume.h"
#include "host/mesh.h"
#include "host/namespaces.h"
#include "host/notes.h"
#include "host/trash.h"

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

bool pod_paths_make(struct pod *pod)
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

void pod_paths_drop(struct pod *pod)
{
	free(pod->run_dir);
	free(pod->state_dir);
	free(pod->memory_dir);
	free(pod->disk_dir);
	pod->run_dir = pod->state_dir = pod->memory_dir = pod->disk_dir = NULL;
}

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

int pod_set_up(struct pod *pod, struct rf_err *err)
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
	if (rc == RF_OK)
		rc = identity_volume_start(pod, err);
	return rc == RF_OK ? mesh_pod_start(pod, err) : rc;
}

/* Their containers' are the runtime's to remove; the pod's own are left when they are. */
static void remove_cgroups(const struct pod *pod)
{
	struct host *host = pod->host;
	char path[512];
	struct rf_err err;
	const char *const v1[] = {"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer",
		"blkio", "pids", "systemd", "net_cls", "net_prio", "perf_event", "hugetlb",
		"cpu,cpuacct", "net_cls,net_prio", "unified", "misc", "rdma"};

	if (host->runtime.cgroups == CGROUP_V2) {
		snprintf(
			path, sizeof(path), "/sys/fs/cgroup%s/pod-%s", host->inst.cgroup, pod->uid);
		rmdir(path);
		return;
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(v1); i++) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s%s/pod-%s", v1[i], host->inst.cgroup,
			pod->uid);
		/* Where the v2 tree is hidden these are plain directories and files. */
		if (rmdir(path) < 0 && strcmp(v1[i], "unified") == 0 && errno == ENOTEMPTY &&
			rf_dir_remove(path, &err) < 0)
			host_note(host, "%s", err.msg);
	}
}

/* Takes away everything that set_up and the containers made. */
void pod_tear_down(struct pod *pod)
{
	struct volume_dirs dirs = {pod->memory_dir, pod->disk_dir};
	struct rf_err err;

	identity_volume_stop(pod);
	mesh_pod_stop(pod);
	release_network(pod);
	volume_release(pod->kube->spec, &dirs);
	umount2(pod->memory_dir, MNT_DETACH);
	remove_cgroups(pod);
	/* What cannot be removed now is removed by `down`; the pod is gone all the same. */
	if (rf_dir_remove(pod->run_dir, &err) < 0 || trash_put(pod->host, pod->state_dir, &err) < 0)
		host_note(pod->host, "%s: %s", pod->key, err.msg);
}

int pod_refresh_volumes(struct pod *pod, struct rf_err *err)
{
	struct env_pod env = bundle_env_pod(pod);
	struct volume_dirs dirs = {pod->memory_dir, pod->disk_dir};
	AUTO_DIAGS diags = {.error_count = 0};
	int rc;

	if (!pod->networked || pod->phase == POD_STOPPING || pod->phase == POD_GONE)
		return RF_OK;
	rc = volume_prepare(&env, &dirs, &diags, err);
	return rc == RF_OK ? identity_volume_refresh(pod, err) : rc;
}
