/*
 * Roles: what handles untrusted bytes runs as a child that re-executes this program (so that it
 * shares no memory and no descriptor with its parent) and knows its parent by one channel.
 *
 *	static int run(int channel) { ... }			// returns the exit status
 *	PROC_ROLE(unpack_role, "image-unpack", run);
 *	...
 *	proc_child_start(&unpack_role, &child, err);		// in the parent
 *
 * Every program that starts children, test programs included, calls proc_role_main() first.
 */
#ifndef RF_PROC_ROLE_H
#define RF_PROC_ROLE_H

#include <sys/types.h>

#include "base/err.h"

struct proc_role {
	const char *name;
	int (*run)(int channel);
};

/* Defines a role and enters it into the table that proc_role_main() reads. */
#define PROC_ROLE(ident, role_name, fn)                                       \
	static const struct proc_role ident = {.name = role_name, .run = fn}; \
	__attribute__((used,                                                  \
		section("rf_roles"))) static const struct proc_role *const ident##_entry = &ident

/* Runs the role named in argv and exits; returns when argv names none. */
void proc_role_main(int argc, char **argv);

struct proc_child {
	pid_t pid;   /* 0: none */
	int channel; /* this end of the socketpair; -1: closed */
};

#define PROC_CHILD_INIT ((struct proc_child){.channel = -1})

/*
 * Starts a child in role. Its environment is empty, standard streams are /dev/null, and it holds
 * no descriptor but the channel; it dies with the thread that started it.
 */
int proc_child_start(
	const struct proc_role *role, struct proc_child *ret, struct rf_err *err) RF_MUST_USE;
/*
 * Closes the channel and waits. RF_OK when the child ended with status 0; otherwise err says how
 * it ended (which signal, a bound of time or memory, a forbidden system call).
 */
int proc_child_wait(struct proc_child *child, struct rf_err *err) RF_MUST_USE;
/* Kills the child if it still runs, waits, closes the channel. For CLEANUP. */
void proc_child_kill(struct proc_child *child);
#define AUTO_CHILD CLEANUP(proc_child_kill) struct proc_child

#endif
