/*
 * The plan. Addresses come from two counters and the names that hold them; a name keeps its
 * address until it is dropped, and freed addresses are used again only after the range has been
 * gone through once, so that a late packet for an old pod does not meet a new one.
 */
#include "host/plan.h"

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
	uint64_t *next;
	const struct rf_cidr *ranges;
	const char *what;
};

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
		if (!is_used(pool, index))
			break;
	}
	if (tries == size)
		return rf_err_set(err, RF_ELIMIT, "the range of %s addresses is full", pool->what);
	key = rf_arena_str(pool->arena, name);
	if (!key.ptr || !mark_used(pool, index) || !rf_map_put(pool->by_name, key, index))
		return rf_err_nomem(err);
	*ret = index;
	return RF_OK;
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
	struct pool pool = {a->arena, &a->pods, &a->pod_used, &a->next_pod, ranges->pods, "pod"};

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

/* A clusterIP that the manifest fixes must lie in the range and be nobody else's. */
static int fixed_cluster_ip(const struct kube_object *object, const struct plan_ranges *ranges,
	struct plan_service *service, struct rf_diags *diags)
{
	const struct kube_service *svc = object->service;
	struct rf_ip ip;

	if (!rf_ip_parse(svc->cluster_ip, &ip))
		return rf_diag_add(diags, RF_ERROR, doc_field_pos(svc->node, "clusterIP"),
			"clusterIP: expected an IP address, \"None\" or nothing");
	for (unsigned i = 0; i < 2; i++) {
		if (rf_cidr_has(&ranges->services[i], &ip)) {
			service->ips[0] = ip;
			service->ip_count = 1;
			return RF_OK;
		}
	}
	return rf_diag_add(diags, RF_ERROR, doc_field_pos(svc->node, "clusterIP"),
		"clusterIP " RF_STR_FMT " is outside the range of Services: leave it out",
		RF_STR_ARG(svc->cluster_ip));
}

static int add_service(struct plan *plan, const struct kube_object *object,
	const struct plan_ranges *ranges, struct plan_addresses *a, struct rf_diags *diags,
	struct rf_err *err)
{
	struct pool pool = {a->arena, &a->services, &a->service_used, &a->next_service,
		ranges->services, "Service"};
	struct plan_service service = {.object = object};
	uint64_t index;
	int rc = RF_OK;

	service.key = name_key(plan->arena, object->meta.namespace, object->meta.name);
	if (!service.key.ptr)
		return rf_err_nomem(err);
	if (rf_str_is(object->service->cluster_ip, "None")) {
		service.ip_count = 0;
	} else if (object->service->cluster_ip.len) {
		rc = fixed_cluster_ip(object, ranges, &service, diags);
	} else {
		rc = take_index(&pool, service.key, &index, err);
		if (rc == RF_OK)
			service.ip_count = addresses_at(ranges->services, index, service.ips);
	}
	if (rc < 0)
		return rc == RF_EINPUT ? RF_OK : rc;
	return rf_vec_push(&plan->services, service) ? RF_OK : rf_err_nomem(err);
}

static int add_services(struct plan *plan, const struct plan_ranges *ranges,
	struct plan_addresses *a, struct rf_diags *diags, struct rf_err *err)
{
	rf_vec_each (object, &plan->set->objects) {
		int rc;

		if ((*object)->kind != KUBE_SERVICE)
			continue;
		rc = add_service(plan, *object, ranges, a, diags, err);
		if (rc < 0)
			return rc;
	}
	return RF_OK;
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
		rc = add_services(ret, ranges, addresses, diags, err);
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
