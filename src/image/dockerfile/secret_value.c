/*
 * A few shapes that nothing but a secret has, and, for variables whose name says that they hold
 * one, values that are no placeholder.
 */
#include "image/dockerfile/secret_value_int.h"

#include <ctype.h>
#include <strings.h>

static const struct {
	const char *prefix;
	size_t least; /* characters in all */
	const char *title;
} shapes[] = {
	{"AKIA", 20, "an AWS access key"},
	{"ASIA", 20, "an AWS access key"},
	{"ghp_", 40, "a GitHub token"},
	{"gho_", 40, "a GitHub token"},
	{"ghs_", 40, "a GitHub token"},
	{"github_pat_", 50, "a GitHub token"},
	{"glpat-", 20, "a GitLab token"},
	{"npm_", 40, "an npm token"},
	{"xoxb-", 30, "a Slack token"},
	{"xoxp-", 30, "a Slack token"},
	{"sk_live_", 20, "a Stripe key"},
	{"AIza", 39, "a Google API key"},
	{"hf_", 34, "a Hugging Face token"},
	{"dop_v1_", 60, "a DigitalOcean token"},
	{"-----BEGIN ", 20, "a private key"},
	{"eyJhbGciOi", 60, "a JSON web token"},
};

static bool has_part(struct rf_str s, const char *part)
{
	size_t len = strlen(part);

	for (size_t i = 0; len <= s.len && i <= s.len - len; i++) {
		if (strncasecmp(s.ptr + i, part, len) == 0)
			return true;
	}
	return false;
}

static bool names_secret(struct rf_str name)
{
	static const char *const parts[] = {"password", "passwd", "secret", "token", "apikey",
		"api_key", "private_key", "access_key", "credential"};
	static const char *const others[] = {
		"_file", "_path", "_url", "_length", "_ttl", "_name", "_id", "public"};
	bool found = false;

	for (size_t i = 0; i < RF_ARRAY_LEN(parts); i++)
		found |= has_part(name, parts[i]);
	for (size_t i = 0; i < RF_ARRAY_LEN(others); i++)
		found &= !has_part(name, others[i]);
	return found;
}

static bool is_placeholder(struct rf_str value)
{
	static const char *const words[] = {"change", "example", "placeholder", "dummy", "your",
		"xxx", "todo", "none", "null", "true", "false", "default", "/run/secrets", "<"};

	if (value.len < 4 || memchr(value.ptr, '$', value.len) || value.ptr[0] == '/')
		return true;
	for (size_t i = 0; i < RF_ARRAY_LEN(words); i++) {
		if (has_part(value, words[i]))
			return true;
	}
	return false;
}

const char *secret_value_title(struct rf_str name, struct rf_str value)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(shapes); i++) {
		if (value.len >= shapes[i].least &&
			rf_str_starts(value, rf_str_of(shapes[i].prefix)))
			return shapes[i].title;
	}
	return value.len && names_secret(name) && !is_placeholder(value) ? "a secret" : NULL;
}
