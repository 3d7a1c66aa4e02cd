/*
 * Three levels, each with the oldest policy of its own; a level that says nothing (UNSET) leaves
 * the answer to the next one. The oldest is picked first: what a younger one of the same level
 * says counts for nothing, even where the oldest says nothing (Istio's ComposePeerAuthentication).
 */
#include "mesh/authz/peer_auth.h"

#include "kube/selector.h"

enum level {
	LEVEL_WORKLOAD,
	LEVEL_NAMESPACE,
	LEVEL_MESH,
	LEVEL_COUNT,
};

/* False for a policy that is none of the workload's. */
static bool level_of(
	const struct authz_workload *workload, const struct kube_object *object, enum level *ret)
{
	struct rf_str root = workload->root_namespace.len ? workload->root_namespace
							  : RF_STR(AUTHZ_ROOT_NAMESPACE);
	const struct kube_selector *selector;
	bool in_root = rf_str_eq(object->meta.namespace, root);
	bool selects;

	if (object->kind != KUBE_PEER_AUTHENTICATION ||
		(!in_root && !rf_str_eq(object->meta.namespace, workload->namespace)))
		return false;
	selector = object->peer_authentication->selector;
	selects = selector && selector->match_labels.count;
	*ret = selects ? LEVEL_WORKLOAD : in_root ? LEVEL_MESH : LEVEL_NAMESPACE;
	return !selects || (!in_root && kube_selector_matches(selector, workload->labels));
}

/* Servers write times in UTC, whose order is that of their bytes; without one: not applied yet. */
static bool is_older(const struct kube_object *a, const struct kube_object *b)
{
	struct rf_str at = a->meta.creation_timestamp, bt = b->meta.creation_timestamp;
	int order;

	if (at.len && bt.len && !rf_str_eq(at, bt))
		return rf_str_cmp(at, bt) < 0;
	if (!at.len != !bt.len)
		return at.len > 0;
	order = rf_str_cmp(a->meta.namespace, b->meta.namespace);
	return order ? order < 0 : rf_str_cmp(a->meta.name, b->meta.name) < 0;
}

/* False when mtls leaves it to somebody else. */
static bool take_mode(
	const struct kube_mtls *mtls, const struct kube_object *policy, struct peer_auth *ret)
{
	static const enum peer_auth_mode modes[] = {
		[KUBE_MTLS_UNSET] = PEER_AUTH_PERMISSIVE,
		[KUBE_MTLS_DISABLE] = PEER_AUTH_DISABLE,
		[KUBE_MTLS_PERMISSIVE] = PEER_AUTH_PERMISSIVE,
		[KUBE_MTLS_STRICT] = PEER_AUTH_STRICT,
	};

	if (!mtls || mtls->mode == KUBE_MTLS_UNSET)
		return false;
	*ret = (struct peer_auth){.mode = modes[mtls->mode],
		.policy = policy,
		.pos = doc_field_pos(mtls->node, "mode")};
	return true;
}

static const struct kube_mtls *port_level(const struct kube_object *policy, uint16_t port)
{
	const struct kube_port_mtls_list *list = &policy->peer_authentication->port_level_mtls;

	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].port == port)
			return &list->items[i].mtls;
	}
	return NULL;
}

struct peer_auth peer_auth_mode(
	const struct kube_set *set, const struct authz_workload *workload, uint16_t port)
{
	const struct kube_object *oldest[LEVEL_COUNT] = {NULL};
	struct peer_auth found = {.mode = PEER_AUTH_PERMISSIVE};

	rf_vec_each (object, &set->objects) {
		enum level level;

		if (level_of(workload, *object, &level) &&
			(!oldest[level] || is_older(*object, oldest[level])))
			oldest[level] = *object;
	}
	if (oldest[LEVEL_WORKLOAD] &&
		take_mode(port_level(oldest[LEVEL_WORKLOAD], port), oldest[LEVEL_WORKLOAD], &found))
		return found;
	for (unsigned i = 0; i < LEVEL_COUNT; i++) {
		if (oldest[i] && take_mode(oldest[i]->peer_authentication->mtls, oldest[i], &found))
			return found;
	}
	return found;
}

const char *peer_auth_mode_name(enum peer_auth_mode mode)
{
	switch (mode) {
	case PEER_AUTH_PERMISSIVE: return "PERMISSIVE";
	case PEER_AUTH_STRICT: return "STRICT";
	case PEER_AUTH_DISABLE: break;
	}
	return "DISABLE";
}
