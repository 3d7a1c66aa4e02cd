/* Finding the runtime, and the private mount namespace that everything is mounted in. */
#include "host/runtime.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#define UNIFIED "/sys/fs/cgroup/unified"

static char *find_program(const char *name)
{
	static const char *const dirs[] = {
		"/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/bin", "/sbin"};
	char *path;

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? realpath(name, NULL) : NULL;
	for (size_t i = 0; i < RF_ARRAY_LEN(dirs); i++) {
		if (asprintf(&path, "%s/%s", dirs[i], name) < 0)
			return NULL;
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

enum cgroup_mode runtime_cgroup_mode(void)
{
	struct statfs fs;

	if (statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
		return CGROUP_V2;
	if (statfs(UNIFIED, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
		return CGROUP_HYBRID;
	return CGROUP_V1;
}

int runtime_find(const char *want, struct runtime *ret, struct rf_err *err)
{
	const char *base;

	*ret = (struct runtime){.cgroups = runtime_cgroup_mode()};
	ret->conmon = find_program("conmon");
	ret->path = find_program(want ? want : "crun");
	if (!ret->path && !want)
		ret->path = find_program("runc");
	if (!ret->path || !ret->conmon) {
		rf_err_set(err, RF_EABSENT, "%s is not installed: apt-get install crun conmon",
			!ret->conmon ? "conmon" : (want ? want : "crun (or runc)"));
		runtime_done(ret);
		return RF_EABSENT;
	}
	base = strrchr(ret->path, '/');
	ret->is_crun = strcmp(base ? base + 1 : ret->path, "crun") == 0;
	return RF_OK;
}

void runtime_done(struct runtime *runtime)
{
	free(runtime->path);
	free(runtime->conmon);
	runtime->path = runtime->conmon = NULL;
}

int runtime_enter_private_mounts(const struct runtime *runtime, struct rf_err *err)
{
	if (unshare(CLONE_NEWNS) < 0)
		return rf_err_sys(err, errno, "private mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return rf_err_sys(err, errno, "make mounts private");
	/* What crun then takes for a v1 controller's directory goes with this namespace. */
	if (runtime->is_crun && runtime->cgroups == CGROUP_HYBRID &&
		mount("tmpfs", UNIFIED, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
			"size=64m,mode=0755") < 0)
		return rf_err_sys(err, errno, "hide %s", UNIFIED);
	return RF_OK;
}
