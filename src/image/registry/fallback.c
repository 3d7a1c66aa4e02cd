/*
 * The fallback for registries that keep no account of subjects (distribution-spec, "Referrers Tag
 * Schema"): the tag sha256-HEX of the subject means an index of what refers to it. Its entries are
 * kept as they are, and one more is added.
 */
#include "doc/json.h"
#include "image/config.h"
#include "image/registry/session_int.h"

static void put_descriptor(struct json_writer *w, const struct manifest *manifest)
{
	const struct doc_node *config = doc_get(manifest->node, "config");
	const struct doc_node *type = doc_get(manifest->node, "artifactType");
	const struct doc_node *notes = doc_get(manifest->node, "annotations");
	char digest[IMAGE_DIGEST_TEXT_SIZE];

	if (!type)
		type = doc_get(config, "mediaType");
	json_object_begin(w);
	json_field_str(w, "mediaType", manifest->media_type);
	json_field_c(w, "digest", image_digest_text(&manifest->digest, digest));
	json_field_int(w, "size", (int64_t)manifest->text.len);
	if (type)
		json_field_str(w, "artifactType", type->text);
	if (notes && notes->count) {
		json_key(w, "annotations");
		json_object_begin(w);
		doc_each (note, notes)
			json_field_str(w, note->key.ptr, note->text);
		json_object_end(w);
	}
	json_object_end(w);
}

/* An entry of the former index, as it is. */
static void put_node(struct json_writer *w, const struct doc_node *node, unsigned depth)
{
	switch (depth > 8 ? DOC_NULL : (enum doc_type)node->type) {
	case DOC_NULL: json_null(w); return;
	case DOC_BOOL: json_bool(w, node->truth); return;
	case DOC_INT: json_int(w, node->number); return;
	case DOC_FLOAT:
	case DOC_STRING: json_str(w, node->text); return;
	case DOC_SEQ: json_array_begin(w); break;
	case DOC_MAP: json_object_begin(w); break;
	}
	doc_each (child, node) {
		if (node->type == DOC_MAP)
			json_key(w, child->key.ptr);
		put_node(w, child, depth + 1);
	}
	if (node->type == DOC_MAP)
		json_object_end(w);
	else
		json_array_end(w);
}

static bool lists(const struct doc_node *list, const struct image_digest *digest)
{
	char text[IMAGE_DIGEST_TEXT_SIZE];

	image_digest_text(digest, text);
	doc_each (node, list) {
		const struct doc_node *its = doc_get(node, "digest");

		if (its && rf_str_is(its->text, text))
			return true;
	}
	return false;
}

int upload_fallback(struct session *session, const struct image_digest *subject,
	const struct manifest *manifest, struct rf_arena *arena, struct rf_err *err)
{
	AUTO_BUF text = {.max = IMAGE_MAX_JSON};
	struct json_writer w = {.out = &text};
	struct manifest former = {.node = NULL};
	const struct doc_node *list;
	char tag[IMAGE_DIGEST_TEXT_SIZE];
	bool told;
	int rc;

	image_digest_file(subject, tag);
	rc = manifest_get(session, tag, arena, &former, err);
	if (rc < 0 && rc != RF_EABSENT)
		return rc;
	list = rc == RF_OK ? doc_get(former.node, "manifests") : NULL;
	if (lists(list, &manifest->digest))
		return RF_OK;
	json_object_begin(&w);
	json_field_int(&w, "schemaVersion", 2);
	json_field_c(&w, "mediaType", "application/vnd.oci.image.index.v1+json");
	json_key(&w, "manifests");
	json_array_begin(&w);
	doc_each (node, list)
		put_node(&w, node, 0);
	put_descriptor(&w, manifest);
	json_array_end(&w);
	json_object_end(&w);
	if (text.failed)
		return rf_err_set(err, RF_ELIMIT, "an index of referrers that is too large");
	return upload_manifest(session, tag, RF_STR("application/vnd.oci.image.index.v1+json"),
		rf_buf_str(&text), &told, err);
}
