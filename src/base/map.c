/* Open addressing with linear probing; deletion shifts the run back, so there are no tombstones. */
#include "base/map.h"

#include <sys/random.h>

/* Threads may meet here first: whoever is first decides, the others take its seed. */
static uint64_t hash_seed(void)
{
	static uint64_t seed;
	uint64_t value = __atomic_load_n(&seed, __ATOMIC_RELAXED), none = 0;

	if (value)
		return value;
	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != (ssize_t)sizeof(value))
		value = (uint64_t)(uintptr_t)&seed;
	value |= 1;
	return __atomic_compare_exchange_n(
		       &seed, &none, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)
		       ? value
		       : none;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t rf_hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = hash_seed() ^ (len * 0x9e3779b97f4a7c15U);
	uint64_t word;

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&word, p, 8);
		h = mix(h ^ word, 0xa0761d6478bd642fU);
	}
	word = 0;
	if (len)
		memcpy(&word, p, len);
	return mix(h ^ word, 0xe7037ed1a0b428dbU) ^ h;
}

void rf_map_done(struct rf_map *map)
{
	free(map->slots);
	map->slots = NULL;
	map->cap = map->count = 0;
}

static size_t find_slot(const struct rf_map *map, struct rf_str key, uint64_t hash)
{
	size_t i = hash & (map->cap - 1);

	while (map->slots[i].key.ptr &&
		!(map->slots[i].hash == hash && rf_str_eq(map->slots[i].key, key)))
		i = (i + 1) & (map->cap - 1);
	return i;
}

bool rf_map_get(const struct rf_map *map, struct rf_str key, uintptr_t *ret_value)
{
	size_t i;

	if (map->cap == 0)
		return false;
	i = find_slot(map, key, rf_hash(key.ptr, key.len));
	if (!map->slots[i].key.ptr)
		return false;
	*ret_value = map->slots[i].value;
	return true;
}

void *rf_map_get_ptr(const struct rf_map *map, struct rf_str key)
{
	uintptr_t value;

	return rf_map_get(map, key, &value) ? (void *)value : NULL;
}

static bool grow(struct rf_map *map)
{
	struct rf_map bigger = {.cap = map->cap ? map->cap * 2 : 16, .count = map->count};

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;
	for (size_t i = 0; i < map->cap; i++) {
		const struct rf_map_slot *s = &map->slots[i];

		if (s->key.ptr)
			bigger.slots[find_slot(&bigger, s->key, s->hash)] = *s;
	}
	free(map->slots);
	*map = bigger;
	return true;
}

bool rf_map_put(struct rf_map *map, struct rf_str key, uintptr_t value)
{
	uint64_t hash = rf_hash(key.ptr, key.len);
	size_t i;

	if (!key.ptr)
		key.ptr = "";
	if (map->count * 4 >= map->cap * 3 && !grow(map))
		return false;
	i = find_slot(map, key, hash);
	if (!map->slots[i].key.ptr)
		map->count++;
	map->slots[i] = (struct rf_map_slot){.key = key, .hash = hash, .value = value};
	return true;
}

bool rf_map_put_ptr(struct rf_map *map, struct rf_str key, void *value)
{
	return rf_map_put(map, key, (uintptr_t)value);
}

bool rf_map_del(struct rf_map *map, struct rf_str key)
{
	size_t hole, i, home;

	if (map->cap == 0)
		return false;
	hole = find_slot(map, key, rf_hash(key.ptr, key.len));
	if (!map->slots[hole].key.ptr)
		return false;
	for (i = (hole + 1) & (map->cap - 1); map->slots[i].key.ptr; i = (i + 1) & (map->cap - 1)) {
		home = map->slots[i].hash & (map->cap - 1);
		if (((i - home) & (map->cap - 1)) >= ((i - hole) & (map->cap - 1))) {
			map->slots[hole] = map->slots[i];
			hole = i;
		}
	}
	map->slots[hole].key = RF_STR_NONE;
	map->count--;
	return true;
}
