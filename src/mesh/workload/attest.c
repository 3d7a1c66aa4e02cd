/*
 * A number of a process may be given again to another one. Where the kernel has a descriptor of the
 * peer (SO_PEERPIDFD, Linux 6.5) it is looked at after its cgroup was read: who has not ended by
 * then was the one whose cgroup it was.
 */
#include "mesh/workload/attest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/fd.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

static bool is_beneath(struct rf_str path, struct rf_str group)
{
	return rf_str_starts(path, group) && (path.len == group.len || path.ptr[group.len] == '/');
}

bool attest_is_in(struct rf_str text, struct rf_str group)
{
	struct rf_str line, part, rest = text;

	if (group.len < 2 || group.ptr[0] != '/')
		return false;
	while (rest.ptr && rest.len) {
		struct rf_str path;

		rest = rf_str_cut(rest, '\n', &line);
		path = rf_str_cut(line, ':', &part);
		if (path.ptr)
			path = rf_str_cut(path, ':', &part);
		if (path.ptr && is_beneath(path, group))
			return true;
	}
	return false;
}

/* -1: this kernel has none. */
static int peer_pidfd(int connection)
{
	int fd = -1;
	socklen_t len = sizeof(fd);

	return getsockopt(connection, SOL_SOCKET, SO_PEERPIDFD, &fd, &len) == 0 ? fd : -1;
}

static bool has_ended(int pidfd)
{
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};

	return pidfd >= 0 && poll(&poll_fd, 1, 0) != 0;
}

static int read_cgroup(int proc_fd, pid_t pid, struct rf_buf *out, struct rf_err *err)
{
	AUTO_FD fd = -1;
	char name[32];

	snprintf(name, sizeof(name), "%d/cgroup", (int)pid);
	fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? rf_err_sys(err, errno, "/proc/%s", name) : rf_fd_read_all(fd, out, err);
}

int attest_peer(int connection, int proc_fd, struct rf_str group, struct rf_err *err)
{
	AUTO_BUF text = {.max = ATTEST_MAX_CGROUP};
	AUTO_FD pidfd = peer_pidfd(connection);
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || peer.pid <= 0)
		return rf_err_set(err, RF_EDENIED, "the caller is not known");
	if (read_cgroup(proc_fd, peer.pid, &text, err) < 0 || has_ended(pidfd))
		return rf_err_set(err, RF_EDENIED, "the caller has ended");
	return attest_is_in(rf_buf_str(&text), group)
		       ? RF_OK
		       : rf_err_set(err, RF_EDENIED, "the caller is not of this pod");
}
