/* The side that starts the keeper and names its clients. */
#include "mesh/keeper.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "mesh/identity.h"
#include "mesh/keeper_int.h"
#include "proc/frame.h"

#define READY_MS    30000U /* an authority is made, or another verb has it */
#define PATIENCE_MS 2000U

struct keeper {
	struct proc_child child;
	char trust_domain[IDENTITY_DOMAIN_MAX + 1];
};

static int wait_ready(struct keeper *keeper, struct rf_err *err)
{
	AUTO_FRAME frame = FRAME_INIT;
	int rc = frame_recv_within(keeper->child.channel, READY_MS, &frame, err);
	struct frame_reader reader;

	if (rc == RF_EABSENT)
		return rf_err_set(err, RF_EIO, "the keeper's process has ended");
	if (rc < 0)
		return rf_err_wrap(err, RF_EIO, "the keeper's process");
	reader = (struct frame_reader){.rest = rf_buf_str(&frame.payload)};
	if (frame.type == KEEPER_MSG_ERROR && frame_get_err(&reader, err) < 0)
		return err->code;
	if (frame.type == KEEPER_MSG_READY &&
		rf_str_copy(frame_get_str(&reader), keeper->trust_domain,
			sizeof(keeper->trust_domain)) &&
		frame_reader_ok(&reader))
		return RF_OK;
	return rf_err_set(err, RF_EINTERNAL, "the keeper's process gave a strange answer");
}

int keeper_start(
	const char *dir, struct rf_str trust_domain, struct keeper **ret, struct rf_err *err)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));
	AUTO_BUF payload = {0};
	int rc;

	if (!keeper)
		return rf_err_nomem(err);
	keeper->child = PROC_CHILD_INIT;
	frame_put_str(&payload, rf_str_of(dir));
	frame_put_str(&payload, trust_domain);
	rc = proc_child_start(keeper_role, &keeper->child, err);
	if (rc == RF_OK)
		rc = frame_send(
			keeper->child.channel, KEEPER_MSG_SETTINGS, rf_buf_str(&payload), err);
	if (rc == RF_OK)
		rc = wait_ready(keeper, err);
	if (rc == RF_OK) {
		*ret = keeper;
		return RF_OK;
	}
	proc_child_kill(&keeper->child);
	free(keeper);
	return rf_err_wrap(err, rc, "the certificate authority in %s", dir);
}

void keeper_free(struct keeper *keeper)
{
	if (!keeper)
		return;
	rf_fd_closep(&keeper->child.channel);
	free(keeper);
}

int keeper_end(struct keeper *keeper, struct rf_err *err)
{
	if (keeper->child.pid > 0)
		kill(keeper->child.pid, SIGKILL);
	return proc_child_wait(&keeper->child, err);
}

int keeper_channel(const struct keeper *keeper)
{
	return keeper->child.channel;
}

pid_t keeper_pid(const struct keeper *keeper)
{
	return keeper->child.pid;
}

const char *keeper_trust_domain(const struct keeper *keeper)
{
	return keeper->trust_domain;
}

int keeper_add_client(
	struct keeper *keeper, const struct keeper_client *client, int *ret_fd, struct rf_err *err)
{
	char id[IDENTITY_MAX + 1];
	AUTO_BUF payload = {0};
	AUTO_FD ours = -1;
	AUTO_FD theirs = -1;
	struct frame_out out = {.type = KEEPER_MSG_CLIENT, .fd_count = 1};
	int pair[2], rc;

	if (keeper->child.channel < 0)
		return rf_err_set(err, RF_EIO, "the keeper's process has ended");
	rc = identity_make(
		rf_str_of(keeper->trust_domain), client->namespace, client->account, id, err);
	if (rc < 0)
		return rc;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return rf_err_sys(err, errno, "make a socket pair");
	ours = pair[0];
	theirs = pair[1];
	frame_put_str(&payload, rf_str_of(id));
	frame_put_u64(&payload, (uint64_t)client->ttl_s);
	for (size_t i = 0; i < client->dns_count; i++)
		frame_put_str(&payload, client->dns[i]);
	out.payload = rf_buf_str(&payload);
	out.fds = &theirs;
	rc = frame_send_within(keeper->child.channel, PATIENCE_MS, &out, err);
	if (rc == RF_OK)
		*ret_fd = TAKE_FD(ours);
	return rc;
}
