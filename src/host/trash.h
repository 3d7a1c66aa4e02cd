/*
 * Directories that pods have left behind. A container may have filled them with millions of files,
 * and removing those would hold the supervisor up: so they are moved aside at once, and a process
 * of its own removes them.
 */
#ifndef RF_HOST_TRASH_H
#define RF_HOST_TRASH_H

#include "host/host_int.h"

/*
 * Takes a directory of STATE away; absent is fine. While the host is stopping it is removed before
 * the function returns, so that nothing is left. What is in STATE/trash when a supervisor ends is
 * removed by the sweep.
 */
int trash_put(struct host *host, const char *path, struct rf_err *err) RF_MUST_USE;

#endif
