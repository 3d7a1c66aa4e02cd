/*
 * CVSS base scores from vectors: 2.0, 3.0, 3.1 and 4.0 (first.org specifications). Pure. Scores are
 * in tenths (98 is 9.8), so that they are exact.
 */
#ifndef RF_IMAGE_VULN_CVSS_H
#define RF_IMAGE_VULN_CVSS_H

#include "base/err.h"
#include "base/str.h"

/* In this order: worse is greater. */
enum vuln_level {
	VULN_LEVEL_UNRATED, /* nobody has rated it: says nothing about how bad it is */
	VULN_LEVEL_NONE,    /* a score of 0.0 */
	VULN_LEVEL_LOW,
	VULN_LEVEL_MEDIUM,
	VULN_LEVEL_HIGH,
	VULN_LEVEL_CRITICAL,
};

/* "critical", ..., "unrated". */
const char *vuln_level_name(enum vuln_level level);
/* By name, in any case; "moderate" and "important" are medium and high. */
bool vuln_level_find(struct rf_str name, enum vuln_level *ret) RF_MUST_USE;

#define CVSS_VECTOR_MAX 512 /* bytes */

struct cvss {
	unsigned version;      /* 20, 30, 31, 40 */
	unsigned base_tenths;  /* 0 to 100 */
	enum vuln_level level; /* of the score, by the qualitative scale of its version */
};

/*
 * Reads a vector ("CVSS:3.1/AV:N/...", CVSS 2 with or without parentheses) and computes its base
 * score; temporal, environmental, threat and supplemental metrics are checked and do not count.
 * RF_EINPUT says which metric is missing, unknown, repeated or has no such value.
 */
int cvss_parse(struct rf_str vector, struct cvss *ret, struct rf_err *err) RF_MUST_USE;

#endif
