/*
 * An OCI layout of what a registry has (image-spec, image-layout.md). A blob on its way is
 * blobs/sha256/HEX.part and gets its name when it is complete; what is there is not fetched again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "doc/json.h"
#include "image/config.h"
#include "image/registry/registry_int.h"

#define LAYOUT_MODE 0755

struct saving {
	struct registry *registry;
	int blobs_fd; /* of blobs/sha256 */
};

static const char *hex_of(
	const struct image_digest *digest, char out[static IMAGE_DIGEST_TEXT_SIZE])
{
	return image_digest_text(digest, out) + sizeof("sha256:") - 1;
}

static int open_part(void *ctx, size_t layer, struct rf_err *err)
{
	struct saving *saving = ctx;
	char text[IMAGE_DIGEST_TEXT_SIZE], name[IMAGE_DIGEST_TEXT_SIZE + 8];
	int fd;

	snprintf(name, sizeof(name), "%s.part",
		hex_of(&saving->registry->image.layers[layer].digest, text));
	fd = openat(saving->blobs_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	return fd < 0 ? rf_err_sys(err, errno, "make %s", name) : fd;
}

static int keep_blob(void *ctx, size_t layer, int fd, struct rf_err *err)
{
	struct saving *saving = ctx;
	char text[IMAGE_DIGEST_TEXT_SIZE], part[IMAGE_DIGEST_TEXT_SIZE + 8];
	const char *name = hex_of(&saving->registry->image.layers[layer].digest, text);

	close(fd);
	snprintf(part, sizeof(part), "%s.part", name);
	/* ENOENT: an equal layer was faster. */
	if (renameat(saving->blobs_fd, part, saving->blobs_fd, name) < 0 && errno != ENOENT)
		return rf_err_sys(err, errno, "rename %s", part);
	return RF_OK;
}

static int write_blob(struct saving *saving, const struct image_digest *digest, struct rf_str text,
	struct rf_err *err)
{
	char name[IMAGE_DIGEST_TEXT_SIZE];
	AUTO_FD fd = openat(saving->blobs_fd, hex_of(digest, name),
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		return rf_err_sys(err, errno, "make a blob");
	return rf_fd_write_all(fd, text.ptr, text.len, err);
}

static bool has_blob(struct saving *saving, const struct registry_blob *blob)
{
	char name[IMAGE_DIGEST_TEXT_SIZE];
	struct stat st;

	return fstatat(saving->blobs_fd, hex_of(&blob->digest, name), &st, AT_SYMLINK_NOFOLLOW) ==
		       0 &&
	       S_ISREG(st.st_mode) && (uint64_t)st.st_size == blob->size;
}

static int save_layers(struct saving *saving, struct rf_err *err)
{
	const struct registry_sink sink = {.open = open_part, .ready = keep_blob, .ctx = saving};
	const struct registry_image *image = &saving->registry->image;
	size_t which[IMAGE_MAX_LAYERS], count = 0;

	for (size_t i = 0; i < image->layer_count; i++) {
		if (!has_blob(saving, &image->layers[i]))
			which[count++] = i;
	}
	return registry_fetch(saving->registry, which, count, &sink, err);
}

static int replace(const char *dir, const char *name, struct rf_str text, struct rf_err *err)
{
	AUTO_BUF path = {.max = 4096};

	rf_buf_addf(&path, "%s/%s", dir, name);
	if (path.failed)
		return rf_err_set(err, RF_ELIMIT, "%.300s: the path is too long", dir);
	return rf_file_replace(rf_buf_cstr(&path), text.ptr, text.len, 0644, false, err);
}

static int write_index(struct saving *saving, const char *dir, struct rf_err *err)
{
	const struct registry_image *image = &saving->registry->image;
	char digest[IMAGE_DIGEST_TEXT_SIZE];
	AUTO_BUF text = {.max = (size_t)64 << 10};
	struct json_writer w = {.out = &text};

	json_object_begin(&w);
	json_field_int(&w, "schemaVersion", 2);
	json_field_c(&w, "mediaType", "application/vnd.oci.image.index.v1+json");
	json_key(&w, "manifests");
	json_array_begin(&w);
	json_object_begin(&w);
	json_field_str(&w, "mediaType", image->media_type);
	json_field_c(&w, "digest", image_digest_text(&image->digest, digest));
	json_field_int(&w, "size", (int64_t)image->manifest.len);
	json_key(&w, "annotations");
	json_object_begin(&w);
	json_field_str(&w, "org.opencontainers.image.ref.name", image->name);
	json_object_end(&w);
	json_object_end(&w);
	json_array_end(&w);
	json_object_end(&w);
	return text.failed ? rf_err_nomem(err) : replace(dir, "index.json", rf_buf_str(&text), err);
}

static int make_blobs_dir(const char *dir, struct rf_err *err)
{
	AUTO_BUF path = {.max = 4096};
	int fd, rc;

	rf_buf_addf(&path, "%s/blobs/sha256", dir);
	if (path.failed)
		return rf_err_set(err, RF_ELIMIT, "%.300s: the path is too long", dir);
	rc = rf_dir_make(rf_buf_cstr(&path), LAYOUT_MODE, err);
	if (rc < 0)
		return rc;
	fd = open(rf_buf_cstr(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? rf_err_sys(err, errno, "%s", rf_buf_cstr(&path)) : fd;
}

int registry_save_layout(struct registry *registry, const char *dir, struct rf_err *err)
{
	const struct registry_image *image = &registry->image;
	AUTO_FD blobs_fd = make_blobs_dir(dir, err);
	struct saving saving = {.registry = registry, .blobs_fd = blobs_fd};
	int rc;

	if (blobs_fd < 0)
		return blobs_fd;
	rc = write_blob(&saving, &image->digest, image->manifest, err);
	if (rc == RF_OK)
		rc = write_blob(&saving, &image->config_digest, image->config, err);
	if (rc == RF_OK)
		rc = save_layers(&saving, err);
	if (rc == RF_OK)
		rc = replace(dir, "oci-layout", RF_STR("{\"imageLayoutVersion\":\"1.0.0\"}"), err);
	return rc < 0 ? rc : write_index(&saving, dir, err);
}
