/*
 * Volumes on this machine. Files and emptyDirs in memory are at MEMORY_DIR/VOLUME, emptyDirs on
 * disk at DISK_DIR/VOLUME; a hostPath is where it is.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/volume_int.h"

#define MEMORY_DIR_OPTIONS "mode=0711,size=" VOLUME_FILES_SIZE
#define EMPTY_DIR_MODE	   0777
#define NEW_DIR		   ".new" /* an emptyDir before it has its mode; no volume's name */
#define UNMOUNT_TRIES	   64
#define BLOCK_BYTES	   512 /* of st_blocks */

struct prepare {
	const struct env_pod *pod;
	const struct volume_dirs *dirs;
	gid_t group; /* fsGroup or VOLUME_NO_GROUP */
	struct rf_diags *diags;
	struct rf_err *err;
};

const struct kube_volume *volume_find(const struct kube_pod_spec *spec, struct rf_str name)
{
	const struct kube_volume *volumes = spec->volumes.items;

	for (size_t i = 0; i < spec->volumes.count; i++) {
		if (rf_str_eq(volumes[i].name, name))
			return &volumes[i];
	}
	return NULL;
}

bool volume_in_memory(const struct kube_volume *volume)
{
	return volume->empty_dir && rf_str_is(volume->empty_dir->medium, "Memory");
}

char *volume_path(const struct volume_dirs *dirs, const struct kube_volume *volume)
{
	const char *dir = volume_is_files(volume) || volume_in_memory(volume) ? dirs->memory_dir
									      : dirs->disk_dir;
	char *path;

	if (volume->host_path)
		return rf_str_dup(volume->host_path->path);
	/* Names are DNS labels; what is not would be another place than the volume's. */
	if (volume->name.len == 0 || volume->name.ptr[0] == '.' ||
		memchr(volume->name.ptr, '/', volume->name.len))
		return NULL;
	if (asprintf(&path, "%s/%s" RF_STR_FMT, dir,
		    volume_is_identity(volume) ? VOLUME_IDENTITY "/" : "",
		    RF_STR_ARG(volume->name)) < 0)
		return NULL;
	return path;
}

/* --- mounts --- */

static bool is_mount_point(const char *path)
{
	AUTO_FREE char *above = NULL;
	struct stat here, there;

	if (asprintf(&above, "%s/..", path) < 0) {
		above = NULL;
		return false;
	}
	return stat(path, &here) == 0 && stat(above, &there) == 0 && here.st_dev != there.st_dev;
}

static int mount_tmpfs(
	const char *path, unsigned long flags, const char *options, struct rf_err *err)
{
	int rc = rf_dir_make(path, 0755, err);

	if (rc < 0 || is_mount_point(path))
		return rc;
	if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | flags, options) < 0)
		return rf_err_sys(err, errno, "mount a tmpfs on %s", path);
	return RF_OK;
}

void volume_unmount(const char *path)
{
	for (unsigned i = 0; i < UNMOUNT_TRIES; i++) {
		if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			return;
	}
}

int volume_mount_memory(const struct volume_dirs *dirs, struct rf_err *err)
{
	return mount_tmpfs(dirs->memory_dir, MS_NOEXEC, MEMORY_DIR_OPTIONS, err);
}

/* --- volumes of files --- */

static int prepare_files(
	const struct prepare *p, const struct kube_volume *volume, const char *path)
{
	CLEANUP(volume_files_done) struct volume_files files = {0};
	int rc = volume_collect(p->pod, volume, &files, p->diags);

	if (rc < 0)
		return rc == RF_EINPUT ? rc : rf_err_nomem(p->err);
	rc = rf_dir_make(path, 0755, p->err);
	if (volume_is_identity(volume))
		return rc;
	return rc == RF_OK ? volume_write_files(path, &files, p->group, p->err) : rc;
}

/* --- emptyDir --- */

static uint64_t memory_limits(const struct kube_pod_spec *spec)
{
	const struct kube_container *containers = spec->containers.items;
	uint64_t sum = 0;

	for (size_t i = 0; i < spec->containers.count; i++) {
		struct kube_quantity limit =
			kube_resource_get(&containers[i].resources.limits, "memory");

		if (!limit.set || limit.milli <= 0)
			return 0;
		sum += (uint64_t)limit.milli / 1000; /* cannot overflow: 2^63 / 1000 each */
	}
	return sum;
}

static uint64_t memory_size(const struct kube_pod_spec *spec, const struct kube_empty_dir *dir)
{
	uint64_t asked = dir->size_limit.set && dir->size_limit.milli > 0
				 ? ((uint64_t)dir->size_limit.milli + 999) / 1000
				 : 0;
	uint64_t limits = memory_limits(spec);

	if (asked && limits)
		return asked < limits ? asked : limits;
	if (asked || limits)
		return asked + limits;
	return VOLUME_MEMORY_DEFAULT;
}

static int prepare_memory(
	const struct prepare *p, const struct kube_volume *volume, const char *path)
{
	char options[96];
	uint64_t size = memory_size(p->pod->pod->spec, volume->empty_dir);

	if (p->group == VOLUME_NO_GROUP)
		snprintf(options, sizeof(options), "mode=0777,size=%llu", (unsigned long long)size);
	else
		snprintf(options, sizeof(options), "mode=02777,gid=%u,size=%llu", p->group,
			(unsigned long long)size);
	return mount_tmpfs(path, 0, options, p->err);
}

/* Made under another name first, so that one that exists has its owner and mode. */
static int prepare_disk(const struct prepare *p, const char *path)
{
	AUTO_FREE char *new_path = NULL;
	bool grouped = p->group != VOLUME_NO_GROUP;
	int rc;

	if (access(path, F_OK) == 0)
		return RF_OK;
	if (asprintf(&new_path, "%s/" NEW_DIR, p->dirs->disk_dir) < 0) {
		new_path = NULL;
		return rf_err_nomem(p->err);
	}
	rc = rf_dir_make(p->dirs->disk_dir, 0711, p->err);
	if (rc == RF_OK)
		rc = rf_dir_remove(new_path, p->err);
	if (rc == RF_OK)
		rc = rf_dir_make(new_path, 0700, p->err);
	if (rc < 0)
		return rc;
	if (chown(new_path, 0, grouped ? p->group : 0) < 0 ||
		chmod(new_path, grouped ? EMPTY_DIR_MODE | S_ISGID : EMPTY_DIR_MODE) < 0 ||
		rename(new_path, path) < 0)
		return rf_err_sys(p->err, errno, "make %s", path);
	return RF_OK;
}

/* --- hostPath --- */

static const struct host_type {
	const char *name;
	mode_t format; /* 0: anything */
	bool create;
} host_types[] = {
	{"", 0, false},
	{"Directory", S_IFDIR, false},
	{"DirectoryOrCreate", S_IFDIR, true},
	{"File", S_IFREG, false},
	{"FileOrCreate", S_IFREG, true},
	{"Socket", S_IFSOCK, false},
	{"CharDevice", S_IFCHR, false},
	{"BlockDevice", S_IFBLK, false},
};

static int refuse_host_path(struct rf_diags *diags, const struct kube_volume *v, const char *why)
{
	return rf_diag_add(diags, RF_ERROR, doc_field_pos(v->host_path->node, "path"),
		"volume \"" RF_STR_FMT "\": hostPath \"" RF_STR_FMT "\" %s", RF_STR_ARG(v->name),
		RF_STR_ARG(v->host_path->path), why);
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

/* *ret_create: nothing is there yet, and the type says to make it. */
static int check_host_path(
	const struct kube_volume *v, struct rf_diags *diags, const struct host_type **ret_create)
{
	const struct kube_host_path *host = v->host_path;
	const struct host_type *type = NULL;
	AUTO_FREE char *path = rf_str_dup(host->path);
	struct stat st;

	*ret_create = NULL;
	if (!path)
		return RF_EINTERNAL;
	for (size_t i = 0; i < RF_ARRAY_LEN(host_types); i++) {
		if (rf_str_is(host->type, host_types[i].name))
			type = &host_types[i];
	}
	if (!type)
		return refuse_host_path(diags, v, "has a type that is not known");
	if (path[0] != '/' || has_dot_dot(host->path))
		return refuse_host_path(diags, v, "must be absolute and without \"..\"");
	if (stat(path, &st) == 0)
		return type->format == 0 || (st.st_mode & S_IFMT) == type->format
			       ? RF_OK
			       : refuse_host_path(diags, v, "is not of the type that it asks for");
	if (errno != ENOENT || !type->create)
		return refuse_host_path(diags, v,
			"is not there: make it, or use type DirectoryOrCreate or FileOrCreate");
	*ret_create = type;
	return RF_OK;
}

static int prepare_host_path(
	const struct prepare *p, const struct kube_volume *volume, const char *path)
{
	const struct host_type *create;
	int rc = check_host_path(volume, p->diags, &create);

	if (rc == RF_OK && create && create->format == S_IFDIR)
		rc = rf_dir_make(path, 0755, p->err);
	if (rc == RF_OK && create && create->format == S_IFREG) {
		AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

		if (fd < 0)
			rc = rf_err_sys(p->err, errno, "make %s", path);
	}
	return rc;
}

/* --- all volumes of a pod --- */

static int prepare_one(const struct prepare *p, const struct kube_volume *volume)
{
	AUTO_FREE char *path = volume_path(p->dirs, volume);

	if (!path)
		return rf_err_nomem(p->err);
	if (volume_is_files(volume))
		return prepare_files(p, volume, path);
	if (volume_in_memory(volume))
		return prepare_memory(p, volume, path);
	if (volume->empty_dir)
		return prepare_disk(p, path);
	if (volume->host_path)
		return prepare_host_path(p, volume, path);
	return rf_diag_add(p->diags, RF_ERROR, doc_pos(volume->node),
		"volume \"" RF_STR_FMT "\": this kind of volume is not supported here",
		RF_STR_ARG(volume->name));
}

static bool needs_memory(const struct kube_pod_spec *spec)
{
	const struct kube_volume *volumes = spec->volumes.items;

	for (size_t i = 0; i < spec->volumes.count; i++) {
		if (volume_is_files(&volumes[i]) || volume_in_memory(&volumes[i]))
			return true;
	}
	return false;
}

int volume_prepare(const struct env_pod *pod, const struct volume_dirs *dirs,
	struct rf_diags *diags, struct rf_err *err)
{
	const struct kube_pod_spec *spec = pod->pod->spec;
	const struct kube_volume *volumes = spec->volumes.items;
	const struct doc_int *fs_group = &spec->security.fs_group;
	struct prepare p = {
		.pod = pod,
		.dirs = dirs,
		.group = fs_group->set ? (gid_t)fs_group->value : VOLUME_NO_GROUP,
		.diags = diags,
		.err = err,
	};
	int rc = RF_OK;

	if (needs_memory(spec))
		rc = volume_mount_memory(dirs, err);
	for (size_t i = 0; i < spec->volumes.count && (rc == RF_OK || rc == RF_EINPUT); i++) {
		int one = prepare_one(&p, &volumes[i]);

		rc = one < 0 ? one : rc; /* all wrong references are reported, not the first */
	}
	return rc;
}

int volume_check(const struct env_pod *pod, struct rf_diags *diags)
{
	const struct kube_volume *volumes = pod->pod->spec->volumes.items;
	int rc = RF_OK;

	for (size_t i = 0; i < pod->pod->spec->volumes.count && rc != RF_EINTERNAL; i++) {
		CLEANUP(volume_files_done) struct volume_files files = {0};
		const struct host_type *create;
		int one = RF_OK;

		if (volume_is_files(&volumes[i]))
			one = volume_collect(pod, &volumes[i], &files, diags);
		else if (volumes[i].host_path)
			one = check_host_path(&volumes[i], diags, &create);
		rc = one < 0 ? one : rc;
	}
	return rc;
}

/* --- the end --- */

static void release_subpaths(const char *disk_dir)
{
	AUTO_FREE char *dir_path = NULL;
	struct dirent *entry;
	DIR *dir;

	if (asprintf(&dir_path, "%s/" VOLUME_SUBPATHS, disk_dir) < 0) {
		dir_path = NULL;
		return;
	}
	dir = opendir(dir_path);
	while (dir && (entry = readdir(dir))) {
		AUTO_FREE char *path = NULL;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (asprintf(&path, "%s/%s", dir_path, entry->d_name) < 0)
			path = NULL;
		else
			volume_unmount(path);
	}
	if (dir)
		closedir(dir);
}

void volume_release(const struct kube_pod_spec *spec, const struct volume_dirs *dirs)
{
	const struct kube_volume *volumes = spec->volumes.items;

	release_subpaths(dirs->disk_dir);
	for (size_t i = 0; i < spec->volumes.count; i++) {
		AUTO_FREE char *path = NULL;

		if (!volume_in_memory(&volumes[i]))
			continue;
		path = volume_path(dirs, &volumes[i]);
		if (path)
			volume_unmount(path);
	}
	if (needs_memory(spec))
		volume_unmount(dirs->memory_dir);
}

/* --- sizes --- */

struct measure {
	uint64_t bytes, limit;
};

static int measure_entry(
	struct volume_walk *walk, int dir_fd, const char *name, const struct stat *st)
{
	struct measure *m = walk->ctx;
	uint64_t bytes = (uint64_t)st->st_blocks * BLOCK_BYTES;

	(void)dir_fd;
	(void)name;
	/* All names of a file are in the volume, so that their shares add up to the whole. */
	if (!S_ISDIR(st->st_mode) && st->st_nlink > 1)
		bytes /= st->st_nlink;
	m->bytes += bytes;
	return m->bytes > m->limit ? RF_ELIMIT : RF_OK;
}

static bool is_over(const struct volume_dirs *dirs, const struct kube_volume *volume)
{
	AUTO_FREE char *path = volume_path(dirs, volume);
	struct measure m = {.limit = (uint64_t)volume->empty_dir->size_limit.milli / 1000};
	struct volume_walk walk = {.visit = measure_entry, .ctx = &m, .left = VOLUME_WALK_MAX};
	AUTO_FD fd = -1;

	if (path)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && volume_walk(&walk, fd) == RF_ELIMIT;
}

const struct kube_volume *volume_over_limit(
	const struct kube_pod_spec *spec, const struct volume_dirs *dirs)
{
	const struct kube_volume *volumes = spec->volumes.items;

	for (size_t i = 0; i < spec->volumes.count; i++) {
		const struct kube_empty_dir *dir = volumes[i].empty_dir;

		if (dir && !volume_in_memory(&volumes[i]) && dir->size_limit.set &&
			dir->size_limit.milli > 0 && is_over(dirs, &volumes[i]))
			return &volumes[i];
	}
	return NULL;
}
