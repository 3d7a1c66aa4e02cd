/* The parts of `up`. */
#ifndef RF_CMD_UP_H
#define RF_CMD_UP_H

#include <sys/types.h>

#include "cmd/live.h"

/* --- watching the supervisor (up_watch.c) --- */

struct up_watch_opts {
	const struct instance *inst;
	const char *run_dir; /* as it was given, or NULL */
	pid_t supervisor;    /* a child */
	bool detach, quiet;
	uint64_t timeout_s; /* of detach */
};

/*
 * Until the supervisor ends or a signal asks to stop, which takes everything down; with detach
 * until all pods are ready or the time is over. Returns the exit status.
 */
int up_watch(const struct up_watch_opts *opts) RF_MUST_USE;

/* --- what pods lack (up_pods.c) --- */

struct up_pod {
	char *name;	   /* "namespace/name" */
	char *lack;	   /* why it is not ready; NULL: it is, or has done its work */
	char *told;	   /* the lack that news has told last */
	uint64_t since_ms; /* when lack became what it is */
	bool explained;	   /* lack is the supervisor's reason, and not just the pod's phase */
	bool final;	   /* it stays as it is */
};

struct up_pods {
	RF_VEC_TYPE(up_pod_list, struct up_pod) list;
	unsigned ready_count;
};

void up_pods_done(struct up_pods *pods);

/* Takes what a status answer says. False when memory ran out; pods are as they were then. */
bool up_pods_take(struct up_pods *pods, const struct doc_node *status, uint64_t now_ms) RF_MUST_USE;

/* "3 of 4 pods ready, 7 s: default/a (it ended with status 1)", within columns. */
void up_pods_progress(
	const struct up_pods *pods, uint64_t elapsed_ms, size_t columns, struct rf_buf *out);

/*
 * A line for each pod that has not been ready for some seconds, or never will be, and for each of
 * them that is ready again; each is told once.
 */
void up_pods_news(struct up_pods *pods, uint64_t now_ms, struct rf_buf *out);

#endif
