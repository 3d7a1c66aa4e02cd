/*
 * Of a request only its first line counts: GET or HEAD, and /metrics. Who sends nothing, or does
 * not read, is closed after a few seconds.
 */
#include "mesh/proxy/metrics.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/loop.h"

#define PATIENCE_MS 5000

struct client {
	struct metrics *metrics;
	struct client *next, **link;
	int fd;
	struct loop_watch *watch;
	struct loop_timer *timer;
	struct rf_buf in, out;
	size_t sent;
};

struct metrics {
	struct loop *loop;
	int fd;
	struct loop_watch *watch;
	void (*write)(void *ctx, struct rf_buf *out);
	void *ctx;
	struct client *clients;
	size_t count;
};

static void drop(struct client *client)
{
	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	client->metrics->count--;
	loop_unwatch(client->watch);
	loop_timer_del(client->timer);
	close(client->fd);
	rf_buf_done(&client->in);
	rf_buf_done(&client->out);
	free(client);
}

static void on_timeout(void *ctx)
{
	struct client *client = ctx;

	client->timer = NULL;
	drop(client);
}

static void put(struct client *client, const char *status, struct rf_str body, bool head)
{
	rf_buf_addf(&client->out,
		"HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
		"Content-Length: %zu\r\nConnection: close\r\n\r\n",
		status, body.len);
	if (!head)
		rf_buf_add_str(&client->out, body);
}

static void answer(struct client *client)
{
	struct rf_str method, path;
	struct rf_str rest = rf_str_cut(rf_buf_str(&client->in), ' ', &method);
	bool head = rf_str_is(method, "HEAD");
	AUTO_BUF page = {0};

	rest = rf_str_cut(rest, ' ', &path);
	(void)rf_str_cut(path, '?', &path);
	if (!head && !rf_str_is(method, "GET")) {
		put(client, "405 Method Not Allowed", RF_STR("GET is what is answered here\n"),
			false);
	} else if (!rest.ptr || !rf_str_is(path, "/metrics")) {
		put(client, "404 Not Found", RF_STR("the page is /metrics\n"), head);
	} else {
		client->metrics->write(client->metrics->ctx, &page);
		put(client, "200 OK", rf_buf_str(&page), head);
	}
}

static bool has_head(const struct rf_buf *in)
{
	return memmem(rf_buf_cstr(in), in->len, "\r\n\r\n", 4) != NULL;
}

/* False when there is nothing more to be had. */
static bool receive(struct client *client)
{
	char *room = rf_buf_reserve(&client->in, 1024);
	ssize_t got;

	if (!room)
		return false;
	got = recv(client->fd, room, 1024, 0);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	client->in.len += (size_t)got;
	return got > 0;
}

static void on_client(void *ctx, unsigned events)
{
	struct client *client = ctx;
	ssize_t put_len;

	if (client->out.len == 0) {
		if (!(events & LOOP_READ) || !receive(client)) {
			drop(client);
			return;
		}
		if (!has_head(&client->in))
			return;
		answer(client);
		loop_watch_set(client->watch, LOOP_WRITE);
	}
	put_len = client->out.failed ? -1
				     : send(client->fd, client->out.data + client->sent,
					       client->out.len - client->sent, MSG_NOSIGNAL);
	if (put_len < 0 && errno != EAGAIN && errno != EINTR) {
		drop(client);
		return;
	}
	client->sent += put_len > 0 ? (size_t)put_len : 0;
	if (client->sent < client->out.len)
		return;
	(void)shutdown(client->fd, SHUT_WR);
	drop(client);
}

static void on_accept(void *ctx, unsigned events RF_UNUSED)
{
	struct metrics *metrics = ctx;
	int fd = accept4(metrics->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *client;

	if (fd < 0)
		return;
	client = metrics->count < METRICS_MAX_CLIENTS ? calloc(1, sizeof(*client)) : NULL;
	if (!client) {
		close(fd);
		return;
	}
	*client = (struct client){.metrics = metrics,
		.next = metrics->clients,
		.link = &metrics->clients,
		.fd = fd,
		.in = {.max = METRICS_MAX_HEAD}};
	if (client->next)
		client->next->link = &client->next;
	metrics->clients = client;
	metrics->count++;
	client->watch = loop_watch_fd(metrics->loop, fd, LOOP_READ, on_client, client);
	client->timer = loop_timer_add(metrics->loop, PATIENCE_MS, on_timeout, client);
	if (!client->watch || !client->timer)
		drop(client);
}

int metrics_start(struct loop *loop, int fd, void (*write)(void *ctx, struct rf_buf *out),
	void *ctx, struct metrics **ret, struct rf_err *err)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (!metrics)
		return rf_err_nomem(err);
	*metrics = (struct metrics){.loop = loop, .fd = fd, .write = write, .ctx = ctx};
	metrics->watch = loop_watch_fd(loop, fd, LOOP_READ, on_accept, metrics);
	if (!metrics->watch) {
		free(metrics);
		return rf_err_nomem(err);
	}
	*ret = metrics;
	return RF_OK;
}

void metrics_stop(struct metrics *metrics)
{
	if (!metrics)
		return;
	while (metrics->clients)
		drop(metrics->clients);
	loop_unwatch(metrics->watch);
	free(metrics);
}
