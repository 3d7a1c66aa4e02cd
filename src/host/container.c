/*
 * Starting: root mounted, bundle written, conmon started in its cgroup; conmon runs the runtime's
 * "create" and answers {"pid": N} on a pipe; then "start". Ending: conmon writes the exit status
 * into the run directory and ends itself, which the loop sees; then the runtime's "delete".
 */
#include "host/container.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/num.h"
#include "doc/read.h"
#include "host/admit.h"
#include "host/bundle.h"
#include "host/overlay.h"
#include "host/trash.h"

#define SYNC_TEXT_MAX 65536
#define LOG_SIZE_MAX  "67108864" /* bytes; conmon then begins a new file */

int container_init(struct container *c, struct pod *pod, const struct kube_container *spec,
	const struct container_events *events)
{
	*c = (struct container){.pod = pod,
		.spec = spec,
		.events = events,
		.sync_fd = -1,
		.pidfd = -1,
		.exit_code = -1};
	c->sync_text.max = SYNC_TEXT_MAX;
	if (asprintf(&c->id, "%s-" RF_STR_FMT, pod->uid, RF_STR_ARG(spec->name)) < 0)
		c->id = NULL;
	if (asprintf(&c->dir, "%s/c/" RF_STR_FMT, pod->run_dir, RF_STR_ARG(spec->name)) < 0)
		c->dir = NULL;
	if (asprintf(&c->log, "%s/" RF_STR_FMT "_" RF_STR_FMT "_" RF_STR_FMT ".log",
		    pod->host->inst.logs, RF_STR_ARG(pod->kube->namespace),
		    RF_STR_ARG(pod->kube->name), RF_STR_ARG(spec->name)) < 0)
		c->log = NULL;
	return c->id && c->dir && c->log ? RF_OK : RF_EINTERNAL;
}

static void drop_sync(struct container *c)
{
	loop_unwatch(c->sync_watch);
	c->sync_watch = NULL;
	rf_fd_closep(&c->sync_fd);
}

void container_done(struct container *c)
{
	drop_sync(c);
	loop_timer_del(c->restart_timer);
	loop_timer_del(c->kill_timer);
	loop_timer_del(c->signal_timer);
	if (c->conmon)
		child_detach(c->conmon);
	if (c->starter)
		child_detach(c->starter);
	if (c->cleaner)
		child_detach(c->cleaner);
	rf_fd_closep(&c->pidfd);
	rf_buf_done(&c->sync_text);
	oci_spec_done(&c->oci);
	image_free(c->image);
	free(c->id);
	free(c->dir);
	free(c->log);
}

bool container_alive(const struct container *c)
{
	return c->conmon || c->starter || c->cleaner;
}

const char *container_state_name(enum container_state state)
{
	switch (state) {
	case CONTAINER_WAITING: return "waiting";
	case CONTAINER_CREATING: return "creating";
	case CONTAINER_RUNNING: return "running";
	case CONTAINER_EXITED: break;
	}
	return "exited";
}

static void start_failed(struct container *c, const struct rf_err *why)
{
	c->state = CONTAINER_EXITED;
	c->events->failed_to_start(c, why);
}

static void release_root(const struct container *c)
{
	AUTO_FREE char *merged = NULL;

	if (asprintf(&merged, "%s/merged", c->dir) >= 0)
		overlay_release(merged);
	else
		merged = NULL;
}

static void delete_done(void *ctx, int status RF_UNUSED)
{
	struct container *c = ctx;

	c->cleaner = NULL;
	release_root(c);
	c->events->exited(c);
}

/* The runtime forgets the container; what is left of its cgroup goes too. */
static void start_delete(struct container *c)
{
	const struct host *host = c->pod->host;
	AUTO_FREE char *root = NULL;
	struct child_spec spec = {.cwd = "/"};

	if (asprintf(&root, "--root=%s/runtime", host->inst.run_dir) < 0) {
		root = NULL;
		delete_done(c, 0);
		return;
	}
	spec.argv =
		(const char *const[]){host->runtime.path, root, "delete", "--force", c->id, NULL};
	if (child_start(host->loop, &spec, delete_done, c, &c->cleaner, NULL) < 0)
		delete_done(c, 0);
}

static int read_exit_code(const struct container *c)
{
	AUTO_FREE char *path = NULL;
	AUTO_BUF text = {.max = 64};
	uint64_t code;

	if (asprintf(&path, "%s/exits/%s", c->pod->host->inst.run_dir, c->id) < 0) {
		path = NULL;
		return -1;
	}
	if (rf_file_read(path, &text, NULL) < 0 || !rf_num_u64(rf_buf_str(&text), 255, &code))
		return -1;
	unlink(path);
	return (int)code;
}

static bool oom_file(const struct container *c)
{
	AUTO_FREE char *path = NULL;

	if (asprintf(&path, "%s/oom", c->dir) < 0) {
		path = NULL;
		return false;
	}
	return unlink(path) == 0;
}

/* conmon's answer: {"pid": 123}, or {"pid": -1, "message": "..."}. */
static int read_answer(struct container *c, struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(1 << 20);
	AUTO_DIAGS diags = {.error_count = 0};
	const struct doc_node *root, *pid, *message;

	if (!arena)
		return rf_err_nomem(err);
	if (doc_parse_json(rf_buf_str(&c->sync_text), "conmon", 1, arena, &diags, &root) < 0)
		return rf_err_set(err, RF_EIO, "conmon gave no answer (see %s)", c->log);
	pid = doc_get(root, "pid");
	message = doc_get(root, "message");
	if (!pid || pid->type != DOC_INT || pid->number <= 0)
		return rf_err_set(err, RF_EIO, "create: " RF_STR_FMT,
			RF_STR_ARG(message ? message->text : RF_STR("failed")));
	c->pid = (pid_t)pid->number;
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	return RF_OK;
}

static void note_failure(struct container *c, const struct rf_err *err)
{
	size_t len = strcspn(err->msg, "\n");

	snprintf(c->reason, sizeof(c->reason), "%.*s", (int)len, err->msg);
}

/* What conmon says next; false when there is nothing yet. *ret_whole: that was all. */
static bool take_answer(struct container *c, bool *ret_whole)
{
	char block[4096];
	ssize_t got = read(c->sync_fd, block, sizeof(block));

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (got > 0)
		rf_buf_add(&c->sync_text, block, (size_t)got);
	*ret_whole = got <= 0 || memchr(block, '\n', (size_t)got) || c->sync_text.failed;
	return true;
}

/* The end of conmon may be seen before its answer, which says why it has ended. */
static void take_last_answer(struct container *c)
{
	struct rf_err err = {.code = RF_OK};
	bool whole = c->sync_fd < 0;

	if (whole)
		return;
	while (!whole && take_answer(c, &whole))
		;
	drop_sync(c);
	if (read_answer(c, &err) < 0)
		note_failure(c, &err);
	rf_fd_closep(&c->pidfd);
}

static void conmon_ended(void *ctx, int status RF_UNUSED)
{
	struct container *c = ctx;

	c->conmon = NULL;
	loop_timer_del(c->kill_timer);
	loop_timer_del(c->signal_timer);
	c->kill_timer = c->signal_timer = NULL;
	rf_fd_closep(&c->pidfd);
	if (c->state == CONTAINER_RUNNING || c->state == CONTAINER_CREATING) {
		c->exit_code = read_exit_code(c);
		c->oom_killed = oom_file(c) && c->exit_code == 128 + SIGKILL;
	}
	c->exited_ms = loop_now_ms();
	c->state = CONTAINER_EXITED;
	take_last_answer(c);
	/* "start" must not outlive what it starts: its end goes on with "delete". */
	if (c->starter)
		child_kill(c->starter, SIGKILL);
	else if (!c->cleaner)
		start_delete(c);
}

static void start_ended(void *ctx, int status)
{
	struct container *c = ctx;
	char text[48];

	c->starter = NULL;
	if (!c->conmon) {
		start_delete(c);
		return;
	}
	if (status != 0) {
		snprintf(c->reason, sizeof(c->reason), "the runtime could not start it: %s",
			child_status_text(status, text));
		container_stop(c, 0);
		return;
	}
	if (c->state != CONTAINER_CREATING)
		return;
	c->state = CONTAINER_RUNNING;
	c->started_ms = loop_now_ms();
	c->reason[0] = '\0';
	/* Told to end before it ran: its stop signal has met no handler. */
	if (c->stopping)
		container_stop(c, 0);
	c->events->running(c);
}

/* "create" has worked: lets the process run. */
static int run_start(struct container *c, struct rf_err *err)
{
	const struct host *host = c->pod->host;
	AUTO_FREE char *root = NULL;
	struct child_spec spec = {.cwd = "/"};

	if (asprintf(&root, "--root=%s/runtime", host->inst.run_dir) < 0) {
		root = NULL;
		return rf_err_nomem(err);
	}
	spec.argv = (const char *const[]){host->runtime.path, root, "start", c->id, NULL};
	return child_start(host->loop, &spec, start_ended, c, &c->starter, err);
}

static void create_failed(struct container *c, const struct rf_err *err)
{
	note_failure(c, err);
	/* conmon ends by itself after a failed create; make sure of it. */
	if (c->conmon)
		child_kill(c->conmon, SIGKILL);
}

static void sync_readable(void *ctx, unsigned events RF_UNUSED)
{
	struct container *c = ctx;
	struct rf_err err = {.code = RF_OK};
	bool whole;

	if (!take_answer(c, &whole) || !whole)
		return;
	drop_sync(c);
	if (read_answer(c, &err) < 0)
		create_failed(c, &err);
	else if (c->stopping)
		container_stop(c, 0); /* nothing of it has run, and nothing shall */
	else if (run_start(c, &err) < 0)
		create_failed(c, &err);
}

/* conmon's arguments, in one array whose strings live in the arena. */
static const char *const *conmon_argv(const struct container *c, struct rf_arena *arena)
{
	const struct host *host = c->pod->host;
	const char *run = host->inst.run_dir;
	struct rf_str exits = rf_arena_printf(arena, "%s/exits", run);
	struct rf_str persist = rf_arena_printf(arena, "%s/persist", c->dir);
	struct rf_str pid_file = rf_arena_printf(arena, "%s/pid", c->dir);
	struct rf_str log = rf_arena_printf(arena, "k8s-file:%s", c->log);
	struct rf_str root = rf_arena_printf(arena, "--root=%s/runtime", run);
	const char *const args[] = {host->runtime.conmon, "--sync", "-c", c->id, "-u", c->id, "-n",
		c->id, "-r", host->runtime.path, "-b", c->dir, "-p", pid_file.ptr, "--exit-dir",
		exits.ptr, "--persist-dir", persist.ptr, "-l", log.ptr, "--log-level", "error",
		"--log-size-max", LOG_SIZE_MAX, "--full-attach", "--no-new-keyring",
		"--runtime-arg", root.ptr,
		c->spec->tty.value ? "-t" : (c->spec->stdin_open.value ? "-i" : NULL), NULL};
	const char **argv = rf_arena_array(arena, RF_ARRAY_LEN(args), sizeof(*argv));

	if (!argv || !exits.ptr || !persist.ptr || !pid_file.ptr || !log.ptr || !root.ptr ||
		rf_dir_make(exits.ptr, 0700, NULL) < 0 || rf_dir_make(persist.ptr, 0700, NULL) < 0)
		return NULL;
	memcpy(argv, args, sizeof(args));
	return argv;
}

static int start_conmon(struct container *c, struct rf_err *err)
{
	struct host *host = c->pod->host;
	AUTO_ARENA *arena = rf_arena_new(1 << 20);
	AUTO_FREE char *cgroup = NULL;
	struct child_spec spec = {.cwd = c->dir, .own_session = true};
	AUTO_FD theirs = -1;
	int ends[2], rc;

	rc = arena ? runtime_group(&host->runtime, host->inst.cgroup, "conmon", &cgroup, err)
		   : rf_err_nomem(err);
	if (rc < 0)
		return rc;
	spec.argv = conmon_argv(c, arena);
	spec.envp = (const char *const[]){
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "_OCI_SYNCPIPE=3", NULL};
	spec.cgroup_procs = cgroup;
	if (!spec.argv || pipe2(ends, O_CLOEXEC) < 0)
		return rf_err_sys(err, errno, "start conmon");
	c->sync_fd = ends[0];
	theirs = ends[1];
	fcntl(c->sync_fd, F_SETFL, O_NONBLOCK);
	spec.fds[0] = (struct child_fd){theirs, 3};
	spec.fd_count = 1;
	rf_buf_clear(&c->sync_text);
	c->sync_watch = loop_watch_fd(host->loop, c->sync_fd, LOOP_READ, sync_readable, c);
	rc = c->sync_watch ? child_start(host->loop, &spec, conmon_ended, c, &c->conmon, err)
			   : rf_err_nomem(err);
	if (rc < 0)
		drop_sync(c);
	return rc;
}

/* Root, bundle and conmon, in this order. On failure nothing of it is left. */
static int make_and_start(struct container *c, struct rf_err *err)
{
	AUTO_FREE char *merged = NULL;
	AUTO_FREE char *upper = NULL;
	AUTO_IMAGE *before = TAKE_PTR(c->image);
	int rc = admit_find_image(c->pod->host, c->spec, before, &c->image, err);

	if (rc < 0)
		return rc;
	if (asprintf(&merged, "%s/merged", c->dir) < 0)
		merged = NULL;
	if (asprintf(&upper, "%s/c/" RF_STR_FMT, c->pod->state_dir, RF_STR_ARG(c->spec->name)) < 0)
		upper = NULL;
	if (!merged || !upper)
		return rf_err_nomem(err);
	rc = trash_put(c->pod->host, upper, err); /* of the run before */
	if (rc == RF_OK)
		rc = overlay_mount(c->image, upper, merged, err);
	if (rc < 0)
		return rc;
	rc = bundle_write(c, err);
	if (rc == RF_OK)
		rc = start_conmon(c, err);
	if (rc < 0)
		overlay_release(merged);
	return rc;
}

int container_start(struct container *c, struct rf_err *err)
{
	int rc;

	c->restart_timer = NULL;
	c->stopping = false;
	c->ready = c->startup_done = false;
	c->started_ms = c->exited_ms = 0;
	if (c->starts == 0)
		unlink(c->log); /* of a pod of this name that ran before */
	rc = make_and_start(c, err);
	if (rc < 0) {
		start_failed(c, err);
		return rc;
	}
	c->starts++;
	c->exit_code = -1;
	c->oom_killed = false;
	c->state = CONTAINER_CREATING;
	return RF_OK;
}
