/* See the header: three places, the nearest first. */
#include "mesh/authz/injection.h"

#include <strings.h>

#include "kube/selector.h"

static bool means_yes(struct rf_str value)
{
	static const char *const yes[] = {"y", "yes", "true", "on"};

	for (size_t i = 0; i < RF_ARRAY_LEN(yes); i++) {
		if (value.len == strlen(yes[i]) && strncasecmp(value.ptr, yes[i], value.len) == 0)
			return true;
	}
	return false;
}

static bool namespace_injects(const struct kube_set *set, struct rf_str namespace)
{
	const struct kube_object *object = kube_find(set, KUBE_NAMESPACE, RF_STR(""), namespace);
	struct rf_str value = RF_STR_NONE;

	if (object)
		value = kube_label(&object->meta.labels, RF_STR(MESH_NAMESPACE_INJECT));
	return rf_str_is(value, "enabled");
}

static bool can_be(const struct kube_pod *pod)
{
	return !pod->spec->host_network.value && !rf_str_is(pod->namespace, "kube-system");
}

bool mesh_has_pod(const struct kube_set *set, const struct kube_pod *pod, bool everybody)
{
	return everybody ? can_be(pod) : mesh_injected(set, pod);
}

bool mesh_injected(const struct kube_set *set, const struct kube_pod *pod)
{
	const struct kube_meta *template = &pod->owner->workload->template_meta;
	struct rf_str value = kube_label(&pod->labels, RF_STR(MESH_INJECT));

	if (!can_be(pod))
		return false;
	if (value.len == 0)
		value = kube_label(&template->annotations, RF_STR(MESH_INJECT));
	return value.len ? means_yes(value) : namespace_injects(set, pod->namespace);
}

struct rf_str mesh_service_account(const struct kube_pod *pod)
{
	if (pod->spec->service_account_name.len)
		return pod->spec->service_account_name;
	return pod->spec->service_account.len ? pod->spec->service_account : RF_STR("default");
}
