/* The kinds that Ringfence knows, a row each. */
#include "kube/kube_int.h"

#include <strings.h>

static const struct kube_kind_row kinds[KUBE_KIND_COUNT] = {
	[KUBE_NAMESPACE] = {.name = "Namespace",
		.plural = "namespaces",
		.short_name = "ns",
		.api_version = "v1",
		.name_rule = KUBE_NAME_LABEL,
		.schema = &kube_namespace_root,
		.finish = kube_finish_namespace},
	[KUBE_POD] = {.name = "Pod",
		.plural = "pods",
		.short_name = "po",
		.api_version = "v1",
		.namespaced = true,
		.workload = true,
		.schema = &kube_pod_root,
		.finish = kube_finish_pod},
	[KUBE_DEPLOYMENT] = {.name = "Deployment",
		.plural = "deployments",
		.short_name = "deploy",
		.api_version = "apps/v1",
		.namespaced = true,
		.workload = true,
		.schema = &kube_deployment_root,
		.finish = kube_finish_workload},
	[KUBE_REPLICA_SET] = {.name = "ReplicaSet",
		.plural = "replicasets",
		.short_name = "rs",
		.api_version = "apps/v1",
		.namespaced = true,
		.workload = true,
		.schema = &kube_replica_set_root,
		.finish = kube_finish_workload},
	[KUBE_STATEFUL_SET] = {.name = "StatefulSet",
		.plural = "statefulsets",
		.short_name = "sts",
		.api_version = "apps/v1",
		.namespaced = true,
		.workload = true,
		.schema = &kube_stateful_set_root,
		.finish = kube_finish_workload},
	[KUBE_DAEMON_SET] = {.name = "DaemonSet",
		.plural = "daemonsets",
		.short_name = "ds",
		.api_version = "apps/v1",
		.namespaced = true,
		.workload = true,
		.schema = &kube_daemon_set_root,
		.finish = kube_finish_workload},
	[KUBE_JOB] = {.name = "Job",
		.plural = "jobs",
		.api_version = "batch/v1",
		.namespaced = true,
		.workload = true,
		.schema = &kube_job_root,
		.finish = kube_finish_workload},
	[KUBE_CRON_JOB] = {.name = "CronJob",
		.plural = "cronjobs",
		.short_name = "cj",
		.api_version = "batch/v1",
		.namespaced = true,
		.workload = true,
		.name_rule = KUBE_NAME_CRON_JOB,
		.schema = &kube_cron_job_root,
		.finish = kube_finish_workload},
	[KUBE_SERVICE] = {.name = "Service",
		.plural = "services",
		.short_name = "svc",
		.api_version = "v1",
		.namespaced = true,
		.name_rule = KUBE_NAME_DNS1035,
		.schema = &kube_service_root,
		.finish = kube_finish_service},
	[KUBE_SERVICE_ACCOUNT] = {.name = "ServiceAccount",
		.plural = "serviceaccounts",
		.short_name = "sa",
		.api_version = "v1",
		.namespaced = true,
		.schema = &kube_service_account_root,
		.finish = kube_finish_service_account},
	[KUBE_CONFIG_MAP] = {.name = "ConfigMap",
		.plural = "configmaps",
		.short_name = "cm",
		.api_version = "v1",
		.namespaced = true,
		.schema = &kube_config_map_root,
		.finish = kube_finish_config_map},
	[KUBE_SECRET] = {.name = "Secret",
		.plural = "secrets",
		.api_version = "v1",
		.namespaced = true,
		.schema = &kube_secret_root,
		.finish = kube_finish_secret},
	[KUBE_NETWORK_POLICY] = {.name = "NetworkPolicy",
		.plural = "networkpolicies",
		.short_name = "netpol",
		.api_version = "networking.k8s.io/v1",
		.namespaced = true,
		.schema = &kube_network_policy_root,
		.finish = kube_finish_network_policy},
	[KUBE_AUTHORIZATION_POLICY] = {.name = "AuthorizationPolicy",
		.plural = "authorizationpolicies",
		.short_name = "ap",
		.api_version = "security.istio.io/v1",
		.also_version = "security.istio.io/v1beta1",
		.namespaced = true,
		.schema = &kube_authorization_policy_root,
		.finish = kube_finish_authorization_policy},
	[KUBE_PEER_AUTHENTICATION] = {.name = "PeerAuthentication",
		.plural = "peerauthentications",
		.short_name = "pa",
		.api_version = "security.istio.io/v1",
		.also_version = "security.istio.io/v1beta1",
		.namespaced = true,
		.schema = &kube_peer_authentication_root,
		.finish = kube_finish_peer_authentication},
};

const struct kube_kind_row *kube_kind_row(enum kube_kind kind)
{
	return &kinds[kind];
}

const char *kube_kind_name(enum kube_kind kind)
{
	return kinds[kind].name;
}

bool kube_kind_is_workload(enum kube_kind kind)
{
	return kinds[kind].workload;
}

static bool same_word(struct rf_str a, const char *b)
{
	return b && a.len == strlen(b) && strncasecmp(a.ptr, b, a.len) == 0;
}

bool kube_kind_parse(struct rf_str name, enum kube_kind *ret)
{
	for (unsigned i = 0; i < KUBE_KIND_COUNT; i++) {
		if (same_word(name, kinds[i].name) || same_word(name, kinds[i].plural) ||
			same_word(name, kinds[i].short_name)) {
			*ret = (enum kube_kind)i;
			return true;
		}
	}
	return false;
}
