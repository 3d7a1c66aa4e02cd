/* AuthorizationPolicy: order, empty rules, plain peers, strings, HTTP, dry-run, words. */
#include "tests/unit/mesh/mesh_test.h"

#define WEB	"spiffe://prod.example/ns/shop/sa/web"
#define DB	"spiffe://prod.example/ns/shop/sa/db"
#define OTHER	"spiffe://prod.example/ns/other/sa/web"
#define FOREIGN "spiffe://old.example/ns/shop/sa/web"
#define ODD	"spiffe://prod.example/vm/laptop"
#define PLAIN	NULL

static struct rf_ip ip_of(const char *text)
{
	struct rf_ip ip = {.family = RF_FAMILY_NONE};

	CHECK(!text || rf_ip_parse(rf_str_of(text), &ip));
	return ip;
}

/* A peer from 10.0.0.1 to 10.0.0.9:8080. */
static struct authz_peer peer_of(const char *id)
{
	return (struct authz_peer){.id = rf_str_of(id),
		.source = ip_of("10.0.0.1"),
		.remote = ip_of("10.0.0.1"),
		.destination = ip_of("10.0.0.9"),
		.port = 8080};
}

static bool allows_peer(const char *text, const struct authz_peer *peer)
{
	AUTO_MESH_WORLD w;

	mesh_world_load(&w, text);
	return authz_judge(w.authz, peer).allowed;
}

static bool allows(const char *text, const char *id)
{
	struct authz_peer peer = peer_of(id);

	return allows_peer(text, &peer);
}

/* What a rule's fields, in an ALLOW of its own, say to a peer. */
#define FROM(source)   POLICY("p", "rules: [{from: [{source: {" source "}}]}]")
#define DENIES(source) POLICY("p", "action: DENY, rules: [{from: [{source: {" source "}}]}]")
#define TO(operation)  POLICY("p", "rules: [{to: [{operation: {" operation "}}]}]")
#define WHEN(when)     POLICY("p", "rules: [{when: [{" when "}]}]")

/* --- order and emptiness --- */

static void without_policies_all_is_allowed(void)
{
	AUTO_MESH_WORLD w;
	struct authz_peer peer = peer_of(PLAIN);
	struct authz_verdict v;

	mesh_world_load(&w, "");
	v = authz_judge(w.authz, &peer);
	CHECK(v.allowed && v.reason == AUTHZ_NO_POLICY && !v.policy && v.rule == AUTHZ_NO_RULE);
	CHECK(authz_is_empty(w.authz));
}

static void an_allow_policy_without_rules_denies_all(void)
{
	AUTO_MESH_WORLD w;
	struct authz_peer peer = peer_of(WEB);
	struct authz_verdict v;

	mesh_world_load(&w, POLICY("p", ""));
	v = authz_judge(w.authz, &peer);
	CHECK(!v.allowed && v.reason == AUTHZ_NO_ALLOW && v.rule == AUTHZ_NO_RULE);
	CHECK(v.policy == w.set.objects.items[0] && v.allow_count == 1);
	CHECK_INT(v.pos.line, 1);
	CHECK(!authz_is_empty(w.authz));
	CHECK(!allows(POLICY("p", "rules: []"), WEB));
}

static void an_empty_rule_matches_everything(void)
{
	CHECK(allows(POLICY("p", "rules: [{}]"), PLAIN));
	CHECK(!allows(POLICY("p", "action: DENY, rules: [{}]"), WEB));
}

static void a_denial_without_rules_never_matches(void)
{
	CHECK(allows(POLICY("p", "action: DENY"), PLAIN));
}

static void a_denial_is_asked_before_what_allows(void)
{
	AUTO_MESH_WORLD w;
	struct authz_peer peer = peer_of(WEB);
	struct authz_verdict v;

	mesh_world_load(
		&w, POLICY("a", "rules: [{}]") POLICY("d",
			    "action: DENY, rules: [{from: [{source: {principals: [x]}}]}, {from: "
			    "[{source: {namespaces: [shop]}}]}]"));
	v = authz_judge(w.authz, &peer);
	CHECK(!v.allowed && v.reason == AUTHZ_DENIED && v.rule == 1);
	CHECK(v.policy == w.set.objects.items[1]);
	peer = peer_of(OTHER);
	v = authz_judge(w.authz, &peer);
	CHECK(v.allowed && v.reason == AUTHZ_ALLOWED && v.rule == 0 && v.pos.line == 4);
}

static void the_first_rule_that_matches_is_named(void)
{
	AUTO_MESH_WORLD w;
	struct authz_peer peer = peer_of(WEB);
	struct authz_verdict v;

	mesh_world_load(&w, POLICY("a", "rules: [{from: [{source: {namespaces: ['sh*']}}]}]")
				    POLICY("b", "rules: [{from: [{source: {principals: "
						"[cluster.local/ns/shop/sa/web]}}]}]"));
	v = authz_judge(w.authz, &peer);
	CHECK(v.policy == w.set.objects.items[0] && v.allow_count == 2);
	mesh_world_done(&w);
	mesh_world_load(&w, POLICY("b", "rules: [{from: [{source: {principals: "
					"[cluster.local/ns/shop/sa/web]}}]}]") POLICY("a",
				    "rules: [{from: [{source: {namespaces: ['sh*']}}]}]"));
	v = authz_judge(w.authz, &peer);
	CHECK(v.policy == w.set.objects.items[0]);
}

static void policies_add_up(void)
{
	static const char two[] = FROM("principals: [prod.example/ns/shop/sa/web]") POLICY(
		"q", "rules: [{from: [{source: {principals: [prod.example/ns/shop/sa/db]}}]}]");

	CHECK(allows(two, WEB) && allows(two, DB) && !allows(two, OTHER));
}

/* --- whom a policy protects --- */

static void a_policy_stays_in_its_namespace(void)
{
	CHECK(allows(POLICY_IN("other", "p", ""), WEB));
	CHECK(!allows(POLICY_IN("shop", "p", ""), WEB));
}

static void the_root_namespace_spans_the_mesh(void)
{
	AUTO_MESH_WORLD w;
	struct authz_peer peer = peer_of(WEB);
	struct authz *other = NULL;

	CHECK(!allows(POLICY_IN("istio-system", "p", ""), WEB));
	mesh_world_load(&w, POLICY_IN("istio-system", "p", ""));
	w.workload.root_namespace = RF_STR("root");
	REQUIRE(authz_compile(&w.set, &w.workload, &other, NULL) == RF_OK);
	CHECK(authz_judge(other, &peer).allowed);
	authz_free(other);
}

static void a_selector_chooses_the_workload(void)
{
	CHECK(!allows(POLICY("p", "selector: {matchLabels: {app: web}}"), WEB));
	CHECK(allows(POLICY("p", "selector: {matchLabels: {app: db}}"), WEB));
	CHECK(allows(POLICY("p", "selector: {matchLabels: {app: web, tier: ''}}"), WEB));
	CHECK(!allows(POLICY("p", "selector: {}"), WEB));
	CHECK(allows(POLICY_IN("istio-system", "p", "selector: {matchLabels: {app: db}}"), WEB));
}

/* --- sources --- */

static void entries_of_a_list_are_or_and_fields_are_and(void)
{
	static const char both[] =
		FROM("principals: ['*/sa/web', '*/sa/db'], namespaces: [shop], ipBlocks: "
		     "[10.0.0.0/30]");

	CHECK(allows(both, WEB) && allows(both, DB) && !allows(both, OTHER));
	CHECK(!allows(FROM("principals: ['*/sa/web'], ipBlocks: [10.1.0.0/16]"), WEB));
}

static void sources_are_or(void)
{
	static const char two[] = POLICY("p", "rules: [{from: [{source: {namespaces: [other]}}, "
					      "{source: {ipBlocks: [10.0.0.1]}}]}]");

	CHECK(allows(two, OTHER) && allows(two, PLAIN));
	CHECK(!allows(POLICY("p", "rules: [{from: [{source: {namespaces: [other]}}, {source: "
				  "{ipBlocks: [10.0.0.2]}}]}]"),
		PLAIN));
}

static void from_to_and_when_are_and(void)
{
#define RULE(source, port, sni)                                      \
	POLICY("p", "rules: [{from: [{source: {namespaces: [" source \
		    "]}}], to: [{operation: {ports: ['" port         \
		    "']}}], when: [{key: connection.sni, notValues: ['" sni "']}]}]")
	CHECK(allows(RULE("shop", "8080", "x"), WEB));
	CHECK(!allows(RULE("other", "8080", "x"), WEB));
	CHECK(!allows(RULE("shop", "80", "x"), WEB));
}

static void strings_are_exact_or_have_one_star(void)
{
	CHECK(allows(FROM("namespaces: [shop]"), WEB) && !allows(FROM("namespaces: [sho]"), WEB));
	CHECK(allows(FROM("namespaces: ['sh*']"), WEB) &&
		allows(FROM("namespaces: ['shop*']"), WEB));
	CHECK(!allows(FROM("namespaces: ['shopp*']"), WEB));
	CHECK(allows(FROM("namespaces: ['*op']"), WEB) &&
		!allows(FROM("namespaces: ['*xshop']"), WEB));
	CHECK(allows(FROM("principals: ['*']"), ODD) && !allows(FROM("principals: ['*']"), PLAIN));
	CHECK(allows(FROM("principals: ['prod.example/ns/shop/*']"), WEB));
	CHECK(!allows(FROM("principals: [Prod.example/ns/shop/sa/web]"), WEB));
}

static void principals_have_no_scheme(void)
{
	CHECK(allows(FROM("principals: [prod.example/ns/shop/sa/web]"), WEB));
	CHECK(!allows(FROM("principals: ['spif*']"), WEB));
}

static void cluster_local_stands_for_the_own_trust_domain_too(void)
{
	static const char exact[] = FROM("principals: [cluster.local/ns/shop/sa/web]");

	CHECK(allows(exact, WEB) && !allows(exact, FOREIGN));
	CHECK(allows(exact, "spiffe://cluster.local/ns/shop/sa/web"));
	CHECK(allows(FROM("principals: ['cluster.local/ns/shop/*']"), WEB));
	CHECK(!allows(FROM("notPrincipals: [cluster.local/ns/shop/sa/web]"), WEB));
	CHECK(!allows(FROM("principals: ['cluster.loc*']"), WEB));
	CHECK(allows(WHEN("key: source.principal, values: [cluster.local/ns/shop/sa/web]"), WEB));
	CHECK(!allows(FROM("trustDomains: [cluster.local]"), WEB));
}

static void service_accounts_are_of_the_policys_namespace_or_named(void)
{
	CHECK(allows(FROM("serviceAccounts: [web]"), WEB));
	CHECK(!allows(FROM("serviceAccounts: [web]"), OTHER));
	CHECK(allows(FROM("serviceAccounts: [other/web]"), OTHER));
	CHECK(allows(FROM("serviceAccounts: [web]"), FOREIGN));
	CHECK(!allows(FROM("serviceAccounts: [web]"), ODD));
	CHECK(allows(POLICY_IN("istio-system", "p",
			     "rules: [{from: [{source: "
			     "{notServiceAccounts: [web]}}]}]"),
		WEB));
}

static void trust_domains_are_compared(void)
{
	CHECK(allows(FROM("trustDomains: [prod.example]"), ODD));
	CHECK(!allows(FROM("trustDomains: [prod.example]"), FOREIGN));
	CHECK(allows(FROM("trustDomains: ['*.example']"), FOREIGN));
	CHECK(allows(FROM("notTrustDomains: [prod.example]"), FOREIGN));
}

static void a_plain_peer_matches_nothing_and_so_every_not_form(void)
{
	static const char *const fields[] = {"principals: ['*']", "namespaces: ['*']",
		"serviceAccounts: [web]", "trustDomains: ['*']"};
	static const char *const not_fields[] = {"notPrincipals: ['*']", "notNamespaces: ['*']",
		"notServiceAccounts: [web]", "notTrustDomains: ['*']"};

	for (size_t i = 0; i < RF_ARRAY_LEN(fields); i++) {
		AUTO_BUF text = {.data = NULL};

		rf_buf_addf(&text, FROM("%s"), fields[i]);
		CHECKF(!allows(rf_buf_cstr(&text), PLAIN), "%s", fields[i]);
		rf_buf_clear(&text);
		rf_buf_addf(&text, DENIES("%s"), not_fields[i]);
		CHECKF(!allows(rf_buf_cstr(&text), PLAIN), "%s", not_fields[i]);
		CHECKF(allows(rf_buf_cstr(&text), WEB), "%s", not_fields[i]);
	}
}

static void an_identity_of_another_form_has_no_namespace(void)
{
	CHECK(!allows(FROM("namespaces: ['*']"), ODD));
	CHECK(allows(FROM("notNamespaces: [shop]"), ODD));
	CHECK(!allows(FROM("namespaces: [shop]"), "spiffe://prod.example/x/ns/shop/sa/web"));
	CHECK(allows(FROM("principals: [prod.example/vm/laptop]"), ODD));
}

static void blocks_are_of_either_family(void)
{
	struct authz_peer peer = peer_of(WEB);

	peer.source = ip_of("fd00::1");
	peer.remote = ip_of("192.0.2.7");
	CHECK(allows_peer(FROM("ipBlocks: ['fd00::/64']"), &peer));
	CHECK(!allows_peer(FROM("ipBlocks: [0.0.0.0/0]"), &peer));
	CHECK(allows_peer(FROM("notIpBlocks: [0.0.0.0/0]"), &peer));
	CHECK(allows_peer(FROM("remoteIpBlocks: [192.0.2.0/24]"), &peer));
	CHECK(!allows_peer(FROM("notRemoteIpBlocks: [192.0.2.7]"), &peer));
	CHECK(allows_peer(WHEN("key: destination.ip, values: [10.0.0.9]"), &peer));
	CHECK(allows_peer(WHEN("key: source.ip, values: ['fd00::1']"), &peer));
	CHECK(!allows_peer(WHEN("key: remote.ip, notValues: [192.0.2.7]"), &peer));
}

static void an_unknown_address_is_in_no_block(void)
{
	struct authz_peer peer = peer_of(WEB);

	peer.source = ip_of(NULL);
	CHECK(!allows_peer(FROM("ipBlocks: [0.0.0.0/0, '::/0']"), &peer));
	CHECK(allows_peer(FROM("notIpBlocks: [0.0.0.0/0, '::/0']"), &peer));
}

/* --- operations and conditions --- */

static void ports_are_the_workloads(void)
{
	CHECK(allows(TO("ports: ['80', '8080']"), PLAIN) && !allows(TO("ports: ['80']"), PLAIN));
	CHECK(!allows(TO("notPorts: ['8080']"), PLAIN) && allows(TO("notPorts: ['80']"), PLAIN));
	CHECK(allows(WHEN("key: destination.port, values: ['8080']"), PLAIN));
	CHECK(!allows(WHEN("key: destination.port, values: ['8080'], notValues: ['8080']"), PLAIN));
}

static void a_server_name_that_is_absent_matches_no_value(void)
{
	struct authz_peer peer = peer_of(WEB);

	CHECK(!allows_peer(WHEN("key: connection.sni, values: ['*']"), &peer));
	CHECK(allows_peer(WHEN("key: connection.sni, notValues: ['*']"), &peer));
	peer.sni = RF_STR("db.shop.svc");
	CHECK(allows_peer(WHEN("key: connection.sni, values: ['*.svc']"), &peer));
}

static void conditions_are_and(void)
{
	CHECK(allows(WHEN("key: source.namespace, values: [shop]}, {key: source.principal, values: "
			  "['*/web']"),
		WEB));
	CHECK(!allows(WHEN("key: source.namespace, values: [shop]}, {key: source.principal, "
			   "values: ['*/web']"),
		DB));
	CHECK(allows(WHEN("key: source.serviceAccount, values: [web]"), WEB));
}

/* --- HTTP on a connection --- */

static void http_is_matched_in_a_denial(void)
{
	static const char post[] =
		POLICY("p", "action: DENY, rules: [{to: [{operation: {methods: [POST], ports: "
			    "['8080']}}]}]");

	CHECK(!allows(post, WEB));
	CHECK(!allows(
		POLICY("p", "action: DENY, rules: [{to: [{operation: {notPaths: [/]}}]}]"), WEB));
	CHECK(allows(POLICY("p", "action: DENY, rules: [{to: [{operation: {methods: [POST], "
				 "ports: ['80']}}]}]"),
		WEB));
	CHECK(!allows(POLICY("p", "action: DENY, rules: [{when: [{key: 'request.headers[x]', "
				  "values: [a]}]}]"),
		WEB));
}

static void a_rule_of_an_allow_policy_with_http_never_matches(void)
{
	CHECK(!allows(TO("methods: [GET], ports: ['8080']"), WEB));
	CHECK(!allows(TO("notMethods: [GET]"), WEB));
	CHECK(!allows(WHEN("key: 'request.headers[x]', notValues: [a]"), WEB));
	CHECK(!allows(TO("ports: ['8080']}}, {operation: {hosts: [a]"), WEB));
	CHECK(allows(POLICY("p", "rules: [{to: [{operation: {methods: [GET]}}]}, {to: "
				 "[{operation: {ports: ['8080']}}]}]"),
		WEB));
}

/* --- what decides nothing --- */

static void an_audit_decides_nothing_and_is_named(void)
{
	AUTO_MESH_WORLD w;
	struct authz_peer peer = peer_of(WEB);
	struct authz_verdict v;

	mesh_world_load(&w, POLICY("a", "action: AUDIT, rules: [{from: [{source: {namespaces: "
					"[shop]}}]}]"));
	v = authz_judge(w.authz, &peer);
	CHECK(v.allowed && v.reason == AUTHZ_NO_POLICY);
	CHECK(v.audit_policy == w.set.objects.items[0]);
	peer = peer_of(OTHER);
	CHECK(!authz_judge(w.authz, &peer).audit_policy);
}

struct dry {
	bool allowed, told, dry_allowed;
	uint32_t rule;
};

static struct dry dry_of(const char *text, const char *id)
{
	AUTO_MESH_WORLD w;
	struct authz_peer peer = peer_of(id);
	struct authz_verdict v;

	mesh_world_load(&w, text);
	v = authz_judge(w.authz, &peer);
	CHECK(!v.dry_policy || v.dry_policy->authorization_policy->dry_run);
	return (struct dry){v.allowed, v.dry_policy != NULL, v.dry_allowed, v.dry_rule};
}

static void dry_run_decides_nothing_and_tells_what_would_change(void)
{
	struct dry d = dry_of(DRY_POLICY("d", "action: DENY, rules: [{}]"), WEB);

	CHECK(d.allowed && d.told && !d.dry_allowed && d.rule == 0);
	d = dry_of(DRY_POLICY("d", "rules: [{from: [{source: {namespaces: [x]}}]}]"), WEB);
	CHECK(d.allowed && d.told && !d.dry_allowed && d.rule == AUTHZ_NO_RULE);
	d = dry_of(DRY_POLICY("d", "rules: [{}]") POLICY("p", ""), WEB);
	CHECK(!d.allowed && d.told && d.dry_allowed && d.rule == 0);
}

static void dry_run_that_changes_nothing_is_not_told(void)
{
	CHECK(!dry_of(DRY_POLICY("d", "rules: [{}]") POLICY("p", "rules: [{}]"), WEB).told);
	CHECK(!dry_of(DRY_POLICY("d", "action: DENY, rules: [{}]")
			      POLICY("p", "action: DENY, rules: [{}]"),
		WEB)
			.told);
	CHECK(!dry_of(DRY_POLICY("d", "") POLICY("p", ""), WEB).told);
	CHECK(!dry_of(DRY_POLICY("d", "action: DENY"), WEB).told);
	CHECK(!dry_of(DRY_POLICY("d", "action: AUDIT, rules: [{}]"), WEB).told);
}

/* --- words --- */

static void text_is(const char *text, const char *id, const char *want)
{
	AUTO_MESH_WORLD w;
	struct authz_peer peer = peer_of(id);
	AUTO_BUF out = {.data = NULL};
	struct authz_verdict v;

	mesh_world_load(&w, text);
	v = authz_judge(w.authz, &peer);
	authz_verdict_text(&v, &out);
	CHECK_STR(rf_buf_cstr(&out), want);
}

static void a_verdict_says_who_decided_and_where(void)
{
	text_is(POLICY("p", "rules: [{from: [{source: {namespaces: [x]}}]}, {}]"), WEB,
		"AuthorizationPolicy shop/p, rule 1 (p.yaml:4:55)");
	text_is("", WEB, "no DENY policy matches, and there is no ALLOW policy");
	text_is(POLICY("p", ""), WEB,
		"no rule of AuthorizationPolicy shop/p (p.yaml:1:1) matches, the only ALLOW "
		"policy");
	text_is(POLICY("p", "") POLICY("q", ""), WEB,
		"no rule of the 2 ALLOW policies matches, the first of which is "
		"AuthorizationPolicy shop/p (p.yaml:1:1)");
}

static void what_is_no_identity_is_a_plain_peer(void)
{
	CHECK(!allows(FROM("principals: ['*']"), "https://prod.example/ns/shop/sa/web"));
	CHECK(!allows(FROM("principals: ['*']"), ""));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(without_policies_all_is_allowed);
	RUN(an_allow_policy_without_rules_denies_all);
	RUN(an_empty_rule_matches_everything);
	RUN(a_denial_without_rules_never_matches);
	RUN(a_denial_is_asked_before_what_allows);
	RUN(the_first_rule_that_matches_is_named);
	RUN(policies_add_up);
	RUN(a_policy_stays_in_its_namespace);
	RUN(the_root_namespace_spans_the_mesh);
	RUN(a_selector_chooses_the_workload);
	RUN(entries_of_a_list_are_or_and_fields_are_and);
	RUN(sources_are_or);
	RUN(from_to_and_when_are_and);
	RUN(strings_are_exact_or_have_one_star);
	RUN(principals_have_no_scheme);
	RUN(cluster_local_stands_for_the_own_trust_domain_too);
	RUN(service_accounts_are_of_the_policys_namespace_or_named);
	RUN(trust_domains_are_compared);
	RUN(a_plain_peer_matches_nothing_and_so_every_not_form);
	RUN(an_identity_of_another_form_has_no_namespace);
	RUN(blocks_are_of_either_family);
	RUN(an_unknown_address_is_in_no_block);
	RUN(ports_are_the_workloads);
	RUN(a_server_name_that_is_absent_matches_no_value);
	RUN(conditions_are_and);
	RUN(http_is_matched_in_a_denial);
	RUN(a_rule_of_an_allow_policy_with_http_never_matches);
	RUN(an_audit_decides_nothing_and_is_named);
	RUN(dry_run_decides_nothing_and_tells_what_would_change);
	RUN(dry_run_that_changes_nothing_is_not_told);
	RUN(a_verdict_says_who_decided_and_where);
	RUN(what_is_no_identity_is_a_plain_peer);
	return TAP_END();
}
