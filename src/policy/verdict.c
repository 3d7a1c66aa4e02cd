/* Verdicts of class pairs, worked out once and kept in rows. */
#include "policy/verdict.h"

#include "policy/policy_int.h"

static bool peer_finds(const struct policy *p, const struct policy_np *np,
	const struct policy_peer *peer, const struct policy_class *class)
{
	if (peer->block != BLOCK_NONE)
		return policy_blocks_has(&p->blocks, class->membership, peer->block);
	if (class->ns == NS_NONE)
		return false;
	if (peer->ns_sel == NS_SEL_OWN) {
		if (class->ns != np->ns)
			return false;
	} else if (!policy_bit(p->namespaces.items[class->ns].sel_bits, peer->ns_sel)) {
		return false;
	}
	return peer->pod_sel == SEL_ALL || policy_bit(class->sel_bits, peer->pod_sel);
}

bool policy_rule_finds(const struct policy *p, const struct policy_np *np,
	const struct policy_rule *rule, uint32_t class, bool *ret_by_block)
{
	bool found = rule->peer_count == 0;

	*ret_by_block = false;
	for (uint32_t i = 0; i < rule->peer_count; i++) {
		if (!peer_finds(p, np, &rule->peers[i], &p->classes.items[class]))
			continue;
		found = true;
		*ret_by_block = rule->peers[i].block != BLOCK_NONE;
		if (!*ret_by_block)
			break;
	}
	return found;
}

uint32_t policy_rule_ports(struct policy *p, const struct policy_rule *rule,
	const struct policy_class *destination, bool names)
{
	uint32_t set = rule->fixed_ports;

	for (uint32_t i = 0; names && i < rule->named_count; i++) {
		uint32_t named = rule->named[i];
		uint16_t number = destination->named_ports ? destination->named_ports[named] : 0;

		if (number)
			set = policy_ports_union(&p->ports, set,
				policy_ports_range(&p->ports, p->named_ports.items[named].proto,
					number, number));
	}
	return set;
}

/* What one direction's policies let pass between the pair. */
static uint32_t work_out(struct policy *p, enum policy_dir dir, uint32_t from, uint32_t to)
{
	uint32_t subject = dir == POLICY_INGRESS ? to : from;
	uint32_t other = dir == POLICY_INGRESS ? from : to;
	const struct policy_class *class = &p->classes.items[subject];
	uint32_t set = POLICY_PORTS_NONE;
	bool by_block;

	if (class->policies[dir].count == 0)
		return POLICY_PORTS_ALL;
	rf_vec_each (index, &class->policies[dir]) {
		const struct policy_np *np = &p->nps.items[*index];

		for (uint32_t r = 0; r < np->rule_count[dir]; r++) {
			const struct policy_rule *rule = &np->rules[dir][r];

			if (!policy_rule_finds(p, np, rule, other, &by_block))
				continue;
			set = policy_ports_union(&p->ports, set,
				policy_rule_ports(p, rule, &p->classes.items[to],
					dir == POLICY_INGRESS || !by_block));
		}
	}
	return set;
}

uint32_t policy_pair(struct policy *p, enum policy_dir dir, uint32_t from, uint32_t to)
{
	uint32_t subject = dir == POLICY_INGRESS ? to : from;
	uint32_t other = dir == POLICY_INGRESS ? from : to;
	uint32_t **row = &p->rows[dir][subject];
	uint32_t set;

	if (!*row)
		*row = calloc(p->classes.count, sizeof(**row));
	if (!*row)
		return POLICY_PORTS_BAD;
	if ((*row)[other])
		return (*row)[other] - 1;
	set = work_out(p, dir, from, to);
	if (set != POLICY_PORTS_BAD)
		(*row)[other] = set + 1;
	return set;
}

uint32_t policy_pair_both(struct policy *p, uint32_t from, uint32_t to)
{
	return policy_ports_meet(&p->ports, policy_pair(p, POLICY_EGRESS, from, to),
		policy_pair(p, POLICY_INGRESS, from, to));
}

const struct policy_ports *policy_port_set(const struct policy *p, uint32_t id)
{
	return policy_ports_get(&p->ports, id == POLICY_PORTS_BAD ? POLICY_PORTS_NONE : id);
}

static struct rf_str node_of(const struct policy *p, uint32_t pod)
{
	return p->pods->list.items[pod].spec->node_name;
}

bool policy_same_node(struct rf_str a, struct rf_str b)
{
	return !a.len || !b.len || rf_str_eq(a, b);
}

bool policy_always(
	const struct policy *p, const struct policy_end *from, const struct policy_end *to)
{
	if (from->pod == POLICY_NO_POD || to->pod == POLICY_NO_POD)
		return false;
	if (from->pod == to->pod)
		return true;
	if (!from->node)
		return false;
	return policy_same_node(node_of(p, from->pod), node_of(p, to->pod));
}

struct policy_reach policy_reach_of(
	struct policy *p, const struct policy_end *from, const struct policy_end *to)
{
	struct policy_reach reach = {POLICY_PORTS_ALL, POLICY_PORTS_ALL, POLICY_PORTS_ALL};

	if (policy_always(p, from, to))
		return reach;
	reach.egress = policy_pair(p, POLICY_EGRESS, from->class, to->class);
	reach.ingress = policy_pair(p, POLICY_INGRESS, from->class, to->class);
	reach.both = policy_ports_meet(&p->ports, reach.egress, reach.ingress);
	return reach;
}

struct policy_verdict policy_judge(struct policy *p, const struct policy_end *from,
	const struct policy_end *to, enum policy_proto proto, uint16_t port)
{
	struct policy_verdict v = {.egress = true, .ingress = true};

	if (!policy_always(p, from, to)) {
		uint32_t egress = policy_pair(p, POLICY_EGRESS, from->class, to->class);
		uint32_t ingress = policy_pair(p, POLICY_INGRESS, from->class, to->class);

		v.egress = policy_ports_have(policy_port_set(p, egress), proto, port);
		v.ingress = policy_ports_have(policy_port_set(p, ingress), proto, port);
	}
	v.allowed = v.egress && v.ingress;
	return v;
}
