/* What is asked of two ends: a port and a protocol, as a person writes them. */
#include <strings.h>

#include "base/num.h"
#include "cmd/net.h"

static int parse_protocol(const struct opt_usage *usage, struct rf_str text, struct policy_ask *ask)
{
	if (!policy_proto_parse(text, &ask->proto))
		return opt_fail(usage, "\"" RF_STR_FMT "\" is not TCP, UDP, SCTP or ICMP",
			RF_STR_ARG(text));
	ask->any_proto = false;
	return 0;
}

static bool all_digits(struct rf_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	}
	return text.len > 0;
}

static int parse_port(const struct opt_usage *usage, const char *text, struct policy_ask *ask)
{
	struct rf_str head, proto = rf_str_cut(rf_str_of(text), '/', &head);
	uint64_t number;
	int status = proto.ptr ? parse_protocol(usage, proto, ask) : 0;

	if (status)
		return status;
	if (!proto.ptr && ask->any_proto && strcasecmp(text, "ICMP") == 0)
		return parse_protocol(usage, head, ask);
	if (ask->proto == POLICY_OTHER)
		return opt_fail(usage, "ICMP has no ports: leave --port out");
	ask->any_port = false;
	if (!all_digits(head)) {
		ask->name = head;
		return head.len ? 0 : opt_fail(usage, "--port is empty");
	}
	if (!rf_num_u64(head, UINT16_MAX, &number) || number == 0)
		return opt_fail(
			usage, "port " RF_STR_FMT " is not between 1 and 65535", RF_STR_ARG(head));
	ask->port = (uint16_t)number;
	ask->any_proto = false;
	return 0;
}

int net_ask_parse(const struct opt_usage *usage, const char *port, const char *protocol,
	struct policy_ask *ret)
{
	struct policy_ask said = {.any_proto = true, .any_port = true};
	int status;

	*ret = said;
	status = protocol ? parse_protocol(usage, rf_str_of(protocol), ret) : 0;
	said = *ret;
	if (!status && port)
		status = parse_port(usage, port, ret);
	if (!status && protocol && ret->proto != said.proto)
		return opt_fail(
			usage, "--port %s and --protocol %s are not the same", port, protocol);
	return status;
}

int net_ask_resolve(const struct net_model *model, const char *to_text, const struct policy_ref *to,
	struct policy_ask *ask)
{
	if (!ask->name.ptr)
		return 0;
	ask->port = policy_ref_named_port(
		model->policy, to->pod, ask->name, ask->any_proto, &ask->proto);
	if (!ask->port)
		return out_errorf("%s has no %s%sport named \"" RF_STR_FMT "\"", to_text,
			ask->any_proto ? "" : policy_proto_name(ask->proto),
			ask->any_proto ? "" : " ", RF_STR_ARG(ask->name));
	ask->any_proto = false;
	return 0;
}
