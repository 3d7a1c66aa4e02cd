/*
 * Cutting the address space. CIDRs either nest or lie apart, so a sweep over them in order of
 * their first address needs only a stack: what is on it when a range ends holds that range.
 */
#include "policy/blocks.h"

#include "base/buf.h"

struct cidr_entry {
	struct rf_ip first, last;
	unsigned prefix;
	uint32_t block;
	bool except;
};

RF_VEC_TYPE(cidr_entries, struct cidr_entry);

struct sweep {
	struct policy_blocks *blocks;
	struct policy_ip_ranges *out;
	struct cidr_entries stack;
	struct rf_ip cursor; /* first address not yet in a range */
	bool finished;	     /* the cursor has left the family */
	uint64_t *bits;	     /* scratch membership */
};

void policy_blocks_init(struct policy_blocks *blocks, struct rf_arena *arena)
{
	*blocks = (struct policy_blocks){.arena = arena};
}

void policy_blocks_done(struct policy_blocks *blocks)
{
	rf_vec_done(&blocks->blocks);
	rf_vec_done(&blocks->v4);
	rf_vec_done(&blocks->v6);
	rf_vec_done(&blocks->memberships);
	rf_map_done(&blocks->by_text);
	rf_map_done(&blocks->by_bits);
}

int policy_blocks_add(
	struct policy_blocks *blocks, const struct kube_ip_block *block, uint32_t *ret)
{
	AUTO_BUF text = {0};
	char cidr[RF_CIDR_TEXT_SIZE];
	struct rf_str key;
	uintptr_t known;

	for (size_t i = 0; i < block->cidr_count; i++)
		rf_buf_addf(&text, "%s,", rf_cidr_text(&block->cidrs[i], cidr));
	if (text.failed)
		return RF_EINTERNAL;
	if (rf_map_get(&blocks->by_text, rf_buf_str(&text), &known)) {
		*ret = (uint32_t)known;
		return RF_OK;
	}
	key = rf_arena_str(blocks->arena, rf_buf_str(&text));
	if (!key.ptr || !rf_map_put(&blocks->by_text, key, blocks->blocks.count) ||
		!rf_vec_push(&blocks->blocks, block))
		return RF_EINTERNAL;
	*ret = (uint32_t)blocks->blocks.count - 1;
	return RF_OK;
}

/* The number of the membership in s->bits, new or known. */
static int membership_of(struct policy_blocks *blocks, const uint64_t *bits, uint32_t *ret)
{
	struct rf_str key = {.ptr = (const char *)bits, .len = blocks->words * sizeof(*bits)};
	uintptr_t known;

	if (rf_map_get(&blocks->by_bits, key, &known)) {
		*ret = (uint32_t)known;
		return RF_OK;
	}
	key = rf_arena_str(blocks->arena, key);
	if (!key.ptr || !rf_map_put(&blocks->by_bits, key, blocks->memberships.count) ||
		!rf_vec_push(&blocks->memberships, (const uint64_t *)(const void *)key.ptr))
		return RF_EINTERNAL;
	*ret = (uint32_t)blocks->memberships.count - 1;
	return RF_OK;
}

/* In a block: within its cidr and within none of its excepts. */
static void bits_of_stack(struct sweep *s)
{
	size_t size = s->blocks->words * sizeof(uint64_t);

	memset(s->bits, 0, size);
	rf_vec_each (e, &s->stack) {
		if (!e->except)
			s->bits[e->block / 64] |= UINT64_C(1) << (e->block % 64);
	}
	rf_vec_each (e, &s->stack) {
		if (e->except)
			s->bits[e->block / 64] &= ~(UINT64_C(1) << (e->block % 64));
	}
}

/* Makes a range of [cursor, last] and moves the cursor behind it. */
static int emit(struct sweep *s, const struct rf_ip *last)
{
	struct policy_ip_range *prev = s->out->count ? &s->out->items[s->out->count - 1] : NULL;
	uint32_t membership;

	if (s->finished || rf_ip_cmp(&s->cursor, last) > 0)
		return RF_OK;
	bits_of_stack(s);
	if (membership_of(s->blocks, s->bits, &membership) < 0)
		return RF_EINTERNAL;
	if (prev && prev->membership == membership) {
		prev->last = *last;
	} else if (!rf_vec_push(s->out,
			   ((struct policy_ip_range){
				   .first = s->cursor, .last = *last, .membership = membership}))) {
		return RF_EINTERNAL;
	}
	if (!rf_ip_add(last, 1, &s->cursor))
		s->finished = true;
	return RF_OK;
}

/* Ends the entries on the stack that lie wholly before address (all of them when NULL). */
static int pop_before(struct sweep *s, const struct rf_ip *address)
{
	while (s->stack.count) {
		struct cidr_entry *top = &s->stack.items[s->stack.count - 1];

		if (address && rf_ip_cmp(&top->last, address) >= 0)
			return RF_OK;
		if (emit(s, &top->last) < 0)
			return RF_EINTERNAL;
		s->stack.count--;
	}
	return RF_OK;
}

static int sweep_entry(struct sweep *s, const struct cidr_entry *entry)
{
	struct rf_ip before;

	if (pop_before(s, &entry->first) < 0)
		return RF_EINTERNAL;
	if (rf_ip_prev(&entry->first, &before) && emit(s, &before) < 0)
		return RF_EINTERNAL;
	return rf_vec_push(&s->stack, *entry) ? RF_OK : RF_EINTERNAL;
}

static int entry_order(const void *a, const void *b)
{
	const struct cidr_entry *x = a, *y = b;
	int order = rf_ip_cmp(&x->first, &y->first);

	if (order)
		return order;
	return (x->prefix > y->prefix) - (x->prefix < y->prefix);
}

static int collect_entries(
	const struct policy_blocks *blocks, enum rf_family family, struct cidr_entries *out)
{
	for (size_t b = 0; b < blocks->blocks.count; b++) {
		const struct kube_ip_block *block = blocks->blocks.items[b];

		for (size_t i = 0; i < block->cidr_count; i++) {
			const struct rf_cidr *cidr = &block->cidrs[i];
			struct cidr_entry entry = {
				.first = rf_cidr_first(cidr),
				.last = rf_cidr_last(cidr),
				.prefix = cidr->prefix,
				.block = (uint32_t)b,
				.except = i > 0,
			};

			if (cidr->ip.family == family && !rf_vec_push(out, entry))
				return RF_EINTERNAL;
		}
	}
	if (out->count)
		qsort(out->items, out->count, sizeof(*out->items), entry_order);
	return RF_OK;
}

static int seal_family(struct sweep *s, enum rf_family family)
{
	struct rf_cidr whole = {.ip = {.family = family}, .prefix = 0};
	struct rf_ip last = rf_cidr_last(&whole);
	struct cidr_entries entries = {0};
	int rc = collect_entries(s->blocks, family, &entries);

	s->cursor = rf_cidr_first(&whole);
	s->finished = false;
	for (size_t i = 0; rc == RF_OK && i < entries.count; i++)
		rc = sweep_entry(s, &entries.items[i]);
	if (rc == RF_OK)
		rc = pop_before(s, NULL);
	if (rc == RF_OK)
		rc = emit(s, &last);
	rf_vec_done(&entries);
	return rc;
}

int policy_blocks_seal(struct policy_blocks *blocks)
{
	struct sweep s = {.blocks = blocks};
	uint32_t none;
	int rc = RF_EINTERNAL;

	blocks->words = blocks->blocks.count / 64 + 1;
	s.bits = rf_arena_array(blocks->arena, blocks->words, sizeof(uint64_t));
	if (!s.bits || membership_of(blocks, s.bits, &none) < 0 || none != POLICY_IN_NO_BLOCK)
		return RF_EINTERNAL;
	s.out = &blocks->v4;
	rc = seal_family(&s, RF_IPV4);
	s.out = &blocks->v6;
	if (rc == RF_OK)
		rc = seal_family(&s, RF_IPV6);
	rf_vec_done(&s.stack);
	return rc;
}

uint32_t policy_blocks_membership(const struct policy_blocks *blocks, const struct rf_ip *ip)
{
	const struct policy_ip_ranges *ranges = ip->family == RF_IPV4 ? &blocks->v4 : &blocks->v6;
	size_t lo = 0, hi = ranges->count;

	if (ip->family == RF_FAMILY_NONE)
		return POLICY_IN_NO_BLOCK;
	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		if (rf_ip_cmp(ip, &ranges->items[mid].first) < 0)
			hi = mid;
		else
			lo = mid;
	}
	return ranges->items[lo].membership;
}

bool policy_blocks_has(const struct policy_blocks *blocks, uint32_t membership, uint32_t block)
{
	return blocks->memberships.items[membership][block / 64] >> (block % 64) & 1;
}
