/*
 * A role is started by posix_spawn of /proc/self/exe with "--role NAME" and the channel as
 * descriptor 3. Everything else that a child needs comes to it in messages.
 */
#include "proc/role.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

#define ROLE_ARG     "--role"
#define ROLE_CHANNEL 3
#define EXIT_NO_ROLE 120

#if defined(__SANITIZE_ADDRESS__)
#define ROLE_REPORTS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROLE_REPORTS 1
#endif
#endif
#ifndef ROLE_REPORTS
#define ROLE_REPORTS 0 /* 1: a sanitizer needs standard error and its options */
#endif

/* The linker's names for the ends of the section; weak, as a program may have no role. */
/* NOLINTBEGIN(cert-dcl51-cpp) */
extern const struct proc_role *const __start_rf_roles[] __attribute__((weak));
extern const struct proc_role *const __stop_rf_roles[] __attribute__((weak));
/* NOLINTEND(cert-dcl51-cpp) */

void proc_role_main(int argc, char **argv)
{
	if (argc != 3 || strcmp(argv[1], ROLE_ARG) != 0)
		return;
	/* A parent that died before this call leaves a closed channel, which ends the role, too. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* cppcheck-suppress comparePointers */
	for (const struct proc_role *const *it = __start_rf_roles; it < __stop_rf_roles; it++) {
		if (strcmp((*it)->name, argv[2]) != 0)
			continue;
		prctl(PR_SET_NAME, (*it)->name);
		_exit((*it)->run(ROLE_CHANNEL));
	}
	_exit(EXIT_NO_ROLE);
}

static int spawn_actions(posix_spawn_file_actions_t *actions, int channel)
{
	int rc = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);

	if (!rc)
		rc = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
	if (!rc && !ROLE_REPORTS)
		rc = posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(actions, channel, ROLE_CHANNEL);
	if (!rc)
		rc = posix_spawn_file_actions_addclosefrom_np(actions, ROLE_CHANNEL + 1);
	return rc;
}

/* A role starts with default signal actions and nothing blocked. */
static int spawn_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn(const struct proc_role *role, int channel, pid_t *ret_pid)
{
	char name[64], arg[] = ROLE_ARG, self[] = "ringfence", *empty[] = {NULL};
	char *argv[] = {self, arg, name, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc;

	snprintf(name, sizeof(name), "%s", role->name);
	rc = posix_spawn_file_actions_init(&actions);
	if (rc)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (!rc) {
		rc = spawn_actions(&actions, channel);
		if (!rc)
			rc = spawn_attributes(&attr);
		if (!rc)
			rc = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attr, argv,
				ROLE_REPORTS ? environ : empty);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

int proc_child_start(const struct proc_role *role, struct proc_child *ret, struct rf_err *err)
{
	AUTO_FD mine = -1;
	AUTO_FD theirs = -1;
	int pair[2];
	pid_t pid;
	int rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return rf_err_sys(err, errno, "make a socket pair");
	mine = pair[0];
	theirs = pair[1];
	rc = spawn(role, theirs, &pid);
	if (rc)
		return rf_err_sys(err, rc, "start a process for %s", role->name);
	*ret = (struct proc_child){.pid = pid, .channel = TAKE_FD(mine)};
	return RF_OK;
}

static int wait_for(pid_t pid, int *ret_status, struct rf_err *err)
{
	while (waitpid(pid, ret_status, 0) < 0) {
		if (errno != EINTR)
			return rf_err_sys(err, errno, "wait for process %d", (int)pid);
	}
	return RF_OK;
}

static int explain_signal(int sig, struct rf_err *err)
{
	switch (sig) {
	case SIGXCPU: return rf_err_set(err, RF_ELIMIT, "used up its processor time");
	case SIGXFSZ: return rf_err_set(err, RF_ELIMIT, "met its limit of file size");
	case SIGSYS: return rf_err_set(err, RF_EINTERNAL, "made a forbidden system call");
	default:
		return rf_err_set(err, RF_EINTERNAL, "ended by signal %d (%s)", sig,
			sigdescr_np(sig) ? sigdescr_np(sig) : "unknown");
	}
}

int proc_child_wait(struct proc_child *child, struct rf_err *err)
{
	pid_t pid = child->pid;
	int status, rc;

	rf_fd_closep(&child->channel);
	child->pid = 0;
	if (pid <= 0)
		return RF_OK;
	rc = wait_for(pid, &status, err);
	if (rc < 0)
		return rc;
	if (WIFSIGNALED(status))
		return explain_signal(WTERMSIG(status), err);
	if (WEXITSTATUS(status) == EXIT_NO_ROLE)
		return rf_err_set(err, RF_EINTERNAL, "this program lacks the role");
	if (WEXITSTATUS(status) != 0)
		return rf_err_set(err, RF_EINTERNAL, "ended with status %d", WEXITSTATUS(status));
	return RF_OK;
}

void proc_child_kill(struct proc_child *child)
{
	int status;

	rf_fd_closep(&child->channel);
	if (child->pid > 0) {
		kill(child->pid, SIGKILL);
		(void)wait_for(child->pid, &status, NULL);
	}
	child->pid = 0;
}
