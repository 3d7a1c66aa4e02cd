/* `net`: its verbs, and what they share. */
#include "cmd/net.h"

#include "doc/similar.h"

static const struct opt_usage *const usages[] = {
	&net_query_usage,
	&net_matrix_usage,
	&net_explain_usage,
};

static int (*const verbs[])(int argc, char **argv) = {net_query, net_matrix, net_explain};

static const struct opt_group group = {
	.verb = "net",
	.summary = "who may talk to whom, and why",
	.text = "Reads Kubernetes manifests and says what their NetworkPolicies mean: nothing is "
		"run, "
		"nothing "
		"is sent, no privilege is needed. A connection is allowed when the source's "
		"policies let "
		"it "
		"out and the destination's policies let it in; a pod that no policy selects for a "
		"direction "
		"is not isolated in that direction.\n\n"
		"An end of a connection is namespace/pod, namespace/Kind/name (a workload, for "
		"which its "
		"first pod speaks), namespace/name (of a pod or of a workload) or an IP address. "
		"Errors of "
		"the manifests are all printed, as file:line:column, and nothing else is done; "
		"kinds that "
		"Ringfence does not know are noted and left out.",
	.usages = usages,
	.usage_count = RF_ARRAY_LEN(usages),
};

int cmd_net(int argc, char **argv)
{
	size_t index;
	int status = opt_group(&group, argc, argv, &index);

	return status == OPT_GO ? verbs[index](argc - 1, argv + 1) : status;
}

void net_model_done(struct net_model *model)
{
	policy_refs_done(&model->refs);
	policy_freep(&model->policy);
	kube_pods_done(&model->pods);
	kube_set_done(&model->set);
}

/* Manifests into the set. */
static int load_paths(const struct opt_texts *paths, struct net_model *model)
{
	AUTO_DIAGS diags = {.error_count = 0};
	bool unreadable = false;
	struct rf_err err;

	for (size_t i = 0; i < paths->count; i++) {
		if (kube_load_path(&model->set, paths->items[i], &diags, &err) < 0) {
			out_error(&err);
			unreadable = true;
		}
	}
	if (kube_check_pod_ips(&model->set, &diags) < 0)
		return out_errorf("out of memory");
	if (out_diags(&diags) != 0 || unreadable)
		return CMD_EXIT_ERROR;
	return 0;
}

int net_model_load(
	const struct opt_usage *usage, const struct opt_texts *paths, struct net_model *ret)
{
	struct rf_err err;
	int status;

	if (!paths->count)
		return opt_fail(usage, "-f PATH is missing: which manifests?");
	if (kube_set_init(&ret->set, &err) < 0)
		return out_error(&err);
	status = load_paths(paths, ret);
	if (status)
		return status;
	if (kube_pods_expand(&ret->set, true, &ret->pods, &err) < 0 ||
		policy_compile(&ret->set, &ret->pods, &ret->policy, &err) < 0)
		return out_error(&err);
	if (policy_refs_init(&ret->refs, ret->policy) < 0)
		return out_errorf("out of memory");
	if (!ret->pods.list.count)
		out_warning("there is no pod and no workload in the manifests");
	return 0;
}

/* The nearest name of a pod's workload; empty when none is near. */
static void nearest_name(const struct net_model *model, struct rf_str text, struct rf_buf *ret)
{
	unsigned best = DOC_SIMILAR_MAX;
	AUTO_BUF name = {0};

	rf_vec_each (pod, &model->pods.list) {
		unsigned distance;

		rf_buf_clear(&name);
		rf_buf_addf(&name, RF_STR_FMT "/" RF_STR_FMT, RF_STR_ARG(pod->namespace),
			RF_STR_ARG(pod->owner->meta.name));
		distance = doc_similar_distance(text, rf_buf_str(&name));
		if (distance >= best || !doc_similar_enough(distance, text.len))
			continue;
		best = distance;
		rf_buf_clear(ret);
		rf_buf_add_str(ret, rf_buf_str(&name));
	}
}

int net_ref(const struct net_model *model, const char *text, struct policy_ref *ret)
{
	AUTO_BUF near = {0};
	struct rf_err err;

	if (policy_ref_parse(&model->refs, rf_str_of(text), ret, &err) == RF_OK)
		return 0;
	if (err.code == RF_EABSENT)
		nearest_name(model, rf_str_of(text), &near);
	if (near.len)
		return out_errorf("%s: did you mean \"%s\"?", err.msg, rf_buf_cstr(&near));
	return out_error(&err);
}

void net_proto_words(const struct policy_ports *ports, enum policy_proto proto, struct rf_buf *out)
{
	uint32_t count;
	const struct policy_range *r = policy_ports_of(ports, proto, &count);

	for (uint32_t i = 0; i < count; i++) {
		unsigned lo = r[i].lo ? r[i].lo : 1; /* port 0 is on no wire */

		rf_buf_addf(out, "%s%u", i ? ", " : "", lo);
		if (r[i].hi > lo)
			rf_buf_addf(out, "-%u", r[i].hi);
	}
}

void net_ports_words(const struct policy_ports *ports, struct rf_buf *out)
{
	const char *sep = "";

	if (policy_ports_full(ports)) {
		rf_buf_add_c(out, ports->other ? "every port" : "every TCP, UDP and SCTP port");
		return;
	}
	for (unsigned p = 0; p < POLICY_PORT_PROTO_COUNT; p++) {
		if (!ports->count[p])
			continue;
		rf_buf_addf(out, "%s%s ", sep, policy_proto_name((enum policy_proto)p));
		net_proto_words(ports, (enum policy_proto)p, out);
		sep = "; ";
	}
	if (!*sep)
		rf_buf_add_c(out, ports->other ? "ICMP" : "no port");
}

void net_ports_json(const struct policy_ports *ports, struct json_writer *w)
{
	json_array_begin(w);
	for (unsigned p = 0; p < POLICY_PORT_PROTO_COUNT; p++) {
		uint32_t count;
		const struct policy_range *r = policy_ports_of(ports, (enum policy_proto)p, &count);

		for (uint32_t i = 0; i < count; i++) {
			json_object_begin(w);
			json_field_c(w, "protocol", policy_proto_name((enum policy_proto)p));
			json_field_int(w, "from", r[i].lo ? r[i].lo : 1);
			json_field_int(w, "to", r[i].hi);
			json_object_end(w);
		}
	}
	if (ports->other) {
		json_object_begin(w);
		json_field_c(w, "protocol", policy_proto_name(POLICY_OTHER));
		json_object_end(w);
	}
	json_array_end(w);
}

void net_object_json(const struct kube_object *object, const char *key, struct json_writer *w)
{
	json_key(w, key);
	json_strf(w, RF_STR_FMT "/" RF_STR_FMT, RF_STR_ARG(object->meta.namespace),
		RF_STR_ARG(object->meta.name));
}

void net_pos_json(struct rf_pos pos, struct json_writer *w)
{
	json_field_c(w, "file", pos.file ? pos.file : "");
	json_field_int(w, "line", pos.line);
	json_field_int(w, "column", pos.col);
}

void net_pos_text(struct rf_pos pos, bool colour, struct rf_buf *out)
{
	if (!pos.file)
		return;
	rf_buf_add_char(out, ' ');
	out_style(out, colour, OUT_FAINT, "(%s:%u)", pos.file, pos.line);
}
