/* NetworkPolicy: defaults of direction, and nothing malformed that would widen what is allowed. */
#include "tests/unit/kube/kube_test.h"

static int directions(const char *text)
{
	AUTO_LOADED l = loaded_of(text);
	const struct kube_object *o = loaded_first(&l);

	CHECK_STR(rf_buf_cstr(&l.said), "");
	return o ? o->network_policy->has_ingress + 2 * o->network_policy->has_egress : -1;
}

static void without_policyTypes_ingress_is_isolated(void)
{
	CHECK_INT(directions(POLICY("")), 1);
	CHECK_INT(directions(POLICY("policyTypes: null")), 1);
	CHECK_INT(directions(POLICY("policyTypes: []")), 1);
	CHECK_INT(directions(POLICY("ingress: [{}]")), 1);
}

static void without_policyTypes_egress_is_isolated_only_by_a_rule(void)
{
	CHECK_INT(directions(POLICY("egress: []")), 1);
	CHECK_INT(directions(POLICY("egress: null")), 1);
	CHECK_INT(directions(POLICY("egress: [{}]")), 3);
}

static void policyTypes_decide_whatever_the_rules(void)
{
	CHECK_INT(directions(POLICY("policyTypes: [Egress]")), 2);
	CHECK_INT(directions(POLICY("policyTypes: [Ingress, Egress]")), 3);
	CHECK_INT(directions(POLICY("policyTypes: [Ingress], egress: [{}]")), 1);
	CHECK_INT(directions(POLICY("policyTypes: [Egress], ingress: [{}]")), 2);
	REFUSES(POLICY("policyTypes: [ingress]"), "expected Ingress or Egress, found \"ingress\"");
	SAYS(POLICY("policyTypes: [Ingress, Both]"),
		"5:26 expected Ingress or Egress, found \"Both\"\n");
}

static void null_and_empty_peers_and_ports_are_no_restriction(void)
{
	AUTO_LOADED l = loaded_of(POLICY("ingress: [{from: null, ports: null}, {from: [], ports: "
					 "[]}, {}], egress: [{to: null}]"));
	const struct kube_np_rule *rules;

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	rules = loaded_first(&l)->network_policy->ingress.items;
	CHECK_INT(loaded_first(&l)->network_policy->ingress.count, 3);
	for (int i = 0; i < 3; i++)
		CHECK(rules[i].node && rules[i].peers.count == 0 && rules[i].ports.count == 0);
}

static void a_missing_podSelector_selects_all_pods(void)
{
	AUTO_LOADED l =
		loaded_of("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: "
			  "{name: np}\nspec: {policyTypes: [Ingress]}\n");

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	CHECK_INT(loaded_first(&l)->network_policy->pod_selector.match_labels.count, 0);
}

static void a_peer_with_nothing_set_is_refused_and_never_all(void)
{
	SAYS(POLICY("ingress: [{from: [{}]}]"),
		"5:21 a peer needs podSelector, namespaceSelector or ipBlock (an empty peer would "
		"not mean \"all\"; podSelector: {} is every pod of the namespace)\n");
	REFUSES(POLICY("egress: [{to: [{podSelector: null}]}]"), "a peer needs podSelector");
	REFUSES(POLICY("ingress: [{from: [null]}]"), "expected a map");
}

static void selectors_of_a_peer_are_kept_apart(void)
{
	AUTO_LOADED l = loaded_of(POLICY("ingress: [{from: [{podSelector: {}}, {namespaceSelector: "
					 "{}}, {podSelector: {}, namespaceSelector: {}}]}]"));
	const struct kube_np_peer *p;

	REQUIRE(loaded_first(&l));
	p = ((struct kube_np_rule *)loaded_first(&l)->network_policy->ingress.items)->peers.items;
	CHECK(p[0].pod_selector && !p[0].namespace_selector);
	CHECK(!p[1].pod_selector && p[1].namespace_selector);
	CHECK(p[2].pod_selector && p[2].namespace_selector && !p[2].ip_block);
}

static void an_ipBlock_excludes_selectors(void)
{
	REFUSES(POLICY("ingress: [{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]"),
		"ipBlock cannot be combined");
}

static void blocks_of_both_families_are_decoded(void)
{
	AUTO_LOADED l =
		loaded_of(POLICY("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: "
				 "[10.1.0.0/16, 10.2.3.4/32]}}, {ipBlock: {cidr: 'fd00::/8', "
				 "except: ['fd00:1::/32']}}]}]"));
	const struct kube_np_peer *p;
	char text[RF_CIDR_TEXT_SIZE];

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	p = ((struct kube_np_rule *)loaded_first(&l)->network_policy->ingress.items)->peers.items;
	CHECK_INT(p[0].ip_block->cidr_count, 3);
	CHECK_STR(rf_cidr_text(&p[0].ip_block->cidrs[0], text), "10.0.0.0/8");
	CHECK_STR(rf_cidr_text(&p[0].ip_block->cidrs[2], text), "10.2.3.4/32");
	CHECK_STR(rf_cidr_text(&p[1].ip_block->cidrs[1], text), "fd00:1::/32");
}

static void except_lies_strictly_within_cidr(void)
{
	SAYS(POLICY("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, "
		    "11.0.0.0/16]}}]}]"),
		"5:72 11.0.0.0/16 must lie within cidr 10.0.0.0/8 and be smaller than it\n");
	REFUSES(POLICY("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}]"),
		"must lie within");
	REFUSES(POLICY("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: ['fd00::/16']}}]}]"),
		"must lie within");
	REFUSES(POLICY("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/7]}}]}]"),
		"must lie within");
	REFUSES(POLICY("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/33}}]}]"),
		"\"10.0.0.0/33\" is not an address block");
	REFUSES(POLICY("ingress: [{from: [{ipBlock: {cidr: 10.0.0.1}}]}]"), "not an address block");
	REFUSES(POLICY("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [x]}}]}]"),
		"\"x\" is not an address block");
	REFUSES(POLICY("ingress: [{from: [{ipBlock: {except: [10.0.0.0/8]}}]}]"),
		"IPBlock needs the field \"cidr\"");
}

static void protocol_defaults_to_TCP_and_port_to_all(void)
{
	AUTO_LOADED l = loaded_of(POLICY("ingress: [{ports: [{port: 80}, {protocol: UDP}, {port: "
					 "http, protocol: SCTP}, {}]}]"));
	const struct kube_np_port *p;

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	p = ((struct kube_np_rule *)loaded_first(&l)->network_policy->ingress.items)->ports.items;
	CHECK(rf_str_is(p[0].protocol, "TCP") && p[0].port.number == 80 && !p[0].port.text.ptr);
	CHECK(rf_str_is(p[1].protocol, "UDP") && !p[1].port.set);
	CHECK(rf_str_is(p[2].protocol, "SCTP") && rf_str_is(p[2].port.text, "http"));
	CHECK(rf_str_is(p[3].protocol, "TCP") && !p[3].port.set);
}

static void ports_are_checked(void)
{
	REFUSES(POLICY("ingress: [{ports: [{protocol: ICMP}]}]"), "expected one of TCP, UDP, SCTP");
	REFUSES(POLICY("ingress: [{ports: [{protocol: tcp}]}]"), "expected one of TCP, UDP, SCTP");
	REFUSES(POLICY("ingress: [{ports: [{port: 0}]}]"), "expected a port from 1 to 65535");
	REFUSES(POLICY("ingress: [{ports: [{port: 65536}]}]"), "expected a port from 1 to 65535");
	REFUSES(POLICY("ingress: [{ports: [{port: '80'}]}]"), "a number must not be quoted");
	REFUSES(POLICY("ingress: [{ports: [{port: Web}]}]"), "is not the name of a port");
}

static void endPort_needs_a_numeric_port_that_is_not_above_it(void)
{
	LOADS(POLICY("ingress: [{ports: [{port: 80, endPort: 80}, {port: 1, endPort: 65535}]}]"));
	SAYS(POLICY("ingress: [{ports: [{port: 80, endPort: 79}]}]"),
		"5:33 endPort 79 is below port 80\n");
	REFUSES(POLICY("ingress: [{ports: [{endPort: 80}]}]"), "endPort needs port, a number");
	REFUSES(POLICY("ingress: [{ports: [{port: http, endPort: 80}]}]"), "endPort needs port");
	REFUSES(POLICY("ingress: [{ports: [{port: 80, endPort: 65536}]}]"), "from 1 to 65535");
}

static void from_in_egress_is_an_unknown_field(void)
{
	REFUSES(POLICY("egress: [{from: [{podSelector: {}}]}]"),
		"unknown field \"from\" in NetworkPolicyEgressRule");
	REFUSES(POLICY("ingress: [{to: [{podSelector: {}}]}]"), "unknown field \"to\"");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(without_policyTypes_ingress_is_isolated);
	RUN(without_policyTypes_egress_is_isolated_only_by_a_rule);
	RUN(policyTypes_decide_whatever_the_rules);
	RUN(null_and_empty_peers_and_ports_are_no_restriction);
	RUN(a_missing_podSelector_selects_all_pods);
	RUN(a_peer_with_nothing_set_is_refused_and_never_all);
	RUN(selectors_of_a_peer_are_kept_apart);
	RUN(an_ipBlock_excludes_selectors);
	RUN(blocks_of_both_families_are_decoded);
	RUN(except_lies_strictly_within_cidr);
	RUN(protocol_defaults_to_TCP_and_port_to_all);
	RUN(ports_are_checked);
	RUN(endPort_needs_a_numeric_port_that_is_not_above_it);
	RUN(from_in_egress_is_an_unknown_field);
	return TAP_END();
}
