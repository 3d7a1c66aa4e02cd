/*
 * Reading archives (tar by libarchive; nothing else) with hard bounds. Bytes come from an input:
 * a range of a file, memory, or a decompressing stream (image/stream.h). Nothing here touches
 * the file system. Runs in confined processes; also the base of scanning.
 *
 * libarchive converts names by the locale: callers stay in the C locale, where names keep their
 * bytes whatever they are.
 */
#ifndef RF_IMAGE_ARCHIVE_H
#define RF_IMAGE_ARCHIVE_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

#define IMAGE_MAX_ENTRIES ((uint64_t)2000000)
#define IMAGE_MAX_PATH	  4095 /* bytes of a path in an archive; PATH_MAX less its NUL */
#define IMAGE_MAX_DEPTH	  128  /* components of a path */
#define IMAGE_MAX_NAME	  255  /* bytes of one component; NAME_MAX */
#define IMAGE_MAX_XATTRS  64   /* of one entry */
#define IMAGE_MAX_XATTR	  ((size_t)64 << 10)

/* Bytes in blocks. */
struct image_input {
	/* Sets *ret_block (valid until the next call); returns its length, 0 at the end, RF_E*. */
	ssize_t (*next)(void *ctx, const void **ret_block, struct rf_err *err);
	/* Skips up to count bytes, returns how many. NULL: reading is the only way. */
	int64_t (*skip)(void *ctx, int64_t count);
	void *ctx;
};

enum image_entry_type {
	IMAGE_ENTRY_FILE,
	IMAGE_ENTRY_DIR,
	IMAGE_ENTRY_SYMLINK,
	IMAGE_ENTRY_HARDLINK,
	IMAGE_ENTRY_DEVICE, /* character or block */
	IMAGE_ENTRY_FIFO,
	IMAGE_ENTRY_OTHER,
};

/* Views are valid until the next entry. */
struct image_entry {
	enum image_entry_type type;
	/* Relative, no empty, "." or ".." component, NUL-terminated; "" is the root itself. */
	struct rf_str path;
	struct rf_str link; /* symlink: as written; hard link: cleaned like path */
	mode_t mode;	    /* permission bits, setuid, setgid, sticky */
	uid_t uid;
	gid_t gid;
	int64_t mtime_s;
	long mtime_ns;
	uint64_t size;
	bool sparse;
};

struct image_archive;

/* Takes a tar from input, which must outlive the archive. */
int image_archive_open(const struct image_input *input, struct image_archive **ret,
	struct rf_err *err) RF_MUST_USE;
void image_archive_free(struct image_archive *archive);
void image_archive_freep(struct image_archive **archive);
#define AUTO_ARCHIVE CLEANUP(image_archive_freep) struct image_archive

/* 1 and the next entry, 0 at the end, RF_E* (names that escape, bounds, damage). */
int image_archive_next(
	struct image_archive *archive, struct image_entry *ret, struct rf_err *err) RF_MUST_USE;
/*
 * The next piece of the entry's content: *ret_data (valid until the next call) belongs at
 * *ret_offset (holes are left out, offsets grow). Returns its length, 0 at the end, or RF_E*.
 */
ssize_t image_archive_read(struct image_archive *archive, const void **ret_data,
	uint64_t *ret_offset, struct rf_err *err) RF_MUST_USE;
/* The entry's extended attributes, one a call: 1, or 0 after the last. */
int image_archive_xattr(
	struct image_archive *archive, struct rf_str *ret_name, struct rf_str *ret_value);
/* Bytes of the tar before the header of the last image_archive_next(), also at the end. */
uint64_t image_archive_position(const struct image_archive *archive);

/*
 * Cleans a path of an archive into out: leading and doubled '/' and "." go; RF_EINPUT for "..", an
 * embedded NUL or a name that is too long or too deep. *ret_len may be 0 (the root).
 */
int image_path_clean(struct rf_str path, char out[static IMAGE_MAX_PATH + 1], size_t *ret_len,
	struct rf_err *err) RF_MUST_USE;

#endif
