/* Addresses and CIDR blocks of both families. */
#include "base/ip.h"
#include "tests/lib/tap.h"

static struct rf_ip ip(const char *text)
{
	struct rf_ip ret = {.family = RF_FAMILY_NONE};

	CHECKF(rf_ip_parse(rf_str_of(text), &ret), "%s", text);
	return ret;
}

static struct rf_cidr cidr(const char *text)
{
	struct rf_cidr ret = {.prefix = 0};

	CHECKF(rf_cidr_parse(rf_str_of(text), &ret), "%s", text);
	return ret;
}

static void check_ip_text(const char *text, const char *want)
{
	struct rf_ip parsed = ip(text);
	char out[RF_IP_TEXT_SIZE];

	CHECK_STR(rf_ip_text(&parsed, out), want);
}

static void check_cidr_text(const char *text, const char *want)
{
	struct rf_cidr parsed = cidr(text);
	char out[RF_CIDR_TEXT_SIZE];

	CHECK_STR(rf_cidr_text(&parsed, out), want);
}

static void addresses_go_to_text_and_back(void)
{
	check_ip_text("10.0.0.1", "10.0.0.1");
	check_ip_text("255.255.255.255", "255.255.255.255");
	check_ip_text("::", "::");
	check_ip_text("2001:DB8:0:0::1", "2001:db8::1");
	check_ip_text("fe80:1:2:3:4:5:6:ffff", "fe80:1:2:3:4:5:6:ffff");
	check_ip_text("64:ff9b::1.2.3.4", "64:ff9b::102:304");
	CHECK_INT(ip("1.2.3.4").family, RF_IPV4);
	CHECK_INT(ip("::1").family, RF_IPV6);
	CHECK_INT(ip("1.2.3.4").bytes[4], 0);
}

static void an_address_without_family_has_no_text(void)
{
	struct rf_ip none = {.family = RF_FAMILY_NONE};
	char out[RF_IP_TEXT_SIZE] = "x";

	CHECK_STR(rf_ip_text(&none, out), "");
	CHECK_INT(rf_family_len(RF_FAMILY_NONE), 0);
	CHECK_INT(rf_family_len(RF_IPV4), 4);
	CHECK_INT(rf_family_len(RF_IPV6), 16);
}

static void only_strict_forms_are_addresses(void)
{
	static const char *const bad[] = {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.04",
		"256.1.1.1", "1.2.3.4 ", " 1.2.3.4", "0x1.2.3.4", "1.2.3.-4", "1.2.3.4/32",
		"::1%lo", "fe80::1%eth0", "[::1]", ":::", "1::2::3", "12345::", "::ffff:1.2.3.4",
		"::ffff:102:304", "0:0:0:0:0:ffff:1.2.3.4", "localhost", "16909060",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc"};
	struct rf_ip ret;

	for (size_t i = 0; i < RF_ARRAY_LEN(bad); i++)
		CHECKF(!rf_ip_parse(rf_str_of(bad[i]), &ret), "\"%s\"", bad[i]);
	CHECK(!rf_ip_parse(RF_STR("1.2.3.4\0"), &ret));
	CHECK(!rf_ip_parse(RF_STR("1.2.3.4\0.evil"), &ret));
}

static void host_bits_are_cleared(void)
{
	check_cidr_text("10.1.2.3/8", "10.0.0.0/8");
	check_cidr_text("10.255.255.255/9", "10.128.0.0/9");
	check_cidr_text("10.1.2.3/32", "10.1.2.3/32");
	check_cidr_text("10.1.2.3/0", "0.0.0.0/0");
	check_cidr_text("2001:db8:ffff::1/33", "2001:db8:8000::/33");
	check_cidr_text("::1/128", "::1/128");
	check_cidr_text("ffff::/0", "::/0");
}

static void only_strict_forms_are_blocks(void)
{
	static const char *const bad[] = {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08",
		"10.0.0.0/00", "10.0.0.0/-1", "10.0.0.0/+1", "10.0.0.0/8/8", "10.0.0.0/8 ",
		"10.0.0.0/255.0.0.0", "/8", "::/129", "::/99999999999999999999", "::ffff:0:0/96",
		"10.0.0/8"};
	struct rf_cidr ret;

	for (size_t i = 0; i < RF_ARRAY_LEN(bad); i++)
		CHECKF(!rf_cidr_parse(rf_str_of(bad[i]), &ret), "\"%s\"", bad[i]);
}

static bool has(const char *block, const char *address)
{
	struct rf_cidr c = cidr(block);
	struct rf_ip a = ip(address);

	return rf_cidr_has(&c, &a);
}

static bool covers(const char *outer, const char *inner)
{
	struct rf_cidr a = cidr(outer), b = cidr(inner);

	return rf_cidr_covers(&a, &b);
}

static void membership_is_by_prefix_and_family(void)
{
	CHECK(has("10.0.0.0/8", "10.255.255.255"));
	CHECK(!has("10.0.0.0/8", "11.0.0.0"));
	CHECK(has("10.0.0.0/9", "10.127.255.255"));
	CHECK(!has("10.0.0.0/9", "10.128.0.0"));
	CHECK(has("0.0.0.0/0", "255.255.255.255"));
	CHECK(!has("0.0.0.0/0", "::"));
	CHECK(!has("::/0", "0.0.0.0"));
	CHECK(has("::/0", "ffff::"));
	CHECK(has("2001:db8::/127", "2001:db8::1"));
	CHECK(!has("2001:db8::/127", "2001:db8::2"));
	CHECK(has("1.2.3.4/32", "1.2.3.4"));
	CHECK(!has("1.2.3.4/32", "1.2.3.5"));
}

static void a_block_covers_itself_and_smaller_ones(void)
{
	CHECK(covers("10.0.0.0/8", "10.0.0.0/8"));
	CHECK(covers("10.0.0.0/8", "10.1.0.0/16"));
	CHECK(!covers("10.1.0.0/16", "10.0.0.0/8"));
	CHECK(!covers("10.0.0.0/8", "11.0.0.0/16"));
	CHECK(!covers("0.0.0.0/0", "::/1"));
}

static void first_and_last_bound_the_block(void)
{
	struct rf_cidr four = cidr("10.1.2.3/20"), six = cidr("2001:db8::/61");
	struct rf_ip first = rf_cidr_first(&four), last = rf_cidr_last(&four);
	char out[RF_IP_TEXT_SIZE];

	CHECK_STR(rf_ip_text(&first, out), "10.1.0.0");
	CHECK_STR(rf_ip_text(&last, out), "10.1.15.255");
	last = rf_cidr_last(&six);
	CHECK_STR(rf_ip_text(&last, out), "2001:db8:0:7:ffff:ffff:ffff:ffff");
}

static void check_add(const char *text, uint64_t offset, const char *want)
{
	struct rf_ip from = ip(text), sum;
	char out[RF_IP_TEXT_SIZE] = "overflow";

	if (rf_ip_add(&from, offset, &sum))
		rf_ip_text(&sum, out);
	CHECK_STR(out, want);
}

static void offsets_carry_and_do_not_wrap(void)
{
	check_add("10.0.0.255", 1, "10.0.1.0");
	check_add("10.0.0.1", 0, "10.0.0.1");
	check_add("0.0.0.0", UINT32_MAX, "255.255.255.255");
	check_add("0.0.0.1", UINT32_MAX, "overflow");
	check_add("255.255.255.255", 1, "overflow");
	check_add("1.0.0.0", UINT64_MAX, "overflow");
	check_add("::ffff:ffff:ffff:ffff", 1, "0:0:0:1::");
	check_add("::", UINT64_MAX, "::ffff:ffff:ffff:ffff");
	check_add("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, "overflow");
}

static void the_first_address_has_none_before_it(void)
{
	struct rf_ip zero = ip("0.0.0.0"), six = ip("::1:0"), prev;
	char out[RF_IP_TEXT_SIZE];

	CHECK(!rf_ip_prev(&zero, &prev));
	REQUIRE(rf_ip_prev(&six, &prev));
	CHECK_STR(rf_ip_text(&prev, out), "::ffff");
}

static void order_is_by_family_then_value(void)
{
	struct rf_ip a = ip("9.0.0.0"), b = ip("10.0.0.0"), c = ip("::");

	CHECK(rf_ip_cmp(&a, &b) < 0 && rf_ip_cmp(&b, &a) > 0);
	CHECK(rf_ip_cmp(&b, &c) < 0 && rf_ip_cmp(&c, &b) > 0);
	CHECK(rf_ip_eq(&a, &a) && !rf_ip_eq(&a, &b));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(addresses_go_to_text_and_back);
	RUN(an_address_without_family_has_no_text);
	RUN(only_strict_forms_are_addresses);
	RUN(host_bits_are_cleared);
	RUN(only_strict_forms_are_blocks);
	RUN(membership_is_by_prefix_and_family);
	RUN(a_block_covers_itself_and_smaller_ones);
	RUN(first_and_last_bound_the_block);
	RUN(offsets_carry_and_do_not_wrap);
	RUN(the_first_address_has_none_before_it);
	RUN(order_is_by_family_then_value);
	return TAP_END();
}
