/*
 * Taking an instance away without its supervisor: first the processes, found by their cgroups,
 * because mounts in the private namespace go with the last of them; then what has a name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/fd.h"
#include "base/num.h"
#include "dataplane/fence.h"
#include "dataplane/link.h"
#include "host/instance.h"
#include "host/settings.h"

#define CGROUP_ROOT   "/sys/fs/cgroup"
#define KILL_ROUNDS   100
#define KILL_PAUSE_MS 20
#define TRASH_ROUNDS  100
#define CGROUP_DEPTH  6

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static bool is_cgroup_file(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 &&
	       (fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
}

/* Kills what is in the group itself; returns how many were there. */
static unsigned kill_procs(int dir_fd)
{
	AUTO_FD fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	AUTO_BUF text = {0};
	struct rf_str rest, line;
	unsigned count = 0;
	uint64_t pid;

	/* Where a hierarchy is hidden, a runtime may have left plain files that look alike. */
	if (fd < 0 || !is_cgroup_file(fd) || rf_fd_read_all(fd, &text, NULL) < 0)
		return 0;
	for (rest = rf_buf_str(&text); rest.ptr && rest.len;) {
		rest = rf_str_cut(rest, '\n', &line);
		if (rf_num_u64(line, INT32_MAX, &pid) && pid > 1) {
			kill((pid_t)pid, SIGKILL);
			count++;
		}
	}
	return count;
}

/* Kills and removes below, then here. Returns how many processes were met. */
static unsigned clear_group(int parent_fd, const char *name, unsigned depth)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	unsigned count;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	count = kill_procs(fd);
	while (depth < CGROUP_DEPTH && (entry = readdir(dir))) {
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			count += clear_group(fd, entry->d_name, depth + 1);
	}
	closedir(dir);
	unlinkat(parent_fd, name, AT_REMOVEDIR);
	return count;
}

/* The group under every hierarchy: the v2 root, or each v1 controller's. */
static unsigned clear_hierarchies(const char *group)
{
	int root = open(CGROUP_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = root < 0 ? NULL : fdopendir(root);
	unsigned count = 0;
	struct dirent *entry;

	if (!dir)
		return 0;
	count = clear_group(root, group, 0);
	while ((entry = readdir(dir))) {
		int fd;

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, group) == 0)
			continue;
		fd = openat(root, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		count += clear_group(fd, group, 0);
		close(fd);
	}
	closedir(dir);
	return count;
}

static int kill_all(const struct instance *inst, struct rf_err *err)
{
	for (int round = 0; round < KILL_ROUNDS; round++) {
		if (clear_hierarchies(inst->cgroup + 1) == 0) {
			clear_hierarchies(inst->cgroup + 1); /* groups emptied by the last round */
			return RF_OK;
		}
		pause_ms(KILL_PAUSE_MS);
	}
	return rf_err_set(err, RF_EIO, "processes in cgroup %s do not end", inst->cgroup);
}

static int remove_links(struct rf_err *err)
{
	unsigned count;
	int rc = link_del_all(INSTANCE_LINK_PREFIX, &count, err);

	/* It goes by itself with its supervisor, but a little later. */
	return rc < 0 ? rc : link_del(INSTANCE_SINK, err);
}

/* The lock's file last: whoever waits for it must not meet a half-removed directory. */
static int remove_run_dir(const struct instance *inst, struct rf_err *err)
{
	int fd = open(inst->run_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int rc = RF_OK;

	if (!dir) {
		int failure = errno;

		rf_fd_closep(&fd);
		return failure == ENOENT ? RF_OK
					 : rf_err_sys(err, failure, "open %s", inst->run_dir);
	}
	while (rc == RF_OK && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, "lock") != 0)
			rc = rf_dir_remove_at(fd, name, err);
	}
	if (rc == RF_OK)
		unlinkat(fd, "lock", 0);
	closedir(dir);
	/* Not empty: the next one has made its lock there already. */
	if (rc == RF_OK && rmdir(inst->run_dir) < 0 && errno != ENOENT && errno != ENOTEMPTY)
		rc = rf_err_sys(err, errno, "remove %s", inst->run_dir);
	return rc;
}

/* Processes of the supervisor may still be removing the same files. */
static int empty_trash(const struct instance *inst, struct rf_err *err)
{
	int rc = RF_EIO;

	for (int round = 0; rc < 0 && round < TRASH_ROUNDS; round++) {
		if (round)
			pause_ms(KILL_PAUSE_MS);
		rc = rf_dir_remove(inst->trash, err);
	}
	return rc;
}

int instance_sweep(const struct instance *inst, struct rf_err *err)
{
	int rc = kill_all(inst, err);

	if (rc == RF_OK)
		rc = remove_links(err);
	if (rc == RF_OK)
		rc = settings_restore(inst, err);
	if (rc == RF_OK)
		rc = fence_remove(INSTANCE_TABLE, err);
	if (rc == RF_OK)
		rc = rf_dir_remove(inst->pods_state, err);
	if (rc == RF_OK)
		rc = empty_trash(inst, err);
	if (rc == RF_OK)
		rc = remove_run_dir(inst, err);
	return rc;
}
