/*
 * What the pods of the tests of life and fence run: a few steps, one after the other, each a row
 * of the table at the end. Linked statically.
 *
 *	probe print hello , sleep 500 , exit 3
 *	probe again print hello , sleep 500		for ever
 *
 * Times are milliseconds. A step that fails ends the program with its status.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PEERS_MAX 256
#define PING_MS	  50

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static int failed(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	return 1;
}

/* --- addresses --- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t address_of(const char *ip, const char *port, union address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, ip, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t)atoi(port));
		return sizeof(ret->v4);
	}
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons((uint16_t)atoi(port));
	return inet_pton(AF_INET6, ip, &ret->v6.sin6_addr) == 1 ? sizeof(ret->v6) : 0;
}

static int listener(int type, const char *port)
{
	union address all = {.v6 = {.sin6_family = AF_INET6}};
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, off = 0;

	all.v6.sin6_port = htons((uint16_t)atoi(port));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, &all.any, sizeof(all.v6)) < 0 ||
		(type == SOCK_STREAM && listen(fd, 128) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A connection, or -1 with errno. */
static int connected(const char *ip, const char *port, int timeout_ms)
{
	union address to;
	socklen_t len = address_of(ip, port, &to), size = sizeof(int);
	int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	if (connect(fd, &to.any, len) < 0 && errno != EINPROGRESS)
		error = errno;
	else if (poll(&p, 1, timeout_ms) == 0)
		error = ETIMEDOUT;
	else
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (!error)
		return fd;
	close(fd);
	errno = error;
	return -1;
}

/* --- steps: processes --- */

static int do_print(char **args)
{
	return printf("%s\n", args[0]) < 0;
}

static int do_time(char **args)
{
	(void)args;
	return printf("time %lld\n", now_ms()) < 0;
}

static __attribute__((noreturn)) int do_exit(char **args)
{
	fflush(stdout);
	_exit(atoi(args[0]));
}

static int do_sleep(char **args)
{
	pause_ms(atol(args[0]));
	return 0;
}

static void say_signal(int signo)
{
	char line[16] = "";
	const char *name = sigabbrev_np(signo);
	size_t len = strlen(name);

	memcpy(line, name, len);
	line[len] = '\n';
	if (write(1, line, len + 1) < 0)
		_exit(1);
}

static void say_signal_and_end(int signo)
{
	say_signal(signo);
	_exit(0);
}

/* pause: prints the signal that ends it */
static __attribute__((noreturn)) int do_pause(char **args)
{
	(void)args;
	for (int s = 1; s < 16; s++)
		signal(s, say_signal_and_end);
	puts("pausing");
	fflush(stdout);
	for (;;)
		pause();
}

/* stubborn: prints signals and goes on */
static __attribute__((noreturn)) int do_stubborn(char **args)
{
	(void)args;
	for (int s = 1; s < 16; s++)
		signal(s, say_signal);
	puts("stubborn");
	fflush(stdout);
	for (;;)
		pause();
}

static int do_crash(char **args)
{
	signal(atoi(args[0]), SIG_DFL);
	return raise(atoi(args[0]));
}

/* eat MEGABYTES */
static int do_eat(char **args)
{
	size_t len = (size_t)atol(args[0]) << 20;
	char *memory = malloc(len);

	for (size_t i = 0; memory && i < len; i += 4096)
		((volatile char *)memory)[i] = 1;
	puts("ate");
	return 0;
}

/* orphans COUNT: children whose parent has gone, which the first process must live with */
static int do_orphans(char **args)
{
	for (int i = 0; i < atoi(args[0]); i++) {
		pid_t pid = fork();

		if (pid == 0) {
			if (fork() == 0)
				pause_ms(200);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}

/* --- steps: files --- */

static int do_touch(char **args)
{
	int fd = open(args[0], O_WRONLY | O_CREAT, 0666);

	return fd < 0 ? failed(args[0]) : close(fd);
}

/* once FILE: fails the first time */
static int do_once(char **args)
{
	return access(args[0], F_OK) < 0 ? do_touch(args) + 1 : 0;
}

static int do_remove(char **args)
{
	return unlink(args[0]) < 0 ? failed(args[0]) : 0;
}

static int do_has(char **args)
{
	return access(args[0], F_OK) < 0;
}

static int do_cat(char **args)
{
	char block[4096];
	int fd = open(args[0], O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, block, sizeof(block));

	if (got < 0)
		return failed(args[0]);
	close(fd);
	return printf("%.*s\n", (int)got, block) < 0;
}

static int do_env(char **args)
{
	return printf("%s\n", getenv(args[0]) ? getenv(args[0]) : "(unset)") < 0;
}

/* --- steps: the network --- */

static void take_datagram(int fd)
{
	union address from;
	socklen_t len = sizeof(from);
	char block[512], ip[INET6_ADDRSTRLEN];
	ssize_t got = recvfrom(fd, block, sizeof(block), 0, &from.any, &len);

	if (got < 0)
		return;
	inet_ntop(AF_INET6, &from.v6.sin6_addr, ip, sizeof(ip));
	printf("datagram %s\n", ip);
	sendto(fd, block, (size_t)got, 0, &from.any, len);
}

static int take_peer(int fd)
{
	union address from;
	socklen_t len = sizeof(from);
	char ip[INET6_ADDRSTRLEN];
	int peer = accept4(fd, &from.any, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (peer >= 0)
		printf("connection %s\n", inet_ntop(AF_INET6, &from.v6.sin6_addr, ip, sizeof(ip)));
	return peer;
}

static int echo(int fd)
{
	char block[512];
	ssize_t got = read(fd, block, sizeof(block));

	if (got < 0 && errno == EAGAIN)
		return 0;
	return got <= 0 || write(fd, block, (size_t)got) < 0 ? -1 : 0;
}

/* serve PORT: echoes over TCP and UDP, and prints who comes */
static int do_serve(char **args)
{
	struct pollfd fds[PEERS_MAX] = {{.fd = listener(SOCK_STREAM, args[0]), .events = POLLIN},
		{.fd = listener(SOCK_DGRAM, args[0]), .events = POLLIN}};
	int count = 2;

	if (fds[0].fd < 0 || fds[1].fd < 0)
		return failed("serve");
	for (int s = 1; s < 16; s++)
		signal(s, s == SIGPIPE ? SIG_IGN : say_signal_and_end);
	puts("serving");
	for (;;) {
		fflush(stdout);
		poll(fds, (nfds_t)count, -1);
		if (fds[1].revents)
			take_datagram(fds[1].fd);
		for (int i = 2; i < count; i++) {
			if (fds[i].revents && echo(fds[i].fd) < 0) {
				close(fds[i].fd);
				fds[i--] = fds[--count];
			}
		}
		if (fds[0].revents && count < PEERS_MAX) {
			int peer = take_peer(fds[0].fd);

			if (peer >= 0)
				fds[count++] = (struct pollfd){.fd = peer, .events = POLLIN};
		}
	}
}

/* listen PORT TIMEOUT: says how many datagrams and connections have come by then */
static int do_listen(char **args)
{
	int fds[] = {listener(SOCK_STREAM, args[0]), listener(SOCK_DGRAM, args[0])}, heard = 0;
	char block[64];

	pause_ms(atol(args[1]));
	while (accept(fds[0], NULL, NULL) >= 0)
		heard++;
	while (recv(fds[1], block, sizeof(block), 0) >= 0)
		heard++;
	printf("heard %d\n", heard);
	return close(fds[0]) | close(fds[1]);
}

/* try IP PORT TIMEOUT: "open", or why not and 1 */
static int do_try(char **args)
{
	int fd = connected(args[0], args[1], atoi(args[2]));

	if (fd < 0)
		return printf("%s\n", strerrorname_np(errno)), 1;
	close(fd);
	puts("open");
	return 0;
}

/* tryudp IP PORT TIMEOUT: "answer", or why not and 1 */
static int do_tryudp(char **args)
{
	union address to;
	socklen_t len = address_of(args[0], args[1], &to);
	int fd = socket(to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char block[64];

	if (connect(fd, &to.any, len) < 0 || send(fd, "hello", 5, 0) < 0)
		return printf("%s\n", strerrorname_np(errno)), 1;
	if (poll(&p, 1, atoi(args[2])) == 0)
		return puts("ETIMEDOUT"), 1;
	if (recv(fd, block, sizeof(block), 0) < 0)
		return printf("%s\n", strerrorname_np(errno)), 1;
	close(fd);
	puts("answer");
	return 0;
}

/* hold IP PORT: one connection with a ping every 50 ms; "up", and "lost" when it ends */
static int do_hold(char **args)
{
	int fd = connected(args[0], args[1], 5000);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char block[64];

	if (fd < 0)
		return failed("hold");
	for (unsigned count = 0;; count++) {
		if (send(fd, "!", 1, MSG_NOSIGNAL) < 0 || poll(&p, 1, 1500) <= 0 ||
			read(fd, block, sizeof(block)) <= 0)
			break;
		if (count == 0)
			puts("up");
		fflush(stdout);
		pause_ms(PING_MS);
	}
	puts("lost");
	fflush(stdout);
	for (;;)
		pause();
}

/* Sends without waiting for anything: a datagram and the first packet of a connection. */
static void shoot(const union address *to, socklen_t len)
{
	int udp = socket(to->any.sa_family, SOCK_DGRAM, 0);
	int tcp = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (sendto(udp, "shot", 4, 0, &to->any, len) < 0 || connect(tcp, &to->any, len) < 0)
		errno = 0; /* what the kernel here refuses has not left either */
	close(udp);
	close(tcp);
}

/* shoot IP PORT COUNT: as fast as it can; 0: for ever, every millisecond */
static int do_shoot(char **args)
{
	union address to;
	socklen_t len = address_of(args[0], args[1], &to);
	int count = atoi(args[2]);

	for (int i = 0; count == 0 || i < count; i++) {
		shoot(&to, len);
		if (count == 0)
			pause_ms(1);
	}
	return 0;
}

/* --- steps --- */

static const struct step {
	const char *name;
	int (*run)(char **args);
	int arg_count;
} steps[] = {{"print", do_print, 1}, {"time", do_time, 0}, {"exit", do_exit, 1},
	{"sleep", do_sleep, 1}, {"pause", do_pause, 0}, {"stubborn", do_stubborn, 0},
	{"crash", do_crash, 1}, {"eat", do_eat, 1}, {"orphans", do_orphans, 1},
	{"touch", do_touch, 1}, {"once", do_once, 1}, {"remove", do_remove, 1}, {"has", do_has, 1},
	{"cat", do_cat, 1}, {"env", do_env, 1}, {"serve", do_serve, 1}, {"listen", do_listen, 2},
	{"try", do_try, 3}, {"tryudp", do_tryudp, 3}, {"hold", do_hold, 2}, {"shoot", do_shoot, 3}};

static const struct step *find(const char *name)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strcmp(steps[i].name, name) == 0)
			return &steps[i];
	}
	return NULL;
}

static int run_all(int argc, char **argv)
{
	for (int i = 0; i < argc;) {
		const struct step *step = find(argv[i]);
		int status;

		if (!step || i + step->arg_count >= argc) {
			printf("no step %s\n", argv[i]);
			return 2;
		}
		status = step->run(argv + i + 1);
		fflush(stdout);
		if (status)
			return status;
		i += 1 + step->arg_count;
		i += i < argc && strcmp(argv[i], ",") == 0;
	}
	return 0;
}

int main(int argc, char **argv)
{
	bool again = argc > 1 && strcmp(argv[1], "again") == 0;
	int status;

	do {
		status = run_all(argc - 1 - again, argv + 1 + again);
	} while (again && status == 0);
	return status;
}
