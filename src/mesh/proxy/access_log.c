/* A line of JSON for each connection, when it has ended; whole lines in a write. */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "doc/json.h"
#include "mesh/proxy/worker_int.h"

#define LOG_MAX ((size_t)1 << 20) /* bytes that wait; then lines are lost */

static void add_time(struct json_writer *w)
{
	struct timespec now;
	char text[40];
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!gmtime_r(&now.tv_sec, &tm))
		return;
	len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + len, sizeof(text) - len, ".%03ldZ", now.tv_nsec / 1000000);
	json_field_c(w, "time", text);
}

static void add_endpoint(struct json_writer *w, const char *key, const struct endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_SIZE];

	if (endpoint->len)
		json_field_c(w, key, endpoint_text(endpoint, text));
}

static void add_tls(struct json_writer *w, const struct wire_engine *tls)
{
	const struct wire_peer *peer = wire_engine_peer(tls);

	if (!peer)
		return;
	json_field_c(w, "tls", wire_engine_version(tls));
	json_field_c(w, "cipher", wire_engine_cipher(tls));
	json_field_bool(w, "resumed", wire_engine_resumed(tls));
	if (wire_engine_server_name(tls))
		json_field_c(w, "serverName", wire_engine_server_name(tls));
	if (!peer->id[0])
		json_field_c(w, "subject", peer->subject);
}

static void add_identities(struct json_writer *w, const struct conn *conn)
{
	const struct worker *worker = conn->worker;
	bool server = conn->side == PROXY_SERVER;
	const struct wire_engine *tls = server ? conn->down.tls : conn->up.tls;
	const struct wire_peer *peer = tls ? wire_engine_peer(tls) : NULL;
	const char *own = worker->identity ? wire_identity_id(worker->identity) : "";

	json_field_c(w, "sourceId", server ? (peer ? peer->id : "") : own);
	json_field_c(w, "destinationId", server ? own : (peer ? peer->id : ""));
	if (tls)
		add_tls(w, tls);
}

void worker_log_conn(struct worker *worker, const struct conn *conn)
{
	struct json_writer w = {.out = &worker->log};

	if (worker->opts.log_fd < 0 || worker->log.len >= LOG_MAX)
		return;
	json_object_begin(&w);
	add_time(&w);
	json_field_c(&w, "side", conn->side == PROXY_SERVER ? "server" : "client");
	add_endpoint(&w, "source", &conn->source);
	add_endpoint(&w, "destination", &conn->local);
	add_endpoint(&w, "target", &conn->dialled);
	add_identities(&w, conn);
	json_field_int(&w, "received", (int64_t)conn->received);
	json_field_int(&w, "sent", (int64_t)conn->sent);
	json_field_int(&w, "durationMs", (int64_t)((worker_now_us() - conn->opened_us) / 1000));
	json_field_c(&w, "result", conn->result ? conn->result : "ok");
	if (conn->rule && conn->rule[0])
		json_field_c(&w, "rule", conn->rule);
	if (conn->note)
		json_field_c(&w, "note", conn->note);
	json_object_end(&w);
	rf_buf_add_char(&worker->log, '\n');
	if (worker->log.len >= LOG_FLUSH)
		worker_log_flush(worker);
}

void worker_log_flush(struct worker *worker)
{
	struct rf_buf *log = &worker->log;
	size_t at = 0;
	ssize_t put = 0;

	while (at < log->len && worker->opts.log_fd >= 0) {
		put = write(worker->opts.log_fd, log->data + at, log->len - at);
		if (put <= 0)
			break;
		at += (size_t)put;
	}
	/* A full pipe may have taken half a line: the rest waits. A full disk, or a pipe that is
	 * closed, loses lines. Neither stops traffic. */
	if (put < 0 && errno == EAGAIN && at < log->len) {
		memmove(log->data, log->data + at, log->len - at);
		log->len -= at;
		return;
	}
	rf_buf_clear(log);
}
