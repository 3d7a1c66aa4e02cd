/*
 * The ignore file (--ignore): findings that somebody has looked at, why they do not count, and
 * until when. YAML, a list:
 *
 *	- id: GO-2024-2687            # or an alias; of several CVEs, each needs an entry
 *	  package: golang.org/x/net   # optional: of this package only
 *	  location: /app              # optional: at this place only
 *	  reason: the service is not reachable from outside
 *	  expires: 2027-01-31         # counts until the end of that day, UTC
 *
 * "packed" is the id of every packed program (a file of that kind); a package is none.
 *
 * An entry that has expired suppresses nothing and is a failure of its own, whether or not there is
 * such a finding: somebody has to look again. An entry that matches nothing is a note.
 */
#ifndef RF_IMAGE_REPORT_IGNORE_H
#define RF_IMAGE_REPORT_IGNORE_H

#include "base/diag.h"
#include "image/scan/report.h"

#define IGNORE_MAX_FILE	   ((size_t)4 << 20)
#define IGNORE_MAX_ENTRIES 20000

/* Sentences that begin with "file:line: "; they live in the report's arena. */
struct ignore_result {
	struct scan_strs expired; /* failures: for gate_opts.failures */
	struct scan_strs unused;  /* notes */
	size_t suppressed;	  /* findings and files that did count and no longer do */
};

/*
 * Sets suppressed of report's findings and packed programs. now_s is the time by which entries
 * expire; text and file must live as long as the report. RF_EINPUT with errors in diags
 * (file:line:column) when the file is wrong anywhere: nothing is suppressed then.
 */
int ignore_apply(struct scan_report *report, struct rf_str text, const char *file, int64_t now_s,
	struct rf_diags *diags, struct ignore_result *ret) RF_MUST_USE;

#endif
