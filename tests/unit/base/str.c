/* Views: comparing, cutting, copying, hostile lengths. */
#include "base/str.h"
#include "tests/lib/tap.h"

static void equality_is_by_bytes_and_length(void)
{
	CHECK(rf_str_eq(RF_STR("ab"), RF_STR("ab")));
	CHECK(!rf_str_eq(RF_STR("ab"), RF_STR("abc")));
	CHECK(!rf_str_eq(RF_STR("a\0b"), RF_STR("a\0c")));
	CHECK(rf_str_eq(RF_STR_NONE, RF_STR("")));
	CHECK(rf_str_is(RF_STR("ab"), "ab"));
	CHECK(!rf_str_is(RF_STR("a\0"), "a"));
	CHECK(rf_str_of(NULL).ptr == NULL && rf_str_of(NULL).len == 0);
}

static void beginnings_and_ends_are_found(void)
{
	CHECK(rf_str_starts(RF_STR("abc"), RF_STR("ab")));
	CHECK(rf_str_starts(RF_STR("abc"), RF_STR("")));
	CHECK(!rf_str_starts(RF_STR("a"), RF_STR("ab")));
	CHECK(rf_str_ends(RF_STR("abc"), RF_STR("bc")));
	CHECK(rf_str_ends(RF_STR("abc"), RF_STR("")));
	CHECK(!rf_str_ends(RF_STR("c"), RF_STR("bc")));
}

static void nothing_begins_and_ends_with_nothing(void)
{
	CHECK(rf_str_starts(RF_STR_NONE, RF_STR_NONE));
	CHECK(rf_str_ends(RF_STR_NONE, RF_STR_NONE));
	CHECK(!rf_str_starts(RF_STR_NONE, RF_STR("a")));
}

static void order_is_by_bytes_then_length(void)
{
	CHECK(rf_str_cmp(RF_STR("a"), RF_STR("b")) < 0);
	CHECK(rf_str_cmp(RF_STR("a"), RF_STR("ab")) < 0);
	CHECK(rf_str_cmp(RF_STR("b"), RF_STR("ab")) > 0);
	CHECK(rf_str_cmp(RF_STR("\xff"), RF_STR("a")) > 0);
	CHECK_INT(rf_str_cmp(RF_STR("ab"), RF_STR("ab")), 0);
	CHECK_INT(rf_str_cmp(RF_STR_NONE, RF_STR("")), 0);
}

static void a_cut_splits_at_the_first_separator(void)
{
	struct rf_str head, tail = rf_str_cut(RF_STR("a=b=c"), '=', &head);

	CHECK(rf_str_is(head, "a") && rf_str_is(tail, "b=c"));
	tail = rf_str_cut(RF_STR("abc"), '=', &head);
	CHECK(rf_str_is(head, "abc") && tail.ptr == NULL);
	tail = rf_str_cut(RF_STR("abc="), '=', &head);
	CHECK(rf_str_is(head, "abc") && tail.ptr && tail.len == 0);
	tail = rf_str_cut(RF_STR("="), '=', &head);
	CHECK(head.len == 0 && tail.ptr && tail.len == 0);
	tail = rf_str_cut(RF_STR_NONE, '=', &head);
	CHECK(head.len == 0 && tail.ptr == NULL);
}

static void a_copy_fits_or_is_empty(void)
{
	char out[4] = "zzz";

	CHECK(rf_str_copy(RF_STR("abc"), out, sizeof(out)));
	CHECK_STR(out, "abc");
	CHECK(!rf_str_copy(RF_STR("abcd"), out, sizeof(out)));
	CHECK_STR(out, "");
	CHECK(rf_str_copy(RF_STR_NONE, out, sizeof(out)));
	CHECK_STR(out, "");
	CHECK(!rf_str_copy(RF_STR(""), out, 0));
}

static void a_nul_inside_is_not_copied_as_an_end(void)
{
	char out[8] = "zzz";

	CHECK(!rf_str_copy(RF_STR("a\0b"), out, sizeof(out)));
	CHECK_STR(out, "");
}

static void a_heap_copy_is_terminated(void)
{
	AUTO_FREE char *copy = rf_str_dup((struct rf_str){.ptr = "abcdef", .len = 3});
	AUTO_FREE char *none = rf_str_dup(RF_STR_NONE);

	CHECK_STR(copy, "abc");
	CHECK_STR(none, "");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(equality_is_by_bytes_and_length);
	RUN(beginnings_and_ends_are_found);
	RUN(nothing_begins_and_ends_with_nothing);
	RUN(order_is_by_bytes_then_length);
	RUN(a_cut_splits_at_the_first_separator);
	RUN(a_copy_fits_or_is_empty);
	RUN(a_nul_inside_is_not_copied_as_an_end);
	RUN(a_heap_copy_is_terminated);
	return TAP_END();
}
