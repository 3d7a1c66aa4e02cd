/*
 * STATE/ringfence.log has one line a note, with the time in UTC. A log that has grown to LOG_MAX
 * becomes NAME.1, in the place of the one before.
 */
#include "host/notes.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/control.h"

#define LOG_MAX ((off_t)64 << 20)

static void rotate(const char *path)
{
	AUTO_FREE char *old = NULL;
	struct stat st;

	if (stat(path, &st) < 0 || st.st_size < LOG_MAX)
		return;
	if (asprintf(&old, "%s.1", path) < 0)
		old = NULL;
	if (!old || rename(path, old) < 0)
		unlink(path); /* the newest lines are worth more than the oldest */
}

void host_log(const struct host *host, const char *name, struct rf_str line)
{
	AUTO_FREE char *path = NULL;
	AUTO_FD fd = -1;

	if (asprintf(&path, "%s/%s", host->inst.state_dir, name) < 0) {
		path = NULL;
		return;
	}
	rotate(path);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	/* A full disk must not stop the fence. */
	if (fd >= 0 && rf_fd_write_all(fd, line.ptr, line.len, NULL) < 0)
		return;
}

void host_note(struct host *host, const char *fmt, ...)
{
	AUTO_BUF event = {0};
	AUTO_BUF line = {0};
	struct json_writer w = {.out = &event};
	char text[1024], when[32];
	time_t now = time(NULL);
	struct tm tm;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	rf_buf_addf(&line, "%s %s\n", when, text);
	if (!line.failed)
		host_log(host, "ringfence.log", rf_buf_str(&line));
	json_object_begin(&w);
	json_field_c(&w, "event", "note");
	json_field_c(&w, "text", text);
	json_object_end(&w);
	if (!event.failed)
		control_broadcast(host->control, rf_buf_str(&event));
}
