/* Texts, sockets and addresses; names are looked up by getaddrinfo(3). */
#include "mesh/proxy/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/num.h"

#define BACKLOG	    4096
#define UNIX_PREFIX "unix:"
#define MAX_HOST    256

struct rf_ip endpoint_ip(const struct endpoint *endpoint)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	struct rf_ip ip = {.family = RF_FAMILY_NONE};
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (endpoint->address.ss_family == AF_INET) {
		memcpy(&in, &endpoint->address, sizeof(in));
		ip.family = RF_IPV4;
		memcpy(ip.bytes, &in.sin_addr, 4);
	} else if (endpoint->address.ss_family == AF_INET6) {
		memcpy(&in6, &endpoint->address, sizeof(in6));
		ip.family = memcmp(&in6.sin6_addr, mapped, 12) == 0 ? RF_IPV4 : RF_IPV6;
		if (ip.family == RF_IPV4)
			memcpy(ip.bytes, (const uint8_t *)&in6.sin6_addr + 12, 4);
		else
			memcpy(ip.bytes, &in6.sin6_addr, 16);
	}
	return ip;
}

uint16_t endpoint_port(const struct endpoint *endpoint)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	memcpy(&in, &endpoint->address, sizeof(in));
	memcpy(&in6, &endpoint->address, sizeof(in6));
	switch (endpoint->address.ss_family) {
	case AF_INET: return ntohs(in.sin_port);
	case AF_INET6: return ntohs(in6.sin6_port);
	default: return 0;
	}
}

const char *endpoint_text(const struct endpoint *endpoint, char out[static ENDPOINT_TEXT_SIZE])
{
	struct rf_ip ip = endpoint_ip(endpoint);
	char text[RF_IP_TEXT_SIZE];
	struct sockaddr_un un;

	if (ip.family == RF_FAMILY_NONE) {
		memset(&un, 0, sizeof(un));
		memcpy(&un, &endpoint->address,
			endpoint->len < sizeof(un) ? endpoint->len : sizeof(un));
		if (endpoint->len > offsetof(struct sockaddr_un, sun_path) && un.sun_path[0])
			snprintf(out, ENDPOINT_TEXT_SIZE, UNIX_PREFIX "%.*s",
				(int)sizeof(un.sun_path), un.sun_path);
		else
			snprintf(out, ENDPOINT_TEXT_SIZE, "unix");
		return out;
	}
	snprintf(out, ENDPOINT_TEXT_SIZE, ip.family == RF_IPV6 ? "[%s]:%u" : "%s:%u",
		rf_ip_text(&ip, text), endpoint_port(endpoint));
	return out;
}

/* --- reading --- */

static bool is_unix(const char *text)
{
	return rf_str_starts(rf_str_of(text), RF_STR(UNIX_PREFIX));
}

/* Cuts HOST:PORT; brackets around an IPv6 address go. */
static bool cut(const char *text, char *host, size_t host_size, struct rf_str *ret_port)
{
	const char *colon = strrchr(text, ':');
	struct rf_str name;

	if (!colon)
		return false;
	name = (struct rf_str){text, (size_t)(colon - text)};
	*ret_port = rf_str_of(colon + 1);
	if (name.len >= 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']')
		name = (struct rf_str){name.ptr + 1, name.len - 2};
	else if (memchr(name.ptr, ':', name.len))
		return false;
	return rf_str_copy(name, host, host_size);
}

bool endpoint_host(const char *text, char *out, size_t out_size)
{
	struct rf_str port;

	if (is_unix(text))
		return rf_str_copy(RF_STR(""), out, out_size);
	return cut(text, out, out_size, &port);
}

static int parse_unix(const char *path, struct endpoint *ret, struct rf_err *err)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	if (!rf_str_copy(rf_str_of(path), un.sun_path, sizeof(un.sun_path)) || !path[0])
		return rf_err_set(err, RF_EINPUT,
			"\"%s\": the path of a UNIX socket has 1 to %zu characters", path,
			sizeof(un.sun_path) - 1);
	memset(ret, 0, sizeof(*ret));
	memcpy(&ret->address, &un, sizeof(un));
	ret->len = sizeof(un);
	return RF_OK;
}

static int look_up(const char *host, const char *port, bool listen,
	struct endpoint ret[static ENDPOINT_MAX], size_t *ret_count, struct rf_err *err)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | (listen ? AI_PASSIVE : 0)};
	struct addrinfo *list;
	int rc = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
	size_t count = 0;

	if (rc)
		return rf_err_set(err, RF_EABSENT, "look up \"%s\": %s", host,
			rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
	for (const struct addrinfo *it = list; it && count < ENDPOINT_MAX; it = it->ai_next) {
		memset(&ret[count], 0, sizeof(ret[count]));
		memcpy(&ret[count].address, it->ai_addr, it->ai_addrlen);
		ret[count++].len = it->ai_addrlen;
	}
	freeaddrinfo(list);
	*ret_count = count;
	return RF_OK;
}

int endpoint_parse(const char *text, bool listen, struct endpoint ret[static ENDPOINT_MAX],
	size_t *ret_count, struct rf_err *err)
{
	char host[MAX_HOST];
	struct rf_str port;
	uint64_t number;
	int rc;

	if (is_unix(text)) {
		rc = parse_unix(text + strlen(UNIX_PREFIX), &ret[0], err);
		*ret_count = 1;
		return rc;
	}
	if (!cut(text, host, sizeof(host), &port) || !rf_num_u64(port, UINT16_MAX, &number) ||
		(!listen && (number == 0 || !host[0])))
		return rf_err_set(err, RF_EINPUT,
			"\"%s\" is no address such as 127.0.0.1:8443, [::1]:8443, name:8443 or "
			"unix:/run/app.sock",
			text);
	return look_up(host, port.ptr, listen, ret, ret_count, err);
}

/* --- listening --- */

/* A socket file that nobody answers at is left from a process that has ended. */
static void remove_stale(const struct endpoint *endpoint)
{
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un un;
	struct stat st;

	memcpy(&un, &endpoint->address, sizeof(un));
	if (fd < 0 || stat(un.sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	if (connect(fd, (const struct sockaddr *)&un, sizeof(un)) < 0 && errno == ECONNREFUSED)
		(void)unlink(un.sun_path);
}

int endpoint_listen(
	const struct endpoint *endpoint, bool reuse_port, int *ret_fd, struct rf_err *err)
{
	int family = endpoint->address.ss_family, one = 1;
	AUTO_FD fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char text[ENDPOINT_TEXT_SIZE];

	if (fd < 0)
		return rf_err_sys(err, errno, "make a socket");
	/* IPv4 has sockets of its own. */
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (family == AF_UNIX)
		remove_stale(endpoint);
	else if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		 (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) < 0))
		return rf_err_sys(err, errno, "set up a socket");
	/* ":PORT" is a socket of each family, which would be one too many for the second. */
	if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0)
		return rf_err_sys(err, errno, "set up a socket");
	if (bind(fd, (const struct sockaddr *)&endpoint->address, endpoint->len) < 0 ||
		listen(fd, BACKLOG) < 0)
		return rf_err_sys(err, errno, "listen on %s", endpoint_text(endpoint, text));
	*ret_fd = TAKE_FD(fd);
	return RF_OK;
}
