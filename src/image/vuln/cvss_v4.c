/*
 * CVSS 4.0 (first.org/cvss/v4.0/specification-document, section 8). A vector belongs to a
 * MacroVector, six classes EQ1 to EQ6 of like severity, whose worst vector has the score of a
 * table. From that is taken the mean, over the classes that have a less severe neighbour, of the
 * score's step to that neighbour times how far the vector is from the worst one of its class.
 *
 * In a base score no exploit maturity (EQ5) and no security requirement is given, which counts as
 * the worst: EQ5 is 0, and EQ6 is 0 exactly when EQ3 is below 2. So 60 of the table's 270 rows can
 * be met here. Integers throughout: the value that is rounded is exact.
 */
#include "image/vuln/cvss_int.h"

enum base { AV, AC, AT, PR, UI, VC, VI, VA, SC, SI, SA };

/* The values of base metrics from the worst on: a place is the distance from the worst. */
static const struct cvss_metric metrics[] = {
	[AV] = {"AV", "N A L P", true},
	[AC] = {"AC", "L H", true},
	[AT] = {"AT", "N P", true},
	[PR] = {"PR", "N L H", true},
	[UI] = {"UI", "N P A", true},
	[VC] = {"VC", "H L N", true},
	[VI] = {"VI", "H L N", true},
	[VA] = {"VA", "H L N", true},
	[SC] = {"SC", "H L N", true},
	[SI] = {"SI", "H L N", true},
	[SA] = {"SA", "H L N", true},
	{"E", "X A P U", false},
	{"CR", "X H M L", false},
	{"IR", "X H M L", false},
	{"AR", "X H M L", false},
	{"MAV", "X N A L P", false},
	{"MAC", "X L H", false},
	{"MAT", "X N P", false},
	{"MPR", "X N L H", false},
	{"MUI", "X N P A", false},
	{"MVC", "X H L N", false},
	{"MVI", "X H L N", false},
	{"MVA", "X H L N", false},
	{"MSC", "X H L N", false},
	{"MSI", "X S H L N", false},
	{"MSA", "X S H L N", false},
	{"S", "X N P", false},
	{"AU", "X N Y", false},
	{"R", "X A U I", false},
	{"V", "X D C", false},
	{"RE", "X L M H", false},
	{"U", "X Clear Green Amber Red", false},
};

#define VALUE_NONE 2 /* of the impact metrics */

/* EQ3 and EQ6 together, in the order of the table. */
enum eq36 { EQ36_00, EQ36_01, EQ36_10, EQ36_11, EQ36_21, EQ36_COUNT };

/* The table, in tenths: by EQ1, EQ2, EQ3 with EQ6, and EQ4, which is 1 or 2. */
static const uint8_t table[3][2][EQ36_COUNT][2] = {
	{{{100, 93}, {96, 90}, {93, 88}, {92, 80}, {79, 69}},
		{{95, 92}, {91, 81}, {92, 84}, {82, 70}, {71, 63}}},
	{{{94, 87}, {89, 75}, {86, 72}, {76, 57}, {65, 53}},
		{{90, 77}, {77, 66}, {74, 61}, {59, 52}, {58, 23}}},
	{{{86, 70}, {74, 54}, {72, 53}, {57, 36}, {47, 24}},
		{{73, 54}, {55, 43}, {61, 46}, {51, 18}, {24, 10}}},
};

/* How far the worst vectors of a class are from the worst of all, and the depth of the class. */
struct class_size {
	unsigned worst, depth;
};
static const struct class_size eq1_sizes[] = {{0, 1}, {1, 4}, {3, 5}};
static const struct class_size eq2_sizes[] = {{0, 1}, {1, 2}};
static const struct class_size eq36_sizes[] = {
	[EQ36_00] = {0, 7}, [EQ36_10] = {1, 8}, [EQ36_21] = {3, 10}};
static const struct class_size eq4_sizes[] = {{0, 5}, {3, 4}};

#define DEPTHS_MULTIPLE 280 /* of all depths above */

static unsigned eq1_of(const uint8_t *v)
{
	if (v[AV] + v[PR] + v[UI] == 0)
		return 0;
	return v[AV] < 3 && (v[AV] == 0 || v[PR] == 0 || v[UI] == 0) ? 1 : 2;
}

static enum eq36 eq36_of(const uint8_t *v)
{
	if (v[VC] == 0 && v[VI] == 0)
		return EQ36_00;
	return v[VC] == 0 || v[VI] == 0 || v[VA] == 0 ? EQ36_10 : EQ36_21;
}

/* The sum over classes of step times proportion. */
struct mean {
	unsigned sum; /* in tenths / DEPTHS_MULTIPLE */
	unsigned count;
};

/* A class that has a less severe neighbour. */
static void mean_add(struct mean *mean, unsigned step, unsigned distance, struct class_size size)
{
	mean->sum += step * (distance - size.worst) * (DEPTHS_MULTIPLE / size.depth);
	mean->count++;
}

static unsigned max_of(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static bool no_impact(const uint8_t *v)
{
	for (unsigned i = VC; i <= SA; i++) {
		if (v[i] != VALUE_NONE)
			return false;
	}
	return true;
}

static unsigned score(const uint8_t *v)
{
	unsigned eq1 = eq1_of(v), eq2 = v[AC] + v[AT] > 0, eq36 = eq36_of(v);
	unsigned eq4 = v[SC] == 0 || v[SI] == 0 || v[SA] == 0 ? 0 : 1;
	const uint8_t(*row)[2] = table[eq1][eq2];
	unsigned top = row[eq36][eq4], whole;
	struct mean mean = {.count = 1}; /* EQ5: its neighbour counts, its distance is 0 */

	if (no_impact(v))
		return 0;
	if (eq1 < 2)
		mean_add(&mean, top - table[eq1 + 1][eq2][eq36][eq4], v[AV] + v[PR] + v[UI],
			eq1_sizes[eq1]);
	if (eq2 < 1)
		mean_add(&mean, top - table[eq1][1][eq36][eq4], v[AC] + v[AT], eq2_sizes[eq2]);
	if (eq36 == EQ36_00)
		mean_add(&mean, top - max_of(row[EQ36_01][eq4], row[EQ36_10][eq4]),
			v[VC] + v[VI] + v[VA], eq36_sizes[eq36]);
	if (eq36 == EQ36_10)
		mean_add(&mean, top - row[EQ36_11][eq4], v[VC] + v[VI] + v[VA], eq36_sizes[eq36]);
	if (eq4 < 1)
		mean_add(&mean, top - row[eq36][1], v[SC] + v[SI] + v[SA], eq4_sizes[eq4]);
	whole = mean.count * DEPTHS_MULTIPLE;
	return (2 * (top * whole - mean.sum) + whole) / (2 * whole);
}

const struct cvss_rules cvss_rules_v4 = {40, "CVSS:4.0/", metrics, RF_ARRAY_LEN(metrics), score};
