/* Numbers from text: whole text or nothing. */
#include "base/num.h"
#include "tests/lib/tap.h"

static void unsigned_numbers_within_their_bound(void)
{
	uint64_t n = 7;

	CHECK(rf_num_u64(RF_STR("0"), 0, &n) && n == 0);
	CHECK(rf_num_u64(RF_STR("65535"), 65535, &n) && n == 65535);
	CHECK(!rf_num_u64(RF_STR("65536"), 65535, &n));
	CHECK(rf_num_u64(RF_STR("18446744073709551615"), UINT64_MAX, &n) && n == UINT64_MAX);
	CHECK(rf_num_u64(RF_STR("007"), 10, &n) && n == 7);
}

static void overflow_is_refused(void)
{
	uint64_t n = 7;

	CHECK(!rf_num_u64(RF_STR("18446744073709551616"), UINT64_MAX, &n));
	CHECK(!rf_num_u64(RF_STR("99999999999999999999999"), UINT64_MAX, &n));
	CHECK_INT(n, 7);
}

static void anything_but_digits_is_refused(void)
{
	static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "1.0", "0x10", "1e3", "a"};
	uint64_t n = 7;

	for (size_t i = 0; i < RF_ARRAY_LEN(bad); i++)
		CHECKF(!rf_num_u64(rf_str_of(bad[i]), UINT64_MAX, &n), "\"%s\"", bad[i]);
	CHECK(!rf_num_u64(RF_STR("1\0"), 10, &n));
	CHECK(!rf_num_u64(RF_STR_NONE, 10, &n));
	CHECK(!rf_num_u64(RF_STR("\xd9\xa1"), 10, &n));
	CHECK_INT(n, 7);
}

static void a_view_ends_where_its_length_says(void)
{
	uint64_t n = 0;

	CHECK(rf_num_u64((struct rf_str){.ptr = "1234", .len = 2}, 100, &n) && n == 12);
}

static void signed_numbers_reach_both_ends(void)
{
	int64_t n = 7;

	CHECK(rf_num_i64(RF_STR("-9223372036854775808"), INT64_MIN, INT64_MAX, &n) &&
		n == INT64_MIN);
	CHECK(rf_num_i64(RF_STR("9223372036854775807"), INT64_MIN, INT64_MAX, &n) &&
		n == INT64_MAX);
	CHECK(rf_num_i64(RF_STR("-0"), -1, 1, &n) && n == 0);
	n = 7;
	CHECK(!rf_num_i64(RF_STR("9223372036854775808"), INT64_MIN, INT64_MAX, &n));
	CHECK(!rf_num_i64(RF_STR("-9223372036854775809"), INT64_MIN, INT64_MAX, &n));
	CHECK(!rf_num_i64(RF_STR("-"), INT64_MIN, INT64_MAX, &n));
	CHECK(!rf_num_i64(RF_STR("--1"), INT64_MIN, INT64_MAX, &n));
	CHECK(!rf_num_i64(RF_STR(""), INT64_MIN, INT64_MAX, &n));
	CHECK(!rf_num_i64(RF_STR("-6"), -5, 5, &n));
	CHECK(!rf_num_i64(RF_STR("6"), -5, 5, &n));
	CHECK_INT(n, 7);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(unsigned_numbers_within_their_bound);
	RUN(overflow_is_refused);
	RUN(anything_but_digits_is_refused);
	RUN(a_view_ends_where_its_length_says);
	RUN(signed_numbers_reach_both_ends);
	return TAP_END();
}
