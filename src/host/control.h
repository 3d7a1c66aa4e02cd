/*
 * The control socket: one JSON object a line in, JSON lines out. Only root can reach it (its
 * directory is 0700, and the peer's uid is checked). A session ends with its first answer, unless
 * it watches: then it gets events, and may ask more. A line that is too long or is not what it
 * should be ends that session, not the supervisor. What can be asked is in host/requests.h.
 */
#ifndef RF_HOST_CONTROL_H
#define RF_HOST_CONTROL_H

#include "host/host_int.h"

#define CONTROL_MAX_LINE    ((size_t)64 << 20)
#define CONTROL_MAX_CLIENTS 64

/* A verb: writes one JSON object as its answer. */
struct control_verb {
	const char *name; /* NULL ends a table */
	void (*answer)(struct host *host, const struct doc_node *request, struct json_writer *w);
	bool keeps_watching; /* the session stays, and gets events from then on */
};

/* verbs must outlive it. */
int control_open(struct host *host, const struct control_verb *verbs, struct control **ret,
	struct rf_err *err) RF_MUST_USE;
void control_close(struct control *control);
/* Sends a line (a JSON object without its newline) to every watcher. NULL control is accepted. */
void control_broadcast(struct control *control, struct rf_str line);

/* --- the other side --- */

/* Connects; RF_EABSENT when no supervisor listens. Returns the descriptor. */
int control_connect(const struct instance *inst, struct rf_err *err) RF_MUST_USE;
/* Sends one request and reads one line of answer into out (without its newline). */
int control_ask(const struct instance *inst, struct rf_str request, struct rf_buf *out,
	struct rf_err *err) RF_MUST_USE;
/* Reads the next line from a connection, waiting; RF_EABSENT at its end. carry keeps what follows.
 */
int control_read_line(
	int fd, struct rf_buf *carry, struct rf_buf *out, struct rf_err *err) RF_MUST_USE;

#endif
