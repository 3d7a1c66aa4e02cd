/*
 * Machines for tests of the dataplane: the test's process moves into network namespaces of its own
 * (nothing of the machine's is touched), pods are further namespaces with real links.
 */
#ifndef TESTS_DATAPLANE_NET_TEST_H
#define TESTS_DATAPLANE_NET_TEST_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/fence.h"
#include "dataplane/link.h"
#include "kube/load.h"
#include "tests/lib/tap.h"

#define WAIT_MS 250

/* A new network namespace; the calling thread stays where it is. -1 when not permitted. */
static inline int net_new(void)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), made = -1;

	if (home >= 0 && unshare(CLONE_NEWNET) == 0) {
		made = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
		if (setns(home, CLONE_NEWNET) < 0)
			abort();
	}
	if (home >= 0)
		close(home);
	return made;
}

/* Moves the process into a new namespace, the machine of the test. */
static inline bool net_enter_new(void)
{
	return geteuid() == 0 && unshare(CLONE_NEWNET) == 0;
}

static inline struct rf_ip net_ip(const char *text)
{
	struct rf_ip ip = {.family = RF_FAMILY_NONE};

	if (!rf_ip_parse(rf_str_of(text), &ip))
		abort();
	return ip;
}

static inline struct rf_cidr net_cidr(const char *text)
{
	struct rf_cidr cidr;

	if (!rf_cidr_parse(rf_str_of(text), &cidr))
		abort();
	return cidr;
}

union net_addr {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static inline socklen_t net_addr(const char *text, uint16_t port, union net_addr *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(port);
		return sizeof(ret->v4);
	}
	if (inet_pton(AF_INET6, text, &ret->v6.sin6_addr) != 1)
		abort();
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons(port);
	return sizeof(ret->v6);
}

/* A socket of namespace ns (-1: here). */
static inline int net_socket(int ns, int family, int type)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), fd;

	if (ns >= 0 && setns(ns, CLONE_NEWNET) < 0)
		abort();
	fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (setns(home, CLONE_NEWNET) < 0)
		abort();
	close(home);
	return fd;
}

static inline int net_listen(int ns, const char *text, uint16_t port)
{
	union net_addr addr;
	socklen_t len = net_addr(text, port, &addr);
	int fd = net_socket(ns, addr.any.sa_family, SOCK_STREAM), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &addr.any, len) < 0 || listen(fd, 64) < 0) {
		tap_diag("listen on %s:%u: %s", text, port, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

/* A connected socket, or -errno (ETIMEDOUT after WAIT_MS). */
static inline int net_connect(int ns, const char *text, uint16_t port)
{
	union net_addr addr;
	socklen_t len = net_addr(text, port, &addr), size = sizeof(int);
	int fd = net_socket(ns, addr.any.sa_family, SOCK_STREAM), cause = 0;
	struct pollfd wait = {.fd = fd, .events = POLLOUT};

	if (connect(fd, &addr.any, len) == 0)
		return fd;
	cause = errno;
	if (cause == EINPROGRESS) {
		if (poll(&wait, 1, WAIT_MS) == 1)
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &size);
		else
			cause = ETIMEDOUT;
	}
	if (cause == 0)
		return fd;
	close(fd);
	return -cause;
}

/* 0 or the errno of trying. */
static inline int net_try(int ns, const char *text, uint16_t port)
{
	int fd = net_connect(ns, text, port);

	if (fd < 0)
		return -fd;
	close(fd);
	return 0;
}

/* One byte from a to b arrives in time. */
static inline bool net_passes(int a, int b)
{
	struct pollfd wait = {.fd = b, .events = POLLIN};
	char byte = 'x';

	return write(a, &byte, 1) == 1 && poll(&wait, 1, WAIT_MS) == 1 && read(b, &byte, 1) == 1;
}

/* --- policies from text --- */

struct net_policy {
	struct kube_set set;
	struct kube_pods pods;
	struct policy *policy;
};

static inline bool net_policy_load(struct net_policy *p, const char *yaml)
{
	AUTO_DIAGS diags = {0};
	struct rf_err err = {.code = RF_OK};
	bool ok;

	memset(p, 0, sizeof(*p));
	ok = kube_set_init(&p->set, &err) == RF_OK &&
	     kube_load_text(&p->set, rf_str_of(yaml), "test.yaml", &diags, &err) == RF_OK &&
	     diags.error_count == 0 && kube_pods_expand(&p->set, false, &p->pods, &err) == RF_OK &&
	     policy_compile(&p->set, &p->pods, &p->policy, &err) == RF_OK;
	rf_vec_each (diag, &diags.list)
		tap_diag("%u: %s", diag->pos.line, diag->msg);
	if (!ok)
		tap_diag("%s", err.msg);
	return ok;
}

static inline void net_policy_done(struct net_policy *p)
{
	policy_free(p->policy);
	kube_pods_done(&p->pods);
	kube_set_done(&p->set);
}

#endif
