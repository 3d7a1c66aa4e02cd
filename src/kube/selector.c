/* metav1.LabelSelector: decoding, matching, text. */
#include "kube/selector.h"

#include "kube/kube_int.h"
#include "kube/names.h"

#define OPERATORS ONE_OF("In", "NotIn", "Exists", "DoesNotExist")

#define ROW_OF struct kube_requirement
static const struct doc_field requirement_rows[] = {
	ROW_STR("key", key, REQUIRED),
	ROW_STR("operator", op_text, REQUIRED, OPERATORS),
	ROW_STRS("values", values),
};
static const struct doc_schema requirement_schema =
	DOC_SCHEMA("LabelSelectorRequirement", struct kube_requirement, requirement_rows);
#undef ROW_OF

#define ROW_OF struct kube_selector
static const struct doc_field selector_rows[] = {
	ROW_PAIRS("matchLabels", match_labels),
	ROW_LIST("matchExpressions", match_expressions, requirement_schema),
};
static const struct doc_schema selector_schema =
	DOC_SCHEMA("LabelSelector", struct kube_selector, selector_rows);

static const struct doc_field workload_selector_rows[] = {
	ROW_PAIRS("matchLabels", match_labels),
};
static const struct doc_schema workload_selector_schema =
	DOC_SCHEMA("WorkloadSelector", struct kube_selector, workload_selector_rows);
#undef ROW_OF

static enum kube_op op_of(struct rf_str text)
{
	if (rf_str_is(text, "NotIn"))
		return KUBE_NOT_IN;
	if (rf_str_is(text, "Exists"))
		return KUBE_EXISTS;
	return rf_str_is(text, "DoesNotExist") ? KUBE_DOES_NOT_EXIST : KUBE_IN;
}

static void check_values(struct doc_decoder *dec, const struct kube_requirement *r)
{
	const struct doc_node *values = doc_get(r->node, "values");
	bool wants_values = r->op == KUBE_IN || r->op == KUBE_NOT_IN;

	if (wants_values && r->values.count == 0)
		doc_decode_error(dec, doc_field_pos(r->node, "operator"),
			"operator " RF_STR_FMT " needs at least one entry in values",
			RF_STR_ARG(r->op_text));
	if (!wants_values && r->values.count)
		doc_decode_error(dec, doc_field_pos(r->node, "values"),
			"operator " RF_STR_FMT " takes no values: remove them, or use In or NotIn",
			RF_STR_ARG(r->op_text));
	doc_each (value, values) {
		if (value->type == DOC_STRING && !kube_is_label_value(value->text))
			doc_decode_error(dec, doc_pos(value),
				"\"" RF_STR_FMT "\" is not a label value, so no label can match it",
				RF_STR_ARG(value->text));
	}
}

static void finish_requirement(struct doc_decoder *dec, struct kube_requirement *r)
{
	if (!r->node)
		return;
	if (r->key.ptr && !kube_is_label_key(r->key))
		doc_decode_error(dec, doc_field_pos(r->node, "key"),
			"\"" RF_STR_FMT "\" is not a label key", RF_STR_ARG(r->key));
	if (!r->op_text.ptr)
		return;
	r->op = op_of(r->op_text);
	if (doc_get(r->node, "values") || r->op == KUBE_IN || r->op == KUBE_NOT_IN)
		check_values(dec, r);
}

int kube_decode_selector_in_place(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct kube_selector *selector = field;
	struct kube_requirement *items;
	int rc = doc_decode(dec, &selector_schema, node, selector);

	if (selector->match_labels.count)
		kube_check_labels(dec, doc_get(node, "matchLabels"));
	items = selector->match_expressions.items;
	for (size_t i = 0; i < selector->match_expressions.count; i++)
		finish_requirement(dec, &items[i]);
	return rc;
}

int kube_decode_selector(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct kube_selector *selector = kube_alloc(dec, 1, sizeof(*selector));

	*(struct kube_selector **)field = selector;
	return selector ? kube_decode_selector_in_place(dec, node, selector) : RF_EINTERNAL;
}

int kube_decode_workload_selector(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct kube_selector *selector = kube_alloc(dec, 1, sizeof(*selector));
	int rc;

	*(struct kube_selector **)field = selector;
	if (!selector)
		return RF_EINTERNAL;
	rc = doc_decode(dec, &workload_selector_schema, node, selector);
	if (selector->match_labels.count)
		kube_check_labels(dec, doc_get(node, "matchLabels"));
	return rc;
}

struct rf_str kube_label(const struct doc_pairs *labels, struct rf_str key)
{
	size_t low = 0, high = labels->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = rf_str_cmp(labels->items[middle].key, key);

		if (order == 0)
			return labels->items[middle].value;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return RF_STR_NONE;
}

static bool has_value(const struct doc_strs *values, struct rf_str value)
{
	for (size_t i = 0; i < values->count; i++) {
		if (rf_str_eq(values->items[i], value))
			return true;
	}
	return false;
}

static bool requirement_matches(const struct kube_requirement *r, const struct doc_pairs *labels)
{
	struct rf_str value = kube_label(labels, r->key);

	switch (r->op) {
	case KUBE_IN: return value.ptr && has_value(&r->values, value);
	case KUBE_NOT_IN: return !value.ptr || !has_value(&r->values, value);
	case KUBE_EXISTS: return value.ptr != NULL;
	case KUBE_DOES_NOT_EXIST: return !value.ptr;
	}
	return false;
}

bool kube_pairs_match(const struct doc_pairs *wanted, const struct doc_pairs *labels)
{
	for (size_t i = 0; i < wanted->count; i++) {
		struct rf_str value = kube_label(labels, wanted->items[i].key);

		if (!value.ptr || !rf_str_eq(value, wanted->items[i].value))
			return false;
	}
	return true;
}

bool kube_selector_matches(const struct kube_selector *selector, const struct doc_pairs *labels)
{
	const struct kube_requirement *items = selector->match_expressions.items;

	for (size_t i = 0; i < selector->match_expressions.count; i++) {
		if (!requirement_matches(&items[i], labels))
			return false;
	}
	return kube_pairs_match(&selector->match_labels, labels);
}

static void requirement_text(const struct kube_requirement *r, struct rf_buf *out)
{
	if (r->op == KUBE_DOES_NOT_EXIST)
		rf_buf_add_char(out, '!');
	rf_buf_add_str(out, r->key);
	if (r->op == KUBE_EXISTS || r->op == KUBE_DOES_NOT_EXIST)
		return;
	rf_buf_add_c(out, r->op == KUBE_IN ? " in (" : " notin (");
	for (size_t i = 0; i < r->values.count; i++) {
		if (i)
			rf_buf_add_char(out, ',');
		rf_buf_add_str(out, r->values.items[i]);
	}
	rf_buf_add_char(out, ')');
}

void kube_selector_text(const struct kube_selector *selector, struct rf_buf *out)
{
	const struct kube_requirement *items = selector->match_expressions.items;
	const struct doc_pairs *pairs = &selector->match_labels;

	for (size_t i = 0; i < pairs->count; i++)
		rf_buf_addf(out, "%s" RF_STR_FMT "=" RF_STR_FMT, i ? "," : "",
			RF_STR_ARG(pairs->items[i].key), RF_STR_ARG(pairs->items[i].value));
	for (size_t i = 0; i < selector->match_expressions.count; i++) {
		if (i || pairs->count)
			rf_buf_add_char(out, ',');
		requirement_text(&items[i], out);
	}
	if (pairs->count == 0 && selector->match_expressions.count == 0)
		rf_buf_add_c(out, "<all>");
}
