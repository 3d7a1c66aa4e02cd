/*
 * Of each keyword four bytes are looked for, the rarest four in a row that it has. These prints
 * are sorted into buckets, those that are alike together. For each of the four places a table says
 * for each byte in which buckets it may stand there; where all four tables agree on a bucket is a
 * candidate, which a bitmap over a hash of the four bytes, then the keyword itself, confirm.
 *
 * With AVX2 the tables are split by nibble, so that a byte shuffle looks up 32 places at once
 * (the idea is known as Teddy); elsewhere they are read byte by byte. Letters stand in the tables
 * in both cases. A keyword of three bytes has a print for every byte that may follow it.
 */
#include "image/secrets/prefilter_int.h"

#include <stdlib.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define PLACES	    4 /* bytes of a print */
#define BANKS	    3
#define BUCKETS	    (8 * BANKS)
#define HASH_BITS   12
#define BITMAP_BITS 17
#define MAX_PRINTS  8192 /* indexes are of 16 bits */
#define STRIDE	    32	 /* bytes a step */

struct keyword {
	char text[PREFILTER_MAX_KEY]; /* in small letters */
	bool follows[256];	      /* of a keyword of three bytes */
	uint16_t owner;
	uint8_t len, skip; /* skip: where its print begins */
};

struct print {
	uint32_t bytes; /* folded */
	uint16_t keyword;
	uint16_t next; /* of the same hash, plus one; 0 ends */
};

struct prefilter {
	uint32_t places[PLACES][256];
	uint8_t low[PLACES][BANKS][16], high[PLACES][BANKS][16]; /* by nibble */
	uint64_t bitmap[(1 << BITMAP_BITS) / 64];
	uint16_t heads[1 << HASH_BITS];
	struct print prints[MAX_PRINTS];
	struct keyword keywords[PREFILTER_MAX];
	uint16_t count, print_count;
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

/* Folds more than letters, which does no harm: the keyword itself is compared in the end. */
static inline uint32_t print_at(const uint8_t *p)
{
	uint32_t bytes;

	memcpy(&bytes, p, sizeof(bytes));
	return bytes | 0x20202020;
}

static inline uint32_t hash_of(uint32_t bytes)
{
	return bytes * 2654435761U;
}

struct prefilter *prefilter_new(void)
{
	return calloc(1, sizeof(struct prefilter));
}

void prefilter_free(struct prefilter *filter)
{
	free(filter);
}

/* How common a byte is in source text, from 0 to 9; small letters only. */
static unsigned commonness(char c)
{
	static const char *const ranks[] = {"", "q", "jz0123456789~$", "xkvw", "bygh_-.:=", "mfpu",
		"cdl\"", "sr", "oani", "et "};

	for (unsigned i = 1; i < RF_ARRAY_LEN(ranks); i++)
		if (strchr(ranks[i], c))
			return i;
	return 3;
}

static uint8_t rarest(const struct keyword *keyword)
{
	unsigned best = ~0U;
	uint8_t skip = 0;

	for (uint8_t i = 0; keyword->len >= PLACES && i <= keyword->len - PLACES; i++) {
		unsigned sum = 0;

		for (unsigned p = 0; p < PLACES; p++)
			sum += commonness(keyword->text[i + p]);
		if (sum < best) {
			best = sum;
			skip = i;
		}
	}
	return skip;
}

int prefilter_add(struct prefilter *filter, struct rf_str key, const bool follows[256],
	uint16_t owner, struct rf_err *err)
{
	struct keyword *keyword;

	if (key.len < PREFILTER_MIN_KEY || key.len > PREFILTER_MAX_KEY ||
		filter->count == PREFILTER_MAX)
		return rf_err_set(err, RF_EINTERNAL, "keyword \"" RF_STR_FMT "\" does not fit",
			RF_STR_ARG(key));
	keyword = &filter->keywords[filter->count++];
	for (size_t i = 0; i < key.len; i++)
		keyword->text[i] = (char)fold((uint8_t)key.ptr[i]);
	for (unsigned c = 0; c < 256; c++)
		keyword->follows[fold((uint8_t)c)] |=
			follows ? follows[c] : c == '\t' || (c >= ' ' && c < 127);
	keyword->len = (uint8_t)key.len;
	keyword->owner = owner;
	keyword->skip = rarest(keyword);
	return RF_OK;
}

static int compare(const void *a, const void *b)
{
	const struct keyword *x = a, *y = b;
	const int by_length = (x->len >= PLACES) - (y->len >= PLACES);
	const int order = memcmp(x->text + x->skip, y->text + y->skip,
		x->len >= PLACES ? PLACES : PREFILTER_MIN_KEY);

	if (by_length || order)
		return by_length ? by_length : order;
	return (x->owner > y->owner) - (x->owner < y->owner);
}

static void allow_byte(struct prefilter *filter, unsigned place, uint8_t byte, unsigned bucket)
{
	const uint8_t bit = (uint8_t)(1U << (bucket % 8));

	filter->places[place][byte] |= 1U << bucket;
	filter->low[place][bucket / 8][byte & 15] |= bit;
	filter->high[place][bucket / 8][byte >> 4] |= bit;
}

static void allow(struct prefilter *filter, unsigned place, uint8_t c, unsigned bucket)
{
	allow_byte(filter, place, c, bucket);
	if (c >= 'a' && c <= 'z')
		allow_byte(filter, place, (uint8_t)(c & ~0x20), bucket);
}

static bool add_print(struct prefilter *filter, uint16_t keyword, const uint8_t bytes[PLACES])
{
	const uint32_t folded = print_at(bytes), hash = hash_of(folded);
	uint16_t *head = &filter->heads[hash >> (32 - HASH_BITS)];
	const uint32_t bit = hash >> (32 - BITMAP_BITS);

	if (filter->print_count == MAX_PRINTS)
		return false;
	filter->prints[filter->print_count] =
		(struct print){.bytes = folded, .keyword = keyword, .next = *head};
	*head = ++filter->print_count;
	filter->bitmap[bit / 64] |= 1ULL << (bit % 64);
	return true;
}

static bool add_prints(struct prefilter *filter, uint16_t index, unsigned bucket)
{
	const struct keyword *k = &filter->keywords[index];
	uint8_t bytes[PLACES];
	bool ok = true;

	memcpy(bytes, k->text + k->skip, k->len < PLACES ? k->len : PLACES);
	for (unsigned p = 0; p < PLACES && p < k->len; p++)
		allow(filter, p, bytes[p], bucket);
	if (k->len >= PLACES)
		return add_print(filter, index, bytes);
	for (unsigned c = 0; c < 256 && ok; c++) {
		if (!k->follows[c])
			continue;
		allow(filter, PLACES - 1, (uint8_t)c, bucket);
		/* Of two bytes that a print makes one of, one is enough. */
		bytes[PLACES - 1] = (uint8_t)c;
		if (c & 0x20 || !k->follows[c | 0x20])
			ok = add_print(filter, index, bytes);
	}
	return ok;
}

/* Which nibbles may stand at a print's places, a bit each. */
struct nibbles {
	uint16_t low[PLACES], high[PLACES];
};

static void add_nibbles(struct nibbles *set, unsigned place, unsigned c)
{
	set->low[place] |= (uint16_t)(1U << (c & 15));
	set->high[place] |= (uint16_t)(1U << (c >> 4));
	if (c >= 'a' && c <= 'z')
		add_nibbles(set, place, c & ~0x20U);
}

static void nibbles_of(const struct keyword *k, struct nibbles *ret)
{
	*ret = (struct nibbles){.low = {0}};
	for (unsigned p = 0; p < PLACES && p < k->len; p++)
		add_nibbles(ret, p, (uint8_t)k->text[k->skip + p]);
	for (unsigned c = 0; k->len < PLACES && c < 256; c++)
		if (k->follows[c])
			add_nibbles(ret, PLACES - 1, c);
}

static struct nibbles nibbles_union(const struct nibbles *a, const struct nibbles *b)
{
	struct nibbles set;

	for (unsigned p = 0; p < PLACES; p++) {
		set.low[p] = a->low[p] | b->low[p];
		set.high[p] = a->high[p] | b->high[p];
	}
	return set;
}

/* How many of all quadruples of bytes pass. */
static uint64_t passes(const struct nibbles *set)
{
	uint64_t product = 1;

	for (unsigned p = 0; p < PLACES; p++)
		product *= (uint64_t)__builtin_popcount(set->low[p]) *
			   (uint64_t)__builtin_popcount(set->high[p]);
	return product;
}

/* The bucket that lets the least more pass when a keyword is put into it. */
static unsigned best_bucket(const struct nibbles buckets[static BUCKETS], const struct nibbles *own)
{
	uint64_t least = UINT64_MAX;
	unsigned best = 0;

	for (unsigned b = 0; b < BUCKETS; b++) {
		const struct nibbles both = nibbles_union(&buckets[b], own);
		const uint64_t more = passes(&both) - passes(&buckets[b]);

		if (more < least) {
			least = more;
			best = b;
		}
	}
	return best;
}

int prefilter_seal(struct prefilter *filter, struct rf_err *err)
{
	struct nibbles buckets[BUCKETS] = {{.low = {0}}}, own;

	qsort(filter->keywords, filter->count, sizeof(filter->keywords[0]), compare);
	for (uint16_t i = 0; i < filter->count; i++) {
		unsigned bucket;

		nibbles_of(&filter->keywords[i], &own);
		bucket = best_bucket(buckets, &own);
		buckets[bucket] = nibbles_union(&buckets[bucket], &own);
		if (!add_prints(filter, i, bucket))
			return rf_err_set(err, RF_EINTERNAL, "too many keywords");
	}
	return RF_OK;
}

static int confirm_keyword(const struct cursor *c, const struct keyword *k, size_t at)
{
	size_t n = 0, begin = at - k->skip;

	if (at < k->skip || k->len > c->len - begin)
		return RF_OK;
	while (n < k->len && fold(c->text[begin + n]) == (uint8_t)k->text[n])
		n++;
	if (n < k->len || (n < PLACES && !k->follows[fold(c->text[begin + n])]))
		return RF_OK;
	return c->sink->found(c->sink->ctx, k->owner, begin, begin + n);
}

static int confirm_print(const struct cursor *c, uint32_t bytes, size_t at)
{
	const struct prefilter *filter = c->filter;
	int rc = RF_OK;

	for (uint16_t i = filter->heads[hash_of(bytes) >> (32 - HASH_BITS)]; i && rc == RF_OK;
		i = filter->prints[i - 1].next)
		if (filter->prints[i - 1].bytes == bytes)
			rc = confirm_keyword(
				c, &filter->keywords[filter->prints[i - 1].keyword], at);
	return rc;
}

/* Is there a keyword's print at? There are at least PLACES bytes. */
static inline int confirm(const struct cursor *c, size_t at)
{
	const uint32_t bytes = print_at(c->text + at), bit = hash_of(bytes) >> (32 - BITMAP_BITS);

	if (!(c->filter->bitmap[bit / 64] >> (bit % 64) & 1))
		return RF_OK;
	return confirm_print(c, bytes, at);
}

static int search_portable(const struct cursor *c, size_t at)
{
	const uint32_t(*const places)[256] = c->filter->places;
	const uint8_t *t = c->text;

	for (; c->len - at >= PLACES; at++) {
		if (places[0][t[at]] & places[1][t[at + 1]] & places[2][t[at + 2]] &
			places[3][t[at + 3]]) {
			int rc = confirm(c, at);

			if (rc < 0)
				return rc;
		}
	}
	return RF_OK;
}

#ifdef __x86_64__
#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i table(const uint8_t nibbles[static 16])
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)nibbles));
}

struct tables {
	__m256i low[BANKS][PLACES], high[BANKS][PLACES];
};

/* Which of 32 places have a bucket that all four of their bytes are in. */
AVX2 static inline uint32_t candidates_at(const struct tables *t, const uint8_t *text)
{
	const __m256i nibble = _mm256_set1_epi8(15);
	__m256i in[BANKS], any = _mm256_setzero_si256();

#pragma GCC unroll 4
	for (unsigned p = 0; p < PLACES; p++) {
		const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(text + p));
		const __m256i l = _mm256_and_si256(v, nibble);
		const __m256i h = _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble);

#pragma GCC unroll 4
		for (unsigned b = 0; b < BANKS; b++) {
			const __m256i both = _mm256_and_si256(_mm256_shuffle_epi8(t->low[b][p], l),
				_mm256_shuffle_epi8(t->high[b][p], h));

			in[b] = p == 0 ? both : _mm256_and_si256(in[b], both);
		}
	}
	for (unsigned b = 0; b < BANKS; b++)
		any = _mm256_or_si256(any, in[b]);
	return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(any, _mm256_setzero_si256()));
}

AVX2 static int search_avx2(const struct cursor *c, size_t *ret_at)
{
	struct tables t;
	size_t at = 0;

	for (unsigned b = 0; b < BANKS; b++) {
		for (unsigned p = 0; p < PLACES; p++) {
			t.low[b][p] = table(c->filter->low[p][b]);
			t.high[b][p] = table(c->filter->high[p][b]);
		}
	}
	for (; c->len - at >= STRIDE + PLACES; at += STRIDE) {
		uint32_t candidates = candidates_at(&t, c->text + at);

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

	if (text.len < PLACES)
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
