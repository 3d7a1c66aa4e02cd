/* Facts come in while layers are read from the bottom up; see inventory_int.h. */
#include "image/scan/inventory_int.h"

int inventory_init(struct inventory *inv, struct vuln_db *db, struct rf_err *err)
{
	*inv = (struct inventory){.db = db, .layer = SCAN_NO_LAYER};
	inv->arena = rf_arena_new(INVENTORY_ARENA);
	return inv->arena ? RF_OK : rf_err_nomem(err);
}

void inventory_done(struct inventory *inv)
{
	rf_vec_done(&inv->places);
	rf_vec_done(&inv->packages);
	rf_vec_done(&inv->findings);
	rf_vec_done(&inv->secrets);
	rf_vec_done(&inv->files);
	rf_vec_done(&inv->notes);
	rf_map_done(&inv->paths);
	rf_arena_free(inv->arena);
	inv->arena = NULL;
}

/* --- the file system's history --- */

void inventory_added(struct inventory *inv, struct rf_str path, bool is_dir)
{
	struct inventory_path *known = rf_map_get_ptr(&inv->paths, path);

	inv->order++;
	if (!known)
		return;
	if (is_dir)
		known->made_dir = inv->order;
	else
		known->replaced = inv->order;
}

void inventory_whiteout(struct inventory *inv, struct rf_str path)
{
	struct inventory_path *known = rf_map_get_ptr(&inv->paths, path);

	if (known)
		known->gone_below = inv->layer + 1;
}

void inventory_opaque(struct inventory *inv, struct rf_str path)
{
	struct inventory_path *known = rf_map_get_ptr(&inv->paths, path);

	if (known)
		known->emptied_below = inv->layer + 1;
}

/* Remembers a path and all directories above it, the root too. */
static int know_path(struct inventory *inv, struct rf_str path, struct rf_err *err)
{
	for (;;) {
		const char *slash;

		if (!rf_map_get_ptr(&inv->paths, path)) {
			struct inventory_path *known =
				rf_arena_new_of(inv->arena, struct inventory_path);

			if (!known || !rf_map_put_ptr(&inv->paths, path, known))
				return rf_err_nomem(err);
		}
		if (path.len == 0)
			return RF_OK;
		slash = memrchr(path.ptr, '/', path.len);
		path.len = slash ? (size_t)(slash - path.ptr) : 0;
	}
}

int inventory_place(struct inventory *inv, struct rf_str path, size_t *place, struct rf_err *err)
{
	struct inventory_place *new;

	if (*place != SIZE_MAX)
		return RF_OK;
	if (inv->places.count >= INVENTORY_MAX_FACTS)
		return rf_err_set(
			err, RF_ELIMIT, "more than %zu files of note", INVENTORY_MAX_FACTS);
	new = rf_vec_add(&inv->places);
	if (!new)
		return rf_err_nomem(err);
	new->path = rf_arena_str(inv->arena, path);
	new->layer = inv->layer;
	new->order = inv->order;
	if (!new->path.ptr)
		return rf_err_nomem(err);
	*place = inv->places.count - 1;
	return know_path(inv, new->path, err);
}

/* --- facts --- */

static bool keep(struct inventory *inv, struct rf_str *s)
{
	*s = rf_arena_str(inv->arena, *s);
	return s->ptr != NULL;
}

static struct rf_str location_of(struct inventory *inv, size_t place)
{
	const struct inventory_place *at = &inv->places.items[place];

	/* A single file that was given is where it is; everything else is below a root. */
	return at->path.len && at->path.ptr[0] == '/'
		       ? at->path
		       : rf_arena_printf(inv->arena, "/" RF_STR_FMT, RF_STR_ARG(at->path));
}

static int too_many(const char *what, struct rf_err *err)
{
	return rf_err_set(err, RF_ELIMIT, "more than %zu %s", INVENTORY_MAX_FACTS, what);
}

int inventory_add_package(struct inventory *inv, size_t place, const struct scan_package *package,
	uint32_t *ret_index, struct rf_err *err)
{
	struct inventory_package *new;
	struct scan_package copy = *package;

	if (inv->packages.count >= INVENTORY_MAX_FACTS)
		return too_many("packages", err);
	copy.location = location_of(inv, place);
	copy.layer = inv->places.items[place].layer;
	if (!copy.location.ptr || !keep(inv, &copy.ecosystem) || !keep(inv, &copy.name) ||
		!keep(inv, &copy.version) || !keep(inv, &copy.arch) || !keep(inv, &copy.source) ||
		!keep(inv, &copy.source_version) || !keep(inv, &copy.license) ||
		!keep(inv, &copy.checksum) || !keep(inv, &copy.replaces) ||
		!(new = rf_vec_add(&inv->packages)))
		return rf_err_nomem(err);
	new->package = copy;
	new->place = place;
	if (ret_index)
		*ret_index = (uint32_t)(inv->packages.count - 1);
	return RF_OK;
}

int inventory_add_finding(struct inventory *inv, const struct scan_finding *finding,
	struct rf_bytes aliases, struct rf_err *err)
{
	struct inventory_finding *new;

	if (inv->findings.count >= INVENTORY_MAX_FACTS)
		return too_many("findings", err);
	new = rf_vec_add(&inv->findings);
	if (!new)
		return rf_err_nomem(err);
	new->finding = *finding;
	new->aliases = aliases;
	if (!keep(inv, &new->finding.id) || !keep(inv, &new->finding.summary) ||
		!keep(inv, &new->finding.vector))
		return rf_err_nomem(err);
	new->finding.suppressed = RF_STR("");
	return RF_OK;
}

int inventory_add_secret(
	struct inventory *inv, size_t place, const struct scan_secret *secret, struct rf_err *err)
{
	struct inventory_secret *new;

	if (inv->secrets.count >= INVENTORY_MAX_FACTS)
		return too_many("secrets", err);
	new = rf_vec_add(&inv->secrets);
	if (!new)
		return rf_err_nomem(err);
	new->secret = *secret;
	new->place = place;
	if (place != SIZE_MAX) {
		new->secret.location = location_of(inv, place);
		new->secret.layer = inv->places.items[place].layer;
	}
	return keep(inv, &new->secret.rule) && keep(inv, &new->secret.title) &&
			       keep(inv, &new->secret.severity) &&
			       keep(inv, &new->secret.location) && keep(inv, &new->secret.redacted)
		       ? RF_OK
		       : rf_err_nomem(err);
}

int inventory_add_file(
	struct inventory *inv, size_t place, const struct scan_file *file, struct rf_err *err)
{
	struct inventory_file *new;

	if (inv->files.count >= INVENTORY_MAX_FACTS)
		return too_many("files", err);
	new = rf_vec_add(&inv->files);
	if (!new)
		return rf_err_nomem(err);
	new->file = *file;
	new->place = place;
	new->file.location = location_of(inv, place);
	new->file.layer = inv->places.items[place].layer;
	return new->file.location.ptr &&keep(inv, &new->file.detail) ? RF_OK : rf_err_nomem(err);
}

void inventory_note(struct inventory *inv, const char *fmt, ...)
{
	char text[RF_ERR_MSG_SIZE];
	struct rf_str kept;
	va_list args;

	if (inv->notes.count >= INVENTORY_MAX_NOTES) {
		inv->notes_hidden++;
		return;
	}
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	kept = rf_arena_str(inv->arena, rf_str_of(text));
	if (!kept.ptr || !rf_vec_push(&inv->notes, kept))
		inv->notes_hidden++;
}
