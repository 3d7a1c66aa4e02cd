/*
 * Names are resolved and sockets connected in the parent. A registry may send its clients on to
 * other hosts (token services, blob stores), so these are kept away from this machine's own
 * addresses and from link-local ones (metadata services), unless the registry is there itself.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/registry/registry_int.h"

#define CONNECT_MS    10000
#define MAX_ADDRESSES 8

static bool near4(uint32_t address)
{
	return address >> 24 == 127 || address >> 24 == 0 || address >> 16 == 0xa9fe;
}

/* Of this machine or its links; IPv4 also in IPv6 clothes. */
static bool is_near(const struct sockaddr *address)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	uint32_t inner;

	if (address->sa_family == AF_INET) {
		memcpy(&four, address, sizeof(four));
		return near4(ntohl(four.sin_addr.s_addr));
	}
	memcpy(&six, address, sizeof(six));
	if (!IN6_IS_ADDR_V4MAPPED(&six.sin6_addr))
		return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) ||
		       IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr) ||
		       IN6_IS_ADDR_UNSPECIFIED(&six.sin6_addr);
	memcpy(&inner, &six.sin6_addr.s6_addr[12], sizeof(inner));
	return near4(ntohl(inner));
}

static int finish_connect(int fd, struct rf_err *err)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	int rc, error = 0;
	socklen_t len = sizeof(error);

	do
		rc = poll(&poll_fd, 1, CONNECT_MS);
	while (rc < 0 && errno == EINTR);
	if (rc == 0)
		return rf_err_sys(err, ETIMEDOUT, "connect");
	if (rc < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	return error ? rf_err_sys(err, error, "connect") : RF_OK;
}

static int connect_to(const struct addrinfo *info, struct rf_err *err)
{
	AUTO_FD fd =
		socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	int one = 1;

	if (fd < 0)
		return rf_err_sys(err, errno, "make a socket");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, info->ai_addr, info->ai_addrlen) < 0) {
		if (errno != EINPROGRESS)
			return rf_err_sys(err, errno, "connect");
		if (finish_connect(fd, err) < 0)
			return RF_EIO;
	}
	return TAKE_FD(fd);
}

static int try_all(
	struct registry *registry, const struct addrinfo *list, bool own, struct rf_err *err)
{
	int rc = rf_err_set(err, RF_EABSENT, "no address");
	unsigned tried = 0;

	for (const struct addrinfo *it = list; it && tried < MAX_ADDRESSES; it = it->ai_next) {
		bool close_by;

		if (it->ai_family != AF_INET && it->ai_family != AF_INET6)
			continue;
		tried++;
		close_by = is_near(it->ai_addr);
		if (!own && close_by && !registry->near) {
			rc = rf_err_set(err, RF_EDENIED,
				"the registry leads to an address of this machine");
			continue;
		}
		rc = connect_to(it, err);
		if (rc >= 0 && own)
			registry->near = close_by;
		if (rc >= 0)
			return rc;
	}
	return rc;
}

int registry_connect(struct registry *registry, const char *host, uint16_t port, struct rf_err *err)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *list = NULL;
	char service[16];
	int rc;

	snprintf(service, sizeof(service), "%u", port);
	rc = getaddrinfo(host, service, &hints, &list);
	if (rc)
		return rf_err_set(
			err, rc == EAI_AGAIN ? RF_EIO : RF_EABSENT, "%s", gai_strerror(rc));
	rc = try_all(registry, list, strcmp(host, registry->target.host) == 0, err);
	freeaddrinfo(list);
	return rc;
}
