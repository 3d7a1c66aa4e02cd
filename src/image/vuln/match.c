/* A look-up by name, then the ranges of each entry. */
#include "image/vuln/match.h"

static bool is_unversioned(struct rf_str version)
{
	return version.len == 0 || rf_str_is(version, "(devel)");
}

static bool in_some_range(enum vuln_scheme scheme, struct rf_bytes ranges, struct rf_str version)
{
	struct vuln_event events[VULN_MAX_EVENTS];
	size_t count;

	while (vuln_range_next(&ranges, events, VULN_MAX_EVENTS, &count)) {
		bool inside = false;

		if (vuln_range_contains(scheme, events, count, version, &inside, NULL) == RF_OK &&
			inside)
			return true;
	}
	return false;
}

bool vuln_import_applies(const struct vuln_import *import, struct rf_str goos, struct rf_str goarch)
{
	return (!goos.len || !import->goos.len || vuln_list_has(import->goos, goos)) &&
	       (!goarch.len || !import->goarch.len || vuln_list_has(import->goarch, goarch));
}

static bool platform_fits(const struct vuln_subject *subject, struct rf_bytes imports)
{
	struct vuln_import import;
	bool any = imports.len == 0;

	while (!any && vuln_import_next(&imports, &import))
		any = vuln_import_applies(&import, subject->goos, subject->goarch);
	return any;
}

static bool affects(enum vuln_scheme scheme, const struct vuln_subject *subject,
	const struct vuln_affected *affected)
{
	return (vuln_list_has(affected->versions, subject->version) ||
		       in_some_range(scheme, affected->ranges, subject->version)) &&
	       platform_fits(subject, affected->imports);
}

int vuln_match(struct vuln_db *db, const struct vuln_subject *subject,
	const struct vuln_match_sink *sink, struct rf_err *err)
{
	struct vuln_affected_iter iter;
	struct vuln_affected affected;
	enum vuln_scheme scheme;
	int rc;

	if (!vuln_scheme_find(subject->ecosystem, &scheme))
		return RF_OK;
	if (scheme == VULN_SCHEME_GO && is_unversioned(subject->version))
		return RF_OK;
	rc = vuln_affected_find(db, subject->ecosystem, subject->name, &iter, err);
	if (rc < 0)
		return rc == RF_EABSENT ? RF_OK : rc;
	if (!vuln_version_valid(scheme, subject->version))
		return rf_err_set(err, RF_EINPUT, "\"" RF_STR_FMT "\" is no version of " RF_STR_FMT,
			RF_STR_ARG(subject->version), RF_STR_ARG(subject->ecosystem));
	while ((rc = vuln_affected_next(&iter, &affected, err)) > 0) {
		if (affects(scheme, subject, &affected))
			rc = sink->hit(sink->ctx, &affected, err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* Puts version into the sorted list, unless it is there already. */
static size_t insert_version(enum vuln_scheme scheme, struct rf_str *out, size_t count, size_t max,
	struct rf_str version)
{
	size_t at = 0;
	int order = 1;

	for (; at < count; at++) {
		if (vuln_version_compare(scheme, out[at], version, &order, NULL) < 0 || order == 0)
			return count;
		if (order > 0)
			break;
	}
	if (at == max)
		return count;
	if (count == max)
		count--;
	memmove(out + at + 1, out + at, (count - at) * sizeof(*out));
	out[at] = version;
	return count + 1;
}

size_t vuln_fixes(const struct vuln_subject *subject, const struct vuln_affected *affected,
	struct rf_str *out, size_t max)
{
	struct vuln_event events[VULN_MAX_EVENTS];
	struct rf_bytes ranges = affected->ranges;
	enum vuln_scheme scheme;
	size_t count = 0, event_count;
	bool hidden;

	if (!vuln_scheme_find(subject->ecosystem, &scheme))
		return 0;
	hidden = !vuln_version_valid(scheme, subject->version);
	while (vuln_range_next(&ranges, events, VULN_MAX_EVENTS, &event_count)) {
		for (size_t i = 0; i < event_count; i++) {
			int order = -1;

			if (events[i].kind == VULN_EVENT_FIXED &&
				(hidden || vuln_version_compare(scheme, subject->version,
						   events[i].version, &order, NULL) == RF_OK) &&
				order < 0)
				count = insert_version(scheme, out, count, max, events[i].version);
		}
	}
	return count;
}
