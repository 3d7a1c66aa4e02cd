/* AuthorizationPolicy: what is taken, what is refused by name, what is warned of. */
#include "tests/unit/kube/kube_test.h"

#define SOURCE(fields)	  AUTHZ("rules: [{from: [{source: {\n" fields "}}]}]")
#define OPERATION(fields) AUTHZ("rules: [{to: [{operation: {\n" fields "}}]}]")
#define WHEN(fields)	  AUTHZ("rules: [{when: [{\n" fields "}]}]")

static const struct kube_authz_rule *first_rule(const struct loaded *l)
{
	const struct kube_object *o = loaded_first(l);

	return o ? o->authorization_policy->rules.items : NULL;
}

static void every_field_is_decoded(void)
{
	AUTO_LOADED l = loaded_of(AUTHZ(
		"selector: {matchLabels: {app: web}}, action: DENY, rules: [{from: [{source: "
		"{principals: [a], notPrincipals: [b, c], namespaces: [d], notNamespaces: [e], "
		"serviceAccounts: [f, x/g], notServiceAccounts: [h], trustDomains: [i], "
		"notTrustDomains: [j], ipBlocks: [10.0.0.1, 10.0.0.0/8], notIpBlocks: "
		"['fd00::/8'], "
		"remoteIpBlocks: ['::1'], notRemoteIpBlocks: [1.2.3.4/32]}}], to: [{operation: "
		"{ports: ['80', '443'], notPorts: ['1']}}], when: [{key: connection.sni, values: "
		"['*.x'], notValues: [a.x]}]}]"));
	const struct kube_authorization_policy *p;
	const struct kube_authz_source *s;
	const struct kube_authz_rule *r;
	char text[RF_CIDR_TEXT_SIZE];

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	p = loaded_first(&l)->authorization_policy;
	r = p->rules.items;
	CHECK(p->action == KUBE_AUTHZ_DENY && p->selector->match_labels.count == 1);
	s = ((const struct kube_authz_from *)r->from.items)->source;
	CHECK(s->principals.count == 1 && s->not_principals.count == 2);
	CHECK(s->namespaces.count == 1 && s->not_namespaces.count == 1);
	CHECK(s->service_accounts.count == 2 && s->not_service_accounts.count == 1);
	CHECK(s->trust_domains.count == 1 && s->not_trust_domains.count == 1);
	CHECK_STR(rf_cidr_text(&s->ip_blocks.items[0], text), "10.0.0.1/32");
	CHECK_STR(rf_cidr_text(&s->ip_blocks.items[1], text), "10.0.0.0/8");
	CHECK_STR(rf_cidr_text(&s->not_ip_blocks.items[0], text), "fd00::/8");
	CHECK_STR(rf_cidr_text(&s->remote_ip_blocks.items[0], text), "::1/128");
	CHECK_INT(s->not_remote_ip_blocks.count, 1);
	CHECK_INT(((const struct kube_authz_to *)r->to.items)->operation->ports.items[1], 443);
	CHECK(((const struct kube_authz_condition *)r->when.items)->key_id == KUBE_KEY_SNI);
	CHECK(!r->http && !p->dry_run);
}

static void both_versions_are_the_same_kind(void)
{
	AUTO_LOADED l = loaded_of(
		"apiVersion: security.istio.io/v1beta1\nkind: AuthorizationPolicy\nmetadata: "
		"{name: a}\nspec: {}\n---\napiVersion: security.istio.io/v1beta1\nkind: "
		"AuthorizationPolicyList\nitems: [{metadata: {name: b}}]\n");

	CHECK_STR(rf_buf_cstr(&l.said), "");
	CHECK_INT(l.set.objects.count, 2);
	SAYS("apiVersion: security.istio.io/v1alpha1\nkind: AuthorizationPolicy\nmetadata: "
	     "{name: a}\n",
		"1:1 apiVersion security.istio.io/v1alpha1 of AuthorizationPolicy is not served: "
		"use security.istio.io/v1\n");
}

static void the_policy_of_another_mesh_is_another_kind(void)
{
	SAYS("apiVersion: policy.linkerd.io/v1alpha1\nkind: AuthorizationPolicy\nmetadata: {name: "
	     "a}\n",
		"note 2:1 skipped: AuthorizationPolicy policy.linkerd.io/v1alpha1 is not known to "
		"Ringfence\n");
}

static void a_policy_without_spec_is_one_without_rules(void)
{
	AUTO_LOADED l = loaded_of("apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
				  "metadata: {name: a}\n");

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l) && loaded_first(&l)->authorization_policy);
	CHECK_INT(loaded_first(&l)->authorization_policy->rules.count, 0);
	CHECK(loaded_first(&l)->authorization_policy->action == KUBE_AUTHZ_ALLOW);
}

static void what_cannot_be_enforced_is_refused_by_name(void)
{
	SAYS(AUTHZ("action: CUSTOM, provider: {name: x}, rules: [{}]"),
		"5:17 provider cannot be enforced: external authorizers are not asked; use action "
		"ALLOW or DENY\n5:9 action CUSTOM cannot be enforced: external authorizers are not "
		"asked; use action ALLOW or DENY\n");
	SAYS(SOURCE("requestPrincipals: ['*']"),
		"6:1 requestPrincipals cannot be enforced: tokens of requests (JWT) are not read "
		"here, and a policy cannot be half enforced; take it out\n");
	REFUSES(SOURCE("notRequestPrincipals: ['*']"), "notRequestPrincipals cannot be enforced");
	REFUSES(AUTHZ("targetRefs: [{kind: Gateway, name: g}]"), "targetRefs cannot be enforced");
	REFUSES(AUTHZ("targetRef: {kind: Gateway, name: g}"), "targetRef cannot be enforced");
	SAYS(WHEN("key: 'request.auth.claims[iss]', values: [x]"),
		"6:6 request.auth.claims[iss] cannot be enforced: tokens of requests (JWT) are not "
		"read here, and a policy cannot be half enforced; take the condition out\n");
	REFUSES(WHEN("key: request.auth.principal, values: [x]"), "cannot be enforced");
	REFUSES(WHEN("key: request.auth.new, values: [x]"), "cannot be enforced");
	REFUSES(WHEN("key: 'experimental.envoy.filters.a[b]', values: [x]"), "there is no Envoy");
	LOADS(AUTHZ("targetRefs: []"));
	LOADS(SOURCE("principals: [a], requestPrincipals: []"));
}

static void actions_and_fields_are_those_of_the_API(void)
{
	REFUSES(AUTHZ("action: deny"), "expected one of ALLOW, DENY, AUDIT, CUSTOM");
	REFUSES(AUTHZ("rule: []"), "did you mean \"rules\"?");
	REFUSES(AUTHZ("selector: {matchExpressions: []}"), "unknown field \"matchExpressions\"");
	REFUSES(AUTHZ("selector: {matchLabels: {'a b': x}}"), "is not a label key");
	REFUSES(SOURCE("principal: [a]"), "did you mean \"principals\"?");
	REFUSES(OPERATION("port: ['80']"), "did you mean \"ports\"?");
	SAYS(AUTHZ("rules: [{from: [{principals: [a]}]}]"),
		"5:18 unknown field \"principals\" in Rule.From\n"
		"5:17 Rule.From needs the field \"source\"\n");
}

static void an_empty_source_or_operation_is_never_any(void)
{
	SAYS(AUTHZ("rules: [{from: [{source: {}}]}]"),
		"5:26 an empty source would not mean \"any\": fill one of its lists, or leave it "
		"out\n");
	REFUSES(AUTHZ("rules: [{from: [{source: {principals: []}}]}]"), "an empty source");
	REFUSES(AUTHZ("rules: [{to: [{operation: {ports: null}}]}]"), "an empty operation");
	REFUSES(AUTHZ("rules: [{from: [{}]}]"), "needs the field \"source\"");
	REFUSES(AUTHZ("rules: [{to: [{}]}]"), "needs the field \"operation\"");
	REFUSES(AUTHZ("rules: [{from: []}]"), "an empty \"from\" would not mean \"any\"");
	REFUSES(AUTHZ("rules: [{to: []}]"), "an empty \"to\" would not mean \"any\"");
	LOADS(AUTHZ("rules: [{from: null, to: null, when: []}]"));
}

static void strings_that_can_never_match_are_refused(void)
{
	SAYS(SOURCE("principals: [a, '']"), "6:17 an empty string matches nothing: take it out "
					    "(\"*\" is anything but empty)\n");
	SAYS(SOURCE("namespaces: ['a*b']"), "6:14 \"a*b\" can never match: '*' may only be the "
					    "first or the last character\n");
	REFUSES(SOURCE("notNamespaces: ['*a*']"), "can never match");
	REFUSES(SOURCE("trustDomains: ['**']"), "can never match");
	REFUSES(SOURCE("notPrincipals: ['spiffe://a/ns/b/sa/c']"), "leave \"spiffe://\" out");
	REFUSES(WHEN("key: source.principal, values: ['spiffe://a']"), "leave \"spiffe://\" out");
	REFUSES(WHEN("key: connection.sni, notValues: ['a*b']"), "can never match");
	REFUSES(SOURCE("principals: [7]"), "quote it");
	LOADS(SOURCE("principals: ['*', 'a*', '*a', a]"));
}

static void service_accounts_have_no_wildcards(void)
{
	REFUSES(SOURCE("serviceAccounts: ['*']"), "a service account cannot have '*'");
	REFUSES(SOURCE("notServiceAccounts: [shop/web*]"), "a service account cannot have '*'");
	REFUSES(SOURCE("serviceAccounts: [a/b/c]"), "is not a service account");
	REFUSES(SOURCE("serviceAccounts: [A]"), "is not a service account");
	REFUSES(SOURCE("serviceAccounts: ['/a']"), "is not a service account");
	REFUSES(SOURCE("serviceAccounts: ['']"), "is not a service account");
	REFUSES(WHEN("key: source.serviceAccount, values: ['a*']"), "cannot have '*'");
}

static void blocks_and_ports_are_checked(void)
{
	SAYS(SOURCE("ipBlocks: [10.0.0.0/8, 10.0.0.256]"),
		"6:24 \"10.0.0.256\" is not an address or a block of addresses: expected one such "
		"as 10.1.2.3, 10.0.0.0/8 or fd00::/8\n");
	REFUSES(SOURCE("remoteIpBlocks: [10.0.0.0/33]"), "is not an address");
	REFUSES(SOURCE("ipBlocks: 10.0.0.0/8"), "expected a list of strings");
	REFUSES(WHEN("key: source.ip, values: [x]"), "is not an address");
	SAYS(OPERATION("ports: [80]"),
		"6:9 field \"ports\": expected a string, found an integer (80): quote it\n");
	REFUSES(OPERATION("ports: ['0']"), "expected a number from 1 to 65535");
	REFUSES(OPERATION("notPorts: [http]"), "expected a number from 1 to 65535");
	REFUSES(WHEN("key: destination.port, values: ['65536']"), "is not a port");
}

static void conditions_need_a_known_key_and_a_value(void)
{
	REFUSES(WHEN("values: [a]"), "Condition needs the field \"key\"");
	REFUSES(WHEN("key: source.ip"), "a condition needs an entry in values or in notValues");
	REFUSES(WHEN("key: source.ip, values: [], notValues: null"), "needs an entry");
	REFUSES(WHEN("key: source.namespaces, values: [a]"), "did you mean \"source.namespace\"?");
	REFUSES(WHEN("key: moon.phase, values: [a]"), "unknown key \"moon.phase\": expected");
	REFUSES(WHEN("key: destination.ip, values: [7]"), "expected a string");
	REFUSES(WHEN("key: 'request.headers[]', values: [a]"), "needs a name in brackets");
	REFUSES(WHEN("key: request.headers, values: [a]"), "needs a name in brackets");
}

static void fields_of_http_are_warned_of(void)
{
	SAYS(OPERATION("ports: ['80'], methods: [GET], paths: [/x]"),
		"6:16 \"methods\" is of HTTP: on a TCP connection, this rule of an ALLOW policy "
		"never matches\n");
	SAYS(AUTHZ("action: DENY, rules: [{to: [{operation: {notHosts: [a]}}]}]"),
		"5:42 \"notHosts\" is of HTTP: on a TCP connection, it counts as matched in this "
		"DENY policy\n");
	SAYS(AUTHZ("action: AUDIT, rules: [{when: [{key: 'request.headers[x]', values: [a]}]}]"),
		"5:33 \"request.headers[x]\" is of HTTP: on a TCP connection, it counts as matched "
		"in this AUDIT policy\n");
	REFUSES(OPERATION("methods: ['']"), "an empty string matches nothing");
	LOADS(OPERATION("ports: ['80'], methods: []"));
}

static void rules_with_http_are_marked(void)
{
	AUTO_LOADED l = loaded_of(AUTHZ("rules: [{to: [{operation: {ports: ['1']}}, {operation: "
					"{paths: [/]}}]}, {}]"));

	REQUIRE(first_rule(&l));
	CHECK(first_rule(&l)[0].http && !first_rule(&l)[1].http);
}

static void a_denial_without_rules_is_warned_of(void)
{
	SAYS(AUTHZ("action: DENY"),
		"1:1 DENY without rules never matches: rules: [{}] matches everything\n");
	SAYS(AUTHZ("action: AUDIT, rules: []"),
		"1:1 AUDIT without rules never matches: rules: [{}] matches everything\n");
}

#define DRY(value)                                                                          \
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a, " \
	"annotations: {istio.io/dry-run: '" value "'}}\n"

static bool is_dry(const char *text)
{
	AUTO_LOADED l = loaded_of(text);

	CHECK_STR(rf_buf_cstr(&l.said), "");
	return loaded_first(&l) && loaded_first(&l)->authorization_policy->dry_run;
}

static void dry_run_is_a_boolean_in_an_annotation(void)
{
	CHECK(is_dry(DRY("true")) && is_dry(DRY("1")) && is_dry(DRY("True")));
	CHECK(!is_dry(DRY("false")) && !is_dry(DRY("0")) && !is_dry(AUTHZ("")));
	SAYS(DRY("yes"), "3:53 istio.io/dry-run: expected \"true\" or \"false\", found \"yes\"\n");
	REFUSES(DRY(""), "expected \"true\" or \"false\"");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(every_field_is_decoded);
	RUN(both_versions_are_the_same_kind);
	RUN(the_policy_of_another_mesh_is_another_kind);
	RUN(a_policy_without_spec_is_one_without_rules);
	RUN(what_cannot_be_enforced_is_refused_by_name);
	RUN(actions_and_fields_are_those_of_the_API);
	RUN(an_empty_source_or_operation_is_never_any);
	RUN(strings_that_can_never_match_are_refused);
	RUN(service_accounts_have_no_wildcards);
	RUN(blocks_and_ports_are_checked);
	RUN(conditions_need_a_known_key_and_a_value);
	RUN(fields_of_http_are_warned_of);
	RUN(rules_with_http_are_marked);
	RUN(a_denial_without_rules_is_warned_of);
	RUN(dry_run_is_a_boolean_in_an_annotation);
	return TAP_END();
}
