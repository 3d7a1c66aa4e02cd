/* Metadata of objects and templates, and the small references that many fields share. */
#include "kube/kube_int.h"
#include "kube/names.h"

#define ANNOTATIONS_MAX ((size_t)256 << 10) /* bytes of all keys and values */

#define ROW_OF struct kube_checked
static const struct doc_field managed_rows[] = {
	SEEN_STR("manager"),
	SEEN_STR("operation"),
	SEEN_STR("apiVersion"),
	SEEN_STR("time"),
	SEEN_STR("fieldsType"),
	SEEN_NODE("fieldsV1"),
	SEEN_STR("subresource"),
};
static const struct doc_schema managed_schema =
	DOC_SCHEMA("ManagedFieldsEntry", struct kube_checked, managed_rows);

static const struct doc_field object_ref_rows[] = {
	SEEN_STR("kind"),
	SEEN_STR("namespace"),
	SEEN_STR("name"),
	SEEN_STR("uid"),
	SEEN_STR("apiVersion"),
	SEEN_STR("resourceVersion"),
	SEEN_STR("fieldPath"),
};
const struct doc_schema kube_object_ref_schema =
	DOC_SCHEMA("ObjectReference", struct kube_checked, object_ref_rows);

static const struct doc_field local_ref_rows[] = {
	SEEN_STR("name"),
};
const struct doc_schema kube_local_ref_schema =
	DOC_SCHEMA("LocalObjectReference", struct kube_checked, local_ref_rows);
#undef ROW_OF

static int keep_managed_fields(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct kube_checked *unread = field;

	return kube_keep_list(dec, &managed_schema, node, &unread->node);
}

#define ROW_OF struct kube_owner_ref
static const struct doc_field owner_rows[] = {
	ROW_STR("apiVersion", api_version, REQUIRED),
	ROW_STR("kind", kind, REQUIRED),
	ROW_STR("name", name, REQUIRED),
	ROW_STR("uid", uid, REQUIRED),
	ROW_BOOL("controller", controller),
	ROW_BOOL("blockOwnerDeletion", block_owner_deletion),
};
static const struct doc_schema owner_schema =
	DOC_SCHEMA("OwnerReference", struct kube_owner_ref, owner_rows);
#undef ROW_OF

/* The fields that only a server writes have no place in kube_meta; they are checked all the same.
 */
struct meta_view {
	struct kube_meta meta;
	struct kube_checked unread;
};

#define ROW_OF struct meta_view
static const struct doc_field meta_rows[] = {
	ROW_STR("name", meta.name),
	ROW_STR("generateName", meta.generate_name),
	ROW_STR("namespace", meta.namespace),
	ROW_PAIRS("labels", meta.labels),
	ROW_PAIRS("annotations", meta.annotations),
	ROW_STR("uid", meta.uid),
	ROW_STR("resourceVersion", meta.resource_version),
	ROW_LIST("ownerReferences", meta.owner_references, owner_schema),
	ROW_STR("selfLink", unread.any),
	ROW_INT("generation", unread.any, ANY_INT64),
	ROW_STR("creationTimestamp", meta.creation_timestamp),
	ROW_STR("deletionTimestamp", unread.any),
	ROW_INT("deletionGracePeriodSeconds", unread.any, ANY_INT64),
	ROW_STRS("finalizers", unread.any),
	ROW_CUSTOM("managedFields", unread, keep_managed_fields),
};
static const struct doc_schema meta_schema = {
	.name = "ObjectMeta",
	.size = sizeof(struct meta_view),
	.node_offset = offsetof(struct meta_view, meta.node),
	.fields = meta_rows,
	.field_count = RF_ARRAY_LEN(meta_rows),
};
#undef ROW_OF

int kube_decode_meta(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct kube_meta *meta = field;
	struct meta_view view;
	int rc = doc_decode(dec, &meta_schema, node, &view);

	*meta = view.meta;
	return rc;
}

/* Over the nodes rather than the sorted pairs: each finding is where its label is. */
void kube_check_labels(struct doc_decoder *dec, const struct doc_node *labels)
{
	doc_each (label, labels) {
		if (!kube_is_label_key(label->key))
			doc_decode_error(dec, doc_key_pos(label),
				"\"" RF_STR_FMT "\" is not a label key: expected [prefix/]name, "
				"the name at most 63 "
				"of letters, digits, '-', '_' and '.', a letter or digit at both "
				"ends",
				RF_STR_ARG(label->key));
		else if (label->type == DOC_STRING && !kube_is_label_value(label->text))
			doc_decode_error(dec, doc_pos(label),
				"\"" RF_STR_FMT
				"\" is not a label value: expected at most 63 of letters, digits, "
				"'-', '_' and '.', a letter or digit at both ends",
				RF_STR_ARG(label->text));
	}
}

static void check_annotations(struct doc_decoder *dec, const struct kube_meta *meta)
{
	const struct doc_node *annotations = doc_get(meta->node, "annotations");
	size_t total = 0;

	doc_each (a, annotations) {
		total += a->key.len + a->text.len;
		if (!kube_is_label_key(a->key))
			doc_decode_error(dec, doc_key_pos(a),
				"\"" RF_STR_FMT
				"\" is not an annotation key: expected [prefix/]name, the name at "
				"most 63 of letters, digits, '-', '_' and '.'",
				RF_STR_ARG(a->key));
	}
	if (total > ANNOTATIONS_MAX)
		doc_decode_error(dec, doc_field_pos(meta->node, "annotations"),
			"annotations hold %zu bytes, at most %zu are allowed", total,
			ANNOTATIONS_MAX);
}

static void check_owners(struct doc_decoder *dec, const struct kube_meta *meta)
{
	const struct kube_owner_ref *refs = meta->owner_references.items;
	const struct kube_owner_ref *first = NULL;

	for (size_t i = 0; i < meta->owner_references.count; i++) {
		if (!refs[i].controller.value)
			continue;
		if (first && refs[i].node)
			doc_decode_error(dec, doc_field_pos(refs[i].node, "controller"),
				"only one owner can be the controller, and " RF_STR_FMT
				" " RF_STR_FMT " is already",
				RF_STR_ARG(first->kind), RF_STR_ARG(first->name));
		first = &refs[i];
	}
}

void kube_check_meta(struct doc_decoder *dec, const struct kube_meta *meta)
{
	if (!meta->node)
		return;
	if (meta->labels.count)
		kube_check_labels(dec, doc_get(meta->node, "labels"));
	if (meta->annotations.count)
		check_annotations(dec, meta);
	if (meta->owner_references.count)
		check_owners(dec, meta);
}
