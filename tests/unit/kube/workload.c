/* Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob. */
#include "tests/unit/kube/kube_test.h"

#define JOB_TEMPLATE                                                                         \
	"template: {metadata: {labels: {app: a}}, spec: {restartPolicy: Never, containers: " \
	"[{name: c, image: i}]}}"
#define BATCH(kind, spec) \
	"apiVersion: batch/v1\nkind: " kind "\nmetadata: {name: a}\nspec: {" spec "}\n"
#define SELECTOR "selector: {matchLabels: {app: a}}, "

static void a_Deployment_is_a_template_and_a_count(void)
{
	AUTO_LOADED l = loaded_of(WORKLOAD("Deployment", "replicas: 3, " SELECTOR TEMPLATE));
	const struct kube_workload *w;

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	CHECK(loaded_first(&l)->kind == KUBE_DEPLOYMENT);
	CHECK(rf_str_is(loaded_first(&l)->meta.namespace, "default"));
	w = loaded_first(&l)->workload;
	CHECK(w->replicas.set && w->replicas.value == 3);
	CHECK_INT(w->pod.containers.count, 1);
	CHECK_INT(w->template_meta.labels.count, 1);
	CHECK(w->spec_node && doc_get(w->spec_node, "replicas"));
}

static void replicas_that_are_not_given_are_not_set(void)
{
	AUTO_LOADED l = loaded_of(WORKLOAD("Deployment", SELECTOR TEMPLATE));

	REQUIRE(loaded_first(&l));
	CHECK(!loaded_first(&l)->workload->replicas.set);
	REFUSES(WORKLOAD("Deployment", "replicas: -1, " SELECTOR TEMPLATE), "from 0 to");
}

static void a_selector_is_required_and_matches_the_template(void)
{
	static const char *const kinds[] = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"};

	for (size_t i = 0; i < RF_ARRAY_LEN(kinds); i++) {
		AUTO_BUF text = {.data = NULL};
		static const char *const selectors[][2] = {
			{SELECTOR, NULL},
			{"", "needs the field \"selector\""},
			{"selector: {}, ", "cannot be empty"},
			{"selector: {matchLabels: {app: b}}, ", "4:8 the selector does not match"},
		};

		for (size_t j = 0; j < RF_ARRAY_LEN(selectors); j++) {
			rf_buf_clear(&text);
			rf_buf_addf(&text,
				"apiVersion: apps/v1\nkind: %s\nmetadata: {name: a}\nspec: {%s"
				"%s}\n",
				kinds[i], selectors[j][0], TEMPLATE);
			if (selectors[j][1])
				REFUSES(rf_buf_cstr(&text), selectors[j][1]);
			else
				LOADS(rf_buf_cstr(&text));
		}
	}
}

static void strategies_are_checked(void)
{
	LOADS(WORKLOAD("Deployment", "strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: "
				     "25%, maxUnavailable: 0}}, " SELECTOR TEMPLATE));
	REFUSES(WORKLOAD("Deployment", "strategy: {type: OnDelete}, " SELECTOR TEMPLATE),
		"expected one of RollingUpdate, Recreate");
	REFUSES(WORKLOAD("StatefulSet", "updateStrategy: {type: Recreate}, " SELECTOR TEMPLATE),
		"expected one of RollingUpdate, OnDelete");
	REFUSES(WORKLOAD("DaemonSet", "replicas: 1, " SELECTOR TEMPLATE),
		"unknown field \"replicas\" in DaemonSetSpec");
}

static void claims_of_a_StatefulSet_are_volumes_of_its_pods(void)
{
	static const char *text =
		"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n"
		"  serviceName: db\n  selector: {matchLabels: {app: db}}\n  template:\n"
		"    metadata: {labels: {app: db}}\n    spec:\n      containers:\n"
		"      - name: db\n        image: postgres:15\n        volumeMounts:\n"
		"        - {name: data, mountPath: /var/lib/postgresql}\n"
		"  volumeClaimTemplates:\n  - metadata: {name: data}\n    spec:\n"
		"      accessModes: [ReadWriteOnce]\n"
		"      resources: {requests: {storage: 1Gi}}\n";
	AUTO_LOADED l = loaded_of(text);

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	CHECK(rf_str_is(loaded_first(&l)->workload->service_name, "db"));
	CHECK_INT(loaded_first(&l)->workload->volume_claim_templates->count, 1);
	REFUSES(WORKLOAD("StatefulSet",
			SELECTOR TEMPLATE ", volumeClaimTemplates: [{metadata: "
					  "{name: d}, spec: {storageClassNme: x}}]"),
		"did you mean \"storageClassName\"?");
}

static void pods_of_a_Deployment_are_always_restarted(void)
{
	REFUSES(WORKLOAD("Deployment", SELECTOR JOB_TEMPLATE), "always restarted");
}

static void a_Job_needs_a_restartPolicy_other_than_Always(void)
{
	LOADS(BATCH("Job",
		"parallelism: 2, completions: 4, backoffLimit: 1, suspend: false, " JOB_TEMPLATE));
	REFUSES(BATCH("Job", TEMPLATE), "need restartPolicy: OnFailure or Never");
	REFUSES(BATCH("Job", "completionMode: Index, " JOB_TEMPLATE), "NonIndexed, Indexed");
	REFUSES(BATCH("Job", "podFailurePolicy: {rules: [{action: Fail}]}, " JOB_TEMPLATE),
		"expected one of FailJob");
	REFUSES(BATCH("Job", "podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: "
			     "In, values: [a]}}]}, " JOB_TEMPLATE),
		"expected a whole number");
	REFUSES(BATCH("Job", "successPolicy: {}, " JOB_TEMPLATE), "needs the field \"rules\"");
}

static void a_CronJob_has_the_pods_of_its_job_template(void)
{
	AUTO_LOADED l = loaded_of(BATCH("CronJob",
		"schedule: '*/5 * * * *', suspend: true, jobTemplate: {metadata: {labels: {x: z}}, "
		"spec: {parallelism: 3, suspend: false, activeDeadlineSeconds: 60, " JOB_TEMPLATE
		"}}"));
	const struct kube_workload *w;

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	w = loaded_first(&l)->workload;
	CHECK(rf_str_is(w->schedule, "*/5 * * * *") && w->suspend.value);
	CHECK(w->parallelism.value == 3 && w->active_deadline_seconds.value == 60);
	CHECK_INT(w->pod.containers.count, 1);
	CHECK(doc_get(w->spec_node, "schedule") != NULL);
}

static void a_schedule_has_five_fields_or_is_a_macro(void)
{
#define CRON(schedule) \
	BATCH("CronJob", "schedule: '" schedule "', jobTemplate: {spec: {" JOB_TEMPLATE "}}")
	LOADS(CRON("@daily"));
	LOADS(CRON("@every 1h"));
	LOADS(CRON("0 0 1-7/2 JAN,FEB MON"));
	REFUSES(CRON("* * * *"), "is not a schedule");
	REFUSES(CRON("* * * * * *"), "is not a schedule");
	REFUSES(CRON("@dayly"), "is not a schedule");
	REFUSES(CRON("a;b * * * *"), "is not a schedule");
	REFUSES(BATCH("CronJob", "schedule: '@daily', concurrencyPolicy: Deny, jobTemplate: "
				 "{spec: {" JOB_TEMPLATE "}}"),
		"expected one of Allow, Forbid, Replace");
}

static void errors_inside_a_template_keep_their_place(void)
{
	SAYS("apiVersion: apps/v1\n"
	     "kind: Deployment\n"
	     "metadata:\n"
	     "  name: api\n"
	     "spec:\n"
	     "  selector:\n"
	     "    matchLabels: {app: api}\n"
	     "  template:\n"
	     "    metadata:\n"
	     "      labels: {app: api}\n"
	     "    spec:\n"
	     "      containers:\n"
	     "      - name: api\n"
	     "        image: api:1\n"
	     "        ports:\n"
	     "        - containerPort: http\n"
	     "        resources:\n"
	     "          limit: {cpu: 1}\n",
		"16:26 field \"containerPort\" of ContainerPort: expected an integer, found a "
		"string (\"http\")\n"
		"18:11 unknown field \"limit\" in ResourceRequirements; did you mean "
		"\"limits\"?\n");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_Deployment_is_a_template_and_a_count);
	RUN(replicas_that_are_not_given_are_not_set);
	RUN(a_selector_is_required_and_matches_the_template);
	RUN(strategies_are_checked);
	RUN(claims_of_a_StatefulSet_are_volumes_of_its_pods);
	RUN(pods_of_a_Deployment_are_always_restarted);
	RUN(a_Job_needs_a_restartPolicy_other_than_Always);
	RUN(a_CronJob_has_the_pods_of_its_job_template);
	RUN(a_schedule_has_five_fields_or_is_a_macro);
	RUN(errors_inside_a_template_keep_their_place);
	return TAP_END();
}
