/*
 * One rule, expression by expression, appended to a batch. A rule reads like nft's own bytecode
 * (nft --debug=netlink): load into a register, change it, compare it, end in a verdict. Failures
 * are the batch's.
 */
#ifndef RF_DATAPLANE_RULE_H
#define RF_DATAPLANE_RULE_H

#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "dataplane/nft.h"

struct nftnl_rule;

struct nft_rule {
	struct nft_batch *batch;
	const char *chain;
	struct nftnl_rule *rule; /* NULL when memory ran out */
};

/* Every rule_begin is paired with a rule_end. The chain's name is borrowed until then. */
struct nft_rule rule_begin(struct nft_batch *batch, const char *chain);
void rule_end(struct nft_rule *rule);

/* --- loads: into register reg (NFT_REG_1, or NFT_REG32_xx for parts of a concatenation) --- */
#define RULE_NO_DIR (-1)
void rule_meta(struct nft_rule *rule, uint32_t key, uint32_t reg);
void rule_ct(struct nft_rule *rule, uint32_t key, int dir, uint32_t reg);
void rule_payload(
	struct nft_rule *rule, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg);
/* NFT_REG_1 becomes 1 when the route back to the packet's source leads where it came from. */
void rule_fib_source(struct nft_rule *rule);
void rule_random(struct nft_rule *rule, uint32_t below);
void rule_immediate(struct nft_rule *rule, uint32_t reg, const void *data, uint32_t len);

/* --- on NFT_REG_1 --- */
void rule_mask(struct nft_rule *rule, const void *mask, const void * xor, uint32_t len);
void rule_mask_u32(struct nft_rule *rule, uint32_t mask, uint32_t xor);
void rule_cmp(struct nft_rule *rule, uint32_t op, const void *data, uint32_t len);
void rule_cmp_u8(struct nft_rule *rule, uint32_t op, uint8_t value);
void rule_cmp_u32(struct nft_rule *rule, uint32_t op, uint32_t value);
void rule_range(struct nft_rule *rule, const void *from, const void *to, uint32_t len);
void rule_meta_set(struct nft_rule *rule, uint32_t key);
void rule_ct_set(struct nft_rule *rule, uint32_t key);

/* Goes on when the key in NFT_REG_1 is in the set (or is not, with invert). */
void rule_in_set(struct nft_rule *rule, const char *set, uint32_t set_id, bool invert);
/* Does what the map says of the key; goes on when it says nothing. */
void rule_vmap(struct nft_rule *rule, const char *map, uint32_t set_id);

/* --- statements --- */
void rule_counter(struct nft_rule *rule);
void rule_counter_named(struct nft_rule *rule, const char *name);
struct nft_rate {
	uint32_t per_second, burst;
};
void rule_limit(struct nft_rule *rule, struct nft_rate rate);
/* Goes on while the set's element for the key in NFT_REG_1 is below the rate; counts it. */
void rule_limit_each(struct nft_rule *rule, const char *set, struct nft_rate rate);
void rule_log(struct nft_rule *rule, const char *prefix, uint16_t group, uint32_t copy_len);
void rule_masquerade(struct nft_rule *rule);
/* Address in NFT_REG_1, port in NFT_REG_2. */
void rule_dnat(struct nft_rule *rule, uint32_t family);
/* To this machine, port (network order) in NFT_REG_1. */
void rule_redirect(struct nft_rule *rule);
void rule_reject(struct nft_rule *rule, uint32_t type, uint8_t code);
/* NF_ACCEPT, NF_DROP; or NFT_GOTO, NFT_JUMP to chain. */
void rule_verdict(struct nft_rule *rule, int verdict, const char *chain);

/* Go on for packets of this network protocol (NFPROTO_*), of this transport protocol. */
void rule_family(struct nft_rule *rule, uint8_t family);
void rule_protocol(struct nft_rule *rule, uint8_t protocol);

#endif
