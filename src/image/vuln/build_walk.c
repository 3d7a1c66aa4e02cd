/*
 * The files of a source, by path: what opens and lists, and reads nothing. Whoever takes the
 * descriptors reads them, in this process or in a confined one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/vuln/build_int.h"

#define MAX_DIRECTORY_DEPTH 16

static int walk_directory(
	int dir_fd, unsigned depth, const struct build_files *files, struct rf_err *err);

static int walk_name(int dir_fd, const char *name, unsigned depth, const struct build_files *files,
	struct rf_err *err)
{
	AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct build_file file = {.name = rf_str_of(name), .in_directory = true};
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ELOOP ? RF_OK : rf_err_sys(err, errno, "open %s", name);
	if (S_ISDIR(st.st_mode)) {
		int dir = TAKE_FD(fd);

		return walk_directory(dir, depth + 1, files, err);
	}
	file.mtime_s = st.st_mtime;
	return S_ISREG(st.st_mode) && build_wants(file.name)
		       ? files->take(files->ctx, fd, &file, err)
		       : RF_OK;
}

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Takes dir_fd over. */
static int walk_directory(
	int dir_fd, unsigned depth, const struct build_files *files, struct rf_err *err)
{
	CLEANUP(dir_closep) DIR *dir = fdopendir(dir_fd);
	struct dirent *entry;
	int rc = RF_OK;

	if (!dir) {
		close(dir_fd);
		return rf_err_sys(err, errno, "read a directory");
	}
	if (depth > MAX_DIRECTORY_DEPTH)
		return rf_err_set(
			err, RF_ELIMIT, "directories more than %d deep", MAX_DIRECTORY_DEPTH);
	while (rc == RF_OK && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			rc = walk_name(dirfd(dir), entry->d_name, depth, files, err);
	}
	return rc;
}

struct rf_str build_source_name(const char *path)
{
	struct rf_str name = rf_str_of(path);

	while (name.len > 1 && name.ptr[name.len - 1] == '/')
		name.len--;
	for (size_t i = name.len; i > 0; i--) {
		if (name.ptr[i - 1] == '/' && i < name.len)
			return (struct rf_str){name.ptr + i, name.len - i};
	}
	return name;
}

int build_files_walk(const char *path, const struct build_files *files, struct rf_err *err)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	struct build_file file = {.name = build_source_name(path)};
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT ? rf_err_set(err, RF_EABSENT, "there is no such file")
				       : rf_err_sys(err, errno, "open");
	if (S_ISDIR(st.st_mode)) {
		int dir = TAKE_FD(fd);

		return walk_directory(dir, 0, files, err);
	}
	file.mtime_s = st.st_mtime;
	return files->take(files->ctx, fd, &file, err);
}

/* --- in this process --- */

static int take_here(void *ctx, int fd, const struct build_file *file, struct rf_err *err)
{
	return build_source_take(ctx, fd, file, err);
}

int vuln_builder_add(struct vuln_builder *b, const char *path, struct rf_err *err)
{
	const struct build_files files = {.take = take_here, .ctx = b};
	int rc;

	build_source_begin(b);
	rc = build_files_walk(path, &files, err);
	if (rc == RF_OK)
		rc = build_source_end(b, build_source_name(path), err);
	return rc < 0 ? rf_err_wrap(err, rc, "%s", path) : RF_OK;
}
