/*
 * From a reference to the image for a platform: an index is followed to the first entry that fits
 * (image-spec, image-index.md); attestations are no images. Everything on the way is sent to the
 * parent as it came, so that it can check that each names the next by its digest.
 */
#include "image/config.h"
#include "image/json_int.h"
#include "image/registry/session_int.h"
#include "image/select.h"

#define TASK_ARENA ((size_t)256 << 20)

struct platform {
	struct rf_str os, architecture, variant; /* variant: absent for any */
};

static void split(struct rf_str text, struct platform *ret)
{
	struct rf_str rest = rf_str_cut(text, '/', &ret->os);

	ret->architecture = RF_STR("");
	ret->variant = RF_STR_NONE;
	if (rest.ptr)
		ret->variant = rf_str_cut(rest, '/', &ret->architecture);
}

static bool fits(const struct doc_node *node, const struct platform *want)
{
	const struct doc_node *platform = doc_get(node, "platform");
	const struct doc_node *os = doc_get(platform, "os");
	const struct doc_node *architecture = doc_get(platform, "architecture");
	const struct doc_node *variant = doc_get(platform, "variant");

	if (doc_get(doc_get(node, "annotations"), "vnd.docker.reference.type"))
		return false;
	/* An entry without a platform is decided by its config, later. */
	if (!platform)
		return true;
	return os && architecture && rf_str_eq(os->text, want->os) &&
	       rf_str_eq(architecture->text, want->architecture) &&
	       (!want->variant.ptr || (variant && rf_str_eq(variant->text, want->variant)));
}

static void list_platforms(const struct doc_node *list, struct rf_buf *out)
{
	doc_each (node, list) {
		const struct doc_node *platform = doc_get(node, "platform");
		const struct doc_node *os = doc_get(platform, "os");
		const struct doc_node *architecture = doc_get(platform, "architecture");
		const struct doc_node *variant = doc_get(platform, "variant");

		if (!os || !architecture || rf_str_is(os->text, "unknown"))
			continue;
		rf_buf_addf(out, "%s" RF_STR_FMT "/" RF_STR_FMT, out->len ? ", " : "",
			RF_STR_ARG(os->text), RF_STR_ARG(architecture->text));
		if (variant)
			rf_buf_addf(out, "/" RF_STR_FMT, RF_STR_ARG(variant->text));
	}
}

static int choose(const struct manifest *index, const struct platform *want,
	struct registry_blob *ret, struct rf_err *err)
{
	const struct doc_node *list;
	AUTO_BUF names = {.max = 300};
	int rc = image_json_child(index->node, "manifests", DOC_SEQ, &list, err);

	if (rc < 0)
		return rc;
	doc_each (node, list) {
		if (fits(node, want))
			return manifest_descriptor(node, ret, err);
	}
	list_platforms(list, &names);
	return rf_err_set(err, RF_EUNSUPPORTED,
		"no image for " RF_STR_FMT "/" RF_STR_FMT "%s" RF_STR_FMT "; there is: %s%s",
		RF_STR_ARG(want->os), RF_STR_ARG(want->architecture), want->variant.ptr ? "/" : "",
		RF_STR_ARG(want->variant), rf_buf_cstr(&names), names.failed ? ", ..." : "");
}

/* From what the reference means down to a manifest. */
static int descend(struct session *session, struct rf_arena *arena, const struct platform *want,
	struct manifest *manifest, struct rf_err *err)
{
	int rc = frame_send(session->channel, FETCH_ROOT, manifest->text, err);

	for (unsigned depth = 0; rc == RF_OK && manifest_is_index(manifest); depth++) {
		char digest[IMAGE_DIGEST_TEXT_SIZE];
		struct registry_blob next;

		if (depth == IMAGE_MAX_INDEX_DEPTH)
			return rf_err_set(err, RF_ELIMIT, "indexes nested deeper than %d",
				IMAGE_MAX_INDEX_DEPTH);
		rc = choose(manifest, want, &next, err);
		if (rc == RF_OK && depth > 0)
			rc = frame_send(session->channel, FETCH_INDEX, manifest->text, err);
		if (rc == RF_OK)
			rc = manifest_get(session, image_digest_text(&next.digest, digest), arena,
				manifest, err);
	}
	return rc;
}

static int take_layers(const struct manifest *manifest, struct rf_arena *arena,
	struct registry_image *ret, struct rf_err *err)
{
	const struct doc_node *list;
	int rc = image_json_child(manifest->node, "layers", DOC_SEQ, &list, err);

	if (rc < 0)
		return rc;
	if (!list)
		return rf_err_set(err, RF_EUNSUPPORTED,
			"a manifest without layers (of media type %.100s)",
			manifest->media_type.ptr);
	if (list->count > IMAGE_MAX_LAYERS)
		return rf_err_set(err, RF_ELIMIT, "more than %d layers", IMAGE_MAX_LAYERS);
	ret->layers = rf_arena_array(arena, list->count + 1, sizeof(*ret->layers));
	if (!ret->layers)
		return rf_err_nomem(err);
	doc_each (node, list) {
		rc = manifest_descriptor(node, &ret->layers[ret->layer_count++], err);
		if (rc < 0)
			return rf_err_wrap(err, rc, "layer %zu", ret->layer_count);
	}
	return RF_OK;
}

static bool is_image_config(struct rf_str type)
{
	return rf_str_is(type, "application/vnd.oci.image.config.v1+json") ||
	       rf_str_is(type, "application/vnd.docker.container.image.v1+json");
}

/* The config says for what platform the image is, when no index did. */
static int check_config(struct rf_str text, const struct platform *want, struct rf_arena *arena,
	size_t layer_count, struct rf_err *err)
{
	struct image_config config;
	int rc = image_config_parse(text, arena, &config, err);

	if (rc < 0)
		return rc;
	if (config.diff_id_count != layer_count)
		return rf_err_set(err, RF_EINPUT, "%zu layers, but the config names %zu",
			layer_count, config.diff_id_count);
	if (want->os.len && (!rf_str_eq(config.os, want->os) ||
				    !rf_str_eq(config.architecture, want->architecture)))
		return rf_err_set(err, RF_EUNSUPPORTED,
			"the image is for %.40s/%.40s, not for " RF_STR_FMT "/" RF_STR_FMT,
			config.os.ptr, config.architecture.ptr, RF_STR_ARG(want->os),
			RF_STR_ARG(want->architecture));
	return RF_OK;
}

static int take_config(struct session *session, const struct manifest *manifest,
	const struct platform *want, struct rf_arena *arena, struct registry_image *ret,
	struct rf_err *err)
{
	struct registry_blob config;
	int rc = manifest_descriptor(doc_get(manifest->node, "config"), &config, err);

	if (rc < 0)
		return rf_err_wrap(err, rc, "config");
	if (!is_image_config(config.media_type))
		return rf_err_set(err, RF_EUNSUPPORTED,
			"no image but an artifact: its config is of type %.100s",
			config.media_type.ptr);
	ret->config_digest = config.digest;
	rc = blob_read(session, &config, arena, &ret->config, err);
	if (rc == RF_OK)
		rc = check_config(ret->config, want, arena, ret->layer_count, err);
	return rc < 0 ? rf_err_wrap(err, rc, "config") : RF_OK;
}

static int answer(struct session *session, const struct registry_image *image, struct rf_err *err)
{
	AUTO_BUF payload = {.max = FRAME_MAX_LEN};
	int rc = frame_send(session->channel, FETCH_MANIFEST, image->manifest, err);

	fetch_image_put(&payload, image, rf_buf_str(&session->authorization));
	if (rc == RF_OK && payload.failed)
		rc = rf_err_nomem(err);
	if (rc == RF_OK)
		rc = frame_send(session->channel, FETCH_CONFIG, image->config, err);
	if (rc == RF_OK)
		rc = frame_send(session->channel, FETCH_IMAGE, rf_buf_str(&payload), err);
	return rc;
}

int task_resolve(struct session *session, const struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	struct rf_str reference = frame_get_str(&reader), wish = frame_get_str(&reader);
	AUTO_ARENA *arena = rf_arena_new(TASK_ARENA);
	struct registry_image image = {.layer_count = 0};
	struct platform in_index, in_config;
	struct manifest manifest;
	AUTO_BUF host = {.max = 64};
	int rc;

	if (!frame_reader_ok(&reader) || !arena)
		return rf_err_set(err, RF_EINTERNAL, "a malformed message");
	/* Without a wish, an index is asked for this machine, and a lone image is taken as it is.
	 */
	rf_buf_addf(&host, "linux/%s", image_host_architecture());
	split(wish.len ? wish : rf_buf_str(&host), &in_index);
	split(wish, &in_config);
	reference = rf_arena_str(arena, reference);
	if (!reference.ptr)
		return rf_err_nomem(err);
	rc = manifest_get(session, reference.ptr, arena, &manifest, err);
	if (rc == RF_OK)
		rc = descend(session, arena, &in_index, &manifest, err);
	if (rc < 0)
		return rc;
	image.digest = manifest.digest;
	image.media_type = manifest.media_type;
	image.manifest = manifest.text;
	rc = take_layers(&manifest, arena, &image, err);
	if (rc == RF_OK)
		rc = take_config(session, &manifest, &in_config, arena, &image, err);
	return rc < 0 ? rc : answer(session, &image, err);
}

/* --- referrers --- */

static int send_referrer(struct session *session, const struct doc_node *node, struct rf_err *err)
{
	AUTO_BUF payload = {.max = FRAME_MAX_LEN};
	struct registry_blob blob;
	struct rf_str type;
	int rc = manifest_descriptor(node, &blob, err);

	if (rc == RF_OK)
		rc = image_json_str(node, "artifactType", &type, err);
	if (rc < 0)
		return rc;
	fetch_digest_put(&payload, &blob.digest);
	frame_put_u64(&payload, blob.size);
	frame_put_str(&payload, blob.media_type);
	frame_put_str(&payload, type);
	return frame_send(session->channel, FETCH_REFERRER, rf_buf_str(&payload), err);
}

/* The API; RF_EABSENT when the registry lacks it. */
static int ask_referrers(struct session *session, const char *digest, struct rf_arena *arena,
	const struct doc_node **ret, struct rf_err *err)
{
	AUTO_BUF text = {.max = IMAGE_MAX_JSON};
	const struct wire_response *response;
	struct wire_url url;
	struct wire_request request = REQUEST("GET", &url);
	int rc = session_url(session, &url, err, "referrers/%s", digest);

	request_add(&request, "Accept", "application/vnd.oci.image.index.v1+json");
	if (rc == RF_OK)
		rc = session_ask(session, &request, &response, err);
	if (rc < 0)
		return rc;
	if (response->head.status != 200)
		return session_unexpected(response, "referrers", err);
	rc = wire_client_read_all(session->client, &text, err);
	if (rc == RF_OK)
		rc = image_json_parse(rf_buf_str(&text), "referrers", arena, ret, err);
	return rc;
}

int task_referrers(struct session *session, const struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	AUTO_ARENA *arena = rf_arena_new(TASK_ARENA);
	char text[IMAGE_DIGEST_TEXT_SIZE];
	const struct doc_node *index = NULL, *list = NULL;
	struct image_digest digest;
	struct manifest tagged;
	size_t count = 0;
	int rc;

	fetch_digest_get(&reader, &digest);
	if (!frame_reader_ok(&reader) || !arena)
		return rf_err_set(err, RF_EINTERNAL, "a malformed message");
	rc = ask_referrers(session, image_digest_text(&digest, text), arena, &index, err);
	if (rc == RF_EABSENT || rc == RF_EINPUT) {
		rc = manifest_get(session, image_digest_file(&digest, text), arena, &tagged, err);
		if (rc == RF_EABSENT)
			return RF_OK;
		index = rc == RF_OK ? tagged.node : NULL;
	}
	if (rc == RF_OK)
		rc = image_json_child(index, "manifests", DOC_SEQ, &list, err);
	if (rc < 0)
		return rc;
	doc_each (node, list) {
		if (count++ == FETCH_MAX_REFERRERS)
			return rf_err_set(
				err, RF_ELIMIT, "more than %d referrers", FETCH_MAX_REFERRERS);
		rc = send_referrer(session, node, err);
		if (rc < 0)
			return rc;
	}
	return RF_OK;
}
