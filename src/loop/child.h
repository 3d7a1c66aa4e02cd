/* Child processes: started with their descriptors laid out, their end reported to the loop. */
#ifndef RF_LOOP_CHILD_H
#define RF_LOOP_CHILD_H

#include "base/buf.h"
#include "loop/loop.h"

struct child;

/* A descriptor that the child gets under another number. */
struct child_fd {
	int fd;	    /* ours; borrowed */
	int target; /* the number in the child */
};

#define CHILD_MAX_FDS 8

struct child_spec {
	const char *const *argv;	    /* argv[0] is the path of the program */
	const char *const *envp;	    /* NULL: a minimal environment (PATH) */
	const char *cwd;		    /* NULL: / */
	struct child_fd fds[CHILD_MAX_FDS]; /* 0, 1 and 2 are /dev/null unless given */
	unsigned fd_count;
	const char *
		cgroup_procs; /* file that the child writes its pid to before it runs; NULL: none */
	bool own_session;
};

/* status is as waitpid gives it. The child object is freed after the call. */
typedef void (*child_exit_fn)(void *ctx, int status);

/* Every other descriptor of ours must be close-on-exec. */
int child_start(struct loop *loop, const struct child_spec *spec, child_exit_fn fn, void *ctx,
	struct child **ret, struct rf_err *err) RF_MUST_USE;
pid_t child_pid(const struct child *child);
int child_kill(struct child *child, int signo);
/* Forgets the callback: the child is still reaped when it ends. */
void child_detach(struct child *child);

/*
 * Runs to the end and collects output (standard output and error together, at most out->max
 * bytes), for short helpers. *ret_status as waitpid gives it. RF_ELIMIT after timeout_ms.
 */
int child_run(const struct child_spec *spec, unsigned timeout_ms, struct rf_buf *out,
	int *ret_status, struct rf_err *err) RF_MUST_USE;

/* "exit status 3", "killed by signal 9". */
const char *child_status_text(int status, char out[static 48]);

#endif
