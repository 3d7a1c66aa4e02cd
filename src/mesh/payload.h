/*
 * Files that change together, as Kubernetes' volumes have it: DIR/NAME is a link to ..data/NAME,
 * and
 * ..data a link to a directory that is never changed. Replacing the link ..data changes all files
 * at once, so that a reader never sees a new certificate beside an old key.
 */
#ifndef RF_MESH_PAYLOAD_H
#define RF_MESH_PAYLOAD_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

struct payload_file {
	const char *name; /* may have directories in it, which are made: no empty, . or .. parts */
	struct rf_str data;
	mode_t mode;
	bool owned; /* by uid and gid, instead of whoever writes */
	uid_t uid;
	gid_t gid;
};

/*
 * Writes files into path, which is made (0700) when it is not there; the files of an earlier call
 * go when the new ones are there, a name that is missing now too. RF_EDENIED when a name is taken
 * by something that is no such link.
 */
int payload_write(const char *path, const struct payload_file *files, size_t count,
	struct rf_err *err) RF_MUST_USE;

#endif
