/*
 * Who is at the other end of a UNIX connection: the kernel names its process, and that process's
 * cgroup, which only root can choose, names its pod. No token is asked for.
 */
#ifndef RF_MESH_WORKLOAD_ATTEST_H
#define RF_MESH_WORKLOAD_ATTEST_H

#include "base/err.h"
#include "base/str.h"

#define ATTEST_MAX_CGROUP 16384 /* bytes of a /proc/PID/cgroup */

/*
 * True when the text of a /proc/PID/cgroup (cgroups(7)) has a line, of whatever hierarchy, whose
 * path is group or beneath it. group is absolute: "/ringfence/.../pod-UID".
 */
bool attest_is_in(struct rf_str text, struct rf_str group);

/*
 * RF_OK when the process that has made the connection is in group. RF_EDENIED when it is not, or
 * when it has ended. proc_fd is /proc.
 */
int attest_peer(int connection, int proc_fd, struct rf_str group, struct rf_err *err) RF_MUST_USE;

#endif
