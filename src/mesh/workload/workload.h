/*
 * The identity of one pod for programs that do TLS themselves: a process (role "mesh-identity")
 * that makes the pod's key, has it signed by the keeper, and writes files for the pod's containers,
 * anew at every renewal, and speaks the SPIFFE Workload API to them. The key is in that process and
 * where it hands it to them, nowhere else.
 *
 * Like a pod's proxy it lives on when whoever has started it dies.
 */
#ifndef RF_MESH_WORKLOAD_H
#define RF_MESH_WORKLOAD_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* What a file holds, all of it PEM but WORKLOAD_TEXT. */
enum workload_content {
	WORKLOAD_TEXT, /* what it was given */
	WORKLOAD_CERT, /* the certificate and its chain */
	WORKLOAD_KEY,  /* PKCS #8 */
	WORKLOAD_KEY_AND_CERT,
	WORKLOAD_ROOTS,
	WORKLOAD_CONTENTS,
};

struct workload_file {
	struct rf_str dir;  /* a name in the process's directory; it is there */
	struct rf_str path; /* in dir, clean: no empty, . or .. parts */
	enum workload_content of;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct rf_str text; /* of WORKLOAD_TEXT */
};

#define WORKLOAD_MAX_FILES 4096

/* Appends to the message of workload_set_files(): files of one directory follow each other. */
void workload_put_file(struct rf_buf *out, const struct workload_file *file);

struct workload;

struct workload_opts {
	int dir_fd;    /* the process's root directory */
	int keeper_fd; /* the client's end (mesh/keeper.h) */
	struct rf_str files;
	/* The Workload API (workload/api.h) on a listening socket; -1: none. */
	int listener_fd, proc_fd;
	struct rf_str cgroup;
};

/* Descriptors stay the caller's. */
int workload_start(
	const struct workload_opts *opts, struct workload **ret, struct rf_err *err) RF_MUST_USE;
/* Ends it. NULL is accepted. */
void workload_free(struct workload *workload);
pid_t workload_pid(const struct workload *workload);
/* Readable when it has something to say, and when it has ended. */
int workload_channel(const struct workload *workload);

/*
 * Waits for what it says next. RF_OK: the files are there. RF_EABSENT: it has ended, and err says
 * how. RF_ELIMIT: nothing came within timeout_ms. Else what hinders it; it tries again.
 */
int workload_hear(struct workload *workload, int timeout_ms, struct rf_err *err) RF_MUST_USE;
/* Other files, and another client of the keeper (whose names are others): instead of the first. */
int workload_set_files(
	struct workload *workload, struct rf_str files, struct rf_err *err) RF_MUST_USE;
int workload_set_client(struct workload *workload, int keeper_fd, struct rf_err *err) RF_MUST_USE;

#endif
