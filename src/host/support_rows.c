/*
 * What this machine cannot honour, a row each: the condition, why, and what to do instead.
 * docs/guide/limits.md has the same rows (tests/unit/host/support.c compares them).
 */
#include "host/identity_volume.h"
#include "host/support_int.h"

#define ROW(scope_name, field_name, ...)                                          \
	{                                                                         \
		.scope = SUPPORT_##scope_name, .field = (field_name), __VA_ARGS__ \
	}
#define WHEN(condition)	     .when = SUPPORT_##condition
#define IS(text)	     .when = SUPPORT_IS, .value = (text)
#define IS_NOT(text)	     .when = SUPPORT_IS_NOT, .value = (text)
#define TEST(function, text) .when = SUPPORT_TEST, .test = (function), .value = (text)
#define WHY(text)	     .why = (text)
#define INSTEAD(text)	     .instead = (text)

const struct support_row support_rows[] = {
	/* --- pods --- */
	ROW(POD, "hostUsers", WHEN(FALSE), WHY("pods have no user namespace of their own"),
		INSTEAD("take it out, and run as a user other than root (runAsNonRoot: true)")),
	ROW(POD, "shareProcessNamespace", WHEN(TRUE),
		WHY("each container has its own process namespace"),
		INSTEAD("take it out, or run both programs in one container")),
	ROW(POD, "hostnameOverride", WHEN(SET), WHY("the pod's name or hostname is its host name"),
		INSTEAD("use hostname")),
	ROW(POD, "setHostnameAsFQDN", WHEN(TRUE), WHY("the host name is set without its domain"),
		INSTEAD("take it out; the full name resolves in DNS")),
	ROW(POD, "runtimeClassName", WHEN(SET), WHY("there is one OCI runtime on this machine"),
		INSTEAD("take it out")),
	ROW(POD, "activeDeadlineSeconds", WHEN(SET), WHY("pods are not stopped at a deadline"),
		INSTEAD("take it out, and run the command under timeout(1)")),
	ROW(POD, "ephemeralContainers", WHEN(SET), WHY("containers are not added to a running pod"),
		INSTEAD("use `ringfence exec`")),
	ROW(POD, "resources", WHEN(SET), WHY("limits are set for each container"),
		INSTEAD("set resources of the containers")),
	ROW(POD, "overhead", WHEN(SET), WHY("it belongs to a runtime class"),
		INSTEAD("take it out")),
	ROW(POD, "resourceClaims", WHEN(SET), WHY("there is no driver that gives out devices"),
		INSTEAD("take it out")),
	ROW(POD, "readinessGates", WHEN(SET),
		WHY("no controller sets their conditions, so that the pod would never be ready"),
		INSTEAD("use a readinessProbe")),
	ROW(POD, "schedulingGates", WHEN(SET),
		WHY("no controller takes them away, so that the pod would never start"),
		INSTEAD("take it out")),
	ROW(POD, "os.name", IS_NOT("linux"), WHY("containers are Linux processes"),
		INSTEAD("run it on another machine")),
	ROW(POD, "securityContext.windowsOptions", WHEN(SET), WHY("containers are Linux processes"),
		INSTEAD("take it out")),
	ROW(TEMPLATE, "annotations",
		TEST(support_old_profile, "seccomp.security.alpha.kubernetes.io/..., "
					  "container.apparmor.security.beta.kubernetes.io/..."),
		WHY("profiles are not read from annotations"),
		INSTEAD("use securityContext.seccompProfile and securityContext.appArmorProfile")),

	/* --- containers --- */
	ROW(CONTAINER, "imagePullPolicy", IS("Always"),
		WHY("images are not pulled from registries"),
		INSTEAD("run `ringfence image import`, and use IfNotPresent")),
	ROW(CONTAINER, "restartPolicy", WHEN(SET),
		WHY("containers of a pod restart as the pod's restartPolicy says, and init "
		    "containers "
		    "end before the others start (no sidecars)"),
		INSTEAD("run a sidecar as an ordinary container; use the pod's restartPolicy")),
	ROW(CONTAINER, "restartPolicyRules", WHEN(SET), WHY("exit codes do not decide restarts"),
		INSTEAD("use the pod's restartPolicy")),
	ROW(CONTAINER, "lifecycle.postStart", WHEN(SET), WHY("hooks are not run"),
		INSTEAD("do it in the container's command or in an init container")),
	ROW(CONTAINER, "lifecycle.preStop", WHEN(SET), WHY("hooks are not run"),
		INSTEAD("handle the stop signal (lifecycle.stopSignal) in the program")),
	ROW(CONTAINER, "volumeDevices", WHEN(SET), WHY("there are no block volumes"),
		INSTEAD("use volumeMounts")),
	ROW(CONTAINER, "terminationMessagePath", IS_NOT("/dev/termination-log"),
		WHY("termination messages are not read"), INSTEAD("take it out; read the logs")),
	ROW(CONTAINER, "terminationMessagePolicy", IS("FallbackToLogsOnError"),
		WHY("termination messages are not read"), INSTEAD("take it out; read the logs")),
	ROW(CONTAINER, "stdinOnce", WHEN(TRUE), WHY("nobody attaches to a container's input"),
		INSTEAD("take it out")),
	ROW(CONTAINER, "resizePolicy", WHEN(SET), WHY("a container's limits do not change"),
		INSTEAD("take it out; `ringfence apply` starts the pod again")),
	ROW(CONTAINER, "resources.claims", WHEN(SET),
		WHY("there is no driver that gives out devices"), INSTEAD("take it out")),
	ROW(CONTAINER, "resources.limits",
		TEST(support_extended_limit, "anything but cpu, memory and pids"),
		WHY("it cannot be limited here"),
		INSTEAD("take it out; emptyDir.sizeLimit bounds storage")),
	ROW(CONTAINER, "resources.requests",
		TEST(support_extended_request, "anything but cpu, memory, pids, ephemeral-storage"),
		WHY("this machine does not give it out"), INSTEAD("take it out")),
	ROW(CONTAINER, "securityContext.windowsOptions", WHEN(SET),
		WHY("containers are Linux processes"), INSTEAD("take it out")),
	ROW(PORT, "hostPort",
		TEST(support_host_port, "not 0, unless the pod has hostNetwork: true"),
		WHY("ports of the machine are not forwarded to pods"),
		INSTEAD("reach the pod by its address or a Service's, or use hostNetwork: true")),
	ROW(ENV, "valueFrom.fileKeyRef", WHEN(SET),
		WHY("variables are not read from files of volumes"),
		INSTEAD("use configMapKeyRef or secretKeyRef")),
	ROW(PROBE, "grpc", WHEN(SET), WHY("probes do not speak gRPC"),
		INSTEAD("use httpGet, tcpSocket or exec")),
	ROW(PROBE, "httpGet.scheme", IS("HTTPS"), WHY("probes do not speak TLS"),
		INSTEAD("use scheme: HTTP, tcpSocket or exec")),
	ROW(PROBE, "httpGet.host", WHEN(SET), WHY("a probe goes to the pod's own address"),
		INSTEAD("take it out; a Host header can be set in httpHeaders")),
	ROW(PROBE, "tcpSocket.host", WHEN(SET), WHY("a probe goes to the pod's own address"),
		INSTEAD("take it out")),

	/* --- volumes --- */
	ROW(MOUNT, "mountPropagation", IS_NOT("None"), WHY("mounts are private to the container"),
		INSTEAD("take it out")),
	ROW(MOUNT, "recursiveReadOnly", IS_NOT("Disabled"),
		WHY("mounts below a read-only mount are not made read-only"),
		INSTEAD("take it out, and mount each of them with readOnly: true")),
	ROW(MOUNT, "subPathExpr", WHEN(SET), WHY("variables are not expanded in it"),
		INSTEAD("use subPath")),
	ROW(VOLUME, "persistentVolumeClaim", WHEN(SET), WHY("there are no persistent volumes"),
		INSTEAD("use hostPath with type: DirectoryOrCreate")),
	ROW(VOLUME, "source",
		TEST(support_other_volume, "nfs, csi, ephemeral, image, iscsi and every other"),
		WHY("this kind of volume is not supported"),
		INSTEAD("mount it on the machine, and use hostPath")),
	ROW(VOLUME, "emptyDir.medium", IS_NOT("Memory"), WHY("there are no volumes of huge pages"),
		INSTEAD("use medium: Memory")),
	ROW(PROJECTION, "serviceAccountToken", WHEN(SET),
		WHY("there is no API server to accept it"), INSTEAD("take it out")),
	ROW(PROJECTION, "clusterTrustBundle.name", WHEN(SET), WHY("there is no API server to ask"),
		INSTEAD("use signerName: " IDENTITY_SIGNER
			", or put the certificates into a ConfigMap")),
	ROW(PROJECTION, "clusterTrustBundle.signerName", IS_NOT(IDENTITY_SIGNER),
		WHY("there is no other signer"),
		INSTEAD("use " IDENTITY_SIGNER ", or put the certificates into a ConfigMap")),
	ROW(PROJECTION, "clusterTrustBundle.labelSelector", WHEN(SET),
		WHY("there is one set of roots"), INSTEAD("use labelSelector: {}")),
	ROW(PROJECTION, "podCertificate.signerName", IS_NOT(IDENTITY_SIGNER),
		WHY("there is no other signer"),
		INSTEAD("use " IDENTITY_SIGNER ", or put key and certificate into a Secret")),
	ROW(PROJECTION, "podCertificate.keyType", IS_NOT("ECDSAP256"),
		WHY("keys of identities are of this type"), INSTEAD("use ECDSAP256")),
	ROW(PROJECTION, "podCertificate.userAnnotations", WHEN(SET),
		WHY("the signer knows the pod already"), INSTEAD("take it out")),

	/* --- workloads --- */
	ROW(DEPLOYMENT, "paused", WHEN(TRUE), WHY("a rollout is not held back"),
		INSTEAD("take it out, or set replicas: 0")),
	ROW(STATEFUL_SET, "volumeClaimTemplates", WHEN(SET), WHY("there are no persistent volumes"),
		INSTEAD("use a volume with hostPath in the template")),
	ROW(STATEFUL_SET, "ordinals.start", WHEN(NOT_ZERO), WHY("pods are numbered from 0"),
		INSTEAD("take it out")),
	ROW(JOB, "completions", TEST(support_more_completions, "more than parallelism"),
		WHY("the pods of a Job are started once, all together"),
		INSTEAD("set parallelism to the same number")),
	ROW(JOB, "completionMode", IS("Indexed"), WHY("pods get no completion index"),
		INSTEAD("use one Job for each index")),
	ROW(JOB, "activeDeadlineSeconds", WHEN(SET), WHY("pods are not stopped at a deadline"),
		INSTEAD("take it out, and run the command under timeout(1)")),
	ROW(JOB, "podFailurePolicy", WHEN(SET), WHY("exit codes do not decide about retries"),
		INSTEAD("use backoffLimit and the pod's restartPolicy")),
	ROW(JOB, "successPolicy", WHEN(SET), WHY("it needs completion indexes"),
		INSTEAD("take it out")),
	ROW(JOB, "backoffLimitPerIndex", WHEN(SET), WHY("it needs completion indexes"),
		INSTEAD("use backoffLimit")),
	ROW(JOB, "maxFailedIndexes", WHEN(SET), WHY("it needs completion indexes"),
		INSTEAD("take it out")),
	ROW(JOB, "managedBy", IS_NOT("kubernetes.io/job-controller"),
		WHY("that controller is not here"), INSTEAD("take it out")),
	ROW(CRON_JOB, "schedule", TEST(support_not_suspended, "unless suspend: true"),
		WHY("nothing is started at times"),
		INSTEAD("use a Job, started by a systemd timer, or set suspend: true")),

	/* --- Services --- */
	ROW(SERVICE, "type", IS("NodePort"), WHY("ports of the machine are not forwarded to pods"),
		INSTEAD("use ClusterIP: the machine itself reaches that address")),
	ROW(SERVICE, "type", IS("LoadBalancer"), WHY("there is no load balancer"),
		INSTEAD("use ClusterIP: the machine itself reaches that address")),
	ROW(SERVICE, "type", IS("ExternalName"), WHY("names outside are not given aliases"),
		INSTEAD("use the external name in the client's configuration")),
	ROW(SERVICE, "selector", TEST(support_no_selector, "not set"),
		WHY("endpoints are found by selector only"), INSTEAD("add a selector")),
	ROW(SERVICE, "externalIPs", WHEN(SET), WHY("only ClusterIPs are translated"),
		INSTEAD("take it out")),
	ROW(SERVICE, "sessionAffinity", IS("ClientIP"),
		WHY("each connection goes to any of the endpoints"),
		INSTEAD("take it out, or run one replica")),
	ROW(SERVICE, "externalTrafficPolicy", IS("Local"),
		WHY("nothing from outside comes in through a Service"), INSTEAD("take it out")),
	ROW(SERVICE, "loadBalancerIP", WHEN(SET), WHY("there is no load balancer"),
		INSTEAD("take it out")),
	ROW(SERVICE, "loadBalancerClass", WHEN(SET), WHY("there is no load balancer"),
		INSTEAD("take it out")),
	ROW(SERVICE, "loadBalancerSourceRanges", WHEN(SET), WHY("there is no load balancer"),
		INSTEAD("say who may connect in a NetworkPolicy")),
	ROW(SERVICE, "healthCheckNodePort", WHEN(NOT_ZERO), WHY("there is no load balancer"),
		INSTEAD("take it out")),
};
const size_t support_row_count = RF_ARRAY_LEN(support_rows);

const char *support_scope_name(enum support_scope scope)
{
	static const char *const names[SUPPORT_SCOPE_COUNT] = {
		[SUPPORT_POD] = "Pod spec",
		[SUPPORT_CONTAINER] = "container",
		[SUPPORT_PROBE] = "probe",
		[SUPPORT_ENV] = "env",
		[SUPPORT_PORT] = "container port",
		[SUPPORT_MOUNT] = "volumeMount",
		[SUPPORT_VOLUME] = "volume",
		[SUPPORT_PROJECTION] = "projected source",
		[SUPPORT_TEMPLATE] = "Pod metadata",
		[SUPPORT_DEPLOYMENT] = "Deployment",
		[SUPPORT_STATEFUL_SET] = "StatefulSet",
		[SUPPORT_JOB] = "Job",
		[SUPPORT_CRON_JOB] = "CronJob",
		[SUPPORT_SERVICE] = "Service",
	};

	return names[scope];
}

void support_row_text(const struct support_row *row, struct rf_buf *out)
{
	switch (row->when) {
	case SUPPORT_SET: rf_buf_addf(out, "`%s`", row->field); break;
	case SUPPORT_TRUE: rf_buf_addf(out, "`%s: true`", row->field); break;
	case SUPPORT_FALSE: rf_buf_addf(out, "`%s: false`", row->field); break;
	case SUPPORT_NOT_ZERO: rf_buf_addf(out, "`%s` other than 0", row->field); break;
	case SUPPORT_IS: rf_buf_addf(out, "`%s: %s`", row->field, row->value); break;
	case SUPPORT_IS_NOT:
		rf_buf_addf(out, "`%s` other than `%s`", row->field, row->value);
		break;
	case SUPPORT_TEST: rf_buf_addf(out, "`%s`: %s", row->field, row->value); break;
	}
}
