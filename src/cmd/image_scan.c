/*
 * `image scan` and `image sbom`: what is in an image, and what is known to be bad about it. The
 * report comes from image/scan, statements of others and ignore files are applied to it, the gate
 * judges it, and scan_print.c writes it.
 */

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/database.h"
#include "cmd/image.h"
#include "cmd/scan_print.h"
#include "host/instance.h"
#include "image/registry/registry.h"
#include "image/report/gate.h"
#include "image/report/ignore.h"
#include "image/report/vex.h"
#include "image/scan/scan.h"

#define EXIT_REFUSED 1

struct scan_verb {
	const char *db, *db_key, *output, *fail_on, *tier, *max_age, *ignore, *vex, *select;
	const char *platform, *store, *ca_file, *docker_config;
	struct opt_texts vex_in;
	unsigned format, vex_format;
	bool secrets, fixable, no_secrets, all, plain_http, json, quiet;
};

/* What a target is looked for with. */
#define TARGET_ROWS                                                                               \
	{"select", 0, OPT_TEXT, offsetof(struct scan_verb, select), "NAME|DIGEST",                \
		"Which image, when the archive holds several.", NULL},                            \
		{"platform", 0, OPT_TEXT, offsetof(struct scan_verb, platform), "OS/ARCH",        \
			"Which of several platforms, instead of this machine's.", NULL},          \
		{"store", 0, OPT_TEXT, offsetof(struct scan_verb, store), "DIRECTORY",            \
			"Where images of this machine are looked up.", NULL},                     \
		{"docker-config", 0, OPT_TEXT, offsetof(struct scan_verb, docker_config), "FILE", \
			"Credentials of registries, instead of ~/.docker/config.json.", NULL},    \
		{"ca-file", 0, OPT_TEXT, offsetof(struct scan_verb, ca_file), "FILE",             \
			"Certificates of authorities (PEM) to trust in addition.", NULL},         \
		{"plain-http", 0, OPT_FLAG, offsetof(struct scan_verb, plain_http), NULL,         \
			"Asks the registry by http.", NULL},                                      \
	{                                                                                         \
		"quiet", 'q', OPT_FLAG, offsetof(struct scan_verb, quiet), NULL,                  \
			"Shows no progress.", NULL                                                \
	}

static const struct opt_row scan_rows[] = {
	{"db", 0, OPT_TEXT, offsetof(struct scan_verb, db), "FILE",
		"The vulnerability database, instead of this machine's (`ringfence image db`).",
		NULL},
	{"db-key", 0, OPT_TEXT, offsetof(struct scan_verb, db_key), "FILE",
		"The public key (PEM) that must have signed the database.", NULL},
	{"format", 0, OPT_CHOICE, offsetof(struct scan_verb, format), "FORMAT",
		"text, json, sarif, cyclonedx, spdx (2.3), spdx-3 or html.", scan_formats},
	{"json", 0, OPT_FLAG, offsetof(struct scan_verb, json), NULL, "The same as --format json.",
		NULL},
	{"output", 'o', OPT_TEXT, offsetof(struct scan_verb, output), "FILE",
		"Where the report goes, instead of standard output.", NULL},
	{"fail-on", 0, OPT_TEXT, offsetof(struct scan_verb, fail_on), "LEVEL",
		"Exit status 1 when a finding is as bad: critical, high, medium, low or any.",
		NULL},
	{"fixable", 0, OPT_FLAG, offsetof(struct scan_verb, fixable), NULL,
		"With --fail-on: only what a newer version would fix.", NULL},
	{"secrets", 0, OPT_FLAG, offsetof(struct scan_verb, secrets), NULL,
		"With --fail-on: secrets of that severity count, too.", NULL},
	{"tier", 0, OPT_TEXT, offsetof(struct scan_verb, tier), "TIER",
		"With --fail-on: only what is at least linked (the default) or path; absent counts "
		"everything. What could not be looked into (unknown) always counts.",
		NULL},
	{"max-age", 0, OPT_TEXT, offsetof(struct scan_verb, max_age), "AGE",
		"Exit status 1 when the database is older: 7d, 36h.", NULL},
	{"ignore", 0, OPT_TEXT, offsetof(struct scan_verb, ignore), "FILE",
		"Findings that do not count, with reason and date of expiry (YAML).", NULL},
	{"vex-in", 0, OPT_TEXTS, offsetof(struct scan_verb, vex_in), "FILE",
		"Statements of others (OpenVEX, CycloneDX) about what does not affect the image; "
		"may "
		"be given several times.",
		NULL},
	{"vex", 0, OPT_TEXT, offsetof(struct scan_verb, vex), "FILE",
		"Writes statements about what was found, for others.", NULL},
	{"vex-format", 0, OPT_CHOICE, offsetof(struct scan_verb, vex_format), "FORMAT",
		"Of --vex: openvex (the default) or cyclonedx.", scan_vex_formats},
	{"no-secrets", 0, OPT_FLAG, offsetof(struct scan_verb, no_secrets), NULL,
		"Does not look for secrets.", NULL},
	{"all", 0, OPT_FLAG, offsetof(struct scan_verb, all), NULL,
		"The table also lists what does not count.", NULL},
	TARGET_ROWS,
};

static const struct opt_example scan_examples[] = {
	{"an archive", "ringfence image scan app.tar"},
	{"in CI: fail on what is bad, can be fixed and is in the program",
		"ringfence image scan registry.example/app:1.2 --fail-on high --fixable --tier "
		"linked"},
	{"a Go program, and statements about it for others",
		"ringfence image scan ./app --vex app.openvex.json"},
};

const struct opt_usage image_scan_usage = {
	.verb = "image scan",
	.synopsis = "TARGET [--db FILE] [--format FORMAT] [--fail-on LEVEL] ...",
	.summary = "tells what is in an image, and what is known to be bad about it",
	.text = "TARGET is an OCI layout or archive, what docker save writes, a root directory, a "
		"program or lock file; else a name of this machine's store; else a reference to a "
		"registry. Packages, Go programs (by the functions that are linked into them), "
		"secrets and dangerous files are found, with the layer that they are in.\n\n"
		"A vulnerability of a Go program is absent (no vulnerable function is linked), "
		"linked, path (main calls its way to one) or unknown (nothing to look at: it "
		"counts "
		"as affected, as do those of all other packages). Everything untrusted is read by "
		"confined processes without network.",
	OPT_ROWS(scan_rows),
	OPT_EXAMPLES(scan_examples),
	.exits = "0 when the gate passes or none was asked for, 1 when it does not, 2 on an error.",
	.min_args = 1,
	.max_args = 1,
};

static const struct opt_row sbom_rows[] = {
	{"format", 0, OPT_CHOICE, offsetof(struct scan_verb, format), "FORMAT",
		"cyclonedx (the default), spdx, spdx-3, json or text.", scan_formats},
	{"output", 'o', OPT_TEXT, offsetof(struct scan_verb, output), "FILE",
		"Where it goes, instead of standard output.", NULL},
	TARGET_ROWS,
};

const struct opt_usage image_sbom_usage = {
	.verb = "image sbom",
	.synopsis = "TARGET [--format cyclonedx|spdx|spdx-3|json|text] [-o FILE]",
	.summary = "lists the packages of an image",
	.text = "TARGET is as for `image scan`. No database is needed. Equal images give equal "
		"bytes.",
	OPT_ROWS(sbom_rows),
	.min_args = 1,
	.max_args = 1,
};

/* --- options --- */

static int read_tier(const struct scan_verb *verb, enum scan_tier *ret)
{
	*ret = SCAN_TIER_LINKED;
	if (!verb->tier)
		return 0;
	for (int tier = SCAN_TIER_ABSENT; tier <= SCAN_TIER_UNKNOWN; tier++) {
		if (strcmp(verb->tier, scan_tier_name((enum scan_tier)tier)) == 0) {
			*ret = (enum scan_tier)tier;
			return 0;
		}
	}
	return opt_fail(&image_scan_usage,
		"--tier \"%s\": there are absent, linked, path and unknown", verb->tier);
}

static int read_gate(const struct scan_verb *verb, int64_t now_s, struct gate_opts *ret)
{
	*ret = (struct gate_opts){
		.fixable = verb->fixable, .secrets = verb->secrets, .now_s = now_s};
	if (verb->fail_on && !gate_level_find(rf_str_of(verb->fail_on), ret))
		return opt_fail(&image_scan_usage,
			"--fail-on \"%s\": there are critical, high, medium, low and any",
			verb->fail_on);
	if (verb->max_age && !database_max_age(verb->max_age, &ret->max_age_s))
		return opt_fail(
			&image_scan_usage, "--max-age \"%s\": say 7d or 36h", verb->max_age);
	return read_tier(verb, &ret->tier);
}

/* --- progress --- */

struct progress {
	bool terminal, shown;
};

static void wipe(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}

static void show_progress(void *ctx, const struct scan_progress *now)
{
	struct progress *p = ctx;

	if (!p->terminal)
		return;
	wipe(p);
	if (now->stage == SCAN_STAGE_READ)
		fputs("reading the image ...", stderr);
	else
		fprintf(stderr, "scanning layer %zu of %zu: %3.0f%%", now->layer + 1,
			now->layer_count,
			now->total_bytes
				? 100.0 * (double)now->done_bytes / (double)now->total_bytes
				: 100.0);
	p->shown = true;
}

static void show_download(void *ctx, const struct registry_progress *now)
{
	struct progress *p = ctx;

	if (!p->terminal)
		return;
	wipe(p);
	fprintf(stderr, "fetching: %.1f of %.1f MB", (double)now->done_bytes / 1e6,
		(double)now->total_bytes / 1e6);
	p->shown = true;
}

/* --- scanning --- */

/* NULL when there is none that can be read: the name is asked for in a registry then. */
static struct image_store *open_store(const struct scan_verb *verb)
{
	struct image_store *store = NULL;
	struct instance inst;
	const char *path = verb->store;

	if (!path && instance_init(&inst, NULL, NULL, NULL) < 0)
		return NULL;
	if (access(path ? path : inst.images, R_OK) < 0 ||
		image_store_open(path ? path : inst.images, &store, NULL) < 0)
		store = NULL;
	if (!path)
		instance_done(&inst);
	return store;
}

static int scan(const struct scan_verb *verb, const char *target, struct vuln_db *db, int64_t now_s,
	struct scan_report **ret, struct rf_err *err)
{
	AUTO_IMAGE_STORE *store = open_store(verb);
	struct progress progress = {.terminal = !verb->quiet && isatty(STDERR_FILENO)};
	const struct registry_opts registry = {
		.docker_config = verb->docker_config,
		.ca_file = verb->ca_file,
		.plain_http = verb->plain_http,
		.platform = verb->platform,
		.progress = show_download,
		.ctx = &progress,
	};
	const struct scan_opts opts = {
		.db = db,
		.no_secrets = verb->no_secrets,
		.select = verb->select,
		.platform = verb->platform,
		.store = store,
		.registry = &registry,
		.now_s = now_s,
		.progress = show_progress,
		.ctx = &progress,
	};
	int rc = scan_target(target, &opts, ret, err);

	wipe(&progress);
	return rc;
}

/* --- statements and exceptions --- */

/* Texts of files, which the report refers to; freed at the end. */
struct texts {
	RF_VEC(char *) list;
};

static void texts_done(struct texts *texts)
{
	rf_vec_each (text, &texts->list)
		free(*text);
	rf_vec_done(&texts->list);
}

static int read_text(
	struct texts *texts, const char *path, size_t max, struct rf_str *ret, struct rf_err *err)
{
	AUTO_BUF text = {.max = max};
	char *kept;
	size_t len;
	int rc = rf_file_read(path, &text, err);

	if (rc < 0)
		return rf_err_wrap(err, rc, "%s", path);
	len = text.len;
	kept = len ? rf_buf_take(&text) : rf_str_dup(RF_STR(""));
	if (!kept || !rf_vec_push(&texts->list, kept)) {
		free(kept);
		return rf_err_nomem(err);
	}
	*ret = (struct rf_str){kept, len};
	return RF_OK;
}

static int apply_vex(const struct scan_verb *verb, struct scan_report *report, struct texts *texts,
	struct rf_diags *diags, struct rf_err *err)
{
	rf_vec_each (path, &verb->vex_in) {
		struct rf_str text;
		int rc = read_text(texts, *path, VEX_MAX_FILE, &text, err);

		if (rc == RF_OK)
			rc = vex_apply(report, text, *path, diags, NULL);
		if (rc == RF_EINTERNAL)
			return rf_err_nomem(err);
		if (rc < 0 && !diags->error_count)
			return rc;
	}
	return RF_OK;
}

static int apply_ignore(const struct scan_verb *verb, struct scan_report *report,
	struct gate_opts *gate, struct texts *texts, struct rf_diags *diags, struct rf_err *err)
{
	struct ignore_result result = {.suppressed = 0};
	struct rf_str text;
	int rc;

	if (!verb->ignore)
		return RF_OK;
	rc = read_text(texts, verb->ignore, IGNORE_MAX_FILE, &text, err);
	if (rc < 0)
		return rc;
	rc = ignore_apply(report, text, verb->ignore, gate->now_s, diags, &result);
	if (rc == RF_EINTERNAL)
		return rf_err_nomem(err);
	if (rc < 0)
		return RF_OK; /* said in diags */
	gate->failures = result.expired;
	for (size_t i = 0; i < result.unused.count; i++)
		fprintf(stderr, "ringfence: note: %s\n", result.unused.items[i].ptr);
	return RF_OK;
}

/* --- the end --- */

static int write_to(const char *path, const struct rf_buf *out)
{
	struct rf_err err;

	if (!path || strcmp(path, "-") == 0)
		return out_result(out);
	if (out->failed)
		return out_errorf("out of memory");
	if (rf_file_replace(path, rf_buf_cstr(out), out->len, 0644, false, &err) < 0)
		return out_error(&err);
	return 0;
}

static int write_report(const struct scan_verb *verb, const struct scan_report *report)
{
	enum scan_format format = verb->json ? SCAN_FORMAT_JSON : (enum scan_format)verb->format;
	AUTO_BUF out = {0};
	AUTO_BUF vex = {0};
	int status = 0;

	if (scan_print(report, format, verb->all, &out) < 0)
		return out_errorf("the report cannot be written");
	if (verb->vex) {
		if (scan_print(report, scan_vex_format(verb->vex_format), true, &vex) < 0)
			return out_errorf("the statements cannot be written");
		status = write_to(verb->vex, &vex);
	}
	return status ? status : write_to(verb->output, &out);
}

static int judge(const struct gate_opts *gate, const struct scan_report *report)
{
	struct gate_verdict verdict;

	if (!gate->on && !gate->max_age_s && !gate->failures.count)
		return 0;
	if (gate_judge(gate, report, report->arena, &verdict) < 0)
		return out_errorf("out of memory");
	for (size_t i = 0; i < verdict.notes.count; i++)
		fprintf(stderr, "ringfence: note: %s\n", verdict.notes.items[i].ptr);
	for (size_t i = 0; i < verdict.reasons.count; i++)
		fprintf(stderr, "ringfence: refused: %s\n", verdict.reasons.items[i].ptr);
	return verdict.pass ? 0 : EXIT_REFUSED;
}

static int finish(const struct scan_verb *verb, struct scan_report *report, struct gate_opts *gate)
{
	CLEANUP(texts_done) struct texts texts = {.list = {.count = 0}};
	AUTO_DIAGS diags = {.error_count = 0};
	struct rf_err err;
	int rc = apply_vex(verb, report, &texts, &diags, &err), status;

	if (rc == RF_OK)
		rc = apply_ignore(verb, report, gate, &texts, &diags, &err);
	if (rc < 0)
		return out_error(&err);
	status = out_diags(&diags);
	if (status == 0)
		status = write_report(verb, report);
	return status ? status : judge(gate, report);
}

/* Without a database only the inventory can be told; a gate then has nothing to go by. */
static int open_database(const struct scan_verb *verb, struct vuln_db **ret)
{
	struct rf_err err;
	int rc = database_open(verb->db, verb->db_key, ret, &err);

	if (rc == RF_EABSENT && !verb->db) {
		fprintf(stderr,
			"ringfence: warning: %s: vulnerabilities are not looked for. Make one with "
			"`ringfence image db build` or `update`, or say --db\n",
			err.msg);
		return 0;
	}
	return rc < 0 ? out_error(&err) : 0;
}

static int run_scan(const struct scan_verb *verb, const char *target)
{
	AUTO_SCAN_REPORT *report = NULL;
	AUTO_VULN_DB *db = NULL;
	int64_t now_s = time(NULL);
	struct gate_opts gate;
	struct rf_err err;
	int status = read_gate(verb, now_s, &gate);

	if (status == 0)
		status = open_database(verb, &db);
	if (status)
		return status;
	if (scan(verb, target, db, now_s, &report, &err) < 0)
		return out_error(&err);
	return finish(verb, report, &gate);
}

int image_verb_scan(int argc, char **argv)
{
	struct scan_verb verb = {.db = NULL};
	struct opt_args args;
	int status = opt_parse(&image_scan_usage, argc, argv, &verb, &args);

	if (status == OPT_GO)
		status = run_scan(&verb, args.items[0]);
	rf_vec_done(&verb.vex_in);
	return status;
}

static int run_sbom(const struct scan_verb *verb, const char *target)
{
	AUTO_SCAN_REPORT *report = NULL;
	AUTO_BUF out = {0};
	struct rf_err err;

	if (scan(verb, target, NULL, time(NULL), &report, &err) < 0)
		return out_error(&err);
	if (scan_print_bom(report, (enum scan_format)verb->format, &out) < 0)
		return opt_fail(&image_sbom_usage, "no list of packages in this format");
	return write_to(verb->output, &out);
}

int image_verb_sbom(int argc, char **argv)
{
	struct scan_verb verb = {.no_secrets = true, .format = SCAN_FORMAT_CYCLONEDX};
	struct opt_args args;
	int status = opt_parse(&image_sbom_usage, argc, argv, &verb, &args);

	return status == OPT_GO ? run_sbom(&verb, args.items[0]) : status;
}
