/*
 * A cursor over bytes that nobody is trusted about, with a sticky failure: read freely, test
 * `failed` once at the end. Past the end every read gives 0 or an absent view.
 */
#ifndef RF_BASE_READER_H
#define RF_BASE_READER_H

#include "base/str.h"

struct rf_reader {
	const uint8_t *ptr;
	size_t len; /* bytes */
	size_t off;
	bool big; /* numbers are big-endian */
	bool failed;
};

static inline struct rf_reader rf_reader_of(struct rf_bytes bytes)
{
	return (struct rf_reader){.ptr = bytes.ptr, .len = bytes.len};
}

static inline size_t rf_reader_left(const struct rf_reader *r)
{
	return r->failed ? 0 : r->len - r->off;
}

/* The next len bytes, NULL when there are fewer. */
static inline const uint8_t *rf_read_raw(struct rf_reader *r, size_t len)
{
	const uint8_t *at;

	if (r->failed || len > r->len - r->off) {
		r->failed = true;
		return NULL;
	}
	at = r->ptr + r->off;
	r->off += len;
	return at;
}

/* A number of 1 to 8 bytes. */
static inline uint64_t rf_read_uint(struct rf_reader *r, size_t size)
{
	const uint8_t *at = rf_read_raw(r, size);
	uint64_t value = 0;

	for (size_t i = 0; at && i < size; i++)
		value |= (uint64_t)at[i] << 8 * (r->big ? size - 1 - i : i);
	return value;
}

static inline uint8_t rf_read_u8(struct rf_reader *r)
{
	return (uint8_t)rf_read_uint(r, 1);
}

static inline uint32_t rf_read_u32(struct rf_reader *r)
{
	return (uint32_t)rf_read_uint(r, 4);
}

static inline uint64_t rf_read_u64(struct rf_reader *r)
{
	return rf_read_uint(r, 8);
}

/* Seven bits a byte, least first, as in protocol buffers and Go's encoding/binary. */
static inline uint64_t rf_read_uvarint(struct rf_reader *r)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = rf_read_u8(r);

		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return r->failed ? 0 : value;
	}
	r->failed = true;
	return 0;
}

/* A uvarint and as many bytes. */
static inline struct rf_str rf_read_str(struct rf_reader *r)
{
	uint64_t len = rf_read_uvarint(r);
	const uint8_t *at = len <= SIZE_MAX ? rf_read_raw(r, (size_t)len) : NULL;

	return (struct rf_str){.ptr = (const char *)at, .len = at ? (size_t)len : 0};
}

/* Moves to an offset from the beginning. */
static inline void rf_reader_seek(struct rf_reader *r, uint64_t off)
{
	if (off > r->len)
		r->failed = true;
	else
		r->off = (size_t)off;
}

#endif
