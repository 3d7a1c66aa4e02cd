/*
 * CycloneDX: vulnerabilities with an analysis, about components by reference. A reference is a
 * bom-ref of the same document, a package URL, or a BOM-Link (urn:cdx:SERIAL/VERSION#REF) whose
 * end is one. What metadata.component names is what the whole document is about.
 */
#include "image/report/vex_int.h"

#include "base/map.h"

/* Components by bom-ref. */
struct refs {
	struct rf_map map; /* to const struct doc_node * */
	unsigned depth;
};

#define MAX_DEPTH 32 /* of components in components */

static int add_component(struct vex_doc *doc, struct refs *refs, const struct doc_node *node)
{
	const struct doc_node *children = NULL;
	struct rf_str ref;
	int rc;

	if (node->type != DOC_MAP)
		return rf_diag_add(doc->diags, RF_ERROR, doc_pos(node),
			"expected a component, found %s", doc_type_name((enum doc_type)node->type));
	rc = vex_str(doc, node, "bom-ref", &ref);
	if (rc == RF_OK && ref.len && !rf_map_get_ptr(&refs->map, ref) &&
		!rf_map_put(&refs->map, ref, (uintptr_t)node))
		rc = RF_EINTERNAL;
	if (rc == RF_OK)
		rc = vex_child(doc, node, "components", DOC_SEQ, &children);
	if (rc < 0 || !children)
		return rc;
	if (refs->depth == MAX_DEPTH) {
		rf_diag_add(doc->diags, RF_ERROR, doc_pos(children),
			"components more than %d levels deep", MAX_DEPTH);
		return RF_ELIMIT;
	}
	refs->depth++;
	for (const struct doc_node *child = children->first; child && rc == RF_OK;
		child = child->next)
		rc = add_component(doc, refs, child);
	refs->depth--;
	return rc;
}

/* The SHA-256 of a component's hashes. */
static int read_hash(struct vex_doc *doc, const struct doc_node *node, struct vex_product *ret)
{
	const struct doc_node *hashes;
	int rc = vex_child(doc, node, "hashes", DOC_SEQ, &hashes);

	for (const struct doc_node *hash = rc == RF_OK && hashes ? hashes->first : NULL;
		hash && rc == RF_OK; hash = hash->next) {
		struct rf_str alg;

		rc = vex_str(doc, hash, "alg", &alg);
		if (rc == RF_OK && rf_str_is(alg, "SHA-256"))
			rc = vex_str(doc, hash, "content", &ret->sha256);
	}
	return rc;
}

/* A component by its package URL, else its hash, else its name. */
static int read_component(struct vex_doc *doc, const struct doc_node *node, struct vex_product *ret)
{
	struct rf_str purl, name = RF_STR("");
	int rc = vex_str(doc, node, "purl", &purl);

	if (rc == RF_OK)
		rc = vex_str(doc, node, "name", &name);
	if (rc == RF_OK)
		rc = read_hash(doc, node, ret);
	if (rc == RF_OK)
		rc = vex_product_set(doc, purl.len ? purl : name, ret);
	return rc;
}

/* What follows "#" of a BOM-Link when that is a package URL; absent for other texts. */
static struct rf_str linked_ref(struct rf_str text)
{
	struct rf_str head, tail;

	if (!rf_str_starts(text, RF_STR("urn:cdx:")))
		return RF_STR_NONE;
	tail = rf_str_cut(text, '#', &head);
	return rf_str_starts(tail, RF_STR("pkg:")) ? tail : RF_STR_NONE;
}

/* Our own references go on behind the package URL and say where the package is. */
static bool is_longer(struct rf_str ref, struct rf_str purl)
{
	return purl.len && rf_str_starts(ref, purl) && ref.len > purl.len &&
	       ref.ptr[purl.len] == '#';
}

static int read_reference(
	struct vex_doc *doc, const struct refs *refs, struct rf_str text, struct vex_product *ret)
{
	const struct doc_node *component = rf_map_get_ptr(&refs->map, text);
	int rc;

	if (!component) {
		struct rf_str ref = rf_str_starts(text, RF_STR("pkg:")) ? text : linked_ref(text);

		ret->never = !ref.len;
		return ref.len ? vex_product_set(doc, ref, ret) : RF_OK;
	}
	rc = read_component(doc, component, ret);
	/* A name alone says too little of what a library is. */
	if (rc == RF_OK && !ret->has_purl && !ret->sha256.len)
		ret->never = true;
	if (rc == RF_OK && is_longer(text, ret->id))
		rc = vex_product_set(doc, text, ret);
	return rc;
}

/* versions: the one that is not a range; several, or ranges, are not for us to tell. */
static int read_versions(struct vex_doc *doc, const struct doc_node *node, struct vex_product *ret)
{
	const struct doc_node *list;
	int rc = vex_child(doc, node, "versions", DOC_SEQ, &list);

	if (rc < 0 || !list || !list->count)
		return rc;
	rc = vex_str(doc, list->first, "version", &ret->version);
	if (list->count > 1 || !ret->version.len)
		ret->never = true;
	return rc;
}

static int read_affects(struct vex_doc *doc, const struct refs *refs, const struct doc_node *node,
	struct vex_statement *statement)
{
	const struct doc_node *list;
	struct vex_product *items;
	size_t count = 0;
	int rc = vex_child(doc, node, "affects", DOC_SEQ, &list);

	if (rc < 0 || !list)
		return rc;
	rc = vex_products(doc, list, list->count, &items);
	if (rc < 0)
		return rc;
	for (const struct doc_node *item = list->first; item && rc == RF_OK; item = item->next) {
		struct rf_str ref;

		rc = vex_str(doc, item, "ref", &ref);
		if (rc == RF_OK)
			rc = read_reference(doc, refs, ref, &items[count]);
		if (rc == RF_OK)
			rc = read_versions(doc, item, &items[count]);
		count++;
	}
	statement->products = items;
	statement->product_count = count;
	statement->restricted = true;
	return rc;
}

static int read_analysis(
	struct vex_doc *doc, const struct doc_node *node, struct vex_statement *statement)
{
	static const struct {
		const char *state;
		enum vex_status status;
	} rows[] = {
		{"not_affected", VEX_NOT_AFFECTED},
		{"false_positive", VEX_NOT_AFFECTED},
		{"resolved", VEX_FIXED},
		{"resolved_with_pedigree", VEX_FIXED},
	};
	const struct doc_node *analysis;
	struct rf_str state = RF_STR("");
	int rc = vex_child(doc, node, "analysis", DOC_MAP, &analysis);

	if (rc == RF_OK)
		rc = vex_str(doc, analysis, "state", &state);
	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		if (rf_str_is(state, rows[i].state))
			statement->status = rows[i].status;
	}
	if (rc == RF_OK)
		rc = vex_str(doc, analysis, "justification", &statement->reason);
	if (rc == RF_OK && !statement->reason.len)
		rc = vex_str(doc, analysis, "detail", &statement->reason);
	return rc;
}

static int add_names(struct vex_doc *doc, const struct doc_node *node)
{
	const struct doc_node *references;
	struct rf_str id;
	int rc = vex_str(doc, node, "id", &id);

	if (rc == RF_OK)
		rc = vex_add_name(doc, id);
	if (rc == RF_OK)
		rc = vex_child(doc, node, "references", DOC_SEQ, &references);
	for (const struct doc_node *ref = rc == RF_OK && references ? references->first : NULL;
		ref && rc == RF_OK; ref = ref->next) {
		rc = vex_str(doc, ref, "id", &id);
		if (rc == RF_OK)
			rc = vex_add_name(doc, id);
	}
	return rc;
}

static int read_vulnerability(
	struct vex_doc *doc, const struct refs *refs, const struct doc_node *node)
{
	struct vex_statement statement = {.status = VEX_AFFECTED};
	int rc;

	if (node->type != DOC_MAP)
		return rf_diag_add(doc->diags, RF_ERROR, doc_pos(node),
			"expected a vulnerability, found %s",
			doc_type_name((enum doc_type)node->type));
	rc = read_analysis(doc, node, &statement);
	if (rc == RF_OK)
		rc = read_affects(doc, refs, node, &statement);
	if (rc == RF_OK)
		rc = vex_add_statement(doc, node, &statement);
	if (rc == RF_OK)
		rc = add_names(doc, node);
	return rc;
}

/* metadata.component */
static int read_subject(struct vex_doc *doc, struct refs *refs, const struct doc_node *root)
{
	const struct doc_node *metadata, *component = NULL;
	struct vex_product *subject;
	int rc = vex_child(doc, root, "metadata", DOC_MAP, &metadata);

	if (rc == RF_OK)
		rc = vex_child(doc, metadata, "component", DOC_MAP, &component);
	if (rc < 0 || !component)
		return rc;
	rc = vex_products(doc, component, 1, &subject);
	if (rc == RF_OK)
		rc = read_component(doc, component, subject);
	if (rc == RF_OK)
		rc = add_component(doc, refs, component);
	doc->subject = subject;
	return rc;
}

static int read_bom(struct vex_doc *doc, struct refs *refs, const struct doc_node *root)
{
	const struct doc_node *list;
	int rc = read_subject(doc, refs, root);

	if (rc == RF_OK)
		rc = vex_child(doc, root, "components", DOC_SEQ, &list);
	for (const struct doc_node *node = rc == RF_OK && list ? list->first : NULL;
		node && rc == RF_OK; node = node->next)
		rc = add_component(doc, refs, node);
	if (rc == RF_OK)
		rc = vex_child(doc, root, "vulnerabilities", DOC_SEQ, &list);
	for (const struct doc_node *node = rc == RF_OK && list ? list->first : NULL;
		node && rc == RF_OK; node = node->next)
		rc = read_vulnerability(doc, refs, node);
	return rc;
}

int vex_read_cyclonedx(struct vex_doc *doc, const struct doc_node *root)
{
	struct refs refs = {.depth = 0};
	int rc = read_bom(doc, &refs, root);

	rf_map_done(&refs.map);
	return rc;
}
