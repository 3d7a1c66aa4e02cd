/*
 * Order matters within a batch, although it takes effect at once: a rule needs the sets and chains
 * that it names, an element the chain that it leads to, and nothing that is still named can be
 * deleted. So: new sets and chains, rules, elements out, elements in, and then what is left over.
 */
#include "dataplane/diff.h"

#include "dataplane/table.h"

struct diff {
	struct nft_batch *batch;
	const struct picture *held;
	const struct picture *wanted;
	const struct fence_config *config;
	struct fence_stats *stats;
	RF_VEC(const struct picture_elem *) scratch; /* elements of one set */
	bool rejudge;
};

static const struct nft_set_type *type_of(const struct picture_set *set)
{
	return &picture_set_rows[set->kind].type;
}

static const struct picture_chain *held_chain(const struct diff *d, const struct picture_chain *c)
{
	return d->held ? picture_find_chain(d->held, c->name) : NULL;
}

static const struct picture_set *held_set(const struct diff *d, const struct picture_set *set)
{
	return d->held ? picture_find_set(d->held, set->name) : NULL;
}

static bool same_chain(const struct picture_chain *a, const struct picture_chain *b)
{
	return a->kind == b->kind && a->id == b->id && rf_str_eq(a->content, b->content);
}

static bool same_elem(const struct picture_elem *a, const struct picture_elem *b)
{
	if (!a->target || !b->target)
		return a->target == b->target;
	return a->jump == b->jump && rf_str_eq(a->target->name, b->target->name);
}

/* Service chains rewrite new connections only; what has passed is not theirs to judge. */
static void note_chain(struct diff *d, const struct picture_chain *chain)
{
	d->stats->chains_changed++;
	if (chain->kind != PICTURE_SERVICE && chain->kind != PICTURE_ENDPOINT)
		d->rejudge = true;
}

static void add_sets(struct diff *d)
{
	for (size_t i = PICTURE_SET_FIXED_COUNT; i < d->wanted->sets.count; i++) {
		const struct picture_set *set = d->wanted->sets.items[i];

		if (!held_set(d, set))
			nft_set_add(d->batch, set->name.ptr, type_of(set));
	}
}

static void add_chains(struct diff *d)
{
	rf_vec_each (chain, &d->wanted->chains) {
		if (!held_chain(d, *chain))
			nft_chain_add(d->batch, (*chain)->name.ptr, NULL);
	}
	rf_vec_each (chain, &d->wanted->chains) {
		const struct picture_chain *before = held_chain(d, *chain);

		if (before && same_chain(before, *chain))
			continue;
		if (before)
			nft_chain_flush(d->batch, (*chain)->name.ptr);
		table_chain_rules(d->batch, *chain);
		note_chain(d, *chain);
	}
}

/* The value behind a big-endian one; false when there is none. */
static bool next_value(const uint8_t *value, uint32_t len, uint8_t *out)
{
	memcpy(out, value, len);
	for (uint32_t i = len; i > 0; i--) {
		if (++out[i - 1])
			return true;
	}
	return false;
}

/* An interval is two elements to the kernel: where it begins, and the first value behind it. */
static void put_elem(
	struct nft_elems *elems, const struct nft_set_type *type, const struct picture_elem *from)
{
	uint8_t behind[16];
	struct nft_elem elem = {
		.key = from->key.ptr,
		.key_len = type->key_len,
		.verdict = from->jump ? NFT_JUMP : NFT_GOTO,
		.target = from->target ? from->target->name.ptr : NULL,
	};

	nft_elems_put(elems, &elem);
	if (!(type->flags & NFT_SET_INTERVAL))
		return;
	if (!next_value((const uint8_t *)from->key.ptr + type->key_len, type->key_len, behind))
		return;
	elem.key = behind;
	elem.interval_end = true;
	nft_elems_put(elems, &elem);
}

/* A pod's address in one of the three sets that know it. */
static void put_pod(
	struct nft_elems *elems, enum picture_pod_set which, const struct picture_elem *from)
{
	uint32_t len = (uint32_t)from->key.len;
	char name[TABLE_NAME_SIZE];
	uint8_t pair[32];
	struct nft_elem elem = {.key = from->key.ptr, .key_len = len, .verdict = NFT_GOTO};

	if (which == PICTURE_POD_SELF) {
		memcpy(pair, from->key.ptr, len);
		memcpy(pair + len, from->key.ptr, len);
		elem.key = pair;
		elem.key_len = len * 2;
	} else if (which == PICTURE_POD_DST) {
		elem.target = table_name(name, "d", from->target->id, "");
	} else {
		elem.target = from->target->name.ptr;
	}
	nft_elems_put(elems, &elem);
}

static bool is_pods(const struct picture_set *set)
{
	return set->kind <= PICTURE_PODS6;
}

/* Sends what is in scratch. Returns the number of the kernel's elements. */
static unsigned put_scratch(struct diff *d, const struct picture_set *set, bool del)
{
	struct nft_elems elems = {.batch = d->batch, .set = set->name.ptr, .del = del};
	unsigned sets = is_pods(set) ? PICTURE_POD_SETS : 1;

	for (unsigned i = 0; i < sets; i++) {
		if (is_pods(set))
			elems.set = picture_pod_rows[set->kind][i].name;
		rf_vec_each (elem, &d->scratch) {
			if (is_pods(set))
				put_pod(&elems, (enum picture_pod_set)i, *elem);
			else
				put_elem(&elems, type_of(set), *elem);
		}
		nft_elems_end(&elems);
	}
	return (unsigned)d->scratch.count * sets;
}

static bool in_pod_ranges(const struct diff *d, struct rf_str key)
{
	struct rf_ip ip = {.family = key.len == 16 ? RF_IPV6 : RF_IPV4};

	memcpy(ip.bytes, key.ptr, key.len);
	for (unsigned i = 0; i < d->config->pod_range_count; i++) {
		if (rf_cidr_has(&d->config->pod_ranges[i], &ip))
			return true;
	}
	return false;
}

/*
 * Whether connections that passed may no longer do so. No connection of a new address of the pod
 * ranges has passed yet, and Services rewrite new connections only.
 */
static bool touches_passed(const struct diff *d, const struct picture_set *set,
	const struct picture_elem *elem, bool del)
{
	if (set->kind >= PICTURE_SVC4 && set->kind <= PICTURE_EMPTY6)
		return false;
	return del || !is_pods(set) || !in_pod_ranges(d, elem->key);
}

/* Puts into scratch what a has and b has not, or has otherwise. Returns how many are the same. */
static size_t find_missing(
	struct diff *d, const struct picture_set *a, const struct picture_set *b, bool del)
{
	size_t same = 0, at = 0;

	d->scratch.count = 0;
	rf_vec_each (elem, &a->elems) {
		const struct picture_elem *other = b ? picture_find_next(b, elem->key, &at) : NULL;

		if (other && same_elem(elem, other)) {
			same++;
			continue;
		}
		d->rejudge |= touches_passed(d, a, elem, del);
		if (!rf_vec_push(&d->scratch, elem))
			d->batch->failed = true;
	}
	return same;
}

static void change_elems(struct diff *d, const struct picture_set *set)
{
	const struct picture_set *before = held_set(d, set);
	size_t same = 0;

	if (before && before->elems.count) {
		same = find_missing(d, before, set, true);
		d->stats->elements_removed += put_scratch(d, before, true);
	}
	if (same == set->elems.count)
		return;
	find_missing(d, set, before, false);
	d->stats->elements_added += put_scratch(d, set, false);
}

static void remove_rest(struct diff *d)
{
	rf_vec_each (chain, &d->held->chains) {
		if (picture_find_chain(d->wanted, (*chain)->name))
			continue;
		nft_chain_flush(d->batch, (*chain)->name.ptr);
		note_chain(d, *chain);
	}
	rf_vec_each (set, &d->held->sets) {
		if (picture_find_set(d->wanted, (*set)->name))
			continue;
		if ((*set)->elems.count)
			nft_set_flush(d->batch, (*set)->name.ptr);
		nft_set_del(d->batch, (*set)->name.ptr);
		d->stats->elements_removed += (unsigned)(*set)->elems.count;
	}
	rf_vec_each (chain, &d->held->chains) {
		if (!picture_find_chain(d->wanted, (*chain)->name))
			nft_chain_del(d->batch, (*chain)->name.ptr);
	}
}

bool diff_pictures(struct nft_batch *batch, const struct picture *held,
	const struct picture *wanted, const struct fence_config *config, struct fence_stats *ret)
{
	struct diff d = {
		.batch = batch, .held = held, .wanted = wanted, .config = config, .stats = ret};

	add_sets(&d);
	add_chains(&d);
	rf_vec_each (set, &wanted->sets)
		change_elems(&d, *set);
	if (held)
		remove_rest(&d);
	rf_vec_done(&d.scratch);
	return d.rejudge;
}
