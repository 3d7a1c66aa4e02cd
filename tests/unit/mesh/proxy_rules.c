/* IDs that are let in: exact ones, beginnings, and what is no ID. */
#include "tests/lib/tap.h"

#include "mesh/proxy/rules.h"

#define WEB	  "spiffe://shop.example/ns/default/sa/web"
#define MAKE(...) make((const char *const[]){__VA_ARGS__, NULL})

static struct proxy_rules *rules;
static struct proxy_admission admission;
static struct rf_err err;

static int make(const char *const *ids)
{
	struct rf_str list[8];
	size_t count = 0;

	for (; ids[count]; count++)
		list[count] = rf_str_of(ids[count]);
	proxy_rules_unref(rules);
	rules = NULL;
	return proxy_rules_new(list, count, &rules, &err);
}

static bool lets_in(const char *id)
{
	struct proxy_who who = {.id = rf_str_of(id)};

	memset(&admission, 0x55, sizeof(admission));
	proxy_rules_judge(rules, &who, &admission);
	return admission.allowed;
}

static void without_rules_everybody_is_let_in(void)
{
	CHECK_INT(make((const char *const[]){NULL}), RF_OK);
	CHECK(lets_in(WEB));
	CHECK(lets_in(""));
	CHECK_STR(admission.why, "");
	proxy_rules_unref(rules);
	rules = NULL;
	CHECK(lets_in(WEB));
	CHECK(lets_in(""));
}

static void an_exact_id_is_that_one_only(void)
{
	CHECK_INT(MAKE(WEB, "spiffe://shop.example/x"), RF_OK);
	CHECK(lets_in(WEB));
	CHECK_STR(admission.why, WEB);
	CHECK(!lets_in(WEB "2"));
	CHECK_STR(admission.why, "allow-id");
	CHECK(!lets_in("spiffe://shop.example/ns/default/sa/we"));
	CHECK(!lets_in("spiffe://shop.example"));
	CHECK(!lets_in("*"));
}

static void a_peer_without_an_id_is_denied_by_any_rule(void)
{
	CHECK_INT(MAKE(WEB), RF_OK);
	CHECK(!lets_in(""));
	CHECK_INT(MAKE("spiffe://*"), RF_OK);
	CHECK(!lets_in(""));
}

static void a_beginning_has_its_whole_trust_domain(void)
{
	CHECK_INT(MAKE("spiffe://shop.example*"), RF_EINPUT);
	CHECK_INT(MAKE("spiffe://shop.example/*"), RF_OK);
	CHECK(!lets_in("spiffe://shop.example.evil/a"));
}

static void a_beginning_ends_with_a_star(void)
{
	CHECK_INT(MAKE("spiffe://shop.example/ns/shop/*", WEB), RF_OK);
	CHECK(lets_in("spiffe://shop.example/ns/shop/sa/a"));
	CHECK_STR(admission.why, "spiffe://shop.example/ns/shop/*");
	CHECK(lets_in(WEB));
	CHECK(!lets_in("spiffe://shop.example/ns/shop"));
	CHECK(!lets_in("spiffe://shop.example/ns/shop2/sa/a"));
	CHECK(!lets_in("spiffe://shop.example.evil/ns/shop/sa/a"));
	CHECK_INT(MAKE("spiffe://*"), RF_OK);
	CHECK(lets_in(WEB));
}

static void what_is_no_id_is_refused(void)
{
	static const char *const ids[] = {"", "*", "web", "https://shop.example/*", "spiffe:/*",
		"spiffe://shop.example/a/", "spiffe://Shop.example/a", "spiffe://shop.example/*/a",
		"spiffe:// shop.example/a"};

	for (size_t i = 0; i < RF_ARRAY_LEN(ids); i++)
		CHECKF(MAKE(WEB, ids[i]) == RF_EINPUT, "\"%s\"", ids[i]);
}

static void a_long_reason_is_cut(void)
{
	char id[IDENTITY_MAX + 1] = "spiffe://shop.example/";
	size_t begin = strlen(id);

	memset(id + begin, 'a', IDENTITY_MAX - begin);
	CHECK_INT(MAKE(id), RF_OK);
	CHECK(lets_in(id));
	CHECK_INT(strlen(admission.why), PROXY_WHY_SIZE - 1);
}

static void rules_live_as_long_as_they_are_referred_to(void)
{
	struct proxy_rules *other;

	CHECK_INT(MAKE(WEB), RF_OK);
	other = proxy_rules_ref(rules);
	proxy_rules_unref(rules);
	rules = other;
	CHECK(lets_in(WEB));
	CHECK(!proxy_rules_ref(NULL));
	proxy_rules_unref(NULL);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(without_rules_everybody_is_let_in);
	RUN(an_exact_id_is_that_one_only);
	RUN(a_peer_without_an_id_is_denied_by_any_rule);
	RUN(a_beginning_has_its_whole_trust_domain);
	RUN(a_beginning_ends_with_a_star);
	RUN(what_is_no_id_is_refused);
	RUN(a_long_reason_is_cut);
	RUN(rules_live_as_long_as_they_are_referred_to);
	proxy_rules_unref(rules);
	return TAP_END();
}
