/* Naming the ends of a connection, and judging between names. */
#include "policy/ref.h"

void policy_workload_of(
	const struct kube_pod *pod, struct rf_str *ret_kind, struct rf_str *ret_name)
{
	const struct kube_object *object = pod->owner;
	const struct kube_owner_ref *refs = object->meta.owner_references.items;
	size_t count = object->kind == KUBE_POD ? object->meta.owner_references.count : 0;
	const struct kube_owner_ref *found = NULL;

	for (size_t i = 0; i < count; i++) {
		bool controls = refs[i].controller.set && refs[i].controller.value;

		/* A node owns the pods of its own manifests; they are not one workload. */
		if (!rf_str_is(refs[i].kind, "Node") && (!found || controls))
			found = &refs[i];
	}
	*ret_kind = found ? found->kind : rf_str_of(kube_kind_name(object->kind));
	*ret_name = found ? found->name : object->meta.name;
}

static int add_workload(struct policy_refs *refs, uint32_t pod, uint32_t *last_of)
{
	const struct kube_pod *kp = &policy_pods(refs->policy)->list.items[pod];
	struct rf_str kind, name, full, brief;
	uintptr_t first;

	policy_workload_of(kp, &kind, &name);
	full = rf_arena_printf(refs->arena, RF_STR_FMT "/" RF_STR_FMT "/" RF_STR_FMT,
		RF_STR_ARG(kp->namespace), RF_STR_ARG(kind), RF_STR_ARG(name));
	brief = rf_arena_printf(refs->arena, RF_STR_FMT "/" RF_STR_FMT, RF_STR_ARG(kp->namespace),
		RF_STR_ARG(name));
	if (!full.ptr || !brief.ptr)
		return RF_EINTERNAL;
	refs->next_sibling[pod] = POLICY_NO_POD;
	if (rf_map_get(&refs->workloads, full, &first)) {
		refs->next_sibling[last_of[first]] = pod;
		last_of[first] = pod;
		return RF_OK;
	}
	last_of[pod] = pod;
	if (!rf_map_put(&refs->workloads, full, pod))
		return RF_EINTERNAL;
	if (rf_map_get(&refs->workloads, brief, &first))
		return rf_map_put(&refs->workloads, brief, POLICY_NO_POD) ? RF_OK : RF_EINTERNAL;
	return rf_map_put(&refs->workloads, brief, pod) ? RF_OK : RF_EINTERNAL;
}

int policy_refs_init(struct policy_refs *refs, struct policy *policy)
{
	size_t count = policy_pods(policy)->list.count;
	AUTO_FREE uint32_t *last_of = calloc(count + 1, sizeof(*last_of));

	*refs = (struct policy_refs){.policy = policy, .arena = rf_arena_new(0)};
	if (!refs->arena || !last_of)
		return RF_EINTERNAL;
	refs->next_sibling = rf_arena_array(refs->arena, count + 1, sizeof(uint32_t));
	if (!refs->next_sibling)
		return RF_EINTERNAL;
	for (uint32_t i = 0; i < count; i++) {
		if (add_workload(refs, i, last_of) < 0)
			return RF_EINTERNAL;
	}
	return RF_OK;
}

void policy_refs_done(struct policy_refs *refs)
{
	rf_map_done(&refs->workloads);
	rf_arena_free(refs->arena);
	refs->arena = NULL;
}

static int workload_ref(const struct policy_refs *refs, struct rf_str text, uintptr_t pod,
	struct policy_ref *ret, struct rf_err *err)
{
	if (pod == POLICY_NO_POD)
		return rf_err_set(err, RF_EINPUT,
			"\"" RF_STR_FMT "\" names more than one workload: say namespace/Kind/name",
			RF_STR_ARG(text));
	*ret = (struct policy_ref){
		.pod = (uint32_t)pod, .other = refs->next_sibling[(uint32_t)pod]};
	return RF_OK;
}

/* "ns/Kind/name" with the kind in any form that kubectl takes ("deploy/api"). */
static int kind_ref(const struct policy_refs *refs, struct rf_str text, struct policy_ref *ret,
	struct rf_err *err)
{
	struct rf_str namespace, kind_text, name;
	AUTO_BUF key = {0};
	enum kube_kind kind;
	uintptr_t pod;

	name = rf_str_cut(text, '/', &namespace);
	name = rf_str_cut(name, '/', &kind_text);
	if (!kube_kind_parse(kind_text, &kind) || !kube_kind_is_workload(kind))
		return rf_err_set(err, RF_EINPUT,
			"\"" RF_STR_FMT "\": \"" RF_STR_FMT "\" is not a kind of workload",
			RF_STR_ARG(text), RF_STR_ARG(kind_text));
	rf_buf_addf(&key, RF_STR_FMT "/%s/" RF_STR_FMT, RF_STR_ARG(namespace), kube_kind_name(kind),
		RF_STR_ARG(name));
	if (!rf_map_get(&refs->workloads, rf_buf_str(&key), &pod))
		return rf_err_set(err, RF_EABSENT,
			"no %s \"" RF_STR_FMT "\" in namespace \"" RF_STR_FMT "\"",
			kube_kind_name(kind), RF_STR_ARG(name), RF_STR_ARG(namespace));
	return workload_ref(refs, text, pod, ret, err);
}

int policy_ref_parse(const struct policy_refs *refs, struct rf_str text, struct policy_ref *ret,
	struct rf_err *err)
{
	const char *slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
	uintptr_t pod;

	*ret = (struct policy_ref){.pod = POLICY_NO_POD, .other = POLICY_NO_POD};
	if (!slash) {
		ret->is_ip = rf_ip_parse(text, &ret->ip);
		return ret->is_ip ? RF_OK
				  : rf_err_set(err, RF_EINPUT,
					    "\"" RF_STR_FMT "\" is not namespace/pod, "
					    "namespace/Kind/name or an IP address",
					    RF_STR_ARG(text));
	}
	if (memchr(slash + 1, '/', text.len - (size_t)(slash + 1 - text.ptr)))
		return kind_ref(refs, text, ret, err);
	if (rf_map_get(&policy_pods(refs->policy)->by_name, text, &pod)) {
		ret->pod = (uint32_t)pod;
		return RF_OK;
	}
	if (rf_map_get(&refs->workloads, text, &pod))
		return workload_ref(refs, text, pod, ret, err);
	return rf_err_set(err, RF_EABSENT, "no pod or workload \"" RF_STR_FMT "\" in the manifests",
		RF_STR_ARG(text));
}

/* The end of a reference in one family (RF_FAMILY_NONE: whatever is known). */
static bool end_of(const struct policy *policy, const struct policy_ref *ref, uint32_t pod,
	enum rf_family family, struct policy_end *ret)
{
	if (ref->is_ip) {
		*ret = policy_end_of_ip(policy, &ref->ip);
		return true;
	}
	return policy_end_of_pod(policy, pod, family, ret);
}

static bool has_family(const struct policy *policy, const struct policy_ref *ref, enum rf_family f)
{
	const struct kube_pod *pod;

	if (ref->is_ip)
		return ref->ip.family == f;
	pod = &policy_pods(policy)->list.items[ref->pod];
	for (size_t i = 0; i < pod->ip_count; i++) {
		if (pod->ips[i].family == f)
			return true;
	}
	return false;
}

/* An address on one side fixes the family; a pod whose addresses are unknown fits any. */
static bool fits(const struct policy *policy, const struct policy_ref *from,
	const struct policy_ref *to, enum rf_family family)
{
	bool from_known = from->is_ip || policy_pods(policy)->list.items[from->pod].ip_count;
	bool to_known = to->is_ip || policy_pods(policy)->list.items[to->pod].ip_count;

	if (!from_known && !to_known)
		return false;
	return (!from_known || has_family(policy, from, family)) &&
	       (!to_known || has_family(policy, to, family));
}

unsigned policy_ref_pairs(const struct policy *policy, const struct policy_ref *from,
	const struct policy_ref *to, struct policy_ends ret[2], struct rf_err *err)
{
	static const enum rf_family families[] = {RF_IPV4, RF_IPV6};
	uint32_t to_pod = to->pod;
	unsigned count = 0;

	/* A workload speaking to itself: between two of its pods, if it has two. */
	if (!from->is_ip && from->pod == to->pod && to->other != POLICY_NO_POD)
		to_pod = to->other;
	for (unsigned f = 0; f < RF_ARRAY_LEN(families); f++) {
		if (!fits(policy, from, to, families[f]))
			continue;
		if (!end_of(policy, from, from->pod, families[f], &ret[count].from) ||
			!end_of(policy, to, to_pod, families[f], &ret[count].to))
			goto finished;
		count++;
	}
	if (count)
		return count;
	if (!end_of(policy, from, from->pod, RF_FAMILY_NONE, &ret[0].from) ||
		!end_of(policy, to, to_pod, RF_FAMILY_NONE, &ret[0].to))
		goto finished;
	if (ret[0].from.ip.family == RF_FAMILY_NONE && ret[0].to.ip.family == RF_FAMILY_NONE &&
		!fits(policy, from, from, RF_IPV4) && !fits(policy, from, from, RF_IPV6))
		return 1;
	rf_err_set(err, RF_EINPUT, "the two ends have no IP family in common");
	return 0;
finished:
	rf_err_set(err, RF_EINPUT, "the pod has finished and holds no address");
	return 0;
}

uint16_t policy_ref_named_port(const struct policy *policy, uint32_t pod, struct rf_str name,
	bool any_proto, enum policy_proto *proto)
{
	const struct kube_pod_spec *spec;

	if (pod == POLICY_NO_POD)
		return 0;
	spec = policy_pods(policy)->list.items[pod].spec;
	for (unsigned i = 0; i < POLICY_PORT_PROTO_COUNT; i++) {
		enum policy_proto p = any_proto ? (enum policy_proto)i : *proto;
		uint16_t number = kube_pod_named_port(spec, name, rf_str_of(policy_proto_name(p)));

		if (number) {
			*proto = p;
			return number;
		}
	}
	return 0;
}

bool policy_ask_open(const struct policy *policy, uint32_t set, const struct policy_ask *ask)
{
	const struct policy_ports *ports = policy_port_set(policy, set);

	if (ask->any_proto)
		return set != POLICY_PORTS_NONE && set != POLICY_PORTS_BAD;
	if (ask->any_port)
		return policy_ports_have_proto(ports, ask->proto);
	return policy_ports_have(ports, ask->proto, ask->port);
}

static struct policy_verdict judge_pair(
	struct policy *policy, const struct policy_ends *ends, const struct policy_ask *ask)
{
	struct policy_reach reach;
	struct policy_verdict v;

	if (!ask->any_proto && !ask->any_port)
		return policy_judge(policy, &ends->from, &ends->to, ask->proto, ask->port);
	reach = policy_reach_of(policy, &ends->from, &ends->to);
	v.egress = policy_ask_open(policy, reach.egress, ask);
	v.ingress = policy_ask_open(policy, reach.ingress, ask);
	v.allowed = policy_ask_open(policy, reach.both, ask);
	return v;
}

int policy_ref_judge(struct policy *policy, const struct policy_question *question,
	struct policy_answer *ret, struct rf_err *err)
{
	const struct policy_ask *ask = &question->ask;
	struct policy_ask numbered = *ask;
	struct policy_ends pairs[2];
	unsigned count;

	if (ask->name.ptr) {
		numbered.port = policy_ref_named_port(
			policy, question->to.pod, ask->name, ask->any_proto, &numbered.proto);
		numbered.any_port = numbered.any_proto = false;
		if (!numbered.port)
			return rf_err_set(err, RF_EABSENT,
				"the destination has no port named \"" RF_STR_FMT "\"",
				RF_STR_ARG(ask->name));
	}
	count = policy_ref_pairs(policy, &question->from, &question->to, pairs, err);
	if (count == 0)
		return RF_EINPUT;
	for (unsigned i = 0; i < count; i++) {
		struct policy_verdict v = judge_pair(policy, &pairs[i], &numbered);

		if (i == 0 || (v.allowed && !ret->verdict.allowed))
			*ret = (struct policy_answer){.verdict = v, .ends = pairs[i]};
	}
	return RF_OK;
}
