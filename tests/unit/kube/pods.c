/* From workloads to pods. */
#include "tests/unit/kube/kube_test.h"

struct expanded {
	struct loaded l;
	struct kube_pods pods;
	struct rf_buf names; /* "namespace/name ..." */
};

static void expanded_done(struct expanded *e)
{
	kube_pods_done(&e->pods);
	rf_buf_done(&e->names);
	loaded_done(&e->l);
}

#define AUTO_EXPANDED CLEANUP(expanded_done) struct expanded

static struct expanded expand(const char *text, bool at_least_one)
{
	struct expanded e = {.l = loaded_of(text)};
	struct rf_err err = {.code = RF_OK};

	CHECK_STR(rf_buf_cstr(&e.l.said), "");
	CHECK_INT(kube_pods_expand(&e.l.set, at_least_one, &e.pods, &err), RF_OK);
	rf_vec_each (pod, &e.pods.list)
		rf_buf_addf(&e.names, "%s" RF_STR_FMT "/" RF_STR_FMT, e.names.len ? " " : "",
			RF_STR_ARG(pod->namespace), RF_STR_ARG(pod->name));
	return e;
}

static const char *names(const struct expanded *e)
{
	return rf_buf_cstr(&e->names);
}

#define BATCH(kind, spec) \
	"apiVersion: batch/v1\nkind: " kind "\nmetadata: {name: a}\nspec: {" spec "}\n"
#define JOB_TEMPLATE                                                                         \
	"template: {metadata: {labels: {app: a}}, spec: {restartPolicy: Never, containers: " \
	"[{name: c, image: i}]}}"
#define SELECTED "selector: {matchLabels: {app: a}}, " TEMPLATE

static void a_Deployment_gives_its_replicas_with_names_that_stay(void)
{
	AUTO_EXPANDED e = expand(WORKLOAD("Deployment", "replicas: 2, " SELECTED), false);
	AUTO_EXPANDED f = expand(WORKLOAD("Deployment", "replicas: 2, paused: true, " SELECTED), 0);

	REQUIRE(e.pods.list.count == 2);
	CHECK(strncmp(names(&e), "default/a-", 10) == 0);
	CHECK_INT(e.pods.list.items[0].name.len, strlen("a-xxxxx-0"));
	CHECK(rf_str_ends(e.pods.list.items[1].name, RF_STR("-1")));
	CHECK_INT(e.pods.list.items[1].ordinal, 1);
	CHECK_STR(names(&e), names(&f));
	CHECK(e.pods.list.items[0].owner == loaded_first(&e.l));
	CHECK(e.pods.list.items[0].spec == &loaded_first(&e.l)->workload->pod);
	CHECK(rf_str_is(kube_label(&e.pods.list.items[0].labels, RF_STR("app")), "a"));
}

static void the_hash_follows_the_template(void)
{
	AUTO_EXPANDED e = expand(WORKLOAD("Deployment", SELECTED), false);
	AUTO_EXPANDED f = expand(
		WORKLOAD("Deployment", "selector: {matchLabels: {app: a}}, template: {metadata: "
				       "{labels: {app: a}}, spec: {containers: [{name: c, image: "
				       "j}]}}"),
		false);

	CHECK(strcmp(names(&e), names(&f)) != 0);
}

static void counts_default_to_one_and_zero_is_none(void)
{
	AUTO_EXPANDED one = expand(WORKLOAD("Deployment", SELECTED), false);
	AUTO_EXPANDED none = expand(WORKLOAD("Deployment", "replicas: 0, " SELECTED), false);
	AUTO_EXPANDED shown = expand(WORKLOAD("Deployment", "replicas: 0, " SELECTED), true);

	CHECK_INT(one.pods.list.count, 1);
	CHECK_INT(none.pods.list.count, 0);
	CHECK_INT(shown.pods.list.count, 1);
}

static void StatefulSet_pods_are_numbered_and_labelled(void)
{
	AUTO_EXPANDED e = expand(WORKLOAD("StatefulSet", "replicas: 2, " SELECTED), false);
	const struct doc_pairs *labels;

	CHECK_STR(names(&e), "default/a-0 default/a-1");
	REQUIRE(e.pods.list.count == 2);
	labels = &e.pods.list.items[1].labels;
	CHECK_INT(labels->count, 3);
	CHECK(rf_str_is(kube_label(labels, RF_STR("statefulset.kubernetes.io/pod-name")), "a-1"));
	CHECK(rf_str_is(kube_label(labels, RF_STR("apps.kubernetes.io/pod-index")), "1"));
	CHECK(rf_str_is(kube_label(labels, RF_STR("app")), "a"));
}

static void a_DaemonSet_has_one_pod_on_one_machine(void)
{
	AUTO_EXPANDED e = expand(WORKLOAD("DaemonSet", SELECTED), false);

	REQUIRE(e.pods.list.count == 1);
	CHECK_INT(e.pods.list.items[0].name.len, strlen("a-xxxxx"));
}

static size_t job_count(const char *text, bool at_least_one)
{
	AUTO_EXPANDED e = expand(text, at_least_one);

	return e.pods.list.count;
}

static void a_Job_has_the_fewer_of_parallelism_and_completions(void)
{
	AUTO_EXPANDED e = expand(BATCH("Job", JOB_TEMPLATE), false);

	CHECK_STR(names(&e), "default/a-0");
	CHECK(rf_str_is(
		kube_label(&e.pods.list.items[0].labels, RF_STR("batch.kubernetes.io/job-name")),
		"a"));
	CHECK(rf_str_is(kube_label(&e.pods.list.items[0].labels, RF_STR("job-name")), "a"));
	CHECK_INT(job_count(BATCH("Job", "parallelism: 3, " JOB_TEMPLATE), false), 3);
	CHECK_INT(job_count(BATCH("Job", "completions: 3, " JOB_TEMPLATE), false), 1);
	CHECK_INT(job_count(BATCH("Job", "parallelism: 3, completions: 2, " JOB_TEMPLATE), 0), 2);
	CHECK_INT(job_count(BATCH("Job", "suspend: true, " JOB_TEMPLATE), false), 0);
	CHECK_INT(job_count(BATCH("Job", "suspend: true, " JOB_TEMPLATE), true), 1);
}

static void a_CronJob_has_pods_only_when_one_is_asked_for(void)
{
	static const char *text =
		BATCH("CronJob", "schedule: '@daily', jobTemplate: {spec: {" JOB_TEMPLATE "}}");

	CHECK_INT(job_count(text, false), 0);
	CHECK_INT(job_count(text, true), 1);
}

static void a_Pod_stands_for_itself_with_its_addresses(void)
{
	AUTO_EXPANDED e = expand("apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: x, "
				 "labels: {a: b}}\nspec: {containers: [{name: c, image: "
				 "i}]}\nstatus: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}\n",
		false);
	const struct kube_pod *pod = e.pods.list.items;
	char text[RF_IP_TEXT_SIZE];
	uintptr_t index = 9;

	CHECK_STR(names(&e), "x/p");
	CHECK(pod->owner == loaded_first(&e.l) && !pod->finished);
	CHECK_INT(pod->ip_count, 2);
	CHECK_STR(rf_ip_text(&pod->ips[1], text), "fd00::1");
	CHECK(rf_map_get(&e.pods.by_name, RF_STR("x/p"), &index) && index == 0);
}

static void finished_pods_are_told(void)
{
#define PHASE(phase)                                                                            \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: " \
	"i}]}\nstatus: {phase: " phase "}\n"
	AUTO_EXPANDED e = expand(PHASE("Succeeded"), false);
	AUTO_EXPANDED f = expand(PHASE("Failed"), false);
	AUTO_EXPANDED g = expand(PHASE("Running"), false);

	CHECK(e.pods.list.items[0].finished && f.pods.list.items[0].finished);
	CHECK(!g.pods.list.items[0].finished);
}

#define LIVE_POD(name, owner_kind, owner)                                                    \
	"---\napiVersion: v1\nkind: Pod\nmetadata: {name: " name                             \
	", labels: {app: a, pod-template-hash: 5d4f}, ownerReferences: [{apiVersion: x/v1, " \
	"kind: " owner_kind ", name: " owner                                                 \
	", uid: u, controller: true}]}\nspec: {containers: [{name: c, image: i}]}\n"
#define LIVE_REPLICA_SET(name)                                                          \
	"---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: " name            \
	", ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: a, uid: d, " \
	"controller: "                                                                  \
	"true}]}\nspec: {replicas: 2, " SELECTED "}\n"

static void a_live_cluster_is_not_expanded_a_second_time(void)
{
	AUTO_EXPANDED e = expand(
		"---\n" WORKLOAD("Deployment", "replicas: 2, " SELECTED) LIVE_REPLICA_SET("a-5d4f")
			LIVE_POD("a-5d4f-x1", "ReplicaSet", "a-5d4f")
				LIVE_POD("a-5d4f-x2", "ReplicaSet", "a-5d4f"),
		true);

	CHECK_STR(names(&e), "default/a-5d4f-x1 default/a-5d4f-x2");
	rf_vec_each (pod, &e.pods.list)
		CHECK(pod->owner->kind == KUBE_DEPLOYMENT);
}

static void a_ReplicaSet_of_a_Deployment_in_the_set_has_no_pods_of_its_own(void)
{
	AUTO_EXPANDED e = expand("---\n" WORKLOAD("Deployment", "replicas: 2, " SELECTED)
					 LIVE_REPLICA_SET("a-5d4f") LIVE_REPLICA_SET("a-0ld"),
		true);

	CHECK_INT(e.pods.list.count, 2);
	CHECK(e.pods.list.items[0].owner->kind == KUBE_DEPLOYMENT);
}

static void the_owner_is_found_beyond_a_ReplicaSet_or_Job_that_is_missing(void)
{
	AUTO_EXPANDED e = expand("---\n" WORKLOAD("Deployment", "replicas: 2, " SELECTED)
					 LIVE_POD("a-5d4f-x1", "ReplicaSet", "a-5d4f"),
		true);
	AUTO_EXPANDED f = expand(
		"---\n" BATCH("CronJob", "schedule: '@daily', jobTemplate: {spec: {" JOB_TEMPLATE
					 "}}") LIVE_POD("a-123-x1", "Job", "a-123"),
		true);

	CHECK_STR(names(&e), "default/a-5d4f-x1");
	CHECK(e.pods.list.items[0].owner->kind == KUBE_DEPLOYMENT);
	CHECK_STR(names(&f), "default/a-123-x1");
	CHECK(f.pods.list.items[0].owner->kind == KUBE_CRON_JOB);
}

static void an_owner_that_is_nowhere_leaves_the_pod_its_own(void)
{
	AUTO_EXPANDED e = expand(LIVE_POD("a-x1", "ReplicaSet", "a"), false);
	AUTO_EXPANDED f = expand(LIVE_POD("a-x1", "Node", "a"), false);

	CHECK(e.pods.list.items[0].owner->kind == KUBE_POD);
	CHECK(f.pods.list.items[0].owner->kind == KUBE_POD);
}

static void owners_in_a_circle_come_to_an_end(void)
{
	AUTO_EXPANDED e = expand(
		"apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: a, ownerReferences: "
		"[{apiVersion: apps/v1, kind: ReplicaSet, name: b, uid: u, controller: "
		"true}]}\nspec: {" SELECTED "}\n---\napiVersion: apps/v1\nkind: "
		"ReplicaSet\nmetadata: {name: b, ownerReferences: [{apiVersion: apps/v1, kind: "
		"ReplicaSet, name: a, uid: u, controller: true}]}\nspec: {" SELECTED
		"}\n" LIVE_POD("p", "ReplicaSet", "a"),
		true);

	CHECK_STR(names(&e), "default/p");
}

static void made_names_never_meet_each_other(void)
{
	AUTO_EXPANDED e = expand("---\n" WORKLOAD("StatefulSet", SELECTED) "---\n" BATCH(
					 "Job", JOB_TEMPLATE) "---\napiVersion: v1\nkind: "
							      "Pod\nmetadata: {name: a-0}\nspec: "
							      "{containers: [{name: c, image: "
							      "i}]}\n",
		false);

	REQUIRE(e.pods.list.count == 3);
	CHECK_INT(e.pods.by_name.count, 3);
	CHECK(rf_str_is(e.pods.list.items[2].name, "a-0"));
}

static void a_million_replicas_are_refused_with_the_place(void)
{
	AUTO_LOADED l = loaded_of(WORKLOAD("Deployment", "replicas: 2000000000, " SELECTED));
	struct rf_err err = {.code = RF_OK};
	struct kube_pods pods;

	CHECK_INT(kube_pods_expand(&l.set, false, &pods, &err), RF_ELIMIT);
	CHECK(strstr(err.msg, "test.yaml:1:1: more than 1000000 pods") != NULL);
}

static void a_named_port_is_found_by_name_and_protocol(void)
{
	AUTO_LOADED l = loaded_of(
		POD("initContainers: [{name: s, image: i, restartPolicy: Always, ports: [{name: "
		    "side, containerPort: 9}]}, {name: once, image: i, ports: [{name: once, "
		    "containerPort: 8}]}], containers: [{name: c, image: i, ports: [{name: dns, "
		    "containerPort: 53, protocol: UDP}]}, {name: d, image: i, ports: [{name: dns, "
		    "containerPort: 5353}]}]"));
	const struct kube_pod_spec *spec;

	REQUIRE(loaded_first(&l));
	spec = &loaded_first(&l)->workload->pod;
	CHECK_INT(kube_pod_named_port(spec, RF_STR("dns"), RF_STR("UDP")), 53);
	CHECK_INT(kube_pod_named_port(spec, RF_STR("dns"), RF_STR("TCP")), 5353);
	CHECK_INT(kube_pod_named_port(spec, RF_STR("dns"), RF_STR("SCTP")), 0);
	CHECK_INT(kube_pod_named_port(spec, RF_STR("side"), RF_STR("TCP")), 9);
	CHECK_INT(kube_pod_named_port(spec, RF_STR("once"), RF_STR("TCP")), 0);
}

static void every_namespace_has_its_name_as_a_label(void)
{
	AUTO_LOADED l = loaded_of("apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: "
				  "{team: x, kubernetes.io/metadata.name: lie}}\n");
	struct doc_pairs labels;
	struct rf_str key = RF_STR("kubernetes.io/metadata.name");

	REQUIRE(kube_namespace_labels(&l.set, RF_STR("a"), &labels) == RF_OK);
	CHECK_INT(labels.count, 2);
	CHECK(rf_str_is(kube_label(&labels, key), "a"));
	CHECK(rf_str_is(kube_label(&labels, RF_STR("team")), "x"));
	REQUIRE(kube_namespace_labels(&l.set, RF_STR("b"), &labels) == RF_OK);
	CHECK_INT(labels.count, 1);
	CHECK(rf_str_is(kube_label(&labels, key), "b"));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_Deployment_gives_its_replicas_with_names_that_stay);
	RUN(the_hash_follows_the_template);
	RUN(counts_default_to_one_and_zero_is_none);
	RUN(StatefulSet_pods_are_numbered_and_labelled);
	RUN(a_DaemonSet_has_one_pod_on_one_machine);
	RUN(a_Job_has_the_fewer_of_parallelism_and_completions);
	RUN(a_CronJob_has_pods_only_when_one_is_asked_for);
	RUN(a_Pod_stands_for_itself_with_its_addresses);
	RUN(finished_pods_are_told);
	RUN(a_live_cluster_is_not_expanded_a_second_time);
	RUN(a_ReplicaSet_of_a_Deployment_in_the_set_has_no_pods_of_its_own);
	RUN(the_owner_is_found_beyond_a_ReplicaSet_or_Job_that_is_missing);
	RUN(an_owner_that_is_nowhere_leaves_the_pod_its_own);
	RUN(owners_in_a_circle_come_to_an_end);
	RUN(made_names_never_meet_each_other);
	RUN(a_million_replicas_are_refused_with_the_place);
	RUN(a_named_port_is_found_by_name_and_protocol);
	RUN(every_namespace_has_its_name_as_a_label);
	return TAP_END();
}
