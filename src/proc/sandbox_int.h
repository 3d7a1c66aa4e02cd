/* The pieces of the sandbox that have files of their own. */
#ifndef RF_PROC_SANDBOX_INT_H
#define RF_PROC_SANDBOX_INT_H

#include "proc/sandbox.h"

/*
 * Grants what is beneath root_fd (-1: nothing), and to connect with PROC_CALLS_STREAMS; forbids the
 * rest. Quiet without Landlock.
 */
int proc_landlock_enter(const struct proc_sandbox *box, struct rf_err *err) RF_MUST_USE;
/* Allows the sets of calls (enum proc_calls) and kills the process on any other. */
int proc_seccomp_enter(unsigned calls, struct rf_err *err) RF_MUST_USE;

#endif
