/* The semantics of NetworkPolicy that are easily got wrong, each as its own small test. */
#include "tests/unit/policy/policy_test.h"

/* x/a, x/b, z/a, z/c; namespaces x (team: red) and z (no object). */
#define PODS                                          \
	NAMESPACE("x", "team: red")                   \
	POD("x", "a", "app: a", "10.0.0.1")           \
	POD("x", "b", "app: b, tier: ''", "10.0.0.2") \
	POD("z", "a", "app: a", "10.0.1.1") POD("z", "c", "app: c", "10.0.1.3")

/* One policy on all pods of x. */
#define ON_X(spec)	PODS NP("x", "np", "podSelector: {}, " spec)
#define FROM(peer)	ON_X("ingress: [{from: [" peer "]}]")
#define TO(peer)	ON_X("policyTypes: [Egress], egress: [{to: [" peer "]}]")
#define IN_PORTS(ports) ON_X("ingress: [{ports: [" ports "]}]")

/* --- isolation --- */

static void without_policies_all_may_speak(void)
{
	PASSES(PODS, "x/a z/a", 80);
	PASSES(PODS, "x/a 1.2.3.4", 80);
	PASSES(PODS, "1.2.3.4 x/a", 80);
	VERDICT(PODS, "x/a z/a", OTHER, 0, '+');
}

static void isolation_is_of_one_direction(void)
{
	NO_INGRESS(ON_X("policyTypes: [Ingress]"), "z/a x/a", 80);
	PASSES(ON_X("policyTypes: [Ingress]"), "x/a z/a", 80);
	NO_EGRESS(ON_X("policyTypes: [Egress]"), "x/a z/a", 80);
	PASSES(ON_X("policyTypes: [Egress]"), "z/a x/a", 80);
}

static void both_directions_must_allow(void)
{
	const char *text = PODS NP("x", "out", "podSelector: {}, policyTypes: [Egress]")
		NP("z", "in", "podSelector: {}, policyTypes: [Ingress]");

	VERDICT(text, "x/a z/a", TCP, 80, '-');
	VERDICT(text, "x/a 1.2.3.4", TCP, 80, 'i');
	VERDICT(text, "1.2.3.4 z/a", TCP, 80, 'e');
}

static void policies_add_up_whatever_their_order(void)
{
#define OPEN_A            \
	NP("x", "open-a", \
		"podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: a}}}]}]")
#define OPEN_B            \
	NP("x", "open-b", \
		"podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: b}}}]}]")
#define DENY_ALL NP("x", "deny", "podSelector: {}")
	PASSES(PODS OPEN_A OPEN_B DENY_ALL, "x/a x/b", 80);
	PASSES(PODS DENY_ALL OPEN_B OPEN_A, "x/a x/b", 80);
	PASSES(PODS OPEN_A DENY_ALL OPEN_B, "x/b x/a", 80);
	NO_INGRESS(PODS OPEN_A DENY_ALL OPEN_B, "z/a x/a", 80);
}

static void a_policy_isolates_only_pods_that_it_selects(void)
{
	const char *text = PODS NP("x", "np", "podSelector: {matchLabels: {app: a}}");

	NO_INGRESS(text, "x/b x/a", 80);
	PASSES(text, "x/a x/b", 80);
	PASSES(text, "x/b z/a", 80);
}

/* --- directions --- */

static void an_empty_egress_alone_does_not_isolate_egress(void)
{
	NO_INGRESS(ON_X("egress: []"), "z/a x/a", 80);
	PASSES(ON_X("egress: []"), "x/a z/a", 80);
	PASSES(ON_X("egress: null"), "x/a z/a", 80);
	NO_EGRESS(ON_X("egress: [{to: [{podSelector: {}}]}]"), "x/a z/a", 80);
}

static void policyTypes_decide_whatever_the_sections_say(void)
{
	PASSES(ON_X("policyTypes: [Ingress], ingress: [{}], egress: [{to: [{podSelector: {}}]}]"),
		"x/a z/a", 80);
	PASSES(ON_X("policyTypes: [Egress], ingress: [], egress: [{}]"), "z/a x/a", 80);
	NO_EGRESS(ON_X("policyTypes: [Egress]"), "x/a x/b", 80);
}

static void no_rules_deny_and_an_empty_rule_allows(void)
{
	NO_INGRESS(ON_X("ingress: []"), "x/a x/b", 80);
	NO_INGRESS(ON_X("ingress: null"), "x/a x/b", 80);
	PASSES(ON_X("ingress: [{}]"), "z/a x/b", 80);
	PASSES(ON_X("ingress: [{}]"), "1.2.3.4 x/b", 80);
	PASSES(ON_X("ingress: [{from: null, ports: null}]"), "1.2.3.4 x/b", 80);
	PASSES(ON_X("ingress: [{from: [], ports: []}]"), "1.2.3.4 x/b", 80);
}

/* --- selectors and peers --- */

static void a_missing_or_null_podSelector_selects_all_pods(void)
{
	NO_INGRESS(PODS NP("x", "np", "policyTypes: [Ingress]"), "x/b x/a", 80);
	NO_INGRESS(PODS NP("x", "np", "podSelector: null"), "x/a x/b", 80);
	PASSES(PODS NP("x", "np", "podSelector: null"), "x/a z/a", 80);
}

static void a_podSelector_alone_means_pods_of_the_own_namespace(void)
{
	PASSES(FROM("{podSelector: {matchLabels: {app: a}}}"), "x/a x/b", 80);
	NO_INGRESS(FROM("{podSelector: {matchLabels: {app: a}}}"), "z/a x/b", 80);
	PASSES(FROM("{podSelector: {}}"), "x/a x/b", 80);
	NO_INGRESS(FROM("{podSelector: {}}"), "z/a x/b", 80);
}

static void an_empty_namespaceSelector_means_pods_of_all_namespaces(void)
{
	PASSES(FROM("{namespaceSelector: {}}"), "z/a x/b", 80);
	PASSES(FROM("{namespaceSelector: {}}"), "x/a x/b", 80);
	NO_INGRESS(FROM("{namespaceSelector: {}}"), "1.2.3.4 x/b", 80);
}

static void both_selectors_in_one_peer_must_match(void)
{
#define BOTH "namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {app: a}}"
	PASSES(FROM("{" BOTH "}"), "x/a x/b", 80);
	NO_INGRESS(FROM("{" BOTH "}"), "x/b x/a", 80);
	NO_INGRESS(FROM("{" BOTH "}"), "z/a x/b", 80);
}

static void two_peers_are_alternatives(void)
{
#define EITHER                                                                                   \
	"{namespaceSelector: {matchLabels: {team: red}}}, {namespaceSelector: {}, podSelector: " \
	"{matchLabels: {app: c}}}"
	PASSES(FROM(EITHER), "x/a x/b", 80);
	PASSES(FROM(EITHER), "z/c x/b", 80);
	NO_INGRESS(FROM(EITHER), "z/a x/b", 80);
}

static void a_peer_with_nothing_set_is_refused(void)
{
	AUTO_WORLD w;

	CHECK(!world_load(&w, rf_str_of(FROM("{}")), "test.yaml"));
	CHECK(w.diags.error_count == 1);
}

static void every_namespace_has_its_name_as_a_label(void)
{
#define NAMED(name) "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: " name "}}}"
	PASSES(FROM(NAMED("z")), "z/a x/b", 80);
	NO_INGRESS(FROM(NAMED("z")), "x/a x/b", 80);
	PASSES(FROM(NAMED("x")), "x/a x/b", 80);
}

static void NotIn_and_DoesNotExist_match_when_the_key_is_absent(void)
{
#define EXPR(e) "{namespaceSelector: {}, podSelector: {matchExpressions: [" e "]}}"
	PASSES(FROM(EXPR("{key: tier, operator: NotIn, values: [web]}")), "z/a x/b", 80);
	PASSES(FROM(EXPR("{key: tier, operator: DoesNotExist}")), "z/a x/b", 80);
	NO_INGRESS(FROM(EXPR("{key: tier, operator: DoesNotExist}")), "x/b x/a", 80);
	NO_INGRESS(FROM(EXPR("{key: app, operator: NotIn, values: [a, z]}")), "z/a x/b", 80);
	PASSES(FROM("{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, "
		    "values: [red]}]}}"),
		"z/a x/b", 80);
}

static void an_empty_label_value_needs_the_key(void)
{
	PASSES(FROM("{podSelector: {matchLabels: {tier: ''}}}"), "x/b x/a", 80);
	NO_INGRESS(FROM("{podSelector: {matchLabels: {tier: ''}}}"), "x/a x/b", 80);
	NO_INGRESS(FROM(EXPR("{key: tier, operator: In, values: ['']}")), "x/a x/b", 80);
}

static void a_selector_meets_all_its_requirements(void)
{
	const char *text = FROM(EXPR("{key: app, operator: Exists}, {key: app, operator: NotIn, "
				     "values: [a]}"));

	PASSES(text, "x/b x/a", 80);
	NO_INGRESS(text, "x/a x/b", 80);
}

/* --- ports --- */

static void the_protocol_defaults_to_TCP(void)
{
	PASSES(IN_PORTS("{port: 80}"), "z/a x/a", 80);
	NO_INGRESS(IN_PORTS("{port: 80}"), "z/a x/a", 81);
	VERDICT(IN_PORTS("{port: 80}"), "z/a x/a", UDP, 80, 'e');
}

static void a_null_port_is_all_ports_of_the_protocol(void)
{
	VERDICT(IN_PORTS("{protocol: UDP}"), "z/a x/a", UDP, 1, '+');
	VERDICT(IN_PORTS("{protocol: UDP, port: null}"), "z/a x/a", UDP, 65535, '+');
	VERDICT(IN_PORTS("{protocol: UDP}"), "z/a x/a", TCP, 1, 'e');
	PASSES(IN_PORTS("{}"), "z/a x/a", 12345);
	VERDICT(IN_PORTS("{}"), "z/a x/a", UDP, 12345, 'e');
}

static void endPort_is_inclusive(void)
{
	NO_INGRESS(IN_PORTS("{port: 80, endPort: 90}"), "z/a x/a", 79);
	PASSES(IN_PORTS("{port: 80, endPort: 90}"), "z/a x/a", 80);
	PASSES(IN_PORTS("{port: 80, endPort: 90}"), "z/a x/a", 90);
	NO_INGRESS(IN_PORTS("{port: 80, endPort: 90}"), "z/a x/a", 91);
	PASSES(IN_PORTS("{port: 80, endPort: 80}"), "z/a x/a", 80);
}

static void a_rule_for_SCTP_isolates_TCP(void)
{
	VERDICT(IN_PORTS("{protocol: SCTP, port: 80}"), "z/a x/a", SCTP, 80, '+');
	VERDICT(IN_PORTS("{protocol: SCTP, port: 80}"), "z/a x/a", TCP, 80, 'e');
	VERDICT(IN_PORTS("{protocol: SCTP}"), "z/a x/a", UDP, 80, 'e');
}

static void ICMP_follows_rules_without_ports(void)
{
	VERDICT(ON_X("ingress: [{}]"), "z/a x/a", OTHER, 0, '+');
	VERDICT(FROM("{namespaceSelector: {}}"), "z/a x/a", OTHER, 0, '+');
	VERDICT(IN_PORTS("{}"), "z/a x/a", OTHER, 0, 'e');
	VERDICT(IN_PORTS("{}, {protocol: UDP}, {protocol: SCTP}"), "z/a x/a", OTHER, 0, 'e');
	VERDICT(ON_X("ingress: []"), "z/a x/a", OTHER, 0, 'e');
}

static void ports_and_peers_of_one_rule_must_both_match(void)
{
	const char *text = ON_X("ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}, "
				"{from: [{namespaceSelector: {}}], ports: [{port: 81}]}]");

	PASSES(text, "x/b x/a", 80);
	PASSES(text, "x/b x/a", 81);
	NO_INGRESS(text, "z/a x/a", 80);
	PASSES(text, "z/a x/a", 81);
}

/* --- named ports --- */

/* "web" is 80 on n1, 8080 on n2, UDP 80 on n3, and nothing on n4. */
#define NAMED_PODS                                                                       \
	PODS POD_PORTS("m", "n1", "", "10.0.2.1", "{name: web, containerPort: 80}")      \
		POD_PORTS("m", "n2", "", "10.0.2.2", "{name: web, containerPort: 8080}") \
			POD_PORTS("m", "n3", "", "10.0.2.3",                             \
				"{name: web, containerPort: 80, protocol: UDP}")         \
				POD("m", "n4", "", "10.0.2.4")
#define NAMED_IN NAMED_PODS NP("m", "np", "podSelector: {}, ingress: [{ports: [{port: web}]}]")
#define NAMED_OUT(to)            \
	NAMED_PODS NP("x", "np", \
		"podSelector: {}, policyTypes: [Egress], egress: [{" to "ports: [{port: web}]}]")

static void a_named_port_of_ingress_is_the_pods_own(void)
{
	PASSES(NAMED_IN, "x/a m/n1", 80);
	NO_INGRESS(NAMED_IN, "x/a m/n1", 8080);
	PASSES(NAMED_IN, "x/a m/n2", 8080);
	NO_INGRESS(NAMED_IN, "x/a m/n2", 80);
	PASSES(NAMED_IN, "1.2.3.4 m/n2", 8080);
}

static void a_named_port_of_egress_is_the_destinations(void)
{
	PASSES(NAMED_OUT(""), "x/a m/n1", 80);
	NO_EGRESS(NAMED_OUT(""), "x/a m/n1", 8080);
	PASSES(NAMED_OUT(""), "x/a m/n2", 8080);
	NO_EGRESS(NAMED_OUT(""), "x/a m/n2", 80);
}

static void a_named_port_has_a_protocol(void)
{
	NO_INGRESS(NAMED_IN, "x/a m/n3", 80);
	VERDICT(NAMED_IN, "x/a m/n3", UDP, 80, 'e');
	VERDICT(NAMED_PODS NP("m", "np",
			"podSelector: {}, ingress: [{ports: [{protocol: UDP, port: web}]}]"),
		"x/a m/n3", UDP, 80, '+');
}

static void an_unknown_port_name_allows_nothing(void)
{
	NO_INGRESS(NAMED_IN, "x/a m/n4", 80);
	NO_EGRESS(NAMED_OUT(""), "x/a m/n4", 80);
	NO_EGRESS(NAMED_OUT(""), "x/a 1.2.3.4", 80);
}

static void a_named_port_never_matches_an_address_block(void)
{
	NO_EGRESS(NAMED_OUT("to: [{ipBlock: {cidr: 0.0.0.0/0}}], "), "x/a m/n1", 80);
	NO_EGRESS(NAMED_OUT("to: [{ipBlock: {cidr: 0.0.0.0/0}}], "), "x/a 1.2.3.4", 80);
	PASSES(NAMED_OUT("to: [{ipBlock: {cidr: 0.0.0.0/0}}, {namespaceSelector: {}}], "),
		"x/a m/n1", 80);
}

static void traffic_from_a_block_may_enter_by_a_named_port(void)
{
	const char *text = NAMED_PODS NP("m", "np",
		"podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 1.0.0.0/8}}], ports: [{port: "
		"web}]}]");

	PASSES(text, "1.2.3.4 m/n1", 80);
	PASSES(text, "1.2.3.4 m/n2", 8080);
	NO_INGRESS(text, "2.2.3.4 m/n1", 80);
}

/* --- address blocks --- */

static void a_block_matches_pods_too(void)
{
	PASSES(TO("{ipBlock: {cidr: 10.0.1.0/24}}"), "x/a z/a", 80);
	NO_EGRESS(TO("{ipBlock: {cidr: 10.0.1.0/24}}"), "x/a x/b", 80);
	PASSES(FROM("{ipBlock: {cidr: 10.0.1.3/32}}"), "z/c x/b", 80);
}

static void an_except_is_no_denial_where_another_rule_allows(void)
{
#define HOLE "{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.1.0/24]}}"
	NO_EGRESS(TO(HOLE), "x/a z/a", 80);
	NO_EGRESS(TO(HOLE), "x/a 10.0.1.200", 80);
	PASSES(TO(HOLE), "x/a 10.0.2.1", 80);
	PASSES(TO(HOLE ", {ipBlock: {cidr: 10.0.1.0/28}}"), "x/a z/a", 80);
	PASSES(TO(HOLE ", {namespaceSelector: {}}"), "x/a z/a", 80);
}

static void selectors_never_match_addresses_outside(void)
{
	NO_EGRESS(TO("{namespaceSelector: {}}"), "x/a 1.2.3.4", 80);
	NO_INGRESS(FROM("{namespaceSelector: {}, podSelector: {}}"), "1.2.3.4 x/a", 80);
}

static void an_IPv4_block_leaves_IPv6_denied(void)
{
#define DUAL(ns, name, four, six) \
	POD_FULL(ns, name, "", "", "", "podIPs: [{ip: " four "}, {ip: '" six "'}]")
	const char *text =
		DUAL("x", "a", "10.0.0.1", "fd00::1") DUAL("z", "b", "10.0.0.2", "fd00::2") NP("z",
			"np", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]");

	PASSES(text, "10.0.0.1 10.0.0.2", 80);
	NO_INGRESS(text, "fd00::1 fd00::2", 80);
	NO_INGRESS(text, "2001:db8::1 z/b", 80);
	PASSES(text, "x/a z/b", 80);
}

/* --- special ends --- */

static void a_pod_reaches_itself(void)
{
	const char *text = ON_X("policyTypes: [Ingress, Egress]");

	PASSES(text, "x/a x/a", 80);
	PASSES(text, "x/a 10.0.0.1", 80);
	VERDICT(text, "x/a x/a", OTHER, 0, '+');
	VERDICT(text, "x/a x/b", TCP, 80, '-');
}

#define HOST(name, node, ip) \
	POD_FULL("x", name, "app: a", "hostNetwork: true, nodeName: " node ", ", "", "podIP: " ip)
#define ON_NODE(name, node, ip) \
	POD_FULL("x", name, "app: b", "nodeName: " node ", ", "", "podIP: " ip)
#define NODES \
	HOST("h1", "n1", "10.9.0.1") HOST("h2", "n2", "10.9.0.2") ON_NODE("p1", "n1", "10.0.0.1")

static void the_own_node_always_gets_in(void)
{
	const char *text = NODES NP("x", "np", "podSelector: {}");

	PASSES(text, "x/h1 x/p1", 80);
	NO_INGRESS(text, "x/h2 x/p1", 80);
	NO_INGRESS(text, "10.9.0.1 x/p1", 80);
}

static void hostNetwork_pods_are_their_node(void)
{
	const char *closed = NODES NP("x", "np", "podSelector: {}, policyTypes: [Ingress, Egress]");

	PASSES(closed, "1.2.3.4 x/h1", 80);
	PASSES(closed, "x/h1 1.2.3.4", 80);
	NO_EGRESS(closed, "x/p1 x/h1", 80);
	NO_INGRESS(NODES NP("x", "np", "podSelector: {}, ingress: [{from: [{podSelector: {}}]}]"),
		"x/h2 x/p1", 80);
	PASSES(NODES NP("x", "np",
		       "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.9.0.2/32}}]}]"),
		"x/h2 x/p1", 80);
}

static void a_finished_pod_gives_its_address_up(void)
{
	const char *text = PODS POD_FULL(
		"z", "done", "app: a", "", "", "phase: Succeeded, podIP: 10.0.1.9")
		NP("x", "np", "podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]");

	PASSES(text, "z/a x/a", 80);
	NO_INGRESS(text, "10.0.1.9 x/a", 80);
	CHECK_INT(verdict_of(text, "z/done x/a", POLICY_TCP, 80), '?');
}

static void a_reused_address_is_its_new_pods(void)
{
	const char *text =
		POD_FULL("x", "old", "app: old", "", "", "phase: Failed, podIP: 10.0.0.9")
			POD("x", "new", "app: new", "10.0.0.9")
				POD("x", "db", "app: db", "10.0.0.1") NP("x", "np",
					"podSelector: {matchLabels: {app: db}}, ingress: [{from: "
					"[{podSelector: {matchLabels: {app: old}}}]}]");

	NO_INGRESS(text, "10.0.0.9 x/db", 80);
	NO_INGRESS(text, "x/new x/db", 80);
}

static void a_pod_without_address_is_selected_but_in_no_block(void)
{
#define PENDING POD_FULL("z", "new", "app: a", "", "", "phase: Pending")
	NO_INGRESS(PENDING PODS NP("z", "np", "podSelector: {}"), "x/a z/new", 80);
	PASSES(PENDING FROM("{namespaceSelector: {}}"), "z/new x/a", 80);
	NO_INGRESS(PENDING FROM("{ipBlock: {cidr: 0.0.0.0/0}}"), "z/new x/a", 80);
}

static void a_matching_address_names_the_pod(void)
{
	PASSES(FROM("{podSelector: {matchLabels: {app: a}}}"), "10.0.0.1 10.0.0.2", 80);
	NO_INGRESS(FROM("{podSelector: {matchLabels: {app: a}}}"), "10.0.1.1 10.0.0.2", 80);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(without_policies_all_may_speak);
	RUN(isolation_is_of_one_direction);
	RUN(both_directions_must_allow);
	RUN(policies_add_up_whatever_their_order);
	RUN(a_policy_isolates_only_pods_that_it_selects);
	RUN(an_empty_egress_alone_does_not_isolate_egress);
	RUN(policyTypes_decide_whatever_the_sections_say);
	RUN(no_rules_deny_and_an_empty_rule_allows);
	RUN(a_missing_or_null_podSelector_selects_all_pods);
	RUN(a_podSelector_alone_means_pods_of_the_own_namespace);
	RUN(an_empty_namespaceSelector_means_pods_of_all_namespaces);
	RUN(both_selectors_in_one_peer_must_match);
	RUN(two_peers_are_alternatives);
	RUN(a_peer_with_nothing_set_is_refused);
	RUN(every_namespace_has_its_name_as_a_label);
	RUN(NotIn_and_DoesNotExist_match_when_the_key_is_absent);
	RUN(an_empty_label_value_needs_the_key);
	RUN(a_selector_meets_all_its_requirements);
	RUN(the_protocol_defaults_to_TCP);
	RUN(a_null_port_is_all_ports_of_the_protocol);
	RUN(endPort_is_inclusive);
	RUN(a_rule_for_SCTP_isolates_TCP);
	RUN(ICMP_follows_rules_without_ports);
	RUN(ports_and_peers_of_one_rule_must_both_match);
	RUN(a_named_port_of_ingress_is_the_pods_own);
	RUN(a_named_port_of_egress_is_the_destinations);
	RUN(a_named_port_has_a_protocol);
	RUN(an_unknown_port_name_allows_nothing);
	RUN(a_named_port_never_matches_an_address_block);
	RUN(traffic_from_a_block_may_enter_by_a_named_port);
	RUN(a_block_matches_pods_too);
	RUN(an_except_is_no_denial_where_another_rule_allows);
	RUN(selectors_never_match_addresses_outside);
	RUN(an_IPv4_block_leaves_IPv6_denied);
	RUN(a_pod_reaches_itself);
	RUN(the_own_node_always_gets_in);
	RUN(hostNetwork_pods_are_their_node);
	RUN(a_finished_pod_gives_its_address_up);
	RUN(a_reused_address_is_its_new_pods);
	RUN(a_pod_without_address_is_selected_but_in_no_block);
	RUN(a_matching_address_names_the_pod);
	return TAP_END();
}
