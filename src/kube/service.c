/* Service, ServiceAccount and Namespace. */
#include "kube/kube_int.h"
#include "kube/name_set.h"
#include "kube/names.h"

#define ROW_OF struct kube_service_port
static const struct doc_field port_rows[] = {
	ROW_STR("name", name),
	ROW_STR("protocol", protocol, ONE_OF("TCP", "UDP", "SCTP", "")),
	ROW_INT("port", port, REQUIRED, BETWEEN(1, PORT_MAX)),
	ROW_INT_STR("targetPort", target_port),
	ROW_INT("nodePort", node_port, BETWEEN(0, PORT_MAX)),
	ROW_STR("appProtocol", app_protocol),
};
static const struct doc_schema port_schema =
	DOC_SCHEMA("ServicePort", struct kube_service_port, port_rows);
#undef ROW_OF

#define ROW_OF struct kube_checked
static const struct doc_field client_ip_rows[] = {
	SEEN_INT("timeoutSeconds", BETWEEN(1, 86400)),
};
static const struct doc_schema client_ip_schema =
	DOC_SCHEMA("ClientIPConfig", struct kube_checked, client_ip_rows);

static const struct doc_field affinity_rows[] = {
	SEEN_OBJ("clientIP", client_ip_schema),
};
static const struct doc_schema affinity_schema =
	DOC_SCHEMA("SessionAffinityConfig", struct kube_checked, affinity_rows);

static const struct doc_field namespace_spec_rows[] = {
	SEEN_STRS("finalizers"),
};
static const struct doc_schema namespace_spec_schema =
	DOC_SCHEMA("NamespaceSpec", struct kube_checked, namespace_spec_rows);
#undef ROW_OF

static int keep_affinity_config(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return kube_keep_object(dec, &affinity_schema, node, field);
}

static int keep_object_refs(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return kube_keep_list(dec, &kube_object_ref_schema, node, field);
}

static int keep_local_refs(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return kube_keep_list(dec, &kube_local_ref_schema, node, field);
}

#define ROW_OF struct kube_service
static const struct doc_field service_rows[] = {
	ROW_STR("type", type, ONE_OF("ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "")),
	ROW_STR("clusterIP", cluster_ip),
	ROW_STRS("clusterIPs", cluster_ips),
	ROW_PAIRS("selector", selector),
	ROW_LIST("ports", ports, port_schema),
	ROW_STRS("externalIPs", external_ips),
	ROW_STR("externalName", external_name),
	ROW_STR("sessionAffinity", session_affinity, ONE_OF("None", "ClientIP", "")),
	ROW_CUSTOM("sessionAffinityConfig", session_affinity_config, keep_affinity_config),
	ROW_STR("externalTrafficPolicy", external_traffic_policy, ONE_OF("Cluster", "Local", "")),
	ROW_STR("internalTrafficPolicy", internal_traffic_policy, ONE_OF("Cluster", "Local")),
	ROW_STRS("ipFamilies", ip_families),
	ROW_STR("ipFamilyPolicy", ip_family_policy,
		ONE_OF("SingleStack", "PreferDualStack", "RequireDualStack")),
	ROW_BOOL("publishNotReadyAddresses", publish_not_ready_addresses),
	ROW_STR("loadBalancerIP", load_balancer_ip),
	ROW_STR("loadBalancerClass", load_balancer_class),
	ROW_STRS("loadBalancerSourceRanges", load_balancer_source_ranges),
	ROW_BOOL("allocateLoadBalancerNodePorts", allocate_load_balancer_node_ports),
	ROW_INT("healthCheckNodePort", health_check_node_port, BETWEEN(0, PORT_MAX)),
	ROW_STR("trafficDistribution", traffic_distribution,
		ONE_OF("PreferClose", "PreferSameZone", "PreferSameNode")),
};
static const struct doc_schema service_schema =
	DOC_SCHEMA("ServiceSpec", struct kube_service, service_rows);
#undef ROW_OF

#define ROW_OF struct kube_root
static const struct doc_field service_root_rows[] = {
	ROOT_ROWS,
	ROW_PTR("spec", service, service_schema, REQUIRED),
	ROW_NODE("status", status),
};
const struct doc_schema kube_service_root =
	DOC_SCHEMA("Service", struct kube_root, service_root_rows);

static const struct doc_field account_root_rows[] = {
	ROOT_ROWS,
	ROW_BOOL("automountServiceAccountToken", account.automount_service_account_token),
	ROW_CUSTOM("secrets", account.secrets, keep_object_refs),
	ROW_CUSTOM("imagePullSecrets", account.image_pull_secrets, keep_local_refs),
};
const struct doc_schema kube_service_account_root =
	DOC_SCHEMA("ServiceAccount", struct kube_root, account_root_rows);

static const struct doc_field namespace_root_rows[] = {
	ROOT_ROWS,
	ROW_PTR("spec", unread, namespace_spec_schema),
	ROW_NODE("status", status),
};
const struct doc_schema kube_namespace_root =
	DOC_SCHEMA("Namespace", struct kube_root, namespace_root_rows);
#undef ROW_OF

static void check_port(struct doc_decoder *dec, const struct kube_service *s,
	const struct kube_service_port *p, struct name_set *names)
{
	if (p->name.len && !kube_is_dns_label(p->name))
		doc_decode_error(dec, doc_field_pos(p->node, "name"),
			"\"" RF_STR_FMT "\" is not the name of a service port: expected at most 63 "
			"of a-z, 0-9 and '-'",
			RF_STR_ARG(p->name));
	if (p->name.len == 0 && s->ports.count > 1)
		doc_decode_error(dec, doc_pos(p->node),
			"every port needs a name when a Service has more than one");
	if (p->name.len && !name_set_add(names, p->name))
		doc_decode_error(dec, doc_field_pos(p->node, "name"),
			"port name " RF_STR_FMT " is used twice in this Service",
			RF_STR_ARG(p->name));
	kube_check_port(dec, p->node, "targetPort", &p->target_port);
	if (p->node_port.value &&
		(rf_str_is(s->type, "ClusterIP") || rf_str_is(s->type, "ExternalName")))
		doc_decode_error(dec, doc_field_pos(p->node, "nodePort"),
			"nodePort needs type NodePort or LoadBalancer");
}

static void check_ports(struct doc_decoder *dec, const struct kube_service *s)
{
	struct kube_service_port *ports = s->ports.items;
	AUTO_NAME_SET names = {.count = 0}, numbers = {.count = 0};

	for (size_t i = 0; i < s->ports.count; i++) {
		struct kube_service_port *p = &ports[i];
		struct rf_str number;

		kube_default_protocol(&p->protocol);
		if (!p->node)
			continue;
		check_port(dec, s, p, &names);
		number = rf_arena_printf(dec->arena, "%lld/" RF_STR_FMT, (long long)p->port.value,
			RF_STR_ARG(p->protocol));
		dec->nomem |= !number.ptr;
		if (p->port.set && number.ptr && !name_set_add(&numbers, number))
			doc_decode_error(dec, doc_field_pos(p->node, "port"),
				"port " RF_STR_FMT " is given twice in this Service",
				RF_STR_ARG(number));
	}
	dec->nomem |= names.nomem | numbers.nomem;
}

static void check_addresses(struct doc_decoder *dec, const struct kube_service *s,
	const char *field, const struct doc_strs *list)
{
	bool ranges = list == &s->load_balancer_source_ranges;
	struct rf_cidr cidr;
	struct rf_ip ip;

	for (size_t i = 0; i < list->count; i++) {
		struct rf_str text = list->items[i];

		if (ranges ? !rf_cidr_parse(text, &cidr)
			   : !rf_ip_parse(text, &ip) && !rf_str_is(text, "None"))
			doc_decode_error(dec, doc_field_pos(s->node, field),
				"%s: \"" RF_STR_FMT "\" is not %s", field, RF_STR_ARG(text),
				ranges ? "an address block such as 10.0.0.0/8" : "an IP address");
	}
}

static void check_type(struct doc_decoder *dec, const struct kube_service *s)
{
	bool external = rf_str_is(s->type, "ExternalName");
	bool headless = rf_str_is(s->cluster_ip, "None");

	if (external && !kube_is_dns_subdomain(s->external_name))
		doc_decode_error(dec, doc_field_pos(s->node, "externalName"),
			"type ExternalName needs externalName, a DNS name in lower case");
	if (external && s->cluster_ip.len)
		doc_decode_error(dec, doc_field_pos(s->node, "clusterIP"),
			"clusterIP is not allowed with type ExternalName");
	if (!external && !headless && s->ports.count == 0)
		doc_decode_error(dec, doc_field_pos(s->node, "ports"),
			"a Service needs at least one port (unless clusterIP is None)");
	if (headless && !external && !rf_str_is(s->type, "ClusterIP"))
		doc_decode_error(dec, doc_field_pos(s->node, "clusterIP"),
			"clusterIP None needs type ClusterIP");
	for (size_t i = 0; i < s->ip_families.count; i++) {
		if (!rf_str_is(s->ip_families.items[i], "IPv4") &&
			!rf_str_is(s->ip_families.items[i], "IPv6"))
			doc_decode_error(dec, doc_field_pos(s->node, "ipFamilies"),
				"expected IPv4 and IPv6, found \"" RF_STR_FMT "\"",
				RF_STR_ARG(s->ip_families.items[i]));
	}
}

void kube_finish_service(
	struct doc_decoder *dec, struct kube_root *root, struct kube_object *object)
{
	struct kube_service *s = root->service;
	struct rf_ip ip;

	object->service = s;
	if (!s || !s->node)
		return;
	kube_empty_is_unset(&s->session_affinity);
	kube_empty_is_unset(&s->external_traffic_policy);
	if (s->type.len == 0)
		s->type = RF_STR("ClusterIP");
	if (s->cluster_ip.len && !rf_str_is(s->cluster_ip, "None") &&
		!rf_ip_parse(s->cluster_ip, &ip))
		doc_decode_error(dec, doc_field_pos(s->node, "clusterIP"),
			"expected an IP address or None, found \"" RF_STR_FMT "\"",
			RF_STR_ARG(s->cluster_ip));
	check_type(dec, s);
	check_ports(dec, s);
	check_addresses(dec, s, "clusterIPs", &s->cluster_ips);
	check_addresses(dec, s, "externalIPs", &s->external_ips);
	check_addresses(dec, s, "loadBalancerSourceRanges", &s->load_balancer_source_ranges);
	kube_check_labels(dec, doc_get(s->node, "selector"));
}

void kube_finish_service_account(
	struct doc_decoder *dec, struct kube_root *root, struct kube_object *object)
{
	object->service_account = kube_alloc(dec, 1, sizeof(*object->service_account));
	root->account.node = root->node;
	if (object->service_account)
		*object->service_account = root->account;
}

void kube_finish_namespace(
	struct doc_decoder *dec, struct kube_root *root, struct kube_object *object)
{
	(void)root;
	if (object->meta.namespace.len)
		doc_decode_error(dec, doc_field_pos(object->meta.node, "namespace"),
			"a Namespace does not lie in a namespace: remove this field");
}
