/*
 * Memory that is freed all at once: one arena a document, model or request, with a cap in bytes.
 * Under AddressSanitizer every object is a malloc of its own, so that overruns are seen.
 */
#ifndef RF_BASE_ARENA_H
#define RF_BASE_ARENA_H

#include "base/str.h"

struct rf_arena;

/* max_bytes is the sum of sizes it will hand out; 0 means 4 GiB. NULL when memory ran out. */
struct rf_arena *rf_arena_new(size_t max_bytes) RF_MUST_USE;
/* Frees the arena and all it handed out. NULL is accepted. */
void rf_arena_free(struct rf_arena *arena);
void rf_arena_freep(struct rf_arena **arena);

/* Zeroed memory aligned for any type, or NULL at the cap or when memory ran out. */
void *rf_arena_alloc(struct rf_arena *arena, size_t size) RF_MUST_USE;
/* The same for count * size, checked for overflow. */
void *rf_arena_array(struct rf_arena *arena, size_t count, size_t size) RF_MUST_USE;
/* A copy of s, terminated by a NUL that its len does not count; ptr NULL on failure. */
struct rf_str rf_arena_str(struct rf_arena *arena, struct rf_str s) RF_MUST_USE;
/* printf into the arena; ptr NULL on failure. */
struct rf_str rf_arena_printf(struct rf_arena *arena, const char *fmt, ...)
	RF_PRINTF(2, 3) RF_MUST_USE;
/* Bytes handed out so far. */
size_t rf_arena_used(const struct rf_arena *arena);

#define rf_arena_new_of(arena, type) ((type *)rf_arena_alloc((arena), sizeof(type)))
#define AUTO_ARENA		     CLEANUP(rf_arena_freep) struct rf_arena

#endif
