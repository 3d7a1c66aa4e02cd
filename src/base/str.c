/* Views into strings. */
#include "base/str.h"

int rf_str_cmp(struct rf_str a, struct rf_str b)
{
	size_t shared = a.len < b.len ? a.len : b.len;
	int order = shared ? memcmp(a.ptr, b.ptr, shared) : 0;

	if (order)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

struct rf_str rf_str_cut(struct rf_str s, char sep, struct rf_str *ret_head)
{
	const char *at = s.len ? memchr(s.ptr, sep, s.len) : NULL;
	size_t head_len;

	if (!at) {
		*ret_head = s;
		return RF_STR_NONE;
	}
	head_len = (size_t)(at - s.ptr);
	*ret_head = (struct rf_str){.ptr = s.ptr, .len = head_len};
	return (struct rf_str){.ptr = at + 1, .len = s.len - head_len - 1};
}

bool rf_str_copy(struct rf_str s, char *out, size_t out_size)
{
	if (s.len >= out_size || (s.len && memchr(s.ptr, '\0', s.len))) {
		if (out_size)
			out[0] = '\0';
		return false;
	}
	if (s.len)
		memcpy(out, s.ptr, s.len);
	out[s.len] = '\0';
	return true;
}

char *rf_str_dup(struct rf_str s)
{
	char *copy = malloc(s.len + 1);

	if (!copy)
		return NULL;
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return copy;
}
