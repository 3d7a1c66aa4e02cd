/* The side that starts a proxy and gives it orders. */
#include "mesh/proxy/proxy.h"

#include <signal.h>

#include "base/fd.h"
#include "mesh/proxy/role_int.h"

/*
 * With a process that meets the network: who gives it orders must not hang with it. While it
 * starts it has met nobody yet, and a busy machine may need longer.
 */
#define PATIENCE_MS 2000U
#define START_MS    15000U

struct proxy {
	struct proc_child child;
	unsigned patience_ms;
};

static int answer(struct proxy *proxy, struct rf_err *err)
{
	AUTO_FRAME frame = FRAME_INIT;
	struct frame_reader reader;
	int rc = frame_recv_within(proxy->child.channel, proxy->patience_ms, &frame, err);

	if (rc == RF_EABSENT)
		return rf_err_set(err, RF_EIO, "the proxy's process has ended");
	if (rc < 0)
		return rf_err_wrap(err, RF_EIO, "the proxy's process");
	if (frame.type == PROXY_MSG_OK)
		return RF_OK;
	reader = (struct frame_reader){.rest = rf_buf_str(&frame.payload)};
	if (frame.type != PROXY_MSG_ERROR || frame_get_err(&reader, err) == RF_OK)
		return rf_err_set(err, RF_EIO, "the proxy's process gave a strange answer");
	return err->code;
}

/* Half a message may be under way: with this one there is no more talk. */
static int hear(struct proxy *proxy, int rc, struct rf_err *err)
{
	if (rc == RF_OK)
		rc = answer(proxy, err);
	if (rc == RF_EIO && proxy->child.pid > 0)
		kill(proxy->child.pid, SIGKILL);
	return rc;
}

static int tell(struct proxy *proxy, enum proxy_msg type, struct rf_str payload, struct rf_err *err)
{
	const struct frame_out out = {.type = (uint16_t)type, .payload = payload};

	return frame_send_within(proxy->child.channel, proxy->patience_ms, &out, err);
}

static int ask(struct proxy *proxy, enum proxy_msg type, struct rf_str payload, struct rf_err *err)
{
	return hear(proxy, tell(proxy, type, payload, err), err);
}

static int give_fd(struct proxy *proxy, enum proxy_msg type, int fd, struct rf_err *err)
{
	const struct frame_out out = {.type = (uint16_t)type, .fds = &fd, .fd_count = 1};

	if (fd < 0)
		return RF_OK;
	return frame_send_within(proxy->child.channel, proxy->patience_ms, &out, err);
}

static int give_listener(
	struct proxy *proxy, const struct worker_listener *listener, struct rf_err *err)
{
	AUTO_BUF payload = {0};
	struct frame_out out = {.type = PROXY_MSG_LISTENER, .fds = &listener->fd, .fd_count = 1};

	frame_put_u64(&payload, listener->side);
	out.payload = rf_buf_str(&payload);
	return frame_send_within(proxy->child.channel, proxy->patience_ms, &out, err);
}

static int give_metrics(struct proxy *proxy, const struct proxy_opts *opts, struct rf_err *err)
{
	int rc = RF_OK;

	for (size_t i = 0; i < opts->metrics_count && rc == RF_OK; i++)
		rc = give_fd(proxy, PROXY_MSG_METRICS, opts->metrics_fds[i], err);
	return rc;
}

static int set_up(struct proxy *proxy, const struct proxy_opts *opts, struct rf_err *err)
{
	AUTO_BUF payload = {0};
	int rc;

	frame_put_str(
		&payload, (struct rf_str){(const char *)opts->settings, sizeof(*opts->settings)});
	frame_put_u64(&payload, opts->threads);
	rc = tell(proxy, PROXY_MSG_SETTINGS, rf_buf_str(&payload), err);
	for (size_t i = 0; i < opts->threads * opts->listener_count && rc == RF_OK; i++)
		rc = give_listener(proxy, &opts->listeners[i], err);
	if (rc == RF_OK)
		rc = give_metrics(proxy, opts, err);
	if (rc == RF_OK)
		rc = give_fd(proxy, PROXY_MSG_LOG, opts->log_fd, err);
	if (rc == RF_OK && opts->settings->sidecar)
		rc = give_fd(proxy, PROXY_MSG_NETNS, opts->netns_fd, err);
	if (rc == RF_OK && opts->settings->sidecar)
		rc = give_fd(proxy, PROXY_MSG_KEEPER, opts->keeper_fd, err);
	return rc < 0 ? rc : ask(proxy, PROXY_MSG_START, RF_STR(""), err);
}

int proxy_start(const struct proxy_opts *opts, struct proxy **ret, struct rf_err *err)
{
	AUTO_PROXY *proxy = calloc(1, sizeof(*proxy));
	int rc;

	if (!proxy)
		return rf_err_nomem(err);
	*proxy = (struct proxy){.child = PROC_CHILD_INIT, .patience_ms = START_MS};
	rc = proc_child_start(proxy_role, &proxy->child, err);
	if (rc == RF_OK)
		rc = set_up(proxy, opts, err);
	proxy->patience_ms = PATIENCE_MS;
	if (rc == RF_OK)
		*ret = TAKE_PTR(proxy);
	return rc;
}

void proxy_free(struct proxy *proxy)
{
	if (!proxy)
		return;
	proc_child_kill(&proxy->child);
	free(proxy);
}

void proxy_freep(struct proxy **proxy)
{
	proxy_free(*proxy);
}

pid_t proxy_pid(const struct proxy *proxy)
{
	return proxy->child.pid;
}

int proxy_channel(const struct proxy *proxy)
{
	return proxy->child.channel;
}

int proxy_set_certs(struct proxy *proxy, struct rf_str cert, struct rf_str key, struct rf_str roots,
	struct rf_err *err)
{
	AUTO_BUF payload = {0};
	int rc;

	frame_put_str(&payload, cert);
	frame_put_str(&payload, key);
	frame_put_str(&payload, roots);
	rc = payload.failed ? rf_err_nomem(err)
			    : ask(proxy, PROXY_MSG_CERTS, rf_buf_str(&payload), err);
	if (payload.data)
		explicit_bzero(payload.data, payload.len);
	return rc;
}

int proxy_set_targets(
	struct proxy *proxy, const struct endpoint *targets, size_t count, struct rf_err *err)
{
	AUTO_BUF payload = {0};

	for (size_t i = 0; i < count; i++)
		frame_put_str(
			&payload, (struct rf_str){(const char *)&targets[i], sizeof(targets[i])});
	return ask(proxy, PROXY_MSG_TARGETS, rf_buf_str(&payload), err);
}

int proxy_set_ids(struct proxy *proxy, const struct rf_str *ids, size_t count, struct rf_err *err)
{
	AUTO_BUF payload = {0};

	for (size_t i = 0; i < count; i++)
		frame_put_str(&payload, ids[i]);
	return ask(proxy, PROXY_MSG_IDS, rf_buf_str(&payload), err);
}

int proxy_set_sidecar(struct proxy *proxy, struct rf_str payload, struct rf_err *err)
{
	return ask(proxy, PROXY_MSG_SIDECAR, payload, err);
}

int proxy_set_policy(struct proxy *proxy, struct rf_str payload, struct rf_err *err)
{
	return ask(proxy, PROXY_MSG_POLICY, payload, err);
}

int proxy_set_keeper(struct proxy *proxy, int keeper_fd, struct rf_err *err)
{
	return hear(proxy, give_fd(proxy, PROXY_MSG_KEEPER, keeper_fd, err), err);
}

int proxy_drain(struct proxy *proxy, struct rf_err *err)
{
	return ask(proxy, PROXY_MSG_DRAIN, RF_STR(""), err);
}

int proxy_end(struct proxy *proxy, struct rf_err *err)
{
	/* One that has ended has its status already; one that only says so has one now. */
	if (proxy->child.pid > 0)
		kill(proxy->child.pid, SIGKILL);
	return proc_child_wait(&proxy->child, err);
}
