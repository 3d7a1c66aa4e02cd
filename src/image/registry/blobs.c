/*
 * Several blobs at once: a child each, served in one poll loop. A child that is done with one blob
 * takes the next; equal blobs are fetched once.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/registry/registry_int.h"

struct fetching {
	struct registry *registry;
	const struct registry_sink *sink;
	const size_t *which;
	size_t count, next, done;
	uint64_t done_bytes, total_bytes; /* of finished blobs; of all */
};

static const struct registry_blob *blob_of(const struct fetching *fetching, size_t item)
{
	return &fetching->registry->image.layers[fetching->which[item]];
}

/* An earlier item is the same blob. */
static bool is_repeated(const struct fetching *fetching, size_t item)
{
	for (size_t i = 0; i < item; i++) {
		if (image_digest_eq(
			    &blob_of(fetching, i)->digest, &blob_of(fetching, item)->digest))
			return true;
	}
	return false;
}

static void tell(struct fetching *fetching)
{
	struct registry *registry = fetching->registry;
	struct registry_progress progress = {
		.done_count = fetching->done,
		.count = fetching->count,
		.done_bytes = fetching->done_bytes,
		.total_bytes = fetching->total_bytes,
	};

	if (!registry->opts.progress)
		return;
	for (size_t i = 0; i < REGISTRY_MAX_PARALLEL; i++)
		progress.done_bytes +=
			registry->workers[i].busy ? registry->workers[i].done_bytes : 0;
	registry->opts.progress(registry->opts.ctx, &progress);
}

/* A file that is longer than the blob is none of its beginnings. */
static int trim(int fd, uint64_t size, struct rf_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return rf_err_sys(err, errno, "look at a file");
	if ((uint64_t)st.st_size > size && ftruncate(fd, 0) < 0)
		return rf_err_sys(err, errno, "empty a file");
	return RF_OK;
}

static int begin(struct fetching *fetching, struct worker *worker, size_t item, struct rf_err *err)
{
	const struct registry_blob *blob = blob_of(fetching, item);
	AUTO_BUF payload = {.max = 4096};
	int rc;

	worker->fd = fetching->sink->open(fetching->sink->ctx, fetching->which[item], err);
	if (worker->fd < 0)
		return worker->fd;
	rc = trim(worker->fd, blob->size, err);
	if (rc == RF_OK)
		rc = worker_start(fetching->registry, worker, err);
	fetch_digest_put(&payload, &blob->digest);
	frame_put_u64(&payload, blob->size);
	if (rc == RF_OK)
		rc = frame_send_fds(worker->child.channel, FETCH_BLOB, rf_buf_str(&payload),
			&worker->fd, 1, err);
	worker->item = item;
	worker->done_bytes = 0;
	worker->busy = rc == RF_OK;
	return rc;
}

static size_t most_at_once(const struct fetching *fetching)
{
	const struct registry_follower *follower = fetching->sink->follower;

	return follower && follower->parallel && follower->parallel < REGISTRY_MAX_PARALLEL
		       ? follower->parallel
		       : REGISTRY_MAX_PARALLEL;
}

static int begin_more(struct fetching *fetching, struct rf_err *err)
{
	struct worker *workers = fetching->registry->workers;
	int rc = RF_OK;

	for (size_t i = 0; i < most_at_once(fetching) && rc == RF_OK; i++) {
		if (workers[i].busy)
			continue;
		while (fetching->next < fetching->count && is_repeated(fetching, fetching->next))
			fetching->next++;
		if (fetching->next < fetching->count)
			rc = begin(fetching, &workers[i], fetching->next++, err);
	}
	return rc;
}

/* Hands the file over, to equal items as well. */
static int end(struct fetching *fetching, struct worker *worker, struct rf_err *err)
{
	const struct registry_sink *sink = fetching->sink;
	const struct registry_blob *blob = blob_of(fetching, worker->item);
	struct stat st;
	AUTO_FD fd = TAKE_FD(worker->fd);
	int rc = RF_OK;

	worker->busy = false;
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size != blob->size)
		return rf_err_set(err, RF_EINPUT, "a blob of another size than said");
	for (size_t i = worker->item + 1; i < fetching->count && rc == RF_OK; i++) {
		int copy;

		if (!image_digest_eq(&blob_of(fetching, i)->digest, &blob->digest))
			continue;
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (copy < 0)
			return rf_err_sys(err, errno, "copy a descriptor");
		fetching->done++;
		fetching->done_bytes += blob->size;
		rc = sink->ready(sink->ctx, fetching->which[i], copy, err);
	}
	fetching->done++;
	fetching->done_bytes += blob->size;
	return rc < 0 ? rc
		      : sink->ready(sink->ctx, fetching->which[worker->item], TAKE_FD(fd), err);
}

static int take_progress(
	struct fetching *fetching, struct worker *worker, uint64_t bytes, struct rf_err *err)
{
	const struct registry_follower *follower = fetching->sink->follower;

	worker->done_bytes = bytes <= blob_of(fetching, worker->item)->size ? bytes : 0;
	return follower ? follower->grown(follower->ctx, fetching->which[worker->item], worker->fd,
				  worker->done_bytes, err)
			: RF_OK;
}

static int step(struct fetching *fetching, struct worker *worker, struct rf_err *err)
{
	AUTO_FRAME frame = FRAME_INIT;
	struct frame_reader reader;
	int rc = worker_step(fetching->registry, worker, &frame, err);

	if (rc != 1)
		return rc;
	reader = (struct frame_reader){.rest = rf_buf_str(&frame.payload)};
	if (frame.type == FETCH_DONE)
		rc = end(fetching, worker, err);
	else if (frame.type != FETCH_PROGRESS)
		return rf_err_set(err, RF_EINPUT, "an unexpected message");
	else
		rc = take_progress(fetching, worker, frame_get_u64(&reader), err);
	if (rc == RF_OK)
		tell(fetching);
	return rc;
}

static int wait_and_serve(struct fetching *fetching, struct rf_err *err)
{
	struct worker *workers = fetching->registry->workers;
	const struct registry_follower *follower = fetching->sink->follower;
	struct pollfd fds[REGISTRY_MAX_PARALLEL + 1];
	int rc = RF_OK;

	for (size_t i = 0; i < REGISTRY_MAX_PARALLEL; i++)
		fds[i] = (struct pollfd){
			.fd = workers[i].busy ? workers[i].child.channel : -1, .events = POLLIN};
	fds[REGISTRY_MAX_PARALLEL] = (struct pollfd){
		.fd = follower ? follower->watched(follower->ctx) : -1, .events = POLLIN};
	if (poll(fds, RF_ARRAY_LEN(fds), -1) < 0)
		return errno == EINTR ? RF_OK : rf_err_sys(err, errno, "wait for downloads");
	for (size_t i = 0; i < REGISTRY_MAX_PARALLEL && rc == RF_OK; i++) {
		if (fds[i].revents)
			rc = step(fetching, &workers[i], err);
	}
	if (rc == RF_OK && follower && fds[REGISTRY_MAX_PARALLEL].revents)
		rc = follower->readable(follower->ctx, err);
	return rc;
}

/* What is under way is of no use any more. */
static void give_up(struct registry *registry)
{
	for (size_t i = 0; i < REGISTRY_MAX_PARALLEL; i++) {
		struct worker *worker = &registry->workers[i];

		if (worker->busy)
			proc_child_kill(&worker->child);
		worker->busy = false;
		rf_fd_closep(&worker->fd);
		worker->fd = -1;
	}
}

int registry_fetch(struct registry *registry, const size_t *which, size_t count,
	const struct registry_sink *sink, struct rf_err *err)
{
	struct fetching fetching = {
		.registry = registry, .sink = sink, .which = which, .count = count};
	int rc = RF_OK;

	for (size_t i = 0; i < count; i++) {
		if (which[i] >= registry->image.layer_count)
			return rf_err_set(err, RF_EINTERNAL, "no layer %zu", which[i]);
		fetching.total_bytes += registry->image.layers[which[i]].size;
	}
	while (rc == RF_OK && fetching.done < count) {
		rc = begin_more(&fetching, err);
		if (rc == RF_OK)
			rc = wait_and_serve(&fetching, err);
	}
	give_up(registry);
	return rc < 0 ? rf_err_wrap(err, rc, "%s", registry->target.name) : RF_OK;
}

/* --- into unlinked files --- */

struct loose {
	struct registry *registry;
	registry_ready_fn ready;
	void *ctx;
};

static int open_loose(void *ctx, size_t layer, struct rf_err *err)
{
	struct loose *loose = ctx;
	const char *dir = loose->registry->opts.temp_dir;
	AUTO_BUF path = {.max = 4096};
	int fd;

	(void)layer;
	if (!dir)
		dir = getenv("TMPDIR");
	if (!dir || !dir[0])
		dir = "/var/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	/* Some file systems lack it. */
	rf_buf_addf(&path, "%s/ringfence-XXXXXX", dir);
	if (path.failed)
		return rf_err_nomem(err);
	fd = mkostemp(path.data, O_CLOEXEC);
	if (fd < 0)
		return rf_err_sys(err, errno, "make a file in %s", dir);
	(void)unlink(path.data);
	return fd;
}

static int ready_loose(void *ctx, size_t layer, int fd, struct rf_err *err)
{
	struct loose *loose = ctx;

	return loose->ready(loose->ctx, layer, fd, err);
}

int registry_fetch_blobs(struct registry *registry, const size_t *which, size_t count,
	registry_ready_fn ready, void *ctx, struct rf_err *err)
{
	struct loose loose = {.registry = registry, .ready = ready, .ctx = ctx};
	const struct registry_sink sink = {.open = open_loose, .ready = ready_loose, .ctx = &loose};

	return registry_fetch(registry, which, count, &sink, err);
}

int registry_follow_blobs(struct registry *registry, const size_t *which, size_t count,
	const struct registry_follower *follower, struct rf_err *err)
{
	struct loose loose = {.registry = registry, .ready = follower->ready, .ctx = follower->ctx};
	const struct registry_sink sink = {
		.open = open_loose, .ready = ready_loose, .ctx = &loose, .follower = follower};

	return registry_fetch(registry, which, count, &sink, err);
}
