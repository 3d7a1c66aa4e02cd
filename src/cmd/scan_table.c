/*
 * A report for a person: a section a place in the image, the one with the worst finding first, with
 * what mends it below; then secrets, files, configuration, and a summary at the end, where a
 * terminal leaves the eye.
 */
#include "cmd/scan_print.h"

#include "base/map.h"
#include "cmd/output.h"
#include "doc/utf8.h"
#include "image/report/report.h"

#define SUMMARY_WIDTH 60 /* columns of a vulnerability's title */

struct table {
	const struct scan_report *report;
	bool all, colour;
	struct rf_buf *out;
	size_t *shown;	/* indexes of findings, section after section */
	size_t *groups; /* by finding: its section */
	size_t shown_count;
};

static bool is_shown(const struct table *t, const struct scan_finding *f)
{
	return t->all || report_counts(f);
}

/* --- text from images --- */

/* Marks that turn the direction of text around would let a name pose as another. */
static bool is_harmless(uint32_t rune)
{
	return rune >= 0x20 && !(rune >= 0x7f && rune < 0xa0) &&
	       !(rune >= 0x202a && rune <= 0x202e) && !(rune >= 0x2066 && rune <= 0x2069) &&
	       rune != 0x200e && rune != 0x200f && rune != 0x061c;
}

void scan_add_clean(struct rf_buf *out, struct rf_str text, size_t columns)
{
	size_t at = 0, used = 0;

	while (at < text.len) {
		uint32_t rune = 0;
		size_t len = doc_utf8_decode((struct rf_str){text.ptr + at, text.len - at}, &rune);

		if (columns && ++used >= columns && at + len < text.len) {
			rf_buf_add_c(out, "\xe2\x80\xa6");
			return;
		}
		if (len && is_harmless(rune))
			rf_buf_add(out, text.ptr + at, len);
		else
			rf_buf_add_char(out, '?');
		at += len ? len : 1;
	}
}

static void cell(struct out_table *table, enum out_style style, struct rf_str text, size_t columns)
{
	AUTO_BUF clean = {.len = 0};

	scan_add_clean(&clean, text, columns);
	out_table_add(table, style, clean.failed ? "" : rf_buf_cstr(&clean));
	table->failed |= clean.failed;
}

static void styled(struct table *t, enum out_style style, struct rf_str text)
{
	AUTO_BUF clean = {.len = 0};

	scan_add_clean(&clean, text, 0);
	out_style(t->out, t->colour, style, "%s", rf_buf_cstr(&clean));
}

static void title(struct table *t, const char *text)
{
	rf_buf_add_char(t->out, '\n');
	out_style(t->out, t->colour, OUT_BOLD, "%s", text);
	rf_buf_add_char(t->out, '\n');
}

/* ", layer 3 of 5 (COPY app /app)" */
static void add_layer(struct table *t, uint32_t layer)
{
	const struct scan_report *r = t->report;

	if (layer >= r->layer_count)
		return;
	rf_buf_addf(t->out, ", layer %u of %zu", layer + 1, r->layer_count);
	if (!r->layers[layer].created_by.len)
		return;
	rf_buf_add_c(t->out, " (");
	scan_add_clean(t->out, r->layers[layer].created_by, SUMMARY_WIDTH);
	rf_buf_add_char(t->out, ')');
}

/* Prints table two columns to the right, and frees it. */
static void print_indented(struct table *t, struct out_table *table)
{
	AUTO_BUF text = {.len = 0};
	struct rf_str rest;

	out_table_print(table, t->colour, &text);
	out_table_done(table);
	t->out->failed |= text.failed;
	rest = rf_buf_str(&text);
	while (rest.len) {
		struct rf_str line;

		rest = rf_str_cut(rest, '\n', &line);
		rf_buf_addf(t->out, "  " RF_STR_FMT "\n", RF_STR_ARG(line));
	}
}

/* --- findings --- */

static enum out_style style_of(const struct scan_finding *f)
{
	if (!report_counts(f))
		return OUT_FAINT;
	switch (f->level) {
	case VULN_LEVEL_CRITICAL:
	case VULN_LEVEL_HIGH: return OUT_BAD;
	case VULN_LEVEL_MEDIUM:
	case VULN_LEVEL_UNRATED: return OUT_WARN;
	case VULN_LEVEL_LOW:
	case VULN_LEVEL_NONE: return OUT_PLAIN;
	}
	return OUT_PLAIN;
}

static void add_level(struct out_table *table, const struct scan_finding *f)
{
	const char *exploited = f->known_exploited ? " exploited!" : "";

	if (f->level == VULN_LEVEL_UNRATED)
		out_table_addf(table, style_of(f), "unrated%s", exploited);
	else
		out_table_addf(table, style_of(f), "%s %u.%u%s", vuln_level_name(f->level),
			f->score_tenths / 10, f->score_tenths % 10, exploited);
}

static void add_fixed(struct out_table *table, const struct scan_strs *fixed)
{
	AUTO_BUF text = {.len = 0};

	for (size_t i = 0; i < fixed->count; i++) {
		if (i)
			rf_buf_add_c(&text, ", ");
		rf_buf_add_str(&text, fixed->items[i]);
	}
	if (fixed->count)
		cell(table, OUT_GOOD, rf_buf_str(&text), SUMMARY_WIDTH);
	else
		out_table_add(table, OUT_FAINT, "no fix");
}

static void add_finding(struct table *t, struct out_table *table, const struct scan_finding *f)
{
	const struct scan_package *p = &t->report->packages[f->package];

	add_level(table, f);
	cell(table, OUT_PLAIN, f->id, 0);
	out_table_add(table, report_counts(f) ? OUT_PLAIN : OUT_FAINT, scan_tier_name(f->tier));
	cell(table, OUT_PLAIN, p->name, 0);
	cell(table, OUT_PLAIN, p->version, 0);
	add_fixed(table, &f->fixed);
	if (f->suppressed.len)
		cell(table, OUT_FAINT, f->suppressed, 0);
	else
		cell(table, OUT_PLAIN, f->summary, SUMMARY_WIDTH);
}

/* "fix: ..." of the findings [0, count) of one package. */
static void add_fix(struct table *t, const size_t *findings, size_t count)
{
	const struct scan_report *r = t->report;
	struct rf_str version = report_mend(r, findings, count);
	size_t unfixed = 0;
	AUTO_BUF advice = {.len = 0};

	for (size_t i = 0; i < count; i++)
		unfixed += r->findings[findings[i]].fixed.count == 0;
	report_advice_for(&r->packages[r->findings[findings[0]].package], version, &advice);
	rf_buf_add_c(t->out, "  fix: ");
	styled(t, version.len ? OUT_GOOD : OUT_FAINT, rf_buf_str(&advice));
	if (count > 1)
		rf_buf_addf(t->out, " (mends %zu)", count - unfixed);
	rf_buf_add_char(t->out, '\n');
}

struct by_package {
	size_t package, finding;
};

static int compare_by_package(const void *left, const void *right)
{
	const struct by_package *a = left, *b = right;

	if (a->package != b->package)
		return a->package < b->package ? -1 : 1;
	return (a->finding > b->finding) - (a->finding < b->finding);
}

/* One line a package of the section: those of its findings that count. */
static void add_fixes(struct table *t, const size_t *findings, size_t count)
{
	AUTO_FREE struct by_package *sorted = calloc(count, sizeof(*sorted));
	AUTO_FREE size_t *run = calloc(count, sizeof(*run));
	size_t used = 0, run_count = 0;

	if (!sorted || !run) {
		t->out->failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const struct scan_finding *f = &t->report->findings[findings[i]];

		if (report_counts(f))
			sorted[used++] = (struct by_package){f->package, findings[i]};
	}
	qsort(sorted, used, sizeof(*sorted), compare_by_package);
	for (size_t i = 0; i < used; i++) {
		run[run_count++] = sorted[i].finding;
		if (i + 1 < used && sorted[i + 1].package == sorted[i].package)
			continue;
		add_fix(t, run, run_count);
		run_count = 0;
	}
}

/* The findings of one place. */
static void add_section(struct table *t, const size_t *findings, size_t count)
{
	static const char *const columns[] = {
		"LEVEL", "VULNERABILITY", "TIER", "PACKAGE", "VERSION", "FIXED IN", "WHAT"};
	const struct scan_report *r = t->report;
	const struct scan_package *p = &r->packages[r->findings[findings[0]].package];
	struct out_table table = {.columns = RF_ARRAY_LEN(columns)};

	rf_buf_add_char(t->out, '\n');
	styled(t, OUT_BOLD, p->location);
	add_layer(t, p->layer);
	rf_buf_add_char(t->out, '\n');
	for (size_t i = 0; i < RF_ARRAY_LEN(columns); i++)
		out_table_add(&table, OUT_FAINT, columns[i]);
	for (size_t i = 0; i < count; i++)
		add_finding(t, &table, &r->findings[findings[i]]);
	print_indented(t, &table);
	add_fixes(t, findings, count);
}

/* The section of package p: a place in one layer. False when memory ran out. */
static bool find_section(struct rf_map *sections, struct rf_arena *keys,
	const struct scan_package *p, uintptr_t *ret)
{
	struct rf_str key =
		rf_arena_printf(keys, "%u " RF_STR_FMT, p->layer, RF_STR_ARG(p->location));

	*ret = sections->count;
	return key.ptr && (rf_map_get(sections, key, ret) || rf_map_put(sections, key, *ret));
}

/*
 * Findings are sorted by level: sections in the order of their first finding are in the order of
 * their worst. Counting them out by section keeps that order in each.
 */
static bool group(struct table *t, size_t *starts)
{
	const struct scan_report *r = t->report;
	AUTO_MAP sections = {.cap = 0};
	AUTO_ARENA *keys = rf_arena_new(0);

	for (size_t i = 0; i < r->finding_count; i++) {
		uintptr_t section;

		if (!is_shown(t, &r->findings[i]))
			continue;
		if (!keys || !find_section(&sections, keys, &r->packages[r->findings[i].package],
				     &section))
			return false;
		t->groups[i] = section;
		starts[section + 1]++;
		t->shown_count++;
	}
	for (size_t i = 0; i < sections.count; i++)
		starts[i + 1] += starts[i];
	for (size_t i = 0; i < r->finding_count; i++) {
		if (is_shown(t, &r->findings[i]))
			t->shown[starts[t->groups[i]]++] = i;
	}
	return true;
}

static void add_findings(struct table *t)
{
	size_t room = t->report->finding_count + 2, end;
	AUTO_FREE size_t *shown = calloc(room, sizeof(*shown));
	AUTO_FREE size_t *groups = calloc(room, sizeof(*groups));
	AUTO_FREE size_t *starts = calloc(room, sizeof(*starts));

	t->shown = shown;
	t->groups = groups;
	if (!shown || !groups || !starts || !group(t, starts)) {
		t->out->failed = true;
		return;
	}
	for (size_t first = 0; first < t->shown_count; first = end) {
		end = first + 1;
		while (end < t->shown_count && groups[shown[end]] == groups[shown[first]])
			end++;
		add_section(t, &shown[first], end - first);
	}
}

/* --- the rest --- */

static void add_place(struct out_table *table, const struct scan_report *r, struct rf_str location,
	uint32_t line, uint32_t layer)
{
	AUTO_BUF text = {.len = 0};

	rf_buf_add_str(&text, location);
	if (line)
		rf_buf_addf(&text, ":%u", line);
	cell(table, OUT_PLAIN, rf_buf_str(&text), 0);
	if (layer < r->layer_count)
		out_table_addf(table, OUT_FAINT, "layer %u", layer + 1);
	else
		out_table_add(table, OUT_FAINT, "");
}

static void add_secrets(struct table *t)
{
	const struct scan_report *r = t->report;
	struct out_table table = {.columns = 6};

	if (!r->secret_count)
		return;
	title(t, "Secrets");
	for (size_t i = 0; i < r->secret_count; i++) {
		const struct scan_secret *s = &r->secrets[i];

		cell(&table, OUT_BAD, s->severity, 0);
		add_place(&table, r, s->location, s->line, s->layer);
		cell(&table, OUT_PLAIN, s->title, 0);
		cell(&table, OUT_FAINT, s->redacted, 0);
		cell(&table, OUT_FAINT,
			s->removed ? RF_STR("removed by a higher layer") : RF_STR(""), 0);
	}
	print_indented(t, &table);
}

static void add_files(struct table *t)
{
	const struct scan_report *r = t->report;
	struct out_table table = {.columns = 6};
	AUTO_BUF what = {.len = 0};

	if (!r->file_count)
		return;
	title(t, "Files");
	for (size_t i = 0; i < r->file_count; i++) {
		const struct scan_file *f = &r->files[i];

		out_table_add(&table, OUT_WARN, scan_file_kind_name(f->kind));
		add_place(&table, r, f->location, 0, f->layer);
		out_table_addf(&table, OUT_PLAIN, "%04o", f->mode);
		out_table_addf(&table, OUT_PLAIN, "%u:%u", f->uid, f->gid);
		rf_buf_clear(&what);
		rf_buf_add_str(&what, f->detail);
		if (f->suppressed.len)
			rf_buf_addf(&what, " (" RF_STR_FMT ")", RF_STR_ARG(f->suppressed));
		cell(&table, OUT_PLAIN, rf_buf_str(&what), 0);
	}
	print_indented(t, &table);
}

static void add_list(struct table *t, const char *name, const struct scan_strs *strs)
{
	if (!strs->count)
		return;
	title(t, name);
	for (size_t i = 0; i < strs->count; i++) {
		rf_buf_add_c(t->out, "  ");
		scan_add_clean(t->out, strs->items[i], 0);
		rf_buf_add_char(t->out, '\n');
	}
}

static void add_head(struct table *t)
{
	const struct pkg_os *os = &t->report->os;

	styled(t, OUT_BOLD, t->report->target);
	if (os->pretty[0] || os->id[0]) {
		rf_buf_add_c(t->out, "  ");
		scan_add_clean(t->out, rf_str_of(os->pretty[0] ? os->pretty : os->id), 0);
	}
	rf_buf_addf(t->out, "  %zu package%s\n", t->report->package_count,
		t->report->package_count == 1 ? "" : "s");
	if (t->report->digest.len) {
		styled(t, OUT_FAINT, t->report->digest);
		rf_buf_add_char(t->out, '\n');
	}
}

void scan_table(const struct scan_report *report, bool all, bool colour, struct rf_buf *out)
{
	struct table t = {.report = report, .all = all, .colour = colour, .out = out};

	add_head(&t);
	add_findings(&t);
	add_secrets(&t);
	add_files(&t);
	add_list(&t, "Configuration", &report->config.problems);
	add_list(&t, "Notes", &report->notes);
	scan_summary(report, all, colour, out);
}

void scan_table_packages(const struct scan_report *report, bool colour, struct rf_buf *out)
{
	static const char *const columns[] = {"PACKAGE", "VERSION", "ECOSYSTEM", "WHERE", "LAYER"};
	struct out_table table = {.columns = RF_ARRAY_LEN(columns)};

	for (size_t i = 0; i < RF_ARRAY_LEN(columns); i++)
		out_table_add(&table, OUT_FAINT, columns[i]);
	for (size_t i = 0; i < report->package_count; i++) {
		const struct scan_package *p = &report->packages[i];

		cell(&table, OUT_PLAIN, p->name, 0);
		cell(&table, OUT_PLAIN, p->version, 0);
		cell(&table, OUT_PLAIN, p->ecosystem, 0);
		add_place(&table, report, p->location, 0, p->layer);
	}
	out_table_print(&table, colour, out);
	out_table_done(&table);
}
