/* PodSpec and PodStatus: the tables. */
#include "kube/kube_int.h"

#define ROW_OF struct kube_host_alias
static const struct doc_field host_alias_rows[] = {
	ROW_STR("ip", ip, REQUIRED),
	ROW_STRS("hostnames", hostnames),
};
static const struct doc_schema host_alias_schema =
	DOC_SCHEMA("HostAlias", struct kube_host_alias, host_alias_rows);
#undef ROW_OF

#define ROW_OF struct kube_dns_option
static const struct doc_field dns_option_rows[] = {
	ROW_STR("name", name, REQUIRED),
	ROW_STR("value", value),
};
static const struct doc_schema dns_option_schema =
	DOC_SCHEMA("PodDNSConfigOption", struct kube_dns_option, dns_option_rows);
#undef ROW_OF

#define ROW_OF struct kube_dns_config
static const struct doc_field dns_config_rows[] = {
	ROW_STRS("nameservers", nameservers),
	ROW_STRS("searches", searches),
	ROW_LIST("options", options, dns_option_schema),
};
static const struct doc_schema dns_config_schema =
	DOC_SCHEMA("PodDNSConfig", struct kube_dns_config, dns_config_rows);
#undef ROW_OF

#define ROW_OF struct kube_pod_spec
static const struct doc_field pod_spec_rows[] = {
	ROW_STR("serviceAccountName", service_account_name),
	ROW_STR("serviceAccount", service_account),
	ROW_BOOL("automountServiceAccountToken", automount_service_account_token),
	ROW_OBJ("securityContext", security, kube_pod_security_schema),
	ROW_LIST("initContainers", init_containers, kube_container_schema),
	ROW_LIST("containers", containers, kube_container_schema, REQUIRED),
	ROW_LIST("ephemeralContainers", ephemeral_containers, kube_ephemeral_container_schema),
	ROW_LIST("volumes", volumes, kube_volume_schema),
	ROW_STR("restartPolicy", restart_policy, ONE_OF("Always", "OnFailure", "Never", "")),
	ROW_INT("terminationGracePeriodSeconds", termination_grace_period_seconds,
		BETWEEN(0, INT64_MAX)),
	ROW_INT("activeDeadlineSeconds", active_deadline_seconds, BETWEEN(1, INT32_MAX)),
	ROW_STR("dnsPolicy", dns_policy,
		ONE_OF("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None", "")),
	ROW_PTR("dnsConfig", dns_config, dns_config_schema),
	ROW_PAIRS("nodeSelector", node_selector),
	ROW_STR("nodeName", node_name),
	ROW_BOOL("hostNetwork", host_network),
	ROW_BOOL("hostPID", host_pid),
	ROW_BOOL("hostIPC", host_ipc),
	ROW_BOOL("hostUsers", host_users),
	ROW_BOOL("shareProcessNamespace", share_process_namespace),
	ROW_LIST("imagePullSecrets", image_pull_secrets, kube_name_ref_schema),
	ROW_STR("hostname", hostname),
	ROW_STR("subdomain", subdomain),
	ROW_BOOL("setHostnameAsFQDN", set_hostname_as_fqdn),
	ROW_STR("hostnameOverride", hostname_override),
	ROW_LIST("hostAliases", host_aliases, host_alias_schema),
	ROW_BOOL("enableServiceLinks", enable_service_links),
	ROW_CUSTOM("affinity", affinity, kube_keep_affinity),
	ROW_CUSTOM("tolerations", tolerations, kube_keep_tolerations),
	ROW_CUSTOM("topologySpreadConstraints", topology_spread_constraints, kube_keep_spread),
	ROW_STR("schedulerName", scheduler_name),
	ROW_STR("priorityClassName", priority_class_name),
	ROW_INT("priority", priority),
	ROW_STR("preemptionPolicy", preemption_policy, ONE_OF("PreemptLowerPriority", "Never")),
	ROW_STR("runtimeClassName", runtime_class_name),
	ROW_CUSTOM("overhead", overhead, kube_decode_resource_list),
	ROW_PTR("resources", resources, kube_resources_schema),
	ROW_CUSTOM("readinessGates", readiness_gates, kube_keep_readiness_gates),
	ROW_CUSTOM("schedulingGates", scheduling_gates, kube_keep_scheduling_gates),
	ROW_CUSTOM("resourceClaims", resource_claims, kube_keep_resource_claims),
	ROW_CUSTOM("os", os, kube_keep_os),
	ROW_CUSTOM("workloadRef", workload_ref, kube_keep_workload_ref),
};
const struct doc_schema kube_pod_spec_schema =
	DOC_SCHEMA("PodSpec", struct kube_pod_spec, pod_spec_rows);
#undef ROW_OF

/* [{ip: ...}] of podIPs into the list of addresses. */
static int decode_pod_ips(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct doc_strs *ips = field;

	if (node->type != DOC_SEQ)
		return doc_decode_error(dec, doc_pos(node), "podIPs: expected a list, found %s",
			doc_type_name((enum doc_type)node->type));
	ips->items = kube_alloc(dec, node->count, sizeof(*ips->items));
	if (!ips->items)
		return RF_EINTERNAL;
	doc_each (item, node) {
		const struct doc_node *ip = doc_get(item, "ip");

		if (!ip || ip->type != DOC_STRING)
			return doc_decode_error(
				dec, doc_pos(item), "podIPs: expected a map with the field \"ip\"");
		ips->items[ips->count++] = ip->text;
	}
	return RF_OK;
}

/* A status is written by the cluster; what no ring reads stays unread, whatever its shape. */
struct status_view {
	struct kube_pod_status status;
	const struct doc_node *unread;
};

#define ROW_OF	     struct status_view
#define UNREAD(name) ROW_NODE(name, unread)
static const struct doc_field status_rows[] = {
	ROW_STR("phase", status.phase,
		ONE_OF("Pending", "Running", "Succeeded", "Failed", "Unknown", "")),
	ROW_STR("podIP", status.pod_ip),
	ROW_CUSTOM("podIPs", status.pod_ips, decode_pod_ips),
	ROW_STR("hostIP", status.host_ip),
	UNREAD("hostIPs"),
	UNREAD("conditions"),
	UNREAD("containerStatuses"),
	UNREAD("initContainerStatuses"),
	UNREAD("ephemeralContainerStatuses"),
	UNREAD("message"),
	UNREAD("reason"),
	UNREAD("nominatedNodeName"),
	UNREAD("startTime"),
	UNREAD("qosClass"),
	UNREAD("resize"),
	UNREAD("observedGeneration"),
	UNREAD("resourceClaimStatuses"),
	UNREAD("extendedResourceClaimStatus"),
	UNREAD("allocatedResources"),
	UNREAD("resources"),
};
static const struct doc_schema status_schema = {
	.name = "PodStatus",
	.size = sizeof(struct status_view),
	.node_offset = offsetof(struct status_view, status.node),
	.fields = status_rows,
	.field_count = RF_ARRAY_LEN(status_rows),
};
#undef ROW_OF

int kube_decode_pod_status(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct kube_pod_status *status = field;
	struct status_view view;
	int rc = doc_decode(dec, &status_schema, node, &view);

	*status = view.status;
	return rc;
}
