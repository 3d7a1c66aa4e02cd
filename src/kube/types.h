/*
 * Kubernetes objects as the API reference defines them (v1, apps/v1, batch/v1,
 * networking.k8s.io/v1; the fields of release 1.34), and Istio's security.istio.io/v1 (which its
 * v1beta1 equals). Names are the API's, in snake_case. Every
 * struct begins with the node it was decoded from, so that a message about a field can say
 * file:line:column (doc_field_pos). Everything lives in the arena that it was loaded into.
 *
 * Defaults are not filled in here, unless the comment says so: absence is visible.
 */
#ifndef RF_KUBE_TYPES_H
#define RF_KUBE_TYPES_H

#include "base/ip.h"
#include "doc/decode.h"

/* --- metadata --- */

struct kube_owner_ref {
	const struct doc_node *node;
	struct rf_str api_version, kind, name, uid;
	struct doc_bool controller, block_owner_deletion;
};

struct kube_meta {
	const struct doc_node *node;
	struct rf_str name;
	struct rf_str generate_name;
	struct rf_str namespace; /* "default" is filled in for namespaced kinds */
	struct rf_str uid;
	struct rf_str resource_version;
	struct rf_str creation_timestamp; /* RFC 3339 in UTC, as a server writes it */
	struct doc_pairs labels;	  /* sorted by key */
	struct doc_pairs annotations;
	struct doc_list owner_references; /* kube_owner_ref */
};

/* --- selectors --- */

enum kube_op {
	KUBE_IN,
	KUBE_NOT_IN,
	KUBE_EXISTS,
	KUBE_DOES_NOT_EXIST,
};

struct kube_requirement {
	const struct doc_node *node;
	struct rf_str key;
	struct rf_str op_text;
	enum kube_op op; /* from op_text */
	struct doc_strs values;
};

/* metav1.LabelSelector. Empty selects everything; a NULL pointer's meaning is its field's. */
struct kube_selector {
	const struct doc_node *node;
	struct doc_pairs match_labels;
	struct doc_list match_expressions; /* kube_requirement */
};

/* --- quantities --- */

struct kube_quantity {
	bool set;
	int64_t milli; /* value * 1000, rounded up; saturated at INT64_MAX */
	struct rf_str text;
};

struct kube_resource {
	struct rf_str name; /* "cpu", "memory", "pids", ... */
	struct kube_quantity quantity;
};

struct kube_resource_list {
	struct kube_resource *items;
	size_t count;
};

struct kube_resources {
	const struct doc_node *node;
	struct kube_resource_list limits;
	struct kube_resource_list requests;
	const struct doc_node *claims;
};

/* --- security --- */

struct kube_capabilities {
	const struct doc_node *node;
	struct doc_strs add, drop;
};

struct kube_selinux_options {
	const struct doc_node *node;
	struct rf_str user, role, type, level;
};

/* SeccompProfile and AppArmorProfile. */
struct kube_profile {
	const struct doc_node *node;
	struct rf_str type; /* RuntimeDefault, Unconfined, Localhost */
	struct rf_str localhost_profile;
};

struct kube_windows_options {
	const struct doc_node *node;
	struct rf_str gmsa_credential_spec_name, gmsa_credential_spec, run_as_user_name;
	struct doc_bool host_process;
};

struct kube_sysctl {
	const struct doc_node *node;
	struct rf_str name, value;
};

struct kube_pod_security {
	const struct doc_node *node;
	struct doc_int run_as_user, run_as_group, fs_group; /* 0..2^31-1 */
	struct doc_bool run_as_non_root;
	const struct doc_node *supplemental_groups; /* list of integers, checked */
	int64_t *supplemental_group_ids;	    /* from the above */
	size_t supplemental_group_count;
	struct rf_str supplemental_groups_policy, fs_group_change_policy, selinux_change_policy;
	struct doc_list sysctls; /* kube_sysctl */
	struct kube_selinux_options *selinux_options;
	struct kube_profile *seccomp_profile, *app_armor_profile;
	struct kube_windows_options *windows_options;
};

struct kube_security {
	const struct doc_node *node;
	struct doc_int run_as_user, run_as_group;
	struct doc_bool run_as_non_root, read_only_root_filesystem, allow_privilege_escalation,
		privileged;
	struct rf_str proc_mount;
	struct kube_capabilities *capabilities;
	struct kube_selinux_options *selinux_options;
	struct kube_profile *seccomp_profile, *app_armor_profile;
	struct kube_windows_options *windows_options;
};

/* --- environment --- */

struct kube_key_ref {
	const struct doc_node *node;
	struct rf_str name, key;
	struct doc_bool optional;
};

struct kube_field_ref {
	const struct doc_node *node;
	struct rf_str api_version, field_path;
};

struct kube_resource_ref {
	const struct doc_node *node;
	struct rf_str container_name, resource;
	struct kube_quantity divisor;
};

struct kube_env_source {
	const struct doc_node *node;
	struct kube_key_ref *config_map_key_ref, *secret_key_ref;
	struct kube_field_ref *field_ref;
	struct kube_resource_ref *resource_field_ref;
	const struct doc_node *file_key_ref;
};

struct kube_env {
	const struct doc_node *node;
	struct rf_str name, value;
	struct kube_env_source *value_from;
};

struct kube_name_ref {
	const struct doc_node *node;
	struct rf_str name;
	struct doc_bool optional;
};

struct kube_env_from {
	const struct doc_node *node;
	struct rf_str prefix;
	struct kube_name_ref *config_map_ref, *secret_ref;
};

/* --- volumes --- */

struct kube_key_to_path {
	const struct doc_node *node;
	struct rf_str key, path;
	struct doc_int mode;
};

/* ConfigMap and Secret volume sources and projections; the name is in the field of its kind. */
struct kube_config_map_source {
	const struct doc_node *node;
	struct rf_str name;
	struct doc_list items; /* kube_key_to_path */
	struct doc_int default_mode;
	struct doc_bool optional;
};

struct kube_secret_source {
	const struct doc_node *node;
	struct rf_str secret_name; /* volume: secretName */
	struct rf_str name;	   /* projection: name */
	struct doc_list items;
	struct doc_int default_mode;
	struct doc_bool optional;
};

struct kube_downward_file {
	const struct doc_node *node;
	struct rf_str path;
	struct kube_field_ref *field_ref;
	struct kube_resource_ref *resource_field_ref;
	struct doc_int mode;
};

struct kube_downward_source {
	const struct doc_node *node;
	struct doc_list items; /* kube_downward_file */
	struct doc_int default_mode;
};

struct kube_token_source {
	const struct doc_node *node;
	struct rf_str audience, path;
	struct doc_int expiration_seconds;
};

/* The certificates of a signer. */
struct kube_trust_bundle_source {
	const struct doc_node *node;
	struct rf_str name, signer_name, path; /* either name or signer_name */
	struct kube_selector *label_selector;
	struct doc_bool optional;
};

/* A key of the pod's own, and its certificate; at least one path is there. */
struct kube_certificate_source {
	const struct doc_node *node;
	struct rf_str signer_name, key_type;
	struct doc_int max_expiration_seconds;
	struct rf_str credential_bundle_path, key_path, certificate_chain_path;
	struct doc_pairs user_annotations;
};

struct kube_projection {
	const struct doc_node *node;
	struct kube_config_map_source *config_map;
	struct kube_secret_source *secret;
	struct kube_downward_source *downward_api;
	struct kube_token_source *service_account_token;
	struct kube_trust_bundle_source *cluster_trust_bundle;
	struct kube_certificate_source *pod_certificate;
};

struct kube_projected_source {
	const struct doc_node *node;
	struct doc_list sources; /* kube_projection */
	struct doc_int default_mode;
};

struct kube_empty_dir {
	const struct doc_node *node;
	struct rf_str medium;
	struct kube_quantity size_limit;
};

struct kube_host_path {
	const struct doc_node *node;
	struct rf_str path, type;
};

struct kube_pvc_source {
	const struct doc_node *node;
	struct rf_str claim_name;
	struct doc_bool read_only;
};

struct kube_volume {
	const struct doc_node *node;
	struct rf_str name;
	struct kube_config_map_source *config_map;
	struct kube_secret_source *secret;
	struct kube_downward_source *downward_api;
	struct kube_projected_source *projected;
	struct kube_empty_dir *empty_dir;
	struct kube_host_path *host_path;
	struct kube_pvc_source *persistent_volume_claim;
	/* Sources that no ring runs, undecoded: nfs, csi, ephemeral, image, iscsi, ... */
	const struct doc_node *other;
	struct rf_str other_name; /* its field name, ptr NULL when there is none */
};

struct kube_mount {
	const struct doc_node *node;
	struct rf_str name, mount_path, sub_path, sub_path_expr, mount_propagation,
		recursive_read_only;
	struct doc_bool read_only;
};

struct kube_device {
	const struct doc_node *node;
	struct rf_str name, device_path;
};

/* --- probes and life cycle --- */

struct kube_header {
	const struct doc_node *node;
	struct rf_str name, value;
};

struct kube_exec_action {
	const struct doc_node *node;
	struct doc_strs command;
};

struct kube_http_action {
	const struct doc_node *node;
	struct rf_str path, host, scheme;
	struct doc_int_or_str port;
	struct doc_list http_headers; /* kube_header */
};

struct kube_tcp_action {
	const struct doc_node *node;
	struct rf_str host;
	struct doc_int_or_str port;
};

struct kube_grpc_action {
	const struct doc_node *node;
	struct doc_int port;
	struct rf_str service;
};

struct kube_sleep_action {
	const struct doc_node *node;
	struct doc_int seconds;
};

struct kube_probe {
	const struct doc_node *node;
	struct kube_exec_action *exec;
	struct kube_http_action *http_get;
	struct kube_tcp_action *tcp_socket;
	struct kube_grpc_action *grpc;
	struct doc_int initial_delay_seconds, timeout_seconds, period_seconds, success_threshold,
		failure_threshold, termination_grace_period_seconds;
};

struct kube_handler {
	const struct doc_node *node;
	struct kube_exec_action *exec;
	struct kube_http_action *http_get;
	struct kube_tcp_action *tcp_socket;
	struct kube_sleep_action *sleep;
};

struct kube_lifecycle {
	const struct doc_node *node;
	struct kube_handler *post_start, *pre_stop;
	struct rf_str stop_signal;
};

/* --- containers --- */

struct kube_container_port {
	const struct doc_node *node;
	struct rf_str name, protocol /* "TCP" filled in */, host_ip;
	struct doc_int container_port, host_port;
};

struct kube_container {
	const struct doc_node *node;
	struct rf_str name, image, image_pull_policy, working_dir, restart_policy,
		termination_message_path, termination_message_policy, target_container_name;
	struct doc_strs command, args;
	struct doc_list env;		/* kube_env */
	struct doc_list env_from;	/* kube_env_from */
	struct doc_list ports;		/* kube_container_port */
	struct doc_list volume_mounts;	/* kube_mount */
	struct doc_list volume_devices; /* kube_device */
	struct kube_resources resources;
	struct kube_security security; /* node NULL when absent */
	struct kube_probe *liveness_probe, *readiness_probe, *startup_probe;
	struct kube_lifecycle *lifecycle;
	struct doc_bool stdin_open, stdin_once, tty;
	const struct doc_node *resize_policy, *restart_policy_rules;
};

struct kube_host_alias {
	const struct doc_node *node;
	struct rf_str ip;
	struct doc_strs hostnames;
};

struct kube_dns_option {
	const struct doc_node *node;
	struct rf_str name, value;
};

struct kube_dns_config {
	const struct doc_node *node;
	struct doc_strs nameservers, searches;
	struct doc_list options; /* kube_dns_option */
};

struct kube_pod_spec {
	const struct doc_node *node;
	struct doc_list containers, init_containers, ephemeral_containers; /* kube_container */
	struct doc_list volumes;					   /* kube_volume */
	struct kube_pod_security security; /* node NULL when absent */
	struct rf_str restart_policy;	   /* "Always" filled in */
	struct rf_str dns_policy, service_account_name, service_account, node_name, hostname,
		subdomain, scheduler_name, priority_class_name, preemption_policy,
		runtime_class_name, hostname_override;
	struct doc_int termination_grace_period_seconds, active_deadline_seconds, priority;
	struct doc_bool automount_service_account_token, host_network, host_pid, host_ipc,
		host_users, share_process_namespace, set_hostname_as_fqdn, enable_service_links;
	struct doc_list host_aliases;	    /* kube_host_alias */
	struct doc_list image_pull_secrets; /* kube_name_ref */
	struct kube_dns_config *dns_config;
	struct doc_pairs node_selector;
	struct kube_resource_list overhead;
	struct kube_resources *resources;
	/* Scheduling and the like: decoded strictly, kept as nodes. */
	const struct doc_node *affinity, *tolerations, *topology_spread_constraints,
		*readiness_gates, *scheduling_gates, *resource_claims, *os, *workload_ref;
};

/* --- workloads --- */

enum kube_kind {
	KUBE_NAMESPACE,
	KUBE_POD,
	KUBE_DEPLOYMENT,
	KUBE_REPLICA_SET,
	KUBE_STATEFUL_SET,
	KUBE_DAEMON_SET,
	KUBE_JOB,
	KUBE_CRON_JOB,
	KUBE_SERVICE,
	KUBE_SERVICE_ACCOUNT,
	KUBE_CONFIG_MAP,
	KUBE_SECRET,
	KUBE_NETWORK_POLICY,
	KUBE_AUTHORIZATION_POLICY,
	KUBE_PEER_AUTHENTICATION,
	KUBE_KIND_COUNT,
};

struct kube_pod_status {
	const struct doc_node *node;
	struct rf_str phase, pod_ip, host_ip;
	struct doc_strs pod_ips; /* every address, podIP first; from podIPs or podIP */
};

/*
 * Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, Job and CronJob: all of them are a pod
 * template and a count.
 */
struct kube_workload {
	struct kube_meta template_meta; /* of the pods; a Pod's own metadata */
	struct kube_pod_spec pod;
	struct kube_pod_status status; /* Pod only */
	struct doc_int replicas;       /* Deployment, ReplicaSet, StatefulSet */
	struct kube_selector *selector;
	struct rf_str service_name;		       /* StatefulSet */
	const struct doc_node *volume_claim_templates; /* StatefulSet */
	struct doc_int completions, parallelism, backoff_limit, ttl_seconds_after_finished,
		active_deadline_seconds;  /* Job, CronJob */
	struct rf_str schedule;		  /* CronJob */
	struct doc_bool suspend;	  /* Job, CronJob */
	const struct doc_node *spec_node; /* the object's spec, for positions of its fields */
};

struct kube_service_port {
	const struct doc_node *node;
	struct rf_str name, protocol /* "TCP" filled in */, app_protocol;
	struct doc_int port, node_port;
	struct doc_int_or_str target_port; /* not set: the same as port */
};

struct kube_service {
	const struct doc_node *node;
	struct rf_str type; /* "ClusterIP" filled in */
	struct rf_str cluster_ip, external_name, session_affinity, external_traffic_policy,
		internal_traffic_policy, ip_family_policy, load_balancer_ip, load_balancer_class,
		traffic_distribution;
	struct doc_strs cluster_ips, external_ips, ip_families, load_balancer_source_ranges;
	struct doc_pairs selector; /* count 0: no selector */
	struct doc_list ports;	   /* kube_service_port */
	struct doc_bool publish_not_ready_addresses, allocate_load_balancer_node_ports;
	struct doc_int health_check_node_port;
	const struct doc_node *session_affinity_config;
};

struct kube_service_account {
	const struct doc_node *node;
	struct doc_bool automount_service_account_token;
	const struct doc_node *secrets, *image_pull_secrets;
};

/* ConfigMap and Secret: names and bytes, base64 decoded. Sorted by key. */
struct kube_data_item {
	struct rf_str key;
	struct rf_str value; /* may hold any byte */
};

struct kube_data {
	struct kube_data_item *items;
	size_t count;
	struct rf_str type; /* Secret */
	struct doc_bool immutable;
};

/* --- NetworkPolicy --- */

struct kube_ip_block {
	const struct doc_node *node;
	struct rf_str cidr_text;
	struct doc_strs except_texts;
	struct rf_cidr *cidrs; /* [0] is cidr, then the excepts; checked: except lies within cidr */
	size_t cidr_count;
};

struct kube_np_peer {
	const struct doc_node *node;
	struct kube_selector *pod_selector, *namespace_selector;
	struct kube_ip_block *ip_block;
};

struct kube_np_port {
	const struct doc_node *node;
	struct rf_str protocol; /* "TCP" filled in; checked: TCP, UDP, SCTP */
	struct doc_int_or_str port;
	struct doc_int end_port;
};

struct kube_np_rule {
	const struct doc_node *node;
	struct doc_list ports; /* kube_np_port; count 0: all ports */
	struct doc_list peers; /* kube_np_peer (from or to); count 0: all peers */
};

struct kube_network_policy {
	const struct doc_node *node; /* the spec */
	struct kube_selector pod_selector;
	struct doc_list ingress, egress; /* kube_np_rule */
	struct doc_strs policy_types;
	bool has_ingress, has_egress; /* the directions that it isolates, by the API's defaulting */
};

/* --- AuthorizationPolicy (istio/api security/v1beta1/authorization_policy.proto) --- */

/* Where policies without a namespace of their own lie: those here are the whole mesh's. */
#define KUBE_MESH_ROOT "istio-system"

struct kube_cidr_list {
	struct rf_cidr *items; /* an address alone is a block of its own */
	size_t count;
};

struct kube_port_list {
	uint16_t *items;
	size_t count;
};

/*
 * Strings are checked: not empty, '*' at one end at most ("p*", "*s", "*"); principals without
 * "spiffe://"; service accounts are "name" or "namespace/name", without '*'.
 */
struct kube_authz_source {
	const struct doc_node *node;
	struct doc_strs principals, not_principals, namespaces, not_namespaces, service_accounts,
		not_service_accounts, trust_domains, not_trust_domains;
	struct kube_cidr_list ip_blocks, not_ip_blocks, remote_ip_blocks, not_remote_ip_blocks;
	const struct doc_node *refused; /* only ever an empty list */
};

struct kube_authz_operation {
	const struct doc_node *node;
	struct kube_port_list ports, not_ports;
	struct doc_strs hosts, not_hosts, methods, not_methods, paths, not_paths; /* of HTTP */
};

enum kube_authz_key {
	KUBE_KEY_PRINCIPAL,
	KUBE_KEY_NAMESPACE,
	KUBE_KEY_SERVICE_ACCOUNT,
	KUBE_KEY_SNI,
	KUBE_KEY_SOURCE_IP,
	KUBE_KEY_REMOTE_IP,
	KUBE_KEY_DESTINATION_IP,
	KUBE_KEY_PORT,
	KUBE_KEY_HTTP, /* request.headers[...] */
};

/* By its key, values are strings, blocks or ports; the texts are there in any case. */
struct kube_authz_condition {
	const struct doc_node *node;
	struct rf_str key;
	enum kube_authz_key key_id;
	struct doc_strs values, not_values;
	struct kube_cidr_list blocks, not_blocks;
	struct kube_port_list ports, not_ports;
};

struct kube_authz_from {
	const struct doc_node *node;
	struct kube_authz_source *source; /* never NULL, never empty */
};

struct kube_authz_to {
	const struct doc_node *node;
	struct kube_authz_operation *operation; /* never NULL, never empty */
};

struct kube_authz_rule {
	const struct doc_node *node;
	struct doc_list from; /* kube_authz_from; count 0: any source */
	struct doc_list to;   /* kube_authz_to; count 0: any operation */
	struct doc_list when; /* kube_authz_condition */
	bool http;	      /* it has a field that only requests of HTTP have */
};

enum kube_authz_action {
	KUBE_AUTHZ_ALLOW,
	KUBE_AUTHZ_DENY,
	KUBE_AUTHZ_AUDIT,
};

struct kube_authorization_policy {
	const struct doc_node *node; /* the spec; NULL: there is none, which is ALLOW, no rules */
	struct kube_selector *selector; /* matchLabels only; NULL: every pod */
	struct rf_str action_text;
	enum kube_authz_action action;
	struct doc_list rules;		/* kube_authz_rule; count 0: matches nothing */
	bool dry_run;			/* annotation istio.io/dry-run */
	const struct doc_node *refused; /* only ever an empty list */
};

/* --- PeerAuthentication (istio/api security/v1beta1/peer_authentication.proto) --- */

enum kube_mtls_mode {
	KUBE_MTLS_UNSET, /* inherits */
	KUBE_MTLS_DISABLE,
	KUBE_MTLS_PERMISSIVE,
	KUBE_MTLS_STRICT,
};

struct kube_mtls {
	const struct doc_node *node;
	struct rf_str mode_text;
	enum kube_mtls_mode mode;
};

struct kube_port_mtls {
	uint16_t port; /* of the workload, not of a Service */
	struct kube_mtls mtls;
};

struct kube_port_mtls_list {
	struct kube_port_mtls *items;
	size_t count;
};

struct kube_peer_authentication {
	const struct doc_node *node;	/* the spec; NULL: there is none */
	struct kube_selector *selector; /* matchLabels only; NULL or empty: every pod */
	struct kube_mtls *mtls;		/* NULL: UNSET */
	struct kube_port_mtls_list port_level_mtls;
};

/* --- objects --- */

struct kube_object {
	enum kube_kind kind;
	struct kube_meta meta;
	struct rf_pos pos; /* of the object's first key */
	const struct doc_node *root;
	union {
		struct kube_workload *workload;
		struct kube_service *service;
		struct kube_service_account *service_account;
		struct kube_data *data;
		struct kube_network_policy *network_policy;
		struct kube_authorization_policy *authorization_policy; /* never NULL */
		struct kube_peer_authentication *peer_authentication;	/* never NULL */
	};
};

#endif
