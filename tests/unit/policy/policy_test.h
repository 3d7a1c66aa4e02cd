/* For tests of policies: manifests in flow style, and questions in one line. */
#ifndef TESTS_UNIT_POLICY_POLICY_TEST_H
#define TESTS_UNIT_POLICY_POLICY_TEST_H

#include "tests/lib/tap.h"
#include "tests/lib/world.h"

/* A Pod: labels, further fields of the spec and of its container, status. */
#define POD_FULL(ns, name, labels, spec, container, status)                                   \
	"---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: " ns ", name: " name           \
	", labels: {" labels "}}\nspec: {" spec "containers: [{name: c, image: i, " container \
	"}]}\nstatus: {" status "}\n"
#define POD(ns, name, labels, ip) POD_FULL(ns, name, labels, "", "", "podIP: " ip)
#define POD_PORTS(ns, name, labels, ip, ports) \
	POD_FULL(ns, name, labels, "", "ports: [" ports "]", "podIP: " ip)
#define NAMESPACE(name, labels) \
	"---\napiVersion: v1\nkind: Namespace\nmetadata: {name: " name ", labels: {" labels "}}\n"
#define NP(ns, name, spec)                                                                   \
	"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " name \
	", namespace: " ns "}\nspec: {" spec "}\n"

/* What is asked: "x/a y/b", with a protocol and a port. */
struct probe {
	struct policy_verdict verdict;
	bool valid;
};

static inline struct probe probe_world(
	struct world *w, const char *pair, enum policy_proto proto, uint16_t port)
{
	struct policy_question q = {.ask = {.proto = proto, .port = port}};
	struct policy_answer answer = {.verdict = {.allowed = false}};
	struct probe probe = {.valid = false};
	struct policy_refs refs;
	struct rf_str first, second;
	struct rf_err err = {.code = RF_OK};

	second = rf_str_cut(rf_str_of(pair), ' ', &first);
	probe.valid = policy_refs_init(&refs, w->policy) == RF_OK &&
		      policy_ref_parse(&refs, first, &q.from, &err) == RF_OK &&
		      policy_ref_parse(&refs, second, &q.to, &err) == RF_OK &&
		      policy_ref_judge(w->policy, &q, &answer, &err) == RF_OK;
	probe.verdict = answer.verdict;
	if (!probe.valid)
		tap_diag("%s: %s", pair, err.msg);
	policy_refs_done(&refs);
	return probe;
}

/* The verdict as a character: '+' allowed, 'e' only egress does, 'i' only ingress, '-' neither. */
static inline char verdict_of(
	const char *text, const char *pair, enum policy_proto proto, uint16_t port)
{
	AUTO_WORLD w;
	struct probe probe;

	if (!world_load(&w, rf_str_of(text), "test.yaml")) {
		world_say(&w);
		return '?';
	}
	probe = probe_world(&w, pair, proto, port);
	if (!probe.valid)
		return '?';
	if (probe.verdict.allowed)
		return '+';
	return probe.verdict.egress ? 'e' : probe.verdict.ingress ? 'i' : '-';
}

static inline void verdict_is(const char *text, const char *pair, enum policy_proto proto,
	uint16_t port, char want, int line)
{
	char got = verdict_of(text, pair, proto, port);

	tap_check(got == want, "policy", line, "%s %s %u is '%c', want '%c'", pair,
		policy_proto_name(proto), port, got, want);
}

/* TCP passes; egress passes but ingress does not; ingress but not egress; neither. */
#define PASSES(text, pair, port)     verdict_is(text, pair, POLICY_TCP, port, '+', __LINE__)
#define NO_INGRESS(text, pair, port) verdict_is(text, pair, POLICY_TCP, port, 'e', __LINE__)
#define NO_EGRESS(text, pair, port)  verdict_is(text, pair, POLICY_TCP, port, 'i', __LINE__)
#define VERDICT(text, pair, proto, port, want) \
	verdict_is(text, pair, POLICY_##proto, port, want, __LINE__)

#endif
