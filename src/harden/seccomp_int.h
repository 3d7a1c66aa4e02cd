/*
 * What the seccomp files share. A profile goes through four steps:
 * decode (seccomp_schema.c), choose entries for the target (seccomp.c), tighten
 * (seccomp_tighten.c), make disjoint and write (seccomp.c).
 */
#ifndef RF_HARDEN_SECCOMP_INT_H
#define RF_HARDEN_SECCOMP_INT_H

#include "base/map.h"
#include "doc/decode.h"
#include "harden/seccomp.h"

/* --- the file, as decoded --- */

struct seccomp_filter { /* includes, excludes */
	const struct doc_node *node;
	struct doc_strs arches, caps;
	struct rf_str min_kernel; /* "4.8" */
};

struct seccomp_arg {
	const struct doc_node *node;
	struct doc_int index, value, value_two;
	struct rf_str op;
};

struct seccomp_entry {
	const struct doc_node *node;
	struct doc_strs names;
	struct rf_str name; /* an old form of names */
	struct rf_str action, comment, errno_name;
	struct doc_int errno_ret;
	struct doc_list args; /* seccomp_arg */
	struct seccomp_filter includes, excludes;
};

struct seccomp_file {
	const struct doc_node *node;
	struct rf_str default_action, default_errno_name;
	struct doc_int default_errno_ret;
	const struct doc_node *arch_map;
	struct doc_strs architectures, flags;
	struct doc_list syscalls; /* seccomp_entry */
};

/* Decodes and checks; RF_OK, RF_EINPUT (reported) or RF_EINTERNAL. */
int seccomp_decode(struct doc_decoder *dec, const struct doc_node *profile,
	struct seccomp_file *ret) RF_MUST_USE;

/* --- system calls with their rules --- */

#define SECCOMP_NO_ERRNO (-1) /* left to the runtime: EPERM */

struct seccomp_action {
	int rank; /* as the kernel orders them: the higher, the stricter; -1: none */
	int64_t errno_ret;
};

struct seccomp_rule { /* with conditions on arguments */
	struct seccomp_action action;
	const struct seccomp_arg *args;
	size_t arg_count;
};

struct seccomp_call {
	struct rf_str name;
	struct seccomp_action always; /* rank -1: only its rules */
	RF_VEC(struct seccomp_rule) rules;
};

struct seccomp_table {
	RF_VEC(struct seccomp_call) calls;
	struct rf_map by_name; /* name -> index in calls */
	struct seccomp_action default_action;
};

/* Rank of an action's name; -1 when it is not one. And back. */
int seccomp_action_rank(struct rf_str name);
const char *seccomp_action_name(int rank);
/* An errno may go with these only (SCMP_ACT_ERRNO, SCMP_ACT_TRACE). */
bool seccomp_action_has_errno(int rank);

/* The call of that name, made when it is new; NULL when memory ran out. */
struct seccomp_call *seccomp_table_call(struct seccomp_table *table, struct rf_str name);

/*
 * Closes what the distribution's profile leaves open without a capability: the first before calls
 * are made disjoint, the second (a condition on clone's flags) after. False: memory ran out.
 */
bool seccomp_tighten(struct seccomp_table *table, uint64_t bounding) RF_MUST_USE;
bool seccomp_limit_clone(struct seccomp_table *table, uint64_t bounding) RF_MUST_USE;

#endif
