/*
 * sign digits [. digits] suffix, where suffix is one of n u m k M G T P E, Ki..Ei, or e/E and a
 * signed decimal exponent. The digits go into a 128-bit mantissa with a decimal exponent beside it;
 * digits that cannot matter any more only leave a mark ("sticky") that makes the result round up.
 */
#include "kube/quantity.h"

#include "base/num.h"

/* 10^18 * 2^60 fits 128 bits, and so does 10^37. */
#define BINARY_DIGITS  18
#define DECIMAL_DIGITS 36
#define EXPONENT_MAX   1000

struct number {
	unsigned __int128 mantissa;
	int exponent;	/* of ten */
	unsigned shift; /* of two, from a binary suffix */
	bool sticky;
};

static bool is_digit(struct rf_str s, size_t i)
{
	return i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9';
}

static void add_digit(struct number *n, unsigned digit, bool fraction, unsigned max_digits)
{
	static const unsigned __int128 limit18 = 1000000000000000000U;
	unsigned __int128 limit = limit18 * (max_digits > BINARY_DIGITS ? limit18 : 1);

	if (n->mantissa < limit / 10) {
		n->mantissa = n->mantissa * 10 + digit;
		n->exponent -= fraction;
	} else {
		n->sticky |= digit != 0;
		n->exponent += !fraction;
	}
}

static bool parse_suffix(struct rf_str s, struct number *n)
{
	static const char decimal[] = "num kMGTPE";
	static const char binary[] = "KMGTPE";
	const char *at;
	int64_t exponent;

	if (s.len == 0)
		return true;
	if (s.len == 2 && s.ptr[1] == 'i' && (at = memchr(binary, s.ptr[0], sizeof(binary) - 1))) {
		n->shift = 10 * (unsigned)(at - binary + 1);
		return true;
	}
	if (s.len > 1 && (s.ptr[0] == 'e' || s.ptr[0] == 'E')) {
		struct rf_str digits = {.ptr = s.ptr + 1, .len = s.len - 1};

		if (digits.ptr[0] == '+' && digits.len > 1 && is_digit(digits, 1)) {
			digits.ptr++;
			digits.len--;
		}
		if (!rf_num_i64(digits, -EXPONENT_MAX, EXPONENT_MAX, &exponent))
			return false;
		n->exponent += (int)exponent;
		return true;
	}
	at = s.len == 1 && s.ptr[0] != ' ' ? memchr(decimal, s.ptr[0], sizeof(decimal) - 1) : NULL;
	if (!at)
		return false;
	n->exponent += 3 * ((int)(at - decimal) - 3);
	return true;
}

/* The digits of s from *at on; the suffix is looked at first because it bounds the digits. */
static bool parse_number(struct rf_str s, struct number *n)
{
	unsigned max_digits = s.len && s.ptr[s.len - 1] == 'i' ? BINARY_DIGITS : DECIMAL_DIGITS;
	size_t i = 0, digits = 0;

	for (; is_digit(s, i); i++, digits++)
		add_digit(n, (unsigned)(s.ptr[i] - '0'), false, max_digits);
	if (i < s.len && s.ptr[i] == '.') {
		for (i++; is_digit(s, i); i++, digits++)
			add_digit(n, (unsigned)(s.ptr[i] - '0'), true, max_digits);
	}
	return digits && parse_suffix((struct rf_str){.ptr = s.ptr + i, .len = s.len - i}, n);
}

static int64_t to_milli(struct number *n)
{
	int exponent = n->exponent + 3;

	if (n->mantissa == 0)
		return n->sticky;
	if (__builtin_mul_overflow(n->mantissa, (unsigned __int128)1 << n->shift, &n->mantissa))
		return INT64_MAX;
	for (; exponent > 0; exponent--) {
		if (__builtin_mul_overflow(n->mantissa, 10, &n->mantissa))
			return INT64_MAX;
	}
	for (; exponent < 0 && n->mantissa; exponent++) {
		n->sticky |= n->mantissa % 10 != 0;
		n->mantissa /= 10;
	}
	if (n->mantissa > (unsigned __int128)(INT64_MAX - 1))
		return INT64_MAX;
	return (int64_t)n->mantissa + n->sticky;
}

bool kube_quantity_parse(struct rf_str text, struct kube_quantity *ret)
{
	struct rf_str s = text;
	struct number n = {.mantissa = 0};
	bool negative = s.len && s.ptr[0] == '-';

	if (s.len && (negative || s.ptr[0] == '+')) {
		s.ptr++;
		s.len--;
	}
	if (!parse_number(s, &n))
		return false;
	*ret = (struct kube_quantity){.set = true, .milli = to_milli(&n), .text = text};
	if (negative)
		ret->milli = -ret->milli;
	return true;
}
