/*
 * The process that meets the network: takes its orders, confines itself, starts the threads, and
 * then serves orders and the page of metrics while they work. What it is ordered is tried here
 * before the threads see it, so that a bad certificate changes nothing.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/fd.h"
#include "base/vec.h"
#include "loop/loop.h"
#include "mesh/proxy/metrics.h"
#include "mesh/proxy/role_int.h"
#include "mesh/proxy/worker.h"
#include "mesh/renewal.h"
#include "mesh/svid.h"
#include "proc/sandbox.h"
#include "wire/engine.h"

#define DRAIN_POLL_MS	50
#define OPEN_FILES	((uint64_t)1 << 20)
#define LOG_FILE_MAX	((uint64_t)256 << 20) /* whoever connects writes into a pod's access log */
#define EXIT_BAD_ORDERS 3

struct process {
	int channel;
	struct loop *loop;
	struct proxy_settings settings;
	uint64_t threads;
	RF_VEC(struct worker_listener) listeners;
	int log_fd, netns_fd, keeper_fd;
	int metrics_fds[PROXY_MAX_METRICS];
	struct metrics *metrics[PROXY_MAX_METRICS];
	size_t metrics_count;
	struct renewal *renewal;  /* of a pod's proxy */
	struct loop_watch *watch; /* of the channel */
	struct worker *workers[PROXY_MAX_THREADS];
	struct proxy_stats *stats[PROXY_MAX_THREADS];
	struct proxy_state *state;
	char own_id[IDENTITY_MAX + 1];
	uint64_t drain_until_ms;
	bool started, failed;
};

static int reply(struct process *p, int code, struct rf_err *why)
{
	AUTO_BUF payload = {0};
	struct rf_err err;

	if (code == RF_OK)
		return frame_send(p->channel, PROXY_MSG_OK, RF_STR(""), &err);
	frame_put_err(&payload, why);
	return frame_send(p->channel, PROXY_MSG_ERROR, rf_buf_str(&payload), &err);
}

/* --- orders before the start --- */

static int take_settings(struct process *p, struct rf_str payload, struct rf_err *err)
{
	struct frame_reader reader = {.rest = payload};
	struct rf_str settings = frame_get_str(&reader);

	p->threads = frame_get_u64(&reader);
	if (!frame_reader_ok(&reader) || settings.len != sizeof(p->settings) || p->threads == 0 ||
		p->threads > PROXY_MAX_THREADS)
		return rf_err_set(err, RF_EINPUT, "malformed settings");
	memcpy(&p->settings, settings.ptr, settings.len);
	return RF_OK;
}

static int take_fd(struct process *p, struct frame *frame, struct rf_err *err)
{
	int *slot;

	if (frame->fd_count != 1)
		return rf_err_set(err, RF_EINPUT, "a descriptor is missing");
	switch (frame->type) {
	case PROXY_MSG_METRICS:
		if (p->metrics_count >= PROXY_MAX_METRICS)
			return rf_err_set(err, RF_ELIMIT, "too many sockets for metrics");
		p->metrics_fds[p->metrics_count++] = TAKE_FD(frame->fds[0]);
		return RF_OK;
	case PROXY_MSG_LOG: slot = &p->log_fd; break;
	case PROXY_MSG_NETNS: slot = &p->netns_fd; break;
	default: slot = &p->keeper_fd; break;
	}
	rf_fd_closep(slot);
	*slot = TAKE_FD(frame->fds[0]);
	return RF_OK;
}

static int take_listener(struct process *p, struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	uint64_t side = frame_get_u64(&reader);

	if (frame->fd_count != 1 || !frame_reader_ok(&reader) || side > PROXY_CLIENT)
		return rf_err_set(err, RF_EINPUT, "malformed listening socket");
	if (p->listeners.count >= (size_t)PROXY_MAX_LISTENERS * PROXY_MAX_THREADS ||
		!rf_vec_push(&p->listeners,
			((struct worker_listener){frame->fds[0], (enum proxy_side)side})))
		return rf_err_set(err, RF_ELIMIT, "too many listening sockets");
	frame->fds[0] = -1;
	return RF_OK;
}

static int confine(const struct process *p, struct rf_err *err)
{
	const unsigned calls = PROC_CALLS_COMPUTE | PROC_CALLS_EVENTS | PROC_CALLS_STREAMS;
	const struct proc_sandbox box = {
		/* A pod's dials what its pod has dialled; the machine's UNIX sockets are no part
		 * of that. */
		.calls = p->settings.sidecar ? calls : calls | PROC_CALLS_UNIX,
		.file_bytes = p->settings.sidecar ? LOG_FILE_MAX : 0,
		.keep_network = true,
		.as_nobody = true,
		.uid = p->settings.sidecar ? PROXY_SIDECAR_UID : p->settings.uid,
		.gid = p->settings.sidecar ? 0 : p->settings.gid,
		.outlives_parent = p->settings.sidecar,
		.root_fd = -1,
		.open_files = OPEN_FILES,
	};

	if (p->settings.sidecar)
		(void)prctl(PR_SET_PDEATHSIG, 0);
	if (p->netns_fd >= 0 && setns(p->netns_fd, CLONE_NEWNET) < 0)
		return rf_err_sys(err, errno, "enter the pod's network");
	return proc_sandbox_enter(&box, err);
}

static int start_worker(struct process *p, size_t index, struct rf_err *err)
{
	size_t each = p->listeners.count / p->threads;
	const struct worker_opts opts = {
		.settings = &p->settings,
		.listeners = p->listeners.items + index * each,
		.listener_count = each,
		.log_fd = p->log_fd,
		.max_connections = (p->settings.max_connections + p->threads - 1) / p->threads,
		.max_pending = p->settings.max_pending / p->threads + 1,
	};
	int rc = proxy_worker_start(&opts, &p->workers[index], err);

	if (rc == RF_OK)
		p->stats[index] = proxy_worker_stats(p->workers[index]);
	return rc;
}

static void write_page(void *ctx, struct rf_buf *out)
{
	struct process *p = ctx;
	const struct stats_page page = {
		.own_id = p->own_id,
		.stats = p->stats,
		.count = p->threads,
		.now_s = time(NULL),
	};

	proxy_stats_write(&page, out);
}

static int got_certs(void *ctx, const struct renewal_certs *certs);

static int start(struct process *p, struct rf_err *err)
{
	int rc = confine(p, err);

	if (p->listeners.count == 0 || p->listeners.count % p->threads != 0 ||
		p->listeners.count / p->threads > PROXY_MAX_LISTENERS)
		return rf_err_set(err, RF_EINPUT, "no listening sockets for each thread");
	for (size_t i = 0; i < p->threads && rc == RF_OK; i++)
		rc = start_worker(p, i, err);
	for (size_t i = 0; i < p->metrics_count && rc == RF_OK; i++)
		rc = metrics_start(p->loop, p->metrics_fds[i], write_page, p, &p->metrics[i], err);
	if (rc == RF_OK && p->keeper_fd >= 0)
		rc = renewal_start(p->loop, TAKE_FD(p->keeper_fd), got_certs, p, &p->renewal, err);
	p->started = rc == RF_OK;
	return rc;
}

/* --- orders while it runs --- */

static void publish(struct process *p, struct proxy_state *state)
{
	for (size_t i = 0; i < p->threads; i++)
		proxy_worker_publish(p->workers[i], state);
	proxy_state_unref(p->state);
	p->state = state;
}

static int own_judge(void *ctx, struct x509_st *leaf, char *id, size_t id_size, struct rf_err *err)
{
	char found[IDENTITY_MAX + 1];
	int rc = svid_id(leaf, found, err);

	(void)ctx;
	return rc == RF_OK && !rf_str_copy(rf_str_of(found), id, id_size) ? RF_EINPUT : rc;
}

/* Builds what the threads will build. */
static int try_certs(struct process *p, const struct proxy_certs *certs, struct rf_err *err)
{
	const struct wire_identity_opts opts = {
		.cert = {certs->cert, certs->cert_len},
		.key = {certs->key, certs->key_len},
		.roots = {certs->roots, certs->roots_len},
		.tls12 = p->settings.tls12,
		.judge = own_judge,
	};
	struct wire_identity *identity;
	int rc = wire_identity_new(&opts, NULL, &identity, err);

	if (rc < 0)
		return rc;
	(void)!rf_str_copy(rf_str_of(wire_identity_id(identity)), p->own_id, sizeof(p->own_id));
	wire_identity_unref(identity);
	return RF_OK;
}

static int set_certs(struct process *p, struct proxy_state *state,
	const struct renewal_certs *texts, struct rf_err *err)
{
	struct proxy_certs *certs;
	int rc = proxy_certs_new(texts->cert, texts->key, texts->roots, &certs, err);

	if (rc < 0)
		return rc;
	rc = try_certs(p, certs, err);
	if (rc == RF_OK)
		proxy_state_set_certs(state, certs);
	else
		proxy_certs_unref(certs);
	return rc;
}

static int change_certs(struct process *p, struct proxy_state *state, struct frame_reader *reader,
	struct rf_err *err)
{
	struct renewal_certs texts = {.cert = frame_get_str(reader),
		.key = frame_get_str(reader),
		.roots = frame_get_str(reader)};

	if (!frame_reader_ok(reader))
		return rf_err_set(err, RF_EINPUT, "malformed certificates");
	return set_certs(p, state, &texts, err);
}

/* From the keeper: a pod's proxy has made the key itself. */
static int got_certs(void *ctx, const struct renewal_certs *certs)
{
	struct process *p = ctx;
	struct proxy_state *state;
	struct rf_err err;
	int rc = proxy_state_copy(p->state, &state, &err);

	if (rc < 0)
		return rc;
	rc = set_certs(p, state, certs, &err);
	if (rc == RF_OK)
		publish(p, state);
	else
		proxy_state_unref(state);
	return rc;
}

static int change_targets(
	struct proxy_state *state, struct frame_reader *reader, struct rf_err *err)
{
	struct endpoint targets[ENDPOINT_MAX];
	size_t count = 0;

	while (reader->rest.len && count < ENDPOINT_MAX) {
		struct rf_str one = frame_get_str(reader);

		if (one.len != sizeof(targets[0]))
			return rf_err_set(err, RF_EINPUT, "malformed targets");
		memcpy(&targets[count], one.ptr, one.len);
		if (targets[count++].len > sizeof(targets[0].address))
			return rf_err_set(err, RF_EINPUT, "malformed targets");
	}
	return proxy_state_set_targets(state, targets, count, err);
}

static int change_ids(struct proxy_state *state, struct frame_reader *reader, struct rf_err *err)
{
	RF_VEC(struct rf_str) ids = {0};
	struct proxy_rules *rules;
	int rc = RF_OK;

	while (reader->rest.len && rc == RF_OK) {
		if (ids.count >= PROXY_MAX_IDS)
			rc = rf_err_set(err, RF_ELIMIT, "more than %d IDs", PROXY_MAX_IDS);
		else if (!rf_vec_push(&ids, frame_get_str(reader)))
			rc = rf_err_nomem(err);
		if (reader->failed)
			rc = rf_err_set(err, RF_EINPUT, "malformed IDs");
	}
	if (rc == RF_OK)
		rc = proxy_rules_new(ids.items, ids.count, &rules, err);
	if (rc == RF_OK)
		proxy_state_set_rules(state, rules);
	rf_vec_done(&ids);
	return rc;
}

static int change_policy(struct proxy_state *state, struct rf_str payload, struct rf_err *err)
{
	struct proxy_rules *rules;
	int rc = proxy_policy_read(payload, &rules, err);

	if (rc == RF_OK)
		proxy_state_set_rules(state, rules);
	return rc;
}

static int change_sidecar(struct proxy_state *state, struct rf_str payload, struct rf_err *err)
{
	struct sidecar *sidecar;
	int rc = sidecar_read(payload, &sidecar, err);

	if (rc == RF_OK)
		proxy_state_set_sidecar(state, sidecar);
	return rc;
}

/* Who connects from now on is refused at once, instead of waiting for nobody. */
static void close_listeners(struct process *p)
{
	rf_vec_each (listener, &p->listeners)
		rf_fd_closep(&listener->fd);
	p->listeners.count = 0;
}

static void poll_drain(void *ctx)
{
	struct process *p = ctx;
	uint64_t active = 0, drained = 0;

	for (size_t i = 0; i < p->threads; i++) {
		active += stats_get(&p->stats[i]->active);
		drained += stats_get(&p->stats[i]->drained);
	}
	if (drained == p->threads)
		close_listeners(p);
	if ((active == 0 && drained == p->threads) || loop_now_ms() >= p->drain_until_ms ||
		!loop_timer_add(p->loop, DRAIN_POLL_MS, poll_drain, p))
		loop_stop(p->loop);
}

static int change(struct process *p, const struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	struct proxy_state *state;
	int rc = proxy_state_copy(p->state, &state, err);

	if (rc < 0)
		return rc;
	switch (frame->type) {
	case PROXY_MSG_CERTS: rc = change_certs(p, state, &reader, err); break;
	case PROXY_MSG_TARGETS: rc = change_targets(state, &reader, err); break;
	case PROXY_MSG_IDS: rc = change_ids(state, &reader, err); break;
	case PROXY_MSG_POLICY: rc = change_policy(state, reader.rest, err); break;
	case PROXY_MSG_SIDECAR: rc = change_sidecar(state, reader.rest, err); break;
	case PROXY_MSG_DRAIN: state->draining = true; break;
	default: rc = rf_err_set(err, RF_EINPUT, "an unknown message"); break;
	}
	if (rc < 0) {
		proxy_state_unref(state);
		return rc;
	}
	if (state->draining && !p->drain_until_ms) {
		p->drain_until_ms = loop_now_ms() + p->settings.drain_ms;
		(void)!loop_timer_add(p->loop, DRAIN_POLL_MS, poll_drain, p);
	}
	publish(p, state);
	return RF_OK;
}

/* The one before has gone, or knows the pod by other names. */
static int change_keeper(struct process *p, struct frame *frame, struct rf_err *err)
{
	if (frame->fd_count != 1)
		return rf_err_set(err, RF_EINPUT, "a descriptor is missing");
	renewal_stop(p->renewal);
	p->renewal = NULL;
	return renewal_start(p->loop, TAKE_FD(frame->fds[0]), got_certs, p, &p->renewal, err);
}

static bool obey(struct process *p, struct frame *frame)
{
	struct rf_err err;
	int rc;

	if (p->started) {
		rc = frame->type == PROXY_MSG_KEEPER ? change_keeper(p, frame, &err)
						     : change(p, frame, &err);
		return reply(p, rc, &err) == RF_OK;
	}
	switch (frame->type) {
	case PROXY_MSG_SETTINGS:
		return take_settings(p, rf_buf_str(&frame->payload), &err) == RF_OK;
	case PROXY_MSG_LISTENER: return take_listener(p, frame, &err) == RF_OK;
	case PROXY_MSG_METRICS:
	case PROXY_MSG_LOG:
	case PROXY_MSG_NETNS:
	case PROXY_MSG_KEEPER: return take_fd(p, frame, &err) == RF_OK;
	case PROXY_MSG_START:
		rc = p->threads ? start(p, &err)
				: rf_err_set(&err, RF_EINPUT, "settings are missing");
		return reply(p, rc, &err) == RF_OK && rc == RF_OK;
	default: return false;
	}
}

static void on_order(void *ctx, unsigned events RF_UNUSED)
{
	struct process *p = ctx;
	AUTO_FRAME frame = FRAME_INIT;
	int rc = frame_recv(p->channel, &frame, NULL);

	/* Who has started it is gone: its connections end with it, but for a pod's; one that was
	 * told nothing yet serves nobody, and may not be in its cgroup yet, either. */
	if (rc == RF_EABSENT) {
		loop_unwatch(p->watch);
		p->watch = NULL;
		if (!p->started || !p->state || !p->state->sidecar)
			loop_stop(p->loop);
		return;
	}
	if (rc == RF_OK && obey(p, &frame)) {
		if (frame.payload.data)
			explicit_bzero(frame.payload.data, frame.payload.len);
		return;
	}
	p->failed = true;
	loop_stop(p->loop);
}

static void end(struct process *p)
{
	renewal_stop(p->renewal);
	for (size_t i = 0; i < p->metrics_count; i++) {
		metrics_stop(p->metrics[i]);
		rf_fd_closep(&p->metrics_fds[i]);
	}
	for (size_t i = 0; i < p->threads && i < PROXY_MAX_THREADS; i++)
		proxy_worker_stop(p->workers[i]);
	proxy_state_unref(p->state);
	close_listeners(p);
	rf_vec_done(&p->listeners);
	rf_fd_closep(&p->log_fd);
	rf_fd_closep(&p->netns_fd);
	rf_fd_closep(&p->keeper_fd);
	loop_free(p->loop);
}

static int run(int channel)
{
	struct process p = {.channel = channel, .log_fd = -1, .netns_fd = -1, .keeper_fd = -1};
	struct rf_err err;

	/* The reader of the log may go. */
	signal(SIGPIPE, SIG_IGN);
	/* At its largest size the log loses lines. */
	signal(SIGXFSZ, SIG_IGN);
	/* Until it is known that it is a pod's, it dies with who has started it. */
	if (loop_new(&p.loop, &err) < 0)
		return EXIT_BAD_ORDERS;
	p.watch = loop_watch_fd(p.loop, channel, LOOP_READ, on_order, &p);
	if (!p.watch || loop_run(p.loop, &err) < 0)
		p.failed = true;
	end(&p);
	return p.failed ? EXIT_BAD_ORDERS : 0;
}

PROC_ROLE(role, "mesh-proxy", run);
const struct proc_role *const proxy_role = &role;
