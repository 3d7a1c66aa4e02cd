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

#define TYPE(set_flags, type, len)                                         \
	{                                                                  \
		.flags = (set_flags), .key_type = (type), .key_len = (len) \
	}
#define MARKS(set_flags)                                                                      \
	{                                                                                     \
		.flags = (set_flags), .key_type = TYPE_MARK, .key_len = 4, .host_order = true \
	}
#define RANGES	      (NFT_SET_MAP | NFT_SET_INTERVAL)
#define SERVICE4_TYPE TYPE3(TYPE_IPV4, TYPE_PROTO, TYPE_PORT)
#define SERVICE6_TYPE TYPE3(TYPE_IPV6, TYPE_PROTO, TYPE_PORT)

const struct picture_set_row picture_set_rows[PICTURE_SET_KIND_COUNT] = {
	[PICTURE_PODS4] = {NULL, TYPE(0, TYPE_IPV4, 4)},
	[PICTURE_PODS6] = {NULL, TYPE(0, TYPE_IPV6, 16)},
	[PICTURE_EXT_SRC4] = {"ext_src4", TYPE(RANGES, TYPE_IPV4, 4)},
	[PICTURE_EXT_SRC6] = {"ext_src6", TYPE(RANGES, TYPE_IPV6, 16)},
	[PICTURE_EXT_DST4] = {"ext_dst4", TYPE(RANGES, TYPE_IPV4, 4)},
	[PICTURE_EXT_DST6] = {"ext_dst6", TYPE(RANGES, TYPE_IPV6, 16)},
	[PICTURE_BOUND] = {"egress_bound", MARKS(0)},
	[PICTURE_SVC4] = {"svc4", TYPE(NFT_SET_MAP, SERVICE4_TYPE, 12)},
	[PICTURE_SVC6] = {"svc6", TYPE(NFT_SET_MAP, SERVICE6_TYPE, 24)},
	[PICTURE_EMPTY4] = {"svc_empty4", TYPE(0, SERVICE4_TYPE, 12)},
	[PICTURE_EMPTY6] = {"svc_empty6", TYPE(0, SERVICE6_TYPE, 24)},
	[PICTURE_FROM] = {NULL, MARKS(NFT_SET_MAP)},
	[PICTURE_PORT_RANGES] = {NULL, TYPE(NFT_SET_INTERVAL, TYPE_PORT, 2)},
};

const struct picture_set_row picture_pod_rows[2][PICTURE_POD_SETS] = {
	{
		{"src4", TYPE(NFT_SET_MAP, TYPE_IPV4, 4)},
		{"dst4", TYPE(NFT_SET_MAP, TYPE_IPV4, 4)},
		{"self4", TYPE(0, TYPE2(TYPE_IPV4, TYPE_IPV4), 8)},
	},
	{
		{"src6", TYPE(NFT_SET_MAP, TYPE_IPV6, 16)},
		{"dst6", TYPE(NFT_SET_MAP, TYPE_IPV6, 16)},
		{"self6", TYPE(0, TYPE2(TYPE_IPV6, TYPE_IPV6), 32)},
	},
};

const struct picture_chain picture_pass = {.kind = PICTURE_FIXED, .name = {"pass", 4}};
const struct picture_chain picture_unknown = {.kind = PICTURE_FIXED, .name = {"unknown", 7}};

static void add_fixed_sets(struct picture *picture)
{
	picture_set(picture, PICTURE_PODS4, "pods4");
	picture_set(picture, PICTURE_PODS6, "pods6");
	for (unsigned kind = PICTURE_PODS6 + 1; kind < PICTURE_SET_FIXED_COUNT; kind++)
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

const struct picture_elem *picture_find_next(
	const struct picture_set *set, struct rf_str key, size_t *at)
{
	const struct picture_elem *elem;

	if (*at < set->elems.count && rf_str_eq(set->elems.items[*at].key, key))
		return &set->elems.items[(*at)++];
	elem = picture_find(set, key);
	if (elem)
		*at = (size_t)(elem - set->elems.items) + 1;
	return elem;
}
