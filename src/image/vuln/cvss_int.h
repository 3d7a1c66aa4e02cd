/* What the versions of CVSS are made of: metrics as rows, and a score of the values found. */
#ifndef RF_IMAGE_VULN_CVSS_INT_H
#define RF_IMAGE_VULN_CVSS_INT_H

#include "image/vuln/cvss.h"

#define CVSS_METRICS_MAX 32 /* of one version */
#define CVSS_UNSET	 UINT8_MAX

struct cvss_metric {
	const char *name;
	const char *values; /* one space between them; a value is kept as its place here */
	bool base;	    /* must be there; these come first */
};

struct cvss_rules {
	unsigned version;
	const char *prefix; /* "CVSS:3.1/"; "" for CVSS 2, which has none */
	const struct cvss_metric *metrics;
	size_t count;
	/* Of the values of the base metrics, all set, by their places in metrics: tenths. */
	unsigned (*score)(const uint8_t *values);
};

extern const struct cvss_rules cvss_rules_v2, cvss_rules_v30, cvss_rules_v31, cvss_rules_v4;

#endif
