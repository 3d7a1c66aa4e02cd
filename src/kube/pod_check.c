/* What the API asks of a pod beyond the types of its fields, and the defaults of types.h. */
#include "kube/kube_int.h"
#include "kube/name_set.h"
#include "kube/names.h"

struct pod_check {
	struct doc_decoder *dec;
	struct kube_pod_spec *spec;
	struct name_set volumes;
	struct name_set containers;
};

static void check_containers(
	struct pod_check *check, const struct doc_list *list, enum kube_container_role role)
{
	struct kube_container *items = list->items;

	for (size_t i = 0; i < list->count; i++) {
		struct kube_container *c = &items[i];

		kube_finish_container(check->dec, c, role, check->spec, &check->volumes);
		if (c->name.len && !name_set_add(&check->containers, c->name))
			doc_decode_error(check->dec, doc_field_pos(c->node, "name"),
				"container name " RF_STR_FMT " is used twice in this pod",
				RF_STR_ARG(c->name));
	}
}

/* An ephemeral container may look into one of the others. */
static void check_targets(struct pod_check *check)
{
	const struct kube_container *items = check->spec->ephemeral_containers.items;

	for (size_t i = 0; i < check->spec->ephemeral_containers.count; i++) {
		struct rf_str target = items[i].target_container_name;

		if (target.len && !name_set_has(&check->containers, target))
			doc_decode_error(check->dec,
				doc_field_pos(items[i].node, "targetContainerName"),
				"the pod has no container named \"" RF_STR_FMT "\"",
				RF_STR_ARG(target));
	}
}

static void check_host_names(struct doc_decoder *dec, const struct kube_pod_spec *spec)
{
	const struct {
		const char *field;
		struct rf_str value;
		bool (*is)(struct rf_str s);
		const char *expected;
	} names[] = {
		{"hostname", spec->hostname, kube_is_dns_label, "one DNS label"},
		{"subdomain", spec->subdomain, kube_is_dns_label, "one DNS label"},
		{"hostnameOverride", spec->hostname_override, kube_is_dns_subdomain, "a DNS name"},
		{"serviceAccountName", spec->service_account_name, kube_is_dns_subdomain,
			"the name of a ServiceAccount"},
		{"nodeName", spec->node_name, kube_is_dns_subdomain, "the name of a node"},
		{"runtimeClassName", spec->runtime_class_name, kube_is_dns_subdomain,
			"the name of a RuntimeClass"},
		{"priorityClassName", spec->priority_class_name, kube_is_dns_subdomain,
			"the name of a PriorityClass"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(names); i++) {
		if (names[i].value.len && !names[i].is(names[i].value))
			doc_decode_error(dec, doc_field_pos(spec->node, names[i].field),
				"%s: expected %s in lower case, found \"" RF_STR_FMT "\"",
				names[i].field, names[i].expected, RF_STR_ARG(names[i].value));
	}
}

static void check_dns(struct doc_decoder *dec, const struct kube_pod_spec *spec)
{
	const struct kube_dns_config *dns = spec->dns_config;
	const struct kube_host_alias *aliases = spec->host_aliases.items;
	struct rf_ip ip;

	if (rf_str_is(spec->dns_policy, "None") && (!dns || dns->nameservers.count == 0))
		doc_decode_error(dec, doc_field_pos(spec->node, "dnsPolicy"),
			"dnsPolicy None needs at least one entry in dnsConfig.nameservers");
	for (size_t i = 0; dns && i < dns->nameservers.count; i++) {
		if (!rf_ip_parse(dns->nameservers.items[i], &ip))
			doc_decode_error(dec, doc_field_pos(dns->node, "nameservers"),
				"nameservers: \"" RF_STR_FMT "\" is not an IP address",
				RF_STR_ARG(dns->nameservers.items[i]));
	}
	for (size_t i = 0; i < spec->host_aliases.count; i++) {
		if (aliases[i].ip.ptr && !rf_ip_parse(aliases[i].ip, &ip))
			doc_decode_error(dec, doc_field_pos(aliases[i].node, "ip"),
				"\"" RF_STR_FMT "\" is not an IP address",
				RF_STR_ARG(aliases[i].ip));
	}
}

static void check_namespaces(struct doc_decoder *dec, const struct kube_pod_spec *spec)
{
	bool host = spec->host_network.value || spec->host_pid.value || spec->host_ipc.value;

	if (spec->host_pid.value && spec->share_process_namespace.value)
		doc_decode_error(dec, doc_field_pos(spec->node, "shareProcessNamespace"),
			"shareProcessNamespace and hostPID exclude each other");
	if (spec->host_users.set && !spec->host_users.value && host)
		doc_decode_error(dec, doc_field_pos(spec->node, "hostUsers"),
			"hostUsers: false excludes hostNetwork, hostPID and hostIPC");
	if (spec->host_network.value && spec->hostname_override.len)
		doc_decode_error(dec, doc_field_pos(spec->node, "hostnameOverride"),
			"hostnameOverride and hostNetwork exclude each other");
}

static void fill_defaults(struct kube_pod_spec *spec)
{
	kube_empty_is_unset(&spec->dns_policy);
	if (spec->restart_policy.len == 0)
		spec->restart_policy = RF_STR("Always");
}

void kube_finish_pod_spec(
	struct doc_decoder *dec, struct kube_pod_spec *spec, const struct doc_strs *claims)
{
	struct pod_check check = {.dec = dec, .spec = spec};
	const struct doc_node *containers;

	fill_defaults(spec);
	if (!spec->node)
		return;
	containers = doc_get(spec->node, "containers");
	if (containers && containers->type == DOC_SEQ && containers->count == 0)
		doc_decode_error(
			dec, doc_key_pos(containers), "a pod needs at least one container");
	kube_check_volumes(dec, spec, &check.volumes);
	for (size_t i = 0; claims && i < claims->count; i++)
		name_set_add(&check.volumes, claims->items[i]);
	check_containers(&check, &spec->init_containers, KUBE_INIT_CONTAINER);
	check_containers(&check, &spec->containers, KUBE_CONTAINER);
	check_containers(&check, &spec->ephemeral_containers, KUBE_EPHEMERAL_CONTAINER);
	check_targets(&check);
	if (spec->security.node)
		kube_check_pod_security(dec, &spec->security);
	if (spec->resources)
		kube_check_resources(dec, spec->resources);
	kube_check_labels(dec, doc_get(spec->node, "nodeSelector"));
	check_host_names(dec, spec);
	check_dns(dec, spec);
	check_namespaces(dec, spec);
	dec->nomem |= check.volumes.nomem | check.containers.nomem;
	name_set_done(&check.volumes);
	name_set_done(&check.containers);
}

static void check_address(
	struct doc_decoder *dec, const struct doc_node *node, const char *field, struct rf_str text)
{
	struct rf_ip ip;

	if (text.len && !rf_ip_parse(text, &ip))
		doc_decode_error(dec, doc_field_pos(node, field),
			"%s: \"" RF_STR_FMT "\" is not an IP address", field, RF_STR_ARG(text));
}

void kube_finish_pod_status(struct doc_decoder *dec, struct kube_pod_status *status)
{
	struct doc_strs *ips = &status->pod_ips;

	if (!status->node)
		return;
	check_address(dec, status->node, "podIP", status->pod_ip);
	for (size_t i = 0; i < ips->count; i++)
		check_address(dec, status->node, "podIPs", ips->items[i]);
	if (ips->count && status->pod_ip.len && !rf_str_eq(ips->items[0], status->pod_ip))
		doc_decode_error(dec, doc_field_pos(status->node, "podIPs"),
			"the first of podIPs must be podIP, " RF_STR_FMT,
			RF_STR_ARG(status->pod_ip));
	if (ips->count || status->pod_ip.len == 0)
		return;
	ips->items = kube_alloc(dec, 1, sizeof(*ips->items));
	if (ips->items)
		ips->items[ips->count++] = status->pod_ip;
}
