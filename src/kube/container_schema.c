/* Containers: the schema, and what the API asks of a container beyond types. */
#include "kube/kube_int.h"

#define PULL_POLICIES ONE_OF("Always", "IfNotPresent", "Never", "")

#define ROW_OF struct kube_checked
static const struct doc_field claim_rows[] = {
	SEEN_STR("name", REQUIRED),
	SEEN_STR("request"),
};
static const struct doc_schema claim_schema =
	DOC_SCHEMA("ResourceClaim", struct kube_checked, claim_rows);

static const struct doc_field resize_rows[] = {
	SEEN_STR("resourceName", REQUIRED, ONE_OF("cpu", "memory")),
	SEEN_STR("restartPolicy", REQUIRED, ONE_OF("NotRequired", "RestartContainer")),
};
static const struct doc_schema resize_schema =
	DOC_SCHEMA("ContainerResizePolicy", struct kube_checked, resize_rows);
#undef ROW_OF

static int keep_exit_values(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	int64_t *values;
	size_t count;

	(void)field;
	return kube_decode_ints(dec, node, 0, 255, &values, &count);
}

#define ROW_OF struct kube_checked
static const struct doc_field exit_rows[] = {
	SEEN_STR("operator", REQUIRED, ONE_OF("In", "NotIn")),
	SEEN_CUSTOM("values", keep_exit_values, REQUIRED),
};
static const struct doc_schema exit_schema =
	DOC_SCHEMA("ContainerRestartRuleOnExitCodes", struct kube_checked, exit_rows);

static const struct doc_field restart_rule_rows[] = {
	SEEN_STR("action", REQUIRED, ONE_OF("Restart", "RestartAllContainers")),
	SEEN_OBJ("exitCodes", exit_schema, REQUIRED),
};
static const struct doc_schema restart_rule_schema =
	DOC_SCHEMA("ContainerRestartRule", struct kube_checked, restart_rule_rows);
#undef ROW_OF

static int keep_claims(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return kube_keep_list(dec, &claim_schema, node, field);
}

static int keep_resize_policy(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return kube_keep_list(dec, &resize_schema, node, field);
}

static int keep_restart_rules(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return kube_keep_list(dec, &restart_rule_schema, node, field);
}

#define ROW_OF struct kube_resources
static const struct doc_field resource_rows[] = {
	ROW_CUSTOM("limits", limits, kube_decode_resource_list),
	ROW_CUSTOM("requests", requests, kube_decode_resource_list),
	ROW_CUSTOM("claims", claims, keep_claims),
};
const struct doc_schema kube_resources_schema =
	DOC_SCHEMA("ResourceRequirements", struct kube_resources, resource_rows);
#undef ROW_OF

#define ROW_OF struct kube_container_port
static const struct doc_field port_rows[] = {
	ROW_STR("name", name),
	ROW_INT("containerPort", container_port, REQUIRED, BETWEEN(1, PORT_MAX)),
	ROW_STR("protocol", protocol, ONE_OF("TCP", "UDP", "SCTP", "")),
	ROW_INT("hostPort", host_port, BETWEEN(0, PORT_MAX)),
	ROW_STR("hostIP", host_ip),
};
static const struct doc_schema port_schema =
	DOC_SCHEMA("ContainerPort", struct kube_container_port, port_rows);
#undef ROW_OF

#define ROW_OF struct kube_mount
static const struct doc_field mount_rows[] = {
	ROW_STR("name", name, REQUIRED),
	ROW_STR("mountPath", mount_path, REQUIRED),
	ROW_STR("subPath", sub_path),
	ROW_BOOL("readOnly", read_only),
	ROW_STR("mountPropagation", mount_propagation,
		ONE_OF("None", "HostToContainer", "Bidirectional")),
	ROW_STR("recursiveReadOnly", recursive_read_only,
		ONE_OF("Disabled", "IfPossible", "Enabled")),
	ROW_STR("subPathExpr", sub_path_expr),
};
static const struct doc_schema mount_schema =
	DOC_SCHEMA("VolumeMount", struct kube_mount, mount_rows);
#undef ROW_OF

#define ROW_OF struct kube_device
static const struct doc_field device_rows[] = {
	ROW_STR("name", name, REQUIRED),
	ROW_STR("devicePath", device_path, REQUIRED),
};
static const struct doc_schema device_schema =
	DOC_SCHEMA("VolumeDevice", struct kube_device, device_rows);
#undef ROW_OF

/* EphemeralContainerCommon is Container; targetContainerName comes on top. */
#define CONTAINER_ROWS                                                                            \
	ROW_STR("name", name, REQUIRED), ROW_STR("image", image, REQUIRED),                       \
		ROW_STR("imagePullPolicy", image_pull_policy, PULL_POLICIES),                     \
		ROW_STRS("command", command), ROW_STRS("args", args),                             \
		ROW_STR("workingDir", working_dir), ROW_LIST("ports", ports, port_schema),        \
		ROW_LIST("env", env, kube_env_schema),                                            \
		ROW_LIST("envFrom", env_from, kube_env_from_schema),                              \
		ROW_OBJ("resources", resources, kube_resources_schema),                           \
		ROW_PTR("livenessProbe", liveness_probe, kube_probe_schema),                      \
		ROW_PTR("readinessProbe", readiness_probe, kube_probe_schema),                    \
		ROW_PTR("startupProbe", startup_probe, kube_probe_schema),                        \
		ROW_PTR("lifecycle", lifecycle, kube_lifecycle_schema),                           \
		ROW_OBJ("securityContext", security, kube_security_schema),                       \
		ROW_LIST("volumeMounts", volume_mounts, mount_schema),                            \
		ROW_LIST("volumeDevices", volume_devices, device_schema),                         \
		ROW_STR("restartPolicy", restart_policy, ONE_OF("Always", "OnFailure", "Never")), \
		ROW_CUSTOM("restartPolicyRules", restart_policy_rules, keep_restart_rules),       \
		ROW_CUSTOM("resizePolicy", resize_policy, keep_resize_policy),                    \
		ROW_STR("terminationMessagePath", termination_message_path),                      \
		ROW_STR("terminationMessagePolicy", termination_message_policy,                   \
			ONE_OF("File", "FallbackToLogsOnError", "")),                             \
		ROW_BOOL("stdin", stdin_open), ROW_BOOL("stdinOnce", stdin_once),                 \
		ROW_BOOL("tty", tty)

#define ROW_OF struct kube_container
/* clang-format off */
static const struct doc_field container_rows[] = {
	CONTAINER_ROWS,
};
static const struct doc_field ephemeral_rows[] = {
	CONTAINER_ROWS,
	ROW_STR("targetContainerName", target_container_name),
};
/* clang-format on */
const struct doc_schema kube_container_schema =
	DOC_SCHEMA("Container", struct kube_container, container_rows);
const struct doc_schema kube_ephemeral_container_schema =
	DOC_SCHEMA("EphemeralContainer", struct kube_container, ephemeral_rows);
#undef ROW_OF
