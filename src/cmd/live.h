/* What the verbs that talk to a running Ringfence share. */
#ifndef RF_CMD_LIVE_H
#define RF_CMD_LIVE_H

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "doc/json.h"
#include "doc/read.h"
#include "host/control.h"

struct live_opts {
	const char *run_dir, *state_dir;
};

/* Option rows for a struct with a member `live` of type struct live_opts. */
#define LIVE_ROWS(type)                                                                            \
	{"run-dir", 0, OPT_TEXT, offsetof(type, live.run_dir), "DIRECTORY",                        \
		"Where the running Ringfence keeps its socket, instead of /run/ringfence.", NULL}, \
	{                                                                                          \
		"state-dir", 0, OPT_TEXT, offsetof(type, live.state_dir), "DIRECTORY",             \
			"Where images, logs and writable layers are kept, instead of "             \
			"/var/lib/ringfence.",                                                     \
			NULL                                                                       \
	}

/* An answer of the supervisor: freed as a whole. */
struct live_answer {
	struct rf_buf text;
	struct rf_arena *arena;
	const struct doc_node *root;
};
void live_answer_done(struct live_answer *answer);
#define AUTO_ANSWER CLEANUP(live_answer_done) struct live_answer

/* Asks and parses. 0, or the exit status after the error was printed. */
int live_ask(
	const struct live_opts *opts, struct rf_str request, struct live_answer *ret) RF_MUST_USE;
/* Parses one JSON line that the supervisor sent; false when it is not JSON. */
bool live_parse(struct rf_str line, struct live_answer *ret) RF_MUST_USE;

/* The text, number or truth of a field; "" / 0 / false when it is not there. */
const char *live_text(const struct doc_node *node, const char *key);
int64_t live_number(const struct doc_node *node, const char *key);
bool live_truth(const struct doc_node *node, const char *key);

/* The pod of a status answer by "namespace/name", or "name" in the namespace default; also by
 * its workload's name where that is unique. NULL after an error was printed. */
const struct doc_node *live_find_pod(const struct doc_node *status, const char *name);

/* --- logs (logs.c) --- */

struct log_follow; /* a set of log files, read as they grow */

struct log_follow *log_follow_new(bool colour) RF_MUST_USE;
void log_follow_free(struct log_follow *follow);
/* prefix is put before each line ("" for none). A file already known is left as it is. */
int log_follow_add(struct log_follow *follow, const char *path, const char *prefix,
	bool from_start) RF_MUST_USE;
/* Prints what has come since the last call. */
void log_follow_poll(struct log_follow *follow);
/* Ends a line that has been printed in part; its rest begins with the prefix again. */
void log_follow_end_line(struct log_follow *follow);

#endif
