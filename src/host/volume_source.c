/*
 * What a container's mount binds. A subPath is resolved by the kernel beneath the volume
 * (openat2 with RESOLVE_BENEATH), and what was opened, not its name, is bound to
 * DISK_DIR/.subpaths/CONTAINER.INDEX: the container may swap names in its volume at any time.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/volume_int.h"

#define NAME_SIZE     256
#define RESOLVE_TRIES 32 /* the kernel says "again" while names are moved under it */
#define LINK_SIZE     32

struct sub {
	int root_fd;
	struct rf_str path; /* of the mount */
	mode_t root_mode;
	bool create;
	struct rf_err *err;
};

/* Opens below root, never out of it; -errno. path is NUL-terminated. */
static int open_beneath(int root_fd, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};

	for (unsigned i = 0; i < RESOLVE_TRIES; i++) {
		long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

static int resolve_error(const struct sub *sub, int sys_errno)
{
	if (sys_errno == EXDEV || sys_errno == ELOOP)
		return rf_err_set(sub->err, RF_EDENIED,
			"subPath \"" RF_STR_FMT
			"\" leads out of its volume: only links that stay inside are followed",
			RF_STR_ARG(sub->path));
	if (sys_errno == ENOENT)
		return rf_err_set(sub->err, RF_EABSENT,
			"subPath \"" RF_STR_FMT "\" is not in its volume", RF_STR_ARG(sub->path));
	return rf_err_sys(sub->err, sys_errno, "subPath \"" RF_STR_FMT "\"", RF_STR_ARG(sub->path));
}

/*
 * Moves *fd to the first done bytes of the path. What is there already may be a link, which the
 * kernel follows from the root; what is not is made with the volume's mode, as a kubelet does.
 */
static int step_into(const struct sub *sub, size_t done, struct rf_str part, int *fd)
{
	AUTO_FREE char *path = rf_str_dup((struct rf_str){.ptr = sub->path.ptr, .len = done});
	AUTO_FD above = TAKE_FD(*fd);
	char name[NAME_SIZE];
	bool made;

	if (!path)
		return rf_err_nomem(sub->err);
	if (!rf_str_copy(part, name, sizeof(name)))
		return resolve_error(sub, ENAMETOOLONG);
	*fd = open_beneath(sub->root_fd, path, O_RDONLY | O_DIRECTORY);
	if (*fd >= 0)
		return RF_OK;
	if (*fd != -ENOENT)
		return resolve_error(sub, -*fd);
	made = mkdirat(above, name, 0700) == 0;
	if (!made && errno != EEXIST)
		return resolve_error(sub, errno);
	*fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0 || (made && fchmod(*fd, sub->root_mode & 07777) < 0))
		return resolve_error(sub, errno);
	return RF_OK;
}

/* The directories of the path that are missing. */
static int make_directories(const struct sub *sub)
{
	AUTO_FD fd = fcntl(sub->root_fd, F_DUPFD_CLOEXEC, 0);
	struct rf_str part, rest = sub->path;

	if (fd < 0)
		return resolve_error(sub, errno);
	while (rest.ptr) {
		int rc;

		rest = rf_str_cut(rest, '/', &part);
		if (part.len == 0 || rf_str_is(part, "."))
			continue;
		rc = step_into(sub, (size_t)(part.ptr + part.len - sub->path.ptr), part, &fd);
		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

static bool has_dot_dot(struct rf_str path)
{
	struct rf_str part;

	while (path.ptr) {
		path = rf_str_cut(path, '/', &part);
		if (rf_str_is(part, ".."))
			return true;
	}
	return false;
}

static int resolve(const struct sub *sub, int *ret_fd)
{
	AUTO_FREE char *path = rf_str_dup(sub->path);
	int fd, rc;

	if (!path)
		return rf_err_nomem(sub->err);
	if (path[0] == '/' || has_dot_dot(sub->path) || strlen(path) != sub->path.len)
		return resolve_error(sub, EXDEV);
	fd = open_beneath(sub->root_fd, path, O_PATH);
	if (fd == -ENOENT && sub->create) {
		rc = make_directories(sub);
		if (rc < 0)
			return rc;
		fd = open_beneath(sub->root_fd, path, O_PATH);
	}
	if (fd < 0)
		return resolve_error(sub, -fd);
	*ret_fd = fd;
	return RF_OK;
}

/* --- the place that it is bound to --- */

static bool find_mount(const struct doc_list *containers, const struct kube_mount *mount,
	struct rf_str *ret_container, size_t *ret_index)
{
	const struct kube_container *items = containers->items;

	for (size_t i = 0; i < containers->count; i++) {
		const struct kube_mount *mounts = items[i].volume_mounts.items;

		for (size_t k = 0; k < items[i].volume_mounts.count; k++) {
			if (&mounts[k] != mount)
				continue;
			*ret_container = items[i].name;
			*ret_index = k;
			return true;
		}
	}
	return false;
}

/* An empty file or directory to bind to, without what an earlier start bound there. */
static int make_target(const char *path, bool directory, struct rf_err *err)
{
	AUTO_FD fd = -1;

	if (!path)
		return rf_err_nomem(err);
	volume_unmount(path);
	if (unlink(path) < 0 && errno == EISDIR && rmdir(path) < 0)
		return rf_err_sys(err, errno, "remove %s", path);
	if (directory) {
		if (mkdir(path, 0700) < 0)
			return rf_err_sys(err, errno, "make %s", path);
		return RF_OK;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? rf_err_sys(err, errno, "make %s", path) : RF_OK;
}

static int bind_target(int fd, const char *target, struct rf_err *err)
{
	char link[LINK_SIZE];
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return rf_err_sys(err, errno, "subPath");
	rc = make_target(target, S_ISDIR(st.st_mode), err);
	if (rc < 0)
		return rc;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (mount(link, target, NULL, MS_BIND, NULL) < 0)
		return rf_err_sys(err, errno, "bind to %s", target);
	return RF_OK;
}

static int target_path(const struct env_pod *pod, const struct volume_dirs *dirs,
	const struct kube_mount *mount, char **ret, struct rf_err *err)
{
	AUTO_FREE char *dir = NULL;
	struct rf_str container;
	size_t index;
	int rc;

	if (!find_mount(&pod->pod->spec->containers, mount, &container, &index) &&
		!find_mount(&pod->pod->spec->init_containers, mount, &container, &index))
		return rf_err_set(err, RF_EINTERNAL, "a mount of another pod");
	if (asprintf(&dir, "%s/" VOLUME_SUBPATHS, dirs->disk_dir) < 0) {
		dir = NULL;
		return rf_err_nomem(err);
	}
	rc = rf_dir_make(dir, 0700, err);
	if (rc < 0)
		return rc;
	if (memchr(container.ptr, '/', container.len))
		return rf_err_set(err, RF_EINPUT, "the name of a container has a '/'");
	if (asprintf(ret, "%s/" RF_STR_FMT ".%zu", dir, RF_STR_ARG(container), index) < 0)
		*ret = NULL;
	return *ret ? RF_OK : rf_err_nomem(err);
}

static int bind_sub_path(const struct env_pod *pod, const struct volume_dirs *dirs,
	const struct kube_mount *mount, struct sub *sub, char **ret)
{
	AUTO_FREE char *target = NULL;
	AUTO_FD fd = -1;
	int rc = resolve(sub, &fd);

	if (rc == RF_OK)
		rc = target_path(pod, dirs, mount, &target, sub->err);
	if (rc == RF_OK)
		rc = bind_target(fd, target, sub->err);
	if (rc == RF_OK)
		*ret = TAKE_PTR(target);
	return rc;
}

int volume_source(const struct env_pod *pod, const struct volume_dirs *dirs,
	const struct kube_mount *mount, char **ret_path, struct rf_err *err)
{
	const struct kube_volume *volume = volume_find(pod->pod->spec, mount->name);
	AUTO_FREE char *path = volume ? volume_path(dirs, volume) : NULL;
	struct sub sub = {.path = mount->sub_path, .err = err};
	AUTO_FD root = -1;
	struct stat st;

	if (!volume)
		return rf_err_set(err, RF_EABSENT, "there is no volume \"" RF_STR_FMT "\"",
			RF_STR_ARG(mount->name));
	if (!path)
		return rf_err_nomem(err);
	if (mount->sub_path.len == 0) {
		*ret_path = TAKE_PTR(path);
		return RF_OK;
	}
	root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || fstat(root, &st) < 0)
		return rf_err_sys(err, errno, "%s", path);
	sub.root_fd = root;
	sub.root_mode = st.st_mode;
	sub.create = !volume_is_files(volume);
	return bind_sub_path(pod, dirs, mount, &sub, ret_path);
}

const char *volume_mount_options(const struct env_pod *pod, const struct kube_mount *mount)
{
	const struct kube_volume *volume = volume_find(pod->pod->spec, mount->name);

	if (!volume)
		return "bind,rprivate,ro,nosuid,nodev,noexec";
	if (volume_is_files(volume))
		return volume_has_executables(volume) ? "bind,rprivate,ro,nosuid,nodev,exec"
						      : "bind,rprivate,ro,nosuid,nodev,noexec";
	if (volume->empty_dir)
		return mount->read_only.value ? "bind,rprivate,ro,nosuid,nodev"
					      : "bind,rprivate,rw,nosuid,nodev";
	return mount->read_only.value ? "rbind,rprivate,ro" : "rbind,rprivate,rw";
}
