/*
 * One page for a browser: nothing is loaded and nothing runs, which a content security policy in
 * the page itself insists on. All text goes through html().
 */
#include "image/report/report_int.h"

#include "doc/utf8.h"

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";

static const char style[] =
	"<style>\n"
	"body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:78em;padding:0 1em;"
	"color:#1c2430;background:#fff}\n"
	"h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}\n"
	"table{border-collapse:collapse;width:100%}\n"
	"th,td{text-align:left;vertical-align:top;padding:.35em .8em .35em 0;"
	"border-bottom:1px solid #dde3ea}\n"
	"th{font-weight:600;color:#5a6675}\n"
	"code{font:13px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}\n"
	".critical,.high{color:#b3122a;font-weight:600}.medium,.unrated{color:#9a5b00;"
	"font-weight:600}.low,.none{color:#5a6675}\n"
	".off{opacity:.6}.note{color:#5a6675}\n"
	"@media(prefers-color-scheme:dark){body{color:#dfe6ee;background:#12161c}"
	"th,.note,.low,.none{color:#93a1b1}th,td{border-color:#2a323c}"
	".critical,.high{color:#ff7b8a}.medium,.unrated{color:#f0b35a}}\n"
	"</style>\n";

/* Marks that turn the direction of text around would let a name pose as another. */
static bool is_direction_mark(uint32_t rune)
{
	return (rune >= 0x202a && rune <= 0x202e) || (rune >= 0x2066 && rune <= 0x2069) ||
	       rune == 0x200e || rune == 0x200f || rune == 0x061c;
}

static void html(struct rf_buf *out, struct rf_str text)
{
	size_t at = 0;

	while (at < text.len) {
		uint32_t rune = 0;
		struct rf_str rest = {text.ptr + at, text.len - at};
		size_t len = doc_utf8_decode(rest, &rune);

		if (len == 0 || rune < 0x20 || (rune >= 0x7f && rune < 0xa0) ||
			is_direction_mark(rune))
			rf_buf_add_c(out, "\xef\xbf\xbd");
		else if (strchr("&<>\"'", (int)(rune < 0x80 ? rune : 'x')))
			rf_buf_addf(out, "&#%u;", (unsigned)rune);
		else
			rf_buf_add(out, rest.ptr, len);
		at += len ? len : 1;
	}
}

static void element(struct rf_buf *out, const char *name, struct rf_str text)
{
	rf_buf_addf(out, "<%s>", name);
	html(out, text);
	rf_buf_addf(out, "</%s>", name);
}

static void cell_code(struct rf_buf *out, struct rf_str text)
{
	rf_buf_add_c(out, "<td>");
	element(out, "code", text);
	rf_buf_add_c(out, "</td>");
}

/* "Layer 3 of 5: COPY app /app", or nothing. */
static void layer_note(const struct scan_report *r, uint32_t layer, struct rf_buf *out)
{
	if (layer >= r->layer_count)
		return;
	rf_buf_addf(out, "<br><span class=\"note\">layer %u of %zu", layer + 1, r->layer_count);
	if (r->layers[layer].created_by.len) {
		rf_buf_add_c(out, ": ");
		html(out, r->layers[layer].created_by);
	}
	rf_buf_add_c(out, "</span>");
}

static void finding_id(const struct scan_finding *f, struct rf_buf *out)
{
	AUTO_BUF url = {.len = 0};

	report_url(f->id, &url);
	rf_buf_add_c(out, "<td><a rel=\"noreferrer\" href=\"");
	html(out, rf_buf_str(&url));
	rf_buf_add_c(out, "\">");
	html(out, f->id);
	rf_buf_add_c(out, "</a>");
	for (size_t i = 0; i < f->aliases.count; i++) {
		rf_buf_add_c(out, "<br><span class=\"note\">");
		html(out, f->aliases.items[i]);
		rf_buf_add_c(out, "</span>");
	}
	rf_buf_add_c(out, "</td>");
}

static void finding_tier(const struct scan_finding *f, struct rf_buf *out)
{
	const struct scan_strs *lists[] = {&f->symbols, &f->path};

	rf_buf_addf(out, "<td>%s", scan_tier_name(f->tier));
	for (size_t l = 0; l < RF_ARRAY_LEN(lists); l++) {
		if (!lists[l]->count)
			continue;
		rf_buf_addf(out, "<details><summary>%s</summary>", l ? "path" : "symbols");
		for (size_t i = 0; i < lists[l]->count; i++) {
			element(out, "code", lists[l]->items[i]);
			rf_buf_add_c(out, "<br>");
		}
		rf_buf_add_c(out, "</details>");
	}
	rf_buf_add_c(out, "</td>");
}

static void finding_row(
	const struct scan_report *r, const struct scan_finding *f, struct rf_buf *out)
{
	const struct scan_package *p = report_package(r, f);
	const char *level = vuln_level_name(f->level);
	char score[REPORT_SCORE_SIZE];
	AUTO_BUF advice = {.len = 0};

	report_advice(r, f, &advice);
	rf_buf_addf(out, "<tr%s><td class=\"%s\">%s %s%s</td>",
		report_counts(f) ? "" : " class=\"off\"", level, level, report_score(f, score),
		f->known_exploited ? "<br>known to be exploited" : "");
	finding_id(f, out);
	finding_tier(f, out);
	rf_buf_add_c(out, "<td>");
	element(out, "code", p->name);
	rf_buf_add_char(out, ' ');
	element(out, "code", p->version);
	rf_buf_add_c(out, "<br>");
	html(out, f->summary);
	rf_buf_add_c(out, "</td><td>");
	element(out, "code", p->location);
	layer_note(r, p->layer, out);
	rf_buf_add_c(out, "</td><td>");
	element(out, "code", rf_buf_str(&advice));
	if (f->suppressed.len) {
		rf_buf_add_c(out, "<br><span class=\"note\">does not count: ");
		html(out, f->suppressed);
		rf_buf_add_c(out, "</span>");
	}
	rf_buf_add_c(out, "</td></tr>\n");
}

static void table_begin(struct rf_buf *out, const char *title, const char *const *columns)
{
	rf_buf_addf(out, "<h2>%s</h2>\n<table>\n<tr>", title);
	for (; *columns; columns++)
		rf_buf_addf(out, "<th>%s</th>", *columns);
	rf_buf_add_c(out, "</tr>\n");
}

static void write_findings(const struct scan_report *r, struct rf_buf *out)
{
	static const char *const columns[] = {
		"Level", "Vulnerability", "Tier", "Package", "Where", "What to do", NULL};

	if (!r->finding_count) {
		rf_buf_add_c(out, "<p>No known vulnerabilities were found.</p>\n");
		return;
	}
	table_begin(out, "Vulnerabilities", columns);
	for (size_t i = 0; i < r->finding_count; i++)
		finding_row(r, &r->findings[i], out);
	rf_buf_add_c(out, "</table>\n");
}

static void write_secrets(const struct scan_report *r, struct rf_buf *out)
{
	static const char *const columns[] = {"Severity", "Secret", "Where", "Beginning", NULL};

	if (!r->secret_count)
		return;
	table_begin(out, "Secrets", columns);
	for (size_t i = 0; i < r->secret_count; i++) {
		const struct scan_secret *s = &r->secrets[i];

		rf_buf_add_c(out, "<tr>");
		element(out, "td", s->severity);
		element(out, "td", s->title);
		rf_buf_add_c(out, "<td>");
		element(out, "code", s->location);
		if (s->line)
			rf_buf_addf(out, " line %u", s->line);
		layer_note(r, s->layer, out);
		if (s->removed)
			rf_buf_add_c(out, ", removed by a higher layer");
		rf_buf_add_c(out, "</td>");
		cell_code(out, s->redacted);
		rf_buf_add_c(out, "</tr>\n");
	}
	rf_buf_add_c(out, "</table>\n");
}

static void write_files(const struct scan_report *r, struct rf_buf *out)
{
	static const char *const columns[] = {"What", "Where", "Mode", "Owner", "Detail", NULL};

	if (!r->file_count)
		return;
	table_begin(out, "Files", columns);
	for (size_t i = 0; i < r->file_count; i++) {
		const struct scan_file *f = &r->files[i];

		rf_buf_addf(out, "<tr><td>%s</td><td>", scan_file_kind_name(f->kind));
		element(out, "code", f->location);
		layer_note(r, f->layer, out);
		rf_buf_addf(out, "</td><td>%04o</td><td>%u:%u</td>", f->mode, f->uid, f->gid);
		element(out, "td", f->suppressed.len ? f->suppressed : f->detail);
		rf_buf_add_c(out, "</tr>\n");
	}
	rf_buf_add_c(out, "</table>\n");
}

static void write_packages(const struct scan_report *r, struct rf_buf *out)
{
	static const char *const columns[] = {"Package", "Version", "Ecosystem", "Where", NULL};

	table_begin(out, "Packages", columns);
	for (size_t i = 0; i < r->package_count; i++) {
		const struct scan_package *p = &r->packages[i];

		rf_buf_add_c(out, "<tr>");
		cell_code(out, p->name);
		cell_code(out, p->version);
		element(out, "td", p->ecosystem);
		cell_code(out, p->location);
		rf_buf_add_c(out, "</tr>\n");
	}
	rf_buf_add_c(out, "</table>\n");
}

static void write_list(struct rf_buf *out, const char *title, const struct scan_strs *strs)
{
	if (!strs->count)
		return;
	rf_buf_addf(out, "<h2>%s</h2>\n<ul>\n", title);
	for (size_t i = 0; i < strs->count; i++) {
		element(out, "li", strs->items[i]);
		rf_buf_add_char(out, '\n');
	}
	rf_buf_add_c(out, "</ul>\n");
}

static void write_summary(const struct scan_report *r, struct rf_buf *out)
{
	rf_buf_add_c(out, "<p>");
	element(out, "code", r->digest);
	if (r->os.pretty[0] || r->os.id[0]) {
		rf_buf_add_c(out, "<br>");
		html(out, rf_str_of(r->os.pretty[0] ? r->os.pretty : r->os.id));
	}
	rf_buf_addf(out, "<br>%zu packages", r->package_count);
	if (r->database.present) {
		rf_buf_add_c(out, ", vulnerability database of ");
		html(out, r->database.built);
	} else {
		rf_buf_add_c(out, ", no vulnerability database");
	}
	rf_buf_add_c(out, "</p>\n");
}

void report_html(const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out)
{
	rf_buf_add_c(out, head);
	element(out, "title", r->target);
	rf_buf_add_char(out, '\n');
	rf_buf_add_c(out, style);
	rf_buf_add_c(out, "</head>\n<body>\n");
	element(out, "h1", r->target);
	rf_buf_add_char(out, '\n');
	write_summary(r, out);
	if (!opts->bom_only) {
		write_findings(r, out);
		write_secrets(r, out);
		write_files(r, out);
		write_list(out, "Configuration", &r->config.problems);
	}
	write_packages(r, out);
	write_list(out, "Notes", &r->notes);
	rf_buf_add_c(
		out, "<p class=\"note\">" REPORT_TOOL " " RF_VERSION "</p>\n</body>\n</html>\n");
}
