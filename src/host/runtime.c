/* Finding the runtime, and the private mount namespace that everything is mounted in. */
#include "host/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/fd.h"

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

/* Whether fd and "/" are the same directory of the same mount; false when that cannot be told. */
static bool is_root(int fd)
{
	const unsigned want = STATX_INO | STATX_MNT_ID;
	struct statx a, b;

	return statx(fd, "", AT_EMPTY_PATH, want, &a) == 0 &&
	       statx(AT_FDCWD, "/", 0, want, &b) == 0 && (a.stx_mask & want) == want &&
	       (b.stx_mask & want) == want && a.stx_mnt_id == b.stx_mnt_id &&
	       a.stx_ino == b.stx_ino;
}

/* Makes the tree at fd the root of the mount namespace; what was the root is no longer in it. */
static int pivot_into(int fd)
{
	AUTO_FD tree = open_tree(
		fd, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0 ||
		move_mount(tree, "", fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
			0 ||
		fchdir(tree) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return -1;
	return umount2(".", MNT_DETACH); /* the old root lies on the new one now */
}

/*
 * In a chroot the namespace's root is not the process's. A container's pivot_root would then leave
 * the machine's root at the top of its mount namespace, and a command that is run in the container
 * later, which enters by that namespace, would find itself there. So the two are made one.
 */
static int own_root(struct rf_err *err)
{
	AUTO_FD root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (root < 0 || ns < 0)
		return rf_err_sys(err, errno, "open / and /proc/self/ns/mnt");
	if (setns(ns, CLONE_NEWNS) < 0) /* to the root of the namespace that it is in */
		return rf_err_sys(err, errno, "find the root of the mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return rf_err_sys(err, errno, "make mounts private");
	if (!is_root(root) && pivot_into(root) < 0)
		return rf_err_sys(err, errno,
			"make / the root of a mount namespace (in a chroot where that is "
			"impossible, pods cannot run: start Ringfence outside it)");
	return chdir("/") < 0 ? rf_err_sys(err, errno, "enter /") : RF_OK;
}

int runtime_enter_private_mounts(const struct runtime *runtime, struct rf_err *err)
{
	int rc;

	if (unshare(CLONE_NEWNS) < 0)
		return rf_err_sys(err, errno, "private mount namespace");
	rc = own_root(err);
	if (rc < 0)
		return rc;
	/* What crun then takes for a v1 controller's directory goes with this namespace. */
	if (runtime->is_crun && runtime->cgroups == CGROUP_HYBRID &&
		mount("tmpfs", UNIFIED, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
			"size=64m,mode=0755") < 0)
		return rf_err_sys(err, errno, "hide %s", UNIFIED);
	return RF_OK;
}

int runtime_group(const struct runtime *runtime, const char *cgroup, const char *name,
	char **ret_procs, struct rf_err *err)
{
	const char *root = runtime->cgroups == CGROUP_V2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/pids";
	AUTO_FREE char *dir = NULL;
	int rc;

	if (access(root, W_OK) < 0)
		return rf_err_set(err, RF_EUNSUPPORTED,
			"%s is not there: mount the cgroup file systems first", root);
	if (asprintf(&dir, "%s%s/%s", root, cgroup, name) < 0) {
		dir = NULL;
		return rf_err_nomem(err);
	}
	rc = rf_dir_make(dir, 0755, err);
	if (rc == RF_OK && asprintf(ret_procs, "%s/cgroup.procs", dir) < 0) {
		*ret_procs = NULL;
		rc = rf_err_nomem(err);
	}
	return rc;
}
