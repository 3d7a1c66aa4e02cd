/*
 * All numbers little-endian:
 *
 *	local header: "PK\3\4", ..., bytes of the name at 26, of extra fields at 28; 30 in all; then
 *	name, extra fields, content
 *	central entry: "PK\1\2", flags at 8, method at 10, packed and unpacked bytes at 20 and 24,
 *	bytes of name, extra fields and comment at 28, 30 and 32, local header at 42; 46 in all
 *	end: "PK\5\6", bytes of the central directory at 12, its place at 16, bytes of the
 *	comment at 20; 22 in all, then the comment
 */
#include "image/pkg/zip_int.h"

#include <zlib.h>

#define LOCAL_LEN   30
#define CENTRAL_LEN 46
#define END_LEN	    22
#define MAX_COMMENT 65535
#define IN_ZIP64    UINT32_MAX
#define ENCRYPTED   1	 /* bit of flags */
#define MAX_RATIO   1040 /* of deflate: 1032 and a little */

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[1] << 8 | p[0]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p + 2) << 16 | get16(p);
}

/* The last one that fits its comment; NULL when there is none. */
static const uint8_t *find_end(struct rf_bytes file)
{
	for (size_t tail = END_LEN; tail <= file.len && tail <= END_LEN + MAX_COMMENT; tail++) {
		const uint8_t *at = file.ptr + (file.len - tail);

		if (memcmp(at, "PK\5\6", 4) == 0 && get16(at + 20) == tail - END_LEN)
			return at;
	}
	return NULL;
}

int zip_open(struct rf_bytes file, struct zip *ret, struct rf_err *err)
{
	const uint8_t *end = find_end(file);
	size_t end_at, len, offset;

	if (!end)
		return rf_err_set(err, RF_EINPUT, "no zip archive");
	end_at = (size_t)(end - file.ptr);
	len = get32(end + 12);
	offset = get32(end + 16);
	if (len == IN_ZIP64 || offset == IN_ZIP64)
		return rf_err_set(err, RF_EUNSUPPORTED, "a zip64 archive");
	if (len > end_at || offset > end_at - len)
		return rf_err_set(err, RF_EINPUT, "a zip directory outside its file");
	*ret = (struct zip){
		.file = file,
		.at = end_at - len,
		.end = end_at,
		.base = end_at - len - offset,
	};
	return RF_OK;
}

int zip_next(struct zip *zip, struct zip_entry *ret, struct rf_err *err)
{
	const uint8_t *at = zip->file.ptr + zip->at;
	size_t rest = zip->end - zip->at, name_len, len;

	/* Java puts the end of zip64 between the directory and its end, when there is much. */
	if (rest < CENTRAL_LEN || memcmp(at, "PK\1\2", 4) != 0)
		return rest == 0 || (rest >= 4 && memcmp(at, "PK\6\6", 4) == 0)
			       ? 0
			       : rf_err_set(err, RF_EINPUT, "an unsound zip directory");
	name_len = get16(at + 28);
	len = CENTRAL_LEN + name_len + get16(at + 30) + get16(at + 32);
	if (len > rest)
		return rf_err_set(err, RF_EINPUT, "a zip directory that is cut off");
	*ret = (struct zip_entry){
		.name = {.ptr = (const char *)at + CENTRAL_LEN, .len = name_len},
		.flags = get16(at + 8),
		.method = get16(at + 10),
		.packed_len = get32(at + 20),
		.len = get32(at + 24),
		.offset = get32(at + 42),
	};
	zip->at += len;
	return 1;
}

/* The packed bytes, behind the local header. */
static bool find_packed(const struct zip *zip, const struct zip_entry *entry, struct rf_bytes *ret)
{
	size_t rest = zip->file.len - zip->base, head_len;
	const uint8_t *local;

	if (entry->offset > rest || rest - entry->offset < LOCAL_LEN)
		return false;
	local = zip->file.ptr + zip->base + entry->offset;
	rest -= entry->offset;
	head_len = (size_t)LOCAL_LEN + get16(local + 26) + get16(local + 28);
	if (memcmp(local, "PK\3\4", 4) != 0 || head_len > rest ||
		entry->packed_len > rest - head_len)
		return false;
	*ret = (struct rf_bytes){.ptr = local + head_len, .len = entry->packed_len};
	return true;
}

/* True when packed unfolds to len bytes exactly. */
static bool unpack(struct rf_bytes packed, uint8_t *out, size_t len)
{
	z_stream stream = {
		.next_in = (Bytef *)(uintptr_t)packed.ptr,
		.avail_in = (uInt)packed.len,
		.next_out = out,
		.avail_out = (uInt)len,
	};
	int rc;

	if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
		return false;
	rc = inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	return rc == Z_STREAM_END && stream.total_out == len;
}

void zip_content_done(struct zip_content *content)
{
	free(content->heap);
	*content = (struct zip_content){.heap = NULL};
}

int zip_read(const struct zip *zip, const struct zip_entry *entry, size_t max,
	struct zip_content *ret, struct rf_err *err)
{
	struct rf_bytes packed;

	*ret = (struct zip_content){.heap = NULL};
	if (entry->flags & ENCRYPTED ||
		(entry->method != ZIP_STORED && entry->method != ZIP_DEFLATED))
		return rf_err_set(err, RF_EUNSUPPORTED, "an encrypted or strangely packed file");
	if (entry->len > max)
		return rf_err_set(err, RF_ELIMIT, "a file of %zu bytes", entry->len);
	if (!find_packed(zip, entry, &packed) || entry->len / MAX_RATIO > packed.len ||
		(entry->method == ZIP_STORED && packed.len != entry->len))
		return rf_err_set(err, RF_EINPUT, "a zip entry that lies about its content");
	ret->bytes = packed;
	if (entry->method == ZIP_STORED)
		return RF_OK;
	ret->heap = malloc(entry->len ? entry->len : 1);
	if (!ret->heap)
		return rf_err_nomem(err);
	ret->bytes = (struct rf_bytes){.ptr = ret->heap, .len = entry->len};
	if (!unpack(packed, ret->heap, entry->len))
		return rf_err_set(err, RF_EINPUT, "a zip entry that lies about its content");
	return RF_OK;
}
