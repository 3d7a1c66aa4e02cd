/* Quantities: exact, and strict about what is one. */
#include "kube/quantity.h"
#include "tests/lib/tap.h"

static int64_t milli(const char *text)
{
	struct kube_quantity q = {.set = false};

	return kube_quantity_parse(rf_str_of(text), &q) && q.set ? q.milli : -1;
}

static void plain_numbers_count_thousandfold(void)
{
	CHECK_INT(milli("0"), 0);
	CHECK_INT(milli("1"), 1000);
	CHECK_INT(milli("+1"), 1000);
	CHECK_INT(milli("0.5"), 500);
	CHECK_INT(milli(".5"), 500);
	CHECK_INT(milli("1."), 1000);
	CHECK_INT(milli("001"), 1000);
}

static void decimal_suffixes_are_powers_of_a_thousand(void)
{
	CHECK_INT(milli("100m"), 100);
	CHECK_INT(milli("1k"), 1000000);
	CHECK_INT(milli("2M"), 2000000000);
	CHECK_INT(milli("1G"), 1000000000000);
	CHECK_INT(milli("1T"), 1000000000000000);
	CHECK_INT(milli("1P"), 1000000000000000000);
}

static void binary_suffixes_are_powers_of_1024(void)
{
	CHECK_INT(milli("1Ki"), 1024000);
	CHECK_INT(milli("1.5Gi"), 1610612736000);
	CHECK_INT(milli("128Mi"), 134217728000);
	CHECK_INT(milli("0.1Ki"), 102400);
	CHECK_INT(milli("1Pi"), 1125899906842624000);
}

static void exponents_are_powers_of_ten_and_a_lone_E_is_exa(void)
{
	CHECK_INT(milli("1e3"), 1000000);
	CHECK_INT(milli("1E3"), 1000000);
	CHECK_INT(milli("1e+3"), 1000000);
	CHECK_INT(milli("12e-1"), 1200);
	CHECK_INT(milli("0.001E"), 1000000000000000000);
}

static void what_is_finer_than_a_thousandth_is_rounded_up(void)
{
	CHECK_INT(milli("1n"), 1);
	CHECK_INT(milli("1u"), 1);
	CHECK_INT(milli("1000u"), 1);
	CHECK_INT(milli("1001u"), 2);
	CHECK_INT(milli("0.0001"), 1);
	CHECK_INT(milli("0.00000000000000000000000000000000000000000000001"), 1);
	CHECK_INT(milli("1.0000000000000000000000000000000000000000000001"), 1001);
	CHECK_INT(milli("1e-999"), 1);
}

static void what_does_not_fit_is_the_largest_number(void)
{
	CHECK_INT(milli("100E"), INT64_MAX);
	CHECK_INT(milli("8Ei"), INT64_MAX);
	CHECK_INT(milli("1e900"), INT64_MAX);
	CHECK_INT(milli("99999999999999999999999999999999999999999999999999999"), INT64_MAX);
	CHECK_INT(milli("9223372036854775.807"), INT64_MAX);
	CHECK_INT(milli("9223372036854775.806"), INT64_MAX - 1);
}

static void a_sign_is_kept(void)
{
	struct kube_quantity q;

	CHECK(kube_quantity_parse(RF_STR("-1.5"), &q));
	CHECK_INT(q.milli, -1500);
}

static void other_texts_are_refused(void)
{
	static const char *const bad[] = {"", "-", "+", ".", "m", "1 ", " 1", "1x", "1mi", "1KI",
		"1ki", "1Kib", "1ee3", "1e", "1e+", "1e3.5", "1e-", "0x10", "1.2.3", "1,5",
		"1e1001", "--1", "1 Gi", "1e+-3", "1e99999999999999999999"};

	for (size_t i = 0; i < RF_ARRAY_LEN(bad); i++)
		CHECKF(milli(bad[i]) == -1, "\"%s\" was taken", bad[i]);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(plain_numbers_count_thousandfold);
	RUN(decimal_suffixes_are_powers_of_a_thousand);
	RUN(binary_suffixes_are_powers_of_1024);
	RUN(exponents_are_powers_of_ten_and_a_lone_E_is_exa);
	RUN(what_is_finer_than_a_thousandth_is_rounded_up);
	RUN(what_does_not_fit_is_the_largest_number);
	RUN(a_sign_is_kept);
	RUN(other_texts_are_refused);
	return TAP_END();
}
