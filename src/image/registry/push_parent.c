/* The parent of a push: one child reads the layout and talks to the registry. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/registry/registry_int.h"

struct source {
	int fd, spool_fd;
	bool is_dir;
};

static void source_done(struct source *source)
{
	rf_fd_closep(&source->fd);
	rf_fd_closep(&source->spool_fd);
}

static int open_source(
	const char *path, const struct registry_opts *opts, struct source *ret, struct rf_err *err)
{
	const char *temp = opts && opts->temp_dir ? opts->temp_dir : getenv("TMPDIR");
	struct stat st;

	ret->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (ret->fd < 0 && errno == ENOENT)
		return rf_err_set(err, RF_EABSENT, "%.300s: no such file or directory", path);
	if (ret->fd < 0 || fstat(ret->fd, &st) < 0)
		return rf_err_sys(err, errno, "%.300s", path);
	ret->is_dir = S_ISDIR(st.st_mode);
	if (ret->is_dir)
		return RF_OK;
	if (!S_ISREG(st.st_mode))
		return rf_err_set(err, RF_EINPUT, "%.300s: neither a file nor a directory", path);
	ret->spool_fd =
		open(temp && temp[0] ? temp : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return ret->spool_fd < 0 ? rf_err_sys(err, errno, "make a temporary file") : RF_OK;
}

struct push_state {
	struct registry *registry;
	struct registry_progress progress;
	struct image_digest digest;
	uint64_t finished_bytes;
};

/* done of total bytes of one blob; at its end once more with done equal to total. */
static int take_progress(struct push_state *state, struct rf_str payload, struct rf_err *err)
{
	struct registry *registry = state->registry;
	struct frame_reader reader = {.rest = payload};
	uint64_t done = frame_get_u64(&reader), total = frame_get_u64(&reader);

	if (!frame_reader_ok(&reader) || total > REGISTRY_MAX_BLOB || done > total)
		return rf_err_set(err, RF_EINPUT, "a malformed message");
	state->progress.done_bytes = state->finished_bytes + done;
	if (done == total) {
		state->finished_bytes += total;
		state->progress.done_count++;
	}
	if (registry->opts.progress)
		registry->opts.progress(registry->opts.ctx, &state->progress);
	return RF_OK;
}

static int take(void *ctx, const struct frame *frame, struct rf_err *err)
{
	struct push_state *state = ctx;
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};

	if (frame->type == FETCH_PROGRESS)
		return take_progress(state, reader.rest, err);
	if (frame->type != FETCH_DONE ||
		!image_digest_parse(frame_get_str(&reader), &state->digest))
		return rf_err_set(err, RF_EINPUT, "an unexpected message");
	return RF_OK;
}

static int run(struct registry *registry, struct source *source, const struct registry_push *push,
	struct push_state *state, struct rf_err *err)
{
	struct worker *worker = &registry->workers[0];
	const int fds[] = {source->fd, source->spool_fd};
	const struct fetch_push task = {
		.is_dir = source->is_dir,
		.reference = rf_str_of(registry->target.reference),
		.name = rf_str_of(registry->target.name),
		.select = rf_str_of(push->select ? push->select : ""),
		.mount_from = rf_str_of(push->mount_from ? push->mount_from : ""),
		.no_referrers = push->no_referrers,
	};
	AUTO_BUF payload = {.max = (size_t)64 << 10};
	int rc = worker_start(registry, worker, err);

	fetch_push_put(&payload, &task);
	if (rc == RF_OK && payload.failed)
		rc = rf_err_set(err, RF_ELIMIT, "a name that is too long");
	if (rc == RF_OK)
		rc = frame_send_fds(worker->child.channel, FETCH_PUSH, rf_buf_str(&payload), fds,
			source->is_dir ? 0 : 2, err);
	if (source->is_dir)
		registry->source_fd = TAKE_FD(source->fd);
	return rc < 0 ? rc : worker_finish(registry, worker, take, state, err);
}

int registry_push(const char *reference, const char *path, const struct registry_push *push,
	const struct registry_opts *opts, struct image_digest *ret_digest, struct rf_err *err)
{
	static const struct registry_push plain = {.select = NULL};
	CLEANUP(source_done) struct source source = {.fd = -1, .spool_fd = -1};
	AUTO_REGISTRY *registry = NULL;
	struct push_state state = {.finished_bytes = 0};
	int rc = registry_new(reference, opts, true, &registry, err);

	state.registry = registry;
	if (rc == RF_OK)
		rc = open_source(path, opts, &source, err);
	if (rc == RF_OK)
		rc = run(registry, &source, push ? push : &plain, &state, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "push to %.200s", reference);
	*ret_digest = state.digest;
	return RF_OK;
}
