/* What both ends of the channel share. */
#ifndef RF_MESH_WORKLOAD_INT_H
#define RF_MESH_WORKLOAD_INT_H

#include "mesh/renewal.h"
#include "mesh/workload/workload.h"
#include "proc/role.h"

extern const struct proc_role *const workload_role;

/* Messages (proc/frame.h). */
enum workload_msg {
	WORKLOAD_MSG_API = 1, /* str cgroup; with listener and /proc; before the start, if at all */
	WORKLOAD_MSG_START,   /* the files; with directory and keeper */
	WORKLOAD_MSG_FILES,   /* the files */
	WORKLOAD_MSG_CLIENT,  /* with the keeper */
	/* Back: */
	WORKLOAD_MSG_WRITTEN,
	WORKLOAD_MSG_ERROR, /* frame_put_err() */
};

/* --- the files (files.c) --- */

struct workload_files;

/* From the message, which is copied. RF_EINPUT when it is malformed. */
int workload_files_read(
	struct rf_str message, struct workload_files **ret, struct rf_err *err) RF_MUST_USE;
/* NULL is accepted. */
void workload_files_free(struct workload_files *files);
/* Writes all of them; in each directory all at once. */
int workload_files_write(const struct workload_files *files, const struct renewal_certs *certs,
	struct rf_err *err) RF_MUST_USE;

#endif
