/*
 * One prober a probe: waits, makes one attempt with a deadline, counts, acts. An attempt is a
 * child (exec) or a non-blocking socket.
 */
#include "host/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/num.h"
#include "host/container.h"

#define HTTP_HEAD_MAX	4096
#define GRACE_DEFAULT_S 30

struct prober {
	struct container *c;
	enum probe_kind kind;
	const struct kube_probe *spec;
	struct loop_timer *next, *deadline;
	struct child *exec;
	int fd;
	struct loop_watch *watch;
	struct rf_buf request; /* httpGet */
	size_t sent;
	char answer[64]; /* the status line's beginning */
	size_t answer_len;
	unsigned successes, failures; /* in a row */
	bool succeeded;		      /* once */
};

static unsigned setting(struct doc_int value, unsigned fallback)
{
	return value.set && value.value > 0 ? (unsigned)value.value : fallback;
}

static void attempt(void *ctx);

static void drop_attempt(struct prober *p)
{
	loop_timer_del(p->deadline);
	p->deadline = NULL;
	loop_unwatch(p->watch);
	p->watch = NULL;
	rf_fd_closep(&p->fd);
	if (p->exec) {
		container_exec_kill(p->exec);
		p->exec = NULL;
	}
}

static void schedule(struct prober *p, uint64_t delay_ms)
{
	p->next = loop_timer_add(p->c->pod->host->loop, delay_ms, attempt, p);
}

/* The probe's own, else the pod's; 0 is a choice too. */
static unsigned grace_s(const struct prober *p)
{
	struct doc_int own = p->spec->termination_grace_period_seconds;
	struct doc_int pods = p->c->pod->kube->spec->termination_grace_period_seconds;

	return (unsigned)(own.set ? own.value : pods.set ? pods.value : GRACE_DEFAULT_S);
}

/* What a run of successes or failures that has reached its threshold means. */
static void act(struct prober *p, bool ok)
{
	struct container *c = p->c;

	if (c->stopping)
		return;
	switch (p->kind) {
	case PROBE_READINESS:
		if (c->ready != ok) {
			c->ready = ok;
			c->events->ready_changed(c);
		}
		return;
	case PROBE_STARTUP:
		if (ok && !c->startup_done) {
			c->startup_done = true;
			c->events->running(c);
			return;
		}
		break;
	case PROBE_LIVENESS:
	case PROBE_KIND_COUNT: break;
	}
	if (ok)
		return;
	snprintf(c->reason, sizeof(c->reason), "its %s probe failed %u times",
		p->kind == PROBE_STARTUP ? "startup" : "liveness", p->failures);
	c->restart_after_stop = true;
	container_stop(c, grace_s(p));
	c->events->ready_changed(c);
}

/*
 * periodSeconds; a readiness probe that has not succeeded yet is tried again sooner, 100 ms, then
 * 200, ... later: its failures mean nothing before the first success, and nobody likes to wait.
 */
static uint64_t next_delay_ms(const struct prober *p)
{
	uint64_t period_ms = (uint64_t)setting(p->spec->period_seconds, 10) * 1000;
	uint64_t sooner_ms = p->failures < 8 ? UINT64_C(50) << p->failures : period_ms;

	if (p->kind != PROBE_READINESS || p->succeeded || sooner_ms > period_ms)
		return period_ms;
	return sooner_ms;
}

static void finish(struct prober *p, bool ok)
{
	unsigned wanted = setting(p->spec->success_threshold, 1);
	unsigned allowed = setting(p->spec->failure_threshold, 3);

	drop_attempt(p);
	p->successes = ok ? p->successes + 1 : 0;
	p->failures = ok ? 0 : p->failures + 1;
	p->succeeded = p->succeeded || ok;
	if (!(p->kind == PROBE_STARTUP && ok))
		schedule(p, next_delay_ms(p));
	if (ok && p->successes >= wanted)
		act(p, true);
	else if (!ok && p->failures >= allowed)
		act(p, false);
}

static void timed_out(void *ctx)
{
	struct prober *p = ctx;

	p->deadline = NULL;
	finish(p, false);
}

static void exec_ended(void *ctx, int status)
{
	struct prober *p = ctx;

	p->exec = NULL;
	finish(p, status == 0);
}

/* --- sockets --- */

static uint16_t port_of(const struct prober *p, const struct doc_int_or_str *port)
{
	if (!port->text.ptr)
		return (uint16_t)port->number;
	return kube_pod_named_port(p->c->pod->kube->spec, port->text, RF_STR("TCP"));
}

static socklen_t address_of(const struct prober *p, uint16_t port, struct sockaddr_storage *ret)
{
	const struct kube_pod *pod = p->c->pod->kube;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (pod->ip_count && pod->ips[0].family == RF_IPV6) {
		*v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
		memcpy(&v6->sin6_addr, pod->ips[0].bytes, 16);
		return sizeof(*v6);
	}
	*v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
	v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK); /* hostNetwork */
	if (pod->ip_count)
		memcpy(&v4->sin_addr, pod->ips[0].bytes, 4);
	return sizeof(*v4);
}

/* "HTTP/1.1 204 ..." */
static bool http_ok(const struct prober *p)
{
	struct rf_str line = {p->answer, p->answer_len}, version, status;
	uint64_t code;

	line = rf_str_cut(line, ' ', &version);
	if (!line.ptr || !rf_str_starts(version, RF_STR("HTTP/1.")) || line.len < 3)
		return false;
	status = (struct rf_str){line.ptr, 3};
	return rf_num_u64(status, 999, &code) && code >= 200 && code < 400;
}

static void read_answer(struct prober *p)
{
	ssize_t got = read(p->fd, p->answer + p->answer_len, sizeof(p->answer) - p->answer_len);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0)
		p->answer_len += (size_t)got;
	if (got <= 0 || p->answer_len >= 12)
		finish(p, http_ok(p));
}

static void send_request(struct prober *p)
{
	ssize_t put = send(p->fd, p->request.data + p->sent, p->request.len - p->sent,
		MSG_NOSIGNAL | MSG_DONTWAIT);

	if (put < 0 && errno != EAGAIN && errno != EINTR) {
		finish(p, false);
		return;
	}
	if (put > 0)
		p->sent += (size_t)put;
	if (p->sent == p->request.len)
		loop_watch_set(p->watch, LOOP_READ);
}

static void socket_ready(void *ctx, unsigned events)
{
	struct prober *p = ctx;
	int failure = 0;
	socklen_t len = sizeof(failure);

	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &failure, &len) < 0 || failure) {
		finish(p, false);
		return;
	}
	if (!p->spec->http_get)
		finish(p, true);
	else if (p->sent < p->request.len)
		send_request(p);
	else if (events & LOOP_READ)
		read_answer(p);
}

static void build_request(struct prober *p, uint16_t port)
{
	const struct kube_http_action *http = p->spec->http_get;
	const struct kube_header *headers = http->http_headers.items;
	const struct kube_pod *pod = p->c->pod->kube;
	char ip[RF_IP_TEXT_SIZE] = "localhost";
	bool has_host = false;

	if (pod->ip_count)
		rf_ip_text(&pod->ips[0], ip);
	rf_buf_clear(&p->request);
	rf_buf_addf(&p->request, "GET %s" RF_STR_FMT " HTTP/1.1\r\n",
		http->path.len && http->path.ptr[0] == '/' ? "" : "/", RF_STR_ARG(http->path));
	for (size_t i = 0; i < http->http_headers.count; i++) {
		has_host = has_host || (headers[i].name.len == 4 &&
					       strncasecmp(headers[i].name.ptr, "host", 4) == 0);
		rf_buf_addf(&p->request, RF_STR_FMT ": " RF_STR_FMT "\r\n",
			RF_STR_ARG(headers[i].name), RF_STR_ARG(headers[i].value));
	}
	if (!has_host)
		rf_buf_addf(&p->request, "Host: %s:%u\r\n", ip, port);
	rf_buf_add_c(&p->request,
		"User-Agent: ringfence-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n");
	p->sent = p->answer_len = 0;
}

/* False when it has failed at once. */
static bool start_socket(struct prober *p, const struct doc_int_or_str *port_spec)
{
	struct sockaddr_storage address;
	uint16_t port = port_of(p, port_spec);
	socklen_t len = address_of(p, port, &address);

	p->fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0 || port == 0)
		return false;
	if (connect(p->fd, (struct sockaddr *)&address, len) < 0 && errno != EINPROGRESS)
		return false;
	if (p->spec->http_get)
		build_request(p, port);
	p->watch = loop_watch_fd(
		p->c->pod->host->loop, p->fd, LOOP_READ | LOOP_WRITE, socket_ready, p);
	return p->watch && !p->request.failed;
}

static bool start_attempt(struct prober *p)
{
	if (p->spec->exec)
		return container_exec(p->c, &p->spec->exec->command, exec_ended, p, &p->exec,
			       NULL) == RF_OK;
	if (p->spec->http_get)
		return start_socket(p, &p->spec->http_get->port);
	return p->spec->tcp_socket && start_socket(p, &p->spec->tcp_socket->port);
}

static void attempt(void *ctx)
{
	struct prober *p = ctx;

	p->next = NULL;
	if (p->kind != PROBE_STARTUP && !p->c->startup_done) {
		schedule(p, 1000);
		return;
	}
	p->deadline = loop_timer_add(p->c->pod->host->loop,
		(uint64_t)setting(p->spec->timeout_seconds, 1) * 1000, timed_out, p);
	if (!start_attempt(p))
		finish(p, false);
}

int probe_start(struct container *c)
{
	const struct kube_probe *const specs[PROBE_KIND_COUNT] = {
		[PROBE_STARTUP] = c->spec->startup_probe,
		[PROBE_READINESS] = c->spec->readiness_probe,
		[PROBE_LIVENESS] = c->spec->liveness_probe,
	};

	for (unsigned kind = 0; kind < PROBE_KIND_COUNT; kind++) {
		struct prober *p;

		if (!specs[kind])
			continue;
		p = calloc(1, sizeof(*p));
		if (!p)
			return RF_EINTERNAL;
		*p = (struct prober){
			.c = c, .kind = (enum probe_kind)kind, .spec = specs[kind], .fd = -1};
		p->request.max = HTTP_HEAD_MAX;
		c->probers[kind] = p;
		schedule(p, (uint64_t)setting(specs[kind]->initial_delay_seconds, 0) * 1000);
	}
	return RF_OK;
}

void probe_stop(struct container *c)
{
	for (unsigned kind = 0; kind < PROBE_KIND_COUNT; kind++) {
		struct prober *p = c->probers[kind];

		if (!p)
			continue;
		c->probers[kind] = NULL;
		drop_attempt(p);
		loop_timer_del(p->next);
		rf_buf_done(&p->request);
		free(p);
	}
}
