/*
 * CycloneDX 1.6 (cyclonedx.org/docs/1.6/json): the target, its packages, which main module holds
 * which module, and one vulnerability a finding with its analysis. The VEX form is the same
 * document with the packages that findings name and nothing else.
 */
#include "image/report/report_int.h"

struct cdx {
	const struct scan_report *r;
	const struct report_opts *opts;
	const struct report_refs *refs;
	struct json_writer w;
	bool *wanted; /* by package; NULL: all of them */
};

static bool is_wanted(const struct cdx *c, size_t package)
{
	return !c->wanted || c->wanted[package];
}

static void property(struct json_writer *w, const char *name, struct rf_str value)
{
	if (!value.len)
		return;
	json_object_begin(w);
	json_key(w, "name");
	json_strf(w, REPORT_TOOL ":%s", name);
	json_field_str(w, "value", value);
	json_object_end(w);
}

static void properties_begin(struct json_writer *w)
{
	json_key(w, "properties");
	json_array_begin(w);
}

/* --- the target --- */

static void write_root_properties(struct cdx *c)
{
	properties_begin(&c->w);
	property(&c->w, "target", c->r->target);
	property(&c->w, "architecture", c->r->config.architecture);
	property(&c->w, "database", c->r->database.digest);
	for (size_t i = 0; i < c->r->layer_count; i++)
		property(&c->w, "layer", c->r->layers[i].diff_id);
	json_array_end(&c->w);
}

static void write_root(struct cdx *c)
{
	struct json_writer *w = &c->w;
	char hex[REPORT_DIGEST_SIZE];

	json_key(w, "component");
	json_object_begin(w);
	json_field_c(w, "type", c->r->config.present ? "container" : "application");
	json_field_str(w, "bom-ref", c->refs->root.text);
	json_field_str(w, "name", c->refs->name);
	report_str_some(w, "version", c->r->digest);
	if (report_digest_hex(c->r->digest, hex)) {
		json_key(w, "hashes");
		json_array_begin(w);
		json_object_begin(w);
		json_field_c(w, "alg", "SHA-256");
		json_field_c(w, "content", hex);
		json_object_end(w);
		json_array_end(w);
	}
	json_field_str(w, "purl", c->refs->root.purl);
	write_root_properties(c);
	json_object_end(w);
}

static void write_metadata(struct cdx *c)
{
	struct json_writer *w = &c->w;
	char time[WHEN_TEXT_SIZE];

	json_key(w, "metadata");
	json_object_begin(w);
	if (c->opts->epoch_s >= 0)
		json_field_c(w, "timestamp", when_text(c->opts->epoch_s, time));
	json_key(w, "tools");
	json_object_begin(w);
	json_key(w, "components");
	json_array_begin(w);
	json_object_begin(w);
	json_field_c(w, "type", "application");
	json_field_c(w, "name", REPORT_TOOL);
	json_field_c(w, "version", RF_VERSION);
	json_object_end(w);
	json_array_end(w);
	json_object_end(w);
	write_root(c);
	json_object_end(w);
}

/* --- packages --- */

static void write_license(struct json_writer *w, struct rf_str license)
{
	if (!license.len)
		return;
	json_key(w, "licenses");
	json_array_begin(w);
	json_object_begin(w);
	json_key(w, "license");
	json_object_begin(w);
	json_field_str(w, "name", license);
	json_object_end(w);
	json_object_end(w);
	json_array_end(w);
}

static void write_evidence(struct json_writer *w, struct rf_str location)
{
	json_key(w, "evidence");
	json_object_begin(w);
	json_key(w, "occurrences");
	json_array_begin(w);
	json_object_begin(w);
	json_field_str(w, "location", location);
	json_object_end(w);
	json_array_end(w);
	json_object_end(w);
}

static void write_component(struct cdx *c, size_t i)
{
	const struct scan_package *p = &c->r->packages[i];
	struct json_writer *w = &c->w;

	json_object_begin(w);
	json_field_c(w, "type", p->role == SCAN_PACKAGE_MAIN ? "application" : "library");
	json_field_str(w, "bom-ref", c->refs->packages[i].text);
	json_field_str(w, "name", p->name);
	report_str_some(w, "version", p->version);
	write_license(w, p->license);
	json_field_str(w, "purl", c->refs->packages[i].purl);
	properties_begin(w);
	property(w, "location", p->location);
	property(w, "layer", report_layer(c->r, p->layer));
	property(w, "source", p->source);
	property(w, "source-version", p->source_version);
	property(w, "checksum", p->checksum);
	property(w, "replaces", p->replaces);
	json_array_end(w);
	if (p->location.len)
		write_evidence(w, p->location);
	json_object_end(w);
}

static void write_os(struct cdx *c)
{
	struct json_writer *w = &c->w;
	const struct pkg_os *os = &c->r->os;

	if (!os->id[0] || c->wanted)
		return;
	json_object_begin(w);
	json_field_c(w, "type", "operating-system");
	json_key(w, "bom-ref");
	json_strf(w, "os:%s@%s", os->id, os->version);
	json_field_c(w, "name", os->id);
	report_str_some(w, "version", rf_str_of(os->version));
	report_str_some(w, "description", rf_str_of(os->pretty));
	json_object_end(w);
}

static void write_components(struct cdx *c)
{
	json_key(&c->w, "components");
	json_array_begin(&c->w);
	write_os(c);
	for (size_t i = 0; i < c->r->package_count; i++) {
		if (is_wanted(c, i))
			write_component(c, i);
	}
	json_array_end(&c->w);
}

/* --- what depends on what --- */

static void dependency_begin(struct json_writer *w, struct rf_str ref)
{
	json_object_begin(w);
	json_field_str(w, "ref", ref);
	json_key(w, "dependsOn");
	json_array_begin(w);
}

static void dependency_end(struct json_writer *w)
{
	json_array_end(w);
	json_object_end(w);
}

/* What the target holds itself: whatever no main module holds. */
static void write_root_dependency(struct cdx *c)
{
	dependency_begin(&c->w, c->refs->root.text);
	for (size_t i = 0; i < c->r->package_count; i++) {
		if (c->refs->packages[i].holder == REPORT_NO_HOLDER)
			json_str(&c->w, c->refs->packages[i].text);
	}
	dependency_end(&c->w);
}

/* What main module i holds: packages of its location, which are its neighbours. */
static void write_main_dependency(struct cdx *c, size_t i)
{
	const struct scan_report *r = c->r;
	size_t at = i;

	while (at > 0 && rf_str_eq(r->packages[at - 1].location, r->packages[i].location))
		at--;
	dependency_begin(&c->w, c->refs->packages[i].text);
	for (; at < r->package_count &&
		rf_str_eq(r->packages[at].location, r->packages[i].location);
		at++) {
		if (c->refs->packages[at].holder == i)
			json_str(&c->w, c->refs->packages[at].text);
	}
	dependency_end(&c->w);
}

static void write_dependencies(struct cdx *c)
{
	json_key(&c->w, "dependencies");
	json_array_begin(&c->w);
	write_root_dependency(c);
	for (size_t i = 0; i < c->r->package_count; i++) {
		if (c->r->packages[i].role == SCAN_PACKAGE_MAIN)
			write_main_dependency(c, i);
	}
	json_array_end(&c->w);
}

/* --- vulnerabilities --- */

static void write_source(struct json_writer *w, struct rf_str id)
{
	AUTO_BUF url = {.len = 0};

	report_url(id, &url);
	json_key(w, "source");
	json_object_begin(w);
	json_field_c(w, "name", report_source_name(id));
	json_field_str(w, "url", rf_buf_str(&url));
	json_object_end(w);
}

static void write_aliases(struct json_writer *w, const struct scan_strs *aliases)
{
	if (!aliases->count)
		return;
	json_key(w, "references");
	json_array_begin(w);
	for (size_t i = 0; i < aliases->count; i++) {
		json_object_begin(w);
		json_field_str(w, "id", aliases->items[i]);
		write_source(w, aliases->items[i]);
		json_object_end(w);
	}
	json_array_end(w);
}

static const char *method_of(struct rf_str vector)
{
	static const struct {
		const char *prefix, *method;
	} rows[] = {
		{"CVSS:4.0/", "CVSSv4"},
		{"CVSS:3.1/", "CVSSv31"},
		{"CVSS:3.0/", "CVSSv3"},
		{"AV:", "CVSSv2"},
		{"(AV:", "CVSSv2"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		if (rf_str_starts(vector, rf_str_of(rows[i].prefix)))
			return rows[i].method;
	}
	return "other";
}

static void write_rating(struct json_writer *w, const struct scan_finding *f)
{
	json_key(w, "ratings");
	json_array_begin(w);
	json_object_begin(w);
	if (f->level != VULN_LEVEL_UNRATED) {
		json_key(w, "score");
		json_tenths(w, f->score_tenths);
	}
	json_field_c(w, "severity",
		f->level == VULN_LEVEL_UNRATED ? "unknown" : vuln_level_name(f->level));
	if (f->vector.len) {
		json_field_c(w, "method", method_of(f->vector));
		json_field_str(w, "vector", f->vector);
	}
	json_object_end(w);
	json_array_end(w);
}

static void write_analysis(struct json_writer *w, const struct scan_finding *f)
{
	bool absent = f->tier == SCAN_TIER_ABSENT;

	json_key(w, "analysis");
	json_object_begin(w);
	json_field_c(w, "state", absent ? "not_affected" : "exploitable");
	if (absent)
		json_field_c(w, "justification", "code_not_present");
	if (!absent && f->fixed.count) {
		json_key(w, "response");
		json_array_begin(w);
		json_c(w, "update");
		json_array_end(w);
	}
	if (absent)
		json_field_c(w, "detail", "No vulnerable symbol is linked into the program.");
	else
		report_str_some(w, "detail", f->suppressed);
	json_object_end(w);
}

static void write_finding_properties(struct json_writer *w, const struct scan_finding *f)
{
	properties_begin(w);
	property(w, "tier", rf_str_of(scan_tier_name(f->tier)));
	for (size_t i = 0; i < f->symbols.count; i++)
		property(w, "symbol", f->symbols.items[i]);
	for (size_t i = 0; i < f->path.count; i++)
		property(w, "path", f->path.items[i]);
	for (size_t i = 0; i < f->fixed.count; i++)
		property(w, "fixed", f->fixed.items[i]);
	if (f->known_exploited)
		property(w, "known-exploited", RF_STR("true"));
	property(w, "suppressed", f->suppressed);
	json_array_end(w);
}

static void write_vulnerability(struct cdx *c, const struct scan_finding *f)
{
	struct json_writer *w = &c->w;
	AUTO_BUF advice = {.len = 0};

	report_advice(c->r, f, &advice);
	json_object_begin(w);
	json_key(w, "bom-ref");
	json_strf(w, "%s/%s", f->id.ptr, c->refs->packages[f->package].text.ptr);
	json_field_str(w, "id", f->id);
	write_source(w, f->id);
	write_aliases(w, &f->aliases);
	write_rating(w, f);
	report_str_some(w, "description", f->summary);
	json_field_str(w, "recommendation", rf_buf_str(&advice));
	write_analysis(w, f);
	json_key(w, "affects");
	json_array_begin(w);
	json_object_begin(w);
	json_field_str(w, "ref", c->refs->packages[f->package].text);
	json_object_end(w);
	json_array_end(w);
	write_finding_properties(w, f);
	json_object_end(w);
}

static void write_vulnerabilities(struct cdx *c)
{
	json_key(&c->w, "vulnerabilities");
	json_array_begin(&c->w);
	for (size_t i = 0; i < c->r->finding_count; i++)
		write_vulnerability(c, &c->r->findings[i]);
	json_array_end(&c->w);
}

static void write_document(struct cdx *c)
{
	struct json_writer *w = &c->w;

	json_object_begin(w);
	json_field_c(w, "$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
	json_field_c(w, "bomFormat", "CycloneDX");
	json_field_c(w, "specVersion", "1.6");
	json_key(w, "serialNumber");
	json_strf(w, "urn:uuid:%s", c->refs->uuid);
	json_field_int(w, "version", 1);
	write_metadata(c);
	write_components(c);
	if (!c->wanted)
		write_dependencies(c);
	if (!c->opts->bom_only)
		write_vulnerabilities(c);
	json_object_end(w);
	rf_buf_add_char(w->out, '\n');
}

void report_cyclonedx(
	const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out)
{
	AUTO_REPORT_REFS refs = {.arena = NULL};
	struct cdx c = {.r = r, .opts = opts, .refs = &refs, .w = {.out = out, .pretty = true}};

	if (report_refs_init(&refs, r, out))
		write_document(&c);
}

void report_cyclonedx_vex(
	const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out)
{
	AUTO_REPORT_REFS refs = {.arena = NULL};
	AUTO_FREE bool *wanted = calloc(r->package_count ? r->package_count : 1, sizeof(*wanted));
	struct report_opts all = *opts;
	struct cdx c = {.r = r,
		.opts = &all,
		.refs = &refs,
		.w = {.out = out, .pretty = true},
		.wanted = wanted};

	all.bom_only = false;
	if (!wanted) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < r->finding_count; i++)
		wanted[r->findings[i].package] = true;
	if (report_refs_init(&refs, r, out))
		write_document(&c);
}
