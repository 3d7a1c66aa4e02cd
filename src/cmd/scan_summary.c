/* The last lines of a table: what counts, what does not, and how old the data is. */
#include "cmd/output.h"
#include "cmd/scan_print.h"

#define DAY_S 86400

struct sums {
	size_t levels[VULN_LEVEL_CRITICAL + 1], tiers[SCAN_TIER_UNKNOWN + 1];
	size_t counted, absent, suppressed;
};

static void sum_up(const struct scan_report *r, struct sums *sums)
{
	for (size_t i = 0; i < r->finding_count; i++) {
		const struct scan_finding *f = &r->findings[i];

		if (f->suppressed.len) {
			sums->suppressed++;
		} else if (f->tier == SCAN_TIER_ABSENT) {
			sums->absent++;
		} else {
			sums->counted++;
			sums->levels[f->level]++;
			sums->tiers[f->tier]++;
		}
	}
}

/* "2 critical, 1 high" from the last of count counters to the first. */
static void add_counts(
	struct rf_buf *out, const size_t *counts, size_t count, const char *(*name)(size_t))
{
	bool first = true;

	for (size_t i = count; i-- > 0;) {
		if (!counts[i])
			continue;
		rf_buf_addf(out, "%s%zu %s", first ? "" : ", ", counts[i], name(i));
		first = false;
	}
}

static const char *level_name(size_t level)
{
	return vuln_level_name((enum vuln_level)level);
}

static const char *tier_name(size_t tier)
{
	return scan_tier_name((enum scan_tier)tier);
}

static void add_database(const struct scan_database *db, bool colour, struct rf_buf *out)
{
	uint64_t days = db->age_s / DAY_S;

	if (!db->present) {
		out_style(out, colour, OUT_WARN, "%s",
			"No vulnerability database: nothing is said about vulnerabilities.");
		rf_buf_add_char(out, '\n');
		return;
	}
	rf_buf_add_c(out, "Vulnerability database of ");
	scan_add_clean(out, db->built, 0);
	rf_buf_addf(out, ", %llu day%s old.\n", (unsigned long long)days, days == 1 ? "" : "s");
}

void scan_summary(const struct scan_report *r, bool all, bool colour, struct rf_buf *out)
{
	struct sums sums = {.counted = 0};
	enum out_style style;

	sum_up(r, &sums);
	rf_buf_add_char(out, '\n');
	if (sums.absent)
		rf_buf_addf(out,
			"%zu known vulnerabilit%s of packages in here: the vulnerable code is not "
			"linked in%s.\n",
			sums.absent, sums.absent == 1 ? "y" : "ies",
			all ? "" : " (--all lists them)");
	if (sums.suppressed)
		rf_buf_addf(out, "%zu suppressed by VEX statements or the ignore file%s.\n",
			sums.suppressed, all ? "" : " (--all lists them)");
	style = sums.counted ? OUT_BAD : OUT_GOOD;
	if (r->database.present || sums.counted) {
		out_style(out, colour, style, "%zu vulnerabilit%s", sums.counted,
			sums.counted == 1 ? "y" : "ies");
		if (sums.counted) {
			rf_buf_add_c(out, ": ");
			add_counts(out, sums.levels, RF_ARRAY_LEN(sums.levels), level_name);
			rf_buf_add_c(out, "; ");
			add_counts(out, sums.tiers, RF_ARRAY_LEN(sums.tiers), tier_name);
		}
		rf_buf_add_c(out, ". ");
	}
	if (r->secret_count)
		rf_buf_addf(
			out, "%zu secret%s. ", r->secret_count, r->secret_count == 1 ? "" : "s");
	add_database(&r->database, colour, out);
}
