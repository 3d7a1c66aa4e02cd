/* What the supervisor has to say: a line in its log, and an event for whoever watches. */
#ifndef RF_HOST_NOTES_H
#define RF_HOST_NOTES_H

#include "host/host_int.h"

/* {"event":"note","text":"..."}; at most 1023 bytes of text. */
void host_note(struct host *host, const char *fmt, ...) RF_PRINTF(2, 3);

/* Appends a line (with its newline) to STATE/NAME, which is kept below 64 MiB. */
void host_log(const struct host *host, const char *name, struct rf_str line);

#endif
