/* A container's bundle: everything config.json says, worked out from the manifests and the image.
 */
#ifndef RF_HOST_BUNDLE_H
#define RF_HOST_BUNDLE_H

#include "host/host_int.h"

/*
 * Fills c->oci (profile, arguments, environment, mounts, namespaces, seccomp) and writes
 * c->dir/config.json. c->image and the pod's volumes must be there.
 */
int bundle_write(struct container *c, struct rf_err *err) RF_MUST_USE;

/* The image of a spec, found before anything starts; the DNS image is Ringfence's own. */
int bundle_find_image(struct host *host, const struct kube_container *spec, struct image **ret,
	struct rf_err *err) RF_MUST_USE;
/* Its security profile; what cannot be enforced goes to diags. */
int bundle_profile(const struct image *image, const struct kube_pod_spec *pod,
	const struct kube_container *spec, struct harden_profile *ret, struct rf_diags *diags,
	struct rf_err *err) RF_MUST_USE;

/* What env and volumes are filled from. */
struct env_pod bundle_env_pod(const struct pod *pod);

#endif
