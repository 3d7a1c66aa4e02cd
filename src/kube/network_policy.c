/*
 * networking.k8s.io/v1 NetworkPolicy. Nothing that is malformed may widen what it allows: a peer
 * with nothing set is refused, never read as "all".
 */
#include "kube/kube_int.h"
#include "kube/names.h"

#define ROW_OF struct kube_ip_block
static const struct doc_field block_rows[] = {
	ROW_STR("cidr", cidr_text, REQUIRED),
	ROW_STRS("except", except_texts),
};
static const struct doc_schema block_schema =
	DOC_SCHEMA("IPBlock", struct kube_ip_block, block_rows);
#undef ROW_OF

#define ROW_OF struct kube_np_peer
static const struct doc_field peer_rows[] = {
	ROW_CUSTOM("podSelector", pod_selector, kube_decode_selector),
	ROW_CUSTOM("namespaceSelector", namespace_selector, kube_decode_selector),
	ROW_PTR("ipBlock", ip_block, block_schema),
};
static const struct doc_schema peer_schema =
	DOC_SCHEMA("NetworkPolicyPeer", struct kube_np_peer, peer_rows);
#undef ROW_OF

#define ROW_OF struct kube_np_port
static const struct doc_field port_rows[] = {
	ROW_STR("protocol", protocol, ONE_OF("TCP", "UDP", "SCTP")),
	ROW_INT_STR("port", port),
	ROW_INT("endPort", end_port, BETWEEN(1, PORT_MAX)),
};
static const struct doc_schema port_schema =
	DOC_SCHEMA("NetworkPolicyPort", struct kube_np_port, port_rows);
#undef ROW_OF

#define ROW_OF struct kube_np_rule
static const struct doc_field ingress_rows[] = {
	ROW_LIST("from", peers, peer_schema),
	ROW_LIST("ports", ports, port_schema),
};
static const struct doc_schema ingress_schema =
	DOC_SCHEMA("NetworkPolicyIngressRule", struct kube_np_rule, ingress_rows);

static const struct doc_field egress_rows[] = {
	ROW_LIST("to", peers, peer_schema),
	ROW_LIST("ports", ports, port_schema),
};
static const struct doc_schema egress_schema =
	DOC_SCHEMA("NetworkPolicyEgressRule", struct kube_np_rule, egress_rows);
#undef ROW_OF

#define ROW_OF struct kube_network_policy
static const struct doc_field policy_rows[] = {
	ROW_CUSTOM("podSelector", pod_selector, kube_decode_selector_in_place),
	ROW_STRS("policyTypes", policy_types),
	ROW_LIST("ingress", ingress, ingress_schema),
	ROW_LIST("egress", egress, egress_schema),
};
static const struct doc_schema policy_schema =
	DOC_SCHEMA("NetworkPolicySpec", struct kube_network_policy, policy_rows);
#undef ROW_OF

#define ROW_OF struct kube_root
static const struct doc_field root_rows[] = {
	ROOT_ROWS,
	ROW_PTR("spec", network_policy, policy_schema, REQUIRED),
	ROW_NODE("status", status),
};
const struct doc_schema kube_network_policy_root =
	DOC_SCHEMA("NetworkPolicy", struct kube_root, root_rows);
#undef ROW_OF

/* Room for it was made by the caller. */
static void check_except(
	struct doc_decoder *dec, struct kube_ip_block *b, const struct doc_node *item)
{
	struct rf_cidr except;

	if (!rf_cidr_parse(item->text, &except)) {
		doc_decode_error(dec, doc_pos(item),
			"\"" RF_STR_FMT
			"\" is not an address block: expected one such as 10.1.0.0/16",
			RF_STR_ARG(item->text));
		return;
	}
	if (!rf_cidr_covers(&b->cidrs[0], &except) || except.prefix == b->cidrs[0].prefix)
		doc_decode_error(dec, doc_pos(item),
			RF_STR_FMT " must lie within cidr " RF_STR_FMT " and be smaller than it",
			RF_STR_ARG(item->text), RF_STR_ARG(b->cidr_text));
	b->cidrs[b->cidr_count++] = except;
}

static void check_block(struct doc_decoder *dec, struct kube_ip_block *b)
{
	struct rf_cidr *cidrs;

	if (!b->node || !b->cidr_text.ptr)
		return;
	cidrs = kube_alloc(dec, b->except_texts.count + 1, sizeof(*cidrs));
	if (!cidrs)
		return;
	if (!rf_cidr_parse(b->cidr_text, &cidrs[0])) {
		doc_decode_error(dec, doc_pos(doc_get(b->node, "cidr")),
			"\"" RF_STR_FMT
			"\" is not an address block: expected one such as 10.0.0.0/8 or fd00::/8",
			RF_STR_ARG(b->cidr_text));
		return;
	}
	b->cidrs = cidrs;
	b->cidr_count = 1;
	doc_each (item, doc_get(b->node, "except")) {
		if (item->type == DOC_STRING)
			check_except(dec, b, item);
	}
}

static void check_peer(struct doc_decoder *dec, const struct kube_np_peer *peer)
{
	if (!peer->node)
		return;
	if (!peer->pod_selector && !peer->namespace_selector && !peer->ip_block)
		doc_decode_error(dec, doc_pos(peer->node),
			"a peer needs podSelector, namespaceSelector or ipBlock (an empty peer "
			"would not mean \"all\"; podSelector: {} is every pod of the namespace)");
	if (peer->ip_block && (peer->pod_selector || peer->namespace_selector))
		doc_decode_error(dec, doc_field_pos(peer->node, "ipBlock"),
			"ipBlock cannot be combined with podSelector or namespaceSelector: write "
			"two peers");
	if (peer->ip_block)
		check_block(dec, peer->ip_block);
}

static void check_port(struct doc_decoder *dec, struct kube_np_port *p)
{
	kube_default_protocol(&p->protocol);
	if (!p->node)
		return;
	kube_check_port(dec, p->node, "port", &p->port);
	if (!p->end_port.set)
		return;
	if (!p->port.set || p->port.text.ptr)
		doc_decode_error(
			dec, doc_field_pos(p->node, "endPort"), "endPort needs port, a number");
	else if (p->end_port.value < p->port.number)
		doc_decode_error(dec, doc_field_pos(p->node, "endPort"),
			"endPort %lld is below port %lld", (long long)p->end_port.value,
			(long long)p->port.number);
}

static void check_rules(struct doc_decoder *dec, const struct doc_list *list)
{
	const struct kube_np_rule *rules = list->items;

	for (size_t i = 0; i < list->count; i++) {
		const struct kube_np_peer *peers = rules[i].peers.items;
		struct kube_np_port *ports = rules[i].ports.items;

		for (size_t j = 0; j < rules[i].peers.count; j++)
			check_peer(dec, &peers[j]);
		for (size_t j = 0; j < rules[i].ports.count; j++)
			check_port(dec, &ports[j]);
	}
}

/* policyTypes empty: Ingress, and Egress only with a rule of it. */
static void set_directions(struct doc_decoder *dec, struct kube_network_policy *p)
{
	if (p->policy_types.count == 0) {
		p->has_ingress = true;
		p->has_egress = p->egress.count > 0;
		return;
	}
	if (p->policy_types.count > 2)
		doc_decode_error(dec, doc_field_pos(p->node, "policyTypes"),
			"policyTypes has at most two entries, Ingress and Egress");
	doc_each (item, doc_get(p->node, "policyTypes")) {
		if (rf_str_is(item->text, "Ingress"))
			p->has_ingress = true;
		else if (rf_str_is(item->text, "Egress"))
			p->has_egress = true;
		else if (item->type == DOC_STRING)
			doc_decode_error(dec, doc_pos(item),
				"expected Ingress or Egress, found \"" RF_STR_FMT "\"",
				RF_STR_ARG(item->text));
	}
}

void kube_finish_network_policy(
	struct doc_decoder *dec, struct kube_root *root, struct kube_object *object)
{
	struct kube_network_policy *p = root->network_policy;

	object->network_policy = p;
	if (!p || !p->node)
		return;
	check_rules(dec, &p->ingress);
	check_rules(dec, &p->egress);
	set_directions(dec, p);
}
