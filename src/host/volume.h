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
	/*
	 * Becomes a tmpfs of the pod (nosuid, nodev, noexec, mode 0711, at most VOLUME_FILES_SIZE)
	 * when a volume needs it: the files of Secrets and ConfigMaps, and emptyDirs in memory.
	 */
	const char *memory_dir;
	const char *disk_dir; /* for emptyDir, and (in .subpaths) what subPath binds */
};

#define VOLUME_FILES_SIZE "256m"

/*
 * Bytes of an emptyDir in memory: its sizeLimit, but at most the sum of the containers' memory
 * limits where every container has one; this where there is neither.
 */
#define VOLUME_MEMORY_DEFAULT ((uint64_t)64 << 20)

/*
 * Makes every volume of the pod (mounts included: the caller is in its private mount namespace).
 * fsGroup is applied to emptyDir, Secret, ConfigMap, projected and downward volumes. Called again
 * with a new plan it refreshes the files of what changed and leaves the rest.
 *
 * RF_OK; RF_EINPUT (a reference, a path or a hostPath is wrong: in diags); RF_EIO (in err);
 * RF_EINTERNAL. After a failure volume_release undoes what was done.
 */
int volume_prepare(const struct env_pod *pod, const struct volume_dirs *dirs,
	struct rf_diags *diags, struct rf_err *err) RF_MUST_USE;

/*
 * Volumes with the pod's certificate or roots are left empty: identity_volume.h fills them. They
 * are in VOLUME_IDENTITY of memory_dir, by their names; volume_prepare makes that directory only
 * when it needs it.
 */
#define VOLUME_IDENTITY ".identity"

/* The tmpfs of memory_dir, unless it is there; volume_prepare does that when it needs it. */
int volume_mount_memory(const struct volume_dirs *dirs, struct rf_err *err) RF_MUST_USE;

/*
 * Checks references only (ConfigMaps, Secrets, keys, paths, hostPath types), before anything
 * starts; changes nothing. RF_OK, RF_EINPUT, RF_EINTERNAL.
 */
int volume_check(const struct env_pod *pod, struct rf_diags *diags) RF_MUST_USE;

/*
 * The source to bind for a container's mount: heap path. mount is one of pod's own containers.
 * sub_path is made (as a directory) when it is not there, except in volumes made of files
 * (RF_EABSENT). It can never lead out of the volume (RF_EDENIED): what it leads to is opened
 * beneath the volume and bound to a place that no container sees, so that swapping a directory for
 * a link later changes nothing. Call it again at every start of the container.
 */
int volume_source(const struct env_pod *pod, const struct volume_dirs *dirs,
	const struct kube_mount *mount, char **ret_path, struct rf_err *err) RF_MUST_USE;

/*
 * Options of that bind, comma separated: "bind,rprivate,ro,nosuid,nodev,noexec". Volumes made of
 * files are always read-only, as in Kubernetes, and noexec unless a mode in the manifest has an
 * execute bit; emptyDir is nosuid and nodev; hostPath is bound with its submounts. Static.
 */
const char *volume_mount_options(const struct env_pod *pod, const struct kube_mount *mount);

/* Unmounts what volume_prepare mounted; files are removed with their directories by the caller. */
void volume_release(const struct kube_pod_spec *spec, const struct volume_dirs *dirs);

/* Most directory entries that volume_over_limit looks at in one volume. */
#define VOLUME_WALK_MAX 200000

/*
 * Bytes under an emptyDir on disk against its sizeLimit: the first volume over it, or NULL. One
 * with more entries than VOLUME_WALK_MAX, or too deep to measure, counts as over.
 */
const struct kube_volume *volume_over_limit(
	const struct kube_pod_spec *spec, const struct volume_dirs *dirs);

#endif
