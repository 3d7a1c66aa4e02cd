/* The pod's label, then its annotation, then its namespace's label. */
#include "mesh/authz/injection.h"

#include "kube/selector.h"

#define INJECT	  "sidecar.istio.io/inject"
#define NAMESPACE "istio-injection"

static const struct doc_pairs *annotations_of(const struct kube_pod *pod)
{
	return kube_kind_is_workload(pod->owner->kind) ? &pod->owner->workload->template_meta.annotations
						       : &pod->owner->meta.annotations;
}

bool mesh_injected(const struct kube_set *set, const struct kube_pod *pod)
{
	struct rf_str word = kube_label(&pod->labels, RF_STR(INJECT));
	const struct kube_object *namespace;

	if (pod->spec->host_network.value)
		return false;
	if (!word.ptr)
		word = kube_label(annotations_of(pod), RF_STR(INJECT));
	if (word.ptr)
		return rf_str_is(word, "true");
	namespace = kube_find(set, KUBE_NAMESPACE, RF_STR(""), pod->namespace);
	return namespace && rf_str_is(kube_label(&namespace->meta.labels, RF_STR(NAMESPACE)),
				    "enabled");
}

struct rf_str mesh_account(const struct kube_pod *pod)
{
	if (pod->spec->service_account_name.len)
		return pod->spec->service_account_name;
	return pod->spec->service_account.len ? pod->spec->service_account : RF_STR("default");
}
