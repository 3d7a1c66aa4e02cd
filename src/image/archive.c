/* libarchive's tar reader behind bounds: names cleaned, numbers checked, types sorted. */
#include "image/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

#define MODE_BITS 07777
/* Apparent size of one file: what file systems here can hold, and off_t. */
#define MAX_ENTRY_SIZE ((int64_t)1 << 43)

struct image_archive {
	struct archive *tar;
	struct archive_entry *entry;
	struct image_input input;
	struct rf_err input_err;
	uint64_t entry_count;
	char path[IMAGE_MAX_PATH + 1];
	char link[IMAGE_MAX_PATH + 1];
};

static la_ssize_t tar_read(struct archive *tar, void *ctx, const void **ret_block)
{
	struct image_archive *archive = ctx;
	ssize_t got = archive->input.next(archive->input.ctx, ret_block, &archive->input_err);

	if (got < 0)
		archive_set_error(tar, EIO, "%s", archive->input_err.msg);
	return got < 0 ? ARCHIVE_FATAL : got;
}

static la_int64_t tar_skip(struct archive *tar, void *ctx, la_int64_t count)
{
	struct image_archive *archive = ctx;

	(void)tar;
	return archive->input.skip ? archive->input.skip(archive->input.ctx, count) : 0;
}

static int tar_error(struct image_archive *archive, struct rf_err *err)
{
	const char *text = archive_error_string(archive->tar);

	if (archive->input_err.code) {
		if (err)
			*err = archive->input_err;
		return archive->input_err.code;
	}
	return rf_err_set(err, RF_EINPUT, "not a sound tar archive: %s", text ? text : "damaged");
}

int image_archive_open(
	const struct image_input *input, struct image_archive **ret, struct rf_err *err)
{
	AUTO_ARCHIVE *archive = calloc(1, sizeof(*archive));

	if (!archive)
		return rf_err_nomem(err);
	archive->input = *input;
	archive->tar = archive_read_new();
	if (!archive->tar)
		return rf_err_nomem(err); /* cppcheck-suppress memleak */
	archive_read_support_format_tar(archive->tar);
	archive_read_support_format_empty(archive->tar);
	if (archive_read_open2(archive->tar, archive, NULL, tar_read, tar_skip, NULL) != ARCHIVE_OK)
		return tar_error(archive, err);
	*ret = TAKE_PTR(archive);
	return RF_OK;
}

void image_archive_free(struct image_archive *archive)
{
	if (!archive)
		return;
	archive_read_free(archive->tar);
	free(archive);
}

void image_archive_freep(struct image_archive **archive)
{
	image_archive_free(*archive);
}

static int path_error(struct rf_str path, const char *why, struct rf_err *err)
{
	return rf_err_set(err, RF_EINPUT, "entry \"" RF_STR_FMT "\": %s",
		(int)(path.len < 200 ? path.len : 200), path.ptr, why);
}

int image_path_clean(struct rf_str path, char out[static IMAGE_MAX_PATH + 1], size_t *ret_len,
	struct rf_err *err)
{
	struct rf_str part, rest = path;
	size_t len = 0, depth = 0;

	if (path.len && memchr(path.ptr, '\0', path.len))
		return path_error(path, "its name holds a NUL", err);
	if (path.len > IMAGE_MAX_PATH)
		return path_error(path, "its name is too long", err);
	while (rest.ptr) {
		rest = rf_str_cut(rest, '/', &part);
		if (part.len == 0 || rf_str_is(part, "."))
			continue;
		if (rf_str_is(part, ".."))
			return path_error(path, "its name has \"..\"", err);
		if (part.len > IMAGE_MAX_NAME || ++depth > IMAGE_MAX_DEPTH)
			return path_error(path, "its name is too long or too deep", err);
		if (len)
			out[len++] = '/';
		memcpy(out + len, part.ptr, part.len);
		len += part.len;
	}
	out[len] = '\0';
	*ret_len = len;
	return RF_OK;
}

static enum image_entry_type type_of(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry))
		return IMAGE_ENTRY_HARDLINK;
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG: return IMAGE_ENTRY_FILE;
	case AE_IFDIR: return IMAGE_ENTRY_DIR;
	case AE_IFLNK: return IMAGE_ENTRY_SYMLINK;
	case AE_IFCHR:
	case AE_IFBLK: return IMAGE_ENTRY_DEVICE;
	case AE_IFIFO: return IMAGE_ENTRY_FIFO;
	default: return IMAGE_ENTRY_OTHER;
	}
}

static int fill_names(struct image_archive *archive, struct image_entry *ret, struct rf_err *err)
{
	struct rf_str path = rf_str_of(archive_entry_pathname(archive->entry));
	struct rf_str link = RF_STR_NONE;
	size_t len;
	int rc;

	if (!path.ptr)
		return rf_err_set(err, RF_EINPUT, "an entry without a name");
	rc = image_path_clean(path, archive->path, &len, err);
	if (rc < 0)
		return rc;
	ret->path = (struct rf_str){.ptr = archive->path, .len = len};
	if (ret->type == IMAGE_ENTRY_SYMLINK) {
		link = rf_str_of(archive_entry_symlink(archive->entry));
		if (link.len == 0 || !rf_str_copy(link, archive->link, sizeof(archive->link)))
			return path_error(path, "a symbolic link to nothing or too long", err);
		ret->link = (struct rf_str){.ptr = archive->link, .len = link.len};
	} else if (ret->type == IMAGE_ENTRY_HARDLINK) {
		link = rf_str_of(archive_entry_hardlink(archive->entry));
		rc = image_path_clean(link, archive->link, &len, err);
		if (rc < 0)
			return rf_err_wrap(
				err, rc, "the target of hard link \"%s\"", archive->path);
		ret->link = (struct rf_str){.ptr = archive->link, .len = len};
	}
	return RF_OK;
}

static int fill_numbers(struct archive_entry *entry, struct image_entry *ret, struct rf_err *err)
{
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
	int64_t size = archive_entry_size(entry);

	/* (uid_t)-1 means "leave it" to chown(2). */
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return path_error(ret->path, "its owner is out of range", err);
	if (size < 0 || size > MAX_ENTRY_SIZE)
		return path_error(ret->path, "its size is out of range", err);
	ret->uid = (uid_t)uid;
	ret->gid = (gid_t)gid;
	ret->size = ret->type == IMAGE_ENTRY_FILE ? (uint64_t)size : 0;
	ret->mode = archive_entry_perm(entry) & MODE_BITS;
	ret->mtime_s = archive_entry_mtime(entry);
	ret->mtime_ns = archive_entry_mtime_nsec(entry);
	if (ret->mtime_ns < 0 || ret->mtime_ns > 999999999)
		ret->mtime_ns = 0;
	ret->sparse = archive_entry_sparse_count(entry) > 0;
	return RF_OK;
}

int image_archive_next(struct image_archive *archive, struct image_entry *ret, struct rf_err *err)
{
	int rc = archive_read_next_header(archive->tar, &archive->entry);

	if (rc == ARCHIVE_EOF)
		return archive->input_err.code ? tar_error(archive, err) : 0;
	/* A warning is a name that the C locale cannot hold: it keeps its bytes, as it should. */
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		return tar_error(archive, err);
	if (++archive->entry_count > IMAGE_MAX_ENTRIES)
		return rf_err_set(err, RF_ELIMIT, "more than %llu entries",
			(unsigned long long)IMAGE_MAX_ENTRIES);
	*ret = (struct image_entry){.type = type_of(archive->entry)};
	rc = fill_names(archive, ret, err);
	if (rc == RF_OK)
		rc = fill_numbers(archive->entry, ret, err);
	if (rc < 0)
		return rc;
	archive_entry_xattr_reset(archive->entry);
	return 1;
}

ssize_t image_archive_read(struct image_archive *archive, const void **ret_data,
	uint64_t *ret_offset, struct rf_err *err)
{
	la_int64_t offset;
	size_t len;
	int rc;

	do
		rc = archive_read_data_block(archive->tar, ret_data, &len, &offset);
	while (rc == ARCHIVE_OK && len == 0);
	if (rc == ARCHIVE_EOF)
		return 0;
	if (rc != ARCHIVE_OK)
		return tar_error(archive, err);
	if (offset < 0 || offset > MAX_ENTRY_SIZE)
		return rf_err_set(err, RF_EINPUT, "a piece of a sparse file is out of range");
	*ret_offset = (uint64_t)offset;
	return (ssize_t)len;
}

int image_archive_xattr(
	struct image_archive *archive, struct rf_str *ret_name, struct rf_str *ret_value)
{
	const char *name;
	const void *value;
	size_t len;

	if (archive_entry_xattr_next(archive->entry, &name, &value, &len) != ARCHIVE_OK || !name)
		return 0;
	*ret_name = rf_str_of(name);
	*ret_value = (struct rf_str){.ptr = value, .len = len};
	return 1;
}

uint64_t image_archive_position(const struct image_archive *archive)
{
	la_int64_t position = archive_read_header_position(archive->tar);

	return position < 0 ? 0 : (uint64_t)position;
}
