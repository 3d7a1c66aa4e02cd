/* Where a pod may run: affinity, tolerations, spreading, gates, claims. Checked, kept as nodes. */
#include "kube/kube_int.h"
#include "kube/names.h"

#define SCHEMA(variable, name, rows) \
	static const struct doc_schema variable = DOC_SCHEMA(name, struct kube_checked, rows)
#define WEIGHT BETWEEN(1, 100)

/* --- node affinity --- */

#define ROW_OF struct kube_requirement
static const struct doc_field node_requirement_rows[] = {
	ROW_STR("key", key, REQUIRED),
	ROW_STR("operator", op_text, REQUIRED,
		ONE_OF("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")),
	ROW_STRS("values", values),
};
static const struct doc_schema node_requirement_schema =
	DOC_SCHEMA("NodeSelectorRequirement", struct kube_requirement, node_requirement_rows);
#undef ROW_OF

/* How many values an operator takes. */
static const struct {
	const char *op;
	size_t min, max;
} node_operators[] = {
	{"In", 1, SIZE_MAX},
	{"NotIn", 1, SIZE_MAX},
	{"Exists", 0, 0},
	{"DoesNotExist", 0, 0},
	{"Gt", 1, 1},
	{"Lt", 1, 1},
};

static void check_node_requirement(struct doc_decoder *dec, const struct kube_requirement *r)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(node_operators); i++) {
		size_t min = node_operators[i].min, max = node_operators[i].max;

		if (!r->op_text.ptr || !rf_str_is(r->op_text, node_operators[i].op) ||
			(r->values.count >= min && r->values.count <= max))
			continue;
		doc_decode_error(dec, doc_field_pos(r->node, "values"),
			"operator " RF_STR_FMT " takes %s, found %zu", RF_STR_ARG(r->op_text),
			max == 0   ? "no values"
			: max == 1 ? "exactly one value"
				   : "at least one value",
			r->values.count);
	}
}

static int keep_node_requirements(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct doc_list *list = field;
	int rc = kube_decode_list(dec, &node_requirement_schema, node, list);
	struct kube_requirement *items = list->items;

	for (size_t i = 0; i < list->count; i++)
		check_node_requirement(dec, &items[i]);
	return rc;
}

#define ROW_OF struct kube_checked
static const struct doc_field node_term_rows[] = {
	SEEN_CUSTOM("matchExpressions", keep_node_requirements),
	SEEN_CUSTOM("matchFields", keep_node_requirements),
};
SCHEMA(node_term_schema, "NodeSelectorTerm", node_term_rows);

static const struct doc_field node_selector_rows[] = {
	SEEN_LIST("nodeSelectorTerms", node_term_schema, REQUIRED),
};
SCHEMA(node_selector_schema, "NodeSelector", node_selector_rows);

static const struct doc_field preferred_node_rows[] = {
	SEEN_INT("weight", REQUIRED, WEIGHT),
	SEEN_OBJ("preference", node_term_schema, REQUIRED),
};
SCHEMA(preferred_node_schema, "PreferredSchedulingTerm", preferred_node_rows);

static const struct doc_field node_affinity_rows[] = {
	SEEN_OBJ("requiredDuringSchedulingIgnoredDuringExecution", node_selector_schema),
	SEEN_LIST("preferredDuringSchedulingIgnoredDuringExecution", preferred_node_schema),
};
SCHEMA(node_affinity_schema, "NodeAffinity", node_affinity_rows);

/* --- pod affinity --- */

static const struct doc_field pod_term_rows[] = {
	SEEN_CUSTOM("labelSelector", kube_decode_selector),
	SEEN_STRS("namespaces"),
	SEEN_STR("topologyKey", REQUIRED),
	SEEN_CUSTOM("namespaceSelector", kube_decode_selector),
	SEEN_STRS("matchLabelKeys"),
	SEEN_STRS("mismatchLabelKeys"),
};
SCHEMA(pod_term_schema, "PodAffinityTerm", pod_term_rows);

static const struct doc_field weighted_pod_rows[] = {
	SEEN_INT("weight", REQUIRED, WEIGHT),
	SEEN_OBJ("podAffinityTerm", pod_term_schema, REQUIRED),
};
SCHEMA(weighted_pod_schema, "WeightedPodAffinityTerm", weighted_pod_rows);

static const struct doc_field pod_affinity_rows[] = {
	SEEN_LIST("requiredDuringSchedulingIgnoredDuringExecution", pod_term_schema),
	SEEN_LIST("preferredDuringSchedulingIgnoredDuringExecution", weighted_pod_schema),
};
SCHEMA(pod_affinity_schema, "PodAffinity", pod_affinity_rows);
SCHEMA(pod_anti_affinity_schema, "PodAntiAffinity", pod_affinity_rows);

static const struct doc_field affinity_rows[] = {
	SEEN_OBJ("nodeAffinity", node_affinity_schema),
	SEEN_OBJ("podAffinity", pod_affinity_schema),
	SEEN_OBJ("podAntiAffinity", pod_anti_affinity_schema),
};
SCHEMA(affinity_schema, "Affinity", affinity_rows);

/* --- the rest --- */

static const struct doc_field spread_rows[] = {
	SEEN_INT("maxSkew", REQUIRED, BETWEEN(1, INT32_MAX)),
	SEEN_STR("topologyKey", REQUIRED),
	SEEN_STR("whenUnsatisfiable", REQUIRED, ONE_OF("DoNotSchedule", "ScheduleAnyway")),
	SEEN_CUSTOM("labelSelector", kube_decode_selector),
	SEEN_INT("minDomains", BETWEEN(1, INT32_MAX)),
	SEEN_STR("nodeAffinityPolicy", ONE_OF("Honor", "Ignore")),
	SEEN_STR("nodeTaintsPolicy", ONE_OF("Honor", "Ignore")),
	SEEN_STRS("matchLabelKeys"),
};
SCHEMA(spread_schema, "TopologySpreadConstraint", spread_rows);

static const struct doc_field readiness_gate_rows[] = {
	SEEN_STR("conditionType", REQUIRED),
};
SCHEMA(readiness_gate_schema, "PodReadinessGate", readiness_gate_rows);

static const struct doc_field named_rows[] = {
	SEEN_STR("name", REQUIRED),
};
SCHEMA(scheduling_gate_schema, "PodSchedulingGate", named_rows);

static const struct doc_field os_rows[] = {
	SEEN_STR("name", REQUIRED, ONE_OF("linux", "windows")),
};
SCHEMA(os_schema, "PodOS", os_rows);

static const struct doc_field claim_rows[] = {
	SEEN_STR("name", REQUIRED),
	SEEN_STR("resourceClaimName"),
	SEEN_STR("resourceClaimTemplateName"),
};
SCHEMA(claim_schema, "PodResourceClaim", claim_rows);

static const struct doc_field workload_ref_rows[] = {
	SEEN_STR("name", REQUIRED),
	SEEN_STR("podGroup", REQUIRED),
	SEEN_STR("podGroupReplicaKey"),
};
SCHEMA(workload_ref_schema, "WorkloadReference", workload_ref_rows);
#undef ROW_OF

/* Tolerations depend on each other's fields, so they are decoded for real. */
struct toleration {
	const struct doc_node *node;
	struct rf_str key, op, value, effect;
	struct doc_int seconds;
};

#define ROW_OF struct toleration
static const struct doc_field toleration_rows[] = {
	ROW_STR("key", key),
	ROW_STR("operator", op, ONE_OF("Exists", "Equal", "Lt", "Gt", "")),
	ROW_STR("value", value),
	ROW_STR("effect", effect, ONE_OF("NoSchedule", "PreferNoSchedule", "NoExecute", "")),
	ROW_INT("tolerationSeconds", seconds, BETWEEN(INT64_MIN, INT64_MAX)),
};
static const struct doc_schema toleration_schema =
	DOC_SCHEMA("Toleration", struct toleration, toleration_rows);
#undef ROW_OF

static void check_toleration(struct doc_decoder *dec, const struct toleration *t)
{
	bool exists = rf_str_is(t->op, "Exists");

	if (!t->node)
		return;
	if (t->key.len && !kube_is_label_key(t->key))
		doc_decode_error(dec, doc_field_pos(t->node, "key"),
			"\"" RF_STR_FMT "\" is not the key of a taint", RF_STR_ARG(t->key));
	if (t->key.len == 0 && !exists)
		doc_decode_error(dec, doc_field_pos(t->node, "operator"),
			"a toleration without key needs the operator Exists");
	if (exists && t->value.len)
		doc_decode_error(
			dec, doc_field_pos(t->node, "value"), "the operator Exists takes no value");
	if (t->seconds.set && t->effect.len && !rf_str_is(t->effect, "NoExecute"))
		doc_decode_error(dec, doc_field_pos(t->node, "tolerationSeconds"),
			"tolerationSeconds is only allowed with the effect NoExecute");
}

int kube_keep_tolerations(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct doc_list list;
	int rc = kube_decode_list(dec, &toleration_schema, node, &list);
	struct toleration *items = list.items;

	*(const struct doc_node **)field = node;
	for (size_t i = 0; i < list.count; i++)
		check_toleration(dec, &items[i]);
	return rc;
}

int kube_keep_affinity(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return kube_keep_object(dec, &affinity_schema, node, field);
}

int kube_keep_spread(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return kube_keep_list(dec, &spread_schema, node, field);
}

int kube_keep_readiness_gates(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return kube_keep_list(dec, &readiness_gate_schema, node, field);
}

int kube_keep_scheduling_gates(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return kube_keep_list(dec, &scheduling_gate_schema, node, field);
}

int kube_keep_resource_claims(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	static const char *const sources[] = {
		"resourceClaimName", "resourceClaimTemplateName", NULL};
	int rc = kube_keep_list(dec, &claim_schema, node, field);

	doc_each (claim, node) {
		if (claim->type == DOC_MAP)
			kube_check_exactly_one(dec, claim, sources);
	}
	return rc;
}

int kube_keep_os(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return kube_keep_object(dec, &os_schema, node, field);
}

int kube_keep_workload_ref(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return kube_keep_object(dec, &workload_ref_schema, node, field);
}
