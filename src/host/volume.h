/*
 * A pod's volumes on this machine. ConfigMap, Secret, projected and downward volumes are files on
 * a tmpfs, laid out as a kubelet does (..data is a symbolic link that is replaced in one step), so
 * that a later change reaches running containers; emptyDir is a directory (or a tmpfs with its
 * size); hostPath is bound as it is.
 */
#ifndef RF_HOST_VOLUME_H
#define RF_HOST_VOLUME_H

#include "host/env.h"

struct volume_dirs {
	const char *memory_dir; /* a tmpfs of the pod, mode 0711: files of secrets live here */
	const char *disk_dir;	/* for emptyDir */
};

/*
 * Makes every volume of the pod (mounts included: the caller is in its private mount namespace).
 * fsGroup is applied to emptyDir, Secret, ConfigMap, projected and downward volumes. Called again
 * with a new plan it refreshes the files of what changed and leaves the rest.
 */
int volume_prepare(const struct env_pod *pod, const struct volume_dirs *dirs,
	struct rf_diags *diags, struct rf_err *err) RF_MUST_USE;

/* Checks references only (ConfigMaps, Secrets, keys, paths), before anything starts. */
int volume_check(const struct env_pod *pod, struct rf_diags *diags) RF_MUST_USE;

/*
 * The source to bind for a container's mount: heap path. sub_path is made (as a directory) when it
 * is not there; it can never lead out of the volume.
 */
int volume_source(const struct env_pod *pod, const struct volume_dirs *dirs,
	const struct kube_mount *mount, char **ret_path, struct rf_err *err) RF_MUST_USE;

/* Unmounts what volume_prepare mounted; files are removed with their directories by the caller. */
void volume_release(const struct kube_pod_spec *spec, const struct volume_dirs *dirs);

/* Bytes under an emptyDir on disk against its sizeLimit: the first volume over it, or NULL. */
const struct kube_volume *volume_over_limit(
	const struct kube_pod_spec *spec, const struct volume_dirs *dirs);

#endif
