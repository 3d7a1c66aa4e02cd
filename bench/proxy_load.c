/*
 * The load of bench/proxy, and the program behind its proxies. Every answer is checked for its
 * status and its length; what is wrong with the first that is, is told.
 *
 *	proxy_load serve PORT		GET /N gets N bytes; until standard input ends
 *	proxy_load handshakes PORT ...	a connection, a request, the end; from threads
 *	proxy_load requests PORT ...	one after another over connections that stay
 *	proxy_load idle PORT ...	connections that stay, after a request each
 *
 *	--tls DIR	with DIR's tls.crt and tls.key, and ca.crt to verify the server by
 *	--no-cert	without them: what a server must refuse
 *	--resume	sessions are taken up again
 *	--connections N	or threads, of handshakes; 1
 *	--bytes N	of an answer; 1024
 *	--seconds N	2
 *
 * When connections stand it says `ready` and waits for a line, so that who measures can look at
 * the proxy in between; then comes one line of JSON. `idle` ends when standard input does.
 *
 * OpenSSL's 3.0 default context costs a client more than the handshake's mathematics; the proxies
 * are what is to be busy, so this one uses wire/provider.h, and verifies a chain once.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "wire/provider.h"

#define HOST	     "127.0.0.1"
#define NAME	     "localhost"
#define EVENTS	     256
#define HEAD_MAX     1024U
#define BUFFER	     ((size_t)64 << 10)
#define BODY	     ((size_t)16 << 20) /* of the file that answers come from */
#define PATIENCE_SEC 5
#define MAX_THREADS  64U
#define MAX_CLIENTS  100000U

enum mode { SERVE, HANDSHAKES, REQUESTS, IDLE };

struct options {
	enum mode mode;
	uint16_t port;
	const char *tls;
	bool no_cert, resume;
	uint64_t connections, bytes, seconds;
};

static struct options opts = {.connections = 1, .bytes = 1024, .seconds = 2};
static char request[128];
static size_t request_len;

static struct {
	atomic_uint_fast64_t count, errors, resumed, bytes;
	pthread_mutex_t lock; /* of all below */
	uint32_t *samples_us;
	size_t sample_count, sample_max;
	char why[256];
} result = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "proxy_load: %s: %s\n", what, why);
	exit(2);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

/* --- what came of it --- */

static void add_error(const char *why)
{
	unsigned long code = ERR_get_error();
	const char *more = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	atomic_fetch_add(&result.errors, 1);
	pthread_mutex_lock(&result.lock);
	if (!result.why[0])
		snprintf(result.why, sizeof(result.why), "%s%s%s", why, more ? ": " : "",
			more ? more : "");
	pthread_mutex_unlock(&result.lock);
}

static void add_sample(uint64_t ns)
{
	atomic_fetch_add(&result.count, 1);
	pthread_mutex_lock(&result.lock);
	if (result.sample_count == result.sample_max) {
		result.sample_max = result.sample_max ? result.sample_max * 2 : 65536;
		result.samples_us = reallocarray(
			result.samples_us, result.sample_max, sizeof(*result.samples_us));
		if (!result.samples_us)
			fail("samples", "no memory");
	}
	result.samples_us[result.sample_count++] = (uint32_t)(ns / 1000);
	pthread_mutex_unlock(&result.lock);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t percentile(size_t percent)
{
	size_t count = result.sample_count;

	return count ? result.samples_us[(count - 1) * percent / 100] : 0;
}

static void print_result(uint64_t took_ns)
{
	if (result.sample_count)
		qsort(result.samples_us, result.sample_count, sizeof(*result.samples_us), by_size);
	printf("{\"seconds\":%.4f,\"count\":%lu,\"errors\":%lu,\"resumed\":%lu,\"bytes\":%lu,"
	       "\"p50_us\":%u,\"p99_us\":%u,\"why\":\"%s\"}\n",
		(double)took_ns / 1e9, result.count, result.errors, result.resumed, result.bytes,
		percentile(50), percentile(99), result.why);
	fflush(stdout);
}

static void wait_for_line(void)
{
	char line[16];

	printf("ready\n");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		fail("standard input", "ended early");
}

/* Until who has started us ends it, or is gone. */
static void wait_for_end(void)
{
	char ignored[64];

	while (read(STDIN_FILENO, ignored, sizeof(ignored)) > 0)
		;
}

/* --- the program behind --- */

struct guest {
	int fd;
	char head[HEAD_MAX];
	size_t head_len;
	uint64_t left; /* bytes of the answer */
};

static int body_fd(void)
{
	int fd = memfd_create("body", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)BODY) < 0 || posix_fallocate(fd, 0, (off_t)BODY))
		fail("body", strerror(errno));
	return fd;
}

/* False when the guest has gone. */
static bool send_body(struct guest *guest, int body)
{
	while (guest->left) {
		off_t at = 0;
		ssize_t put =
			sendfile(guest->fd, body, &at, guest->left < BODY ? guest->left : BODY);

		if (put < 0)
			return errno == EAGAIN;
		guest->left -= (uint64_t)put;
	}
	return true;
}

static bool answer(struct guest *guest, int body)
{
	char head[HEAD_MAX + 128];
	uint64_t len = 0;
	int head_len;

	guest->head_len = 0;
	if (sscanf(guest->head, "GET /%lu HTTP/1.1\r\n", &len) != 1)
		return false;
	head_len = snprintf(head, sizeof(head),
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %lu\r\n\r\n", len);
	guest->left = len;
	if (len <= HEAD_MAX) {
		memset(head + head_len, 'r', len);
		guest->left = 0;
		head_len += (int)len;
	}
	if (send(guest->fd, head, (size_t)head_len, MSG_NOSIGNAL | (guest->left ? MSG_MORE : 0)) !=
		head_len)
		return false;
	return send_body(guest, body);
}

static bool serve_guest(struct guest *guest, unsigned events, int body)
{
	ssize_t got;

	if (guest->left)
		return !(events & (EPOLLHUP | EPOLLERR)) && send_body(guest, body);
	got = recv(guest->fd, guest->head + guest->head_len, HEAD_MAX - 1 - guest->head_len, 0);
	if (got <= 0)
		return got < 0 && errno == EAGAIN;
	guest->head_len += (size_t)got;
	guest->head[guest->head_len] = '\0';
	if (strstr(guest->head, "\r\n\r\n"))
		return answer(guest, body);
	return guest->head_len < HEAD_MAX - 1;
}

static void welcome(int epoll, int listener)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP};
	struct guest *guest;
	int fd, one = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		guest = calloc(1, sizeof(*guest));
		if (!guest)
			fail("serve", "no memory");
		guest->fd = fd;
		ev.data.ptr = guest;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
			fail("serve", strerror(errno));
	}
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	inet_pton(AF_INET, HOST, &address.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4096) < 0)
		fail("listen", strerror(errno));
	return fd;
}

static void serve(void)
{
	struct epoll_event events[EVENTS], ev = {.events = EPOLLIN};
	int listener = listen_on(opts.port), body = body_fd(), epoll = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &ev);
	ev.data.ptr = &opts; /* standard input: its end is ours */
	epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &ev);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		int count = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < count; i++) {
			struct guest *guest = events[i].data.ptr;

			if (events[i].data.ptr == &opts)
				return;
			if (!guest)
				welcome(epoll, listener);
			else if (!serve_guest(guest, events[i].events, body)) {
				close(guest->fd);
				free(guest);
			}
		}
	}
}

/* --- TLS --- */

static _Thread_local unsigned char known_leaf[4096];
static _Thread_local int known_leaf_len;

/* The first certificate is verified; the same one again is not. */
static int verify(X509_STORE_CTX *store, void *ctx)
{
	unsigned char der[sizeof(known_leaf)], *at = der;
	X509 *leaf = X509_STORE_CTX_get0_cert(store);
	int len = i2d_X509(leaf, NULL);

	(void)ctx;
	if (len <= 0 || len > (int)sizeof(der) || i2d_X509(leaf, &at) != len)
		return 0;
	if (len == known_leaf_len && memcmp(der, known_leaf, (size_t)len) == 0)
		return 1;
	if (X509_verify_cert(store) != 1 || X509_check_host(leaf, NAME, 0, 0, NULL) != 1)
		return 0;
	memcpy(known_leaf, der, (size_t)len);
	known_leaf_len = len;
	return 1;
}

/* The newest session of a thread's: TLS 1.3 sends it after the handshake. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	SSL_SESSION **kept = SSL_get_app_data(ssl);

	if (!kept)
		return 0;
	SSL_SESSION_free(*kept);
	*kept = session;
	return 1;
}

static SSL_CTX *new_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new_ex(
		opts.resume ? NULL : wire_provider_context(), NULL, TLS_client_method());
	char path[1024];

	if (!ctx)
		fail("TLS", "cannot be set up");
	snprintf(path, sizeof(path), "%s/ca.crt", opts.tls);
	if (SSL_CTX_load_verify_locations(ctx, path, NULL) != 1)
		fail(path, "cannot be read");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, verify, NULL);
	SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_read_buffer_len(ctx, BUFFER);
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_session_cache_mode(
		ctx, opts.resume ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL
				 : SSL_SESS_CACHE_OFF);
	SSL_CTX_sess_set_new_cb(ctx, keep_session);
	if (opts.no_cert)
		return ctx;
	snprintf(path, sizeof(path), "%s/tls.crt", opts.tls);
	if (SSL_CTX_use_certificate_chain_file(ctx, path) != 1)
		fail(path, "cannot be read");
	snprintf(path, sizeof(path), "%s/tls.key", opts.tls);
	if (SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) != 1)
		fail(path, "cannot be read");
	return ctx;
}

/* --- a connection --- */

struct client {
	int fd;
	SSL *ssl; /* NULL: plain */
	char head[HEAD_MAX];
	size_t head_len;
	bool in_body, was_answered;
	uint64_t left; /* bytes of the body */
	uint64_t asked_ns;
};

static void hang_up(struct client *client)
{
	if (client->fd < 0)
		return;
	if (client->ssl) {
		ERR_clear_error();
		(void)SSL_shutdown(client->ssl);
		SSL_free(client->ssl);
	}
	ERR_clear_error();
	close(client->fd);
	*client = (struct client){.fd = -1};
}

static bool begin_tls(struct client *client, SSL_CTX *ctx, SSL_SESSION **session)
{
	client->ssl = SSL_new(ctx);
	if (!client->ssl || SSL_set_fd(client->ssl, client->fd) != 1)
		fail("TLS", "no memory");
	SSL_set_app_data(client->ssl, session);
	(void)SSL_ctrl(client->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
		(void *)(uintptr_t)NAME);
	if (session && *session)
		SSL_set_session(client->ssl, *session);
	if (SSL_connect(client->ssl) != 1)
		return false;
	if (SSL_session_reused(client->ssl))
		atomic_fetch_add(&result.resumed, 1);
	return true;
}

/* Connected and shaken hands with, by calls that block. */
static bool dial(struct client *client, SSL_CTX *ctx, SSL_SESSION **session)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(opts.port)};
	struct timeval patience = {.tv_sec = PATIENCE_SEC};
	int one = 1;

	*client = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	if (client->fd < 0)
		fail("socket", strerror(errno));
	inet_pton(AF_INET, HOST, &address.sin_addr);
	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(client->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		add_error("connect");
	else if (ctx && !begin_tls(client, ctx, session))
		add_error("handshake");
	else
		return true;
	hang_up(client);
	return false;
}

static bool ask(struct client *client)
{
	client->head_len = 0;
	client->in_body = false;
	client->asked_ns = now_ns();
	if (client->ssl)
		return SSL_write(client->ssl, request, (int)request_len) == (int)request_len;
	return send(client->fd, request, request_len, MSG_NOSIGNAL) == (ssize_t)request_len;
}

/* Bytes; 0 when there are none now; -1 when there will be none. */
static ssize_t take(struct client *client, char *data)
{
	ssize_t got;

	if (!client->ssl) {
		got = recv(client->fd, data, BUFFER, 0);
		return got > 0 ? got : got < 0 && errno == EAGAIN ? 0 : -1;
	}
	got = SSL_read(client->ssl, data, (int)BUFFER);
	if (got > 0)
		return got;
	return SSL_get_error(client->ssl, (int)got) == SSL_ERROR_WANT_READ ? 0 : -1;
}

/* Reads the head of an answer; what is wrong with it, or NULL. */
static const char *take_head(struct client *client, const char **data, size_t *len)
{
	static const char end[] = "\r\n\r\n", field[] = "content-length: ";
	size_t room = HEAD_MAX - 1 - client->head_len, add = *len < room ? *len : room;
	const char *body, *length;

	memcpy(client->head + client->head_len, *data, add);
	client->head[client->head_len + add] = '\0';
	body = strstr(client->head, end);
	if (!body) {
		client->head_len += add;
		*data += add;
		*len -= add;
		return client->head_len < HEAD_MAX - 1 ? NULL : "a head without end";
	}
	body += sizeof(end) - 1;
	add = (size_t)(body - client->head) - client->head_len;
	*data += add;
	*len -= add;
	if (!rf_str_starts(rf_str_of(client->head), RF_STR("HTTP/1.1 200 ")))
		return "a status that is not 200";
	length = strcasestr(client->head, field);
	if (!length || strtoull(length + sizeof(field) - 1, NULL, 10) != opts.bytes)
		return "a length that was not asked for";
	client->left = opts.bytes;
	client->in_body = true;
	return NULL;
}

/* What is wrong with these bytes of an answer, or NULL; *ret_done when it is complete. */
static const char *check(struct client *client, const char *data, size_t len, bool *ret_done)
{
	const char *why = client->in_body ? NULL : take_head(client, &data, &len);

	*ret_done = false;
	if (why)
		return why;
	if (len > client->left)
		return "more bytes than were announced";
	client->left -= len;
	atomic_fetch_add_explicit(&result.bytes, len, memory_order_relaxed);
	*ret_done = client->in_body && client->left == 0;
	return NULL;
}

/* One request, by calls that block. */
static bool exchange(struct client *client)
{
	char data[BUFFER];
	bool done = false;

	if (!ask(client)) {
		add_error("send");
		return false;
	}
	while (!done) {
		ssize_t got = take(client, data);
		const char *why = got <= 0 ? "no answer" : check(client, data, (size_t)got, &done);

		if (why) {
			add_error(why);
			return false;
		}
	}
	client->was_answered = true;
	return true;
}

/* --- connections that come and go --- */

static uint64_t end_ns;
static SSL_CTX *context; /* NULL: plain */

static void *shake_hands(void *arg)
{
	SSL_SESSION *session = NULL;
	struct client client = {.fd = -1};

	(void)arg;
	while (now_ns() < end_ns) {
		uint64_t start = now_ns();

		if (dial(&client, context, opts.resume ? &session : NULL) && exchange(&client))
			add_sample(now_ns() - start);
		hang_up(&client);
	}
	SSL_SESSION_free(session);
	return NULL;
}

static void run_handshakes(void)
{
	pthread_t threads[MAX_THREADS];
	uint64_t start;

	wait_for_line();
	start = now_ns();
	end_ns = start + opts.seconds * 1000000000U;
	for (size_t i = 0; i < opts.connections; i++) {
		if (pthread_create(&threads[i], NULL, shake_hands, NULL))
			fail("threads", "cannot be started");
	}
	for (size_t i = 0; i < opts.connections; i++)
		pthread_join(threads[i], NULL);
	print_result(now_ns() - start);
}

/* --- connections that stay --- */

static struct client *connect_all(void)
{
	struct client *clients = calloc(opts.connections, sizeof(*clients));

	if (!clients)
		fail("connections", "no memory");
	for (size_t i = 0; i < opts.connections; i++) {
		if (!dial(&clients[i], context, NULL) || !exchange(&clients[i]))
			hang_up(&clients[i]);
	}
	return clients;
}

static void run_idle(void)
{
	struct client *clients = connect_all();

	result.count = opts.connections - result.errors;
	print_result(0);
	wait_for_end();
	for (size_t i = 0; i < opts.connections; i++)
		hang_up(&clients[i]);
	free(clients);
}

/* What there is to read; false when the connection is of no more use. */
static bool serve_client(struct client *client)
{
	static char data[BUFFER];
	const char *why = NULL;
	ssize_t got;
	bool done;

	while ((got = take(client, data)) > 0) {
		why = check(client, data, (size_t)got, &done);
		if (!why && done) {
			add_sample(now_ns() - client->asked_ns);
			client->was_answered = true;
			why = ask(client) ? NULL : "send";
		}
		if (why || (!client->ssl && got < (ssize_t)BUFFER))
			break;
	}
	if (!why && got < 0)
		why = "closed";
	if (why)
		add_error(why);
	return !why;
}

static int watch_all(struct client *clients)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	for (size_t i = 0; i < opts.connections; i++) {
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &clients[i]};
		int fd = clients[i].fd;

		if (fd < 0)
			continue;
		if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
			epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
			fail("epoll", strerror(errno));
		clients[i].was_answered = false;
		if (!ask(&clients[i]))
			add_error("send");
	}
	return epoll;
}

static void run_requests(void)
{
	struct client *clients = connect_all();
	struct epoll_event events[EVENTS];
	uint64_t start;
	int epoll;

	wait_for_line();
	result.bytes = 0;
	start = now_ns();
	end_ns = start + opts.seconds * 1000000000U;
	epoll = watch_all(clients);
	while (now_ns() < end_ns) {
		int count = epoll_wait(epoll, events, EVENTS, 100);

		for (int i = 0; i < count; i++) {
			if (!serve_client(events[i].data.ptr))
				hang_up(events[i].data.ptr);
		}
	}
	for (size_t i = 0; i < opts.connections; i++) {
		if (clients[i].fd >= 0 && !clients[i].was_answered && opts.bytes < BODY)
			add_error("a connection without an answer");
	}
	print_result(now_ns() - start);
	wait_for_end();
	free(clients);
	close(epoll);
}

/* --- options --- */

static const struct {
	const char *name;
	bool *flag;
	uint64_t *number;
	uint64_t max;
	const char **text;
} option_rows[] = {
	{.name = "--tls", .text = &opts.tls},
	{.name = "--no-cert", .flag = &opts.no_cert},
	{.name = "--resume", .flag = &opts.resume},
	{.name = "--connections", .number = &opts.connections, .max = MAX_CLIENTS},
	{.name = "--bytes", .number = &opts.bytes, .max = (uint64_t)1 << 40},
	{.name = "--seconds", .number = &opts.seconds, .max = 3600},
};

/* How many words it took. */
static int read_option(const char *name, const char *value)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(option_rows); i++) {
		if (strcmp(name, option_rows[i].name) != 0)
			continue;
		if (option_rows[i].flag) {
			*option_rows[i].flag = true;
			return 1;
		}
		if (!value)
			fail(name, "a value is missing");
		if (option_rows[i].text)
			*option_rows[i].text = value;
		else if (!rf_num_u64(rf_str_of(value), option_rows[i].max, option_rows[i].number) ||
			 *option_rows[i].number == 0)
			fail(name, "not such a number");
		return 2;
	}
	fail(name, "an unknown option");
}

static void read_options(int argc, char **argv)
{
	static const char *const modes[] = {
		[SERVE] = "serve",
		[HANDSHAKES] = "handshakes",
		[REQUESTS] = "requests",
		[IDLE] = "idle",
	};
	uint64_t port;
	size_t mode = 0;

	if (argc < 3)
		fail("usage", "MODE PORT [OPTION...]; bench/proxy is what runs it");
	while (mode < RF_ARRAY_LEN(modes) && strcmp(argv[1], modes[mode]) != 0)
		mode++;
	if (mode == RF_ARRAY_LEN(modes) || !rf_num_u64(rf_str_of(argv[2]), UINT16_MAX, &port))
		fail("usage", "an unknown mode, or not a port");
	opts.mode = (enum mode)mode;
	opts.port = (uint16_t)port;
	for (int i = 3; i < argc;)
		i += read_option(argv[i], i + 1 < argc ? argv[i + 1] : NULL);
	if (opts.mode == HANDSHAKES && opts.connections > MAX_THREADS)
		fail("--connections", "too many threads");
}

int main(int argc, char **argv)
{
	read_options(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	request_len = (size_t)snprintf(request, sizeof(request),
		"GET /%lu HTTP/1.1\r\nHost: " NAME "\r\nUser-Agent: bench\r\n\r\n", opts.bytes);
	if (opts.tls)
		context = new_context();
	switch (opts.mode) {
	case SERVE: serve(); break;
	case HANDSHAKES: run_handshakes(); break;
	case REQUESTS: run_requests(); break;
	case IDLE: run_idle(); break;
	}
	SSL_CTX_free(context);
	free(result.samples_us);
	return 0;
}
