/* Zip archives in memory: what the central directory lists (APPNOTE.TXT 6.3, without zip64). */
#ifndef RF_IMAGE_PKG_ZIP_INT_H
#define RF_IMAGE_PKG_ZIP_INT_H

#include "base/err.h"
#include "base/str.h"

struct zip {
	struct rf_bytes file;
	size_t at, end; /* of the central directory: what is still to be listed */
	size_t base;	/* bytes before the archive: it may be the tail of a program */
};

enum zip_method {
	ZIP_STORED = 0,
	ZIP_DEFLATED = 8,
};

struct zip_entry {
	struct rf_str name;
	uint16_t flags, method;
	size_t packed_len, len;
	size_t offset; /* of its local header */
};

int zip_open(struct rf_bytes file, struct zip *ret, struct rf_err *err) RF_MUST_USE;
/* 1 and an entry, 0 at the end, RF_EINPUT. */
int zip_next(struct zip *zip, struct zip_entry *ret, struct rf_err *err) RF_MUST_USE;

/* The bytes of a file: a view of the archive where it is stored, otherwise of heap. */
struct zip_content {
	struct rf_bytes bytes;
	uint8_t *heap;
};

void zip_content_done(struct zip_content *content);
/*
 * At most max bytes. RF_EINPUT, RF_ELIMIT, RF_EUNSUPPORTED (encryption, other methods than
 * deflate). ret is for zip_content_done() in any case.
 */
int zip_read(const struct zip *zip, const struct zip_entry *entry, size_t max,
	struct zip_content *ret, struct rf_err *err) RF_MUST_USE;

#define AUTO_ZIP_CONTENT CLEANUP(zip_content_done) struct zip_content

#endif
