/*
 * The stable form, for scripts. The keys that documentation spells out come first and in its
 * order; whatever was added since follows them.
 */
#include "image/report/report_int.h"

static void write_database(struct json_writer *w, const struct scan_report *r)
{
	json_key(w, "database");
	json_object_begin(w);
	report_str_or_null(w, "built", r->database.built);
	report_strs(w, "sources", &r->database.sources);
	report_str_or_null(w, "digest", r->database.digest);
	json_object_end(w);
}

static void write_package_fields(struct json_writer *w, const struct scan_package *p)
{
	json_field_str(w, "ecosystem", p->ecosystem);
	json_field_str(w, "name", p->name);
	json_field_str(w, "version", p->version);
	report_str_some(w, "arch", p->arch);
	report_str_some(w, "source", p->source);
	report_str_some(w, "replaces", p->replaces);
}

static void write_package(struct json_writer *w, const struct scan_package *p)
{
	json_key(w, "package");
	json_object_begin(w);
	write_package_fields(w, p);
	json_object_end(w);
}

/* Of a list of packages alone. */
static void write_packages(struct json_writer *w, const struct scan_report *r)
{
	json_key(w, "packages");
	json_array_begin(w);
	for (size_t i = 0; i < r->package_count; i++) {
		const struct scan_package *p = &r->packages[i];
		AUTO_BUF purl = {.len = 0};

		report_purl(r, p, &purl);
		json_object_begin(w);
		write_package_fields(w, p);
		json_field_str(w, "location", p->location);
		report_str_or_null(w, "layer", report_layer(r, p->layer));
		json_field_str(w, "purl", rf_buf_str(&purl));
		report_str_some(w, "license", p->license);
		report_str_some(w, "checksum", p->checksum);
		json_object_end(w);
	}
	json_array_end(w);
}

static void write_severity(struct json_writer *w, const struct scan_finding *f)
{
	json_key(w, "severity");
	json_object_begin(w);
	json_field_c(w, "level", vuln_level_name(f->level));
	json_key(w, "score");
	if (f->level != VULN_LEVEL_UNRATED)
		json_tenths(w, f->score_tenths);
	else
		json_null(w);
	report_str_or_null(w, "vector", f->vector);
	json_object_end(w);
}

static void write_finding(
	struct json_writer *w, const struct scan_report *r, const struct scan_finding *f)
{
	const struct scan_package *p = report_package(r, f);
	AUTO_BUF advice = {.len = 0};

	report_advice(r, f, &advice);
	json_object_begin(w);
	json_field_str(w, "id", f->id);
	report_strs(w, "aliases", &f->aliases);
	write_package(w, p);
	json_field_str(w, "location", p->location);
	report_str_or_null(w, "layer", report_layer(r, p->layer));
	json_field_c(w, "tier", scan_tier_name(f->tier));
	report_strs(w, "symbols", &f->symbols);
	report_strs(w, "fixed", &f->fixed);
	write_severity(w, f);
	report_strs(w, "path", &f->path);
	report_str_or_null(w, "summary", f->summary);
	json_field_bool(w, "knownExploited", f->known_exploited);
	report_str_or_null(w, "suppressed", f->suppressed);
	json_field_str(w, "advice", rf_buf_str(&advice));
	json_object_end(w);
}

static void write_secret(
	struct json_writer *w, const struct scan_report *r, const struct scan_secret *s)
{
	json_object_begin(w);
	json_field_str(w, "rule", s->rule);
	json_field_str(w, "title", s->title);
	json_field_str(w, "severity", s->severity);
	json_field_str(w, "location", s->location);
	report_str_or_null(w, "layer", report_layer(r, s->layer));
	json_field_int(w, "line", s->line);
	json_field_int(w, "column", s->column);
	json_field_str(w, "redacted", s->redacted);
	json_field_bool(w, "removed", s->removed);
	json_object_end(w);
}

static void write_file(
	struct json_writer *w, const struct scan_report *r, const struct scan_file *f)
{
	json_object_begin(w);
	json_field_c(w, "kind", scan_file_kind_name(f->kind));
	json_field_str(w, "location", f->location);
	report_str_or_null(w, "layer", report_layer(r, f->layer));
	json_key(w, "mode");
	json_strf(w, "%04o", f->mode);
	json_field_int(w, "uid", f->uid);
	json_field_int(w, "gid", f->gid);
	report_str_or_null(w, "detail", f->detail);
	report_str_some(w, "suppressed", f->suppressed);
	json_object_end(w);
}

/* {} for what has no config. */
static void write_config(struct json_writer *w, const struct scan_config *c)
{
	json_key(w, "config");
	json_object_begin(w);
	if (c->present) {
		json_field_str(w, "user", c->user);
		json_field_str(w, "workingDir", c->working_dir);
		report_strs(w, "entrypoint", &c->entrypoint);
		report_strs(w, "cmd", &c->cmd);
		report_strs(w, "exposedPorts", &c->exposed_ports);
		report_strs(w, "env", &c->env);
		report_strs(w, "problems", &c->problems);
		json_field_str(w, "architecture", c->architecture);
		json_field_str(w, "os", c->os);
		report_str_or_null(w, "created", c->created);
	}
	json_object_end(w);
}

static void write_layers(struct json_writer *w, const struct scan_report *r)
{
	json_key(w, "layers");
	json_array_begin(w);
	for (size_t i = 0; i < r->layer_count; i++) {
		const struct scan_layer *layer = &r->layers[i];

		json_object_begin(w);
		json_field_str(w, "diffId", layer->diff_id);
		report_str_or_null(w, "digest", layer->digest);
		json_field_int(w, "size", (int64_t)layer->size);
		report_str_or_null(w, "createdBy", layer->created_by);
		json_object_end(w);
	}
	json_array_end(w);
}

static void write_os(struct json_writer *w, const struct pkg_os *os)
{
	json_key(w, "os");
	json_object_begin(w);
	report_str_or_null(w, "id", rf_str_of(os->id));
	report_str_or_null(w, "version", rf_str_of(os->version));
	report_str_or_null(w, "name", rf_str_of(os->pretty));
	report_str_or_null(w, "ecosystem", rf_str_of(os->ecosystem));
	json_object_end(w);
}

static void write_lists(struct json_writer *w, const struct scan_report *r)
{
	json_key(w, "findings");
	json_array_begin(w);
	for (size_t i = 0; i < r->finding_count; i++)
		write_finding(w, r, &r->findings[i]);
	json_array_end(w);
	json_key(w, "secrets");
	json_array_begin(w);
	for (size_t i = 0; i < r->secret_count; i++)
		write_secret(w, r, &r->secrets[i]);
	json_array_end(w);
	json_key(w, "files");
	json_array_begin(w);
	for (size_t i = 0; i < r->file_count; i++)
		write_file(w, r, &r->files[i]);
	json_array_end(w);
}

void report_json(const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out)
{
	struct json_writer w = {.out = out, .pretty = true};

	json_object_begin(&w);
	json_field_str(&w, "target", r->target);
	report_str_or_null(&w, "digest", r->digest);
	if (opts->bom_only) {
		write_packages(&w, r);
	} else {
		write_database(&w, r);
		write_lists(&w, r);
		write_config(&w, &r->config);
	}
	write_os(&w, &r->os);
	write_layers(&w, r);
	report_strs(&w, "notes", &r->notes);
	json_object_end(&w);
	rf_buf_add_char(out, '\n');
}
