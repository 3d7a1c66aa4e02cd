/*
 * A child makes the namespaces and configures them from inside; the parent mounts them on files
 * and lets the child go.
 */
#include "host/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

static const struct {
	const char *name;
	int flag;
} kinds[] = {
	{"net", CLONE_NEWNET},
	{"ipc", CLONE_NEWIPC},
	{"uts", CLONE_NEWUTS},
};

static bool wanted(const struct namespaces_spec *spec, int flag)
{
	return !(flag == CLONE_NEWNET && spec->host_network) &&
	       !(flag == CLONE_NEWIPC && spec->host_ipc);
}

static int wanted_flags(const struct namespaces_spec *spec)
{
	int flags = 0;

	for (size_t i = 0; i < RF_ARRAY_LEN(kinds); i++) {
		if (wanted(spec, kinds[i].flag))
			flags |= kinds[i].flag;
	}
	return flags;
}

static int set_sysctl(const struct kube_sysctl *sysctl, struct rf_err *err)
{
	AUTO_BUF path = {0};

	rf_buf_add_c(&path, "/proc/sys/");
	for (size_t i = 0; i < sysctl->name.len; i++)
		rf_buf_add_char(&path, sysctl->name.ptr[i] == '.' ? '/' : sysctl->name.ptr[i]);
	if (path.failed)
		return rf_err_nomem(err);
	return rf_file_write(rf_buf_cstr(&path), sysctl->value.ptr, err);
}

/* In the child: configures, says so on fd, and waits to be let go. */
static int configure(const struct namespaces_spec *spec, struct rf_err *err)
{
	if (unshare(wanted_flags(spec)) < 0)
		return rf_err_sys(err, errno, "make namespaces");
	if (sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return rf_err_sys(err, errno, "set the host name");
	for (size_t i = 0; i < spec->sysctl_count; i++) {
		int rc = set_sysctl(&spec->sysctls[i], err);

		if (rc < 0)
			return rf_err_wrap(
				err, rc, "sysctl " RF_STR_FMT, RF_STR_ARG(spec->sysctls[i].name));
	}
	return RF_OK;
}

static _Noreturn void run_child(const struct namespaces_spec *spec, int fd)
{
	struct rf_err err = {.code = RF_OK};
	char byte;

	if (configure(spec, &err) < 0 && write(fd, &err, sizeof(err)) > 0)
		_exit(1);
	err.code = RF_OK;
	if (write(fd, &err, sizeof(err)) < 0 || read(fd, &byte, 1) < 0)
		_exit(1);
	_exit(0);
}

static int mount_one(
	const struct namespaces_spec *spec, const char *name, pid_t pid, struct rf_err *err)
{
	AUTO_FREE char *file = NULL;
	char proc[64];
	AUTO_FD fd = -1;

	snprintf(proc, sizeof(proc), "/proc/%d/ns/%s", (int)pid, name);
	if (asprintf(&file, "%s/%s", spec->dir, name) < 0) {
		file = NULL;
		return rf_err_nomem(err);
	}
	fd = open(file, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return rf_err_sys(err, errno, "create %s", file);
	if (mount(proc, file, NULL, MS_BIND, NULL) < 0)
		return rf_err_sys(err, errno, "mount the %s namespace on %s", name, file);
	return RF_OK;
}

static int mount_all(const struct namespaces_spec *spec, pid_t pid, int fd, struct rf_err *err)
{
	struct rf_err answer;

	if (read(fd, &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
		return rf_err_set(err, RF_EINTERNAL, "the namespaces' first process ended");
	if (answer.code != RF_OK) {
		*err = answer;
		return answer.code;
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(kinds); i++) {
		int rc = wanted(spec, kinds[i].flag) ? mount_one(spec, kinds[i].name, pid, err)
						     : RF_OK;

		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

int namespaces_make(const struct namespaces_spec *spec, struct rf_err *err)
{
	AUTO_FD ours = -1;
	AUTO_FD theirs = -1;
	int pair[2], rc;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return rf_err_sys(err, errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	pid = fork();
	if (pid < 0)
		return rf_err_sys(err, errno, "fork");
	if (pid == 0) {
		close(ours);
		run_child(spec, theirs);
	}
	rf_fd_closep(&theirs);
	rc = mount_all(spec, pid, ours, err);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (rc < 0)
		namespaces_release(spec->dir);
	return rc;
}

void namespaces_release(const char *dir)
{
	char file[4096];

	for (size_t i = 0; i < RF_ARRAY_LEN(kinds); i++) {
		snprintf(file, sizeof(file), "%s/%s", dir, kinds[i].name);
		umount2(file, MNT_DETACH);
		unlink(file);
	}
}
