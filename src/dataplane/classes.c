/*
 * Numbers for classes. The policy's own numbers change with every compilation, so a class is known
 * again by its addresses: it keeps the number that most of them have in the picture held. Majority
 * is found by one candidate and a counter a class (Boyer and Moore), which needs no table of votes.
 */
#include "dataplane/desired_int.h"

struct vote {
	uint32_t id; /* candidate, 0: none */
	uint32_t count;
};

struct numbering {
	struct desired *d;
	struct vote *votes;		       /* by class */
	uint32_t owner[FENCE_MAX_CLASSES + 1]; /* by number: class + 1 */
	bool held[FENCE_MAX_CLASSES + 1];
	uint32_t next;
	size_t expected[2]; /* where the next address is looked for in held, by family */
};

static void vote_for(struct vote *vote, uint32_t id)
{
	if (vote->id == id) {
		vote->count++;
	} else if (vote->count == 0) {
		vote->id = id;
		vote->count = 1;
	} else {
		vote->count--;
	}
}

static uint32_t id_of(const struct picture_elem *elem)
{
	return elem && elem->target->kind == PICTURE_SOURCE ? elem->target->id : 0;
}

/* One address of a pod. Its class, or POLICY_NO_CLASS when the address is not its own. */
static uint32_t vote_address(struct numbering *n, size_t pod, const struct rf_ip *ip)
{
	struct policy_end end = policy_end_of_ip(n->d->policy, ip);
	bool v6 = ip->family == RF_IPV6;
	uint32_t id;

	if (end.pod != pod || end.node)
		return POLICY_NO_CLASS;
	n->d->classes[end.class].is_pod = true;
	id = id_of(
		picture_find_next(n->d->held->sets.items[desired_kind(PICTURE_PODS4, ip->family)],
			desired_ip_key(ip), &n->expected[v6]));
	if (id)
		vote_for(&n->votes[end.class], id);
	return end.class;
}

static bool vote_pods(struct numbering *n)
{
	const struct kube_pods *pods = policy_pods(n->d->policy);

	for (size_t i = 0; i < pods->list.count; i++) {
		const struct kube_pod *pod = &pods->list.items[i];

		for (size_t k = 0; k < pod->ip_count; k++) {
			if (!rf_vec_push(&n->d->address_classes, vote_address(n, i, &pod->ips[k])))
				return false;
		}
	}
	return true;
}

static void vote_outside(struct numbering *n, enum rf_family family)
{
	const struct policy_ip_ranges *ranges = policy_external_ranges(n->d->policy, family);
	const struct picture_set *set =
		n->d->held->sets.items[desired_kind(PICTURE_EXT_SRC4, family)];
	size_t len = rf_family_len(family);

	rf_vec_each (range, ranges) {
		uint32_t class = policy_external_class(n->d->policy, range->membership);
		uint8_t key[32];
		uint32_t id;

		memcpy(key, range->first.bytes, len);
		memcpy(key + len, range->last.bytes, len);
		id = id_of(picture_find(set, (struct rf_str){(const char *)key, len * 2}));
		if (id > TABLE_WORLD)
			vote_for(&n->votes[class], id);
		n->d->classes[class].used_outside = true;
	}
}

/* The class with more votes keeps a number that two ask for. */
static void claim(struct numbering *n, uint32_t class)
{
	const struct vote *vote = &n->votes[class];
	uint32_t *owner = &n->owner[vote->id];

	if (!vote->id)
		return;
	if (*owner) {
		if (n->votes[*owner - 1].count >= vote->count)
			return;
		n->d->classes[*owner - 1].id = CLASS_UNUSED;
	}
	*owner = class + 1;
	n->d->classes[class].id = vote->id;
}

/* A number that nobody has; one that held has not either while there are such. */
static uint32_t fresh(struct numbering *n, uint32_t class)
{
	for (; n->next <= FENCE_MAX_CLASSES; n->next++) {
		if (!n->owner[n->next] && !n->held[n->next]) {
			n->owner[n->next] = class + 1;
			return n->next;
		}
	}
	for (uint32_t id = TABLE_WORLD + 1; id <= FENCE_MAX_CLASSES; id++) {
		if (!n->owner[id]) {
			n->owner[id] = class + 1;
			return id;
		}
	}
	return CLASS_UNUSED;
}

static int number_rest(struct numbering *n, struct rf_err *err)
{
	struct desired *d = n->d;
	uint32_t count = policy_class_count(d->policy);

	for (uint32_t class = 0; class < count; class ++) {
		struct desired_class *row = &d->classes[class];

		if (!row->is_pod && !row->used_outside)
			continue;
		if (row->id == CLASS_UNUSED)
			row->id = fresh(n, class);
		if (row->id == CLASS_UNUSED)
			return rf_err_set(err, RF_ELIMIT,
				"the policies tell more than %u kinds of pods and addresses apart",
				FENCE_MAX_CLASSES);
		if (!rf_vec_push(&d->used, class))
			return rf_err_nomem(err);
	}
	return RF_OK;
}

static int number_all(struct numbering *n, struct rf_err *err)
{
	uint32_t count = policy_class_count(n->d->policy);
	uint32_t world = policy_external_class(n->d->policy, POLICY_IN_NO_BLOCK);

	if (!vote_pods(n))
		return rf_err_nomem(err);
	vote_outside(n, RF_IPV4);
	vote_outside(n, RF_IPV6);
	rf_vec_each (chain, &n->d->held->chains) {
		if ((*chain)->kind == PICTURE_SOURCE)
			n->held[(*chain)->id] = true;
	}
	n->d->classes[world].used_outside = true;
	n->d->classes[world].id = TABLE_WORLD;
	n->owner[TABLE_WORLD] = world + 1;
	for (uint32_t class = 0; class < count; class ++) {
		if (class != world)
			claim(n, class);
	}
	return number_rest(n, err);
}

int desired_number_classes(struct desired *d, struct rf_err *err)
{
	uint32_t count = policy_class_count(d->policy);
	AUTO_FREE struct numbering *n = calloc(1, sizeof(*n));
	AUTO_FREE struct vote *votes = calloc(count ? count : 1, sizeof(*votes));

	if (!n || !votes)
		return rf_err_nomem(err);
	n->d = d;
	n->votes = votes;
	n->next = TABLE_WORLD + 1;
	return number_all(n, err);
}
