/*
 * Where one running Ringfence keeps its things, and what it is called in the kernel. `up` makes
 * it, `down` takes it away, also after a crash: everything outside the two directories can be
 * found again from the run directory's name alone.
 *
 *	RUN/              0700, default /run/ringfence
 *	  lock            held (flock) by the supervisor while it lives
 *	  control.sock    requests of the other verbs (host/control.h)
 *	  pods/UID/       bundles, namespaces, files of volumes; mounts only in a private namespace
 *	STATE/            0700, default /var/lib/ringfence
 *	  images/         image/store.h
 *	  pods/UID/       writable layers, emptyDirs
 *	  trash/          directories of pods that are gone, while they are being removed
 *	  logs/           one file a container: NAMESPACE_POD_CONTAINER.log
 */
#ifndef RF_HOST_INSTANCE_H
#define RF_HOST_INSTANCE_H

#include "base/err.h"

#define INSTANCE_RUN_DIR     "/run/ringfence"
#define INSTANCE_STATE_DIR   "/var/lib/ringfence"
#define INSTANCE_TABLE	     "ringfence"
#define INSTANCE_LINK_PREFIX "rf"	  /* of pods' links */
#define INSTANCE_SINK	     "ringfence0" /* the way to Services (link_sink_open) */

struct instance {
	char *run_dir, *state_dir;   /* absolute */
	char *pods_run, *pods_state; /* RUN/pods, STATE/pods */
	char *trash;		     /* STATE/trash */
	char *logs;		     /* STATE/logs */
	char *images;		     /* STATE/images */
	char *socket;		     /* RUN/control.sock */
	char *cgroup;		     /* "/ringfence-HEX": from the run directory's name */
};

/*
 * Paths only, nothing is made. NULL for a directory: the environment (RINGFENCE_RUN_DIR,
 * RINGFENCE_STATE_DIR), else the default.
 */
int instance_init(struct instance *inst, const char *run_dir, const char *state_dir,
	struct rf_err *err) RF_MUST_USE;
void instance_done(struct instance *inst);
/* Makes the directories. */
int instance_make_dirs(const struct instance *inst, struct rf_err *err) RF_MUST_USE;
/*
 * Takes the lock, making the run directory when it is not there: a descriptor that holds it until
 * closed. RF_EDENIED when another supervisor, or a sweep, has it.
 */
int instance_lock(const struct instance *inst, struct rf_err *err) RF_MUST_USE;
/* Takes the lock's file away again, and the run directory when nothing else is in it. */
void instance_leave(const struct instance *inst);
/*
 * There is one table and one set of links in a network namespace, so there can be one supervisor
 * or sweep: the claim is a descriptor that holds until it is closed. RF_EDENIED when that of
 * another run directory has it.
 */
int instance_claim(struct rf_err *err) RF_MUST_USE;

/*
 * Takes away whatever an instance has left: processes in its cgroups, the cgroups, links, the
 * table, routes of its ranges, sysctls it changed, directories of pods. The caller holds the lock,
 * whose file goes last. Safe to call twice. Images and logs stay.
 */
int instance_sweep(const struct instance *inst, struct rf_err *err) RF_MUST_USE;

#endif
