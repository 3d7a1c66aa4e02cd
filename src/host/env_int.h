/* What env*.c share with each other and with the volumes: looking up what references name. */
#ifndef RF_HOST_ENV_INT_H
#define RF_HOST_ENV_INT_H

#include "host/env.h"

/* The content of a ConfigMap or Secret of the pod's namespace; NULL when there is none. */
const struct kube_data *env_find_data(
	const struct env_pod *pod, enum kube_kind kind, struct rf_str name);
const struct kube_data_item *env_find_item(const struct kube_data *data, struct rf_str key);

/* Takes one variable; the views live only for the call. */
typedef void (*env_sink)(void *ctx, struct rf_str name, struct rf_str value);

/* NAME_SERVICE_HOST and the rest of every Service with a ClusterIP in the pod's namespace. RF_OK,
 * RF_EINTERNAL. */
int env_service_links(const struct env_pod *pod, env_sink sink, void *ctx) RF_MUST_USE;

#endif
