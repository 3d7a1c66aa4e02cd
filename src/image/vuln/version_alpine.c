/*
 * Alpine, as apk-tools has it: digits{.digits}[letter]{_suffix[digits]}[~hash][-rdigits]. A version
 * is cut into parts; where the kinds of two parts differ, the kinds decide. Numbers behind a dot
 * compare as text when one of them begins with 0, as in Gentoo's rules.
 */
#include "image/vuln/version_int.h"

/*
 * In the order of the grammar; that is also which of two versions is greater where they part: the
 * one whose next part is of the earlier kind. Only suffixes of pre-releases come below the end.
 */
enum kind {
	KIND_FIRST_NUMBER,
	KIND_NUMBER,
	KIND_LETTER,
	KIND_SUFFIX,
	KIND_SUFFIX_NUMBER,
	KIND_HASH,
	KIND_REVISION,
	KIND_END,
	KIND_INVALID,
};

struct part {
	enum kind kind;
	struct rf_str text;
	unsigned suffix; /* KIND_SUFFIX: index into suffixes */
};

/* In their order. */
static const char *const suffixes[] = {
	"alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"};
#define SUFFIX_FIRST_POST 4

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_hash_char(char c)
{
	return version_is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool find_suffix(struct rf_str text, unsigned *ret)
{
	for (unsigned i = 0; i < RF_ARRAY_LEN(suffixes); i++) {
		if (rf_str_is(text, suffixes[i])) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* The part becomes a run of bytes of a kind, which must not be empty. */
static void take_run(struct part *part, struct rf_str *s, enum kind kind, bool (*is)(char c))
{
	part->text = version_take(s, is);
	part->kind = part->text.len ? kind : KIND_INVALID;
}

static void next_suffix(struct part *part, struct rf_str *s)
{
	take_run(part, s, KIND_SUFFIX, is_lower);
	if (part->kind == KIND_SUFFIX && !find_suffix(part->text, &part->suffix))
		part->kind = KIND_INVALID;
}

static void next_revision(struct part *part, struct rf_str *s)
{
	*s = version_skip(*s, version_peek(*s) == 'r');
	take_run(part, s, KIND_REVISION, version_is_digit);
}

static void next_letter(struct part *part, struct rf_str *s)
{
	part->kind = KIND_LETTER;
	part->text = (struct rf_str){s->ptr, 1};
	*s = version_skip(*s, 1);
}

/* Replaces part by the next one of *s. */
static void next_part(struct part *part, struct rf_str *s)
{
	enum kind last = part->kind;
	char c = version_peek(*s);

	part->kind = KIND_INVALID;
	if (s->len == 0) {
		part->kind = KIND_END;
	} else if (is_lower(c) && last <= KIND_NUMBER) {
		next_letter(part, s);
	} else if (version_is_digit(c) && last == KIND_SUFFIX) {
		take_run(part, s, KIND_SUFFIX_NUMBER, version_is_digit);
	} else if (c == '.' && last <= KIND_NUMBER) {
		*s = version_skip(*s, 1);
		take_run(part, s, KIND_NUMBER, version_is_digit);
	} else if (c == '_' && last <= KIND_SUFFIX_NUMBER) {
		*s = version_skip(*s, 1);
		next_suffix(part, s);
	} else if (c == '~' && last < KIND_HASH) {
		*s = version_skip(*s, 1);
		take_run(part, s, KIND_HASH, is_hash_char);
	} else if (rf_str_starts(*s, RF_STR("-r")) && last < KIND_REVISION) {
		*s = version_skip(*s, 1);
		next_revision(part, s);
	}
}

static struct part first_part(struct rf_str *s)
{
	struct part part = {.kind = KIND_INVALID};

	take_run(&part, s, KIND_FIRST_NUMBER, version_is_digit);
	return part;
}

static bool alpine_valid(struct rf_str text)
{
	struct part part = first_part(&text);

	while (part.kind < KIND_END)
		next_part(&part, &text);
	return part.kind == KIND_END;
}

static int cmp_alike(const struct part *a, const struct part *b)
{
	if (a->kind == KIND_SUFFIX)
		return version_sign((long long)a->suffix - (long long)b->suffix);
	if (a->kind == KIND_LETTER || a->kind == KIND_HASH ||
		(a->kind == KIND_NUMBER && (a->text.ptr[0] == '0' || b->text.ptr[0] == '0')))
		return version_cmp_bytes(a->text, b->text);
	return version_cmp_numbers(a->text, b->text);
}

static bool is_pre_release(const struct part *part)
{
	return part->kind == KIND_SUFFIX && part->suffix < SUFFIX_FIRST_POST;
}

static int order_of(struct rf_str a, struct rf_str b)
{
	struct part left = first_part(&a), right = first_part(&b);

	while (left.kind == right.kind && left.kind < KIND_END) {
		int order = cmp_alike(&left, &right);

		if (order)
			return order;
		next_part(&left, &a);
		next_part(&right, &b);
	}
	if (left.kind == right.kind)
		return 0;
	if (is_pre_release(&left) || is_pre_release(&right))
		return is_pre_release(&left) ? -1 : 1;
	return left.kind < right.kind ? 1 : -1;
}

static bool alpine_compare(struct rf_str a, struct rf_str b, int *ret)
{
	if (!alpine_valid(a) || !alpine_valid(b))
		return false;
	*ret = order_of(a, b);
	return true;
}

const struct version_order version_alpine = {alpine_valid, alpine_compare};
