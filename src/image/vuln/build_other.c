/*
 * Documents of other shapes than OSV:
 *
 *	Alpine secdb       distroversion, packages: [pkg: name, secfixes: {version: [ids]}]
 *	Debian tracker     {source: {CVE: {description, releases: {codename: {status, ...}}}}}
 *	CVSS vectors       {CVE: {"CVSS_V3": vector}} or {CVE: vector}
 *	known exploited    vulnerabilities: [cveID]
 */
#include "image/vuln/build_int.h"

/* --- Alpine --- */

/* "CVE-2019-1 XSA-2 (+ regression fix)": the first word is the id, further ones are aliases. */
static int add_secfix(struct vuln_builder *b, struct rf_str ecosystem, struct rf_str name,
	struct rf_str fixed, struct rf_str ids, struct rf_err *err)
{
	struct build_advisory *advisory;
	struct rf_str id, alias, rest = rf_str_cut(ids, ' ', &id);
	int rc;

	if (!id.len || rf_str_is(fixed, "0")) /* "0": never affected */
		return RF_OK;
	advisory = build_advisory_of(b, id);
	if (!advisory)
		return rf_err_nomem(err);
	while (rest.ptr) {
		rest = rf_str_cut(rest, ' ', &alias);
		if (memchr(alias.ptr, '-', alias.len) && alias.ptr[0] >= 'A' &&
			alias.ptr[0] <= 'Z' && !build_strs_add(b, &advisory->aliases, alias))
			return rf_err_nomem(err);
	}
	rc = build_simple_entry(b, ecosystem, name, advisory->id, fixed, err);
	return rc;
}

static int add_secfixes(struct vuln_builder *b, struct rf_str ecosystem, const struct doc_node *pkg,
	struct rf_err *err)
{
	struct rf_str name = build_text(pkg, "name");
	int rc = RF_OK;

	doc_each (fix, doc_get(pkg, "secfixes")) {
		doc_each (id, fix) {
			if (rc == RF_OK && id->type == DOC_STRING)
				rc = add_secfix(b, ecosystem, name, fix->key, id->text, err);
		}
	}
	return rc;
}

int build_secdb(struct vuln_builder *b, const struct doc_node *root, struct rf_err *err)
{
	struct rf_str version = build_text(root, "distroversion");
	AUTO_BUF ecosystem = {0};
	int rc = RF_OK;

	/* "v3.11" or "edge", which OSV does not name by version. */
	rf_buf_add_c(&ecosystem, "Alpine:");
	rf_buf_add_str(&ecosystem, version);
	doc_each (item, doc_get(root, "packages")) {
		if (rc == RF_OK)
			rc = add_secfixes(b, rf_buf_str(&ecosystem), doc_get(item, "pkg"), err);
	}
	return rc;
}

/* --- Debian --- */

static const struct {
	const char *codename, *ecosystem;
} debian_releases[] = {
	{"jessie", "Debian:8"},
	{"stretch", "Debian:9"},
	{"buster", "Debian:10"},
	{"bullseye", "Debian:11"},
	{"bookworm", "Debian:12"},
	{"trixie", "Debian:13"},
	{"forky", "Debian:14"},
	{"duke", "Debian:15"},
};

static const struct {
	const char *urgency;
	enum vuln_level level;
} urgencies[] = {
	{"unimportant", VULN_LEVEL_LOW},
	{"low", VULN_LEVEL_LOW},
	{"medium", VULN_LEVEL_MEDIUM},
	{"high", VULN_LEVEL_HIGH},
};

/* "high**" was once a marking for remote attacks. */
static enum vuln_level urgency_level(struct rf_str urgency)
{
	while (urgency.len && urgency.ptr[urgency.len - 1] == '*')
		urgency.len--;
	for (size_t i = 0; i < RF_ARRAY_LEN(urgencies); i++) {
		if (rf_str_is(urgency, urgencies[i].urgency))
			return urgencies[i].level;
	}
	return VULN_LEVEL_UNRATED;
}

static int add_release(struct vuln_builder *b, struct build_advisory *advisory,
	struct rf_str source, const struct doc_node *release, struct rf_err *err)
{
	struct rf_str status = build_text(release, "status");
	struct rf_str fixed = build_text(release, "fixed_version");
	enum vuln_level level = urgency_level(build_text(release, "urgency"));

	if (rf_str_is(status, "resolved") && (!fixed.len || rf_str_is(fixed, "0")))
		return RF_OK; /* this release was never affected */
	if (!rf_str_is(status, "resolved"))
		fixed = RF_STR("");
	if (level > advisory->level)
		advisory->level = level;
	for (size_t i = 0; i < RF_ARRAY_LEN(debian_releases); i++) {
		if (rf_str_is(release->key, debian_releases[i].codename))
			return build_simple_entry(b, rf_str_of(debian_releases[i].ecosystem),
				source, advisory->id, fixed, err);
	}
	if (!rf_str_is(release->key, "sid"))
		build_left_out(b, "Debian release " RF_STR_FMT, RF_STR_ARG(release->key));
	return RF_OK;
}

static int add_tracked(struct vuln_builder *b, struct rf_str source, const struct doc_node *issue,
	struct rf_err *err)
{
	struct build_advisory *advisory = build_advisory_of(b, issue->key);
	struct rf_str summary = build_text(issue, "description");
	int rc = RF_OK;

	if (!advisory)
		return rf_err_nomem(err);
	if (summary.len > BUILD_MAX_SUMMARY)
		summary = RF_STR(""); /* a whole text, not a title */
	build_summary(b, advisory, summary);
	doc_each (release, doc_get(issue, "releases")) {
		if (rc == RF_OK)
			rc = add_release(b, advisory, source, release, err);
	}
	return rc;
}

int build_tracker(struct vuln_builder *b, const struct doc_node *root, struct rf_err *err)
{
	int rc = RF_OK;

	doc_each (source, root) {
		doc_each (issue, source) {
			if (rc == RF_OK && issue->type == DOC_MAP)
				rc = add_tracked(b, source->key, issue, err);
		}
	}
	return rc;
}

/* --- ratings --- */

static int add_vector(
	struct vuln_builder *b, struct rf_str cve, struct rf_str vector, struct rf_err *err)
{
	struct rf_str *have = rf_map_get_ptr(&b->vectors, cve), *kept;
	struct cvss old = {.version = 0}, new;
	struct rf_str key;

	if (cvss_parse(vector, &new, NULL) < 0) {
		build_left_out(b, "CVSS vectors that cannot be read");
		return RF_OK;
	}
	if (have && cvss_parse(*have, &old, NULL) == RF_OK &&
		(old.version > new.version ||
			(old.version == new.version &&rf_str_cmp(*have, vector) >= 0)))
		return RF_OK;
	kept = rf_arena_new_of(b->arena, struct rf_str);
	key = build_keep(b, cve);
	if (!kept || !key.ptr || !(*kept = build_keep(b, vector)).ptr ||
		!rf_map_put_ptr(&b->vectors, key, kept))
		return rf_err_nomem(err);
	return RF_OK;
}

int build_vectors(struct vuln_builder *b, const struct doc_node *root, struct rf_err *err)
{
	int rc = RF_OK;

	doc_each (cve, root) {
		if (cve->type == DOC_STRING && rc == RF_OK)
			rc = add_vector(b, cve->key, cve->text, err);
		doc_each (vector, cve) {
			if (rc == RF_OK && vector->type == DOC_STRING)
				rc = add_vector(b, cve->key, vector->text, err);
		}
	}
	return rc;
}

int build_exploited(struct vuln_builder *b, const struct doc_node *root, struct rf_err *err)
{
	build_date(b, build_text(root, "dateReleased"));
	doc_each (item, doc_get(root, "vulnerabilities")) {
		struct rf_str cve = build_keep(b, build_text(item, "cveID"));

		if (!cve.ptr || (cve.len && !rf_map_put(&b->exploited, cve, 1)))
			return rf_err_nomem(err);
	}
	return RF_OK;
}

/* --- what is what --- */

static bool is_cve(struct rf_str s)
{
	return rf_str_starts(s, RF_STR("CVE-"));
}

static bool looks_like_tracker(const struct doc_node *root)
{
	const struct doc_node *issue = root->first ? root->first->first : NULL;

	return issue && issue->type == DOC_MAP && doc_get(issue, "releases");
}

static int build_object(struct vuln_builder *b, const struct doc_node *root, struct rf_err *err)
{
	const struct doc_node *list = doc_get(root, "vulnerabilities");

	if (root->type != DOC_MAP)
		return RF_EABSENT;
	if (build_text(root, "id").len && (doc_get(root, "affected") || doc_get(root, "modified")))
		return build_osv(b, root, err);
	if (doc_get(root, "distroversion") && doc_get(root, "packages"))
		return build_secdb(b, root, err);
	if (list && list->first && build_text(list->first, "cveID").len)
		return build_exploited(b, root, err);
	if (root->first && is_cve(root->first->key))
		return build_vectors(b, root, err);
	return looks_like_tracker(root) ? build_tracker(b, root, err) : RF_EABSENT;
}

int build_document(struct vuln_builder *b, const struct doc_node *root, struct rf_err *err)
{
	bool known = false;

	if (root->type != DOC_SEQ)
		return build_object(b, root, err);
	doc_each (item, root) {
		int rc = build_object(b, item, err);

		if (rc == RF_EABSENT)
			build_left_out(b, "items of lists, of no known shape");
		else if (rc < 0)
			return rc;
		known |= rc == RF_OK;
	}
	return known ? RF_OK : RF_EABSENT;
}
