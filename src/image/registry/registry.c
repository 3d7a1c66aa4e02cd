/*
 * The parent of the children "image-fetch": starts them, hands them what they ask for, and checks
 * what they answer as far as that needs no parsing: that each document on the way names the next
 * one by the digest that it has.
 */
#include <errno.h>
#include <unistd.h>

#include "image/registry/registry_int.h"
#include "image/tree.h"

#define REGISTRY_ARENA ((size_t)64 << 20)
#define MAX_REQUESTS   100000 /* of one child, in one task */

/* NULL: no memory. */
static struct registry *allocate(const struct registry_opts *opts)
{
	AUTO_REGISTRY *registry = calloc(1, sizeof(*registry));

	if (!registry)
		return NULL;
	for (size_t i = 0; i < REGISTRY_MAX_PARALLEL; i++)
		registry->workers[i] = (struct worker){.child = PROC_CHILD_INIT, .fd = -1};
	registry->source_fd = -1;
	if (opts)
		registry->opts = *opts;
	registry->arena = rf_arena_new(REGISTRY_ARENA);
	return registry->arena ? TAKE_PTR(registry) : NULL;
}

int registry_new_at(const struct registry_target *target, const struct registry_opts *opts,
	enum fetch_tls tls, struct registry **ret, struct rf_err *err)
{
	AUTO_REGISTRY *registry = allocate(opts);
	int rc = RF_OK;

	if (!registry)
		return rf_err_nomem(err);
	registry->target = *target;
	registry->tls = tls;
	if (tls != FETCH_HTTP)
		rc = registry_read_roots(&registry->opts, &registry->roots, err);
	if (rc == RF_OK)
		*ret = TAKE_PTR(registry);
	return rc;
}

int registry_new(const char *reference, const struct registry_opts *opts, bool push,
	struct registry **ret, struct rf_err *err)
{
	AUTO_REGISTRY *registry = allocate(opts);

	if (!registry)
		return rf_err_nomem(err);
	int rc = registry_target_parse(reference, &registry->target, err);
	if (rc < 0)
		return rc;
	registry->push = push;
	registry->tls = registry->opts.plain_http   ? FETCH_HTTP
			: registry->target.loopback ? FETCH_EITHER
						    : FETCH_HTTPS;
	if (registry->tls != FETCH_HTTP)
		rc = registry_read_roots(&registry->opts, &registry->roots, err);
	if (rc == RF_EABSENT && registry->tls == FETCH_EITHER && !registry->opts.ca_file) {
		registry->tls = FETCH_HTTP;
		rc = RF_OK;
	}
	if (rc == RF_OK)
		rc = registry_read_credentials(
			&registry->opts, registry->target.key, &registry->credentials, err);
	if (rc == RF_OK)
		*ret = TAKE_PTR(registry);
	return rc;
}

void registry_free(struct registry *registry)
{
	if (!registry)
		return;
	for (size_t i = 0; i < REGISTRY_MAX_PARALLEL; i++) {
		proc_child_kill(&registry->workers[i].child);
		if (registry->workers[i].fd >= 0)
			close(registry->workers[i].fd);
	}
	if (registry->source_fd >= 0)
		close(registry->source_fd);
	registry_credentials_done(&registry->credentials);
	rf_buf_done(&registry->roots);
	rf_vec_done(&registry->referrers);
	rf_arena_free(registry->arena);
	free(registry);
}

void registry_freep(struct registry **registry)
{
	registry_free(*registry);
}

const struct registry_image *registry_image(const struct registry *registry)
{
	return &registry->image;
}

/* --- children --- */

int worker_start(struct registry *registry, struct worker *worker, struct rf_err *err)
{
	AUTO_BUF payload = {.max = FRAME_MAX_LEN};
	const struct registry_target *target = &registry->target;
	const struct fetch_setup setup = {
		.host = rf_str_of(target->host),
		.port = target->port,
		.repository = rf_str_of(target->repository),
		.tls = registry->tls,
		.plain_http = registry->opts.plain_http,
		.push = registry->push,
		.idle_ms = registry->opts.idle_ms ? registry->opts.idle_ms : REGISTRY_IDLE_MS,
		.user = rf_str_of(registry->credentials.user),
		.password = rf_str_of(registry->credentials.password),
		.identity_token = rf_str_of(registry->credentials.identity_token),
		.authorization = registry->authorization.ptr ? registry->authorization : RF_STR(""),
		.roots = rf_buf_str(&registry->roots),
	};
	int rc;

	if (worker->child.pid > 0)
		return RF_OK;
	rc = fetch_child_start(&worker->child, err);
	if (rc < 0)
		return rc;
	fetch_setup_put(&payload, &setup);
	if (payload.failed)
		return rf_err_nomem(err);
	rc = frame_send(worker->child.channel, FETCH_SETUP, rf_buf_str(&payload), err);
	explicit_bzero(payload.data, payload.len);
	return rc;
}

static int serve_connect(struct registry *registry, struct worker *worker,
	const struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	struct rf_str name = frame_get_str(&reader);
	uint64_t port = frame_get_u64(&reader);
	struct rf_err why = {.code = RF_OK};
	AUTO_BUF payload = {.max = 4096};
	char host[WIRE_HOST_SIZE];
	int fd, rc;

	if (!frame_reader_ok(&reader) || !rf_str_copy(name, host, sizeof(host)) || port == 0 ||
		port > UINT16_MAX)
		return rf_err_set(err, RF_EINPUT, "a malformed message");
	fd = registry_connect(registry, host, (uint16_t)port, &why);
	if (fd >= 0) {
		rc = frame_send_fds(
			worker->child.channel, FETCH_CONNECTED, RF_STR(""), &fd, 1, err);
		close(fd);
		return rc;
	}
	frame_put_err(&payload, &why);
	return frame_send(worker->child.channel, FETCH_REFUSED, rf_buf_str(&payload), err);
}

static int serve_member(struct registry *registry, struct worker *worker, const struct frame *frame,
	struct rf_err *err)
{
	int fd, rc;

	if (registry->source_fd < 0)
		return rf_err_set(err, RF_EINPUT, "an unexpected message");
	fd = image_open_regular(registry->source_fd, rf_buf_cstr(&frame->payload), err);
	if (fd < 0 && fd != RF_EABSENT)
		return fd;
	rc = frame_send_fds(
		worker->child.channel, FETCH_MEMBER, RF_STR(""), &fd, fd < 0 ? 0 : 1, err);
	if (fd >= 0)
		close(fd);
	return rc;
}

int worker_step(
	struct registry *registry, struct worker *worker, struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader;
	int rc = frame_recv(worker->child.channel, frame, err);

	/* It died: how tells more than that the channel is closed. */
	if (rc == RF_EABSENT) {
		rc = proc_child_wait(&worker->child, err);
		if (rc == RF_OK)
			rc = rf_err_set(err, RF_EINTERNAL, "ended early");
		return rf_err_wrap(err, rc, "the process that talks to the registry");
	}
	if (rc < 0)
		return rc;
	reader = (struct frame_reader){.rest = rf_buf_str(&frame->payload)};
	switch (frame->type) {
	case FETCH_WANT_CONNECT: return serve_connect(registry, worker, frame, err);
	case FETCH_WANT_MEMBER: return serve_member(registry, worker, frame, err);
	case FETCH_FAILED: return frame_get_err(&reader, err);
	default: return 1;
	}
}

int worker_finish(struct registry *registry, struct worker *worker,
	int (*take)(void *ctx, const struct frame *frame, struct rf_err *err), void *ctx,
	struct rf_err *err)
{
	AUTO_FRAME frame = FRAME_INIT;

	for (unsigned i = 0; i < MAX_REQUESTS; i++) {
		int rc = worker_step(registry, worker, &frame, err);

		if (rc == 1)
			rc = take(ctx, &frame, err);
		if (rc < 0)
			return rc;
		if (frame.type == FETCH_DONE)
			return RF_OK;
	}
	return rf_err_set(err, RF_ELIMIT, "more than %d requests", MAX_REQUESTS);
}

/* --- opening --- */

/* text is what parent, when there is one, names by its digest. */
static int check_link(struct rf_str parent, struct rf_str text, struct rf_err *err)
{
	char digest[IMAGE_DIGEST_TEXT_SIZE];
	struct image_digest got;

	if (image_digest_of(text, &got) < 0)
		return rf_err_nomem(err);
	image_digest_text(&got, digest);
	if (!parent.ptr || memmem(parent.ptr, parent.len, digest, strlen(digest)))
		return RF_OK;
	return rf_err_set(err, RF_EINPUT, "a document with another digest than the one named");
}

struct opening {
	struct registry *registry;
	struct rf_str parent; /* the last index, or what the reference names by a digest */
};

/* What nobody has parsed yet becomes the parent of what comes next. */
static int keep_text(
	struct opening *opening, const struct frame *frame, struct rf_str *ret, struct rf_err *err)
{
	struct rf_str text = rf_buf_str(&frame->payload);
	int rc = check_link(opening->parent, text, err);

	if (rc < 0)
		return rc;
	*ret = rf_arena_str(opening->registry->arena, text);
	return ret->ptr ? RF_OK : rf_err_nomem(err);
}

/* Every blob must be one that the manifest names. */
static int check_image(const struct registry_image *image, struct rf_err *err)
{
	char digest[IMAGE_DIGEST_TEXT_SIZE];
	struct image_digest got;

	if (!image->manifest.ptr || !image->config.ptr)
		return rf_err_set(err, RF_EINPUT, "an unexpected message");
	if (image_digest_of(image->manifest, &got) < 0)
		return rf_err_nomem(err);
	if (!image_digest_eq(&got, &image->digest))
		return rf_err_set(err, RF_EINPUT, "a manifest with another digest");
	for (size_t i = 0; i < image->layer_count; i++) {
		image_digest_text(&image->layers[i].digest, digest);
		if (!memmem(image->manifest.ptr, image->manifest.len, digest, strlen(digest)))
			return rf_err_set(err, RF_EINPUT, "a layer that the manifest lacks");
	}
	return check_link(image->manifest, image->config, err);
}

static int take_opening(void *ctx, const struct frame *frame, struct rf_err *err)
{
	struct opening *opening = ctx;
	struct registry *registry = opening->registry;
	struct registry_image *image = &registry->image;
	int rc;

	switch (frame->type) {
	case FETCH_ROOT:
	case FETCH_INDEX: return keep_text(opening, frame, &opening->parent, err);
	case FETCH_MANIFEST:
		/* Without an index the root is the manifest. */
		if (rf_str_eq(opening->parent, rf_buf_str(&frame->payload)))
			opening->parent = RF_STR_NONE;
		rc = keep_text(opening, frame, &image->manifest, err);
		opening->parent = image->manifest;
		return rc;
	case FETCH_CONFIG: return keep_text(opening, frame, &image->config, err);
	case FETCH_IMAGE:
		return fetch_image_get(rf_buf_str(&frame->payload), registry->arena, image,
			&registry->authorization, err);
	case FETCH_DONE: return check_image(image, err);
	default: return rf_err_set(err, RF_EINPUT, "an unexpected message");
	}
}

static int resolve(struct registry *registry, struct rf_err *err)
{
	struct opening opening = {.registry = registry, .parent = RF_STR_NONE};
	struct worker *worker = &registry->workers[0];
	const char *platform = registry->opts.platform;
	AUTO_BUF payload = {.max = 4096};
	struct image_digest digest;
	int rc = worker_start(registry, worker, err);

	/* A digest is named by the reference itself. */
	if (image_digest_parse(rf_str_of(registry->target.reference), &digest))
		opening.parent = rf_str_of(registry->target.reference);
	frame_put_str(&payload, rf_str_of(registry->target.reference));
	frame_put_str(&payload, rf_str_of(platform ? platform : ""));
	if (rc == RF_OK)
		rc = frame_send(worker->child.channel, FETCH_RESOLVE, rf_buf_str(&payload), err);
	if (rc == RF_OK)
		rc = worker_finish(registry, worker, take_opening, &opening, err);
	registry->image.name = rf_str_of(registry->target.name);
	return rc;
}

int registry_open(const char *reference, const struct registry_opts *opts, struct registry **ret,
	struct rf_err *err)
{
	AUTO_REGISTRY *registry = NULL;
	int rc = registry_new(reference, opts, false, &registry, err);

	/* The second test is for the analyser, which does not know that failures are negative. */
	if (rc == RF_OK && registry)
		rc = resolve(registry, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "%.200s", reference);
	*ret = TAKE_PTR(registry);
	return RF_OK;
}

/* --- referrers --- */

static int take_referrer(void *ctx, const struct frame *frame, struct rf_err *err)
{
	struct registry *registry = ctx;
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	struct registry_referrer *referrer;

	if (frame->type == FETCH_DONE)
		return RF_OK;
	if (frame->type != FETCH_REFERRER || registry->referrers.count == FETCH_MAX_REFERRERS)
		return rf_err_set(err, RF_EINPUT, "an unexpected message");
	referrer = rf_vec_add(&registry->referrers);
	if (!referrer)
		return rf_err_nomem(err);
	fetch_digest_get(&reader, &referrer->manifest.digest);
	referrer->manifest.size = frame_get_u64(&reader);
	referrer->manifest.media_type = fetch_printable_get(&reader, registry->arena);
	referrer->artifact_type = fetch_printable_get(&reader, registry->arena);
	return frame_reader_ok(&reader) ? RF_OK : rf_err_set(err, RF_EINPUT, "a malformed message");
}

int registry_referrers(struct registry *registry, const struct registry_referrer **ret,
	size_t *ret_count, struct rf_err *err)
{
	struct worker *worker = &registry->workers[0];
	AUTO_BUF payload = {.max = 4096};
	int rc = worker_start(registry, worker, err);

	registry->referrers.count = 0;
	fetch_digest_put(&payload, &registry->image.digest);
	if (rc == RF_OK)
		rc = frame_send(worker->child.channel, FETCH_REFERRERS, rf_buf_str(&payload), err);
	if (rc == RF_OK)
		rc = worker_finish(registry, worker, take_referrer, registry, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "referrers of %s", registry->target.name);
	*ret = registry->referrers.items;
	*ret_count = registry->referrers.count;
	return RF_OK;
}
