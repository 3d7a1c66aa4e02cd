/* From what was gathered to sorted tables: ratings are looked up, records encoded, all signed. */
#include "image/vuln/build_int.h"

static int by_bytes(const void *a, const void *b)
{
	return rf_str_cmp(*(const struct rf_str *)a, *(const struct rf_str *)b);
}

static int by_id(const void *a, const void *b)
{
	return rf_str_cmp(
		(*(struct build_advisory *const *)a)->id, (*(struct build_advisory *const *)b)->id);
}

static int by_key(const void *a, const void *b)
{
	return rf_str_cmp(
		(*(struct build_package *const *)a)->key, (*(struct build_package *const *)b)->key);
}

static int by_what(const void *a, const void *b)
{
	return strcmp(((const struct vuln_build_count *)a)->what,
		((const struct vuln_build_count *)b)->what);
}

static void sort_counts(struct vuln_build_counts *counts)
{
	if (counts->count)
		qsort(counts->items, counts->count, sizeof(*counts->items), by_what);
}

static void sort_strs(struct build_strs *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), by_bytes);
}

/* --- ratings --- */

struct rating {
	struct rf_str vector;
	struct cvss cvss;
	bool exploited;
};

/* Of several vectors the worst counts: one of the CVEs behind an advisory is as bad as that. */
static void rate_by(struct vuln_builder *b, struct rf_str cve, struct rating *rating)
{
	const struct rf_str *vector = rf_map_get_ptr(&b->vectors, cve);
	struct cvss cvss;
	uintptr_t yes;

	rating->exploited |= rf_map_get(&b->exploited, cve, &yes);
	if (!vector || cvss_parse(*vector, &cvss, NULL) < 0)
		return;
	if (!rating->vector.len || cvss.base_tenths > rating->cvss.base_tenths) {
		rating->vector = *vector;
		rating->cvss = cvss;
	}
}

/* What the advisory itself says comes first; then the vectors of the CVEs that it stands for. */
static void rate(struct vuln_builder *b, const struct build_advisory *advisory, struct rating *ret,
	enum vuln_level *ret_level)
{
	struct rating looked_up = {.vector = RF_STR("")};

	rate_by(b, advisory->id, &looked_up);
	rf_vec_each (alias, &advisory->aliases)
		rate_by(b, *alias, &looked_up);
	if (!looked_up.vector.len) {
		rf_vec_each (cve, &advisory->related)
			rate_by(b, *cve, &looked_up);
	}
	*ret = looked_up;
	if (advisory->vector.len && cvss_parse(advisory->vector, &ret->cvss, NULL) == RF_OK)
		ret->vector = advisory->vector;
	*ret_level = ret->vector.len ? ret->cvss.level : VULN_LEVEL_UNRATED;
	if (!advisory->vector.len && advisory->level != VULN_LEVEL_UNRATED) {
		*ret_level = advisory->level;
		if (ret->cvss.level != advisory->level) /* two opinions: the database's counts */
			*ret = (struct rating){.vector = RF_STR(""), .exploited = ret->exploited};
	}
}

/* --- records --- */

static void put_strs(struct rf_buf *out, struct build_strs *list)
{
	AUTO_BUF items = {0};

	sort_strs(list);
	rf_vec_each (item, list)
		record_put_str(&items, *item);
	record_put_str(out, rf_buf_str(&items));
	out->failed |= items.failed;
}

static void put_advisory(
	struct vuln_builder *b, struct build_advisory *advisory, struct rf_buf *out)
{
	enum vuln_level level;
	struct rating rating;

	rate(b, advisory, &rating, &level);
	record_put_str(out, advisory->id);
	put_strs(out, &advisory->aliases);
	put_strs(out, &advisory->related);
	record_put_str(out, advisory->summary);
	rf_buf_add_char(out, (char)level);
	rf_buf_add_char(out, (char)(rating.vector.len ? rating.cvss.base_tenths : 0));
	rf_buf_add_char(out, rating.exploited ? RECORD_ADVISORY_EXPLOITED : 0);
	record_put_str(out, rating.vector);
}

static void put_package(struct build_package *package, struct rf_buf *out)
{
	record_put_str(out, package->key);
	put_strs(out, &package->entries);
}

/* Keeps the record that out holds as the table's next one. */
static bool keep_record(struct vuln_builder *b, struct vuln_table *table, struct rf_buf *out)
{
	struct rf_str kept = build_keep(b, rf_buf_str(out));

	if (out->failed || !kept.ptr)
		return false;
	table->records[table->count++] =
		(struct rf_bytes){.ptr = (const uint8_t *)kept.ptr, .len = kept.len};
	rf_buf_clear(out);
	return true;
}

static bool make_advisories(struct vuln_builder *b, struct vuln_table *table)
{
	AUTO_BUF record = {0};

	if (b->advisories.count)
		qsort(b->advisories.items, b->advisories.count, sizeof(*b->advisories.items),
			by_id);
	table->records = rf_arena_array(b->arena, b->advisories.count + 1, sizeof(*table->records));
	if (!table->records)
		return false;
	rf_vec_each (advisory, &b->advisories) {
		put_advisory(b, *advisory, &record);
		if (!keep_record(b, table, &record))
			return false;
	}
	return true;
}

static bool make_packages(struct vuln_builder *b, struct vuln_table *table)
{
	AUTO_BUF record = {0};

	if (b->packages.count)
		qsort(b->packages.items, b->packages.count, sizeof(*b->packages.items), by_key);
	table->records = rf_arena_array(b->arena, b->packages.count + 1, sizeof(*table->records));
	if (!table->records)
		return false;
	rf_vec_each (package, &b->packages) {
		put_package(*package, &record);
		if (!keep_record(b, table, &record))
			return false;
	}
	return true;
}

int build_assemble(struct vuln_builder *b, int64_t built_s, const uint8_t key[static VULN_KEY_LEN],
	struct rf_buf *out, struct rf_err *err)
{
	struct vuln_tables tables = {.built_s = built_s >= 0 ? built_s : b->newest_s};
	AUTO_BUF sources = {0};

	sort_counts(&b->report.left_out);
	sort_counts(&b->report.widened);
	sort_strs(&b->sources);
	rf_vec_each (source, &b->sources)
		record_put_str(&sources, *source);
	tables.sources = (struct rf_bytes){(const uint8_t *)sources.data, sources.len};
	if (sources.failed || !make_advisories(b, &tables.advisories) ||
		!make_packages(b, &tables.packages))
		return rf_err_nomem(err);
	return vuln_db_assemble(&tables, key, out, err);
}

int vuln_builder_finish(struct vuln_builder *b, int64_t built_s, const struct vuln_signer *signer,
	struct rf_buf *out, struct rf_err *err)
{
	uint8_t key[VULN_KEY_LEN];
	int rc;

	vuln_signer_key(signer, key);
	rc = build_assemble(b, built_s, key, out, err);
	return rc < 0 ? rc : vuln_db_seal(out, signer, err);
}
