/* Growth of typed arrays: doubling, overflow-checked. */
#include "base/vec.h"

bool rf_vec_grow_raw(void **items, size_t *cap, size_t count, size_t item_size)
{
	size_t new_cap, bytes;
	void *grown;

	if (count < *cap)
		return true;
	if (__builtin_mul_overflow(*cap ? *cap : 4, 2, &new_cap) ||
		__builtin_mul_overflow(new_cap, item_size, &bytes))
		return false;
	grown = realloc(*items, bytes);
	if (!grown)
		return false;
	*items = grown;
	*cap = new_cap;
	return true;
}
