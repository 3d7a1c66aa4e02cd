/* `mesh`: its verbs, and the mesh's answer about two ends. */
#include "cmd/mesh.h"

static const struct opt_usage *const usages[] = {
	&mesh_explain_usage,
};

static int (*const verbs[])(int argc, char **argv) = {mesh_explain};

static const struct opt_group group = {
	.verb = "mesh",
	.summary = "who speaks with which identity, and which policy lets it",
	.text = "Reads Istio's PeerAuthentication and AuthorizationPolicy (security.istio.io/v1 "
		"and "
		"v1beta1) beside the workloads, and says what they mean for a connection: nothing "
		"is run, nothing is sent, no privilege is needed.\n\n"
		"A pod is in the mesh when its label or annotation sidecar.istio.io/inject says "
		"true, or when it says nothing and its namespace has the label istio-injection: "
		"enabled. Pods in the mesh speak mTLS to each other, unless the mode at the port "
		"is DISABLE; who is not in it speaks plain text and has no identity.",
	.usages = usages,
	.usage_count = RF_ARRAY_LEN(usages),
};

int cmd_mesh(int argc, char **argv)
{
	size_t index;
	int status = opt_group(&group, argc, argv, &index);

	return status == OPT_GO ? verbs[index](argc - 1, argv + 1) : status;
}

static const struct kube_pod *pod_of(const struct net_model *model, const struct policy_end *end)
{
	return end->pod == POLICY_NO_POD ? NULL : &model->pods.list.items[end->pod];
}

static struct policy_verdict network_of(
	struct net_model *model, const struct policy_ends *ends, const struct policy_ask *ask)
{
	struct policy_reach reach;

	if (!ask->any_port && !ask->any_proto)
		return policy_judge(model->policy, &ends->from, &ends->to, ask->proto, ask->port);
	reach = policy_reach_of(model->policy, &ends->from, &ends->to);
	return (struct policy_verdict){
		.egress = policy_ask_open(model->policy, reach.egress, ask),
		.ingress = policy_ask_open(model->policy, reach.ingress, ask),
		.allowed = policy_ask_open(model->policy, reach.both, ask),
	};
}

static int ask_pair(struct net_model *model, const struct policy_ends *ends,
	const struct policy_ask *ask, struct rf_str trust_domain, struct mesh_answer *ret)
{
	const struct mesh_ask question = {
		.from = pod_of(model, &ends->from),
		.to = pod_of(model, &ends->to),
		.from_ip = ends->from.ip,
		.to_ip = ends->to.ip,
		.port = ask->port,
		.trust_domain = trust_domain,
	};
	struct rf_err err;

	ret->ends = *ends;
	ret->network = network_of(model, ends, ask);
	ret->tcp = ask->proto == POLICY_TCP;
	ret->allowed = true;
	if (!ret->tcp)
		return 0;
	if (mesh_reach(&model->set, &question, &ret->reach, &err) < 0)
		return out_error(&err);
	ret->allowed = ret->reach.allowed;
	return 0;
}

int mesh_answer_find(
	struct net_model *model, const struct mesh_query *query, struct mesh_answer *ret)
{
	const struct policy_question *q = &query->question;
	struct rf_str domain = rf_str_of(query->trust_domain ? query->trust_domain : MESH_DOMAIN);
	AUTO_FREE struct mesh_answer *pair = calloc(1, sizeof(*pair)); /* identities are large */
	struct policy_ends pairs[2];
	struct rf_err err;
	unsigned count = policy_ref_pairs(model->policy, &q->from, &q->to, pairs, &err);
	int status = 0;

	if (!pair)
		return out_errorf("out of memory");
	if (count == 0)
		return out_errorf("%s to %s: %s", query->from_text, query->to_text, err.msg);
	for (unsigned i = 0; !status && i < count; i++) {
		status = ask_pair(model, &pairs[i], &q->ask, domain, pair);
		pair->allowed = pair->allowed && (!query->both_rings || pair->network.allowed);
		if (i == 0 || (pair->allowed && !ret->allowed))
			*ret = *pair;
	}
	return status;
}
