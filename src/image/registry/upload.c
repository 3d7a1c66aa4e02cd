/*
 * Blobs and manifests into the registry (distribution-spec, "Push"). A small blob goes in one
 * request, a large one in chunks, so that a cut connection costs a chunk and not the blob: where
 * the registry is, it says itself (Range).
 */
#include "base/num.h"
#include "image/registry/session_int.h"
#include "image/stream.h"

#define UPLOAD_CHUNK  ((uint64_t)16 << 20)
#define MAX_ATTEMPTS  5
#define PROGRESS_STEP ((uint64_t)1 << 20)

struct upload {
	struct session *session;
	const struct registry_blob *blob;
	const struct image_range *range;
	struct wire_url url; /* of the session that the registry has opened */
	uint64_t have;	     /* bytes that the registry has */
	uint64_t told;
};

static void count_sent(void *ctx, uint64_t len)
{
	struct upload *upload = ctx;

	if (upload->have + len - upload->told < PROGRESS_STEP)
		return;
	upload->told = upload->have + len;
	(void)!session_tell_progress(upload->session, upload->told, upload->blob->size, NULL);
}

static void set_body(struct upload *upload, struct wire_request *request, uint64_t len)
{
	request->has_body = true;
	request->body_fd = upload->range->fd;
	request->body_offset = upload->range->offset + upload->have;
	request->body_len = len;
	request->sent = count_sent;
	request->sent_ctx = upload;
}

static int has_blob(struct session *session, const char *digest, bool *ret, struct rf_err *err)
{
	const struct wire_response *response;
	struct wire_url url;
	struct wire_request request = REQUEST("HEAD", &url);
	int rc = session_url(session, &url, err, "blobs/%s", digest);

	if (rc == RF_OK)
		rc = session_ask(session, &request, &response, err);
	if (rc < 0)
		return rc;
	if (response->head.status != 200 && response->head.status != 404)
		return session_unexpected(response, "blob", err);
	*ret = response->head.status == 200;
	return RF_OK;
}

/* Where the upload goes on; every answer may move it. */
static int take_location(
	struct upload *upload, const struct wire_response *response, bool must, struct rf_err *err)
{
	struct rf_str location = http1_field(&response->head, "location");
	struct wire_url next;
	int rc;

	if (!location.ptr && !must)
		return RF_OK;
	if (!location.ptr)
		return rf_err_set(err, RF_EINPUT, "the registry names no place to upload to");
	rc = wire_url_resolve(&response->url, location, &next, err);
	if (rc == RF_OK)
		upload->url = next;
	return rc < 0 ? rf_err_wrap(err, rc, "the place to upload to") : RF_OK;
}

/* *ret_mounted: the registry took the blob from another repository. */
static int open_upload(
	struct upload *upload, const char *digest, bool *ret_mounted, struct rf_err *err)
{
	struct session *session = upload->session;
	const struct wire_response *response;
	struct wire_url url;
	struct wire_request request = REQUEST("POST", &url);
	int rc = session_url(session, &url, err, "blobs/uploads/");

	if (rc == RF_OK && session->mount_from[0])
		rc = wire_url_add_query(&url, "mount", rf_str_of(digest), err);
	if (rc == RF_OK && session->mount_from[0])
		rc = wire_url_add_query(&url, "from", rf_str_of(session->mount_from), err);
	request.has_body = true;
	request.body = RF_STR("");
	if (rc == RF_OK)
		rc = session_ask(session, &request, &response, err);
	if (rc < 0)
		return rc;
	upload->have = upload->told = 0;
	*ret_mounted = response->head.status == 201;
	if (*ret_mounted)
		return RF_OK;
	if (response->head.status != 202)
		return session_unexpected(response, "open an upload", err);
	return take_location(upload, response, true, err);
}

/* "0-99": 100 bytes are there. An absent or empty range is none. */
static int take_range(
	struct upload *upload, const struct wire_response *response, struct rf_err *err)
{
	struct rf_str first, last = rf_str_cut(http1_field(&response->head, "range"), '-', &first);
	uint64_t begin, end;

	if (!last.ptr || (rf_str_is(first, "0") && rf_str_is(last, "0"))) {
		upload->have = 0;
		return RF_OK;
	}
	if (rf_str_starts(first, RF_STR("bytes=")))
		first = (struct rf_str){first.ptr + 6, first.len - 6};
	if (!rf_num_u64(first, 0, &begin) || !rf_num_u64(last, upload->blob->size - 1, &end))
		return rf_err_set(err, RF_EINPUT, "the registry's range of an upload is none");
	upload->have = end + 1;
	return RF_OK;
}

static int send_chunk(struct upload *upload, struct rf_err *err)
{
	uint64_t left = upload->blob->size - upload->have;
	uint64_t len = left < UPLOAD_CHUNK ? left : UPLOAD_CHUNK;
	const struct wire_response *response;
	struct wire_request request = REQUEST("PATCH", &upload->url);
	char range[64];
	int rc;

	snprintf(range, sizeof(range), "%llu-%llu", (unsigned long long)upload->have,
		(unsigned long long)(upload->have + len - 1));
	request_add(&request, "Content-Range", range);
	request_add(&request, "Content-Type", "application/octet-stream");
	set_body(upload, &request, len);
	rc = session_ask(upload->session, &request, &response, err);
	if (rc < 0)
		return rc;
	if (response->head.status == 416)
		return rf_err_set(err, RF_EIO, "the registry has another part of the upload");
	if (response->head.status != 202)
		return session_unexpected(response, "upload", err);
	rc = take_location(upload, response, false, err);
	if (rc == RF_OK)
		upload->have += len;
	return rc;
}

/* After a failure: what has arrived? */
static int ask_state(struct upload *upload, struct rf_err *err)
{
	const struct wire_response *response;
	struct wire_request request = REQUEST("GET", &upload->url);
	int rc = session_ask(upload->session, &request, &response, err);

	if (rc < 0)
		return rc;
	if (response->head.status != 204)
		return session_unexpected(response, "go on with an upload", err);
	rc = take_location(upload, response, false, err);
	return rc < 0 ? rc : take_range(upload, response, err);
}

static int send_chunks(struct upload *upload, struct rf_err *err)
{
	unsigned failures = 0;

	while (upload->have < upload->blob->size) {
		int rc = send_chunk(upload, err);

		if (rc == RF_OK)
			continue;
		if ((rc != RF_EIO && rc != RF_ELIMIT) || ++failures == MAX_ATTEMPTS)
			return rc;
		session_pause(failures);
		rc = ask_state(upload, err);
		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

/* Names the digest, with what is still to be sent: all of a small blob, nothing of a large one. */
static int close_upload(struct upload *upload, const char *digest, struct rf_err *err)
{
	const struct wire_response *response;
	struct wire_request request = REQUEST("PUT", &upload->url);
	int rc = wire_url_add_query(&upload->url, "digest", rf_str_of(digest), err);

	request_add(&request, "Content-Type", "application/octet-stream");
	set_body(upload, &request, upload->blob->size - upload->have);
	if (rc == RF_OK)
		rc = session_ask(upload->session, &request, &response, err);
	if (rc < 0)
		return rc;
	return response->head.status == 201 ? RF_OK : session_unexpected(response, "upload", err);
}

static int upload_once(struct upload *upload, const char *digest, struct rf_err *err)
{
	bool mounted = false;
	int rc = open_upload(upload, digest, &mounted, err);

	if (rc < 0 || mounted)
		return rc;
	if (upload->blob->size > UPLOAD_CHUNK)
		rc = send_chunks(upload, err);
	return rc < 0 ? rc : close_upload(upload, digest, err);
}

int upload_blob(struct session *session, const struct registry_blob *blob,
	const struct image_range *range, struct rf_err *err)
{
	struct upload upload = {.session = session, .blob = blob, .range = range};
	char digest[IMAGE_DIGEST_TEXT_SIZE];
	bool there = false;
	int rc = has_blob(session, image_digest_text(&blob->digest, digest), &there, err);

	for (unsigned i = 1; rc == RF_OK && !there; i++) {
		rc = upload_once(&upload, digest, err);
		there = rc == RF_OK;
		/* From the beginning: an upload that the registry has forgotten, or a cut one. */
		if ((rc == RF_EIO || rc == RF_EABSENT) && i < MAX_ATTEMPTS) {
			session_pause(i);
			rc = RF_OK;
		}
	}
	if (rc == RF_OK)
		rc = session_tell_progress(session, blob->size, blob->size, err);
	return rc < 0 ? rf_err_wrap(err, rc, "%s", digest) : RF_OK;
}

int upload_manifest(struct session *session, const char *reference, struct rf_str media_type,
	struct rf_str text, bool *ret_subject, struct rf_err *err)
{
	const struct wire_response *response;
	struct wire_url url;
	struct wire_request request = REQUEST("PUT", &url);
	int rc = session_url(session, &url, err, "manifests/%s", reference);

	if (rc == RF_OK && !http1_value_ok(media_type))
		rc = rf_err_set(err, RF_EINPUT, "a media type that is none");
	request.fields[request.field_count++] =
		(struct http1_field){RF_STR("Content-Type"), media_type};
	request.has_body = true;
	request.body = text;
	if (rc == RF_OK)
		rc = session_ask(session, &request, &response, err);
	if (rc == RF_OK && response->head.status != 201 && response->head.status != 202)
		rc = session_unexpected(response, "push", err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "manifest %s", reference);
	*ret_subject = http1_field(&response->head, "oci-subject").ptr != NULL;
	return RF_OK;
}
