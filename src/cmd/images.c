/* Progress is a line that is written over; what stays is a note or an error. */
#include "cmd/images.h"

#include <time.h>
#include <unistd.h>

#include "host/image_paths.h"
#include "image/registry/pull.h"
#include "loop/loop.h"

struct progress {
	const char *name; /* of the archive, without its directory */
	bool shown;	  /* on a terminal: a line is there to be wiped */
	bool terminal;
	struct timespec last;
};

#define PROGRESS_INTERVAL_MS 100
#define MAX_TIMEOUT_S	     3600

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

void images_wipe_transfer(struct images_transfer *transfer)
{
	if (transfer->shown)
		fputs("\r\033[K", stderr);
	transfer->shown = false;
}

void images_show_transfer(void *ctx, const struct registry_progress *now)
{
	struct images_transfer *transfer = ctx;
	const double mib = 1024 * 1024;
	uint64_t now_ms = loop_now_ms();

	if (!isatty(STDERR_FILENO) ||
		(transfer->shown && now_ms - transfer->last_ms < PROGRESS_INTERVAL_MS))
		return;
	transfer->last_ms = now_ms;
	images_wipe_transfer(transfer);
	fprintf(stderr, "%s: %s: ", transfer->name, transfer->what);
	if (now->total_bytes)
		fprintf(stderr, "blob %zu of %zu, %.1f of %.1f MiB", now->done_count, now->count,
			(double)now->done_bytes / mib, (double)now->total_bytes / mib);
	else
		fprintf(stderr, "%zu blobs, %.1f MiB", now->done_count,
			(double)now->done_bytes / mib);
	transfer->shown = true;
}

unsigned images_idle_ms(uint64_t seconds)
{
	return (unsigned)(seconds < MAX_TIMEOUT_S ? seconds : MAX_TIMEOUT_S) * 1000;
}

bool images_is_reference(const char *text)
{
	static const char *const archives[] = {".tar", ".tgz", ".gz", ".zst", ".oci"};
	struct rf_str name = rf_str_of(text);
	char normal[IMAGE_REF_SIZE];

	if (image_ref_is_path(name) || access(text, F_OK) == 0)
		return false;
	for (size_t i = 0; i < RF_ARRAY_LEN(archives); i++) {
		if (rf_str_ends(name, rf_str_of(archives[i])))
			return false;
	}
	return image_ref_normalise(name, normal, NULL) == RF_OK;
}

int images_pull(struct image_store *store, const char *reference,
	const struct registry_opts *registry, const struct image_import_opts *opts,
	struct image **ret, struct rf_err *err)
{
	struct progress progress = {.name = reference, .terminal = isatty(STDERR_FILENO)};
	struct images_transfer transfer = {.what = "downloading", .name = reference};
	struct image_import_opts how = *opts;
	struct registry_opts from = *registry;
	int rc;

	how.progress = show_progress;
	how.ctx = &progress;
	from.progress = images_show_transfer;
	from.ctx = &transfer;
	rc = image_pull(store, reference, &from, &how, ret, err);
	wipe(&progress);
	images_wipe_transfer(&transfer);
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
