/* How the ends of a connection are named, and what is said when a name leads nowhere. */
#include "tests/unit/policy/policy_test.h"

#define WORKLOAD(kind, ns, name, spec)                                                          \
	"---\napiVersion: apps/v1\nkind: " kind "\nmetadata: {name: " name ", namespace: " ns   \
	"}\nspec: {" spec "selector: {matchLabels: {w: " name "}}, template: {metadata: "       \
	"{labels: {w: " name "}}, spec: {containers: [{name: c, image: i, ports: [{name: web, " \
	"containerPort: 8080}, {name: dns, containerPort: 53, protocol: UDP}]}]}}}\n"

#define MODEL                                                   \
	WORKLOAD("Deployment", "x", "api", "replicas: 2, ")     \
	WORKLOAD("StatefulSet", "x", "db", "serviceName: db, ") \
	WORKLOAD("Deployment", "x", "twin", "")                 \
	WORKLOAD("DaemonSet", "x", "twin", "")                  \
	POD("x", "solo", "app: solo", "10.0.0.1")               \
	POD_FULL("x", "six", "", "", "", "podIP: 'fd00::1'")    \
	POD_FULL("x", "gone", "", "", "", "phase: Failed, podIP: 10.0.0.3")

struct names {
	struct world world;
	struct policy_refs refs;
	struct policy_ref ref;
	struct rf_err err;
};

static void names_done(struct names *n)
{
	policy_refs_done(&n->refs);
	world_done(&n->world);
}
#define AUTO_NAMES CLEANUP(names_done) struct names

static void names_load(struct names *n, const char *text)
{
	*n = (struct names){.err = {.code = RF_OK}};
	if (!world_load(&n->world, rf_str_of(text), "test.yaml") ||
		policy_refs_init(&n->refs, n->world.policy) != RF_OK) {
		world_say(&n->world);
		abort();
	}
}

static int parse(struct names *n, const char *text)
{
	n->err = (struct rf_err){.code = RF_OK};
	return policy_ref_parse(&n->refs, rf_str_of(text), &n->ref, &n->err);
}

static struct rf_str pod_name(const struct names *n)
{
	return n->ref.pod == POLICY_NO_POD ? RF_STR("(none)")
					   : n->world.pods.list.items[n->ref.pod].name;
}

/* Pairs of from and to by name; 0 and err set when there are none. */
static unsigned pairs(struct names *n, const char *from, const char *to, struct policy_ends ret[2])
{
	struct policy_ref first;

	CHECK_INT(parse(n, from), RF_OK);
	first = n->ref;
	CHECK_INT(parse(n, to), RF_OK);
	return policy_ref_pairs(n->world.policy, &first, &n->ref, ret, &n->err);
}

static void a_pod_is_named_by_namespace_and_name(void)
{
	AUTO_NAMES n;

	names_load(&n, MODEL);
	CHECK_INT(parse(&n, "x/solo"), RF_OK);
	CHECK(!n.ref.is_ip && rf_str_is(pod_name(&n), "solo"));
	CHECK_INT(parse(&n, "x/db-0"), RF_OK);
	CHECK(rf_str_is(pod_name(&n), "db-0"));
}

static void a_workload_is_named_with_or_without_its_kind(void)
{
	static const char *const forms[] = {"x/api", "x/Deployment/api", "x/deployment/api",
		"x/deploy/api", "x/deployments/api"};
	AUTO_NAMES n;

	names_load(&n, MODEL);
	for (size_t i = 0; i < RF_ARRAY_LEN(forms); i++) {
		CHECKF(parse(&n, forms[i]) == RF_OK, "%s: %s", forms[i], n.err.msg);
		CHECK(rf_str_starts(pod_name(&n), RF_STR("api-")));
		CHECK(n.ref.other != POLICY_NO_POD && n.ref.other != n.ref.pod);
	}
	CHECK_INT(parse(&n, "x/sts/db"), RF_OK);
	CHECK(rf_str_is(pod_name(&n), "db-0") && n.ref.other == POLICY_NO_POD);
	CHECK_INT(parse(&n, "x/Pod/solo"), RF_OK);
}

static void a_name_of_two_workloads_needs_its_kind(void)
{
	AUTO_NAMES n;

	names_load(&n, MODEL);
	CHECK_INT(parse(&n, "x/twin"), RF_EINPUT);
	CHECK_STR(n.err.msg, "\"x/twin\" names more than one workload: say namespace/Kind/name");
	CHECK_INT(parse(&n, "x/ds/twin"), RF_OK);
	CHECK_INT(parse(&n, "x/deploy/twin"), RF_OK);
}

static void an_address_is_named_as_it_is(void)
{
	AUTO_NAMES n;

	names_load(&n, MODEL);
	CHECK_INT(parse(&n, "192.0.2.1"), RF_OK);
	CHECK(n.ref.is_ip && n.ref.ip.family == RF_IPV4 && n.ref.pod == POLICY_NO_POD);
	CHECK_INT(parse(&n, "2001:db8::1"), RF_OK);
	CHECK(n.ref.is_ip && n.ref.ip.family == RF_IPV6);
}

static void says(struct names *n, const char *text, int code, const char *want, int line)
{
	int rc = parse(n, text);

	tap_check(rc == code, __FILE__, line, "%s gives %d, want %d", text, rc, code);
	tap_check_str(n->err.msg, want, __FILE__, line);
}
#define SAYS(text, code, want) says(&n, text, code, want, __LINE__)

static void what_leads_nowhere_is_said_so(void)
{
	AUTO_NAMES n;

	names_load(&n, MODEL);
	SAYS("", RF_EINPUT, "\"\" is not namespace/pod, namespace/Kind/name or an IP address");
	SAYS("solo", RF_EINPUT,
		"\"solo\" is not namespace/pod, namespace/Kind/name or an IP address");
	SAYS("10.0.0.1/32", RF_EABSENT, "no pod or workload \"10.0.0.1/32\" in the manifests");
	SAYS("x/nobody", RF_EABSENT, "no pod or workload \"x/nobody\" in the manifests");
	SAYS("y/solo", RF_EABSENT, "no pod or workload \"y/solo\" in the manifests");
	SAYS("x/Deployment/none", RF_EABSENT, "no Deployment \"none\" in namespace \"x\"");
	SAYS("x/Deployment/db", RF_EABSENT, "no Deployment \"db\" in namespace \"x\"");
	SAYS("x/Service/api", RF_EINPUT,
		"\"x/Service/api\": \"Service\" is not a kind of workload");
	SAYS("x/Thing/api", RF_EINPUT, "\"x/Thing/api\": \"Thing\" is not a kind of workload");
	SAYS("x/Deployment/api/1", RF_EABSENT, "no Deployment \"api/1\" in namespace \"x\"");
	SAYS("/", RF_EABSENT, "no pod or workload \"/\" in the manifests");
	SAYS("//", RF_EINPUT, "\"//\": \"\" is not a kind of workload");
}

static void a_workload_speaks_to_itself_through_two_of_its_pods(void)
{
	struct policy_ends ends[2];
	AUTO_NAMES n;

	names_load(&n, MODEL NP("x", "np", "podSelector: {}"));
	CHECK_INT(pairs(&n, "x/api", "x/api", ends), 1);
	CHECK(ends[0].from.pod != ends[0].to.pod);
	CHECK_INT(pairs(&n, "x/db", "x/db", ends), 1);
	CHECK(ends[0].from.pod == ends[0].to.pod);
}

static void pairs_are_one_for_each_common_family(void)
{
	const char *text = POD_FULL(
		"x", "dual", "", "", "", "podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]")
		POD_FULL("x", "too", "", "", "", "podIPs: [{ip: 'fd00::2'}, {ip: 10.0.0.2}]")
			POD("x", "four", "", "10.0.0.4") POD_FULL("x", "none", "", "", "", "");
	struct policy_ends ends[2];
	AUTO_NAMES n;

	names_load(&n, text);
	CHECK_INT(pairs(&n, "x/dual", "x/too", ends), 2);
	CHECK(ends[0].from.ip.family == RF_IPV4 && ends[0].to.ip.family == RF_IPV4);
	CHECK(ends[1].from.ip.family == RF_IPV6 && ends[1].to.ip.family == RF_IPV6);
	CHECK_INT(pairs(&n, "x/dual", "x/four", ends), 1);
	CHECK(ends[0].from.ip.family == RF_IPV4);
	CHECK_INT(pairs(&n, "x/dual", "2001:db8::1", ends), 1);
	CHECK(ends[0].from.ip.family == RF_IPV6);
	CHECK_INT(pairs(&n, "x/none", "x/none", ends), 1);
	CHECK(ends[0].from.ip.family == RF_FAMILY_NONE);
	CHECK_INT(pairs(&n, "x/none", "10.1.1.1", ends), 1);
	CHECK_INT(pairs(&n, "x/none", "x/dual", ends), 2);
}

static void ends_without_a_common_family_cannot_speak(void)
{
	struct policy_ends ends[2];
	AUTO_NAMES n;

	names_load(&n, MODEL);
	CHECK_INT(pairs(&n, "x/solo", "x/six", ends), 0);
	CHECK_STR(n.err.msg, "the two ends have no IP family in common");
	CHECK_INT(pairs(&n, "192.0.2.1", "2001:db8::1", ends), 0);
	CHECK_STR(n.err.msg, "the two ends have no IP family in common");
}

static void a_finished_pod_is_no_end(void)
{
	struct policy_ends ends[2];
	AUTO_NAMES n;

	names_load(&n, MODEL);
	CHECK_INT(pairs(&n, "x/gone", "x/solo", ends), 0);
	CHECK_STR(n.err.msg, "the pod has finished and holds no address");
	CHECK_INT(pairs(&n, "x/solo", "x/gone", ends), 0);
	CHECK_STR(n.err.msg, "the pod has finished and holds no address");
}

/* --- questions --- */

static int judge(
	struct names *n, const char *pair, const struct policy_ask *ask, struct policy_verdict *ret)
{
	struct policy_question q = {.ask = *ask};
	struct policy_answer answer;
	struct rf_str first, second = rf_str_cut(rf_str_of(pair), ' ', &first);
	int rc;

	n->err = (struct rf_err){.code = RF_OK};
	CHECK_INT(policy_ref_parse(&n->refs, first, &q.from, &n->err), RF_OK);
	CHECK_INT(policy_ref_parse(&n->refs, second, &q.to, &n->err), RF_OK);
	rc = policy_ref_judge(n->world.policy, &q, &answer, &n->err);
	if (rc == RF_OK)
		*ret = answer.verdict;
	return rc;
}

static void a_named_port_may_be_asked_for(void)
{
	struct policy_ask ask = {.name = RF_STR("web")};
	struct policy_verdict v;
	AUTO_NAMES n;

	names_load(&n, MODEL NP("x", "np",
			       "podSelector: {matchLabels: {w: api}}, ingress: [{ports: [{port: "
			       "8080}]}]"));
	CHECK(judge(&n, "x/solo x/api", &ask, &v) == RF_OK && v.allowed);
	ask.name = RF_STR("dns");
	CHECK_INT(judge(&n, "x/solo x/api", &ask, &v), RF_EABSENT);
	CHECK_STR(n.err.msg, "the destination has no port named \"dns\"");
	ask.any_proto = true;
	CHECK(judge(&n, "x/solo x/api", &ask, &v) == RF_OK && !v.allowed && v.egress);
	CHECK_INT(judge(&n, "x/api x/solo", &ask, &v), RF_EABSENT);
	CHECK_INT(judge(&n, "x/api 192.0.2.1", &ask, &v), RF_EABSENT);
}

static void any_port_of_a_protocol_may_be_asked_for(void)
{
	struct policy_ask ask = {.any_port = true, .proto = POLICY_UDP};
	struct policy_verdict v;
	AUTO_NAMES n;

	names_load(&n, MODEL NP("x", "np",
			       "podSelector: {matchLabels: {w: api}}, ingress: [{ports: [{port: "
			       "8080}]}]"));
	CHECK(judge(&n, "x/solo x/api", &ask, &v) == RF_OK && !v.allowed);
	ask.proto = POLICY_TCP;
	CHECK(judge(&n, "x/solo x/api", &ask, &v) == RF_OK && v.allowed);
	ask = (struct policy_ask){.any_proto = true};
	CHECK(judge(&n, "x/solo x/api", &ask, &v) == RF_OK && v.allowed);
}

static void directions_that_meet_in_no_port_allow_none(void)
{
	struct policy_ask ask = {.any_proto = true};
	struct policy_verdict v;
	AUTO_NAMES n;

	names_load(&n, MODEL NP("x", "in",
			       "podSelector: {matchLabels: {w: api}}, ingress: [{ports: [{port: "
			       "80}]}]") NP("x", "out",
			       "podSelector: {matchLabels: {app: solo}}, policyTypes: [Egress], "
			       "egress: [{ports: [{port: 81}]}]"));
	CHECK_INT(judge(&n, "x/solo x/api", &ask, &v), RF_OK);
	CHECK(v.egress && v.ingress && !v.allowed);
}

static void one_family_that_is_allowed_is_enough(void)
{
	struct policy_ask ask = {.proto = POLICY_TCP, .port = 80};
	struct policy_verdict v;
	AUTO_NAMES n;

	names_load(&n, POD_FULL("x", "a", "", "", "", "podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]")
			       POD_FULL("x", "b", "", "", "",
				       "podIPs: [{ip: 10.0.0.2}, {ip: 'fd00::2'}]") NP("x", "np",
				       "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: "
				       "'fd00::/8'}}]}]"));
	CHECK(judge(&n, "x/a x/b", &ask, &v) == RF_OK && v.allowed);
	CHECK(judge(&n, "10.0.0.1 x/b", &ask, &v) == RF_OK && !v.allowed);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_pod_is_named_by_namespace_and_name);
	RUN(a_workload_is_named_with_or_without_its_kind);
	RUN(a_name_of_two_workloads_needs_its_kind);
	RUN(an_address_is_named_as_it_is);
	RUN(what_leads_nowhere_is_said_so);
	RUN(a_workload_speaks_to_itself_through_two_of_its_pods);
	RUN(pairs_are_one_for_each_common_family);
	RUN(ends_without_a_common_family_cannot_speak);
	RUN(a_finished_pod_is_no_end);
	RUN(a_named_port_may_be_asked_for);
	RUN(any_port_of_a_protocol_may_be_asked_for);
	RUN(directions_that_meet_in_no_port_allow_none);
	RUN(one_family_that_is_allowed_is_enough);
	return TAP_END();
}
