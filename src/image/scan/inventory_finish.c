/* The end of a scan: what the image really shows, what is known about it, and in which order. */
#include "image/scan/inventory_int.h"
#include "image/vuln/match.h"

#define MAX_FIXES 8 /* versions of one finding that are told */

/* /etc/os-release comes before /usr/lib/os-release, which it usually is a link to. */
static void find_os(const struct inventory *inv, struct pkg_os *ret)
{
	rf_vec_each (place, &inv->places) {
		bool first = rf_str_is(place->path, "etc/os-release");

		/* A hard link to one may be anywhere. */
		if (place->hidden || !place->os || !place->os->id[0] ||
			(!first && !rf_str_is(place->path, "usr/lib/os-release")))
			continue;
		if (first || !ret->id[0])
			*ret = *place->os;
	}
}

/* --- matching --- */

static bool add_list(struct rf_arena *arena, struct rf_bytes list, struct scan_strs *ret)
{
	struct rf_bytes rest = list;
	struct rf_str item;
	size_t count = ret->count;
	struct rf_str *items;

	while (vuln_list_next(&rest, &item))
		count++;
	items = rf_arena_array(arena, count + 1, sizeof(*items));
	if (!items)
		return false;
	if (ret->count)
		memcpy(items, ret->items, ret->count * sizeof(*items));
	ret->items = items;
	while (vuln_list_next(&list, &item)) {
		items[ret->count] = rf_arena_str(arena, item);
		if (!items[ret->count++].ptr)
			return false;
	}
	return true;
}

static bool add_fixes(
	struct rf_arena *arena, const struct rf_str *fixes, size_t count, struct scan_strs *ret)
{
	ret->items = rf_arena_array(arena, count + 1, sizeof(*fixes));
	if (!ret->items)
		return false;
	for (; ret->count < count; ret->count++) {
		ret->items[ret->count] = rf_arena_str(arena, fixes[ret->count]);
		if (!ret->items[ret->count].ptr)
			return false;
	}
	return true;
}

int inventory_match(struct inventory *inv, uint32_t package, const struct vuln_subject *subject,
	const struct vuln_affected *affected, const struct inventory_evidence *evidence,
	struct rf_err *err)
{
	struct vuln_advisory advisory = {.summary = RF_STR(""), .vector = RF_STR("")};
	struct scan_finding finding = {.id = affected->id,
		.package = package,
		.tier = evidence->tier,
		.symbols = evidence->symbols,
		.path = evidence->path};
	struct rf_str fixes[MAX_FIXES];
	size_t fix_count = vuln_fixes(subject, affected, fixes, MAX_FIXES);
	int rc = vuln_advisory_find(inv->db, affected->id, &advisory, err);

	if (rc < 0 && rc != RF_EABSENT)
		return rc;
	finding.summary = advisory.summary;
	finding.level = advisory.level;
	finding.score_tenths = advisory.tenths;
	finding.vector = advisory.vector;
	finding.known_exploited = advisory.exploited;
	if (!add_fixes(inv->arena, fixes, fix_count, &finding.fixed) ||
		!add_list(inv->arena, advisory.aliases, &finding.aliases) ||
		!add_list(inv->arena, advisory.related, &finding.aliases))
		return rf_err_nomem(err);
	return inventory_add_finding(inv, &finding, advisory.aliases, err);
}

struct matching {
	struct inventory *inv;
	uint32_t package;
	const struct vuln_subject *subject;
};

static int take_hit(void *ctx, const struct vuln_affected *affected, struct rf_err *err)
{
	const struct matching *m = ctx;
	const struct inventory_evidence nothing = {.tier = SCAN_TIER_UNKNOWN};

	return inventory_match(m->inv, m->package, m->subject, affected, &nothing, err);
}

/*
 * A version that is there and is none: nobody knows what does not apply, as for Go programs. A
 * package without one is another matter: it names what somebody wanted, not what is there.
 */
static int match_unreadable(struct matching *m, const char *why, struct rf_err *err)
{
	const struct scan_package *package = &m->inv->packages.items[m->package].package;
	struct vuln_affected_iter iter;
	struct vuln_affected affected;
	int rc;

	inventory_note(m->inv, "%s: %s: %s%s", package->location.ptr, package->name.ptr,
		m->subject->version.len ? "" : "not judged, ", why);
	if (!m->subject->version.len)
		return RF_OK;
	rc = vuln_affected_find(m->inv->db, m->subject->ecosystem, m->subject->name, &iter, err);
	while (rc >= 0 && (rc = vuln_affected_next(&iter, &affected, err)) > 0)
		rc = take_hit(m, &affected, err);
	return rc;
}

/* Damage of the database ends the scan. */
static int match_as(struct inventory *inv, uint32_t index, struct rf_str name,
	struct rf_str version, struct rf_err *err)
{
	const struct scan_package *package = &inv->packages.items[index].package;
	const struct vuln_subject subject = {
		.ecosystem = package->ecosystem, .name = name, .version = version};
	struct matching matching = {.inv = inv, .package = index, .subject = &subject};
	const struct vuln_match_sink sink = {.hit = take_hit, .ctx = &matching};
	enum vuln_scheme scheme;
	struct rf_err why = {.code = RF_OK};
	int rc = vuln_match(inv->db, &subject, &sink, &why);

	if (rc == RF_EINPUT && vuln_scheme_find(package->ecosystem, &scheme) &&
		!vuln_version_valid(scheme, version))
		return match_unreadable(&matching, why.msg, err);
	if (rc < 0 && err)
		*err = why;
	return rc;
}

/*
 * Advisories of Debian and Alpine are filed under source packages, those of RPM distributions
 * under binary ones; where both names are known, both are asked, and merging takes doubles away.
 */
static int match_package(struct inventory *inv, uint32_t index, struct rf_err *err)
{
	const struct scan_package *package = &inv->packages.items[index].package;
	struct rf_str source = package->source, source_version = package->source_version;
	int rc = RF_OK;

	if (package->type == PKG_DPKG || package->type == PKG_APK) {
		if (!source.len)
			source = package->name;
		if (!source_version.len)
			source_version = package->version;
		return match_as(inv, index, source, source_version, err);
	}
	rc = match_as(inv, index, package->name, package->version, err);
	if (rc == RF_OK && package->type == PKG_RPM && source.len &&
		!rf_str_eq(source, package->name))
		rc = match_as(inv, index, source,
			source_version.len ? source_version : package->version, err);
	return rc;
}

/* Nothing found must not look like nothing known. */
static void note_unknown_os(struct inventory *inv, const struct pkg_os *os)
{
	size_t count = 0;

	rf_vec_each (it, &inv->packages)
		count +=
			it->package.role == SCAN_PACKAGE_OS && !inv->places.items[it->place].hidden;
	if (count && !os->ecosystem[0])
		inventory_note(inv,
			"%zu packages of a distribution that is not known (%s) are not judged",
			count, os->id[0] ? os->id : "no os-release");
}

/* Packages of one ecosystem; there are a handful: the system's and one a language. */
struct coverage {
	struct rf_str ecosystem;
	size_t count;
};

RF_VEC_TYPE(coverages, struct coverage);

static bool count_package(struct coverages *list, struct rf_str ecosystem)
{
	rf_vec_each (it, list) {
		if (rf_str_eq(it->ecosystem, ecosystem)) {
			it->count++;
			return true;
		}
	}
	return rf_vec_push(list, ((struct coverage){ecosystem, 1}));
}

/* Says once an ecosystem that nothing is known about it: its packages are not clean but unjudged.
 */
static int note_coverage(struct inventory *inv, const struct pkg_os *os, struct rf_err *err)
{
	struct coverages list = {.count = 0};
	int rc = RF_OK;

	rf_vec_each (it, &inv->packages) {
		if (inv->db && !inv->places.items[it->place].hidden &&
			!count_package(&list, it->package.ecosystem))
			rc = rf_err_nomem(err);
	}
	rf_vec_each (it, &list) {
		if (!it->ecosystem.len)
			inventory_note(inv,
				"%zu packages of %s are not judged: advisories name no such system",
				it->count, os->pretty[0] ? os->pretty : "an unknown system");
		else if (!vuln_db_covers(inv->db, it->ecosystem))
			inventory_note(inv,
				"%zu packages of " RF_STR_FMT " are not judged: the vulnerability "
				"database has nothing about it",
				it->count, RF_STR_ARG(it->ecosystem));
	}
	rf_vec_done(&list);
	return rc;
}

static int match_all(struct inventory *inv, const struct pkg_os *os, struct rf_err *err)
{
	int rc = RF_OK;

	note_unknown_os(inv, os);
	for (uint32_t i = 0; i < inv->packages.count && rc == RF_OK; i++) {
		struct inventory_package *it = &inv->packages.items[i];

		if (inv->places.items[it->place].hidden)
			continue;
		if (it->package.role == SCAN_PACKAGE_OS)
			it->package.ecosystem = rf_arena_str(inv->arena, rf_str_of(os->ecosystem));
		if (!it->package.ecosystem.ptr)
			return rf_err_nomem(err);
		/* Go programs were matched when their symbols were at hand. */
		if (inv->db && it->package.ecosystem.len &&
			(it->package.role == SCAN_PACKAGE_OS ||
				it->package.role == SCAN_PACKAGE_LIBRARY))
			rc = match_package(inv, i, err);
	}
	return rc;
}

/* --- the report --- */

static bool copy_packages(struct inventory *inv, struct scan_report *report, uint32_t *numbers)
{
	report->packages =
		rf_arena_array(report->arena, inv->packages.count + 1, sizeof(*report->packages));
	if (!report->packages)
		return false;
	for (size_t i = 0; i < inv->packages.count; i++) {
		const struct inventory_package *it = &inv->packages.items[i];

		numbers[i] = INVENTORY_MERGED;
		if (inv->places.items[it->place].hidden)
			continue;
		numbers[i] = (uint32_t)report->package_count;
		report->packages[report->package_count++] = it->package;
	}
	return true;
}

static bool copy_findings(
	struct inventory *inv, struct scan_report *report, const uint32_t *numbers)
{
	report->findings =
		rf_arena_array(report->arena, inv->findings.count + 1, sizeof(*report->findings));
	if (!report->findings)
		return false;
	rf_vec_each (it, &inv->findings) {
		struct scan_finding *to = &report->findings[report->finding_count];

		if (it->finding.package == INVENTORY_MERGED ||
			numbers[it->finding.package] == INVENTORY_MERGED)
			continue;
		*to = it->finding;
		to->package = numbers[it->finding.package];
		report->finding_count++;
	}
	return true;
}

static bool copy_others(struct inventory *inv, struct scan_report *report)
{
	report->secrets =
		rf_arena_array(report->arena, inv->secrets.count + 1, sizeof(*report->secrets));
	report->files = rf_arena_array(report->arena, inv->files.count + 1, sizeof(*report->files));
	report->notes.items =
		rf_arena_array(report->arena, inv->notes.count + 2, sizeof(*report->notes.items));
	if (!report->secrets || !report->files || !report->notes.items)
		return false;
	rf_vec_each (it, &inv->secrets) {
		struct scan_secret *to = &report->secrets[report->secret_count++];

		*to = it->secret;
		to->removed = it->place != SIZE_MAX && inv->places.items[it->place].hidden;
	}
	rf_vec_each (it, &inv->files) {
		if (!inv->places.items[it->place].hidden)
			report->files[report->file_count++] = it->file;
	}
	rf_vec_each (note, &inv->notes)
		report->notes.items[report->notes.count++] = *note;
	if (inv->notes_hidden)
		report->notes.items[report->notes.count++] =
			rf_arena_printf(report->arena, "and %zu more notes", inv->notes_hidden);
	return true;
}

int inventory_finish(struct inventory *inv, struct scan_report *report, struct rf_err *err)
{
	AUTO_FREE uint32_t *numbers = NULL;
	int rc;

	rc = inventory_settle(inv, err);
	if (rc < 0)
		return rc;
	find_os(inv, &report->os);
	rc = match_all(inv, &report->os, err);
	if (rc == RF_OK)
		rc = note_coverage(inv, &report->os, err);
	if (rc == RF_OK)
		rc = inventory_merge(inv, err);
	if (rc < 0)
		return rc;
	numbers = calloc(inv->packages.count + 1, sizeof(*numbers));
	if (!numbers || !copy_packages(inv, report, numbers) ||
		!copy_findings(inv, report, numbers) || !copy_others(inv, report))
		return rf_err_nomem(err);
	return RF_OK;
}
