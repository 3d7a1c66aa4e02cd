/*
 * What becomes of files from layer to layer, as overlayfs shows it: a layer is a tree of its own,
 * in which the last entry of a name holds; then it is laid over what is below. Only paths where
 * something was found, and the directories above them, are followed.
 */
#include "image/scan/inventory_int.h"

static struct rf_str dir_of(struct rf_str path)
{
	const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;

	path.len = slash ? (size_t)(slash - path.ptr) : 0;
	return path;
}

/* --- within a layer --- */

static bool own_layer_hides(
	const struct inventory_place *place, const struct inventory_path *path, bool is_above)
{
	if (path->replaced > place->order)
		return true;
	/* The mode of a directory that is only implied is the one last told. */
	return !is_above && (path->made_dir > place->order ||
				    (!place->is_dir && path->implied_dir > place->order));
}

static bool upper_layer_hides(
	const struct inventory_place *place, const struct inventory_path *path, bool is_above)
{
	uint32_t layer = place->layer + 1;

	if (path->gone_below > layer || path->covered_in > layer)
		return true;
	if (is_above)
		return path->emptied_below > layer;
	return path->made_in > layer || (!place->is_dir && path->implied_in > layer);
}

typedef bool (*hiding)(
	const struct inventory_place *place, const struct inventory_path *path, bool is_above);

static bool is_hidden(
	const struct inventory *inv, const struct inventory_place *place, hiding hides)
{
	struct rf_str path = place->path;
	bool is_above = false;

	for (;;) {
		const struct inventory_path *known = rf_map_get_ptr(&inv->paths, path);

		if (known && hides(place, known, is_above))
			return true;
		if (path.len == 0)
			return false;
		path = dir_of(path);
		is_above = true;
	}
}

bool inventory_is_hidden(const struct inventory *inv, const struct inventory_place *place)
{
	return place->hidden || is_hidden(inv, place, own_layer_hides) ||
	       is_hidden(inv, place, upper_layer_hides);
}

/* --- the end of a layer --- */

/* False when something took the path's last entry away within the layer. */
static bool is_there(const struct inventory *inv, const struct inventory_path *path, uint64_t order)
{
	for (struct rf_str above = path->path; above.len;) {
		const struct inventory_path *known;

		above = dir_of(above);
		known = rf_map_get_ptr(&inv->paths, above);
		if (known && known->replaced > order)
			return false;
	}
	return true;
}

static void settle_path(const struct inventory *inv, struct inventory_path *path)
{
	uint32_t layer = inv->events_layer + 1;
	bool told = path->made_dir > path->replaced, implied = path->implied_dir > path->replaced;

	if (!told && !implied && is_there(inv, path, path->replaced))
		path->covered_in = layer;
	if (told && is_there(inv, path, path->made_dir))
		path->made_in = layer;
	if (implied && is_there(inv, path, path->implied_dir))
		path->implied_in = layer;
}

static void settle_layer(struct inventory *inv)
{
	for (; inv->settled < inv->places.count; inv->settled++) {
		struct inventory_place *place = &inv->places.items[inv->settled];

		place->hidden = is_hidden(inv, place, own_layer_hides);
	}
	rf_vec_each (path, &inv->touched)
		settle_path(inv, *path);
	rf_vec_each (path, &inv->touched)
		(*path)->replaced = (*path)->made_dir = (*path)->implied_dir = 0;
	inv->touched.count = 0;
}

/* The first event of another layer ends the one before. */
static void begin_event(struct inventory *inv)
{
	if (inv->layer == inv->events_layer)
		return;
	settle_layer(inv);
	inv->events_layer = inv->layer;
	inv->above = RF_STR("");
}

int inventory_settle(struct inventory *inv, struct rf_err *err)
{
	settle_layer(inv);
	rf_vec_each (place, &inv->places)
		place->hidden = place->hidden || is_hidden(inv, place, upper_layer_hides);
	return inv->nomem ? rf_err_nomem(err) : RF_OK;
}

/* --- events --- */

static void touch(struct inventory *inv, struct inventory_path *path, uint64_t *order)
{
	if (!path->replaced && !path->made_dir && !path->implied_dir &&
		!rf_vec_push(&inv->touched, path))
		inv->nomem = true;
	*order = inv->order;
}

/*
 * What is above an entry is a directory, whether the layer says so or not. Entries mostly come by
 * directories, which are looked at once then.
 */
static void imply_dirs(struct inventory *inv, struct rf_str path)
{
	struct rf_str above = dir_of(path);

	if (rf_str_eq(above, inv->above))
		return;
	if (rf_str_copy(above, inv->above_text, sizeof(inv->above_text)))
		inv->above = (struct rf_str){inv->above_text, above.len};
	for (; above.len; above = dir_of(above)) {
		struct inventory_path *known = rf_map_get_ptr(&inv->paths, above);

		if (known)
			touch(inv, known, &known->implied_dir);
	}
}

void inventory_added(struct inventory *inv, struct rf_str path, bool is_dir)
{
	struct inventory_path *known = rf_map_get_ptr(&inv->paths, path);

	begin_event(inv);
	inv->order++;
	inv->entry_is_dir = is_dir;
	imply_dirs(inv, path);
	if (known)
		touch(inv, known, is_dir ? &known->made_dir : &known->replaced);
}

void inventory_again(struct inventory *inv)
{
	begin_event(inv);
	inv->order++;
	inv->entry_is_dir = false;
}

void inventory_whiteout(struct inventory *inv, struct rf_str path)
{
	struct inventory_path *known = rf_map_get_ptr(&inv->paths, path);

	begin_event(inv);
	if (known)
		known->gone_below = inv->layer + 1;
}

void inventory_opaque(struct inventory *inv, struct rf_str path)
{
	struct inventory_path *known = rf_map_get_ptr(&inv->paths, path);

	begin_event(inv);
	if (known)
		known->emptied_below = inv->layer + 1;
}

static struct inventory_path *know(struct inventory *inv, struct rf_str path)
{
	struct inventory_path *known = rf_map_get_ptr(&inv->paths, path);

	if (known)
		return known;
	known = rf_arena_new_of(inv->arena, struct inventory_path);
	if (!known || !rf_map_put_ptr(&inv->paths, path, known))
		return NULL;
	known->path = path;
	return known;
}

int inventory_know_path(struct inventory *inv, struct rf_str path, size_t place, struct rf_err *err)
{
	struct inventory_path *known = know(inv, path);

	if (!known)
		return rf_err_nomem(err);
	known->place = place + 1;
	while (path.len) {
		path = dir_of(path);
		if (!know(inv, path))
			return rf_err_nomem(err);
	}
	return RF_OK;
}
