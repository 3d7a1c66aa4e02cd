/*
 * A typed growing array. RF_VEC(type) declares one; zero-initialised is empty. Items move when it
 * grows, so keep indexes, not pointers, across a push.
 */
#ifndef RF_BASE_VEC_H
#define RF_BASE_VEC_H

#include "base/attr.h"

#define RF_VEC(type)          \
	struct {              \
		type *items;  \
		size_t count; \
		size_t cap;   \
	}

/* The same with a name, for passing to functions. */
#define RF_VEC_TYPE(name, type) \
	struct name {           \
		type *items;    \
		size_t count;   \
		size_t cap;     \
	}

/* Makes room for one more item of item_size; false when memory ran out (nothing changed). */
bool rf_vec_grow_raw(void **items, size_t *cap, size_t count, size_t item_size) RF_MUST_USE;

/* Appends a zeroed item and yields its address, or NULL when memory ran out. */
#define rf_vec_add(vec)                                                                            \
	(rf_vec_grow_raw((void **)&(vec)->items, &(vec)->cap, (vec)->count, sizeof(*(vec)->items)) \
			? (__builtin_memset(                                                       \
				   &(vec)->items[(vec)->count], 0, sizeof(*(vec)->items)),         \
				  &(vec)->items[(vec)->count++])                                   \
			: NULL)

/* Appends a copy of value; false when memory ran out. */
#define rf_vec_push(vec, value)                                                                    \
	(rf_vec_grow_raw((void **)&(vec)->items, &(vec)->cap, (vec)->count, sizeof(*(vec)->items)) \
			? ((vec)->items[(vec)->count++] = (value), true)                           \
			: false)

/* Frees the array (not what its items own). */
#define rf_vec_done(vec)                       \
	do {                                   \
		free((vec)->items);            \
		(vec)->items = NULL;           \
		(vec)->count = (vec)->cap = 0; \
	} while (0)

#define rf_vec_each(it, vec)                                                                       \
	for (__typeof__(*(vec)->items) *it = (vec)->items; it && it < (vec)->items + (vec)->count; \
		it++)

#endif
