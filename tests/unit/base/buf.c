/* Growing buffers: caps, sticky failure, termination. And typed arrays. */
#include "base/buf.h"
#include "base/vec.h"
#include "tests/lib/tap.h"

static void an_empty_buffer_is_an_empty_string(void)
{
	AUTO_BUF buf = {.data = NULL};

	CHECK_STR(rf_buf_cstr(&buf), "");
	CHECK_INT(rf_buf_str(&buf).len, 0);
	rf_buf_add(&buf, NULL, 0);
	CHECK(!buf.failed);
	CHECK_STR(rf_buf_cstr(&buf), "");
}

static void what_is_added_is_there_and_terminated(void)
{
	AUTO_BUF buf = {.data = NULL};

	for (int i = 0; i < 1000; i++) {
		rf_buf_add_c(&buf, "ab");
		rf_buf_add_char(&buf, 'c');
		rf_buf_add_str(&buf, RF_STR("de"));
		rf_buf_addf(&buf, "%d", i % 10);
		CHECK(buf.data[buf.len] == '\0');
	}
	CHECK_INT(buf.len, 6000);
	CHECK(memcmp(buf.data + 6 * 7, "abcde7", 6) == 0);
}

static void an_append_beyond_the_cap_fails_and_stays_failed(void)
{
	struct rf_buf buf = {.max = 4};

	rf_buf_add_c(&buf, "abcd");
	CHECK(!buf.failed);
	rf_buf_add_char(&buf, 'e');
	CHECK(buf.failed);
	rf_buf_add(&buf, "", 0);
	CHECK_STR(rf_buf_cstr(&buf), "abcd");
	CHECK(rf_buf_take(&buf) == NULL);
	rf_buf_clear(&buf);
	CHECK(!buf.failed);
	rf_buf_add_c(&buf, "ok");
	CHECK_STR(rf_buf_cstr(&buf), "ok");
	rf_buf_done(&buf);
}

static void a_length_near_the_end_of_size_t_does_not_wrap(void)
{
	AUTO_BUF buf = {.data = NULL};

	rf_buf_add_c(&buf, "abc");
	CHECK(rf_buf_reserve(&buf, SIZE_MAX) == NULL);
	CHECK(buf.failed);
	CHECK_STR(rf_buf_cstr(&buf), "abc");
}

static void reserved_room_is_filled_by_the_caller(void)
{
	AUTO_BUF buf = {.data = NULL};
	char *room;

	rf_buf_add_c(&buf, "x");
	room = rf_buf_reserve(&buf, 100);
	REQUIRE(room);
	memset(room, 'y', 100);
	buf.len += 100;
	rf_buf_add_c(&buf, "z");
	CHECK_INT(buf.len, 102);
	CHECK(buf.data[101] == 'z');
}

static void taking_hands_the_memory_over(void)
{
	struct rf_buf buf = {.data = NULL};
	AUTO_FREE char *empty = NULL;
	AUTO_FREE char *full = NULL;

	empty = rf_buf_take(&buf);
	CHECK_STR(empty, "");
	rf_buf_add_c(&buf, "abc");
	full = rf_buf_take(&buf);
	CHECK_STR(full, "abc");
	CHECK(buf.data == NULL && buf.len == 0);
}

static void an_array_grows_and_its_items_begin_as_zero(void)
{
	struct pair {
		int a;
		int b;
	};
	RF_VEC(struct pair) vec = {.items = NULL};

	rf_vec_each (it, &vec)
		CHECK(false && it);
	for (int i = 0; i < 100; i++) {
		struct pair *item = rf_vec_add(&vec);

		REQUIRE(item);
		CHECK(item->a == 0 && item->b == 0);
		item->a = i;
	}
	CHECK_INT(vec.count, 100);
	CHECK_INT(vec.items[99].a, 99);
	rf_vec_done(&vec);
	CHECK(vec.items == NULL && vec.count == 0);
}

static void growth_that_overflows_is_refused(void)
{
	void *items = NULL;
	size_t cap = SIZE_MAX / 2;

	CHECK(!rf_vec_grow_raw(&items, &cap, SIZE_MAX / 2, 16));
	CHECK(items == NULL && cap == SIZE_MAX / 2);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(an_empty_buffer_is_an_empty_string);
	RUN(what_is_added_is_there_and_terminated);
	RUN(an_append_beyond_the_cap_fails_and_stays_failed);
	RUN(a_length_near_the_end_of_size_t_does_not_wrap);
	RUN(reserved_room_is_filled_by_the_caller);
	RUN(taking_hands_the_memory_over);
	RUN(an_array_grows_and_its_items_begin_as_zero);
	RUN(growth_that_overflows_is_refused);
	return TAP_END();
}
