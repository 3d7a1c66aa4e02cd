/* RUN/settings: one line a setting, "path value", in the order in which they were changed. */
#include "host/settings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

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

/* A machine that forwards IPv6 takes no router advertisements, unless a link is told to. */
static int keep_advertisements(const struct instance *inst, struct rf_err *err)
{
	CLEANUP(dir_closep) DIR *dir = opendir("/proc/sys/net/ipv6/conf");
	const struct dirent *entry;
	int rc = RF_OK;

	if (!dir)
		return rf_err_sys(err, errno, "open /proc/sys/net/ipv6/conf");
	while (rc == RF_OK && (entry = readdir(dir))) {
		AUTO_BUF path = {0};
		AUTO_BUF full = {0};
		AUTO_BUF was = {.max = 64};

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "all") == 0 ||
			strcmp(entry->d_name, "default") == 0)
			continue;
		rf_buf_addf(&path, "net/ipv6/conf/%s/accept_ra", entry->d_name);
		rf_buf_addf(&full, "/proc/sys/%s", rf_buf_cstr(&path));
		if (rf_file_read(rf_buf_cstr(&full), &was, NULL) == RF_OK &&
			rf_str_is(rf_buf_str(&was), "1\n"))
			rc = setting_change(inst, rf_buf_cstr(&path), "2", err);
	}
	return rc;
}

int settings_forward(const struct instance *inst, bool ipv6, struct rf_err *err)
{
	AUTO_BUF was = {.max = 64};
	int rc = setting_change(inst, "net/ipv4/ip_forward", "1", err);

	if (rc == RF_OK && ipv6)
		rc = rf_file_read("/proc/sys/net/ipv6/conf/all/forwarding", &was, err);
	if (rc < 0 || !ipv6)
		return rc;
	if (rf_str_is(rf_buf_str(&was), "0\n"))
		rc = keep_advertisements(inst, err);
	return rc < 0 ? rc : setting_change(inst, "net/ipv6/conf/all/forwarding", "1", err);
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

/* Text up to its last newline: a line without one was not written to its end, and not acted on. */
static struct rf_str whole_lines(struct rf_str text)
{
	const char *end = text.len ? memrchr(text.ptr, '\n', text.len) : NULL;

	text.len = end ? (size_t)(end - text.ptr) + 1 : 0;
	return text;
}

/* The last of whole lines, without its newline; text loses it. */
static struct rf_str take_last(struct rf_str *text)
{
	struct rf_str before = whole_lines((struct rf_str){text->ptr, text->len - 1});
	struct rf_str line = {text->ptr + before.len, text->len - before.len - 1};

	text->len = before.len;
	return line;
}

int settings_restore(const struct instance *inst, struct rf_err *err)
{
	AUTO_FREE char *record = record_path(inst);
	AUTO_BUF text = {.max = 65536};
	struct rf_str rest;
	int rc;

	if (!record)
		return rf_err_nomem(err);
	rc = rf_file_read(record, &text, err);
	if (rc == RF_EABSENT)
		return RF_OK;
	if (rc < 0)
		return rc;
	/* From the end: a setting that was changed twice ends as it was at first. */
	rest = whole_lines(rf_buf_str(&text));
	while (rest.len)
		restore_line(take_last(&rest));
	unlink(record);
	return RF_OK;
}
