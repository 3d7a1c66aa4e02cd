/*
 * Manifests and small blobs into memory, each verified by its digest before it is parsed. Which
 * kind a document is, is told by what it holds, as its media type comes from the same source.
 */
#include "image/config.h"
#include "image/json_int.h"
#include "image/registry/session_int.h"

#define ACCEPT_MANIFESTS                                              \
	"application/vnd.oci.image.index.v1+json, "                   \
	"application/vnd.oci.image.manifest.v1+json, "                \
	"application/vnd.docker.distribution.manifest.list.v2+json, " \
	"application/vnd.docker.distribution.manifest.v2+json"

bool manifest_is_index(const struct manifest *manifest)
{
	return doc_get(manifest->node, "manifests") != NULL;
}

static int verify(
	struct rf_str text, const struct image_digest *want, const char *what, struct rf_err *err)
{
	char want_text[IMAGE_DIGEST_TEXT_SIZE], got_text[IMAGE_DIGEST_TEXT_SIZE];
	struct image_digest got;

	if (image_digest_of(text, &got) < 0)
		return rf_err_nomem(err);
	if (image_digest_eq(&got, want))
		return RF_OK;
	return rf_err_set(err, RF_EINPUT, "%s: the registry sent %s instead of %s", what,
		image_digest_text(&got, got_text), image_digest_text(want, want_text));
}

/* What the answer must be: the digest asked for, and the one that the registry states. */
static int verify_manifest(const char *reference, const struct wire_response *response,
	struct manifest *manifest, struct rf_err *err)
{
	struct rf_str stated = http1_field(&response->head, "docker-content-digest");
	struct image_digest want;
	int rc = RF_OK;

	if (image_digest_of(manifest->text, &manifest->digest) < 0)
		return rf_err_nomem(err);
	if (image_digest_parse(rf_str_of(reference), &want))
		rc = verify(manifest->text, &want, "manifest", err);
	if (rc == RF_OK && stated.ptr && image_digest_parse(stated, &want))
		rc = verify(manifest->text, &want, "manifest", err);
	return rc;
}

static int parse_manifest(struct rf_str content_type, struct rf_arena *arena,
	struct manifest *manifest, struct rf_err *err)
{
	int rc = image_json_parse(manifest->text, "manifest", arena, &manifest->node, err);

	if (rc == RF_OK)
		rc = image_json_str(manifest->node, "mediaType", &manifest->media_type, err);
	if (rc < 0)
		return rc;
	if (manifest->media_type.len == 0) {
		(void)rf_str_cut(content_type, ';', &content_type);
		manifest->media_type = rf_arena_str(arena, content_type);
	}
	if (doc_get(manifest->node, "manifests") && doc_get(manifest->node, "layers"))
		return rf_err_set(err, RF_EINPUT, "manifest: both an index and an image");
	return manifest->media_type.ptr ? RF_OK : rf_err_nomem(err);
}

int manifest_get(struct session *session, const char *reference, struct rf_arena *arena,
	struct manifest *ret, struct rf_err *err)
{
	AUTO_BUF text = {.max = IMAGE_MAX_JSON};
	const struct wire_response *response;
	struct rf_str type;
	struct wire_url url;
	struct wire_request request = REQUEST("GET", &url);
	int rc = session_url(session, &url, err, "manifests/%s", reference);

	request_add(&request, "Accept", ACCEPT_MANIFESTS);
	if (rc == RF_OK)
		rc = session_ask(session, &request, &response, err);
	if (rc < 0)
		return rc;
	if (response->head.status == 404)
		return rf_err_set(err, RF_EABSENT, "the registry has no %s:%s", session->repository,
			reference);
	if (response->head.status != 200)
		return session_unexpected(response, "manifest", err);
	rc = wire_client_read_all(session->client, &text, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "manifest");
	ret->text = rf_arena_str(arena, rf_buf_str(&text));
	type = http1_field(&response->head, "content-type");
	if (!ret->text.ptr)
		return rf_err_nomem(err);
	rc = verify_manifest(reference, response, ret, err);
	return rc < 0 ? rc : parse_manifest(type.ptr ? type : RF_STR(""), arena, ret, err);
}

int manifest_descriptor(const struct doc_node *node, struct registry_blob *ret, struct rf_err *err)
{
	const struct doc_node *size = NULL;
	struct rf_str digest;
	int rc;

	if (!node || node->type != DOC_MAP)
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
	if (!size || size->number < 0 || (uint64_t)size->number > REGISTRY_MAX_BLOB)
		return rf_err_set(err, RF_EINPUT, "a descriptor without a sound size");
	ret->size = (uint64_t)size->number;
	return RF_OK;
}

int blob_read(struct session *session, const struct registry_blob *blob, struct rf_arena *arena,
	struct rf_str *ret, struct rf_err *err)
{
	AUTO_BUF text = {.max = IMAGE_MAX_JSON};
	char digest[IMAGE_DIGEST_TEXT_SIZE];
	const struct wire_response *response;
	struct wire_url url;
	struct wire_request request = REQUEST("GET", &url);
	int rc = session_url(
		session, &url, err, "blobs/%s", image_digest_text(&blob->digest, digest));

	if (rc == RF_OK)
		rc = session_ask(session, &request, &response, err);
	if (rc < 0)
		return rc;
	if (response->head.status != 200)
		return session_unexpected(response, digest, err);
	rc = wire_client_read_all(session->client, &text, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "%s", digest);
	rc = verify(rf_buf_str(&text), &blob->digest, "blob", err);
	if (rc < 0)
		return rc;
	*ret = rf_arena_str(arena, rf_buf_str(&text));
	return ret->ptr ? RF_OK : rf_err_nomem(err);
}
