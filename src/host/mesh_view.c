/*
 * Routes: every address of a pod in the mesh leads to that pod's identity; a port that is DISABLEd
 * there, or plain because its server speaks first, is a route without one. A Service's address
 * leads to the identities of its pods, port by port, when all of them are in the mesh: which of
 * them it will be is decided behind the proxy, by the kernel.
 */
#include "host/mesh_view.h"

#include "base/num.h"
#include "host/dns.h"
#include "host/mesh.h"
#include "host/pod.h"
#include "kube/quantity.h"
#include "kube/selector.h"
#include "mesh/authz/injection.h"
#include "mesh/identity.h"
#include "mesh/proxy/sidecar.h"

#define FAULT		  "ringfence.dev/fault-"
#define MAX_DELAY_MS	  60000U
#define MIN_RATE	  1024
#define SERVER_FIRST_NOTE "ringfence.dev/server-first-ports" /* "3306,25" */

struct authz_workload mesh_view_workload(const struct kube_pod *kube, struct rf_str trust_domain)
{
	return (struct authz_workload){.namespace = kube->namespace,
		.labels = &kube->labels,
		.root_namespace = RF_STR(AUTHZ_ROOT_NAMESPACE),
		.trust_domain = trust_domain};
}

/* --- ports --- */

/* Names of ports whose protocol begins with a greeting of the server. */
static bool is_server_first(struct rf_str name)
{
	static const char *const protocols[] = {"mysql", "smtp", "ftp", "ssh", "imap", "pop3"};
	struct rf_str head;

	(void)rf_str_cut(name, '-', &head);
	for (size_t i = 0; i < RF_ARRAY_LEN(protocols); i++) {
		if (rf_str_is(head, protocols[i]))
			return true;
	}
	return false;
}

/* Of the pod's template. */
static struct rf_str annotation(const struct kube_pod *kube, struct rf_str name)
{
	const struct kube_meta *meta = kube_kind_is_workload(kube->owner->kind)
					       ? &kube->owner->workload->template_meta
					       : &kube->owner->meta;

	return kube_label(&meta->annotations, name);
}

static bool is_noted(const struct kube_pod *kube, uint16_t port)
{
	struct rf_str rest = annotation(kube, RF_STR(SERVER_FIRST_NOTE)), one;
	char text[8];

	snprintf(text, sizeof(text), "%u", port);
	while (rest.ptr) {
		rest = rf_str_cut(rest, ',', &one);
		if (rf_str_is(one, text))
			return true;
	}
	return false;
}

/* --- faults --- */

/* "200ms" or "2s". */
static bool read_delay(struct rf_str text, uint64_t *ret_ms)
{
	uint64_t unit = 1000;
	size_t suffix = 1;

	if (rf_str_ends(text, RF_STR("ms"))) {
		unit = 1;
		suffix = 2;
	} else if (!rf_str_ends(text, RF_STR("s"))) {
		return false;
	}
	text.len -= suffix;
	if (!rf_num_u64(text, MAX_DELAY_MS / unit, ret_ms))
		return false;
	*ret_ms *= unit;
	return true;
}

static bool read_rate(struct rf_str text, uint64_t *ret)
{
	struct kube_quantity quantity;

	if (!kube_quantity_parse(text, &quantity) || quantity.milli < MIN_RATE * 1000)
		return false;
	*ret = (uint64_t)quantity.milli / 1000;
	return true;
}

int mesh_view_faults(const struct kube_pod *kube, struct sidecar_faults *ret, struct rf_err *err)
{
	struct rf_str delay = annotation(kube, RF_STR(FAULT "delay"));
	struct rf_str reset = annotation(kube, RF_STR(FAULT "reset-percent"));
	struct rf_str rate = annotation(kube, RF_STR(FAULT "throttle"));

	*ret = (struct sidecar_faults){.delay_ms = 0};
	if (delay.ptr && !read_delay(delay, &ret->delay_ms))
		return rf_err_set(err, RF_EINPUT,
			"annotation " FAULT "delay: \"" RF_STR_FMT "\" is no time such as 200ms or "
			"2s (at most 60s)",
			RF_STR_ARG(delay));
	if (reset.ptr && !rf_num_u64(reset, 100, &ret->reset_percent))
		return rf_err_set(err, RF_EINPUT,
			"annotation " FAULT "reset-percent: \"" RF_STR_FMT "\" is not 0 to 100",
			RF_STR_ARG(reset));
	if (rate.ptr && !read_rate(rate, &ret->bytes_per_s))
		return rf_err_set(err, RF_EINPUT,
			"annotation " FAULT "throttle: \"" RF_STR_FMT
			"\" is no rate such as 64Ki (bytes a second, at least 1Ki)",
			RF_STR_ARG(rate));
	return RF_OK;
}

struct asked {
	const struct host *host;
	const struct kube_pod *kube;
	struct rf_str trust_domain;
	void (*got)(void *ctx, const struct sidecar_port *port);
	void *ctx;
};

static struct sidecar_port port_of(const struct asked *asked, uint16_t port, struct rf_str name)
{
	struct authz_workload workload = mesh_view_workload(asked->kube, asked->trust_domain);

	return (struct sidecar_port){.port = port,
		.mode = peer_auth_mode(asked->host->plan->set, &workload, port).mode,
		.server_first = is_server_first(name) || is_noted(asked->kube, port)};
}

static bool declares(const struct kube_pod *kube, uint16_t port)
{
	const struct kube_container *containers = kube->spec->containers.items;

	for (size_t i = 0; i < kube->spec->containers.count; i++) {
		const struct kube_container_port *ports = containers[i].ports.items;

		for (size_t j = 0; j < containers[i].ports.count; j++) {
			if (ports[j].container_port.value == port &&
				rf_str_is(ports[j].protocol, "TCP"))
				return true;
		}
	}
	return false;
}

/* Ports that a PeerAuthentication names, which the pod need not declare. One that it declares may
 * have a name that says more, and has been told already. */
static void named_by_policies(const struct asked *asked)
{
	rf_vec_each (object, &asked->host->plan->set->objects) {
		const struct kube_port_mtls_list *list;

		if ((*object)->kind != KUBE_PEER_AUTHENTICATION ||
			!rf_str_eq((*object)->meta.namespace, asked->kube->namespace))
			continue;
		list = &(*object)->peer_authentication->port_level_mtls;
		for (size_t i = 0; i < list->count; i++) {
			struct sidecar_port port = port_of(asked, list->items[i].port, RF_STR(""));

			if (!declares(asked->kube, port.port))
				asked->got(asked->ctx, &port);
		}
	}
}

static void each_port(const struct asked *asked)
{
	const struct kube_container *containers = asked->kube->spec->containers.items;

	for (size_t i = 0; i < asked->kube->spec->containers.count; i++) {
		const struct kube_container_port *ports = containers[i].ports.items;

		for (size_t j = 0; j < containers[i].ports.count; j++) {
			struct sidecar_port port = port_of(
				asked, (uint16_t)ports[j].container_port.value, ports[j].name);

			if (rf_str_is(ports[j].protocol, "TCP"))
				asked->got(asked->ctx, &port);
		}
	}
	named_by_policies(asked);
}

static void put_port(void *ctx, const struct sidecar_port *port)
{
	sidecar_put_port(ctx, port);
}

/* --- names --- */

/* From "NAME" to "NAME.NAMESPACE.svc.cluster.local". */
static size_t service_names(
	const struct kube_object *service, struct rf_arena *arena, struct rf_str *ret, size_t max)
{
	static const char *const suffixes[] = {"", ".svc", (".svc." DNS_DOMAIN)};
	const struct kube_meta *meta = &service->meta;
	size_t count = 0;

	if (max > RF_ARRAY_LEN(suffixes))
		ret[count++] = meta->name;
	for (size_t i = 0; i < RF_ARRAY_LEN(suffixes) && count < max; i++) {
		ret[count] = rf_arena_printf(arena, RF_STR_FMT "." RF_STR_FMT "%s",
			RF_STR_ARG(meta->name), RF_STR_ARG(meta->namespace), suffixes[i]);
		if (ret[count].ptr)
			count++;
	}
	return count;
}

static bool selects(const struct kube_object *service, const struct kube_pod *kube)
{
	return service->service->selector.count &&
	       rf_str_eq(service->meta.namespace, kube->namespace) &&
	       kube_pairs_match(&service->service->selector, &kube->labels);
}

size_t mesh_view_names(const struct host *host, const struct kube_pod *kube, struct rf_arena *arena,
	struct rf_str *ret, size_t max)
{
	size_t count = 0;

	rf_vec_each (service, &host->plan->services) {
		if (selects(service->object, kube))
			count += service_names(service->object, arena, ret + count, max - count);
	}
	return count;
}

/* --- routes --- */

struct routing {
	struct rf_buf *out;
	const struct kube_pod *kube;
	enum peer_auth_mode other;
	char id[IDENTITY_MAX + 1];
};

static bool is_plain(const struct sidecar_port *port)
{
	return port->mode == PEER_AUTH_DISABLE ||
	       (port->mode == PEER_AUTH_PERMISSIVE && port->server_first);
}

/* Of the very port, where it differs from the rest. */
static void put_pod_port(void *ctx, const struct sidecar_port *port)
{
	struct routing *routing = ctx;

	if (is_plain(port) == (routing->other == PEER_AUTH_DISABLE))
		return;
	for (size_t i = 0; i < routing->kube->ip_count; i++)
		sidecar_put_route(routing->out, &routing->kube->ips[i], port->port,
			is_plain(port) ? RF_STR("") : rf_str_of(routing->id));
}

static bool make_id(
	const struct kube_pod *kube, struct rf_str trust_domain, char out[static IDENTITY_MAX + 1])
{
	struct rf_err err;

	return identity_make(trust_domain, kube->namespace, mesh_service_account(kube), out,
		       &err) == RF_OK;
}

static void put_pod(const struct host *host, const struct kube_pod *kube,
	struct rf_str trust_domain, struct rf_buf *out)
{
	struct authz_workload workload = mesh_view_workload(kube, trust_domain);
	struct routing routing = {.out = out,
		.kube = kube,
		.other = peer_auth_mode(host->plan->set, &workload, 0).mode};
	struct asked asked = {host, kube, trust_domain, put_pod_port, &routing};

	if (!make_id(kube, trust_domain, routing.id))
		return;
	each_port(&asked);
	for (size_t i = 0; i < kube->ip_count && routing.other != PEER_AUTH_DISABLE; i++)
		sidecar_put_route(out, &kube->ips[i], 0, rf_str_of(routing.id));
}

/* Whether one port of a pod is spoken to by TLS. */
struct one_port {
	uint16_t port;
	bool found, plain;
};

static void match_port(void *ctx, const struct sidecar_port *port)
{
	struct one_port *one = ctx;

	if (port->port != one->port)
		return;
	one->found = true;
	one->plain = is_plain(port);
}

static bool takes_tls(const struct host *host, const struct kube_pod *kube,
	struct rf_str trust_domain, uint16_t port)
{
	struct one_port one = {.port = port};
	struct asked asked = {host, kube, trust_domain, match_port, &one};
	struct authz_workload workload = mesh_view_workload(kube, trust_domain);

	if (!mesh_has(host, kube) || port == 0)
		return false;
	each_port(&asked);
	return one.found
		       ? !one.plain
		       : peer_auth_mode(host->plan->set, &workload, port).mode != PEER_AUTH_DISABLE;
}

static uint16_t target_of(const struct kube_service_port *port, const struct kube_pod *kube)
{
	if (!port->target_port.set)
		return (uint16_t)port->port.value;
	if (port->target_port.text.ptr)
		return kube_pod_named_port(kube->spec, port->target_port.text, port->protocol);
	return (uint16_t)port->target_port.number;
}

static bool all_take_tls(const struct host *host, const struct plan_service *service,
	const struct kube_service_port *port, struct rf_str trust_domain)
{
	bool any = false;

	rf_vec_each (kube, &host->plan->pods.list) {
		if (kube->finished || !selects(service->object, kube))
			continue;
		if (!takes_tls(host, kube, trust_domain, target_of(port, kube)))
			return false;
		any = true;
	}
	return any;
}

static void put_service_port(const struct host *host, const struct plan_service *service,
	const struct kube_service_port *port, struct rf_str trust_domain, struct rf_buf *out)
{
	char id[IDENTITY_MAX + 1], last[IDENTITY_MAX + 1] = "";

	if (!rf_str_is(port->protocol, "TCP") || !all_take_tls(host, service, port, trust_domain))
		return;
	rf_vec_each (kube, &host->plan->pods.list) {
		if (kube->finished || !selects(service->object, kube) ||
			!make_id(kube, trust_domain, id) || strcmp(id, last) == 0)
			continue;
		/* Those of one Service are mostly of one account: once is enough. */
		memcpy(last, id, sizeof(last));
		for (unsigned i = 0; i < service->ip_count; i++)
			sidecar_put_route(
				out, &service->ips[i], (uint16_t)port->port.value, rf_str_of(id));
	}
}

void mesh_view_routes(const struct host *host, struct rf_str trust_domain, struct rf_buf *out)
{
	rf_vec_each (kube, &host->plan->pods.list) {
		if (!kube->finished && mesh_has(host, kube))
			put_pod(host, kube, trust_domain, out);
	}
	rf_vec_each (service, &host->plan->services) {
		const struct kube_service_port *ports = service->object->service->ports.items;

		for (size_t i = 0; i < service->object->service->ports.count; i++)
			put_service_port(host, service, &ports[i], trust_domain, out);
	}
}

int mesh_view_sidecar(const struct host *host, const struct kube_pod *kube,
	const struct mesh_view *view, struct rf_buf *out)
{
	struct rf_str trust_domain = view->trust_domain;
	struct authz_workload workload = mesh_view_workload(kube, trust_domain);
	struct asked asked = {host, kube, trust_domain, put_port, out};
	AUTO_ARENA *arena = rf_arena_new((size_t)1 << 20);
	struct rf_str names[SIDECAR_MAX_NAMES];
	struct sidecar_faults faults;
	struct rf_err err;
	size_t count;

	if (!arena)
		return RF_EINTERNAL;
	count = mesh_view_names(host, kube, arena, names, SIDECAR_MAX_NAMES);
	sidecar_begin(out, peer_auth_mode(host->plan->set, &workload, 0).mode);
	if (mesh_view_faults(kube, &faults, &err) == RF_OK)
		sidecar_put_faults(out, &faults);
	each_port(&asked);
	for (size_t i = 0; i < count; i++)
		sidecar_put_name(out, names[i]);
	rf_buf_add_str(out, rf_buf_str(view->routes));
	return out->failed || view->routes->failed ? RF_EINTERNAL : RF_OK;
}
