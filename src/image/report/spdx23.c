/*
 * SPDX 2.3 as JSON (spdx.github.io/spdx-spec/v2.3): the target contains its packages; a main module
 * depends on the modules linked with it. Findings are advisories that packages refer to. Licences
 * are texts that packages wrote down, not checked expressions: they go into comments.
 */
#include "image/report/report_int.h"

#define PACKAGE_PREFIX "SPDXRef-Package-"
#define ROOT_PREFIX    "SPDXRef-Root-"

struct spdx {
	const struct scan_report *r;
	const struct report_opts *opts;
	const struct report_refs *refs;
	struct json_writer w;
};

static void write_creation(struct spdx *s)
{
	struct json_writer *w = &s->w;
	char time[WHEN_TEXT_SIZE];

	json_key(w, "creationInfo");
	json_object_begin(w);
	json_field_c(w, "created", report_time(s->r, s->opts, time));
	json_key(w, "creators");
	json_array_begin(w);
	json_c(w, "Tool: " REPORT_TOOL "-" RF_VERSION);
	json_array_end(w);
	json_object_end(w);
}

static void write_reference(
	struct json_writer *w, const char *category, const char *type, struct rf_str locator)
{
	json_object_begin(w);
	json_field_c(w, "referenceCategory", category);
	json_field_c(w, "referenceType", type);
	json_field_str(w, "referenceLocator", locator);
}

static void write_purl(struct json_writer *w, struct rf_str purl)
{
	write_reference(w, "PACKAGE-MANAGER", "purl", purl);
	json_object_end(w);
}

static void write_advisory(struct spdx *s, const struct scan_finding *f)
{
	AUTO_BUF url = {.len = 0};

	report_url(f->id, &url);
	write_reference(&s->w, "SECURITY", "advisory", rf_buf_str(&url));
	json_key(&s->w, "comment");
	json_strf(&s->w, "%s: %s, %s%s%s", f->id.ptr, vuln_level_name(f->level),
		scan_tier_name(f->tier), f->suppressed.len ? "; " : "",
		f->suppressed.len ? f->suppressed.ptr : "");
	json_object_end(&s->w);
}

/* What every package must have. */
static void package_begin(
	struct json_writer *w, const char *prefix, const struct report_ref *ref, struct rf_str name)
{
	json_object_begin(w);
	json_key(w, "SPDXID");
	json_strf(w, "%s%s", prefix, ref->id);
	json_field_str(w, "name", name.len ? name : RF_STR("unnamed"));
	json_field_c(w, "downloadLocation", "NOASSERTION");
	json_field_bool(w, "filesAnalyzed", false);
}

static void write_root(struct spdx *s)
{
	struct json_writer *w = &s->w;
	char hex[REPORT_DIGEST_SIZE];

	package_begin(w, ROOT_PREFIX, &s->refs->root, s->refs->name);
	report_str_some(w, "versionInfo", s->r->digest);
	json_field_c(
		w, "primaryPackagePurpose", s->r->config.present ? "CONTAINER" : "APPLICATION");
	if (report_digest_hex(s->r->digest, hex)) {
		json_key(w, "checksums");
		json_array_begin(w);
		json_object_begin(w);
		json_field_c(w, "algorithm", "SHA256");
		json_field_c(w, "checksumValue", hex);
		json_object_end(w);
		json_array_end(w);
	}
	json_key(w, "externalRefs");
	json_array_begin(w);
	write_purl(w, s->refs->root.purl);
	json_array_end(w);
	json_object_end(w);
}

/* Findings of package i are first[i], next[that], ... */
struct chains {
	size_t *first, *next;
};
#define NO_FINDING SIZE_MAX

static bool chains_init(struct chains *chains, const struct scan_report *r)
{
	chains->first = calloc(r->package_count + 1, sizeof(*chains->first));
	chains->next = calloc(r->finding_count + 1, sizeof(*chains->next));
	if (!chains->first || !chains->next)
		return false;
	for (size_t i = 0; i < r->package_count; i++)
		chains->first[i] = NO_FINDING;
	for (size_t i = r->finding_count; i-- > 0;) {
		size_t *first = &chains->first[r->findings[i].package];

		chains->next[i] = *first;
		*first = i;
	}
	return true;
}

static void chains_done(struct chains *chains)
{
	free(chains->first);
	free(chains->next);
}

static void write_package(struct spdx *s, const struct chains *chains, size_t i)
{
	const struct scan_package *p = &s->r->packages[i];
	struct rf_str layer = report_layer(s->r, p->layer);
	struct json_writer *w = &s->w;

	package_begin(w, PACKAGE_PREFIX, &s->refs->packages[i], p->name);
	report_str_some(w, "versionInfo", p->version);
	json_field_c(w, "primaryPackagePurpose",
		p->role == SCAN_PACKAGE_MAIN ? "APPLICATION" : "LIBRARY");
	json_key(w, "sourceInfo");
	json_strf(w, "found at %s%s%s", p->location.len ? p->location.ptr : "/",
		layer.len ? " in layer " : "", layer.len ? layer.ptr : "");
	if (p->license.len) {
		json_field_c(w, "licenseDeclared", "NOASSERTION");
		json_key(w, "licenseComments");
		json_strf(w, "as the package says: %s", p->license.ptr);
	}
	json_key(w, "externalRefs");
	json_array_begin(w);
	write_purl(w, s->refs->packages[i].purl);
	for (size_t f = chains->first[i]; !s->opts->bom_only && f != NO_FINDING;
		f = chains->next[f])
		write_advisory(s, &s->r->findings[f]);
	json_array_end(w);
	json_object_end(w);
}

static void write_packages(struct spdx *s)
{
	struct chains chains = {.first = NULL};

	json_key(&s->w, "packages");
	json_array_begin(&s->w);
	write_root(s);
	if (!chains_init(&chains, s->r))
		s->w.out->failed = true;
	for (size_t i = 0; i < s->r->package_count && !s->w.out->failed; i++)
		write_package(s, &chains, i);
	json_array_end(&s->w);
	chains_done(&chains);
}

static void write_relationship(
	struct json_writer *w, const char *from, const char *type, const char *to)
{
	json_object_begin(w);
	json_field_c(w, "spdxElementId", from);
	json_field_c(w, "relationshipType", type);
	json_field_c(w, "relatedSpdxElement", to);
	json_object_end(w);
}

#define SPDX_ID_SIZE 64

static void write_relationships(struct spdx *s)
{
	char root[SPDX_ID_SIZE], from[SPDX_ID_SIZE], to[SPDX_ID_SIZE];

	snprintf(root, sizeof(root), ROOT_PREFIX "%s", s->refs->root.id);
	json_key(&s->w, "relationships");
	json_array_begin(&s->w);
	write_relationship(&s->w, "SPDXRef-DOCUMENT", "DESCRIBES", root);
	for (size_t i = 0; i < s->r->package_count; i++) {
		size_t holder = s->refs->packages[i].holder;

		snprintf(to, sizeof(to), PACKAGE_PREFIX "%s", s->refs->packages[i].id);
		write_relationship(&s->w, root, "CONTAINS", to);
		if (holder == REPORT_NO_HOLDER)
			continue;
		snprintf(from, sizeof(from), PACKAGE_PREFIX "%s", s->refs->packages[holder].id);
		write_relationship(&s->w, from, "DEPENDS_ON", to);
	}
	json_array_end(&s->w);
}

static void write_document(struct spdx *s)
{
	struct json_writer *w = &s->w;

	json_object_begin(w);
	json_field_c(w, "spdxVersion", "SPDX-2.3");
	json_field_c(w, "dataLicense", "CC0-1.0");
	json_field_c(w, "SPDXID", "SPDXRef-DOCUMENT");
	json_field_str(w, "name", s->refs->name);
	json_key(w, "documentNamespace");
	json_strf(w, "https://spdx.org/spdxdocs/" REPORT_TOOL "-%s", s->refs->uuid);
	write_creation(s);
	write_packages(s);
	write_relationships(s);
	json_object_end(w);
	rf_buf_add_char(w->out, '\n');
}

void report_spdx23(const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out)
{
	AUTO_REPORT_REFS refs = {.arena = NULL};
	struct spdx s = {.r = r, .opts = opts, .refs = &refs, .w = {.out = out, .pretty = true}};

	if (report_refs_init(&refs, r, out))
		write_document(&s);
}
