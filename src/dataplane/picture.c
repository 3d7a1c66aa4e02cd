/* Everything of a picture lives in its arena, but for the arrays and the maps. */
#include "dataplane/picture.h"

#include <linux/netfilter/nf_tables.h>

/* nft's numbers of data types; the parts of a concatenation take 6 bits each. */
#define TYPE_IPV4      7U
#define TYPE_IPV6      8U
#define TYPE_PROTO     12U
#define TYPE_PORT      13U
#define TYPE_MARK      19U
#define TYPE2(a, b)    ((a) << 6 | (b))
#define TYPE3(a, b, c) (TYPE2(a, b) << 6 | (c))

#define RANGES	      (NFT_SET_MAP | NFT_SET_INTERVAL)
#define SERVICE4_TYPE TYPE3(TYPE_IPV4, TYPE_PROTO, TYPE_PORT)
#define SERVICE6_TYPE TYPE3(TYPE_IPV6, TYPE_PROTO, TYPE_PORT)

const struct picture_set_row picture_set_rows[PICTURE_SET_KIND_COUNT] = {
	[PICTURE_SRC4] = {"src4", {NFT_SET_MAP, TYPE_IPV4, 4}},
	[PICTURE_SRC6] = {"src6", {NFT_SET_MAP, TYPE_IPV6, 16}},
	[PICTURE_DST4] = {"dst4", {NFT_SET_MAP, TYPE_IPV4, 4}},
	[PICTURE_DST6] = {"dst6", {NFT_SET_MAP, TYPE_IPV6, 16}},
	[PICTURE_SELF4] = {"self4", {0, TYPE2(TYPE_IPV4, TYPE_IPV4), 8}},
	[PICTURE_SELF6] = {"self6", {0, TYPE2(TYPE_IPV6, TYPE_IPV6), 32}},
	[PICTURE_EXT_SRC4] = {"ext_src4", {RANGES, TYPE_IPV4, 4}},
	[PICTURE_EXT_SRC6] = {"ext_src6", {RANGES, TYPE_IPV6, 16}},
	[PICTURE_EXT_DST4] = {"ext_dst4", {RANGES, TYPE_IPV4, 4}},
	[PICTURE_EXT_DST6] = {"ext_dst6", {RANGES, TYPE_IPV6, 16}},
	[PICTURE_BOUND] = {"egress_bound", {0, TYPE_MARK, 4, .host_order = true}},
	[PICTURE_SVC4] = {"svc4", {NFT_SET_MAP, SERVICE4_TYPE, 12}},
	[PICTURE_SVC6] = {"svc6", {NFT_SET_MAP, SERVICE6_TYPE, 24}},
	[PICTURE_EMPTY4] = {"svc_empty4", {0, SERVICE4_TYPE, 12}},
	[PICTURE_EMPTY6] = {"svc_empty6", {0, SERVICE6_TYPE, 24}},
	[PICTURE_FROM] = {NULL, {NFT_SET_MAP, TYPE_MARK, 4, .host_order = true}},
	[PICTURE_PORT_RANGES] = {NULL, {NFT_SET_INTERVAL, TYPE_PORT, 2}},
};

const struct picture_chain picture_pass = {.kind = PICTURE_FIXED, .name = {"pass", 4}};
const struct picture_chain picture_unknown = {.kind = PICTURE_FIXED, .name = {"unknown", 7}};

static void add_fixed_sets(struct picture *picture)
{
	for (unsigned kind = 0; kind < PICTURE_SET_FIXED_COUNT; kind++)
		picture_set(picture, (enum picture_set_kind)kind, picture_set_rows[kind].name);
}

struct picture *picture_new(void)
{
	struct picture *picture = calloc(1, sizeof(*picture));

	if (!picture)
		return NULL;
	picture->arena = rf_arena_new(0);
	if (picture->arena)
		add_fixed_sets(picture);
	if (!picture->arena || picture->failed) {
		picture_free(picture);
		return NULL;
	}
	return picture;
}

void picture_free(struct picture *picture)
{
	if (!picture)
		return;
	rf_vec_each (set, &picture->sets) {
		rf_vec_done(&(*set)->elems);
		rf_map_done(&(*set)->by_key);
	}
	rf_vec_done(&picture->sets);
	rf_vec_done(&picture->chains);
	rf_map_done(&picture->chain_by_name);
	rf_map_done(&picture->set_by_name);
	rf_arena_free(picture->arena);
	free(picture);
}

void picture_freep(struct picture **picture)
{
	picture_free(*picture);
}

const struct picture_chain *picture_find_chain(const struct picture *picture, struct rf_str name)
{
	return rf_map_get_ptr(&picture->chain_by_name, name);
}

const struct picture_chain *picture_chain(struct picture *picture, enum picture_chain_kind kind,
	const char *name, uint32_t id, struct rf_str content)
{
	const struct picture_chain *known = picture_find_chain(picture, rf_str_of(name));
	struct picture_chain *chain;

	if (known)
		return known;
	chain = rf_arena_new_of(picture->arena, struct picture_chain);
	if (chain) {
		chain->kind = kind;
		chain->id = id;
		chain->name = rf_arena_str(picture->arena, rf_str_of(name));
		chain->content = rf_arena_str(picture->arena, content);
	}
	if (!chain || !chain->name.ptr || !chain->content.ptr ||
		!rf_vec_push(&picture->chains, chain) ||
		!rf_map_put_ptr(&picture->chain_by_name, chain->name, chain)) {
		picture->failed = true;
		return &picture_unknown;
	}
	return chain;
}

const struct picture_set *picture_find_set(const struct picture *picture, struct rf_str name)
{
	return rf_map_get_ptr(&picture->set_by_name, name);
}

struct picture_set *picture_set(
	struct picture *picture, enum picture_set_kind kind, const char *name)
{
	struct picture_set *set = rf_map_get_ptr(&picture->set_by_name, rf_str_of(name));

	if (set)
		return set;
	set = rf_arena_new_of(picture->arena, struct picture_set);
	if (set) {
		set->kind = kind;
		set->name = rf_arena_str(picture->arena, rf_str_of(name));
	}
	if (!set || !set->name.ptr || !rf_vec_push(&picture->sets, set) ||
		!rf_map_put_ptr(&picture->set_by_name, set->name, set)) {
		picture->failed = true;
		return NULL;
	}
	return set;
}

void picture_put(struct picture *picture, struct picture_set *set, struct rf_str key,
	const struct picture_chain *target, bool jump)
{
	struct picture_elem elem = {.target = target, .jump = jump};
	uintptr_t at;

	if (!set || picture->failed)
		return;
	if (rf_map_get(&set->by_key, key, &at)) {
		set->elems.items[at].target = target;
		set->elems.items[at].jump = jump;
		return;
	}
	elem.key = rf_arena_str(picture->arena, key);
	if (!elem.key.ptr || !rf_vec_push(&set->elems, elem) ||
		!rf_map_put(&set->by_key, elem.key, set->elems.count - 1))
		picture->failed = true;
}

const struct picture_elem *picture_find(const struct picture_set *set, struct rf_str key)
{
	uintptr_t at;

	return rf_map_get(&set->by_key, key, &at) ? &set->elems.items[at] : NULL;
}
