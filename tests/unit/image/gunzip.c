/* gzip as a stream: whole, in members, cut off, damaged; in pieces of every size. */
#include "tests/lib/tap.h"

#include <zlib.h>

#include "base/buf.h"
#include "image/gunzip.h"

static struct rf_err err;

/* Bytes in pieces, each at the very end of its memory. */
struct pieces {
	struct rf_str rest;
	size_t size;
	char *piece;
};

static ssize_t next_piece(void *ctx, const void **ret_block, struct rf_err *ignored)
{
	struct pieces *p = ctx;
	size_t len = p->rest.len < p->size ? p->rest.len : p->size;

	(void)ignored;
	free(p->piece);
	p->piece = malloc(len ? len : 1);
	if (!p->piece)
		abort();
	memcpy(p->piece, p->rest.ptr, len);
	p->rest = (struct rf_str){p->rest.ptr + len, p->rest.len - len};
	*ret_block = p->piece;
	return (ssize_t)len;
}

/* RF_OK and what came out, or what was wrong. */
static int unpack(struct rf_str packed, size_t size, struct rf_buf *out)
{
	struct pieces pieces = {.rest = packed, .size = size};
	const struct image_input input = {.next = next_piece, .ctx = &pieces};
	struct gunzip *gunzip = NULL;
	const void *block;
	ssize_t got = gunzip_new(&input, &gunzip, &err);

	rf_buf_clear(out);
	while (got == RF_OK && (got = gunzip_next(gunzip, &block, &err)) > 0) {
		rf_buf_add(out, block, (size_t)got);
		got = RF_OK;
	}
	gunzip_free(gunzip);
	free(pieces.piece);
	return (int)got;
}

static void add_gzip(struct rf_buf *out, struct rf_str plain, int level)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)plain.ptr, .avail_in = (uInt)plain.len};
	uint8_t block[4096];
	int rc;

	if (deflateInit2(&stream, level, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	do {
		stream.next_out = block;
		stream.avail_out = sizeof(block);
		rc = deflate(&stream, Z_FINISH);
		rf_buf_add(out, block, sizeof(block) - stream.avail_out);
	} while (rc == Z_OK);
	deflateEnd(&stream);
}

/* Text with something of everything: runs, far repetitions, noise. */
static void fill(struct rf_buf *out, size_t len)
{
	uint32_t state = 7;

	/* What is copied is its own. */
	if (!rf_buf_reserve(out, len + 256))
		abort();
	while (out->len < len) {
		state = state * 1664525 + 1013904223;
		if (state >> 30 == 0 && out->len > 40000)
			rf_buf_add(out, out->data + out->len - 30000, state >> 16 & 0xff);
		else if (state >> 30 == 1)
			rf_buf_add_c(out, "the same words again and again ");
		else
			rf_buf_add_char(out, (char)(state >> 24));
	}
}

static void what_was_packed_comes_out(void)
{
	static const size_t sizes[] = {1, 3, 17, 4096, 1 << 20};
	AUTO_BUF plain = {.len = 0}, packed = {.len = 0}, out = {.len = 0};

	fill(&plain, 700000);
	for (int level = 0; level <= 9; level += 3) {
		rf_buf_clear(&packed);
		add_gzip(&packed, rf_buf_str(&plain), level);
		for (size_t i = 0; i < RF_ARRAY_LEN(sizes); i++) {
			CHECK_INT(unpack(rf_buf_str(&packed), sizes[i], &out), RF_OK);
			CHECK(rf_str_eq(rf_buf_str(&out), rf_buf_str(&plain)));
		}
	}
}

static void members_follow_each_other_and_anything_may_follow_the_last(void)
{
	static const char *const tails[] = {"", "x", "trailing", "PK\3\4"};

	for (size_t i = 0; i < RF_ARRAY_LEN(tails) + 1; i++) {
		AUTO_BUF packed = {.len = 0}, out = {.len = 0};

		add_gzip(&packed, RF_STR("one, "), 6);
		add_gzip(&packed, RF_STR(""), 6);
		add_gzip(&packed, RF_STR("two"), 0);
		if (i < RF_ARRAY_LEN(tails))
			rf_buf_add_c(&packed, tails[i]);
		else
			rf_buf_add(&packed, "\0\0\0\0\0\0", 6);
		for (size_t size = 1; size < 70; size++) {
			CHECK_INT(unpack(rf_buf_str(&packed), size, &out), RF_OK);
			CHECK_STR(rf_buf_cstr(&out), "one, two");
		}
	}
}

static void what_is_cut_off_or_damaged_is_refused(void)
{
	AUTO_BUF plain = {.len = 0}, packed = {.len = 0}, out = {.len = 0};

	fill(&plain, 2000);
	add_gzip(&packed, rf_buf_str(&plain), 6);
	for (size_t len = 1; len < packed.len; len++) {
		CHECK_INT(unpack((struct rf_str){packed.data, len}, 100, &out), RF_EINPUT);
		CHECK(strstr(err.msg, "cannot be decompressed"));
	}
	/* Every bit behind the header: the checksum and the length tell. Some fill up a byte. */
	for (size_t bit = 80; bit < 8 * packed.len; bit++) {
		packed.data[bit / 8] ^= (char)(1 << bit % 8);
		CHECK(unpack(rf_buf_str(&packed), 1000, &out) == RF_EINPUT ||
			(bit >= 8 * (packed.len - 9) && bit < 8 * (packed.len - 8) &&
				rf_str_eq(rf_buf_str(&out), rf_buf_str(&plain))));
		packed.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	CHECK_INT(unpack(rf_buf_str(&packed), 1000, &out), RF_OK);
}

static void gzip_in_gzip_is_refused(void)
{
	AUTO_BUF once = {.len = 0}, twice = {.len = 0}, out = {.len = 0};

	add_gzip(&once, RF_STR("content"), 6);
	add_gzip(&twice, rf_buf_str(&once), 6);
	CHECK_INT(unpack(rf_buf_str(&twice), 1000, &out), RF_EINPUT);
	CHECK(strstr(err.msg, "more than once"));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(what_was_packed_comes_out);
	RUN(members_follow_each_other_and_anything_may_follow_the_last);
	RUN(what_is_cut_off_or_damaged_is_refused);
	RUN(gzip_in_gzip_is_refused);
	return TAP_END();
}
