/* Deltas made of databases, taken apart and put together again. */
#ifndef TESTS_UNIT_IMAGE_VULN_DELTA_TEST_H
#define TESTS_UNIT_IMAGE_VULN_DELTA_TEST_H

#include "tests/unit/image/vuln/vuln_test.h"

#include <zstd.h>

#include "image/vuln/db_int.h"
#include "image/vuln/delta.h"
#include "image/vuln/record_int.h"

#define DELTA_HEAD 8 /* bytes of the magic */

static RF_UNUSED struct rf_bytes bytes_of(const struct rf_buf *buf)
{
	return (struct rf_bytes){(const uint8_t *)buf->data, buf->len};
}

static RF_UNUSED void make_delta(
	const struct rf_buf *from, const struct rf_buf *to, struct rf_buf *delta)
{
	AUTO_VULN_DB *old = NULL, *new = NULL;

	if (test_open_bytes(from->data, from->len, &old, NULL) < 0 ||
		test_open_bytes(to->data, to->len, &new, NULL) < 0)
		abort();
	CHECK(vuln_delta_make(old, new, delta, NULL) == RF_OK);
	CHECK(vuln_is_delta(bytes_of(delta)));
}

static RF_UNUSED void unpack(const struct rf_buf *delta, struct rf_buf *plain)
{
	size_t size = (size_t)ZSTD_getFrameContentSize(
		       delta->data + DELTA_HEAD, delta->len - DELTA_HEAD),
	       len;
	char *room;

	rf_buf_clear(plain);
	room = rf_buf_reserve(plain, size + 1);
	len = room ? ZSTD_decompress(room, size, delta->data + DELTA_HEAD, delta->len - DELTA_HEAD)
		   : 0;
	if (!room || ZSTD_isError(len) || len != size)
		abort();
	plain->len = size;
}

static RF_UNUSED void pack(const struct rf_buf *plain, struct rf_buf *delta)
{
	size_t bound = ZSTD_compressBound(plain->len), len;
	char *room;

	rf_buf_clear(delta);
	rf_buf_add(delta, "RFVULNDT", DELTA_HEAD);
	room = rf_buf_reserve(delta, bound);
	len = room ? ZSTD_compress(room, bound, plain->data, plain->len, 1) : 0;
	if (!room || ZSTD_isError(len))
		abort();
	delta->len += len;
}

#endif
