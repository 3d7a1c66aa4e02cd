/*
 * Landlock (landlock(7)): every right that the kernel knows is handled, and granted beneath one
 * directory at most. ABI 1 (Linux 5.13) would forbid hard links between directories whatever is
 * granted, so it is treated as "none". Later ABIs also scope TCP, signals and abstract sockets.
 */
#include "proc/sandbox_int.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

/* linux/landlock.h of the kernels that we run on may be newer than that of the build machine. */
enum landlock_rights {
	LL_EXECUTE = 1 << 0,
	LL_WRITE_FILE = 1 << 1,
	LL_READ_FILE = 1 << 2,
	LL_READ_DIR = 1 << 3,
	LL_ALL_ABI_2 = (1 << 14) - 1, /* up to REFER */
	LL_TRUNCATE = 1 << 14,	      /* ABI 3 */
	LL_IOCTL_DEV = 1 << 15,	      /* ABI 5 */
	LL_BIND_TCP = 1 << 0,	      /* ABI 4 */
	LL_CONNECT_TCP = 1 << 1,      /* ABI 4 */
	LL_SCOPES = 3,		      /* ABI 6: abstract sockets, signals */
};

#define LL_MIN_ABI		  2
#define LL_CREATE_RULESET_VERSION 1
#define LL_RULE_PATH_BENEATH	  1

struct ll_ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

struct ll_path_beneath {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

int proc_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0UL, LL_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

static uint64_t rights_of(int abi)
{
	uint64_t rights = LL_ALL_ABI_2;

	if (abi >= 3)
		rights |= LL_TRUNCATE;
	if (abi >= 5)
		rights |= LL_IOCTL_DEV;
	return rights;
}

static uint64_t net_rights_of(int abi, bool connects)
{
	if (abi < 4)
		return 0;
	return connects ? LL_BIND_TCP : LL_BIND_TCP | LL_CONNECT_TCP;
}

static int make_ruleset(int abi, bool connects)
{
	struct ll_ruleset_attr attr = {
		.handled_access_fs = rights_of(abi),
		.handled_access_net = net_rights_of(abi, connects),
		.scoped = abi >= 6 ? LL_SCOPES : 0,
	};
	/* An older kernel refuses a longer struct only when its unknown part is not zero. */
	return (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0UL);
}

int proc_landlock_enter(const struct proc_sandbox *box, struct rf_err *err)
{
	int root_fd = box->root_fd;
	int abi = proc_landlock_abi();
	uint64_t rights = rights_of(abi);
	AUTO_FD ruleset = -1;

	if (abi < LL_MIN_ABI)
		return RF_OK;
	ruleset = make_ruleset(abi, box->calls & PROC_CALLS_STREAMS);
	if (ruleset < 0)
		return rf_err_sys(err, errno, "make a Landlock ruleset");
	if (root_fd >= 0) {
		struct ll_path_beneath rule = {.parent_fd = root_fd};

		rule.allowed_access = box->root_writable
					      ? rights & ~(uint64_t)(LL_EXECUTE | LL_IOCTL_DEV)
					      : LL_READ_FILE | LL_READ_DIR;
		if (syscall(SYS_landlock_add_rule, ruleset, LL_RULE_PATH_BENEATH, &rule, 0UL) < 0)
			return rf_err_sys(err, errno, "add a Landlock rule");
	}
	for (size_t i = 0; i < box->read_fd_count; i++) {
		const struct ll_path_beneath rule = {
			.parent_fd = box->read_fds[i], .allowed_access = LL_READ_FILE};

		if (syscall(SYS_landlock_add_rule, ruleset, LL_RULE_PATH_BENEATH, &rule, 0UL) < 0)
			return rf_err_sys(err, errno, "add a Landlock rule");
	}
	if (syscall(SYS_landlock_restrict_self, ruleset, 0UL) < 0)
		return rf_err_sys(err, errno, "enter Landlock");
	return RF_OK;
}
