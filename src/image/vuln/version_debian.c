/*
 * Debian, deb-version(7): [epoch:]upstream[-revision]. Upstream and revision are cut into runs of
 * non-digits and digits in turn. In runs of non-digits "~" comes before the end, the end before
 * letters, letters before all else; runs of digits go by their value.
 */
#include "image/vuln/version_int.h"

struct debian {
	struct rf_str epoch, upstream, revision;
};

#define EPOCH_MAX "2147483647" /* what dpkg takes */

static bool is_upstream_char(char c)
{
	return version_is_alnum(c) || (c && strchr(".+-~:", c));
}

static bool is_revision_char(char c)
{
	return version_is_alnum(c) || (c && strchr(".+~", c));
}

static struct debian cut(struct rf_str text)
{
	struct debian v = {.epoch = RF_STR_NONE};
	const char *dash;

	v.upstream = rf_str_cut(text, ':', &v.epoch);
	if (!v.upstream.ptr) {
		v.upstream = v.epoch;
		v.epoch = RF_STR_NONE;
	}
	dash = v.upstream.len ? memrchr(v.upstream.ptr, '-', v.upstream.len) : NULL;
	if (dash) {
		v.revision = version_skip(v.upstream, (size_t)(dash - v.upstream.ptr) + 1);
		v.upstream.len = (size_t)(dash - v.upstream.ptr);
	}
	return v;
}

static bool all_of(struct rf_str s, bool (*is)(char c))
{
	return version_take(&s, is).len > 0 && s.len == 0;
}

static bool debian_valid(struct rf_str text)
{
	struct debian v = cut(text);

	if (v.epoch.ptr && (!all_of(v.epoch, version_is_digit) ||
				   version_cmp_numbers(v.epoch, RF_STR(EPOCH_MAX)) > 0))
		return false;
	return all_of(v.upstream, is_upstream_char) &&
	       (!v.revision.ptr || all_of(v.revision, is_revision_char));
}

/* Where a byte stands in a run of non-digits; a digit ends the run as the end does. */
static int weight(char c)
{
	if (c == '~')
		return -1;
	if (c == '\0' || version_is_digit(c))
		return 0;
	return version_is_alpha(c) ? c : c + 256;
}

static bool in_run(struct rf_str s)
{
	return s.len && !version_is_digit(s.ptr[0]);
}

static int cmp_part(struct rf_str a, struct rf_str b)
{
	while (a.len || b.len) {
		int order;

		while (in_run(a) || in_run(b)) {
			order = weight(version_peek(a)) - weight(version_peek(b));
			if (order)
				return version_sign(order);
			/* Equal weights: both are of a run, else one had been 0. */
			a = version_skip(a, 1);
			b = version_skip(b, 1);
		}
		order = version_cmp_numbers(
			version_take(&a, version_is_digit), version_take(&b, version_is_digit));
		if (order)
			return order;
	}
	return 0;
}

static int order_of(struct rf_str a, struct rf_str b)
{
	struct debian left = cut(a), right = cut(b);
	int order = version_cmp_numbers(left.epoch, right.epoch);

	if (!order)
		order = cmp_part(left.upstream, right.upstream);
	return order ? order : cmp_part(left.revision, right.revision);
}

static bool debian_compare(struct rf_str a, struct rf_str b, int *ret)
{
	if (!debian_valid(a) || !debian_valid(b))
		return false;
	*ret = order_of(a, b);
	return true;
}

const struct version_order version_debian = {debian_valid, debian_compare};
