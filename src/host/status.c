/* Status and events. */
#include "host/status.h"

#include <unistd.h>

#include "host/container.h"
#include "host/endpoints.h"
#include "host/identity_volume.h"
#include "host/mesh.h"
#include "host/pod.h"

static void write_ips(struct json_writer *w, const struct rf_ip *ips, size_t count)
{
	char text[RF_IP_TEXT_SIZE];

	json_key(w, "ips");
	json_array_begin(w);
	for (size_t i = 0; i < count; i++)
		json_c(w, rf_ip_text(&ips[i], text));
	json_array_end(w);
}

static void write_container(struct json_writer *w, const struct container *c)
{
	json_object_begin(w);
	json_field_str(w, "name", c->spec->name);
	json_field_bool(w, "init", c->init);
	json_field_c(w, "state", container_state_name(c->state));
	json_field_bool(w, "ready", c->ready);
	json_field_int(w, "restarts", c->starts > 1 ? c->starts - 1 : 0);
	if (c->state == CONTAINER_EXITED || (c->state == CONTAINER_WAITING && c->starts))
		json_field_int(w, "exitCode", c->exit_code);
	json_field_str(w, "image", c->spec->image);
	json_field_c(w, "reason", c->reason);
	json_field_c(w, "log", c->log);
	json_field_c(w, "id", c->id);
	json_object_end(w);
}

static void write_pod_fields(struct json_writer *w, const struct pod *pod)
{
	const struct kube_object *owner = pod->kube->owner;

	json_field_str(w, "namespace", pod->kube->namespace);
	json_field_str(w, "name", pod->kube->name);
	json_key(w, "workload");
	json_strf(w, "%s/" RF_STR_FMT, kube_kind_name(owner->kind), RF_STR_ARG(owner->meta.name));
	json_field_c(w, "phase", pod_phase_name(pod));
	json_field_bool(w, "ready", pod_is_ready(pod));
	json_field_int(w, "restarts", pod_restarts(pod));
	json_field_c(w, "reason", pod_reason(pod));
	json_field_c(w, "uid", pod->uid);
	write_ips(w, pod->kube->ips, pod->kube->ip_count);
	mesh_write_status(w, pod);
	identity_volume_status(w, pod);
}

static void write_pod(struct json_writer *w, const struct pod *pod)
{
	json_object_begin(w);
	write_pod_fields(w, pod);
	json_key(w, "containers");
	json_array_begin(w);
	for (size_t i = 0; i < pod->container_count; i++)
		write_container(w, &pod->containers[i]);
	json_array_end(w);
	json_object_end(w);
}

static void write_service_port(struct json_writer *w, const struct fence_service *service)
{
	char text[RF_IP_TEXT_SIZE];

	json_object_begin(w);
	json_field_c(w, "ip", rf_ip_text(&service->ip, text));
	json_field_int(w, "port", service->port);
	json_field_c(w, "protocol", policy_proto_name(service->proto));
	json_key(w, "endpoints");
	json_array_begin(w);
	for (size_t i = 0; i < service->endpoint_count; i++)
		json_strf(w, service->endpoints[i].ip.family == RF_IPV6 ? "[%s]:%u" : "%s:%u",
			rf_ip_text(&service->endpoints[i].ip, text), service->endpoints[i].port);
	json_array_end(w);
	json_object_end(w);
}

static bool is_of(const struct fence_service *entry, const struct plan_service *service)
{
	for (unsigned i = 0; i < service->ip_count; i++) {
		if (rf_ip_eq(&service->ips[i], &entry->ip))
			return true;
	}
	return false;
}

static void write_services(struct json_writer *w, const struct host *host)
{
	CLEANUP(endpoints_done) struct endpoint_list list;
	bool known = endpoints_build(host, &list) == RF_OK;

	json_key(w, "services");
	json_array_begin(w);
	rf_vec_each (service, &host->plan->services) {
		json_object_begin(w);
		json_field_str(w, "namespace", service->object->meta.namespace);
		json_field_str(w, "name", service->object->meta.name);
		write_ips(w, service->ips, service->ip_count);
		json_key(w, "ports");
		json_array_begin(w);
		for (size_t i = 0; known && i < list.services.count; i++) {
			if (is_of(&list.services.items[i], service))
				write_service_port(w, &list.services.items[i]);
		}
		json_array_end(w);
		json_object_end(w);
	}
	json_array_end(w);
}

static int64_t count_policies(const struct host *host)
{
	int64_t count = 0;

	rf_vec_each (object, &host->plan->set->objects)
		count += (*object)->kind == KUBE_NETWORK_POLICY;
	return count;
}

void status_write(const struct host *host, struct json_writer *w)
{
	bool ready = true;

	rf_vec_each (pod, &host->pods)
		ready = ready && (pod_is_ready(*pod) || (*pod)->phase == POD_SUCCEEDED);
	json_object_begin(w);
	json_field_int(w, "pid", getpid());
	json_field_c(w, "runtime", host->runtime.path);
	json_field_c(w, "node", host->node_name);
	json_field_c(w, "table", INSTANCE_TABLE);
	json_field_int(w, "policies", count_policies(host));
	json_field_bool(w, "ready", ready);
	json_key(w, "pods");
	json_array_begin(w);
	rf_vec_each (pod, &host->pods)
		write_pod(w, *pod);
	json_array_end(w);
	write_services(w, host);
	json_object_end(w);
}

void status_pod_event(const struct pod *pod, struct rf_buf *out)
{
	struct json_writer w = {.out = out};

	json_object_begin(&w);
	json_field_c(&w, "event", "pod");
	write_pod_fields(&w, pod);
	json_object_end(&w);
}
