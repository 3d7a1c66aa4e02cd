/*
 * All directories of one pod are in one (VOLUME_IDENTITY), which is all that its process sees.
 */
#include "host/identity_volume_int.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/bundle.h"
#include "host/mesh.h"
#include "host/mesh_view.h"
#include "host/notes.h"
#include "mesh/authz/injection.h"
#include "mesh/ca.h"
#include "mesh/identity.h"

#define FIRST_MS       2000 /* for the first certificate, which takes some 10 ms */
#define RESTART_MS     100
#define MAX_RESTART_MS 5000
#define FILES_DIR      ".files"	 /* the annotation's; no volume's name */
#define SOCKET_DIR     ".socket" /* the Workload API's */
#define BACKLOG	       64
#define CERT_MODE      0644

struct pod_identity {
	struct pod *pod;
	int dir_fd;		   /* VOLUME_IDENTITY */
	int listener;		   /* of the Workload API; -1: there is none */
	struct workload *workload; /* NULL while it is being replaced */
	struct identity_owner owner;
	struct loop_watch *watch;
	struct loop_timer *timer;
	uint64_t restart_ms;
	unsigned starts;
	uint64_t files_hash, client_hash; /* of what it was told last */
	char id[IDENTITY_MAX + 1];
};

/* --- what a pod wants --- */

static bool is_wanted(const struct kube_pod *kube)
{
	return identity_volume_dir(kube).ptr || identity_volume_first(kube->spec);
}

/* The shortest that anything asks for. */
static int64_t ttl_of(const struct pod *pod)
{
	const struct kube_pod_spec *spec = pod->kube->spec;
	const struct kube_volume *volumes = spec->volumes.items;
	int64_t ttl_s = pod->host->config.cert_ttl_s ? pod->host->config.cert_ttl_s : CA_LEAF_S;

	for (size_t i = 0; i < spec->volumes.count; i++) {
		const struct kube_projected_source *projected = volumes[i].projected;
		const struct kube_projection *items = projected ? projected->sources.items : NULL;

		for (size_t j = 0; items && j < projected->sources.count; j++) {
			const struct kube_certificate_source *source = items[j].pod_certificate;

			if (source && source->max_expiration_seconds.set &&
				source->max_expiration_seconds.value < ttl_s)
				ttl_s = source->max_expiration_seconds.value;
		}
	}
	return ttl_s;
}

/* --- what the process is told --- */

static void put_own(const struct identity_owner *owner, struct rf_buf *out)
{
	static const struct {
		const char *name;
		enum workload_content of;
	} rows[] = {
		{"tls.crt", WORKLOAD_CERT},
		{"tls.key", WORKLOAD_KEY},
		{"ca.crt", WORKLOAD_ROOTS},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		const struct workload_file file = {.dir = RF_STR(FILES_DIR),
			.path = rf_str_of(rows[i].name),
			.of = rows[i].of,
			.mode = rows[i].of == WORKLOAD_KEY ? owner->key_mode : CERT_MODE,
			.uid = owner->uid,
			.gid = owner->gid};

		workload_put_file(out, &file);
	}
}

static int put_volume(const struct env_pod *env, const struct kube_volume *volume,
	const struct identity_owner *owner, struct rf_buf *out)
{
	CLEANUP(volume_files_done) struct volume_files files = {0};
	AUTO_DIAGS diags = {.error_count = 0};
	int rc = volume_collect(env, volume, &files, &diags);

	if (rc < 0)
		return rc;
	rf_vec_each (file, &files.list) {
		bool key = file->of == WORKLOAD_KEY || file->of == WORKLOAD_KEY_AND_CERT;
		const struct workload_file told = {.dir = volume->name,
			.path = file->path,
			.of = file->of,
			.mode = key ? owner->key_mode : file->mode | owner->more,
			.uid = file->of == WORKLOAD_TEXT ? 0 : owner->uid,
			.gid = owner->gid,
			.text = file->content.ptr ? file->content : RF_STR("")};

		workload_put_file(out, &told);
	}
	return RF_OK;
}

static int put_files(const struct pod_identity *identity, struct rf_buf *out, struct rf_err *err)
{
	const struct pod *pod = identity->pod;
	const struct kube_pod_spec *spec = pod->kube->spec;
	const struct kube_volume *volumes = spec->volumes.items;
	struct env_pod env = bundle_env_pod(pod);
	int rc = RF_OK;

	if (identity_volume_dir(pod->kube).ptr)
		put_own(&identity->owner, out);
	for (size_t i = 0; i < spec->volumes.count && rc == RF_OK; i++) {
		if (volume_is_identity(&volumes[i]))
			rc = put_volume(&env, &volumes[i], &identity->owner, out);
	}
	if (rc == RF_EINPUT)
		return rf_err_set(err, rc, "a projected volume refers to what is not there");
	return rc < 0 || out->failed ? rf_err_nomem(err) : RF_OK;
}

static uint64_t hash_of(const struct rf_buf *buf)
{
	return rf_hash(rf_buf_cstr(buf), buf->len) | 1;
}

/* --- the process --- */

static void on_channel(void *ctx, unsigned events);

static int watch(struct pod_identity *identity, struct rf_err *err)
{
	identity->watch = loop_watch_fd(identity->pod->host->loop,
		workload_channel(identity->workload), LOOP_READ, on_channel, identity);
	return identity->watch ? RF_OK : rf_err_nomem(err);
}

static int start_process(struct pod_identity *identity, struct rf_err *err)
{
	struct pod *pod = identity->pod;
	AUTO_BUF files = {0};
	AUTO_FREE char *cgroup = NULL;
	AUTO_FD keeper = -1;
	AUTO_FD proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct workload_opts opts = {
		.dir_fd = identity->dir_fd, .listener_fd = identity->listener, .proc_fd = proc};
	int rc = put_files(identity, &files, err);

	if (rc == RF_OK && proc < 0)
		rc = rf_err_sys(err, errno, "open /proc");
	if (asprintf(&cgroup, "%s/pod-%s", pod->host->inst.cgroup, pod->uid) < 0) {
		cgroup = NULL;
		rc = rf_err_nomem(err);
	}
	opts.cgroup = rf_str_of(cgroup);

	if (rc == RF_OK)
		rc = mesh_add_client(pod, ttl_of(pod), &keeper, err);
	opts.keeper_fd = keeper;
	opts.files = rf_buf_str(&files);
	if (rc == RF_OK)
		rc = workload_start(&opts, &identity->workload, err);
	if (rc < 0)
		return rc;
	identity->files_hash = hash_of(&files);
	identity->client_hash = mesh_client_hash(pod);
	rc = mesh_join(pod->host, workload_pid(identity->workload), err);
	if (rc == RF_OK)
		rc = watch(identity, err);
	if (rc == RF_OK) {
		identity->starts++;
		return RF_OK;
	}
	workload_free(identity->workload);
	identity->workload = NULL;
	return rc;
}

static void start_again(void *ctx)
{
	struct pod_identity *identity = ctx;
	struct pod *pod = identity->pod;
	struct rf_err err;

	identity->timer = NULL;
	if (start_process(identity, &err) == RF_OK)
		return;
	host_note(pod->host, "%s: its certificates are not renewed: %s (trying again)", pod->key,
		err.msg);
	identity->restart_ms = identity->restart_ms * 2 < MAX_RESTART_MS ? identity->restart_ms * 2
									 : MAX_RESTART_MS;
	identity->timer =
		loop_timer_add(pod->host->loop, identity->restart_ms, start_again, identity);
}

static void replace(struct pod_identity *identity)
{
	loop_unwatch(identity->watch);
	identity->watch = NULL;
	workload_free(identity->workload);
	identity->workload = NULL;
	identity->restart_ms = RESTART_MS;
	identity->timer = loop_timer_add(
		identity->pod->host->loop, identity->restart_ms, start_again, identity);
}

static void on_channel(void *ctx, unsigned events RF_UNUSED)
{
	struct pod_identity *identity = ctx;
	struct pod *pod = identity->pod;
	struct rf_err err;
	int rc = workload_hear(identity->workload, 0, &err);

	if (rc == RF_OK)
		return;
	if (rc == RF_EABSENT || rc == RF_EINTERNAL) {
		host_note(pod->host,
			"%s: the process that renews its certificates %s: it is replaced", pod->key,
			err.msg);
		replace(identity);
		return;
	}
	host_note(pod->host, "%s: its certificates are not renewed: %s", pod->key, err.msg);
}

/* --- pods --- */

/* Its directories, and the one above them open. */
static int make_dirs(struct pod_identity *identity, struct rf_err *err)
{
	const struct pod *pod = identity->pod;
	const struct volume_dirs dirs = {pod->memory_dir, pod->disk_dir};
	AUTO_FREE char *top = NULL;
	AUTO_FREE char *files = NULL;
	int rc = volume_mount_memory(&dirs, err);

	if (rc < 0)
		return rc;
	if (asprintf(&top, "%s/" VOLUME_IDENTITY, pod->memory_dir) < 0)
		top = NULL;
	if (asprintf(&files, "%s/" VOLUME_IDENTITY "/" FILES_DIR, pod->memory_dir) < 0)
		files = NULL;
	if (!top || !files)
		return rf_err_nomem(err);
	rc = rf_dir_make(files, 0755, err);
	if (rc < 0)
		return rc;
	identity->dir_fd = open(top, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return identity->dir_fd < 0 ? rf_err_sys(err, errno, "%s", top) : RF_OK;
}

/*
 * It is made here and kept: callers wait in it while a process that has died is replaced. The path
 * by way of /proc is short enough for any directory of pods.
 */
static int open_listener(struct pod_identity *identity, struct rf_err *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	AUTO_FD dir = -1;

	if (!identity_volume_dir(identity->pod->kube).ptr)
		return RF_OK;
	if (mkdirat(identity->dir_fd, SOCKET_DIR, 0755) < 0 && errno != EEXIST)
		return rf_err_sys(err, errno, "make the Workload API's directory");
	dir = openat(identity->dir_fd, SOCKET_DIR, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/" IDENTITY_API_SOCKET, dir);
	if (dir < 0 || (unlink(at.sun_path) < 0 && errno != ENOENT))
		return rf_err_sys(err, errno, "the Workload API's directory");
	identity->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (identity->listener < 0 ||
		bind(identity->listener, (struct sockaddr *)&at, sizeof(at)) < 0 ||
		chmod(at.sun_path, 0666) < 0 || listen(identity->listener, BACKLOG) < 0)
		return rf_err_sys(err, errno, "the Workload API's socket");
	return RF_OK;
}

static int start_first(struct pod_identity *identity, struct rf_err *err)
{
	struct pod *pod = identity->pod;
	int rc = mesh_open(pod->host, err);

	if (rc == RF_OK)
		rc = identity_owner_find(pod->host->images, pod->kube, &identity->owner, err);
	if (rc == RF_OK)
		rc = make_dirs(identity, err);
	if (rc == RF_OK)
		rc = open_listener(identity, err);
	if (rc == RF_OK)
		rc = identity_make(rf_str_of(mesh_trust_domain(pod->host)), pod->kube->namespace,
			mesh_service_account(pod->kube), identity->id, err);
	if (rc == RF_OK)
		rc = start_process(identity, err);
	/* The pod's programs find their certificates when they start. */
	return rc == RF_OK ? workload_hear(identity->workload, FIRST_MS, err) : rc;
}

int identity_volume_start(struct pod *pod, struct rf_err *err)
{
	struct pod_identity *identity;
	int rc;

	if (!is_wanted(pod->kube))
		return RF_OK;
	if (pod->kube->spec->host_network.value)
		return rf_err_set(
			err, RF_EDENIED, "a pod with hostNetwork: true has no identity of its own");
	identity = calloc(1, sizeof(*identity));
	if (!identity)
		return rf_err_nomem(err);
	identity->pod = pod;
	identity->dir_fd = -1;
	identity->listener = -1;
	pod->identity = identity;
	rc = start_first(identity, err);
	return rc < 0 ? rf_err_wrap(err, rc, "the pod's certificate") : RF_OK;
}

void identity_volume_stop(struct pod *pod)
{
	struct pod_identity *identity = pod->identity;

	if (!identity)
		return;
	loop_timer_del(identity->timer);
	loop_unwatch(identity->watch);
	workload_free(identity->workload);
	rf_fd_closep(&identity->dir_fd);
	rf_fd_closep(&identity->listener);
	free(identity);
	pod->identity = NULL;
}

int identity_volume_refresh(struct pod *pod, struct rf_err *err)
{
	struct pod_identity *identity = pod->identity;
	AUTO_BUF files = {0};
	int rc;

	if (!identity || !identity->workload)
		return RF_OK;
	rc = put_files(identity, &files, err);
	if (rc < 0 || hash_of(&files) == identity->files_hash)
		return rc;
	rc = workload_set_files(identity->workload, rf_buf_str(&files), err);
	if (rc == RF_OK)
		identity->files_hash = hash_of(&files);
	return rc;
}

static int tell_client(struct pod_identity *identity, struct rf_err *err)
{
	struct pod *pod = identity->pod;
	uint64_t hash = mesh_client_hash(pod);
	AUTO_FD keeper = -1;
	int rc;

	if (hash == identity->client_hash)
		return RF_OK;
	rc = mesh_add_client(pod, ttl_of(pod), &keeper, err);
	if (rc == RF_OK)
		rc = workload_set_client(identity->workload, keeper, err);
	if (rc == RF_OK)
		identity->client_hash = hash;
	return rc;
}

void identity_volume_sync(struct host *host)
{
	struct rf_err err;

	rf_vec_each (pod, &host->pods) {
		struct pod_identity *identity = (*pod)->identity;

		if (!identity || !identity->workload || tell_client(identity, &err) == RF_OK)
			continue;
		host_note(host, "%s: the process that renews its certificates takes no orders: %s",
			(*pod)->key, err.msg);
		kill(workload_pid(identity->workload), SIGKILL);
	}
}

static int mount_dir(struct container *c, const char *dir, struct rf_str at, struct rf_err *err)
{
	AUTO_FREE char *target = rf_str_dup(at);
	AUTO_FREE char *source = NULL;

	if (asprintf(&source, "%s/" VOLUME_IDENTITY "/%s", c->pod->memory_dir, dir) < 0)
		source = NULL;
	if (!target || !source ||
		oci_spec_add_mount(&c->oci, "bind", source, target,
			"bind,rprivate,ro,nosuid,nodev,noexec") < 0)
		return rf_err_nomem(err);
	return RF_OK;
}

static bool has_dir(const struct container *c)
{
	return c->pod->identity && identity_volume_dir(c->pod->kube).ptr;
}

int identity_volume_mount(struct container *c, struct rf_err *err)
{
	int rc;

	if (!has_dir(c))
		return RF_OK;
	rc = mount_dir(c, FILES_DIR, identity_volume_dir(c->pod->kube), err);
	return rc == RF_OK ? mount_dir(c, SOCKET_DIR, RF_STR(IDENTITY_API_DIR), err) : rc;
}

int identity_volume_env(const struct container *c, struct env_list *env)
{
	char *text;

	if (!has_dir(c))
		return RF_OK;
	for (size_t i = 0; i < env->count; i++) {
		if (rf_str_starts(rf_str_of(env->items[i]), RF_STR(IDENTITY_API_ENV "=")))
			return RF_OK;
	}
	text = rf_str_dup(
		RF_STR(IDENTITY_API_ENV "=unix://" IDENTITY_API_DIR "/" IDENTITY_API_SOCKET));
	if (text && rf_vec_push(env, text))
		return RF_OK;
	free(text);
	return RF_EINTERNAL;
}

void identity_volume_status(struct json_writer *w, const struct pod *pod)
{
	const struct pod_identity *identity = pod->identity;

	if (!identity)
		return;
	json_key(w, "identity");
	json_object_begin(w);
	json_field_c(w, "id", identity->id);
	json_field_int(w, "pid", identity->workload ? workload_pid(identity->workload) : 0);
	json_field_int(w, "restarts", identity->starts > 1 ? identity->starts - 1 : 0);
	json_object_end(w);
}
