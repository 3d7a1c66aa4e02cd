/* The prefilter against a slow search, both ways. */
#include "tests/unit/image/secrets/secrets_test.h"

#define OWNERS 7

static const char *const keys[OWNERS] = {
	"key", "ghp_", "authorization", "tokens", "Secret", "-----begin ", "zz9"};

struct tally {
	size_t counts[OWNERS], sums[OWNERS];
};

static int add(void *ctx, uint16_t owner, size_t at, size_t end)
{
	struct tally *tally = ctx;

	tally->counts[owner]++;
	tally->sums[owner] += at * 31 + end;
	return RF_OK;
}

static struct prefilter *make(void)
{
	struct prefilter *filter = prefilter_new();

	for (uint16_t i = 0; filter && i < OWNERS; i++)
		CHECK_INT(prefilter_add(filter, rf_str_of(keys[i]), NULL, i, NULL), RF_OK);
	if (filter)
		CHECK_INT(prefilter_seal(filter, NULL), RF_OK);
	return filter;
}

static void slow(struct rf_str text, struct tally *tally)
{
	for (size_t at = 0; at < text.len; at++) {
		for (uint16_t i = 0; i < OWNERS; i++) {
			const size_t len = strlen(keys[i]);
			/* One of three bytes wants a byte after it. */
			const size_t need = len < 4 ? len + 1 : len;

			if (text.len - at >= need &&
				strncasecmp(text.ptr + at, keys[i], len) == 0 &&
				(len > 3 ||
					(text.ptr[at + len] >= ' ' && text.ptr[at + len] < 127) ||
					text.ptr[at + len] == '\t'))
				add(tally, i, at, at + len);
		}
	}
}

/* Text of pieces of keywords, so that there is much to find and more to find nearly. */
static void scramble(struct rf_buf *text, uint32_t seed, size_t len)
{
	while (text->len < len) {
		seed = seed * 1664525 + 1013904223;
		const char *key = keys[(seed >> 24) % OWNERS];
		const size_t size = strlen(key), cut = (seed >> 16) % (2 * size);

		rf_buf_add(text, key, cut < size ? cut : size);
		if (seed >> 13 & 1)
			rf_buf_add_char(text, (char)(seed >> 5));
	}
	text->len = len;
	for (size_t i = 0; i < len; i++, seed = seed * 1664525 + 1013904223)
		if (seed >> 30 == 0 && secret_char_is(text->data[i], C_LOWER))
			text->data[i] &= ~0x20;
}

static void both_ways_find_what_a_slow_search_finds(void)
{
	struct prefilter *filter = make();

	REQUIRE(filter);
	for (size_t len = 0; len < 400; len++) {
		struct tally tallies[3] = {{.counts = {0}}};
		const struct prefilter_sink best = {.found = add, .ctx = &tallies[0]};
		const struct prefilter_sink portable = {.found = add, .ctx = &tallies[1]};
		AUTO_BUF text = {.data = NULL};
		AUTO_FREE char *exact = malloc(len ? len : 1);

		scramble(&text, (uint32_t)len, len);
		REQUIRE(exact);
		if (len)
			memcpy(exact, text.data, len);
		const struct rf_str view = {exact, len};

		CHECK_INT(prefilter_search(filter, PREFILTER_BEST, view, &best), RF_OK);
		CHECK_INT(prefilter_search(filter, PREFILTER_PORTABLE, view, &portable), RF_OK);
		slow(view, &tallies[2]);
		CHECKF(memcmp(&tallies[0], &tallies[2], sizeof(tallies[0])) == 0, "best, %zu", len);
		CHECKF(memcmp(&tallies[1], &tallies[2], sizeof(tallies[0])) == 0, "portable, %zu",
			len);
	}
	prefilter_free(filter);
}

static void keywords_of_two_bytes_are_refused(void)
{
	struct prefilter *filter = prefilter_new();

	REQUIRE(filter);
	CHECK_INT(prefilter_add(filter, RF_STR("ab"), NULL, 0, NULL), RF_EINTERNAL);
	prefilter_free(filter);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(both_ways_find_what_a_slow_search_finds);
	RUN(keywords_of_two_bytes_are_refused);
	return TAP_END();
}
