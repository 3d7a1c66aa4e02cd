/*
 * CVSS 2.0 (first.org/cvss/v2/guide, section 3.2.1), in integers: weights in thousandths, products
 * as they come, so that the last step rounds the exact value.
 */
#include "image/vuln/cvss_int.h"

enum base { AV, AC, AU, C, I, A };

static const struct cvss_metric metrics[] = {
	[AV] = {"AV", "L A N", true},
	[AC] = {"AC", "H M L", true},
	[AU] = {"Au", "M S N", true},
	[C] = {"C", "N P C", true},
	[I] = {"I", "N P C", true},
	[A] = {"A", "N P C", true},
	{"E", "U POC F H ND", false},
	{"RL", "OF TF W U ND", false},
	{"RC", "UC UR C ND", false},
	{"CDP", "N L LM MH H ND", false},
	{"TD", "N L M H ND", false},
	{"CR", "L M H ND", false},
	{"IR", "L M H ND", false},
	{"AR", "L M H ND", false},
};

static const int64_t access_vector[] = {395, 646, 1000};
static const int64_t access_complexity[] = {350, 610, 710};
static const int64_t authentication[] = {450, 560, 704};
static const int64_t impact[] = {0, 275, 660};

#define UNIT INT64_C(1000000000)

static unsigned score(const uint8_t *v)
{
	/* In units of 1e-9. */
	int64_t loss = UNIT - (1000 - impact[v[C]]) * (1000 - impact[v[I]]) * (1000 - impact[v[A]]);
	int64_t ease = access_vector[v[AV]] * access_complexity[v[AC]] * authentication[v[AU]];
	/* 0.6 * 10.41 and 0.4 * 20, in units of 1e-12; 1.176 makes that 1e-15. */
	int64_t sum = 6246 * loss + 8000 * ease - 1500 * UNIT;

	if (loss == 0)
		return 0;
	return (unsigned)((sum * 1176 + 50000 * UNIT) / (100000 * UNIT));
}

const struct cvss_rules cvss_rules_v2 = {20, "", metrics, RF_ARRAY_LEN(metrics), score};
