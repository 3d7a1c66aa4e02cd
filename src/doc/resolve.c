/*
 * Scalar resolution. The first byte decides what a text can be, so that most strings cost one
 * switch. Numbers take a short way (plain decimal) and a long one (signs, bases, underscores,
 * exponents), in the order in which go-yaml v2 tries them.
 */
#include "doc/resolve_int.h"

#include <math.h>

#include "base/num.h"

#define NUMBER_MAX 1024		      /* bytes of the longest number; longer texts are strings */
#define EXACT_MAX  9007199254740992.0 /* 2^53: doubles hold every integer up to it */

static const struct doc_scalar a_string = {.type = DOC_STRING};

static const struct word {
	const char *text;
	enum doc_type type;
	bool truth;
} words[] = {
	{"true", DOC_BOOL, true},
	{"True", DOC_BOOL, true},
	{"TRUE", DOC_BOOL, true},
	{"false", DOC_BOOL, false},
	{"False", DOC_BOOL, false},
	{"FALSE", DOC_BOOL, false},
	{"y", DOC_BOOL, true},
	{"Y", DOC_BOOL, true},
	{"yes", DOC_BOOL, true},
	{"Yes", DOC_BOOL, true},
	{"YES", DOC_BOOL, true},
	{"on", DOC_BOOL, true},
	{"On", DOC_BOOL, true},
	{"ON", DOC_BOOL, true},
	{"n", DOC_BOOL, false},
	{"N", DOC_BOOL, false},
	{"no", DOC_BOOL, false},
	{"No", DOC_BOOL, false},
	{"NO", DOC_BOOL, false},
	{"off", DOC_BOOL, false},
	{"Off", DOC_BOOL, false},
	{"OFF", DOC_BOOL, false},
	{"~", DOC_NULL, false},
	{"null", DOC_NULL, false},
	{"Null", DOC_NULL, false},
	{"NULL", DOC_NULL, false},
	{".nan", DOC_FLOAT, false},
	{".NaN", DOC_FLOAT, false},
	{".NAN", DOC_FLOAT, false},
	{".inf", DOC_FLOAT, false},
	{".Inf", DOC_FLOAT, false},
	{".INF", DOC_FLOAT, false},
	{"+.inf", DOC_FLOAT, false},
	{"+.Inf", DOC_FLOAT, false},
	{"+.INF", DOC_FLOAT, false},
	{"-.inf", DOC_FLOAT, false},
	{"-.Inf", DOC_FLOAT, false},
	{"-.INF", DOC_FLOAT, false},
};

#define WORD_MAX 5

static struct doc_scalar resolve_word(struct rf_str text)
{
	if (text.len > WORD_MAX)
		return a_string;
	for (size_t i = 0; i < RF_ARRAY_LEN(words); i++) {
		if (rf_str_is(text, words[i].text))
			return (struct doc_scalar){.type = words[i].type, .truth = words[i].truth};
	}
	return a_string;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static unsigned digit_value(char c)
{
	char letter = (char)(c | 0x20);

	if (is_digit(c))
		return (unsigned)(c - '0');
	return letter >= 'a' && letter <= 'f' ? (unsigned)(letter - 'a') + 10 : 16;
}

/* Magnitude in a base; false on an empty text, another character, or a value over uint64. */
static bool parse_base(const char *p, unsigned base, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*p)
		return false;
	for (; *p; p++) {
		unsigned digit = digit_value(*p);

		if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
			__builtin_add_overflow(value, digit, &value))
			return false;
	}
	*ret = value;
	return true;
}

/* Go's ParseInt and ParseUint with base 0 on a text without underscores. */
static bool parse_integer(const char *p, struct doc_scalar *ret)
{
	bool negative = *p == '-', is_signed = negative || *p == '+';
	unsigned base = 10;
	uint64_t magnitude;

	p += is_signed;
	if (p[0] == '0' && p[1]) {
		char mark = (char)(p[1] | 0x20);

		base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
		p += mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1;
	}
	if (!parse_base(p, base, &magnitude))
		return false;
	if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
		*ret = (struct doc_scalar){.type = DOC_FLOAT};
		return !is_signed;
	}
	*ret = (struct doc_scalar){.type = DOC_INT,
		.number = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude};
	return true;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool looks_float(const char *p)
{
	size_t whole = 0, fraction = 0;

	p += *p == '-' || *p == '+';
	for (; is_digit(*p); p++)
		whole++;
	if (*p == '.')
		for (p++; is_digit(*p); p++)
			fraction++;
	if (whole + fraction == 0)
		return false;
	if ((*p | 0x20) == 'e') {
		p++;
		p += *p == '-' || *p == '+';
		if (!is_digit(*p))
			return false;
		while (is_digit(*p))
			p++;
	}
	return *p == '\0';
}

static struct doc_scalar parse_float(const char *text)
{
	char *end;
	double value;

	if (!looks_float(text))
		return a_string;
	value = strtod(text, &end);
	if (isinf(value))
		return a_string;
	/* Where a locale has another decimal point, end is short of it: still a number. */
	if (*end || value > EXACT_MAX || value < -EXACT_MAX || value != (double)(int64_t)value)
		return (struct doc_scalar){.type = DOC_FLOAT};
	return (struct doc_scalar){.type = DOC_INT, .number = (int64_t)value};
}

/* Underscores are dropped; where strict, they must stand between digits. */
static bool strip(struct rf_str text, bool strict, char out[static NUMBER_MAX])
{
	size_t len = 0;

	if (text.len >= NUMBER_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '_')
			out[len++] = text.ptr[i];
		else if (strict && (i == 0 || i + 1 == text.len || !is_digit(text.ptr[i - 1]) ||
					   !is_digit(text.ptr[i + 1])))
			return false;
	}
	out[len] = '\0';
	return true;
}

static struct doc_scalar resolve_number(struct rf_str text)
{
	char plain[NUMBER_MAX];
	struct doc_scalar scalar;

	if (!strip(text, false, plain))
		return a_string;
	return parse_integer(plain, &scalar) ? scalar : parse_float(plain);
}

static struct doc_scalar resolve_digits(struct rf_str text)
{
	int64_t number = 0;
	size_t i = 0;

	/* 18 digits cannot overflow; a leading zero means another base. */
	if (text.len > 18 || (text.ptr[0] == '0' && text.len > 1))
		return resolve_number(text);
	while (i < text.len && is_digit(text.ptr[i]))
		number = number * 10 + (text.ptr[i++] - '0');
	if (i < text.len)
		return resolve_number(text);
	return (struct doc_scalar){.type = DOC_INT, .canonical = true, .number = number};
}

static struct doc_scalar resolve_dot(struct rf_str text)
{
	struct doc_scalar word = resolve_word(text);
	char plain[NUMBER_MAX];

	if (word.type != DOC_STRING || !strip(text, true, plain))
		return word;
	return parse_float(plain);
}

static struct doc_scalar resolve_signed(struct rf_str text)
{
	struct doc_scalar word = resolve_word(text);

	return word.type != DOC_STRING ? word : resolve_number(text);
}

struct doc_scalar doc_resolve(struct rf_str text)
{
	if (text.len == 0)
		return (struct doc_scalar){.type = DOC_NULL};
	switch (text.ptr[0]) {
	case '0' ... '9': return resolve_digits(text);
	case 'y':
	case 'Y':
	case 'n':
	case 'N':
	case 't':
	case 'T':
	case 'f':
	case 'F':
	case 'o':
	case 'O':
	case '~': return resolve_word(text);
	case '.': return resolve_dot(text);
	case '+':
	case '-': return resolve_signed(text);
	default: return a_string;
	}
}
