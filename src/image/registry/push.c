/*
 * Pushing a layout: the image that is meant and everything below it, blobs before the manifest
 * that names them, manifests before their index; then what refers to any of them by its subject.
 */
#include "base/fd.h"
#include "image/config.h"
#include "image/json_int.h"
#include "image/registry/session_int.h"
#include "image/roles_int.h"
#include "image/select.h"

#define TASK_ARENA  ((size_t)512 << 20)
#define MAX_ENTRIES 1024 /* of index.json; manifests that one push may consist of */

/* One line of index.json. */
struct entry {
	struct registry_blob blob;
	struct rf_str name; /* its annotation; "" */
	struct image_digest subject;
	bool is_referrer; /* subject is set */
	bool pushed;
	struct manifest manifest;
};

struct pushing {
	struct session *session;
	const struct image_members *members;
	struct fetch_push task;
	struct rf_arena *arena;
	RF_VEC(struct entry) entries;
	RF_VEC(struct image_digest) pushed;
};

static void pushing_done(struct pushing *pushing)
{
	rf_vec_done(&pushing->entries);
	rf_vec_done(&pushing->pushed);
}

static const char *member_of(const struct image_digest *digest, char out[static IMAGE_MEMBER_SIZE])
{
	char text[IMAGE_DIGEST_TEXT_SIZE];

	snprintf(out, IMAGE_MEMBER_SIZE, "blobs/sha256/%s",
		image_digest_text(digest, text) + sizeof("sha256:") - 1);
	return out;
}

static int read_member(
	struct pushing *pushing, const char *name, struct rf_str *ret, struct rf_err *err)
{
	AUTO_BUF text = {.max = IMAGE_MAX_JSON + 1};
	int rc = image_member_read(pushing->members, name, IMAGE_MAX_JSON, &text, err);

	if (rc < 0)
		return rc;
	*ret = rf_arena_str(pushing->arena, rf_buf_str(&text));
	return ret->ptr ? RF_OK : rf_err_nomem(err);
}

/* RF_EABSENT when the layout lacks it. */
static int read_manifest(struct pushing *pushing, const struct registry_blob *blob,
	struct manifest *ret, struct rf_err *err)
{
	char name[IMAGE_MEMBER_SIZE];
	int rc = read_member(pushing, member_of(&blob->digest, name), &ret->text, err);

	if (rc < 0)
		return rc;
	if (image_digest_of(ret->text, &ret->digest) < 0)
		return rf_err_nomem(err);
	if (!image_digest_eq(&ret->digest, &blob->digest))
		return rf_err_set(err, RF_EINPUT, "%s: the content has another digest", name);
	rc = image_json_parse(ret->text, "manifest", pushing->arena, &ret->node, err);
	if (rc == RF_OK)
		rc = image_json_str(ret->node, "mediaType", &ret->media_type, err);
	if (rc == RF_OK && ret->media_type.len == 0)
		ret->media_type = blob->media_type;
	return rc;
}

/* --- what the layout has --- */

static int add_entry(struct pushing *pushing, const struct doc_node *node, struct rf_err *err)
{
	const struct doc_node *subject = NULL;
	struct entry *entry;
	struct registry_blob blob;
	int rc;

	if (pushing->entries.count == MAX_ENTRIES)
		return rf_err_set(err, RF_ELIMIT, "more than %d manifests", MAX_ENTRIES);
	entry = rf_vec_add(&pushing->entries);
	if (!entry)
		return rf_err_nomem(err);
	rc = manifest_descriptor(node, &entry->blob, err);
	if (rc == RF_OK)
		rc = image_json_str(doc_get(node, "annotations"),
			"org.opencontainers.image.ref.name", &entry->name, err);
	if (rc == RF_OK)
		rc = read_manifest(pushing, &entry->blob, &entry->manifest, err);
	if (rc == RF_OK)
		rc = image_json_child(entry->manifest.node, "subject", DOC_MAP, &subject, err);
	if (rc < 0 || !subject)
		return rc;
	rc = manifest_descriptor(subject, &blob, err);
	entry->is_referrer = true;
	entry->subject = blob.digest;
	return rc;
}

static int read_layout(struct pushing *pushing, struct rf_err *err)
{
	const struct doc_node *index = NULL, *list;
	struct rf_str text;
	int rc = read_member(pushing, "index.json", &text, err);

	if (rc == RF_EABSENT)
		return rf_err_set(err, RF_EINPUT,
			"no OCI image layout (index.json is missing); docker save archives "
			"cannot be pushed");
	if (rc == RF_OK)
		rc = image_json_parse(text, "index.json", pushing->arena, &index, err);
	if (rc == RF_OK)
		rc = image_json_child(index, "manifests", DOC_SEQ, &list, err);
	if (rc < 0)
		return rc;
	doc_each (node, list) {
		rc = add_entry(pushing, node, err);
		if (rc < 0)
			return rf_err_wrap(err, rc, "index.json");
	}
	return RF_OK;
}

/* A name or a tag alone, as tools write them. */
static bool answers_to(const struct entry *entry, struct rf_str wish)
{
	char text[IMAGE_DIGEST_TEXT_SIZE], a[IMAGE_REF_SIZE], b[IMAGE_REF_SIZE];

	if (rf_str_is(wish, image_digest_text(&entry->blob.digest, text)))
		return true;
	if (entry->name.len == 0)
		return false;
	return rf_str_eq(entry->name, wish) ||
	       (image_ref_normalise(entry->name, a, NULL) == RF_OK &&
		       image_ref_normalise(wish, b, NULL) == RF_OK && strcmp(a, b) == 0);
}

/* The only image that answers to wish (any: absent); *ret_many when there are others. */
static struct entry *sift(struct pushing *pushing, struct rf_str wish, bool *ret_many)
{
	struct entry *found = NULL;

	*ret_many = false;
	rf_vec_each (it, &pushing->entries) {
		if ((it->is_referrer && !wish.ptr) || (wish.ptr && !answers_to(it, wish)))
			continue;
		if (found && !image_digest_eq(&found->blob.digest, &it->blob.digest))
			*ret_many = true;
		found = found ? found : it;
	}
	return found;
}

static int choose(struct pushing *pushing, struct entry **ret, struct rf_err *err)
{
	struct rf_str select = pushing->task.select;
	bool many = false;

	*ret = sift(pushing, select.len ? select : RF_STR_NONE, &many);
	if (select.len && !*ret)
		return rf_err_set(err, RF_EINPUT, "no image \"%.200s\" in the layout", select.ptr);
	if (many && !select.len)
		*ret = sift(pushing, pushing->task.name, &many);
	if (!*ret || many)
		return rf_err_set(err, RF_EINPUT,
			*ret || pushing->entries.count
				? "several images in the layout: choose one by name or digest"
				: "no image in the layout");
	return RF_OK;
}

/* --- sending --- */

static int push_blob(struct pushing *pushing, const struct doc_node *node, struct rf_err *err)
{
	char name[IMAGE_MEMBER_SIZE];
	struct registry_blob blob;
	struct image_range range;
	int rc = manifest_descriptor(node, &blob, err);

	if (rc == RF_OK)
		rc = pushing->members->find(
			pushing->members->ctx, member_of(&blob.digest, name), &range, err);
	if (rc < 0)
		return rc;
	if (range.len != blob.size)
		return rf_err_set(err, RF_EINPUT, "%s: %llu bytes, the descriptor says %llu", name,
			(unsigned long long)range.len, (unsigned long long)blob.size);
	return upload_blob(pushing->session, &blob, &range, err);
}

static int push_blobs(struct pushing *pushing, const struct manifest *manifest, struct rf_err *err)
{
	const struct doc_node *layers;
	int rc = image_json_child(manifest->node, "layers", DOC_SEQ, &layers, err);

	if (rc == RF_OK)
		rc = push_blob(pushing, doc_get(manifest->node, "config"), err);
	if (rc < 0)
		return rc;
	doc_each (node, layers) {
		rc = push_blob(pushing, node, err);
		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

static bool is_pushed(const struct pushing *pushing, const struct image_digest *digest)
{
	rf_vec_each (it, &pushing->pushed) {
		if (image_digest_eq(it, digest))
			return true;
	}
	return false;
}

static int push_tree(struct pushing *pushing, const struct manifest *manifest,
	const char *reference, unsigned depth, struct rf_err *err);

/* A manifest that the layout lacks may be in the registry already. */
static int push_child(
	struct pushing *pushing, const struct doc_node *node, unsigned depth, struct rf_err *err)
{
	char digest[IMAGE_DIGEST_TEXT_SIZE];
	struct registry_blob blob;
	struct manifest child;
	struct rf_err absent;
	int rc = manifest_descriptor(node, &blob, err);

	if (rc < 0)
		return rc;
	image_digest_text(&blob.digest, digest);
	rc = read_manifest(pushing, &blob, &child, &absent);
	if (rc == RF_OK)
		return push_tree(pushing, &child, digest, depth + 1, err);
	if (rc != RF_EABSENT) {
		*err = absent;
		return rc;
	}
	rc = manifest_get(pushing->session, digest, pushing->arena, &child, err);
	return rc == RF_EABSENT ? rf_err_set(err, RF_EINPUT,
					  "neither the layout nor the registry has %s, "
					  "which an index names",
					  digest)
				: rc;
}

static int push_children(
	struct pushing *pushing, const struct manifest *index, unsigned depth, struct rf_err *err)
{
	const struct doc_node *list;
	int rc = image_json_child(index->node, "manifests", DOC_SEQ, &list, err);

	if (rc == RF_OK && depth == IMAGE_MAX_INDEX_DEPTH)
		rc = rf_err_set(
			err, RF_ELIMIT, "indexes nested deeper than %d", IMAGE_MAX_INDEX_DEPTH);
	if (rc < 0)
		return rc;
	doc_each (node, list) {
		rc = push_child(pushing, node, depth, err);
		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

static int put_manifest(struct pushing *pushing, const struct manifest *manifest,
	const char *reference, bool *ret_subject, struct rf_err *err)
{
	int rc = upload_manifest(pushing->session, reference, manifest->media_type, manifest->text,
		ret_subject, err);

	if (rc == RF_OK && pushing->pushed.count == MAX_ENTRIES)
		rc = rf_err_set(err, RF_ELIMIT, "more than %d manifests", MAX_ENTRIES);
	if (rc == RF_OK && !rf_vec_push(&pushing->pushed, manifest->digest))
		rc = rf_err_nomem(err);
	return rc;
}

static int push_tree(struct pushing *pushing, const struct manifest *manifest,
	const char *reference, unsigned depth, struct rf_err *err)
{
	bool subject;
	int rc = manifest_is_index(manifest) ? push_children(pushing, manifest, depth, err)
					     : push_blobs(pushing, manifest, err);

	return rc < 0 ? rc : put_manifest(pushing, manifest, reference, &subject, err);
}

/* --- referrers --- */

static int push_referrer(struct pushing *pushing, struct entry *entry, struct rf_err *err)
{
	char digest[IMAGE_DIGEST_TEXT_SIZE];
	bool known = false;
	int rc = push_blobs(pushing, &entry->manifest, err);

	image_digest_text(&entry->blob.digest, digest);
	if (rc == RF_OK)
		rc = put_manifest(pushing, &entry->manifest, digest, &known, err);
	if (rc == RF_OK && !known)
		rc = upload_fallback(
			pushing->session, &entry->subject, &entry->manifest, pushing->arena, err);
	entry->pushed = true;
	return rc < 0 ? rf_err_wrap(err, rc, "referrer %s", digest) : RF_OK;
}

/* Also referrers of referrers, until there are no more. */
static int push_referrers(struct pushing *pushing, struct rf_err *err)
{
	bool more = true;

	while (more) {
		more = false;
		rf_vec_each (it, &pushing->entries) {
			int rc;

			if (it->pushed || !it->is_referrer || !is_pushed(pushing, &it->subject))
				continue;
			rc = push_referrer(pushing, it, err);
			if (rc < 0)
				return rc;
			more = true;
		}
	}
	return RF_OK;
}

/* --- the task --- */

static int push_all(struct pushing *pushing, struct image_digest *ret_digest, struct rf_err *err)
{
	struct rf_str reference = pushing->task.reference;
	struct image_digest want;
	struct entry *entry = NULL;
	int rc = read_layout(pushing, err);

	if (rc == RF_OK)
		rc = choose(pushing, &entry, err);
	if (rc < 0)
		return rc;
	if (image_digest_parse(reference, &want) && !image_digest_eq(&want, &entry->blob.digest))
		return rf_err_set(
			err, RF_EINPUT, "the image has another digest than the reference");
	rc = push_tree(pushing, &entry->manifest, reference.ptr, 0, err);
	if (rc == RF_OK && !pushing->task.no_referrers)
		rc = push_referrers(pushing, err);
	*ret_digest = entry->blob.digest;
	return rc;
}

/* The task's strings get an end that they can be used with. */
static int keep_strings(struct pushing *pushing)
{
	struct rf_str *all[] = {&pushing->task.reference, &pushing->task.name,
		&pushing->task.select, &pushing->task.mount_from};

	for (size_t i = 0; i < RF_ARRAY_LEN(all); i++) {
		*all[i] = rf_arena_str(pushing->arena, *all[i]);
		if (!all[i]->ptr)
			return RF_EINTERNAL;
	}
	return rf_str_copy(pushing->task.mount_from, pushing->session->mount_from,
		       sizeof(pushing->session->mount_from))
		       ? RF_OK
		       : RF_EINTERNAL;
}

int task_push(struct session *session, struct frame *frame, struct image_digest *ret_digest,
	struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(TASK_ARENA);
	CLEANUP(pushing_done) struct pushing pushing = {.session = session, .arena = arena};
	CLEANUP(image_index_freep) struct image_index *index = NULL;
	struct image_remote remote = {.channel = session->channel,
		.want = FETCH_WANT_MEMBER,
		.member = FETCH_MEMBER,
		.fd = -1};
	struct image_members members = {.find = image_remote_find, .ctx = &remote};
	struct image_range range;
	bool spooled = false;
	int rc = fetch_push_get(rf_buf_str(&frame->payload), &pushing.task, err);

	if (rc < 0 || !arena || keep_strings(&pushing) < 0)
		return rf_err_set(err, RF_EINTERNAL, "a malformed message");
	if (!pushing.task.is_dir) {
		rc = image_plain_range(frame->fds[0], frame->fds[1], &range, &spooled, err);
		if (rc == RF_OK)
			rc = image_index_open(&range, &index, err);
		if (rc < 0)
			return rc;
		members = image_index_members(index);
	}
	pushing.members = &members;
	rc = push_all(&pushing, ret_digest, err);
	rf_fd_closep(&remote.fd);
	return rc;
}
