/* Facts come in while layers are read from the bottom up; see inventory_int.h. */
#include "image/scan/inventory_int.h"

int inventory_init(struct inventory *inv, struct vuln_db *db, struct rf_err *err)
{
	*inv = (struct inventory){.db = db, .layer = SCAN_NO_LAYER, .events_layer = SCAN_NO_LAYER};
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
	rf_vec_done(&inv->touched);
	rf_map_done(&inv->paths);
	rf_arena_free(inv->arena);
	inv->arena = NULL;
}

static struct inventory_place place_of(const struct inventory *inv, struct rf_str path)
{
	return (struct inventory_place){
		.path = rf_arena_str(inv->arena, path),
		.layer = inv->layer,
		.order = inv->order,
		.is_dir = inv->entry_is_dir,
		.first_package = inv->packages.count,
		.first_finding = inv->findings.count,
		.first_secret = inv->secrets.count,
		.first_file = inv->files.count,
	};
}

int inventory_place(struct inventory *inv, struct rf_str path, size_t *place, struct rf_err *err)
{
	struct inventory_place new;

	if (*place != SIZE_MAX)
		return RF_OK;
	if (inv->places.count >= INVENTORY_MAX_FACTS)
		return rf_err_set(
			err, RF_ELIMIT, "more than %zu files of note", INVENTORY_MAX_FACTS);
	new = place_of(inv, path);
	if (!new.path.ptr || !rf_vec_push(&inv->places, new))
		return rf_err_nomem(err);
	*place = inv->places.count - 1;
	return inventory_know_path(inv, new.path, *place, err);
}

/* --- facts --- */

/* like: a text that lives as long and may be the same. */
static bool keep_like(struct inventory *inv, struct rf_str *s, struct rf_str like)
{
	if (s->len == 0)
		*s = RF_STR("");
	else if (rf_str_eq(*s, like))
		*s = like;
	else
		*s = rf_arena_str(inv->arena, *s);
	return s->ptr != NULL;
}

static bool keep(struct inventory *inv, struct rf_str *s)
{
	return keep_like(inv, s, RF_STR(""));
}

/* Absent without memory. A place that has many facts tells it once. */
static struct rf_str location_of(struct inventory *inv, size_t place)
{
	struct inventory_place *at = &inv->places.items[place];

	/* A single file that was given is where it is; everything else is below a root. */
	if (!at->location.ptr)
		at->location =
			at->path.len && at->path.ptr[0] == '/'
				? at->path
				: rf_arena_printf(inv->arena, "/" RF_STR_FMT, RF_STR_ARG(at->path));
	return at->location;
}

static int too_many(const char *what, struct rf_err *err)
{
	return rf_err_set(err, RF_ELIMIT, "more than %zu %s", INVENTORY_MAX_FACTS, what);
}

/* Packages of one file have much in common; source packages are often called as theirs are. */
static bool keep_package(struct inventory *inv, struct scan_package *p)
{
	static const struct scan_package none;
	const struct scan_package *last =
		inv->packages.count ? &inv->packages.items[inv->packages.count - 1].package : &none;

	return keep_like(inv, &p->ecosystem, last->ecosystem) &&
	       keep_like(inv, &p->name, last->name) && keep_like(inv, &p->version, last->version) &&
	       keep_like(inv, &p->arch, last->arch) && keep_like(inv, &p->source, p->name) &&
	       keep_like(inv, &p->source_version, p->version) &&
	       keep_like(inv, &p->license, last->license) && keep(inv, &p->checksum) &&
	       keep(inv, &p->replaces);
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
	if (!copy.location.ptr || !keep_package(inv, &copy) || !(new = rf_vec_add(&inv->packages)))
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

static bool keep_secret(struct inventory *inv, struct scan_secret *s)
{
	static const struct scan_secret none;
	const struct scan_secret *last =
		inv->secrets.count ? &inv->secrets.items[inv->secrets.count - 1].secret : &none;

	return keep_like(inv, &s->rule, last->rule) && keep_like(inv, &s->title, last->title) &&
	       keep_like(inv, &s->severity, last->severity) &&
	       keep_like(inv, &s->location, last->location) && keep(inv, &s->redacted);
}

int inventory_add_secret(
	struct inventory *inv, size_t place, const struct scan_secret *secret, struct rf_err *err)
{
	struct inventory_secret *new;
	struct scan_secret copy = *secret;

	if (inv->secrets.count >= INVENTORY_MAX_FACTS)
		return too_many("secrets", err);
	if (place != SIZE_MAX) {
		copy.location = location_of(inv, place);
		copy.layer = inv->places.items[place].layer;
	}
	if (!copy.location.ptr || !keep_secret(inv, &copy) || !(new = rf_vec_add(&inv->secrets)))
		return rf_err_nomem(err);
	new->secret = copy;
	new->place = place;
	return RF_OK;
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

/* --- hard links --- */

/* Both lists are in the order of packages, so that one pass will do. */
static int copy_packages(struct inventory *inv, size_t from, size_t to, struct rf_err *err)
{
	const struct inventory_place source = inv->places.items[from];
	size_t end = inv->findings.count, f = source.first_finding;
	int rc = RF_OK;

	for (size_t i = source.first_package; i < inv->packages.count && rc == RF_OK; i++) {
		const struct scan_package package = inv->packages.items[i].package;
		uint32_t copy;

		if (inv->packages.items[i].place != from)
			break;
		rc = inventory_add_package(inv, to, &package, &copy, err);
		for (; f < end && rc == RF_OK; f++) {
			struct scan_finding finding = inv->findings.items[f].finding;

			if (finding.package != i)
				break;
			finding.package = copy;
			rc = inventory_add_finding(
				inv, &finding, inv->findings.items[f].aliases, err);
		}
	}
	return rc;
}

static bool has_file(const struct inventory *inv, size_t place, enum scan_file_kind kind)
{
	for (size_t i = inv->places.items[place].first_file; i < inv->files.count; i++) {
		if (inv->files.items[i].place != place)
			break;
		if (inv->files.items[i].file.kind == kind)
			return true;
	}
	return false;
}

static int copy_facts(struct inventory *inv, size_t from, size_t to, struct rf_err *err)
{
	const struct inventory_place source = inv->places.items[from];
	int rc = copy_packages(inv, from, to, err);

	for (size_t i = source.first_secret; i < inv->secrets.count && rc == RF_OK; i++) {
		const struct scan_secret secret = inv->secrets.items[i].secret;

		if (inv->secrets.items[i].place != from)
			break;
		rc = inventory_add_secret(inv, to, &secret, err);
	}
	for (size_t i = source.first_file; i < inv->files.count && rc == RF_OK; i++) {
		const struct scan_file file = inv->files.items[i].file;

		if (inv->files.items[i].place != from)
			break;
		if (has_file(inv, to, file.kind))
			continue;
		rc = inventory_add_file(inv, to, &file, err);
	}
	return rc;
}

/* The last one at path, or SIZE_MAX. */
static size_t place_at(const struct inventory *inv, struct rf_str path)
{
	const struct inventory_path *known = rf_map_get_ptr(&inv->paths, path);

	return known && known->place ? known->place - 1 : SIZE_MAX;
}

int inventory_linked(
	struct inventory *inv, struct rf_str path, struct rf_str target, struct rf_err *err)
{
	size_t from = place_at(inv, target), to = place_at(inv, path);
	int rc;

	if (from == SIZE_MAX || inv->places.items[from].is_dir || rf_str_eq(path, target) ||
		inventory_is_hidden(inv, &inv->places.items[from]))
		return RF_OK;
	if (to != SIZE_MAX && inv->places.items[to].order != inv->order)
		to = SIZE_MAX; /* of something that was there before */
	rc = inventory_place(inv, path, &to, err);
	if (rc < 0)
		return rc;
	inv->places.items[to].os = inv->places.items[from].os;
	return copy_facts(inv, from, to, err);
}
