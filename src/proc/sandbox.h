/*
 * Confines the calling process for good, in the order that works: private namespaces, chroot,
 * limits, no_new_privs, Landlock, identity, capabilities, seccomp. To be called before the first
 * untrusted byte is read. Without root, what needs root (namespaces, chroot, another uid) is left
 * out unless the box says it is needed; no_new_privs, Landlock and seccomp need none.
 *
 * Landlock is used from ABI 2 (Linux 5.19) on and left out where the kernel has less; seccomp is
 * always there. Sources: landlock(7), seccomp(2), capabilities(7).
 */
#ifndef RF_PROC_SANDBOX_H
#define RF_PROC_SANDBOX_H

#include "base/err.h"

/* Sets of system calls; a call outside of them kills the process. None has ptrace, mount,
 * namespaces, bpf, keys, kill, exec or new processes; only the last two have sockets. */
enum proc_calls {
	PROC_CALLS_COMPUTE =
		1 << 0, /* memory, clocks, exit, reads and writes of open descriptors */
	PROC_CALLS_FILES_READ = 1 << 1,	 /* open for reading, list directories, stat */
	PROC_CALLS_FILES_WRITE = 1 << 2, /* create, remove, own and mark files */
	PROC_CALLS_STORE = 1 << 3,	 /* files that must last: rename, lock, sync */
	PROC_CALLS_EVENTS = 1 << 4,	 /* epoll, threads, sockets that are there already */
	PROC_CALLS_STREAMS =
		1 << 5,		  /* new stream sockets of IPv4 and IPv6 (not to listen), connect */
	PROC_CALLS_UNIX = 1 << 6, /* with STREAMS: of UNIX, too, which no Landlock guards */
};

struct proc_sandbox {
	unsigned calls;	      /* of enum proc_calls */
	uint64_t caps;	      /* bits (1 << CAP_X) to keep; all others go, bounding set included */
	bool need_root;	      /* RF_EDENIED unless root, instead of doing with less */
	bool keep_network;    /* stays in its network namespace */
	bool as_nobody;	      /* uid and gid PROC_NOBODY, no groups, when root */
	uint32_t uid, gid;    /* with as_nobody: others; 0: PROC_NOBODY, and the gid as the uid */
	bool outlives_parent; /* no signal when its parent's thread ends */
	int root_fd;	      /* directory to chroot into and to grant by Landlock; -1: no files */
	bool root_writable;   /* Landlock grants changes beneath root_fd, too */
	const int *read_fds;  /* more directories that Landlock grants reading files of */
	size_t read_fd_count;
	uint64_t cpu_seconds;  /* each of the limits: 0 keeps what is set */
	uint64_t memory_bytes; /* address space */
	uint64_t file_bytes;   /* largest file */
	uint64_t open_files;
};

#define PROC_NOBODY 65534

int proc_sandbox_enter(const struct proc_sandbox *box, struct rf_err *err) RF_MUST_USE;

/* The Landlock ABI of this kernel, 0 when it has none. */
int proc_landlock_abi(void);

#endif
