/*
 * Two chains of NAT in a table of family inet. TCP that comes (prerouting) is redirected to the
 * proxy's inbound port, but for what comes over lo or from the node; TCP that goes (output) to its
 * outbound port, but for the proxy's own and what goes over lo. What a pod sends to itself goes
 * over lo, and is nobody else's business.
 */
#include "dataplane/redirect.h"

#include <arpa/inet.h>
#include <net/if.h>

#include "dataplane/netns.h"
#include "dataplane/rule.h"

#define PRIORITY_DSTNAT (-100)
#define SRC4_AT		12
#define SRC6_AT		8
#define DPORT_AT	2

static void return_rule(struct nft_rule *rule)
{
	rule_verdict(rule, NFT_RETURN, NULL);
	rule_end(rule);
}

static void skip_loopback(struct nft_batch *batch, const char *chain, uint32_t key)
{
	struct nft_rule rule = rule_begin(batch, chain);
	char lo[IFNAMSIZ] = "lo";

	rule_meta(&rule, key, NFT_REG_1);
	rule_cmp(&rule, NFT_CMP_EQ, lo, sizeof(lo));
	return_rule(&rule);
}

static void skip_node(struct nft_batch *batch, const struct rf_ip *ip)
{
	struct nft_rule rule = rule_begin(batch, "inbound");
	uint32_t len = (uint32_t)rf_family_len(ip->family);

	rule_family(&rule, ip->family == RF_IPV6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	rule_payload(&rule, NFT_PAYLOAD_NETWORK_HEADER, ip->family == RF_IPV6 ? SRC6_AT : SRC4_AT,
		len, NFT_REG_1);
	rule_cmp(&rule, NFT_CMP_EQ, ip->bytes, len);
	return_rule(&rule);
}

static void skip_port(struct nft_batch *batch, uint16_t port)
{
	struct nft_rule rule = rule_begin(batch, "inbound");
	uint16_t wire = htons(port);

	rule_protocol(&rule, IPPROTO_TCP);
	rule_payload(&rule, NFT_PAYLOAD_TRANSPORT_HEADER, DPORT_AT, sizeof(wire), NFT_REG_1);
	rule_cmp(&rule, NFT_CMP_EQ, &wire, sizeof(wire));
	return_rule(&rule);
}

static void skip_proxy(struct nft_batch *batch, uint32_t uid)
{
	struct nft_rule rule = rule_begin(batch, "outbound");

	rule_meta(&rule, NFT_META_SKUID, NFT_REG_1);
	rule_cmp_u32(&rule, NFT_CMP_EQ, uid);
	return_rule(&rule);
}

static void redirect_tcp(struct nft_batch *batch, const char *chain, uint16_t port)
{
	struct nft_rule rule = rule_begin(batch, chain);
	uint16_t wire = htons(port);

	rule_protocol(&rule, IPPROTO_TCP);
	rule_immediate(&rule, NFT_REG_1, &wire, sizeof(wire));
	rule_redirect(&rule);
	rule_end(&rule);
}

static void build(struct nft_batch *batch, const struct redirect *redirect)
{
	static const struct nft_hook in = {"nat", NF_INET_PRE_ROUTING, PRIORITY_DSTNAT};
	static const struct nft_hook out = {"nat", NF_INET_LOCAL_OUT, PRIORITY_DSTNAT};

	/* Deleting what is not there is an error, so it is made before. */
	nft_table_add(batch);
	nft_table_del(batch);
	nft_table_add(batch);
	nft_chain_add(batch, "inbound", &in);
	nft_chain_add(batch, "outbound", &out);
	skip_loopback(batch, "inbound", NFT_META_IIFNAME);
	for (unsigned i = 0; i < redirect->node_ip_count; i++)
		skip_node(batch, &redirect->node_ips[i]);
	if (redirect->plain_port)
		skip_port(batch, redirect->plain_port);
	redirect_tcp(batch, "inbound", redirect->inbound_port);
	skip_proxy(batch, redirect->proxy_uid);
	skip_loopback(batch, "outbound", NFT_META_OIFNAME);
	redirect_tcp(batch, "outbound", redirect->outbound_port);
}

/* A socket belongs to the namespace that it was opened in. */
static int open_socket(void *ctx, struct rf_err *err)
{
	return nft_socket_open(ctx, err);
}

int redirect_pod(const struct redirect *redirect, struct rf_err *err)
{
	struct mnl_socket *socket = NULL;
	struct nft_batch batch;
	int rc = netns_inside(redirect->netns_fd, open_socket, &socket, err);

	if (rc < 0)
		return rc;
	nft_batch_init(&batch, REDIRECT_TABLE);
	build(&batch, redirect);
	rc = nft_batch_commit(&batch, socket, err);
	nft_batch_done(&batch);
	mnl_socket_close(socket);
	return rc < 0 ? rf_err_wrap(err, rc, "redirect the pod's connections") : RF_OK;
}
