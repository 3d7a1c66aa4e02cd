/*
 * The distribution's profile is written for containers that build containers: without any
 * capability it allows mount, unshare, setns, pivot_root and clone with new namespaces, which in a
 * user namespace of the attacker's own reach a large part of the kernel. Here they need the
 * capability that they would need outside of a user namespace, as in Docker's default profile.
 */
#include "harden/seccomp_int.h"

#include <errno.h>
#include <linux/capability.h>

struct tighten_row {
	const char *name;
	int cap;
	int errno_ret;
};

/* clone3 hides its flags in memory; ENOSYS makes libc use clone, whose flags can be seen. */
static const struct tighten_row rows[] = {
	{"clone3", CAP_SYS_ADMIN, ENOSYS},
	{"fsconfig", CAP_SYS_ADMIN, EPERM},
	{"fsmount", CAP_SYS_ADMIN, EPERM},
	{"fsopen", CAP_SYS_ADMIN, EPERM},
	{"fspick", CAP_SYS_ADMIN, EPERM},
	{"keyctl", CAP_SYS_ADMIN, EPERM},
	{"mount", CAP_SYS_ADMIN, EPERM},
	{"mount_setattr", CAP_SYS_ADMIN, EPERM},
	{"move_mount", CAP_SYS_ADMIN, EPERM},
	{"open_tree", CAP_SYS_ADMIN, EPERM},
	{"pivot_root", CAP_SYS_ADMIN, EPERM},
	{"setns", CAP_SYS_ADMIN, EPERM},
	{"umount", CAP_SYS_ADMIN, EPERM},
	{"umount2", CAP_SYS_ADMIN, EPERM},
	{"unshare", CAP_SYS_ADMIN, EPERM},
	{"reboot", CAP_SYS_BOOT, EPERM},
	{"get_mempolicy", CAP_SYS_NICE, EPERM},
	{"mbind", CAP_SYS_NICE, EPERM},
	{"set_mempolicy", CAP_SYS_NICE, EPERM},
	{"pidfd_getfd", CAP_SYS_PTRACE, EPERM},
	{"syslog", CAP_SYSLOG, EPERM},
};

/*
 * CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET: flags & mask == 0. In the
 * OCI format `value` is the mask and `valueTwo` what must be left.
 */
static const struct seccomp_arg no_namespace_flags = {
	.index = {.set = true, .value = 0},
	.value = {.set = true, .value = 0x7E020000},
	.value_two = {.set = true, .value = 0},
	.op = {.ptr = "SCMP_CMP_MASKED_EQ", .len = sizeof("SCMP_CMP_MASKED_EQ") - 1},
};

static bool holds(uint64_t caps, int cap)
{
	return caps >> cap & 1;
}

static int rank_of(const char *name)
{
	return seccomp_action_rank(rf_str_of(name));
}

/* Refuses a call, conditions or not; one that is treated more strictly stays as it is. */
static bool refuse(struct seccomp_table *table, const struct tighten_row *row)
{
	struct seccomp_call *call = seccomp_table_call(table, rf_str_of(row->name));
	int rank = rank_of("SCMP_ACT_ERRNO");

	if (!call)
		return false;
	if (call->always.rank < rank)
		call->always = (struct seccomp_action){.rank = rank, .errno_ret = row->errno_ret};
	return true;
}

bool seccomp_tighten(struct seccomp_table *table, uint64_t bounding)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		if (!holds(bounding, rows[i].cap) && !refuse(table, &rows[i]))
			return false;
	}
	return true;
}

/* clone that is allowed without a condition gets the condition; else the profile has its own. */
bool seccomp_limit_clone(struct seccomp_table *table, uint64_t bounding)
{
	struct seccomp_call *call = seccomp_table_call(table, RF_STR("clone"));
	struct seccomp_rule rule = {.args = &no_namespace_flags, .arg_count = 1};

	if (!call)
		return false;
	if (holds(bounding, CAP_SYS_ADMIN) || call->always.rank != rank_of("SCMP_ACT_ALLOW"))
		return true;
	rule.action = call->always;
	call->always.rank = -1;
	rf_vec_done(&call->rules);
	return rf_vec_push(&call->rules, rule);
}
