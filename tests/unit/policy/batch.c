/* Probes as lines: the forms that are understood, the answers, the errors. */
#include "policy/batch.h"

#include "kube/pods.h"
#include "tests/lib/tap.h"

static const char manifests[] =
	"apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: x}\n"
	"spec: {containers: [{name: m, image: m, ports: [{name: web, containerPort: 81}]}]}\n"
	"---\n"
	"apiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: x, labels: {app: b}}\n"
	"spec: {containers: [{name: m, image: m, ports: [{name: web, containerPort: 80}]}]}\n"
	"---\n"
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
	"metadata: {name: p, namespace: x}\n"
	"spec: {podSelector: {matchLabels: {app: b}}, ingress: [{ports: [{port: 80}]}]}\n";

struct model {
	struct kube_set set;
	struct kube_pods pods;
	struct policy *policy;
	struct policy_refs refs;
	struct policy_batch batch;
	struct rf_buf out;
};

static void model_done(struct model *m)
{
	rf_buf_done(&m->out);
	policy_batch_done(&m->batch);
	policy_refs_done(&m->refs);
	policy_free(m->policy);
	kube_pods_done(&m->pods);
	kube_set_done(&m->set);
}
#define AUTO_MODEL CLEANUP(model_done) struct model

static void model_init(struct model *m)
{
	struct rf_err err;

	*m = (struct model){.policy = NULL};
	REQUIRE(kube_set_init(&m->set, &err) == RF_OK);
	REQUIRE(kube_load_text(&m->set, rf_str_of(manifests), "model", NULL, &err) == RF_OK);
	REQUIRE(kube_pods_expand(&m->set, true, &m->pods, &err) == RF_OK);
	REQUIRE(policy_compile(&m->set, &m->pods, &m->policy, &err) == RF_OK);
	REQUIRE(policy_refs_init(&m->refs, m->policy) == RF_OK);
	REQUIRE(policy_batch_init(&m->batch, &m->refs) == RF_OK);
}

/* The line is answered by want, by the scanner and by the JSON reader alike. */
static void answers(struct model *m, const char *line, const char *want, int code)
{
	for (int slow = 0; slow < 2; slow++) {
		struct rf_err err;

		m->batch.slow_only = slow;
		rf_buf_clear(&m->out);
		CHECK_INT(policy_batch_line(&m->batch, rf_str_of(line), &m->out, &err), code);
		CHECK_STR(rf_buf_cstr(&m->out), want);
	}
}

#define ALLOWED "{\"allowed\":true,\"egress\":true,\"ingress\":true}\n"
#define DENIED	"{\"allowed\":false,\"egress\":true,\"ingress\":false}\n"

static void a_probe_is_answered_on_one_line(void)
{
	AUTO_MODEL m;

	model_init(&m);
	answers(&m, "{\"from\":\"x/a\",\"to\":\"x/b\",\"port\":80,\"protocol\":\"TCP\"}", ALLOWED,
		RF_OK);
	answers(&m, "{\"from\":\"x/a\",\"to\":\"x/b\",\"port\":81,\"protocol\":\"TCP\"}", DENIED,
		RF_OK);
}

static void keys_may_come_in_any_order_with_any_space(void)
{
	AUTO_MODEL m;

	model_init(&m);
	answers(&m, " { \"port\" : 80 ,\t\"to\" : \"x/b\", \"from\": \"x/a\" } \r", ALLOWED, RF_OK);
}

static void escapes_are_understood(void)
{
	AUTO_MODEL m;

	model_init(&m);
	answers(&m, "{\"from\":\"x\\/a\",\"to\":\"\\u0078/b\",\"port\":80}", ALLOWED, RF_OK);
}

static void the_protocol_is_tcp_when_it_is_not_said(void)
{
	AUTO_MODEL m;

	model_init(&m);
	answers(&m, "{\"from\":\"x/a\",\"to\":\"x/b\",\"port\":80}", ALLOWED, RF_OK);
	answers(&m, "{\"from\":\"x/a\",\"to\":\"x/b\",\"port\":80,\"protocol\":\"UDP\"}", DENIED,
		RF_OK);
	answers(&m, "{\"from\":\"x/a\",\"to\":\"x/b\",\"port\":80,\"protocol\":null}", ALLOWED,
		RF_OK);
}

static void without_a_port_any_port_of_the_protocol_is_meant(void)
{
	AUTO_MODEL m;

	model_init(&m);
	answers(&m, "{\"from\":\"x/a\",\"to\":\"x/b\"}", ALLOWED, RF_OK);
	answers(&m, "{\"from\":\"x/a\",\"to\":\"x/b\",\"port\":null}", ALLOWED, RF_OK);
	answers(&m, "{\"from\":\"x/a\",\"to\":\"x/b\",\"protocol\":\"UDP\"}", DENIED, RF_OK);
	answers(&m, "{\"from\":\"x/a\",\"to\":\"x/b\",\"protocol\":\"ICMP\"}", DENIED, RF_OK);
}

static void a_named_port_is_the_destinations(void)
{
	AUTO_MODEL m;

	model_init(&m);
	answers(&m, "{\"from\":\"x/a\",\"to\":\"x/b\",\"port\":\"web\"}", ALLOWED, RF_OK);
	answers(&m, "{\"from\":\"x/a\",\"to\":\"x/b\",\"port\":\"ftp\"}",
		"{\"error\":\"the destination has no port named \\\"ftp\\\"\"}\n", RF_EABSENT);
}

static void what_cannot_be_answered_is_an_error_on_its_line(void)
{
	AUTO_MODEL m;

	model_init(&m);
	answers(&m, "{\"from\":\"x/c\",\"to\":\"x/b\"}",
		"{\"error\":\"no pod or workload \\\"x/c\\\" in the manifests\"}\n", RF_EABSENT);
	answers(&m, "{\"from\":\"x/a\"}", "{\"error\":\"to is missing\"}\n", RF_EINPUT);
	answers(&m, "{\"from\":\"x/a\",\"to\":\"x/b\",\"port\":0}",
		"{\"error\":\"port: 0 is not between 1 and 65535\"}\n", RF_EINPUT);
	answers(&m, "{\"from\":\"x/a\",\"to\":\"x/b\",\"port\":65536}",
		"{\"error\":\"port: 65536 is not between 1 and 65535\"}\n", RF_EINPUT);
	answers(&m, "[]", "{\"error\":\"a line must be one JSON object\"}\n", RF_EINPUT);
}

static void a_line_that_is_too_long_is_refused(void)
{
	static char line[POLICY_BATCH_MAX_LINE + 2];
	AUTO_MODEL m;

	model_init(&m);
	memset(line, ' ', POLICY_BATCH_MAX_LINE + 1);
	answers(&m, line, "{\"error\":\"the line is longer than 65536 bytes\"}\n", RF_ELIMIT);
}

static void names_are_looked_up_once(void)
{
	AUTO_MODEL m;

	model_init(&m);
	answers(&m, "{\"from\":\"x/a\",\"to\":\"x/b\",\"port\":80}", ALLOWED, RF_OK);
	answers(&m, "{\"from\":\"x/b\",\"to\":\"x/a\",\"port\":80}", ALLOWED, RF_OK);
	CHECK_INT(m.batch.ends.count, 2);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_probe_is_answered_on_one_line);
	RUN(keys_may_come_in_any_order_with_any_space);
	RUN(escapes_are_understood);
	RUN(the_protocol_is_tcp_when_it_is_not_said);
	RUN(without_a_port_any_port_of_the_protocol_is_meant);
	RUN(a_named_port_is_the_destinations);
	RUN(what_cannot_be_answered_is_an_error_on_its_line);
	RUN(a_line_that_is_too_long_is_refused);
	RUN(names_are_looked_up_once);
	return TAP_END();
}
