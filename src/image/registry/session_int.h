/* The child's side: requests to one repository, authorised, and what is done with the answers. */
#ifndef RF_IMAGE_REGISTRY_SESSION_INT_H
#define RF_IMAGE_REGISTRY_SESSION_INT_H

#include "base/arena.h"
#include "doc/tree.h"
#include "image/registry/fetch_int.h"
#include "wire/client.h"

struct session {
	int channel;
	struct wire_client *client;
	struct wire_tls_ctx *tls;
	struct wire_url base; /* its target is "/" */
	char repository[IMAGE_REF_SIZE];
	bool probe; /* it is not known yet whether TLS is spoken */
	bool push;
	char mount_from[IMAGE_REF_SIZE]; /* "" */
	struct registry_credentials credentials;
	struct rf_buf authorization; /* "Bearer ...", "Basic ...", or empty */
};

int session_init(struct session *session, int channel, const struct fetch_setup *setup,
	struct rf_err *err) RF_MUST_USE;
void session_done(struct session *session);

/* Before a task: finds out, where that is open, whether the registry speaks TLS. */
int session_probe(struct session *session, struct rf_err *err) RF_MUST_USE;

/* The URL of something in the repository: "/v2/NAME/" and the printf'ed rest. */
int session_url(const struct session *session, struct wire_url *ret, struct rf_err *err,
	const char *fmt, ...) RF_PRINTF(4, 5) RF_MUST_USE;

/*
 * Sends request, its authorization filled in, once more after logging in when the registry asks
 * for it, and GET and HEAD again after a passing failure. Statuses below 400 and 404, 416 are
 * returned; others are errors: RF_EDENIED, RF_EIO, RF_EINPUT.
 */
int session_ask(struct session *session, struct wire_request *request,
	const struct wire_response **ret, struct rf_err *err) RF_MUST_USE;
/* A status that the spec does not foresee, as an error. */
int session_unexpected(
	const struct wire_response *response, const char *what, struct rf_err *err) RF_MUST_USE;
/* Sleeps before attempt number (1, 2, ...) of something that may pass. */
void session_pause(unsigned attempt);

/* Logs in as the challenge of a 401 wants. */
int session_login(
	struct session *session, const struct http1_head *head, struct rf_err *err) RF_MUST_USE;

#define REQUEST(method_, url_) \
	((struct wire_request){.method = (method_), .url = (url_), .body_fd = -1})
void request_add(struct wire_request *request, const char *name, const char *value);

/* --- manifests --- */

struct manifest {
	struct rf_str text;
	struct rf_str media_type; /* as it says itself, or the registry */
	struct image_digest digest;
	const struct doc_node *node;
};

bool manifest_is_index(const struct manifest *manifest);
/* By tag or digest; verified. RF_EABSENT when there is none. Lives in arena. */
int manifest_get(struct session *session, const char *reference, struct rf_arena *arena,
	struct manifest *ret, struct rf_err *err) RF_MUST_USE;
/* digest, size and media type of a descriptor. */
int manifest_descriptor(
	const struct doc_node *node, struct registry_blob *ret, struct rf_err *err) RF_MUST_USE;
/* A small blob into arena, verified. */
int blob_read(struct session *session, const struct registry_blob *blob, struct rf_arena *arena,
	struct rf_str *ret, struct rf_err *err) RF_MUST_USE;

/* --- the tasks; payload and descriptors are the parent's message --- */

int task_resolve(
	struct session *session, const struct frame *frame, struct rf_err *err) RF_MUST_USE;
int task_blob(struct session *session, const struct frame *frame, struct rf_err *err) RF_MUST_USE;
int task_file(struct session *session, const struct frame *frame, struct rf_err *err) RF_MUST_USE;
int task_referrers(
	struct session *session, const struct frame *frame, struct rf_err *err) RF_MUST_USE;
/* ret_digest is sent with FETCH_DONE. */
int task_push(struct session *session, struct frame *frame, struct image_digest *ret_digest,
	struct rf_err *err) RF_MUST_USE;

int session_tell_progress(
	struct session *session, uint64_t done, uint64_t total, struct rf_err *err) RF_MUST_USE;

/* --- pushing --- */

struct image_range;
/* Makes the registry have the blob whose bytes are at range: looks, mounts, or uploads. */
int upload_blob(struct session *session, const struct registry_blob *blob,
	const struct image_range *range, struct rf_err *err) RF_MUST_USE;
/* *ret_subject: the registry says that it has entered the manifest with its subject. */
int upload_manifest(struct session *session, const char *reference, struct rf_str media_type,
	struct rf_str text, bool *ret_subject, struct rf_err *err) RF_MUST_USE;
/* Lists manifest at the fallback tag of its subject. */
int upload_fallback(struct session *session, const struct image_digest *subject,
	const struct manifest *manifest, struct rf_arena *arena, struct rf_err *err) RF_MUST_USE;

#endif
