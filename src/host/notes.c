/* STATE/ringfence.log: one line a note, with the time in UTC. */
#include "host/notes.h"

#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/control.h"

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
	if (host->log_fd >= 0 && !line.failed &&
		rf_fd_write_all(host->log_fd, line.data, line.len, NULL) < 0)
		rf_fd_closep(&host->log_fd); /* a full disk must not stop the fence */
	json_object_begin(&w);
	json_field_c(&w, "event", "note");
	json_field_c(&w, "text", text);
	json_object_end(&w);
	if (!event.failed)
		control_broadcast(host->control, rf_buf_str(&event));
}
