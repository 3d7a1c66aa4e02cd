/*
 * The plan. Addresses come from two counters and the names that hold them; a name keeps its
 * address until it is dropped, and freed addresses are used again only after the range has been
 * gone through once, so that a late packet for an old pod does not meet a new one.
 */
#include "host/plan.h"

#include <limits.h>

#include "base/num.h"
#include "harden/profile.h"

/* The first address of a range is the network's, the next is this machine's. */
#define NODE_INDEX  1U
#define FIRST_INDEX 2U

int plan_addresses_init(struct plan_addresses *a)
{
	*a = (struct plan_addresses){.arena = rf_arena_new(0)};
	a->next_pod = a->next_service = FIRST_INDEX;
	return a->arena ? RF_OK : RF_EINTERNAL;
}

void plan_addresses_done(struct plan_addresses *a)
{
	rf_map_done(&a->pods);
	rf_map_done(&a->services);
	rf_map_done(&a->pod_used);
	rf_map_done(&a->service_used);
	rf_arena_free(a->arena);
	a->arena = NULL;
}

/* How many addresses both families of a range have in common, without the last. */
static uint64_t range_size(const struct rf_cidr ranges[2])
{
	uint64_t size = UINT64_MAX;

	for (unsigned i = 0; i < 2; i++) {
		unsigned bits = (unsigned)rf_family_len(ranges[i].ip.family) * 8;
		unsigned host = bits - ranges[i].prefix;

		if (bits && host < 63 && (UINT64_C(1) << host) < size)
			size = UINT64_C(1) << host;
	}
	return size > 1 ? size - 1 : size;
}

struct pool {
	struct rf_arena *arena;
	struct rf_map *by_name, *used;
	const struct rf_map *fixed; /* struct rf_ip -> whose manifest asks for it; may be NULL */
	uint64_t *next;
	const struct rf_cidr *ranges;
	const char *what; /* also the beginning of its range's option */
};

static struct rf_str ip_key(const struct rf_ip *ip)
{
	return (struct rf_str){(const char *)ip, sizeof(*ip)};
}

static unsigned addresses_at(const struct rf_cidr ranges[2], uint64_t index, struct rf_ip *ret)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 2; i++) {
		if (ranges[i].ip.family != RF_FAMILY_NONE &&
			rf_ip_add(&ranges[i].ip, index, &ret[count]))
			count++;
	}
	return count;
}

/* The object whose manifest asks for one of the addresses at index; NULL: nobody's does. */
static const struct kube_object *fixed_at(const struct pool *pool, uint64_t index)
{
	struct rf_ip ips[2];
	unsigned count = pool->fixed ? addresses_at(pool->ranges, index, ips) : 0;
	const struct kube_object *owner = NULL;

	for (unsigned i = 0; i < count && !owner; i++)
		owner = rf_map_get_ptr(pool->fixed, ip_key(&ips[i]));
	return owner;
}

static bool mark_used(struct pool *pool, uint64_t index)
{
	struct rf_str key =
		rf_arena_str(pool->arena, (struct rf_str){(const char *)&index, sizeof(index)});

	return key.ptr && rf_map_put(pool->used, key, 1);
}

static bool is_used(const struct pool *pool, uint64_t index)
{
	uintptr_t one;

	return rf_map_get(pool->used, (struct rf_str){(const char *)&index, sizeof(index)}, &one);
}

/* Of two families the one with fewer addresses is meant. */
static int say_full(const struct pool *pool, struct rf_err *err)
{
	const struct rf_cidr *full = NULL;
	char text[RF_CIDR_TEXT_SIZE];
	unsigned fewest = UINT_MAX;

	for (unsigned i = 0; i < 2; i++) {
		const struct rf_cidr *range = &pool->ranges[i];
		unsigned bits = (unsigned)rf_family_len(range->ip.family) * 8 - range->prefix;

		if (range->ip.family == RF_FAMILY_NONE || bits >= fewest)
			continue;
		fewest = bits;
		full = range;
	}
	return rf_err_set(err, RF_ELIMIT,
		"%s has no address left for another %s: choose a larger range (--%s-range)",
		full ? rf_cidr_text(full, text) : "no range", pool->what, pool->what);
}

/* The index that name holds, or a free one. */
static int take_index(struct pool *pool, struct rf_str name, uint64_t *ret, struct rf_err *err)
{
	uint64_t size = range_size(pool->ranges), index = 0, tries;
	struct rf_str key;
	uintptr_t held;

	if (rf_map_get(pool->by_name, name, &held)) {
		*ret = held;
		return RF_OK;
	}
	for (tries = 0; tries < size; tries++) {
		index = (*pool->next)++;
		if (index >= size) {
			*pool->next = FIRST_INDEX;
			continue;
		}
		if (!is_used(pool, index) && !fixed_at(pool, index))
			break;
	}
	if (tries == size)
		return say_full(pool, err);
	key = rf_arena_str(pool->arena, name);
	if (!key.ptr || !mark_used(pool, index) || !rf_map_put(pool->by_name, key, index))
		return rf_err_nomem(err);
	*ret = index;
	return RF_OK;
}

unsigned plan_node_ips(const struct plan_ranges *ranges, struct rf_ip ret[2])
{
	return addresses_at(ranges->pods, NODE_INDEX, ret);
}

void plan_addresses_drop_pod(struct plan_addresses *a, struct rf_str key)
{
	uintptr_t held;
	uint64_t index;

	if (!rf_map_get(&a->pods, key, &held))
		return;
	index = held;
	rf_map_del(&a->pods, key);
	rf_map_del(&a->pod_used, (struct rf_str){(const char *)&index, sizeof(index)});
}

static struct rf_str name_key(struct rf_arena *arena, struct rf_str namespace, struct rf_str name)
{
	return rf_arena_printf(
		arena, RF_STR_FMT "/" RF_STR_FMT, RF_STR_ARG(namespace), RF_STR_ARG(name));
}

static int address_pods(struct plan *plan, const struct plan_ranges *ranges,
	struct plan_addresses *a, struct rf_err *err)
{
	struct pool pool = {
		a->arena, &a->pods, &a->pod_used, NULL, &a->next_pod, ranges->pods, "pod"};

	rf_vec_each (pod, &plan->pods.list) {
		struct rf_str key = name_key(plan->arena, pod->namespace, pod->name);
		uint64_t index;
		int rc;

		pod->ip_count = 0;
		pod->finished = false;
		if (!key.ptr)
			return rf_err_nomem(err);
		if (pod->spec->host_network.value)
			continue;
		rc = take_index(&pool, key, &index, err);
		if (rc < 0)
			return rc;
		pod->ip_count = addresses_at(ranges->pods, index, pod->ips);
	}
	return RF_OK;
}

struct service_work {
	struct plan *plan;
	const struct plan_ranges *ranges;
	struct pool pool;
	struct rf_map fixed; /* what pool.fixed points at */
	struct rf_diags *diags;
};

static bool is_fixed(const struct kube_object *object)
{
	struct rf_str text = object->service->cluster_ip;

	return text.len && !rf_str_is(text, "None");
}

static int refuse_ip(const struct service_work *w, const struct kube_object *object,
	const struct rf_ip *ip, const char *why, const struct kube_object *other)
{
	char text[RF_IP_TEXT_SIZE];

	return rf_diag_add(w->diags, RF_ERROR, doc_field_pos(object->service->node, "clusterIP"),
		"clusterIP %s %s" RF_STR_FMT "%s" RF_STR_FMT ": leave it out", rf_ip_text(ip, text),
		why, RF_STR_ARG(other ? other->meta.namespace : RF_STR_NONE), other ? "/" : "",
		RF_STR_ARG(other ? other->meta.name : RF_STR_NONE));
}

/* The addresses that a manifest fixes: clusterIP, and the other family's of clusterIPs. */
static unsigned fixed_ips(const struct kube_object *object, struct rf_ip ret[2])
{
	const struct doc_strs *list = &object->service->cluster_ips;

	if (!is_fixed(object) || !rf_ip_parse(object->service->cluster_ip, &ret[0]))
		return 0;
	if (list->count < 2 || !rf_ip_parse(list->items[1], &ret[1]) ||
		ret[0].family == ret[1].family)
		return 1;
	return 2;
}

/* They must lie in the range and be nobody else's. */
static int fix_address(
	struct service_work *w, const struct kube_object *object, const struct rf_ip *ip)
{
	const struct kube_object *other = rf_map_get_ptr(&w->fixed, ip_key(ip));
	struct rf_str key;

	if (!rf_cidr_has(&w->ranges->services[0], ip) && !rf_cidr_has(&w->ranges->services[1], ip))
		return refuse_ip(w, object, ip, "is outside the range of Services", NULL);
	if (other)
		return refuse_ip(w, object, ip, "is that of Service ", other);
	key = rf_arena_str(w->plan->arena, ip_key(ip));
	return key.ptr && rf_map_put(&w->fixed, key, (uintptr_t)object) ? RF_OK : RF_EINTERNAL;
}

/* All of them before the first is chosen: what is fixed is not given to another. */
static int fix_addresses(struct service_work *w)
{
	rf_vec_each (object, &w->plan->set->objects) {
		struct rf_ip ips[2];
		unsigned count = (*object)->kind == KUBE_SERVICE ? fixed_ips(*object, ips) : 0;

		for (unsigned i = 0; i < count; i++) {
			if (fix_address(w, *object, &ips[i]) == RF_EINTERNAL)
				return RF_EINTERNAL;
		}
	}
	return RF_OK;
}

/* The addresses of a Service without clusterIP; an earlier plan may have given them. */
static int choose_addresses(
	struct service_work *w, struct plan_service *service, struct rf_err *err)
{
	const struct kube_object *other;
	uint64_t index;
	int rc = take_index(&w->pool, service->key, &index, err);

	if (rc < 0)
		return rc;
	service->ip_count = addresses_at(w->ranges->services, index, service->ips);
	other = fixed_at(&w->pool, index);
	if (other)
		refuse_ip(w, other, &service->ips[0], "is that of Service ", service->object);
	return RF_OK;
}

static int add_service(struct service_work *w, const struct kube_object *object, struct rf_err *err)
{
	struct plan_service service = {.object = object};
	int rc = RF_OK;

	service.key = name_key(w->plan->arena, object->meta.namespace, object->meta.name);
	if (!service.key.ptr)
		return rf_err_nomem(err);
	if (is_fixed(object))
		service.ip_count = fixed_ips(object, service.ips);
	else if (!object->service->cluster_ip.len)
		rc = choose_addresses(w, &service, err);
	if (rc < 0)
		return rc;
	return rf_vec_push(&w->plan->services, service) ? RF_OK : rf_err_nomem(err);
}

static int add_services(struct service_work *w, struct rf_err *err)
{
	int rc = fix_addresses(w) < 0 ? rf_err_nomem(err) : RF_OK;

	rf_vec_each (object, &w->plan->set->objects) {
		if (rc == RF_OK && (*object)->kind == KUBE_SERVICE)
			rc = add_service(w, *object, err);
	}
	return rc;
}

static int address_services(struct plan *plan, const struct plan_ranges *ranges,
	struct plan_addresses *a, struct rf_diags *diags, struct rf_err *err)
{
	struct service_work w = {.plan = plan,
		.ranges = ranges,
		.pool = {a->arena, &a->services, &a->service_used, NULL, &a->next_service,
			ranges->services, "service"},
		.diags = diags};
	int rc;

	w.pool.fixed = &w.fixed;
	rc = add_services(&w, err);
	rf_map_done(&w.fixed);
	return rc;
}

static void check_sysctls(const struct plan *plan, struct rf_diags *diags)
{
	rf_vec_each (pod, &plan->pods.list) {
		if (pod->ordinal == 0 && harden_check_sysctls(pod->spec, diags) < 0)
			continue;
	}
}

int plan_make(const struct kube_set *set, const struct plan_ranges *ranges,
	struct plan_addresses *addresses, struct plan *ret, struct rf_diags *diags,
	struct rf_err *err)
{
	int rc;

	*ret = (struct plan){.set = set, .arena = rf_arena_new(0)};
	if (!ret->arena)
		return rf_err_nomem(err);
	rc = kube_pods_expand(set, false, &ret->pods, err);
	if (rc == RF_OK)
		rc = address_pods(ret, ranges, addresses, err);
	if (rc == RF_OK)
		rc = address_services(ret, ranges, addresses, diags, err);
	if (rc < 0)
		return rc;
	plan_check_support(set, diags);
	check_sysctls(ret, diags);
	return diags->error_count ? RF_EINPUT : RF_OK;
}

void plan_done(struct plan *plan)
{
	kube_pods_done(&plan->pods);
	rf_vec_done(&plan->services);
	rf_arena_free(plan->arena);
	plan->arena = NULL;
}

const struct plan_service *plan_find_service(const struct plan *plan, struct rf_str key)
{
	rf_vec_each (service, &plan->services) {
		if (rf_str_eq(service->key, key))
			return service;
	}
	return NULL;
}
