/*
 * Attributes and small macros that every file uses: ownership by cleanup attribute, results
 * that must be looked at, array lengths, and the functions that this tree does without.
 */
#ifndef RF_BASE_ATTR_H
#define RF_BASE_ATTR_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/banned.h"

#define RF_MUST_USE	      __attribute__((warn_unused_result))
#define RF_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define RF_NONNULL	      __attribute__((nonnull))
#define RF_UNUSED	      __attribute__((unused))

/* Runs fn(&variable) when the variable leaves its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Hands ownership on: yields the value and leaves nothing behind for the cleanup attribute. */
#define TAKE_PTR(p)                       \
	__extension__({                   \
		__auto_type taken_ = (p); \
		(p) = NULL;               \
		taken_;                   \
	})
#define TAKE_FD(fd)                \
	__extension__({            \
		int taken_ = (fd); \
		(fd) = -1;         \
		taken_;            \
	})

#define RF_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static inline void rf_freep(void *p)
{
	free(*(void **)p);
}
#define AUTO_FREE CLEANUP(rf_freep)

#endif
