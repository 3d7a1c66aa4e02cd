/*
 * From workloads to pods. What is in the set already (a dump of a live cluster) is not made a
 * second time: an owner whose pods are given is not expanded, and each pod's owner is the top-most
 * one that the set holds.
 */
#include "kube/pods.h"

#include "kube/kube_int.h"
#include "kube/selector.h"

#define PODS_MAX   1000000 /* of a set */
#define OWNERS_MAX 8	   /* links of one chain of owners */
#define HASH_LEN   5

struct expansion {
	const struct kube_set *set;
	struct kube_pods *out;
	struct rf_err *err;
	struct rf_map live; /* address of an owner -> 1: its pods are in the set */
	bool at_least_one;
};

static int no_memory(struct expansion *e)
{
	return rf_err_nomem(e->err);
}

/* --- hashes: FNV-1a over the template, so that a name depends on nothing but the text --- */

static uint64_t hash_bytes(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3U;
	return (h ^ len) * 0x100000001b3U;
}

static uint64_t hash_node(uint64_t h, const struct doc_node *node)
{
	h = hash_bytes(h, &node->type, 1);
	h = hash_bytes(h, node->key.ptr, node->key.len);
	h = hash_bytes(h, node->text.ptr, node->text.len);
	doc_each (child, node)
		h = hash_node(h, child);
	return hash_bytes(h, "/", 1);
}

/* In the letters that Kubernetes uses, which spell no words. */
static void hash_text(uint64_t h, char out[static HASH_LEN + 1])
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";

	for (size_t i = 0; i < HASH_LEN; i++, h /= sizeof(letters) - 1)
		out[i] = letters[h % (sizeof(letters) - 1)];
	out[HASH_LEN] = '\0';
}

static void template_hash(const struct kube_workload *w, char out[static HASH_LEN + 1])
{
	uint64_t h = 0xcbf29ce484222325U;

	if (w->template_meta.node)
		h = hash_node(h, w->template_meta.node);
	if (w->pod.node)
		h = hash_node(h, w->pod.node);
	hash_text(h, out);
}

/* --- owners --- */

static const struct kube_owner_ref *controller_of(const struct kube_object *object)
{
	const struct kube_owner_ref *refs = object->meta.owner_references.items;

	for (size_t i = 0; i < object->meta.owner_references.count; i++) {
		if (refs[i].controller.value)
			return &refs[i];
	}
	return NULL;
}

static bool is_digits(struct rf_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	}
	return s.len > 0;
}

/*
 * The owner's owner when the owner itself is not in the set: a ReplicaSet is named
 * DEPLOYMENT-HASH where the pod carries the hash, a Job CRONJOB-MINUTES.
 */
static const struct kube_object *owner_beyond(const struct kube_set *set,
	const struct kube_object *object, const struct kube_owner_ref *ref)
{
	struct rf_str hash = kube_label(&object->meta.labels, RF_STR("pod-template-hash"));
	struct rf_str name = ref->name, last;

	last.ptr = name.len ? memrchr(name.ptr, '-', name.len) : NULL;
	if (!last.ptr)
		return NULL;
	last.len = name.len - (size_t)(++last.ptr - name.ptr);
	name.len -= last.len + 1;
	if (rf_str_is(ref->kind, "ReplicaSet") && hash.len && rf_str_eq(hash, last))
		return kube_find(set, KUBE_DEPLOYMENT, object->meta.namespace, name);
	if (rf_str_is(ref->kind, "Job") && is_digits(last))
		return kube_find(set, KUBE_CRON_JOB, object->meta.namespace, name);
	return NULL;
}

static const struct kube_object *owner_of(
	const struct kube_set *set, const struct kube_object *object)
{
	const struct kube_owner_ref *ref = controller_of(object);
	const struct kube_object *owner;
	enum kube_kind kind;

	if (!ref || !kube_kind_parse(ref->kind, &kind) || !kube_kind_is_workload(kind))
		return NULL;
	owner = kube_find(set, kind, object->meta.namespace, ref->name);
	if (!owner)
		return owner_beyond(set, object, ref);
	if (owner->meta.uid.len && ref->uid.len && !rf_str_eq(owner->meta.uid, ref->uid))
		return NULL;
	return owner == object ? NULL : owner;
}

static const struct kube_object *top_owner(
	const struct kube_set *set, const struct kube_object *object)
{
	for (unsigned i = 0; i < OWNERS_MAX; i++) {
		const struct kube_object *owner = owner_of(set, object);

		if (!owner)
			break;
		object = owner;
	}
	return object;
}

/* The set of live owners is keyed by the bytes of their addresses. */
static bool is_live(const struct expansion *e, const struct kube_object *object)
{
	uintptr_t ignored;

	return rf_map_get(&e->live,
		(struct rf_str){.ptr = (const char *)&object, .len = sizeof(object)}, &ignored);
}

static bool add_live(struct expansion *e, const struct kube_object *object)
{
	struct rf_str key = {.ptr = (const char *)&object, .len = sizeof(object)};

	if (is_live(e, object))
		return true;
	key = rf_arena_str(e->set->arena, key);
	return key.ptr && rf_map_put(&e->live, key, 1);
}

/* Marks what must not be expanded: the owners, all the way up, of pods in the set. */
static int mark_live(struct expansion *e)
{
	rf_vec_each (it, &e->set->objects) {
		const struct kube_object *object = (*it)->kind == KUBE_POD ? *it : NULL;

		for (unsigned i = 0; i < OWNERS_MAX && object; i++) {
			object = owner_of(e->set, object);
			if (object && !add_live(e, object))
				return no_memory(e);
		}
	}
	return RF_OK;
}

/* --- names --- */

static struct rf_str pod_key(struct expansion *e, struct rf_str namespace, struct rf_str name)
{
	return rf_arena_printf(
		e->set->arena, RF_STR_FMT "/" RF_STR_FMT, RF_STR_ARG(namespace), RF_STR_ARG(name));
}

/* Pods that are objects keep their names; what is made must not take one of them. */
static int reserve_names(struct expansion *e)
{
	rf_vec_each (it, &e->set->objects) {
		const struct kube_object *object = *it;
		struct rf_str key;

		if (object->kind != KUBE_POD)
			continue;
		key = pod_key(e, object->meta.namespace, object->meta.name);
		if (!key.ptr || !rf_map_put(&e->out->by_name, key, SIZE_MAX))
			return no_memory(e);
	}
	return RF_OK;
}

static int add_pod(struct expansion *e, const struct kube_pod *pod)
{
	struct rf_str key = pod_key(e, pod->namespace, pod->name);

	if (e->out->list.count >= PODS_MAX)
		return rf_err_set(e->err, RF_ELIMIT,
			"%s:%u:%u: more than %d pods, counted up to %s " RF_STR_FMT "/" RF_STR_FMT,
			pod->owner->pos.file, pod->owner->pos.line, pod->owner->pos.col, PODS_MAX,
			kube_kind_name(pod->owner->kind), RF_STR_ARG(pod->namespace),
			RF_STR_ARG(pod->owner->meta.name));
	if (!key.ptr || !rf_map_put(&e->out->by_name, key, e->out->list.count) ||
		!rf_vec_push(&e->out->list, *pod))
		return no_memory(e);
	return RF_OK;
}

/* Two workloads of one name may want the same pod name (StatefulSet and Job "api"). */
static int make_unique(struct expansion *e, struct kube_pod *pod)
{
	struct rf_str key = pod_key(e, pod->namespace, pod->name);
	const char *kind = kube_kind_name(pod->owner->kind);
	char hash[HASH_LEN + 1];
	uintptr_t taken;

	for (uint64_t i = 1; key.ptr && rf_map_get(&e->out->by_name, key, &taken); i++) {
		hash_text(hash_bytes(i, kind, strlen(kind)), hash);
		pod->name = rf_arena_printf(
			e->set->arena, RF_STR_FMT "-%s", RF_STR_ARG(pod->name), hash);
		if (!pod->name.ptr)
			return no_memory(e);
		key = pod_key(e, pod->namespace, pod->name);
	}
	return key.ptr ? RF_OK : no_memory(e);
}

/* --- labels --- */

static int compare_pairs(const void *a, const void *b)
{
	return rf_str_cmp(((const struct doc_pair *)a)->key, ((const struct doc_pair *)b)->key);
}

/* The template's labels and more, sorted; one of more wins over a label of the same key. */
static int add_labels(struct expansion *e, const struct doc_pair *more, size_t more_count,
	struct doc_pairs *labels)
{
	struct doc_pairs all = {.items = rf_arena_array(e->set->arena, labels->count + more_count,
					sizeof(*all.items))};

	if (!all.items)
		return no_memory(e);
	for (size_t i = 0; i < labels->count; i++) {
		bool replaced = false;

		for (size_t j = 0; j < more_count; j++)
			replaced |= rf_str_eq(labels->items[i].key, more[j].key);
		if (!replaced)
			all.items[all.count++] = labels->items[i];
	}
	for (size_t j = 0; j < more_count; j++)
		all.items[all.count++] = more[j];
	qsort(all.items, all.count, sizeof(*all.items), compare_pairs);
	*labels = all;
	return RF_OK;
}

static int add_controller_labels(struct expansion *e, struct kube_pod *pod)
{
	struct doc_pair more[2] = {{.value = RF_STR_NONE}};

	switch ((unsigned)pod->owner->kind) {
	case KUBE_STATEFUL_SET:
		more[0] =
			(struct doc_pair){RF_STR("statefulset.kubernetes.io/pod-name"), pod->name};
		more[1] = (struct doc_pair){RF_STR("apps.kubernetes.io/pod-index"),
			rf_arena_printf(e->set->arena, "%u", pod->ordinal)};
		break;
	case KUBE_JOB:
	case KUBE_CRON_JOB:
		more[0] = (struct doc_pair){RF_STR("job-name"), pod->owner->meta.name};
		more[1] = (struct doc_pair){
			RF_STR("batch.kubernetes.io/job-name"), pod->owner->meta.name};
		break;
	default: return RF_OK;
	}
	return more[1].value.ptr ? add_labels(e, more, 2, &pod->labels) : no_memory(e);
}

/* --- expansion --- */

static int64_t job_pods(const struct kube_workload *w)
{
	int64_t parallelism = w->parallelism.set ? w->parallelism.value : 1;
	int64_t completions = w->completions.set ? w->completions.value : parallelism;

	if (w->suspend.value)
		return 0;
	return parallelism < completions ? parallelism : completions;
}

static int64_t pod_count(const struct expansion *e, const struct kube_object *object)
{
	const struct kube_workload *w = object->workload;
	int64_t count = 1;

	switch ((unsigned)object->kind) {
	case KUBE_DEPLOYMENT:
	case KUBE_REPLICA_SET:
	case KUBE_STATEFUL_SET: count = w->replicas.set ? w->replicas.value : 1; break;
	case KUBE_JOB: count = job_pods(w); break;
	case KUBE_CRON_JOB: count = 0; break;
	default: break;
	}
	return count == 0 && e->at_least_one ? 1 : count;
}

static struct rf_str made_name(
	struct expansion *e, const struct kube_object *object, const char *hash, unsigned ordinal)
{
	struct rf_str name = object->meta.name;
	struct rf_arena *arena = e->set->arena;

	switch ((unsigned)object->kind) {
	case KUBE_DEPLOYMENT:
	case KUBE_REPLICA_SET:
		return rf_arena_printf(arena, RF_STR_FMT "-%s-%u", RF_STR_ARG(name), hash, ordinal);
	case KUBE_DAEMON_SET:
		return rf_arena_printf(arena, RF_STR_FMT "-%s", RF_STR_ARG(name), hash);
	default: return rf_arena_printf(arena, RF_STR_FMT "-%u", RF_STR_ARG(name), ordinal);
	}
}

static int expand_workload(struct expansion *e, const struct kube_object *object)
{
	const struct kube_workload *w = object->workload;
	int64_t count = pod_count(e, object);
	char hash[HASH_LEN + 1];
	int rc = RF_OK;

	template_hash(w, hash);
	for (int64_t i = 0; i < count && rc == RF_OK; i++) {
		struct kube_pod pod = {.namespace = object->meta.namespace,
			.owner = object,
			.labels = w->template_meta.labels,
			.spec = &w->pod,
			.ordinal = (unsigned)i};

		pod.name = made_name(e, object, hash, pod.ordinal);
		if (!pod.name.ptr)
			return no_memory(e);
		rc = make_unique(e, &pod);
		if (rc == RF_OK)
			rc = add_controller_labels(e, &pod);
		if (rc == RF_OK)
			rc = add_pod(e, &pod);
	}
	return rc;
}

static int take_pod(struct expansion *e, const struct kube_object *object)
{
	const struct kube_workload *w = object->workload;
	struct kube_pod pod = {.namespace = object->meta.namespace,
		.name = object->meta.name,
		.owner = top_owner(e->set, object),
		.labels = object->meta.labels,
		.spec = &w->pod,
		.finished = rf_str_is(w->status.phase, "Succeeded") ||
			    rf_str_is(w->status.phase, "Failed")};

	for (size_t i = 0; i < w->status.pod_ips.count; i++) {
		if (pod.ip_count < RF_ARRAY_LEN(pod.ips) &&
			rf_ip_parse(w->status.pod_ips.items[i], &pod.ips[pod.ip_count]))
			pod.ip_count++;
	}
	return add_pod(e, &pod);
}

static int expand_all(struct expansion *e)
{
	int rc = mark_live(e);

	if (rc == RF_OK)
		rc = reserve_names(e);
	for (size_t i = 0; rc == RF_OK && i < e->set->objects.count; i++) {
		const struct kube_object *object = e->set->objects.items[i];

		if (object->kind == KUBE_POD)
			rc = take_pod(e, object);
		else if (kube_kind_is_workload(object->kind) && !is_live(e, object) &&
			 !owner_of(e->set, object))
			rc = expand_workload(e, object);
	}
	return rc;
}

int kube_pods_expand(
	const struct kube_set *set, bool at_least_one, struct kube_pods *ret, struct rf_err *err)
{
	struct kube_pods pods = {.list = {.items = NULL}};
	struct expansion e = {.set = set, .out = &pods, .err = err, .at_least_one = at_least_one};
	int rc = expand_all(&e);

	rf_map_done(&e.live);
	if (rc < 0)
		kube_pods_done(&pods);
	else
		*ret = pods;
	return rc;
}

void kube_pods_done(struct kube_pods *pods)
{
	rf_vec_done(&pods->list);
	rf_map_done(&pods->by_name);
}

/* --- questions about pods --- */

static uint16_t find_port(
	const struct kube_container *c, struct rf_str name, struct rf_str protocol)
{
	const struct kube_container_port *ports = c->ports.items;

	for (size_t i = 0; i < c->ports.count; i++) {
		if (rf_str_eq(ports[i].name, name) && rf_str_eq(ports[i].protocol, protocol))
			return (uint16_t)ports[i].container_port.value;
	}
	return 0;
}

/* Sidecars (init containers that are restarted) listen as long as the containers do. */
uint16_t kube_pod_named_port(
	const struct kube_pod_spec *spec, struct rf_str name, struct rf_str protocol)
{
	const struct kube_container *containers = spec->containers.items;
	const struct kube_container *init = spec->init_containers.items;
	uint16_t port = 0;

	for (size_t i = 0; i < spec->containers.count && port == 0; i++)
		port = find_port(&containers[i], name, protocol);
	for (size_t i = 0; i < spec->init_containers.count && port == 0; i++) {
		if (rf_str_is(init[i].restart_policy, "Always"))
			port = find_port(&init[i], name, protocol);
	}
	return port;
}

int kube_namespace_labels(
	const struct kube_set *set, struct rf_str namespace, struct doc_pairs *ret)
{
	const struct kube_object *object = kube_find(set, KUBE_NAMESPACE, RF_STR(""), namespace);
	struct expansion e = {.set = set};
	struct doc_pair name = {.key = RF_STR("kubernetes.io/metadata.name"), .value = namespace};
	struct doc_pairs labels = {.count = 0};
	int rc;

	if (object)
		labels = object->meta.labels;
	rc = add_labels(&e, &name, 1, &labels);
	if (rc == RF_OK)
		*ret = labels;
	return rc;
}

struct kube_quantity kube_resource_find(const struct kube_resource_list *list, struct rf_str name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (rf_str_eq(list->items[i].name, name))
			return list->items[i].quantity;
	}
	return (struct kube_quantity){.set = false};
}

struct kube_quantity kube_resource_get(const struct kube_resource_list *list, const char *name)
{
	return kube_resource_find(list, rf_str_of(name));
}
