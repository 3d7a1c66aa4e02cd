/* Headers by the offsets of struct ustar; everybody is 0:0 without a name. */
#include "base/buf.h"
#include "image/pack/tar_int.h"

#define BLOCK	 512
#define MAX_FILE ((uint64_t)0777777777777) /* eleven octal digits */

enum {
	NAME_AT = 0,
	NAME_LEN = 100,
	MODE_AT = 100,
	UID_AT = 108,
	GID_AT = 116,
	SIZE_AT = 124,
	MTIME_AT = 136,
	SUM_AT = 148,
	TYPE_AT = 156,
	LINK_AT = 157,
	LINK_LEN = 100,
	MAGIC_AT = 257,
	PREFIX_AT = 345,
	PREFIX_LEN = 155,
};

struct header {
	struct rf_str path; /* a directory's with its '/' */
	struct rf_str link;
	unsigned mode;
	uint64_t size;
	char type;
};

void pack_tar_done(struct pack_tar *tar)
{
	rf_vec_done(&tar->pieces);
}

static void push(struct pack_tar *tar, struct rf_str piece)
{
	if (tar->failed || piece.len == 0)
		return;
	tar->failed = !piece.ptr || !rf_vec_push(&tar->pieces, piece);
	tar->size += piece.len;
}

static void pad(struct pack_tar *tar, uint64_t size)
{
	static const char zeros[BLOCK];

	push(tar, (struct rf_str){zeros, (size_t)((BLOCK - size % BLOCK) % BLOCK)});
}

static void put_octal(char *at, size_t size, uint64_t value)
{
	for (size_t i = size - 1; i-- > 0; value >>= 3)
		at[i] = (char)('0' + (value & 7));
}

/* Where to cut a path for prefix and name; 0: it fits whole, SIZE_MAX: not at all. */
static size_t cut_of(struct rf_str path)
{
	if (path.len <= NAME_LEN)
		return 0;
	for (size_t at = path.len - NAME_LEN - 1; at < path.len - 1 && at <= PREFIX_LEN; at++) {
		if (at > 0 && path.ptr[at] == '/')
			return at;
	}
	return SIZE_MAX;
}

static void put_path(char *block, struct rf_str path)
{
	size_t cut = cut_of(path);

	if (cut == SIZE_MAX) { /* the pax header has it */
		memcpy(block + NAME_AT, path.ptr, NAME_LEN);
		return;
	}
	if (cut) {
		memcpy(block + PREFIX_AT, path.ptr, cut);
		path = (struct rf_str){path.ptr + cut + 1, path.len - cut - 1};
	}
	memcpy(block + NAME_AT, path.ptr, path.len);
}

static void put_sum(char *block)
{
	unsigned sum = 0;

	memset(block + SUM_AT, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (uint8_t)block[i];
	put_octal(block + SUM_AT, 7, sum);
	block[SUM_AT + 6] = '\0';
}

static void push_header(struct pack_tar *tar, const struct header *h)
{
	char *block = rf_arena_alloc(tar->arena, BLOCK);

	if (!block || h->size > MAX_FILE || tar->mtime_s < 0 || (uint64_t)tar->mtime_s > MAX_FILE) {
		tar->failed = true;
		return;
	}
	put_path(block, h->path);
	put_octal(block + MODE_AT, 8, h->mode);
	put_octal(block + UID_AT, 8, 0);
	put_octal(block + GID_AT, 8, 0);
	put_octal(block + SIZE_AT, 12, h->size);
	put_octal(block + MTIME_AT, 12, (uint64_t)tar->mtime_s);
	block[TYPE_AT] = h->type;
	memcpy(block + LINK_AT, h->link.len ? h->link.ptr : "",
		h->link.len < LINK_LEN ? h->link.len : LINK_LEN);
	memcpy(block + MAGIC_AT, "ustar\00000", 8);
	put_sum(block);
	push(tar, (struct rf_str){block, BLOCK});
}

/* "LEN key=value\n", where LEN counts itself. */
static void put_record(struct rf_buf *out, const char *key, struct rf_str value)
{
	size_t rest = strlen(key) + value.len + 3, len = rest + 1;

	/* The digits of the sum may be one more than those of its part. */
	for (len = rest + 1; (size_t)snprintf(NULL, 0, "%zu", len) + rest != len;)
		len = (size_t)snprintf(NULL, 0, "%zu", len) + rest;
	rf_buf_addf(out, "%zu %s=", len, key);
	rf_buf_add_str(out, value);
	rf_buf_add_char(out, '\n');
}

static void push_pax(struct pack_tar *tar, const struct header *h)
{
	AUTO_BUF records = {.max = 16384};
	struct header pax = {.path = RF_STR("pax"), .mode = 0644, .type = 'x'};
	struct rf_str kept;

	if (cut_of(h->path) == SIZE_MAX)
		put_record(&records, "path", h->path);
	if (h->link.len > LINK_LEN)
		put_record(&records, "linkpath", h->link);
	if (records.len == 0 && !records.failed)
		return;
	kept = rf_arena_str(tar->arena, rf_buf_str(&records));
	if (records.failed || !kept.ptr) {
		tar->failed = true;
		return;
	}
	pax.size = kept.len;
	push_header(tar, &pax);
	push(tar, kept);
	pad(tar, kept.len);
}

static void begin(struct pack_tar *tar, const struct header *h)
{
	if (tar->failed)
		return;
	push_pax(tar, h);
	push_header(tar, h);
}

void pack_tar_add_dir(struct pack_tar *tar, struct rf_str path, unsigned mode)
{
	struct rf_str name = rf_arena_printf(tar->arena, RF_STR_FMT "/", RF_STR_ARG(path));

	if (!name.ptr)
		tar->failed = true;
	else
		begin(tar, &(struct header){.path = name, .mode = mode, .type = '5'});
}

void pack_tar_add_symlink(struct pack_tar *tar, struct rf_str path, struct rf_str link)
{
	begin(tar, &(struct header){.path = path, .link = link, .mode = 0777, .type = '2'});
}

void pack_tar_add_file(
	struct pack_tar *tar, struct rf_str path, unsigned mode, struct rf_str content)
{
	begin(tar, &(struct header){.path = path, .mode = mode, .size = content.len, .type = '0'});
	push(tar, content);
	pad(tar, content.len);
}

void pack_tar_add_pieces(struct pack_tar *tar, struct rf_str path, unsigned mode,
	const struct pack_pieces *content, uint64_t size)
{
	begin(tar, &(struct header){.path = path, .mode = mode, .size = size, .type = '0'});
	rf_vec_each (piece, content)
		push(tar, *piece);
	pad(tar, size);
}

void pack_tar_end(struct pack_tar *tar)
{
	static const char zeros[2 * BLOCK];

	push(tar, (struct rf_str){zeros, sizeof(zeros)});
}
