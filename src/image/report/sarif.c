/*
 * SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0): one run; a rule a vulnerability, a kind of
 * secret or file, and "config"; a result a place. A finding that does not count is there all the
 * same: absent ones as not applicable, suppressed ones with their suppression.
 */
#include "image/report/report_int.h"

#include "base/map.h"

struct sarif {
	const struct scan_report *r;
	const struct report_refs *refs;
	struct json_writer w;
	struct rf_map rules; /* id to index */
	struct rf_arena *arena;
};

static const char *level_of(enum vuln_level level)
{
	switch (level) {
	case VULN_LEVEL_CRITICAL:
	case VULN_LEVEL_HIGH: return "error";
	case VULN_LEVEL_MEDIUM:
	case VULN_LEVEL_UNRATED: return "warning";
	case VULN_LEVEL_LOW:
	case VULN_LEVEL_NONE: return "note";
	}
	return "warning";
}

static void message(struct json_writer *w, const char *key, struct rf_str text)
{
	json_key(w, key);
	json_object_begin(w);
	json_field_str(w, "text", text);
	json_object_end(w);
}

/* --- rules --- */

/* True for an id that was not seen; the caller writes its rule. */
static bool is_new_rule(struct sarif *s, struct rf_str id)
{
	if (rf_map_get(&s->rules, id, &(uintptr_t){0}))
		return false;
	if (!id.ptr || !rf_map_put(&s->rules, id, s->rules.count))
		s->w.out->failed = true;
	return true;
}

static struct rf_str made_id(struct sarif *s, const char *kind, struct rf_str name)
{
	return rf_arena_printf(s->arena, "%s/" RF_STR_FMT, kind, RF_STR_ARG(name));
}

static void rule_begin(struct json_writer *w, struct rf_str id, struct rf_str summary)
{
	json_object_begin(w);
	json_field_str(w, "id", id);
	message(w, "shortDescription", summary.len ? summary : id);
}

static void write_finding_rule(struct sarif *s, const struct scan_finding *f)
{
	struct json_writer *w = &s->w;
	char score[REPORT_SCORE_SIZE];
	AUTO_BUF url = {.len = 0};

	if (!is_new_rule(s, f->id))
		return;
	report_url(f->id, &url);
	rule_begin(w, f->id, f->summary);
	json_field_str(w, "helpUri", rf_buf_str(&url));
	json_key(w, "defaultConfiguration");
	json_object_begin(w);
	json_field_c(w, "level", level_of(f->level));
	json_object_end(w);
	json_key(w, "properties");
	json_object_begin(w);
	if (*report_score(f, score))
		json_field_c(w, "security-severity", score);
	json_key(w, "tags");
	json_array_begin(w);
	json_c(w, "vulnerability");
	json_c(w, "security");
	for (size_t i = 0; i < f->aliases.count; i++)
		json_str(w, f->aliases.items[i]);
	json_array_end(w);
	json_object_end(w);
	json_object_end(w);
}

static void write_made_rule(struct sarif *s, struct rf_str id, struct rf_str summary)
{
	if (!is_new_rule(s, id))
		return;
	rule_begin(&s->w, id, summary);
	json_object_end(&s->w);
}

static void write_rules(struct sarif *s)
{
	const struct scan_report *r = s->r;

	json_key(&s->w, "rules");
	json_array_begin(&s->w);
	for (size_t i = 0; i < r->finding_count; i++)
		write_finding_rule(s, &r->findings[i]);
	for (size_t i = 0; i < r->secret_count; i++)
		write_made_rule(s, made_id(s, "secret", r->secrets[i].rule), r->secrets[i].title);
	for (size_t i = 0; i < r->file_count; i++) {
		struct rf_str kind = rf_str_of(scan_file_kind_name(r->files[i].kind));

		write_made_rule(s, made_id(s, "file", kind), kind);
	}
	if (r->config.problems.count)
		write_made_rule(s, RF_STR("config"), RF_STR("the image's configuration"));
	json_array_end(&s->w);
}

static void write_driver(struct sarif *s)
{
	struct json_writer *w = &s->w;

	json_key(w, "tool");
	json_object_begin(w);
	json_key(w, "driver");
	json_object_begin(w);
	json_field_c(w, "name", REPORT_TOOL);
	json_field_c(w, "version", RF_VERSION);
	write_rules(s);
	json_object_end(w);
	json_object_end(w);
}

/* --- results --- */

/* A path in the image, relative to its root. */
static void write_location(struct sarif *s, struct rf_str location, uint32_t line, uint32_t layer)
{
	struct json_writer *w = &s->w;
	struct rf_str diff_id = report_layer(s->r, layer);
	AUTO_BUF uri = {.len = 0};

	while (location.len && location.ptr[0] == '/')
		location = (struct rf_str){location.ptr + 1, location.len - 1};
	report_add_encoded(&uri, location, "/");
	json_key(w, "locations");
	json_array_begin(w);
	json_object_begin(w);
	json_key(w, "physicalLocation");
	json_object_begin(w);
	json_key(w, "artifactLocation");
	json_object_begin(w);
	json_field_str(w, "uri", uri.len ? rf_buf_str(&uri) : RF_STR("."));
	json_field_c(w, "uriBaseId", "IMAGE");
	json_object_end(w);
	json_key(w, "region");
	json_object_begin(w);
	json_field_int(w, "startLine", line ? line : 1);
	json_object_end(w);
	json_object_end(w);
	if (diff_id.len) {
		json_key(w, "logicalLocations");
		json_array_begin(w);
		json_object_begin(w);
		json_field_str(w, "fullyQualifiedName", diff_id);
		json_field_c(w, "kind", "module");
		json_object_end(w);
		json_array_end(w);
	}
	json_object_end(w);
	json_array_end(w);
}

static void result_begin(struct sarif *s, struct rf_str rule, const char *level, bool applies)
{
	uintptr_t index = 0;

	rf_map_get(&s->rules, rule, &index);
	json_object_begin(&s->w);
	json_field_str(&s->w, "ruleId", rule);
	json_field_int(&s->w, "ruleIndex", (int64_t)index);
	json_field_c(&s->w, "kind", applies ? "fail" : "notApplicable");
	json_field_c(&s->w, "level", applies ? level : "none");
}

static void fingerprint(struct sarif *s, struct rf_str rule, const char *of)
{
	json_key(&s->w, "partialFingerprints");
	json_object_begin(&s->w);
	json_key(&s->w, REPORT_TOOL "/v1");
	json_strf(&s->w, RF_STR_FMT "@%s", RF_STR_ARG(rule), of);
	json_object_end(&s->w);
}

static void finding_message(const struct sarif *s, const struct scan_finding *f, struct rf_buf *out)
{
	const struct scan_package *p = report_package(s->r, f);

	rf_buf_add_str(out, p->name);
	rf_buf_add_char(out, ' ');
	rf_buf_add_str(out, p->version);
	rf_buf_add_c(out, ": ");
	rf_buf_add_str(out, f->summary.len ? f->summary : f->id);
	rf_buf_addf(out, " (tier %s). Fix: ", scan_tier_name(f->tier));
	report_advice(s->r, f, out);
}

static void write_suppression(struct json_writer *w, struct rf_str why)
{
	if (!why.len)
		return;
	json_key(w, "suppressions");
	json_array_begin(w);
	json_object_begin(w);
	json_field_c(w, "kind", "external");
	json_field_c(w, "status", "accepted");
	json_field_str(w, "justification", why);
	json_object_end(w);
	json_array_end(w);
}

static void write_finding(struct sarif *s, const struct scan_finding *f)
{
	const struct scan_package *p = report_package(s->r, f);
	AUTO_BUF text = {.len = 0};

	finding_message(s, f, &text);
	result_begin(s, f->id, level_of(f->level), f->tier != SCAN_TIER_ABSENT);
	message(&s->w, "message", rf_buf_str(&text));
	write_location(s, p->location, 0, p->layer);
	fingerprint(s, f->id, s->refs->packages[f->package].text.ptr);
	write_suppression(&s->w, f->suppressed);
	json_key(&s->w, "properties");
	json_object_begin(&s->w);
	json_field_c(&s->w, "tier", scan_tier_name(f->tier));
	json_field_str(&s->w, "purl", s->refs->packages[f->package].purl);
	report_strs(&s->w, "symbols", &f->symbols);
	report_strs(&s->w, "fixed", &f->fixed);
	json_object_end(&s->w);
	json_object_end(&s->w);
}

static void write_secret(struct sarif *s, const struct scan_secret *secret)
{
	struct rf_str rule = made_id(s, "secret", secret->rule);
	enum vuln_level level = VULN_LEVEL_UNRATED;
	AUTO_BUF text = {.len = 0};

	if (!vuln_level_find(secret->severity, &level))
		level = VULN_LEVEL_UNRATED;
	rf_buf_addf(&text, RF_STR_FMT ": " RF_STR_FMT "%s", RF_STR_ARG(secret->title),
		RF_STR_ARG(secret->redacted),
		secret->removed ? " (removed by a higher layer, but still in this one)" : "");
	result_begin(s, rule, level_of(level), true);
	message(&s->w, "message", rf_buf_str(&text));
	write_location(s, secret->location, secret->line, secret->layer);
	json_object_end(&s->w);
}

static void write_file(struct sarif *s, const struct scan_file *f)
{
	struct rf_str kind = rf_str_of(scan_file_kind_name(f->kind));
	AUTO_BUF text = {.len = 0};

	rf_buf_addf(&text, "%s: mode %04o, owner %u:%u%s" RF_STR_FMT, kind.ptr, f->mode, f->uid,
		f->gid, f->detail.len ? ", " : "", RF_STR_ARG(f->detail));
	result_begin(
		s, made_id(s, "file", kind), f->kind == SCAN_FILE_PACKED ? "error" : "note", true);
	message(&s->w, "message", rf_buf_str(&text));
	write_location(s, f->location, 0, f->layer);
	write_suppression(&s->w, f->suppressed);
	json_object_end(&s->w);
}

static void write_problem(struct sarif *s, struct rf_str problem)
{
	result_begin(s, RF_STR("config"), "warning", true);
	message(&s->w, "message", problem);
	json_object_end(&s->w);
}

static void write_results(struct sarif *s)
{
	const struct scan_report *r = s->r;

	json_key(&s->w, "results");
	json_array_begin(&s->w);
	for (size_t i = 0; i < r->finding_count; i++)
		write_finding(s, &r->findings[i]);
	for (size_t i = 0; i < r->secret_count; i++)
		write_secret(s, &r->secrets[i]);
	for (size_t i = 0; i < r->file_count; i++)
		write_file(s, &r->files[i]);
	for (size_t i = 0; i < r->config.problems.count; i++)
		write_problem(s, r->config.problems.items[i]);
	json_array_end(&s->w);
}

static void write_run(struct sarif *s)
{
	struct json_writer *w = &s->w;

	json_object_begin(w);
	write_driver(s);
	json_key(w, "originalUriBaseIds");
	json_object_begin(w);
	json_key(w, "IMAGE");
	json_object_begin(w);
	json_field_c(w, "uri", "file:///");
	message(w, "description", s->r->target.len ? s->r->target : RF_STR("the target"));
	json_object_end(w);
	json_object_end(w);
	write_results(s);
	json_field_c(w, "columnKind", "utf16CodeUnits");
	json_key(w, "properties");
	json_object_begin(w);
	json_field_str(w, "target", s->r->target);
	report_str_or_null(w, "digest", s->r->digest);
	report_str_or_null(w, "database", s->r->database.digest);
	json_object_end(w);
	json_object_end(w);
}

void report_sarif(const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out)
{
	AUTO_REPORT_REFS refs = {.arena = NULL};
	struct sarif s = {.r = r, .refs = &refs, .w = {.out = out, .pretty = true}};

	(void)opts;
	if (!report_refs_init(&refs, r, out))
		return;
	s.arena = refs.arena;
	json_object_begin(&s.w);
	json_field_c(&s.w, "$schema",
		"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
		"sarif-schema-2.1.0.json");
	json_field_c(&s.w, "version", "2.1.0");
	json_key(&s.w, "runs");
	json_array_begin(&s.w);
	write_run(&s);
	json_array_end(&s.w);
	json_object_end(&s.w);
	rf_buf_add_char(out, '\n');
	rf_map_done(&s.rules);
}
