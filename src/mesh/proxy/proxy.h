/*
 * A proxy as a process: whoever has the keys, files and listening sockets starts it, tells it what
 * to do over a channel, and may change that at any time. The process itself has no privileges, no
 * files and no way to listen; it meets the network's bytes (role "mesh-proxy", design section 4).
 */
#ifndef RF_MESH_PROXY_PROXY_H
#define RF_MESH_PROXY_PROXY_H

#include <sys/types.h>

#include "mesh/proxy/settings.h"
#include "mesh/proxy/worker.h"

struct proxy;

struct proxy_opts {
	const struct proxy_settings *settings;
	const struct worker_listener
		*listeners;    /* thread 1's, then thread 2's, ...: listener_count for each */
	size_t listener_count; /* of one thread */
	unsigned threads;
	int metrics_fds[PROXY_MAX_METRICS]; /* listening sockets, each with the page */
	size_t metrics_count;
	int log_fd; /* opened for appending; -1: none */
	/* Of a pod (settings->sidecar), else -1. It has an identity of its own then, and lives on
	 * when who has started it dies. */
	int netns_fd;  /* the pod's network namespace */
	int keeper_fd; /* keeper_add_client() */
};

/*
 * Starts the process. Descriptors stay the caller's. It accepts nothing until it has certificates
 * and, for a client or server, a target.
 */
int proxy_start(const struct proxy_opts *opts, struct proxy **ret, struct rf_err *err) RF_MUST_USE;
/* Kills it. NULL is accepted. */
void proxy_free(struct proxy *proxy);
void proxy_freep(struct proxy **proxy);
#define AUTO_PROXY CLEANUP(proxy_freep) struct proxy
pid_t proxy_pid(const struct proxy *proxy);
/* Becomes readable when the process has ended; one that says something unasked is no better. */
int proxy_channel(const struct proxy *proxy);

/*
 * Each waits for the answer, which comes before live connections notice, two seconds at most.
 * RF_EINPUT: what was given is wrong, and nothing has changed; RF_EIO: the process has gone, or
 * did not answer: then it is killed, and its channel says so.
 */
int proxy_set_certs(struct proxy *proxy, struct rf_str cert, struct rf_str key, struct rf_str roots,
	struct rf_err *err) RF_MUST_USE;
int proxy_set_targets(struct proxy *proxy, const struct endpoint *targets, size_t count,
	struct rf_err *err) RF_MUST_USE;
/* As proxy_rules_new(). */
int proxy_set_ids(struct proxy *proxy, const struct rf_str *ids, size_t count,
	struct rf_err *err) RF_MUST_USE;
/* sidecar_begin() and what follows it. */
int proxy_set_sidecar(struct proxy *proxy, struct rf_str payload, struct rf_err *err) RF_MUST_USE;
/* proxy_policy_write(); replaces the IDs. */
int proxy_set_policy(struct proxy *proxy, struct rf_str payload, struct rf_err *err) RF_MUST_USE;
/* Another client of the keeper (keeper_add_client), or of another keeper; renews at once. */
int proxy_set_keeper(struct proxy *proxy, int keeper_fd, struct rf_err *err) RF_MUST_USE;
/* Accepts nothing any more; the process ends when its connections have, drain_ms later at most. */
int proxy_drain(struct proxy *proxy, struct rf_err *err) RF_MUST_USE;
/* Ends it, whatever it does. RF_OK when it had ended as it should, else err says how. */
int proxy_end(struct proxy *proxy, struct rf_err *err) RF_MUST_USE;

#endif
