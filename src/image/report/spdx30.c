/*
 * SPDX 3.0.1 as JSON-LD (spdx.github.io/spdx-spec/v3.0.1): one graph of elements. Every element
 * has an IRI below the document's namespace. Findings are vulnerabilities with two assessments of
 * a package: its CVSS score, and VEX.
 */
#include "image/report/report_int.h"

#include "base/map.h"

#define CREATION "_:creationInfo"
#define LISTED	 "https://spdx.org/spdxdocs/" REPORT_TOOL "-"

struct spdx3 {
	const struct scan_report *r;
	const struct report_opts *opts;
	const struct report_refs *refs;
	struct json_writer w;
	struct rf_map seen; /* vulnerabilities written */
};

/* What an IRI ends in: "#Package-" and an id. */
static void iri(struct spdx3 *s, const char *kind, const char *id)
{
	json_strf(&s->w, LISTED "%s#%s%s", s->refs->uuid, kind, id);
}

static void iri_field(struct spdx3 *s, const char *key, const char *kind, const char *id)
{
	json_key(&s->w, key);
	iri(s, kind, id);
}

static void element_begin(struct spdx3 *s, const char *type, const char *kind, const char *id)
{
	json_object_begin(&s->w);
	json_field_c(&s->w, "type", type);
	iri_field(s, "spdxId", kind, id);
	json_field_c(&s->w, "creationInfo", CREATION);
}

static void write_creation(struct spdx3 *s)
{
	struct json_writer *w = &s->w;
	char time[WHEN_TEXT_SIZE];

	json_object_begin(w);
	json_field_c(w, "type", "CreationInfo");
	json_field_c(w, "@id", CREATION);
	json_field_c(w, "specVersion", "3.0.1");
	json_field_c(w, "created", report_time(s->r, s->opts, time));
	json_key(w, "createdBy");
	json_array_begin(w);
	iri(s, "Agent", "");
	json_array_end(w);
	json_object_end(w);
	element_begin(s, "SoftwareAgent", "Agent", "");
	json_field_c(w, "name", REPORT_TOOL " " RF_VERSION);
	json_object_end(w);
}

static void write_profiles(struct spdx3 *s)
{
	json_key(&s->w, "profileConformance");
	json_array_begin(&s->w);
	json_c(&s->w, "core");
	json_c(&s->w, "software");
	if (!s->opts->bom_only)
		json_c(&s->w, "security");
	json_array_end(&s->w);
}

static void write_collections(struct spdx3 *s)
{
	struct json_writer *w = &s->w;

	element_begin(s, "SpdxDocument", "Document", "");
	json_field_str(w, "name", s->refs->name);
	write_profiles(s);
	json_key(w, "rootElement");
	json_array_begin(w);
	iri(s, "Sbom", "");
	json_array_end(w);
	json_object_end(w);

	element_begin(s, "software_Sbom", "Sbom", "");
	json_key(w, "software_sbomType");
	json_array_begin(w);
	json_c(w, "analyzed");
	json_array_end(w);
	write_profiles(s);
	json_key(w, "rootElement");
	json_array_begin(w);
	iri(s, "Root-", s->refs->root.id);
	json_array_end(w);
	json_key(w, "element");
	json_array_begin(w);
	iri(s, "Root-", s->refs->root.id);
	for (size_t i = 0; i < s->r->package_count; i++)
		iri(s, "Package-", s->refs->packages[i].id);
	json_array_end(w);
	json_object_end(w);
}

static void write_root(struct spdx3 *s)
{
	struct json_writer *w = &s->w;
	char hex[REPORT_DIGEST_SIZE];

	element_begin(s, "software_Package", "Root-", s->refs->root.id);
	json_field_str(w, "name", s->refs->name);
	report_str_some(w, "software_packageVersion", s->r->digest);
	json_field_str(w, "software_packageUrl", s->refs->root.purl);
	json_field_c(
		w, "software_primaryPurpose", s->r->config.present ? "container" : "application");
	if (report_digest_hex(s->r->digest, hex)) {
		json_key(w, "verifiedUsing");
		json_array_begin(w);
		json_object_begin(w);
		json_field_c(w, "type", "Hash");
		json_field_c(w, "algorithm", "sha256");
		json_field_c(w, "hashValue", hex);
		json_object_end(w);
		json_array_end(w);
	}
	json_object_end(w);
}

static void write_package(struct spdx3 *s, size_t i)
{
	const struct scan_package *p = &s->r->packages[i];
	struct rf_str layer = report_layer(s->r, p->layer);
	struct json_writer *w = &s->w;

	element_begin(s, "software_Package", "Package-", s->refs->packages[i].id);
	json_field_str(w, "name", p->name);
	report_str_some(w, "software_packageVersion", p->version);
	json_field_str(w, "software_packageUrl", s->refs->packages[i].purl);
	json_field_c(w, "software_primaryPurpose",
		p->role == SCAN_PACKAGE_MAIN ? "application" : "library");
	json_key(w, "software_sourceInfo");
	json_strf(w, "found at %s%s%s", p->location.len ? p->location.ptr : "/",
		layer.len ? " in layer " : "", layer.len ? layer.ptr : "");
	if (p->license.len) {
		json_key(w, "comment");
		json_strf(w, "licence, as the package says: %s", p->license.ptr);
	}
	json_object_end(w);
}

/* --- relationships --- */

static void relationship_begin(struct spdx3 *s, const char *type, const char *id)
{
	element_begin(s, "Relationship", "Relationship-", id);
	json_field_c(&s->w, "relationshipType", type);
}

static void write_contains(struct spdx3 *s)
{
	if (!s->r->package_count)
		return;
	relationship_begin(s, "contains", "contains");
	iri_field(s, "from", "Root-", s->refs->root.id);
	json_key(&s->w, "to");
	json_array_begin(&s->w);
	for (size_t i = 0; i < s->r->package_count; i++)
		iri(s, "Package-", s->refs->packages[i].id);
	json_array_end(&s->w);
	json_object_end(&s->w);
}

static void write_depends(struct spdx3 *s)
{
	char id[REPORT_ID_SIZE + 16];

	for (size_t i = 0; i < s->r->package_count; i++) {
		size_t holder = s->refs->packages[i].holder;

		if (holder == REPORT_NO_HOLDER)
			continue;
		snprintf(id, sizeof(id), "dependsOn-%s", s->refs->packages[i].id);
		relationship_begin(s, "dependsOn", id);
		iri_field(s, "from", "Package-", s->refs->packages[holder].id);
		json_key(&s->w, "to");
		json_array_begin(&s->w);
		iri(s, "Package-", s->refs->packages[i].id);
		json_array_end(&s->w);
		json_object_end(&s->w);
	}
}

/* --- vulnerabilities --- */

/* An identifier as the end of an IRI. */
static void vulnerability_id(const struct scan_finding *f, struct rf_buf *out)
{
	report_add_encoded(out, f->id, "");
}

static void write_identifier(struct json_writer *w, struct rf_str id)
{
	AUTO_BUF url = {.len = 0};

	report_url(id, &url);
	json_object_begin(w);
	json_field_c(w, "type", "ExternalIdentifier");
	json_field_c(w, "externalIdentifierType",
		rf_str_starts(id, RF_STR("CVE-")) ? "cve" : "securityOther");
	json_field_str(w, "identifier", id);
	json_key(w, "identifierLocator");
	json_array_begin(w);
	json_str(w, rf_buf_str(&url));
	json_array_end(w);
	json_object_end(w);
}

static void write_vulnerability(struct spdx3 *s, const struct scan_finding *f, const char *id)
{
	struct json_writer *w = &s->w;

	if (rf_map_get(&s->seen, f->id, &(uintptr_t){0}))
		return;
	if (!rf_map_put(&s->seen, f->id, 1))
		w->out->failed = true;
	element_begin(s, "security_Vulnerability", "Vulnerability-", id);
	json_field_str(w, "name", f->id);
	report_str_some(w, "summary", f->summary);
	json_key(w, "externalIdentifier");
	json_array_begin(w);
	write_identifier(w, f->id);
	for (size_t i = 0; i < f->aliases.count; i++)
		write_identifier(w, f->aliases.items[i]);
	json_array_end(w);
	json_object_end(w);
}

/* From the vulnerability to the package. */
static void assessment_begin(struct spdx3 *s, const struct scan_finding *f, const char *type,
	const char *relation, const char *id)
{
	const char *package = s->refs->packages[f->package].id;
	AUTO_BUF own = {.len = 0};

	rf_buf_addf(&own, "%s-%s-%s", relation, id, package);
	element_begin(s, type, "Relationship-", rf_buf_cstr(&own));
	json_field_c(&s->w, "relationshipType", relation);
	iri_field(s, "from", "Vulnerability-", id);
	json_key(&s->w, "to");
	json_array_begin(&s->w);
	iri(s, "Package-", package);
	json_array_end(&s->w);
}

static void write_score(struct spdx3 *s, const struct scan_finding *f, const char *id)
{
	static const struct {
		const char *prefix, *type;
		bool severity;
	} rows[] = {
		{"CVSS:4.", "security_CvssV4VulnAssessmentRelationship", true},
		{"CVSS:3.", "security_CvssV3VulnAssessmentRelationship", true},
		{"", "security_CvssV2VulnAssessmentRelationship", false},
	};
	char score[REPORT_SCORE_SIZE];
	size_t i = 0;

	if (!f->vector.len || !*report_score(f, score))
		return;
	while (!rf_str_starts(f->vector, rf_str_of(rows[i].prefix)))
		i++;
	assessment_begin(s, f, rows[i].type, "hasAssessmentFor", id);
	/* A string: a JSON number would be a double in the graph, not the decimal that is asked
	 * for. */
	json_field_c(&s->w, "security_score", score);
	if (rows[i].severity)
		json_field_c(&s->w, "security_severity", vuln_level_name(f->level));
	json_field_str(&s->w, "security_vectorString", f->vector);
	json_object_end(&s->w);
}

static void write_vex(struct spdx3 *s, const struct scan_finding *f, const char *id)
{
	AUTO_BUF advice = {.len = 0};

	if (f->tier == SCAN_TIER_ABSENT) {
		assessment_begin(s, f, "security_VexNotAffectedVulnAssessmentRelationship",
			"doesNotAffect", id);
		json_field_c(&s->w, "security_justificationType", "vulnerableCodeNotPresent");
	} else {
		report_advice(s->r, f, &advice);
		assessment_begin(
			s, f, "security_VexAffectedVulnAssessmentRelationship", "affects", id);
		json_field_str(&s->w, "security_actionStatement", rf_buf_str(&advice));
	}
	json_key(&s->w, "security_statusNotes");
	json_strf(&s->w, "tier: %s%s%s", scan_tier_name(f->tier), f->suppressed.len ? "; " : "",
		f->suppressed.len ? f->suppressed.ptr : "");
	json_object_end(&s->w);
}

static void write_findings(struct spdx3 *s)
{
	for (size_t i = 0; i < s->r->finding_count; i++) {
		const struct scan_finding *f = &s->r->findings[i];
		AUTO_BUF id = {.len = 0};

		vulnerability_id(f, &id);
		write_vulnerability(s, f, rf_buf_cstr(&id));
		write_score(s, f, rf_buf_cstr(&id));
		write_vex(s, f, rf_buf_cstr(&id));
	}
}

static void write_document(struct spdx3 *s)
{
	json_object_begin(&s->w);
	json_field_c(&s->w, "@context", "https://spdx.org/rdf/3.0.1/spdx-context.jsonld");
	json_key(&s->w, "@graph");
	json_array_begin(&s->w);
	write_creation(s);
	write_collections(s);
	write_root(s);
	for (size_t i = 0; i < s->r->package_count; i++)
		write_package(s, i);
	write_contains(s);
	write_depends(s);
	if (!s->opts->bom_only)
		write_findings(s);
	json_array_end(&s->w);
	json_object_end(&s->w);
	rf_buf_add_char(s->w.out, '\n');
}

void report_spdx30(const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out)
{
	AUTO_REPORT_REFS refs = {.arena = NULL};
	struct spdx3 s = {.r = r, .opts = opts, .refs = &refs, .w = {.out = out, .pretty = true}};

	if (report_refs_init(&refs, r, out))
		write_document(&s);
	rf_map_done(&s.seen);
}
