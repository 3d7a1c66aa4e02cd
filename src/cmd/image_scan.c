/* `image scan`: what is in an image, and what is known to be bad about it. */
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/database.h"
#include "cmd/image.h"
#include "image/registry/registry.h"
#include "image/report/report.h"
#include "image/scan/scan.h"

struct scan_verb {
	const char *db, *db_key;
};

static const struct opt_row rows[] = {
	{"db", 0, OPT_TEXT, offsetof(struct scan_verb, db), "FILE",
		"The vulnerability database, instead of this machine's.", NULL},
	{"db-key", 0, OPT_TEXT, offsetof(struct scan_verb, db_key), "FILE",
		"The public key (PEM) that must have signed the database.", NULL},
};

const struct opt_usage image_scan_usage = {
	.verb = "image scan",
	.synopsis = "TARGET [--db FILE]",
	.summary = "tells what is in an image, and what is known to be bad about it",
	OPT_ROWS(rows),
	.min_args = 1,
	.max_args = 1,
};

int image_verb_scan(int argc, char **argv)
{
	struct scan_verb verb = {.db = NULL};
	struct opt_args args;
	AUTO_SCAN_REPORT *report = NULL;
	AUTO_VULN_DB *db = NULL;
	AUTO_BUF out = {0};
	struct rf_err err;
	struct registry_opts registry = {.docker_config = NULL};
	struct scan_opts opts = {.now_s = time(NULL), .registry = &registry};
	const struct report_opts how = {.epoch_s = -1};
	int status = opt_parse(&image_scan_usage, argc, argv, &verb, &args);

	if (status != OPT_GO)
		return status;
	if (database_open(verb.db, verb.db_key, &db, &err) < 0)
		return out_error(&err);
	opts.db = db;
	if (scan_target(args.items[0], &opts, &report, &err) < 0)
		return out_error(&err);
	report_json(report, &how, &out);
	return out_result(&out);
}
