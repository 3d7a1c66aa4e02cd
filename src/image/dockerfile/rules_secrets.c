/* Secrets that stay in the image or its history: in ARG and ENV, in files, in commands. */
#include <ctype.h>
#include <strings.h>

#include "image/dockerfile/judge_int.h"
#include "image/secrets/secrets.h"

static bool sets_variables(const struct dockerfile_instr *instr)
{
	return instr->kind == DOCKERFILE_ARG || instr->kind == DOCKERFILE_ENV;
}

/* --- by name, as hadolint --- */

static const char *const known_names[] = {"ACCESS_TOKEN", "APPLICATION_KEY", "APP_SECRET",
	"AUTH_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "BITTREX_API_KEY",
	"BITTREX_API_SECRET", "CF_PASSWORD", "CF_USERNAME", "CIRCLE_TOKEN", "CI_DEPLOY_PASSWORD",
	"CI_DEPLOY_USER", "DOCKERHUB_PASSWORD", "DOCKER_EMAIL", "DOCKER_PASSWORD",
	"DOCKER_USERNAME", "FACEBOOK_ACCESS_TOKEN", "FACEBOOK_APP_ID", "FACEBOOK_APP_SECRET",
	"FIREBASE_API_TOKEN", "FIREBASE_TOKEN", "FOSSA_API_KEY", "GH_ENTERPRISE_TOKEN", "GH_TOKEN",
	"GITHUB_ENTERPRISE_TOKEN", "GITHUB_TOKEN", "HEROKU_API_KEY", "HEROKU_API_USER",
	"NPM_AUTH_TOKEN", "NPM_TOKEN", "OKTA_AUTHN_GROUPID", "OKTA_CLIENT_ORGURL",
	"OKTA_CLIENT_TOKEN", "OKTA_OAUTH2_CLIENTID", "OKTA_OAUTH2_CLIENTSECRET", "OPENAI_API_KEY",
	"OS_PASSWORD", "OS_USERNAME", "POSTGRES_PASSWORD", "SLACK_TOKEN", "STRIPE_API_KEY",
	"STRIPE_DEVICE_NAME", "TRAVIS_OS_NAME", "TRAVIS_SECURE_ENV_VARS", "TRAVIS_SUDO",
	"VAULT_CLIENT_KEY", "VAULT_TOKEN"};
static const char *const suspicious_parts[] = {
	"api_key", "client_key", "password", "private", "secret", "token", "username"};

static bool is_sensitive(struct rf_str name)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(known_names); i++) {
		if (name.len == strlen(known_names[i]) &&
			strncasecmp(name.ptr, known_names[i], name.len) == 0)
			return true;
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(suspicious_parts); i++) {
		if (judge_contains_nocase(name, suspicious_parts[i]))
			return true;
	}
	return false;
}

/* The index of the first pair with such a name; pair_count when there is none. */
static size_t find_sensitive(const struct dockerfile_instr *instr)
{
	size_t i = 0;

	while (i < instr->pair_count && !is_sensitive(instr->pairs[i].name))
		i++;
	return i;
}

static bool sensitive_name(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	size_t index;

	if (!sets_variables(instr))
		return false;
	index = find_sensitive(instr);
	return index < instr->pair_count && judge_name(j, instr->pairs[index].name);
}

/* --- by name, as Trivy: whole words between underscores --- */

static bool has_secret_word(struct rf_str name)
{
	static const char *const words[] = {"apikey", "auth", "credential", "credentials", "key",
		"password", "pword", "passwd", "secret", "token", "usr", "psw"};
	bool found = false;

	while (name.ptr) {
		struct rf_str part;

		name = rf_str_cut(name, '_', &part);
		if (part.len == 6 && strncasecmp(part.ptr, "public", 6) == 0)
			return false;
		for (size_t i = 0; i < RF_ARRAY_LEN(words); i++)
			found |= part.len == strlen(words[i]) &&
				 strncasecmp(part.ptr, words[i], part.len) == 0;
	}
	return found;
}

static bool is_secret_file(struct rf_str name)
{
	return judge_one_of(
		name, NAMES("AWS_CONFIG_FILE", "HF_TOKEN_PATH", "GOOGLE_APPLICATION_CREDENTIALS"));
}

static bool sets_credentials(const struct shell_command *cmd)
{
	static const char *const rows[][2] = {
		{"aws", "configure set aws_access_key_id"},
		{"aws", "configure set aws_secret_access_key"},
		{"gcloud", "auth activate-service-account"},
	};
	bool az = shell_is(cmd, "az") && shell_has_arg(cmd, "login") &&
		  shell_has_flag(cmd, NAMES("p", "password", "federated-token"));
	bool doctl = shell_is(cmd, "doctl") && shell_has_args_in_row(cmd, "auth init") &&
		     shell_has_flag(cmd, NAMES("t", "access-token"));

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		if (shell_is(cmd, rows[i][0]) && shell_has_args_in_row(cmd, rows[i][1]))
			return true;
	}
	return az || doctl;
}

static bool has_secret_mount(const struct dockerfile_instr *instr)
{
	for (size_t i = 0; i < instr->flag_count; i++) {
		if (rf_str_is(instr->flags[i].name, "mount") &&
			judge_contains(instr->flags[i].value, "type=secret"))
			return true;
	}
	return false;
}

/* What the final image or its history would have; what DL3064 says already is left out. */
static bool leaked(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	if (j->at->stage + 1 != j->stages->count)
		return false;
	if (sets_variables(instr) && find_sensitive(instr) == instr->pair_count) {
		for (size_t i = 0; i < instr->pair_count; i++) {
			if (has_secret_word(instr->pairs[i].name) &&
				!is_secret_file(instr->pairs[i].name))
				return judge_name(j, instr->pairs[i].name);
		}
	}
	if (!judge_is_run(instr) || has_secret_mount(instr))
		return false;
	judge_all_commands(cmd, &j->at->script)
	{
		if (sets_credentials(cmd))
			return judge_name(j, cmd->name);
	}
	return false;
}

/* --- by value --- */

/* Passwords that nobody means: a name says that they are one, and they say that they are none. */
static bool is_placeholder(struct rf_str value)
{
	static const char *const words[] = {
		"change", "example", "dummy", "your", "todo", "replace"};

	for (size_t i = 0; i < RF_ARRAY_LEN(words); i++) {
		if (judge_contains_nocase(value, words[i]))
			return true;
	}
	return false;
}

struct value_search {
	struct judge *j;
	const struct dockerfile_pair *pair;
	bool found;
};

static int value_hit(void *ctx, const struct secret_hit *hit, struct rf_err *err RF_UNUSED)
{
	struct value_search *search = ctx;
	struct rf_str name = search->pair->name;

	if (strcmp(hit->rule, "variable-secret") == 0 && is_placeholder(hit->secret))
		return RF_OK;
	search->found = true;
	judge_say(search->j, RF_STR_FMT ": %s", (int)(name.len < 80 ? name.len : 80), name.ptr,
		hit->title);
	return RF_OK;
}

static bool has_secret_value(
	struct judge *j, const struct secret_rules *rules, const struct dockerfile_instr *instr)
{
	struct value_search search = {.j = j};
	const struct secret_sink sink = {.hit = value_hit, .ctx = &search};

	for (size_t i = 0; i < instr->pair_count && !search.found; i++) {
		search.pair = &instr->pairs[i];
		if (search.pair->value.len && secret_search_variable(rules, search.pair->name,
						      search.pair->value, &sink, NULL) < 0)
			j->nomem = true;
	}
	return search.found;
}

/* The rules of secrets are made for the first ARG or ENV; a file without one does not pay. */
static void secret_values(struct judge *j, const void *spec RF_UNUSED)
{
	AUTO_SECRET_RULES *rules = NULL;

	for (size_t i = 0; i < j->list->count; i++) {
		const struct dockerfile_instr *instr = j->list->items[i].instr;

		if (!sets_variables(instr))
			continue;
		if (!rules && secret_rules_new(&rules, NULL) < 0) {
			j->nomem = true;
			return;
		}
		if (has_secret_value(j, rules, instr))
			judge_report(j, instr);
	}
}

/* --- files --- */

static const char *const secret_files[] = {".env", ".npmrc", ".netrc", "_netrc", ".pypirc",
	".git-credentials", ".dockercfg", ".htpasswd", ".pgpass", ".my.cnf", "id_rsa", "id_dsa",
	"id_ecdsa", "id_ed25519", "credentials.json", "service-account.json", "kubeconfig",
	"terraform.tfstate", "secrets.yml", "secrets.yaml", "master.key", NULL};
static const char *const secret_ends[] = {".pem", ".key", ".p12", ".pfx", ".jks", ".keystore",
	".kdbx", ".ppk", "/.aws/credentials", "/.aws", "/.ssh", "/.docker/config.json",
	"/.kube/config", "/.gnupg", "/.git", NULL};
static const char *const secret_paths[] = {".aws/credentials", ".aws", ".ssh",
	".docker/config.json", ".kube/config", ".gnupg", ".git", NULL};
static const char *const public_parts[] = {"public", ".pub", "cert.pem", "ca.pem", "chain.pem",
	"bundle", "/certs/", "ca-cert", "example", "sample", NULL};

static bool is_secret_path(struct rf_str path)
{
	struct rf_str base;

	while (path.len > 1 && path.ptr[path.len - 1] == '/')
		path.len--;
	if (rf_str_starts(path, RF_STR("./")))
		path = (struct rf_str){path.ptr + 2, path.len - 2};
	for (size_t i = 0; public_parts[i]; i++) {
		if (judge_contains(path, public_parts[i]))
			return false;
	}
	base = judge_basename(path);
	return judge_one_of(base, secret_files) || judge_one_of(path, secret_paths) ||
	       judge_ends_with_one_of(path, secret_ends) ||
	       (rf_str_starts(base, RF_STR(".env.")) && base.len > 5);
}

static bool secret_file(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	if ((instr->kind != DOCKERFILE_COPY && instr->kind != DOCKERFILE_ADD) ||
		dockerfile_flag(instr, "from"))
		return false;
	for (size_t i = 0; i + 1 < instr->word_count; i++) {
		struct rf_str path = judge_drop_quotes(instr->words[i]);

		if (is_secret_path(path))
			return judge_name(j, path);
	}
	return false;
}

/* --- in commands --- */

/* https://user:password@host, where the password is no variable. */
static bool has_password(struct rf_str arg)
{
	const char *at = arg.len ? memmem(arg.ptr, arg.len, "://", 3) : NULL;
	struct rf_str rest, user, password;

	if (!at)
		return false;
	rest = (struct rf_str){at + 3, arg.len - (size_t)(at + 3 - arg.ptr)};
	rf_str_cut(rest, '/', &rest);
	if (!rest.len || !memchr(rest.ptr, '@', rest.len))
		return false;
	rf_str_cut(rest, '@', &rest);
	password = rf_str_cut(rest, ':', &user);
	return password.len > 1 && !memchr(password.ptr, '$', password.len);
}

static bool password_in_url(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	if (!judge_is_run(instr))
		return false;
	judge_all_commands(cmd, &j->at->script)
	{
		for (size_t i = 0; i < cmd->arg_count; i++) {
			if (has_password(cmd->args[i]))
				return judge_name(j, cmd->name);
		}
	}
	return false;
}

static bool sets_password(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	if (!judge_is_run(instr))
		return false;
	judge_all_commands(cmd, &j->at->script)
	{
		if (shell_base_is(cmd, "chpasswd") ||
			(shell_base_is(cmd, "passwd") &&
				!shell_has_flag(cmd, NAMES("l", "lock"))) ||
			((shell_base_is(cmd, "useradd") || shell_base_is(cmd, "usermod")) &&
				shell_has_flag(cmd, NAMES("password"))))
			return judge_name(j, cmd->name);
	}
	return false;
}

static const char secret_fix[] =
	"Mount it: RUN --mount=type=secret,id=NAME ..., and give the process a file at run time.";
static const char secret_why[] =
	"It is in the history of the image, for everybody who can pull it.";

static const struct judge_rule rules[] = {
	{.row = {"DL3064", {"DS-0031", "CIS-4.10"}, CHECK_MEDIUM, false,
		 "ARG or ENV with the name of a secret", secret_why, secret_fix},
		.each = sensitive_name,
		.onbuild = true},
	{.row = {"DS-0031", {"CIS-4.10"}, CHECK_MEDIUM, false, "a secret may get into the image",
		 secret_why, secret_fix},
		.each = leaked},
	{.row = {"RF-D010", {"DS-0031", "CIS-4.10"}, CHECK_HIGH, false,
		 "a file that holds secrets is copied", secret_why, secret_fix},
		.each = secret_file,
		.onbuild = true},
	{.row = {"RF-D011", {"DS-0031", "CIS-4.10"}, CHECK_CRITICAL, false,
		 "a secret stands in the Dockerfile", secret_why,
		 "Take it back where it was issued, then mount the new one: RUN "
		 "--mount=type=secret."},
		.whole = secret_values,
		.onbuild = true},
	{.row = {"RF-D016", {"CIS-4.10"}, CHECK_HIGH, false, "a URL with a password in a command",
		 secret_why, secret_fix},
		.each = password_in_url,
		.onbuild = true},
	{.row = {"RF-D017", {NULL}, CHECK_HIGH, false, "a password is set for a user",
		 "It is the same in every container, and in the history of the image.",
		 "Leave users without a password; nobody logs in to a container."},
		.each = sets_password,
		.onbuild = true},
};

struct judge_rules rules_secrets(void)
{
	return JUDGE_RULES(rules);
}
