/*
 * A blob as a stream: a range of a file (or memory), hashed as stored, decompressed when it is
 * gzip or zstd (told by its first bytes, as Docker does), and hashed again. One compression only:
 * a gzip within a gzip stays packed and is then no tar.
 */
#ifndef RF_IMAGE_STREAM_H
#define RF_IMAGE_STREAM_H

#include "image/archive.h"
#include "image/digest.h"

#define IMAGE_MAX_LAYER_BYTES ((uint64_t)64 << 30) /* unpacked */
/* What unpacks to more than this many times its size is no image but a bomb, after so many bytes.
 */
#define IMAGE_MAX_RATIO	  100
#define IMAGE_RATIO_AFTER ((uint64_t)1 << 30)

/* Where a blob's bytes are. */
struct image_range {
	int fd;		 /* read by pread; stays the caller's; -1: memory */
	const void *mem; /* when fd is -1 */
	uint64_t offset;
	uint64_t len;
	/* Of a file that is still being written, else NULL: waits until there is more before limit
	 * (an offset in the file) and says up to where, or RF_E*. */
	int (*wait)(void *ctx, uint64_t *limit, struct rf_err *err);
	void *ctx;
	uint64_t limit; /* may be read without waiting */
};

struct image_stream;

int image_stream_open(const struct image_range *range, uint64_t max_bytes,
	struct image_stream **ret, struct rf_err *err) RF_MUST_USE;
void image_stream_free(struct image_stream *stream);
void image_stream_freep(struct image_stream **stream);
#define AUTO_STREAM CLEANUP(image_stream_freep) struct image_stream

/* The decompressed bytes, for image_archive_open() and others. */
struct image_input image_stream_input(struct image_stream *stream);
/* False when the blob is stored as it is. */
bool image_stream_is_compressed(const struct image_stream *stream);
/* Stored bytes read so far; for progress. */
uint64_t image_stream_stored_bytes(const struct image_stream *stream);

/*
 * Reads what is left of both sides and gives the digests of the stored bytes and of the
 * decompressed ones. RF_ELIMIT over max_bytes or IMAGE_MAX_RATIO; RF_EINPUT when the range ends
 * early.
 */
int image_stream_finish(struct image_stream *stream, struct image_digest *ret_stored,
	struct image_digest *ret_plain, struct rf_err *err) RF_MUST_USE;

/* An input over a plain range, which can skip; *range moves along. */
struct image_range_input {
	struct image_range range;
	char *block;
};
struct image_input image_range_input(struct image_range_input *self);
void image_range_input_done(struct image_range_input *self);

#endif
