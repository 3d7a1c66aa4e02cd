/*
 * Versions after semver.org 2.0: MAJOR.MINOR.PATCH, "-" and identifiers of a pre-release, "+" and
 * build metadata, which does not count. Everywhere a leading "v" is taken, and what is missing of
 * the three numbers is 0, since advisories write "1.2" as well. Three dialects:
 *
 *	semver, crates  as the specification has it
 *	Go		"go1.21rc2" is 1.21.0-rc.2; what builders write behind a toolchain's version
 *			is dropped: "go1.26.2-X:nodwarf5", "go1.22.5 (Red Hat 1.22.5-1.el9)"
 *	npm		"loose": a leading "=" and spaces, zeros before numbers, "1.2.3beta"
 *
 * OSV's "0", the beginning of all ranges, comes before every other version.
 */
#include "image/vuln/version_int.h"

struct semver {
	struct rf_str numbers[3];
	struct rf_str pre; /* absent: a release */
	bool first;	   /* OSV's "0" */
	bool glued;	   /* identifiers end where letters and digits meet: "rc2" is rc.2 */
};

enum dialect { DIALECT_STRICT, DIALECT_GO, DIALECT_NPM };

static bool is_ident_char(char c)
{
	return version_is_alnum(c) || c == '-';
}

static bool is_dot(char c)
{
	return c == '.';
}

static bool is_zero_led(struct rf_str number)
{
	return number.len > 1 && number.ptr[0] == '0';
}

static bool is_number(struct rf_str ident)
{
	return version_take(&ident, version_is_digit).len > 0 && ident.len == 0;
}

/* Up to three numbers with dots between them; false when there is none. */
static bool take_numbers(struct rf_str *s, bool zeros, struct semver *v)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(v->numbers); i++) {
		struct rf_str rest = i ? version_skip(*s, 1) : *s;

		v->numbers[i] = version_take(&rest, version_is_digit);
		if (v->numbers[i].len == 0 || (!zeros && is_zero_led(v->numbers[i])))
			return false;
		*s = rest;
		if (version_peek(*s) != '.')
			break;
	}
	return true;
}

/* Identifiers with dots between them, at least one. */
static bool take_idents(struct rf_str *s, bool zeros, struct rf_str *ret)
{
	struct rf_str start = *s;

	for (;;) {
		struct rf_str ident = version_take(s, is_ident_char);

		if (ident.len == 0 || (!zeros && is_zero_led(ident) && is_number(ident)))
			return false;
		if (version_peek(*s) != '.')
			break;
		*s = version_skip(*s, 1);
	}
	*ret = (struct rf_str){start.ptr, start.len - s->len};
	return true;
}

/* Go's own pre-releases: "rc2", "beta1", "-pre4", "-rc.2". */
static bool take_go_pre(struct rf_str *s, struct semver *v)
{
	struct rf_str rest = version_skip(*s, version_peek(*s) == '-'), word;
	const char *start = rest.ptr;

	word = version_take(&rest, version_is_alpha);
	if (!rf_str_is(word, "rc") && !rf_str_is(word, "beta") && !rf_str_is(word, "pre"))
		return false;
	if (version_peek(rest) == '.')
		rest = version_skip(rest, 1);
	if (version_take(&rest, version_is_digit).len == 0)
		return false;
	v->pre = (struct rf_str){start, (size_t)(rest.ptr - start)};
	v->glued = true;
	*s = rest;
	return true;
}

static bool parse_tail(struct rf_str s, enum dialect dialect, struct semver *v)
{
	bool zeros = dialect == DIALECT_NPM, dash = version_peek(s) == '-';
	struct rf_str build;

	if (dialect == DIALECT_GO && !dash && version_is_alpha(version_peek(s))) {
		if (!take_go_pre(&s, v))
			return false;
	} else if (dash || (zeros && is_ident_char(version_peek(s)))) {
		s = version_skip(s, dash);
		if (!take_idents(&s, zeros, &v->pre))
			return false;
	}
	if (version_peek(s) == '+') {
		s = version_skip(s, 1);
		if (!take_idents(&s, true, &build))
			return false;
	}
	return s.len == 0;
}

/* What follows the numbers of a toolchain is a pre-release or its builder's own. */
static bool parse_toolchain_tail(struct rf_str s, struct semver *v)
{
	struct rf_str rest = s;

	if (take_go_pre(&rest, v))
		s = rest;
	return !version_is_alnum(version_peek(s));
}

static bool parse_go(struct rf_str s, struct semver *v)
{
	bool toolchain = rf_str_starts(s, RF_STR("go"));
	const char *experiment;

	(void)rf_str_cut(s, ' ', &s);
	experiment = memmem(s.ptr, s.len, "-X:", 3);
	if (experiment)
		s.len = (size_t)(experiment - s.ptr);
	if (toolchain)
		s = version_skip(s, 2);
	else if (version_peek(s) == 'v')
		s = version_skip(s, 1);
	if (!take_numbers(&s, false, v))
		return false;
	return toolchain ? parse_toolchain_tail(s, v) : parse_tail(s, DIALECT_GO, v);
}

static bool parse(struct rf_str s, enum dialect dialect, struct semver *ret)
{
	*ret = (struct semver){.first = rf_str_is(s, "0")};
	if (dialect == DIALECT_GO)
		return parse_go(s, ret);
	if (dialect == DIALECT_NPM) {
		while (s.len && strchr("v= ", version_peek(s)))
			s = version_skip(s, 1);
		while (s.len && s.ptr[s.len - 1] == ' ')
			s.len--;
	} else if (version_peek(s) == 'v') {
		s = version_skip(s, 1);
	}
	return take_numbers(&s, dialect == DIALECT_NPM, ret) && parse_tail(s, dialect, ret);
}

/* --- the order --- */

static struct rf_str next_ident(struct rf_str *rest, bool glued)
{
	struct rf_str ident;

	if (!glued) {
		*rest = rf_str_cut(*rest, '.', &ident);
		return ident;
	}
	(void)version_take(rest, is_dot);
	ident = version_take(rest, version_is_alpha);
	return ident.len ? ident : version_take(rest, version_is_digit);
}

static int cmp_idents(struct rf_str a, struct rf_str b)
{
	bool a_number = is_number(a), b_number = is_number(b);

	if (a_number != b_number)
		return a_number ? -1 : 1;
	return a_number ? version_cmp_numbers(a, b) : version_cmp_bytes(a, b);
}

static int cmp_pre(const struct semver *a, const struct semver *b)
{
	struct rf_str left = a->pre, right = b->pre;
	int order = 0;

	if (!left.ptr || !right.ptr)
		return !left.ptr - !right.ptr;
	while (!order && left.len && right.len) {
		struct rf_str ident = next_ident(&left, a->glued);

		order = cmp_idents(ident, next_ident(&right, b->glued));
	}
	return order ? order : (left.len > 0) - (right.len > 0);
}

static int order_of(const struct semver *a, const struct semver *b)
{
	int order = b->first - a->first;

	for (size_t i = 0; !order && i < RF_ARRAY_LEN(a->numbers); i++)
		order = version_cmp_numbers(a->numbers[i], b->numbers[i]);
	return order ? order : cmp_pre(a, b);
}

static bool compare(enum dialect dialect, struct rf_str a, struct rf_str b, int *ret)
{
	struct semver left, right;

	if (!parse(a, dialect, &left) || !parse(b, dialect, &right))
		return false;
	*ret = order_of(&left, &right);
	return true;
}

/* --- the dialects --- */

static bool go_valid(struct rf_str text)
{
	struct semver v;

	return parse(text, DIALECT_GO, &v);
}

static bool go_compare(struct rf_str a, struct rf_str b, int *ret)
{
	return compare(DIALECT_GO, a, b, ret);
}

static bool semver_valid(struct rf_str text)
{
	struct semver v;

	return parse(text, DIALECT_STRICT, &v);
}

static bool semver_compare(struct rf_str a, struct rf_str b, int *ret)
{
	return compare(DIALECT_STRICT, a, b, ret);
}

static bool npm_valid(struct rf_str text)
{
	struct semver v;

	return parse(text, DIALECT_NPM, &v);
}

static bool npm_compare(struct rf_str a, struct rf_str b, int *ret)
{
	return compare(DIALECT_NPM, a, b, ret);
}

const struct version_order version_go = {go_valid, go_compare};
const struct version_order version_semver = {semver_valid, semver_compare};
const struct version_order version_npm = {npm_valid, npm_compare};
