/* The content of a file: its beginning, pieces, or the whole, in memory or in the spool file. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/scan/visit_file_int.h"

#define ZERO_BYTES ((size_t)64 << 10)

/* 1 and the next piece is in visit->piece; 0 at the end; RF_E*. */
static int next_piece(struct visit *visit, struct rf_err *err)
{
	const struct scan_input *input = visit->input;
	struct piece *piece = &visit->piece;
	ssize_t got;

	if (piece->len)
		return 1;
	got = input->read(input->ctx, &piece->data, &piece->offset, err);
	if (got <= 0)
		return (int)got;
	if (piece->offset < visit->at || piece->offset > input->size ||
		(uint64_t)got > input->size - piece->offset)
		return rf_err_set(err, RF_EINPUT, "content out of order");
	visit->at = piece->offset + (uint64_t)got;
	piece->len = (size_t)got;
	return 1;
}

/* Holes cost the image nothing, and the scanner time: they are bounded, of a file and of all. */
static int charge_hole(struct visit *visit, uint64_t len, struct rf_err *err)
{
	visit->holes += len;
	visit->scanner->holes += len;
	visit->too_sparse =
		visit->holes > SCAN_MAX_FILE_HOLES || visit->scanner->holes > SCAN_MAX_HOLES;
	return visit->too_sparse ? rf_err_set(err, RF_EUNSUPPORTED, "too sparse to be analysed")
				 : RF_OK;
}

static int spool_piece(int fd, const char *data, size_t len, uint64_t offset, struct rf_err *err)
{
	while (len) {
		ssize_t put = pwrite(fd, data, len, (off_t)offset);

		if (put <= 0)
			return rf_err_sys(err, errno, "write a temporary file");
		data += put;
		len -= (size_t)put;
		offset += (uint64_t)put;
	}
	return RF_OK;
}

/* A file before this one may have been longer: what was there is overwritten. */
static int spool_zeros(struct visit *visit, uint64_t from, uint64_t to, struct rf_err *err)
{
	static const char zeros[ZERO_BYTES];
	int rc = from < to ? charge_hole(visit, to - from, err) : RF_OK;

	for (; from < to && rc == RF_OK; from += ZERO_BYTES)
		rc = spool_piece(visit->scanner->spool_fd, zeros,
			to - from < ZERO_BYTES ? (size_t)(to - from) : ZERO_BYTES, from, err);
	return rc;
}

/* Writes the file to the spool; its head is in the scanner's buf already. */
static int spool(struct visit *visit, struct rf_err *err)
{
	const struct rf_buf *head = &visit->scanner->buf;
	int fd = visit->scanner->spool_fd, more;
	uint64_t at = head->len;
	int rc = spool_piece(fd, head->data, head->len, 0, err);

	while (rc == RF_OK && (more = next_piece(visit, err)) != 0) {
		const struct piece *piece = &visit->piece;

		if (more < 0)
			return more;
		rc = spool_zeros(visit, at, piece->offset, err);
		if (rc == RF_OK)
			rc = spool_piece(fd, piece->data, piece->len, piece->offset, err);
		at = piece->offset + piece->len;
		visit->piece.len = 0;
	}
	return rc < 0 ? rc : spool_zeros(visit, at, visit->input->size, err);
}

/* Zeros up to an offset in the file, but no more than up to max bytes in buf. */
static int fill_hole(struct visit *visit, uint64_t offset, size_t max, struct rf_err *err)
{
	struct rf_buf *buf = &visit->scanner->buf;
	uint64_t hole = offset - (visit->base + buf->len);
	size_t len = hole < max - buf->len ? (size_t)hole : max - buf->len;
	int rc = len > VISIT_HEAD_BYTES ? charge_hole(visit, len, err) : RF_OK;
	char *room;

	if (rc < 0 || len == 0)
		return rc;
	room = rf_buf_reserve(buf, len);
	if (!room)
		return rf_err_nomem(err);
	memset(room, 0, len);
	buf->len += len;
	return RF_OK;
}

/* Reads on until buf holds max bytes or a little more; holes become zeros. */
int visit_read_into_buf(struct visit *visit, size_t max, struct rf_err *err)
{
	struct rf_buf *buf = &visit->scanner->buf;
	struct piece *piece = &visit->piece;

	while (buf->len < max) {
		int more = next_piece(visit, err);
		int rc = more < 0 ? more
				  : fill_hole(visit, more ? piece->offset : visit->input->size, max,
					    err);

		if (rc < 0)
			return rc;
		if (buf->len >= max || !more)
			break;
		rf_buf_add(buf, piece->data, piece->len);
		piece->len = 0;
		if (buf->failed)
			return rf_err_nomem(err);
	}
	return RF_OK;
}

void visit_whole_done(struct visit_whole *whole)
{
	if (whole->map)
		munmap(whole->map, whole->bytes.len);
}

int visit_read_whole(struct visit *visit, struct visit_whole *ret, struct rf_err *err)
{
	const struct scan_input *input = visit->input;
	struct rf_buf *buf = &visit->scanner->buf;
	int rc;

	if (input->mapped.ptr || input->size == 0) {
		ret->bytes = input->mapped;
		return RF_OK;
	}
	if (input->size <= SCAN_HEAP_FILE || visit->scanner->spool_fd < 0) {
		rc = visit_read_into_buf(visit, SCAN_HEAP_FILE + 1, err);
		ret->bytes = (struct rf_bytes){(const uint8_t *)buf->data, buf->len};
		return rc;
	}
	rc = spool(visit, err);
	if (rc < 0)
		return rc;
	ret->map =
		mmap(NULL, (size_t)input->size, PROT_READ, MAP_SHARED, visit->scanner->spool_fd, 0);
	if (ret->map == MAP_FAILED) {
		ret->map = NULL;
		return rf_err_sys(err, errno, "map a temporary file");
	}
	ret->bytes = (struct rf_bytes){ret->map, (size_t)input->size};
	return RF_OK;
}

int visit_read_head(struct visit *visit, struct rf_bytes *ret, struct rf_err *err)
{
	struct rf_buf *buf = &visit->scanner->buf;
	int rc;

	*ret = visit->input->mapped;
	if (ret->ptr)
		return RF_OK;
	rc = visit_read_into_buf(visit, VISIT_HEAD_BYTES, err);
	*ret = (struct rf_bytes){(const uint8_t *)buf->data, buf->len};
	return rc;
}
