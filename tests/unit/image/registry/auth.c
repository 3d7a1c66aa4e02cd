/* Challenges of registries and the credentials of config.json. */
#include "tests/lib/tap.h"

#include "image/registry/auth.h"

static struct registry_challenge challenge;
static struct registry_credentials credentials;
static char helper[64];

static int parse(const char *text)
{
	return registry_challenge_parse(rf_str_of(text), &challenge, NULL);
}

static int find(const char *json, const char *host)
{
	return registry_credentials_find(rf_str_of(json), host, &credentials, helper, NULL);
}

static void a_bearer_challenge_names_its_service(void)
{
	CHECK_INT(parse("Bearer realm=\"https://auth.example/token\",service=\"registry\","
			"scope=\"repository:a/b:pull,push\""),
		RF_OK);
	CHECK_INT(challenge.scheme, REGISTRY_BEARER);
	CHECK_STR(challenge.realm, "https://auth.example/token");
	CHECK_STR(challenge.service, "registry");
	CHECK_STR(challenge.scope, "repository:a/b:pull,push");
}

static void the_best_of_several_challenges_is_taken(void)
{
	CHECK_INT(parse("Negotiate, Basic realm=\"x\", bearer REALM=\"https://a/\" , error=e"),
		RF_OK);
	CHECK_INT(challenge.scheme, REGISTRY_BEARER);
	CHECK_STR(challenge.realm, "https://a/");
	CHECK_INT(parse("Basic realm=x"), RF_OK);
	CHECK_INT(challenge.scheme, REGISTRY_BASIC);
	CHECK_STR(challenge.realm, "");
	CHECK_INT(parse("Digest realm=\"x\""), RF_OK);
	CHECK_INT(challenge.scheme, REGISTRY_NO_SCHEME);
	CHECK_INT(parse(""), RF_OK);
}

static void quoted_values_have_escapes(void)
{
	CHECK_INT(parse("Bearer realm=\"https://a/\\\"q\\\\\",service=\"a, b=c\""), RF_OK);
	CHECK_STR(challenge.realm, "https://a/\"q\\");
	CHECK_STR(challenge.service, "a, b=c");
}

static void malformed_challenges_are_refused(void)
{
	char text[9000] = "Bearer realm=\"";

	CHECK_INT(parse("Bearer service=\"x\""), RF_EINPUT);
	CHECK_INT(parse("Bearer realm=\"https://a/"), RF_EINPUT);
	CHECK_INT(parse("Bearer realm=\"x\\"), RF_EINPUT);
	CHECK_INT(parse("=x"), RF_EINPUT);
	CHECK_INT(parse("\"Bearer\""), RF_EINPUT);
	memset(text + 14, 'x', sizeof(text) - 16);
	text[sizeof(text) - 2] = '"';
	CHECK_INT(parse(text), RF_ELIMIT);
}

static void credentials_are_found_by_host(void)
{
	static const char *const json =
		"{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"aHViOmh1YnBhc3M=\"},"
		"\"localhost:5000\":{\"auth\":\"Ym9iOnNlOmNyZXQ=\"},"
		"\"https://r.example\":{\"username\":\"u\",\"password\":\"p\"},"
		"\"t.example\":{\"identitytoken\":\"token\"},\"empty.example\":{}}}";

	CHECK_INT(find(json, "docker.io"), RF_OK);
	CHECK_STR(credentials.user, "hub");
	CHECK_STR(credentials.password, "hubpass");
	CHECK_INT(find(json, "localhost:5000"), RF_OK);
	CHECK_STR(credentials.password, "se:cret");
	CHECK_INT(find(json, "r.example"), RF_OK);
	CHECK_STR(credentials.user, "u");
	CHECK_INT(find(json, "t.example"), RF_OK);
	CHECK_STR(credentials.identity_token, "token");
	CHECK_INT(find(json, "localhost:5001"), RF_EABSENT);
	CHECK_INT(find(json, "example"), RF_EABSENT);
	CHECK_INT(find(json, "empty.example"), RF_EABSENT);
	CHECK_INT(find("{}", "a"), RF_EABSENT);
}

static void helpers_are_named(void)
{
	static const char *const json =
		"{\"credsStore\":\"all\",\"credHelpers\":{\"r.example\":\"own\"}}";

	CHECK_INT(find(json, "r.example"), RF_EABSENT);
	CHECK_STR(helper, "own");
	CHECK_INT(find(json, "other"), RF_EABSENT);
	CHECK_STR(helper, "all");
	CHECK_INT(find("{\"credsStore\":\"../x\"}", "r"), RF_EINPUT);
	CHECK_INT(registry_helper_answer(RF_STR("{\"Username\":\"<token>\",\"Secret\":\"t\"}"),
			  &credentials, NULL),
		RF_OK);
	CHECK_STR(credentials.identity_token, "t");
	CHECK_STR(credentials.user, "");
}

static void a_damaged_config_is_refused(void)
{
	CHECK_INT(find("{", "a"), RF_EINPUT);
	CHECK_INT(find("{\"auths\":[]}", "a"), RF_EINPUT);
	CHECK_INT(find("{\"auths\":{\"a\":{\"auth\":\"Ym9i\"}}}", "a"), RF_EINPUT);
	CHECK_INT(find("{\"auths\":{\"a\":{\"auth\":\"Ym 9i\"}}}", "a"), RF_EINPUT);
	CHECK_INT(find("{\"auths\":{\"a\":{\"auth\":\"Ym9iO\"}}}", "a"), RF_EINPUT);
	CHECK_INT(find("{\"auths\":{\"a\":{\"auth\":7}}}", "a"), RF_EINPUT);
}

static void what_is_sent(void)
{
	AUTO_BUF out = {.max = 4096};

	REQUIRE(find("{\"auths\":{\"a\":{\"auth\":\"Ym9iOnNlY3JldA==\"}}}", "a") == RF_OK);
	registry_basic_put(&credentials, &out);
	CHECK_STR(rf_buf_cstr(&out), "Basic Ym9iOnNlY3JldA==");
	rf_buf_clear(&out);
	CHECK_INT(registry_token_put(RF_STR("{\"access_token\":\"x.y\"}"), &out, NULL), RF_OK);
	CHECK_STR(rf_buf_cstr(&out), "Bearer x.y");
	CHECK_INT(registry_token_put(RF_STR("{\"token\":\"\"}"), &out, NULL), RF_EINPUT);
	CHECK_INT(registry_token_put(RF_STR("{\"token\":\"a\\r\\nX: b\"}"), &out, NULL), RF_EINPUT);
	CHECK_INT(registry_token_put(RF_STR("[]"), &out, NULL), RF_EINPUT);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_bearer_challenge_names_its_service);
	RUN(the_best_of_several_challenges_is_taken);
	RUN(quoted_values_have_escapes);
	RUN(malformed_challenges_are_refused);
	RUN(credentials_are_found_by_host);
	RUN(helpers_are_named);
	RUN(a_damaged_config_is_refused);
	RUN(what_is_sent);
	return TAP_END();
}
