/*
 * What a pod has beside its containers: directories, namespaces, link, files and volumes.
 */
#ifndef RF_HOST_POD_SETUP_H
#define RF_HOST_POD_SETUP_H

#include "host/host_int.h"

/* A new uid, and the names made of it; nothing is made on disk. False when memory ran out. */
bool pod_paths_make(struct pod *pod) RF_MUST_USE;
void pod_paths_drop(struct pod *pod);

/* Makes everything. On failure the caller tears down. The fence must hold its addresses already. */
int pod_set_up(struct pod *pod, struct rf_err *err) RF_MUST_USE;
/* Takes away everything that pod_set_up and the containers made; what resists is noted. */
void pod_tear_down(struct pod *pod);
/* Files of ConfigMaps and Secrets that a new plan changed. */
int pod_refresh_volumes(struct pod *pod, struct rf_err *err) RF_MUST_USE;

#endif
