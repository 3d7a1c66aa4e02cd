/*
 * OpenVEX. In 0.2.0 vulnerabilities and products are objects; before, they were strings, and
 * subcomponents were the statement's.
 */
#include "image/report/vex_int.h"

#include "image/report/when.h"

/* identifiers.purl is the better name; "@id" may be one too. */
static int read_component(struct vex_doc *doc, const struct doc_node *node, struct vex_product *ret)
{
	const struct doc_node *identifiers, *hashes;
	struct rf_str id, purl = RF_STR("");
	int rc;

	if (node->type == DOC_STRING)
		return vex_product_set(doc, node->text, ret);
	if (node->type != DOC_MAP)
		return rf_diag_add(doc->diags, RF_ERROR, doc_pos(node),
			"expected a product, found %s", doc_type_name((enum doc_type)node->type));
	rc = vex_str(doc, node, "@id", &id);
	if (rc == RF_OK)
		rc = vex_child(doc, node, "identifiers", DOC_MAP, &identifiers);
	if (rc == RF_OK)
		rc = vex_str(doc, identifiers, "purl", &purl);
	if (rc == RF_OK)
		rc = vex_child(doc, node, "hashes", DOC_MAP, &hashes);
	if (rc == RF_OK)
		rc = vex_str(doc, hashes, "sha-256", &ret->sha256);
	if (rc == RF_OK)
		rc = vex_product_set(doc, purl.len ? purl : id, ret);
	return rc;
}

static int read_components(struct vex_doc *doc, const struct doc_node *list,
	struct vex_product **ret, size_t *ret_count)
{
	size_t i = 0;
	int rc = RF_OK;

	*ret_count = 0;
	if (!list)
		return RF_OK;
	rc = vex_products(doc, list, list->count, ret);
	for (const struct doc_node *node = list->first; node && rc == RF_OK; node = node->next)
		rc = read_component(doc, node, &(*ret)[i++]);
	*ret_count = i;
	return rc;
}

/* subcomponents of at, which is a product or, in the old form, a statement. */
static int read_subcomponents(
	struct vex_doc *doc, const struct doc_node *at, struct vex_product *product)
{
	const struct doc_node *list;
	struct vex_product *items = NULL;
	size_t count;
	int rc = vex_child(doc, at, "subcomponents", DOC_SEQ, &list);

	if (rc == RF_OK)
		rc = read_components(doc, list, &items, &count);
	if (rc == RF_OK && count) {
		product->subcomponents = items;
		product->subcomponent_count = count;
	}
	return rc;
}

static int read_products(
	struct vex_doc *doc, const struct doc_node *node, struct vex_statement *statement)
{
	const struct doc_node *list;
	struct vex_product *items = NULL;
	size_t count = 0, i = 0;
	int rc = vex_child(doc, node, "products", DOC_SEQ, &list);

	if (rc == RF_OK)
		rc = read_components(doc, list, &items, &count);
	for (const struct doc_node *item = list ? list->first : NULL; item && rc == RF_OK;
		item = item->next, i++) {
		rc = read_subcomponents(doc, item->type == DOC_MAP ? item : node, &items[i]);
	}
	statement->products = items;
	statement->product_count = count;
	statement->restricted = list != NULL;
	return rc;
}

static int read_status(
	struct vex_doc *doc, const struct doc_node *node, struct vex_statement *statement)
{
	struct rf_str status;
	int rc = vex_str(doc, node, "status", &status);

	if (rc < 0)
		return rc;
	if (rf_str_is(status, "not_affected"))
		statement->status = VEX_NOT_AFFECTED;
	else if (rf_str_is(status, "fixed"))
		statement->status = VEX_FIXED;
	else if (rf_str_is(status, "affected") || rf_str_is(status, "under_investigation"))
		statement->status = VEX_AFFECTED;
	else
		return rf_diag_add(doc->diags, RF_ERROR, doc_field_pos(node, "status"),
			"\"status\": expected not_affected, affected, fixed or "
			"under_investigation");
	rc = vex_str(doc, node, "justification", &statement->reason);
	if (rc == RF_OK && !statement->reason.len)
		rc = vex_str(doc, node, "impact_statement", &statement->reason);
	return rc;
}

/* The statement's time, else the document's. */
static int read_time(struct vex_doc *doc, const struct doc_node *node, int64_t *time_s)
{
	static const char *const keys[] = {"timestamp", "last_updated"};
	int rc = RF_OK;

	for (size_t i = 0; i < RF_ARRAY_LEN(keys) && rc == RF_OK; i++) {
		struct rf_str text;

		rc = vex_str(doc, node, keys[i], &text);
		if (rc == RF_OK && text.len && !when_parse(text, time_s))
			rc = rf_diag_add(doc->diags, RF_ERROR, doc_field_pos(node, keys[i]),
				"\"%s\": expected a time such as 2026-11-25T14:00:00Z", keys[i]);
	}
	return rc;
}

static int add_names(struct vex_doc *doc, const struct doc_node *node)
{
	const struct doc_node *vulnerability = doc_get(node, "vulnerability"), *aliases = NULL;
	struct rf_str name = RF_STR("");
	int rc = RF_OK;

	if (vulnerability && vulnerability->type == DOC_STRING)
		name = vulnerability->text;
	else
		rc = vex_str(doc, vulnerability, "name", &name);
	if (rc == RF_OK && !name.len)
		rc = rf_diag_add(doc->diags, RF_ERROR, doc_field_pos(node, "vulnerability"),
			"a statement without the name of a vulnerability");
	if (rc == RF_OK)
		rc = vex_child(doc, vulnerability, "aliases", DOC_SEQ, &aliases);
	if (rc == RF_OK)
		rc = vex_add_name(doc, name);
	doc_each (alias, aliases) {
		if (rc == RF_OK && alias->type == DOC_STRING)
			rc = vex_add_name(doc, alias->text);
	}
	return rc;
}

static int read_statement(struct vex_doc *doc, const struct doc_node *node, int64_t doc_time_s)
{
	struct vex_statement statement = {.time_s = doc_time_s};
	int rc;

	if (node->type != DOC_MAP)
		return rf_diag_add(doc->diags, RF_ERROR, doc_pos(node),
			"expected a statement, found %s", doc_type_name((enum doc_type)node->type));
	rc = read_status(doc, node, &statement);
	if (rc == RF_OK)
		rc = read_time(doc, node, &statement.time_s);
	if (rc == RF_OK)
		rc = read_products(doc, node, &statement);
	if (rc == RF_OK)
		rc = vex_add_statement(doc, node, &statement);
	if (rc == RF_OK)
		rc = add_names(doc, node);
	return rc;
}

int vex_read_openvex(struct vex_doc *doc, const struct doc_node *root)
{
	const struct doc_node *list;
	int64_t time_s = 0;
	int rc = vex_child(doc, root, "statements", DOC_SEQ, &list);

	if (rc == RF_OK)
		rc = read_time(doc, root, &time_s);
	for (const struct doc_node *node = list ? list->first : NULL; node && rc == RF_OK;
		node = node->next)
		rc = read_statement(doc, node, time_s);
	return rc;
}
