/*
 * The thread's loop: accepting, taking up a new state, and a sweep four times a second that ends
 * what has waited too long or whose certificate has run out.
 */
#include "mesh/proxy/worker.h"

#include <errno.h>
#include <malloc.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "mesh/proxy/worker_int.h"
#include "mesh/svid.h"

#define ACCEPTS_A_TURN 32
#define CROWD	       100 /* connections of one thread whose memory is worth giving back */
#define RELISTEN_MS    100 /* after descriptors ran out */

uint64_t worker_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

bool worker_is_full(const struct worker *worker)
{
	return worker->pending > worker->opts.max_pending / 2;
}

/* --- accepting --- */

static void stop_listening(struct worker *worker)
{
	for (size_t i = 0; i < worker->opts.listener_count; i++) {
		loop_unwatch(worker->listeners[i].watch);
		worker->listeners[i].watch = NULL;
	}
	worker->listening = false;
}

static void start_listening(struct worker *worker);

static void on_relisten(void *ctx)
{
	struct worker *worker = ctx;

	worker->relisten = NULL;
	start_listening(worker);
}

/* True when there may be another one. */
static bool accept_one(const struct listener *listener)
{
	struct worker *worker = listener->worker;
	struct endpoint peer = {.len = sizeof(peer.address)};
	int fd = accept4(listener->fd, (struct sockaddr *)&peer.address, &peer.len,
		SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		conn_accept(listener, fd, &peer);
		return true;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		stats_add(&worker->stats.limited, 1);
		stop_listening(worker);
		worker->relisten = loop_timer_add(worker->loop, RELISTEN_MS, on_relisten, worker);
		return false;
	}
	return errno == EINTR || errno == ECONNABORTED;
}

static void on_accept(void *ctx, unsigned events RF_UNUSED)
{
	const struct listener *listener = ctx;

	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		if (!accept_one(listener))
			break;
	}
}

static void start_listening(struct worker *worker)
{
	if (worker->listening || !worker->identity || !worker->state || worker->state->draining ||
		(worker->opts.settings->sidecar && !worker->state->sidecar))
		return;
	for (size_t i = 0; i < worker->opts.listener_count; i++) {
		struct listener *listener = &worker->listeners[i];

		listener->watch =
			loop_watch_fd(worker->loop, listener->fd, LOOP_READ, on_accept, listener);
	}
	worker->listening = true;
}

/* --- a new state --- */

/* Rules of a peer's certificate; of our own trust domain only, once that is known. */
static int judge_peer(void *ctx, struct x509_st *leaf, char *id, size_t id_size, struct rf_err *err)
{
	const struct worker *worker = ctx;
	const char *own = worker->identity ? wire_identity_id(worker->identity) : "";
	char found[IDENTITY_MAX + 1];
	struct identity ours, theirs;
	int rc = svid_id(leaf, found, err);

	if (rc < 0)
		return rc;
	if (worker->opts.settings->sidecar && !found[0])
		return rf_err_set(err, RF_EDENIED, "it has no SPIFFE ID");
	if (own[0] && found[0] && identity_parse(rf_str_of(own), &ours, err) == RF_OK &&
		identity_parse(rf_str_of(found), &theirs, err) == RF_OK &&
		!rf_str_eq(ours.trust_domain, theirs.trust_domain))
		return rf_err_set(err, RF_EDENIED, "%s is of another trust domain", found);
	return rf_str_copy(rf_str_of(found), id, id_size)
		       ? RF_OK
		       : rf_err_set(err, RF_EDENIED, "its ID is too long");
}

static void take_certs(struct worker *worker, const struct proxy_certs *certs)
{
	const struct wire_identity_opts opts = {
		.cert = {certs->cert, certs->cert_len},
		.key = {certs->key, certs->key_len},
		.roots = {certs->roots, certs->roots_len},
		.tls12 = worker->opts.settings->tls12,
		.resume = worker->opts.settings->resume,
		.alpn = worker->opts.settings->sidecar ? SIDECAR_ALPN : NULL,
		.judge = judge_peer,
		.ctx = worker,
	};
	struct wire_identity *identity, *old = worker->identity;
	struct rf_err err;

	/* Our own certificate is judged, too, and may be of another trust domain than the old one.
	 */
	worker->identity = NULL;
	/* It was tried before it was published; what fails now (memory) keeps the old one. */
	if (wire_identity_new(&opts, &worker->io, &identity, &err) < 0) {
		worker->identity = old;
		return;
	}
	if (old)
		stats_add(&worker->stats.identity_changes, 1);
	wire_identity_unref(old);
	worker->identity = identity;
	pthread_mutex_lock(&worker->stats.lock);
	worker->stats.own_from_s = wire_identity_from_s(identity);
	worker->stats.own_until_s = wire_identity_until_s(identity);
	pthread_mutex_unlock(&worker->stats.lock);
}

/* Connections that the new rules forbid end now. */
static void judge_again(struct worker *worker)
{
	struct conn *next;

	for (struct conn *conn = worker->conns; conn; conn = next) {
		next = conn->next;
		if (conn->stats && conn->step != CONN_LINGER && !conn_is_admitted(conn))
			conn_abort(conn, "denied");
	}
}

static void take_state(struct worker *worker, struct proxy_state *state)
{
	struct proxy_state *old = worker->state;

	worker->state = state;
	if (state->certs && (!old || old->certs != state->certs))
		take_certs(worker, state->certs);
	if (old && (old->rules != state->rules || old->sidecar != state->sidecar))
		judge_again(worker);
	if (state->draining) {
		stop_listening(worker);
		stats_set(&worker->stats.drained, 1);
	} else {
		start_listening(worker);
	}
	proxy_state_unref(old);
}

static void on_wake(void *ctx, unsigned events RF_UNUSED)
{
	struct worker *worker = ctx;
	struct proxy_state *next;
	uint64_t ignored;
	bool stop;

	(void)!read(worker->wake_fd, &ignored, sizeof(ignored));
	pthread_mutex_lock(&worker->lock);
	next = worker->next;
	worker->next = NULL;
	stop = worker->stop;
	pthread_mutex_unlock(&worker->lock);
	if (next)
		take_state(worker, next);
	if (stop)
		loop_stop(worker->loop);
}

static void wake(struct worker *worker)
{
	uint64_t one = 1;

	(void)!write(worker->wake_fd, &one, sizeof(one));
}

void proxy_worker_publish(struct worker *worker, struct proxy_state *state)
{
	struct proxy_state *old;

	pthread_mutex_lock(&worker->lock);
	old = worker->next;
	worker->next = proxy_state_ref(state);
	pthread_mutex_unlock(&worker->lock);
	proxy_state_unref(old);
	wake(worker);
}

/* --- time --- */

static const char *overdue(const struct conn *conn)
{
	switch (conn->step) {
	case CONN_FIRST:
	case CONN_HANDSHAKE:
	case CONN_UP_HANDSHAKE: return "timeout";
	case CONN_DIAL: return "target-unreachable";
	case CONN_RELAY: return "idle";
	case CONN_LINGER: break;
	}
	return conn->result;
}

/*
 * Nothing has come to a PERMISSIVE port: a client that waits for its server's greeting. Istio goes
 * on with plain bytes then, too.
 */
static bool waits_for_greeting(const struct conn *conn)
{
	return conn->step == CONN_FIRST && conn->to_original &&
	       conn->mode == PEER_AUTH_PERMISSIVE && !conn->first_len && !conn->plain;
}

static void sweep_conn(struct conn *conn, uint64_t now_ms, int64_t now_s)
{
	struct worker *worker = conn->worker;

	if (now_s > conn->until_s) {
		conn_abort(conn, "peer-expired");
		return;
	}
	if (now_ms < conn->deadline_ms) {
		/* Over the limit of memory, who reads slowest has to go. */
		if (worker->pending > worker->opts.max_pending &&
			(conn->down.out || conn->up.out || conn->first)) {
			stats_add(&worker->stats.limited, 1);
			conn_abort(conn, "memory");
		}
		return;
	}
	if (waits_for_greeting(conn)) {
		conn->plain = true;
		conn_run(conn);
		return;
	}
	if (conn->step == CONN_FIRST || conn->step == CONN_HANDSHAKE ||
		conn->step == CONN_UP_HANDSHAKE)
		proxy_stats_refused(&worker->stats, "timeout");
	conn_abort(conn, overdue(conn));
}

/* The C library keeps what a crowd of connections has used, until it is asked to give it back. */
static void give_back(struct worker *worker)
{
	if (worker->conn_count > worker->crowd)
		worker->crowd = worker->conn_count;
	if (worker->crowd < CROWD || worker->conn_count > worker->crowd / 4)
		return;
	worker->crowd = worker->conn_count;
	(void)malloc_trim(0);
}

static void on_sweep(void *ctx)
{
	struct worker *worker = ctx;
	uint64_t now_ms = loop_now_ms();
	int64_t now_s = time(NULL);
	struct conn *next;

	for (struct conn *conn = worker->conns; conn; conn = next) {
		next = conn->next;
		if (conn->waits)
			conn_later(conn);
		sweep_conn(conn, now_ms, now_s);
	}
	stats_set(&worker->stats.pending_bytes, worker->pending);
	worker_log_flush(worker);
	give_back(worker);
	worker->sweep = loop_timer_add(worker->loop, SWEEP_MS, on_sweep, worker);
}

static void on_resume(void *ctx)
{
	struct worker *worker = ctx;
	struct conn *list = worker->ready, *conn;

	worker->resume = NULL;
	worker->ready = NULL;
	if (list)
		list->ready_link = &list;
	while ((conn = list)) {
		list = conn->ready;
		if (list)
			list->ready_link = &list;
		conn->ready = NULL;
		conn->ready_link = NULL;
		conn_run(conn);
	}
}

void worker_resume_later(struct worker *worker)
{
	if (!worker->resume)
		worker->resume = loop_timer_add(worker->loop, 0, on_resume, worker);
}

/* --- the thread --- */

static void *run(void *ctx)
{
	struct worker *worker = ctx;
	struct rf_err err;

	on_sweep(worker);
	(void)!loop_run(worker->loop, &err);
	while (worker->conns)
		conn_abort(worker->conns, "stopped");
	worker_log_flush(worker);
	return NULL;
}

static void free_worker(struct worker *worker)
{
	proxy_state_unref(worker->next);
	proxy_state_unref(worker->state);
	wire_identity_unref(worker->identity);
	loop_free(worker->loop);
	rf_fd_closep(&worker->wake_fd);
	rf_buf_done(&worker->log);
	proxy_stats_done(&worker->stats);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

static int set_up(struct worker *worker, struct rf_err *err)
{
	int rc = proxy_stats_init(&worker->stats, err);

	if (rc < 0)
		return rc;
	worker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->wake_fd < 0)
		return rf_err_sys(err, errno, "eventfd");
	rc = loop_new(&worker->loop, err);
	if (rc < 0)
		return rc;
	worker->wake = loop_watch_fd(worker->loop, worker->wake_fd, LOOP_READ, on_wake, worker);
	if (!worker->wake)
		return rf_err_nomem(err);
	rc = pthread_create(&worker->thread, NULL, run, worker);
	return rc ? rf_err_sys(err, rc, "start a thread") : RF_OK;
}

int proxy_worker_start(const struct worker_opts *opts, struct worker **ret, struct rf_err *err)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int rc;

	if (!worker)
		return rf_err_nomem(err);
	worker->opts = *opts;
	worker->wake_fd = -1;
	for (size_t i = 0; i < opts->listener_count; i++)
		worker->listeners[i] = (struct listener){
			worker, opts->listeners[i].fd, opts->listeners[i].side, NULL};
	pthread_mutex_init(&worker->lock, NULL);
	rc = set_up(worker, err);
	if (rc < 0)
		free_worker(worker);
	else
		*ret = worker;
	return rc;
}

void proxy_worker_stop(struct worker *worker)
{
	if (!worker)
		return;
	pthread_mutex_lock(&worker->lock);
	worker->stop = true;
	pthread_mutex_unlock(&worker->lock);
	wake(worker);
	pthread_join(worker->thread, NULL);
	free_worker(worker);
}

struct proxy_stats *proxy_worker_stats(struct worker *worker)
{
	return &worker->stats;
}
