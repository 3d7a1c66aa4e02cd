/*
 * Samples for tests of secrets. They are put together when the test runs, so that no scanner finds
 * this tree: FILL('w', 36) in a format is 36 characters of a class, always the same.
 */
#ifndef TESTS_UNIT_IMAGE_SECRETS_TEST_H
#define TESTS_UNIT_IMAGE_SECRETS_TEST_H

#include <stdio.h>

#include "base/buf.h"
#include "image/secrets/secrets_int.h"
#include "tests/lib/tap.h"

struct found {
	unsigned count;
	char rule[64], severity[16]; /* of the last hit */
	char secret[SECRET_MAX_MATCH + 1];
	uint32_t line, column;
	uint64_t offset;
};

static RF_UNUSED int remember(void *ctx, const struct secret_hit *hit, struct rf_err *err)
{
	struct found *found = ctx;

	(void)err;
	found->count++;
	snprintf(found->rule, sizeof(found->rule), "%s", hit->rule);
	snprintf(found->severity, sizeof(found->severity), "%s", hit->severity);
	snprintf(found->secret, sizeof(found->secret), RF_STR_FMT, RF_STR_ARG(hit->secret));
	found->line = hit->line;
	found->column = hit->column;
	found->offset = hit->offset;
	return RF_OK;
}

static RF_UNUSED const struct secret_rules *the_rules(void)
{
	static struct secret_rules *rules;
	struct rf_err err = {.msg = ""};

	if (!rules && secret_rules_new(&rules, &err) < 0) {
		tap_diag("%s", err.msg);
		abort();
	}
	return rules;
}

/* A copy of the exact size, so that AddressSanitizer sees reads beyond the end. */
static RF_UNUSED struct found search_in(const char *path, const char *text)
{
	struct found found = {.count = 0};
	const struct secret_sink sink = {.hit = remember, .ctx = &found};
	const size_t len = strlen(text);
	AUTO_FREE uint8_t *copy = malloc(len ? len : 1);

	if (copy && len)
		memcpy(copy, text, len);
	CHECK_INT(secret_search(
			  the_rules(), rf_str_of(path), (struct rf_bytes){copy, len}, &sink, NULL),
		RF_OK);
	return found;
}

/* Characters of a pattern's class that look as if chance had chosen them. */
static RF_UNUSED void fill(struct rf_buf *out, uint32_t kinds, size_t count)
{
	static uint32_t state = 0x2545f491;
	char last = '\0';

	while (count) {
		state = state * 1664525 + 1013904223;
		const char c = (char)(state >> 24);

		if (!secret_char_is(c, kinds) || c == last)
			continue;
		rf_buf_add_char(out, c);
		last = c;
		count--;
	}
}

/* A text that the pattern matches. */
static RF_UNUSED void sample(struct rf_buf *out, const struct pattern *pattern)
{
	for (unsigned i = 0; i < pattern->count; i++) {
		const struct pattern_part *part = &pattern->parts[i];

		if (part->literal)
			rf_buf_add(out, part->literal, part->min);
		else
			fill(out, part->kinds, part->min ? part->min : 0);
	}
}

#endif
