/* The rules of the chains that come and go: classes, port sets, Services. */
#include "dataplane/table.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <stdio.h>

static const uint8_t ip_proto[] = {
	[POLICY_TCP] = IPPROTO_TCP,
	[POLICY_UDP] = IPPROTO_UDP,
	[POLICY_SCTP] = IPPROTO_SCTP,
};

static const char *const proto_text[] = {
	[POLICY_TCP] = "tcp",
	[POLICY_UDP] = "udp",
	[POLICY_SCTP] = "sctp",
};

uint8_t table_ip_proto(enum policy_proto proto)
{
	return ip_proto[proto];
}

const char *table_proto_text(enum policy_proto proto)
{
	return proto_text[proto];
}

const char *table_name(
	char out[static TABLE_NAME_SIZE], const char *prefix, uint32_t id, const char *suffix)
{
	snprintf(out, TABLE_NAME_SIZE, "%s%u%s", prefix, id, suffix);
	return out;
}

static void set_mark(struct nft_batch *batch, const char *chain, uint32_t keep, uint32_t bits)
{
	struct nft_rule rule = rule_begin(batch, chain);

	rule_meta(&rule, NFT_META_MARK, NFT_REG_1);
	rule_mask_u32(&rule, keep, bits);
	rule_meta_set(&rule, NFT_META_MARK);
	rule_end(&rule);
}

static void goto_rule(struct nft_batch *batch, const char *from, const char *to)
{
	struct nft_rule rule = rule_begin(batch, from);

	rule_verdict(&rule, NFT_GOTO, to);
	rule_end(&rule);
}

static void source_rules(struct nft_batch *batch, const struct picture_chain *chain)
{
	set_mark(batch, chain->name.ptr, ~FENCE_MARK_MASK, chain->id << TABLE_MARK_SHIFT);
}

/* The whole mark is ours to overwrite now: the packet goes no further. */
static void deny_rules(struct nft_batch *batch, const struct picture_chain *chain)
{
	set_mark(batch, chain->name.ptr, FENCE_MARK_MASK, chain->id);
	goto_rule(batch, chain->name.ptr, "deny");
}

/* Listed pairs first; then what sources that no policy binds in egress may do; the rest is denied.
 */
static void dest_rules(struct nft_batch *batch, const struct picture_chain *chain)
{
	const struct picture_dest *dest = (const void *)chain->content.ptr;
	char name[TABLE_NAME_SIZE];
	struct nft_rule rule;

	if (dest->has_list) {
		rule = rule_begin(batch, chain->name.ptr);
		rule_meta(&rule, NFT_META_MARK, NFT_REG_1);
		rule_mask_u32(&rule, FENCE_MARK_MASK, 0);
		rule_vmap(&rule, table_name(name, "d", chain->id, "_from"), 0);
		rule_end(&rule);
	}
	if (dest->open_ports != POLICY_PORTS_NONE) {
		rule = rule_begin(batch, chain->name.ptr);
		rule_meta(&rule, NFT_META_MARK, NFT_REG_1);
		rule_mask_u32(&rule, FENCE_MARK_MASK, 0);
		rule_in_set(&rule, picture_set_rows[PICTURE_BOUND].name, 0, true);
		if (dest->open_ports == POLICY_PORTS_ALL)
			rule_verdict(&rule, NFT_GOTO, "pass");
		else
			rule_verdict(&rule, NFT_JUMP, table_name(name, "ps_", dest->open_id, ""));
		rule_end(&rule);
	}
	goto_rule(batch, chain->name.ptr, table_name(name, "x", chain->id, ""));
}

/* Compares the port that was asked for: the source port of the answers. */
static void port_match(struct nft_rule *rule, const struct picture_chain *chain,
	enum policy_proto proto, const struct policy_range *range, uint32_t count)
{
	uint16_t lo = htons(range->lo), hi = htons(range->hi);
	char suffix[16], name[TABLE_NAME_SIZE];

	if (count == 1 && range->lo == 0 && range->hi == UINT16_MAX)
		return;
	rule_ct(rule, NFT_CT_PROTO_SRC, IP_CT_DIR_REPLY, NFT_REG_1);
	if (count > 1) {
		snprintf(suffix, sizeof(suffix), "_%s", proto_text[proto]);
		rule_in_set(rule, table_name(name, "ports_", chain->id, suffix), 0, false);
	} else if (lo == hi) {
		rule_cmp(rule, NFT_CMP_EQ, &lo, sizeof(lo));
	} else {
		rule_range(rule, &lo, &hi, sizeof(lo));
	}
}

static void ports_rules(struct nft_batch *batch, const struct picture_chain *chain)
{
	const struct policy_ports *set = (const void *)chain->content.ptr;
	struct nft_rule rule;

	for (unsigned i = 0; i < POLICY_PORT_PROTO_COUNT; i++) {
		enum policy_proto proto = (enum policy_proto)i;
		uint32_t count;
		const struct policy_range *ranges = policy_ports_of(set, proto, &count);

		if (count) {
			rule = rule_begin(batch, chain->name.ptr);
			rule_protocol(&rule, ip_proto[proto]);
			port_match(&rule, chain, proto, ranges, count);
			rule_verdict(&rule, NFT_GOTO, "pass");
			rule_end(&rule);
		}
		if (set->other) {
			rule = rule_begin(batch, chain->name.ptr);
			rule_protocol(&rule, ip_proto[proto]);
			rule_verdict(&rule, NFT_RETURN, NULL);
			rule_end(&rule);
		}
	}
	if (set->other)
		goto_rule(batch, chain->name.ptr, "pass");
}

/* Content: names of endpoint chains, each followed by a NUL. */
static void service_chain_rules(struct nft_batch *batch, const struct picture_chain *chain)
{
	const struct nft_set_type type = {
		.flags = NFT_SET_MAP | NFT_SET_ANONYMOUS | NFT_SET_CONSTANT,
		.key_type = TABLE_TYPE_INTEGER,
		.key_len = 4,
		.host_order = true,
	};
	struct nft_elems elems = {.batch = batch, .set = "__map%d"};
	const char *at = chain->content.ptr, *end = at + chain->content.len;
	struct nft_rule rule;
	uint32_t count = 0;

	if (at + strlen(at) + 1 == end) {
		goto_rule(batch, chain->name.ptr, at);
		return;
	}
	elems.set_id = nft_set_add(batch, "__map%d", &type);
	for (; at < end; at += strlen(at) + 1, count++) {
		const struct nft_elem elem = {
			.key = &count, .key_len = sizeof(count), .verdict = NFT_GOTO, .target = at};

		nft_elems_put(&elems, &elem);
	}
	nft_elems_end(&elems);
	rule = rule_begin(batch, chain->name.ptr);
	rule_random(&rule, count);
	rule_vmap(&rule, "__map%d", elems.set_id);
	rule_end(&rule);
}

/* The protocol is matched once more so that nft accepts its own listing of a port rewrite. */
static void endpoint_rules(struct nft_batch *batch, const struct picture_chain *chain)
{
	const struct picture_endpoint *endpoint = (const void *)chain->content.ptr;
	uint16_t port = htons((uint16_t)endpoint->port);
	struct nft_rule rule = rule_begin(batch, chain->name.ptr);

	rule_protocol(&rule, ip_proto[endpoint->proto]);
	rule_immediate(
		&rule, NFT_REG_1, endpoint->ip.bytes, (uint32_t)rf_family_len(endpoint->ip.family));
	rule_immediate(&rule, NFT_REG_2, &port, sizeof(port));
	rule_dnat(&rule, endpoint->ip.family == RF_IPV6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	rule_end(&rule);
}

void table_chain_rules(struct nft_batch *batch, const struct picture_chain *chain)
{
	static void (*const by_kind[PICTURE_KIND_COUNT])(
		struct nft_batch *, const struct picture_chain *) = {
		[PICTURE_SOURCE] = source_rules,
		[PICTURE_DEST] = dest_rules,
		[PICTURE_DENY] = deny_rules,
		[PICTURE_PORTS] = ports_rules,
		[PICTURE_SERVICE] = service_chain_rules,
		[PICTURE_ENDPOINT] = endpoint_rules,
	};

	if (by_kind[chain->kind])
		by_kind[chain->kind](batch, chain);
}
