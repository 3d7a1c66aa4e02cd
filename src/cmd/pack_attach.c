/*
 * The image is scanned in the form in which others get it, an archive, so that layers and places in
 * the documents are the image's own.
 */
#include "cmd/pack_attach.h"

#include <time.h>

#include "cmd/output.h"
#include "host/judge.h"
#include "image/report/report.h"
#include "image/scan/scan.h"

#define TYPE_SBOM "application/vnd.cyclonedx+json"
#define TYPE_VEX  "application/vnd.openvex+json"

static int scan_packed(
	int fd, const struct pack_attach *opts, struct scan_report **ret, struct rf_err *err)
{
	const struct scan_opts scan = {.db = opts->db, .no_secrets = true, .now_s = time(NULL)};
	AUTO_SCAN_REPORT *report = NULL;
	char path[64];
	int rc;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = scan_target(path, &scan, &report, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "the finished image");
	report->target = rf_arena_str(report->arena, rf_str_of(opts->name));
	if (!report->target.ptr)
		return rf_err_nomem(err);
	*ret = TAKE_PTR(report);
	return RF_OK;
}

static int warn(const struct scan_report *report, struct rf_err *err)
{
	struct judge_opts judge;
	struct gate_verdict verdict;

	judge_defaults(&judge);
	judge.gate.now_s = time(NULL);
	if (gate_judge(&judge.gate, report, report->arena, &verdict) < 0)
		return rf_err_nomem(err);
	for (size_t i = 0; i < verdict.reasons.count; i++)
		out_warning("the gate would refuse this image: %s", verdict.reasons.items[i].ptr);
	return RF_OK;
}

/* The packages only: the database has no say in it. */
static void write_sbom(
	struct scan_report *report, const struct pack_attach *opts, struct rf_buf *out)
{
	const struct report_opts how = {.epoch_s = opts->epoch_s, .bom_only = true};
	const struct scan_database database = report->database;
	const size_t finding_count = report->finding_count;

	report->database = (struct scan_database){.present = false};
	report->finding_count = 0;
	report_cyclonedx(report, &how, out);
	report->finding_count = finding_count;
	report->database = database;
}

int pack_attach(
	struct pack_image *image, int fd, const struct pack_attach *opts, struct rf_err *err)
{
	const struct report_opts how = {.epoch_s = opts->epoch_s};
	AUTO_SCAN_REPORT *report = NULL;
	AUTO_BUF sbom = {0};
	AUTO_BUF vex = {0};
	int rc = scan_packed(fd, opts, &report, err);

	if (rc < 0 || !report)
		return rc;
	rc = opts->db ? warn(report, err) : RF_OK;
	if (rc < 0)
		return rc;
	write_sbom(report, opts, &sbom);
	report_openvex(report, &how, &vex);
	if (sbom.failed || vex.failed)
		return rf_err_nomem(err);
	rc = pack_image_attach(image, TYPE_SBOM, rf_buf_str(&sbom), err);
	/* OpenVEX wants a statement at least. */
	if (rc == RF_OK && opts->db && report->finding_count)
		rc = pack_image_attach(image, TYPE_VEX, rf_buf_str(&vex), err);
	return rc;
}
