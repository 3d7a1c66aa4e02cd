/* The page of metrics, read back by the rules of Prometheus' text format (version 0.0.4). */
#include "tests/lib/tap.h"

#include <ctype.h>

#include "mesh/proxy/stats.h"

#define OWN "spiffe://shop.example/ns/default/sa/server"
#define WEB "spiffe://shop.example/ns/default/sa/web"

static struct proxy_stats first, second;
static struct rf_buf page;

static void begin(void)
{
	struct rf_err err;

	if (proxy_stats_init(&first, &err) < 0 || proxy_stats_init(&second, &err) < 0)
		abort();
}

static void end(void)
{
	proxy_stats_done(&first);
	proxy_stats_done(&second);
	rf_buf_done(&page);
}

static void write_page(int64_t now_s)
{
	struct proxy_stats *const all[] = {&first, &second};

	rf_buf_clear(&page);
	proxy_stats_write(&(struct stats_page){OWN, all, 2, now_s}, &page);
}

/* --- the format --- */

static size_t name_len(const char *at)
{
	size_t len = 0;

	while (isalnum((unsigned char)at[len]) || at[len] == '_' || at[len] == ':')
		len++;
	return isdigit((unsigned char)at[0]) ? 0 : len;
}

/* A label's value behind its opening quote; NULL when it is malformed. */
static const char *skip_value(const char *at)
{
	for (; *at && *at != '"'; at++) {
		if (*at == '\n')
			return NULL;
		if (*at == '\\' && !strchr("\\\"n", *++at))
			return NULL;
	}
	return *at == '"' ? at + 1 : NULL;
}

static const char *skip_labels(const char *at)
{
	while (at && *at != '}') {
		size_t len = name_len(at);

		if (!len || at[len] != '=' || at[len + 1] != '"')
			return NULL;
		at = skip_value(at + len + 2);
		if (at && *at == ',')
			at++;
		else if (at && *at != '}')
			return NULL;
	}
	return at ? at + 1 : NULL;
}

/* Of a family: "name", or with a histogram's suffix. */
static bool is_of(struct rf_str sample, struct rf_str family)
{
	struct rf_str rest = {sample.ptr + family.len, sample.len - family.len};

	return rf_str_starts(sample, family) &&
	       (rest.len == 0 || rf_str_is(rest, "_bucket") || rf_str_is(rest, "_sum") ||
		       rf_str_is(rest, "_count"));
}

static void check_format(void)
{
	const char *seen[64];
	size_t seen_count = 0;
	struct rf_str family = {"", 0};

	CHECK(page.len && page.data[page.len - 1] == '\n');
	for (const char *line = rf_buf_cstr(&page); *line; line = strchr(line, '\n') + 1) {
		const char *at = line;
		char *after;

		if (strncmp(line, "# HELP ", 7) == 0) {
			family = (struct rf_str){line + 7, name_len(line + 7)};
			for (size_t i = 0; i < seen_count; i++)
				CHECKF(strncmp(seen[i], family.ptr, family.len + 1) != 0,
					"a family twice: %.60s", line);
			seen[seen_count++] = family.ptr;
			continue;
		}
		if (strncmp(line, "# TYPE ", 7) == 0) {
			CHECKF(strncmp(line + 7, family.ptr, family.len + 1) == 0, "%.60s", line);
			continue;
		}
		CHECKF(is_of((struct rf_str){at, name_len(at)}, family), "%.60s", line);
		at += name_len(at);
		if (*at == '{')
			at = skip_labels(at + 1);
		CHECKF(at && *at == ' ', "labels: %.100s", line);
		if (!at)
			return;
		(void)strtod(at + 1, &after);
		CHECKF(after > at + 1 && *after == '\n', "a value: %.100s", line);
	}
}

static bool has(const char *line)
{
	AUTO_BUF text = {0};

	rf_buf_addf(&text, "\n%s\n", line);
	return strstr(rf_buf_cstr(&page), rf_buf_cstr(&text)) != NULL;
}

/* --- behaviours --- */

static void an_empty_page_is_well_formed(void)
{
	begin();
	write_page(0);
	check_format();
	CHECK(has("ringfence_connections_active 0"));
	CHECK(has("ringfence_handshakes_total{result=\"ok\",reason=\"\"} 0"));
	end();
}

static void threads_are_added_up(void)
{
	struct stats_peer *peer;

	begin();
	stats_add(&first.accepted, 2);
	stats_add(&second.accepted, 3);
	peer = proxy_stats_peer(&first, PROXY_SERVER, true, WEB);
	stats_add(&peer->opened, 1);
	stats_add(&peer->received, 10);
	CHECK(proxy_stats_peer(&first, PROXY_SERVER, true, WEB) == peer);
	peer = proxy_stats_peer(&second, PROXY_SERVER, true, WEB);
	stats_add(&peer->opened, 1);
	stats_add(&peer->received, 5);
	proxy_stats_refused(&first, "expired");
	proxy_stats_refused(&second, "expired");
	proxy_stats_refused(&second, "not-tls");
	write_page(0);
	check_format();
	CHECK(has("ringfence_connections_accepted_total 5"));
	CHECK(has("istio_tcp_received_bytes_total{reporter=\"destination\",source_principal=\"" WEB
		  "\",destination_principal=\"" OWN
		  "\",connection_security_policy=\"mutual_tls\",request_protocol=\"tcp\"} 15"));
	CHECK(has("ringfence_handshakes_total{result=\"refused\",reason=\"expired\"} 2"));
	CHECK(has("ringfence_handshakes_total{result=\"refused\",reason=\"not-tls\"} 1"));
	stats_add(&proxy_stats_peer(&first, PROXY_CLIENT, true, WEB)->opened, 1);
	stats_add(&proxy_stats_peer(&second, PROXY_CLIENT, true, WEB)->opened, 1);
	write_page(0);
	CHECK(has("istio_tcp_connections_opened_total{reporter=\"source\",source_principal=\"" OWN
		  "\",destination_principal=\"" WEB
		  "\",connection_security_policy=\"mutual_tls\",request_protocol=\"tcp\"} 2"));
	end();
}

static void labels_are_escaped(void)
{
	begin();
	stats_add(&proxy_stats_peer(&first, PROXY_SERVER, true, "a\"b\\c\nd} 1\n# x")->opened, 1);
	proxy_stats_denied(&first, "rule \"x\"\n\\");
	proxy_stats_refused(&first, "\\");
	write_page(0);
	check_format();
	CHECK(strstr(page.data, "source_principal=\"a\\\"b\\\\c\\nd} 1\\n# x\""));
	CHECK(has("ringfence_policy_denials_total{rule=\"rule \\\"x\\\"\\n\\\\\"} 1"));
	end();
}

static void a_histogram_counts_upwards(void)
{
	begin();
	proxy_stats_time(&first.handshake, 0);
	proxy_stats_time(&first.handshake, 250);
	proxy_stats_time(&second.handshake, 251);
	proxy_stats_time(&second.handshake, 100000000);
	write_page(0);
	check_format();
	CHECK(has("ringfence_handshake_duration_seconds_bucket{le=\"0.00025\"} 2"));
	CHECK(has("ringfence_handshake_duration_seconds_bucket{le=\"0.0005\"} 3"));
	CHECK(has("ringfence_handshake_duration_seconds_bucket{le=\"60\"} 3"));
	CHECK(has("ringfence_handshake_duration_seconds_bucket{le=\"+Inf\"} 4"));
	CHECK(has("ringfence_handshake_duration_seconds_count 4"));
	CHECK(has("ringfence_handshake_duration_seconds_sum 100.000501"));
	end();
}

static void certificates_are_due_in_the_last_third_of_their_life(void)
{
	begin();
	first.own_from_s = 1000;
	first.own_until_s = 4000;
	proxy_stats_saw(&first, proxy_stats_peer(&first, PROXY_SERVER, true, WEB), 0, 3100);
	write_page(2900);
	check_format();
	CHECK(has(
		"ringfence_certificate_expiry_seconds{owner=\"own\",principal=\"" OWN "\"} 4000"));
	CHECK(has(
		"ringfence_certificate_expiry_seconds{owner=\"peer\",principal=\"" WEB "\"} 3100"));
	CHECK(has("ringfence_certificate_due{owner=\"own\",principal=\"" OWN "\"} 0"));
	CHECK(has("ringfence_certificate_due{owner=\"peer\",principal=\"" WEB "\"} 1"));
	end();
}

static void peers_and_reasons_are_bounded(void)
{
	char text[64];

	begin();
	for (int i = 0; i < 3 * STATS_MAX_PEERS; i++) {
		snprintf(text, sizeof(text), "spiffe://shop.example/%d", i);
		stats_add(&proxy_stats_peer(&first, PROXY_SERVER, true, text)->opened, 1);
	}
	for (int i = 0; i < 3 * STATS_MAX_REASONS; i++) {
		snprintf(text, sizeof(text), "reason %d", i);
		proxy_stats_denied(&first, text);
	}
	CHECK_INT(first.peers[stats_kind(PROXY_SERVER, true)].count, STATS_MAX_PEERS);
	CHECK_INT(first.others.opened, 2 * STATS_MAX_PEERS);
	write_page(0);
	check_format();
	snprintf(text, sizeof(text), "ringfence_policy_denials_total{rule=\"other\"} %d",
		2 * STATS_MAX_REASONS + 1);
	CHECK(has(text));
	CHECK(strstr(page.data, "source_principal=\"other\""));
	end();
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(an_empty_page_is_well_formed);
	RUN(threads_are_added_up);
	RUN(labels_are_escaped);
	RUN(a_histogram_counts_upwards);
	RUN(certificates_are_due_in_the_last_third_of_their_life);
	RUN(peers_and_reasons_are_bounded);
	return TAP_END();
}
