/*
 * The role "image-scan" and what it says. It gets descriptors and nothing else: layers one after
 * the other as they come, or a directory, or a file; it answers with one report.
 */
#ifndef RF_IMAGE_SCAN_ROLES_INT_H
#define RF_IMAGE_SCAN_ROLES_INT_H

#include "image/roles_int.h"
#include "proc/sandbox.h"

enum scan_mode {
	SCAN_MODE_LAYERS,
	SCAN_MODE_DIRECTORY,
	SCAN_MODE_FILE,
};

enum scan_flag {
	SCAN_FLAG_SECRETS = 1,
	SCAN_FLAG_DATABASE = 2, /* the first descriptor is the database's */
};

enum scan_msg {
	/* to image-scan: u64 mode, u64 flags, digest of the database's header; descriptors:
	 * database, spool file, directory or file (what there is of each, in this order) */
	SCAN_MSG_START = 1,
	/* to image-scan: the image's config, raw; from image-scan: in canonical form */
	SCAN_MSG_CONFIG,
	/* to image-scan: u64 index, u64 whether the diff_id is to be the config's, u64 bytes of it
	 * that are there (the rest will come), then image_job_put(); descriptor: the bytes */
	SCAN_MSG_LAYER,
	SCAN_MSG_STARVED, /* from image-scan: all that is there of the layer was read */
	SCAN_MSG_MORE,	  /* to image-scan, then: u64 bytes that are there now */
	/* to image-scan: u64 layer (UINT32_MAX: none), str path below the directory ("": itself) */
	SCAN_MSG_DIRECTORY,
	SCAN_MSG_FILE,	   /* to image-scan: str name */
	SCAN_MSG_END,	   /* to image-scan: the report, please */
	SCAN_MSG_PROGRESS, /* from image-scan: u64 stored bytes of this layer read */
	SCAN_MSG_READY,	   /* from image-scan: the last one was done */
	SCAN_MSG_REPORT,   /* from image-scan: a piece of the report */
	SCAN_MSG_DONE,	   /* from image-scan: that was the last piece */
	SCAN_MSG_FAILED,   /* from image-scan: an error; the last */
};

/* What confines it; root_fd for directories. */
struct proc_sandbox scan_role_sandbox(enum scan_mode mode, int root_fd);

int scan_role_start(struct proc_child *ret, struct rf_err *err) RF_MUST_USE;

#endif
