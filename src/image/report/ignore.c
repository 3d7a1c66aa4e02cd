/* Rows decode the entries; then each finding is held against each entry that names it. */
#include "image/report/ignore.h"

#include "base/map.h"
#include "doc/decode.h"
#include "doc/read.h"
#include "image/report/report.h"
#include "image/report/when.h"

#define DAY_S 86400

struct entry {
	const struct doc_node *node;
	struct rf_str id, package, location, reason, expires;
	int64_t last_s; /* the first second of the last day */
	bool expired, used;
	struct entry *next; /* with the same id */
};

#define TEXT(field, must)                                                                       \
	{                                                                                       \
		.name = #field, .kind = DOC_FIELD_STR, .offset = offsetof(struct entry, field), \
		.required = must                                                                \
	}

static const struct doc_field rows[] = {
	TEXT(id, true),
	TEXT(package, false),
	TEXT(location, false),
	TEXT(reason, true),
	TEXT(expires, true),
};
static const struct doc_schema schema = DOC_SCHEMA("an ignore entry", struct entry, rows);

struct reading {
	struct doc_decoder dec;
	struct rf_map by_id; /* to struct entry * */
	struct entry *entries;
	size_t count;
	int64_t now_s;
	bool had_document;
};

/* What the rows cannot say. */
static int check_entry(struct reading *r, struct entry *e)
{
	const struct rf_str *const needed[] = {&e->id, &e->reason};
	static const char *const names[] = {"id", "reason"};

	for (size_t i = 0; i < RF_ARRAY_LEN(needed); i++) {
		if (!needed[i]->len)
			return doc_decode_error(&r->dec, doc_field_pos(e->node, names[i]),
				"field \"%s\" of an ignore entry: is empty", names[i]);
	}
	if (!when_parse_date(e->expires, &e->last_s))
		return doc_decode_error(&r->dec, doc_field_pos(e->node, "expires"),
			"field \"expires\" of an ignore entry: expected a date such as 2027-01-31");
	e->expired = r->now_s >= e->last_s + DAY_S;
	return RF_OK;
}

static int add_entry(struct reading *r, const struct doc_node *node)
{
	struct entry *e = &r->entries[r->count];
	int rc;

	if (node->type != DOC_MAP)
		return doc_decode_error(&r->dec, doc_pos(node),
			"expected an ignore entry (a map), found %s",
			doc_type_name((enum doc_type)node->type));
	rc = doc_decode(&r->dec, &schema, node, e);
	if (rc == RF_OK)
		rc = check_entry(r, e);
	if (rc < 0)
		return rc;
	e->next = rf_map_get_ptr(&r->by_id, e->id);
	r->count++;
	return rf_map_put_ptr(&r->by_id, e->id, e) ? RF_OK : RF_EINTERNAL;
}

static int take_document(void *ctx, const struct doc_node *root)
{
	struct reading *r = ctx;
	int rc = RF_OK;

	if (r->had_document || root->type != DOC_SEQ) {
		doc_decode_error(&r->dec, doc_pos(root), "expected one list of ignore entries");
		return RF_OK;
	}
	r->had_document = true;
	if (root->count > IGNORE_MAX_ENTRIES) {
		doc_decode_error(
			&r->dec, doc_pos(root), "more than %d entries", IGNORE_MAX_ENTRIES);
		return RF_OK;
	}
	r->entries = rf_arena_array(r->dec.arena, root->count + 1, sizeof(*r->entries));
	if (!r->entries)
		return RF_EINTERNAL;
	for (const struct doc_node *node = root->first; node && rc != RF_EINTERNAL;
		node = node->next)
		rc = add_entry(r, node);
	return rc == RF_EINTERNAL ? rc : RF_OK;
}

static int read_file(struct reading *r, struct rf_str text, const char *file)
{
	size_t errors = r->dec.diags->error_count;
	int rc;

	if (text.len > IGNORE_MAX_FILE)
		return rf_diag_add(r->dec.diags, RF_ERROR, (struct rf_pos){.file = file},
			"larger than %zu bytes", IGNORE_MAX_FILE);
	rc = doc_read_yaml(text, file, r->dec.arena, r->dec.diags, take_document, r);
	if (rc == RF_OK && r->dec.diags->error_count > errors)
		rc = RF_EINPUT;
	return rc;
}

static bool matches(const struct entry *e, const struct scan_package *p)
{
	if (e->package.len && !rf_str_eq(e->package, p->name) && !rf_str_eq(e->package, p->source))
		return false;
	return !e->location.len || rf_str_eq(e->location, p->location);
}

/* One that speaks of the package under that name and has not expired; NULL: none. */
static struct entry *entry_of(const struct reading *r, const struct scan_report *report,
	const struct scan_finding *f, struct rf_str name)
{
	struct entry *found = NULL;

	for (struct entry *e = rf_map_get_ptr(&r->by_id, name); e; e = e->next) {
		if (!matches(e, &report->packages[f->package]))
			continue;
		e->used = true;
		if (!e->expired && !found)
			found = e;
	}
	return found;
}

static int suppress(struct scan_report *report, const struct entry *by, struct rf_str *ret)
{
	*ret = rf_arena_printf(report->arena, "ignored until " RF_STR_FMT ": " RF_STR_FMT,
		RF_STR_ARG(by->expires), RF_STR_ARG(by->reason));
	return ret->ptr ? RF_OK : RF_EINTERNAL;
}

/*
 * By one of the finding's names. An advisory may stand for several CVEs, and an entry about one of
 * them says nothing about the others: it takes one for each, or one by the advisory's own name.
 */
static int ignore_finding(
	const struct reading *r, struct scan_report *report, struct scan_finding *f)
{
	struct entry *by = entry_of(r, report, f, f->id), *cve = NULL;
	bool all_cves = true;

	for (size_t i = 0; i < f->aliases.count; i++) {
		struct rf_str name = f->aliases.items[i];
		struct entry *e = entry_of(r, report, f, name);

		if (report_is_cve(name)) {
			all_cves &= e != NULL;
			cve = e ? e : cve;
		} else if (!by) {
			by = e;
		}
	}
	if (!by && all_cves)
		by = cve;
	return by && !f->suppressed.len ? suppress(report, by, &f->suppressed) : RF_OK;
}

static int ignore_findings(
	const struct reading *r, struct scan_report *report, struct ignore_result *ret)
{
	int rc = RF_OK;

	for (size_t i = 0; i < report->finding_count && rc == RF_OK; i++) {
		struct scan_finding *f = &report->findings[i];
		bool counted = report_counts(f);

		rc = ignore_finding(r, report, f);
		ret->suppressed += counted && !report_counts(f);
	}
	return rc;
}

static int ignore_file(const struct reading *r, struct scan_report *report, struct scan_file *f)
{
	struct rf_str id = rf_str_of(scan_file_kind_name(f->kind));
	const struct entry *by = NULL;

	for (struct entry *e = rf_map_get_ptr(&r->by_id, id); e; e = e->next) {
		if (e->package.len || (e->location.len && !rf_str_eq(e->location, f->location)))
			continue;
		e->used = true;
		by = by || e->expired ? by : e;
	}
	return by ? suppress(report, by, &f->suppressed) : RF_OK;
}

static int ignore_files(
	const struct reading *r, struct scan_report *report, struct ignore_result *ret)
{
	int rc = RF_OK;

	for (size_t i = 0; i < report->file_count && rc == RF_OK; i++) {
		struct scan_file *f = &report->files[i];

		if (f->kind != SCAN_FILE_PACKED || f->suppressed.len)
			continue;
		rc = ignore_file(r, report, f);
		ret->suppressed += f->suppressed.len > 0;
	}
	return rc;
}

/* Entries that have expired, or those that were not used. */
static int list_entries(const struct reading *r, struct rf_arena *arena, const char *file,
	bool expired, struct scan_strs *ret)
{
	ret->items = rf_arena_array(arena, r->count + 1, sizeof(*ret->items));
	if (!ret->items)
		return RF_EINTERNAL;
	for (size_t i = 0; i < r->count; i++) {
		const struct entry *e = &r->entries[i];
		struct rf_str *out = &ret->items[ret->count];

		if (expired ? !e->expired : e->expired || e->used)
			continue;
		*out = expired ? rf_arena_printf(arena,
					 "%s:%u: " RF_STR_FMT " is ignored until " RF_STR_FMT
					 ", which is over (" RF_STR_FMT ")",
					 file, e->node->line, RF_STR_ARG(e->id),
					 RF_STR_ARG(e->expires), RF_STR_ARG(e->reason))
			       : rf_arena_printf(arena,
					 "%s:%u: " RF_STR_FMT " is ignored but was not found", file,
					 e->node->line, RF_STR_ARG(e->id));
		if (!out->ptr)
			return RF_EINTERNAL;
		ret->count++;
	}
	return RF_OK;
}

int ignore_apply(struct scan_report *report, struct rf_str text, const char *file, int64_t now_s,
	struct rf_diags *diags, struct ignore_result *ret)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	struct reading r = {.dec = {.arena = arena, .diags = diags}, .now_s = now_s};
	struct ignore_result result = {.suppressed = 0};
	int rc = arena ? read_file(&r, text, file) : RF_EINTERNAL;

	if (rc == RF_OK)
		rc = ignore_findings(&r, report, &result);
	if (rc == RF_OK)
		rc = ignore_files(&r, report, &result);
	if (rc == RF_OK)
		rc = list_entries(&r, report->arena, file, true, &result.expired);
	if (rc == RF_OK)
		rc = list_entries(&r, report->arena, file, false, &result.unused);
	rf_map_done(&r.by_id);
	if (rc == RF_OK)
		*ret = result;
	return rc;
}
