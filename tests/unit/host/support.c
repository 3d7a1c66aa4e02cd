/* host/support.c: what is refused, where, and that docs/guide/limits.md says the same. */
#include "tests/unit/host/env_fixture.h"
#include "host/support_int.h"

#include "base/fd.h"

#define LIMITS_PAGE "docs/guide/limits.md"

struct checked {
	struct kube_set set;
	struct rf_diags diags;
	struct rf_buf said; /* "line:col message" of every finding */
	size_t load_errors;
};

static void checked_done(struct checked *c)
{
	kube_set_done(&c->set);
	rf_diags_done(&c->diags);
	rf_buf_done(&c->said);
}
#define CHECKED CLEANUP(checked_done) struct checked

static void check(struct checked *c, const char *text)
{
	struct rf_err err;

	*c = (struct checked){.load_errors = 1};
	if (kube_set_init(&c->set, &err) < 0 ||
		kube_load_text(&c->set, rf_str_of(text), "t.yaml", &c->diags, &err) < 0)
		return;
	c->load_errors = c->diags.error_count;
	if (!c->load_errors)
		plan_check_support(&c->set, &c->diags);
	rf_vec_each (d, &c->diags.list)
		rf_buf_addf(&c->said, "%u:%u %s\n", d->pos.line, d->pos.col, d->msg);
}

static void refuses(const char *text, const char *part, int line)
{
	CHECKED c;

	check(&c, text);
	tap_check(c.load_errors == 0 && c.diags.error_count == 1 &&
			  strstr(rf_buf_cstr(&c.said), part),
		__FILE__, line, "wanted one refusal with \"%s\", got:\n%s", part,
		rf_buf_cstr(&c.said));
}

static void accepts(const char *text, int line)
{
	CHECKED c;

	check(&c, text);
	tap_check(c.diags.error_count == 0, __FILE__, line, "wanted none, got:\n%s",
		rf_buf_cstr(&c.said));
}

/* "line:col" is of the field that is refused: line 4 holds what a test is about. */
#define POD(fields)                                                                             \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: " \
	"i}],\n  " fields "}\n"
#define CONTAINER(fields)                                                                       \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{name: v, emptyDir: " \
	"{}}], containers: [{name: c, image: i,\n  " fields "}]}\n"
#define VOLUME(source) POD("volumes: [{name: v, " source "}]")
#define WORKLOAD(kind, version, restart, fields)                                               \
	"apiVersion: " version "\nkind: " kind "\nmetadata: {name: w}\nspec: {template: "      \
	"{metadata: {labels: {a: b}}, spec: {restartPolicy: " restart ", containers: [{name: " \
	"c, image: i}]}},\n  " fields "}\n"
#define APPS(kind, fields) \
	WORKLOAD(kind, "apps/v1", "Always", "selector: {matchLabels: {a: b}}, " fields)
#define JOB(fields) WORKLOAD("Job", "batch/v1", "Never", fields)
#define CRON_JOB(fields)                                                                        \
	"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: w}\nspec: {jobTemplate: {spec: " \
	"{template: {spec: {restartPolicy: Never, containers: [{name: c, image: i, "            \
	"imagePullPolicy: Always}]}}}},\n  " fields "}\n"
#define SERVICE(fields)                                                                     \
	"apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 1}],\n " \
	" " fields "}\n"

#define REFUSES(text, part) refuses(text, part, __LINE__)
#define ACCEPTS(text)	    accepts(text, __LINE__)

static void a_refusal_says_what_where_why_and_what_to_do(void)
{
	REFUSES(CONTAINER("imagePullPolicy: Always"),
		"5:3 Pod default/p, container c: imagePullPolicy: Always is not supported here: "
		"images are not pulled from registries; run `ringfence image import`, and use "
		"IfNotPresent\n");
	REFUSES(SERVICE("type: ClusterIP"),
		"4:7 Service default/s: selector is missing: endpoints are found by selector "
		"only; add a selector\n");
	REFUSES(CONTAINER("livenessProbe: {httpGet: {port: 1, scheme: HTTPS}}"),
		"5:38 Pod default/p, container c: scheme: HTTPS is not supported here");
}

static void every_refusal_is_reported_not_the_first(void)
{
	CHECKED c;

	check(&c,
		POD("hostUsers: false, shareProcessNamespace: true, runtimeClassName: x") "---"
											  "\n" SERVICE(
												  "type: NodePort, selector: {a: b}"));
	CHECK_INT(c.diags.error_count, 4);
}

static void fields_of_a_pod_that_need_a_cluster_are_refused(void)
{
	REFUSES(POD("hostUsers: false"), "5:3 Pod default/p: hostUsers: false");
	REFUSES(POD("shareProcessNamespace: true"), "shareProcessNamespace");
	REFUSES(POD("hostnameOverride: x"), "hostnameOverride");
	REFUSES(POD("setHostnameAsFQDN: true"), "setHostnameAsFQDN");
	REFUSES(POD("runtimeClassName: gvisor"), "runtimeClassName: gvisor");
	REFUSES(POD("activeDeadlineSeconds: 5"), "activeDeadlineSeconds: 5");
	REFUSES(POD("ephemeralContainers: [{name: e, image: i}]"), "ephemeralContainers");
	REFUSES(POD("resources: {limits: {cpu: 1}}"), "5:3 Pod default/p: resources");
	REFUSES(POD("overhead: {cpu: 1}"), "overhead");
	REFUSES(POD("resourceClaims: [{name: r, resourceClaimName: x}]"), "resourceClaims");
	REFUSES(POD("readinessGates: [{conditionType: x.io/y}]"), "readinessGates");
	REFUSES(POD("schedulingGates: [{name: g}]"), "schedulingGates");
	REFUSES(POD("os: {name: windows}"), "name: windows is not supported here");
	REFUSES(POD("securityContext: {windowsOptions: {runAsUserName: x}}"), "windowsOptions");
}

static void fields_of_a_pod_that_mean_nothing_on_one_machine_are_accepted(void)
{
	ACCEPTS(POD("hostUsers: true, shareProcessNamespace: false, nodeName: node, nodeSelector: "
		    "{a: b}, schedulerName: s, priorityClassName: p, priority: 1, "
		    "preemptionPolicy: Never, tolerations: [{operator: Exists}], "
		    "imagePullSecrets: [{name: x}], automountServiceAccountToken: true, "
		    "serviceAccountName: a, os: {name: linux}, runtimeClassName: null"));
	ACCEPTS(POD("dnsPolicy: None, dnsConfig: {nameservers: [10.0.0.1]}"));
	ACCEPTS(POD("readinessGates: [], overhead: {}"));
}

static void profiles_in_annotations_are_refused(void)
{
#define ANNOTATED(key)                                                          \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {\n  " key \
	": runtime/default}}\n"                                                 \
	"spec: {containers: [{name: c, image: i}]}\n"
	REFUSES(ANNOTATED("container.apparmor.security.beta.kubernetes.io/c"), "4:3 Pod default/p");
	REFUSES(ANNOTATED("seccomp.security.alpha.kubernetes.io/pod"), "seccompProfile");
	REFUSES(ANNOTATED("container.seccomp.security.alpha.kubernetes.io/c"), "seccompProfile");
	ACCEPTS(ANNOTATED("example.com/seccomp"));
}

static void fields_of_a_container_that_are_not_done_are_refused(void)
{
	REFUSES(CONTAINER("restartPolicy: Always"), "restartPolicy");
	REFUSES(CONTAINER("lifecycle: {postStart: {exec: {command: [x]}}}"), "postStart");
	REFUSES(CONTAINER("lifecycle: {preStop: {sleep: {seconds: 1}}}"), "preStop");
	REFUSES(CONTAINER("terminationMessagePath: /x"), "terminationMessagePath: /x");
	REFUSES(CONTAINER("terminationMessagePolicy: FallbackToLogsOnError"), "FallbackToLogs");
	REFUSES(CONTAINER("stdin: true, stdinOnce: true"), "stdinOnce");
	REFUSES(CONTAINER("resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]"),
		"resizePolicy");
	REFUSES(CONTAINER("resources: {limits: {ephemeral-storage: 1Gi}}"),
		"5:24 Pod default/p, container c: ephemeral-storage");
	REFUSES(CONTAINER("securityContext: {windowsOptions: {runAsUserName: x}}"), "Linux");
	REFUSES(CONTAINER("ports: [{containerPort: 80, hostPort: 80}]"), "hostPort: 80");
	REFUSES(CONTAINER("env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: p, key: "
			  "k}}}]"),
		"fileKeyRef");
	ACCEPTS(CONTAINER("terminationMessagePath: /dev/termination-log, terminationMessagePolicy: "
			  "File, imagePullPolicy: IfNotPresent, ports: [{containerPort: 80, "
			  "hostPort: 0}], lifecycle: {stopSignal: SIGTERM}, resources: {limits: "
			  "{cpu: 1, memory: 1Gi}, requests: {ephemeral-storage: 1Gi}}"));
	ACCEPTS(POD("hostNetwork: true, initContainers: [{name: d, image: i, ports: "
		    "[{containerPort: 80, hostPort: 80}]}]"));
}

static void sidecars_and_init_containers_are_looked_at_too(void)
{
	REFUSES(POD("initContainers: [{name: d, image: i, restartPolicy: Always}]"),
		"container d: restartPolicy: Always");
}

static void probes_that_are_not_done_are_refused(void)
{
	REFUSES(CONTAINER("livenessProbe: {grpc: {port: 1}}"), "grpc");
	REFUSES(CONTAINER("readinessProbe: {httpGet: {port: 1, host: x}}"), "host: x");
	REFUSES(CONTAINER("startupProbe: {tcpSocket: {port: 1, host: x}}"), "host: x");
	ACCEPTS(CONTAINER("livenessProbe: {httpGet: {port: 1, scheme: HTTP, path: /}, "
			  "terminationGracePeriodSeconds: 5}"));
}

static void volumes_that_are_not_done_are_refused(void)
{
	REFUSES(VOLUME("persistentVolumeClaim: {claimName: x}"), "persistentVolumeClaim");
	REFUSES(VOLUME("nfs: {server: a, path: /}"), "5:23 Pod default/p: nfs is not supported");
	REFUSES(VOLUME("csi: {driver: d}"), "csi is not supported");
	REFUSES(VOLUME("image: {reference: x}"), "image is not supported");
	REFUSES(VOLUME("emptyDir: {medium: HugePages}"), "medium: HugePages");
	REFUSES(VOLUME("projected: {sources: [{serviceAccountToken: {path: t}}]}"),
		"serviceAccountToken");
	REFUSES(VOLUME("projected: {sources: [{clusterTrustBundle: {path: t, name: x}}]}"),
		"name: x");
	REFUSES(VOLUME("projected: {sources: [{clusterTrustBundle: {path: t, signerName: x/y}}]}"),
		"signerName: x/y");
	REFUSES(VOLUME("projected: {sources: [{clusterTrustBundle: {path: t, signerName: "
		       "ringfence.dev/identity, labelSelector: {matchLabels: {a: b}}}}]}"),
		"labelSelector");
	REFUSES(VOLUME("projected: {sources: [{podCertificate: {signerName: "
		       "kubernetes.io/kube-apiserver-client-pod, keyType: ECDSAP256, keyPath: "
		       "k}}]}"),
		"signerName: kubernetes.io/kube-apiserver-client-pod");
	REFUSES(VOLUME("projected: {sources: [{podCertificate: {signerName: "
		       "ringfence.dev/identity, keyType: ED25519, keyPath: k}}]}"),
		"keyType: ED25519");
	ACCEPTS(VOLUME("projected: {sources: [{podCertificate: {signerName: "
		       "ringfence.dev/identity, keyType: ECDSAP256, credentialBundlePath: b}}, "
		       "{clusterTrustBundle: {signerName: ringfence.dev/identity, path: ca, "
		       "labelSelector: {}}}]}"));
	REFUSES(CONTAINER("volumeMounts: [{name: v, mountPath: /a, mountPropagation: "
			  "HostToContainer}]"),
		"mountPropagation");
	REFUSES(CONTAINER("volumeMounts: [{name: v, mountPath: /a, readOnly: true, "
			  "recursiveReadOnly: Enabled}]"),
		"recursiveReadOnly");
	REFUSES(CONTAINER("volumeMounts: [{name: v, mountPath: /a, subPathExpr: $(A)}]"),
		"subPathExpr");
	ACCEPTS(VOLUME("emptyDir: {medium: Memory, sizeLimit: 1Mi}"));
	ACCEPTS(VOLUME("hostPath: {path: /etc}"));
}

static void workloads_are_refused_where_a_controller_is_missing(void)
{
	REFUSES(APPS("Deployment", "paused: true"), "paused: true");
	REFUSES(APPS("StatefulSet", "serviceName: s, volumeClaimTemplates: [{metadata: {name: x}, "
				    "spec: {accessModes: [ReadWriteOnce]}}]"),
		"volumeClaimTemplates");
	REFUSES(APPS("StatefulSet", "serviceName: s, ordinals: {start: 5}"), "start: 5");
	REFUSES(JOB("completions: 5"), "completions: 5");
	REFUSES(JOB("completions: 2, parallelism: 2, completionMode: Indexed"), "Indexed");
	REFUSES(JOB("activeDeadlineSeconds: 5"), "Job default/w: activeDeadlineSeconds: 5");
	ACCEPTS(JOB("completions: 2, parallelism: 2, backoffLimit: 3, ttlSecondsAfterFinished: 1"));
	ACCEPTS(APPS("Deployment", "replicas: 2, revisionHistoryLimit: 2, progressDeadlineSeconds: "
				   "700, minReadySeconds: 1, strategy: {type: Recreate}"));
}

static void a_cron_job_is_refused_unless_suspended(void)
{
	REFUSES(CRON_JOB("schedule: '* * * * *'"), "5:3 CronJob default/w: schedule");
	ACCEPTS(CRON_JOB("schedule: '* * * * *', suspend: true"));
}

static void services_that_need_more_than_this_machine_are_refused(void)
{
	REFUSES(SERVICE("selector: {a: b}, type: NodePort"), "type: NodePort");
	REFUSES(SERVICE("selector: {a: b}, type: LoadBalancer"), "type: LoadBalancer");
	REFUSES(SERVICE("type: ExternalName, externalName: x.example"), "type: ExternalName");
	REFUSES(SERVICE("selector: {a: b}, externalIPs: [192.0.2.1]"), "externalIPs");
	REFUSES(SERVICE("selector: {a: b}, sessionAffinity: ClientIP"), "sessionAffinity");
	REFUSES(SERVICE("clusterIP: None"), "selector is missing");
	ACCEPTS(SERVICE("selector: {a: b}, clusterIP: None, sessionAffinity: None, "
			"internalTrafficPolicy: Local, publishNotReadyAddresses: true"));
}

/* "| condition | why | what to do |" as the page has it. */
static void row_line(const struct support_row *row, struct rf_buf *out)
{
	rf_buf_addf(out, "| %s | ", support_scope_name(row->scope));
	support_row_text(row, out);
	rf_buf_addf(out, " | %s | %s |\n", row->why, row->instead);
}

/* Lines of the first table of the page, below its head. */
static size_t table_lines(const char *page)
{
	const char *line = strstr(page, "\n|---");
	size_t count = 0;

	while (line && (line = strchr(line + 1, '\n')) && line[1] == '|')
		count++;
	return count;
}

static void the_page_of_limits_has_every_row_and_no_other(void)
{
	AUTO_BUF page = {.data = NULL};
	struct rf_err err;

	if (rf_file_read(LIMITS_PAGE, &page, &err) < 0)
		SKIP("run from the top of the source tree");
	CHECK_INT(table_lines(rf_buf_cstr(&page)), support_row_count);
	for (size_t i = 0; i < support_row_count; i++) {
		AUTO_BUF line = {.data = NULL};

		row_line(&support_rows[i], &line);
		CHECKF(strstr(rf_buf_cstr(&page), rf_buf_cstr(&line)),
			LIMITS_PAGE " does not have the line\n%s", rf_buf_cstr(&line));
	}
}

static void the_shop_is_supported(void)
{
	CHECKED c = {.load_errors = 0};
	struct rf_err err;

	REQUIRE(kube_set_init(&c.set, &err) == RF_OK);
	if (kube_load_path(&c.set, "examples/shop", &c.diags, &err) < 0)
		SKIP("run from the top of the source tree");
	plan_check_support(&c.set, &c.diags);
	rf_vec_each (d, &c.diags.list)
		CHECKF(d->severity != RF_ERROR, "%s:%u: %s", d->pos.file, d->pos.line, d->msg);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_refusal_says_what_where_why_and_what_to_do);
	RUN(every_refusal_is_reported_not_the_first);
	RUN(fields_of_a_pod_that_need_a_cluster_are_refused);
	RUN(fields_of_a_pod_that_mean_nothing_on_one_machine_are_accepted);
	RUN(profiles_in_annotations_are_refused);
	RUN(fields_of_a_container_that_are_not_done_are_refused);
	RUN(sidecars_and_init_containers_are_looked_at_too);
	RUN(probes_that_are_not_done_are_refused);
	RUN(volumes_that_are_not_done_are_refused);
	RUN(workloads_are_refused_where_a_controller_is_missing);
	RUN(a_cron_job_is_refused_unless_suspended);
	RUN(services_that_need_more_than_this_machine_are_refused);
	RUN(the_page_of_limits_has_every_row_and_no_other);
	RUN(the_shop_is_supported);
	return TAP_END();
}
