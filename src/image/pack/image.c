/*
 * The image from its parts: the layer is a list of pieces, hashed where they are; around it the
 * documents that name it by its digest.
 */
#include <fcntl.h>

#include "image/pack/image_int.h"
#include "image/ref.h"

#define ARENA_BYTES  ((size_t)1 << 30)
#define PROGRAM_MODE 0555

void pack_image_free(struct pack_image *image)
{
	if (!image)
		return;
	pack_tree_done(&image->tree);
	pack_tar_done(&image->layer_tar);
	rf_arena_free(image->arena);
	free(image);
}

void pack_image_freep(struct pack_image **image)
{
	pack_image_free(*image);
}

const struct image_digest *pack_image_digest(const struct pack_image *image)
{
	return &image->manifest.digest;
}

uint64_t pack_image_size(const struct pack_image *image)
{
	return image->layer.size;
}

/* --- making --- */

/* Takes the text; its digest and size go to blob. */
static int keep_text(struct pack_image *image, const struct rf_buf *text, const char *media_type,
	struct pack_blob *blob, struct rf_str *ret, struct rf_err *err)
{
	*ret = rf_arena_str(image->arena, rf_buf_str(text));
	if (text->failed || !ret->ptr || image_digest_of(*ret, &blob->digest) < 0)
		return rf_err_nomem(err);
	blob->media_type = media_type;
	blob->size = ret->len;
	return RF_OK;
}

static int take_names(struct pack_image *image, const struct pack_opts *opts, struct rf_err *err)
{
	char full[IMAGE_REF_SIZE];
	struct rf_str part, rest = rf_str_of(opts->platform ? opts->platform : "");
	int rc;

	image->names.full = image->names.given = image->names.variant = RF_STR("");
	for (int i = 0; i < 2 && rest.ptr; i++)
		rest = rf_str_cut(rest, '/', &part);
	if (rest.ptr)
		image->names.variant = rf_arena_str(image->arena, rest);
	if (!image->names.variant.ptr)
		return rf_err_nomem(err);
	if (!opts->reference)
		return RF_OK;
	rc = image_ref_normalise(rf_str_of(opts->reference), full, err);
	if (rc == RF_OK && image_ref_digest(rf_str_of(full)).ptr)
		rc = rf_err_set(err, RF_EINPUT, "a digest cannot be chosen: give a tag");
	if (rc < 0)
		return rf_err_wrap(err, rc, "name \"%.200s\"", opts->reference);
	image->names.full = rf_arena_str(image->arena, rf_str_of(full));
	image->names.given = image->names.full;
	if (rf_str_starts(image->names.given, RF_STR("docker.io/"))) {
		image->names.given.ptr += sizeof("docker.io/") - 1;
		image->names.given.len -= sizeof("docker.io/") - 1;
	}
	if (rf_str_starts(image->names.given, RF_STR("library/"))) {
		image->names.given.ptr += sizeof("library/") - 1;
		image->names.given.len -= sizeof("library/") - 1;
	}
	return image->names.full.ptr ? RF_OK : rf_err_nomem(err);
}

static int add_program(
	struct pack_image *image, const struct pack_opts *opts, char **ret_path, struct rf_err *err)
{
	struct pack_entry entry = {
		.mode = PROGRAM_MODE, .origin = PACK_PROGRAM, .source = rf_str_of(opts->program)};
	const char *base = strrchr(opts->program, '/');
	unsigned mode;
	int rc = pack_tree_load(&image->tree, AT_FDCWD, opts->program, &entry.content, &mode, err);

	if (rc < 0)
		return rf_err_wrap(err, rc, "%.300s", opts->program);
	rc = pack_check_program(
		opts->program, entry.content, opts->platform, &image->names.architecture, err);
	if (rc < 0)
		return rc;
	if (asprintf(ret_path, "%s%s", opts->path ? "" : "/",
		    opts->path ? opts->path : (base ? base + 1 : opts->program)) < 0) {
		*ret_path = NULL;
		return rf_err_nomem(err);
	}
	return pack_tree_add(&image->tree, *ret_path, &entry, err);
}

static int make_layer(struct pack_image *image, struct rf_err *err)
{
	struct image_hash *hash;
	int rc;

	pack_tree_write(&image->tree, &image->layer_tar);
	if (image->layer_tar.failed)
		return rf_err_nomem(err);
	hash = image_hash_new();
	if (!hash)
		return rf_err_nomem(err);
	rf_vec_each (piece, &image->layer_tar.pieces)
		image_hash_add(hash, piece->ptr, piece->len);
	rc = image_hash_end(hash, &image->layer.digest);
	image_hash_free(hash);
	image->layer.media_type = MEDIA_LAYER;
	image->layer.size = image->layer_tar.size;
	return rc < 0 ? rf_err_nomem(err) : RF_OK;
}

static int make_documents(struct pack_image *image, const struct pack_opts *opts,
	const char *program, struct rf_err *err)
{
	AUTO_BUF config = {.data = NULL}, manifest = {.data = NULL};
	int rc =
		pack_config_write(opts, &image->names, program, &image->layer.digest, &config, err);

	if (rc == RF_OK)
		rc = keep_text(
			image, &config, MEDIA_CONFIG, &image->config, &image->config_text, err);
	if (rc < 0)
		return rc;
	pack_manifest_write(&image->config, &image->layer, NULL, NULL, &manifest);
	return keep_text(
		image, &manifest, MEDIA_MANIFEST, &image->manifest, &image->manifest_text, err);
}

static int build(struct pack_image *image, const struct pack_opts *opts, struct rf_err *err)
{
	AUTO_FREE char *program = NULL;
	int rc = take_names(image, opts, err);

	if (rc == RF_OK)
		rc = add_program(image, opts, &program, err);
	if (rc == RF_OK)
		rc = pack_add_files(&image->tree, opts, err);
	if (rc == RF_OK)
		rc = pack_tree_finish(&image->tree, err);
	if (rc == RF_OK)
		rc = pack_check_secrets(&image->tree, opts, err);
	if (rc == RF_OK)
		rc = make_layer(image, err);
	return rc < 0 ? rc : make_documents(image, opts, program, err);
}

int pack_image_new(const struct pack_opts *opts, struct pack_image **ret, struct rf_err *err)
{
	AUTO_PACK_IMAGE *image = calloc(1, sizeof(*image));
	int rc;

	if (!image || !(image->arena = rf_arena_new(ARENA_BYTES)))
		return rf_err_nomem(err);
	image->epoch_s = opts->epoch_s;
	image->tree.arena = image->layer_tar.arena = image->arena;
	image->layer_tar.mtime_s = opts->epoch_s;
	rc = build(image, opts, err);
	if (rc < 0)
		return rc;
	*ret = TAKE_PTR(image);
	return RF_OK;
}

/* --- referrers --- */

int pack_image_attach(
	struct pack_image *image, const char *type, struct rf_str content, struct rf_err *err)
{
	struct pack_referrer *to = &image->referrers[image->referrer_count];
	struct pack_blob *config = &image->empty;
	AUTO_BUF manifest = {.data = NULL};
	struct rf_str kept_type;
	int rc;

	if (image->referrer_count == PACK_MAX_REFERRERS)
		return rf_err_set(
			err, RF_ELIMIT, "more than %d attached documents", PACK_MAX_REFERRERS);
	config->media_type = MEDIA_EMPTY;
	config->size = sizeof(PACK_EMPTY_TEXT) - 1;
	kept_type = rf_arena_str(image->arena, rf_str_of(type));
	to->document_text = rf_arena_str(image->arena, content);
	if (!kept_type.ptr || !to->document_text.ptr ||
		image_digest_of(content, &to->document.digest) < 0 ||
		image_digest_of(RF_STR(PACK_EMPTY_TEXT), &config->digest) < 0)
		return rf_err_nomem(err);
	to->document.media_type = kept_type.ptr;
	to->document.size = content.len;
	pack_manifest_write(config, &to->document, &image->manifest, kept_type.ptr, &manifest);
	rc = keep_text(image, &manifest, MEDIA_MANIFEST, &to->manifest, &to->manifest_text, err);
	if (rc == RF_OK)
		image->referrer_count++;
	return rc;
}
