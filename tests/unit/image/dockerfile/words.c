/* Expansion of variables, and patterns. */
#include "image/dockerfile/words.h"
#include "tests/lib/tap.h"

/* X=abc.tar.gz, E is set and empty, everything else is not set. */
static bool get(void *ctx RF_UNUSED, struct rf_str name, struct rf_str *ret)
{
	*ret = rf_str_is(name, "X") ? RF_STR("abc.tar.gz") : RF_STR("");
	return rf_str_is(name, "X") || rf_str_is(name, "E");
}

static const struct {
	const char *word, *want;
} rows[] = {
	{"a$X", "aabc.tar.gz"},
	{"${X}b", "abc.tar.gzb"},
	{"$XY-$E-$U", "--"},
	{"${U:-d}", "d"},
	{"${E:-d}", "d"},
	{"${E-d}", ""},
	{"${U-d}", "d"},
	{"${X:+y}", "y"},
	{"${E:+y}", ""},
	{"${E+y}", "y"},
	{"${U+y}", ""},
	{"${U:-${X}}", "abc.tar.gz"},
	{"${U:-a b}", "a b"},
	{"${X#*.}", "tar.gz"},
	{"${X##*.}", "gz"},
	{"${X%.*}", "abc.tar"},
	{"${X%%.*}", "abc"},
	{"${X%zzz}", "abc.tar.gz"},
	{"${X/./-}", "abc-tar.gz"},
	{"${X//./-}", "abc-tar-gz"},
	{"${X/a*r/z}", "z.gz"},
	{"'$X'", "$X"},
	{"\"$X\"", "abc.tar.gz"},
	{"\"a\\\"b\"", "a\"b"},
	{"\\$X", "$X"},
	{"a\\ b", "a b"},
	{"$", "$"},
	{"$1$@", ""},
	{"a'b'\"c\"d", "abcd"},
};

static void variables_are_expanded_as_buildkit_does(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		struct dockerfile_env env = {.get = get};
		AUTO_BUF out = {0};

		dockerfile_expand(rf_str_of(rows[i].word), '\\', &env, &out);
		CHECKF(strcmp(rf_buf_cstr(&out), rows[i].want) == 0 && !env.failed,
			"%s is \"%s\", want \"%s\"", rows[i].word, rf_buf_cstr(&out), rows[i].want);
	}
}

static void what_is_not_set_can_be_kept(void)
{
	static const char *const words[] = {"$U", "${U}", "${U:-x}", "${U#a*}", "a${U/x/y}b"};

	for (size_t i = 0; i < RF_ARRAY_LEN(words); i++) {
		struct dockerfile_env env = {.get = get, .keep_unset = true};
		AUTO_BUF out = {0};

		dockerfile_expand(rf_str_of(words[i]), '\\', &env, &out);
		CHECK_STR(rf_buf_cstr(&out), words[i]);
	}
}

#define FOUR "${U:-${U:-${U:-${U:-"

static void bad_substitutions_fail(void)
{
	static const char too_deep[] = FOUR FOUR FOUR FOUR FOUR "x";
	static const char *const words[] = {"${", "${}", "${:x}", "${X", "${X:#a}", "${X^}",
		"${U?no}", "${E:?no}", "'a", "\"a", "${X/a", too_deep};

	for (size_t i = 0; i < RF_ARRAY_LEN(words); i++) {
		struct dockerfile_env env = {.get = get};
		AUTO_BUF out = {0};

		dockerfile_expand(rf_str_of(words[i]), '\\', &env, &out);
		CHECKF(env.failed, "%s", words[i]);
	}
}

static void patterns_are_anchored(void)
{
	CHECK(dockerfile_glob(RF_STR("a*c?"), RF_STR("abbbcd")));
	CHECK(!dockerfile_glob(RF_STR("a*c"), RF_STR("abcd")));
	CHECK(dockerfile_glob(RF_STR("*"), RF_STR("")));
	CHECK(dockerfile_glob(RF_STR("\\*"), RF_STR("*")));
	CHECK(!dockerfile_glob(RF_STR("\\*"), RF_STR("a")));
	CHECK(!dockerfile_glob(RF_STR("\\?"), RF_STR("a")));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(variables_are_expanded_as_buildkit_does);
	RUN(what_is_not_set_can_be_kept);
	RUN(bad_substitutions_fail);
	RUN(patterns_are_anchored);
	return TAP_END();
}
