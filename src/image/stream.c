/*
 * Bytes flow: range -> (hash as stored) -> gunzip.c, or libarchive's zstd filter with its "raw"
 * format -> (hash, count) -> caller. A plain blob goes around both, and needs one hash only.
 */
#include "image/stream.h"

#include "image/gunzip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <unistd.h>

#define BLOCK_SIZE ((size_t)256 << 10)

/* libarchive counts the input itself as one more filter. */
#define ONE_FILTER 2

struct image_stream {
	struct image_range_input input;
	struct gunzip *gunzip; /* of a blob in gzip */
	struct archive *raw;   /* of one in zstd */
	struct image_hash *stored_hash;
	struct image_hash *plain_hash; /* NULL: a plain blob */
	uint64_t stored_bytes;
	uint64_t plain_bytes;
	uint64_t max_bytes;
	struct rf_err input_err; /* of the callback that libarchive called */
};

/* Of what is there, of a file that is still being written; waits when that is nothing. */
static ssize_t read_some(struct image_range *range, char *block, size_t want, struct rf_err *err)
{
	uint64_t end = range->offset + range->len;
	ssize_t got = 0;

	while (got == 0) {
		uint64_t there = range->wait ? range->limit : end;
		uint64_t more = there > range->offset ? there - range->offset : 0;

		if (more) {
			do
				got = pread(range->fd, block, more < want ? (size_t)more : want,
					(off_t)range->offset);
			while (got < 0 && errno == EINTR);
		}
		/* A download that began anew may have taken back what was there. */
		if (got == 0 && (!range->wait || there >= end))
			break;
		if (got == 0) {
			int rc = range->wait(range->ctx, &range->limit, err);

			if (rc < 0)
				return rc;
		}
	}
	return got < 0 ? rf_err_sys(err, errno, "read") : got;
}

static ssize_t range_next(void *ctx, const void **ret_block, struct rf_err *err)
{
	struct image_range_input *self = ctx;
	struct image_range *range = &self->range;
	size_t want = range->len < BLOCK_SIZE ? (size_t)range->len : BLOCK_SIZE;
	ssize_t got = (ssize_t)want;

	if (want == 0)
		return 0;
	if (range->fd < 0) {
		*ret_block = (const char *)range->mem + range->offset;
	} else {
		if (!self->block && !(self->block = malloc(BLOCK_SIZE)))
			return rf_err_nomem(err);
		got = read_some(range, self->block, want, err);
		*ret_block = self->block;
	}
	if (got < 0)
		return got;
	if (got == 0)
		return rf_err_set(err, RF_EINPUT, "the file ends early");
	range->offset += (uint64_t)got;
	range->len -= (uint64_t)got;
	return got;
}

static int64_t range_skip(void *ctx, int64_t count)
{
	struct image_range *range = &((struct image_range_input *)ctx)->range;
	uint64_t skip = (uint64_t)count < range->len ? (uint64_t)count : range->len;

	range->offset += skip;
	range->len -= skip;
	return (int64_t)skip;
}

struct image_input image_range_input(struct image_range_input *self)
{
	return (struct image_input){.next = range_next, .skip = range_skip, .ctx = self};
}

void image_range_input_done(struct image_range_input *self)
{
	free(self->block);
	self->block = NULL;
}

static ssize_t stored_next(struct image_stream *stream, const void **ret_block, struct rf_err *err)
{
	ssize_t got = range_next(&stream->input, ret_block, err);

	if (got > 0) {
		image_hash_add(stream->stored_hash, *ret_block, (size_t)got);
		stream->stored_bytes += (uint64_t)got;
	}
	return got;
}

static ssize_t gunzip_read(void *ctx, const void **ret_block, struct rf_err *err)
{
	return stored_next(ctx, ret_block, err);
}

static la_ssize_t raw_read(struct archive *raw, void *ctx, const void **ret_block)
{
	struct image_stream *stream = ctx;
	ssize_t got = stored_next(stream, ret_block, &stream->input_err);

	if (got < 0)
		archive_set_error(raw, EIO, "%s", stream->input_err.msg);
	return got < 0 ? ARCHIVE_FATAL : got;
}

static int raw_error(struct image_stream *stream, struct rf_err *err)
{
	const char *text = archive_error_string(stream->raw);

	if (stream->input_err.code) {
		*(err ? err : &stream->input_err) = stream->input_err;
		return stream->input_err.code;
	}
	return rf_err_set(err, RF_EINPUT, "cannot be decompressed: %s", text ? text : "damaged");
}

enum packing {
	PACKED_NOT,
	PACKED_GZIP,
	PACKED_ZSTD,
};

static enum packing packing_of(const struct image_range *range)
{
	unsigned char head[4] = {0};

	if (range->len < sizeof(head))
		return PACKED_NOT;
	if (range->fd < 0)
		memcpy(head, (const char *)range->mem + range->offset, sizeof(head));
	else if (pread(range->fd, head, sizeof(head), (off_t)range->offset) < (ssize_t)sizeof(head))
		return PACKED_NOT;
	if (head[0] == 0x1f && head[1] == 0x8b)
		return PACKED_GZIP;
	if (memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0)
		return PACKED_ZSTD;
	/* A skippable frame first, as the seekable variants of zstd write it. */
	if ((head[0] & 0xf0) == 0x50 && memcmp(head + 1, "\x2a\x4d\x18", 3) == 0)
		return PACKED_ZSTD;
	return PACKED_NOT;
}

static int open_zstd(struct image_stream *stream, struct rf_err *err)
{
	struct archive_entry *entry;
	int rc;

	stream->raw = archive_read_new();
	if (!stream->raw)
		return rf_err_nomem(err);
	archive_read_support_format_raw(stream->raw);
	archive_read_support_format_empty(stream->raw);
	if (archive_read_support_filter_zstd(stream->raw) != ARCHIVE_OK)
		return rf_err_set(err, RF_EUNSUPPORTED, "libarchive lacks this compression");
	if (archive_read_open2(stream->raw, stream, NULL, raw_read, NULL, NULL) != ARCHIVE_OK)
		return raw_error(stream, err);
	if (archive_filter_count(stream->raw) > ONE_FILTER)
		return rf_err_set(err, RF_EINPUT, "compressed more than once");
	rc = archive_read_next_header(stream->raw, &entry);
	return rc == ARCHIVE_OK || rc == ARCHIVE_EOF ? RF_OK : raw_error(stream, err);
}

static int open_packed(struct image_stream *stream, enum packing packing, struct rf_err *err)
{
	const struct image_input packed = {.next = gunzip_read, .ctx = stream};

	stream->plain_hash = image_hash_new();
	if (!stream->plain_hash)
		return rf_err_nomem(err);
	return packing == PACKED_GZIP ? gunzip_new(&packed, &stream->gunzip, err)
				      : open_zstd(stream, err);
}

int image_stream_open(const struct image_range *range, uint64_t max_bytes,
	struct image_stream **ret, struct rf_err *err)
{
	AUTO_STREAM *stream = calloc(1, sizeof(*stream));
	enum packing packing = packing_of(range);
	int rc;

	if (!stream)
		return rf_err_nomem(err);
	stream->input.range = *range;
	stream->max_bytes = max_bytes;
	stream->stored_hash = image_hash_new();
	if (!stream->stored_hash)
		return rf_err_nomem(err); /* cppcheck-suppress memleak */
	if (packing != PACKED_NOT) {
		rc = open_packed(stream, packing, err);
		if (rc < 0)
			return rc;
	}
	*ret = TAKE_PTR(stream);
	return RF_OK;
}

void image_stream_free(struct image_stream *stream)
{
	if (!stream)
		return;
	archive_read_free(stream->raw);
	gunzip_free(stream->gunzip);
	image_hash_free(stream->stored_hash);
	image_hash_free(stream->plain_hash);
	image_range_input_done(&stream->input);
	free(stream);
}

void image_stream_freep(struct image_stream **stream)
{
	image_stream_free(*stream);
}

static ssize_t next_of_gzip(struct image_stream *stream, const void **ret_block, struct rf_err *err)
{
	ssize_t got = gunzip_next(stream->gunzip, ret_block, err);

	if (got > 0)
		image_hash_add(stream->plain_hash, *ret_block, (size_t)got);
	return got;
}

static ssize_t next_of_zstd(struct image_stream *stream, const void **ret_block, struct rf_err *err)
{
	size_t len;
	la_int64_t offset;
	int rc;

	do
		rc = archive_read_data_block(stream->raw, ret_block, &len, &offset);
	while (rc == ARCHIVE_OK && len == 0);
	if (rc == ARCHIVE_EOF)
		return 0;
	if (rc != ARCHIVE_OK)
		return raw_error(stream, err);
	image_hash_add(stream->plain_hash, *ret_block, len);
	return (ssize_t)len;
}

static ssize_t stream_next(void *ctx, const void **ret_block, struct rf_err *err)
{
	struct image_stream *stream = ctx;
	ssize_t got = stream->gunzip ? next_of_gzip(stream, ret_block, err)
		      : stream->raw  ? next_of_zstd(stream, ret_block, err)
				     : stored_next(stream, ret_block, err);

	if (got <= 0)
		return got;
	stream->plain_bytes += (uint64_t)got;
	if (stream->plain_bytes > stream->max_bytes)
		return rf_err_set(err, RF_ELIMIT, "unpacks to more than %llu bytes",
			(unsigned long long)stream->max_bytes);
	if (stream->plain_bytes > IMAGE_RATIO_AFTER &&
		stream->plain_bytes / IMAGE_MAX_RATIO > stream->stored_bytes)
		return rf_err_set(
			err, RF_ELIMIT, "unpacks to more than %d times its size", IMAGE_MAX_RATIO);
	return got;
}

struct image_input image_stream_input(struct image_stream *stream)
{
	return (struct image_input){.next = stream_next, .ctx = stream};
}

bool image_stream_is_compressed(const struct image_stream *stream)
{
	return stream->plain_hash != NULL;
}

uint64_t image_stream_stored_bytes(const struct image_stream *stream)
{
	return stream->stored_bytes;
}

int image_stream_finish(struct image_stream *stream, struct image_digest *ret_stored,
	struct image_digest *ret_plain, struct rf_err *err)
{
	const void *block;
	ssize_t got;
	int rc;

	while ((got = stream_next(stream, &block, err)) > 0)
		;
	/* What follows the compressed data is part of the blob, though nobody unpacks it. */
	while (got >= 0 && stream->input.range.len > 0)
		got = stored_next(stream, &block, err);
	if (got < 0)
		return (int)got;
	rc = image_hash_end(stream->stored_hash, ret_stored);
	if (rc == RF_OK && stream->plain_hash)
		rc = image_hash_end(stream->plain_hash, ret_plain);
	else if (rc == RF_OK)
		*ret_plain = *ret_stored;
	return rc < 0 ? rf_err_set(err, RF_EINTERNAL, "SHA-256 is not available") : RF_OK;
}
