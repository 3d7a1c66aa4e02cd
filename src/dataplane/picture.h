/*
 * A picture of what changes in the table: chains by what they do, and elements of sets and maps.
 * One picture is what the kernel holds, another what it shall hold; diff.h turns the difference
 * into a batch. What never changes (hooks, the order of judgement) is in table.c.
 */
#ifndef RF_DATAPLANE_PICTURE_H
#define RF_DATAPLANE_PICTURE_H

#include "base/arena.h"
#include "base/ip.h"
#include "base/map.h"
#include "dataplane/nft.h"
#include "policy/verdict.h"

enum picture_chain_kind {
	PICTURE_FIXED,	  /* made by table.c; never in a picture's list */
	PICTURE_SOURCE,	  /* s5: marks the packet with source class 5 */
	PICTURE_DEST,	  /* d5: judges what goes to class 5 */
	PICTURE_DENY,	  /* x5: adds destination class 5 to the mark, denies */
	PICTURE_PORTS,	  /* ps_1: passes what a port set has, comes back with the rest */
	PICTURE_SERVICE,  /* svc_10.96.0.10_tcp_80: picks an endpoint */
	PICTURE_ENDPOINT, /* ep_10.77.0.11_tcp_8080: rewrites the destination */
	PICTURE_KIND_COUNT,
};

/* What a chain does is its kind, number and content; equal ones need not be touched. */
struct picture_chain {
	enum picture_chain_kind kind;
	struct rf_str name; /* NUL-terminated */
	uint32_t id;	    /* class or port set */
	struct rf_str content;
};

/* Content of a PICTURE_DEST chain. */
struct picture_dest {
	uint32_t open_ports; /* what sources not bound in egress may use unless listed */
	uint32_t open_id; /* number of the PICTURE_PORTS chain when that is neither none nor all */
	bool has_list;	  /* the map d5_from exists */
};

/* Content of a PICTURE_ENDPOINT chain. */
struct picture_endpoint {
	struct rf_ip ip;
	uint32_t port;
	enum policy_proto proto;
};

/* The sets that are always there, and the kinds of those that come and go. */
enum picture_set_kind {
	PICTURE_PODS4, /* address -> source chain: stands for an element in each of three sets */
	PICTURE_PODS6,
	PICTURE_EXT_SRC4,
	PICTURE_EXT_SRC6,
	PICTURE_EXT_DST4,
	PICTURE_EXT_DST6,
	PICTURE_BOUND, /* source classes bound in egress */
	PICTURE_SVC4,
	PICTURE_SVC6,
	PICTURE_EMPTY4, /* Services without endpoints */
	PICTURE_EMPTY6,
	PICTURE_SET_FIXED_COUNT,
	PICTURE_FROM = PICTURE_SET_FIXED_COUNT, /* d5_from: source class -> verdict */
	PICTURE_PORT_RANGES,			/* ports_1_tcp */
	PICTURE_SET_KIND_COUNT,
};

struct picture_set_row {
	const char *name; /* NULL: not fixed */
	struct nft_set_type type;
};
extern const struct picture_set_row picture_set_rows[PICTURE_SET_KIND_COUNT];

/* What the kernel holds of a pod's address: src4, dst4, self4; and of IPv6. */
enum picture_pod_set {
	PICTURE_POD_SRC,
	PICTURE_POD_DST,
	PICTURE_POD_SELF,
	PICTURE_POD_SETS,
};
extern const struct picture_set_row picture_pod_rows[2][PICTURE_POD_SETS];

struct picture_elem {
	struct rf_str key;		    /* an interval: its first and its last value */
	const struct picture_chain *target; /* NULL in sets */
	bool jump;			    /* else goto */
};

struct picture_set {
	enum picture_set_kind kind;
	struct rf_str name; /* NUL-terminated */
	RF_VEC(struct picture_elem) elems;
	struct rf_map by_key; /* index into elems */
};

struct picture {
	struct rf_arena *arena;
	RF_VEC(struct picture_chain *) chains;
	struct rf_map chain_by_name;
	RF_VEC(struct picture_set *) sets; /* the fixed ones first, by kind */
	struct rf_map set_by_name;
	bool failed; /* memory ran out; later calls do nothing */
};

/* With the fixed sets, empty. NULL when memory ran out. */
struct picture *picture_new(void) RF_MUST_USE;
void picture_free(struct picture *picture);
void picture_freep(struct picture **picture);

/* The chain of that name, made when it is not there yet. Never NULL; see failed. */
const struct picture_chain *picture_chain(struct picture *picture, enum picture_chain_kind kind,
	const char *name, uint32_t id, struct rf_str content);
const struct picture_chain *picture_find_chain(const struct picture *picture, struct rf_str name);
struct picture_set *picture_set(
	struct picture *picture, enum picture_set_kind kind, const char *name);
const struct picture_set *picture_find_set(const struct picture *picture, struct rf_str name);

/* Adds an element; one with an equal key is replaced. The key is copied. */
void picture_put(struct picture *picture, struct picture_set *set, struct rf_str key,
	const struct picture_chain *target, bool jump);
const struct picture_elem *picture_find(const struct picture_set *set, struct rf_str key);
/*
 * The same for keys that mostly come in the set's own order: *at is where the next one is expected,
 * 0 at first.
 */
const struct picture_elem *picture_find_next(
	const struct picture_set *set, struct rf_str key, size_t *at);

/* Chains that table.c makes and elements lead to. */
extern const struct picture_chain picture_pass, picture_unknown;

#endif
