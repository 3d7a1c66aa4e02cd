/*
 * Variables of an image: here a literal password is a finding however simple it is, because the
 * name says what it is for and everybody who pulls the image can read it.
 */
#include "base/buf.h"
#include "image/secrets/secrets_int.h"

#include <stdio.h>

#define MIN_VALUE 3

/* Hits of "NAME=value" told as hits of value. */
struct relay {
	struct rf_str line, value;
	const struct secret_sink *sink;
	bool told;
};

static int relay_hit(void *ctx, const struct secret_hit *hit, struct rf_err *err)
{
	struct relay *relay = ctx;
	const size_t before = relay->line.len - relay->value.len;
	struct secret_hit own = *hit;

	if (hit->offset < before || relay->told)
		return RF_OK;
	relay->told = true;
	own.offset = hit->offset - before;
	own.line = 1;
	own.column = (uint32_t)own.offset + 1;
	own.secret.ptr = relay->value.ptr + own.offset;
	return relay->sink->hit(relay->sink->ctx, &own, err);
}

static bool is_number_or_switch(struct rf_str s)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "none",
		"null", "nil", "undefined", "default", "auto", "enabled", "disabled", "unset"};

	for (size_t i = 0; i < RF_ARRAY_LEN(words); i++)
		if (secret_equals(s, words[i]))
			return true;
	for (size_t i = 0; i < s.len; i++)
		if (!secret_char_is(s.ptr[i], C_DIGIT | C_DOT))
			return false;
	return s.len < 6;
}

static bool is_literal(struct rf_str value)
{
	if (value.len < MIN_VALUE || value.len > SECRET_MAX_MATCH || is_number_or_switch(value))
		return false;
	if (value.ptr[0] == '/' || value.ptr[0] == '$' || value.ptr[0] == '<' ||
		value.ptr[0] == '%' || memmem(value.ptr, value.len, "://", 3) ||
		memmem(value.ptr, value.len, "${", 2) || memmem(value.ptr, value.len, "{{", 2) ||
		memmem(value.ptr, value.len, "$(", 2))
		return false;
	return !secret_contains(value, "xxxx") && !secret_contains(value, "placeholder") &&
	       !secret_contains(value, "redacted") && !secret_contains(value, "****");
}

int secret_search_variable(const struct secret_rules *rules, struct rf_str name,
	struct rf_str value, const struct secret_sink *sink, struct rf_err *err)
{
	AUTO_BUF line = {.data = NULL};
	struct relay relay = {.value = value, .sink = sink};
	const struct secret_sink inner = {.hit = relay_hit, .ctx = &relay};
	struct secret_hit hit = {.rule = "variable-secret",
		.title = "secret in a variable",
		.severity = "high",
		.line = 1,
		.column = 1,
		.secret = value};
	int rc;

	rf_buf_add_str(&line, name);
	rf_buf_add_char(&line, '=');
	rf_buf_add_str(&line, value);
	if (line.failed)
		return rf_err_nomem(err);
	relay.line = rf_buf_str(&line);
	rc = secret_search(rules, RF_STR(""),
		(struct rf_bytes){(const uint8_t *)relay.line.ptr, relay.line.len}, &inner, err);
	if (rc < 0 || relay.told)
		return rc;
	if (secret_name_kind(name) == SECRET_NAME_NONE || !is_literal(value))
		return RF_OK;
	return sink->hit(sink->ctx, &hit, err);
}

/* Fewer characters of what is short: a password of six is not told by a half. */
void secret_redact(struct rf_str secret, char out[static SECRET_REDACTED_SIZE])
{
	size_t shown = secret.len >= 16 ? 4 : secret.len >= 10 ? 2 : 0;
	char head[5] = "";

	for (size_t i = 0; i < shown; i++)
		head[i] = secret.ptr[i] > ' ' && secret.ptr[i] < 127 ? secret.ptr[i] : '.';
	snprintf(out, SECRET_REDACTED_SIZE, "%s…(%zu)", head, secret.len);
}
