/*
 * Reports: names, memory and order. Every comparison goes on to the last field that could differ,
 * because qsort() keeps no order of its own and equal images must give equal bytes.
 */
#include "image/scan/report.h"

#define REPORT_MAX_BYTES ((size_t)2 << 30)

static const char *const tier_names[] = {
	[SCAN_TIER_ABSENT] = "absent",
	[SCAN_TIER_LINKED] = "linked",
	[SCAN_TIER_PATH] = "path",
	[SCAN_TIER_UNKNOWN] = "unknown",
};

static const char *const file_kind_names[] = {
	[SCAN_FILE_SETUID] = "setuid",
	[SCAN_FILE_SETGID] = "setgid",
	[SCAN_FILE_WORLD_WRITABLE] = "world-writable",
	[SCAN_FILE_WORLD_WRITABLE_DIR] = "world-writable-directory",
	[SCAN_FILE_CAPABILITY] = "capability",
	[SCAN_FILE_FOREIGN_BINARY] = "foreign-binary",
	[SCAN_FILE_UNREADABLE] = "unreadable",
	[SCAN_FILE_PACKED] = "packed",
};

const char *scan_tier_name(enum scan_tier tier)
{
	return (size_t)tier < RF_ARRAY_LEN(tier_names) ? tier_names[tier] : "unknown";
}

bool scan_tier_find(struct rf_str name, enum scan_tier *ret)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(tier_names); i++) {
		if (rf_str_is(name, tier_names[i])) {
			*ret = (enum scan_tier)i;
			return true;
		}
	}
	return false;
}

const char *scan_file_kind_name(enum scan_file_kind kind)
{
	return (size_t)kind < RF_ARRAY_LEN(file_kind_names) ? file_kind_names[kind] : "unreadable";
}

struct scan_report *scan_report_new(void)
{
	AUTO_ARENA *arena = rf_arena_new(REPORT_MAX_BYTES);
	struct scan_report *report = arena ? rf_arena_new_of(arena, struct scan_report) : NULL;

	if (!report)
		return NULL;
	report->arena = TAKE_PTR(arena);
	return report;
}

void scan_report_free(struct scan_report *report)
{
	if (report)
		rf_arena_free(report->arena);
}

void scan_report_freep(struct scan_report **report)
{
	scan_report_free(*report);
	*report = NULL;
}

/* --- order --- */

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* The first pair that differs decides. */
static int compare_texts(const struct rf_str *const pairs[][2], size_t count)
{
	int order = 0;

	for (size_t i = 0; i < count && order == 0; i++)
		order = rf_str_cmp(*pairs[i][0], *pairs[i][1]);
	return order;
}

/* A package and where it was before. */
struct moved {
	struct scan_package package;
	uint32_t was;
};

static int compare_packages(const void *left, const void *right)
{
	const struct scan_package *a = &((const struct moved *)left)->package;
	const struct scan_package *b = &((const struct moved *)right)->package;
	const struct rf_str *const pairs[][2] = {
		{&a->location, &b->location},
		{&a->ecosystem, &b->ecosystem},
		{&a->name, &b->name},
		{&a->version, &b->version},
		{&a->arch, &b->arch},
		{&a->source, &b->source},
		{&a->source_version, &b->source_version},
		{&a->replaces, &b->replaces},
		{&a->checksum, &b->checksum},
		{&a->license, &b->license},
	};
	int order = compare_texts(pairs, RF_ARRAY_LEN(pairs));

	if (order == 0)
		order = compare_numbers(a->type, b->type);
	if (order == 0)
		order = compare_numbers(a->role, b->role);
	return order ? order : compare_numbers(a->layer, b->layer);
}

static int compare_findings(const void *left, const void *right)
{
	const struct scan_finding *a = left, *b = right;
	int order = compare_numbers(b->level, a->level);

	if (order == 0)
		order = rf_str_cmp(a->id, b->id);
	if (order == 0)
		order = compare_numbers(a->package, b->package);
	return order ? order : compare_numbers(a->tier, b->tier);
}

static int compare_secrets(const void *left, const void *right)
{
	const struct scan_secret *a = left, *b = right;
	int order = rf_str_cmp(a->location, b->location);

	if (order == 0)
		order = compare_numbers(a->line, b->line);
	if (order == 0)
		order = compare_numbers(a->column, b->column);
	if (order == 0)
		order = rf_str_cmp(a->rule, b->rule);
	if (order == 0)
		order = rf_str_cmp(a->redacted, b->redacted);
	return order ? order : compare_numbers(a->layer, b->layer);
}

static int compare_files(const void *left, const void *right)
{
	const struct scan_file *a = left, *b = right;
	int order = rf_str_cmp(a->location, b->location);

	if (order == 0)
		order = compare_numbers(a->kind, b->kind);
	if (order == 0)
		order = rf_str_cmp(a->detail, b->detail);
	return order ? order : compare_numbers(a->layer, b->layer);
}

/* qsort() takes no NULL, which an empty list may be. */
static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	if (count)
		qsort(items, count, size, compare);
}

/* moved to their places; now_at[old index] is the new one. */
static void place_packages(struct scan_report *report, struct moved *moved, uint32_t *now_at)
{
	for (size_t i = 0; i < report->package_count; i++)
		moved[i] = (struct moved){.package = report->packages[i], .was = (uint32_t)i};
	sort(moved, report->package_count, sizeof(*moved), compare_packages);
	for (size_t i = 0; i < report->package_count; i++) {
		report->packages[i] = moved[i].package;
		now_at[moved[i].was] = (uint32_t)i;
	}
}

static int sort_packages(struct scan_report *report)
{
	size_t count = report->package_count;
	AUTO_FREE struct moved *moved = calloc(count ? count : 1, sizeof(*moved));
	AUTO_FREE uint32_t *now_at = calloc(count ? count : 1, sizeof(*now_at));

	if (!moved || !now_at || count > UINT32_MAX)
		return RF_EINTERNAL;
	for (size_t i = 0; i < report->finding_count; i++) {
		if (report->findings[i].package >= count)
			return RF_EINTERNAL;
	}
	place_packages(report, moved, now_at);
	for (size_t i = 0; i < report->finding_count; i++)
		report->findings[i].package = now_at[report->findings[i].package];
	return RF_OK;
}

int scan_report_sort(struct scan_report *report)
{
	int rc = sort_packages(report);

	if (rc < 0)
		return rc;
	sort(report->findings, report->finding_count, sizeof(*report->findings), compare_findings);
	sort(report->secrets, report->secret_count, sizeof(*report->secrets), compare_secrets);
	sort(report->files, report->file_count, sizeof(*report->files), compare_files);
	return RF_OK;
}
