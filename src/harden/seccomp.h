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
	/*
	 * A profile of the user's own (Localhost): its entries are taken as written. Otherwise it
	 * is the distribution's, which is tightened where it allows what needs no capability there
	 * but makes namespaces, mounts or keys (the table is in seccomp_tighten.c).
	 */
	bool local;
};

/*
 * Writes the object that goes under linux.seccomp. RF_EINPUT with a line in diags when the
 * profile is not one (unknown action, wrong type). Entries that contradict each other are made
 * disjoint, the stricter one winning, because runtimes would let the looser one win.
 *
 * A profile with archMap (or without any list of architectures) gets the target's own architecture
 * only: system calls of another ABI, such as 32-bit programs on amd64, kill the process.
 */
int harden_seccomp_write(const struct doc_node *profile, const struct harden_seccomp_target *target,
	struct json_writer *out, struct rf_diags *diags) RF_MUST_USE;

#endif
