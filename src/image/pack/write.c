/*
 * The image in a file or directory, in this order: blobs/sha256/ with the image's manifest, config
 * and layer; the empty config of referrers, and two blobs a referrer; then oci-layout,
 * manifest.json (docker save's) and index.json. So an archive can be read before anything is
 * attached to its image, and get the rest later. Nothing is copied on the way: pieces go out as
 * they are.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/pack/image_int.h"

#define LAYOUT_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define BATCH	    1024 /* pieces of one writev(); IOV_MAX */
#define NAME_SIZE   128
#define FILE_MODE   0644

/* What takes the files. */
struct output {
	int (*put)(void *ctx, const char *name, const struct pack_pieces *content, uint64_t size,
		struct rf_err *err);
	void *ctx;
};

/* --- writing --- */

static size_t fill_batch(const struct pack_pieces *pieces, size_t first, size_t skip,
	struct iovec batch[static BATCH])
{
	size_t count = 0;

	for (size_t i = first; i < pieces->count && count < BATCH; i++, count++) {
		const struct rf_str *it = &pieces->items[i];
		size_t off = i == first ? skip : 0;

		batch[count] = (struct iovec){(void *)(uintptr_t)(it->ptr + off), it->len - off};
	}
	return count;
}

static int write_pieces(int fd, const struct pack_pieces *pieces, struct rf_err *err)
{
	struct iovec batch[BATCH];
	size_t at = 0, skip = 0;

	while (at < pieces->count) {
		ssize_t n = writev(fd, batch, (int)fill_batch(pieces, at, skip, batch));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rf_err_sys(err, errno, "write");
		skip += (size_t)n;
		while (at < pieces->count && skip >= pieces->items[at].len)
			skip -= pieces->items[at++].len;
	}
	return RF_OK;
}

/* --- the files --- */

static int put_text(
	const struct output *out, const char *name, struct rf_str text, struct rf_err *err)
{
	struct pack_pieces one = {.items = &text, .count = 1};

	return out->put(out->ctx, name, &one, text.len, err);
}

static const char *blob_name(const struct pack_blob *blob, char out[static NAME_SIZE])
{
	char digest[IMAGE_DIGEST_TEXT_SIZE];

	snprintf(out, NAME_SIZE, "blobs/sha256/%s",
		image_digest_text(&blob->digest, digest) + sizeof("sha256:") - 1);
	return out;
}

static int put_blob(const struct output *out, const struct pack_blob *blob, struct rf_str text,
	struct rf_err *err)
{
	char name[NAME_SIZE];

	return put_text(out, blob_name(blob, name), text, err);
}

static int put_image(const struct pack_image *image, const struct output *out, struct rf_err *err)
{
	char name[NAME_SIZE];
	int rc = put_blob(out, &image->manifest, image->manifest_text, err);

	if (rc == RF_OK)
		rc = put_blob(out, &image->config, image->config_text, err);
	return rc < 0 ? rc
		      : out->put(out->ctx, blob_name(&image->layer, name), &image->layer_tar.pieces,
				image->layer.size, err);
}

static int put_referrers(
	const struct pack_image *image, const struct output *out, struct rf_err *err)
{
	int rc = RF_OK;

	if (image->referrer_count)
		rc = put_blob(out, &image->empty, RF_STR(PACK_EMPTY_TEXT), err);
	for (size_t i = 0; i < image->referrer_count && rc == RF_OK; i++) {
		const struct pack_referrer *it = &image->referrers[i];

		rc = put_blob(out, &it->document, it->document_text, err);
		if (rc == RF_OK)
			rc = put_blob(out, &it->manifest, it->manifest_text, err);
	}
	return rc;
}

static int put_index(const struct pack_image *image, const struct output *out, struct rf_err *err)
{
	AUTO_BUF index = {.data = NULL}, docker = {.data = NULL};
	int rc;

	pack_index_write(
		&image->manifest, &image->names, image->referrers, image->referrer_count, &index);
	pack_docker_write(&image->config, &image->layer, &image->names, &docker);
	if (index.failed || docker.failed)
		return rf_err_nomem(err);
	rc = put_text(out, "oci-layout", RF_STR(LAYOUT_TEXT), err);
	if (rc == RF_OK)
		rc = put_text(out, "manifest.json", rf_buf_str(&docker), err);
	return rc < 0 ? rc : put_text(out, "index.json", rf_buf_str(&index), err);
}

/* --- an archive --- */

static int put_in_tar(void *ctx, const char *name, const struct pack_pieces *content, uint64_t size,
	struct rf_err *err)
{
	struct pack_tar *tar = ctx;
	struct rf_str path = rf_arena_str(tar->arena, rf_str_of(name));

	if (!path.ptr)
		return rf_err_nomem(err);
	pack_tar_add_pieces(tar, path, FILE_MODE, content, size);
	return tar->failed ? rf_err_nomem(err) : RF_OK;
}

/* Small texts do not outlive their put(): they are kept in the arena. */
static int put_copy_in_tar(void *ctx, const char *name, const struct pack_pieces *content,
	uint64_t size, struct rf_err *err)
{
	struct pack_tar *tar = ctx;
	struct rf_str kept = rf_arena_str(tar->arena, content->items[0]);
	struct pack_pieces one = {.items = &kept, .count = 1};

	return kept.ptr ? put_in_tar(ctx, name, &one, size, err) : rf_err_nomem(err);
}

/* What is written from the start, or behind the image's own blobs. */
static int write_tar(const struct pack_image *image, bool whole, int fd, struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	CLEANUP(pack_tar_done) struct pack_tar tar = {.arena = arena, .mtime_s = image->epoch_s};
	const struct output plain = {.put = put_in_tar, .ctx = &tar};
	const struct output copied = {.put = put_copy_in_tar, .ctx = &tar};
	int rc = RF_OK;

	if (!arena)
		return rf_err_nomem(err);
	pack_tar_add_dir(&tar, RF_STR("blobs"), 0755);
	pack_tar_add_dir(&tar, RF_STR("blobs/sha256"), 0755);
	rc = put_image(image, &plain, err);
	if (!whole && rc == RF_OK) {
		if (lseek(fd, (off_t)tar.size, SEEK_SET) < 0)
			return rf_err_sys(err, errno, "seek");
		tar.pieces.count = 0;
	}
	if (rc == RF_OK)
		rc = put_referrers(image, &plain, err);
	if (rc == RF_OK)
		rc = put_index(image, &copied, err);
	pack_tar_end(&tar);
	if (rc == RF_OK && tar.failed)
		rc = rf_err_nomem(err);
	return rc < 0 ? rc : write_pieces(fd, &tar.pieces, err);
}

int pack_image_write(const struct pack_image *image, int fd, struct rf_err *err)
{
	return write_tar(image, true, fd, err);
}

/* --- a file --- */

int pack_output_open(struct pack_output *output, const char *path, struct rf_err *err)
{
	if (!path) {
		output->fd = memfd_create("image", MFD_CLOEXEC);
		return output->fd < 0 ? rf_err_sys(err, errno, "memory for the image") : RF_OK;
	}
	/* A device is written to; only files are replaced. */
	if (rf_path_is_special(path)) {
		output->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return output->fd < 0 ? rf_err_sys(err, errno, "%.300s", path) : RF_OK;
	}
	if (asprintf(&output->part, "%s.XXXXXX", path) < 0) {
		output->part = NULL;
		return rf_err_nomem(err);
	}
	output->path = path;
	output->fd = mkostemp(output->part, O_CLOEXEC);
	return output->fd < 0 ? rf_err_sys(err, errno, "%.300s", path) : RF_OK;
}

int pack_output_finish(
	struct pack_output *output, const struct pack_image *image, struct rf_err *err)
{
	mode_t mask = umask(0);
	int rc;

	umask(mask);
	rc = write_tar(image, false, output->fd, err);
	if (rc < 0 || !output->path)
		return rc;
	if (fchmod(output->fd, 0666 & ~mask) < 0 || rename(output->part, output->path) < 0)
		return rf_err_sys(err, errno, "%.300s", output->path);
	output->path = NULL;
	return RF_OK;
}

void pack_output_done(struct pack_output *output)
{
	if (output->fd >= 0 && output->path)
		unlink(output->part);
	rf_fd_closep(&output->fd);
	free(output->part);
	output->part = NULL;
}

/* --- a directory --- */

static int put_in_dir(void *ctx, const char *name, const struct pack_pieces *content, uint64_t size,
	struct rf_err *err)
{
	const int *dir_fd = ctx;
	char part[NAME_SIZE + 8];
	AUTO_FD fd = -1;
	int rc;

	(void)size;
	snprintf(part, sizeof(part), "%s.part", name);
	fd = openat(*dir_fd, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return rf_err_sys(err, errno, "make %s", part);
	rc = write_pieces(fd, content, err);
	if (rc == RF_OK && renameat(*dir_fd, part, *dir_fd, name) < 0)
		rc = rf_err_sys(err, errno, "rename");
	if (rc < 0)
		unlinkat(*dir_fd, part, 0);
	return rc < 0 ? rf_err_wrap(err, rc, "%s", name) : RF_OK;
}

static int check_dir(int fd, struct rf_err *err)
{
	AUTO_FD own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	bool is_empty = true;
	const struct dirent *it;

	if (!dir)
		return rf_err_sys(err, errno, "read");
	own = -1; /* the DIR's */
	while ((it = readdir(dir)))
		is_empty = is_empty && it->d_name[0] == '.' &&
			   it->d_name[strspn(it->d_name, ".")] == '\0';
	closedir(dir);
	if (is_empty || faccessat(fd, "oci-layout", F_OK, 0) == 0)
		return RF_OK;
	return rf_err_set(err, RF_EINPUT, "neither empty nor an image layout");
}

static int fill_dir(const struct pack_image *image, const char *path, struct rf_err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD owned RF_UNUSED = fd;
	const struct output out = {.put = put_in_dir, .ctx = &fd};
	int rc = fd < 0 ? rf_err_sys(err, errno, "open") : check_dir(fd, err);

	if (rc < 0)
		return rc;
	if ((mkdirat(fd, "blobs", 0777) < 0 && errno != EEXIST) ||
		(mkdirat(fd, "blobs/sha256", 0777) < 0 && errno != EEXIST))
		return rf_err_sys(err, errno, "make blobs/sha256");
	rc = put_image(image, &out, err);
	if (rc == RF_OK)
		rc = put_referrers(image, &out, err);
	return rc < 0 ? rc : put_index(image, &out, err);
}

int pack_image_write_dir(const struct pack_image *image, const char *path, struct rf_err *err)
{
	int rc = rf_dir_make(path, 0777, err);

	if (rc == RF_OK)
		rc = fill_dir(image, path, err);
	return rc < 0 ? rf_err_wrap(err, rc, "%.300s", path) : RF_OK;
}
