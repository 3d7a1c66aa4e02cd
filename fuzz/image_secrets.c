/*
 * Secrets: the first line is the path and the name of a variable, the rest is the text and its
 * value. Both ways of the prefilter find the same keywords; hits lie in the text and in order of
 * neither more than it has lines.
 */
#include "image/secrets/secrets_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct count {
	struct rf_str text;
	size_t hits, sum;
};

static int check(void *ctx, const struct secret_hit *hit, struct rf_err *err)
{
	const struct count *count = ctx;
	char shown[SECRET_REDACTED_SIZE];
	uint32_t line = 1;

	(void)err;
	if (hit->secret.len == 0 || hit->offset > count->text.len ||
		hit->secret.len > count->text.len - hit->offset ||
		hit->secret.ptr != count->text.ptr + hit->offset ||
		hit->secret.len > SECRET_MAX_MATCH)
		abort();
	for (size_t i = 0; i < hit->offset; i++)
		line += count->text.ptr[i] == '\n';
	if (hit->line != line || hit->column == 0)
		abort();
	secret_redact(hit->secret, shown);
	return RF_OK;
}

/* A variable has no lines. */
static int check_variable(void *ctx, const struct secret_hit *hit, struct rf_err *err)
{
	const struct count *count = ctx;

	(void)err;
	if (hit->offset > count->text.len || hit->secret.len > count->text.len - hit->offset ||
		hit->secret.ptr != count->text.ptr + hit->offset)
		abort();
	return RF_OK;
}

static int found(void *ctx, uint16_t owner, size_t at, size_t end)
{
	struct count *count = ctx;

	count->hits++;
	count->sum += (owner + 1U) * (at * 31 + end);
	return RF_OK;
}

static void compare_ways(struct rf_str text)
{
	static struct prefilter *filter;
	struct count best = {.hits = 0}, portable = {.hits = 0};
	const struct prefilter_sink a = {.found = found, .ctx = &best};
	const struct prefilter_sink b = {.found = found, .ctx = &portable};

	if (!filter) {
		filter = prefilter_new();
		if (!filter || prefilter_add(filter, RF_STR("key"), NULL, 1, NULL) < 0 ||
			prefilter_add(filter, RF_STR("ghp_"), NULL, 2, NULL) < 0 ||
			prefilter_add(filter, RF_STR("authorization"), NULL, 3, NULL) < 0 ||
			prefilter_add(filter, RF_STR("token"), NULL, 4, NULL) < 0 ||
			prefilter_seal(filter, NULL) < 0)
			abort();
	}
	if (prefilter_search(filter, PREFILTER_BEST, text, &a) < 0 ||
		prefilter_search(filter, PREFILTER_PORTABLE, text, &b) < 0)
		abort();
	if (best.hits != portable.hits || best.sum != portable.sum)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct secret_rules *rules;
	const struct rf_str input = {.ptr = size ? (const char *)data : "", .len = size};
	struct rf_str path, text = rf_str_cut(input, '\n', &path);
	struct count count = {.text = text};
	const struct secret_sink sink = {.hit = check, .ctx = &count};
	const struct secret_sink variable = {.hit = check_variable, .ctx = &count};

	if (!rules && secret_rules_new(&rules, NULL) < 0)
		abort();
	(void)secret_path_wanted(path);
	if (!text.ptr)
		return 0;
	(void)secret_is_text((struct rf_bytes){(const uint8_t *)text.ptr, text.len});
	if (secret_search(rules, path, (struct rf_bytes){(const uint8_t *)text.ptr, text.len},
		    &sink, NULL) < 0 ||
		secret_search_variable(rules, path, text, &variable, NULL) < 0)
		abort();
	compare_ways(text);
	return 0;
}
