/* The list of system calls that a confined process may make, by need; all others kill it. */
#include "proc/sandbox_int.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

struct call_row {
	const char *name; /* a name that this libseccomp or architecture lacks is left out */
	unsigned calls;	  /* the sets it is in */
};

#define COMPUTE PROC_CALLS_COMPUTE
#define READ	PROC_CALLS_FILES_READ
#define WRITE	PROC_CALLS_FILES_WRITE
#define STORE	PROC_CALLS_STORE
#define EVENTS	PROC_CALLS_EVENTS
#define STREAMS PROC_CALLS_STREAMS

static const struct call_row rows[] = {
	{"read", COMPUTE},
	{"readv", COMPUTE},
	{"pread64", COMPUTE},
	{"write", COMPUTE},
	{"writev", COMPUTE},
	{"pwrite64", COMPUTE},
	{"sendmsg", COMPUTE},
	{"recvmsg", COMPUTE},
	{"lseek", COMPUTE},
	{"close", COMPUTE},
	{"fstat", COMPUTE},
	{"fcntl", COMPUTE},
	{"poll", COMPUTE},
	{"ppoll", COMPUTE},
	{"munmap", COMPUTE},
	{"mremap", COMPUTE},
	{"madvise", COMPUTE},
	{"brk", COMPUTE},
	{"futex", COMPUTE},
	{"sched_yield", COMPUTE},
	{"sched_getaffinity", COMPUTE},
	{"rt_sigprocmask", COMPUTE},
	{"rt_sigaction", COMPUTE},
	{"rt_sigreturn", COMPUTE},
	{"sigaltstack", COMPUTE},
	{"restart_syscall", COMPUTE},
	{"getpid", COMPUTE},
	{"gettid", COMPUTE},
	{"clock_gettime", COMPUTE},
	{"clock_nanosleep", COMPUTE},
	{"gettimeofday", COMPUTE},
	{"getrandom", COMPUTE},
	{"exit", COMPUTE},
	{"exit_group", COMPUTE},
	{"openat2", READ | WRITE},
	{"fstatfs", READ | WRITE},
	{"getdents64", READ | WRITE},
	{"readlinkat", READ | WRITE},
	{"newfstatat", READ | WRITE},
	{"statx", READ | WRITE},
	{"fgetxattr", READ | WRITE},
	{"openat", READ | WRITE},
	{"fadvise64", READ | WRITE},
	{"mkdirat", WRITE},
	{"mknodat", WRITE},
	{"symlinkat", WRITE},
	{"linkat", WRITE},
	{"unlinkat", WRITE},
	{"fchown", WRITE},
	{"fchownat", WRITE},
	{"fchmod", WRITE},
	{"fsetxattr", WRITE},
	{"utimensat", WRITE},
	{"ftruncate", WRITE},
	{"renameat", STORE},
	{"renameat2", STORE},
	{"rename", STORE},
	{"unlink", STORE},
	{"rmdir", STORE},
	{"flock", STORE},
	{"fsync", STORE},
	{"fdatasync", STORE},
	{"faccessat", STORE},
	{"faccessat2", STORE},
	{"getuid", STORE},
	{"geteuid", STORE},
	{"umask", STORE},
	{"fchmodat", STORE},
	{"mkdir", STORE},
	{"symlink", STORE},
	{"connect", STREAMS},
	{"accept4", EVENTS},
	{"shutdown", EVENTS},
	{"sendto", EVENTS},
	{"recvfrom", EVENTS},
	{"getsockopt", EVENTS},
	{"setsockopt", EVENTS},
	{"getsockname", EVENTS},
	{"getpeername", EVENTS},
	{"epoll_create1", EVENTS},
	{"epoll_ctl", EVENTS},
	{"epoll_wait", EVENTS},
	{"epoll_pwait", EVENTS},
	{"eventfd2", EVENTS},
	{"rseq", EVENTS}, /* glibc ends the program when a new thread is refused it */
	{"set_robust_list", EVENTS},
};

/* Memory that is written may not become code: PROT_EXEC is refused. */
static int allow_memory(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	int rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_exec);

	return rc < 0 ? rc
		      : seccomp_rule_add_array(
				ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_exec);
}

/*
 * A thread is a clone that shares everything. glibc tries clone3 first, whose arguments a filter
 * cannot see, and does without it after ENOSYS.
 */
static int allow_threads(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp thread = SCMP_A0(SCMP_CMP_MASKED_EQ,
		CLONE_THREAD | CLONE_VM | CLONE_FILES, CLONE_THREAD | CLONE_VM | CLONE_FILES);
	int rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &thread);

	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return rc;
}

/* Streams of the families that a proxy speaks. */
static int allow_streams(scmp_filter_ctx ctx, bool local)
{
	static const int families[] = {AF_INET, AF_INET6, AF_UNIX /* the last */};
	int rc = 0;

	for (size_t i = 0; i < RF_ARRAY_LEN(families) - !local && rc == 0; i++) {
		const struct scmp_arg_cmp args[] = {
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0),
			SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM),
		};

		rc = seccomp_rule_add_array(
			ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), RF_ARRAY_LEN(args), args);
	}
	return rc;
}

/*
 * Calls that fail quietly where they are not allowed, because libraries try them and can do
 * without (iconv looks for its tables, malloc for limits).
 */
static int refuse_quietly(scmp_filter_ctx ctx, unsigned calls)
{
	static const char *const names[] = {"prlimit64", "getrlimit", "readlink", "open", "sysinfo",
		"ioctl", "prctl", "getcwd", "access", "stat", "lstat"};
	static const char *const file_names[] = {"openat", "newfstatat", "statx", "readlinkat"};
	static const char *const thread_names[] = {"set_robust_list", "rseq"};
	int rc = 0;

	for (size_t i = 0; i < RF_ARRAY_LEN(names) && rc == 0; i++) {
		int nr = seccomp_syscall_resolve_name(names[i]);

		if (nr >= 0)
			rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(1 /* EPERM */), nr, 0);
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(file_names) && rc == 0; i++) {
		int nr = seccomp_syscall_resolve_name(file_names[i]);

		if (nr >= 0 && !(calls & (READ | WRITE)))
			rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(1 /* EPERM */), nr, 0);
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(thread_names) && rc == 0; i++) {
		int nr = seccomp_syscall_resolve_name(thread_names[i]);

		if (nr >= 0 && !(calls & EVENTS))
			rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(1 /* EPERM */), nr, 0);
	}
	return rc;
}

static int add_rules(scmp_filter_ctx ctx, unsigned calls)
{
	int rc = allow_memory(ctx);

	for (size_t i = 0; i < RF_ARRAY_LEN(rows) && rc == 0; i++) {
		int nr = seccomp_syscall_resolve_name(rows[i].name);

		if (nr >= 0 && (rows[i].calls & calls))
			rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
	}
	if (rc == 0 && (calls & EVENTS))
		rc = allow_threads(ctx);
	if (rc == 0 && (calls & STREAMS))
		rc = allow_streams(ctx, calls & PROC_CALLS_UNIX);
	return rc < 0 ? rc : refuse_quietly(ctx, calls);
}

int proc_seccomp_enter(unsigned calls, struct rf_err *err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (!ctx)
		return rf_err_nomem(err);
	/* A binary tree instead of a list: the cost of a call does not grow with the rows. */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	rc = add_rules(ctx, calls);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc < 0 ? rf_err_sys(err, -rc, "install the system call filter") : RF_OK;
}
