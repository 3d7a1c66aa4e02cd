/* Names of variables and files, placeholders, entropy, redaction, and what a variable gives. */
#include "tests/unit/image/secrets/secrets_test.h"

static void names_of_secrets_are_told_from_names_about_them(void)
{
	static const struct {
		const char *name;
		enum secret_name kind;
	} names[] = {
		{"POSTGRES_PASSWORD", SECRET_NAME_PASSWORD},
		{"dbPasswd", SECRET_NAME_PASSWORD},
		{"MYSQL_ROOT_PWD", SECRET_NAME_PASSWORD},
		{"API_KEY", SECRET_NAME_KEY},
		{"clientSecret", SECRET_NAME_KEY},
		{"AUTH_TOKEN_2", SECRET_NAME_KEY},
		{"some.access-key", SECRET_NAME_KEY},
		{"mySecretString", SECRET_NAME_KEY},
		{"POSTGRES_PASSWORD_FILE", SECRET_NAME_NONE},
		{"TOKEN_URL", SECRET_NAME_NONE},
		{"secretName", SECRET_NAME_NONE},
		{"KEY_PATH", SECRET_NAME_NONE},
		{"public_key", SECRET_NAME_NONE},
		{"keyboard", SECRET_NAME_NONE},
		{"primaryKey", SECRET_NAME_NONE},
		{"nextPageToken", SECRET_NAME_NONE},
		{"key", SECRET_NAME_NONE},
		{"PATH", SECRET_NAME_NONE},
		{"", SECRET_NAME_NONE},
		{"GPG_KEY", SECRET_NAME_NONE},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(names); i++)
		CHECKF(secret_name_kind(rf_str_of(names[i].name)) == names[i].kind, "%s",
			names[i].name);
}

static struct found variable(const char *name, const char *value)
{
	struct found found = {.count = 0};
	const struct secret_sink sink = {.hit = remember, .ctx = &found};

	CHECK_INT(
		secret_search_variable(the_rules(), rf_str_of(name), rf_str_of(value), &sink, NULL),
		RF_OK);
	return found;
}

static void a_literal_password_in_a_variable_is_a_finding(void)
{
	CHECK_STR(variable("POSTGRES_PASSWORD", "postgres").rule, "variable-secret");
	CHECK_STR(variable("ADMIN_PASSWORD", "hunter2").secret, "hunter2");
	CHECK_STR(variable("SECRET_KEY", "dev-only").rule, "variable-secret");
	CHECK_STR(variable("X", "ghp"
				"_R8kd02LmXv5TqZ1nBw7YcH3sJf9GpE4aUx6D")
			  .rule,
		"github-pat");
	CHECK_STR(variable("DATABASE_URL", "postgres://app:w8Kd03"
					   "jfQ@db.internal/x")
			  .rule,
		"url-password");
	CHECK_STR(variable("DATABASE_URL", "postgres://app:w8Kd03"
					   "jfQ@db.internal/x")
			  .secret,
		"w8Kd03jfQ");
	CHECK_INT(variable("DATABASE_URL", "postgres://app:w8Kd03"
					   "jfQ@db.internal/x")
			  .offset,
		15);
}

static void what_a_variable_may_hold_is_left_alone(void)
{
	static const char *const rows[][2] = {
		{"POSTGRES_PASSWORD_FILE", "/run/secrets/pw"},
		{"PASSWORD", "/run/secrets/pw"},
		{"ALLOW_EMPTY_PASSWORD", "yes"},
		{"API_KEY", ""},
		{"API_KEY", "${API_KEY}"},
		{"TOKEN_URL", "https://a.b/c"},
		{"AUTH_TOKEN", "https://a.b/c"},
		{"PATH", "/usr/bin"},
		{"GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D"},
		{"API_TOKEN", "<token>"},
		{"PYTHON_SHA256",
			"8c48a1d3a1c7b1d3b1f2a1e0c9b8a7f6e5d4c3b2a1f0e9d8c7b6a5f4e3d2c1b0"},
		{"SECRET_KEY", "xxxxxxxx"},
		{"PASSWORD_MIN_LENGTH", "12"},
		{"DB_PASSWORD", "1234"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++)
		CHECKF(variable(rows[i][0], rows[i][1]).count == 0, "%s=%s", rows[i][0],
			rows[i][1]);
}

static void some_paths_are_not_searched(void)
{
	static const char *const unwanted[] = {"app/package-lock.json", "go.sum", "a/font.woff2",
		"a/b.PNG", "usr/share/doc/x/README", "usr/share/locale/de/x", "x/jquery.min.js",
		"usr/lib/python3.11/test/keycert.pem", "var/lib/dpkg/status"};
	static const char *const wanted[] = {"", "etc/passwd", "app/.env", "root/.ssh/id_ed25519",
		"app/server.key", "app/config.json", "home/u/.docker/config.json", "a/main.go",
		"etc/ssl/private/x.pem"};

	for (size_t i = 0; i < RF_ARRAY_LEN(unwanted); i++)
		CHECKF(!secret_path_wanted(rf_str_of(unwanted[i])), "%s", unwanted[i]);
	for (size_t i = 0; i < RF_ARRAY_LEN(wanted); i++)
		CHECKF(secret_path_wanted(rf_str_of(wanted[i])), "%s", wanted[i]);
	CHECK(secret_path_wanted(RF_STR_NONE));
	CHECK(secret_path_is_test(RF_STR("a/testdata/x.pem")));
	CHECK(secret_path_is_test(RF_STR("a/b_test.go")));
	CHECK(!secret_path_is_test(RF_STR("opt/contest.go")));
	CHECK(!secret_path_is_test(RF_STR("test")));
}

static bool is_text(const char *bytes, size_t len)
{
	return secret_is_text((struct rf_bytes){(const uint8_t *)bytes, len});
}

static void binaries_are_no_text(void)
{
	CHECK(is_text("hello\n", 6));
	CHECK(is_text("gr\xc3\xbc\xc3\x9f\x65\t\r\n", 10));
	CHECK(!is_text("\x7f"
		       "ELF\x02\x01\x01\0\0",
		9));
	CHECK(!is_text("\x01\x02\x03\x04", 4));
	CHECK(!is_text("", 0));
}

static void entropy_is_in_tenths_of_a_bit(void)
{
	CHECK_INT(secret_entropy(RF_STR("")), 0);
	CHECK_INT(secret_entropy(RF_STR("aaaaaaaa")), 0);
	CHECK_INT(secret_entropy(RF_STR("abababab")), 10);
	CHECK_INT(secret_entropy(RF_STR("abcdefghijklmnop")), 40);
	/* 2.5850 */
	CHECK_INT(secret_entropy(RF_STR("abcdef")), 25);
}

static void words_do_not_look_random(void)
{
	CHECK(secret_is_random(RF_STR("q8Zx0vLw93hDkP5tYs7B")));
	CHECK(secret_is_random(RF_STR("7d7dc5f71eb29ddaf80d6214632eeae0")));
	CHECK(!secret_is_random(RF_STR("encryptionKey1024")));
	CHECK(!secret_is_random(RF_STR("NewEncapsulationKey768")));
	CHECK(!secret_is_random(RF_STR("authorization-code-flow")));
}

static void little_is_shown_of_a_secret(void)
{
	char out[SECRET_REDACTED_SIZE];

	secret_redact(RF_STR("ABCDEFGHIJKLMNOPQRST"), out);
	CHECK_STR(out, "ABCD…(20)");
	secret_redact(RF_STR("hunter2"), out);
	CHECK_STR(out, "…(7)");
	secret_redact(RF_STR("ab\n\x01"
			     "defghijklmnopq"),
		out);
	CHECK_STR(out, "ab..…(18)");
	secret_redact(RF_STR(""), out);
	CHECK_STR(out, "…(0)");
}

static void base64_of_what_can_be_printed_is_decoded(void)
{
	char out[16];

	CHECK_INT(secret_decode(RF_STR("YTpi"), out, sizeof(out)), 3);
	CHECK(memcmp(out, "a:b", 3) == 0);
	CHECK_INT(secret_decode(RF_STR("AAAA"), out, sizeof(out)), 0);
	CHECK_INT(secret_decode(RF_STR("YT pi"), out, sizeof(out)), 0);
	CHECK_INT(secret_decode(RF_STR("YWJjZGVmZ2hpamtsbW5vcHFyc3R1dg=="), out, sizeof(out)), 0);
}

static void patterns_that_are_none_are_refused(void)
{
	struct pattern pattern;

	CHECK(pattern_compile("a<w3-5>|b<d2>", false, &pattern));
	CHECK_INT(pattern.count, 4);
	CHECK_INT(pattern.anchor, 2);
	CHECK(!pattern_compile("a<?3>", false, &pattern));
	CHECK(!pattern_compile("a<w5-3>", false, &pattern));
	CHECK(!pattern_compile("a<w0>", false, &pattern));
	CHECK(!pattern_compile("a<w3", false, &pattern));
	CHECK(!pattern_compile("a|", false, &pattern));
	CHECK(!pattern_compile("", false, &pattern));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(names_of_secrets_are_told_from_names_about_them);
	RUN(a_literal_password_in_a_variable_is_a_finding);
	RUN(what_a_variable_may_hold_is_left_alone);
	RUN(some_paths_are_not_searched);
	RUN(binaries_are_no_text);
	RUN(entropy_is_in_tenths_of_a_bit);
	RUN(words_do_not_look_random);
	RUN(little_is_shown_of_a_secret);
	RUN(base64_of_what_can_be_printed_is_decoded);
	RUN(patterns_that_are_none_are_refused);
	return TAP_END();
}
