/* `net explain`: everything that applies to a pod, and what each rule does. */
#include <unistd.h>

#include "cmd/net.h"
#include "policy/explain.h"

struct explain_opts {
	struct opt_texts files;
	bool json;
};

static const struct opt_row rows[] = {
	NET_FILE_ROW(offsetof(struct explain_opts, files)),
	{"json", 0, OPT_FLAG, offsetof(struct explain_opts, json), NULL, "Prints one JSON object.",
		NULL},
};

static const struct opt_example examples[] = {
	{"what applies to the app of the shop?",
		"ringfence net explain -f examples/shop production/my-golang-app"},
};

const struct opt_usage net_explain_usage = {
	.verb = "net explain",
	.synopsis = "-f PATH NAMESPACE/POD [--json]",
	.summary = "tells everything that applies to a pod, and what each rule does",
	.text = "NAMESPACE/POD may also name a workload, as namespace/name or namespace/Kind/name. "
		"For each direction: is the pod isolated, by which policies, and what do their "
		"rules let through? Rules are counted from 0, as in the manifest.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.min_args = 1,
	.max_args = 1,
};

struct subject {
	const struct net_model *model;
	const struct kube_pod *pod;
	struct policy_end end;
	struct policy_rule_texts rules;
};

/* --- words --- */

static size_t policies_of(const struct subject *s, enum policy_dir dir)
{
	const struct kube_object *last = NULL;
	size_t count = 0;

	rf_vec_each (rule, &s->rules.list) {
		if (rule->dir != dir || rule->policy == last)
			continue;
		last = rule->policy;
		count++;
	}
	return count;
}

static void labels_text(const struct doc_pairs *labels, struct rf_buf *out)
{
	if (!labels->count)
		rf_buf_add_c(out, "(none)");
	for (size_t i = 0; i < labels->count; i++)
		rf_buf_addf(out, "%s" RF_STR_FMT "=" RF_STR_FMT, i ? ", " : "",
			RF_STR_ARG(labels->items[i].key), RF_STR_ARG(labels->items[i].value));
}

static void head_text(const struct subject *s, bool colour, struct rf_buf *out)
{
	const struct kube_pod *pod = s->pod;
	struct rf_str kind, name;

	policy_workload_of(pod, &kind, &name);
	out_style(out, colour, OUT_BOLD, RF_STR_FMT "/" RF_STR_FMT, RF_STR_ARG(pod->namespace),
		RF_STR_ARG(pod->name));
	if (!rf_str_is(kind, "Pod"))
		rf_buf_addf(out, ", a pod of " RF_STR_FMT " " RF_STR_FMT, RF_STR_ARG(kind),
			RF_STR_ARG(name));
	net_pos_text(pod->owner->pos, colour, out);
	rf_buf_add_c(out, "\n  labels: ");
	labels_text(&pod->labels, out);
	for (size_t i = 0; i < pod->ip_count; i++) {
		char text[RF_IP_TEXT_SIZE];

		rf_buf_addf(
			out, "%s%s", i ? ", " : "\n  addresses: ", rf_ip_text(&pod->ips[i], text));
	}
	rf_buf_add_char(out, '\n');
}

static void rule_text(const struct policy_rule_text *rule, bool colour, struct rf_buf *out)
{
	const char *dir = policy_dir_name(rule->dir);

	if (rule->rule == UINT32_MAX) {
		rf_buf_addf(out, "    has no %s rules: lets nothing through\n", dir);
		return;
	}
	rf_buf_addf(out, "    rule %u: %s %s, on %s", rule->rule,
		rule->dir == POLICY_INGRESS ? "from" : "to", rule->peers, rule->ports);
	net_pos_text(rule->pos, colour, out);
	rf_buf_add_char(out, '\n');
}

static void open_text(const struct subject *s, enum policy_dir dir, struct rf_buf *out)
{
	rf_buf_addf(out, "  %s: %s\n",
		s->end.node ? "it uses the network of its node, and no policy selects nodes"
			    : "no policy selects it in this direction",
		dir == POLICY_INGRESS ? "everybody may connect to it"
				      : "it may connect to everything that lets it in");
}

static void direction_text(
	const struct subject *s, enum policy_dir dir, bool colour, struct rf_buf *out)
{
	size_t count = policies_of(s, dir);
	const struct kube_object *last = NULL;

	rf_buf_addf(out, "\n%s: ", policy_dir_name(dir));
	if (!count) {
		out_style(out, colour, OUT_WARN, "not isolated");
		rf_buf_add_char(out, '\n');
		open_text(s, dir, out);
		return;
	}
	out_style(out, colour, OUT_GOOD, "isolated");
	rf_buf_addf(out, " by %zu polic%s; only what a rule below lets through passes\n", count,
		count == 1 ? "y" : "ies");
	rf_vec_each (rule, &s->rules.list) {
		if (rule->dir != dir)
			continue;
		if (rule->policy != last) {
			rf_buf_addf(out, "  " RF_STR_FMT "/" RF_STR_FMT,
				RF_STR_ARG(rule->policy->meta.namespace),
				RF_STR_ARG(rule->policy->meta.name));
			net_pos_text(rule->policy->pos, colour, out);
			rf_buf_add_char(out, '\n');
		}
		last = rule->policy;
		rule_text(rule, colour, out);
	}
}

static void print_text(const struct subject *s, struct rf_buf *out)
{
	bool colour = out_has_colour(STDOUT_FILENO);

	head_text(s, colour, out);
	direction_text(s, POLICY_INGRESS, colour, out);
	direction_text(s, POLICY_EGRESS, colour, out);
}

/* --- JSON --- */

static void rule_json(const struct policy_rule_text *rule, struct json_writer *w)
{
	if (rule->rule == UINT32_MAX)
		return;
	json_object_begin(w);
	json_field_int(w, "rule", rule->rule);
	net_pos_json(rule->pos, w);
	json_field_c(w, "peers", rule->peers);
	json_field_c(w, "ports", rule->ports);
	json_object_end(w);
}

/* The policy of rules[0] and its rules in one direction. Returns how many items that were. */
static size_t policy_json(const struct policy_rule_text *rules, size_t count, struct json_writer *w)
{
	const struct kube_object *policy = rules[0].policy;
	size_t i;

	json_object_begin(w);
	net_object_json(policy, "policy", w);
	net_pos_json(policy->pos, w);
	json_key(w, "rules");
	json_array_begin(w);
	for (i = 0; i < count && rules[i].policy == policy && rules[i].dir == rules[0].dir; i++)
		rule_json(&rules[i], w);
	json_array_end(w);
	json_object_end(w);
	return i;
}

static void direction_json(const struct subject *s, enum policy_dir dir, struct json_writer *w)
{
	const struct policy_rule_text *rules = s->rules.list.items;
	size_t count = s->rules.list.count, i = 0;

	json_key(w, policy_dir_name(dir));
	json_object_begin(w);
	json_field_bool(w, "isolated", policies_of(s, dir) > 0);
	json_key(w, "policies");
	json_array_begin(w);
	while (i < count)
		i += rules[i].dir == dir ? policy_json(&rules[i], count - i, w) : 1;
	json_array_end(w);
	json_object_end(w);
}

static void print_json(const struct subject *s, struct rf_buf *out)
{
	struct json_writer w = {.out = out};
	const struct kube_pod *pod = s->pod;
	struct rf_str kind, name;

	policy_workload_of(pod, &kind, &name);
	json_object_begin(&w);
	json_key(&w, "pod");
	json_strf(&w, RF_STR_FMT "/" RF_STR_FMT, RF_STR_ARG(pod->namespace), RF_STR_ARG(pod->name));
	json_field_str(&w, "kind", kind);
	json_field_str(&w, "workload", name);
	net_pos_json(pod->owner->pos, &w);
	json_field_bool(&w, "hostNetwork", s->end.node);
	json_key(&w, "labels");
	json_object_begin(&w);
	for (size_t i = 0; i < pod->labels.count; i++)
		json_field_str(&w, pod->labels.items[i].key.ptr, pod->labels.items[i].value);
	json_object_end(&w);
	direction_json(s, POLICY_INGRESS, &w);
	direction_json(s, POLICY_EGRESS, &w);
	json_object_end(&w);
	rf_buf_add_char(out, '\n');
}

/* --- the verb --- */

static int find_subject(struct subject *s, const char *name)
{
	const struct policy *policy = s->model->policy;
	struct policy_ref ref;
	int status = net_ref(s->model, name, &ref);

	if (status)
		return status;
	s->end.pod = ref.pod;
	if (ref.is_ip)
		s->end = policy_end_of_ip(policy, &ref.ip);
	else if (!policy_end_of_pod(policy, ref.pod, RF_FAMILY_NONE, &s->end))
		return out_errorf("%s has finished: it has no network any more", name);
	if (s->end.pod == POLICY_NO_POD)
		return out_errorf("%s is no pod's address: policies apply to pods", name);
	s->pod = &s->model->pods.list.items[s->end.pod];
	return policy_rules_of(policy, &s->end, &s->rules) < 0 ? out_errorf("out of memory") : 0;
}

static int run(const struct explain_opts *opts, const char *name)
{
	AUTO_NET_MODEL model = {.policy = NULL};
	struct subject s = {.model = &model};
	AUTO_BUF out = {0};
	int status = net_model_load(&net_explain_usage, &opts->files, &model);

	if (!status)
		status = find_subject(&s, name);
	if (!status && opts->json)
		print_json(&s, &out);
	else if (!status)
		print_text(&s, &out);
	policy_rule_texts_done(&s.rules);
	return status ? status : out_result(&out);
}

int net_explain(int argc, char **argv)
{
	struct explain_opts opts = {.json = false};
	struct opt_args args;
	int status = opt_parse(&net_explain_usage, argc, argv, &opts, &args);

	if (status == OPT_GO)
		status = run(&opts, args.items[0]);
	rf_vec_done(&opts.files);
	return status;
}
