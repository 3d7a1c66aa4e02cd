/* URLs: what is one, what a Location means, and where credentials may go. */
#include "tests/lib/tap.h"

#include "wire/url.h"

static const char *shown(const struct wire_url *url)
{
	static char text[WIRE_URL_MAX + WIRE_HOST_SIZE + 64];
	AUTO_BUF host = {.max = 512};

	wire_url_put_host(url, &host);
	snprintf(text, sizeof(text), "%s %s %s", url->tls ? "https" : "http", rf_buf_cstr(&host),
		url->target);
	return text;
}

static const char *parsed(const char *text)
{
	struct wire_url url;

	return wire_url_parse(rf_str_of(text), &url, NULL) == RF_OK ? shown(&url) : "error";
}

static const char *resolved(const char *base, const char *location)
{
	struct wire_url from, to;

	if (wire_url_parse(rf_str_of(base), &from, NULL) < 0 ||
		wire_url_resolve(&from, rf_str_of(location), &to, NULL) < 0)
		return "error";
	return shown(&to);
}

static void urls_are_taken_apart(void)
{
	CHECK_STR(parsed("https://Registry.Example/v2/?n=1"), "https registry.example /v2/?n=1");
	CHECK_STR(parsed("http://localhost:5000"), "http localhost:5000 /");
	CHECK_STR(parsed("https://a:443/x#y"), "https a /x");
	CHECK_STR(parsed("https://a?q"), "https a /?q");
	CHECK_STR(parsed("HTTPS://[::1]:8443/x"), "https [::1]:8443 /x");
}

static void what_is_no_url_is_refused(void)
{
	static const char *const texts[] = {"", "ftp://a/", "https://", "https:///x",
		"https://user@host/", "https://user:pass@host/", "https://a:0/", "https://a:65536/",
		"https://a:/", "https://a:80x/", "https://a b/", "https://a/ b",
		"https://a/\r\nX: y", "https://a/\xc3\xa9", "https://[::1/", "https://[zz]/",
		"https://-a/", "//a/b"};

	for (size_t i = 0; i < RF_ARRAY_LEN(texts); i++)
		CHECKF(strcmp(parsed(texts[i]), "error") == 0, "\"%s\" is taken", texts[i]);
}

static void a_url_that_is_too_long_is_a_limit(void)
{
	static char text[WIRE_URL_MAX + 64] = "https://a/";
	struct wire_url url;

	memset(text + 10, 'x', sizeof(text) - 11);
	CHECK_INT(wire_url_parse(rf_str_of(text), &url, NULL), RF_ELIMIT);
}

static void locations_are_resolved(void)
{
	CHECK_STR(resolved("https://a/v2/x?y", "/z"), "https a /z");
	CHECK_STR(resolved("https://a/v2/x?y", "z?q"), "https a /v2/z?q");
	CHECK_STR(resolved("https://a/v2/x", "//b:1/z"), "https b:1 /z");
	CHECK_STR(resolved("https://a/v2/x", "http://b/z"), "http b /z");
	CHECK_STR(resolved("https://a/v2/x", "file:///etc/passwd"), "error");
	CHECK_STR(resolved("https://a/v2/x", "javascript:x"), "error");
}

static void an_origin_is_scheme_host_and_port(void)
{
	struct wire_url a, b;

	REQUIRE(wire_url_parse(RF_STR("https://a/x"), &a, NULL) == RF_OK);
	REQUIRE(wire_url_parse(RF_STR("https://A:443/y"), &b, NULL) == RF_OK);
	CHECK(wire_url_same_origin(&a, &b));
	b.port = 444;
	CHECK(!wire_url_same_origin(&a, &b));
	b.port = 443;
	b.tls = false;
	CHECK(!wire_url_same_origin(&a, &b));
}

static void query_values_are_escaped(void)
{
	struct wire_url url;

	REQUIRE(wire_url_parse(RF_STR("https://a/t"), &url, NULL) == RF_OK);
	CHECK_INT(wire_url_add_query(&url, "scope", RF_STR("a:b/c&d"), NULL), RF_OK);
	CHECK_INT(wire_url_add_query(&url, "n", RF_STR("1 2"), NULL), RF_OK);
	CHECK_STR(url.target, "/t?scope=a%3Ab%2Fc%26d&n=1%202");
}

static void loopback_hosts_are_known(void)
{
	CHECK(wire_host_is_loopback("localhost") && wire_host_is_loopback("127.1.2.3") &&
		wire_host_is_loopback("::1"));
	CHECK(!wire_host_is_loopback("localhost.example") && !wire_host_is_loopback("10.0.0.1") &&
		!wire_host_is_loopback("127.0.0.1.nip.example"));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(urls_are_taken_apart);
	RUN(what_is_no_url_is_refused);
	RUN(a_url_that_is_too_long_is_a_limit);
	RUN(locations_are_resolved);
	RUN(an_origin_is_scheme_host_and_port);
	RUN(query_values_are_escaped);
	RUN(loopback_hosts_are_known);
	return TAP_END();
}
