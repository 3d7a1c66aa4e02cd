/* A container's seccomp filter: the runtime's default profile, or a Localhost one from its file. */
#ifndef RF_HOST_FILTER_H
#define RF_HOST_FILTER_H

#include "doc/tree.h"
#include "harden/profile.h"

struct filter_source {
	const char *root;		 /* where Localhost profiles lie */
	const struct doc_node *standard; /* the runtime's default profile */
};

/*
 * The JSON of config.json's linux.seccomp as a heap string; NULL for an unconfined container.
 * RF_EINPUT and RF_EABSENT name the file that is wrong. Reads files, changes nothing: it is called
 * before anything starts as well. standard is not needed for a Localhost profile.
 */
int filter_make(const struct filter_source *source, const struct harden_profile *profile,
	char **ret_json, struct rf_err *err) RF_MUST_USE;

#endif
