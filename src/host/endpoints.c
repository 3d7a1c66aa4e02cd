/* Endpoints, worked out anew from the pods' readiness whenever that changes. */
#include "host/endpoints.h"

#include "host/pod.h"
#include "kube/selector.h"

bool endpoints_has(const struct kube_object *service, const struct pod *pod)
{
	const struct kube_service *svc = service->service;
	bool early = svc->publish_not_ready_addresses.value && pod->phase != POD_PENDING &&
		     !pod_is_finished(pod);

	return svc->selector.count && (pod->ready || early) &&
	       rf_str_eq(service->meta.namespace, pod->kube->namespace) &&
	       kube_pairs_match(&svc->selector, &pod->kube->labels);
}

/* targetPort: a number, a name on the pod, or nothing (the Service's own port). */
static uint16_t target_port(const struct kube_service_port *port, const struct pod *pod)
{
	if (!port->target_port.set)
		return (uint16_t)port->port.value;
	if (port->target_port.text.ptr)
		return kube_pod_named_port(pod->kube->spec, port->target_port.text, port->protocol);
	return (uint16_t)port->target_port.number;
}

static size_t collect(const struct host *host, const struct kube_object *object,
	const struct kube_service_port *port, enum rf_family family, struct fence_endpoint *out)
{
	size_t count = 0;

	rf_vec_each (pod, &host->pods) {
		uint16_t target = endpoints_has(object, *pod) ? target_port(port, *pod) : 0;

		for (size_t i = 0; target && i < (*pod)->kube->ip_count; i++) {
			if ((*pod)->kube->ips[i].family == family)
				out[count++] = (struct fence_endpoint){
					.ip = (*pod)->kube->ips[i], .port = target};
		}
	}
	return count;
}

static int add_port(const struct host *host, const struct plan_service *service, unsigned ip,
	const struct kube_service_port *port, struct endpoint_list *ret)
{
	struct fence_endpoint *array = calloc(host->pods.count * 4 + 1, sizeof(*array));
	struct fence_service entry = {.ip = service->ips[ip], .port = (uint16_t)port->port.value};

	if (!array || !rf_vec_push(&ret->arrays, array)) {
		free(array);
		return RF_EINTERNAL;
	}
	if (!policy_proto_parse(port->protocol, &entry.proto))
		return RF_EINTERNAL;
	entry.endpoints = array;
	entry.endpoint_count = collect(host, service->object, port, service->ips[ip].family, array);
	return rf_vec_push(&ret->services, entry) ? RF_OK : RF_EINTERNAL;
}

int endpoints_build(const struct host *host, struct endpoint_list *ret)
{
	*ret = (struct endpoint_list){.services = {.count = 0}};
	rf_vec_each (service, &host->plan->services) {
		const struct doc_list *ports = &service->object->service->ports;
		const struct kube_service_port *items = ports->items;

		for (unsigned ip = 0; ip < service->ip_count; ip++) {
			for (size_t p = 0; p < ports->count; p++) {
				if (add_port(host, service, ip, &items[p], ret) < 0)
					return RF_EINTERNAL;
			}
		}
	}
	return RF_OK;
}

void endpoints_done(struct endpoint_list *list)
{
	rf_vec_each (array, &list->arrays)
		free(*array);
	rf_vec_done(&list->arrays);
	rf_vec_done(&list->services);
}
