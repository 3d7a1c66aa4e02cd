/* Gathers advisories and packages; sorting and rating come at the end, when all is known. */
#include "image/vuln/build_int.h"

#include <time.h>

#define STRS_WITHOUT_MAP 16

int vuln_builder_new(struct vuln_builder **ret, struct rf_err *err)
{
	struct vuln_builder *b = calloc(1, sizeof(*b));

	if (!b || !(b->arena = rf_arena_new((size_t)16 << 30))) {
		free(b);
		return rf_err_nomem(err);
	}
	*ret = b;
	return RF_OK;
}

static void counts_done(struct vuln_build_counts *counts)
{
	rf_vec_each (count, counts)
		free(count->what);
	rf_vec_done(counts);
}

void vuln_build_report_done(struct vuln_build_report *report)
{
	counts_done(&report->left_out);
	counts_done(&report->widened);
}

void vuln_builder_free(struct vuln_builder *b)
{
	if (!b)
		return;
	rf_vec_each (advisory, &b->advisories) {
		build_strs_done(&(*advisory)->aliases);
		build_strs_done(&(*advisory)->related);
	}
	rf_vec_each (package, &b->packages)
		build_strs_done(&(*package)->entries);
	vuln_build_report_done(&b->report);
	rf_vec_done(&b->advisories);
	rf_vec_done(&b->packages);
	build_strs_done(&b->sources);
	rf_map_done(&b->advisory_by_id);
	rf_map_done(&b->package_by_key);
	rf_map_done(&b->vectors);
	rf_map_done(&b->exploited);
	rf_arena_free(b->arena);
	free(b);
}

void vuln_builder_freep(struct vuln_builder **builder)
{
	vuln_builder_free(*builder);
}

const struct vuln_build_report *vuln_builder_report(const struct vuln_builder *builder)
{
	return &builder->report;
}

/* --- gathering --- */

struct rf_str build_keep(struct vuln_builder *b, struct rf_str s)
{
	return rf_arena_str(b->arena, s);
}

void build_strs_done(struct build_strs *list)
{
	rf_vec_done(list);
	rf_map_done(&list->seen);
}

/* Most lists have a few strings, and need no table; the Linux kernel has thousands of entries. */
static bool strs_has(const struct build_strs *list, struct rf_str s)
{
	uintptr_t yes;

	if (list->count > STRS_WITHOUT_MAP)
		return rf_map_get(&list->seen, s, &yes);
	rf_vec_each (have, list) {
		if (rf_str_eq(*have, s))
			return true;
	}
	return false;
}

/* When the list outgrows walking, all that is in it goes into the table. */
static bool strs_note(struct build_strs *list)
{
	size_t from = list->count == STRS_WITHOUT_MAP + 1 ? 0 : list->count - 1;

	if (list->count <= STRS_WITHOUT_MAP)
		return true;
	for (size_t i = from; i < list->count; i++) {
		if (!rf_map_put(&list->seen, list->items[i], 1))
			return false;
	}
	return true;
}

bool build_strs_add(struct vuln_builder *b, struct build_strs *list, struct rf_str s)
{
	struct rf_str kept;

	if (strs_has(list, s))
		return true;
	kept = build_keep(b, s);
	return kept.ptr && rf_vec_push(list, kept) && strs_note(list);
}

struct build_advisory *build_advisory_of(struct vuln_builder *b, struct rf_str id)
{
	struct build_advisory *advisory = rf_map_get_ptr(&b->advisory_by_id, id);

	if (advisory)
		return advisory;
	advisory = rf_arena_new_of(b->arena, struct build_advisory);
	if (!advisory || !(advisory->id = build_keep(b, id)).ptr ||
		!rf_vec_push(&b->advisories, advisory) ||
		!rf_map_put_ptr(&b->advisory_by_id, advisory->id, advisory))
		return NULL;
	return advisory;
}

static struct build_package *package_of(struct vuln_builder *b, struct rf_str key)
{
	struct build_package *package = rf_map_get_ptr(&b->package_by_key, key);

	if (package)
		return package;
	package = rf_arena_new_of(b->arena, struct build_package);
	if (!package || !(package->key = build_keep(b, key)).ptr ||
		!rf_vec_push(&b->packages, package) ||
		!rf_map_put_ptr(&b->package_by_key, package->key, package))
		return NULL;
	return package;
}

void build_summary(struct vuln_builder *b, struct build_advisory *advisory, struct rf_str text)
{
	const struct rf_str *have = &advisory->summary;

	if (text.len > have->len || (text.len == have->len && rf_str_cmp(text, *have) > 0))
		advisory->summary = build_keep(b, text);
}

static void count_up(struct vuln_build_counts *counts, const char *what)
{
	struct vuln_build_count *count;

	rf_vec_each (have, counts) {
		if (strcmp(have->what, what) == 0) {
			have->count++;
			return;
		}
	}
	count = rf_vec_add(counts);
	if (!count || !(count->what = rf_str_dup(rf_str_of(what))))
		counts->count -= count != NULL;
	else
		count->count = 1;
}

void build_left_out(struct vuln_builder *b, const char *fmt, ...)
{
	char what[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	count_up(&b->report.left_out, what);
}

void build_widened(struct vuln_builder *b, const char *what)
{
	count_up(&b->report.widened, what);
}

void build_date(struct vuln_builder *b, struct rf_str text)
{
	struct tm tm = {.tm_sec = 0};
	char day[32];

	if (text.len > sizeof(day) - 1)
		text.len = sizeof(day) - 1;
	if (!rf_str_copy(text, day, sizeof(day)))
		return;
	if (!strptime(day, "%Y-%m-%dT%H:%M:%S", &tm)) {
		tm = (struct tm){.tm_sec = 0};
		if (!strptime(day, "%Y-%m-%d", &tm))
			return;
	}
	if (timegm(&tm) > b->newest_s)
		b->newest_s = timegm(&tm);
}

/* --- entries --- */

void build_entry_done(struct build_entry *entry)
{
	rf_buf_done(&entry->ranges);
	rf_buf_done(&entry->versions);
	rf_buf_done(&entry->imports);
	rf_buf_done(&entry->body);
}

void build_entry_range(
	struct build_entry *entry, enum vuln_scheme scheme, struct vuln_event *events, size_t count)
{
	AUTO_BUF range = {0};

	vuln_range_sort(scheme, events, &count);
	for (size_t i = 0; i < count; i++) {
		rf_buf_add_char(&range, (char)events[i].kind);
		record_put_str(&range, events[i].version);
	}
	record_put_str(&entry->ranges, rf_buf_str(&range));
	entry->ranges.failed |= range.failed;
}

int build_entry_add(struct vuln_builder *b, struct build_entry *entry, struct rf_str ecosystem,
	struct rf_str name, struct rf_str id, struct rf_err *err)
{
	AUTO_BUF key = {0};
	struct build_package *package;

	record_package_key(ecosystem, name, &key);
	rf_buf_clear(&entry->body);
	record_put_str(&entry->body, id);
	record_put_str(&entry->body, rf_buf_str(&entry->ranges));
	record_put_str(&entry->body, rf_buf_str(&entry->versions));
	record_put_str(&entry->body, rf_buf_str(&entry->imports));
	if (key.failed || entry->body.failed || entry->ranges.failed || entry->versions.failed ||
		entry->imports.failed)
		return rf_err_nomem(err);
	package = package_of(b, rf_buf_str(&key));
	if (!package || !build_strs_add(b, &package->entries, rf_buf_str(&entry->body)))
		return rf_err_nomem(err);
	rf_buf_clear(&entry->ranges);
	rf_buf_clear(&entry->versions);
	rf_buf_clear(&entry->imports);
	return RF_OK;
}

int build_simple_entry(struct vuln_builder *b, struct rf_str ecosystem, struct rf_str name,
	struct rf_str id, struct rf_str fixed, struct rf_err *err)
{
	CLEANUP(build_entry_done) struct build_entry entry = {.ranges.len = 0};
	struct vuln_event events[2] = {
		{VULN_EVENT_INTRODUCED, RF_STR("0")}, {VULN_EVENT_FIXED, fixed}};
	enum vuln_scheme scheme;

	if (!vuln_scheme_find(ecosystem, &scheme)) {
		build_left_out(b, "ecosystem " RF_STR_FMT, RF_STR_ARG(ecosystem));
		return RF_OK;
	}
	if (fixed.len && !vuln_version_valid(scheme, fixed)) {
		build_widened(b, BUILD_NOT_COMPARED);
		fixed = RF_STR("");
	}
	build_entry_range(&entry, scheme, events, fixed.len ? 2 : 1);
	return build_entry_add(b, &entry, ecosystem, name, id, err);
}

struct rf_str build_text(const struct doc_node *node, const char *key)
{
	const struct doc_node *child = doc_get(node, key);

	return child && child->type == DOC_STRING ? child->text : RF_STR("");
}
