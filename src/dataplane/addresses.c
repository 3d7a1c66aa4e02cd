/*
 * From addresses to chains. Pods' addresses are exact; what lies outside is cut into ranges where
 * policies have ipBlocks, and what is in none of them falls through to the world's chains.
 */
#include "dataplane/desired_int.h"

void desired_add_pods(struct desired *d)
{
	const struct kube_pods *pods = policy_pods(d->policy);
	const uint32_t *class = d->address_classes.items;

	rf_vec_each (pod, &pods->list) {
		for (size_t k = 0; k < pod->ip_count; k++, class ++) {
			const struct rf_ip *ip = &pod->ips[k];

			if (*class != POLICY_NO_CLASS)
				picture_put(d->picture,
					d->picture->sets
						.items[desired_kind(PICTURE_PODS4, ip->family)],
					desired_ip_key(ip), d->classes[*class].source, false);
		}
	}
}

/* --- the outside --- */

/* Addresses that mean something only on one link, and groups, are no destination of a policy. */
static const struct {
	struct rf_cidr range;
	bool source; /* also as a source */
} local_ranges[] = {
	{{{{169, 254}, RF_IPV4}, 16}, true},
	{{{{0xfe, 0x80}, RF_IPV6}, 10}, true},
	{{{{0xff}, RF_IPV6}, 8}, false},
};

#define UNKNOWN_MAX (RF_ARRAY_LEN(local_ranges) + 2)

struct unknown_ranges {
	struct rf_cidr list[UNKNOWN_MAX]; /* sorted, disjoint */
	unsigned count;
};

static void insert_unknown(struct unknown_ranges *ranges, const struct rf_cidr *range)
{
	unsigned at = 0;

	for (unsigned i = 0; i < ranges->count; i++) {
		if (rf_cidr_covers(&ranges->list[i], range))
			return;
	}
	for (unsigned i = 0; i < ranges->count; i++) { /* the new one may cover earlier ones */
		if (!rf_cidr_covers(range, &ranges->list[i]))
			ranges->list[at++] = ranges->list[i];
	}
	ranges->count = at + 1;
	for (; at > 0 && rf_ip_cmp(&ranges->list[at - 1].ip, &range->ip) > 0; at--)
		ranges->list[at] = ranges->list[at - 1];
	ranges->list[at] = *range;
}

static struct unknown_ranges unknown_of(
	const struct fence_config *config, enum rf_family family, bool source)
{
	struct unknown_ranges ranges = {.count = 0};

	for (size_t i = 0; i < RF_ARRAY_LEN(local_ranges); i++) {
		if (local_ranges[i].range.ip.family == family &&
			(local_ranges[i].source || !source))
			insert_unknown(&ranges, &local_ranges[i].range);
	}
	for (unsigned i = 0; i < config->pod_range_count; i++) {
		if (config->pod_ranges[i].ip.family == family)
			insert_unknown(&ranges, &config->pod_ranges[i]);
	}
	return ranges;
}

struct outside {
	struct picture *picture;
	struct picture_set *set;
	struct unknown_ranges unknown;
};

static void put_range(const struct outside *o, const struct rf_ip *first, const struct rf_ip *last,
	const struct picture_chain *target)
{
	size_t len = rf_family_len(first->family);
	uint8_t key[32];

	memcpy(key, first->bytes, len);
	memcpy(key + len, last->bytes, len);
	picture_put(o->picture, o->set, (struct rf_str){(const char *)key, len * 2}, target, false);
}

/* What is left of a range when the unknown ones are cut out. */
static void put_cut(const struct outside *o, const struct policy_ip_range *range,
	const struct picture_chain *target)
{
	struct rf_ip at = range->first, before;

	for (unsigned i = 0; i < o->unknown.count; i++) {
		struct rf_ip first = rf_cidr_first(&o->unknown.list[i]);
		struct rf_ip last = rf_cidr_last(&o->unknown.list[i]);

		if (rf_ip_cmp(&last, &at) < 0)
			continue;
		if (rf_ip_cmp(&first, &range->last) > 0)
			break;
		if (rf_ip_cmp(&first, &at) > 0 && rf_ip_prev(&first, &before))
			put_range(o, &at, &before, target);
		if (!rf_ip_add(&last, 1, &at))
			return;
	}
	if (rf_ip_cmp(&at, &range->last) <= 0)
		put_range(o, &at, &range->last, target);
}

static void add_side(
	const struct outside *o, const struct desired *d, enum rf_family family, bool source)
{
	const struct policy_ip_ranges *ranges =
		d ? policy_external_ranges(d->policy, family) : NULL;

	for (unsigned i = 0; i < o->unknown.count; i++) {
		struct rf_ip first = rf_cidr_first(&o->unknown.list[i]);
		struct rf_ip last = rf_cidr_last(&o->unknown.list[i]);

		put_range(o, &first, &last, &picture_unknown);
	}
	if (!ranges)
		return;
	rf_vec_each (range, ranges) {
		uint32_t class = policy_external_class(d->policy, range->membership);
		const struct desired_class *row = &d->classes[class];

		if (row->id != TABLE_WORLD)
			put_cut(o, range, source ? row->source : row->dest);
	}
}

void desired_add_outside(struct picture *picture, const struct fence_config *config,
	const struct desired *d, enum rf_family family)
{
	for (unsigned source = 0; source < 2; source++) {
		enum picture_set_kind kind = source ? PICTURE_EXT_SRC4 : PICTURE_EXT_DST4;
		const struct outside o = {
			.picture = picture,
			.set = picture->sets.items[desired_kind(kind, family)],
			.unknown = unknown_of(config, family, source),
		};

		add_side(&o, d, family, source);
	}
}
