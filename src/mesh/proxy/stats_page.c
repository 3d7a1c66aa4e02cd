/* The page: each family of metrics once, with its HELP and TYPE, then a line a label set. */
#include "base/vec.h"
#include "mesh/explain.h"
#include "mesh/proxy/stats_int.h"

/* The sums over all threads. */
struct totals {
	RF_VEC(struct stats_peer) peers;
	struct rf_map by_id[STATS_KINDS]; /* ID -> index in peers */
};

struct family {
	const char *name, *type, *help;
};

static void head(struct rf_buf *out, const struct family *family)
{
	rf_buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
		family->type);
}

/* A label's value: backslash, quote and line feed are escaped. */
static void add_value(struct rf_buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			rf_buf_add_char(out, '\\');
		if (*text == '\n')
			rf_buf_add_c(out, "\\n");
		else
			rf_buf_add_char(out, *text);
	}
}

static void add_label(
	struct rf_buf *out, const char *separator, const char *name, const char *value)
{
	rf_buf_addf(out, "%s%s=\"", separator, name);
	add_value(out, value);
	rf_buf_add_char(out, '"');
}

/* --- adding up --- */

static struct stats_peer *total_of(struct totals *totals, const struct stats_peer *peer)
{
	struct rf_map *by_id = &totals->by_id[stats_kind(peer->side, peer->mutual)];
	struct stats_peer *added;
	uintptr_t index;

	if (rf_map_get(by_id, rf_str_of(peer->id), &index))
		return &totals->peers.items[index];
	index = totals->peers.count;
	added = rf_vec_add(&totals->peers);
	if (!added || !rf_map_put(by_id, rf_str_of(peer->id), index))
		return NULL;
	added->id = peer->id;
	added->side = peer->side;
	added->mutual = peer->mutual;
	return added;
}

static void add_peer(struct totals *totals, const struct stats_peer *peer)
{
	struct stats_peer *total = total_of(totals, peer);

	if (!total)
		return;
	total->opened += stats_get(&peer->opened);
	total->closed += stats_get(&peer->closed);
	total->received += stats_get(&peer->received);
	total->sent += stats_get(&peer->sent);
	if (peer->until_s > total->until_s) {
		total->until_s = peer->until_s;
		total->from_s = peer->from_s;
	}
}

static void add_peers(struct totals *totals, const struct proxy_stats *stats)
{
	for (size_t kind = 0; kind < STATS_KINDS; kind++) {
		const struct rf_map *peers = &stats->peers[kind];

		for (size_t i = 0; i < peers->cap; i++) {
			if (peers->slots[i].key.ptr)
				add_peer(totals, (const struct stats_peer *)peers->slots[i].value);
		}
	}
	if (stats_get(&stats->others.opened))
		add_peer(totals, &stats->others);
}

RF_VEC_TYPE(reasons, struct stats_reason);

static void add_reason(struct reasons *sums, const struct stats_reason *reason)
{
	rf_vec_each (it, sums) {
		if (strcmp(it->text, reason->text) == 0) {
			it->count += stats_get(&reason->count);
			return;
		}
	}
	(void)rf_vec_push(sums,
		((struct stats_reason){.text = reason->text, .count = stats_get(&reason->count)}));
}

/* How a list of reasons is shown. */
struct listing {
	const struct family *family;
	bool with_head, denied;
	const char *labels; /* in front of the reason */
	const char *label;  /* the reason's */
};

static void write_reasons(
	const struct stats_page *page, const struct listing *listing, struct rf_buf *out)
{
	struct reasons sums = {0};

	for (size_t i = 0; i < page->count; i++) {
		const struct stats_reason *list =
			listing->denied ? page->stats[i]->denied : page->stats[i]->refused;

		for (size_t j = 0; j < STATS_MAX_REASONS && list[j].text; j++)
			add_reason(&sums, &list[j]);
	}
	if (listing->with_head)
		head(out, listing->family);
	rf_vec_each (it, &sums) {
		rf_buf_addf(out, "%s{%s", listing->family->name, listing->labels);
		add_label(out, listing->labels[0] ? "," : "", listing->label, it->text);
		rf_buf_addf(out, "} %llu\n", (unsigned long long)it->count);
	}
	rf_vec_done(&sums);
}

/* --- families --- */

static uint64_t sum(const struct stats_page *page, size_t offset)
{
	uint64_t total = 0;

	for (size_t i = 0; i < page->count; i++)
		total += stats_get(
			(const uint64_t *)(const void *)((const char *)page->stats[i] + offset));
	return total;
}

static void write_sums(const struct stats_page *page, struct rf_buf *out)
{
	static const struct {
		struct family family;
		size_t offset;
	} rows[] = {
		{{"ringfence_connections_accepted_total", "counter",
			 "Connections that were accepted, before anything was read of them."},
			offsetof(struct proxy_stats, accepted)},
		{{"ringfence_connections_active", "gauge", "Connections that are open now."},
			offsetof(struct proxy_stats, active)},
		{{"ringfence_connections_limited_total", "counter",
			 "Connections that were closed because a limit was met."},
			offsetof(struct proxy_stats, limited)},
		{{"ringfence_handshakes_resumed_total", "counter",
			 "Handshakes that took up an earlier session."},
			offsetof(struct proxy_stats, resumed)},
		{{"ringfence_connect_failures_total", "counter",
			 "Connections whose target could not be reached."},
			offsetof(struct proxy_stats, connect_failures)},
		{{"ringfence_pending_bytes", "gauge", "Bytes that wait for slow readers."},
			offsetof(struct proxy_stats, pending_bytes)},
		{{"ringfence_certificate_changes_total", "counter",
			 "How often the own certificate was replaced."},
			offsetof(struct proxy_stats, identity_changes)},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		head(out, &rows[i].family);
		rf_buf_addf(out, "%s %llu\n", rows[i].family.name,
			(unsigned long long)sum(page, rows[i].offset));
	}
}

static void write_histogram(const struct stats_page *page, const struct family *family,
	size_t offset, struct rf_buf *out)
{
	uint64_t count = 0, us;

	head(out, family);
	for (size_t i = 0; i <= STATS_BUCKETS; i++) {
		count += sum(page,
			offset + offsetof(struct stats_histogram, buckets) + i * sizeof(uint64_t));
		if (i < STATS_BUCKETS)
			rf_buf_addf(out, "%s_bucket{le=\"%g\"} %llu\n", family->name,
				(double)stats_bounds_us[i] / 1e6, (unsigned long long)count);
		else
			rf_buf_addf(out, "%s_bucket{le=\"+Inf\"} %llu\n", family->name,
				(unsigned long long)count);
	}
	us = sum(page, offset + offsetof(struct stats_histogram, sum_us));
	rf_buf_addf(out, "%s_sum %.6f\n%s_count %llu\n", family->name, (double)us / 1e6,
		family->name, (unsigned long long)count);
}

/* Istio's names: reporter, source and destination, and how the connection is secured. */
static void istio_labels(
	const struct stats_page *page, const struct stats_peer *peer, struct rf_buf *out)
{
	bool server = peer->side == PROXY_SERVER;

	add_label(out, "{", "reporter", server ? "destination" : "source");
	add_label(out, ",", "source_principal", server ? peer->id : page->own_id);
	add_label(out, ",", "destination_principal", server ? page->own_id : peer->id);
	add_label(out, ",", "connection_security_policy", peer->mutual ? "mutual_tls" : "none");
	add_label(out, ",", "request_protocol", "tcp");
	rf_buf_add_char(out, '}');
}

static void write_peers(
	const struct stats_page *page, const struct totals *totals, struct rf_buf *out)
{
	static const struct {
		struct family family;
		size_t offset;
	} rows[] = {
		{{"istio_tcp_connections_opened_total", "counter", "Connections that were opened."},
			offsetof(struct stats_peer, opened)},
		{{"istio_tcp_connections_closed_total", "counter", "Connections that have ended."},
			offsetof(struct stats_peer, closed)},
		{{"istio_tcp_received_bytes_total", "counter",
			 "Bytes of requests: from the source to the destination."},
			offsetof(struct stats_peer, received)},
		{{"istio_tcp_sent_bytes_total", "counter",
			 "Bytes of responses: from the destination to the source."},
			offsetof(struct stats_peer, sent)},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		head(out, &rows[i].family);
		rf_vec_each (peer, &totals->peers) {
			rf_buf_add_c(out, rows[i].family.name);
			istio_labels(page, peer, out);
			rf_buf_addf(out, " %llu\n",
				(unsigned long long)*(
					const uint64_t *)(const void *)((const char *)peer +
									rows[i].offset));
		}
	}
}

struct expiry {
	const char *owner, *id;
	int64_t from_s, until_s;
};

static void write_expiry_line(
	struct rf_buf *out, const char *name, const struct expiry *expiry, int64_t value)
{
	rf_buf_add_c(out, name);
	add_label(out, "{", "owner", expiry->owner);
	add_label(out, ",", "principal", expiry->id);
	rf_buf_addf(out, "} %lld\n", (long long)value);
}

static void write_expiries(
	const struct stats_page *page, const struct totals *totals, struct rf_buf *out)
{
	static const struct family until = {"ringfence_certificate_expiry_seconds", "gauge",
		"When a certificate expires, seconds since 1970: the own one, and those seen on "
		"handshakes."};
	static const struct family due = {"ringfence_certificate_due", "gauge",
		"1 when less than a third of a certificate's lifetime is left."};
	RF_VEC(struct expiry) list = {0};

	if (page->count && page->stats[0]->own_until_s)
		(void)rf_vec_push(
			&list, ((struct expiry){"own", page->own_id, page->stats[0]->own_from_s,
				       page->stats[0]->own_until_s}));
	rf_vec_each (peer, &totals->peers) {
		if (peer->until_s)
			(void)rf_vec_push(&list,
				((struct expiry){"peer", peer->id, peer->from_s, peer->until_s}));
	}
	head(out, &until);
	rf_vec_each (it, &list)
		write_expiry_line(out, until.name, it, it->until_s);
	head(out, &due);
	rf_vec_each (it, &list)
		write_expiry_line(
			out, due.name, it, cert_is_due(it->from_s, it->until_s, page->now_s));
	rf_vec_done(&list);
}

static void write_handshakes(const struct stats_page *page, struct rf_buf *out)
{
	static const struct family handshakes = {
		"ringfence_handshakes_total", "counter", "TLS handshakes by result and reason."};
	static const struct family denials = {"ringfence_policy_denials_total", "counter",
		"Connections of good certificates that a rule denied."};

	head(out, &handshakes);
	rf_buf_addf(out, "%s{result=\"ok\",reason=\"\"} %llu\n", handshakes.name,
		(unsigned long long)sum(page, offsetof(struct proxy_stats, handshakes)));
	write_reasons(page,
		&(struct listing){
			.family = &handshakes, .labels = "result=\"refused\"", .label = "reason"},
		out);
	write_reasons(page,
		&(struct listing){.family = &denials,
			.with_head = true,
			.denied = true,
			.labels = "",
			.label = "rule"},
		out);
}

void proxy_stats_write(const struct stats_page *page, struct rf_buf *out)
{
	static const struct family handshake = {"ringfence_handshake_duration_seconds", "histogram",
		"From a connection's first byte to the end of its handshake."};
	static const struct family connection = {"ringfence_connection_duration_seconds",
		"histogram", "From a connection's beginning to its end."};
	struct totals totals = {0};

	for (size_t i = 0; i < page->count; i++)
		pthread_mutex_lock(&page->stats[i]->lock);
	for (size_t i = 0; i < page->count; i++)
		add_peers(&totals, page->stats[i]);
	write_peers(page, &totals, out);
	write_sums(page, out);
	write_handshakes(page, out);
	write_histogram(page, &handshake, offsetof(struct proxy_stats, handshake), out);
	write_histogram(page, &connection, offsetof(struct proxy_stats, connection), out);
	write_expiries(page, &totals, out);
	for (size_t i = 0; i < page->count; i++)
		pthread_mutex_unlock(&page->stats[i]->lock);
	rf_vec_done(&totals.peers);
	for (size_t i = 0; i < STATS_KINDS; i++)
		rf_map_done(&totals.by_id[i]);
}
