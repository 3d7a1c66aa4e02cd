/*
 * Keywords are sorted into 16 buckets by their first four letters. For each of the four places a
 * table says for each byte in which buckets it may stand there; a place in the text where all four
 * tables agree on a bucket is a candidate, which a hash of its first three bytes, then the
 * keyword itself, confirm. With AVX2 the tables are split by nibble, so that a byte shuffle looks
 * up 32 places at once (the idea is known as Teddy); elsewhere they are read byte by byte.
 *
 * Letters stand in the tables in both cases; a keyword of three bytes allows any fourth.
 */
#include "image/secrets/prefilter_int.h"

#include <stdlib.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define PLACES	  4
#define BUCKETS	  16
#define HASH_BITS 12
#define STRIDE	  32 /* bytes a step */

struct keyword {
	char text[PREFILTER_MAX_KEY]; /* in small letters */
	uint32_t prefix;	      /* of three bytes */
	uint16_t owner, next;	      /* next of the same hash, plus one; 0 ends */
	uint8_t len;
};

struct prefilter {
	uint16_t places[PLACES][256];
	uint8_t low[PLACES][2][16], high[PLACES][2][16]; /* by nibble, of buckets 0-7 and 8-15 */
	uint16_t heads[1 << HASH_BITS];
	uint16_t count;
	struct keyword keywords[PREFILTER_MAX];
};

struct cursor {
	const struct prefilter *filter;
	const uint8_t *text;
	size_t len;
	const struct prefilter_sink *sink;
};

static inline uint8_t fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static inline uint32_t prefix_of(const uint8_t *p)
{
	return (uint32_t)fold(p[0]) | (uint32_t)fold(p[1]) << 8 | (uint32_t)fold(p[2]) << 16;
}

static inline uint32_t hash_of(uint32_t prefix)
{
	return (prefix * 2654435761U) >> (32 - HASH_BITS);
}

struct prefilter *prefilter_new(void)
{
	return calloc(1, sizeof(struct prefilter));
}

void prefilter_free(struct prefilter *filter)
{
	free(filter);
}

int prefilter_add(struct prefilter *filter, struct rf_str key, uint16_t owner, struct rf_err *err)
{
	struct keyword *keyword;

	if (key.len < PREFILTER_MIN_KEY || key.len > PREFILTER_MAX_KEY ||
		filter->count == PREFILTER_MAX)
		return rf_err_set(err, RF_EINTERNAL, "keyword \"" RF_STR_FMT "\" does not fit",
			RF_STR_ARG(key));
	keyword = &filter->keywords[filter->count++];
	for (size_t i = 0; i < key.len; i++)
		keyword->text[i] = (char)fold((uint8_t)key.ptr[i]);
	keyword->len = (uint8_t)key.len;
	keyword->owner = owner;
	keyword->prefix = prefix_of((const uint8_t *)keyword->text);
	return RF_OK;
}

static int compare(const void *a, const void *b)
{
	const struct keyword *x = a, *y = b;
	int by_length = (x->len > PREFILTER_MIN_KEY) - (y->len > PREFILTER_MIN_KEY);
	int order = by_length ? by_length : memcmp(x->text, y->text, sizeof(x->text));

	return order ? order : (x->owner > y->owner) - (x->owner < y->owner);
}

static void allow(struct prefilter *filter, unsigned place, uint8_t byte, unsigned bucket)
{
	const uint8_t bit = (uint8_t)(1U << (bucket % 8));

	filter->places[place][byte] |= (uint16_t)(1U << bucket);
	filter->low[place][bucket / 8][byte & 15] |= bit;
	filter->high[place][bucket / 8][byte >> 4] |= bit;
}

static void allow_keyword(struct prefilter *filter, const struct keyword *keyword, unsigned bucket)
{
	for (unsigned place = 0; place < PLACES; place++) {
		if (place >= keyword->len) {
			for (unsigned c = 0; c < 256; c++)
				allow(filter, place, (uint8_t)c, bucket);
			continue;
		}
		uint8_t c = (uint8_t)keyword->text[place];

		allow(filter, place, c, bucket);
		if (c >= 'a' && c <= 'z')
			allow(filter, place, (uint8_t)(c & ~0x20), bucket);
	}
}

/* Keywords that begin alike share a bucket: then its tables allow little else. */
void prefilter_seal(struct prefilter *filter)
{
	unsigned prefixes = 0, seen = 0, shorts = 0;

	qsort(filter->keywords, filter->count, sizeof(filter->keywords[0]), compare);
	for (unsigned i = 0; i < filter->count; i++) {
		const bool is_short = filter->keywords[i].len == PREFILTER_MIN_KEY;

		shorts += is_short;
		prefixes += !is_short && (i == 0 || memcmp(filter->keywords[i].text,
							    filter->keywords[i - 1].text, PLACES));
	}
	for (unsigned i = 0; i < filter->count; i++) {
		struct keyword *k = &filter->keywords[i];
		const bool is_short = k->len == PREFILTER_MIN_KEY;
		uint16_t *head = &filter->heads[hash_of(k->prefix)];
		/* The short ones, which are vague, keep to a bucket or two of their own. */
		unsigned bucket = is_short ? i * 2 / (shorts ? shorts : 1) : 0;

		if (!is_short) {
			seen += i == shorts || memcmp(k->text, k[-1].text, PLACES) != 0;
			bucket = 2 + (seen - 1) * (BUCKETS - 2) / prefixes;
		}
		allow_keyword(filter, k, bucket);
		k->next = *head;
		*head = (uint16_t)(i + 1);
	}
}

/* Is there a keyword at? There are at least PREFILTER_MIN_KEY bytes. */
static int confirm(const struct cursor *c, size_t at)
{
	const uint32_t prefix = prefix_of(c->text + at);
	const struct prefilter *filter = c->filter;

	for (uint16_t i = filter->heads[hash_of(prefix)]; i; i = filter->keywords[i - 1].next) {
		const struct keyword *k = &filter->keywords[i - 1];
		size_t n = PREFILTER_MIN_KEY;
		int rc;

		if (k->prefix != prefix || k->len > c->len - at)
			continue;
		while (n < k->len && fold(c->text[at + n]) == (uint8_t)k->text[n])
			n++;
		if (n < k->len)
			continue;
		rc = c->sink->found(c->sink->ctx, k->owner, at, at + k->len);
		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

static int search_portable(const struct cursor *c, size_t at)
{
	const uint16_t(*const places)[256] = c->filter->places;
	const uint8_t *t = c->text;

	for (; c->len - at >= PLACES; at++) {
		if (places[0][t[at]] & places[1][t[at + 1]] & places[2][t[at + 2]] &
			places[3][t[at + 3]]) {
			int rc = confirm(c, at);

			if (rc < 0)
				return rc;
		}
	}
	return c->len - at >= PREFILTER_MIN_KEY ? confirm(c, at) : RF_OK;
}

#ifdef __x86_64__
#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i table(const uint8_t nibbles[static 16])
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)nibbles));
}

AVX2 static int search_avx2(const struct cursor *c, size_t *ret_at)
{
	const struct prefilter *f = c->filter;
	const __m256i nibble = _mm256_set1_epi8(15), zero = _mm256_setzero_si256();
	__m256i low[2][PLACES], high[2][PLACES];
	size_t at = 0;

	for (unsigned half = 0; half < 2; half++) {
		for (unsigned p = 0; p < PLACES; p++) {
			low[half][p] = table(f->low[p][half]);
			high[half][p] = table(f->high[p][half]);
		}
	}
	for (; c->len - at >= STRIDE + PLACES; at += STRIDE) {
		__m256i first = _mm256_set1_epi8(-1), second = first;
		uint32_t candidates;

#pragma GCC unroll 4
		for (unsigned p = 0; p < PLACES; p++) {
			const __m256i v = _mm256_loadu_si256(
				(const __m256i *)(const void *)(c->text + at + p));
			const __m256i l = _mm256_and_si256(v, nibble);
			const __m256i h = _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble);

			first = _mm256_and_si256(
				first, _mm256_and_si256(_mm256_shuffle_epi8(low[0][p], l),
					       _mm256_shuffle_epi8(high[0][p], h)));
			second = _mm256_and_si256(
				second, _mm256_and_si256(_mm256_shuffle_epi8(low[1][p], l),
						_mm256_shuffle_epi8(high[1][p], h)));
		}
		candidates = ~(uint32_t)_mm256_movemask_epi8(
			_mm256_cmpeq_epi8(_mm256_or_si256(first, second), zero));
		for (; candidates; candidates &= candidates - 1) {
			int rc = confirm(c, at + (unsigned)__builtin_ctz(candidates));

			if (rc < 0)
				return rc;
		}
	}
	*ret_at = at;
	return RF_OK;
}
#endif

int prefilter_search(const struct prefilter *filter, enum prefilter_way way, struct rf_str text,
	const struct prefilter_sink *sink)
{
	const struct cursor c = {
		.filter = filter, .text = (const uint8_t *)text.ptr, .len = text.len, .sink = sink};
	size_t at = 0;

	if (text.len < PREFILTER_MIN_KEY)
		return RF_OK;
#ifdef __x86_64__
	if (way == PREFILTER_BEST && __builtin_cpu_supports("avx2")) {
		int rc = search_avx2(&c, &at);

		if (rc < 0)
			return rc;
	}
#else
	(void)way;
#endif
	return search_portable(&c, at);
}
