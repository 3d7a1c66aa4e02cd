/*
 * PyPI, PEP 440: [N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local], in all the spellings that PEP 440
 * normalises. Versions that are none of that ("legacy" ones) are not ordered by anybody today.
 */
#include "image/vuln/version_int.h"

/* Where a version stands among those of its release, by the pre-release part. */
enum stage {
	STAGE_DEV, /* 1.0.dev1: before any pre-release */
	STAGE_ALPHA,
	STAGE_BETA,
	STAGE_RC,
	STAGE_FINAL,
};

struct pep440 {
	struct rf_str epoch, release, pre, post, dev, local; /* numbers; ptr NULL: not there */
	enum stage stage;
};

struct word {
	const char *text;
	enum stage stage;
};

/* Where one is the beginning of another, the longer comes first. */
static const struct word pre_words[] = {
	{"alpha", STAGE_ALPHA},
	{"a", STAGE_ALPHA},
	{"beta", STAGE_BETA},
	{"b", STAGE_BETA},
	{"preview", STAGE_RC},
	{"pre", STAGE_RC},
	{"rc", STAGE_RC},
	{"c", STAGE_RC},
};
static const struct word post_words[] = {
	{"post", STAGE_FINAL}, {"rev", STAGE_FINAL}, {"r", STAGE_FINAL}};
static const struct word dev_words[] = {{"dev", STAGE_DEV}};

static bool is_separator(char c)
{
	return c == '.' || c == '-' || c == '_';
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool takes_word(struct rf_str *s, const char *word)
{
	size_t len = strlen(word);

	if (s->len < len || !version_is_word((struct rf_str){s->ptr, len}, word))
		return false;
	*s = version_skip(*s, len);
	return true;
}

/*
 * [separator]WORD[separator][N]: the word, or NULL and *s as it was. No number is 0; a separator is
 * taken even when no number follows, as PEP 440's expression does.
 */
static const struct word *take_part(
	struct rf_str *s, const struct word *words, size_t count, struct rf_str *ret_number)
{
	struct rf_str rest = version_skip(*s, is_separator(version_peek(*s)));

	if (!version_is_alpha(version_peek(rest)))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct rf_str tail = rest;

		if (!takes_word(&tail, words[i].text))
			continue;
		tail = version_skip(tail, is_separator(version_peek(tail)));
		*ret_number = version_take(&tail, version_is_digit);
		*s = tail;
		return &words[i];
	}
	return NULL;
}

static bool take_release(struct rf_str *s, struct pep440 *v)
{
	struct rf_str number;

	v->release.ptr = s->ptr;
	for (;;) {
		number = version_take(s, version_is_digit);
		if (number.len == 0)
			return false;
		v->release.len = (size_t)(s->ptr - v->release.ptr);
		if (s->len < 2 || s->ptr[0] != '.' || !version_is_digit(s->ptr[1]))
			return true;
		*s = version_skip(*s, 1);
	}
}

static bool take_epoch_and_release(struct rf_str *s, struct pep440 *v)
{
	struct rf_str rest = *s, number = version_take(&rest, version_is_digit);

	if (number.len && version_peek(rest) == '!') {
		v->epoch = number;
		*s = version_skip(rest, 1);
	}
	return take_release(s, v);
}

/* "-N" alone is a post-release as well. */
static void take_post(struct rf_str *s, struct pep440 *v)
{
	struct rf_str rest = *s, number;

	if (version_peek(rest) == '-') {
		rest = version_skip(rest, 1);
		number = version_take(&rest, version_is_digit);
		if (number.len) {
			v->post = number;
			*s = rest;
			return;
		}
	}
	(void)take_part(s, post_words, RF_ARRAY_LEN(post_words), &v->post);
}

static bool take_local(struct rf_str *s, struct pep440 *v)
{
	if (version_peek(*s) != '+')
		return true;
	*s = version_skip(*s, 1);
	v->local.ptr = s->ptr;
	for (;;) {
		if (version_take(s, version_is_alnum).len == 0)
			return false;
		v->local.len = (size_t)(s->ptr - v->local.ptr);
		if (!is_separator(version_peek(*s)))
			return true;
		*s = version_skip(*s, 1);
	}
}

static struct rf_str trimmed(struct rf_str s)
{
	(void)version_take(&s, is_space);
	while (s.len && is_space(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

static bool parse(struct rf_str text, struct pep440 *ret)
{
	struct rf_str s = trimmed(text);
	const struct word *pre;

	*ret = (struct pep440){.stage = STAGE_FINAL};
	(void)takes_word(&s, "v");
	if (!take_epoch_and_release(&s, ret))
		return false;
	pre = take_part(&s, pre_words, RF_ARRAY_LEN(pre_words), &ret->pre);
	take_post(&s, ret);
	(void)take_part(&s, dev_words, RF_ARRAY_LEN(dev_words), &ret->dev);
	if (pre)
		ret->stage = pre->stage;
	else if (ret->dev.ptr && !ret->post.ptr)
		ret->stage = STAGE_DEV;
	return take_local(&s, ret) && s.len == 0;
}

static bool pypi_valid(struct rf_str text)
{
	struct pep440 v;

	return parse(text, &v);
}

/* --- the order --- */

static int cmp_releases(struct rf_str a, struct rf_str b)
{
	int order = 0;

	while (!order && (a.len || b.len)) {
		struct rf_str left, right;

		a = rf_str_cut(a, '.', &left);
		b = rf_str_cut(b, '.', &right);
		order = version_cmp_numbers(left, right);
	}
	return order;
}

/* Numbers come after words, and more segments after fewer. */
static int cmp_segments(struct rf_str a, struct rf_str b)
{
	struct rf_str a_rest = a, b_rest = b;
	bool a_number, b_number;

	(void)version_take(&a_rest, version_is_digit);
	(void)version_take(&b_rest, version_is_digit);
	a_number = a_rest.len == 0;
	b_number = b_rest.len == 0;
	if (a_number != b_number)
		return a_number ? 1 : -1;
	if (a_number)
		return version_cmp_numbers(a, b);
	for (size_t i = 0; i < a.len && i < b.len; i++) {
		int order = version_lower(a.ptr[i]) - version_lower(b.ptr[i]);

		if (order)
			return version_sign(order);
	}
	return version_sign((long long)a.len - (long long)b.len);
}

static int cmp_locals(struct rf_str a, struct rf_str b)
{
	int order = 0;

	while (!order && a.len && b.len) {
		struct rf_str left = version_take(&a, version_is_alnum);

		order = cmp_segments(left, version_take(&b, version_is_alnum));
		a = version_skip(a, a.len > 0);
		b = version_skip(b, b.len > 0);
	}
	return order ? order : (a.len > 0) - (b.len > 0);
}

/* A part that is there comes after (sign 1) or before (sign -1) none. */
static int cmp_parts(struct rf_str a, struct rf_str b, int sign)
{
	if (!a.ptr || !b.ptr)
		return ((a.ptr != NULL) - (b.ptr != NULL)) * sign;
	return version_cmp_numbers(a, b);
}

static int order_of(const struct pep440 *a, const struct pep440 *b)
{
	int order = version_cmp_numbers(a->epoch, b->epoch);

	if (!order)
		order = cmp_releases(a->release, b->release);
	if (!order)
		order = version_sign((int)a->stage - (int)b->stage);
	if (!order)
		order = version_cmp_numbers(a->pre, b->pre);
	if (!order)
		order = cmp_parts(a->post, b->post, 1);
	if (!order)
		order = cmp_parts(a->dev, b->dev, -1);
	return order ? order : cmp_locals(a->local, b->local);
}

static bool pypi_compare(struct rf_str a, struct rf_str b, int *ret)
{
	struct pep440 left, right;

	if (!parse(a, &left) || !parse(b, &right))
		return false;
	*ret = order_of(&left, &right);
	return true;
}

const struct version_order version_pypi = {pypi_valid, pypi_compare};
