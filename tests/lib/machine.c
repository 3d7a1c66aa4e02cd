/* Namespaces are held by descriptors only; links and routes are made as the program makes them. */
#include "tests/lib/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "dataplane/link.h"
#include "tests/lib/random_model.h"

static const char *const addresses[MACHINE_ENDS][2] = {
	{"10.0.0.1", "fd00::1"},
	{"10.0.0.2", "fd00::2"},
	{"10.0.0.3", "fd00::3"},
	{"10.0.0.4", "fd00::4"},
	{"10.0.0.5", "fd00::5"},
	{"10.0.0.6", "fd00::6"},
	{"10.0.0.7", "fd00::7"},
	{"10.0.0.8", "fd00::8"},
	[MACHINE_OUT] = {"192.168.7.1", "2001:db8::7"},
	[MACHINE_NEAR] = {"10.0.1.1", "fd00::1:1"},
	[MACHINE_HOST] = {"172.16.0.1", "2001:db8:1::1"},
};

static int own_namespace(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

static void go_to(int ns)
{
	if (setns(ns, CLONE_NEWNET) < 0)
		abort();
}

/* A new namespace in which processes may ping; the caller stays where it is. */
static int new_namespace(struct rf_err *err)
{
	AUTO_FD home = own_namespace();
	int made = -1;

	if (home < 0 || unshare(CLONE_NEWNET) < 0) {
		rf_err_sys(err, errno, "a network namespace");
		return -1;
	}
	if (rf_file_write("/proc/sys/net/ipv4/ping_group_range", "0 0", err) == RF_OK)
		made = own_namespace();
	go_to(home);
	return made;
}

int machine_socket(int ns, int family, int type, int protocol)
{
	AUTO_FD home = own_namespace();
	int fd;

	if (ns >= 0)
		go_to(ns);
	fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (ns >= 0)
		go_to(home);
	return fd;
}

int machine_af(const struct rf_ip *ip)
{
	return ip->family == RF_IPV4 ? AF_INET : AF_INET6;
}

socklen_t machine_addr(const struct rf_ip *ip, uint16_t port, union machine_addr *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (ip->family == RF_IPV4) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(port);
		memcpy(&ret->v4.sin_addr, ip->bytes, 4);
		return sizeof(ret->v4);
	}
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons(port);
	memcpy(&ret->v6.sin6_addr, ip->bytes, 16);
	return sizeof(ret->v6);
}

static int bound_socket(const struct machine_end *end, unsigned family, int type, uint16_t port)
{
	union machine_addr addr;
	socklen_t len = machine_addr(&end->ips[family], port, &addr);
	int fd = machine_socket(end->ns, addr.any.sa_family, type, 0), one = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &addr.any, len) == 0 && (type != SOCK_STREAM || listen(fd, 4096) == 0))
		return fd;
	close(fd);
	return -1;
}

static int open_services(struct machine_end *end, struct rf_err *err)
{
	size_t count;
	const uint16_t *ports = random_model_ports(&count);

	if (count != MACHINE_PORTS)
		return rf_err_set(err, RF_EINTERNAL, "%zu ports", count);
	for (unsigned family = 0; family < 2; family++) {
		end->raw_sctp[family] = machine_socket(
			end->ns, machine_af(&end->ips[family]), SOCK_RAW, IPPROTO_SCTP);
		if (end->raw_sctp[family] < 0)
			return rf_err_sys(err, errno, "a raw socket");
		for (unsigned i = 0; i < MACHINE_PORTS; i++) {
			end->listen[family][i] = bound_socket(end, family, SOCK_STREAM, ports[i]);
			end->echo[family][i] = bound_socket(end, family, SOCK_DGRAM, ports[i]);
			if (end->listen[family][i] < 0 || end->echo[family][i] < 0)
				return rf_err_sys(err, errno, "port %u", ports[i]);
		}
	}
	return RF_OK;
}

/* A link that the machine has not been told to mistrust. */
static int trust_sources(const char *name, struct rf_err *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", name);
	return rf_file_write(path, "0", err);
}

/* Pods and the outside hang on links of the same make, but for their names. */
static int add_linked(struct machine *m, unsigned index)
{
	struct machine_end *end = &m->ends[index];
	struct link_pod link = {.ip_count = 2, .ips = {end->ips[0], end->ips[1]}};
	char name[LINK_NAME_SIZE];

	snprintf(name, sizeof(name), index < MACHINE_PODS ? "rf%u" : "out%u", index);
	end->ns = new_namespace(&m->err);
	if (end->ns < 0)
		return m->err.code;
	link.name = name;
	link.netns_fd = end->ns;
	if (link_pod_add(&link, &m->err) < 0)
		return m->err.code;
	if (index >= MACHINE_PODS && trust_sources(name, &m->err) < 0)
		return m->err.code;
	return open_services(end, &m->err);
}

static int set_up_host(struct machine *m)
{
	struct machine_end *end = &m->ends[MACHINE_HOST];
	struct link_forwarding before;
	int rc = link_up("lo", &m->err);

	for (unsigned family = 0; rc == RF_OK && family < 2; family++) {
		struct rf_cidr own = {.ip = end->ips[family], .prefix = family ? 128 : 32};

		rc = link_addr_add("lo", &own, &m->err);
	}
	if (rc == RF_OK)
		rc = rf_file_write("/proc/sys/net/ipv4/ping_group_range", "0 0", &m->err);
	if (rc == RF_OK)
		rc = link_forwarding_enable(&before, &m->err);
	return rc == RF_OK ? open_services(end, &m->err) : rc;
}

static int open_fence(struct machine *m)
{
	struct fence_config config = {
		.table = MACHINE_TABLE, .link_prefix = "rf", .pod_range_count = 2};

	if (!rf_cidr_parse(RF_STR("10.0.0.0/28"), &config.pod_ranges[0]) ||
		!rf_cidr_parse(RF_STR("fd00::/124"), &config.pod_ranges[1]))
		return RF_EINTERNAL;
	return fence_open(&config, &m->fence, &m->err);
}

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int machine_make(struct machine *m)
{
	int rc;

	*m = (struct machine){.fence = NULL};
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		return rf_err_set(&m->err, RF_EDENIED, "needs root and a network namespace");
	raise_limit();
	for (unsigned i = 0; i < MACHINE_ENDS; i++) {
		m->ends[i].ns = -1;
		for (unsigned family = 0; family < 2; family++) {
			if (!rf_ip_parse(rf_str_of(addresses[i][family]), &m->ends[i].ips[family]))
				return rf_err_set(&m->err, RF_EINTERNAL, "an address");
		}
	}
	rc = set_up_host(m);
	if (rc == RF_OK)
		rc = open_fence(m);
	for (unsigned i = 0; rc == RF_OK && i < MACHINE_HOST; i++)
		rc = add_linked(m, i);
	return rc;
}

void machine_done(struct machine *m)
{
	fence_close(m->fence);
}

int machine_run(const char *command)
{
	return system(command);
}
