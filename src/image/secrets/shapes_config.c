/*
 * Secrets of configuration files, and the two rules without a provider: values that look random
 * under a name that says so, and passwords that people chose.
 */
#include "image/secrets/secrets_int.h"

#define YAML_REACH 2048 /* bytes either side of "kind: Secret" */

static bool path_ends(const struct secret_site *site, const char *suffix)
{
	const size_t len = strlen(suffix);

	return site->path.len >= len &&
	       secret_equals((struct rf_str){site->path.ptr + site->path.len - len, len}, suffix);
}

static bool all_in(struct rf_str s, uint32_t kinds)
{
	for (size_t i = 0; i < s.len; i++)
		if (!secret_char_is(s.ptr[i], kinds))
			return false;
	return true;
}

static struct rf_str trim(struct rf_str s)
{
	while (s.len && strchr(" \t\r\"'", s.ptr[s.len - 1]))
		s.len--;
	while (s.len && strchr(" \t\r\"'", s.ptr[0]))
		s = (struct rf_str){s.ptr + 1, s.len - 1};
	return s;
}

/* The document of a YAML stream around a place, as far as it is worth reading. */
static struct rf_str yaml_document(const struct secret_site *site)
{
	size_t begin = site->at > YAML_REACH ? site->at - YAML_REACH : 0;
	size_t end =
		site->text.len - site->end > YAML_REACH ? site->end + YAML_REACH : site->text.len;
	struct rf_str before = {site->text.ptr + begin, site->at - begin};
	const char *mark;

	while ((mark = memmem(before.ptr, before.len, "\n---", 4))) {
		before.len -= (size_t)(mark + 4 - before.ptr);
		before.ptr = mark + 4;
	}
	mark = memmem(site->text.ptr + site->end, end - site->end, "\n---", 4);
	if (mark)
		end = (size_t)(mark - site->text.ptr);
	return (struct rf_str){before.ptr, (size_t)(site->text.ptr + end - before.ptr)};
}

static size_t indent_of(struct rf_str line)
{
	size_t n = 0;

	while (n < line.len && (line.ptr[n] == ' ' || line.ptr[n] == '\t'))
		n++;
	return n;
}

/* One entry of data: or stringData:; a block scalar's text stands in the next line. */
static bool kube_value(struct rf_str line, struct rf_str rest, bool plain, struct rf_str *ret)
{
	struct rf_str key, value = rf_str_cut(line, ':', &key), next;

	if (!value.ptr)
		return false;
	value = trim(value);
	key = trim(key);
	if (value.len && value.len <= 2 && (value.ptr[0] == '|' || value.ptr[0] == '>')) {
		rf_str_cut(rest, '\n', &next);
		value = trim(next);
	}
	*ret = value;
	if (rf_str_ends(key, RF_STR(".crt")) || value.len < (plain ? 4 : 10) ||
		secret_is_placeholder(value, true))
		return false;
	return plain ? !secret_is_common_word(value) : all_in(value, C_B64 | C_EQUALS);
}

/* keyword: "secret", after kind: */
bool secret_find_kube_secret(const struct secret_site *site, struct rf_str *ret)
{
	struct rf_str document, line, rest;
	size_t at = site->at, depth = 0;
	bool in_data = false, plain = false;

	while (at > 0 && site->at - at < 12 && strchr(" \t\"'", site->text.ptr[at - 1]))
		at--;
	if (at < 5 || memcmp(site->text.ptr + at - 5, "kind:", 5) != 0 ||
		(at > 5 && secret_char_is(site->text.ptr[at - 6], C_WORD)) ||
		(site->end < site->text.len && secret_char_is(site->text.ptr[site->end], C_NAME)))
		return false;
	document = yaml_document(site);
	if (!memmem(document.ptr, document.len, "ata:", 4))
		return false;
	for (rest = document; rest.ptr;) {
		rest = rf_str_cut(rest, '\n', &line);
		const struct rf_str word = trim(line);

		if (word.len == 0 || word.ptr[0] == '#')
			continue;
		if (in_data && indent_of(line) <= depth)
			in_data = false;
		if (in_data && kube_value(line, rest, plain, ret))
			return true;
		if (rf_str_is(word, "data:") || rf_str_is(word, "stringData:")) {
			in_data = true;
			plain = word.ptr[0] == 's';
			depth = indent_of(line);
		}
	}
	return false;
}

/* keyword: "client-key-data" */
bool secret_find_kubeconfig(const struct secret_site *site, struct rf_str *ret)
{
	struct assignment a;
	size_t begin, at = site->end;

	if (secret_assignment_read(site, &a) && a.quoted) {
		*ret = a.value;
		return a.value.len > 64 && all_in(a.value, C_B64 | C_EQUALS);
	}
	while (at < site->text.len && at - site->end < 8 && strchr("\": \t", site->text.ptr[at]))
		at++;
	begin = at;
	while (at < site->text.len && at - begin < SECRET_MAX_MATCH &&
		secret_char_is(site->text.ptr[at], C_B64 | C_EQUALS))
		at++;
	*ret = (struct rf_str){site->text.ptr + begin, at - begin};
	return ret->len > 64;
}

/* keyword: "password\" value=\"" of a nuget.config: <add key="Password" value="..."/> */
bool secret_find_nuget(const struct secret_site *site, struct rf_str *ret)
{
	const char *end, *begin = site->text.ptr + site->end;
	const size_t left = site->text.len - site->end;

	end = memchr(begin, '"', left < SECRET_MAX_VALUE ? left : SECRET_MAX_VALUE);
	if (!end || !path_ends(site, "nuget.config"))
		return false;
	*ret = (struct rf_str){begin, (size_t)(end - begin)};
	return ret->len >= 8 && !secret_is_placeholder(*ret, false) && !secret_is_common_word(*ret);
}

/* keyword: "password", in Terraform's files */
bool secret_find_terraform(const struct secret_site *site, struct rf_str *ret)
{
	struct assignment a;

	if (!path_ends(site, ".tf") && !path_ends(site, ".hcl") && !path_ends(site, ".tfvars"))
		return false;
	if (!secret_assignment_read(site, &a) || !a.quoted)
		return false;
	*ret = a.value;
	return a.value.len >= 8 && secret_name_kind(a.name) == SECRET_NAME_PASSWORD &&
	       !secret_is_placeholder(a.value, false) && !memchr(a.value.ptr, '$', a.value.len) &&
	       !secret_is_common_word(a.value);
}

/* A place for values: quoted, or alone on a line of what is no program. */
static bool is_literal_place(const struct secret_site *site, const struct assignment *a)
{
	return a->quoted || (a->whole_line && !site->is_program);
}

static bool is_path_or_host(struct rf_str s)
{
	unsigned dots = 0, slashes = 0;

	for (size_t i = 0; i < s.len; i++) {
		dots += s.ptr[i] == '.';
		slashes += s.ptr[i] == '/';
	}
	return s.ptr[0] == '/' || s.ptr[0] == '.' || s.ptr[0] == '-' || dots > 2 ||
	       slashes * 12 > s.len + 12 || secret_contains(s, "://") || secret_contains(s, ".com");
}

/* keywords: "secret", "token", "key", ...: api_key = "random" */
bool secret_find_generic(const struct secret_site *site, struct rf_str *ret)
{
	struct assignment a;
	bool hex;

	if (site->in_tests || !secret_assignment_read(site, &a) || a.value.len < 16 ||
		a.value.len > 256 || !is_literal_place(site, &a))
		return false;
	if (!all_in(a.value, C_TOKEN) || secret_name_kind(a.name) == SECRET_NAME_NONE)
		return false;
	*ret = a.value;
	hex = all_in(a.value, C_DIGIT | C_LOWER_AF) || all_in(a.value, C_DIGIT | C_UPPER_AF);
	return secret_is_mixed(a.value) && secret_entropy(a.value) >= (hex ? 30 : 35) &&
	       secret_is_random(a.value) && !is_path_or_host(a.value) &&
	       !secret_is_placeholder(a.value, true);
}

/* How many of small, capital, digit and other are in it. */
static unsigned variety(struct rf_str s)
{
	static const uint32_t groups[] = {C_LOWER, C_UPPER, C_DIGIT, ~(uint32_t)C_ALNUM};
	unsigned count = 0;

	for (size_t g = 0; g < RF_ARRAY_LEN(groups); g++)
		for (size_t i = 0; i < s.len; i++)
			if (secret_char_is(s.ptr[i], groups[g])) {
				count++;
				break;
			}
	return count;
}

/* keywords: "passw", "pwd", "passphrase": password = "chosen" */
bool secret_find_password(const struct secret_site *site, struct rf_str *ret)
{
	struct assignment a;

	if (site->in_tests || !secret_assignment_read(site, &a) || a.value.len < 8 ||
		a.value.len > 64 || !is_literal_place(site, &a))
		return false;
	if (secret_name_kind(a.name) != SECRET_NAME_PASSWORD || !all_in(a.value, ~0U) ||
		!secret_is_mixed(a.value))
		return false;
	*ret = a.value;
	return variety(a.value) >= 3 && secret_entropy(a.value) >= 27 &&
	       !is_path_or_host(a.value) && !memchr(a.value.ptr, '(', a.value.len) &&
	       !memchr(a.value.ptr, '{', a.value.len) && !memchr(a.value.ptr, '$', a.value.len) &&
	       !secret_is_placeholder(a.value, false) && !secret_contains(a.value, "password");
}

const struct shape_rule secret_shape_rules[] = {
	{"private-key", "private key", "critical", "private key", secret_find_pem, 0, false},
	{"url-password", "password in a URL", "high", "://", secret_find_url, F_NO_TESTS, false},
	{"curl-user", "password on a curl command line", "high", "curl", secret_find_curl,
		F_NO_TESTS, false},
	{"authorization-header", "credentials in an Authorization header", "high",
		"authorization|x-api-key|api-key|x-auth-token", secret_find_header, F_NO_TESTS,
		true},
	{"docker-auth", "registry password in a Docker configuration", "high", "\"auth\"",
		secret_find_docker_auth, F_NO_TESTS, false},
	{"netrc-password", "password in a .netrc", "high", "login", secret_find_netrc, F_NO_TESTS,
		false},
	{"kubernetes-secret", "Kubernetes Secret with data", "high", "secret",
		secret_find_kube_secret, F_NO_TESTS, false},
	{"kubeconfig-client-key", "private key in a kubeconfig", "critical", "client-key-data",
		secret_find_kubeconfig, F_NO_TESTS, false},
	{"password-hash", "password hash", "medium", "$6$|$5$|$y$|$2y$|$2b$|$2a$|$apr1$|$gy$|$7$",
		secret_find_crypt, F_NO_TESTS, false},
	{"connection-string", "password in a connection string", "high",
		"accountkey=|sharedaccesskey=|password=|pwd=", secret_find_connection, F_NO_TESTS,
		false},
	{"nuget-password", "password in a nuget.config", "high", "password\" value=\"",
		secret_find_nuget, F_NO_TESTS, false},
	{"terraform-password", "password in a Terraform file", "medium", "password",
		secret_find_terraform, F_NO_TESTS, false},
	{"generic-secret", "secret by its name and looks", "medium",
		"secret|token|passw|pwd|passphrase|key|credential|creds|_auth|userauth|user_auth",
		secret_find_generic, F_NO_TESTS, true},
	{"generic-password", "password by its name", "medium",
		"passw|pwd|passphrase|passcode|_pass", secret_find_password, F_NO_TESTS, true},
};
const size_t secret_shape_rule_count = RF_ARRAY_LEN(secret_shape_rules);
