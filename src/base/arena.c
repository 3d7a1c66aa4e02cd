/* Chunks of growing size chained together; freed together. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdio.h>

#define ARENA_DEFAULT_MAX ((size_t)4 << 30)
#define ARENA_CHUNK_MIN	  ((size_t)8 << 10)
#define ARENA_CHUNK_MAX	  ((size_t)1 << 20)

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_OBJECT_A_CHUNK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_OBJECT_A_CHUNK 1
#endif
#endif
#ifndef ARENA_OBJECT_A_CHUNK
#define ARENA_OBJECT_A_CHUNK 0
#endif

struct chunk {
	struct chunk *next;
	size_t cap;
	size_t used;
	alignas(max_align_t) unsigned char data[];
};

struct rf_arena {
	struct chunk *chunks; /* the one in use first */
	size_t max_bytes;
	size_t used_bytes;
	size_t next_cap;
};

struct rf_arena *rf_arena_new(size_t max_bytes)
{
	struct rf_arena *arena = calloc(1, sizeof(*arena));

	if (!arena)
		return NULL;
	arena->max_bytes = max_bytes ? max_bytes : ARENA_DEFAULT_MAX;
	arena->next_cap = ARENA_CHUNK_MIN;
	return arena;
}

void rf_arena_free(struct rf_arena *arena)
{
	struct chunk *next;

	if (!arena)
		return;
	for (struct chunk *c = arena->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	free(arena);
}

void rf_arena_freep(struct rf_arena **arena)
{
	rf_arena_free(*arena);
}

static struct chunk *chunk_push(struct rf_arena *arena, size_t size)
{
	size_t cap = arena->next_cap;
	struct chunk *c;

	if (ARENA_OBJECT_A_CHUNK || size > cap)
		cap = size;
	else if (arena->next_cap < ARENA_CHUNK_MAX)
		arena->next_cap *= 2;
	c = cap <= SIZE_MAX - sizeof(*c) ? calloc(1, sizeof(*c) + cap) : NULL;
	if (!c)
		return NULL;
	c->cap = cap;
	c->next = arena->chunks;
	arena->chunks = c;
	return c;
}

void *rf_arena_alloc(struct rf_arena *arena, size_t size)
{
	size_t align = alignof(max_align_t);
	struct chunk *c = arena->chunks;
	size_t room = size;
	void *p;

	if (size > arena->max_bytes - arena->used_bytes || size > SIZE_MAX - align)
		return NULL;
	if (!ARENA_OBJECT_A_CHUNK)
		room = (size + align - 1) & ~(align - 1);
	if (!c || room > c->cap - c->used || ARENA_OBJECT_A_CHUNK) {
		c = chunk_push(arena, room);
		if (!c)
			return NULL;
	}
	p = c->data + c->used;
	c->used += room;
	arena->used_bytes += size;
	return p;
}

void *rf_arena_array(struct rf_arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	return rf_arena_alloc(arena, total);
}

struct rf_str rf_arena_str(struct rf_arena *arena, struct rf_str s)
{
	char *copy = rf_arena_alloc(arena, s.len + 1);

	if (!copy)
		return RF_STR_NONE;
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	return (struct rf_str){.ptr = copy, .len = s.len};
}

struct rf_str rf_arena_printf(struct rf_arena *arena, const char *fmt, ...)
{
	va_list ap;
	int len;
	char *out;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		return RF_STR_NONE;
	out = rf_arena_alloc(arena, (size_t)len + 1);
	if (!out)
		return RF_STR_NONE;
	va_start(ap, fmt);
	vsnprintf(out, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return (struct rf_str){.ptr = out, .len = (size_t)len};
}

size_t rf_arena_used(const struct rf_arena *arena)
{
	return arena->used_bytes;
}
