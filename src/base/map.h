/*
 * A hash map from byte strings to a machine word (a pointer or an index). Keys are views: the
 * caller keeps their bytes alive as long as the map. The hash is seeded per process, so that input
 * cannot be made to collide.
 */
#ifndef RF_BASE_MAP_H
#define RF_BASE_MAP_H

#include "base/str.h"

struct rf_map_slot {
	struct rf_str key; /* ptr NULL: free */
	uint64_t hash;
	uintptr_t value;
};

struct rf_map {
	struct rf_map_slot *slots;
	size_t cap; /* a power of two, or 0 */
	size_t count;
};

/* Frees the table; keys and values are the caller's. */
void rf_map_done(struct rf_map *map);

/* True and *ret_value set when key is there. */
bool rf_map_get(const struct rf_map *map, struct rf_str key, uintptr_t *ret_value);
/* The value as a pointer, NULL when absent. */
void *rf_map_get_ptr(const struct rf_map *map, struct rf_str key);
/* Adds or replaces; false when memory ran out. */
bool rf_map_put(struct rf_map *map, struct rf_str key, uintptr_t value) RF_MUST_USE;
bool rf_map_put_ptr(struct rf_map *map, struct rf_str key, void *value) RF_MUST_USE;
/* Takes key out; false when it was not there. */
bool rf_map_del(struct rf_map *map, struct rf_str key);

/* The seeded hash itself, for tables of other shapes. */
uint64_t rf_hash(const void *data, size_t len);

#define AUTO_MAP CLEANUP(rf_map_done) struct rf_map

#endif
