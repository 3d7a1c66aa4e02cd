/*
 * Maven, ComparableVersion of maven-artifact 3.9: numbers and words; "-", and every change between
 * letters and digits, opens a list within the list so far. Nothing ever follows a list in the list
 * that holds it, so a version is kept flat, a mark where a list opens. Zeros and "release" words at
 * the end of a list are dropped, also before a list that it holds.
 *
 * ComparableVersion is no order: 1-rc < 1 < 1.sp, but 1.sp < 1-rc, since a word comes before a list
 * whatever the two are. Here what is below the plain release comes before what is above it, and
 * only then words come before lists and lists before numbers. That is an order, and it differs from
 * ComparableVersion's for no other pairs than those.
 */
#include "image/vuln/version_int.h"

/* In their order. */
enum kind { KIND_END, KIND_WORD, KIND_LIST, KIND_NUMBER };

struct item {
	struct rf_str text;
	enum kind kind;
	unsigned rank; /* KIND_WORD */
	int sign;      /* of this and all that follows, against nothing: below, the same, above */
};

/* No byte makes more than two items, besides what is left at the end. */
#define ITEMS_MAX (2 * VULN_VERSION_MAX + 4)

struct maven {
	struct item *first; /* of what is left after trimming; ends with KIND_END */
	struct item items[ITEMS_MAX];
	size_t count;
	bool list_empty; /* while parsing: nothing was added to the innermost list */
};

enum rank {
	RANK_ALPHA,
	RANK_BETA,
	RANK_MILESTONE,
	RANK_RC,
	RANK_SNAPSHOT,
	RANK_RELEASE,
	RANK_SP,
	RANK_OTHER, /* by their letters */
};

static const struct {
	const char *word;
	enum rank rank;
	bool before_digit; /* only when a digit follows */
} words[] = {
	{"alpha", RANK_ALPHA, false},
	{"a", RANK_ALPHA, true},
	{"beta", RANK_BETA, false},
	{"b", RANK_BETA, true},
	{"milestone", RANK_MILESTONE, false},
	{"m", RANK_MILESTONE, true},
	{"rc", RANK_RC, false},
	{"cr", RANK_RC, false},
	{"snapshot", RANK_SNAPSHOT, false},
	{"ga", RANK_RELEASE, false},
	{"final", RANK_RELEASE, false},
	{"release", RANK_RELEASE, false},
	{"sp", RANK_SP, false},
};

static enum rank rank_of(struct rf_str word, bool before_digit)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(words); i++) {
		if ((before_digit || !words[i].before_digit) &&
			version_is_word(word, words[i].word))
			return words[i].rank;
	}
	return RANK_OTHER;
}

static bool maven_valid(struct rf_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f)
			return false;
	}
	return true;
}

/* --- reading --- */

static struct item *add(struct maven *v, enum kind kind, struct rf_str text)
{
	struct item *item = &v->items[v->count++];

	*item = (struct item){.kind = kind, .text = text};
	v->list_empty = kind == KIND_LIST;
	return item;
}

static void add_number(struct maven *v, struct rf_str digits)
{
	add(v, KIND_NUMBER, digits)->sign = version_cmp_numbers(digits, RF_STR(""));
}

static void add_word(struct maven *v, struct rf_str word, bool before_digit)
{
	struct item *item = add(v, KIND_WORD, word);

	item->rank = rank_of(word, before_digit);
	item->sign = version_sign((int)item->rank - (int)RANK_RELEASE);
}

static void open_list(struct maven *v)
{
	add(v, KIND_LIST, RF_STR_NONE);
}

/* A dot before a word that a digit follows, or that ends the version, is as good as a dash. */
static void dash_before_word(struct maven *v)
{
	if (!v->list_empty)
		open_list(v);
}

static bool is_word_char(char c)
{
	return c != '.' && c != '-' && !version_is_digit(c);
}

/* A run of digits or of other bytes and the separator behind it; what follows may open a list. */
static void read_run(struct maven *v, struct rf_str *s)
{
	bool digits = version_is_digit(version_peek(*s));
	struct rf_str run = version_take(s, digits ? version_is_digit : is_word_char);
	char next = version_peek(*s);
	bool joined = next && next != '.' && next != '-';

	if (!digits && (joined || !next))
		dash_before_word(v);
	if (digits || !run.len)
		add_number(v, run);
	else
		add_word(v, run, joined);
	if (joined || next == '-')
		open_list(v);
	if (next && !joined)
		*s = version_skip(*s, 1);
}

/*
 * From the end: drops zeros and "release" words before every end of a list, and lists that are
 * empty then. What is left moves up to the end of items; signs are summed up on the way.
 */
static void trim(struct maven *v)
{
	struct item *end = &v->items[v->count], *to = end;
	bool trimming = true;

	*end = (struct item){.kind = KIND_END};
	for (size_t i = v->count; i-- > 0;) {
		const struct item *item = &v->items[i];

		if (item->kind == KIND_LIST)
			trimming = true;
		if (item->kind == KIND_LIST ? to == end : trimming && item->sign == 0)
			continue;
		if (item->kind != KIND_LIST)
			trimming = false;
		*--to = *item;
		if (to->sign == 0)
			to->sign = to[1].sign;
	}
	v->first = to;
}

static void parse(struct rf_str s, struct maven *ret)
{
	ret->count = 0;
	ret->list_empty = true;
	while (s.len)
		read_run(ret, &s);
	trim(ret);
}

/* --- the order --- */

static int cmp_words(const struct item *a, const struct item *b)
{
	if (a->rank != b->rank || a->rank != RANK_OTHER)
		return version_sign((int)a->rank - (int)b->rank);
	for (size_t i = 0; i < a->text.len && i < b->text.len; i++) {
		int order = version_lower(a->text.ptr[i]) - version_lower(b->text.ptr[i]);

		if (order)
			return version_sign(order);
	}
	return version_sign((long long)a->text.len - (long long)b->text.len);
}

static int cmp_items(const struct item *a, const struct item *b)
{
	if (a->sign != b->sign)
		return a->sign < b->sign ? -1 : 1;
	if (a->sign == 0)
		return 0;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == KIND_WORD)
		return cmp_words(a, b);
	return a->kind == KIND_NUMBER ? version_cmp_numbers(a->text, b->text) : 0;
}

static int order_of(struct rf_str a, struct rf_str b)
{
	struct maven left, right;
	const struct item *l, *r;

	parse(a, &left);
	parse(b, &right);
	l = left.first;
	r = right.first;
	for (;; l++, r++) {
		int order = cmp_items(l, r);

		/* Where one ends, signs differ or nothing of weight is left of either. */
		if (order || l->kind == KIND_END || r->kind == KIND_END)
			return order;
	}
}

static bool maven_compare(struct rf_str a, struct rf_str b, int *ret)
{
	if (!maven_valid(a) || !maven_valid(b))
		return false;
	*ret = order_of(a, b);
	return true;
}

const struct version_order version_maven = {maven_valid, maven_compare};
