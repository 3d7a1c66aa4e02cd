/*
 * Versions. The tables are of what each system publishes: the examples of semver.org and PEP 440,
 * the tests of golang.org/x/mod/semver, node-semver, dpkg, apk-tools, rpm, packaging and
 * maven-artifact. The order itself is proved on versions made at random.
 */
#include <stdio.h>

#include "tests/lib/tap.h"

#include "image/vuln/version.h"

/* The versions of a row, from the oldest on; those with " = " between them are equal. */
static const struct {
	enum vuln_scheme scheme;
	const char *row;
} rows[] = {
	{VULN_SCHEME_GO,
		"0 < v0.0.0-0 < v0.0.0-20190101000000-abcdefabcdef < "
		"v0.0.0-20200101000000-abcdefabcdef < v0.0.0 = 0.0 < v0.0.1-0.2019 < "
		"v0.0.1 < v1.0.0-alpha < v1.0.0-alpha.1 < v1.0.0 = v1 = 1.0.0+incompatible"},
	{VULN_SCHEME_GO, "v1.2.3-0.20200101000000-abcdefabcdef < v1.2.3-pre < "
			 "v1.2.3-pre.0.20200101000000-abcdefabcdef < v1.2.3-rc.1 < v1.2.3 < "
			 "v1.2.4-0.20200101000000-abcdefabcdef < v1.2.4 < v2.0.0+incompatible"},
	{VULN_SCHEME_GO,
		"go1.20.14 < go1.21-pre4 < go1.21rc2 = 1.21.0-rc.2 = 1.21rc2 = go1.21-rc.2 "
		"< 1.21.0-rc.10 < go1.21 = 1.21.0 = v1.21 < go1.21.1 < go1.21.10"},
	{VULN_SCHEME_GO, "1.18.0-beta.1 = go1.18beta1 < go1.18beta2 < go1.18rc1 < go1.18"},
	{VULN_SCHEME_GO, "go1.26.2-X:nodwarf5 = go1.26.2 = go1.26.2 X:boringcrypto = "
			 "go1.26.2 (Red Hat 1.26.2-1.el9) = go1.26.2-20260101-RC00 cl/552 +45ab = "
			 "go1.26.2-bigcorp = 1.26.2 X:boringcrypto = 1.26.2-X:nodwarf5"},
	{VULN_SCHEME_GO, "go1.22rc1-X:loopvar = 1.22.0-rc.1 < go1.22-X:loopvar = 1.22.0"},
	{VULN_SCHEME_SEMVER, "0 < 0.0.0 < 1.0.0-alpha < 1.0.0-alpha.1 < 1.0.0-alpha.beta < "
			     "1.0.0-beta < 1.0.0-beta.2 < 1.0.0-beta.11 < 1.0.0-rc.1 < 1.0.0 = "
			     "1.0.0+20130313144700 = 1.0.0+001 < 2.0.0 < 2.1.0 < 2.1.1"},
	{VULN_SCHEME_SEMVER, "1.0.0--1 < 1.0.0-0A < 1.0.0-A < 1.0.0-a = v1.0.0-a < 1.0.0-a- < 1.0"},
	{VULN_SCHEME_SEMVER, "1.0.0-99999999999999999999 < 1.0.0-100000000000000000000 < "
			     "1.0.99999999999999999999 < 1.0.100000000000000000000"},
	{VULN_SCHEME_CRATES, "0.1.0-alpha.1 < 0.1.0-beta < 0.1.0 = 0.1 = 0.1.0+build.5 < 0.10.0"},
	{VULN_SCHEME_NPM, "0.0.0-foo < 0.0.0 < 0.0.1 < 0.9.0 < 0.9.9 < 0.10.0 < 0.99.0 < 1.0.0 < "
			  "1.2.3-4 < 1.2.3-5 < 1.2.3-4-foo < 1.2.3-5-foo < 1.2.3-a < 1.2.3-a.5 < "
			  "1.2.3-a.10 < 1.2.3-a.b < 1.2.3-a.b.c.5.d.100 < 1.2.3-asdf < "
			  "1.2.3-r100 < 1.2.3-r2 < 1.2.3-r2d < 1.2.3 < 2.0.0 < 3.0.0"},
	{VULN_SCHEME_NPM,
		"v1.2.3beta = =1.2.3-beta = 01.02.03-beta =  v1.2.3-beta < 1.2.3-beta.1 < "
		"= v1.2.3 = 1.2.3+build"},
	{VULN_SCHEME_DEBIAN, "0~~ < 0~ < 0 = 0-0 = 0:0 = 00 < 0-00a < 0-1 < 0a < 0+ < 0.0 < 1-1 < "
			     "1.2.3-1~bpo < 1.2.3-1 < 1.2.3-1+b1 < 1.2.3-1.1 < 1.2.3-2 < 1:0~~ < "
			     "1:0-1 < 2:0"},
	{VULN_SCHEME_DEBIAN, "1.0~beta1~svn1245-1 < 1.0~beta1-1 < 1.0-1 < 1.0a-1 < 1.0+dfsg-1 < "
			     "1.0.1-1"},
	{VULN_SCHEME_DEBIAN, "2.9-5 < 2.23-1 < 2.36-9ubuntu1 < 2.36-9+deb12u3 < 2.36-9+deb12u10 "
			     "< 2.36-10"},
	{VULN_SCHEME_ALPINE, "0.1.0_alpha_pre2 < 0.1.0_alpha < 0.1.0_alpha2 < 0.1.0_beta < "
			     "0.1.0_pre < 0.1.0_rc1 < 0.1.0 < 0.1.0-r1 < 0.1.0-r2 < 0.1.0-r10 < "
			     "0.1.0_cvs < 0.1.0_svn < 0.1.0_git1 < 0.1.0_hg < 0.1.0_p < 0.1.0_p1 < "
			     "0.1.0a < 0.1.0b < 0.1.0.1"},
	{VULN_SCHEME_ALPINE, "8.2.0 < 8.2.001 < 8.2.0015 < 8.2.002 < 8.2.1"},
	{VULN_SCHEME_ALPINE, "1.0~1234-r0 < 1.0~1234-r1 < 1.0~2345-r0"},
	{VULN_SCHEME_ALPINE, "1.2.10-r5 < 2.5.1-r8 < 2.5.1a-r1 < 3.0.20060720 < 3.9_pre20060124 < "
			     "6b-r7 < 021109-r3 < 20060512"},
	{VULN_SCHEME_ALPINE, "1.0_p9-r0 < 1.0_p10-r0 < 1.0.0_pre20191002222144-r0 < "
			     "1.0.0_pre20210530193627-r0 < 1.0.0"},
	{VULN_SCHEME_RPM, "1.0~rc1~git123 < 1.0~rc1 < 1.0~rc1^git1 < 1.0~rc2 < 1.0 = 1_0 < 1.0^ < "
			  "1.0^git1~pre < 1.0^git1 < 1.0^git2 < 1.0^20160101 < 1.0^20160101^git1 < "
			  "1.0^20160102 < 1.0a < 1.0aa < 1.0.1"},
	{VULN_SCHEME_RPM, "xyz.4 < xyz10 < xyz10.1 < 2 < 4.999.9 < 5.0 < 5.5p1 < 5.5p2 < 5.5p10 < "
			  "5.6p1 < 6.0 < 6.0.rc1 < 6.5p1 < 8 < 10a1 < 10a2 < 10b2 < 10xyz < 10.1 = "
			  "10.0001 < 10.1xyz < 10.0039"},
	{VULN_SCHEME_RPM, "a = a+ = a_ = +a = _a"},
	{VULN_SCHEME_RPM, "+ = _ = _+"},
	{VULN_SCHEME_RPM, "1.0 < 1.0-1.el9 < 1.0-1.el9_2 < 1.0-1.el9_10 < 1.0-2.el9 = 0:1.0-2.el9 "
			  "= 00:1.0-2.el9 < 1:0.1-1 = 01:0.1-1 < 10:0.1-1"},
	{VULN_SCHEME_PYPI,
		"1.dev0 < 1.0.dev456 < 1.0a1 < 1.0a2.dev456 < 1.0a12.dev456 < 1.0a12 < "
		"1.0b1.dev456 < 1.0b2 < 1.0b2.post345.dev456 < 1.0b2.post345 < 1.0b2-346 < "
		"1.0c1.dev456 < 1.0c1 < 1.0rc2 < 1.0c3 < 1.0 < 1.0.post456.dev34 < "
		"1.0.post456 < 1.1.dev1"},
	{VULN_SCHEME_PYPI, "1.2 = v1.2 = 1.2.0 = 01.02 < 1.2+123abc < 1.2+123abc456 < 1.2+abc < "
			   "1.2+abc123 = 1.2+ABC123 < 1.2+abc123def < 1.2+1 < 1.2+1234.abc = "
			   "1.2+1234-ABC < 1.2+123456 < 1.2.r32+123456 < 1.2.rev33+123456 < 1!0.1"},
	{VULN_SCHEME_PYPI, "1.0a1 = 1.0.alpha-1 = 1.0_A1 = 1.0-ALPHA.1 < 1.0b0 = 1.0beta < "
			   "1.0rc1 = 1.0c1 = 1.0preview1 = 1.0-pre_1 < 1.0 < 1.0.post0 = 1.0-r = "
			   "1.0-0 = 1.0.rev = 1.0post"},
	{VULN_SCHEME_MAVEN, "1-alpha2snapshot < 1-alpha2 < 1-alpha-123 < 1-beta-2 < 1-beta123 < "
			    "1-m2 < 1-m11 < 1-rc < 1-cr2 < 1-rc123 < 1-SNAPSHOT < 1 < 1-sp < "
			    "1-sp2 < 1-sp123 < 1-abc < 1-def < 1-pom-1 < 1-1-snapshot < 1-1 < 1-2 "
			    "< 1-123"},
	{VULN_SCHEME_MAVEN, "2.0.a < 2-1 < 2.0.2 < 2.0.123 < 2.1-a < 2.1b < 2.1-c < 2.1-1 < "
			    "2.1.0.1 < 2.2 < 2.123 < 11.a2 < 11.a11 < 11.b2 < 11.b11 < 11.m2 < "
			    "11.m11 < 11 < 11.a < 11b < 11c < 11m"},
	{VULN_SCHEME_MAVEN, "1 = 1.0 = 1.0.0 = 1-0 = 1.0-0 = 1ga = 1release = 1-FINAL = 1.0.0-GA"},
	{VULN_SCHEME_MAVEN,
		"1a1 = 1-alpha-1 < 1b2 = 1-beta-2 < 1m3 = 1-milestone-3 = 1MileStone3 < "
		"1cr = 1Rc < 1 < 1a = 1-a = 1.0-a = 1.0.0a < 1x = 1.0.0-X"},
	{VULN_SCHEME_MAVEN, "2.0.1-xyz < 2.0.1-123 < 2.0.2 < 20190126.230843 < "
			    "10000000000 < 99999999999999999999"},
	/* ComparableVersion has 1.sp < 1-rc as well. */
	{VULN_SCHEME_MAVEN, "1-rc < 1 < 1.sp < 1-sp-1"},
};

/* What is no version of a scheme. */
static const struct {
	enum vuln_scheme scheme;
	const char *text;
} wrong[] = {
	{VULN_SCHEME_GO, "devel"},
	{VULN_SCHEME_GO, "(devel)"},
	{VULN_SCHEME_GO, "v"},
	{VULN_SCHEME_GO, "go"},
	{VULN_SCHEME_GO, "v1.2.3.4"},
	{VULN_SCHEME_GO, "v01.2.3"},
	{VULN_SCHEME_GO, "v1.2.3-01"},
	{VULN_SCHEME_GO, "v1.2.3-"},
	{VULN_SCHEME_GO, "v1.2.3+"},
	{VULN_SCHEME_GO, "v1..3"},
	{VULN_SCHEME_GO, "v1.2x"},
	{VULN_SCHEME_SEMVER, "1.2.3-a..b"},
	{VULN_SCHEME_SEMVER, "1.2.3-a_b"},
	{VULN_SCHEME_SEMVER, "1.2.3beta"},
	{VULN_SCHEME_SEMVER, "=1.2.3"},
	{VULN_SCHEME_NPM, "x.1"},
	{VULN_SCHEME_NPM, "1.2.3.4"},
	{VULN_SCHEME_DEBIAN, ""},
	{VULN_SCHEME_DEBIAN, ":1"},
	{VULN_SCHEME_DEBIAN, "a:1"},
	{VULN_SCHEME_DEBIAN, "1:"},
	{VULN_SCHEME_DEBIAN, "1-"},
	{VULN_SCHEME_DEBIAN, "1 2"},
	{VULN_SCHEME_DEBIAN, "1_2"},
	{VULN_SCHEME_DEBIAN, "2147483648:1"},
	{VULN_SCHEME_ALPINE, "0.1bc"},
	{VULN_SCHEME_ALPINE, "0.1a1"},
	{VULN_SCHEME_ALPINE, "0.1a.1"},
	{VULN_SCHEME_ALPINE, "0.1_pre2~"},
	{VULN_SCHEME_ALPINE, "0.1_pre2~1234xbcd"},
	{VULN_SCHEME_ALPINE, "0.1_pre2~1234abcd_pre1"},
	{VULN_SCHEME_ALPINE, "0.1_foobar"},
	{VULN_SCHEME_ALPINE, "0.1-pre1.1"},
	{VULN_SCHEME_ALPINE, "0.1-r"},
	{VULN_SCHEME_ALPINE, "0.1-r2_pre1"},
	{VULN_SCHEME_ALPINE, "0.1-r2-r3"},
	{VULN_SCHEME_ALPINE, "0.1-r2.1"},
	{VULN_SCHEME_ALPINE, ".1"},
	{VULN_SCHEME_ALPINE, "-r1"},
	{VULN_SCHEME_ALPINE, "0.1_-r0"},
	{VULN_SCHEME_ALPINE, "0.1_1_alpha"},
	{VULN_SCHEME_RPM, "1 2"},
	{VULN_SCHEME_RPM, "1-"},
	{VULN_SCHEME_RPM, "2:"},
	{VULN_SCHEME_PYPI, "french toast"},
	{VULN_SCHEME_PYPI, "1.0+a+"},
	{VULN_SCHEME_PYPI, "1.0++"},
	{VULN_SCHEME_PYPI, "1.0+_foobar"},
	{VULN_SCHEME_PYPI, "1.0+foo&asd"},
	{VULN_SCHEME_PYPI, "1.0+1+1"},
	{VULN_SCHEME_PYPI, "1.0."},
	{VULN_SCHEME_MAVEN, "1 2"},
	{VULN_SCHEME_MAVEN, "1\xc3\xa4"},
};

/* -2: one is no version. */
static int order_of(enum vuln_scheme scheme, struct rf_str a, struct rf_str b)
{
	int order;

	return vuln_version_compare(scheme, a, b, &order, NULL) == RF_OK ? order : -2;
}

#define ROW_MAX 64

struct place {
	struct rf_str text;
	int rank;
};

/* Cuts a row at " < " and " = ". */
static size_t read_row(const char *row, struct place places[static ROW_MAX])
{
	size_t count = 0;
	int rank = 0;

	while (row && count < ROW_MAX) {
		const char *less = strstr(row, " < "), *equal = strstr(row, " = ");
		const char *end = !less || (equal && equal < less) ? equal : less;

		places[count].text = (struct rf_str){row, end ? (size_t)(end - row) : strlen(row)};
		places[count++].rank = rank;
		rank += end && end == less;
		row = end ? end + 3 : NULL;
	}
	return count;
}

static void check_pair(enum vuln_scheme scheme, const struct place *a, const struct place *b)
{
	int want = (a->rank > b->rank) - (a->rank < b->rank);
	int got = order_of(scheme, a->text, b->text);

	CHECKF(got == want, "%s: \"" RF_STR_FMT "\" to \"" RF_STR_FMT "\" is %d, want %d",
		vuln_scheme_name(scheme), RF_STR_ARG(a->text), RF_STR_ARG(b->text), got, want);
}

static void published_versions_are_in_their_order(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		struct place places[ROW_MAX];
		size_t count = read_row(rows[i].row, places);

		REQUIRE(count > 1 && count < ROW_MAX);
		for (size_t a = 0; a < count; a++) {
			for (size_t b = 0; b < count; b++)
				check_pair(rows[i].scheme, &places[a], &places[b]);
		}
	}
}

static void what_is_no_version_is_refused(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(wrong); i++) {
		struct rf_str text = rf_str_of(wrong[i].text);

		CHECKF(!vuln_version_valid(wrong[i].scheme, text), "%s: \"%s\"",
			vuln_scheme_name(wrong[i].scheme), wrong[i].text);
		CHECK_INT(order_of(wrong[i].scheme, RF_STR("1"), text), -2);
		CHECK_INT(order_of(wrong[i].scheme, text, RF_STR("1")), -2);
	}
}

static void a_refusal_names_the_version(void)
{
	struct rf_err err;
	int order = 7;

	CHECK_INT(vuln_version_compare(
			  VULN_SCHEME_ALPINE, RF_STR("1.0"), RF_STR("1.0-x"), &order, &err),
		RF_EINPUT);
	CHECK_STR(err.msg, "\"1.0-x\" is no Alpine version");
	CHECK_INT(order, 7);
}

static void a_version_has_a_greatest_length(void)
{
	char text[VULN_VERSION_MAX + 1];
	struct rf_err err;
	int order;

	memset(text, '1', sizeof(text));
	for (unsigned scheme = 0; scheme <= VULN_SCHEME_CRATES; scheme++) {
		CHECK(vuln_version_valid(scheme, (struct rf_str){text, VULN_VERSION_MAX}));
		CHECK(!vuln_version_valid(scheme, (struct rf_str){text, sizeof(text)}));
		CHECK(!vuln_version_valid(scheme, RF_STR("")));
	}
	CHECK_INT(vuln_version_compare(VULN_SCHEME_RPM, RF_STR("1"),
			  (struct rf_str){text, sizeof(text)}, &order, &err),
		RF_EINPUT);
	CHECK(strstr(err.msg, "over 512 bytes"));
}

static void the_longest_maven_versions_fit(void)
{
	static const char *const patterns[] = {"1a", "a1", ".a", "-", ".", "1.a1-", "a.", "-a"};
	char text[VULN_VERSION_MAX];

	for (size_t i = 0; i < RF_ARRAY_LEN(patterns); i++) {
		size_t len = strlen(patterns[i]);

		for (size_t j = 0; j < sizeof(text); j++)
			text[j] = patterns[i][j % len];
		CHECK_INT(order_of(VULN_SCHEME_MAVEN, (struct rf_str){text, sizeof(text)},
				  (struct rf_str){text, sizeof(text)}),
			0);
	}
}

static void ecosystems_are_found_by_their_names(void)
{
	static const struct {
		const char *name;
		enum vuln_scheme scheme;
	} names[] = {
		{"Go", VULN_SCHEME_GO},
		{"go", VULN_SCHEME_GO},
		{"Debian:12", VULN_SCHEME_DEBIAN},
		{"Ubuntu:22.04:LTS", VULN_SCHEME_DEBIAN},
		{"deb", VULN_SCHEME_DEBIAN},
		{"Alpine:v3.18", VULN_SCHEME_ALPINE},
		{"Wolfi", VULN_SCHEME_ALPINE},
		{"AlmaLinux:9", VULN_SCHEME_RPM},
		{"Red Hat:enterprise_linux:9::appstream", VULN_SCHEME_RPM},
		{"rocky linux", VULN_SCHEME_RPM},
		{"rpm", VULN_SCHEME_RPM},
		{"npm", VULN_SCHEME_NPM},
		{"PyPI", VULN_SCHEME_PYPI},
		{"Maven:https://repo.example/maven2", VULN_SCHEME_MAVEN},
		{"crates.io", VULN_SCHEME_CRATES},
		{"semver", VULN_SCHEME_SEMVER},
	};
	enum vuln_scheme scheme;

	for (size_t i = 0; i < RF_ARRAY_LEN(names); i++) {
		CHECKF(vuln_scheme_find(rf_str_of(names[i].name), &scheme) &&
				scheme == names[i].scheme,
			"%s", names[i].name);
	}
	CHECK(!vuln_scheme_find(RF_STR("NuGet"), &scheme));
	CHECK(!vuln_scheme_find(RF_STR(""), &scheme));
	CHECK(!vuln_scheme_find(RF_STR(":12"), &scheme));
	CHECK(!vuln_scheme_find(RF_STR("Gopher"), &scheme));
	CHECK(!vuln_scheme_find(RF_STR_NONE, &scheme));
}

/* --- the order on versions made at random --- */

#define POOL	 160
#define ROUNDS	 5
#define TEXT_MAX 96

static const char *const pieces[][24] = {
	[VULN_SCHEME_GO] = {"0", "1", "2", "10", ".", ".", ".0", ".1", "-", "-0.", "-rc", "rc1",
		"beta2", "-alpha", "+x", "v", "go", " X:a", "-X:b", "a", "-pre2", "9"},
	[VULN_SCHEME_SEMVER] = {"0", "1", "2", "10", ".", ".", ".0", ".1", "-", "-0", "-rc", "a",
		"B", "-alpha", "+x", "v", "-1", ".x", "0a", "--"},
	[VULN_SCHEME_DEBIAN] = {"0", "1", "2", "10", ".", "-", "~", "+", "a", "Z", ":", "1:", "00",
		"rc", "~~", "0:", "b", "-0", "9"},
	[VULN_SCHEME_ALPINE] = {"0", "1", "2", "10", ".", ".0", "01", "a", "b", "_alpha", "_rc",
		"_p", "_git", "-r0", "-r1", "-r10", "~a", "~0", "_p1", "."},
	[VULN_SCHEME_RPM] = {"0", "1", "2", "10", ".", "-", "~", "^", "a", "Z", ":", "1:", "00",
		"rc", "~~", "0:", "_", "+", "^1"},
	[VULN_SCHEME_NPM] = {"0", "1", "2", "10", ".", ".", ".0", ".1", "-", "-0", "-rc", "a", "B",
		"-alpha", "+x", "v", "=", ".01", "0a", "beta"},
	[VULN_SCHEME_PYPI] = {"0", "1", "2", "10", ".", ".0", "1!", "a", "b1", "rc2", "-1", ".post",
		".dev", "dev1", "+a", "+1", "post2", "v", ".", "_"},
	[VULN_SCHEME_MAVEN] = {"0", "1", "2", "10", ".", "-", ".", "-", "a", "rc", "sp", "ga",
		"snapshot", "x", "--", "..", "00", "1.0", "final", "RC"},
	[VULN_SCHEME_CRATES] = {"0", "1", "2", "10", ".", ".", ".0", ".1", "-", "-rc", "a", "+x"},
};

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* A valid version of up to eight pieces. */
static size_t make_version(enum vuln_scheme scheme, uint64_t *state, char out[static TEXT_MAX])
{
	size_t kinds = 0, len;

	while (kinds < RF_ARRAY_LEN(pieces[scheme]) && pieces[scheme][kinds])
		kinds++;
	do {
		size_t count = 1 + next_random(state) % 8;

		for (len = 0; count-- > 0;) {
			const char *piece = pieces[scheme][next_random(state) % kinds];

			memcpy(out + len, piece, strlen(piece));
			len += strlen(piece);
		}
	} while (!vuln_version_valid(scheme, (struct rf_str){out, len}));
	return len;
}

static char texts[POOL][TEXT_MAX];
static struct rf_str pool[POOL];
static int8_t orders[POOL][POOL];

static void check_triple(enum vuln_scheme scheme, size_t a, size_t b, size_t c)
{
	if (orders[a][b] <= 0 && orders[b][c] <= 0 && orders[a][c] > 0)
		CHECKF(false, "%s: " RF_STR_FMT " <= " RF_STR_FMT " <= " RF_STR_FMT,
			vuln_scheme_name(scheme), RF_STR_ARG(pool[a]), RF_STR_ARG(pool[b]),
			RF_STR_ARG(pool[c]));
}

/* Antisymmetry with this makes it an order: a < b and b = c gives a < c as well. */
static void check_pool(enum vuln_scheme scheme)
{
	for (size_t a = 0; a < POOL; a++) {
		for (size_t b = 0; b < POOL; b++)
			orders[a][b] = (int8_t)order_of(scheme, pool[a], pool[b]);
	}
	for (size_t a = 0; a < POOL; a++) {
		for (size_t b = 0; b <= a; b++) {
			if (orders[a][b] != -orders[b][a])
				CHECKF(false, "%s: " RF_STR_FMT " and " RF_STR_FMT,
					vuln_scheme_name(scheme), RF_STR_ARG(pool[a]),
					RF_STR_ARG(pool[b]));
			for (size_t c = 0; c < POOL; c++) {
				check_triple(scheme, a, b, c);
				check_triple(scheme, b, a, c);
			}
		}
	}
}

static void every_scheme_is_a_total_order(void)
{
	uint64_t state = 20240607;

	for (unsigned scheme = 0; scheme < RF_ARRAY_LEN(pieces); scheme++) {
		for (unsigned round = 0; round < ROUNDS; round++) {
			for (size_t i = 0; i < POOL; i++)
				pool[i] = (struct rf_str){
					texts[i], make_version(scheme, &state, texts[i])};
			check_pool(scheme);
		}
	}
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(published_versions_are_in_their_order);
	RUN(what_is_no_version_is_refused);
	RUN(a_refusal_names_the_version);
	RUN(a_version_has_a_greatest_length);
	RUN(the_longest_maven_versions_fit);
	RUN(ecosystems_are_found_by_their_names);
	RUN(every_scheme_is_a_total_order);
	return TAP_END();
}
