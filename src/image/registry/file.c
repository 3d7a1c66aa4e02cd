/* Both ends of FETCH_FILE: the child's task, and the parent that asks for it. */
#include "image/registry/file.h"

#include <errno.h>
#include <unistd.h>

#include "image/registry/registry_int.h"
#include "image/registry/session_int.h"

/* --- the child --- */

static int write_all(int fd, const char *data, size_t len, uint64_t at, struct rf_err *err)
{
	while (len > 0) {
		ssize_t put = pwrite(fd, data, len, (off_t)at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return rf_err_sys(err, errno, "write the file");
		data += put;
		at += (uint64_t)put;
		len -= (size_t)put;
	}
	return RF_OK;
}

static int receive(struct session *session, int fd, uint64_t max, struct rf_err *err)
{
	uint64_t have = 0;
	const void *data;
	ssize_t len;

	while ((len = wire_client_read(session->client, &data, err)) > 0) {
		int rc;

		if ((uint64_t)len > max - have)
			return rf_err_set(
				err, RF_ELIMIT, "more than %llu bytes", (unsigned long long)max);
		rc = write_all(fd, data, (size_t)len, have, err);
		if (rc < 0)
			return rc;
		have += (uint64_t)len;
	}
	return (int)len;
}

int task_file(struct session *session, const struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	struct rf_str target = frame_get_str(&reader);
	uint64_t max = frame_get_u64(&reader);
	const struct wire_response *response;
	struct wire_url url = session->base;
	struct wire_request request = REQUEST("GET", &url);
	int rc;

	if (!frame_reader_ok(&reader) || frame->fd_count != 1 ||
		!rf_str_copy(target, url.target, sizeof(url.target)))
		return rf_err_set(err, RF_EINTERNAL, "a malformed message");
	rc = session_ask(session, &request, &response, err);
	if (rc < 0)
		return rc;
	if (response->head.status == 404)
		return rf_err_set(err, RF_EABSENT, "there is no such file");
	if (response->head.status != 200)
		return session_unexpected(response, url.target, err);
	return receive(session, frame->fds[0], max, err);
}

/* --- the parent --- */

bool registry_is_url(const char *text)
{
	struct rf_str s = rf_str_of(text);

	return rf_str_starts(s, RF_STR("https://")) || rf_str_starts(s, RF_STR("http://"));
}

static int take_nothing(void *ctx, const struct frame *frame, struct rf_err *err)
{
	(void)ctx;
	if (frame->type == FETCH_DONE || frame->type == FETCH_PROGRESS)
		return RF_OK;
	return rf_err_set(err, RF_EINPUT, "an unexpected message");
}

static int ask(struct registry *registry, const struct wire_url *url, int fd, uint64_t max,
	struct rf_err *err)
{
	struct worker *worker = &registry->workers[0];
	AUTO_BUF payload = {.max = WIRE_URL_MAX + 64};
	int rc = worker_start(registry, worker, err);

	frame_put_str(&payload, rf_str_of(url->target));
	frame_put_u64(&payload, max);
	if (rc == RF_OK && payload.failed)
		rc = rf_err_nomem(err);
	if (rc == RF_OK)
		rc = frame_send_fds(
			worker->child.channel, FETCH_FILE, rf_buf_str(&payload), &fd, 1, err);
	return rc < 0 ? rc : worker_finish(registry, worker, take_nothing, NULL, err);
}

int registry_fetch_file(
	const char *url, const struct registry_opts *opts, int fd, uint64_t max, struct rf_err *err)
{
	AUTO_REGISTRY *registry = NULL;
	struct registry_target target = {.port = 0};
	struct wire_url parsed;
	int rc = wire_url_parse(rf_str_of(url), &parsed, err);

	if (rc < 0)
		return rf_err_wrap(err, rc, "%.300s", url);
	if (!rf_str_copy(rf_str_of(parsed.host), target.host, sizeof(target.host)))
		return rf_err_nomem(err);
	target.port = parsed.port;
	target.loopback = wire_host_is_loopback(parsed.host);
	if (!parsed.tls && !target.loopback && !(opts && opts->plain_http))
		return rf_err_set(
			err, RF_EDENIED, "%.300s: http is spoken to this machine only", url);
	rc = registry_new_at(&target, opts, parsed.tls ? FETCH_HTTPS : FETCH_HTTP, &registry, err);
	if (rc == RF_OK && registry)
		rc = ask(registry, &parsed, fd, max, err);
	return rc < 0 ? rf_err_wrap(err, rc, "%.300s", url) : RF_OK;
}
