/*
 * One thread of a proxy: an event loop with its own listening sockets, buffers, TLS contexts and
 * counters. Threads share nothing but a state, which they take up when they are woken.
 */
#ifndef RF_MESH_PROXY_WORKER_H
#define RF_MESH_PROXY_WORKER_H

#include "mesh/proxy/state.h"
#include "mesh/proxy/stats.h"

struct worker;

struct worker_listener {
	int fd; /* a listening socket, borrowed */
	enum proxy_side side;
};

struct worker_opts {
	const struct proxy_settings *settings;	 /* borrowed */
	const struct worker_listener *listeners; /* at most PROXY_MAX_LISTENERS */
	size_t listener_count;
	int log_fd;		  /* access log, opened for appending; -1: none */
	uint64_t max_connections; /* of this thread */
	uint64_t max_pending;
};

/* Starts the thread. It accepts nothing before it was given a state with certificates. */
int proxy_worker_start(
	const struct worker_opts *opts, struct worker **ret, struct rf_err *err) RF_MUST_USE;
/* From another thread: takes up the state (counted anew) soon. */
void proxy_worker_publish(struct worker *worker, struct proxy_state *state);
/* Closes all that is open, ends the thread, frees. NULL is accepted. */
void proxy_worker_stop(struct worker *worker);

/* The worker's; to be read by any thread. */
struct proxy_stats *proxy_worker_stats(struct worker *worker);

#endif
