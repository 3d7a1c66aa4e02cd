/*
 * What a proxy counts, in Prometheus' text format (version 0.0.4): each thread has a struct
 * proxy_stats, which it alone changes; whoever writes the page adds them up. Label names are
 * Istio's where it has the metric (istio.io/docs/reference/config/metrics), ringfence_ else.
 */
#ifndef RF_MESH_PROXY_STATS_H
#define RF_MESH_PROXY_STATS_H

#include <pthread.h>

#include "base/buf.h"
#include "base/map.h"
#include "mesh/proxy/settings.h"

#define STATS_MAX_PEERS	  1000 /* IDs with counters of their own; the rest is together */
#define STATS_MAX_REASONS 128
#define STATS_BUCKETS	  14

struct stats_histogram {
	uint64_t buckets[STATS_BUCKETS + 1]; /* the last is +Inf */
	uint64_t sum_us;
};

/* One that was seen on a handshake. */
struct stats_peer {
	char *id;
	enum proxy_side side; /* ours */
	bool mutual;	      /* TLS with both certificates; else plain, and the ID is "" */
	uint64_t opened, closed, received, sent;
	int64_t from_s, until_s; /* of the last certificate */
};

/* Peers are counted by our side, and by whether there is TLS with them. */
#define STATS_KINDS 4
static inline size_t stats_kind(enum proxy_side side, bool mutual)
{
	return (size_t)side * 2 + mutual;
}

struct stats_reason {
	char *text;
	uint64_t count;
};

struct proxy_stats {
	pthread_mutex_t lock;		  /* of the lists; counters are read without */
	struct rf_map peers[STATS_KINDS]; /* id -> struct stats_peer *; by stats_kind() */
	struct stats_peer others;
	struct stats_reason refused[STATS_MAX_REASONS]; /* handshakes, by reason */
	struct stats_reason denied[STATS_MAX_REASONS];	/* by the rule that decided */
	uint64_t accepted, handshakes, resumed, connect_failures, limited, active, pending_bytes;
	uint64_t identity_changes;
	uint64_t drained; /* 1 once its listening sockets are not used any more */
	int64_t own_from_s, own_until_s;
	struct stats_histogram handshake, connection;
};

int proxy_stats_init(struct proxy_stats *stats, struct rf_err *err) RF_MUST_USE;
void proxy_stats_done(struct proxy_stats *stats);

/* The thread's own: relaxed, so that a reader sees whole numbers. */
static inline void stats_add(uint64_t *counter, uint64_t value)
{
	__atomic_store_n(
		counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + value, __ATOMIC_RELAXED);
}
static inline void stats_set(uint64_t *gauge, uint64_t value)
{
	__atomic_store_n(gauge, value, __ATOMIC_RELAXED);
}
static inline uint64_t stats_get(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* Never NULL. */
struct stats_peer *proxy_stats_peer(
	struct proxy_stats *stats, enum proxy_side side, bool mutual, const char *id);
void proxy_stats_saw(
	struct proxy_stats *stats, struct stats_peer *peer, int64_t from_s, int64_t until_s);
void proxy_stats_refused(struct proxy_stats *stats, const char *reason);
void proxy_stats_denied(struct proxy_stats *stats, const char *rule);
void proxy_stats_time(struct stats_histogram *histogram, uint64_t us);

struct stats_page {
	const char *own_id;
	struct proxy_stats *const *stats; /* of all threads */
	size_t count;
	int64_t now_s;
};
/* Appends the whole page. */
void proxy_stats_write(const struct stats_page *page, struct rf_buf *out);

#endif
