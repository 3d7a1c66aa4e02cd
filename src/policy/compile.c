/*
 * From API objects to the compiled form, in three steps: intern what the policies mention
 * (selectors, label values, ports, ipBlocks), cut the address space, then put pods in classes
 * (classes.c). Verdicts of pairs are left to verdict.c.
 */
#include "policy/policy_int.h"

static int nomem(void)
{
	return RF_EINTERNAL;
}

static int intern_namespace(struct policy *p, struct rf_str name, uint32_t *ret)
{
	struct policy_ns *ns;
	uintptr_t known;

	if (rf_map_get(&p->ns_by_name, name, &known)) {
		*ret = (uint32_t)known;
		return RF_OK;
	}
	ns = rf_vec_add(&p->namespaces);
	if (!ns || !rf_map_put(&p->ns_by_name, name, p->namespaces.count - 1))
		return nomem();
	ns->name = name;
	*ret = (uint32_t)p->namespaces.count - 1;
	return kube_namespace_labels(p->set, name, &ns->labels);
}

static int note_value(struct policy *p, struct rf_str key, struct rf_str value)
{
	uintptr_t index;
	struct policy_label_key *row;

	if (!rf_map_get(&p->label_key_by_name, key, &index)) {
		index = p->label_keys.count;
		row = rf_vec_add(&p->label_keys);
		if (!row || !rf_map_put(&p->label_key_by_name, key, index))
			return nomem();
		row->key = key;
	}
	row = &p->label_keys.items[index];
	if (!value.ptr || rf_map_get(&row->values, value, &(uintptr_t){0}))
		return RF_OK;
	return rf_map_put(&row->values, value, row->values.count) ? RF_OK : nomem();
}

/* Remembers every key and value that the selector can tell apart. */
static int note_selector(struct policy *p, const struct kube_selector *sel)
{
	const struct kube_requirement *req = sel->match_expressions.items;

	for (size_t i = 0; i < sel->match_labels.count; i++) {
		const struct doc_pair *pair = &sel->match_labels.items[i];

		if (note_value(p, pair->key, pair->value) < 0)
			return nomem();
	}
	for (size_t i = 0; i < sel->match_expressions.count; i++) {
		if (note_value(p, req[i].key, RF_STR_NONE) < 0)
			return nomem();
		for (size_t v = 0; v < req[i].values.count; v++) {
			if (note_value(p, req[i].key, req[i].values.items[v]) < 0)
				return nomem();
		}
	}
	return RF_OK;
}

/* The number of a selector among those of equal text. */
static int intern_selector(struct policy *p, struct rf_map *by_text, struct policy_selectors *list,
	const struct kube_selector *sel, uint32_t *ret)
{
	AUTO_BUF text = {0};
	struct rf_str key;
	uintptr_t known;

	kube_selector_text(sel, &text);
	if (text.failed)
		return nomem();
	if (rf_map_get(by_text, rf_buf_str(&text), &known)) {
		*ret = (uint32_t)known;
		return RF_OK;
	}
	key = rf_arena_str(p->arena, rf_buf_str(&text));
	if (!key.ptr || !rf_map_put(by_text, key, list->count) || !rf_vec_push(list, sel))
		return nomem();
	*ret = (uint32_t)list->count - 1;
	return RF_OK;
}

static int intern_pod_selector(struct policy *p, const struct kube_selector *sel, uint32_t *ret)
{
	size_t before = p->pod_sels.count;

	if (intern_selector(p, &p->pod_sel_by_text, &p->pod_sels, sel, ret) < 0)
		return nomem();
	return p->pod_sels.count > before ? note_selector(p, sel) : RF_OK;
}

static int compile_peer(struct policy *p, const struct kube_np_peer *src, struct policy_peer *peer)
{
	*peer = (struct policy_peer){
		.src = src, .pod_sel = SEL_ALL, .ns_sel = NS_SEL_OWN, .block = BLOCK_NONE};
	if (src->ip_block)
		return policy_blocks_add(&p->blocks, src->ip_block, &peer->block);
	if (src->namespace_selector && intern_selector(p, &p->ns_sel_by_text, &p->ns_sels,
					       src->namespace_selector, &peer->ns_sel) < 0)
		return nomem();
	if (src->pod_selector)
		return intern_pod_selector(p, src->pod_selector, &peer->pod_sel);
	return RF_OK;
}

static int intern_named_port(
	struct policy *p, struct rf_str name, struct rf_str protocol, uint32_t *ret)
{
	struct policy_named_port port = {.name = name, .protocol_text = protocol};

	if (!policy_proto_parse(protocol, &port.proto))
		return RF_EINTERNAL;
	for (size_t i = 0; i < p->named_ports.count; i++) {
		if (p->named_ports.items[i].proto == port.proto &&
			rf_str_eq(p->named_ports.items[i].name, name)) {
			*ret = (uint32_t)i;
			return RF_OK;
		}
	}
	*ret = (uint32_t)p->named_ports.count;
	return rf_vec_push(&p->named_ports, port) ? RF_OK : nomem();
}

/* Adds one item of ports to the rule: a named one to its list, a number to the fixed set. */
static int compile_port(struct policy *p, const struct kube_np_port *src, struct policy_rule *rule)
{
	enum policy_proto proto;
	uint32_t set;
	uint16_t lo = 0, hi = UINT16_MAX;

	if (src->port.set && src->port.text.ptr)
		return intern_named_port(
			p, src->port.text, src->protocol, &rule->named[rule->named_count++]);
	if (!policy_proto_parse(src->protocol, &proto) || proto == POLICY_OTHER)
		return RF_EINTERNAL; /* the decoder lets only TCP, UDP and SCTP through */
	if (src->port.set) {
		lo = (uint16_t)src->port.number;
		hi = src->end_port.set ? (uint16_t)src->end_port.value : lo;
	}
	set = policy_ports_range(&p->ports, proto, lo, hi);
	rule->fixed_ports = policy_ports_union(&p->ports, rule->fixed_ports, set);
	return rule->fixed_ports == POLICY_PORTS_BAD ? nomem() : RF_OK;
}

static int compile_rule(struct policy *p, const struct kube_np_rule *src, struct policy_rule *rule)
{
	const struct kube_np_peer *peers = src->peers.items;
	const struct kube_np_port *ports = src->ports.items;

	rule->src = src;
	rule->peer_count = (uint32_t)src->peers.count;
	rule->peers = rf_arena_array(p->arena, src->peers.count, sizeof(*rule->peers));
	rule->named = rf_arena_array(p->arena, src->ports.count, sizeof(*rule->named));
	if (!rule->peers || !rule->named)
		return nomem();
	for (size_t i = 0; i < src->peers.count; i++) {
		if (compile_peer(p, &peers[i], &rule->peers[i]) < 0)
			return nomem();
	}
	rule->fixed_ports = src->ports.count ? POLICY_PORTS_NONE : POLICY_PORTS_ALL;
	for (size_t i = 0; i < src->ports.count; i++) {
		if (compile_port(p, &ports[i], rule) < 0)
			return nomem();
	}
	return RF_OK;
}

static int compile_rules(
	struct policy *p, const struct doc_list *src, struct policy_np *np, enum policy_dir dir)
{
	const struct kube_np_rule *rules = src->items;

	np->rule_count[dir] = (uint32_t)src->count;
	np->rules[dir] = rf_arena_array(p->arena, src->count, sizeof(struct policy_rule));
	if (!np->rules[dir])
		return nomem();
	for (size_t i = 0; i < src->count; i++) {
		if (compile_rule(p, &rules[i], &np->rules[dir][i]) < 0)
			return nomem();
	}
	return RF_OK;
}

static int compile_np(struct policy *p, const struct kube_object *object)
{
	const struct kube_network_policy *src = object->network_policy;
	struct policy_np np = {.object = object};

	np.isolates[POLICY_INGRESS] = src->has_ingress;
	np.isolates[POLICY_EGRESS] = src->has_egress;
	if (intern_namespace(p, object->meta.namespace, &np.ns) < 0 ||
		intern_pod_selector(p, &src->pod_selector, &np.pod_sel) < 0)
		return nomem();
	/* A section whose type is not listed is ignored. */
	if (src->has_ingress && compile_rules(p, &src->ingress, &np, POLICY_INGRESS) < 0)
		return nomem();
	if (src->has_egress && compile_rules(p, &src->egress, &np, POLICY_EGRESS) < 0)
		return nomem();
	if (!rf_vec_push(&p->nps, np))
		return nomem();
	return rf_vec_push(&p->namespaces.items[np.ns].policies, (uint32_t)p->nps.count - 1)
		       ? RF_OK
		       : nomem();
}

static int match_namespaces(struct policy *p)
{
	size_t words = p->ns_sels.count / 64 + 1;

	rf_vec_each (pod, &p->pods->list) {
		if (intern_namespace(p, pod->namespace, &(uint32_t){0}) < 0)
			return nomem();
	}
	rf_vec_each (ns, &p->namespaces) {
		ns->sel_bits = rf_arena_array(p->arena, words, sizeof(uint64_t));
		if (!ns->sel_bits)
			return nomem();
		for (size_t s = 0; s < p->ns_sels.count; s++) {
			if (kube_selector_matches(p->ns_sels.items[s], &ns->labels))
				ns->sel_bits[s / 64] |= UINT64_C(1) << (s % 64);
		}
	}
	return RF_OK;
}

static int build(struct policy *p)
{
	if (policy_port_table_init(&p->ports, p->arena) < 0)
		return nomem();
	policy_blocks_init(&p->blocks, p->arena);
	rf_vec_each (object, &p->set->objects) {
		if ((*object)->kind == KUBE_NETWORK_POLICY && compile_np(p, *object) < 0)
			return nomem();
	}
	if (match_namespaces(p) < 0 || policy_blocks_seal(&p->blocks) < 0)
		return nomem();
	return policy_build_classes(p);
}

int policy_compile(const struct kube_set *set, const struct kube_pods *pods, struct policy **ret,
	struct rf_err *err)
{
	struct policy *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return rf_err_nomem(err);
	p->set = set;
	p->pods = pods;
	p->arena = rf_arena_new(0);
	rc = p->arena ? build(p) : nomem();
	if (rc < 0) {
		policy_free(p);
		return rc == RF_ELIMIT ? rf_err_set(err, rc,
						 "the policies make more than %u classes of pods",
						 POLICY_MAX_CLASSES)
				       : rf_err_nomem(err);
	}
	*ret = p;
	return RF_OK;
}

static void free_rows(struct policy *p)
{
	for (unsigned dir = 0; dir < POLICY_DIR_COUNT; dir++) {
		for (size_t i = 0; p->rows[dir] && i < p->classes.count; i++)
			free(p->rows[dir][i]);
		free(p->rows[dir]);
	}
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	free_rows(p);
	rf_vec_each (ns, &p->namespaces)
		rf_vec_done(&ns->policies);
	rf_vec_each (class, &p->classes) {
		rf_vec_done(&class->policies[POLICY_INGRESS]);
		rf_vec_done(&class->policies[POLICY_EGRESS]);
	}
	rf_vec_each (key, &p->label_keys)
		rf_map_done(&key->values);
	rf_vec_done(&p->nps);
	rf_vec_done(&p->namespaces);
	rf_vec_done(&p->pod_sels);
	rf_vec_done(&p->ns_sels);
	rf_vec_done(&p->label_keys);
	rf_vec_done(&p->named_ports);
	rf_vec_done(&p->classes);
	rf_map_done(&p->ns_by_name);
	rf_map_done(&p->pod_sel_by_text);
	rf_map_done(&p->ns_sel_by_text);
	rf_map_done(&p->label_key_by_name);
	rf_map_done(&p->class_by_key);
	rf_map_done(&p->pod_by_ip);
	policy_blocks_done(&p->blocks);
	policy_port_table_done(&p->ports);
	rf_arena_free(p->arena);
	free(p);
}

void policy_freep(struct policy **policy)
{
	policy_free(*policy);
}

uint32_t policy_class_count(const struct policy *policy)
{
	return (uint32_t)policy->classes.count;
}

bool policy_class_is_pod(const struct policy *policy, uint32_t class)
{
	return policy->classes.items[class].ns != NS_NONE;
}

bool policy_class_isolated(const struct policy *policy, uint32_t class, enum policy_dir dir)
{
	return policy->classes.items[class].policies[dir].count > 0;
}

const struct policy_ip_ranges *policy_external_ranges(
	const struct policy *policy, enum rf_family family)
{
	return family == RF_IPV6 ? &policy->blocks.v6 : &policy->blocks.v4;
}

uint32_t policy_external_class(const struct policy *policy, uint32_t membership)
{
	return policy->external_class[membership];
}

const struct kube_pods *policy_pods(const struct policy *policy)
{
	return policy->pods;
}
