/* What a scalar of YAML means; the expectations are what sigs.k8s.io/yaml 1.6 answers. */
#include "tests/unit/doc/doc_test.h"

#define YAML(input, text, said) CHECK_LOAD(doc_read_yaml, input, text, said)

static void booleans_are_those_of_yaml_1_1_in_three_capitalisations(void)
{
	YAML("[y, Y, yes, Yes, YES, true, True, TRUE, on, On, ON]",
		"[true true true true true true true true true true true]", "");
	YAML("[n, N, no, No, NO, false, False, FALSE, off, Off, OFF]",
		"[false false false false false false false false false false false]", "");
	YAML("[yEs, tRUE, oN, nO, oFF, yess, truex]",
		"['yEs' 'tRUE' 'oN' 'nO' 'oFF' 'yess' 'truex']", "");
}

static void nulls_are_tilde_null_and_nothing(void)
{
	YAML("[~, null, Null, NULL, nULL, \"\", '~']", "[null null null null 'nULL' '' '~']", "");
	YAML("a:\nb: \n", "{a:null b:null}", "");
}

static void integers_have_bases_signs_and_underscores(void)
{
	YAML("[0, 7, -7, +7, 00, -0, 1_000, 1__0, 999999999999999999]",
		"[0 7 -7 7 0 0 1000 10 999999999999999999]", "");
	YAML("[0x10, 0X1f, -0x10, 0b11, -0b11, 0o10, 010, 0x_f]", "[16 31 -16 3 -3 8 8 15]", "");
	YAML("[9223372036854775807, -9223372036854775808]",
		"[9223372036854775807 -9223372036854775808]", "");
	YAML("[0o8, 0b12, 0xg, 0x, 0b, 0o, _1, '1', +, -1-]",
		"['0o8' '0b12' '0xg' '0x' '0b' '0o' '_1' '1' '+' '-1-']", "");
}

static void the_text_of_an_integer_is_decimal(void)
{
	AUTO_LOAD load;

	load_with(&load, doc_read_yaml, RF_STR("[0x10, 1_000, +5, 1e3, 42]"));
	REQUIRE(load.root && load.root->count == 5);
	CHECK_STR(load.root->first->text.ptr, "16");
	CHECK_STR(load.root->first->next->text.ptr, "1000");
	CHECK_STR(load.root->first->next->next->text.ptr, "5");
	CHECK_STR(load.root->first->next->next->next->text.ptr, "1000");
	CHECK_STR(load.root->first->next->next->next->next->text.ptr, "42");
}

static void other_numbers_keep_their_text(void)
{
	YAML("[1.5, -.5, +.5, 1.5e-3, .inf, -.Inf, .NAN, 1_0.5]",
		"[f1.5 f-.5 f+.5 f1.5e-3 f.inf f-.Inf f.NAN f1_0.5]", "");
	YAML("[18446744073709551615, 0xffffffffffffffff, 99999999999999999999999, "
	     "-9223372036854775809]",
		"[f18446744073709551615 f0xffffffffffffffff f99999999999999999999999 "
		"f-9223372036854775809]",
		"");
}

static void a_number_without_a_fraction_is_an_integer(void)
{
	YAML("[1.0, 1., 1e3, 1.5e3, 08, .5e1, -2.0, 1e15]",
		"[1 1 1000 1500 8 5 -2 1000000000000000]", "");
	YAML("[1e17]", "[f1e17]", "");
}

static void what_only_resembles_a_number_is_a_string(void)
{
	YAML("[2001-01-01, 12:30:45, 1.2.3, 10.0.0.1, 1e, 1e400, .e1, ., ..., 500m, 64Mi, 0x1p4, "
	     "'<<', =, 0xffffffffffffffffff]",
		"['2001-01-01' '12:30:45' '1.2.3' '10.0.0.1' '1e' '1e400' '.e1' '.' '...' '500m' "
		"'64Mi' '0x1p4' '<<' '=' '0xffffffffffffffffff']",
		"");
}

static void quoted_and_block_scalars_are_strings(void)
{
	YAML("[\"1\", 'true', \"a\\tb\\u00e9\\U0001F600\"]",
		"['1' 'true' 'a\tb\xc3\xa9\xf0\x9f\x98\x80']", "");
	YAML("a: |\n  1\nb: >-\n  x\n  y\n", "{a:'1\n' b:'x y'}", "");
}

static void core_tags_choose_the_type(void)
{
	YAML("[!!str 3, !!str yes, !!int \"3\", !!bool yes, !!float 3, !!float 1.5, !!null \"\"]",
		"['3' 'yes' 3 true 3 f1.5 null]", "");
	YAML("[!!map {a: 1}, !!seq [1]]", "[{a:1} [1]]", "");
	YAML("!!str a: !!str\n", "{a:''}", "");
}

static void tags_that_do_not_fit_are_refused(void)
{
	YAML("[!!int x, !!bool 3, !!null x, !!float x, !!map x, !!seq {}, !!map []]", "",
		"1:2 tag !!int does not fit \"x\"\n"
		"1:11 tag !!bool does not fit \"3\"\n"
		"1:21 tag !!null does not fit \"x\"\n"
		"1:31 tag !!float does not fit \"x\"\n"
		"1:42 tag !!map does not fit \"x\"\n"
		"1:51 tag !!seq does not fit a map\n"
		"1:61 tag !!map does not fit a list");
}

static void other_tags_are_refused(void)
{
	YAML("a: !!timestamp 2001-01-01\n", "",
		"1:4 tag tag:yaml.org,2002:timestamp is not supported; only !!str, !!int, !!bool, "
		"!!float, !!null, !!map, !!seq and !!binary are");
	YAML("a: !x%1by {}\n", "",
		"1:4 tag !x\\x1by is not supported; only !!str, !!int, !!bool, !!float, !!null, "
		"!!map, !!seq and !!binary are");
}

static void binary_is_decoded(void)
{
	YAML("[!!binary aGVsbG8=, !!binary \"\", !!binary \"aG Vs\\n bG8h\"]",
		"['hello' '' 'hello!']", "");
	YAML("a: !!binary abc\n", "", "1:4 tag !!binary needs base64");
	YAML("a: !!binary a=bc\n", "", "1:4 tag !!binary needs base64");
	YAML("a: !!binary ====\n", "", "1:4 tag !!binary needs base64");
	YAML("a: !!binary /w==\n", "",
		"1:4 the content of !!binary must be UTF-8 text without control characters");
	YAML("a: !!binary AA==\n", "",
		"1:4 the content of !!binary must be UTF-8 text without control characters");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(booleans_are_those_of_yaml_1_1_in_three_capitalisations);
	RUN(nulls_are_tilde_null_and_nothing);
	RUN(integers_have_bases_signs_and_underscores);
	RUN(the_text_of_an_integer_is_decimal);
	RUN(other_numbers_keep_their_text);
	RUN(a_number_without_a_fraction_is_an_integer);
	RUN(what_only_resembles_a_number_is_a_string);
	RUN(quoted_and_block_scalars_are_strings);
	RUN(core_tags_choose_the_type);
	RUN(tags_that_do_not_fit_are_refused);
	RUN(other_tags_are_refused);
	RUN(binary_is_decoded);
	return TAP_END();
}
