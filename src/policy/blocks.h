/*
 * ipBlocks and what they make of the address space. All CIDRs of all policies cut each family into
 * ranges; within a range every address lies in the same blocks. Ranges of equal membership share a
 * membership number, so "which blocks hold this address?" is one search and one word.
 */
#ifndef RF_POLICY_BLOCKS_H
#define RF_POLICY_BLOCKS_H

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "kube/types.h"

struct policy_ip_range {
	struct rf_ip first, last; /* inclusive */
	uint32_t membership;
};

RF_VEC_TYPE(policy_ip_ranges, struct policy_ip_range);

struct policy_blocks {
	struct rf_arena *arena;			     /* borrowed */
	RF_VEC(const struct kube_ip_block *) blocks; /* distinct */
	struct rf_map by_text;
	struct policy_ip_ranges v4, v6;	      /* sorted, without gaps, the whole family */
	RF_VEC(const uint64_t *) memberships; /* bit b: in block b */
	struct rf_map by_bits;
	size_t words; /* of one membership */
};

/* Membership of addresses in no block, and of pods whose address is not known. */
#define POLICY_IN_NO_BLOCK 0U

void policy_blocks_init(struct policy_blocks *blocks, struct rf_arena *arena);
void policy_blocks_done(struct policy_blocks *blocks);

/* Adds a block unless an equal one is there; its number in *ret. Before policy_blocks_seal(). */
int policy_blocks_add(
	struct policy_blocks *blocks, const struct kube_ip_block *block, uint32_t *ret) RF_MUST_USE;
/* Cuts the address space; nothing may be added afterwards. RF_OK or RF_EINTERNAL. */
int policy_blocks_seal(struct policy_blocks *blocks) RF_MUST_USE;

uint32_t policy_blocks_membership(const struct policy_blocks *blocks, const struct rf_ip *ip);
bool policy_blocks_has(const struct policy_blocks *blocks, uint32_t membership, uint32_t block);

#endif
