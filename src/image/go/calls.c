/*
 * A breadth-first walk that decodes only what it reaches, each step in the order of addresses, so
 * that the file is read in one direction. Instructions are not told apart: any four bytes behind a
 * call's opcode that lead exactly to a function's first byte are taken for a call. Chance does so
 * about once in (4 GiB / number of functions), which is rare enough for evidence.
 */
#include "image/go/calls.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define RELEASE_FUNCTIONS 16384 /* whose records lie in some megabytes */
/* The kernel maps this much around a page that is read: what the reading costs in memory. */
#define WINDOW_SHIFT	16
#define MAX_WINDOWS	256
#define NOT_REACHED	UINT32_MAX
#define GRAIN_SHIFT	4   /* the linker aligns functions to 16 bytes or more */
#define MAX_METHODS	256 /* of one table of methods */
#define MAX_TEXT	((uint64_t)1 << 31)
#define ITAB_METHODS_64 24 /* offset of the methods in runtime.itab */

struct go_calls {
	const struct go_exe *exe;
	struct rf_bytes text; /* from the first function on */
	uint64_t text_addr;
	uint32_t *starts; /* offset of every function in text, ascending */
	uint32_t count;
	uint64_t *starts_here; /* a bit for 16 bytes of text: a function starts in them */
	uint32_t *before;      /* functions that start before each word of bits */
	bool one_a_grain;      /* no two functions start in the same 16 bytes */
	uint32_t *parent;      /* NOT_REACHED, or who got there first */
	uint64_t *now, *next;  /* a bit a function: those of this step, those of the next */
	uint32_t main_index;
	uint8_t *touched; /* a bit for every window of the file that was read */
	unsigned windows; /* how many since pages were given back */
};

void go_calls_free(struct go_calls *calls)
{
	if (!calls)
		return;
	free(calls->starts);
	free(calls->starts_here);
	free(calls->before);
	free(calls->parent);
	free(calls->touched);
	free(calls->now);
	free(calls->next);
	free(calls);
}

void go_calls_freep(struct go_calls **calls)
{
	go_calls_free(*calls);
}

/* --- functions by address --- */

static uint32_t search_function(const struct go_calls *calls, uint64_t off)
{
	uint32_t low = 0, high = calls->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (calls->starts[middle] < off)
			low = middle + 1;
		else
			high = middle;
	}
	return low < calls->count && calls->starts[low] == off ? low : NOT_REACHED;
}

/* The function that starts at off, or NOT_REACHED. Most of what is asked is none. */
static inline uint32_t function_at(const struct go_calls *calls, uint64_t off)
{
	uint64_t grain = off >> GRAIN_SHIFT, word, bit;
	uint32_t index;

	if (off >= calls->text.len)
		return NOT_REACHED;
	word = calls->starts_here[grain / 64];
	bit = (uint64_t)1 << grain % 64;
	if (!(word & bit))
		return NOT_REACHED;
	if (!calls->one_a_grain)
		return search_function(calls, off);
	index = calls->before[grain / 64] + (uint32_t)__builtin_popcountll(word & (bit - 1));
	return calls->starts[index] == off ? index : NOT_REACHED;
}

static void reach(struct go_calls *calls, uint32_t from, uint32_t to)
{
	if (to == NOT_REACHED || calls->parent[to] != NOT_REACHED)
		return;
	calls->parent[to] = from;
	calls->next[to / 64] |= (uint64_t)1 << to % 64;
}

static void reach_addr(struct go_calls *calls, uint32_t from, uint64_t addr)
{
	reach(calls, from, function_at(calls, addr - calls->text_addr));
}

/* Gives pages back when many have been read; their neighbours come with them. */
static void touch(struct go_calls *calls, const uint8_t *at)
{
	size_t window = (size_t)(at - calls->exe->file.ptr) >> WINDOW_SHIFT;

	if (calls->touched[window / 8] & 1 << window % 8)
		return;
	calls->touched[window / 8] |= (uint8_t)(1 << window % 8);
	if (++calls->windows < MAX_WINDOWS)
		return;
	go_exe_release(calls->exe);
	memset(calls->touched, 0, (calls->exe->file.len >> (WINDOW_SHIFT + 3)) + 1);
	calls->windows = 0;
}

/* What lies at an address that code takes: a function, a closure's pointer, a table of methods. */
static void take_address(struct go_calls *calls, uint32_t from, uint64_t addr)
{
	struct rf_bytes data;
	uint64_t value;

	if (addr - calls->text_addr < calls->text.len) {
		reach_addr(calls, from, addr);
		return;
	}
	/* Pointers and tables are aligned; strings, which are most of what code takes, seldom. */
	data = addr % 8 ? (struct rf_bytes){.ptr = NULL} : go_exe_at(calls->exe, addr);
	if (!data.ptr)
		return;
	touch(calls, data.ptr);
	if (!go_exe_pointer(calls->exe, addr, &value))
		return;
	if (function_at(calls, value - calls->text_addr) != NOT_REACHED) {
		reach_addr(calls, from, value);
		return;
	}
	for (unsigned i = 0; i < MAX_METHODS; i++) {
		if (!go_exe_pointer(calls->exe, addr + ITAB_METHODS_64 + 8 * i, &value) ||
			function_at(calls, value - calls->text_addr) == NOT_REACHED)
			break;
		reach_addr(calls, from, value);
	}
}

/* --- machine code --- */

static int32_t read_i32(const uint8_t *at)
{
	return (int32_t)((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
			 (uint32_t)at[3] << 24);
}

/* E8 and E9: call and jmp rel32. REX.W 8D /r with rip: lea. */

#define BATCH 16 /* bytes that are looked at together */

/* A bit for every byte of 16 that may begin a call or jump, or be the 8D of a lea. */
#ifdef __SSE2__
static inline unsigned candidates(const uint8_t *code)
{
	const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)code);
	const __m128i calls = _mm_cmpeq_epi8(
		_mm_and_si128(bytes, _mm_set1_epi8((char)0xfe)), _mm_set1_epi8((char)0xe8));
	const __m128i loads = _mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)0x8d));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(calls, loads));
}
#else
static inline unsigned candidates(const uint8_t *code)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < BATCH; i++)
		bits |= (unsigned)((code[i] & 0xfe) == 0xe8 || code[i] == 0x8d) << i;
	return bits;
}
#endif

/* at is the offset of an E8, E9 or 8D. */
static inline void take_amd64(struct go_calls *calls, uint32_t from, const uint8_t *code, size_t at,
	size_t len, uint64_t addr)
{
	if (code[at] != 0x8d) {
		if (len - at >= 5)
			reach_addr(calls, from,
				addr + at + 5 + (uint64_t)(int64_t)read_i32(code + at + 1));
	} else if (at > 0 && (code[at - 1] & 0xfb) == 0x48 && len - at >= 6 &&
		   (code[at + 1] & 0xc7) == 0x05) {
		take_address(
			calls, from, addr + at + 6 + (uint64_t)(int64_t)read_i32(code + at + 2));
	}
}

static void scan_amd64(
	struct go_calls *calls, uint32_t from, const uint8_t *code, size_t len, uint64_t addr)
{
	size_t i = 0;

	for (; i + BATCH <= len; i += BATCH) {
		for (unsigned bits = candidates(code + i); bits; bits &= bits - 1)
			take_amd64(calls, from, code, i + (unsigned)__builtin_ctz(bits), len, addr);
	}
	for (; i < len; i++) {
		if ((code[i] & 0xfe) == 0xe8 || code[i] == 0x8d)
			take_amd64(calls, from, code, i, len, addr);
	}
}

/* BL and B; ADRP followed by ADD of the same register. */
static void scan_arm64(
	struct go_calls *calls, uint32_t from, const uint8_t *code, size_t len, uint64_t addr)
{
	for (size_t i = 0; i + 4 <= len; i += 4) {
		uint32_t word = (uint32_t)read_i32(code + i);
		uint32_t next = i + 8 <= len ? (uint32_t)read_i32(code + i + 4) : 0;

		if ((word & 0x7c000000) == 0x14000000) {
			int64_t words = (int64_t)((uint64_t)word << 38) >> 38;

			reach_addr(calls, from, addr + i + (uint64_t)(words * 4));
		} else if ((word & 0x9f000000) == 0x90000000 && (next & 0xffc00000) == 0x91000000 &&
			   (next >> 5 & 31) == (word & 31)) {
			uint64_t bits = (uint64_t)(word >> 5 & 0x7ffff) << 2 | (word >> 29 & 3);
			int64_t pages = (int64_t)(bits << 43) >> 43;

			take_address(calls, from,
				((addr + i) & ~(uint64_t)0xfff) + (uint64_t)(pages * 4096) +
					(next >> 10 & 0xfff));
		}
	}
}

static void scan_function(struct go_calls *calls, uint32_t index)
{
	uint32_t start = calls->starts[index];
	size_t end = index + 1 < calls->count ? calls->starts[index + 1] : calls->text.len;
	const uint8_t *code = calls->text.ptr + start;
	uint64_t addr = calls->text_addr + start;

	if (end < start)
		return;
	touch(calls, code);
	if (calls->exe->machine == GO_MACHINE_AMD64)
		scan_amd64(calls, index, code, end - start, addr);
	else
		scan_arm64(calls, index, code, end - start, addr);
}

/* --- making --- */

static bool allocate(struct go_calls *calls, uint64_t count)
{
	size_t words;

	calls->starts = calloc(count + 1, sizeof(*calls->starts));
	calls->parent = malloc((count + 1) * sizeof(*calls->parent));
	calls->touched = calloc(1, (calls->exe->file.len >> (WINDOW_SHIFT + 3)) + 1);
	calls->now = calloc(count / 64 + 1, sizeof(*calls->now));
	calls->next = calloc(count / 64 + 1, sizeof(*calls->next));
	words = (calls->text.len >> GRAIN_SHIFT) / 64 + 1;
	calls->starts_here = calloc(words, sizeof(*calls->starts_here));
	calls->before = calloc(words, sizeof(*calls->before));
	if (!calls->starts || !calls->parent || !calls->touched || !calls->now || !calls->next ||
		!calls->starts_here || !calls->before)
		return false;
	memset(calls->parent, 0xff, (count + 1) * sizeof(*calls->parent));
	return true;
}

static void count_before(struct go_calls *calls)
{
	size_t words = (calls->text.len >> GRAIN_SHIFT) / 64 + 1;
	uint32_t count = 0;

	for (size_t i = 0; i < words; i++) {
		calls->before[i] = count;
		count += (uint32_t)__builtin_popcountll(calls->starts_here[i]);
	}
}

/* Fills starts; *ret_main is main.main, or NOT_REACHED. Out of order or outside: not a program. */
static bool index_functions(
	struct go_calls *calls, const struct go_table *table, uint32_t *ret_main)
{
	const struct rf_str main_name = {"main.main", sizeof("main.main")}; /* with its NUL */
	uint64_t addr, last = 0, name;

	*ret_main = NOT_REACHED;
	calls->one_a_grain = true;
	for (uint64_t i = 0; i < table->function_count; i++) {
		uint64_t off;

		if (i % RELEASE_FUNCTIONS == 0)
			go_exe_release(calls->exe);
		if (!go_table_entry(table, i, &addr, &name))
			return false;
		off = addr - calls->text_addr;
		if (off >= calls->text.len || off < last)
			return false;
		calls->one_a_grain &= i == 0 || off >> GRAIN_SHIFT != last >> GRAIN_SHIFT;
		last = off;
		calls->starts[i] = (uint32_t)off;
		calls->starts_here[(off >> GRAIN_SHIFT) / 64] |= (uint64_t)1
								 << (off >> GRAIN_SHIFT) % 64;
		if (name < table->names.len && main_name.len <= table->names.len - name &&
			memcmp(table->names.ptr + name, main_name.ptr, main_name.len) == 0)
			*ret_main = (uint32_t)i;
	}
	calls->count = (uint32_t)table->function_count;
	count_before(calls);
	return true;
}

/* One step: all functions of now, in the order of addresses. False when there were none. */
static bool step(struct go_calls *calls)
{
	size_t words = calls->count / 64 + 1;
	bool any = false;

	for (size_t word = 0; word < words; word++) {
		for (uint64_t bits = calls->now[word]; bits; bits &= bits - 1) {
			scan_function(
				calls, (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(bits));
			any = true;
		}
		calls->now[word] = 0;
	}
	return any;
}

static void walk(struct go_calls *calls)
{
	calls->parent[calls->main_index] = calls->main_index;
	calls->next[calls->main_index / 64] |= (uint64_t)1 << calls->main_index % 64;
	do {
		uint64_t *done = calls->now;

		calls->now = calls->next;
		calls->next = done;
	} while (step(calls));
}

static int read_and_walk(struct go_calls *calls, const struct go_table *table, struct rf_err *err)
{
	if (!allocate(calls, table->function_count))
		return rf_err_nomem(err);
	if (!index_functions(calls, table, &calls->main_index) || calls->main_index == NOT_REACHED)
		return rf_err_set(err, RF_EUNSUPPORTED, "calls cannot be followed");
	walk(calls);
	return RF_OK;
}

int go_calls_new(const struct go_exe *exe, const struct go_table *table, struct go_calls **ret,
	struct rf_err *err)
{
	AUTO_GO_CALLS *calls = calloc(1, sizeof(*calls));
	struct rf_str name;
	uint64_t first;
	int rc;

	if (!calls)
		return rf_err_nomem(err);
	if ((exe->machine != GO_MACHINE_AMD64 && exe->machine != GO_MACHINE_ARM64) || exe->big ||
		!go_table_function(table, 0, &first, &name) || !go_exe_is_code(exe, first))
		return rf_err_set(err, RF_EUNSUPPORTED, "calls cannot be followed");
	calls->exe = exe;
	calls->text_addr = first;
	calls->text = go_exe_at(exe, first);
	if (!calls->text.ptr || calls->text.len > MAX_TEXT)
		return rf_err_set(err, RF_EUNSUPPORTED, "calls cannot be followed");
	rc = read_and_walk(calls, table, err);
	if (rc == RF_OK)
		*ret = TAKE_PTR(calls);
	return rc;
}

bool go_calls_reach(const struct go_calls *calls, uint64_t index)
{
	return index < calls->count && calls->parent[index] != NOT_REACHED;
}

size_t go_calls_path(const struct go_calls *calls, uint64_t index, uint64_t *out, size_t max)
{
	size_t len = 1, skip, at;
	uint32_t i;

	if (!go_calls_reach(calls, index) || max < 2)
		return 0;
	for (i = (uint32_t)index; calls->parent[i] != i; i = calls->parent[i])
		len++;
	/* main.main first; of a long path, the end that leads to the function. */
	skip = len > max ? len - max : 0;
	at = len - skip;
	for (i = (uint32_t)index; at > 0; i = calls->parent[i])
		out[--at] = i;
	if (skip)
		out[0] = calls->main_index;
	return len - skip;
}
