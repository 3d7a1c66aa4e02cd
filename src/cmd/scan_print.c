/* One row a format. */
#include "cmd/scan_print.h"

#include <unistd.h>

#include "base/num.h"
#include "cmd/output.h"
#include "image/report/report.h"
#include "image/report/when.h"

typedef void (*writer)(
	const struct scan_report *report, const struct report_opts *opts, struct rf_buf *out);

static const writer writers[] = {
	[SCAN_FORMAT_TEXT] = NULL,
	[SCAN_FORMAT_JSON] = report_json,
	[SCAN_FORMAT_SARIF] = report_sarif,
	[SCAN_FORMAT_CYCLONEDX] = report_cyclonedx,
	[SCAN_FORMAT_SPDX] = report_spdx23,
	[SCAN_FORMAT_SPDX_3] = report_spdx30,
	[SCAN_FORMAT_HTML] = report_html,
	[SCAN_FORMAT_OPENVEX] = report_openvex,
	[SCAN_FORMAT_CYCLONEDX_VEX] = report_cyclonedx_vex,
};

const char *const scan_formats[] = {
	[SCAN_FORMAT_TEXT] = "text",
	[SCAN_FORMAT_JSON] = "json",
	[SCAN_FORMAT_SARIF] = "sarif",
	[SCAN_FORMAT_CYCLONEDX] = "cyclonedx",
	[SCAN_FORMAT_SPDX] = "spdx",
	[SCAN_FORMAT_SPDX_3] = "spdx-3",
	[SCAN_FORMAT_HTML] = "html",
	NULL,
};

const char *const scan_vex_formats[] = {"openvex", "cyclonedx", NULL};

enum scan_format scan_vex_format(unsigned choice)
{
	return choice == 0 ? SCAN_FORMAT_OPENVEX : SCAN_FORMAT_CYCLONEDX_VEX;
}

/* reproducible-builds.org: seconds since 1970; anything else is as if it were not set. */
static int64_t source_date_epoch(void)
{
	uint64_t s;

	if (!rf_num_u64(rf_str_of(getenv("SOURCE_DATE_EPOCH")), WHEN_MAX, &s))
		return -1;
	return (int64_t)s;
}

static int print(const struct scan_report *report, enum scan_format format, bool bom_only, bool all,
	struct rf_buf *out)
{
	const struct report_opts opts = {.epoch_s = source_date_epoch(), .bom_only = bom_only};
	bool colour = out_has_colour(STDOUT_FILENO);

	if (writers[format])
		writers[format](report, &opts, out);
	else if (bom_only)
		scan_table_packages(report, colour, out);
	else
		scan_table(report, all, colour, out);
	return out->failed ? RF_EINTERNAL : RF_OK;
}

int scan_print(
	const struct scan_report *report, enum scan_format format, bool all, struct rf_buf *out)
{
	return print(report, format, false, all, out);
}

int scan_print_bom(const struct scan_report *report, enum scan_format format, struct rf_buf *out)
{
	return print(report, format, true, false, out);
}
