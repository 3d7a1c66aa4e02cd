/* What volume*.c share: the files that a volume is made of, writing them, walking directories. */
#ifndef RF_HOST_VOLUME_INT_H
#define RF_HOST_VOLUME_INT_H

#include <sys/stat.h>

#include "host/volume.h"
#include "mesh/workload/workload.h"

/* --- what a volume is made of (volume_payload.c) --- */

struct volume_file {
	struct rf_str path;    /* clean and relative, NUL-terminated: no "", "." or ".." parts */
	struct rf_str content; /* a view of the model, or in the arena */
	mode_t mode;
	enum workload_content of; /* other than WORKLOAD_TEXT: of the pod's identity, no content */
};

#define VOLUME_PATH_DIR ((uintptr_t)0)

struct volume_files {
	RF_VEC(struct volume_file) list;
	struct rf_map by_path; /* a file: its index + 1; a directory above one: VOLUME_PATH_DIR */
	struct rf_arena *arena;
};

void volume_files_done(struct volume_files *files);

/* ConfigMap, Secret, downward API and projected volumes. */
bool volume_is_files(const struct kube_volume *volume);
/* True for one whose files hold the pod's certificate or roots: the pod's own process fills it. */
bool volume_is_identity(const struct kube_volume *volume);
/* True when a mode of the volume in the manifest has an execute bit. */
bool volume_has_executables(const struct kube_volume *volume);
/*
 * The files of such a volume; ret must be zeroed, and done afterwards whatever is returned. RF_OK,
 * RF_EINPUT (in diags), RF_EINTERNAL.
 */
int volume_collect(const struct env_pod *pod, const struct kube_volume *volume,
	struct volume_files *ret, struct rf_diags *diags) RF_MUST_USE;

/* --- writing them (volume_files.c) --- */

#define VOLUME_NO_GROUP ((gid_t)-1)

/*
 * Makes dir_path (which exists) show exactly files, all of them at once for a reader that follows
 * ..data. What is the same already is left alone. group: fsGroup or VOLUME_NO_GROUP.
 */
int volume_write_files(const char *dir_path, const struct volume_files *files, gid_t group,
	struct rf_err *err) RF_MUST_USE;

/* --- walking (volume_walk.c) --- */

#define VOLUME_WALK_DEPTH 128

struct volume_walk {
	/* Called for everything below the root. Non-zero stops the walk and is its result. */
	int (*visit)(struct volume_walk *walk, int dir_fd, const char *name, const struct stat *st);
	void *ctx;
	size_t left;	    /* entries that may still be visited */
	struct rf_buf path; /* of what is visited, relative to the root */
};

/*
 * Walks below dir_fd (borrowed) without following links or crossing into other file systems. What
 * disappears meanwhile is left out. RF_OK, visit's result, RF_ELIMIT (entries or depth), RF_EIO.
 */
int volume_walk(struct volume_walk *walk, int dir_fd) RF_MUST_USE;

/* --- shared by volume.c and volume_source.c --- */

#define VOLUME_SUBPATHS ".subpaths" /* in disk_dir; no volume can have that name */

const struct kube_volume *volume_find(const struct kube_pod_spec *spec, struct rf_str name);
bool volume_in_memory(const struct kube_volume *volume);
/* Where a volume is on this machine: heap; NULL when memory ran out or it has no place. */
char *volume_path(const struct volume_dirs *dirs, const struct kube_volume *volume) RF_MUST_USE;
/* Takes away every mount on path. */
void volume_unmount(const char *path);

#endif
