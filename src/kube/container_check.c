/* What the API asks of a container beyond the types of its fields. */
#include "kube/kube_int.h"
#include "kube/name_set.h"
#include "kube/names.h"

void kube_check_resources(struct doc_decoder *dec, const struct kube_resources *r)
{
	for (size_t i = 0; i < r->requests.count; i++) {
		const struct kube_resource *request = &r->requests.items[i];
		struct kube_quantity limit = kube_resource_find(&r->limits, request->name);

		if (!limit.set || !request->quantity.set || request->quantity.milli <= limit.milli)
			continue;
		doc_decode_error(dec,
			doc_field_pos(doc_get(r->node, "requests"), request->name.ptr),
			"the request of " RF_STR_FMT " (" RF_STR_FMT
			") is larger than its limit (" RF_STR_FMT ")",
			RF_STR_ARG(request->name), RF_STR_ARG(request->quantity.text),
			RF_STR_ARG(limit.text));
	}
}

static void check_ports(struct doc_decoder *dec, const struct kube_container *c, bool host_network)
{
	struct kube_container_port *ports = c->ports.items;
	AUTO_NAME_SET names = {.count = 0};
	struct rf_ip ip;

	for (size_t i = 0; i < c->ports.count; i++) {
		struct kube_container_port *p = &ports[i];

		kube_default_protocol(&p->protocol);
		if (!p->node)
			continue;
		if (p->name.len && !kube_is_port_name(p->name))
			doc_decode_error(dec, doc_field_pos(p->node, "name"),
				"\"" RF_STR_FMT "\" is not the name of a port: expected at most 15 "
				"of a-z, 0-9 and '-', one letter at least, no '-' at an end",
				RF_STR_ARG(p->name));
		else if (p->name.len && !name_set_add(&names, p->name))
			doc_decode_error(dec, doc_field_pos(p->node, "name"),
				"port name " RF_STR_FMT " is used twice in this container",
				RF_STR_ARG(p->name));
		if (p->host_ip.len && !rf_ip_parse(p->host_ip, &ip))
			doc_decode_error(dec, doc_field_pos(p->node, "hostIP"),
				"\"" RF_STR_FMT "\" is not an IP address", RF_STR_ARG(p->host_ip));
		if (host_network && p->host_port.value &&
			p->host_port.value != p->container_port.value)
			doc_decode_error(dec, doc_field_pos(p->node, "hostPort"),
				"with hostNetwork, hostPort must equal containerPort");
	}
}

/* A relative path that stays below where it starts. */
static bool stays_below(struct rf_str path)
{
	while (path.ptr) {
		struct rf_str part;

		path = rf_str_cut(path, '/', &part);
		if (rf_str_is(part, ".."))
			return false;
	}
	return true;
}

static void check_sub_path(struct doc_decoder *dec, const struct kube_mount *m)
{
	struct rf_str path = m->sub_path.len ? m->sub_path : m->sub_path_expr;
	const char *field = m->sub_path.len ? "subPath" : "subPathExpr";

	if (m->sub_path.len && m->sub_path_expr.len)
		doc_decode_error(dec, doc_field_pos(m->node, "subPathExpr"),
			"a mount has either subPath or subPathExpr, not both");
	if (path.len && (path.ptr[0] == '/' || !stays_below(path)))
		doc_decode_error(dec, doc_field_pos(m->node, field),
			"%s must be a relative path without \"..\"", field);
}

static void check_read_only(struct doc_decoder *dec, const struct kube_mount *m)
{
	bool recursive =
		m->recursive_read_only.len && !rf_str_is(m->recursive_read_only, "Disabled");
	bool propagates = m->mount_propagation.len && !rf_str_is(m->mount_propagation, "None");

	if (recursive && !m->read_only.value)
		doc_decode_error(dec, doc_field_pos(m->node, "recursiveReadOnly"),
			"recursiveReadOnly needs readOnly: true");
	if (recursive && propagates)
		doc_decode_error(dec, doc_field_pos(m->node, "mountPropagation"),
			"recursiveReadOnly allows no mountPropagation but None");
}

static void check_mounts(
	struct doc_decoder *dec, const struct kube_container *c, const struct name_set *volumes)
{
	const struct kube_mount *mounts = c->volume_mounts.items;
	const struct kube_device *devices = c->volume_devices.items;
	AUTO_NAME_SET paths = {.count = 0};

	for (size_t i = 0; i < c->volume_mounts.count; i++) {
		const struct kube_mount *m = &mounts[i];

		if (!m->node)
			continue;
		if (m->name.ptr && !name_set_has(volumes, m->name))
			doc_decode_error(dec, doc_field_pos(m->node, "name"),
				"the pod has no volume named \"" RF_STR_FMT "\"",
				RF_STR_ARG(m->name));
		if (m->mount_path.ptr && m->mount_path.len == 0)
			doc_decode_error(dec, doc_field_pos(m->node, "mountPath"),
				"mountPath cannot be empty");
		if (m->mount_path.len && !name_set_add(&paths, m->mount_path))
			doc_decode_error(dec, doc_field_pos(m->node, "mountPath"),
				"two volumes are mounted at " RF_STR_FMT,
				RF_STR_ARG(m->mount_path));
		check_sub_path(dec, m);
		check_read_only(dec, m);
		if (rf_str_is(m->mount_propagation, "Bidirectional") &&
			!c->security.privileged.value)
			doc_decode_error(dec, doc_field_pos(m->node, "mountPropagation"),
				"Bidirectional is only allowed in privileged containers");
	}
	for (size_t i = 0; i < c->volume_devices.count; i++) {
		if (devices[i].name.ptr && !name_set_has(volumes, devices[i].name))
			doc_decode_error(dec, doc_field_pos(devices[i].node, "name"),
				"the pod has no volume named \"" RF_STR_FMT "\"",
				RF_STR_ARG(devices[i].name));
	}
}

static void check_name_and_image(struct doc_decoder *dec, const struct kube_container *c)
{
	struct rf_str image = c->image;

	if (c->name.ptr && !kube_is_dns_label(c->name))
		doc_decode_error(dec, doc_field_pos(c->node, "name"),
			"\"" RF_STR_FMT
			"\" is not the name of a container: expected at most 63 of a-z, 0-9 and "
			"'-', a letter or digit at both ends",
			RF_STR_ARG(c->name));
	if (image.ptr && (image.len == 0 || image.ptr[0] == ' ' || image.ptr[image.len - 1] == ' '))
		doc_decode_error(dec, doc_field_pos(c->node, "image"),
			"expected the reference of an image, without spaces around it");
}

/* Fields that a container of this role must not have, as the API says. */
static void refuse_fields(struct doc_decoder *dec, const struct kube_container *c,
	const char *const *fields, const char *role)
{
	for (; *fields; fields++) {
		const struct doc_node *value = doc_get(c->node, *fields);

		if (value && value->type != DOC_NULL && !(value->type >= DOC_SEQ && !value->count))
			doc_decode_error(
				dec, doc_key_pos(value), "%s is not allowed in %s", *fields, role);
	}
}

static void check_role(
	struct doc_decoder *dec, const struct kube_container *c, enum kube_container_role role)
{
	static const char *const not_init[] = {
		"livenessProbe", "readinessProbe", "startupProbe", "lifecycle", NULL};
	static const char *const not_ephemeral[] = {"livenessProbe", "readinessProbe",
		"startupProbe", "lifecycle", "ports", "resources", "resizePolicy", "restartPolicy",
		NULL};

	if (role == KUBE_EPHEMERAL_CONTAINER)
		refuse_fields(dec, c, not_ephemeral, "an ephemeral container");
	if (role == KUBE_INIT_CONTAINER && !rf_str_is(c->restart_policy, "Always"))
		refuse_fields(dec, c, not_init,
			"an init container without restartPolicy: Always (a sidecar)");
}

void kube_finish_container(struct doc_decoder *dec, struct kube_container *c,
	enum kube_container_role role, const struct kube_pod_spec *spec,
	const struct name_set *volumes)
{
	if (!c->node)
		return;
	kube_empty_is_unset(&c->image_pull_policy);
	kube_empty_is_unset(&c->termination_message_policy);
	check_name_and_image(dec, c);
	check_role(dec, c, role);
	check_ports(dec, c, spec->host_network.value);
	kube_check_env(dec, c);
	check_mounts(dec, c, volumes);
	kube_check_resources(dec, &c->resources);
	if (c->security.node)
		kube_check_security(dec, &c->security);
	kube_check_probe(dec, c->liveness_probe, false);
	kube_check_probe(dec, c->startup_probe, false);
	kube_check_probe(dec, c->readiness_probe, true);
	kube_check_lifecycle(dec, c->lifecycle);
}
