/*
 * RPM: [epoch:]version[-release], each compared as rpmvercmp does: runs of letters and runs of
 * digits, all else only separates. "~" comes before the end, the end before "^", "^" before any
 * further run, letters before digits. No epoch is 0; no release comes before any release
 * (rpmverCmp).
 */
#include "image/vuln/version_int.h"

struct evr {
	struct rf_str epoch, version, release;
};

static bool is_graphic(char c)
{
	return c > ' ' && c < 0x7f;
}

static struct evr cut(struct rf_str text)
{
	struct rf_str rest = text;
	struct evr v = {.epoch = version_take(&rest, version_is_digit), .release = RF_STR_NONE};
	const char *dash;

	if (version_peek(rest) == ':')
		v.version = version_skip(rest, 1);
	else
		v = (struct evr){.epoch = RF_STR_NONE, .version = text};
	dash = v.version.len ? memrchr(v.version.ptr, '-', v.version.len) : NULL;
	if (dash) {
		v.release = version_skip(v.version, (size_t)(dash - v.version.ptr) + 1);
		v.version.len = (size_t)(dash - v.version.ptr);
	}
	return v;
}

static bool part_valid(struct rf_str s)
{
	return version_take(&s, is_graphic).len > 0 && s.len == 0;
}

static bool rpm_valid(struct rf_str text)
{
	struct evr v = cut(text);

	return part_valid(v.version) && (!v.release.ptr || part_valid(v.release));
}

static bool is_separator(char c)
{
	return !version_is_alnum(c) && c != '~' && c != '^';
}

/* What a part goes on with, in their order; numbers come last. */
enum piece { PIECE_TILDE, PIECE_END, PIECE_CARET, PIECE_ALPHA, PIECE_NUMBER };

static enum piece next_piece(struct rf_str *s, struct rf_str *ret_run)
{
	char c;

	(void)version_take(s, is_separator);
	c = version_peek(*s);
	*ret_run = RF_STR_NONE;
	if (version_is_digit(c)) {
		*ret_run = version_take(s, version_is_digit);
		return PIECE_NUMBER;
	}
	if (version_is_alpha(c)) {
		*ret_run = version_take(s, version_is_alpha);
		return PIECE_ALPHA;
	}
	if (!s->len)
		return PIECE_END;
	*s = version_skip(*s, 1);
	return c == '~' ? PIECE_TILDE : PIECE_CARET;
}

static int cmp_part(struct rf_str a, struct rf_str b)
{
	enum piece left, right;
	struct rf_str a_run, b_run;

	do {
		int order;

		left = next_piece(&a, &a_run);
		right = next_piece(&b, &b_run);
		if (left != right)
			return left < right ? -1 : 1;
		order = left == PIECE_NUMBER ? version_cmp_numbers(a_run, b_run)
					     : version_cmp_bytes(a_run, b_run);
		if (order)
			return order;
	} while (left != PIECE_END);
	return 0;
}

static int order_of(struct rf_str a, struct rf_str b)
{
	struct evr left = cut(a), right = cut(b);
	int order = version_cmp_numbers(left.epoch, right.epoch);

	if (!order)
		order = cmp_part(left.version, right.version);
	if (order || (!left.release.ptr && !right.release.ptr))
		return order;
	if (!left.release.ptr || !right.release.ptr)
		return left.release.ptr ? 1 : -1;
	return cmp_part(left.release, right.release);
}

static bool rpm_compare(struct rf_str a, struct rf_str b, int *ret)
{
	if (!rpm_valid(a) || !rpm_valid(b))
		return false;
	*ret = order_of(a, b);
	return true;
}

const struct version_order version_rpm = {rpm_valid, rpm_compare};
