/*
 * A call is a stream with the message that it is at, or none. Messages are shared and counted; a
 * call that has not read one to its end when the next comes gets that one after it, and none of
 * those between.
 */
#include "mesh/workload/api.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "mesh/workload/attest.h"
#include "wire/h2.h"

#define BLOCK	8192
#define SERVICE "/SpiffeWorkloadAPI/"

enum kind {
	KIND_SVID,
	KIND_BUNDLES,
	KINDS,
};

static const struct {
	const char *path;
	void (*put)(const struct message_svid *svid, struct rf_buf *out);
} kinds[KINDS] = {
	[KIND_SVID] = {SERVICE "FetchX509SVID", message_put_svid},
	[KIND_BUNDLES] = {SERVICE "FetchX509Bundles", message_put_bundles},
};

struct message {
	unsigned refs;
	struct rf_buf bytes;
};

struct api {
	struct loop *loop;
	int listener, proc_fd;
	char *group;
	struct loop_watch *watch;
	struct connection *connections;
	size_t count;
	struct message *latest[KINDS]; /* NULL: none yet */
};

struct connection {
	struct api *api;
	struct connection *next, **link;
	int fd;
	struct h2 *h2;
	struct loop_watch *watch;
	struct loop_timer *timer;
	struct call *calls;
	const uint8_t *out; /* what is to be sent, nghttp2's */
	size_t out_len;
	bool known;  /* attested */
	bool asked;  /* a request has come */
	bool ending; /* once everything is sent */
};

struct call {
	struct connection *connection;
	struct call *next, **link;
	struct h2_stream *stream;
	enum kind kind;
	struct message *now; /* NULL: waits */
	size_t sent;	     /* of it */
	bool behind;	     /* there is a newer one than now, or the first */
};

/* --- messages --- */

static void unref(struct message *message)
{
	if (!message || --message->refs)
		return;
	if (message->bytes.data)
		explicit_bzero(message->bytes.data, message->bytes.cap);
	rf_buf_done(&message->bytes);
	free(message);
}

static struct message *make_message(enum kind kind, const struct message_svid *svid)
{
	struct message *message = calloc(1, sizeof(*message));

	if (!message)
		return NULL;
	message->refs = 1;
	kinds[kind].put(svid, &message->bytes);
	if (!message->bytes.failed)
		return message;
	unref(message);
	return NULL;
}

/* --- calls --- */

static void drop_call(struct call *call)
{
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
	unref(call->now);
	free(call);
}

static void on_closed(void *ctx, struct h2_stream *stream)
{
	struct call *call = h2_stream_app(stream);

	(void)ctx;
	if (call)
		drop_call(call);
}

static bool next_message(struct call *call)
{
	struct message *latest = call->connection->api->latest[call->kind];

	if (!call->behind || !latest)
		return false;
	latest->refs++;
	call->now = latest;
	call->sent = 0;
	call->behind = false;
	return true;
}

static ssize_t on_content(void *ctx, struct h2_stream *stream, uint8_t *out, size_t max)
{
	struct call *call = h2_stream_app(stream);
	size_t left;

	(void)ctx;
	if (!call->now && !next_message(call))
		return 0;
	left = call->now->bytes.len - call->sent;
	if (left > max)
		left = max;
	memcpy(out, call->now->bytes.data + call->sent, left);
	call->sent += left;
	if (call->sent == call->now->bytes.len) {
		unref(call->now);
		call->now = NULL;
	}
	return (ssize_t)left;
}

static bool add_call(struct connection *c, struct h2_stream *stream, enum kind kind)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return false;
	*call = (struct call){.connection = c,
		.next = c->calls,
		.link = &c->calls,
		.stream = stream,
		.kind = kind,
		.behind = true};
	if (call->next)
		call->next->link = &call->next;
	c->calls = call;
	h2_stream_set_app(stream, call);
	return true;
}

/* --- requests --- */

#define FIELD(n, v)            \
	{                      \
		RF_STR(n), (v) \
	}

static void refuse(struct h2_stream *stream, enum grpc_status status, const char *why)
{
	struct h2_field fields[] = {
		FIELD(":status", RF_STR("200")),
		FIELD("content-type", RF_STR("application/grpc")),
		FIELD("grpc-status", RF_STR_NONE),
		FIELD("grpc-message", rf_str_of(why)),
	};
	char number[12];

	snprintf(number, sizeof(number), "%d", (int)status);
	fields[2].value = rf_str_of(number);
	(void)!h2_stream_answer(stream, fields, RF_ARRAY_LEN(fields));
}

static enum grpc_status judge(const struct connection *c, const struct h2_stream *stream,
	enum kind *ret, const char **ret_why)
{
	struct rf_str path = h2_stream_field(stream, ":path");

	*ret_why = "only the X.509 calls of SpiffeWorkloadAPI are here";
	if (!rf_str_starts(path, RF_STR(SERVICE)))
		return GRPC_UNIMPLEMENTED;
	*ret_why = "security header missing: workload.spiffe.io: true is expected";
	if (!rf_str_is(h2_stream_field(stream, "workload.spiffe.io"), "true"))
		return GRPC_INVALID_ARGUMENT;
	*ret_why = "the caller is not of this pod";
	if (!c->known)
		return GRPC_PERMISSION_DENIED;
	for (*ret = 0; *ret < KINDS; (*ret)++) {
		if (rf_str_is(path, kinds[*ret].path))
			return message_check(h2_stream_body(stream), ret_why);
	}
	*ret_why = "only the X.509 calls of SpiffeWorkloadAPI are here";
	return GRPC_UNIMPLEMENTED;
}

static bool is_grpc(const struct h2_stream *stream)
{
	struct rf_str type = h2_stream_field(stream, "content-type");

	return rf_str_is(h2_stream_field(stream, ":method"), "POST") &&
	       (rf_str_is(type, "application/grpc") ||
		       rf_str_starts(type, RF_STR("application/grpc+")) ||
		       rf_str_starts(type, RF_STR("application/grpc;")));
}

static void on_request(void *ctx, struct h2_stream *stream)
{
	static const struct h2_field not_grpc[] = {FIELD(":status", RF_STR("415"))};
	static const struct h2_field begin[] = {
		FIELD(":status", RF_STR("200")), FIELD("content-type", RF_STR("application/grpc"))};
	struct connection *c = ctx;
	enum grpc_status status;
	enum kind kind;
	const char *why;

	c->asked = true;
	if (!is_grpc(stream)) {
		(void)!h2_stream_answer(stream, not_grpc, RF_ARRAY_LEN(not_grpc));
		return;
	}
	status = judge(c, stream, &kind, &why);
	if (status == GRPC_OK && !add_call(c, stream, kind)) {
		status = GRPC_RESOURCE_EXHAUSTED;
		why = "out of memory";
	}
	if (status != GRPC_OK)
		refuse(stream, status, why);
	else if (h2_stream_begin(stream, begin, RF_ARRAY_LEN(begin)) < 0)
		c->ending = true;
}

static const struct h2_handlers handlers = {
	.request = on_request,
	.content = on_content,
	.closed = on_closed,
};

/* --- connections --- */

static void drop(struct connection *c)
{
	struct api *api = c->api;

	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	api->count--;
	loop_unwatch(c->watch);
	loop_timer_del(c->timer);
	h2_free(c->h2);
	rf_fd_closep(&c->fd);
	free(c);
	/* Those that wait are taken now that there is room. */
	if (api->watch)
		loop_watch_set(api->watch, LOOP_READ);
}

/* Sends until it would block or there is no more. False: the connection is over. */
static bool flush(struct connection *c)
{
	for (;;) {
		struct rf_bytes next = {.len = 0};
		ssize_t put;

		if (c->out_len == 0) {
			if (h2_send(c->h2, &next) < 0)
				return false;
			c->out = next.ptr;
			c->out_len = next.len;
		}
		if (c->out_len == 0)
			return !c->ending && !h2_is_over(c->h2);
		put = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL);
		if (put < 0)
			return errno == EAGAIN || errno == EINTR;
		c->out += put;
		c->out_len -= (size_t)put;
	}
}

/* Who does not read is not read from. */
static void go_on(struct connection *c)
{
	if (flush(c))
		loop_watch_set(c->watch, c->out_len ? LOOP_WRITE : LOOP_READ);
	else
		drop(c);
}

static void on_connection(void *ctx, unsigned events)
{
	struct connection *c = ctx;
	uint8_t block[BLOCK];
	ssize_t got;

	if (c->out_len == 0 && (events & LOOP_READ)) {
		got = recv(c->fd, block, sizeof(block), 0);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
			drop(c);
			return;
		}
		if (got > 0 && h2_receive(c->h2, (struct rf_bytes){block, (size_t)got}) < 0)
			c->ending = true;
	} else if (c->out_len && !(events & LOOP_WRITE)) {
		/* Nobody is there to read it. */
		drop(c);
		return;
	}
	go_on(c);
}

static void on_timer(void *ctx)
{
	struct connection *c = ctx;

	c->timer = NULL;
	if (!c->asked || c->ending) {
		drop(c);
		return;
	}
	c->timer = loop_timer_add(c->api->loop, API_IDLE_MS, on_timer, c);
	if (!c->timer) {
		drop(c);
		return;
	}
	if (h2_stream_count(c->h2))
		return;
	/* Clients open another one when they need it. */
	c->ending = true;
	h2_shut(c->h2);
	go_on(c);
}

static struct connection *make_connection(struct api *api, int fd)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return NULL;
	}
	*c = (struct connection){
		.api = api, .next = api->connections, .link = &api->connections, .fd = fd};
	if (c->next)
		c->next->link = &c->next;
	api->connections = c;
	api->count++;
	c->known = attest_peer(fd, api->proc_fd, rf_str_of(api->group), NULL) == RF_OK;
	c->h2 = h2_new(&handlers, c);
	c->watch = loop_watch_fd(api->loop, fd, LOOP_READ, on_connection, c);
	c->timer = loop_timer_add(api->loop, API_PATIENCE_MS, on_timer, c);
	if (c->h2 && c->watch && c->timer)
		return c;
	drop(c);
	return NULL;
}

static void on_accept(void *ctx, unsigned events RF_UNUSED)
{
	struct api *api = ctx;
	struct connection *c;
	int fd;

	if (api->count >= API_MAX_CONNECTIONS) {
		loop_watch_set(api->watch, 0);
		return;
	}
	fd = accept4(api->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	c = make_connection(api, fd);
	if (c)
		go_on(c);
}

/* --- the API --- */

int api_start(const struct api_opts *opts, struct api **ret, struct rf_err *err)
{
	struct api *api = calloc(1, sizeof(*api));

	if (!api)
		return rf_err_nomem(err);
	*api = (struct api){.loop = opts->loop,
		.listener = opts->listener,
		.proc_fd = opts->proc_fd,
		.group = rf_str_dup(opts->group)};
	if (api->group)
		api->watch = loop_watch_fd(api->loop, api->listener, LOOP_READ, on_accept, api);
	if (api->watch) {
		*ret = api;
		return RF_OK;
	}
	api_stop(api);
	return rf_err_nomem(err);
}

void api_stop(struct api *api)
{
	if (!api)
		return;
	loop_unwatch(api->watch);
	api->watch = NULL;
	while (api->connections)
		drop(api->connections);
	for (size_t i = 0; i < KINDS; i++)
		unref(api->latest[i]);
	free(api->group);
	free(api);
}

static void wake(struct connection *c, enum kind kind)
{
	for (struct call *call = c->calls; call; call = call->next) {
		if (call->kind != kind)
			continue;
		call->behind = true;
		if (!call->now)
			h2_stream_resume(call->stream);
	}
}

static bool is_same(const struct message *a, const struct message *b)
{
	return a && rf_str_eq(rf_buf_str(&a->bytes), rf_buf_str(&b->bytes));
}

static int replace(
	struct api *api, enum kind kind, const struct message_svid *svid, struct rf_err *err)
{
	struct message *message = make_message(kind, svid);

	if (!message)
		return rf_err_nomem(err);
	if (is_same(api->latest[kind], message)) {
		unref(message);
		return RF_OK;
	}
	unref(api->latest[kind]);
	api->latest[kind] = message;
	for (struct connection *c = api->connections; c; c = c->next)
		wake(c, kind);
	return RF_OK;
}

int api_publish(struct api *api, const struct renewal_certs *certs, struct rf_err *err)
{
	CLEANUP(message_svid_done) struct message_svid svid = {.id = NULL};
	struct connection *next;
	int rc = message_svid_read(certs, &svid, err);

	for (enum kind kind = 0; kind < KINDS && rc == RF_OK; kind++)
		rc = replace(api, kind, &svid, err);
	for (struct connection *c = api->connections; c; c = next) {
		next = c->next;
		if (c->out_len == 0)
			go_on(c);
	}
	return rc;
}
