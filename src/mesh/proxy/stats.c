/* Counting: the lists grow under their lock, as the writer of the page walks them. */
#include "mesh/proxy/stats.h"

#include "mesh/explain.h"
#include "mesh/proxy/stats_int.h"

const uint64_t stats_bounds_us[STATS_BUCKETS] = {250, 500, 1000, 2500, 5000, 10000, 25000, 50000,
	100000, 250000, 500000, 1000000, 5000000, 60000000};

int proxy_stats_init(struct proxy_stats *stats, struct rf_err *err)
{
	memset(stats, 0, sizeof(*stats));
	stats->others.id = rf_str_dup(RF_STR("other"));
	if (!stats->others.id)
		return rf_err_nomem(err);
	pthread_mutex_init(&stats->lock, NULL);
	return RF_OK;
}

static void free_reasons(struct stats_reason *list)
{
	for (size_t i = 0; i < STATS_MAX_REASONS; i++)
		free(list[i].text);
}

static void free_peers(struct rf_map *peers)
{
	for (size_t i = 0; i < peers->cap; i++) {
		struct stats_peer *peer = (struct stats_peer *)peers->slots[i].value;

		if (!peers->slots[i].key.ptr)
			continue;
		free(peer->id);
		free(peer);
	}
	rf_map_done(peers);
}

void proxy_stats_done(struct proxy_stats *stats)
{
	for (size_t i = 0; i < STATS_KINDS; i++)
		free_peers(&stats->peers[i]);
	free_reasons(stats->refused);
	free_reasons(stats->denied);
	free(stats->others.id);
	pthread_mutex_destroy(&stats->lock);
}

static struct stats_peer *add_peer(
	struct proxy_stats *stats, enum proxy_side side, bool mutual, const char *id)
{
	struct rf_map *peers = &stats->peers[stats_kind(side, mutual)];
	struct stats_peer *peer;
	bool added;

	if (peers->count >= STATS_MAX_PEERS)
		return &stats->others;
	peer = calloc(1, sizeof(*peer));
	if (peer)
		peer->id = rf_str_dup(rf_str_of(id));
	if (!peer || !peer->id) {
		free(peer);
		return &stats->others;
	}
	peer->side = side;
	peer->mutual = mutual;
	pthread_mutex_lock(&stats->lock);
	added = rf_map_put_ptr(peers, rf_str_of(peer->id), peer);
	pthread_mutex_unlock(&stats->lock);
	if (added)
		return peer;
	free(peer->id);
	free(peer);
	return &stats->others;
}

struct stats_peer *proxy_stats_peer(
	struct proxy_stats *stats, enum proxy_side side, bool mutual, const char *id)
{
	struct stats_peer *peer =
		rf_map_get_ptr(&stats->peers[stats_kind(side, mutual)], rf_str_of(id));

	return peer ? peer : add_peer(stats, side, mutual, id);
}

void proxy_stats_saw(
	struct proxy_stats *stats, struct stats_peer *peer, int64_t from_s, int64_t until_s)
{
	if (peer->until_s == until_s && peer->from_s == from_s)
		return;
	pthread_mutex_lock(&stats->lock);
	peer->from_s = from_s;
	peer->until_s = until_s;
	pthread_mutex_unlock(&stats->lock);
}

/* The last place is for all that find none of their own. */
static void count_reason(struct proxy_stats *stats, struct stats_reason *list, const char *text)
{
	size_t i = 0;

	while (i < STATS_MAX_REASONS - 1 && list[i].text && strcmp(list[i].text, text) != 0)
		i++;
	if (!list[i].text) {
		char *copy =
			rf_str_dup(i < STATS_MAX_REASONS - 1 ? rf_str_of(text) : RF_STR("other"));

		pthread_mutex_lock(&stats->lock);
		list[i].text = copy;
		pthread_mutex_unlock(&stats->lock);
	}
	stats_add(&list[i].count, 1);
}

void proxy_stats_refused(struct proxy_stats *stats, const char *reason)
{
	count_reason(stats, stats->refused, reason);
}

void proxy_stats_denied(struct proxy_stats *stats, const char *rule)
{
	count_reason(stats, stats->denied, rule);
}

void proxy_stats_time(struct stats_histogram *histogram, uint64_t us)
{
	size_t i = 0;

	while (i < STATS_BUCKETS && us > stats_bounds_us[i])
		i++;
	stats_add(&histogram->buckets[i], 1);
	stats_add(&histogram->sum_us, us);
}
