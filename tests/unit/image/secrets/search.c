/* What is found in whole texts, where, and what is not. Secrets are cut in two in this file. */
#include "tests/unit/image/secrets/secrets_test.h"

#define GITHUB \
	"ghp"  \
	"_R8kd02LmXv5TqZ1nBw7YcH3sJf9GpE4aUx6D"
#define RANDOM          \
	"q8Zx0vLw93hDk" \
	"P5tYs7B"
#define BODY                                                                 \
	"MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49\n" \
	"AwEHoUQDQgAEPR3tU2Fta9ktY+6P9G0cWO+0kETA6SFs38GecTyudlHz6xvCdz8q\n"

struct text_case {
	const char *path, *text, *rule; /* rule NULL: nothing is found */
};

static void check_cases(const struct text_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct found found = search_in(cases[i].path, cases[i].text);

		CHECKF(found.count == (cases[i].rule ? 1U : 0U), "%u hits in %s (%s)", found.count,
			cases[i].text, found.rule);
		if (cases[i].rule)
			CHECK_STR(found.rule, cases[i].rule);
	}
}
#define CHECK_CASES(cases) check_cases(cases, RF_ARRAY_LEN(cases))

static void a_hit_says_where_it_is(void)
{
	const struct found found = search_in("a.sh", "one\ntwo\nexport T=" GITHUB "\nfour\n");

	CHECK_INT(found.count, 1);
	CHECK_STR(found.rule, "github-pat");
	CHECK_STR(found.secret, GITHUB);
	CHECK_STR(found.severity, "critical");
	CHECK_INT(found.line, 3);
	CHECK_INT(found.column, 10);
	CHECK_INT(found.offset, 17);
}

static void the_better_of_two_rules_tells(void)
{
	static const struct text_case cases[] = {
		{"a", "github_token = \"" GITHUB "\"\n", "github-pat"},
		{"a",
			"heroku_api_key = \"64c8e759-38a2"
			"-0c46-26c5-6bffae613752\"",
			"heroku-key"},
		{"a", "my_api_key = \"" RANDOM "\"", "generic-secret"},
	};

	CHECK_CASES(cases);
}

static void a_part_of_something_longer_is_no_token(void)
{
	static const struct text_case cases[] = {
		{"a", "x" GITHUB, NULL},
		{"a", GITHUB "x", NULL},
		{"a", "\"a\\n" GITHUB "\\n\"", "github-pat"},
	};

	CHECK_CASES(cases);
}

static void names_and_operators_of_many_languages_are_read(void)
{
	static const char *const forms[] = {"apiToken := \"%s\"", "api_token: '%s'", "API_TOKEN=%s",
		"export API_TOKEN=%s", "\"api_token\": \"%s\"", "\"apiToken\" => \"%s\"",
		"var apiToken string = \"%s\"", "apiToken: string = \"%s\"", "API_TOKEN ?= %s",
		"$apiToken .= \"%s\"", "setProperty(\"API_TOKEN\", \"%s\")",
		"os.environ['API_TOKEN'] = '%s'", "<apiToken>%s</apiToken>",
		"{\\\"api_token\\\":\\\"%s\\\"}", "apiToken = []byte(\"%s\")", "ENV API_TOKEN %s",
		"{\"a.ini\": \"API_TOKEN=%s\\nB=1\"}"};

	for (size_t i = 0; i < RF_ARRAY_LEN(forms); i++) {
		AUTO_BUF text = {.data = NULL};
		const char *mark = strstr(forms[i], "%s");

		rf_buf_add(&text, forms[i], (size_t)(mark - forms[i]));
		rf_buf_add_c(&text, RANDOM);
		rf_buf_add_c(&text, mark + 2);
		/* A Dockerfile's old form has no operator: Dockerfiles are read elsewhere. */
		const bool wanted = strncmp(forms[i], "ENV", 3) != 0;
		const struct found found = search_in("settings", rf_buf_cstr(&text));

		CHECKF(found.count == (wanted ? 1U : 0U), "%s", rf_buf_cstr(&text));
		if (wanted)
			CHECK_STR(found.secret, RANDOM);
	}
}

static void what_is_no_literal_is_no_secret(void)
{
	static const struct text_case cases[] = {
		{"a.go", "token := newTokenFromRequest2(ctx)", NULL},
		{"a.go", "cfg.PrivateKey = testRSA2048PrivateKey", NULL},
		{"a.go", "apiKey = " RANDOM, NULL},
		{"a", "API_KEY=${SOME_OTHER_NAME_9}", NULL},
		{"a", "api_key: \"{{ .Values.apiKey01 }}\"", NULL},
		{"a", "api_key: \"<your-api-key-0123>\"", NULL},
		{"a", "token_url: \"https://a.b.example/oauth2/token/v1\"", NULL},
		{"a", "secret_name = \"" RANDOM "\"", NULL},
		{"a", "public_key = \"" RANDOM "\"", NULL},
		{"a", "api_key = \"encryptionKey1024Decapsulation\"", NULL},
		{"a", "key_file = /etc/ssl/private/server01.key", NULL},
		{"a", "import { chain_Anvil1_Key } from '../pallets/supported-chains/consts';",
			NULL},
		{"a", "password: \"Password123\"", NULL},
		{"a", "password = changeme", NULL},
		{"a", "[\"password\", \"scram-sha-256X\"]", NULL},
	};

	CHECK_CASES(cases);
}

static void published_example_values_are_known(void)
{
	static const struct text_case cases[] = {
		{"a",
			"aws_access_key_id = AKIA"
			"IOSFODNN7EXAMPLE",
			NULL},
		{"a",
			"secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY"
			"EXAMPLEKEY",
			NULL},
		{"a", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", NULL},
	};

	CHECK_CASES(cases);
}

static void private_keys_are_found_in_every_dress(void)
{
	static const struct text_case cases[] = {
		{"k",
			"-----BEGIN EC PRIVATE "
			"KEY-----\n" BODY "-----END EC PRIVATE KEY-----\n",
			"private-key"},
		{"k",
			"-----BEGIN OPENSSH PRIVATE "
			"KEY-----\n" BODY BODY,
			"private-key"},
		{"k",
			"-----BEGIN PGP PRIVATE "
			"KEY BLOCK-----\n\n" BODY BODY "=8xQN\n",
			"private-key"},
		{"k",
			"\"private_key\": \"-----BEGIN PRIVATE "
			"KEY-----"
			"\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDAC4AWkdwKYSd8\\nKs14"
			"IReLcYgADhoXk56ZzXI=\\n-----END\"",
			"private-key"},
		{"k",
			"-----BEGIN PRIVATE "
			"KEY-----\nanything\n-----END PRIVATE KEY-----\n",
			NULL},
		{"k", "-----BEGIN PUBLIC KEY-----\n" BODY "-----END PUBLIC KEY-----\n", NULL},
		{"k", "no private key here -----\n" BODY, NULL},
	};

	CHECK_CASES(cases);
	CHECK_STR(search_in("x/testdata/k.pem", cases[0].text).severity, "low");
	CHECK_STR(search_in("x/etc/k.pem", cases[0].text).severity, "critical");
}

static void passwords_in_urls_and_command_lines_are_found(void)
{
	static const struct text_case cases[] = {
		{"a",
			"DB=postgres://app:w8Kd03"
			"jfQ@db.internal:5432/x",
			"url-password"},
		{"a",
			"git clone https://u:w8Kd03"
			"jfQ@git.corp.io/x",
			"url-password"},
		{"a", "postgres://user:password@localhost/x", NULL},
		{"a", "https://${USER}:${PASS}@git.corp.io/x", NULL},
		{"a", "https://git.corp.io/x@y:z", NULL},
		{"a", "see https://en.example.org:80/ and mail a@b.c", NULL},
		{"a",
			"curl -u elastic:w8Kd"
			"03jfQ https://db.internal",
			"curl-user"},
		{"a",
			"curl \\\n  --user 'elastic:w8Kd"
			"03jfQ' https://db.internal",
			"curl-user"},
		{"a", "curl -u \"$USER:$PASS\" https://db.internal", NULL},
		{"a", "curl -s https://db.internal\n-u elastic:w8Kd03jfQ", NULL},
		{"a",
			"-H 'Authorization: Basic am9objpoMHBr"
			"MW5zfjIxcw=='",
			"authorization-header"},
		{"a",
			"-H \"Authorization: Bearer cfcabd11c7ed9a41"
			"b1a3e063c32d5114\"",
			"authorization-header"},
		{"a", "-H \"Authorization: Bearer $TOKEN\"", NULL},
		{"a",
			"Server=db;User Id=sa;Password=w8Kd"
			"03jfQ;Encrypt=true",
			"connection-string"},
	};

	CHECK_CASES(cases);
}

static void configuration_files_give_up_their_secrets(void)
{
	static const struct text_case cases[] = {
		{"c.json",
			"{\"auths\":{\"r.io\":{\"auth\":\"am9objpoMHBr"
			"MW5zfjIxcw==\"}}}",
			"docker-auth"},
		{"c.json", "{\"auths\":{\"r.io\":{\"auth\":\"bm90aGluZw==\"}}}", NULL},
		{".netrc",
			"machine git.corp.io login joe password w8Kd"
			"03jfQ\n",
			"netrc-password"},
		{"a", "# the login module reads the password " RANDOM, NULL},
		{"s.yaml",
			"kind: Secret\ndata:\n  key: d2hhdGV2ZXIt"
			"aXQtaXM=\n",
			"kubernetes-secret"},
		{"s.yaml",
			"data:\n  key: d2hhdGV2ZXIt"
			"aXQtaXM=\nkind: \"Secret\"\n",
			"kubernetes-secret"},
		{"s.yaml",
			"kind: Secret\nstringData:\n  key: |\n    w8Kd"
			"03jfQ\n",
			"kubernetes-secret"},
		{"s.yaml", "kind: Secret\ndata:\n  key: {{ .Values.x }}\n", NULL},
		{"s.yaml", "kind: ConfigMap\ndata:\n  key: d2hhdGV2ZXItaXQtaXM=\n", NULL},
		{"s.yaml", "kind: Secret\n---\ndata:\n  key: d2hhdGV2ZXItaXQtaXM=\n", NULL},
		{"shadow",
			"root:$6$kP3dX9sLqW$8fJk2LmN0pQrStUvWxYz1A2b3C4d5E6f7G8h9I0jKlMnOpQ:19000:",
			"password-hash"},
		{"shadow", "root:*:19000:0:99999:7:::\n", NULL},
		{"a.tf", "administrator_login_password = \"thisIsDog11\"", "terraform-password"},
		{"a.tf", "password = var.db_password", NULL},
		{".npmrc", "//r.io/:_authToken=" RANDOM "a1b2c3\n", "npmrc-auth"},
	};

	CHECK_CASES(cases);
}

static void tests_and_documents_are_judged_by_formats_alone(void)
{
	CHECK_INT(search_in("pkg/a_test.go", "apiKey := \"" RANDOM "\"").count, 0);
	CHECK_INT(search_in("pkg/a.go", "apiKey := \"" RANDOM "\"").count, 1);
	CHECK_INT(search_in("README.md", "t: " GITHUB).count, 1);
	CHECK_STR(search_in("README.md", "t: " GITHUB).severity, "low");
}

static void a_token_is_found_at_every_distance_from_a_step(void)
{
	AUTO_BUF text = {.data = NULL};
	struct found best = {.count = 0};

	for (unsigned i = 0; i < 200; i++) {
		fill(&text, C_LOWER, i % 37);
		rf_buf_add_c(&text, "\nt: " GITHUB "\n");
	}
	best = search_in("a", rf_buf_cstr(&text));
	CHECK_INT(best.count, 200);
	CHECK_INT(best.line, 400);
}

static int stop(void *ctx, const struct secret_hit *hit, struct rf_err *err)
{
	(void)ctx, (void)hit;
	return rf_err_set(err, RF_ELIMIT, "enough");
}

static void a_sink_ends_the_search(void)
{
	const struct secret_sink sink = {.hit = stop};
	static const char text[] = "a: " GITHUB "\nb: " GITHUB "\n";
	struct rf_err err = {.code = RF_OK};

	CHECK_INT(secret_search(the_rules(), RF_STR("a"),
			  (struct rf_bytes){(const uint8_t *)text, sizeof(text) - 1}, &sink, &err),
		RF_ELIMIT);
	CHECK_STR(err.msg, "enough");
}

/* Text made to be slow: much of it begins a pattern and never ends one. */
static void hostile_text_takes_no_time(void)
{
	static const char *const pieces[] = {"eyJ", "key=", "-----BEGIN PRIVATE KEY-----",
		"://a:", "curl ", "kind: secret\ndata:\n", "Authorization: Basic ", "token=\"",
		"ghp_", "secret:"};

	for (size_t i = 0; i < RF_ARRAY_LEN(pieces); i++) {
		AUTO_BUF text = {.data = NULL};

		while (text.len < (size_t)1 << 20)
			rf_buf_add_c(&text, pieces[i]);
		search_in("a", rf_buf_cstr(&text));
		CHECK(!text.failed);
	}
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_hit_says_where_it_is);
	RUN(the_better_of_two_rules_tells);
	RUN(a_part_of_something_longer_is_no_token);
	RUN(names_and_operators_of_many_languages_are_read);
	RUN(what_is_no_literal_is_no_secret);
	RUN(published_example_values_are_known);
	RUN(private_keys_are_found_in_every_dress);
	RUN(passwords_in_urls_and_command_lines_are_found);
	RUN(configuration_files_give_up_their_secrets);
	RUN(tests_and_documents_are_judged_by_formats_alone);
	RUN(a_token_is_found_at_every_distance_from_a_step);
	RUN(a_sink_ends_the_search);
	RUN(hostile_text_takes_no_time);
	return TAP_END();
}
