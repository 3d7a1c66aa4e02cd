/*
 * OCI image layout: index.json, descriptors, image indexes, manifests (image-spec: image-layout,
 * image-index, manifest), and Docker's equivalents by their media types.
 */
#include "image/select_int.h"

struct descriptor {
	struct rf_str media_type;
	struct image_digest digest;
	uint64_t size;
};

static const char *const layer_types[] = {
	"application/vnd.oci.image.layer.v1.tar",
	"application/vnd.oci.image.layer.v1.tar+gzip",
	"application/vnd.oci.image.layer.v1.tar+zstd",
	"application/vnd.oci.image.layer.nondistributable.v1.tar",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
	"application/vnd.docker.image.rootfs.diff.tar",
	"application/vnd.docker.image.rootfs.diff.tar.gzip",
	"application/vnd.docker.image.rootfs.diff.tar.zstd",
	"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
};

static int read_descriptor(const struct doc_node *node, struct descriptor *ret, struct rf_err *err)
{
	const struct doc_node *size;
	struct rf_str digest;
	int rc;

	if (node->type != DOC_MAP)
		return rf_err_set(err, RF_EINPUT, "a descriptor that is no object");
	rc = image_json_str(node, "mediaType", &ret->media_type, err);
	if (rc == RF_OK)
		rc = image_json_str(node, "digest", &digest, err);
	if (rc == RF_OK)
		rc = image_json_child(node, "size", DOC_INT, &size, err);
	if (rc < 0)
		return rc;
	if (!image_digest_parse(digest, &ret->digest))
		return rf_err_set(err, RF_EINPUT, "a descriptor without a sha256 digest");
	if (!size || size->number < 0)
		return rf_err_set(err, RF_EINPUT, "a descriptor without a size");
	ret->size = (uint64_t)size->number;
	return RF_OK;
}

/* Attestations are listed as manifests of the platform unknown/unknown. */
static bool is_attestation(const struct doc_node *node)
{
	const struct doc_node *os = doc_get(doc_get(node, "platform"), "os");

	return doc_get(doc_get(node, "annotations"), "vnd.docker.reference.type") ||
	       (os && rf_str_is(os->text, "unknown"));
}

/* SBOMs, signatures and the like, which are attached to an image (image-spec 1.1). */
static bool is_artifact(const struct doc_node *node)
{
	const struct doc_node *type = doc_get(node, "artifactType");

	return type && type->type == DOC_STRING && type->text.len;
}

/* What names no platform is decided by its config. */
static bool is_foreign(const struct selection *sel, const struct doc_node *node)
{
	const struct doc_node *platform = doc_get(node, "platform");
	const struct doc_node *os = doc_get(platform, "os");
	const struct doc_node *arch = doc_get(platform, "architecture");

	return selection_is_foreign(
		sel, os ? os->text : RF_STR_NONE, arch ? arch->text : RF_STR_NONE);
}

static bool is_index_type(struct rf_str media_type)
{
	return rf_str_is(media_type, "application/vnd.oci.image.index.v1+json") ||
	       rf_str_is(media_type, "application/vnd.docker.distribution.manifest.list.v2+json");
}

/* containerd's annotation holds a full name; OCI's a name or only a tag. */
static int read_name(const struct doc_node *node, struct rf_str inherited, struct rf_str *ret,
	struct rf_err *err)
{
	const struct doc_node *notes = doc_get(node, "annotations");
	struct rf_str name;
	int rc = image_json_str(notes, "io.containerd.image.name", &name, err);

	if (rc == RF_OK && name.len == 0)
		rc = image_json_str(notes, "org.opencontainers.image.ref.name", &name, err);
	*ret = name.len ? name : inherited;
	return rc;
}

static int walk_index(struct selection *sel, const struct doc_node *index, struct rf_str name,
	unsigned depth, struct rf_err *err);

static int walk_nested(struct selection *sel, const struct descriptor *desc, struct rf_str name,
	unsigned depth, struct rf_err *err)
{
	const struct doc_node *index = NULL;
	struct rf_str text;
	int rc;

	if (depth == IMAGE_MAX_INDEX_DEPTH)
		return rf_err_set(
			err, RF_ELIMIT, "indexes nested deeper than %d", IMAGE_MAX_INDEX_DEPTH);
	rc = selection_read_blob(sel, &desc->digest, desc->size, &text, err);
	if (rc == RF_OK)
		rc = image_json_parse(text, "image index", sel->arena, &index, err);
	return rc < 0 ? rc : walk_index(sel, index, name, depth + 1, err);
}

static int walk_entry(struct selection *sel, const struct doc_node *node, struct rf_str inherited,
	unsigned depth, struct rf_err *err)
{
	struct candidate *candidate;
	struct descriptor desc;
	struct rf_str name;
	bool foreign;
	int rc = read_descriptor(node, &desc, err);

	if (rc == RF_OK)
		rc = read_name(node, inherited, &name, err);
	if (rc < 0 || is_attestation(node) || is_artifact(node))
		return rc;
	if (is_index_type(desc.media_type))
		return walk_nested(sel, &desc, name, depth, err);
	foreign = is_foreign(sel, node);
	sel->foreign_count += foreign;
	if (foreign && !sel->wish->any_platform)
		return RF_OK;
	candidate = selection_add(sel, err);
	if (!candidate)
		return RF_ELIMIT;
	candidate->foreign = foreign;
	sel->native_count += !foreign;
	candidate->digest = desc.digest;
	candidate->size = desc.size;
	if (name.len && !rf_vec_push(&candidate->names, name))
		return rf_err_nomem(err);
	return RF_OK;
}

static int walk_index(struct selection *sel, const struct doc_node *index, struct rf_str name,
	unsigned depth, struct rf_err *err)
{
	const struct doc_node *list;
	int rc = image_json_child(index, "manifests", DOC_SEQ, &list, err);

	if (rc < 0)
		return rc;
	if (!list || doc_get(index, "layers"))
		return rf_err_set(err, RF_EINPUT, "an index without manifests");
	doc_each (node, list) {
		rc = walk_entry(sel, node, name, depth, err);
		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

int select_oci(struct selection *sel, struct rf_err *err)
{
	const struct doc_node *index = NULL;
	struct rf_str text;
	int rc = selection_read(sel, "index.json", &text, err);

	if (rc == RF_OK)
		rc = image_json_parse(text, "index.json", sel->arena, &index, err);
	return rc < 0 ? rc : walk_index(sel, index, RF_STR(""), 0, err);
}

static int fill_layer(struct selection *sel, const struct doc_node *node,
	struct image_choice_layer *layer, struct rf_err *err)
{
	char text[IMAGE_DIGEST_TEXT_SIZE];
	struct descriptor desc;
	bool known = false;
	int rc = read_descriptor(node, &desc, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < RF_ARRAY_LEN(layer_types); i++)
		known = known || rf_str_is(desc.media_type, layer_types[i]);
	if (!known)
		return rf_err_set(err, RF_EUNSUPPORTED, "a layer of media type \"%.100s\"",
			desc.media_type.ptr);
	layer->has_digest = true;
	layer->digest = desc.digest;
	image_digest_text(&desc.digest, text);
	snprintf(layer->member, sizeof(layer->member), "blobs/sha256/%s",
		text + sizeof("sha256:") - 1);
	return selection_take_layer(sel, layer, desc.size, err);
}

static int fill_layers(struct selection *sel, const struct doc_node *manifest,
	struct image_choice *ret, struct rf_err *err)
{
	const struct doc_node *list;
	int rc = image_json_child(manifest, "layers", DOC_SEQ, &list, err);

	if (rc < 0)
		return rc;
	if (!list || doc_get(manifest, "manifests"))
		return rf_err_set(err, RF_EINPUT, "a manifest without layers");
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
	return RF_OK;
}

int select_oci_fill(struct selection *sel, const struct candidate *picked, struct image_choice *ret,
	struct rf_err *err)
{
	const struct doc_node *manifest, *config;
	struct descriptor desc;
	int rc = selection_read_blob(sel, &picked->digest, picked->size, &ret->manifest, err);

	if (rc == RF_OK)
		rc = image_json_parse(ret->manifest, "manifest", sel->arena, &manifest, err);
	if (rc == RF_OK)
		rc = image_json_child(manifest, "config", DOC_MAP, &config, err);
	if (rc == RF_OK && !config)
		rc = rf_err_set(err, RF_EINPUT, "a manifest without a config");
	if (rc == RF_OK)
		rc = read_descriptor(config, &desc, err);
	if (rc == RF_OK)
		rc = selection_read_blob(sel, &desc.digest, desc.size, &ret->config_raw, err);
	if (rc == RF_OK)
		rc = fill_layers(sel, manifest, ret, err);
	ret->digest = picked->digest;
	return rc < 0 ? rc : selection_take_config(sel, ret, err);
}
