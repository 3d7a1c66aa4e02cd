/* `ca status`: how long everything is still valid. */
#include <time.h>

#include "cmd/ca.h"
#include "doc/json.h"
#include "mesh/explain.h"

#define EXIT_DUE 1
/* A certificate that ended so long ago is not missed by anybody. */
#define FORGET_S ((int64_t)30 * 86400)

struct status_opts {
	struct ca_where where;
	bool json, all;
};

static const struct opt_row rows[] = {
	CA_DIR_ROW(struct status_opts),
	{"all", 'a', OPT_FLAG, offsetof(struct status_opts, all), NULL,
		"Tells of every certificate, also of those that were issued anew since.", NULL},
	{"json", 0, OPT_FLAG, offsetof(struct status_opts, json), NULL,
		"Prints {\"trustDomain\",\"sequence\",\"rotating\",\"certificates\"}.", NULL},
};

const struct opt_usage ca_status_usage = {
	.verb = "ca status",
	.synopsis = "[--dir DIRECTORY] [--all] [--json]",
	.summary = "tells how long roots, intermediate and everything issued is still valid",
	.text = "Of certificates with equal names only the last to expire is told, and none that "
		"has expired for more than 30 days.",
	OPT_ROWS(rows),
	.exits = "0: all is well. 1: something has expired, or less than a third of its lifetime "
		 "(of what lives for years: less than 180 days) is left. 2: an error.",
};

struct line {
	const char *kind;
	struct rf_str name, sans, serial;
	int64_t from_s, until_s;
};

RF_VEC_TYPE(line_vec, struct line);

static bool add_cert(struct line_vec *lines, const char *kind, const struct cert *cert)
{
	const struct line line = {
		kind, cert->subject, RF_STR(""), cert->serial, cert->from_s, cert->until_s};

	return rf_vec_push(lines, line);
}

static bool collect(const struct ca_info *info, const struct ca_log *log, bool all, int64_t now_s,
	struct line_vec *ret)
{
	bool good = add_cert(ret, "root", info->root) &&
		    (!info->old_root || add_cert(ret, "old root", info->old_root)) &&
		    add_cert(ret, "intermediate", info->intermediate);

	rf_vec_each (issued, &log->list) {
		const struct line line = {"leaf", issued->id, issued->sans, issued->serial,
			issued->from_s, issued->until_s};

		if (good && (all || issued->until_s > now_s - FORGET_S))
			good = rf_vec_push(ret, line);
	}
	return good;
}

static const char *verdict(const struct line *line, int64_t now_s)
{
	if (line->until_s <= now_s)
		return "expired";
	return cert_is_due(line->from_s, line->until_s, now_s) ? "due" : "ok";
}

static void print_text(
	const struct ca_info *info, const struct line_vec *lines, int64_t now_s, struct rf_buf *out)
{
	CLEANUP(out_table_done) struct out_table table = {.columns = 4};
	char left[CA_LEFT_SIZE], date[CA_DATE_SIZE];

	rf_buf_addf(out, "trust domain " RF_STR_FMT ", bundle %llu%s\n",
		RF_STR_ARG(info->trust_domain), (unsigned long long)info->sequence,
		info->old_root ? ", the root is being replaced" : "");
	rf_vec_each (line, lines) {
		const char *word = verdict(line, now_s);
		enum out_style style = strcmp(word, "ok") == 0	  ? OUT_PLAIN
				       : strcmp(word, "due") == 0 ? OUT_WARN
								  : OUT_BAD;

		out_table_add(&table, OUT_PLAIN, line->kind);
		out_table_add(&table, style, ca_left(line->until_s - now_s, left));
		out_table_add(&table, OUT_PLAIN, ca_date(line->until_s, date));
		out_table_addf(&table, OUT_PLAIN, RF_STR_FMT "%s" RF_STR_FMT,
			RF_STR_ARG(line->name), line->sans.len ? ", " : "", RF_STR_ARG(line->sans));
	}
	out->failed |= table.failed;
	out_table_print(&table, out_has_colour(1), out);
}

static void print_json(
	const struct ca_info *info, const struct line_vec *lines, int64_t now_s, struct rf_buf *out)
{
	struct json_writer w = {.out = out, .pretty = true};
	char date[CA_DATE_SIZE];

	json_object_begin(&w);
	json_field_str(&w, "trustDomain", info->trust_domain);
	json_field_int(&w, "sequence", (int64_t)info->sequence);
	json_field_bool(&w, "rotating", info->old_root != NULL);
	json_key(&w, "certificates");
	json_array_begin(&w);
	rf_vec_each (line, lines) {
		json_object_begin(&w);
		json_field_c(&w, "kind", line->kind);
		json_field_str(&w, "name", line->name);
		json_field_str(&w, "sans", line->sans);
		json_field_str(&w, "serial", line->serial);
		json_field_c(&w, "notAfter", ca_date(line->until_s, date));
		json_field_int(&w, "secondsLeft", line->until_s - now_s);
		json_field_c(&w, "state", verdict(line, now_s));
		json_object_end(&w);
	}
	json_array_end(&w);
	json_object_end(&w);
	rf_buf_add_char(out, '\n');
}

/* What is due, by name, where nobody overlooks it; how many are. */
static size_t tell_due(const struct line_vec *lines, int64_t now_s)
{
	char left[CA_LEFT_SIZE];
	size_t count = 0;

	rf_vec_each (line, lines) {
		if (strcmp(verdict(line, now_s), "ok") == 0)
			continue;
		count++;
		out_warning("%s " RF_STR_FMT ": %s%s", line->kind, RF_STR_ARG(line->name),
			ca_left(line->until_s - now_s, left),
			line->until_s > now_s ? ", less than a third of its lifetime" : "");
	}
	return count;
}

static int print_status(const struct status_opts *opts, const struct ca *ca,
	const struct ca_log *log, struct line_vec *lines)
{
	int64_t now_s = time(NULL);
	AUTO_BUF out = {0};
	int status;

	if (!collect(ca_info(ca), log, opts->all, now_s, lines))
		return out_errorf("out of memory");
	if (opts->json)
		print_json(ca_info(ca), lines, now_s, &out);
	else
		print_text(ca_info(ca), lines, now_s, &out);
	status = out_result(&out);
	return tell_due(lines, now_s) && status == 0 ? EXIT_DUE : status;
}

static int print_all(const struct status_opts *opts, const struct ca *ca)
{
	CLEANUP(ca_log_done) struct ca_log log = {.arena = NULL};
	struct line_vec lines = {.count = 0};
	struct rf_err err;
	int status;

	if (ca_log_read(ca, opts->all, &log, &err) < 0)
		return out_error(&err);
	status = print_status(opts, ca, &log, &lines);
	rf_vec_done(&lines);
	return status;
}

int ca_verb_status(int argc, char **argv)
{
	struct status_opts opts = {.json = false};
	struct opt_args args;
	AUTO_CA *ca = NULL;
	int status = opt_parse(&ca_status_usage, argc, argv, &opts, &args);

	if (status == OPT_GO)
		status = ca_where_open(&opts.where, false, &ca);
	return status == OPT_GO ? print_all(&opts, ca) : status;
}
