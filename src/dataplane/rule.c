/* Expressions by libnftnl, one small function each. */
#include "dataplane/rule.h"

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nfnetlink.h>

struct nft_rule rule_begin(struct nft_batch *batch, const char *chain)
{
	struct nft_rule rule = {.batch = batch, .chain = chain, .rule = nftnl_rule_alloc()};

	if (!rule.rule || nftnl_rule_set_str(rule.rule, NFTNL_RULE_TABLE, batch->table) < 0 ||
		nftnl_rule_set_str(rule.rule, NFTNL_RULE_CHAIN, chain) < 0)
		batch->failed = true;
	else
		nftnl_rule_set_u32(rule.rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	return rule;
}

void rule_end(struct nft_rule *rule)
{
	struct nft_batch *batch = rule->batch;
	struct nlmsghdr *msg;

	msg = batch->failed ? NULL
			    : nft_msg(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
				      "rule of chain", rule->chain);
	if (msg) {
		nftnl_rule_nlmsg_build_payload(msg, rule->rule);
		nft_msg_end(batch, msg);
	}
	if (rule->rule)
		nftnl_rule_free(rule->rule);
	rule->rule = NULL;
}

/* A new expression at the end of the rule, or NULL; the setters below take NULL. */
static struct nftnl_expr *add(struct nft_rule *rule, const char *name)
{
	struct nftnl_expr *expr = rule->rule ? nftnl_expr_alloc(name) : NULL;

	if (expr)
		nftnl_rule_add_expr(rule->rule, expr);
	else
		rule->batch->failed = true;
	return expr;
}

static void set_u32(struct nftnl_expr *expr, uint16_t attr, uint32_t value)
{
	if (expr)
		nftnl_expr_set_u32(expr, attr, value);
}

static void set_str(struct nft_rule *rule, struct nftnl_expr *expr, uint16_t attr, const char *text)
{
	if (expr && nftnl_expr_set_str(expr, attr, text) < 0)
		rule->batch->failed = true;
}

static void set_data(struct nft_rule *rule, struct nftnl_expr *expr, uint16_t attr,
	const void *data, uint32_t len)
{
	if (expr && nftnl_expr_set(expr, attr, data, len) < 0)
		rule->batch->failed = true;
}

void rule_meta(struct nft_rule *rule, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *expr = add(rule, "meta");

	set_u32(expr, NFTNL_EXPR_META_KEY, key);
	set_u32(expr, NFTNL_EXPR_META_DREG, reg);
}

void rule_meta_set(struct nft_rule *rule, uint32_t key)
{
	struct nftnl_expr *expr = add(rule, "meta");

	set_u32(expr, NFTNL_EXPR_META_KEY, key);
	set_u32(expr, NFTNL_EXPR_META_SREG, NFT_REG_1);
}

void rule_ct(struct nft_rule *rule, uint32_t key, int dir, uint32_t reg)
{
	struct nftnl_expr *expr = add(rule, "ct");

	set_u32(expr, NFTNL_EXPR_CT_KEY, key);
	set_u32(expr, NFTNL_EXPR_CT_DREG, reg);
	if (expr && dir != RULE_NO_DIR)
		nftnl_expr_set_u8(expr, NFTNL_EXPR_CT_DIR, (uint8_t)dir);
}

void rule_ct_set(struct nft_rule *rule, uint32_t key)
{
	struct nftnl_expr *expr = add(rule, "ct");

	set_u32(expr, NFTNL_EXPR_CT_KEY, key);
	set_u32(expr, NFTNL_EXPR_CT_SREG, NFT_REG_1);
}

void rule_payload(struct nft_rule *rule, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg)
{
	struct nftnl_expr *expr = add(rule, "payload");

	set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
	set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, len);
	set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

void rule_fib_source(struct nft_rule *rule)
{
	struct nftnl_expr *expr = add(rule, "fib");

	set_u32(expr, NFTNL_EXPR_FIB_DREG, NFT_REG_1);
	set_u32(expr, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_OIF);
	set_u32(expr, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF | NFTA_FIB_F_PRESENT);
}

void rule_random(struct nft_rule *rule, uint32_t below)
{
	struct nftnl_expr *expr = add(rule, "numgen");

	set_u32(expr, NFTNL_EXPR_NG_DREG, NFT_REG_1);
	set_u32(expr, NFTNL_EXPR_NG_MODULUS, below);
	set_u32(expr, NFTNL_EXPR_NG_TYPE, NFT_NG_RANDOM);
}

void rule_immediate(struct nft_rule *rule, uint32_t reg, const void *data, uint32_t len)
{
	struct nftnl_expr *expr = add(rule, "immediate");

	set_u32(expr, NFTNL_EXPR_IMM_DREG, reg);
	set_data(rule, expr, NFTNL_EXPR_IMM_DATA, data, len);
}

void rule_mask(struct nft_rule *rule, const void *mask, const void * xor, uint32_t len)
{
	struct nftnl_expr *expr = add(rule, "bitwise");

	set_u32(expr, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	set_u32(expr, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	set_u32(expr, NFTNL_EXPR_BITWISE_LEN, len);
	set_data(rule, expr, NFTNL_EXPR_BITWISE_MASK, mask, len);
	set_data(rule, expr, NFTNL_EXPR_BITWISE_XOR, xor, len);
}

void rule_mask_u32(struct nft_rule *rule, uint32_t mask, uint32_t xor)
{
	rule_mask(rule, &mask, &xor, sizeof(mask));
}

void rule_cmp(struct nft_rule *rule, uint32_t op, const void *data, uint32_t len)
{
	struct nftnl_expr *expr = add(rule, "cmp");

	set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	set_u32(expr, NFTNL_EXPR_CMP_OP, op);
	set_data(rule, expr, NFTNL_EXPR_CMP_DATA, data, len);
}

void rule_cmp_u8(struct nft_rule *rule, uint32_t op, uint8_t value)
{
	rule_cmp(rule, op, &value, sizeof(value));
}

void rule_cmp_u32(struct nft_rule *rule, uint32_t op, uint32_t value)
{
	rule_cmp(rule, op, &value, sizeof(value));
}

/* As two comparisons, which is what nft itself makes of a range. */
void rule_range(struct nft_rule *rule, const void *from, const void *to, uint32_t len)
{
	rule_cmp(rule, NFT_CMP_GTE, from, len);
	rule_cmp(rule, NFT_CMP_LTE, to, len);
}

static struct nftnl_expr *lookup(struct nft_rule *rule, const char *set, uint32_t set_id)
{
	struct nftnl_expr *expr = add(rule, "lookup");

	set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	set_str(rule, expr, NFTNL_EXPR_LOOKUP_SET, set);
	if (set_id)
		set_u32(expr, NFTNL_EXPR_LOOKUP_SET_ID, set_id);
	return expr;
}

void rule_in_set(struct nft_rule *rule, const char *set, uint32_t set_id, bool invert)
{
	struct nftnl_expr *expr = lookup(rule, set, set_id);

	if (invert)
		set_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
}

void rule_vmap(struct nft_rule *rule, const char *map, uint32_t set_id)
{
	set_u32(lookup(rule, map, set_id), NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
}

void rule_counter(struct nft_rule *rule)
{
	add(rule, "counter");
}

void rule_counter_named(struct nft_rule *rule, const char *name)
{
	struct nftnl_expr *expr = add(rule, "objref");

	set_u32(expr, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	set_str(rule, expr, NFTNL_EXPR_OBJREF_IMM_NAME, name);
}

static void set_rate(struct nftnl_expr *expr, struct nft_rate rate)
{
	if (!expr)
		return;
	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_RATE, rate.per_second);
	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_UNIT, 1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_BURST, rate.burst);
}

void rule_limit(struct nft_rule *rule, struct nft_rate rate)
{
	set_rate(add(rule, "limit"), rate);
}

void rule_limit_each(struct nft_rule *rule, const char *set, struct nft_rate rate)
{
	struct nftnl_expr *expr = add(rule, "dynset");
	struct nftnl_expr *counter = expr ? nftnl_expr_alloc("counter") : NULL;
	struct nftnl_expr *limit = expr ? nftnl_expr_alloc("limit") : NULL;

	set_u32(expr, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	set_u32(expr, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	set_u32(expr, NFTNL_EXPR_DYNSET_FLAGS, NFT_DYNSET_F_EXPR);
	set_str(rule, expr, NFTNL_EXPR_DYNSET_SET_NAME, set);
	set_rate(limit, rate);
	if (!counter || !limit)
		rule->batch->failed = true;
	if (counter)
		nftnl_expr_add_expr(expr, NFTNL_EXPR_DYNSET_EXPRESSIONS, counter);
	if (limit)
		nftnl_expr_add_expr(expr, NFTNL_EXPR_DYNSET_EXPRESSIONS, limit);
}

void rule_log(struct nft_rule *rule, const char *prefix, uint16_t group, uint32_t copy_len)
{
	struct nftnl_expr *expr = add(rule, "log");

	set_str(rule, expr, NFTNL_EXPR_LOG_PREFIX, prefix);
	set_u32(expr, NFTNL_EXPR_LOG_SNAPLEN, copy_len);
	if (expr)
		nftnl_expr_set_u16(expr, NFTNL_EXPR_LOG_GROUP, group);
}

void rule_masquerade(struct nft_rule *rule)
{
	add(rule, "masq");
}

void rule_dnat(struct nft_rule *rule, uint32_t family)
{
	struct nftnl_expr *expr = add(rule, "nat");

	set_u32(expr, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
	set_u32(expr, NFTNL_EXPR_NAT_FAMILY, family);
	set_u32(expr, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1);
	set_u32(expr, NFTNL_EXPR_NAT_REG_PROTO_MIN, NFT_REG_2);
	set_u32(expr, NFTNL_EXPR_NAT_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED);
}

void rule_redirect(struct nft_rule *rule)
{
	struct nftnl_expr *expr = add(rule, "redir");

	set_u32(expr, NFTNL_EXPR_REDIR_REG_PROTO_MIN, NFT_REG_1);
	set_u32(expr, NFTNL_EXPR_REDIR_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED);
}

void rule_reject(struct nft_rule *rule, uint32_t type, uint8_t code)
{
	struct nftnl_expr *expr = add(rule, "reject");

	set_u32(expr, NFTNL_EXPR_REJECT_TYPE, type);
	if (expr)
		nftnl_expr_set_u8(expr, NFTNL_EXPR_REJECT_CODE, code);
}

void rule_verdict(struct nft_rule *rule, int verdict, const char *chain)
{
	struct nftnl_expr *expr = add(rule, "immediate");

	set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	set_u32(expr, NFTNL_EXPR_IMM_VERDICT, (uint32_t)verdict);
	if (chain)
		set_str(rule, expr, NFTNL_EXPR_IMM_CHAIN, chain);
}

void rule_family(struct nft_rule *rule, uint8_t family)
{
	rule_meta(rule, NFT_META_NFPROTO, NFT_REG_1);
	rule_cmp_u8(rule, NFT_CMP_EQ, family);
}

void rule_protocol(struct nft_rule *rule, uint8_t protocol)
{
	rule_meta(rule, NFT_META_L4PROTO, NFT_REG_1);
	rule_cmp_u8(rule, NFT_CMP_EQ, protocol);
}
