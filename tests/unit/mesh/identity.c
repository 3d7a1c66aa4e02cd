/* SPIFFE IDs: each valid and invalid shape of SPIFFE-ID.md, section 2. */
#include "tests/lib/tap.h"

#include "base/buf.h"
#include "mesh/identity.h"

static const char *why_not(const char *text)
{
	static struct rf_err err;
	struct identity id;

	err.msg[0] = '\0';
	return identity_parse(rf_str_of(text), &id, &err) < 0 ? err.msg : "good";
}

static bool is_good(const char *text)
{
	struct identity id;

	return identity_parse(rf_str_of(text), &id, NULL) == RF_OK;
}

static void an_id_is_taken_apart(void)
{
	struct identity id;

	REQUIRE(identity_parse(RF_STR("spiffe://prod.example/ns/a/sa/b"), &id, NULL) == RF_OK);
	CHECK(rf_str_is(id.trust_domain, "prod.example"));
	CHECK(rf_str_is(id.path, "/ns/a/sa/b"));
	REQUIRE(identity_parse(RF_STR("spiffe://x"), &id, NULL) == RF_OK);
	CHECK(rf_str_is(id.trust_domain, "x"));
	CHECK_INT(id.path.len, 0);
}

static void valid_shapes_are_accepted(void)
{
	static const char *const good[] = {"spiffe://a", "spiffe://a/b", "spiffe://a.b-c_d.9/x",
		"spiffe://a/B.c-D_e/...", "spiffe://a/.b", "spiffe://1.2.3.4/x", "spiffe://-/_",
		"spiffe://a/ns/x/sa/y/z", "spiffe://a/...", "spiffe://a/..b/b.."};

	for (size_t i = 0; i < RF_ARRAY_LEN(good); i++)
		CHECKF(is_good(good[i]), "%s: %s", good[i], why_not(good[i]));
}

static void invalid_shapes_are_refused(void)
{
	static const char *const bad[] = {"", "spiffe", "spiffe:", "spiffe:/a/b", "spiffe://",
		"spiffe:///a", "http://a/b", "SPIFFE://a/b", "Spiffe://a/b", " spiffe://a/b",
		"spiffe://A/b", "spiffe://a:80/b", "spiffe://user@a/b", "spiffe://a/",
		"spiffe://a//b", "spiffe://a/b/", "spiffe://a/./b", "spiffe://a/../b",
		"spiffe://a/b/..", "spiffe://a/b/.", "spiffe://a/b?c", "spiffe://a/b#c",
		"spiffe://a?b", "spiffe://a#b", "spiffe://a/b%20c", "spiffe://a%2e/b",
		"spiffe://a/b c", "spiffe://a/\xc3\xa9", "spiffe://\xc3\xa9/b", "spiffe://a/b\n",
		"spiffe://a/b+c", "spiffe://a/b~", "spiffe://[::1]/b", "spiffe://a/b:c",
		"spiffe://a\\b", "spiffe://a/b,c"};

	for (size_t i = 0; i < RF_ARRAY_LEN(bad); i++)
		CHECKF(!is_good(bad[i]), "\"%s\" was accepted", bad[i]);
}

static void a_nul_within_an_id_is_refused(void)
{
	struct identity id;

	CHECK(identity_parse(RF_STR("spiffe://a/b\0c"), &id, NULL) < 0);
	CHECK(identity_parse(RF_STR("spiffe://a\0b/c"), &id, NULL) < 0);
}

static void the_message_says_which_byte(void)
{
	CHECK(strstr(why_not("spiffe://a/b%c"), "'%'"));
	CHECK(strstr(why_not("spiffe://a/b\x1b"), "0x1b"));
	CHECK(strstr(why_not("spiffe://A/b"), "'A'"));
}

static void a_length_of_2048_is_the_limit(void)
{
	AUTO_BUF text = {0};
	struct identity id;

	rf_buf_add_c(&text, "spiffe://a/");
	while (text.len < IDENTITY_MAX)
		rf_buf_add_char(&text, 'x');
	CHECK(identity_parse(rf_buf_str(&text), &id, NULL) == RF_OK);
	rf_buf_add_char(&text, 'x');
	CHECK(identity_parse(rf_buf_str(&text), &id, NULL) == RF_EINPUT);
}

static void a_trust_domain_of_255_is_the_limit(void)
{
	char domain[IDENTITY_DOMAIN_MAX + 2];

	memset(domain, 'a', sizeof(domain));
	CHECK(identity_check_domain((struct rf_str){domain, IDENTITY_DOMAIN_MAX}, NULL) == RF_OK);
	CHECK(identity_check_domain((struct rf_str){domain, IDENTITY_DOMAIN_MAX + 1}, NULL) < 0);
	CHECK(identity_check_domain(RF_STR(""), NULL) < 0);
	CHECK(identity_check_domain(RF_STR("a/b"), NULL) < 0);
}

static void the_id_of_a_workload_is_made_and_read(void)
{
	char text[IDENTITY_MAX + 1];
	struct rf_str namespace, account;
	struct identity id;

	REQUIRE(identity_make(RF_STR("td"), RF_STR("prod"), RF_STR("app.v1"), text, NULL) == RF_OK);
	CHECK_STR(text, "spiffe://td/ns/prod/sa/app.v1");
	REQUIRE(identity_parse(rf_str_of(text), &id, NULL) == RF_OK);
	REQUIRE(identity_workload(&id, &namespace, &account));
	CHECK(rf_str_is(namespace, "prod"));
	CHECK(rf_str_is(account, "app.v1"));
}

static void names_that_kubernetes_has_not_make_no_id(void)
{
	char text[IDENTITY_MAX + 1];

	CHECK(identity_make(RF_STR("td"), RF_STR("a.b"), RF_STR("x"), text, NULL) < 0);
	CHECK(identity_make(RF_STR("td"), RF_STR(""), RF_STR("x"), text, NULL) < 0);
	CHECK(identity_make(RF_STR("td"), RF_STR("a/sa/b"), RF_STR("x"), text, NULL) < 0);
	CHECK(identity_make(RF_STR("td"), RF_STR("a"), RF_STR("X"), text, NULL) < 0);
	CHECK(identity_make(RF_STR("td"), RF_STR("a"), RF_STR("x/y"), text, NULL) < 0);
	CHECK(identity_make(RF_STR("TD"), RF_STR("a"), RF_STR("x"), text, NULL) < 0);
}

static void other_paths_are_no_workload(void)
{
	static const char *const other[] = {"spiffe://td", "spiffe://td/ns/a",
		"spiffe://td/ns/a/sa", "spiffe://td/ns/a/sa/b/c", "spiffe://td/ns/a/xx/b",
		"spiffe://td/x/ns/a/sa/b", "spiffe://td/ns/a.b/sa/c", "spiffe://td/ns/A/sa/b",
		"spiffe://td/ns/a/sa/B"};
	struct rf_str namespace, account;
	struct identity id;

	for (size_t i = 0; i < RF_ARRAY_LEN(other); i++) {
		REQUIRE(identity_parse(rf_str_of(other[i]), &id, NULL) == RF_OK);
		CHECKF(!identity_workload(&id, &namespace, &account), "%s", other[i]);
	}
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(an_id_is_taken_apart);
	RUN(valid_shapes_are_accepted);
	RUN(invalid_shapes_are_refused);
	RUN(a_nul_within_an_id_is_refused);
	RUN(the_message_says_which_byte);
	RUN(a_length_of_2048_is_the_limit);
	RUN(a_trust_domain_of_255_is_the_limit);
	RUN(the_id_of_a_workload_is_made_and_read);
	RUN(names_that_kubernetes_has_not_make_no_id);
	RUN(other_paths_are_no_workload);
	return TAP_END();
}
