/* Progress is a line that is written over; what stays is a note or an error. */
#include "cmd/images.h"

#include <time.h>
#include <unistd.h>

#include "host/image_paths.h"

struct progress {
	const char *name; /* of the archive, without its directory */
	bool shown;	  /* on a terminal: a line is there to be wiped */
	bool terminal;
	struct timespec last;
};

#define PROGRESS_INTERVAL_MS 100

static void wipe(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}

static bool too_soon(struct progress *p)
{
	struct timespec now;
	long long ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (now.tv_sec - p->last.tv_sec) * 1000LL + (now.tv_nsec - p->last.tv_nsec) / 1000000;
	if (p->shown && ms < PROGRESS_INTERVAL_MS)
		return true;
	p->last = now;
	return false;
}

/* The last layer's end is always shown: the next thing to be told may take a while. */
static bool skips(struct progress *p, const struct image_progress *now)
{
	return now->layer_count == 0 || (now->layer < now->layer_count && too_soon(p));
}

static void show_progress(void *ctx, const struct image_progress *now)
{
	struct progress *p = ctx;
	double percent = now->total_bytes
				 ? 100.0 * (double)now->done_bytes / (double)now->total_bytes
				 : 100.0;

	if (now->stage == IMAGE_STAGE_NOTE) {
		wipe(p);
		fprintf(stderr, "ringfence: note: %s\n", now->text);
		return;
	}
	if (!p->terminal)
		return;
	if (now->stage == IMAGE_STAGE_UNPACK && skips(p, now))
		return;
	wipe(p);
	if (now->stage == IMAGE_STAGE_READ)
		fprintf(stderr, "%s: reading the archive ...", p->name);
	else if (now->stage == IMAGE_STAGE_UNPACK)
		fprintf(stderr, "%s: unpacking, %zu of %zu layers done: %3.0f%%", p->name,
			now->layer, now->layer_count, percent);
	else
		fprintf(stderr, "%s: waiting for the disk ...", p->name);
	p->shown = true;
}

int images_import(struct image_store *store, const char *path, const struct image_import_opts *opts,
	struct image **ret, struct rf_err *err)
{
	const char *slash = strrchr(path, '/');
	struct progress progress = {
		.name = slash && slash[1] ? slash + 1 : path, .terminal = isatty(STDERR_FILENO)};
	struct image_import_opts how = *opts;
	int rc;

	how.progress = show_progress;
	how.ctx = &progress;
	rc = image_import(store, path, &how, ret, err);
	wipe(&progress);
	return rc;
}

static int bring(struct image_store *store, const struct image_path *path, struct rf_diags *diags,
	struct rf_err *err)
{
	static const struct image_import_opts any = {.name = NULL};
	AUTO_IMAGE *image = NULL;
	int rc = image_find(store, path->path.ptr, &image, err);

	if (rc != RF_EABSENT)
		return rc;
	rc = images_import(store, path->path.ptr, &any, &image, err);
	if (rc < 0 && rc != RF_EINTERNAL) {
		rf_diag_add(diags, RF_ERROR, path->pos, "%s", err->msg);
		return RF_OK;
	}
	return rc;
}

int images_bring(struct kube_set *set, const struct instance *inst, struct rf_diags *diags,
	struct rf_err *err)
{
	AUTO_IMAGE_STORE *store = NULL;
	struct image_paths paths = {.count = 0};
	int rc = image_paths_find(set, &paths, diags) < 0 ? rf_err_nomem(err) : RF_OK;

	if (rc == RF_OK && paths.count)
		rc = image_store_open(inst->images, &store, err);
	for (size_t i = 0; i < paths.count && rc == RF_OK; i++)
		rc = bring(store, &paths.items[i], diags, err);
	rf_vec_done(&paths);
	return rc;
}
