/* zlib, member by member. */
#include "image/gunzip.h"

#include <zlib.h>

#define OUT_BYTES ((size_t)256 << 10)
#define MAGIC	  0x1f

struct gunzip {
	struct image_input packed;
	const uint8_t *in;
	size_t in_len;
	bool in_member; /* and not at its end */
	bool any;	/* something came out */
	z_stream state;
	uint8_t out[OUT_BYTES];
};

enum step {
	STEP_MORE,
	STEP_MEMBER_ENDS,
	STEP_DAMAGED,
};

/* --- zlib: begin a member, and unpack what fits; *len is room, then bytes --- */

#define GZIP_ONLY (MAX_WBITS + 16)

static bool begin(struct gunzip *gunzip)
{
	return inflateReset(&gunzip->state) == Z_OK;
}

static enum step unpack(struct gunzip *gunzip, size_t *len)
{
	z_stream *state = &gunzip->state;
	uInt in_len = gunzip->in_len < UINT32_MAX ? (uInt)gunzip->in_len : UINT32_MAX;
	int rc;

	state->next_in = (Bytef *)(uintptr_t)gunzip->in;
	state->avail_in = in_len;
	state->next_out = gunzip->out;
	state->avail_out = (uInt)*len;
	rc = inflate(state, Z_NO_FLUSH);
	gunzip->in += in_len - state->avail_in;
	gunzip->in_len -= in_len - state->avail_in;
	*len -= state->avail_out;
	if (rc == Z_STREAM_END)
		return STEP_MEMBER_ENDS;
	return rc == Z_OK || rc == Z_BUF_ERROR ? STEP_MORE : STEP_DAMAGED;
}

static bool set_up(struct gunzip *gunzip)
{
	return inflateInit2(&gunzip->state, GZIP_ONLY) == Z_OK;
}

static void tear_down(struct gunzip *gunzip)
{
	inflateEnd(&gunzip->state);
}

/* --- members --- */

int gunzip_new(const struct image_input *packed, struct gunzip **ret, struct rf_err *err)
{
	struct gunzip *gunzip = calloc(1, sizeof(*gunzip));

	if (!gunzip || !set_up(gunzip)) {
		free(gunzip);
		return rf_err_nomem(err);
	}
	gunzip->packed = *packed;
	*ret = gunzip;
	return RF_OK;
}

void gunzip_free(struct gunzip *gunzip)
{
	if (!gunzip)
		return;
	tear_down(gunzip);
	free(gunzip);
}

/* More input when there is none. 1, 0 at its end, or RF_E*. */
static int feed(struct gunzip *gunzip, struct rf_err *err)
{
	const void *block;
	ssize_t got;

	if (gunzip->in_len)
		return 1;
	got = gunzip->packed.next(gunzip->packed.ctx, &block, err);
	if (got <= 0)
		return (int)got;
	gunzip->in = block;
	gunzip->in_len = (size_t)got;
	return 1;
}

static int damaged(const char *how, struct rf_err *err)
{
	return rf_err_set(err, RF_EINPUT, "cannot be decompressed: %s", how);
}

static bool is_packed_again(struct gunzip *gunzip, size_t len)
{
	bool first = !gunzip->any;

	gunzip->any |= len > 0;
	return first && len >= 3 && memcmp(gunzip->out, "\x1f\x8b\x08", 3) == 0;
}

ssize_t gunzip_next(struct gunzip *gunzip, const void **ret_block, struct rf_err *err)
{
	size_t len = 0;

	while (len == 0) {
		int more = feed(gunzip, err);
		enum step step;

		if (more < 0)
			return more;
		if (!gunzip->in_member) {
			if (!more || gunzip->in[0] != MAGIC)
				return 0;
			if (!begin(gunzip))
				return rf_err_nomem(err);
			gunzip->in_member = true;
		}
		/* What is unpacked already may still be to come out. */
		len = sizeof(gunzip->out);
		step = unpack(gunzip, &len);
		if (step == STEP_DAMAGED)
			return damaged("the gzip data is damaged", err);
		if (step == STEP_MORE && len == 0 && !more)
			return damaged("the gzip data ends early", err);
		gunzip->in_member = step == STEP_MORE;
	}
	if (is_packed_again(gunzip, len))
		return rf_err_set(err, RF_EINPUT, "compressed more than once");
	*ret_block = gunzip->out;
	return (ssize_t)len;
}
