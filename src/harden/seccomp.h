/*
 * Seccomp profiles in the format that Docker and containers-common keep (archMap, includes and
 * excludes by capability, architecture and kernel) and in the OCI runtime format, as OCI
 * linux.seccomp for one set of capabilities. Pure: takes a doc tree, writes JSON.
 */
#ifndef RF_HARDEN_SECCOMP_H
#define RF_HARDEN_SECCOMP_H

#include "doc/json.h"
#include "doc/tree.h"

struct harden_seccomp_target {
	uint64_t bounding;  /* capabilities of the container */
	const char *arch;   /* Go's name: "amd64", "arm64" */
	unsigned kernel[2]; /* major, minor */
};

/*
 * Writes the object that goes under linux.seccomp. RF_EINPUT with a line in diags when the
 * profile is not one (unknown action, wrong type). Entries that contradict each other are made
 * disjoint, the stricter one winning, because runtimes disagree about them.
 */
int harden_seccomp_write(const struct doc_node *profile, const struct harden_seccomp_target *target,
	struct json_writer *out, struct rf_diags *diags) RF_MUST_USE;

#endif
