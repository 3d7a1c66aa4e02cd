/*
 * `docker save`: manifest.json is a list of {Config, RepoTags, Layers} with names of members. The
 * old layout has ID/layer.tar and HEX.json; the new one has blobs/sha256/HEX. Where the name of a
 * member holds a digest, the content must have it; layers always have their diff_id.
 */
#include "image/select_int.h"

#define BLOBS "blobs/sha256/"

static int add_row(struct selection *sel, const struct doc_node *node, struct rf_err *err)
{
	const struct doc_node *tags;
	struct candidate *candidate;
	int rc;

	if (node->type != DOC_MAP)
		return rf_err_set(err, RF_EINPUT, "manifest.json: expected objects");
	rc = image_json_child(node, "RepoTags", DOC_SEQ, &tags, err);
	if (rc < 0)
		return rc;
	candidate = selection_add(sel, err);
	if (!candidate)
		return RF_ELIMIT;
	candidate->node = node;
	doc_each (tag, tags) {
		struct rf_str name;

		rc = image_json_text(tag, "RepoTags", &name, err);
		if (rc < 0)
			return rc;
		if (!rf_vec_push(&candidate->names, name))
			return rf_err_nomem(err);
	}
	return RF_OK;
}

int select_docker(struct selection *sel, struct rf_err *err)
{
	const struct doc_node *list;
	struct rf_str text;
	int rc = selection_read(sel, "manifest.json", &text, err);

	if (rc == RF_OK)
		rc = image_json_parse(text, "manifest.json", sel->arena, &list, err);
	if (rc == RF_OK && list->type != DOC_SEQ)
		rc = rf_err_set(err, RF_EINPUT, "manifest.json: expected a list");
	if (rc < 0)
		return rc;
	doc_each (node, list) {
		rc = add_row(sel, node, err);
		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

/* The digest in "blobs/sha256/HEX" or "HEX.json". */
static bool digest_in_name(struct rf_str name, struct image_digest *ret)
{
	struct rf_str blobs = RF_STR(BLOBS), json = RF_STR(".json");

	if (rf_str_starts(name, blobs)) {
		name.ptr += blobs.len;
		name.len -= blobs.len;
	} else if (rf_str_ends(name, json)) {
		name.len -= json.len;
	}
	return image_digest_parse_hex(name, ret);
}

static int fill_config(struct selection *sel, const struct doc_node *row, struct image_choice *ret,
	struct rf_err *err)
{
	struct image_digest named;
	struct rf_str name;
	int rc = image_json_str(row, "Config", &name, err);

	if (rc == RF_OK && name.len == 0)
		rc = rf_err_set(err, RF_EINPUT, "manifest.json: Config is missing");
	if (rc == RF_OK)
		rc = selection_read(sel, name.ptr, &ret->config_raw, err);
	if (rc < 0)
		return rc;
	if (image_digest_of(ret->config_raw, &ret->digest) < 0)
		return rf_err_set(err, RF_EINTERNAL, "SHA-256 is not available");
	if (digest_in_name(name, &named) && !image_digest_eq(&named, &ret->digest))
		return rf_err_set(
			err, RF_EINPUT, "%.200s: the content has another digest", name.ptr);
	ret->manifest = RF_STR("");
	return RF_OK;
}

static int fill_layer(struct selection *sel, const struct doc_node *node,
	struct image_choice_layer *layer, struct rf_err *err)
{
	struct rf_str name;
	int rc = image_json_text(node, "Layers", &name, err);

	if (rc < 0)
		return rc;
	if (!rf_str_copy(name, layer->member, sizeof(layer->member)))
		return rf_err_set(err, RF_ELIMIT, "the name of a layer is too long");
	layer->has_digest =
		rf_str_starts(name, RF_STR(BLOBS)) && digest_in_name(name, &layer->digest);
	return selection_take_layer(sel, layer, ANY_SIZE, err);
}

int select_docker_fill(struct selection *sel, const struct candidate *picked,
	struct image_choice *ret, struct rf_err *err)
{
	const struct doc_node *list;
	int rc = image_json_child(picked->node, "Layers", DOC_SEQ, &list, err);

	if (rc < 0)
		return rc;
	if (!list)
		return rf_err_set(err, RF_EINPUT, "manifest.json: Layers is missing");
	if (list->count > IMAGE_MAX_LAYERS)
		return rf_err_set(err, RF_ELIMIT, "more than %d layers", IMAGE_MAX_LAYERS);
	ret->layers = rf_arena_array(sel->arena, list->count + 1, sizeof(*ret->layers));
	if (!ret->layers)
		return rf_err_nomem(err);
	doc_each (node, list) {
		rc = fill_layer(sel, node, &ret->layers[ret->layer_count++], err);
		if (rc < 0)
			return rc;
	}
	rc = fill_config(sel, picked->node, ret, err);
	return rc < 0 ? rc : selection_take_config(sel, ret, err);
}
