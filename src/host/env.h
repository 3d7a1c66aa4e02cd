/*
 * A container's environment, as a kubelet builds it: the image's, Service links, envFrom, env
 * with $(NAME) references, each later one winning.
 */
#ifndef RF_HOST_ENV_H
#define RF_HOST_ENV_H

#include "host/plan.h"

/* What downward fields and files are filled from. */
struct env_pod {
	const struct plan *plan;
	const struct kube_pod *pod;
	const char *uid;  /* of the pod, for metadata.uid */
	const char *node; /* spec.nodeName */
	struct rf_ip host_ip;
};

RF_VEC_TYPE(env_list, char *); /* "NAME=value", heap */

void env_list_done(struct env_list *list);

/*
 * image_env: "NAME=value" strings of the image. Problems (a ConfigMap, Secret or key that is not
 * there, and is not optional) are errors in diags at the reference. RF_OK, RF_EINPUT, RF_EINTERNAL.
 */
int env_build(const struct env_pod *pod, const struct kube_container *container,
	char *const *image_env, size_t image_env_count, struct env_list *ret,
	struct rf_diags *diags) RF_MUST_USE;

/*
 * Expands $(NAME) from list (the last one wins; $$(NAME) is a literal) for command and args.
 * Heap; NULL when memory ran out.
 */
char *env_expand(struct rf_str text, const struct env_list *list) RF_MUST_USE;

/* metadata.name, metadata.labels['x'], status.podIP(s), spec.nodeName, ... into out. */
int env_field(const struct env_pod *pod, const struct kube_field_ref *ref, struct rf_buf *out,
	struct rf_diags *diags) RF_MUST_USE;
/* limits.cpu, requests.memory, ... of a container, divided by the divisor. */
int env_resource(const struct env_pod *pod, const struct kube_resource_ref *ref,
	const struct kube_container *self, struct rf_buf *out, struct rf_diags *diags) RF_MUST_USE;

#endif
