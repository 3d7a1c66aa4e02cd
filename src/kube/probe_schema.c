/* Probes and life cycle handlers: schemas and checks. */
#include "kube/kube_int.h"

#define ROW_OF struct kube_exec_action
static const struct doc_field exec_rows[] = {
	ROW_STRS("command", command),
};
static const struct doc_schema exec_schema =
	DOC_SCHEMA("ExecAction", struct kube_exec_action, exec_rows);
#undef ROW_OF

#define ROW_OF struct kube_header
static const struct doc_field header_rows[] = {
	ROW_STR("name", name, REQUIRED),
	ROW_STR("value", value, REQUIRED),
};
static const struct doc_schema header_schema =
	DOC_SCHEMA("HTTPHeader", struct kube_header, header_rows);
#undef ROW_OF

#define ROW_OF struct kube_http_action
static const struct doc_field http_rows[] = {
	ROW_STR("path", path),
	ROW_INT_STR("port", port, REQUIRED),
	ROW_STR("scheme", scheme, ONE_OF("HTTP", "HTTPS", "")),
	ROW_STR("host", host),
	ROW_LIST("httpHeaders", http_headers, header_schema),
};
static const struct doc_schema http_schema =
	DOC_SCHEMA("HTTPGetAction", struct kube_http_action, http_rows);
#undef ROW_OF

#define ROW_OF struct kube_tcp_action
static const struct doc_field tcp_rows[] = {
	ROW_INT_STR("port", port, REQUIRED),
	ROW_STR("host", host),
};
static const struct doc_schema tcp_schema =
	DOC_SCHEMA("TCPSocketAction", struct kube_tcp_action, tcp_rows);
#undef ROW_OF

#define ROW_OF struct kube_grpc_action
static const struct doc_field grpc_rows[] = {
	ROW_INT("port", port, REQUIRED, BETWEEN(1, PORT_MAX)),
	ROW_STR("service", service),
};
static const struct doc_schema grpc_schema =
	DOC_SCHEMA("GRPCAction", struct kube_grpc_action, grpc_rows);
#undef ROW_OF

#define ROW_OF struct kube_sleep_action
static const struct doc_field sleep_rows[] = {
	ROW_INT("seconds", seconds, REQUIRED, BETWEEN(0, INT64_MAX)),
};
static const struct doc_schema sleep_schema =
	DOC_SCHEMA("SleepAction", struct kube_sleep_action, sleep_rows);
#undef ROW_OF

#define ROW_OF struct kube_probe
static const struct doc_field probe_rows[] = {
	ROW_PTR("httpGet", http_get, http_schema),
	ROW_PTR("exec", exec, exec_schema),
	ROW_PTR("tcpSocket", tcp_socket, tcp_schema),
	ROW_PTR("grpc", grpc, grpc_schema),
	ROW_INT("initialDelaySeconds", initial_delay_seconds, NOT_NEGATIVE),
	ROW_INT("timeoutSeconds", timeout_seconds, NOT_NEGATIVE),
	ROW_INT("periodSeconds", period_seconds, NOT_NEGATIVE),
	ROW_INT("successThreshold", success_threshold, NOT_NEGATIVE),
	ROW_INT("failureThreshold", failure_threshold, NOT_NEGATIVE),
	ROW_INT("terminationGracePeriodSeconds", termination_grace_period_seconds,
		BETWEEN(1, INT64_MAX)),
};
const struct doc_schema kube_probe_schema = DOC_SCHEMA("Probe", struct kube_probe, probe_rows);
#undef ROW_OF

#define ROW_OF struct kube_handler
static const struct doc_field handler_rows[] = {
	ROW_PTR("exec", exec, exec_schema),
	ROW_PTR("httpGet", http_get, http_schema),
	ROW_PTR("tcpSocket", tcp_socket, tcp_schema),
	ROW_PTR("sleep", sleep, sleep_schema),
};
static const struct doc_schema handler_schema =
	DOC_SCHEMA("LifecycleHandler", struct kube_handler, handler_rows);
#undef ROW_OF

#define ROW_OF struct kube_lifecycle
static const struct doc_field lifecycle_rows[] = {
	ROW_PTR("postStart", post_start, handler_schema),
	ROW_PTR("preStop", pre_stop, handler_schema),
	ROW_STR("stopSignal", stop_signal),
};
const struct doc_schema kube_lifecycle_schema =
	DOC_SCHEMA("Lifecycle", struct kube_lifecycle, lifecycle_rows);
#undef ROW_OF

static void check_exec(struct doc_decoder *dec, const struct kube_exec_action *exec)
{
	if (exec && exec->node && exec->command.count == 0)
		doc_decode_error(dec, doc_field_pos(exec->node, "command"),
			"exec needs a command: a list of at least one string");
}

static void check_http(struct doc_decoder *dec, struct kube_http_action *http)
{
	if (!http || !http->node)
		return;
	kube_empty_is_unset(&http->scheme);
	kube_check_port(dec, http->node, "port", &http->port);
}

static void check_tcp(struct doc_decoder *dec, const struct kube_tcp_action *tcp)
{
	if (tcp && tcp->node)
		kube_check_port(dec, tcp->node, "port", &tcp->port);
}

void kube_check_probe(struct doc_decoder *dec, const struct kube_probe *probe, bool readiness)
{
	static const char *const handlers[] = {"exec", "httpGet", "tcpSocket", "grpc", NULL};

	if (!probe || !probe->node)
		return;
	kube_check_exactly_one(dec, probe->node, handlers);
	check_exec(dec, probe->exec);
	check_http(dec, probe->http_get);
	check_tcp(dec, probe->tcp_socket);
	if (!readiness && probe->success_threshold.value > 1)
		doc_decode_error(dec, doc_field_pos(probe->node, "successThreshold"),
			"successThreshold must be 1 in liveness and startup probes");
	if (readiness && probe->termination_grace_period_seconds.set)
		doc_decode_error(dec, doc_field_pos(probe->node, "terminationGracePeriodSeconds"),
			"terminationGracePeriodSeconds is not allowed in a readiness probe");
}

static void check_handler(struct doc_decoder *dec, const struct kube_handler *handler)
{
	static const char *const handlers[] = {"exec", "httpGet", "tcpSocket", "sleep", NULL};

	if (!handler || !handler->node)
		return;
	kube_check_exactly_one(dec, handler->node, handlers);
	check_exec(dec, handler->exec);
	check_http(dec, handler->http_get);
	check_tcp(dec, handler->tcp_socket);
}

void kube_check_lifecycle(struct doc_decoder *dec, const struct kube_lifecycle *lifecycle)
{
	if (!lifecycle)
		return;
	check_handler(dec, lifecycle->post_start);
	check_handler(dec, lifecycle->pre_stop);
}
