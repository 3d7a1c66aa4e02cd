/*
 * The rules of NetworkPolicy, one function each, in the order in which the documentation gives
 * them. Nothing is kept from one question to the next.
 */
#include "tests/lib/oracle.h"

const char *oracle_proto_name(enum oracle_proto proto)
{
	static const char *const names[] = {"TCP", "UDP", "SCTP", "ICMP"};

	return names[proto];
}

/* --- labels and selectors --- */

/* The value of a key, or an absent view. */
static struct rf_str label_of(const struct doc_pairs *labels, struct rf_str key)
{
	for (size_t i = 0; i < labels->count; i++) {
		if (rf_str_eq(labels->items[i].key, key))
			return labels->items[i].value;
	}
	return RF_STR_NONE;
}

static bool is_among(const struct doc_strs *values, struct rf_str value)
{
	for (size_t i = 0; i < values->count; i++) {
		if (rf_str_eq(values->items[i], value))
			return true;
	}
	return false;
}

/* "NotIn and DoesNotExist also match when the key is not there." */
static bool requirement_holds(const struct kube_requirement *req, const struct doc_pairs *labels)
{
	struct rf_str value = label_of(labels, req->key);
	bool there = value.ptr != NULL;

	if (rf_str_is(req->op_text, "In"))
		return there && is_among(&req->values, value);
	if (rf_str_is(req->op_text, "NotIn"))
		return !there || !is_among(&req->values, value);
	if (rf_str_is(req->op_text, "Exists"))
		return there;
	return !there; /* DoesNotExist */
}

/* All of its pairs and all of its requirements; an empty selector therefore matches everything. */
static bool selects(const struct kube_selector *selector, const struct doc_pairs *labels)
{
	const struct kube_requirement *reqs = selector->match_expressions.items;

	for (size_t i = 0; i < selector->match_labels.count; i++) {
		const struct doc_pair *pair = &selector->match_labels.items[i];
		struct rf_str value = label_of(labels, pair->key);

		if (!value.ptr || !rf_str_eq(value, pair->value))
			return false;
	}
	for (size_t i = 0; i < selector->match_expressions.count; i++) {
		if (!requirement_holds(&reqs[i], labels))
			return false;
	}
	return true;
}

/* A namespace without an object has no labels but its name. */
static bool selects_namespace(
	const struct oracle *oracle, const struct kube_selector *selector, struct rf_str namespace)
{
	struct doc_pair pairs[64] = {{.key = RF_STR("kubernetes.io/metadata.name")}};
	struct doc_pairs labels = {.items = pairs, .count = 1};

	pairs[0].value = namespace;
	rf_vec_each (it, &oracle->set->objects) {
		const struct kube_object *o = *it;

		if (o->kind != KUBE_NAMESPACE || !rf_str_eq(o->meta.name, namespace))
			continue;
		for (size_t i = 0; i < o->meta.labels.count && labels.count < 64; i++)
			pairs[labels.count++] = o->meta.labels.items[i];
	}
	return selects(selector, &labels);
}

/* --- addresses --- */

static bool bit_of(const struct rf_ip *ip, unsigned bit)
{
	return ip->bytes[bit / 8] >> (7 - bit % 8) & 1;
}

static bool lies_in(const struct rf_cidr *cidr, const struct rf_ip *ip)
{
	if (ip->family != cidr->ip.family)
		return false;
	for (unsigned bit = 0; bit < cidr->prefix; bit++) {
		if (bit_of(ip, bit) != bit_of(&cidr->ip, bit))
			return false;
	}
	return true;
}

static bool block_has(const struct kube_ip_block *block, const struct rf_ip *ip)
{
	if (!lies_in(&block->cidrs[0], ip))
		return false;
	for (size_t i = 1; i < block->cidr_count; i++) {
		if (lies_in(&block->cidrs[i], ip))
			return false;
	}
	return true;
}

/* --- ends --- */

struct oracle_end oracle_end_of_ip(const struct oracle *oracle, const struct rf_ip *ip)
{
	rf_vec_each (pod, &oracle->pods->list) {
		if (pod->finished || pod->spec->host_network.value)
			continue;
		for (size_t i = 0; i < pod->ip_count; i++) {
			if (rf_ip_eq(&pod->ips[i], ip))
				return (struct oracle_end){.pod = pod, .ip = *ip};
		}
	}
	return (struct oracle_end){.pod = NULL, .ip = *ip};
}

/* A pod with hostNetwork is its node, and policies are not about nodes. */
static bool is_node(const struct oracle_end *end)
{
	return end->pod && end->pod->spec->host_network.value;
}

static bool is_policed(const struct oracle_end *end)
{
	return end->pod && !is_node(end) && !end->pod->finished;
}

/* A node whose name is not said may be the same as any other. */
static bool is_own_node(const struct oracle_end *from, const struct oracle_end *to)
{
	struct rf_str a, b;

	if (!is_node(from) || !is_policed(to))
		return false;
	a = from->pod->spec->node_name;
	b = to->pod->spec->node_name;
	return a.len == 0 || b.len == 0 || rf_str_eq(a, b);
}

/* --- peers --- */

/* Without a namespaceSelector, pods of the policy's own namespace are meant. */
static bool peer_is(const struct oracle *oracle, const struct kube_object *policy,
	const struct kube_np_peer *peer, const struct oracle_end *end)
{
	if (peer->ip_block)
		return block_has(peer->ip_block, &end->ip);
	if (!is_policed(end))
		return false;
	if (peer->namespace_selector) {
		if (!selects_namespace(oracle, peer->namespace_selector, end->pod->namespace))
			return false;
	} else if (!rf_str_eq(end->pod->namespace, policy->meta.namespace)) {
		return false;
	}
	return !peer->pod_selector || selects(peer->pod_selector, &end->pod->labels);
}

/* --- ports --- */

static bool pod_names_port(
	const struct kube_pod *pod, struct rf_str name, const char *protocol, uint16_t number)
{
	const struct kube_container *containers = pod->spec->containers.items;

	for (size_t i = 0; i < pod->spec->containers.count; i++) {
		const struct kube_container_port *ports = containers[i].ports.items;

		for (size_t j = 0; j < containers[i].ports.count; j++) {
			if (rf_str_eq(ports[j].name, name) &&
				rf_str_is(ports[j].protocol, protocol) &&
				ports[j].container_port.value == number)
				return true;
		}
	}
	return false;
}

/* A name is that of a port of the pod which is connected to. */
static bool port_is(const struct kube_np_port *port, const struct oracle_end *to,
	enum oracle_proto proto, uint16_t number)
{
	if (!rf_str_is(port->protocol, oracle_proto_name(proto)))
		return false;
	if (!port->port.set)
		return true;
	if (port->port.text.ptr)
		return is_policed(to) &&
		       pod_names_port(to->pod, port->port.text, oracle_proto_name(proto), number);
	if (port->end_port.set)
		return port->port.number <= number && number <= port->end_port.value;
	return port->port.number == number;
}

/* --- rules and policies --- */

/* A name that is to be looked up at an address block stays unknown: blocks have no ports. */
static bool is_name_at_block(
	const struct kube_np_peer *peer, const struct kube_np_port *port, bool ingress)
{
	return !ingress && peer && peer->ip_block && port->port.text.ptr;
}

/* peer is NULL for a rule that does not name any. */
static bool ports_allow(const struct oracle_question *q, const struct kube_np_rule *rule,
	const struct kube_np_peer *peer, bool ingress)
{
	const struct kube_np_port *ports = rule->ports.items;

	if (rule->ports.count == 0)
		return true;
	for (size_t i = 0; i < rule->ports.count; i++) {
		if (!is_name_at_block(peer, &ports[i], ingress) &&
			port_is(&ports[i], &q->to, q->proto, q->port))
			return true;
	}
	return false;
}

static bool rule_allows(const struct oracle *oracle, const struct oracle_question *q,
	const struct kube_object *policy, const struct kube_np_rule *rule, bool ingress)
{
	const struct kube_np_peer *peers = rule->peers.items;
	const struct oracle_end *other = ingress ? &q->from : &q->to;

	if (rule->peers.count == 0)
		return ports_allow(q, rule, NULL, ingress);
	for (size_t i = 0; i < rule->peers.count; i++) {
		if (peer_is(oracle, policy, &peers[i], other) &&
			ports_allow(q, rule, &peers[i], ingress))
			return true;
	}
	return false;
}

static const struct doc_list *rules_of(const struct kube_object *policy, bool ingress)
{
	return ingress ? &policy->network_policy->ingress : &policy->network_policy->egress;
}

bool oracle_rule_allows(const struct oracle *oracle, const struct oracle_question *question,
	const struct kube_object *policy, bool ingress, size_t rule)
{
	const struct doc_list *rules = rules_of(policy, ingress);
	const struct kube_np_rule *items = rules->items;

	return rule < rules->count && rule_allows(oracle, question, policy, &items[rule], ingress);
}

/* policyTypes not given: Ingress, and Egress if there is a rule for it. */
static bool policy_is_about(const struct kube_network_policy *policy, bool ingress)
{
	if (policy->policy_types.count == 0)
		return ingress || policy->egress.count > 0;
	return is_among(&policy->policy_types, rf_str_of(ingress ? "Ingress" : "Egress"));
}

bool oracle_policy_isolates(
	const struct kube_object *policy, const struct oracle_end *end, bool ingress)
{
	return policy->kind == KUBE_NETWORK_POLICY && is_policed(end) &&
	       rf_str_eq(policy->meta.namespace, end->pod->namespace) &&
	       selects(&policy->network_policy->pod_selector, &end->pod->labels) &&
	       policy_is_about(policy->network_policy, ingress);
}

bool oracle_isolated(const struct oracle *oracle, const struct oracle_end *end, bool ingress)
{
	rf_vec_each (it, &oracle->set->objects) {
		if (oracle_policy_isolates(*it, end, ingress))
			return true;
	}
	return false;
}

/* One direction: not isolated, or some rule of some policy that isolates lets it through. */
static bool direction_allows(
	const struct oracle *oracle, const struct oracle_question *q, bool ingress)
{
	const struct oracle_end *subject = ingress ? &q->to : &q->from;

	if (!oracle_isolated(oracle, subject, ingress))
		return true;
	rf_vec_each (it, &oracle->set->objects) {
		if (!oracle_policy_isolates(*it, subject, ingress))
			continue;
		for (size_t i = 0; i < rules_of(*it, ingress)->count; i++) {
			if (oracle_rule_allows(oracle, q, *it, ingress, i))
				return true;
		}
	}
	return false;
}

struct oracle_verdict oracle_judge(const struct oracle *oracle, const struct oracle_question *q)
{
	struct oracle_verdict v = {.allowed = true, .egress = true, .ingress = true};

	if ((q->from.pod && q->from.pod == q->to.pod) || is_own_node(&q->from, &q->to))
		return v;
	v.egress = direction_allows(oracle, q, false);
	v.ingress = direction_allows(oracle, q, true);
	v.allowed = v.egress && v.ingress;
	return v;
}
