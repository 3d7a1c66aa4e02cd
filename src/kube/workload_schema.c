/* Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob: tables into kube_workload. */
#include "kube/workload_int.h"

#define COUNT  NOT_NEGATIVE
#define ROW_OF struct kube_checked
#define SCHEMA(variable, name, rows) \
	static const struct doc_schema variable = DOC_SCHEMA(name, struct kube_checked, rows)

/* --- strategies and policies: checked, not read --- */

static const struct doc_field rolling_rows[] = {
	SEEN_INT_STR("maxUnavailable"),
	SEEN_INT_STR("maxSurge"),
};
SCHEMA(rolling_deployment_schema, "RollingUpdateDeployment", rolling_rows);
SCHEMA(rolling_daemon_schema, "RollingUpdateDaemonSet", rolling_rows);

static const struct doc_field rolling_stateful_rows[] = {
	SEEN_INT("partition", COUNT),
	SEEN_INT_STR("maxUnavailable"),
};
SCHEMA(rolling_stateful_schema, "RollingUpdateStatefulSetStrategy", rolling_stateful_rows);

static const struct doc_field strategy_rows[] = {
	SEEN_STR("type", ONE_OF("RollingUpdate", "Recreate", "")),
	SEEN_OBJ("rollingUpdate", rolling_deployment_schema),
};
SCHEMA(strategy_schema, "DeploymentStrategy", strategy_rows);

static const struct doc_field daemon_strategy_rows[] = {
	SEEN_STR("type", ONE_OF("RollingUpdate", "OnDelete", "")),
	SEEN_OBJ("rollingUpdate", rolling_daemon_schema),
};
SCHEMA(daemon_strategy_schema, "DaemonSetUpdateStrategy", daemon_strategy_rows);

static const struct doc_field stateful_strategy_rows[] = {
	SEEN_STR("type", ONE_OF("RollingUpdate", "OnDelete", "")),
	SEEN_OBJ("rollingUpdate", rolling_stateful_schema),
};
SCHEMA(stateful_strategy_schema, "StatefulSetUpdateStrategy", stateful_strategy_rows);

static const struct doc_field retention_rows[] = {
	SEEN_STR("whenDeleted", ONE_OF("Retain", "Delete", "")),
	SEEN_STR("whenScaled", ONE_OF("Retain", "Delete", "")),
};
SCHEMA(retention_schema, "StatefulSetPersistentVolumeClaimRetentionPolicy", retention_rows);

static const struct doc_field ordinal_rows[] = {
	SEEN_INT("start", COUNT),
};
SCHEMA(ordinal_schema, "StatefulSetOrdinals", ordinal_rows);

static int keep_exit_codes(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	int64_t *values;
	size_t count;

	(void)field;
	return kube_decode_ints(dec, node, INT32_MIN, INT32_MAX, &values, &count);
}

static const struct doc_field exit_rows[] = {
	SEEN_STR("containerName"),
	SEEN_STR("operator", REQUIRED, ONE_OF("In", "NotIn")),
	SEEN_CUSTOM("values", keep_exit_codes, REQUIRED),
};
SCHEMA(exit_schema, "PodFailurePolicyOnExitCodesRequirement", exit_rows);

static const struct doc_field condition_rows[] = {
	SEEN_STR("type", REQUIRED),
	SEEN_STR("status", ONE_OF("True", "False", "Unknown")),
};
SCHEMA(condition_schema, "PodFailurePolicyOnPodConditionsPattern", condition_rows);

static const struct doc_field failure_rule_rows[] = {
	SEEN_STR("action", REQUIRED, ONE_OF("FailJob", "FailIndex", "Ignore", "Count")),
	SEEN_OBJ("onExitCodes", exit_schema),
	SEEN_LIST("onPodConditions", condition_schema),
};
SCHEMA(failure_rule_schema, "PodFailurePolicyRule", failure_rule_rows);

static const struct doc_field failure_rows[] = {
	SEEN_LIST("rules", failure_rule_schema, REQUIRED),
};
SCHEMA(failure_schema, "PodFailurePolicy", failure_rows);

static const struct doc_field success_rule_rows[] = {
	SEEN_STR("succeededIndexes"),
	SEEN_INT("succeededCount", COUNT),
};
SCHEMA(success_rule_schema, "SuccessPolicyRule", success_rule_rows);

static const struct doc_field success_rows[] = {
	SEEN_LIST("rules", success_rule_schema, REQUIRED),
};
SCHEMA(success_schema, "SuccessPolicy", success_rows);
#undef ROW_OF

/* --- the specs --- */

struct template
{
	const struct doc_node *node;
	struct kube_meta meta;
	struct kube_pod_spec spec;
};

#define ROW_OF struct template
static const struct doc_field template_rows[] = {
	ROW_CUSTOM("metadata", meta, kube_decode_meta),
	ROW_OBJ("spec", spec, kube_pod_spec_schema, REQUIRED),
};
static const struct doc_schema template_schema =
	DOC_SCHEMA("PodTemplateSpec", struct template, template_rows);
#undef ROW_OF

/* field is spec_view.template_node. */
static int decode_template(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct spec_view *view =
		(void *)((char *)field - offsetof(struct spec_view, template_node));
	struct template template;
	int rc = doc_decode(dec, &template_schema, node, &template);

	view->template_node = node;
	view->workload.template_meta = template.meta;
	view->workload.pod = template.spec;
	return rc;
}

static int decode_claims(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct spec_view *view = (void *)((char *)field - offsetof(struct spec_view, claims));

	view->workload.volume_claim_templates = node;
	return kube_decode_list(dec, &kube_claim_schema, node, &view->claims);
}

#define ROW_OF		     struct spec_view
#define TEMPLATE	     ROW_CUSTOM("template", template_node, decode_template, REQUIRED)
#define SELECTOR	     ROW_CUSTOM("selector", workload.selector, kube_decode_selector, REQUIRED)
#define REPLICAS	     ROW_INT("replicas", workload.replicas, COUNT)
#define UNREAD(name, schema) ROW_PTR(name, unread.any, schema)
#define UNREAD_COUNT(name)   ROW_INT(name, unread.any, COUNT)

static const struct doc_field deployment_rows[] = {
	REPLICAS,
	SELECTOR,
	TEMPLATE,
	UNREAD("strategy", strategy_schema),
	UNREAD_COUNT("minReadySeconds"),
	UNREAD_COUNT("revisionHistoryLimit"),
	ROW_BOOL("paused", unread.any),
	UNREAD_COUNT("progressDeadlineSeconds"),
};
static const struct doc_field replica_set_rows[] = {
	REPLICAS,
	SELECTOR,
	TEMPLATE,
	UNREAD_COUNT("minReadySeconds"),
};
static const struct doc_field stateful_set_rows[] = {
	ROW_STR("serviceName", workload.service_name),
	REPLICAS,
	SELECTOR,
	TEMPLATE,
	ROW_CUSTOM("volumeClaimTemplates", claims, decode_claims),
	ROW_STR("podManagementPolicy", unread.any, ONE_OF("OrderedReady", "Parallel", "")),
	UNREAD("updateStrategy", stateful_strategy_schema),
	UNREAD_COUNT("revisionHistoryLimit"),
	UNREAD_COUNT("minReadySeconds"),
	UNREAD("persistentVolumeClaimRetentionPolicy", retention_schema),
	UNREAD("ordinals", ordinal_schema),
};
static const struct doc_field daemon_set_rows[] = {
	SELECTOR,
	TEMPLATE,
	UNREAD("updateStrategy", daemon_strategy_schema),
	UNREAD_COUNT("minReadySeconds"),
	UNREAD_COUNT("revisionHistoryLimit"),
};
static const struct doc_field job_rows[] = {
	ROW_INT("parallelism", workload.parallelism, COUNT),
	ROW_INT("completions", workload.completions, COUNT),
	ROW_INT("backoffLimit", workload.backoff_limit, COUNT),
	ROW_INT("activeDeadlineSeconds", workload.active_deadline_seconds, BETWEEN(0, INT64_MAX)),
	ROW_INT("ttlSecondsAfterFinished", workload.ttl_seconds_after_finished, COUNT),
	ROW_BOOL("suspend", workload.suspend),
	ROW_CUSTOM("selector", workload.selector, kube_decode_selector),
	ROW_BOOL("manualSelector", manual_selector),
	TEMPLATE,
	ROW_STR("completionMode", unread.any, ONE_OF("NonIndexed", "Indexed")),
	UNREAD_COUNT("backoffLimitPerIndex"),
	UNREAD_COUNT("maxFailedIndexes"),
	UNREAD("podFailurePolicy", failure_schema),
	UNREAD("successPolicy", success_schema),
	ROW_STR("podReplacementPolicy", unread.any, ONE_OF("TerminatingOrFailed", "Failed")),
	ROW_STR("managedBy", unread.any),
};
#undef ROW_OF

#define SPEC_SCHEMA(schema_name, rows)                                                         \
	{                                                                                      \
		.name = schema_name, .size = sizeof(struct spec_view),                         \
		.node_offset = offsetof(struct spec_view, workload.spec_node), .fields = rows, \
		.field_count = RF_ARRAY_LEN(rows)                                              \
	}
static const struct doc_schema deployment_schema = SPEC_SCHEMA("DeploymentSpec", deployment_rows);
static const struct doc_schema replica_set_schema = SPEC_SCHEMA("ReplicaSetSpec", replica_set_rows);
static const struct doc_schema stateful_set_schema =
	SPEC_SCHEMA("StatefulSetSpec", stateful_set_rows);
static const struct doc_schema daemon_set_schema = SPEC_SCHEMA("DaemonSetSpec", daemon_set_rows);
static const struct doc_schema job_schema = SPEC_SCHEMA("JobSpec", job_rows);

#define ROW_OF struct job_template
static const struct doc_field job_template_rows[] = {
	ROW_CUSTOM("metadata", meta, kube_decode_meta),
	ROW_PTR("spec", spec, job_schema, REQUIRED),
};
static const struct doc_schema job_template_schema =
	DOC_SCHEMA("JobTemplateSpec", struct job_template, job_template_rows);
#undef ROW_OF

#define ROW_OF struct spec_view
static const struct doc_field cron_job_rows[] = {
	ROW_STR("schedule", workload.schedule, REQUIRED),
	ROW_STR("timeZone", unread.any),
	ROW_STR("concurrencyPolicy", unread.any, ONE_OF("Allow", "Forbid", "Replace", "")),
	ROW_BOOL("suspend", workload.suspend),
	ROW_INT("startingDeadlineSeconds", unread.any, BETWEEN(0, INT64_MAX)),
	UNREAD_COUNT("successfulJobsHistoryLimit"),
	UNREAD_COUNT("failedJobsHistoryLimit"),
	ROW_PTR("jobTemplate", job_template, job_template_schema, REQUIRED),
};
#undef ROW_OF
static const struct doc_schema cron_job_schema = SPEC_SCHEMA("CronJobSpec", cron_job_rows);

/* --- top levels --- */

#define ROW_OF struct kube_root
#define WORKLOAD_ROOT(kind_name, variable, schema)          \
	static const struct doc_field variable##_rows[] = { \
		ROOT_ROWS,                                  \
		ROW_PTR("spec", spec, schema, REQUIRED),    \
		ROW_NODE("status", status),                 \
	};                                                  \
	const struct doc_schema variable = DOC_SCHEMA(kind_name, struct kube_root, variable##_rows)

WORKLOAD_ROOT("Deployment", kube_deployment_root, deployment_schema);
WORKLOAD_ROOT("ReplicaSet", kube_replica_set_root, replica_set_schema);
WORKLOAD_ROOT("StatefulSet", kube_stateful_set_root, stateful_set_schema);
WORKLOAD_ROOT("DaemonSet", kube_daemon_set_root, daemon_set_schema);
WORKLOAD_ROOT("Job", kube_job_root, job_schema);
WORKLOAD_ROOT("CronJob", kube_cron_job_root, cron_job_schema);

static const struct doc_field pod_rows[] = {
	ROOT_ROWS,
	ROW_PTR("spec", pod, kube_pod_spec_schema, REQUIRED),
	ROW_CUSTOM("status", pod_status, kube_decode_pod_status),
};
const struct doc_schema kube_pod_root = DOC_SCHEMA("Pod", struct kube_root, pod_rows);
#undef ROW_OF
