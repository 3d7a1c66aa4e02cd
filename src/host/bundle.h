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

/* What env and volumes are filled from. */
struct env_pod bundle_env_pod(const struct pod *pod);

#endif
