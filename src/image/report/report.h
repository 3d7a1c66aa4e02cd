/*
 * Reports as documents. Every writer is pure: the same report, options and program give the same
 * bytes, on every machine and at any time. Nothing is written from a clock: where a format demands
 * a time, it is SOURCE_DATE_EPOCH, else the image's own, else the database's, else 1970. What a
 * format wants to be unique (serial numbers, namespaces) is derived from the content.
 *
 * Text of the report is hostile and is escaped as its format escapes. Writers fail by the buffer's
 * sticky failure alone. The report must be sorted (scan_report_sort()).
 *
 * What tiers become in statements that others read (VEX, analysis states):
 *
 *	absent			not affected: the vulnerable code is not present
 *	linked, path, unknown	affected (CycloneDX: exploitable)
 *
 * Unknown is affected, not "under investigation": nobody investigates, and a reader that lets
 * what is under investigation pass would fail open. What the ignore file or somebody else's VEX
 * suppressed stays affected, with the reason in its notes: a statement says what the scan saw.
 *
 * Sources: CycloneDX 1.6, SPDX 2.3 and 3.0.1, SARIF 2.1.0, OpenVEX 0.2.0; with their JSON schemas.
 */
#ifndef RF_IMAGE_REPORT_REPORT_H
#define RF_IMAGE_REPORT_REPORT_H

#include "base/buf.h"
#include "image/scan/report.h"

struct report_opts {
	int64_t epoch_s; /* SOURCE_DATE_EPOCH; negative: not set */
	bool bom_only;	 /* packages without their vulnerabilities: an SBOM */
};

/* A stable form of ours: keys are never renamed or moved, new ones follow the old ones. */
void report_json(const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out);
void report_sarif(const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out);
void report_cyclonedx(
	const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out);
void report_spdx23(const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out);
void report_spdx30(const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out);
/* One page without scripts or anything that is loaded. */
void report_html(const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out);

/*
 * OpenVEX: one statement a vulnerability and package URL. A package that is in the image at several
 * places is affected when it is so at one of them, because package URLs do not tell them apart.
 * The schema wants one statement at least: without findings the list is empty all the same.
 */
void report_openvex(
	const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out);
/* CycloneDX with the vulnerabilities and the packages that they are in, and nothing else. */
void report_cyclonedx_vex(
	const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out);

/*
 * What a person does about a finding, in one line: "go get golang.org/x/net@v0.23.0 && go mod
 * tidy", "build with Go 1.21.9 or later (FROM golang:1.21.9)". A name from the image that a shell
 * could take for anything but a word gets no command.
 */
void report_advice(const struct scan_report *r, const struct scan_finding *f, struct rf_buf *out);
/* The same for a version chosen by the caller: one that mends several findings; "" for none. */
void report_advice_for(const struct scan_package *p, struct rf_str fixed, struct rf_buf *out);

/*
 * The lowest version that mends all of count findings (indexes) of one package: of a finding that
 * is fixed in 1.21.9 and 1.22.2 and one that is fixed in 1.22.1 that is 1.22.2. Findings without a
 * fix are left out; "" when there is none at all.
 */
struct rf_str report_mend(const struct scan_report *r, const size_t *findings, size_t count);

/* Whether the scan itself counts it: not absent and not suppressed. */
static inline bool report_counts(const struct scan_finding *f)
{
	return f->tier != SCAN_TIER_ABSENT && f->suppressed.len == 0;
}

/*
 * Aliases hold the CVEs that an advisory of a distribution is about, too: such a name alone may be
 * a part of the finding only.
 */
static inline bool report_is_cve(struct rf_str name)
{
	return rf_str_starts(name, RF_STR("CVE-"));
}

#endif
