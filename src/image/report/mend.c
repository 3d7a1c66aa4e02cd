/*
 * One version for several findings. A list of fixes is one a release branch, and what lies between
 * two of them may be vulnerable again: a version is taken to have a fix when it is the fix, is of
 * the fix's branch (the same two first numbers) and not older, or is not older than the last one.
 */
#include "image/report/report.h"

#include "image/vuln/version.h"

#define RAISES_MAX 64 /* of the version; branches are few */

struct mending {
	const struct scan_report *report;
	enum vuln_scheme scheme;
	struct rf_str version;
};

static int compare(const struct mending *m, struct rf_str a, struct rf_str b)
{
	int order = 0;

	if (vuln_version_compare(m->scheme, a, b, &order, NULL) < 0)
		return rf_str_cmp(a, b);
	return order;
}

/* "1.22.1" is of "1.22". */
static struct rf_str branch_of(struct rf_str version)
{
	struct rf_str first, second, rest = rf_str_cut(version, '.', &first);

	rf_str_cut(rest, '.', &second);
	if (!rest.ptr)
		return version;
	return (struct rf_str){.ptr = version.ptr, .len = first.len + 1 + second.len};
}

static bool has_fix(const struct mending *m, const struct scan_finding *f)
{
	for (size_t i = 0; i < f->fixed.count; i++) {
		struct rf_str fix = f->fixed.items[i];
		int order = compare(m, fix, m->version);

		if (order == 0 || (order < 0 && i == f->fixed.count - 1))
			return true;
		if (order < 0 && rf_str_eq(branch_of(fix), branch_of(m->version)))
			return true;
	}
	return f->fixed.count == 0;
}

/* The lowest fix of f above the version. */
static void raise_for(struct mending *m, const struct scan_finding *f)
{
	for (size_t i = 0; i < f->fixed.count; i++) {
		if (!m->version.len || compare(m, f->fixed.items[i], m->version) > 0) {
			m->version = f->fixed.items[i];
			return;
		}
	}
}

struct rf_str report_mend(const struct scan_report *r, const size_t *findings, size_t count)
{
	struct mending m = {.report = r, .version = RF_STR("")};
	bool raised = true;

	if (count == 0)
		return m.version;
	if (!vuln_scheme_find(r->packages[r->findings[findings[0]].package].ecosystem, &m.scheme))
		m.scheme = VULN_SCHEME_SEMVER;
	for (unsigned pass = 0; raised && pass < RAISES_MAX; pass++) {
		raised = false;
		for (size_t i = 0; i < count; i++) {
			const struct scan_finding *f = &r->findings[findings[i]];

			if (m.version.len ? has_fix(&m, f) : f->fixed.count == 0)
				continue;
			raise_for(&m, f);
			raised = true;
		}
	}
	return m.version;
}
