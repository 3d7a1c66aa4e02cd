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

/*
 * Works with the rf_vec macros. Each name once. The first image_count items come from the image or
 * stand in for it (HOSTNAME, PATH): processes get them, $(NAME) does not see them, as in a kubelet.
 * HOME is not set here: the OCI runtime takes it from the container's own passwd.
 */
struct env_list {
	char **items; /* "NAME=value", heap */
	size_t count;
	size_t cap;
	size_t image_count;
};

void env_list_done(struct env_list *list);

/* Bytes of one string that a process can be given (MAX_ARG_STRLEN of the kernel). */
#define ENV_TEXT_MAX 131072

/* PATH where neither the image nor the manifest has one. */
#define ENV_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/*
 * image_env: "NAME=value" strings of the image. Problems (a ConfigMap, Secret or key that is not
 * there, and is not optional) are errors in diags at the reference. RF_OK, RF_EINPUT, RF_EINTERNAL.
 */
int env_build(const struct env_pod *pod, const struct kube_container *container,
	char *const *image_env, size_t image_env_count, struct env_list *ret,
	struct rf_diags *diags) RF_MUST_USE;

/*
 * The pod's host name: spec.hostname or the pod's name, at most 63 characters; the node's with
 * hostNetwork. A view of the model or of pod->node.
 */
struct rf_str env_hostname(const struct env_pod *pod);

/*
 * Expands $(NAME) from list (the last one wins; $$(NAME) is a literal) for command and args.
 * Heap; NULL when memory ran out or the result would be longer than ENV_TEXT_MAX.
 */
char *env_expand(struct rf_str text, const struct env_list *list) RF_MUST_USE;

/*
 * metadata.name, metadata.labels['x'], status.podIP(s), spec.nodeName, ... into out; a label or
 * annotation that is not there gives nothing. metadata.labels and metadata.annotations as a whole
 * are for files: key="escaped value" lines, sorted, without a last newline. RF_EINPUT for a path
 * that is not known, RF_EINTERNAL.
 */
int env_field(const struct env_pod *pod, const struct kube_field_ref *ref, struct rf_buf *out,
	struct rf_diags *diags) RF_MUST_USE;
/*
 * limits.cpu, requests.memory, ... of a container, divided by the divisor (1 when unset), rounded
 * up. A limit that is not set is the machine's capacity; a request that is not set is the limit,
 * or 0. self is the container meant when containerName is not given; NULL: it must be given.
 */
int env_resource(const struct env_pod *pod, const struct kube_resource_ref *ref,
	const struct kube_container *self, struct rf_buf *out, struct rf_diags *diags) RF_MUST_USE;

#endif
