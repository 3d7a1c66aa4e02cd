/*
 * Pairs of classes. Most pairs need no element: a destination's chain has one default for all
 * sources that their own egress leaves free ("open"), so what is listed are the sources that
 * differ from it, and what the bound ones may do. The default is whatever makes the list shorter.
 */
#include "dataplane/desired_int.h"

#include <stdio.h>

static const struct picture_chain *deny_chain(struct picture *picture, uint32_t id)
{
	char name[TABLE_NAME_SIZE];

	return picture_chain(picture, PICTURE_DENY, table_name(name, "x", id, ""), id, RF_STR_NONE);
}

static const struct picture_chain *source_chain(struct picture *picture, uint32_t id)
{
	char name[TABLE_NAME_SIZE];

	return picture_chain(
		picture, PICTURE_SOURCE, table_name(name, "s", id, ""), id, RF_STR_NONE);
}

static const struct picture_chain *dest_chain(
	struct picture *picture, uint32_t id, const struct picture_dest *dest)
{
	char name[TABLE_NAME_SIZE];
	struct rf_str content = {(const char *)dest, sizeof(*dest)};

	deny_chain(picture, id);
	return picture_chain(picture, PICTURE_DEST, table_name(name, "d", id, ""), id, content);
}

void desired_add_open_class(struct picture *picture, uint32_t id)
{
	const struct picture_dest dest = {.open_ports = POLICY_PORTS_ALL};

	source_chain(picture, id);
	dest_chain(picture, id, &dest);
}

/* --- port sets --- */

static struct rf_str ports_content(const struct policy_ports *set)
{
	size_t ranges =
		(size_t)set->count[POLICY_TCP] + set->count[POLICY_UDP] + set->count[POLICY_SCTP];

	return (struct rf_str){(const char *)set, sizeof(*set) + ranges * sizeof(set->ranges[0])};
}

/* The named sets of a chain whose protocol has more than one range. */
static void add_port_ranges(struct desired *d, const struct policy_ports *set, uint32_t id)
{
	char suffix[16], name[TABLE_NAME_SIZE];

	for (unsigned i = 0; i < POLICY_PORT_PROTO_COUNT; i++) {
		enum policy_proto proto = (enum policy_proto)i;
		uint32_t count;
		const struct policy_range *ranges = policy_ports_of(set, proto, &count);
		struct picture_set *elems;

		if (count < 2)
			continue;
		snprintf(suffix, sizeof(suffix), "_%s", table_proto_text(proto));
		elems = picture_set(
			d->picture, PICTURE_PORT_RANGES, table_name(name, "ports_", id, suffix));
		for (uint32_t k = 0; k < count; k++) {
			const uint8_t key[4] = {(uint8_t)(ranges[k].lo >> 8), (uint8_t)ranges[k].lo,
				(uint8_t)(ranges[k].hi >> 8), (uint8_t)ranges[k].hi};

			picture_put(d->picture, elems,
				(struct rf_str){(const char *)key, sizeof(key)}, NULL, false);
		}
	}
}

/* The chain of a port set, with the number that equal ports have in held. */
static const struct picture_chain *ports_chain(struct desired *d, uint32_t ports)
{
	const struct policy_ports *set = policy_port_set(d->policy, ports);
	struct rf_str content = ports_content(set);
	const struct picture_chain *chain;
	char name[TABLE_NAME_SIZE];
	uintptr_t id;

	if (!rf_map_get(&d->port_sets, content, &id)) {
		id = ++d->last_port_set;
		if (!rf_map_put(&d->port_sets, content, id))
			d->picture->failed = true;
	}
	table_name(name, "ps_", (uint32_t)id, "");
	chain = picture_find_chain(d->picture, rf_str_of(name));
	if (chain)
		return chain;
	add_port_ranges(d, set, (uint32_t)id);
	return picture_chain(d->picture, PICTURE_PORTS, name, (uint32_t)id, content);
}

/* --- one destination --- */

/* Not knowing must not become passing: the whole picture is given up. */
static uint32_t checked(struct desired *d, uint32_t ports)
{
	if (ports != POLICY_PORTS_BAD)
		return ports;
	d->picture->failed = true;
	return POLICY_PORTS_NONE;
}

/* What open sources may do, most of them alike: the most frequent set of row, when there is one. */
static uint32_t commonest(const struct desired *d)
{
	uint32_t candidate = POLICY_PORTS_NONE, weight = 0;

	for (size_t i = 0; i < d->used.count; i++) {
		if (d->classes[d->used.items[i]].bound)
			continue;
		if (weight == 0)
			candidate = d->row[i];
		weight = d->row[i] == candidate ? weight + 1 : weight - 1;
	}
	return candidate;
}

static bool range_in(
	const struct policy_range *range, const struct policy_range *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (list[i].lo <= range->lo && range->hi <= list[i].hi)
			return true;
	}
	return false;
}

/* True when every port of small is in big. Ranges of a set are apart, so each lies in one. */
static bool ports_include(const struct desired *d, uint32_t big, uint32_t small)
{
	const struct policy_ports *outer = policy_port_set(d->policy, big);
	const struct policy_ports *inner = policy_port_set(d->policy, small);

	for (unsigned i = 0; i < POLICY_PORT_PROTO_COUNT; i++) {
		enum policy_proto proto = (enum policy_proto)i;
		uint32_t inner_count, outer_count;
		const struct policy_range *in = policy_ports_of(inner, proto, &inner_count);
		const struct policy_range *out = policy_ports_of(outer, proto, &outer_count);

		for (uint32_t k = 0; k < inner_count; k++) {
			if (!range_in(&in[k], out, outer_count))
				return false;
		}
	}
	return outer->other || !inner->other;
}

/*
 * The default for open sources. A source listed with ports comes back to the default when they do
 * not match, so those must hold the default's ports too; or else it is left at passing nothing.
 */
static uint32_t choose_default(const struct desired *d)
{
	uint32_t candidate = commonest(d);
	size_t listed = 0, listed_without = 0;

	for (size_t i = 0; i < d->used.count; i++) {
		uint32_t ports = d->row[i];

		if (d->classes[d->used.items[i]].bound)
			continue;
		if (ports != POLICY_PORTS_NONE && !ports_include(d, ports, candidate))
			return POLICY_PORTS_NONE;
		listed += ports != candidate;
		listed_without += ports != POLICY_PORTS_NONE;
	}
	return listed < listed_without ? candidate : POLICY_PORTS_NONE;
}

static void fill_row(struct desired *d, uint32_t to)
{
	bool judged = policy_class_isolated(d->policy, to, POLICY_INGRESS);

	for (size_t i = 0; i < d->used.count; i++) {
		uint32_t from = d->used.items[i];
		bool bound = d->classes[from].bound;

		d->row[i] = POLICY_PORTS_ALL;
		if (bound)
			d->row[i] = checked(d, policy_pair_both(d->policy, from, to));
		else if (judged)
			d->row[i] = checked(d, policy_pair(d->policy, POLICY_INGRESS, from, to));
	}
}

static void list_pair(struct desired *d, struct picture_set *list, uint32_t to_id, size_t i)
{
	uint32_t mark = d->classes[d->used.items[i]].id << TABLE_MARK_SHIFT;
	struct rf_str key = {(const char *)&mark, sizeof(mark)};
	uint32_t ports = d->row[i];

	d->stats->pairs++;
	if (ports == POLICY_PORTS_ALL)
		picture_put(d->picture, list, key, &picture_pass, false);
	else if (ports == POLICY_PORTS_NONE)
		picture_put(d->picture, list, key, deny_chain(d->picture, to_id), false);
	else
		picture_put(d->picture, list, key, ports_chain(d, ports), true);
}

/* External addresses among themselves are not ours: they have the default that passes. */
static void add_dest(struct desired *d, uint32_t to)
{
	struct desired_class *class = &d->classes[to];
	struct picture_dest dest = {.open_ports = POLICY_PORTS_ALL};
	struct picture_set *list = NULL;
	char name[TABLE_NAME_SIZE];

	fill_row(d, to);
	if (policy_class_isolated(d->policy, to, POLICY_INGRESS))
		dest.open_ports = choose_default(d);
	for (size_t i = 0; i < d->used.count; i++) {
		bool bound = d->classes[d->used.items[i]].bound;

		if (d->row[i] == (bound ? POLICY_PORTS_NONE : dest.open_ports))
			continue;
		if (!list)
			list = picture_set(d->picture, PICTURE_FROM,
				table_name(name, "d", class->id, "_from"));
		list_pair(d, list, class->id, i);
	}
	dest.has_list = list;
	if (dest.open_ports > POLICY_PORTS_ALL) {
		dest.open_id = ports_chain(d, dest.open_ports)->id;
		dest.open_ports =
			POLICY_PORTS_ALL + 1; /* the policy's number means nothing later */
	}
	class->dest = dest_chain(d->picture, class->id, &dest);
}

/* A source is bound when its egress forbids anything to any destination in use. */
static bool is_bound(struct desired *d, uint32_t from)
{
	if (!d->classes[from].is_pod || !policy_class_isolated(d->policy, from, POLICY_EGRESS))
		return false;
	rf_vec_each (to, &d->used) {
		if (policy_pair(d->policy, POLICY_EGRESS, from, *to) != POLICY_PORTS_ALL)
			return true;
	}
	return false;
}

void desired_add_pairs(struct desired *d)
{
	rf_vec_each (class, &d->used) {
		struct desired_class *row = &d->classes[*class];
		uint32_t mark = row->id << TABLE_MARK_SHIFT;

		row->source = source_chain(d->picture, row->id);
		row->bound = is_bound(d, *class);
		if (row->bound)
			picture_put(d->picture, d->picture->sets.items[PICTURE_BOUND],
				(struct rf_str){(const char *)&mark, sizeof(mark)}, NULL, false);
	}
	rf_vec_each (class, &d->used)
		add_dest(d, *class);
}
