/*
 * One pod's proxy. Its listening sockets are made here, in the pod's network, and kept: connections
 * wait in them while a proxy that has died is replaced, and the rules that lead there let nothing
 * pass by.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "dataplane/netns.h"
#include "dataplane/redirect.h"
#include "host/mesh_int.h"
#include "host/notes.h"
#include "mesh/authz/injection.h"
#include "mesh/proxy/proxy.h"

#define MAX_LISTENERS	4
#define MAX_CONNECTIONS 20000 /* of one pod's proxy, and a 16th of them in their handshakes */
#define MAX_PENDING	((uint64_t)64 << 20)
#define LOG_ASIDE	((off_t)64 << 20)

struct pod_mesh {
	struct pod *pod;
	struct worker_listener listeners[MAX_LISTENERS];
	size_t listener_count;
	int metrics_fds[PROXY_MAX_METRICS]; /* a UNIX socket in the pod's run directory, ports */
	size_t metrics_count;
	struct proxy *proxy; /* NULL while it is being replaced */
	struct loop_watch *watch;
	struct loop_timer *timer;
	uint64_t restart_ms;
	unsigned starts;
	uint64_t sidecar_hash, policy_hash, client_hash; /* of what it was told last */
	char id[IDENTITY_MAX + 1];
};

/* --- telling it --- */

static int tell_sidecar(struct pod_mesh *m, const struct mesh_view *view, struct rf_err *err)
{
	AUTO_BUF payload = {0};
	int rc = RF_OK;

	if (mesh_view_sidecar(m->pod->host, m->pod->kube, view, &payload) < 0)
		return rf_err_nomem(err);
	if (mesh_hash(&payload) != m->sidecar_hash)
		rc = proxy_set_sidecar(m->proxy, rf_buf_str(&payload), err);
	if (rc == RF_OK)
		m->sidecar_hash = mesh_hash(&payload);
	return rc;
}

static int tell_policy(struct pod_mesh *m, struct rf_err *err)
{
	struct host *host = m->pod->host;
	struct authz_workload workload =
		mesh_view_workload(m->pod->kube, rf_str_of(mesh_trust_domain(host)));
	AUTO_BUF payload = {0};
	int rc = RF_OK;

	proxy_policy_write(host->plan->set, &workload, &payload);
	if (payload.failed)
		return rf_err_nomem(err);
	if (mesh_hash(&payload) != m->policy_hash)
		rc = proxy_set_policy(m->proxy, rf_buf_str(&payload), err);
	if (rc == RF_OK)
		m->policy_hash = mesh_hash(&payload);
	return rc;
}

static int tell_client(struct pod_mesh *m, struct rf_err *err)
{
	uint64_t hash = mesh_client_hash(m->pod);
	AUTO_FD keeper = -1;
	int rc;

	if (hash == m->client_hash)
		return RF_OK;
	rc = mesh_add_client(m->pod, m->pod->host->config.cert_ttl_s, &keeper, err);
	if (rc < 0) {
		/* Its certificate is good for a while, and the next keeper tries again. */
		host_note(m->pod->host, "%s: %s", m->pod->key, err->msg);
		return RF_OK;
	}
	rc = proxy_set_keeper(m->proxy, keeper, err);
	if (rc == RF_OK)
		m->client_hash = hash;
	return rc;
}

/* Policies first: what a new route opens must not be open for a moment too wide. */
static int tell(struct pod_mesh *m, const struct mesh_view *view, struct rf_err *err)
{
	int rc = tell_policy(m, err);

	if (rc == RF_OK)
		rc = tell_sidecar(m, view, err);
	return rc == RF_OK ? tell_client(m, err) : rc;
}

void mesh_proxy_tell(struct pod *pod, const struct mesh_view *view)
{
	struct pod_mesh *m = pod->mesh;
	struct rf_err err;

	if (!m || !m->proxy || tell(m, view, &err) == RF_OK)
		return;
	host_note(pod->host, "%s: its proxy does not take orders: %s (it is replaced)", pod->key,
		err.msg);
	kill(proxy_pid(m->proxy), SIGKILL);
}

/* --- starting it --- */

static int open_netns(const struct pod *pod, struct rf_err *err)
{
	AUTO_FREE char *file = NULL;
	int fd;

	if (asprintf(&file, "%s/ns/net", pod->run_dir) < 0) {
		file = NULL;
		return rf_err_nomem(err);
	}
	fd = open(file, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? rf_err_sys(err, errno, "open %s", file) : fd;
}

/* A large one of an earlier start becomes FILE.1: a proxy writes at most 256 MiB into one file. */
static void put_aside(const char *path)
{
	AUTO_BUF old = {0};
	struct stat st;

	rf_buf_addf(&old, "%s.1", path);
	if (!old.failed && lstat(path, &st) == 0 && st.st_size > LOG_ASIDE)
		(void)rename(path, old.data);
}

/* Beside the containers' logs: NAMESPACE_POD_mesh.log, a line of JSON a connection. */
static int open_log(const struct pod *pod, int *ret, struct rf_err *err)
{
	AUTO_BUF path = {0};

	rf_buf_addf(&path, "%s/" RF_STR_FMT "_" RF_STR_FMT "_mesh.log", pod->host->inst.logs,
		RF_STR_ARG(pod->kube->namespace), RF_STR_ARG(pod->kube->name));
	if (path.failed)
		return rf_err_nomem(err);
	put_aside(path.data);
	*ret = open(path.data, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *ret < 0 ? rf_err_sys(err, errno, "open %s", path.data) : RF_OK;
}

static int open_metrics(struct pod_mesh *m, struct rf_err *err)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct endpoint endpoint = {.len = sizeof(un)};
	AUTO_BUF path = {0};
	int rc;

	rf_buf_addf(&path, "%s/" MESH_METRICS_SOCKET, m->pod->run_dir);
	if (path.failed || !rf_str_copy(rf_buf_str(&path), un.sun_path, sizeof(un.sun_path)))
		return rf_err_set(
			err, RF_ELIMIT, "%s: too long for a UNIX socket", rf_buf_cstr(&path));
	memcpy(&endpoint.address, &un, sizeof(un));
	rc = endpoint_listen(&endpoint, false, &m->metrics_fds[m->metrics_count], err);
	m->metrics_count += rc == RF_OK;
	return rc;
}

static void on_channel(void *ctx, unsigned events);

static int start_proxy(struct pod_mesh *m, struct rf_err *err)
{
	struct host *host = m->pod->host;
	struct proxy_settings settings;
	struct proxy_opts opts = {.settings = &settings,
		.listeners = m->listeners,
		.listener_count = m->listener_count,
		.threads = 1,
		.metrics_count = m->metrics_count,
		.log_fd = -1};
	AUTO_FD netns = open_netns(m->pod, err);
	AUTO_FD keeper = -1;
	AUTO_FD log = -1;
	AUTO_BUF routes = {0};
	const struct mesh_view view = {rf_str_of(mesh_trust_domain(host)), &routes};
	int rc = netns < 0 ? netns : mesh_add_client(m->pod, host->config.cert_ttl_s, &keeper, err);

	if (rc == RF_OK)
		rc = open_log(m->pod, &log, err);
	opts.log_fd = log;

	proxy_settings_default(&settings);
	settings.sidecar = true;
	settings.max_connections = MAX_CONNECTIONS;
	settings.max_pending = MAX_PENDING;
	memcpy(opts.metrics_fds, m->metrics_fds, sizeof(opts.metrics_fds));
	opts.netns_fd = netns;
	opts.keeper_fd = keeper;
	m->sidecar_hash = m->policy_hash = 0;
	m->client_hash = mesh_client_hash(m->pod);
	if (rc == RF_OK)
		rc = proxy_start(&opts, &m->proxy, err);
	if (rc == RF_OK)
		rc = mesh_join(host, proxy_pid(m->proxy), err);
	if (rc == RF_OK) {
		mesh_view_routes(host, view.trust_domain, &routes);
		rc = tell(m, &view, err);
	}
	if (rc == RF_OK) {
		m->watch = loop_watch_fd(
			host->loop, proxy_channel(m->proxy), LOOP_READ, on_channel, m);
		rc = m->watch ? RF_OK : rf_err_nomem(err);
	}
	if (rc == RF_OK) {
		m->starts++;
		return RF_OK;
	}
	proxy_free(m->proxy);
	m->proxy = NULL;
	return rf_err_wrap(err, rc, "start the pod's proxy");
}

static void on_restart(void *ctx)
{
	struct pod_mesh *m = ctx;
	struct rf_err err;

	m->timer = NULL;
	if (start_proxy(m, &err) == RF_OK)
		return;
	host_note(m->pod->host, "%s: %s (trying again)", m->pod->key, err.msg);
	m->restart_ms =
		m->restart_ms * 2 < MESH_MAX_RESTART_MS ? m->restart_ms * 2 : MESH_MAX_RESTART_MS;
	m->timer = loop_timer_add(m->pod->host->loop, m->restart_ms, on_restart, m);
}

static void on_channel(void *ctx, unsigned events RF_UNUSED)
{
	struct pod_mesh *m = ctx;
	struct rf_err err = {.msg = "has ended"};

	loop_unwatch(m->watch);
	m->watch = NULL;
	(void)!proxy_end(m->proxy, &err);
	proxy_free(m->proxy);
	m->proxy = NULL;
	host_note(m->pod->host, "%s: its proxy %s: nothing passes until the next one is up",
		m->pod->key, err.msg);
	m->restart_ms = MESH_RESTART_MS;
	m->timer = loop_timer_add(m->pod->host->loop, m->restart_ms, on_restart, m);
}

/* --- its sockets --- */

static int listen_on(uint16_t port, bool ipv6, int *ret_fd, struct rf_err *err)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct endpoint endpoint = {.len = ipv6 ? sizeof(in6) : sizeof(in)};

	if (ipv6)
		memcpy(&endpoint.address, &in6, sizeof(in6));
	else
		memcpy(&endpoint.address, &in, sizeof(in));
	return endpoint_listen(&endpoint, false, ret_fd, err);
}

static int listen_inside(struct pod_mesh *m, bool ipv6, struct rf_err *err)
{
	static const struct {
		uint16_t port;
		enum proxy_side side;
	} rows[] = {
		{MESH_INBOUND_PORT, PROXY_SERVER},
		{MESH_OUTBOUND_PORT, PROXY_CLIENT},
	};
	uint16_t metrics = m->pod->host->config.mesh_metrics_port;
	int rc = RF_OK;

	for (size_t i = 0; i < RF_ARRAY_LEN(rows) && rc == RF_OK; i++) {
		struct worker_listener *listener = &m->listeners[m->listener_count];

		listener->side = rows[i].side;
		rc = listen_on(rows[i].port, ipv6, &listener->fd, err);
		m->listener_count += rc == RF_OK;
	}
	if (rc == RF_OK && metrics) {
		rc = listen_on(metrics, ipv6, &m->metrics_fds[m->metrics_count], err);
		m->metrics_count += rc == RF_OK;
	}
	return rc;
}

static bool has_ipv6(const struct kube_pod *kube)
{
	for (size_t i = 0; i < kube->ip_count; i++) {
		if (kube->ips[i].family == RF_IPV6)
			return true;
	}
	return false;
}

static int open_sockets(void *ctx, struct rf_err *err)
{
	struct pod_mesh *m = ctx;
	int rc = listen_inside(m, false, err);

	return rc == RF_OK && has_ipv6(m->pod->kube) ? listen_inside(m, true, err) : rc;
}

static int redirect(const struct pod *pod, int netns, struct rf_err *err)
{
	struct redirect opts = {.netns_fd = netns,
		.proxy_uid = PROXY_SIDECAR_UID,
		.inbound_port = MESH_INBOUND_PORT,
		.outbound_port = MESH_OUTBOUND_PORT,
		.plain_port = pod->host->config.mesh_metrics_port};

	opts.node_ip_count = plan_node_ips(&pod->host->config.ranges, opts.node_ips);
	return redirect_pod(&opts, err);
}

/* --- pods --- */

int mesh_pod_start(struct pod *pod, struct rf_err *err)
{
	struct sidecar_faults faults;
	struct pod_mesh *m;
	AUTO_FD netns = -1;
	int rc;

	if (!mesh_has(pod->host, pod->kube))
		return RF_OK;
	rc = mesh_view_faults(pod->kube, &faults, err);
	if (rc == RF_OK)
		rc = mesh_open(pod->host, err);
	if (rc < 0)
		return rc;
	m = calloc(1, sizeof(*m));
	if (!m)
		return rf_err_nomem(err);
	m->pod = pod;
	pod->mesh = m;
	netns = open_netns(pod, err);
	rc = netns < 0 ? netns : RF_OK;
	if (rc == RF_OK)
		rc = identity_make(rf_str_of(mesh_trust_domain(pod->host)), pod->kube->namespace,
			mesh_service_account(pod->kube), m->id, err);
	if (rc == RF_OK)
		rc = netns_inside(netns, open_sockets, m, err);
	if (rc == RF_OK)
		rc = open_metrics(m, err);
	if (rc == RF_OK)
		rc = redirect(pod, netns, err);
	return rc == RF_OK ? start_proxy(m, err) : rc;
}

void mesh_pod_stop(struct pod *pod)
{
	struct pod_mesh *m = pod->mesh;

	if (!m)
		return;
	loop_timer_del(m->timer);
	loop_unwatch(m->watch);
	proxy_free(m->proxy);
	for (size_t i = 0; i < m->listener_count; i++)
		rf_fd_closep(&m->listeners[i].fd);
	for (size_t i = 0; i < m->metrics_count; i++)
		rf_fd_closep(&m->metrics_fds[i]);
	free(m);
	pod->mesh = NULL;
}

static void write_faults(struct json_writer *w, const struct pod *pod)
{
	struct sidecar_faults faults;
	struct rf_err err;

	if (mesh_view_faults(pod->kube, &faults, &err) < 0 ||
		(!faults.delay_ms && !faults.reset_percent && !faults.bytes_per_s))
		return;
	json_key(w, "faults");
	json_object_begin(w);
	json_field_int(w, "delayMs", (int64_t)faults.delay_ms);
	json_field_int(w, "resetPercent", (int64_t)faults.reset_percent);
	json_field_int(w, "bytesPerSecond", (int64_t)faults.bytes_per_s);
	json_object_end(w);
}

void mesh_write_status(struct json_writer *w, const struct pod *pod)
{
	const struct pod_mesh *m = pod->mesh;

	if (!m)
		return;
	json_key(w, "mesh");
	json_object_begin(w);
	json_field_c(w, "id", m->id);
	json_field_bool(w, "proxy", m->proxy != NULL);
	json_field_int(w, "pid", m->proxy ? proxy_pid(m->proxy) : 0);
	json_field_int(w, "restarts", m->starts > 1 ? m->starts - 1 : 0);
	write_faults(w, pod);
	json_key(w, "metrics");
	json_strf(w, "unix:%s/" MESH_METRICS_SOCKET, pod->run_dir);
	json_object_end(w);
}
