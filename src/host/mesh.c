/* The keeper of one machine, and what all of the mesh's processes have in common. */
#include "host/mesh.h"

#include <unistd.h>

#include "base/fd.h"
#include "host/identity_volume.h"
#include "host/mesh_int.h"
#include "host/notes.h"
#include "mesh/authz/injection.h"
#include "mesh/ca.h"
#include "mesh/keeper.h"

struct host_mesh {
	struct host *host;
	struct keeper *keeper; /* stays when its process has ended, until there is another one */
	struct loop_watch *watch;
	struct loop_timer *timer; /* until the next one is started */
	uint64_t restart_ms;
	uint64_t starts; /* of keepers */
	char *group;	 /* cgroup.procs of proxies and keeper */
};

bool mesh_has_by(const struct host *host, const struct kube_set *set, const struct kube_pod *kube)
{
	return mesh_has_pod(set, kube, host->config.mesh);
}

bool mesh_has(const struct host *host, const struct kube_pod *kube)
{
	return mesh_has_by(host, host->plan->set, kube);
}

/* --- the keeper --- */

int mesh_join(struct host *host, pid_t pid, struct rf_err *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	return rf_file_write(host->mesh->group, text, err);
}

const char *mesh_trust_domain(const struct host *host)
{
	return keeper_trust_domain(host->mesh->keeper);
}

static void on_keeper(void *ctx, unsigned events);

/* In the place of the one before, if there is one. */
static int start_keeper(struct host_mesh *mesh, struct rf_err *err)
{
	struct host *host = mesh->host;
	struct keeper *keeper;
	AUTO_FREE char *dir = NULL;
	int rc;

	if (asprintf(&dir, "%s/ca", host->inst.state_dir) < 0) {
		dir = NULL;
		return rf_err_nomem(err);
	}
	rc = keeper_start(dir, RF_STR(CA_TRUST_DOMAIN), &keeper, err);
	if (rc < 0)
		return rc;
	rc = mesh_join(host, keeper_pid(keeper), err);
	if (rc == RF_OK) {
		mesh->watch = loop_watch_fd(
			host->loop, keeper_channel(keeper), LOOP_READ, on_keeper, mesh);
		rc = mesh->watch ? RF_OK : rf_err_nomem(err);
	}
	if (rc < 0) {
		(void)!keeper_end(keeper, NULL);
		keeper_free(keeper);
		return rc;
	}
	keeper_free(mesh->keeper);
	mesh->keeper = keeper;
	mesh->starts++;
	return RF_OK;
}

/* Its clients' certificates last long enough to find another one. */
static void restart_keeper(void *ctx)
{
	struct host_mesh *mesh = ctx;
	struct host *host = mesh->host;
	struct rf_err err;

	mesh->timer = NULL;
	if (start_keeper(mesh, &err) == RF_OK) {
		mesh_sync(host);
		identity_volume_sync(host);
		return;
	}
	host_note(host, "the certificate authority's process: %s (trying again)", err.msg);
	mesh->restart_ms = mesh->restart_ms * 2 < MESH_MAX_RESTART_MS ? mesh->restart_ms * 2
								      : MESH_MAX_RESTART_MS;
	mesh->timer = loop_timer_add(host->loop, mesh->restart_ms, restart_keeper, mesh);
}

static void on_keeper(void *ctx, unsigned events RF_UNUSED)
{
	struct host_mesh *mesh = ctx;
	struct rf_err err = {.msg = "has ended"};

	loop_unwatch(mesh->watch);
	mesh->watch = NULL;
	(void)!keeper_end(mesh->keeper, &err);
	host_note(mesh->host,
		"the certificate authority's process %s: no certificate is renewed until the next "
		"one is up",
		err.msg);
	mesh->restart_ms = MESH_RESTART_MS;
	mesh->timer = loop_timer_add(mesh->host->loop, mesh->restart_ms, restart_keeper, mesh);
}

int mesh_open(struct host *host, struct rf_err *err)
{
	struct host_mesh *mesh;
	int rc;

	if (host->mesh)
		return RF_OK;
	mesh = calloc(1, sizeof(*mesh));
	if (!mesh)
		return rf_err_nomem(err);
	mesh->host = host;
	host->mesh = mesh;
	rc = runtime_group(&host->runtime, host->inst.cgroup, "mesh", &mesh->group, err);
	if (rc == RF_OK)
		rc = start_keeper(mesh, err);
	if (rc < 0)
		mesh_close(host);
	return rc;
}

void mesh_close(struct host *host)
{
	if (!host->mesh)
		return;
	loop_timer_del(host->mesh->timer);
	loop_unwatch(host->mesh->watch);
	keeper_free(host->mesh->keeper);
	free(host->mesh->group);
	free(host->mesh);
	host->mesh = NULL;
}

/* --- its clients --- */

uint64_t mesh_hash(const struct rf_buf *buf)
{
	return rf_hash(rf_buf_cstr(buf), buf->len) | 1;
}

uint64_t mesh_client_hash(const struct pod *pod)
{
	AUTO_ARENA *arena = rf_arena_new((size_t)1 << 20);
	struct rf_str names[CA_MAX_NAMES];
	AUTO_BUF all = {0};
	size_t count;

	if (!arena)
		return 0;
	count = mesh_view_names(pod->host, pod->kube, arena, names, CA_MAX_NAMES);
	rf_buf_addf(&all, "%llu\n", (unsigned long long)pod->host->mesh->starts);
	for (size_t i = 0; i < count; i++) {
		rf_buf_add_str(&all, names[i]);
		rf_buf_add_char(&all, '\n');
	}
	return mesh_hash(&all);
}

int mesh_add_client(struct pod *pod, int64_t ttl_s, int *ret_fd, struct rf_err *err)
{
	struct host *host = pod->host;
	AUTO_ARENA *arena = rf_arena_new((size_t)1 << 20);
	struct rf_str names[CA_MAX_NAMES];
	struct keeper_client client = {.namespace = pod->kube->namespace,
		.account = mesh_service_account(pod->kube),
		.dns = names,
		.ttl_s = ttl_s};

	if (!arena)
		return rf_err_nomem(err);
	client.dns_count = mesh_view_names(host, pod->kube, arena, names, CA_MAX_NAMES);
	return keeper_add_client(host->mesh->keeper, &client, ret_fd, err);
}

/* --- all proxies --- */

void mesh_sync(struct host *host)
{
	AUTO_BUF routes = {0};
	struct mesh_view view = {.routes = &routes};

	if (!host->mesh)
		return;
	view.trust_domain = rf_str_of(mesh_trust_domain(host));
	mesh_view_routes(host, view.trust_domain, &routes);
	rf_vec_each (pod, &host->pods)
		mesh_proxy_tell(*pod, &view);
}
