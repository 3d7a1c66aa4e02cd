/*
 * Databases know one vulnerability by several names. Of one package, findings that share a name
 * are one, however long the chain of names is: names are looked up in a table, and what meets in it
 * is joined (union and find), so that thousands of findings of one package cost no more than a
 * look-up a name.
 */
#include "image/scan/inventory_int.h"

struct merge {
	struct inventory *inv;
	size_t start; /* the package's findings begin here */
	uint32_t
		*joins; /* of each finding, from start: one of its set, the set's first is itself */
	uint32_t *leads; /* of the first of a set: the finding that stands for it */
	struct rf_map names;
};

static void merge_done(struct merge *merge)
{
	free(merge->joins);
	free(merge->leads);
	rf_map_done(&merge->names);
}

static struct inventory_finding *finding_at(const struct merge *merge, uint32_t index)
{
	return &merge->inv->findings.items[merge->start + index];
}

static uint32_t first_of(struct merge *merge, uint32_t index)
{
	while (merge->joins[index] != index) {
		merge->joins[index] = merge->joins[merge->joins[index]];
		index = merge->joins[index];
	}
	return index;
}

static bool join_name(struct merge *merge, uint32_t index, struct rf_str name)
{
	uintptr_t other;
	uint32_t a, b;

	if (!rf_map_get(&merge->names, name, &other))
		return rf_map_put(&merge->names, name, index);
	a = first_of(merge, index);
	b = first_of(merge, (uint32_t)other);
	if (a != b)
		merge->joins[a > b ? a : b] = a > b ? b : a;
	return true;
}

static bool join_names(struct merge *merge, uint32_t index)
{
	const struct inventory_finding *it = finding_at(merge, index);
	struct rf_bytes list = it->aliases;
	struct rf_str alias;
	bool ok = join_name(merge, index, it->finding.id);

	while (ok && vuln_list_next(&list, &alias))
		ok = join_name(merge, index, alias);
	return ok;
}

/* What knows about symbols knows more, and the worst of that; then the smaller id. */
static bool is_better(const struct scan_finding *a, const struct scan_finding *b)
{
	bool a_knows = a->tier != SCAN_TIER_UNKNOWN, b_knows = b->tier != SCAN_TIER_UNKNOWN;

	if (a_knows != b_knows)
		return a_knows;
	return a->tier != b->tier ? a->tier > b->tier : rf_str_cmp(a->id, b->id) < 0;
}

/* --- one out of two --- */

static bool add_aliases(
	struct rf_arena *arena, struct scan_finding *to, const struct scan_finding *from)
{
	size_t count = to->aliases.count;
	struct rf_str *items =
		rf_arena_array(arena, count + from->aliases.count + 1, sizeof(*items));

	if (!items)
		return false;
	if (count)
		memcpy(items, to->aliases.items, count * sizeof(*items));
	if (from->aliases.count)
		memcpy(items + count, from->aliases.items, from->aliases.count * sizeof(*items));
	items[count + from->aliases.count] = from->id;
	to->aliases.items = items;
	to->aliases.count = count + from->aliases.count + 1;
	return true;
}

/* The rating that somebody gave stays; what is exploited under one name is so under all. */
static bool fold(struct rf_arena *arena, struct scan_finding *to, const struct scan_finding *from)
{
	if (to->level == VULN_LEVEL_UNRATED) {
		to->level = from->level;
		to->score_tenths = from->score_tenths;
		to->vector = from->vector;
	}
	if (!to->fixed.count)
		to->fixed = from->fixed;
	if (!to->summary.len)
		to->summary = from->summary;
	to->known_exploited |= from->known_exploited;
	return add_aliases(arena, to, from);
}

static int compare_strs(const void *a, const void *b)
{
	return rf_str_cmp(*(const struct rf_str *)a, *(const struct rf_str *)b);
}

/* Sorted, each once, and not the finding's own name. */
static void tidy_aliases(struct scan_finding *finding)
{
	struct rf_str *items = finding->aliases.items;
	size_t count = finding->aliases.count, kept = 0;

	if (count)
		qsort(items, count, sizeof(*items), compare_strs);
	for (size_t i = 0; i < count; i++) {
		if (rf_str_eq(items[i], finding->id) ||
			(kept && rf_str_eq(items[i], items[kept - 1])))
			continue;
		items[kept++] = items[i];
	}
	finding->aliases.count = kept;
}

/* --- one package --- */

static bool merge_package(struct merge *merge, uint32_t count)
{
	bool ok = true;

	for (uint32_t i = 0; i < count; i++)
		merge->joins[i] = merge->leads[i] = i;
	for (uint32_t i = 0; i < count && ok; i++)
		ok = join_names(merge, i);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t *lead = &merge->leads[first_of(merge, i)];

		if (is_better(&finding_at(merge, i)->finding, &finding_at(merge, *lead)->finding))
			*lead = i;
	}
	for (uint32_t i = 0; i < count && ok; i++) {
		uint32_t lead = merge->leads[first_of(merge, i)];
		struct scan_finding *finding = &finding_at(merge, i)->finding;

		if (lead == i)
			continue;
		ok = fold(merge->inv->arena, &finding_at(merge, lead)->finding, finding);
		finding->package = INVENTORY_MERGED;
	}
	for (uint32_t i = 0; i < count; i++)
		tidy_aliases(&finding_at(merge, i)->finding);
	return ok;
}

static int by_package(const void *a, const void *b)
{
	const struct inventory_finding *x = a, *y = b;

	if (x->finding.package != y->finding.package)
		return x->finding.package < y->finding.package ? -1 : 1;
	return rf_str_cmp(x->finding.id, y->finding.id);
}

int inventory_merge(struct inventory *inv, struct rf_err *err)
{
	CLEANUP(merge_done) struct merge merge = {.inv = inv};
	size_t count = inv->findings.count, end;

	merge.joins = calloc(count + 1, sizeof(*merge.joins));
	merge.leads = calloc(count + 1, sizeof(*merge.leads));
	if (!merge.joins || !merge.leads)
		return rf_err_nomem(err);
	if (count)
		qsort(inv->findings.items, count, sizeof(*inv->findings.items), by_package);
	for (; merge.start < count; merge.start = end) {
		uint32_t package = inv->findings.items[merge.start].finding.package;

		end = merge.start + 1;
		while (end < count && inv->findings.items[end].finding.package == package)
			end++;
		rf_map_done(&merge.names);
		if (!merge_package(&merge, (uint32_t)(end - merge.start)))
			return rf_err_nomem(err);
	}
	return RF_OK;
}
