/* One epoll instance watches the ends' listeners and echoes and every packet's socket. */
#include "tests/lib/packets.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

enum watch_kind {
	WATCH_PACKET,
	WATCH_LISTEN,
	WATCH_ECHO,
	WATCH_SCTP_V4,
	WATCH_SCTP_V6,
};

struct flight {
	struct machine *machine;
	struct packet *packets;
	size_t count;
	size_t wanted; /* still to come */
	int epoll;
};

/* --- SCTP by hand (RFC 9260, sections 3.1 and 3.3.2) --- */

struct sctp_init {
	uint16_t from_port, to_port;
	uint32_t tag, checksum;
	uint8_t type, flags;
	uint16_t length;
	uint32_t init_tag, window;
	uint16_t out_streams, in_streams;
	uint32_t first_tsn;
};

/* CRC32c, bit by bit. */
static uint32_t crc32c(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint32_t crc = ~0U;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);
	}
	return ~crc;
}

static struct sctp_init init_chunk(uint16_t port, uint32_t number)
{
	struct sctp_init init = {
		.from_port = htons((uint16_t)(20000 + number % 20000)),
		.to_port = htons(port),
		.type = 1,
		.length = htons(20),
		.init_tag = htonl(number + 1),
		.window = htonl(65536),
		.out_streams = htons(1),
		.in_streams = htons(1),
		.first_tsn = htonl(1),
	};

	init.checksum = htole32(crc32c(&init, sizeof(init)));
	return init;
}

static int send_sctp(const struct flight *f, const struct packet *p)
{
	unsigned family = p->to.family == RF_IPV6;
	struct sctp_init init = init_chunk(p->port, (uint32_t)(p - f->packets));
	union machine_addr addr;
	socklen_t len = machine_addr(&p->to, 0, &addr);

	return sendto(f->machine->ends[p->from].raw_sctp[family], &init, sizeof(init), 0, &addr.any,
		       len) < 0
		       ? -errno
		       : 0;
}

/* --- sending --- */

static bool watch(const struct flight *f, int fd, uint32_t events, enum watch_kind kind, size_t n)
{
	struct epoll_event event = {.events = events, .data.u64 = (uint64_t)kind << 32 | n};

	if (fd < 0)
		return true;
	if (kind >= WATCH_LISTEN)
		event.data.u64 = (uint64_t)kind << 32 | (uint32_t)fd;
	return epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static int send_ping(const struct packet *p)
{
	struct icmphdr v4 = {.type = ICMP_ECHO};
	struct icmp6_hdr v6 = {.icmp6_type = ICMP6_ECHO_REQUEST};
	const void *header = p->to.family == RF_IPV4 ? (const void *)&v4 : (const void *)&v6;

	return send(p->fd, header, 8, 0) < 0 ? -errno : 0;
}

static int open_packet(const struct flight *f, struct packet *p)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_DGRAM};
	int ping = p->to.family == RF_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	union machine_addr addr;
	socklen_t len = machine_addr(&p->to, p->proto == POLICY_OTHER ? 0 : p->port, &addr);

	p->fd = machine_socket(f->machine->ends[p->from].ns, addr.any.sa_family, types[p->proto],
		p->proto == POLICY_OTHER ? ping : 0);
	if (p->fd < 0)
		return -errno;
	if (connect(p->fd, &addr.any, len) < 0 && errno != EINPROGRESS)
		return -errno;
	if (p->proto == POLICY_UDP && send(p->fd, "x", 1, 0) < 0)
		return -errno;
	return p->proto == POLICY_OTHER ? send_ping(p) : 0;
}

/* A packet that cannot even be sent has its outcome. */
static bool launch(struct flight *f, size_t index)
{
	struct packet *p = &f->packets[index];
	int rc;

	p->got = false;
	p->cause = 0;
	p->fd = -1;
	if (p->proto == POLICY_SCTP) {
		rc = send_sctp(f, p);
	} else {
		rc = open_packet(f, p);
		if (rc == 0 && !watch(f, p->fd, p->proto == POLICY_TCP ? EPOLLOUT : EPOLLIN,
				       WATCH_PACKET, index))
			return false;
	}
	p->cause = -rc;
	return rc != -EMFILE && rc != -ENFILE;
}

/* --- receiving --- */

static void settle(struct flight *f, struct packet *p, int cause)
{
	if (p->got || p->cause)
		return;
	p->got = cause == 0;
	p->cause = cause;
	f->wanted -= p->want && p->got;
}

static void packet_ready(struct flight *f, struct packet *p)
{
	int cause = 0;
	socklen_t len = sizeof(cause);
	char bytes[64];

	if (p->proto == POLICY_TCP)
		getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &cause, &len);
	else if (recv(p->fd, bytes, sizeof(bytes), 0) < 0)
		cause = errno;
	epoll_ctl(f->epoll, EPOLL_CTL_DEL, p->fd, NULL);
	settle(f, p, cause);
}

static void accept_all(int fd)
{
	int client;

	while ((client = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(client);
}

static void echo_all(int fd)
{
	union machine_addr from;
	socklen_t len = sizeof(from);
	char bytes[64];
	ssize_t got;

	while ((got = recvfrom(fd, bytes, sizeof(bytes), 0, &from.any, &len)) >= 0) {
		sendto(fd, bytes, (size_t)got, 0, &from.any, len);
		len = sizeof(from);
	}
}

/* Where the packet says it goes must be where it has arrived; the tag says which it is. */
static void sctp_all(struct flight *f, int fd, bool v4)
{
	uint8_t bytes[256];
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), 0)) >= 0) {
		size_t skip = v4 && got > 0 ? (size_t)(bytes[0] & 15) * 4 : 0;
		struct sctp_init init;
		uint32_t tag;

		if ((size_t)got < skip + sizeof(init))
			continue;
		memcpy(&init, bytes + skip, sizeof(init));
		tag = ntohl(init.init_tag);
		if (init.type == 1 && tag >= 1 && tag <= f->count &&
			f->packets[tag - 1].proto == POLICY_SCTP)
			settle(f, &f->packets[tag - 1], 0);
	}
}

static void dispatch(struct flight *f, const struct epoll_event *event)
{
	uint32_t n = (uint32_t)event->data.u64;

	switch ((enum watch_kind)(event->data.u64 >> 32)) {
	case WATCH_PACKET: packet_ready(f, &f->packets[n]); break;
	case WATCH_LISTEN: accept_all((int)n); break;
	case WATCH_ECHO: echo_all((int)n); break;
	case WATCH_SCTP_V4: sctp_all(f, (int)n, true); break;
	case WATCH_SCTP_V6: sctp_all(f, (int)n, false); break;
	}
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void wait_until(struct flight *f, int64_t deadline_ms, bool while_wanted)
{
	struct epoll_event events[64];
	int64_t left;

	while ((left = deadline_ms - now_ms()) > 0 && !(while_wanted && f->wanted == 0)) {
		int count = epoll_wait(f->epoll, events, RF_ARRAY_LEN(events), (int)left);

		for (int i = 0; i < count; i++)
			dispatch(f, &events[i]);
	}
}

/* --- all of it --- */

static bool watch_end(const struct flight *f, const struct machine_end *end)
{
	for (unsigned family = 0; family < 2; family++) {
		if (!watch(f, end->raw_sctp[family], EPOLLIN,
			    family ? WATCH_SCTP_V6 : WATCH_SCTP_V4, 0))
			return false;
		for (unsigned i = 0; i < MACHINE_PORTS; i++) {
			if (!watch(f, end->listen[family][i], EPOLLIN, WATCH_LISTEN, 0) ||
				!watch(f, end->echo[family][i], EPOLLIN, WATCH_ECHO, 0))
				return false;
		}
	}
	return true;
}

static void close_packets(struct flight *f)
{
	struct linger reset = {.l_onoff = 1};

	for (size_t i = 0; i < f->count; i++) {
		if (f->packets[i].fd < 0)
			continue;
		setsockopt(f->packets[i].fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(f->packets[i].fd);
		f->packets[i].fd = -1;
	}
}

int packets_send(struct machine *machine, struct packet *packets, size_t count, struct rf_err *err)
{
	AUTO_FD epoll = epoll_create1(EPOLL_CLOEXEC);
	struct flight f = {.machine = machine, .packets = packets, .count = count, .epoll = epoll};
	bool ok = epoll >= 0;

	for (unsigned i = 0; ok && i < MACHINE_ENDS; i++)
		ok = watch_end(&f, &machine->ends[i]);
	for (size_t i = 0; i < count; i++) {
		packets[i].fd = -1;
		f.wanted += packets[i].want;
	}
	for (size_t i = 0; ok && i < count; i++)
		ok = launch(&f, i);
	if (ok) {
		wait_until(&f, now_ms() + PACKETS_WANTED_MS, true);
		wait_until(&f, now_ms() + PACKETS_GRACE_MS, false);
	}
	close_packets(&f);
	return ok ? RF_OK : rf_err_sys(err, errno, "%zu packets", count);
}
