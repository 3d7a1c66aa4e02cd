/*
 * Puts pods in classes. A pod's key is what policies can tell about it: namespace, ipBlock
 * membership of its address, the value of every label key that a selector names (values that no
 * selector mentions are all "other"), and the numbers of the named ports in use. Equal keys are
 * one class; selectors are evaluated on the first pod of it.
 */
#include "policy/policy_int.h"

enum label_value {
	LABEL_ABSENT = 0,
	LABEL_OTHER = 1,
	LABEL_FIRST = 2, /* + number of the value */
};

struct class_key {
	struct rf_buf bytes;
	uint16_t *named_ports; /* scratch, one for each named port of the policies */
};

static void key_word(struct class_key *key, uint32_t word)
{
	rf_buf_add(&key->bytes, &word, sizeof(word));
}

static uint32_t label_number(const struct policy_label_key *row, const struct doc_pairs *labels)
{
	struct rf_str value = kube_label(labels, row->key);
	uintptr_t number;

	if (!value.ptr)
		return LABEL_ABSENT;
	return rf_map_get(&row->values, value, &number) ? LABEL_FIRST + (uint32_t)number
							: LABEL_OTHER;
}

static void key_of_pod(const struct policy *p, const struct kube_pod *pod, struct class_key *key)
{
	for (size_t i = 0; i < p->label_keys.count; i++)
		key_word(key, label_number(&p->label_keys.items[i], &pod->labels));
	for (size_t i = 0; i < p->named_ports.count; i++) {
		const struct policy_named_port *port = &p->named_ports.items[i];

		key->named_ports[i] =
			kube_pod_named_port(pod->spec, port->name, port->protocol_text);
		key_word(key, key->named_ports[i]);
	}
}

static int match_policies(struct policy *p, struct policy_class *class)
{
	const struct policy_ns *ns = &p->namespaces.items[class->ns];

	rf_vec_each (index, &ns->policies) {
		const struct policy_np *np = &p->nps.items[*index];

		if (!policy_bit(class->sel_bits, np->pod_sel))
			continue;
		for (unsigned dir = 0; dir < POLICY_DIR_COUNT; dir++) {
			if (np->isolates[dir] && !rf_vec_push(&class->policies[dir], *index))
				return RF_EINTERNAL;
		}
	}
	return RF_OK;
}

static int match_pod_class(
	struct policy *p, struct policy_class *class, const struct class_key *key)
{
	size_t words = p->pod_sels.count / 64 + 1;

	class->sel_bits = rf_arena_array(p->arena, words, sizeof(uint64_t));
	class->named_ports =
		rf_arena_array(p->arena, p->named_ports.count, sizeof(*class->named_ports));
	if (!class->sel_bits || !class->named_ports)
		return RF_EINTERNAL;
	if (p->named_ports.count)
		memcpy(class->named_ports, key->named_ports,
			p->named_ports.count * sizeof(*class->named_ports));
	for (size_t s = 0; s < p->pod_sels.count; s++) {
		if (kube_selector_matches(p->pod_sels.items[s], class->labels))
			class->sel_bits[s / 64] |= UINT64_C(1) << (s % 64);
	}
	return match_policies(p, class);
}

/* The class of key, made when it is new. pod NULL: the outside. */
static int class_of_key(struct policy *p, struct class_key *key, const struct kube_pod *pod,
	struct policy_class init, uint32_t *ret)
{
	struct policy_class *class;
	struct rf_str copy;
	uintptr_t known;

	if (key->bytes.failed)
		return RF_EINTERNAL;
	if (rf_map_get(&p->class_by_key, rf_buf_str(&key->bytes), &known)) {
		*ret = (uint32_t)known;
		return RF_OK;
	}
	if (p->classes.count >= POLICY_MAX_CLASSES)
		return RF_ELIMIT;
	copy = rf_arena_str(p->arena, rf_buf_str(&key->bytes));
	class = rf_vec_add(&p->classes);
	if (!copy.ptr || !class || !rf_map_put(&p->class_by_key, copy, p->classes.count - 1))
		return RF_EINTERNAL;
	*class = init;
	*ret = (uint32_t)p->classes.count - 1;
	return pod ? match_pod_class(p, class, key) : RF_OK;
}

static int external_class(
	struct policy *p, uint32_t membership, struct class_key *key, uint32_t *ret)
{
	rf_buf_clear(&key->bytes);
	key_word(key, NS_NONE);
	key_word(key, membership);
	return class_of_key(
		p, key, NULL, (struct policy_class){.ns = NS_NONE, .membership = membership}, ret);
}

/* The end of one address of a pod (ip NULL: without an address). */
static int add_end(struct policy *p, uint32_t index, const struct rf_ip *ip, struct class_key *key,
	struct policy_end *end)
{
	const struct kube_pod *pod = &p->pods->list.items[index];
	struct policy_class init = {.labels = &pod->labels};
	uintptr_t ns = 0;

	*end = (struct policy_end){.pod = index, .node = pod->spec->host_network.value};
	if (ip)
		end->ip = *ip;
	init.membership = policy_blocks_membership(&p->blocks, &end->ip);
	if (end->node)
		return external_class(p, init.membership, key, &end->class);
	rf_map_get(&p->ns_by_name, pod->namespace, &ns);
	init.ns = (uint32_t)ns;
	rf_buf_clear(&key->bytes);
	key_word(key, init.ns);
	key_word(key, init.membership);
	key_of_pod(p, pod, key);
	return class_of_key(p, key, pod, init, &end->class);
}

static int add_pod(struct policy *p, uint32_t index, size_t *at, struct class_key *key)
{
	const struct kube_pod *pod = &p->pods->list.items[index];
	int rc;

	p->pod_end_first[index] = (uint32_t)*at;
	rc = add_end(p, index, NULL, key, &p->pod_ends[(*at)++]);
	for (size_t i = 0; rc == RF_OK && i < pod->ip_count; i++) {
		struct policy_end *end = &p->pod_ends[*at];
		struct rf_str ip = {.ptr = (const char *)&end->ip, .len = sizeof(end->ip)};

		rc = add_end(p, index, &pod->ips[i], key, end);
		/* A finished pod has given its address up; a node's is not a pod's. */
		if (rc == RF_OK && !pod->finished && !end->node &&
			!rf_map_put(&p->pod_by_ip, ip, *at))
			rc = RF_EINTERNAL;
		(*at)++;
	}
	return rc;
}

static int add_pods(struct policy *p, struct class_key *key)
{
	size_t ends = p->pods->list.count, at = 0;
	int rc = RF_OK;

	rf_vec_each (pod, &p->pods->list)
		ends += pod->ip_count;
	p->pod_ends = rf_arena_array(p->arena, ends, sizeof(*p->pod_ends));
	p->pod_end_first = rf_arena_array(p->arena, p->pods->list.count, sizeof(*p->pod_end_first));
	if (!p->pod_ends || !p->pod_end_first)
		return RF_EINTERNAL;
	for (size_t i = 0; rc == RF_OK && i < p->pods->list.count; i++)
		rc = add_pod(p, (uint32_t)i, &at, key);
	return rc;
}

int policy_build_classes(struct policy *p)
{
	struct class_key key = {.bytes = {.len = 0}};
	int rc = RF_OK;

	key.named_ports = rf_arena_array(p->arena, p->named_ports.count, sizeof(uint16_t));
	p->external_class = rf_arena_array(p->arena, p->blocks.memberships.count, sizeof(uint32_t));
	if (!key.named_ports || !p->external_class)
		return RF_EINTERNAL;
	for (size_t m = 0; rc == RF_OK && m < p->blocks.memberships.count; m++)
		rc = external_class(p, (uint32_t)m, &key, &p->external_class[m]);
	if (rc == RF_OK)
		rc = add_pods(p, &key);
	rf_buf_done(&key.bytes);
	for (unsigned dir = 0; rc == RF_OK && dir < POLICY_DIR_COUNT; dir++) {
		p->rows[dir] = calloc(p->classes.count, sizeof(*p->rows[dir]));
		if (!p->rows[dir])
			rc = RF_EINTERNAL;
	}
	return rc;
}

bool policy_end_of_pod(
	const struct policy *p, uint32_t pod, enum rf_family family, struct policy_end *ret)
{
	const struct kube_pod *kp = &p->pods->list.items[pod];
	const struct policy_end *ends = &p->pod_ends[p->pod_end_first[pod]];

	if (kp->finished)
		return false;
	*ret = ends[0];
	for (size_t i = 0; i < kp->ip_count && family != RF_FAMILY_NONE; i++) {
		if (ends[1 + i].ip.family == family) {
			*ret = ends[1 + i];
			break;
		}
	}
	return true;
}

struct policy_end policy_end_of_ip(const struct policy *p, const struct rf_ip *ip)
{
	struct rf_str key = {.ptr = (const char *)ip, .len = sizeof(*ip)};
	struct policy_end outside = {.pod = POLICY_NO_POD, .ip = *ip};
	uintptr_t at;

	if (rf_map_get(&p->pod_by_ip, key, &at))
		return p->pod_ends[at];
	outside.class = p->external_class[policy_blocks_membership(&p->blocks, ip)];
	return outside;
}
