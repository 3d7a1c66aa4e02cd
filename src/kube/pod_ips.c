/* Addresses that several pods claim: what a dump of a cluster has that was put together by hand. */
#include "kube/pods.h"

struct claims {
	struct rf_arena *arena;
	struct rf_map by_ip; /* struct rf_ip -> struct kube_object */
	struct rf_diags *diags;
};

static void claims_done(struct claims *claims)
{
	rf_map_done(&claims->by_ip);
	rf_arena_free(claims->arena);
}

/* A finished pod has given its addresses up; those of a pod in the node's network are the node's.
 */
static bool holds_addresses(const struct kube_object *object)
{
	const struct kube_workload *w = object->workload;

	return object->kind == KUBE_POD && w && !w->pod.host_network.value &&
	       !rf_str_is(w->status.phase, "Succeeded") && !rf_str_is(w->status.phase, "Failed");
}

static struct rf_pos place_of(const struct kube_object *object)
{
	const struct doc_node *status = doc_get(object->root, "status");

	return doc_field_pos(status, doc_get(status, "podIP") ? "podIP" : "podIPs");
}

static void warn(const struct claims *claims, const struct kube_object *object,
	const struct kube_object *other, const struct rf_ip *ip)
{
	struct rf_pos place = place_of(other);
	char text[RF_IP_TEXT_SIZE];

	rf_diag_add(claims->diags, RF_WARNING, place_of(object),
		"%s is the address of Pod " RF_STR_FMT "/" RF_STR_FMT
		" and, at %s:%u, of Pod " RF_STR_FMT "/" RF_STR_FMT
		": it is taken for the former's",
		rf_ip_text(ip, text), RF_STR_ARG(object->meta.namespace),
		RF_STR_ARG(object->meta.name), place.file ? place.file : "?", place.line,
		RF_STR_ARG(other->meta.namespace), RF_STR_ARG(other->meta.name));
}

static int claim(struct claims *claims, struct kube_object *object, struct rf_str text)
{
	const struct kube_object *other;
	struct rf_ip ip;
	struct rf_str key = {.ptr = (const char *)&ip, .len = sizeof(ip)};

	memset(&ip, 0, sizeof(ip));
	if (!rf_ip_parse(text, &ip))
		return RF_OK;
	other = rf_map_get_ptr(&claims->by_ip, key);
	if (other && other != object)
		warn(claims, object, other, &ip);
	key = rf_arena_str(claims->arena, key);
	return key.ptr && rf_map_put_ptr(&claims->by_ip, key, object) ? RF_OK : RF_EINTERNAL;
}

int kube_check_pod_ips(const struct kube_set *set, struct rf_diags *diags)
{
	CLEANUP(claims_done) struct claims claims = {.arena = rf_arena_new(0), .diags = diags};

	if (!claims.arena)
		return RF_EINTERNAL;
	rf_vec_each (object, &set->objects) {
		const struct doc_strs *ips;

		if (!holds_addresses(*object))
			continue;
		ips = &(*object)->workload->status.pod_ips;
		for (size_t i = 0; i < ips->count; i++) {
			if (claim(&claims, *object, ips->items[i]) < 0)
				return RF_EINTERNAL;
		}
	}
	return RF_OK;
}
