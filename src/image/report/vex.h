/*
 * Others' statements (--vex-in): OpenVEX 0.2.0 (and the plainer form of 0.0.1) and CycloneDX with
 * vulnerabilities, told apart by what they hold.
 *
 * A finding is suppressed when the last statement about it (by its time, else by its place in the
 * file) says that it is not affected or fixed. A statement is about a finding when it names the
 * vulnerability, by its id or one of its aliases, and its products, where it names any, are
 *
 *	the target: by package URL, digest or name, and its subcomponents the package, if any;
 *	the package itself, by package URL;
 *	the main module of the program that the package is linked into, likewise.
 *
 * A statement about another product, or about one that cannot be told, is about nothing here. A
 * package URL without version is about all versions. Several files add up: what one suppresses, a
 * later one does not bring back.
 */
#ifndef RF_IMAGE_REPORT_VEX_H
#define RF_IMAGE_REPORT_VEX_H

#include "base/diag.h"
#include "image/scan/report.h"

#define VEX_MAX_FILE	   ((size_t)64 << 20)
#define VEX_MAX_STATEMENTS 200000
#define VEX_MAX_PRODUCTS   1000000 /* of all statements */

struct vex_count {
	size_t statements; /* that the file holds */
	size_t suppressed; /* findings that did count and no longer do */
};

/*
 * Sets suppressed of report's findings. text and file's name must live as long as the report.
 * RF_EINPUT with errors in diags (file:line:column) when it is no VEX document: nothing is
 * suppressed then. ret may be NULL.
 */
int vex_apply(struct scan_report *report, struct rf_str text, const char *file,
	struct rf_diags *diags, struct vex_count *ret) RF_MUST_USE;

#endif
