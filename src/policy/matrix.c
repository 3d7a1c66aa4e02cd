/* The matrix of workloads and external ranges. */
#include "policy/matrix.h"

#include "policy/policy_int.h"
#include "policy/ref.h"

/* One class may hold addresses of both families, and each reaches only its own. */
static bool has_like(const struct policy_party *party, const struct policy_end *end)
{
	rf_vec_each (known, &party->ends) {
		if (known->class == end->class && known->node == end->node &&
			known->ip.family == end->ip.family)
			return true;
	}
	return false;
}

static int add_end(struct policy_party *party, const struct policy_end *end)
{
	if (has_like(party, end))
		return RF_OK;
	return rf_vec_push(&party->ends, *end) ? RF_OK : RF_EINTERNAL;
}

static int add_node(struct policy_party *party, struct rf_str name)
{
	rf_vec_each (known, &party->nodes) {
		if (rf_str_eq(*known, name))
			return RF_OK;
	}
	return rf_vec_push(&party->nodes, name) ? RF_OK : RF_EINTERNAL;
}

/* Every address of the pod, or the pod without one. */
static int add_pod_ends(const struct policy *p, struct policy_party *party, uint32_t pod)
{
	const struct kube_pod *kp = &p->pods->list.items[pod];
	const struct policy_end *ends = &p->pod_ends[p->pod_end_first[pod]];

	if (add_node(party, kp->spec->node_name) < 0)
		return RF_EINTERNAL;
	if (kp->ip_count == 0)
		return add_end(party, &ends[0]);
	for (size_t i = 0; i < kp->ip_count; i++) {
		if (add_end(party, &ends[1 + i]) < 0)
			return RF_EINTERNAL;
	}
	return RF_OK;
}

static char *workload_label(const struct kube_pod *pod)
{
	struct rf_str kind, name;
	char *label;

	policy_workload_of(pod, &kind, &name);
	if (asprintf(&label, RF_STR_FMT "/" RF_STR_FMT "[" RF_STR_FMT "]",
		    RF_STR_ARG(pod->namespace), RF_STR_ARG(name), RF_STR_ARG(kind)) < 0)
		return NULL;
	return label;
}

/* The pod's workload, told by its label; by_label's keys are the labels of the parties. */
static int add_workload(
	const struct policy *p, struct policy_matrix *m, uint32_t pod, struct rf_map *by_label)
{
	const struct kube_pod *kp = &p->pods->list.items[pod];
	AUTO_FREE char *label = NULL;
	struct policy_party *party;
	uintptr_t index;

	if (kp->finished)
		return RF_OK;
	label = workload_label(kp);
	if (!label)
		return RF_EINTERNAL;
	if (rf_map_get(by_label, rf_str_of(label), &index))
		return add_pod_ends(p, &m->parties.items[index], pod);
	index = m->parties.count;
	party = rf_vec_add(&m->parties);
	if (!party || !rf_map_put(by_label, rf_str_of(label), index))
		return RF_EINTERNAL;
	party->namespace = kp->namespace;
	policy_workload_of(kp, &party->kind, &party->name);
	party->label = TAKE_PTR(label);
	return add_pod_ends(p, party, pod);
}

/* Which blocks the rules of a direction name: the others do not tell addresses apart there. */
static uint64_t *blocks_of_direction(const struct policy *p, enum policy_dir dir)
{
	uint64_t *mask = calloc(p->blocks.words + 1, sizeof(*mask));

	if (!mask)
		return NULL;
	rf_vec_each (np, &p->nps) {
		for (uint32_t r = 0; r < np->rule_count[dir]; r++) {
			const struct policy_rule *rule = &np->rules[dir][r];

			for (uint32_t i = 0; i < rule->peer_count; i++) {
				uint32_t block = rule->peers[i].block;

				if (block != BLOCK_NONE)
					mask[block / 64] |= (uint64_t)1 << (block % 64);
			}
		}
	}
	return mask;
}

static bool alike(const struct policy *p, const uint64_t *mask, uint32_t a, uint32_t b)
{
	const uint64_t *x = p->blocks.memberships.items[a], *y = p->blocks.memberships.items[b];

	for (size_t w = 0; w < p->blocks.words; w++) {
		if ((x[w] ^ y[w]) & mask[w])
			return false;
	}
	return true;
}

static int add_range(struct policy *p, struct policy_matrix *m, const struct policy_ip_range *range,
	enum policy_dir dir)
{
	struct policy_party *party = rf_vec_add(&m->parties);
	char first[RF_IP_TEXT_SIZE], last[RF_IP_TEXT_SIZE];
	struct policy_end end = {.pod = POLICY_NO_POD, .ip = range->first};

	if (!party)
		return RF_EINTERNAL;
	party->external = true;
	party->range = *range;
	party->dir = dir;
	end.class = policy_external_class(p, range->membership);
	if (asprintf(&party->label, "%s-%s", rf_ip_text(&range->first, first),
		    rf_ip_text(&range->last, last)) < 0) {
		party->label = NULL;
		return RF_EINTERNAL;
	}
	return add_end(party, &end);
}

/* The ranges of a family, joined where the rules of the direction do not tell them apart. */
static int add_ranges(struct policy *p, struct policy_matrix *m,
	const struct policy_ip_ranges *ranges, enum policy_dir dir)
{
	AUTO_FREE uint64_t *mask = blocks_of_direction(p, dir);
	size_t next;

	if (!mask)
		return RF_EINTERNAL;
	for (size_t i = 0; i < ranges->count; i = next) {
		struct policy_ip_range joined = ranges->items[i];

		for (next = i + 1; next < ranges->count; next++) {
			if (!alike(p, mask, joined.membership, ranges->items[next].membership))
				break;
			joined.last = ranges->items[next].last;
		}
		if (add_range(p, m, &joined, dir) < 0)
			return RF_EINTERNAL;
	}
	return RF_OK;
}

static bool speaks_ipv6(const struct policy *p)
{
	if (p->blocks.v6.count > 1)
		return true;
	if (p->blocks.v6.count && p->blocks.v6.items[0].membership != POLICY_IN_NO_BLOCK)
		return true;
	rf_vec_each (pod, &p->pods->list) {
		for (size_t i = 0; i < pod->ip_count; i++) {
			if (pod->ips[i].family == RF_IPV6)
				return true;
		}
	}
	return false;
}

static int collect_parties(struct policy *p, struct policy_matrix *m)
{
	AUTO_MAP by_label = {0};

	for (uint32_t i = 0; i < p->pods->list.count; i++) {
		if (add_workload(p, m, i, &by_label) < 0)
			return RF_EINTERNAL;
	}
	for (unsigned dir = 0; dir < POLICY_DIR_COUNT; dir++) {
		if (add_ranges(p, m, &p->blocks.v4, (enum policy_dir)dir) < 0)
			return RF_EINTERNAL;
		if (speaks_ipv6(p) && add_ranges(p, m, &p->blocks.v6, (enum policy_dir)dir) < 0)
			return RF_EINTERNAL;
	}
	return RF_OK;
}

/* Two known addresses of different families cannot speak. */
static bool same_family(const struct policy_end *a, const struct policy_end *b)
{
	return a->ip.family == RF_FAMILY_NONE || b->ip.family == RF_FAMILY_NONE ||
	       a->ip.family == b->ip.family;
}

/* True when a node of one party runs a pod of the other: nodes reach their own pods. */
static bool share_node(const struct policy_party *from, const struct policy_party *to)
{
	rf_vec_each (a, &from->nodes) {
		rf_vec_each (b, &to->nodes) {
			if (policy_same_node(*a, *b))
				return true;
		}
	}
	return false;
}

/* An end stands for all pods of its class, whichever node they are on. */
static uint32_t pair_ports(
	struct policy *p, const struct policy_party *from, const struct policy_party *to)
{
	bool shared = from->ends.count && from->ends.items[0].node && share_node(from, to);
	uint32_t set = POLICY_PORTS_NONE;

	rf_vec_each (a, &from->ends) {
		rf_vec_each (b, &to->ends) {
			if (!same_family(a, b))
				continue;
			set = shared ? POLICY_PORTS_ALL
				     : policy_ports_union(&p->ports, set,
					       policy_pair_both(p, a->class, b->class));
		}
	}
	return set;
}

static int line_order(const void *a, const void *b, void *ctx)
{
	const struct policy_line *x = a, *y = b;
	const struct policy_party *parties = ctx;
	int order = strcmp(parties[x->from].label, parties[y->from].label);

	return order ? order : strcmp(parties[x->to].label, parties[y->to].label);
}

static int add_line(struct policy *p, struct policy_matrix *m, uint32_t from, uint32_t to)
{
	const struct policy_party *a = &m->parties.items[from];
	const struct policy_party *b = &m->parties.items[to];
	struct policy_line line = {.from = from, .to = to};

	if (from == to || (a->external && b->external))
		return RF_OK;
	if ((a->external && a->dir != POLICY_INGRESS) || (b->external && b->dir != POLICY_EGRESS))
		return RF_OK;
	line.ports = pair_ports(p, a, b);
	if (line.ports == POLICY_PORTS_BAD)
		return RF_EINTERNAL;
	if (line.ports == POLICY_PORTS_NONE)
		return RF_OK;
	return rf_vec_push(&m->lines, line) ? RF_OK : RF_EINTERNAL;
}

int policy_matrix_build(struct policy *p, struct policy_matrix *ret)
{
	*ret = (struct policy_matrix){.parties = {.count = 0}};
	if (collect_parties(p, ret) < 0)
		return RF_EINTERNAL;
	for (uint32_t i = 0; i < ret->parties.count; i++) {
		for (uint32_t j = 0; j < ret->parties.count; j++) {
			if (add_line(p, ret, i, j) < 0)
				return RF_EINTERNAL;
		}
	}
	if (ret->lines.count)
		qsort_r(ret->lines.items, ret->lines.count, sizeof(*ret->lines.items), line_order,
			ret->parties.items);
	return RF_OK;
}

void policy_matrix_done(struct policy_matrix *matrix)
{
	rf_vec_each (party, &matrix->parties) {
		rf_vec_done(&party->ends);
		rf_vec_done(&party->nodes);
		free(party->label);
	}
	rf_vec_done(&matrix->parties);
	rf_vec_done(&matrix->lines);
}
