/*
 * OpenVEX 0.2.0 (github.com/openvex/spec): the product is the target, the subcomponent a package
 * URL. Findings are put in the order of vulnerability and package URL; neighbours of one pair
 * become one statement, which is about the worst of them.
 */
#include "image/report/report_int.h"

struct pair {
	const struct scan_finding *finding;
	const struct report_ref *ref;
};

struct openvex {
	const struct scan_report *r;
	const struct report_opts *opts;
	const struct report_refs *refs;
	struct json_writer w;
};

static int compare_pairs(const void *left, const void *right)
{
	const struct pair *a = left, *b = right;
	int order = rf_str_cmp(a->finding->id, b->finding->id);

	if (order == 0)
		order = rf_str_cmp(a->ref->purl, b->ref->purl);
	/* The worst first: linked and path before absent. */
	if (order == 0)
		order = (int)b->finding->tier - (int)a->finding->tier;
	return order ? order : (a->finding > b->finding) - (a->finding < b->finding);
}

static bool is_same(const struct pair *a, const struct pair *b)
{
	return rf_str_eq(a->finding->id, b->finding->id) && rf_str_eq(a->ref->purl, b->ref->purl);
}

static void write_hash(struct json_writer *w, struct rf_str digest)
{
	char hex[REPORT_DIGEST_SIZE];

	if (!report_digest_hex(digest, hex))
		return;
	json_key(w, "hashes");
	json_object_begin(w);
	json_field_c(w, "sha-256", hex);
	json_object_end(w);
}

static void write_identity(struct json_writer *w, struct rf_str purl)
{
	json_field_str(w, "@id", purl);
	json_key(w, "identifiers");
	json_object_begin(w);
	json_field_str(w, "purl", purl);
	json_object_end(w);
}

static void write_products(struct openvex *v, const struct pair *pair)
{
	struct json_writer *w = &v->w;

	json_key(w, "products");
	json_array_begin(w);
	json_object_begin(w);
	write_identity(w, v->refs->root.purl);
	write_hash(w, v->r->digest);
	json_key(w, "subcomponents");
	json_array_begin(w);
	json_object_begin(w);
	write_identity(w, pair->ref->purl);
	json_object_end(w);
	json_array_end(w);
	json_object_end(w);
	json_array_end(w);
}

static void write_vulnerability(struct json_writer *w, const struct scan_finding *f)
{
	AUTO_BUF url = {.len = 0};

	report_url(f->id, &url);
	json_key(w, "vulnerability");
	json_object_begin(w);
	json_field_str(w, "@id", rf_buf_str(&url));
	json_field_str(w, "name", f->id);
	report_str_some(w, "description", f->summary);
	if (f->aliases.count)
		report_strs(w, "aliases", &f->aliases);
	json_object_end(w);
}

/* Where, how far, and why it does not count here. */
static void write_notes(struct openvex *v, const struct pair *pairs, size_t count)
{
	AUTO_BUF text = {.len = 0};

	for (size_t i = 0; i < count; i++) {
		const struct scan_finding *f = pairs[i].finding;

		rf_buf_addf(&text, "%s" RF_STR_FMT ": %s", i ? "; " : "",
			RF_STR_ARG(report_package(v->r, f)->location), scan_tier_name(f->tier));
		for (size_t s = 0; s < f->symbols.count; s++)
			rf_buf_addf(&text, "%s" RF_STR_FMT, s ? ", " : " (",
				RF_STR_ARG(f->symbols.items[s]));
		if (f->symbols.count)
			rf_buf_add_char(&text, ')');
		if (f->suppressed.len)
			rf_buf_addf(&text, ", suppressed: " RF_STR_FMT, RF_STR_ARG(f->suppressed));
	}
	json_field_str(&v->w, "status_notes", rf_buf_str(&text));
}

/* All of one vulnerability and package URL. */
static void write_statement(struct openvex *v, const struct pair *pairs, size_t count)
{
	const struct scan_finding *worst = pairs[0].finding;
	struct json_writer *w = &v->w;
	AUTO_BUF advice = {.len = 0};

	json_object_begin(w);
	write_vulnerability(w, worst);
	write_products(v, &pairs[0]);
	if (worst->tier == SCAN_TIER_ABSENT) {
		json_field_c(w, "status", "not_affected");
		json_field_c(w, "justification", "vulnerable_code_not_present");
		json_field_c(
			w, "impact_statement", "No vulnerable symbol is linked into the program.");
	} else {
		report_advice(v->r, worst, &advice);
		json_field_c(w, "status", "affected");
		json_field_str(w, "action_statement", rf_buf_str(&advice));
	}
	write_notes(v, pairs, count);
	json_object_end(w);
}

static void write_statements(struct openvex *v, struct pair *pairs)
{
	size_t count = v->r->finding_count, end;

	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct pair){.finding = &v->r->findings[i],
			.ref = &v->refs->packages[v->r->findings[i].package]};
	if (count)
		qsort(pairs, count, sizeof(*pairs), compare_pairs);
	json_key(&v->w, "statements");
	json_array_begin(&v->w);
	for (size_t first = 0; first < count; first = end) {
		end = first + 1;
		while (end < count && is_same(&pairs[first], &pairs[end]))
			end++;
		write_statement(v, &pairs[first], end - first);
	}
	json_array_end(&v->w);
}

static void write_document(struct openvex *v, struct pair *pairs)
{
	struct json_writer *w = &v->w;
	char time[WHEN_TEXT_SIZE];

	json_object_begin(w);
	json_field_c(w, "@context", "https://openvex.dev/ns/v0.2.0");
	json_key(w, "@id");
	json_strf(w, "urn:uuid:%s", v->refs->uuid);
	json_field_c(w, "author", "Ringfence");
	json_field_c(w, "timestamp", report_time(v->r, v->opts, time));
	json_field_int(w, "version", 1);
	json_field_c(w, "tooling", REPORT_TOOL " " RF_VERSION);
	write_statements(v, pairs);
	json_object_end(w);
	rf_buf_add_char(w->out, '\n');
}

void report_openvex(const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out)
{
	AUTO_REPORT_REFS refs = {.arena = NULL};
	AUTO_FREE struct pair *pairs =
		calloc(r->finding_count ? r->finding_count : 1, sizeof(*pairs));
	struct openvex v = {.r = r, .opts = opts, .refs = &refs, .w = {.out = out, .pretty = true}};

	if (!pairs)
		out->failed = true;
	else if (report_refs_init(&refs, r, out))
		write_document(&v, pairs);
}
