/*
 * Findings as text, JSON and SARIF 2.1.0 (OASIS), and the list of rules as text (a table of
 * Markdown, which the guide has) and JSON.
 */
#include <unistd.h>

#include "cmd/check.h"
#include "cmd/output.h"
#include "doc/json.h"

static void write_ids(struct json_writer *w, const struct check_rule *rule)
{
	json_key(w, "aliases");
	json_array_begin(w);
	for (size_t i = 0; i < CHECK_MAX_ALIASES && rule->aliases[i]; i++)
		json_c(w, rule->aliases[i]);
	json_array_end(w);
}

/* --- text --- */

static void text_finding(
	const char *path, const struct check_finding *finding, bool colour, struct rf_buf *out)
{
	static const enum out_style styles[] = {[CHECK_LOW] = OUT_FAINT,
		[CHECK_MEDIUM] = OUT_WARN,
		[CHECK_HIGH] = OUT_BAD,
		[CHECK_CRITICAL] = OUT_BAD};
	enum check_severity severity = finding->rule->severity;

	rf_buf_addf(out, "%s:%u:%u: ", path, finding->line, finding->column);
	out_style(out, colour, styles[severity], "%s:", check_severity_name(severity));
	rf_buf_addf(out, " %s ", finding->message);
	out_style(out, colour, OUT_FAINT, "[%s]", finding->rule->id);
	rf_buf_addf(out, "\n    why: %s\n    fix: %s\n", finding->rule->why, finding->fix);
}

static void print_text(const struct check_files *files, struct rf_buf *out)
{
	bool colour = out_has_colour(STDOUT_FILENO);

	rf_vec_each (file, &files->list) {
		rf_vec_each (finding, &file->findings.list)
			text_finding(file->path, finding, colour, out);
	}
}

/* --- JSON --- */

static void json_finding(
	struct json_writer *w, const char *path, const struct check_finding *finding)
{
	json_object_begin(w);
	json_field_c(w, "id", finding->rule->id);
	write_ids(w, finding->rule);
	json_field_c(w, "severity", check_severity_name(finding->rule->severity));
	json_field_c(w, "file", path);
	json_field_int(w, "line", finding->line);
	json_field_int(w, "column", finding->column);
	json_field_c(w, "message", finding->message);
	json_field_c(w, "why", finding->rule->why);
	json_field_c(w, "fix", finding->fix);
	json_object_end(w);
}

static void print_json(const struct check_files *files, struct rf_buf *out)
{
	struct json_writer w = {.out = out, .pretty = true};

	json_array_begin(&w);
	rf_vec_each (file, &files->list) {
		rf_vec_each (finding, &file->findings.list)
			json_finding(&w, file->path, finding);
	}
	json_array_end(&w);
	rf_buf_add_char(out, '\n');
}

/* --- SARIF --- */

static const char *sarif_level(enum check_severity severity)
{
	if (severity >= CHECK_HIGH)
		return "error";
	return severity == CHECK_MEDIUM ? "warning" : "note";
}

/* What GitHub and others sort by. */
static const char *sarif_score(enum check_severity severity)
{
	static const char *const scores[] = {[CHECK_LOW] = "2.0",
		[CHECK_MEDIUM] = "5.0",
		[CHECK_HIGH] = "8.0",
		[CHECK_CRITICAL] = "9.5"};

	return scores[severity];
}

static void sarif_text(struct json_writer *w, const char *key, const char *text)
{
	json_key(w, key);
	json_object_begin(w);
	json_field_c(w, "text", text);
	json_object_end(w);
}

static void sarif_rule(struct json_writer *w, const struct check_rule *rule)
{
	json_object_begin(w);
	json_field_c(w, "id", rule->id);
	sarif_text(w, "shortDescription", rule->summary);
	sarif_text(w, "fullDescription", rule->why);
	sarif_text(w, "help", rule->fix);
	json_key(w, "defaultConfiguration");
	json_object_begin(w);
	json_field_c(w, "level", sarif_level(rule->severity));
	json_object_end(w);
	json_key(w, "properties");
	json_object_begin(w);
	json_field_c(w, "security-severity", sarif_score(rule->severity));
	json_key(w, "tags");
	json_array_begin(w);
	json_c(w, "security");
	for (size_t i = 0; i < CHECK_MAX_ALIASES && rule->aliases[i]; i++)
		json_c(w, rule->aliases[i]);
	json_array_end(w);
	json_object_end(w);
	json_object_end(w);
}

/* A path as a relative URI reference: what may not stand in one is escaped. */
static void sarif_uri(struct json_writer *w, const char *path)
{
	AUTO_BUF uri = {0};

	if (strcmp(path, "-") == 0)
		path = "Dockerfile";
	for (const char *c = path; *c; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
			     (*c >= '0' && *c <= '9') || strchr("-._~/@+,=", *c);

		if (plain)
			rf_buf_add_char(&uri, *c);
		else
			rf_buf_addf(&uri, "%%%02X", (unsigned char)*c);
	}
	json_field_c(w, "uri", rf_buf_cstr(&uri));
}

static void sarif_location(
	struct json_writer *w, const char *path, const struct check_finding *finding)
{
	json_key(w, "locations");
	json_array_begin(w);
	json_object_begin(w);
	json_key(w, "physicalLocation");
	json_object_begin(w);
	json_key(w, "artifactLocation");
	json_object_begin(w);
	sarif_uri(w, path);
	json_object_end(w);
	json_key(w, "region");
	json_object_begin(w);
	json_field_int(w, "startLine", finding->line);
	json_field_int(w, "startColumn", finding->column);
	json_object_end(w);
	json_object_end(w);
	json_object_end(w);
	json_array_end(w);
}

static void sarif_result(
	struct json_writer *w, const char *path, const struct check_finding *finding)
{
	json_object_begin(w);
	json_field_c(w, "ruleId", finding->rule->id);
	json_field_c(w, "level", sarif_level(finding->rule->severity));
	json_key(w, "message");
	json_object_begin(w);
	json_key(w, "text");
	json_strf(w, "%s. %s", finding->message, finding->fix);
	json_object_end(w);
	sarif_location(w, path, finding);
	json_object_end(w);
}

static void print_sarif(const struct check_files *files, struct rf_buf *out)
{
	struct json_writer w = {.out = out, .pretty = true};

	json_object_begin(&w);
	json_field_c(&w, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	json_field_c(&w, "version", "2.1.0");
	json_key(&w, "runs");
	json_array_begin(&w);
	json_object_begin(&w);
	json_key(&w, "tool");
	json_object_begin(&w);
	json_key(&w, "driver");
	json_object_begin(&w);
	json_field_c(&w, "name", "ringfence");
	json_key(&w, "rules");
	json_array_begin(&w);
	for (size_t i = 0; i < check_rule_count(); i++)
		sarif_rule(&w, check_rule_at(i));
	json_array_end(&w);
	json_object_end(&w);
	json_object_end(&w);
	json_field_c(&w, "columnKind", "unicodeCodePoints");
	json_key(&w, "results");
	json_array_begin(&w);
	rf_vec_each (file, &files->list) {
		rf_vec_each (finding, &file->findings.list)
			sarif_result(&w, file->path, finding);
	}
	json_array_end(&w);
	json_object_end(&w);
	json_array_end(&w);
	json_object_end(&w);
	rf_buf_add_char(out, '\n');
}

int check_print(const struct check_files *files, enum check_format format)
{
	AUTO_BUF out = {0};

	switch (format) {
	case CHECK_TEXT: print_text(files, &out); break;
	case CHECK_JSON: print_json(files, &out); break;
	case CHECK_SARIF: print_sarif(files, &out); break;
	}
	return out_result(&out);
}

/* --- rules --- */

static void rules_table(struct rf_buf *out)
{
	rf_buf_add_c(out, "| id | also | severity | finding | why | fix |\n"
			  "|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < check_rule_count(); i++) {
		const struct check_rule *rule = check_rule_at(i);

		rf_buf_addf(out, "| %s |", rule->id);
		for (size_t k = 0; k < CHECK_MAX_ALIASES && rule->aliases[k]; k++)
			rf_buf_addf(out, "%s %s", k ? "," : "", rule->aliases[k]);
		rf_buf_addf(out, " | %s%s | %s | %s | %s |\n", check_severity_name(rule->severity),
			rule->off ? ", off" : "", rule->summary, rule->why, rule->fix);
	}
}

static void rules_json(struct rf_buf *out)
{
	struct json_writer w = {.out = out, .pretty = true};

	json_array_begin(&w);
	for (size_t i = 0; i < check_rule_count(); i++) {
		const struct check_rule *rule = check_rule_at(i);

		json_object_begin(&w);
		json_field_c(&w, "id", rule->id);
		write_ids(&w, rule);
		json_field_c(&w, "severity", check_severity_name(rule->severity));
		json_field_bool(&w, "default", !rule->off);
		json_field_c(&w, "message", rule->summary);
		json_field_c(&w, "why", rule->why);
		json_field_c(&w, "fix", rule->fix);
		json_object_end(&w);
	}
	json_array_end(&w);
	rf_buf_add_char(out, '\n');
}

int check_print_rules(enum check_format format)
{
	const struct check_files none = {0};
	AUTO_BUF out = {0};

	if (format == CHECK_TEXT)
		rules_table(&out);
	else if (format == CHECK_JSON)
		rules_json(&out);
	else
		print_sarif(&none, &out);
	return out_result(&out);
}
