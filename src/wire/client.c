/*
 * A few connections, each with one buffer: the head is parsed where it was received, then content
 * is handed out from the same place.
 */
#include "wire/client.h"

#include <errno.h>
#include <unistd.h>

#include "base/buf.h"
#include "wire/stream.h"

#define MAX_CONNECTIONS 3
#define MAX_INTERIM	10		     /* answers of 1xx before the real one */
#define MAX_DRAIN	((uint64_t)64 << 10) /* content that is read so that a connection stays */
#define BLOCK		HTTP1_MAX_HEAD	     /* of a connection: a head must fit */

struct connection {
	struct wire_stream *stream; /* NULL: free */
	struct wire_url origin;	    /* its target means nothing */
	uint64_t used_ms;
	bool reused;
	char *data;
	size_t start, end; /* what was received and not used yet */
};

struct wire_client {
	struct wire_client_opts opts;
	struct connection connections[MAX_CONNECTIONS];
	struct connection *current; /* whose answer is being read; NULL: none */
	struct wire_response response;
	struct rf_buf head; /* what response.head has views into */
	struct http1_body body;
	bool keep;			  /* the connection can be used again */
	bool heard;			  /* a byte of the answer has come */
	uint64_t window_ms, window_bytes; /* how slowly content comes */
};

int wire_client_new(
	const struct wire_client_opts *opts, struct wire_client **ret, struct rf_err *err)
{
	struct wire_client *client = calloc(1, sizeof(*client));

	if (!client)
		return rf_err_nomem(err);
	client->opts = *opts;
	*ret = client;
	return RF_OK;
}

static void connection_close(struct connection *connection)
{
	wire_stream_free(connection->stream);
	connection->stream = NULL;
	connection->start = connection->end = 0;
}

void wire_client_free(struct wire_client *client)
{
	if (!client)
		return;
	for (size_t i = 0; i < MAX_CONNECTIONS; i++) {
		connection_close(&client->connections[i]);
		free(client->connections[i].data);
	}
	rf_buf_done(&client->head);
	free(client);
}

void wire_client_freep(struct wire_client **client)
{
	wire_client_free(*client);
}

static uint64_t deadline(const struct wire_client *client)
{
	return wire_now_ms() + client->opts.idle_ms;
}

/* Puts "HOST: " before what went wrong. */
static int wrap_host(const struct wire_url *url, int rc, struct rf_err *err)
{
	AUTO_BUF host = {.max = WIRE_HOST_SIZE + 16};

	wire_url_put_host(url, &host);
	return rf_err_wrap(err, rc, "%s", rf_buf_cstr(&host));
}

/* --- connections --- */

static int connection_open(struct wire_client *client, const struct wire_url *url,
	struct connection *connection, struct rf_err *err)
{
	const struct wire_client_opts *opts = &client->opts;
	int fd;

	if (!url->tls && !opts->plain_http && !wire_host_is_loopback(url->host))
		return rf_err_set(err, RF_EDENIED, "http without TLS is not allowed");
	if (url->tls && !opts->tls)
		return rf_err_set(err, RF_EDENIED, "no certificates to verify TLS with");
	if (!connection->data)
		connection->data = malloc(BLOCK);
	if (!connection->data)
		return rf_err_nomem(err);
	fd = opts->connect(opts->ctx, url->host, url->port, err);
	if (fd < 0)
		return fd;
	connection->origin = *url;
	connection->reused = false;
	return wire_stream_open(fd, url->tls ? opts->tls : NULL, url->host, deadline(client),
		&connection->stream, err);
}

/* One that is open to url's origin; else the one that was used longest ago, opened anew. */
static int connection_get(struct wire_client *client, const struct wire_url *url,
	struct connection **ret, struct rf_err *err)
{
	struct connection *oldest = &client->connections[0];

	for (size_t i = 0; i < MAX_CONNECTIONS; i++) {
		struct connection *it = &client->connections[i];

		if (it->stream && wire_url_same_origin(&it->origin, url)) {
			it->reused = true;
			*ret = it;
			return RF_OK;
		}
		if (oldest->stream && (!it->stream || it->used_ms < oldest->used_ms))
			oldest = it;
	}
	connection_close(oldest);
	*ret = oldest;
	return connection_open(client, url, oldest, err);
}

/* More bytes behind those that are there: their number, 0 at the end of the connection. */
static ssize_t receive(struct connection *connection, uint64_t deadline_ms, struct rf_err *err)
{
	ssize_t got;

	if (connection->start == connection->end)
		connection->start = connection->end = 0;
	if (connection->end == BLOCK && connection->start > 0) {
		memmove(connection->data, connection->data + connection->start,
			connection->end - connection->start);
		connection->end -= connection->start;
		connection->start = 0;
	}
	if (connection->end == BLOCK)
		return rf_err_set(err, RF_ELIMIT, "a head or a line that is too long");
	got = wire_stream_read(connection->stream, connection->data + connection->end,
		BLOCK - connection->end, deadline_ms, err);
	if (got > 0)
		connection->end += (size_t)got;
	return got;
}

static struct rf_str received(const struct connection *connection)
{
	return (struct rf_str){.ptr = connection->data + connection->start,
		.len = connection->end - connection->start};
}

/* --- sending --- */

static int put_fields(
	const struct wire_request *request, bool authorize, struct rf_buf *out, struct rf_err *err)
{
	for (size_t i = 0; i < request->field_count; i++) {
		const struct http1_field *field = &request->fields[i];

		if (!http1_token_ok(field->name) || !http1_value_ok(field->value))
			return rf_err_set(err, RF_EINPUT, "a field that cannot be sent");
		rf_buf_addf(out, RF_STR_FMT ": " RF_STR_FMT "\r\n", RF_STR_ARG(field->name),
			RF_STR_ARG(field->value));
	}
	if (!authorize || !request->authorization.ptr)
		return RF_OK;
	if (!http1_value_ok(request->authorization))
		return rf_err_set(err, RF_EINPUT, "credentials that cannot be sent");
	rf_buf_addf(out, "Authorization: " RF_STR_FMT "\r\n", RF_STR_ARG(request->authorization));
	return RF_OK;
}

static uint64_t body_len(const struct wire_request *request)
{
	return request->body_fd >= 0 ? request->body_len : request->body.len;
}

static int send_head(struct wire_client *client, struct connection *connection,
	const struct wire_request *request, const struct wire_url *url, struct rf_err *err)
{
	AUTO_BUF head = {.max = HTTP1_MAX_HEAD};
	bool authorize = wire_url_same_origin(url, request->url);
	int rc;

	rf_buf_addf(&head, "%s %s HTTP/1.1\r\nHost: ", request->method, url->target);
	wire_url_put_host(url, &head);
	rf_buf_addf(&head, "\r\nUser-Agent: %s\r\n", client->opts.agent);
	rc = put_fields(request, authorize, &head, err);
	if (request->has_body)
		rf_buf_addf(
			&head, "Content-Length: %llu\r\n", (unsigned long long)body_len(request));
	rf_buf_add_c(&head, "\r\n");
	if (rc == RF_OK && head.failed)
		rc = rf_err_set(err, RF_ELIMIT, "a request that is too large");
	if (rc < 0)
		return rc;
	return wire_stream_write(connection->stream, head.data, head.len, deadline(client), err);
}

static int send_file(struct wire_client *client, struct connection *connection,
	const struct wire_request *request, struct rf_err *err)
{
	uint64_t done = 0;

	while (done < request->body_len) {
		uint64_t left = request->body_len - done;
		ssize_t got = pread(request->body_fd, connection->data, left < BLOCK ? left : BLOCK,
			(off_t)(request->body_offset + done));
		int rc;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return rf_err_set(err, RF_EINTERNAL, "the file to send cannot be read");
		rc = wire_stream_write(
			connection->stream, connection->data, (size_t)got, deadline(client), err);
		if (rc < 0)
			return rc;
		done += (uint64_t)got;
		if (request->sent)
			request->sent(request->sent_ctx, done);
	}
	return RF_OK;
}

static int send_request(struct wire_client *client, struct connection *connection,
	const struct wire_request *request, const struct wire_url *url, struct rf_err *err)
{
	int rc = send_head(client, connection, request, url, err);

	if (rc < 0 || !request->has_body)
		return rc;
	if (request->body_fd >= 0)
		return send_file(client, connection, request, err);
	return wire_stream_write(
		connection->stream, request->body.ptr, request->body.len, deadline(client), err);
}

/* --- the head of the answer --- */

/* Moves a whole head out of the connection's buffer, which content will overwrite. */
static int keep_head(
	struct wire_client *client, struct connection *connection, size_t len, struct rf_err *err)
{
	ssize_t again;

	rf_buf_clear(&client->head);
	rf_buf_add(&client->head, connection->data + connection->start, len);
	connection->start += len;
	if (client->head.failed)
		return rf_err_nomem(err);
	again = http1_response_parse(rf_buf_str(&client->head), &client->response.head, err);
	return again < 0 ? (int)again : RF_OK;
}

/* Looks at what has come whenever a line may have ended, so that slow bytes cost little. */
static int receive_head(struct wire_client *client, struct connection *connection,
	uint64_t deadline_ms, struct rf_err *err)
{
	bool look = connection->start < connection->end;

	for (;;) {
		ssize_t len = look ? http1_response_parse(
					     received(connection), &client->response.head, err)
				   : 0;

		if (len < 0)
			return (int)len;
		if (len > 0)
			return keep_head(client, connection, (size_t)len, err);
		len = receive(connection, deadline_ms, err);
		if (len < 0)
			return (int)len;
		if (len == 0)
			return rf_err_set(err, RF_EIO, "the connection ended without an answer");
		client->heard = true;
		look = memchr(connection->data + connection->end - len, '\n', (size_t)len) != NULL;
	}
}

/* Passes over answers of 1xx; one deadline for all. */
static int receive_answer(struct wire_client *client, struct connection *connection,
	const struct wire_request *request, struct rf_err *err)
{
	const struct http1_head *head = &client->response.head;
	uint64_t deadline_ms = deadline(client);
	int rc = RF_OK;

	for (unsigned i = 0; i < MAX_INTERIM; i++) {
		rc = receive_head(client, connection, deadline_ms, err);
		if (rc < 0)
			return rc;
		if (head->status == 101)
			return rf_err_set(
				err, RF_EINPUT, "another protocol, which nobody asked for");
		if (head->status >= 200)
			break;
	}
	if (head->status < 200)
		return rf_err_set(err, RF_ELIMIT, "no end of interim answers");
	rc = http1_body_begin(head, strcmp(request->method, "HEAD") == 0, &client->body, err);
	client->keep = !head->old && !http1_has_token(head, "connection", "close") &&
		       client->body.framing != HTTP1_TO_CLOSE;
	return rc;
}

/* One request on one connection. A server may answer and close before it took the whole body. */
static int exchange_once(struct wire_client *client, struct connection *connection,
	const struct wire_request *request, const struct wire_url *url, struct rf_err *err)
{
	struct rf_err answer_err;
	int sent, rc;

	client->heard = false;
	connection->used_ms = wire_now_ms();
	sent = send_request(client, connection, request, url, err);
	/* What was received while a file went through the same buffer is nothing: see send_file. */
	connection->start = connection->end = 0;
	if (sent < 0 && sent != RF_EIO)
		return sent;
	rc = receive_answer(client, connection, request, sent < 0 ? &answer_err : err);
	if (sent < 0) {
		client->keep = false;
		return rc < 0 ? sent : RF_OK;
	}
	return rc;
}

static bool may_repeat(const struct wire_request *request)
{
	return !request->has_body || strcmp(request->method, "PUT") == 0;
}

/* A kept connection may have been closed by its server meanwhile: then a new one is tried. */
static int exchange(struct wire_client *client, const struct wire_request *request,
	const struct wire_url *url, struct rf_err *err)
{
	struct connection *connection = NULL;
	int rc = RF_EIO;

	for (unsigned attempt = 0; attempt < 2; attempt++) {
		rc = connection_get(client, url, &connection, err);
		if (rc == RF_OK)
			rc = exchange_once(client, connection, request, url, err);
		if (rc == RF_OK) {
			client->current = connection;
			return RF_OK;
		}
		connection_close(connection);
		if (rc != RF_EIO || !connection->reused || client->heard || !may_repeat(request))
			break;
	}
	return wrap_host(url, rc, err);
}

static bool is_redirect(const struct wire_request *request, const struct http1_head *head)
{
	switch (head->status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308: break;
	default: return false;
	}
	return (strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0) &&
	       http1_field(head, "location").ptr;
}

/* Reads a short rest, so that the connection can be used again; drops a long one. */
static void finish(struct wire_client *client)
{
	struct connection *connection = client->current;
	uint64_t drained = 0;
	const void *data;
	ssize_t len;

	if (!connection)
		return;
	while (client->keep && !client->body.done) {
		len = drained > MAX_DRAIN ? -1 : wire_client_read(client, &data, NULL);
		if (len < 0)
			client->keep = false;
		else
			drained += (uint64_t)len;
	}
	/* More than was asked for is an answer that nobody understands. */
	if (!client->keep || connection->start != connection->end)
		connection_close(connection);
	client->current = NULL;
}

static int follow(struct wire_client *client, struct wire_url *url, struct rf_err *err)
{
	struct wire_url next;
	int rc = wire_url_resolve(url, http1_field(&client->response.head, "location"), &next, err);

	if (rc < 0)
		return rf_err_wrap(err, rc, "a redirect to");
	if (url->tls && !next.tls)
		return rf_err_set(
			err, RF_EDENIED, "a redirect from https to http, to %s", next.host);
	*url = next;
	return RF_OK;
}

int wire_client_ask(struct wire_client *client, const struct wire_request *request,
	const struct wire_response **ret, struct rf_err *err)
{
	struct wire_url *url = &client->response.url;
	unsigned redirects = 0;
	int rc;

	finish(client);
	*url = *request->url;
	for (;;) {
		rc = exchange(client, request, url, err);
		if (rc < 0)
			return rc;
		if (!is_redirect(request, &client->response.head))
			break;
		if (redirects++ == WIRE_MAX_REDIRECTS)
			return rf_err_set(
				err, RF_ELIMIT, "more than %d redirects", WIRE_MAX_REDIRECTS);
		rc = follow(client, url, err);
		if (rc < 0)
			return wrap_host(request->url, rc, err);
		finish(client);
	}
	client->window_ms = wire_now_ms();
	client->window_bytes = 0;
	*ret = &client->response;
	return RF_OK;
}

/* --- content --- */

static int check_speed(struct wire_client *client, size_t len, struct rf_err *err)
{
	uint64_t now = wire_now_ms(), spent = now - client->window_ms;
	uint64_t least = (uint64_t)client->opts.idle_ms * WIRE_MIN_BYTES_PER_SECOND / 1000;

	client->window_bytes += len;
	if (spent < client->opts.idle_ms)
		return RF_OK;
	if (client->window_bytes < least)
		return rf_err_set(err, RF_ELIMIT,
			"the answer comes too slowly: %llu bytes in %llu s",
			(unsigned long long)client->window_bytes, (unsigned long long)spent / 1000);
	client->window_ms = now;
	client->window_bytes = 0;
	return RF_OK;
}

/* More bytes for the body. 0 when the body ends properly with the connection. */
static ssize_t refill(struct wire_client *client, struct rf_err *err)
{
	ssize_t got = receive(client->current, deadline(client), err);
	int rc;

	if (got < 0)
		return got;
	if (got == 0 && client->body.framing == HTTP1_TO_CLOSE) {
		client->body.done = true;
		return 0;
	}
	if (got == 0)
		return rf_err_set(err, RF_EIO, "the connection ended within the answer");
	rc = check_speed(client, (size_t)got, err);
	return rc < 0 ? rc : got;
}

ssize_t wire_client_read(struct wire_client *client, const void **ret, struct rf_err *err)
{
	struct connection *connection = client->current;
	struct rf_str content = RF_STR_NONE;

	if (!connection)
		return rf_err_set(err, RF_EINTERNAL, "no answer to read");
	while (!client->body.done) {
		ssize_t used = http1_body_feed(&client->body, received(connection), &content, err);

		if (used == 0)
			used = refill(client, err);
		else if (used > 0)
			connection->start += (size_t)used;
		if (used < 0) {
			client->keep = false;
			return wrap_host(&client->response.url, (int)used, err);
		}
		if (content.len) {
			*ret = content.ptr;
			return (ssize_t)content.len;
		}
	}
	return 0;
}

int wire_client_read_all(struct wire_client *client, struct rf_buf *out, struct rf_err *err)
{
	const void *data;
	ssize_t len;

	while ((len = wire_client_read(client, &data, err)) > 0) {
		rf_buf_add(out, data, (size_t)len);
		if (out->failed)
			return rf_err_set(
				err, RF_ELIMIT, "an answer of more than %zu bytes", out->max);
	}
	return (int)len;
}
