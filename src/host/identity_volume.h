/*
 * Certificates for programs that do TLS themselves, as files in a pod's containers: a directory at
 * the place that the annotation ringfence.dev/identity names, and projected volumes with the
 * sources podCertificate and clusterTrustBundle. With the annotation they have the SPIFFE Workload
 * API, too. The process that fills them (mesh/workload) is
 * one a pod, started before the pod's containers and ended after them.
 */
#ifndef RF_HOST_IDENTITY_VOLUME_H
#define RF_HOST_IDENTITY_VOLUME_H

#include "doc/json.h"
#include "host/host_int.h"

#define IDENTITY_SIGNER	     "ringfence.dev/identity" /* signerName of both sources */
#define IDENTITY_NOTE	     "ringfence.dev/identity" /* of Pods and their templates */
#define IDENTITY_DEFAULT_DIR "/var/run/secrets/ringfence.dev/identity" /* annotation "true" */

/* Where containers of pods with the annotation find the Workload API, and the variable's name. */
#define IDENTITY_API_DIR    "/run/spiffe-workload"
#define IDENTITY_API_SOCKET "workload.sock"
#define IDENTITY_API_ENV    "SPIFFE_ENDPOINT_SOCKET"

/* Where the annotation wants the directory; ptr NULL: nowhere. May not be a path at all. */
struct rf_str identity_volume_dir(const struct kube_pod *kube);

/*
 * What would keep the pod from getting its certificates, with its position: hostNetwork, a path
 * that cannot be, containers of several users without fsGroup.
 */
int identity_volume_check(struct image_store *images, const struct kube_pod *kube,
	struct rf_diags *diags) RF_MUST_USE;

/* The pod's volumes are there; the first certificate is, too, when it returns. */
int identity_volume_start(struct pod *pod, struct rf_err *err) RF_MUST_USE;
void identity_volume_stop(struct pod *pod);
/* Files beside the certificates that a new plan has changed. */
int identity_volume_refresh(struct pod *pod, struct rf_err *err) RF_MUST_USE;
/* Names by which Services lead to pods may be others. */
void identity_volume_sync(struct host *host);

/* The annotation's directory in a container, and the Workload API's. */
int identity_volume_mount(struct container *c, struct rf_err *err) RF_MUST_USE;
/* The variable that says where the API is, unless the container's environment has it. */
int identity_volume_env(const struct container *c, struct env_list *env) RF_MUST_USE;
/* "identity": {...} of a pod's status; nothing for a pod without. */
void identity_volume_status(struct json_writer *w, const struct pod *pod);

#endif
