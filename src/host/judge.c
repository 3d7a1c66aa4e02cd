/*
 * STATE/verdicts/sha256-HEX, one file an image: the key on the first line (program, database, gate,
 * ignore file), then a line a reason, and one that begins with "note: " for what was not judged. A
 * key that differs makes the file void.
 */
#include "host/judge.h"

#include <time.h>

#include "base/fd.h"
#include "base/map.h"
#include "host/dns.h"
#include "image/report/ignore.h"
#include "image/scan/scan.h"
#include "image/vuln/db.h"

#define RULES	    "2" /* goes up when images are judged otherwise by the same version */
#define VERDICT_MAX ((size_t)1 << 20)
#define NOTE	    "note: "
#define NAMED_MAX   3 /* things that a note names */
#define DAY_S	    86400

void judge_defaults(struct judge_opts *ret)
{
	*ret = (struct judge_opts){
		.gate =
			{
				.on = true,
				.min_level = VULN_LEVEL_CRITICAL,
				.fixable = true,
				.tier = SCAN_TIER_LINKED,
			},
	};
}

int judge_opts_of(
	const struct gate_config *config, int64_t now_s, struct judge_opts *ret, struct rf_err *err)
{
	struct judge_opts opts;

	judge_defaults(&opts);
	opts.gate.now_s = now_s;
	opts.gate.fixable = !config->unfixed;
	opts.off = config->off;
	opts.ignore = config->ignore;
	opts.gate.max_age_s = config->max_age_s;
	if (!opts.off && config->fail_on &&
		!gate_level_find(rf_str_of(config->fail_on), &opts.gate))
		return rf_err_set(err, RF_EINPUT,
			"--fail-on \"%s\": there are critical, high, medium, low, any and off",
			config->fail_on);
	*ret = opts;
	return RF_OK;
}

void judge_verdict_done(struct judge_verdict *verdict)
{
	rf_buf_done(&verdict->why);
	rf_buf_done(&verdict->unjudged);
}

/* --- what a verdict depends on --- */

static int ignore_key(const struct judge_opts *opts, struct rf_buf *out, struct rf_err *err)
{
	AUTO_BUF text = {.max = IGNORE_MAX_FILE};
	char digest[IMAGE_DIGEST_TEXT_SIZE];
	struct image_digest hash;
	int rc;

	if (!opts->ignore)
		return RF_OK;
	rc = rf_file_read(opts->ignore, &text, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "%s", opts->ignore);
	if (image_digest_of(rf_buf_str(&text), &hash) < 0)
		return rf_err_set(err, RF_EINTERNAL, "SHA-256 is not available");
	/* Its entries expire by the day. */
	rf_buf_addf(out, " %s %lld", image_digest_text(&hash, digest),
		(long long)(opts->gate.now_s / DAY_S));
	return RF_OK;
}

static int make_key(const struct judge_opts *opts, struct rf_buf *out, struct rf_err *err)
{
	char digest[IMAGE_DIGEST_TEXT_SIZE];
	int rc;

	/* Another program may find what this one does not, or refuse it. */
	rf_buf_addf(out, RF_VERSION " " RULES " %s %d %d %d %d",
		image_digest_text(&vuln_db_info(opts->db)->digest, digest), opts->gate.any,
		opts->gate.min_level, opts->gate.fixable, opts->gate.tier);
	rc = ignore_key(opts, out, err);
	return rc == RF_OK && out->failed ? rf_err_nomem(err) : rc;
}

static int verdict_path(const struct instance *inst, const struct image *image, struct rf_buf *out)
{
	char file[IMAGE_DIGEST_TEXT_SIZE];
	struct image_digest digest;

	if (!image_digest_parse(image->digest, &digest))
		return RF_EINTERNAL;
	rf_buf_addf(out, "%s/verdicts/%s", inst->state_dir, image_digest_file(&digest, file));
	return out->failed ? RF_EINTERNAL : RF_OK;
}

/* --- remembering --- */

static bool recall(const char *path, struct rf_str key, struct judge_verdict *ret)
{
	AUTO_BUF text = {.max = VERDICT_MAX};
	struct rf_str line, rest;

	if (rf_file_read(path, &text, NULL) < 0)
		return false;
	rest = rf_str_cut(rf_buf_str(&text), '\n', &line);
	if (!rf_str_eq(line, key) || !rest.ptr)
		return false;
	while (rest.ptr) {
		rest = rf_str_cut(rest, '\n', &line);
		if (rf_str_starts(line, RF_STR(NOTE))) {
			rf_buf_add(&ret->unjudged, line.ptr + sizeof(NOTE) - 1,
				line.len - (sizeof(NOTE) - 1));
			continue;
		}
		if (line.len && ret->why.len)
			rf_buf_add_c(&ret->why, "; ");
		rf_buf_add_str(&ret->why, line);
	}
	ret->pass = ret->why.len == 0;
	ret->remembered = true;
	return !ret->why.failed && !ret->unjudged.failed;
}

/* A verdict that cannot be kept is found again the next time. */
static void remember(const struct instance *inst, const char *path, struct rf_str key,
	const struct gate_verdict *verdict, struct rf_str unjudged)
{
	AUTO_BUF text = {.max = VERDICT_MAX};
	AUTO_BUF dir = {0};

	rf_buf_add_str(&text, key);
	rf_buf_add_char(&text, '\n');
	for (size_t i = 0; i < verdict->reasons.count; i++) {
		rf_buf_add_str(&text, verdict->reasons.items[i]);
		rf_buf_add_char(&text, '\n');
	}
	if (unjudged.len)
		rf_buf_addf(&text, NOTE RF_STR_FMT "\n", RF_STR_ARG(unjudged));
	rf_buf_addf(&dir, "%s/verdicts", inst->state_dir);
	if (text.failed || dir.failed || rf_dir_make(dir.data, 0700, NULL) < 0)
		return;
	if (rf_file_replace(path, text.data, text.len, 0600, false, NULL) < 0)
		return;
}

/* --- judging --- */

static int apply_ignore(const struct judge_opts *opts, struct scan_report *report,
	struct gate_opts *gate, struct rf_buf *text, struct rf_err *err)
{
	AUTO_DIAGS diags = {.error_count = 0};
	struct ignore_result result = {.suppressed = 0};
	int rc;

	if (!opts->ignore)
		return RF_OK;
	text->max = IGNORE_MAX_FILE;
	rc = rf_file_read(opts->ignore, text, err);
	if (rc == RF_OK)
		rc = ignore_apply(
			report, rf_buf_str(text), opts->ignore, gate->now_s, &diags, &result);
	gate->failures = result.expired;
	if (rc == RF_EINPUT && diags.list.count)
		return rf_err_set(err, RF_EINPUT, "%s:%u:%u: %s", opts->ignore,
			diags.list.items[0].pos.line, diags.list.items[0].pos.col,
			diags.list.items[0].msg);
	return rc;
}

/* "/app: damaged ...; 3 packages of ... are not judged ...; and 2 more". */
static void tell_unjudged(const struct scan_report *report, struct rf_buf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < report->file_count; i++) {
		const struct scan_file *file = &report->files[i];

		if (file->kind != SCAN_FILE_UNREADABLE &&
			(file->kind != SCAN_FILE_PACKED || !file->suppressed.len))
			continue;
		if (count++ < NAMED_MAX)
			rf_buf_addf(out, "%s" RF_STR_FMT ": " RF_STR_FMT, out->len ? "; " : "",
				RF_STR_ARG(file->location), RF_STR_ARG(file->detail));
	}
	for (size_t i = 0; i < report->notes.count; i++) {
		if (count++ < NAMED_MAX)
			rf_buf_addf(out, "%s" RF_STR_FMT, out->len ? "; " : "",
				RF_STR_ARG(report->notes.items[i]));
	}
	if (count > NAMED_MAX)
		rf_buf_addf(out, "; and %zu more", count - NAMED_MAX);
}

static int scan_and_judge(const struct image *image, const struct judge_opts *opts,
	struct gate_verdict *verdict, struct rf_buf *unjudged, struct scan_report **ret_report,
	struct rf_err *err)
{
	const struct scan_opts scan = {
		.db = opts->db, .no_secrets = true, .now_s = opts->gate.now_s};
	struct gate_opts gate = opts->gate;
	AUTO_SCAN_REPORT *report = NULL;
	AUTO_BUF ignore_text = {0};
	int rc;

	if (opts->scanning)
		opts->scanning(opts->ctx, image->name.ptr);
	rc = scan_image(image, image->name.ptr, &scan, &report, err);
	if (rc == RF_OK)
		rc = apply_ignore(opts, report, &gate, &ignore_text, err);
	if (rc == RF_OK && gate_judge(&gate, report, report->arena, verdict) < 0)
		rc = rf_err_nomem(err);
	if (rc < 0 || !report)
		return rc;
	tell_unjudged(report, unjudged);
	*ret_report = TAKE_PTR(report);
	return RF_OK;
}

/* Where the verdict on image is, and the key that it has when it is one by opts. */
static int find_verdict(const struct instance *inst, const struct image *image,
	const struct judge_opts *opts, struct rf_buf *path, struct rf_buf *key, struct rf_err *err)
{
	int rc = make_key(opts, key, err);

	if (rc == RF_OK && verdict_path(inst, image, path) < 0)
		rc = rf_err_nomem(err);
	return rc;
}

int judge_recall(const struct instance *inst, const struct image *image,
	const struct judge_opts *opts, struct judge_verdict *ret, struct rf_err *err)
{
	AUTO_BUF key = {0};
	AUTO_BUF path = {0};
	int rc;

	*ret = (struct judge_verdict){.pass = false};
	/* Not a thing to remember: it comes with time, and goes with another database. */
	if (opts->db && !gate_age_good(&opts->gate, vuln_db_info(opts->db)->built_s, &ret->why)) {
		ret->too_old = true;
		return ret->why.failed ? rf_err_nomem(err) : RF_OK;
	}
	rc = find_verdict(inst, image, opts, &path, &key, err);
	if (rc == RF_OK && !recall(path.data, rf_buf_str(&key), ret)) {
		judge_verdict_done(ret);
		*ret = (struct judge_verdict){.pass = false};
		rc = rf_err_set(
			err, RF_EABSENT, RF_STR_FMT " was not judged", RF_STR_ARG(image->name));
	}
	return rc;
}

int judge_image(const struct instance *inst, const struct image *image,
	const struct judge_opts *opts, struct judge_verdict *ret, struct rf_err *err)
{
	AUTO_SCAN_REPORT *report = NULL;
	struct gate_verdict verdict;
	AUTO_BUF key = {0};
	AUTO_BUF path = {0};
	int rc = judge_recall(inst, image, opts, ret, err);

	if (rc != RF_EABSENT)
		return rc;
	rc = find_verdict(inst, image, opts, &path, &key, err);
	if (rc == RF_OK)
		rc = scan_and_judge(image, opts, &verdict, &ret->unjudged, &report, err);
	if (rc < 0)
		return rc;
	ret->pass = verdict.pass;
	for (size_t i = 0; i < verdict.reasons.count; i++) {
		rf_buf_add_c(&ret->why, i ? "; " : "");
		rf_buf_add_str(&ret->why, verdict.reasons.items[i]);
	}
	remember(inst, path.data, rf_buf_str(&key), &verdict, rf_buf_str(&ret->unjudged));
	return ret->why.failed || ret->unjudged.failed ? rf_err_nomem(err) : RF_OK;
}

/* --- a set --- */

struct judging {
	const struct instance *inst;
	const struct judge_opts *opts;
	struct image_store *store;
	struct rf_map seen; /* names of images */
	bool too_old;	    /* the database is, and that was said */
	struct rf_diags *diags;
};

static int judge_container(
	struct judging *j, const struct kube_container *container, struct rf_err *err)
{
	CLEANUP(judge_verdict_done) struct judge_verdict verdict = {.pass = true};
	struct rf_pos pos = doc_field_pos(container->node, "image");
	AUTO_IMAGE *image = NULL;
	uintptr_t seen;
	int rc;

	if (dns_is_image(container->image) || rf_map_get(&j->seen, container->image, &seen))
		return RF_OK;
	if (!rf_map_put(&j->seen, container->image, 1))
		return rf_err_nomem(err);
	if (j->too_old || image_find_kept(j->store, container->image.ptr, &image, NULL) < 0)
		return RF_OK;
	rc = judge_image(j->inst, image, j->opts, &verdict, err);
	if (rc == RF_EINTERNAL)
		return rc;
	if (rc < 0)
		rf_diag_add(j->diags, RF_ERROR, pos, "image " RF_STR_FMT " cannot be judged: %s",
			RF_STR_ARG(container->image), err->msg);
	else if (verdict.too_old)
		rf_diag_add(j->diags, RF_ERROR, pos,
			"image " RF_STR_FMT " and those behind it are refused: %s",
			RF_STR_ARG(container->image), rf_buf_cstr(&verdict.why));
	else if (!verdict.pass)
		rf_diag_add(j->diags, RF_ERROR, pos,
			"image " RF_STR_FMT " is refused: %s (`ringfence image scan " RF_STR_FMT
			"` tells all; %s)",
			RF_STR_ARG(container->image), rf_buf_cstr(&verdict.why),
			RF_STR_ARG(container->image),
			j->opts->mend ? j->opts->mend
				      : "--fail-on, --ignore change what is refused");
	j->too_old |= verdict.too_old;
	if (rc == RF_OK && verdict.unjudged.len)
		rf_diag_add(j->diags, RF_WARNING, pos,
			"image " RF_STR_FMT " was not judged as a whole: %s",
			RF_STR_ARG(container->image), rf_buf_cstr(&verdict.unjudged));
	return RF_OK;
}

static int judge_list(struct judging *j, const struct doc_list *list, struct rf_err *err)
{
	const struct kube_container *containers = list->items;
	int rc = RF_OK;

	for (size_t i = 0; i < list->count && rc == RF_OK; i++)
		rc = judge_container(j, &containers[i], err);
	return rc;
}

int judge_set(const struct instance *inst, const struct kube_set *set,
	const struct judge_opts *opts, struct rf_diags *diags, struct rf_err *err)
{
	struct judging j = {.inst = inst, .opts = opts, .diags = diags};
	int rc;

	if (opts->off)
		return RF_OK;
	if (!opts->db) {
		rf_diag_add(diags, RF_WARNING, (struct rf_pos){.file = NULL},
			"there is no vulnerability database on this machine, so images are not "
			"judged: `ringfence image db` makes one, --fail-on off says that this is "
			"meant");
		return RF_OK;
	}
	rc = image_store_open(inst->images, &j.store, err);
	rf_vec_each (object, &set->objects) {
		const struct kube_pod_spec *pod;

		if (rc < 0 || !kube_kind_is_workload((*object)->kind))
			continue;
		pod = &(*object)->workload->pod;
		rc = judge_list(&j, &pod->init_containers, err);
		if (rc == RF_OK)
			rc = judge_list(&j, &pod->containers, err);
	}
	rf_map_done(&j.seen);
	image_store_free(j.store);
	return rc;
}
