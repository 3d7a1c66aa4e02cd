/*
 * Layers are scanned from the bottom up, the lowest one while its bytes arrive: what is left when
 * the last byte has come is little. Few downloads at once, as those of higher layers are of use
 * later only; one that is complete early waits.
 *
 * The scanner reads bytes that nobody has verified yet. It trusts none in any case, and compares
 * the digest of what it has read before it says that a layer is done.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/registry/registry.h"
#include "image/scan/scan_int.h"

#define PARALLEL    2
#define FIRST_BYTES 4096 /* what a layer is told by must be there when it begins */

struct remote {
	struct scan *scan;
	const struct registry_image *image;
	int fds[IMAGE_MAX_LAYERS];	  /* of layers that came early, or are scanned; or -1 */
	uint64_t there[IMAGE_MAX_LAYERS]; /* bytes */
	size_t next;			  /* the lowest one that is not scanned */
	bool busy;			  /* which is begun */
	uint64_t told;			  /* bytes of it */
};

static void remote_done(struct remote *remote)
{
	for (size_t i = 0; i < IMAGE_MAX_LAYERS; i++)
		rf_fd_closep(&remote->fds[i]);
}

static struct image_choice_layer layer_of(const struct remote *remote, size_t index)
{
	const struct registry_blob *blob = &remote->image->layers[index];

	return (struct image_choice_layer){
		.has_digest = true,
		.digest = blob->digest,
		.range = {.fd = remote->fds[index], .len = blob->size},
	};
}

/* Begins with the next layer, or tells more of it, when there is more. */
static int advance(struct remote *remote, struct rf_err *err)
{
	size_t next = remote->next;
	struct image_choice_layer layer;
	uint64_t there;

	if (next == remote->image->layer_count || remote->fds[next] < 0)
		return RF_OK;
	layer = layer_of(remote, next);
	there = remote->there[next];
	if (!remote->busy) {
		remote->busy = true;
		remote->told = there;
		return scan_begin_layer(remote->scan, next, &layer, true, there, err);
	}
	/* Once it is all there, this is said as often as it is asked. */
	if (!remote->scan->starved || (there <= remote->told && there < layer.range.len))
		return RF_OK;
	remote->told = there;
	return scan_tell_more(remote->scan, there, err);
}

static int take_growth(void *ctx, size_t index, int fd, uint64_t bytes, struct rf_err *err)
{
	struct remote *remote = ctx;

	if (index != remote->next || bytes < FIRST_BYTES)
		return RF_OK;
	if (remote->fds[index] < 0)
		remote->fds[index] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (remote->fds[index] < 0)
		return rf_err_sys(err, errno, "copy a descriptor");
	if (bytes > remote->there[index])
		remote->there[index] = bytes;
	return advance(remote, err);
}

static int take_blob(void *ctx, size_t index, int fd, struct rf_err *err)
{
	struct remote *remote = ctx;
	AUTO_FD owned = fd;

	if (index < remote->next || index >= remote->image->layer_count)
		return rf_err_set(err, RF_EINTERNAL, "a layer that nobody asked for");
	if (remote->fds[index] < 0)
		remote->fds[index] = TAKE_FD(owned);
	remote->there[index] = remote->image->layers[index].size;
	return advance(remote, err);
}

static int scanner_channel(void *ctx)
{
	const struct remote *remote = ctx;

	return remote->busy ? remote->scan->child.channel : -1;
}

static int hear_scanner(void *ctx, struct rf_err *err)
{
	struct remote *remote = ctx;
	const struct image_choice_layer layer = layer_of(remote, remote->next);
	int rc = scan_hear(remote->scan, remote->next, &layer, err);

	if (rc < 0)
		return rc;
	if (rc > 0) {
		rf_fd_closep(&remote->fds[remote->next]);
		remote->fds[remote->next++] = -1;
		remote->busy = false;
	}
	return advance(remote, err);
}

static int take_layers(struct scan *scan, const struct registry_image *image, struct rf_err *err)
{
	struct image_choice_layer layers[IMAGE_MAX_LAYERS] = {{.has_digest = true}};

	for (size_t i = 0; i < image->layer_count; i++) {
		layers[i].has_digest = true;
		layers[i].digest = image->layers[i].digest;
		layers[i].range.len = image->layers[i].size;
	}
	if (scan_take_layers(scan, layers, image->layer_count, err) < 0)
		return RF_EINTERNAL;
	/* The config will tell them. */
	for (size_t i = 0; i < image->layer_count; i++)
		scan->report->layers[i].diff_id = RF_STR("");
	return RF_OK;
}

static int follow(struct remote *remote, struct registry *registry, struct rf_err *err)
{
	const struct registry_follower follower = {
		.ready = take_blob,
		.grown = take_growth,
		.watched = scanner_channel,
		.readable = hear_scanner,
		.ctx = remote,
		.parallel = PARALLEL,
	};
	size_t which[IMAGE_MAX_LAYERS], count = remote->image->layer_count;
	int rc;

	for (size_t i = 0; i < count; i++)
		which[i] = i;
	rc = registry_follow_blobs(registry, which, count, &follower, err);
	while (rc == RF_OK && remote->busy)
		rc = hear_scanner(remote, err);
	return rc;
}

static int fetch_and_scan(
	struct scan *scan, struct registry *registry, struct scan_report **ret, struct rf_err *err)
{
	CLEANUP(remote_done) struct remote remote = {.scan = scan};
	const struct registry_image *image = registry_image(registry);
	int rc;

	for (size_t i = 0; i < IMAGE_MAX_LAYERS; i++)
		remote.fds[i] = -1;
	remote.image = image;
	if (image->layer_count > IMAGE_MAX_LAYERS)
		return rf_err_set(err, RF_ELIMIT, "more than %d layers", IMAGE_MAX_LAYERS);
	rc = take_layers(scan, image, err);
	if (rc == RF_OK)
		rc = scan_tell(scan, SCAN_MSG_CONFIG, image->config, -1, err);
	if (rc == RF_OK)
		rc = follow(&remote, registry, err);
	return rc < 0 ? rc : scan_end(scan, ret, err);
}

int scan_remote(
	struct scan *scan, const char *reference, struct scan_report **ret, struct rf_err *err)
{
	AUTO_REGISTRY *registry = NULL;
	AUTO_FD spool_fd = scan_open_spool(err);
	int rc = spool_fd < 0 ? spool_fd
			      : registry_open(reference, scan->opts->registry, &registry, err);

	if (rc < 0)
		return rf_err_wrap(
			err, rc, "%.200s is no file and no image of this machine", reference);
	scan->report->digest = scan_digest_str(scan, &registry_image(registry)->digest);
	rc = scan_start(scan, SCAN_MODE_LAYERS, &spool_fd, 1, err);
	return rc < 0 ? rc : fetch_and_scan(scan, registry, ret, err);
}
