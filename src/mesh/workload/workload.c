/* The side that starts the process and tells it what to write. */
#include "mesh/workload/workload.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "mesh/workload/workload_int.h"
#include "proc/frame.h"

#define PATIENCE_S 1 /* with a process that takes no orders */

struct workload {
	struct proc_child child;
};

void workload_put_file(struct rf_buf *out, const struct workload_file *file)
{
	frame_put_str(out, file->dir);
	frame_put_str(out, file->path);
	frame_put_u64(out, file->of);
	frame_put_u64(out, file->mode);
	frame_put_u64(out, file->uid);
	frame_put_u64(out, file->gid);
	frame_put_str(out, file->text);
}

static int send_api(struct workload *workload, const struct workload_opts *opts, struct rf_err *err)
{
	const int fds[] = {opts->listener_fd, opts->proc_fd};
	AUTO_BUF payload = {0};

	if (opts->listener_fd < 0)
		return RF_OK;
	frame_put_str(&payload, opts->cgroup);
	return frame_send_fds(workload->child.channel, WORKLOAD_MSG_API, rf_buf_str(&payload), fds,
		RF_ARRAY_LEN(fds), err);
}

int workload_start(const struct workload_opts *opts, struct workload **ret, struct rf_err *err)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	const int fds[] = {opts->dir_fd, opts->keeper_fd};
	struct workload *workload = calloc(1, sizeof(*workload));
	int rc;

	if (!workload)
		return rf_err_nomem(err);
	workload->child = PROC_CHILD_INIT;
	rc = proc_child_start(workload_role, &workload->child, err);
	if (rc == RF_OK) {
		/* Who starts it must not hang with it. */
		(void)setsockopt(workload->child.channel, SOL_SOCKET, SO_SNDTIMEO, &patience,
			sizeof(patience));
		(void)setsockopt(workload->child.channel, SOL_SOCKET, SO_RCVTIMEO, &patience,
			sizeof(patience));
		rc = send_api(workload, opts, err);
	}
	if (rc == RF_OK)
		rc = frame_send_fds(workload->child.channel, WORKLOAD_MSG_START, opts->files, fds,
			RF_ARRAY_LEN(fds), err);
	if (rc == RF_OK) {
		*ret = workload;
		return RF_OK;
	}
	workload_free(workload);
	return rf_err_wrap(err, rc, "the process of a pod's identity");
}

void workload_free(struct workload *workload)
{
	if (!workload)
		return;
	proc_child_kill(&workload->child);
	free(workload);
}

pid_t workload_pid(const struct workload *workload)
{
	return workload->child.pid;
}

int workload_channel(const struct workload *workload)
{
	return workload->child.channel;
}

/* By itself; one that says half a message is not waited for. */
static int ended(struct workload *workload, struct rf_err *err)
{
	if (workload->child.pid > 0)
		kill(workload->child.pid, SIGKILL);
	if (proc_child_wait(&workload->child, err) == RF_OK)
		return rf_err_set(err, RF_EABSENT, "has ended");
	if (err)
		err->code = RF_EABSENT;
	return RF_EABSENT;
}

int workload_hear(struct workload *workload, int timeout_ms, struct rf_err *err)
{
	struct pollfd wait = {.fd = workload->child.channel, .events = POLLIN};
	AUTO_FRAME frame = FRAME_INIT;
	struct frame_reader reader;

	if (poll(&wait, 1, timeout_ms) == 0)
		return rf_err_set(err, RF_ELIMIT, "no certificate within %d ms", timeout_ms);
	if (frame_recv(workload->child.channel, &frame, err) < 0)
		return ended(workload, err);
	if (frame.type == WORKLOAD_MSG_WRITTEN)
		return RF_OK;
	reader = (struct frame_reader){.rest = rf_buf_str(&frame.payload)};
	if (frame.type == WORKLOAD_MSG_ERROR && frame_get_err(&reader, err) < 0)
		return err ? err->code : RF_EIO;
	return rf_err_set(err, RF_EINTERNAL, "the process of a pod's identity says strange things");
}

int workload_set_files(struct workload *workload, struct rf_str files, struct rf_err *err)
{
	return frame_send(workload->child.channel, WORKLOAD_MSG_FILES, files, err);
}

int workload_set_client(struct workload *workload, int keeper_fd, struct rf_err *err)
{
	return frame_send_fds(
		workload->child.channel, WORKLOAD_MSG_CLIENT, RF_STR(""), &keeper_fd, 1, err);
}
