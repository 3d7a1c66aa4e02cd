/* Arenas: zeroed, aligned, capped. */
#include "base/arena.h"
#include "tests/lib/tap.h"

#include <stdalign.h>

static void memory_is_zeroed_aligned_and_apart(void)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	unsigned char *last = NULL;

	REQUIRE(arena);
	for (size_t size = 1; size < 3000; size++) {
		unsigned char *p = rf_arena_alloc(arena, size);

		REQUIRE(p);
		CHECK((uintptr_t)p % alignof(max_align_t) == 0);
		CHECK(p[0] == 0 && p[size - 1] == 0 && memcmp(p, p + 1, size - 1) == 0);
		memset(p, 0xaa, size);
		CHECK(!last || last[0] == 0xaa);
		last = p;
	}
}

static void large_objects_fit(void)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	unsigned char *p = rf_arena_alloc(arena, (size_t)10 << 20);

	REQUIRE(p);
	p[((size_t)10 << 20) - 1] = 1;
	CHECK_INT(rf_arena_used(arena), 10 << 20);
}

static void the_cap_counts_what_is_handed_out(void)
{
	AUTO_ARENA *arena = rf_arena_new(100);

	CHECK(rf_arena_alloc(arena, 60) != NULL);
	CHECK(rf_arena_alloc(arena, 41) == NULL);
	CHECK(rf_arena_alloc(arena, 40) != NULL);
	CHECK(rf_arena_alloc(arena, 1) == NULL);
	CHECK_INT(rf_arena_used(arena), 100);
}

static void sizes_that_overflow_are_refused(void)
{
	AUTO_ARENA *arena = rf_arena_new(0);

	CHECK(rf_arena_alloc(arena, SIZE_MAX) == NULL);
	CHECK(rf_arena_array(arena, SIZE_MAX / 2, 3) == NULL);
	CHECK(rf_arena_array(arena, (size_t)1 << 33, (size_t)1 << 31) == NULL);
	CHECK_INT(rf_arena_used(arena), 0);
}

static void a_size_near_the_largest_is_refused_without_a_cap_of_ours(void)
{
	AUTO_ARENA *arena = rf_arena_new(SIZE_MAX);

	CHECK(rf_arena_alloc(arena, SIZE_MAX) == NULL);
	CHECK(rf_arena_alloc(arena, SIZE_MAX - 8) == NULL);
	CHECK(rf_arena_alloc(arena, 16) != NULL);
}

static void strings_are_copied_and_terminated(void)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	struct rf_str copy = rf_arena_str(arena, (struct rf_str){.ptr = "abcdef", .len = 3});
	struct rf_str text = rf_arena_printf(arena, "%s-%d", "x", 7);
	struct rf_str none = rf_arena_str(arena, RF_STR_NONE);

	CHECK_STR(copy.ptr, "abc");
	CHECK_INT(copy.len, 3);
	CHECK_STR(text.ptr, "x-7");
	CHECK_INT(text.len, 3);
	CHECK_STR(none.ptr, "");
}

static void strings_that_do_not_fit_are_absent(void)
{
	AUTO_ARENA *arena = rf_arena_new(4);

	CHECK(rf_arena_str(arena, RF_STR("abcd")).ptr == NULL);
	CHECK(rf_arena_printf(arena, "%d", 12345).ptr == NULL);
	CHECK(rf_arena_str(arena, RF_STR("abc")).ptr != NULL);
}

static void freeing_nothing_is_fine(void)
{
	rf_arena_free(NULL);
	CHECK(true);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(memory_is_zeroed_aligned_and_apart);
	RUN(large_objects_fit);
	RUN(the_cap_counts_what_is_handed_out);
	RUN(sizes_that_overflow_are_refused);
	RUN(a_size_near_the_largest_is_refused_without_a_cap_of_ours);
	RUN(strings_are_copied_and_terminated);
	RUN(strings_that_do_not_fit_are_absent);
	RUN(freeing_nothing_is_fine);
	return TAP_END();
}
