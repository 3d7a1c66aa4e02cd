/* host/endpoints.h: which pods a Service leads to, and at which ports. */
#include "host/endpoints.h"

#include "tests/unit/host/host_fixture.h"

#define POD_OF(name, namespace, ports, fields)                                                   \
	"---\napiVersion: v1\nkind: Pod\nmetadata: {name: " name                                 \
	", namespace: " namespace ", labels: {app: web, pod: " name "}}\nspec: {"                \
				  "containers: [{name: c, image: i, ports: [" ports "]}]" fields \
				  "}\n"
#define POD(name, ports) POD_OF(name, "default", ports, "")
#define SERVICE(fields, ports)                                      \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n" \
	"spec: {selector: {app: web}, ports: [" ports "], " fields "}\n"
#define IP4 "clusterIP: 10.86.0.9"
#define IP6 "clusterIP: 'fd86::9'"

/* "IP:port/PROTO -> IP:port IP:port" of every Service's port, with "; " between. */
static const char *endpoints_text(const struct machine *m)
{
	static char text[1024];
	CLEANUP(endpoints_done) struct endpoint_list list;
	AUTO_BUF out = {.max = sizeof(text) - 1};
	char ip[RF_IP_TEXT_SIZE];

	CHECK_INT(endpoints_build(&m->host, &list), RF_OK);
	rf_vec_each (service, &list.services) {
		rf_buf_addf(&out, "%s%s:%u/%s ->", out.len ? "; " : "",
			rf_ip_text(&service->ip, ip), service->port,
			policy_proto_name(service->proto));
		for (size_t i = 0; i < service->endpoint_count; i++)
			rf_buf_addf(&out, " %s:%u", rf_ip_text(&service->endpoints[i].ip, ip),
				service->endpoints[i].port);
	}
	snprintf(text, sizeof(text), "%s", rf_buf_cstr(&out));
	return text;
}

static void endpoints_are(const char *yaml, const char *want, int line)
{
	MACHINE m;

	if (machine_load(&m, yaml))
		tap_check_str(endpoints_text(&m), want, __FILE__, line);
	else
		tap_check(false, __FILE__, line, "the manifests do not load: %s", m.err.msg);
}
#define ENDPOINTS_ARE(yaml, want) endpoints_are(yaml, want, __LINE__)

static void a_service_leads_to_the_ready_pods_that_it_selects(void)
{
	ENDPOINTS_ARE(POD("a", "") POD("b", "") SERVICE(IP4, "{port: 80}"),
		"10.86.0.9:80/TCP -> 10.85.0.2:80 10.85.0.3:80");
}

static void a_target_port_by_number_is_that_port(void)
{
	ENDPOINTS_ARE(POD("a", "") SERVICE(IP4, "{port: 53, protocol: UDP, targetPort: 5353}"),
		"10.86.0.9:53/UDP -> 10.85.0.2:5353");
}

static void a_named_target_port_differs_per_pod(void)
{
	ENDPOINTS_ARE(POD("a", "{name: web, containerPort: 8080}")
			      POD("b", "{name: web, containerPort: 9090}")
				      SERVICE(IP4, "{port: 80, targetPort: web}"),
		"10.86.0.9:80/TCP -> 10.85.0.2:8080 10.85.0.3:9090");
}

static void a_pod_without_the_named_port_is_left_out(void)
{
	ENDPOINTS_ARE(POD("a", "{name: other, containerPort: 1}")
			      POD("b", "{name: web, containerPort: 9090}")
				      SERVICE(IP4, "{port: 80, targetPort: web}"),
		"10.86.0.9:80/TCP -> 10.85.0.3:9090");
}

static void a_named_port_of_another_protocol_is_another_port(void)
{
	ENDPOINTS_ARE(POD("a", "{name: dns, containerPort: 53, protocol: UDP}") SERVICE(IP4,
			      "{name: u, port: 53, protocol: UDP, targetPort: dns}, {name: t, "
			      "port: 53, targetPort: dns}"),
		"10.86.0.9:53/UDP -> 10.85.0.2:53; 10.86.0.9:53/TCP ->");
}

static void each_port_of_a_service_is_an_entry(void)
{
	ENDPOINTS_ARE(POD("a", "") SERVICE(IP4,
			      "{name: x, port: 80, targetPort: 8080}, {name: z, port: 132, "
			      "protocol: SCTP}"),
		"10.86.0.9:80/TCP -> 10.85.0.2:8080; 10.86.0.9:132/SCTP -> 10.85.0.2:132");
}

static void endpoints_are_of_the_family_of_the_address(void)
{
	ENDPOINTS_ARE(POD("a", "") SERVICE(IP6, "{port: 80}"), "fd86::9:80/TCP -> fd85::2:80");
	ENDPOINTS_ARE(POD("a", "") SERVICE("clusterIP: ''", "{port: 80}"),
		"10.86.0.2:80/TCP -> 10.85.0.2:80; fd86::2:80/TCP -> fd85::2:80");
}

static void pods_of_another_namespace_are_left_out(void)
{
	ENDPOINTS_ARE(POD_OF("a", "x", "", "") SERVICE(IP4, "{port: 80}"), "10.86.0.9:80/TCP ->");
}

static void pods_with_other_labels_are_left_out(void)
{
	ENDPOINTS_ARE(POD("a", "") POD("b", "") "---\napiVersion: v1\nkind: Service\n"
						"metadata: {name: s}\nspec: {selector: {app: web, "
						"pod: b}, clusterIP: 10.86.0.9, ports: [{port: "
						"80}]}\n",
		"10.86.0.9:80/TCP -> 10.85.0.3:80");
}

static void pods_in_the_machines_network_have_no_address_to_lead_to(void)
{
	ENDPOINTS_ARE(POD_OF("a", "default", "", ", hostNetwork: true") SERVICE(IP4, "{port: 80}"),
		"10.86.0.9:80/TCP ->");
}

static void a_headless_service_has_no_entry(void)
{
	ENDPOINTS_ARE(POD("a", "") SERVICE("clusterIP: None", "{port: 80}"), "");
}

static void a_pod_that_is_not_ready_is_left_out(void)
{
	MACHINE m;

	REQUIRE(machine_load(&m, POD("a", "") POD("b", "") SERVICE(IP4, "{port: 80}")));
	machine_pod(&m, "default/a")->ready = false;
	CHECK_STR(endpoints_text(&m), "10.86.0.9:80/TCP -> 10.85.0.3:80");
}

static void unready_pods_are_published_where_the_service_asks_for_it(void)
{
	static const enum pod_phase early[] = {POD_STARTING, POD_RUNNING, POD_STOPPING};
	static const enum pod_phase never[] = {POD_PENDING, POD_SUCCEEDED, POD_FAILED, POD_GONE};
	struct pod *pod;
	MACHINE m;

	REQUIRE(machine_load(
		&m, POD("a", "") SERVICE("publishNotReadyAddresses: true, " IP4, "{port: 80}")));
	pod = machine_pod(&m, "default/a");
	pod->ready = false;
	for (size_t i = 0; i < RF_ARRAY_LEN(early); i++) {
		pod->phase = early[i];
		CHECK_STR(endpoints_text(&m), "10.86.0.9:80/TCP -> 10.85.0.2:80");
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(never); i++) {
		pod->phase = never[i];
		CHECK_STR(endpoints_text(&m), "10.86.0.9:80/TCP ->");
	}
}

static void without_pods_there_are_services_without_endpoints(void)
{
	ENDPOINTS_ARE(SERVICE(IP4, "{port: 80}"), "10.86.0.9:80/TCP ->");
	ENDPOINTS_ARE("", "");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_service_leads_to_the_ready_pods_that_it_selects);
	RUN(a_target_port_by_number_is_that_port);
	RUN(a_named_target_port_differs_per_pod);
	RUN(a_pod_without_the_named_port_is_left_out);
	RUN(a_named_port_of_another_protocol_is_another_port);
	RUN(each_port_of_a_service_is_an_entry);
	RUN(endpoints_are_of_the_family_of_the_address);
	RUN(pods_of_another_namespace_are_left_out);
	RUN(pods_with_other_labels_are_left_out);
	RUN(pods_in_the_machines_network_have_no_address_to_lead_to);
	RUN(a_headless_service_has_no_entry);
	RUN(a_pod_that_is_not_ready_is_left_out);
	RUN(unready_pods_are_published_where_the_service_asks_for_it);
	RUN(without_pods_there_are_services_without_endpoints);
	return TAP_END();
}
