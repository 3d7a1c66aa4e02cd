/*
 * Views: a pointer and a length into memory that somebody else owns. Not terminated by NUL unless
 * the owner says so. An empty view has len 0; a view with ptr NULL means "absent".
 */
#ifndef RF_BASE_STR_H
#define RF_BASE_STR_H

#include <string.h>

#include "base/attr.h"

struct rf_str {
	const char *ptr;
	size_t len; /* bytes */
};

struct rf_bytes {
	const uint8_t *ptr;
	size_t len; /* bytes */
};

#define RF_STR(lit)   ((struct rf_str){.ptr = (lit), .len = sizeof(lit) - 1})
#define RF_STR_NONE   ((struct rf_str){.ptr = NULL, .len = 0})
#define RF_STR_FMT    "%.*s"
#define RF_STR_ARG(s) (int)(s).len, ((s).ptr ? (s).ptr : "")

/* A view of a NUL-terminated string; NULL gives the absent view. */
static inline struct rf_str rf_str_of(const char *c)
{
	return (struct rf_str){.ptr = c, .len = c ? strlen(c) : 0};
}

static inline bool rf_str_eq(struct rf_str a, struct rf_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool rf_str_is(struct rf_str a, const char *c)
{
	return rf_str_eq(a, rf_str_of(c));
}

static inline bool rf_str_starts(struct rf_str s, struct rf_str prefix)
{
	return s.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool rf_str_ends(struct rf_str s, struct rf_str suffix)
{
	return s.len >= suffix.len &&
	       (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* Order by bytes, shorter first where one is the other's beginning: <0, 0, >0. */
int rf_str_cmp(struct rf_str a, struct rf_str b);

/*
 * Cuts s at the first sep: *ret_head is what is before it, the return value what is after. Without
 * a sep, head is all of s and the return value is absent (ptr NULL).
 */
struct rf_str rf_str_cut(struct rf_str s, char sep, struct rf_str *ret_head);

/* Copies into out, always terminated; false (and out empty) when it does not fit or holds a NUL. */
bool rf_str_copy(struct rf_str s, char *out, size_t out_size) RF_MUST_USE;

/* A heap copy, terminated by NUL; NULL when memory ran out. The caller frees it. */
char *rf_str_dup(struct rf_str s) RF_MUST_USE;

#endif
