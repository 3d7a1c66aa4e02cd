/* RUN/settings: one line a setting, "path value", in the order in which they were changed. */
#include "host/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"

static char *record_path(const struct instance *inst)
{
	char *path;

	return asprintf(&path, "%s/settings", inst->run_dir) < 0 ? NULL : path;
}

static int remember(
	const struct instance *inst, const char *path, struct rf_str value, struct rf_err *err)
{
	AUTO_FREE char *record = record_path(inst);
	AUTO_BUF line = {0};
	AUTO_FD fd = -1;

	rf_buf_addf(&line, "%s " RF_STR_FMT "\n", path, RF_STR_ARG(value));
	if (!record || line.failed)
		return rf_err_nomem(err);
	fd = open(record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return rf_err_sys(err, errno, "open %s", record);
	return rf_fd_write_all(fd, line.data, line.len, err);
}

int setting_change(
	const struct instance *inst, const char *path, const char *value, struct rf_err *err)
{
	AUTO_FREE char *full = NULL;
	AUTO_BUF was = {.max = 4096};
	int rc;

	if (asprintf(&full, "/proc/sys/%s", path) < 0) {
		full = NULL;
		return rf_err_nomem(err);
	}
	rc = rf_file_read(full, &was, err);
	if (rc < 0)
		return rc;
	while (was.len && was.data[was.len - 1] == '\n')
		was.len--;
	if (rf_str_is(rf_buf_str(&was), value))
		return RF_OK;
	rc = remember(inst, path, rf_buf_str(&was), err);
	return rc < 0 ? rc : rf_file_write(full, value, err);
}

static void restore_line(struct rf_str line)
{
	struct rf_str path, value = rf_str_cut(line, ' ', &path);
	AUTO_BUF full = {0};
	AUTO_BUF text = {0};

	if (!value.ptr || !path.len)
		return;
	rf_buf_addf(&full, "/proc/sys/" RF_STR_FMT, RF_STR_ARG(path));
	rf_buf_add_str(&text, value);
	/* A setting that is gone with its link needs no restoring. */
	if (!full.failed && !text.failed &&
		rf_file_write(rf_buf_cstr(&full), rf_buf_cstr(&text), NULL) < 0)
		return;
}

int settings_restore(const struct instance *inst, struct rf_err *err)
{
	AUTO_FREE char *record = record_path(inst);
	AUTO_BUF text = {.max = 65536};
	struct rf_str rest, line;
	int rc;

	if (!record)
		return rf_err_nomem(err);
	rc = rf_file_read(record, &text, err);
	if (rc == RF_EABSENT)
		return RF_OK;
	if (rc < 0)
		return rc;
	for (rest = rf_buf_str(&text); rest.ptr && rest.len;) {
		rest = rf_str_cut(rest, '\n', &line);
		restore_line(line);
	}
	unlink(record);
	return RF_OK;
}
