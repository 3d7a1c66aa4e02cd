/*
 * Statements meet findings. Names of vulnerabilities are sorted, so that a finding looks only at
 * the statements about it; of those that also name its package, the last one decides.
 */
#include "image/report/vex_int.h"

#include "doc/read.h"
#include "image/report/report_int.h"

/* --- reading --- */

int vex_str(struct vex_doc *doc, const struct doc_node *map, const char *key, struct rf_str *ret)
{
	const struct doc_node *node = doc_get(map, key);

	*ret = RF_STR("");
	if (!node || node->type == DOC_NULL)
		return RF_OK;
	if (node->type != DOC_STRING)
		return rf_diag_add(doc->diags, RF_ERROR, doc_pos(node),
			"\"%s\": expected a string, found %s", key,
			doc_type_name((enum doc_type)node->type));
	*ret = node->text;
	return RF_OK;
}

int vex_child(struct vex_doc *doc, const struct doc_node *map, const char *key, enum doc_type type,
	const struct doc_node **ret)
{
	const struct doc_node *node = doc_get(map, key);

	*ret = NULL;
	if (!node || node->type == DOC_NULL)
		return RF_OK;
	if (node->type != type)
		return rf_diag_add(doc->diags, RF_ERROR, doc_pos(node),
			"\"%s\": expected %s, found %s", key, doc_type_name(type),
			doc_type_name((enum doc_type)node->type));
	*ret = node;
	return RF_OK;
}

int vex_products(
	struct vex_doc *doc, const struct doc_node *at, size_t count, struct vex_product **ret)
{
	if (count > VEX_MAX_PRODUCTS - doc->product_count) {
		rf_diag_add(doc->diags, RF_ERROR, doc_pos(at), "more than %d products",
			VEX_MAX_PRODUCTS);
		return RF_ELIMIT;
	}
	doc->product_count += count;
	*ret = rf_arena_array(doc->arena, count ? count : 1, sizeof(**ret));
	return *ret ? RF_OK : RF_EINTERNAL;
}

int vex_product_set(struct vex_doc *doc, struct rf_str text, struct vex_product *ret)
{
	int rc;

	ret->id = text;
	if (!rf_str_starts(text, RF_STR("pkg:")))
		return RF_OK;
	rc = purl_parse(text, doc->arena, &ret->purl);
	ret->has_purl = rc == RF_OK;
	return rc == RF_EINPUT ? RF_OK : rc;
}

int vex_add_statement(
	struct vex_doc *doc, const struct doc_node *at, const struct vex_statement *statement)
{
	if (doc->statements.count == VEX_MAX_STATEMENTS) {
		rf_diag_add(doc->diags, RF_ERROR, doc_pos(at), "more than %d statements",
			VEX_MAX_STATEMENTS);
		return RF_ELIMIT;
	}
	return rf_vec_push(&doc->statements, *statement) ? RF_OK : RF_EINTERNAL;
}

int vex_add_name(struct vex_doc *doc, struct rf_str name)
{
	struct vex_entry entry = {.name = name, .statement = doc->statements.count - 1};

	return name.len == 0 || rf_vec_push(&doc->entries, entry) ? RF_OK : RF_EINTERNAL;
}

static int compare_entries(const void *left, const void *right)
{
	const struct vex_entry *a = left, *b = right;
	int order = rf_str_cmp(a->name, b->name);

	return order ? order : (a->statement > b->statement) - (a->statement < b->statement);
}

static int read_doc(struct vex_doc *doc, struct rf_str text, const char *file)
{
	const struct doc_node *root;
	struct rf_pos top = {.file = file};
	int rc;

	if (text.len > VEX_MAX_FILE) {
		rf_diag_add(doc->diags, RF_ERROR, top, "larger than %zu bytes", VEX_MAX_FILE);
		return RF_ELIMIT;
	}
	rc = doc_parse_json(text, file, 1, doc->arena, doc->diags, &root);
	if (rc < 0)
		return rc;
	if (doc_get(root, "bomFormat"))
		rc = vex_read_cyclonedx(doc, root);
	else if (doc_get(root, "statements"))
		rc = vex_read_openvex(doc, root);
	else
		rc = rf_diag_add(doc->diags, RF_ERROR, doc_pos(root),
			"neither OpenVEX (no \"statements\") nor CycloneDX (no \"bomFormat\")");
	if (rc == RF_OK && doc->entries.count)
		qsort(doc->entries.items, doc->entries.count, sizeof(*doc->entries.items),
			compare_entries);
	return rc;
}

/* --- meeting --- */

/* The report's own names, taken apart. */
struct vex_target {
	const struct scan_report *report;
	const struct report_refs *refs;
	struct purl root, *packages;
	char digest[REPORT_DIGEST_SIZE]; /* hex digits; "" when the report has none */
};

static int target_init(struct vex_target *t, struct rf_arena *arena)
{
	int rc = purl_parse(t->refs->root.purl, arena, &t->root);

	if (!report_digest_hex(t->report->digest, t->digest))
		t->digest[0] = '\0';
	t->packages = rf_arena_array(arena, t->report->package_count + 1, sizeof(*t->packages));
	if (!t->packages)
		return RF_EINTERNAL;
	for (size_t i = 0; i < t->report->package_count && rc != RF_EINTERNAL; i++) {
		/* A name that makes no package URL keeps an empty one, which nothing covers. */
		rc = purl_parse(t->refs->packages[i].purl, arena, &t->packages[i]);
	}
	return rc == RF_EINTERNAL ? rc : RF_OK;
}

/* The value of a package URL's tag=; fallback where it has none. */
static struct rf_str tag_of(const struct purl *p, struct rf_str fallback)
{
	for (size_t i = 0; i < p->qualifier_count; i++) {
		if (rf_str_is(p->qualifiers[i].key, "tag"))
			return p->qualifiers[i].value;
	}
	return fallback;
}

static bool is_image_type(struct rf_str type)
{
	return rf_str_is(type, "oci") || rf_str_is(type, "docker");
}

/* pkg:oci/NAME@sha256:... by digest, pkg:oci/NAME@TAG and pkg:oci/NAME by name and tag. */
static bool is_image(const struct purl *p, const struct vex_target *t)
{
	struct rf_str tag, name = report_target_name(t->report->target, &tag);
	struct rf_str base = p->path;
	const char *slash = base.len ? memrchr(base.ptr, '/', base.len) : NULL;

	if (rf_str_starts(p->version, RF_STR("sha256:")))
		return rf_str_eq(p->version, t->report->digest);
	if (slash)
		base = (struct rf_str){slash + 1, base.len - (size_t)(slash + 1 - base.ptr)};
	if (base.len != name.len || strncasecmp(base.ptr, name.ptr, name.len) != 0)
		return false;
	if (p->version.len && !rf_str_eq(p->version, tag))
		return false;
	return rf_str_eq(tag_of(p, tag), tag);
}

static bool is_target(const struct vex_product *p, const struct vex_target *t)
{
	if (p->sha256.len)
		return rf_str_is(p->sha256, t->digest);
	if (p->has_purl && is_image_type(p->purl.type))
		return is_image(&p->purl, t);
	if (p->has_purl)
		return rf_str_is(p->purl.type, "generic") && purl_covers(&p->purl, &t->root);
	return p->id.len &&
	       (rf_str_eq(p->id, t->report->target) || rf_str_eq(p->id, t->report->digest));
}

/* p names package i; "#/app" behind a package URL names one location, as our own writers do. */
static bool is_package(const struct vex_product *p, const struct vex_target *t, size_t i)
{
	const struct scan_package *package = &t->report->packages[i];

	if (p->never || (p->version.len && !rf_str_eq(p->version, package->version)))
		return false;
	if (rf_str_eq(p->id, t->refs->packages[i].text))
		return true;
	if (!p->has_purl || !purl_covers(&p->purl, &t->packages[i]))
		return false;
	return !p->purl.subpath.len || rf_str_eq(p->purl.subpath, package->location);
}

static bool is_subcomponent(const struct vex_product *p, const struct vex_target *t, size_t i)
{
	for (size_t s = 0; s < p->subcomponent_count; s++) {
		if (is_package(&p->subcomponents[s], t, i))
			return true;
	}
	return p->subcomponent_count == 0;
}

/* The product that package i is in, or it itself. */
static bool is_product(const struct vex_product *p, const struct vex_target *t, size_t i)
{
	size_t holder = t->refs->packages[i].holder;

	if (p->never)
		return false;
	if (is_target(p, t) || (holder != REPORT_NO_HOLDER && is_package(p, t, holder)))
		return is_subcomponent(p, t, i);
	return p->subcomponent_count == 0 && is_package(p, t, i);
}

static bool is_about(const struct vex_statement *s, const struct vex_target *t, size_t package)
{
	for (size_t i = 0; i < s->product_count; i++) {
		if (is_product(&s->products[i], t, package))
			return true;
	}
	return !s->restricted;
}

/* The first entry of name. */
static size_t find_entry(const struct vex_doc *doc, struct rf_str name)
{
	size_t low = 0, high = doc->entries.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rf_str_cmp(doc->entries.items[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#define NO_STATEMENT SIZE_MAX

static bool is_later(const struct vex_doc *doc, size_t s, size_t last)
{
	const struct vex_statement *a = &doc->statements.items[s], *b;

	if (last == NO_STATEMENT)
		return true;
	b = &doc->statements.items[last];
	return a->time_s != b->time_s ? a->time_s > b->time_s : s > last;
}

/* The last statement that uses name, if it is later than last. */
static size_t last_about(const struct vex_doc *doc, const struct vex_target *t,
	const struct scan_finding *f, struct rf_str name, size_t last)
{
	for (size_t e = find_entry(doc, name);
		e < doc->entries.count && rf_str_eq(doc->entries.items[e].name, name); e++) {
		size_t s = doc->entries.items[e].statement;

		if (is_later(doc, s, last) && is_about(&doc->statements.items[s], t, f->package))
			last = s;
	}
	return last;
}

static bool suppresses(const struct vex_doc *doc, size_t s)
{
	return s != NO_STATEMENT && doc->statements.items[s].status != VEX_AFFECTED;
}

/*
 * The last one about any of the finding's names. What is said of one CVE does not clear an advisory
 * that stands for several, unless as much is said of each.
 */
static size_t last_by_names(
	const struct vex_doc *doc, const struct vex_target *t, const struct scan_finding *f)
{
	size_t named = last_about(doc, t, f, f->id, NO_STATEMENT), cve = NO_STATEMENT;
	bool all_cves = true;

	for (size_t i = 0; i < f->aliases.count; i++) {
		struct rf_str name = f->aliases.items[i];

		if (!report_is_cve(name)) {
			named = last_about(doc, t, f, name, named);
			continue;
		}
		all_cves &= suppresses(doc, last_about(doc, t, f, name, NO_STATEMENT));
		cve = last_about(doc, t, f, name, cve);
	}
	if (cve == NO_STATEMENT || !is_later(doc, cve, named))
		return named;
	return all_cves || !suppresses(doc, cve) ? cve : named;
}

static int judge(const struct vex_doc *doc, const struct vex_target *t, struct scan_report *report,
	struct scan_finding *f, const char *file)
{
	size_t last = last_by_names(doc, t, f);
	const struct vex_statement *s;

	if (last == NO_STATEMENT || f->suppressed.len)
		return RF_OK;
	s = &doc->statements.items[last];
	if (s->status == VEX_AFFECTED)
		return RF_OK;
	f->suppressed = rf_arena_printf(report->arena, "%s (%s)%s" RF_STR_FMT,
		s->status == VEX_FIXED ? "fixed" : "not affected", file, s->reason.len ? ": " : "",
		RF_STR_ARG(s->reason));
	return f->suppressed.ptr ? RF_OK : RF_EINTERNAL;
}

/* A document about another product says nothing here. */
static bool is_subject(const struct vex_doc *doc, const struct vex_target *t)
{
	if (!doc->subject || is_target(doc->subject, t))
		return true;
	for (size_t i = 0; i < t->report->package_count; i++) {
		if (is_package(doc->subject, t, i))
			return true;
	}
	return false;
}

static int apply(
	struct vex_doc *doc, struct scan_report *report, const char *file, struct vex_count *count)
{
	AUTO_REPORT_REFS refs = {.arena = NULL};
	AUTO_BUF unused = {.len = 0};
	struct vex_target t = {.report = report, .refs = &refs};
	int rc = report_refs_init(&refs, report, &unused) ? target_init(&t, doc->arena)
							  : RF_EINTERNAL;

	if (rc == RF_OK && !is_subject(doc, &t)) {
		rf_diag_add(doc->diags, RF_NOTE, (struct rf_pos){.file = file},
			"is about another product: nothing of it applies here");
		return RF_OK;
	}
	for (size_t i = 0; i < report->finding_count && rc == RF_OK; i++) {
		struct scan_finding *f = &report->findings[i];
		bool counted = report_counts(f);

		rc = judge(doc, &t, report, f, file);
		count->suppressed += counted && !report_counts(f);
	}
	return rc;
}

#define VEX_ARENA_MAX ((size_t)2 << 30)

int vex_apply(struct scan_report *report, struct rf_str text, const char *file,
	struct rf_diags *diags, struct vex_count *ret)
{
	AUTO_ARENA *arena = rf_arena_new(VEX_ARENA_MAX);
	struct vex_doc doc = {.arena = arena, .diags = diags, .report = report};
	struct vex_count count = {.statements = 0};
	int rc = arena ? read_doc(&doc, text, file) : RF_EINTERNAL;

	count.statements = doc.statements.count;
	if (rc == RF_OK)
		rc = apply(&doc, report, file, &count);
	rf_vec_done(&doc.statements);
	rf_vec_done(&doc.entries);
	if (rc == RF_OK && ret)
		*ret = count;
	return rc;
}
