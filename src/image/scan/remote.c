/*
 * Layers come in the order in which their downloads end, and are scanned from the bottom up: one
 * that comes early waits for those below it.
 */
#include <unistd.h>

#include "base/fd.h"
#include "image/registry/registry.h"
#include "image/scan/scan_int.h"

struct remote {
	struct scan *scan;
	const struct registry_image *image;
	int waiting[IMAGE_MAX_LAYERS]; /* descriptors of layers that came early, or -1 */
	size_t next;		       /* the lowest one that is not scanned */
};

static void remote_done(struct remote *remote)
{
	for (size_t i = 0; i < IMAGE_MAX_LAYERS; i++)
		rf_fd_closep(&remote->waiting[i]);
}

static int scan_waiting(struct remote *remote, struct rf_err *err)
{
	AUTO_FD fd = TAKE_FD(remote->waiting[remote->next]);
	const struct registry_blob *blob = &remote->image->layers[remote->next];
	const struct image_choice_layer layer = {
		.has_digest = true,
		.digest = blob->digest,
		.range = {.fd = fd, .len = blob->size},
	};

	return scan_tell_layer(remote->scan, remote->next++, &layer, true, fd, err);
}

static int take_blob(void *ctx, size_t index, int fd, struct rf_err *err)
{
	struct remote *remote = ctx;
	int rc = RF_OK;

	if (index >= remote->image->layer_count || remote->waiting[index] >= 0) {
		close(fd);
		return rf_err_set(err, RF_EINTERNAL, "a layer that nobody asked for");
	}
	remote->waiting[index] = fd;
	while (rc == RF_OK && remote->next < remote->image->layer_count &&
		remote->waiting[remote->next] >= 0)
		rc = scan_waiting(remote, err);
	return rc;
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

static int fetch_and_scan(
	struct scan *scan, struct registry *registry, struct scan_report **ret, struct rf_err *err)
{
	CLEANUP(remote_done) struct remote remote = {.scan = scan};
	const struct registry_image *image = registry_image(registry);
	size_t which[IMAGE_MAX_LAYERS];
	int rc;

	for (size_t i = 0; i < IMAGE_MAX_LAYERS; i++) {
		which[i] = i;
		remote.waiting[i] = -1;
	}
	remote.image = image;
	if (image->layer_count > IMAGE_MAX_LAYERS)
		return rf_err_set(err, RF_ELIMIT, "more than %d layers", IMAGE_MAX_LAYERS);
	rc = take_layers(scan, image, err);
	if (rc == RF_OK)
		rc = scan_tell(scan, SCAN_MSG_CONFIG, image->config, -1, err);
	if (rc == RF_OK)
		rc = registry_fetch_blobs(
			registry, which, image->layer_count, take_blob, &remote, err);
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
