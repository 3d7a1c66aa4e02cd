/*
 * The variables that tell a container about the Services of its namespace, in Kubernetes' form and
 * in that of Docker's old links. Source: kubernetes pkg/kubelet/envvars.
 */
#include "host/env_int.h"

#include <ctype.h>

struct links {
	const struct plan_service *service;
	struct rf_buf prefix; /* the Service's name as a variable: MY_DB */
	struct rf_buf name, value;
	env_sink sink;
	void *ctx;
	bool failed;
};

static void add_as_variable(struct rf_buf *buf, struct rf_str name)
{
	for (size_t i = 0; i < name.len; i++)
		rf_buf_add_char(
			buf, name.ptr[i] == '-' ? '_' : (char)toupper((unsigned char)name.ptr[i]));
}

static void emit(struct links *links)
{
	links->failed |= links->prefix.failed || links->name.failed || links->value.failed;
	if (!links->failed)
		links->sink(links->ctx, rf_buf_str(&links->name), rf_buf_str(&links->value));
	rf_buf_clear(&links->name);
	rf_buf_clear(&links->value);
}

static void emit_number(struct links *links, int64_t number)
{
	rf_buf_addf(&links->value, "%lld", (long long)number);
	emit(links);
}

static void add_lower(struct rf_buf *buf, struct rf_str text)
{
	for (size_t i = 0; i < text.len; i++)
		rf_buf_add_char(buf, (char)tolower((unsigned char)text.ptr[i]));
}

/* tcp://10.86.0.1:8080, with an IPv6 address in brackets. */
static void emit_url(struct links *links, const struct kube_service_port *port)
{
	const struct rf_ip *ip = &links->service->ips[0];
	char text[RF_IP_TEXT_SIZE];

	add_lower(&links->value, port->protocol);
	rf_buf_addf(&links->value, ip->family == RF_IPV6 ? "://[%s]:%lld" : "://%s:%lld",
		rf_ip_text(ip, text), (long long)port->port.value);
	emit(links);
}

static void emit_port(struct links *links, const struct kube_service_port *port, bool first)
{
	static const char *const suffixes[] = {"", "_PROTO", "_PORT", "_ADDR"};
	char text[RF_IP_TEXT_SIZE];

	if (first) {
		rf_buf_addf(&links->name, "%s_PORT", rf_buf_cstr(&links->prefix));
		emit_url(links, port);
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(suffixes); i++) {
		rf_buf_addf(&links->name, "%s_PORT_%lld_" RF_STR_FMT "%s",
			rf_buf_cstr(&links->prefix), (long long)port->port.value,
			RF_STR_ARG(port->protocol), suffixes[i]);
		switch (i) {
		case 0: emit_url(links, port); break;
		case 1:
			add_lower(&links->value, port->protocol);
			emit(links);
			break;
		case 2: emit_number(links, port->port.value); break;
		default:
			rf_buf_add_c(&links->value, rf_ip_text(&links->service->ips[0], text));
			emit(links);
		}
	}
}

static void emit_service(struct links *links)
{
	const struct kube_service *spec = links->service->object->service;
	const struct kube_service_port *ports = spec->ports.items;
	const char *prefix;
	char text[RF_IP_TEXT_SIZE];

	rf_buf_clear(&links->prefix);
	add_as_variable(&links->prefix, links->service->object->meta.name);
	prefix = rf_buf_cstr(&links->prefix);
	rf_buf_addf(&links->name, "%s_SERVICE_HOST", prefix);
	rf_buf_add_c(&links->value, rf_ip_text(&links->service->ips[0], text));
	emit(links);
	if (spec->ports.count == 0)
		return;
	rf_buf_addf(&links->name, "%s_SERVICE_PORT", prefix);
	emit_number(links, ports[0].port.value);
	for (size_t i = 0; i < spec->ports.count; i++) {
		if (ports[i].name.len == 0)
			continue;
		rf_buf_addf(&links->name, "%s_SERVICE_PORT_", prefix);
		add_as_variable(&links->name, ports[i].name);
		emit_number(links, ports[i].port.value);
	}
	for (size_t i = 0; i < spec->ports.count; i++)
		emit_port(links, &ports[i], i == 0);
}

int env_service_links(const struct env_pod *pod, env_sink sink, void *ctx)
{
	struct links links = {.sink = sink, .ctx = ctx};

	if (pod->pod->spec->enable_service_links.set && !pod->pod->spec->enable_service_links.value)
		return RF_OK;
	rf_vec_each (service, &pod->plan->services) {
		if (service->ip_count == 0 ||
			!rf_str_eq(service->object->meta.namespace, pod->pod->namespace))
			continue;
		links.service = service;
		emit_service(&links);
	}
	rf_buf_done(&links.prefix);
	rf_buf_done(&links.name);
	rf_buf_done(&links.value);
	return links.failed ? RF_EINTERNAL : RF_OK;
}
