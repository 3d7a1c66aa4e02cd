/*
 * Policies as a message: str namespace, str root namespace, str trust domain, u64 count of labels,
 * the labels (str, str, sorted by key), then packed documents to the end.
 */
#include "base/arena.h"
#include "doc/pack.h"
#include "mesh/proxy/rules_int.h"
#include "proc/frame.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define MAX_LABELS  1000

static bool concerns(const struct kube_object *object, const struct authz_workload *workload)
{
	struct rf_str root = workload->root_namespace.len ? workload->root_namespace
							  : RF_STR(AUTHZ_ROOT_NAMESPACE);

	return object->kind == KUBE_AUTHORIZATION_POLICY &&
	       (rf_str_eq(object->meta.namespace, workload->namespace) ||
		       rf_str_eq(object->meta.namespace, root));
}

void proxy_policy_write(
	const struct kube_set *set, const struct authz_workload *workload, struct rf_buf *out)
{
	frame_put_str(out, workload->namespace);
	frame_put_str(out, workload->root_namespace);
	frame_put_str(out, workload->trust_domain);
	frame_put_u64(out, workload->labels->count);
	for (size_t i = 0; i < workload->labels->count; i++) {
		frame_put_str(out, workload->labels->items[i].key);
		frame_put_str(out, workload->labels->items[i].value);
	}
	rf_vec_each (object, &set->objects) {
		if (concerns(*object, workload))
			doc_pack((*object)->root, out);
	}
}

static int read_labels(struct proxy_rules *rules, struct frame_reader *reader,
	struct doc_pairs *ret, struct rf_err *err)
{
	uint64_t count = frame_get_u64(reader);

	if (reader->failed || count > MAX_LABELS)
		return rf_err_set(err, RF_EINPUT, "malformed labels");
	ret->items = rf_arena_array(rules->arena, count + 1, sizeof(*ret->items));
	if (!ret->items)
		return rf_err_nomem(err);
	for (; ret->count < count; ret->count++) {
		ret->items[ret->count].key = rf_arena_str(rules->arena, frame_get_str(reader));
		ret->items[ret->count].value = rf_arena_str(rules->arena, frame_get_str(reader));
	}
	return reader->failed ? rf_err_set(err, RF_EINPUT, "malformed labels") : RF_OK;
}

static int read_documents(struct proxy_rules *rules, struct rf_str rest, struct rf_err *err)
{
	struct rf_bytes bytes = {(const uint8_t *)rest.ptr, rest.len};
	AUTO_DIAGS diags = {.error_count = 0};
	int rc = RF_OK;

	while (rc == RF_OK && bytes.len) {
		const struct doc_node *root;

		rc = doc_unpack(&bytes, rules->arena, &root, err);
		if (rc == RF_OK)
			rc = kube_load_node(&rules->set, root, &diags);
	}
	if (rc == RF_OK && diags.error_count)
		rc = rf_err_set(err, RF_EINPUT, "%s",
			diags.list.count ? diags.list.items[0].msg : "a policy is wrong");
	return rc;
}

static int read_all(struct proxy_rules *rules, struct rf_str payload, struct rf_err *err)
{
	struct frame_reader reader = {.rest = payload};
	struct doc_pairs labels = {.count = 0};
	struct authz_workload workload = {.labels = &labels};
	int rc;

	workload.namespace = rf_arena_str(rules->arena, frame_get_str(&reader));
	workload.root_namespace = rf_arena_str(rules->arena, frame_get_str(&reader));
	workload.trust_domain = rf_arena_str(rules->arena, frame_get_str(&reader));
	rc = read_labels(rules, &reader, &labels, err);
	if (rc == RF_OK)
		rc = read_documents(rules, reader.rest, err);
	return rc == RF_OK ? authz_compile(&rules->set, &workload, &rules->authz, err) : rc;
}

int proxy_policy_read(struct rf_str payload, struct proxy_rules **ret, struct rf_err *err)
{
	struct proxy_rules *rules;
	int rc = proxy_rules_new(NULL, 0, &rules, err);

	if (rc < 0)
		return rc;
	rules->arena = rf_arena_new(ARENA_BYTES);
	rc = rules->arena ? kube_set_init(&rules->set, err) : rf_err_nomem(err);
	rules->has_set = rc == RF_OK;
	if (rc == RF_OK)
		rc = read_all(rules, payload, err);
	if (rc == RF_OK)
		*ret = rules;
	else
		proxy_rules_unref(rules);
	return rc;
}
