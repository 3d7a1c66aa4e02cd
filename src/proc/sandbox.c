/*
 * Order matters: what needs privilege first (namespaces, chroot), then limits and no_new_privs,
 * Landlock while descriptors can still be opened, identity, capabilities, and seccomp last, as it
 * forbids all the calls before it.
 */
#include "proc/sandbox_int.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SHADOW_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SHADOW_MEMORY 1
#endif
#endif
#ifndef SHADOW_MEMORY
#define SHADOW_MEMORY 0 /* 1: AddressSanitizer maps terabytes; address space has no limit */
#endif

#define CAP_BITS_END 64 /* PR_CAPBSET_DROP tells where the kernel's list ends */

static int isolate(int root_fd, bool keep_network, struct rf_err *err)
{
	int network = keep_network ? 0 : CLONE_NEWNET;

	/* New network and IPC namespaces are empty: no interface, no abstract sockets. */
	if (unshare(network | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS) < 0)
		return rf_err_sys(err, errno, "make private namespaces");
	if (root_fd < 0)
		return RF_OK;
	if (fchdir(root_fd) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return rf_err_sys(err, errno, "enter the root directory");
	return RF_OK;
}

static int limit(__rlimit_resource_t resource, uint64_t value, struct rf_err *err)
{
	struct rlimit lim;

	if (value == 0)
		return RF_OK;
	if (getrlimit(resource, &lim) < 0)
		return rf_err_sys(err, errno, "read a limit");
	/* Lowering only: what is set already may be tighter, and raising needs a capability. */
	lim.rlim_cur = value < lim.rlim_max ? value : lim.rlim_max;
	/* At the soft limit of time comes SIGXCPU, which tells; at the hard one SIGKILL. */
	if (resource == RLIMIT_CPU)
		value++;
	lim.rlim_max = value < lim.rlim_max ? value : lim.rlim_max;
	if (setrlimit(resource, &lim) < 0)
		return rf_err_sys(err, errno, "set a limit");
	return RF_OK;
}

static int set_limits(const struct proc_sandbox *box, struct rf_err *err)
{
	const struct {
		__rlimit_resource_t resource;
		uint64_t value;
	} rows[] = {
		{RLIMIT_CPU, box->cpu_seconds},
		{RLIMIT_AS, SHADOW_MEMORY ? 0 : box->memory_bytes},
		{RLIMIT_FSIZE, box->file_bytes},
		{RLIMIT_NOFILE, box->open_files},
	};
	struct rlimit no_core = {0, 0};
	int rc = RF_OK;

	for (size_t i = 0; i < RF_ARRAY_LEN(rows) && rc == RF_OK; i++)
		rc = limit(rows[i].resource, rows[i].value, err);
	if (rc == RF_OK && setrlimit(RLIMIT_CORE, &no_core) < 0)
		rc = rf_err_sys(err, errno, "set a limit");
	return rc;
}

static int become_nobody(const struct proc_sandbox *box, struct rf_err *err)
{
	uid_t uid = box->uid ? box->uid : PROC_NOBODY;

	if (box->caps && prctl(PR_SET_KEEPCAPS, 1L) < 0)
		return rf_err_sys(err, errno, "keep capabilities");
	if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		return rf_err_sys(err, errno, "become nobody");
	/* The kernel forgets it when the identity changes. */
	if (!box->outlives_parent && prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL) < 0)
		return rf_err_sys(err, errno, "die with the parent");
	return RF_OK;
}

/* Needs CAP_SETPCAP, so before anything is given up. */
static int cut_bounding_set(struct rf_err *err)
{
	for (unsigned long cap = 0; cap < CAP_BITS_END; cap++) {
		if (prctl(PR_CAPBSET_READ, cap) < 0)
			break;
		if (prctl(PR_CAPBSET_DROP, cap) < 0)
			return rf_err_sys(err, errno, "cut the bounding set");
	}
	return RF_OK;
}

static int cut_caps(uint64_t keep, struct rf_err *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)keep, .permitted = (uint32_t)keep},
		{.effective = (uint32_t)(keep >> 32), .permitted = (uint32_t)(keep >> 32)},
	};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L) < 0)
		return rf_err_sys(err, errno, "clear ambient capabilities");
	if (syscall(SYS_capset, &header, data) < 0)
		return rf_err_sys(err, errno, "cut capabilities");
	return RF_OK;
}

int proc_sandbox_enter(const struct proc_sandbox *box, struct rf_err *err)
{
	bool root = geteuid() == 0;
	int rc = RF_OK;

	if (!root && box->need_root)
		return rf_err_set(err, RF_EDENIED, "this needs root");
	if (root)
		rc = isolate(box->root_fd, box->keep_network, err);
	if (rc == RF_OK)
		rc = set_limits(box, err);
	if (rc == RF_OK && prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0)
		rc = rf_err_sys(err, errno, "set no_new_privs");
	if (rc == RF_OK)
		rc = proc_landlock_enter(box, err);
	if (rc == RF_OK && root)
		rc = cut_bounding_set(err);
	if (rc == RF_OK && root && box->as_nobody)
		rc = become_nobody(box, err);
	if (rc == RF_OK)
		rc = cut_caps(root ? box->caps : 0, err);
	if (rc == RF_OK && prctl(PR_SET_DUMPABLE, 0L) < 0)
		rc = rf_err_sys(err, errno, "become undumpable");
	if (rc == RF_OK)
		rc = proc_seccomp_enter(box->calls, err);
	return rc;
}
