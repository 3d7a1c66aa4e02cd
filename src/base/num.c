/* Numbers from text. */
#include "base/num.h"

bool rf_num_u64(struct rf_str text, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned)(unsigned char)text.ptr[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(value, 10U, &value) ||
			__builtin_add_overflow(value, digit, &value))
			return false;
	}
	if (value > max)
		return false;
	*ret = value;
	return true;
}

bool rf_num_i64(struct rf_str text, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = text.len && text.ptr[0] == '-';
	uint64_t magnitude;
	int64_t value;

	if (negative) {
		text.ptr++;
		text.len--;
	}
	if (!rf_num_u64(text, (uint64_t)INT64_MAX + (negative ? 1 : 0), &magnitude))
		return false;
	value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	if (value < min || value > max)
		return false;
	*ret = value;
	return true;
}
