/* The hash map against an array that does the same slowly. */
#include "base/map.h"
#include "tests/lib/tap.h"

static void absent_keys_are_absent(void)
{
	AUTO_MAP map = {.slots = NULL};
	uintptr_t value = 9;

	CHECK(!rf_map_get(&map, RF_STR("x"), &value));
	CHECK(rf_map_get_ptr(&map, RF_STR("x")) == NULL);
	CHECK(!rf_map_del(&map, RF_STR("x")));
	CHECK_INT(value, 9);
}

static void putting_twice_replaces(void)
{
	AUTO_MAP map = {.slots = NULL};
	uintptr_t value = 0;

	CHECK(rf_map_put(&map, RF_STR("x"), 1));
	CHECK(rf_map_put(&map, RF_STR("x"), 2));
	CHECK_INT(map.count, 1);
	CHECK(rf_map_get(&map, RF_STR("x"), &value) && value == 2);
}

static void the_empty_key_is_a_key(void)
{
	AUTO_MAP map = {.slots = NULL};
	uintptr_t value = 0;

	CHECK(rf_map_put(&map, RF_STR_NONE, 3));
	CHECK(rf_map_get(&map, RF_STR(""), &value) && value == 3);
	CHECK(rf_map_get(&map, RF_STR_NONE, &value));
	CHECK(rf_map_del(&map, RF_STR("")));
	CHECK_INT(map.count, 0);
}

static void keys_with_nul_bytes_differ(void)
{
	AUTO_MAP map = {.slots = NULL};
	uintptr_t value = 0;

	CHECK(rf_map_put(&map, RF_STR("a\0b"), 1));
	CHECK(rf_map_put(&map, RF_STR("a\0c"), 2));
	CHECK(rf_map_put(&map, RF_STR("a"), 3));
	CHECK(rf_map_get(&map, RF_STR("a\0c"), &value) && value == 2);
	CHECK_INT(map.count, 3);
}

#define KEYS 500

static char names[KEYS][16];

static void random_use_agrees_with_an_array(void)
{
	AUTO_MAP map = {.slots = NULL};
	uintptr_t want[KEYS] = {0};
	unsigned state = 12345;
	size_t count = 0;

	for (size_t i = 0; i < KEYS; i++)
		snprintf(names[i], sizeof(names[i]), "key-%zu", i * i);
	for (size_t step = 0; step < 200000; step++) {
		size_t i = (state = state * 1103515245U + 12345U) >> 8;
		bool put = (i >> 12) % 2;
		uintptr_t value = 0;

		i %= KEYS;
		CHECK(rf_map_get(&map, rf_str_of(names[i]), &value) == (want[i] != 0));
		CHECK(value == want[i]);
		if (put) {
			count += want[i] == 0;
			want[i] = step + 1;
			REQUIRE(rf_map_put(&map, rf_str_of(names[i]), step + 1));
		} else {
			CHECK(rf_map_del(&map, rf_str_of(names[i])) == (want[i] != 0));
			count -= want[i] != 0;
			want[i] = 0;
		}
		CHECK(map.count == count);
		if (tap_failed())
			return;
	}
}

static void the_hash_depends_on_every_byte_and_on_the_length(void)
{
	unsigned char text[40] = {0};

	for (size_t len = 0; len < sizeof(text); len++) {
		uint64_t hash = rf_hash(text, len);

		CHECK(hash != rf_hash(text, len + 1));
		for (size_t i = 0; i < len; i++) {
			text[i] = 1;
			CHECK(hash != rf_hash(text, len));
			text[i] = 0;
		}
		CHECK(hash == rf_hash(text, len));
	}
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(absent_keys_are_absent);
	RUN(putting_twice_replaces);
	RUN(the_empty_key_is_a_key);
	RUN(keys_with_nul_bytes_differ);
	RUN(random_use_agrees_with_an_array);
	RUN(the_hash_depends_on_every_byte_and_on_the_length);
	return TAP_END();
}
