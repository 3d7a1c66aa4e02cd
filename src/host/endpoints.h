/* Services' endpoints: the ready pods that a Service selects, with each port resolved. */
#ifndef RF_HOST_ENDPOINTS_H
#define RF_HOST_ENDPOINTS_H

#include "host/host_int.h"

struct endpoint_list {
	RF_VEC(struct fence_service) services;	/* one for each ClusterIP and port */
	RF_VEC(struct fence_endpoint *) arrays; /* what services point into */
};

/*
 * Whether a Service leads to a pod: it selects it, and the pod is ready. With
 * publishNotReadyAddresses: the pod has its network and has not ended.
 */
bool endpoints_has(const struct kube_object *service, const struct pod *pod);
int endpoints_build(const struct host *host, struct endpoint_list *ret) RF_MUST_USE;
void endpoints_done(struct endpoint_list *list);

#endif
