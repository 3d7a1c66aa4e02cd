/*
 * The OCI runtime and the monitor that Ringfence starts containers with: crun, else runc, under
 * conmon. What the machine's cgroups look like decides what is asked of them.
 */
#ifndef RF_HOST_RUNTIME_H
#define RF_HOST_RUNTIME_H

#include "base/err.h"

enum cgroup_mode {
	CGROUP_V1,
	CGROUP_V2,
	CGROUP_HYBRID, /* v1 controllers, and an empty v2 tree at /sys/fs/cgroup/unified */
};

struct runtime {
	char *path; /* of crun or runc */
	char *conmon;
	bool is_crun;
	enum cgroup_mode cgroups;
};

/* want: "crun", "runc", a path, or NULL for whichever is installed. RF_EABSENT says what to
 * install. */
int runtime_find(const char *want, struct runtime *ret, struct rf_err *err) RF_MUST_USE;
void runtime_done(struct runtime *runtime);
/*
 * Puts the calling process into a private mount namespace whose root is the process's own, also
 * when it was started in a chroot; its working directory is "/" then. With crun on a hybrid machine
 * also hides the v2 tree there, which crun refuses to work beside.
 */
int runtime_enter_private_mounts(const struct runtime *runtime, struct rf_err *err) RF_MUST_USE;
enum cgroup_mode runtime_cgroup_mode(void);
/*
 * Makes the group NAME for Ringfence's own processes below the instance's cgroup, and gives the
 * file that a process joins it by: heap, the caller's.
 */
int runtime_group(const struct runtime *runtime, const char *cgroup, const char *name,
	char **ret_procs, struct rf_err *err) RF_MUST_USE;

#endif
