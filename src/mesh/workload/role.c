/*
 * The process: takes its directory, its keeper and the API's socket, confines itself to them, and
 * then only renews and answers. Of /proc it may read files: callers' cgroups (attest.h).
 * It runs as root with CAP_CHOWN alone, since files belong to whoever the pod's programs run as.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/fd.h"
#include "loop/loop.h"
#include "mesh/workload/api.h"
#include "mesh/workload/workload_int.h"
#include "proc/frame.h"
#include "proc/sandbox.h"

#include <linux/capability.h>

#define OPEN_FILES	256
#define MEMORY_BYTES	((uint64_t)256 << 20)
#define EXIT_BAD_ORDERS 3

struct process {
	int channel;
	struct loop *loop;
	struct loop_watch *watch; /* of the channel; NULL: who has started us is gone */
	struct renewal *renewal;
	struct workload_files *files;
	int listener_fd, proc_fd; /* of the API; -1: there is none */
	char *group;
	struct api *api;
	/* The last certificate, for files that are asked for later; empty: none yet. */
	struct rf_buf cert, key, roots;
	bool failed;
};

static void say(struct process *p, int code, const struct rf_err *why)
{
	AUTO_BUF payload = {0};

	if (!p->watch)
		return;
	if (code < 0)
		frame_put_err(&payload, why);
	/* Who does not listen is told nothing. */
	(void)!frame_send(p->channel, code < 0 ? WORKLOAD_MSG_ERROR : WORKLOAD_MSG_WRITTEN,
		rf_buf_str(&payload), NULL);
}

static void wipe(struct rf_buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->cap);
	rf_buf_clear(buf);
}

/* --- certificates --- */

static int hand_out(struct process *p)
{
	const struct renewal_certs certs = {.cert = rf_buf_str(&p->cert),
		.key = rf_buf_str(&p->key),
		.roots = rf_buf_str(&p->roots)};
	struct rf_err err;
	int rc = workload_files_write(p->files, &certs, &err);

	if (rc == RF_OK && p->api)
		rc = api_publish(p->api, &certs, &err);
	say(p, rc, &err);
	return rc;
}

static int got_certs(void *ctx, const struct renewal_certs *certs)
{
	struct process *p = ctx;

	wipe(&p->key);
	rf_buf_clear(&p->cert);
	rf_buf_clear(&p->roots);
	rf_buf_add_str(&p->key, certs->key);
	rf_buf_add_str(&p->cert, certs->cert);
	rf_buf_add_str(&p->roots, certs->roots);
	if (p->key.failed || p->cert.failed || p->roots.failed)
		return RF_EINTERNAL;
	return hand_out(p);
}

static int set_client(struct process *p, int *keeper_fd, struct rf_err *err)
{
	renewal_stop(p->renewal);
	p->renewal = NULL;
	return renewal_start(p->loop, TAKE_FD(*keeper_fd), got_certs, p, &p->renewal, err);
}

/* --- orders --- */

static int confine(const struct process *p, int dir_fd, struct rf_err *err)
{
	const struct proc_sandbox box = {
		.calls = PROC_CALLS_COMPUTE | PROC_CALLS_FILES_WRITE | PROC_CALLS_STORE |
			 PROC_CALLS_EVENTS,
		.caps = (uint64_t)1 << CAP_CHOWN,
		.root_fd = dir_fd,
		.root_writable = true,
		.outlives_parent = true,
		.read_fds = &p->proc_fd,
		.read_fd_count = p->proc_fd >= 0,
		.memory_bytes = MEMORY_BYTES,
		.open_files = OPEN_FILES,
	};

	return proc_sandbox_enter(&box, err);
}

static int set_files(struct process *p, const struct frame *frame, struct rf_err *err)
{
	struct workload_files *files;
	int rc = workload_files_read(rf_buf_str(&frame->payload), &files, err);

	if (rc < 0)
		return rc;
	workload_files_free(p->files);
	p->files = files;
	if (p->key.len)
		(void)!hand_out(p);
	return RF_OK;
}

static int take_api(struct process *p, struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	struct rf_str group = frame_get_str(&reader);

	if (p->group || frame->fd_count != 2 || !frame_reader_ok(&reader))
		return rf_err_set(err, RF_EINPUT, "malformed settings of the API");
	p->listener_fd = TAKE_FD(frame->fds[0]);
	p->proc_fd = TAKE_FD(frame->fds[1]);
	p->group = rf_str_dup(group);
	return p->group ? RF_OK : rf_err_nomem(err);
}

static int start_api(struct process *p, struct rf_err *err)
{
	const struct api_opts opts = {.loop = p->loop,
		.listener = p->listener_fd,
		.proc_fd = p->proc_fd,
		.group = rf_str_of(p->group)};

	return api_start(&opts, &p->api, err);
}

static int start(struct process *p, struct frame *frame, struct rf_err *err)
{
	int rc;

	if (frame->fd_count != 2)
		return rf_err_set(err, RF_EINPUT, "descriptors are missing");
	rc = set_files(p, frame, err);
	if (rc == RF_OK)
		rc = confine(p, frame->fds[0], err);
	if (rc == RF_OK && p->group)
		rc = start_api(p, err);
	return rc == RF_OK ? set_client(p, &frame->fds[1], err) : rc;
}

static int obey(struct process *p, struct frame *frame, struct rf_err *err)
{
	if (!p->files && frame->type == WORKLOAD_MSG_API)
		return take_api(p, frame, err);
	if (!p->files)
		return frame->type == WORKLOAD_MSG_START
			       ? start(p, frame, err)
			       : rf_err_set(err, RF_EINPUT, "an order before the start");
	switch (frame->type) {
	case WORKLOAD_MSG_FILES: return set_files(p, frame, err);
	case WORKLOAD_MSG_CLIENT:
		if (frame->fd_count == 1)
			return set_client(p, &frame->fds[0], err);
		break;
	default: break;
	}
	return rf_err_set(err, RF_EINPUT, "an unknown order");
}

static void on_order(void *ctx, unsigned events RF_UNUSED)
{
	struct process *p = ctx;
	AUTO_FRAME frame = FRAME_INIT;
	struct rf_err err;
	int rc = frame_recv(p->channel, &frame, &err);

	/* Who has started it is gone: the pod's programs are served on. */
	if (rc == RF_EABSENT && p->files) {
		loop_unwatch(p->watch);
		p->watch = NULL;
		return;
	}
	if (rc == RF_OK)
		rc = obey(p, &frame, &err);
	if (rc == RF_OK)
		return;
	say(p, rc, &err);
	p->failed = true;
	loop_stop(p->loop);
}

static void end(struct process *p)
{
	renewal_stop(p->renewal);
	api_stop(p->api);
	workload_files_free(p->files);
	rf_fd_closep(&p->listener_fd);
	rf_fd_closep(&p->proc_fd);
	free(p->group);
	wipe(&p->key);
	rf_buf_done(&p->key);
	rf_buf_done(&p->cert);
	rf_buf_done(&p->roots);
	loop_free(p->loop);
}

static int run(int channel)
{
	struct process p = {.channel = channel, .listener_fd = -1, .proc_fd = -1};
	struct rf_err err;

	(void)prctl(PR_SET_PDEATHSIG, 0);
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)mlockall(MCL_CURRENT | MCL_ONFAULT);
	if (loop_new(&p.loop, &err) < 0)
		return EXIT_BAD_ORDERS;
	p.watch = loop_watch_fd(p.loop, channel, LOOP_READ, on_order, &p);
	if (!p.watch || loop_run(p.loop, &err) < 0)
		p.failed = true;
	end(&p);
	return p.failed ? EXIT_BAD_ORDERS : 0;
}

PROC_ROLE(role, "mesh-identity", run);
const struct proc_role *const workload_role = &role;
