/*
 * CVSS 3.0 and 3.1 (first.org/cvss/v3.1/specification-document, sections 7.1, 7.4 and appendix A),
 * in integers but for one power. The two differ in how they round up: 3.0 the exact value, 3.1 what
 * is left of it at five decimals.
 */
#include "image/vuln/cvss_int.h"

enum base { AV, AC, PR, UI, S, C, I, A };

static const struct cvss_metric metrics[] = {
	[AV] = {"AV", "N A L P", true},
	[AC] = {"AC", "L H", true},
	[PR] = {"PR", "N L H", true},
	[UI] = {"UI", "N R", true},
	[S] = {"S", "U C", true},
	[C] = {"C", "N L H", true},
	[I] = {"I", "N L H", true},
	[A] = {"A", "N L H", true},
	{"E", "X U P F H", false},
	{"RL", "X O T W U", false},
	{"RC", "X U R C", false},
	{"CR", "X L M H", false},
	{"IR", "X L M H", false},
	{"AR", "X L M H", false},
	{"MAV", "X N A L P", false},
	{"MAC", "X L H", false},
	{"MPR", "X N L H", false},
	{"MUI", "X N R", false},
	{"MS", "X U C", false},
	{"MC", "X N L H", false},
	{"MI", "X N L H", false},
	{"MA", "X N L H", false},
};

/* In hundredths. */
static const int64_t attack_vector[] = {85, 62, 55, 20};
static const int64_t attack_complexity[] = {77, 44};
static const int64_t privileges[][3] = {{85, 62, 27}, {85, 68, 50}}; /* by scope */
static const int64_t user_interaction[] = {85, 62};
static const int64_t impact[] = {0, 22, 56};

#define TENTH	INT64_C(10000000000000) /* of a score in units of 1e-14 */
#define DECIMAL INT64_C(1000000000)	/* the fifth one, in the same units */

/* In units of 1e-12. loss: in units of 1e-6. */
static int64_t impact_score(int64_t loss, bool changed)
{
	double part = (double)loss / 1e6, base = part - 0.02, power = base;

	if (!changed)
		return loss * 6420000;
	for (unsigned i = 1; i < 15; i++)
		power *= base;
	return (int64_t)((7.52 * (part - 0.029) - 3.25 * power) * 1e12 + 0.5);
}

/* Not rounded, in units of 1e-14. */
static int64_t exact(const uint8_t *v)
{
	bool changed = v[S] == 1;
	int64_t loss = 1000000 - (100 - impact[v[C]]) * (100 - impact[v[I]]) * (100 - impact[v[A]]);
	/* 8.22 times four hundredths: units of 1e-10, and of 1e-12 with the 100. */
	int64_t ease = INT64_C(82200) * attack_vector[v[AV]] * attack_complexity[v[AC]] *
		       privileges[changed][v[PR]] * user_interaction[v[UI]];
	int64_t sum;

	if (loss == 0)
		return 0;
	sum = (impact_score(loss, changed) + ease) * (changed ? 108 : 100);
	return sum < 100 * TENTH ? sum : 100 * TENTH;
}

static unsigned score_v30(const uint8_t *v)
{
	return (unsigned)((exact(v) + TENTH - 1) / TENTH);
}

static unsigned score_v31(const uint8_t *v)
{
	int64_t decimals = (exact(v) + DECIMAL / 2) / DECIMAL;

	return (unsigned)((decimals + TENTH / DECIMAL - 1) / (TENTH / DECIMAL));
}

const struct cvss_rules cvss_rules_v30 = {
	30, "CVSS:3.0/", metrics, RF_ARRAY_LEN(metrics), score_v30};
const struct cvss_rules cvss_rules_v31 = {
	31, "CVSS:3.1/", metrics, RF_ARRAY_LEN(metrics), score_v31};
