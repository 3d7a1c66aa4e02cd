/* Reports of scans in the formats that `image scan` and `image sbom` offer. */
#ifndef RF_CMD_SCAN_PRINT_H
#define RF_CMD_SCAN_PRINT_H

#include "base/buf.h"
#include "image/scan/report.h"

enum scan_format {
	SCAN_FORMAT_TEXT,
	SCAN_FORMAT_JSON,
	SCAN_FORMAT_SARIF,
	SCAN_FORMAT_CYCLONEDX,
	SCAN_FORMAT_SPDX,
	SCAN_FORMAT_SPDX_3,
	SCAN_FORMAT_HTML,
	SCAN_FORMAT_OPENVEX,
	SCAN_FORMAT_CYCLONEDX_VEX,
};

/* Names for OPT_CHOICE, in the order of the enum, up to html. */
extern const char *const scan_formats[];
/* The same for --vex-format: openvex, cyclonedx. */
extern const char *const scan_vex_formats[];
/* The format of an index into scan_vex_formats. */
enum scan_format scan_vex_format(unsigned choice);

/*
 * Appends the sorted report in a format; sticky failure of out. all: the table also lists what does
 * not count. Colour for the table where standard output wants it. SOURCE_DATE_EPOCH is honoured.
 */
int scan_print(const struct scan_report *report, enum scan_format format, bool all,
	struct rf_buf *out) RF_MUST_USE;
/* The packages alone. The VEX formats are none for it. */
int scan_print_bom(
	const struct scan_report *report, enum scan_format format, struct rf_buf *out) RF_MUST_USE;

/* text without what a terminal obeys, cut to columns (0: whole). */
void scan_add_clean(struct rf_buf *out, struct rf_str text, size_t columns);
/* The last lines of the table: counts per level and tier, the database's age. */
void scan_summary(const struct scan_report *report, bool all, bool colour, struct rf_buf *out);
/* The tables (scan_table.c). */
void scan_table(const struct scan_report *report, bool all, bool colour, struct rf_buf *out);
void scan_table_packages(const struct scan_report *report, bool colour, struct rf_buf *out);

#endif
