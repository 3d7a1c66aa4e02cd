/* The parts of the table that do not change with the policy, and the rules of those that do. */
#ifndef RF_DATAPLANE_TABLE_H
#define RF_DATAPLANE_TABLE_H

#include "dataplane/fence.h"
#include "dataplane/picture.h"
#include "dataplane/rule.h"

/* The class of external addresses in no ipBlock: what is not listed anywhere. */
#define TABLE_WORLD 1U

/* Generations of the policy, as connections remember them. None passes in generation 0. */
#define TABLE_GENERATION_MAX 0x3fffU
#define TABLE_MARK_SHIFT     16

#define TABLE_DENY_PREFIX  "rf-deny " /* of log messages whose mark is a pair of classes */
#define TABLE_TYPE_INTEGER 4U	      /* nft's number of the data type "integer" */

/*
 * Table, fixed sets, counters, fixed chains with their rules and the hooks. The fixed chains lead
 * to s1 and d1: the batch must add those before table_rules() (see diff.h).
 */
void table_objects(struct nft_batch *batch);
void table_rules(struct nft_batch *batch, const struct fence_config *config);
/* The rules of the chains "current" and "pass" for a generation; flush first if they have any. */
void table_generation(struct nft_batch *batch, uint32_t generation, bool flush);
/* The rules of a chain that a picture describes. */
void table_chain_rules(struct nft_batch *batch, const struct picture_chain *chain);

/* Names: prefix, number, suffix. */
#define TABLE_NAME_SIZE 64
const char *table_name(
	char out[static TABLE_NAME_SIZE], const char *prefix, uint32_t id, const char *suffix);
/* IPPROTO_* and the name in chains of a protocol that has ports. */
uint8_t table_ip_proto(enum policy_proto proto);
const char *table_proto_text(enum policy_proto proto);

#endif
