/* Listing, removing, and sweeping what nothing refers to. */
#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/map.h"
#include "image/store_int.h"

void image_rows_done(struct image_rows *rows)
{
	rf_vec_each (row, &rows->list) {
		free(row->name);
		free(row->digest);
		free(row->created);
	}
	rf_vec_done(&rows->list);
}

struct lister {
	struct image_store *store;
	struct image_rows *rows;
};

static int add_row(void *ctx, const struct store_ref *ref, struct rf_err *err)
{
	struct lister *lister = ctx;
	AUTO_IMAGE *image = NULL;
	struct image_row *row;
	int rc = store_load(lister->store, &ref->digest, rf_str_of(ref->name), &image, err);

	if (rc < 0)
		return rc == RF_EABSENT ? RF_OK : rc;
	row = rf_vec_add(&lister->rows->list);
	if (!row)
		return rf_err_nomem(err);
	row->name = rf_str_dup(image->name);
	row->digest = rf_str_dup(image->digest);
	row->created = rf_str_dup(image->config.created);
	row->layer_count = image->config.diff_id_count;
	row->unpacked_bytes = image->unpacked_bytes;
	return row->name && row->digest && row->created ? RF_OK : rf_err_nomem(err);
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp(((const struct image_row *)a)->name, ((const struct image_row *)b)->name);
}

int image_list(struct image_store *store, struct image_rows *ret, struct rf_err *err)
{
	CLEANUP(image_rows_done) struct image_rows rows = {.list.count = 0};
	struct lister lister = {.store = store, .rows = &rows};
	int rc = store_refs_each(store, add_row, &lister, err);

	if (rc < 0)
		return rc;
	if (rows.list.count)
		qsort(rows.list.items, rows.list.count, sizeof(*rows.list.items), compare_rows);
	*ret = rows;
	rows = (struct image_rows){.list.count = 0};
	return RF_OK;
}

/* What is referred to: file names ("sha256-HEX"), kept in an arena. */
struct live {
	struct image_store *store;
	struct rf_arena *arena;
	struct rf_map images, layers;
};

static void live_done(struct live *live)
{
	rf_map_done(&live->images);
	rf_map_done(&live->layers);
	rf_arena_free(live->arena);
}

static int mark(struct live *live, struct rf_map *map, const struct image_digest *digest)
{
	char file[IMAGE_DIGEST_TEXT_SIZE];
	struct rf_str key = rf_arena_str(live->arena, rf_str_of(image_digest_file(digest, file)));

	return key.ptr && rf_map_put(map, key, 1) ? RF_OK : RF_EINTERNAL;
}

/* A reference whose image cannot be read keeps nothing alive but the image itself. */
static int mark_ref(void *ctx, const struct store_ref *ref, struct rf_err *err)
{
	struct live *live = ctx;
	AUTO_IMAGE *image = NULL;
	int rc;

	if (mark(live, &live->images, &ref->digest) < 0)
		return rf_err_nomem(err);
	rc = store_load(live->store, &ref->digest, RF_STR(""), &image, err);
	if (rc == RF_EABSENT || rc == RF_EINPUT)
		return RF_OK;
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < image->config.diff_id_count; i++) {
		if (mark(live, &live->layers, &image->config.diff_ids[i]) < 0)
			return rf_err_nomem(err);
	}
	return RF_OK;
}

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Out of sight in one step first: nobody must ever meet half a layer. */
static int discard(
	struct image_store *store, const char *folder, const char *name, struct rf_err *err)
{
	AUTO_FREE char *from = store_path(store, "%s/%s", folder, name);
	AUTO_FREE char *to = store_path(store, "tmp/old-%s-%s", folder, name);

	if (!from || !to)
		return rf_err_nomem(err);
	if (rename(from, to) < 0)
		return rf_err_sys(err, errno, "move %s away", from);
	return rf_dir_remove(to, err);
}

static int sweep_folder(struct image_store *store, const char *folder, const struct rf_map *live,
	struct rf_err *err)
{
	AUTO_FREE char *path = store_path(store, "%s", folder);
	CLEANUP(dir_closep) DIR *dir = path ? opendir(path) : NULL;
	struct dirent *entry;

	if (!dir)
		return path ? rf_err_sys(err, errno, "%s", path) : rf_err_nomem(err);
	while ((entry = readdir(dir))) {
		int rc;

		if (entry->d_name[0] == '.' ||
			rf_map_get(live, rf_str_of(entry->d_name), &(uintptr_t){0}))
			continue;
		rc = discard(store, folder, entry->d_name, err);
		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

/* Also half-written references. */
static int sweep_rubbish(struct image_store *store, struct rf_err *err)
{
	static const char *const folders[] = {"tmp", "refs"};

	for (size_t i = 0; i < RF_ARRAY_LEN(folders); i++) {
		AUTO_FREE char *path = store_path(store, "%s", folders[i]);
		CLEANUP(dir_closep) DIR *dir = path ? opendir(path) : NULL;
		struct dirent *entry;

		if (!dir)
			return path ? rf_err_sys(err, errno, "%s", path) : rf_err_nomem(err);
		while ((entry = readdir(dir))) {
			struct rf_str name = rf_str_of(entry->d_name);

			if (rf_str_is(name, ".") || rf_str_is(name, "..") ||
				(i == 1 && rf_str_ends(name, RF_STR(".json"))))
				continue;
			(void)!rf_dir_remove_at(dirfd(dir), entry->d_name, NULL);
		}
	}
	return RF_OK;
}

int store_sweep(struct image_store *store, struct rf_err *err)
{
	CLEANUP(live_done) struct live live = {.store = store, .arena = rf_arena_new(0)};
	int rc;

	if (!live.arena)
		return rf_err_nomem(err);
	rc = sweep_rubbish(store, err);
	if (rc == RF_OK)
		rc = store_refs_each(store, mark_ref, &live, err);
	if (rc == RF_OK)
		rc = sweep_folder(store, "images", &live.images, err);
	if (rc == RF_OK)
		rc = sweep_folder(store, "layers", &live.layers, err);
	return rc;
}

struct remover {
	struct image_digest digest;
	struct image_store *store;
	size_t count;
};

static int remove_if_same(void *ctx, const struct store_ref *ref, struct rf_err *err)
{
	struct remover *remover = ctx;

	if (!image_digest_eq(&ref->digest, &remover->digest))
		return RF_OK;
	remover->count++;
	return store_ref_remove(remover->store, ref->name, err);
}

static int remove_names(struct image_store *store, const char *name_or_path, struct rf_err *err)
{
	struct remover remover = {.store = store};
	char name[STORE_NAME_SIZE];
	int rc;

	if (image_digest_parse(rf_str_of(name_or_path), &remover.digest)) {
		rc = store_refs_each(store, remove_if_same, &remover, err);
		if (rc == RF_OK && remover.count == 0)
			rc = rf_err_set(err, RF_EABSENT, "no image \"%s\"", name_or_path);
		return rc;
	}
	rc = store_ref_name(name_or_path, name, err);
	/* The file may be gone; the path as given may still be the one it was imported by. */
	if (rc == RF_EABSENT && name_or_path[0] == '/' &&
		rf_str_copy(rf_str_of(name_or_path), name, sizeof(name)))
		rc = RF_OK;
	return rc < 0 ? rc : store_ref_remove(store, name, err);
}

int image_remove(struct image_store *store, const char *name_or_path, struct rf_err *err)
{
	AUTO_FD lock = store_lock(store, err);
	int rc;

	if (lock < 0)
		return lock;
	rc = remove_names(store, name_or_path, err);
	return rc < 0 ? rc : store_sweep(store, err);
}
