/*
 * The fixed part of the table: who is judged (hooks), in which order (fence), what passing and
 * denying do. Verdicts are taken on the connection's own tuple: "ct original saddr" is who asked,
 * "ct reply saddr" is who answers after any rewriting, so both directions are judged alike.
 */
#include "dataplane/table.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>

#define NEIGHBOUR_FIRST	    133 /* ICMPv6: router solicitation .. redirect (RFC 4861) */
#define NEIGHBOUR_LAST	    137
#define TCP_FLAGS_AT	    13
#define TCP_FLAGS_SYN	    0x02
#define TCP_FLAGS_SEEN	    0x17 /* fin, syn, rst, ack */
#define CT_STATE_BIT(state) (1U << ((state) + 1))
#define CT_STATE_UNTRACKED  (1U << 6)
#define CT_STATE_INVALID    1U
#define LOOPBACK	    1U /* the index of lo in every namespace */

#define LOG_COPY_BYTES 128
#define DENIED_MAX     65535U
#define DENIED_TIMEOUT 3600000U

static const struct nft_rate log_rate = {.per_second = 10, .burst = 20};

struct hook_row {
	const char *name;
	struct nft_hook hook;
};

/* Names of Linux's priorities: raw -300, dstnat -100, filter 0, srcnat 100. */
static const struct hook_row hooks[] = {
	{"antispoof", {"filter", NF_INET_PRE_ROUTING, -300}},
	{"prerouting_filter", {"filter", NF_INET_PRE_ROUTING, -105}},
	{"output_filter", {"filter", NF_INET_LOCAL_OUT, -105}},
	{"prerouting", {"nat", NF_INET_PRE_ROUTING, -100}},
	{"output", {"nat", NF_INET_LOCAL_OUT, -100}},
	{"postrouting", {"nat", NF_INET_POST_ROUTING, 100}},
	{"forward", {"filter", NF_INET_FORWARD, -10}},
	{"input", {"filter", NF_INET_LOCAL_IN, -10}},
};

static const char *const inner_chains[] = {"services", "no_endpoint", "refuse", "pass", "deny",
	"unknown", "from4", "from6", "fence4", "fence6", "current", "fence"};

static const char *const counters[] = {"denied_total", "unknown_total", "spoofed_total"};

/* How the two families differ in the packet and in conntrack. */
struct family_row {
	uint8_t nfproto;
	enum rf_family family;
	uint32_t src_at, dst_at, len; /* in the IP header */
	uint32_t ct_addr;
	const char *from, *fence, *src, *dst, *self, *ext_src, *ext_dst, *svc, *svc_empty;
};

static const struct family_row families[] = {
	{NFPROTO_IPV4, RF_IPV4, 12, 16, 4, NFT_CT_SRC_IP, "from4", "fence4", "src4", "dst4",
		"self4", "ext_src4", "ext_dst4", "svc4", "svc_empty4"},
	{NFPROTO_IPV6, RF_IPV6, 8, 24, 16, NFT_CT_SRC_IP6, "from6", "fence6", "src6", "dst6",
		"self6", "ext_src6", "ext_dst6", "svc6", "svc_empty6"},
};

#define each_family(row)                                                                       \
	for (const struct family_row *row = families; row < families + RF_ARRAY_LEN(families); \
		row++)

/* The registers behind NFT_REG_1 that hold the next parts of a key that begins with an address. */
static uint32_t reg_behind(const struct family_row *row, uint32_t words)
{
	return NFT_REG32_00 + row->len / 4 + words;
}

static void jump_rule(struct nft_batch *batch, const char *from, int verdict, const char *to)
{
	struct nft_rule rule = rule_begin(batch, from);

	rule_verdict(&rule, verdict, to);
	rule_end(&rule);
}

void table_objects(struct nft_batch *batch)
{
	const struct nft_set_type denied = {
		.flags = NFT_SET_EVAL | NFT_SET_TIMEOUT,
		.key_type = picture_set_rows[PICTURE_FROM].type.key_type,
		.key_len = 4,
		.host_order = true,
		.timeout_ms = DENIED_TIMEOUT,
		.max_count = DENIED_MAX,
	};

	nft_table_add(batch);
	for (size_t i = 0; i < RF_ARRAY_LEN(counters); i++)
		nft_counter_add(batch, counters[i]);
	for (size_t i = 0; i < PICTURE_POD_SETS * 2; i++) {
		const struct picture_set_row *row = &picture_pod_rows[i % 2][i / 2];

		nft_set_add(batch, row->name, &row->type);
	}
	for (size_t i = PICTURE_PODS6 + 1; i < PICTURE_SET_FIXED_COUNT; i++)
		nft_set_add(batch, picture_set_rows[i].name, &picture_set_rows[i].type);
	nft_set_add(batch, "denied", &denied);
	for (size_t i = 0; i < RF_ARRAY_LEN(inner_chains); i++)
		nft_chain_add(batch, inner_chains[i], NULL);
	for (size_t i = 0; i < RF_ARRAY_LEN(hooks); i++)
		nft_chain_add(batch, hooks[i].name, &hooks[i].hook);
}

/* --- verdicts --- */

static void clear_mark(struct nft_batch *batch, const char *chain)
{
	struct nft_rule rule = rule_begin(batch, chain);

	rule_meta(&rule, NFT_META_MARK, NFT_REG_1);
	rule_mask_u32(&rule, ~FENCE_MARK_MASK, 0);
	rule_meta_set(&rule, NFT_META_MARK);
	rule_end(&rule);
}

void table_generation(struct nft_batch *batch, uint32_t generation, bool flush)
{
	struct nft_rule rule;

	if (flush) {
		nft_chain_flush(batch, "current");
		nft_chain_flush(batch, "pass");
	}
	if (generation) {
		rule = rule_begin(batch, "current");
		rule_ct(&rule, NFT_CT_MARK, RULE_NO_DIR, NFT_REG_1);
		rule_mask_u32(&rule, FENCE_MARK_MASK, 0);
		rule_cmp_u32(&rule, NFT_CMP_EQ, generation << TABLE_MARK_SHIFT);
		rule_verdict(&rule, NF_ACCEPT, NULL);
		rule_end(&rule);
		rule = rule_begin(batch, "pass");
		rule_ct(&rule, NFT_CT_MARK, RULE_NO_DIR, NFT_REG_1);
		rule_mask_u32(&rule, ~FENCE_MARK_MASK, generation << TABLE_MARK_SHIFT);
		rule_ct_set(&rule, NFT_CT_MARK);
		rule_end(&rule);
	}
	clear_mark(batch, "pass");
	jump_rule(batch, "pass", NF_ACCEPT, NULL);
}

static void verdict_rules(struct nft_batch *batch)
{
	struct nft_rule rule = rule_begin(batch, "deny");

	rule_counter_named(&rule, "denied_total");
	rule_end(&rule);
	rule = rule_begin(batch, "deny");
	rule_meta(&rule, NFT_META_MARK, NFT_REG_1);
	rule_limit_each(&rule, "denied", log_rate);
	rule_log(&rule, TABLE_DENY_PREFIX, FENCE_NFLOG_GROUP, LOG_COPY_BYTES);
	rule_end(&rule);
	jump_rule(batch, "deny", NF_DROP, NULL);
	/* No class is known here: a mark of others must not be read as one. */
	rule = rule_begin(batch, "unknown");
	rule_counter_named(&rule, "unknown_total");
	rule_end(&rule);
	rule = rule_begin(batch, "unknown");
	rule_limit(&rule, log_rate);
	rule_log(&rule, "rf-unknown ", FENCE_NFLOG_GROUP, LOG_COPY_BYTES);
	rule_end(&rule);
	jump_rule(batch, "unknown", NF_DROP, NULL);
	rule = rule_begin(batch, "refuse");
	rule_protocol(&rule, IPPROTO_TCP);
	rule_reject(&rule, NFT_REJECT_TCP_RST, 0);
	rule_end(&rule);
	rule = rule_begin(batch, "refuse");
	rule_reject(&rule, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_PORT_UNREACH);
	rule_end(&rule);
}

/* --- the order of judgement --- */

static void tuple_vmap(struct nft_batch *batch, const char *chain, const struct family_row *row,
	int dir, const char *map)
{
	struct nft_rule rule = rule_begin(batch, chain);

	rule_ct(&rule, row->ct_addr, dir, NFT_REG_1);
	rule_vmap(&rule, map, 0);
	rule_end(&rule);
}

static void family_rules(struct nft_batch *batch, const struct family_row *row)
{
	struct nft_rule rule;

	tuple_vmap(batch, row->from, row, IP_CT_DIR_ORIGINAL, row->src);
	tuple_vmap(batch, row->from, row, IP_CT_DIR_ORIGINAL, row->ext_src);
	jump_rule(batch, row->from, NFT_GOTO, "s1");
	jump_rule(batch, row->fence, NFT_JUMP, row->from);
	rule = rule_begin(batch, row->fence);
	rule_ct(&rule, row->ct_addr, IP_CT_DIR_ORIGINAL, NFT_REG_1);
	rule_ct(&rule, row->ct_addr, IP_CT_DIR_REPLY, reg_behind(row, 0));
	rule_in_set(&rule, row->self, 0, false);
	rule_verdict(&rule, NFT_GOTO, "pass");
	rule_end(&rule);
	tuple_vmap(batch, row->fence, row, IP_CT_DIR_REPLY, row->dst);
	tuple_vmap(batch, row->fence, row, IP_CT_DIR_REPLY, row->ext_dst);
	jump_rule(batch, row->fence, NFT_GOTO, "d1");
}

static void ct_state(struct nft_rule *rule, uint32_t bits)
{
	rule_ct(rule, NFT_CT_STATE, RULE_NO_DIR, NFT_REG_1);
	rule_mask_u32(rule, bits, 0);
	rule_cmp_u32(rule, NFT_CMP_NEQ, 0);
}

static void related_error(struct nft_batch *batch, uint8_t protocol)
{
	struct nft_rule rule = rule_begin(batch, "fence");

	ct_state(&rule, CT_STATE_BIT(IP_CT_RELATED));
	rule_protocol(&rule, protocol);
	rule_verdict(&rule, NF_ACCEPT, NULL);
	rule_end(&rule);
}

static void fence_rules(struct nft_batch *batch)
{
	const uint8_t seen = TCP_FLAGS_SEEN, none = 0;
	struct nft_rule rule;

	jump_rule(batch, "fence", NFT_JUMP, "current");
	rule = rule_begin(batch, "fence");
	ct_state(&rule, CT_STATE_INVALID | CT_STATE_UNTRACKED);
	rule_counter(&rule);
	rule_verdict(&rule, NF_DROP, NULL);
	rule_end(&rule);
	related_error(batch, IPPROTO_ICMP);
	related_error(batch, IPPROTO_ICMPV6);
	/*
	 * A flow is born with a SYN or not at all: conntrack picks up flows in the middle, and
	 * would take the server's packet for the client's.
	 */
	rule = rule_begin(batch, "fence");
	ct_state(&rule, CT_STATE_BIT(IP_CT_NEW));
	rule_protocol(&rule, IPPROTO_TCP);
	rule_payload(&rule, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_AT, 1, NFT_REG_1);
	rule_mask(&rule, &seen, &none, 1);
	rule_cmp_u8(&rule, NFT_CMP_NEQ, TCP_FLAGS_SYN);
	rule_counter(&rule);
	rule_verdict(&rule, NF_DROP, NULL);
	rule_end(&rule);
	each_family(row)
	{
		rule = rule_begin(batch, "fence");
		rule_family(&rule, row->nfproto);
		rule_verdict(&rule, NFT_GOTO, row->fence);
		rule_end(&rule);
	}
	jump_rule(batch, "fence", NF_DROP, NULL);
}

/* --- Services --- */

static struct nft_rule service_key(
	struct nft_batch *batch, const char *chain, const struct family_row *row)
{
	struct nft_rule rule = rule_begin(batch, chain);

	rule_family(&rule, row->nfproto);
	rule_payload(&rule, NFT_PAYLOAD_NETWORK_HEADER, row->dst_at, row->len, NFT_REG_1);
	rule_meta(&rule, NFT_META_L4PROTO, reg_behind(row, 0));
	rule_payload(&rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, reg_behind(row, 1));
	return rule;
}

static void service_rules(struct nft_batch *batch)
{
	static const char *const filters[] = {"prerouting_filter", "output_filter"};
	struct nft_rule rule;

	each_family(row)
	{
		rule = service_key(batch, "services", row);
		rule_vmap(&rule, row->svc, 0);
		rule_end(&rule);
		rule = service_key(batch, "no_endpoint", row);
		rule_in_set(&rule, row->svc_empty, 0, false);
		rule_verdict(&rule, NFT_GOTO, "refuse");
		rule_end(&rule);
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(filters); i++) {
		rule = rule_begin(batch, filters[i]);
		ct_state(&rule, CT_STATE_BIT(IP_CT_NEW));
		rule_verdict(&rule, NFT_JUMP, "no_endpoint");
		rule_end(&rule);
	}
	jump_rule(batch, "prerouting", NFT_JUMP, "services");
	jump_rule(batch, "output", NFT_JUMP, "services");
}

/* --- hooks --- */

static const struct family_row *row_of(enum rf_family family)
{
	return family == RF_IPV6 ? &families[1] : &families[0];
}

/* Goes on when the address at that place of the IP header is (not) in the range. */
static void in_range(struct nft_rule *rule, const struct rf_cidr *range, bool source, bool invert)
{
	const struct family_row *row = row_of(range->ip.family);
	uint32_t len = (range->prefix + 7) / 8;
	uint8_t mask[16] = {0}, none[16] = {0};

	rule_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, source ? row->src_at : row->dst_at, len,
		NFT_REG_1);
	if (range->prefix % 8) {
		memset(mask, 0xff, len);
		mask[len - 1] = (uint8_t)(0xff00U >> range->prefix % 8);
		rule_mask(rule, mask, none, len);
	}
	rule_cmp(rule, invert ? NFT_CMP_NEQ : NFT_CMP_EQ, range->ip.bytes, len);
}

/* Goes on for links whose names begin with the pods' prefix (or do not). */
static void is_pod_link(struct nft_rule *rule, uint32_t key, const char *prefix, bool invert)
{
	rule_meta(rule, key, NFT_REG_1);
	rule_cmp(rule, invert ? NFT_CMP_NEQ : NFT_CMP_EQ, prefix, (uint32_t)strlen(prefix));
}

static void masquerade_rules(struct nft_batch *batch, const struct fence_config *config)
{
	struct nft_rule rule;

	each_family(row)
	{ /* a pod that reaches itself through a Service */
		rule = rule_begin(batch, "postrouting");
		rule_family(&rule, row->nfproto);
		rule_payload(&rule, NFT_PAYLOAD_NETWORK_HEADER, row->src_at, row->len, NFT_REG_1);
		rule_payload(&rule, NFT_PAYLOAD_NETWORK_HEADER, row->dst_at, row->len,
			reg_behind(row, 0));
		rule_in_set(&rule, row->self, 0, false);
		rule_masquerade(&rule);
		rule_end(&rule);
	}
	for (unsigned i = 0; i < config->pod_range_count; i++) { /* a pod and the outside */
		const struct rf_cidr *range = &config->pod_ranges[i];

		rule = rule_begin(batch, "postrouting");
		rule_family(&rule, row_of(range->ip.family)->nfproto);
		in_range(&rule, range, true, false);
		for (unsigned k = 0; k < config->pod_range_count; k++) {
			if (config->pod_ranges[k].ip.family == range->ip.family)
				in_range(&rule, &config->pod_ranges[k], false, true);
		}
		is_pod_link(&rule, NFT_META_OIFNAME, config->link_prefix, true);
		rule_masquerade(&rule);
		rule_end(&rule);
	}
}

static void forward_rules(struct nft_batch *batch, const struct fence_config *config)
{
	static const uint32_t sides[] = {NFT_META_IIFNAME, NFT_META_OIFNAME};
	struct nft_rule rule;

	for (size_t i = 0; i < RF_ARRAY_LEN(sides); i++) {
		rule = rule_begin(batch, "forward");
		is_pod_link(&rule, sides[i], config->link_prefix, false);
		rule_verdict(&rule, NFT_GOTO, "fence");
		rule_end(&rule);
	}
	for (unsigned i = 0; i < config->pod_range_count * 2; i++) {
		const struct rf_cidr *range = &config->pod_ranges[i / 2];

		rule = rule_begin(batch, "forward");
		rule_family(&rule, row_of(range->ip.family)->nfproto);
		in_range(&rule, range, i % 2 == 0, false);
		rule_verdict(&rule, NFT_GOTO, "fence");
		rule_end(&rule);
	}
}

static void input_rules(struct nft_batch *batch, const struct fence_config *config)
{
	const uint8_t first = NEIGHBOUR_FIRST, last = NEIGHBOUR_LAST;
	struct nft_rule rule = rule_begin(batch, "input");

	is_pod_link(&rule, NFT_META_IIFNAME, config->link_prefix, true);
	rule_verdict(&rule, NF_ACCEPT, NULL);
	rule_end(&rule);
	rule = rule_begin(batch, "input");
	rule_family(&rule, NFPROTO_IPV6);
	rule_protocol(&rule, IPPROTO_ICMPV6);
	rule_payload(&rule, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, NFT_REG_1);
	rule_range(&rule, &first, &last, 1);
	rule_verdict(&rule, NF_ACCEPT, NULL);
	rule_end(&rule);
	rule = rule_begin(batch, "input"); /* answers to what the node asked */
	rule_ct(&rule, NFT_CT_DIRECTION, RULE_NO_DIR, NFT_REG_1);
	rule_cmp_u8(&rule, NFT_CMP_EQ, IP_CT_DIR_REPLY);
	rule_verdict(&rule, NF_ACCEPT, NULL);
	rule_end(&rule);
	jump_rule(batch, "input", NFT_GOTO, "fence");
}

static void drop_spoofed(struct nft_rule *rule)
{
	rule_counter_named(rule, "spoofed_total");
	rule_verdict(rule, NF_DROP, NULL);
	rule_end(rule);
}

/* A pod speaks from its own addresses, and nobody else speaks from pods' addresses. */
static void antispoof_rules(struct nft_batch *batch, const struct fence_config *config)
{
	struct nft_rule rule = rule_begin(batch, "antispoof");

	is_pod_link(&rule, NFT_META_IIFNAME, config->link_prefix, false);
	rule_fib_source(&rule);
	rule_cmp_u32(&rule, NFT_CMP_EQ, 0);
	drop_spoofed(&rule);
	for (unsigned i = 0; i < config->pod_range_count; i++) {
		const struct rf_cidr *range = &config->pod_ranges[i];

		rule = rule_begin(batch, "antispoof");
		is_pod_link(&rule, NFT_META_IIFNAME, config->link_prefix, true);
		rule_meta(&rule, NFT_META_IIF, NFT_REG_1);
		rule_cmp_u32(&rule, NFT_CMP_NEQ, LOOPBACK); /* the machine to itself */
		rule_family(&rule, row_of(range->ip.family)->nfproto);
		in_range(&rule, range, true, false);
		drop_spoofed(&rule);
	}
}

void table_rules(struct nft_batch *batch, const struct fence_config *config)
{
	verdict_rules(batch);
	each_family(row) family_rules(batch, row);
	fence_rules(batch);
	service_rules(batch);
	masquerade_rules(batch, config);
	forward_rules(batch, config);
	input_rules(batch, config);
	antispoof_rules(batch, config);
}
