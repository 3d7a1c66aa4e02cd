/*
 * The proxy's keeper on a machine without pods: it has the files and the listening sockets, starts
 * the process that serves them, gives it certificates when they change, and starts another one if
 * it dies. Names of targets are looked up anew now and then.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/database.h"
#include "cmd/proxy.h"
#include "loop/loop.h"

#define WATCH_MS	500
#define LOOK_UP_MS	10000
#define RESTART_MS	200
#define RESTART_MAX_MS	5000
#define LOG_FLAGS	(O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define UNREADABLE_ODDS 6 /* looks at files that do not belong together before it is said */

#define MAX_POLICIES 64
#define SPARE_FILES  1000

/* What tells that a file has changed. */
struct stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec time;
};

struct keeper {
	const struct proxy_args *args;
	struct proxy_settings settings;
	struct loop *loop;
	RF_VEC(struct worker_listener) listeners; /* by thread, then by address */
	size_t listener_count;
	RF_VEC(struct endpoint) sockets; /* UNIX sockets to be removed at the end */
	int metrics_fd, log_fd;
	struct stamp stamps[3];
	uint64_t policy_stamp;
	unsigned odds; /* how often the files did not belong together */
	struct endpoint targets[ENDPOINT_MAX];
	size_t target_count;
	struct proxy *proxy;
	struct loop_watch *watch;
	uint64_t restart_ms;
	bool ending;
	int status;
};

/* --- options --- */

static int read_duration(const struct opt_usage *usage, const char *text, uint64_t *ret_ms)
{
	uint64_t seconds;

	if (!text)
		return OPT_GO;
	if (!database_duration(text, &seconds) || seconds == 0)
		return opt_fail(usage, "\"%s\" is no duration such as 5s, 90m or 24h", text);
	*ret_ms = seconds * 1000;
	return OPT_GO;
}

static int read_names(
	const struct opt_usage *usage, const struct proxy_args *args, struct proxy_settings *s)
{
	struct identity identity;
	struct rf_err err;
	bool ok = args->server_name
			  ? rf_str_copy(rf_str_of(args->server_name), s->server_name,
				    sizeof(s->server_name))
			  : endpoint_host(args->target, s->server_name, sizeof(s->server_name));

	if (!ok)
		return opt_fail(usage,
			"\"%s\" is no address such as 127.0.0.1:8443, name:8443 or "
			"unix:/run/app.sock",
			args->target);
	if (!args->expect_id)
		return OPT_GO;
	if (identity_parse(rf_str_of(args->expect_id), &identity, &err) < 0)
		return opt_fail(usage, "--expect-id: %s", err.msg);
	return rf_str_copy(rf_str_of(args->expect_id), s->expect_id, sizeof(s->expect_id))
		       ? OPT_GO
		       : opt_fail(usage, "--expect-id is too long");
}

/* A UNIX socket is dialled as whom it belongs to: nobody may not. Root's is left to nobody. */
static void read_owner(const char *target, struct proxy_settings *s)
{
	struct stat st;

	if (!rf_str_starts(rf_str_of(target), RF_STR("unix:")) ||
		stat(target + strlen("unix:"), &st) < 0)
		return;
	s->uid = st.st_uid;
	s->gid = st.st_uid ? st.st_gid : 0;
}

static int read_settings(const struct opt_usage *usage, const struct proxy_args *args,
	enum proxy_side side, struct proxy_settings *s)
{
	int status;

	proxy_settings_default(s);
	s->side = side;
	s->accept_proxy = args->accept_proxy;
	s->send_proxy = args->send_proxy;
	s->tls12 = args->tls12;
	s->resume = args->resume;
	if (args->max_connections)
		s->max_connections = args->max_connections;
	if (args->memory_mib)
		s->max_pending = args->memory_mib << 20;
	status = read_duration(usage, args->handshake_timeout, &s->handshake_ms);
	if (status == OPT_GO)
		status = read_duration(usage, args->connect_timeout, &s->connect_ms);
	if (status == OPT_GO)
		status = read_duration(usage, args->idle_timeout, &s->idle_ms);
	if (status == OPT_GO)
		status = read_duration(usage, args->drain_timeout, &s->drain_ms);
	read_owner(args->target, s);
	return status == OPT_GO && side == PROXY_CLIENT ? read_names(usage, args, s) : status;
}

static int check_args(
	const struct opt_usage *usage, const struct proxy_args *args, enum proxy_side side)
{
	if (args->listen.count == 0)
		return opt_fail(usage, "where to accept? Say --listen ADDRESS");
	if (!args->target)
		return opt_fail(usage, "where do connections go? Say --target ADDRESS");
	if (!args->cert || !args->key || !args->roots)
		return opt_fail(usage,
			"--cert, --key and --ca are needed: `ringfence ca issue` makes them");
	if (args->threads < 1 || args->threads > PROXY_MAX_THREADS)
		return opt_fail(usage, "--threads is 1 to %d", PROXY_MAX_THREADS);
	if (args->listen.count > PROXY_MAX_LISTENERS / ENDPOINT_MAX)
		return opt_fail(
			usage, "more than %d times --listen", PROXY_MAX_LISTENERS / ENDPOINT_MAX);
	if (args->allow_ids.count && args->policies.count)
		return opt_fail(usage, "--policy excludes --allow-id: name the IDs in a policy");
	rf_vec_each (path, &args->policies) {
		if (strcmp(*path, "-") == 0)
			return opt_fail(usage, "--policy is read again: name a file");
	}
	if (args->policies.count > MAX_POLICIES)
		return opt_fail(usage, "more than %d times --policy", MAX_POLICIES);
	if (args->allow_ids.count > PROXY_MAX_IDS)
		return opt_fail(usage, "more than %d times --allow-id", PROXY_MAX_IDS);
	if (side == PROXY_CLIENT && !args->expect_id && !args->server_name &&
		rf_str_starts(rf_str_of(args->target), RF_STR("unix:")))
		return opt_fail(usage, "who is behind a UNIX socket? Say --expect-id or "
				       "--server-name");
	return OPT_GO;
}

/* --- sockets --- */

static void say_address(int fd, const char *what)
{
	struct endpoint endpoint = {.len = sizeof(endpoint.address)};
	char text[ENDPOINT_TEXT_SIZE];

	if (getsockname(fd, (struct sockaddr *)&endpoint.address, &endpoint.len) == 0)
		fprintf(stderr, "ringfence: %s %s\n", what, endpoint_text(&endpoint, text));
}

static int keep_path(struct keeper *keeper, const struct endpoint *endpoint, struct rf_err *err)
{
	return endpoint->address.ss_family != AF_UNIX || rf_vec_push(&keeper->sockets, *endpoint)
		       ? RF_OK
		       : rf_err_nomem(err);
}

/* Every thread has a socket of its own; a UNIX socket is shared. */
static int listen_on(struct keeper *keeper, const struct endpoint *endpoint, struct rf_err *err)
{
	uint64_t threads = keeper->args->threads;
	bool shared = endpoint->address.ss_family == AF_UNIX;
	struct endpoint bound = *endpoint;
	int rc = RF_OK, fd = -1;

	for (uint64_t i = 0; i < threads && rc == RF_OK; i++) {
		if (shared && i > 0)
			fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		else
			rc = endpoint_listen(&bound, threads > 1, &fd, err);
		if (rc == RF_OK && fd < 0)
			rc = rf_err_sys(err, errno, "copy a descriptor");
		if (rc == RF_OK && !rf_vec_push(&keeper->listeners,
					   ((struct worker_listener){fd, keeper->settings.side})))
			rc = rf_err_nomem(err);
		/* Port 0 is chosen once. */
		bound.len = sizeof(bound.address);
		if (rc == RF_OK &&
			getsockname(fd, (struct sockaddr *)&bound.address, &bound.len) < 0)
			rc = rf_err_sys(err, errno, "getsockname");
	}
	/* Not before: a socket file that another process listens on is that one's. */
	if (rc == RF_OK)
		rc = keep_path(keeper, endpoint, err);
	if (rc == RF_OK)
		say_address(fd, "listening on");
	return rc;
}

/* Puts them in the order that the proxy wants: all of the first thread, then of the second. */
static void order_listeners(struct keeper *keeper)
{
	size_t threads = (size_t)keeper->args->threads, count = keeper->listeners.count;
	struct worker_listener *sorted = calloc(count, sizeof(*sorted));

	keeper->listener_count = count / threads;
	if (!sorted)
		return;
	for (size_t i = 0; i < count; i++)
		sorted[i % threads * keeper->listener_count + i / threads] =
			keeper->listeners.items[i];
	memcpy(keeper->listeners.items, sorted, count * sizeof(*sorted));
	free(sorted);
}

static int open_listeners(struct keeper *keeper, struct rf_err *err)
{
	struct endpoint list[ENDPOINT_MAX];
	size_t count;
	int rc = RF_OK;

	rf_vec_each (text, &keeper->args->listen) {
		rc = endpoint_parse(*text, true, list, &count, err);
		for (size_t i = 0; i < count && rc == RF_OK; i++)
			rc = listen_on(keeper, &list[i], err);
		if (rc < 0)
			return rf_err_wrap(err, rc, "--listen");
	}
	order_listeners(keeper);
	return RF_OK;
}

static int open_metrics(struct keeper *keeper, struct rf_err *err)
{
	struct endpoint list[ENDPOINT_MAX];
	size_t count;
	int rc;

	if (!keeper->args->metrics)
		return RF_OK;
	rc = endpoint_parse(keeper->args->metrics, true, list, &count, err);
	if (rc == RF_OK)
		rc = endpoint_listen(&list[0], false, &keeper->metrics_fd, err);
	if (rc == RF_OK)
		rc = keep_path(keeper, &list[0], err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "--metrics");
	say_address(keeper->metrics_fd, "metrics on");
	return RF_OK;
}

/*
 * Opened anew, so that it does not block when nobody reads the pipe, and nobody else's writes are
 * changed by that. A socket cannot be opened.
 */
static int open_stdout(void)
{
	int fd = open("/proc/self/fd/1", LOG_FLAGS);

	return fd < 0 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) : fd;
}

static int open_log(struct keeper *keeper, struct rf_err *err)
{
	const char *path = keeper->args->access_log;

	if (!path)
		return RF_OK;
	if (strcmp(path, "-") == 0)
		keeper->log_fd = open_stdout();
	else
		keeper->log_fd = open(path, LOG_FLAGS | O_CREAT, 0640);
	return keeper->log_fd < 0 ? rf_err_sys(err, errno, "open %s", path) : RF_OK;
}

/* --- certificates --- */

static bool stamp_of(const char *path, struct stamp *ret)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	*ret = (struct stamp){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
	return true;
}

static bool have_changed(const struct keeper *keeper, struct stamp ret[static 3])
{
	const char *const paths[] = {keeper->args->cert, keeper->args->key, keeper->args->roots};

	memset(ret, 0, 3 * sizeof(*ret));
	for (size_t i = 0; i < 3; i++) {
		if (!stamp_of(paths[i], &ret[i]))
			return false;
	}
	return memcmp(ret, keeper->stamps, sizeof(keeper->stamps)) != 0;
}

static int give_certs(struct keeper *keeper, struct rf_err *err)
{
	AUTO_BUF cert = {.max = PROXY_MAX_TEXT};
	AUTO_BUF key = {.max = PROXY_MAX_TEXT};
	AUTO_BUF roots = {.max = PROXY_MAX_TEXT};
	struct stamp stamps[3];
	int rc;

	(void)have_changed(keeper, stamps);
	rc = rf_file_read(keeper->args->cert, &cert, err);
	if (rc == RF_OK)
		rc = rf_file_read(keeper->args->key, &key, err);
	if (rc == RF_OK)
		rc = rf_file_read(keeper->args->roots, &roots, err);
	if (rc == RF_OK)
		rc = proxy_set_certs(keeper->proxy, rf_buf_str(&cert), rf_buf_str(&key),
			rf_buf_str(&roots), err);
	if (key.data)
		explicit_bzero(key.data, key.len);
	if (rc == RF_OK)
		memcpy(keeper->stamps, stamps, sizeof(stamps));
	return rc;
}

/* Files may be written one after the other: that they do not belong together may pass. */
static void renew(struct keeper *keeper, bool asked)
{
	struct stamp stamps[3];
	struct rf_err err;

	if (!keeper->proxy || (!asked && !have_changed(keeper, stamps)))
		return;
	if (give_certs(keeper, &err) == RF_OK) {
		keeper->odds = 0;
		fprintf(stderr, "ringfence: certificate renewed\n");
	} else if (asked || ++keeper->odds == UNREADABLE_ODDS) {
		out_warning("the changed certificate is not taken, the old one stays: %s", err.msg);
	}
}

static bool policies_have_changed(struct keeper *keeper);

static void on_watch(void *ctx)
{
	struct keeper *keeper = ctx;
	struct rf_err err;

	if (!keeper->ending)
		renew(keeper, false);
	if (!keeper->ending && keeper->proxy && policies_have_changed(keeper)) {
		if (proxy_give_policy(keeper->args, keeper->proxy, &err) == RF_OK)
			fprintf(stderr, "ringfence: policy renewed\n");
		else
			out_warning(
				"the changed policy is not taken, the old one stays: %s", err.msg);
	}
	(void)!loop_timer_add(keeper->loop, WATCH_MS, on_watch, keeper);
}

/* --- the target --- */

static void on_look_up(void *ctx)
{
	struct keeper *keeper = ctx;
	struct endpoint list[ENDPOINT_MAX];
	struct rf_err err;
	size_t count;

	if (keeper->proxy && !keeper->ending &&
		endpoint_parse(keeper->args->target, false, list, &count, &err) == RF_OK &&
		(count != keeper->target_count ||
			memcmp(list, keeper->targets, count * sizeof(*list)) != 0)) {
		memcpy(keeper->targets, list, count * sizeof(*list));
		keeper->target_count = count;
		(void)!proxy_set_targets(keeper->proxy, list, count, &err);
	}
	(void)!loop_timer_add(keeper->loop, LOOK_UP_MS, on_look_up, keeper);
}

/* --- the process --- */

static void on_channel(void *ctx, unsigned events);

static int give_ids(struct keeper *keeper, struct rf_err *err)
{
	RF_VEC(struct rf_str) ids = {0};
	int rc = RF_OK;

	rf_vec_each (id, &keeper->args->allow_ids) {
		if (!rf_vec_push(&ids, rf_str_of(*id)))
			rc = rf_err_nomem(err);
	}
	if (rc == RF_OK && ids.count)
		rc = proxy_set_ids(keeper->proxy, ids.items, ids.count, err);
	rf_vec_done(&ids);
	return rc;
}

/* True when a file of --policy is another one than before. */
static bool policies_have_changed(struct keeper *keeper)
{
	uint64_t before = keeper->policy_stamp;

	keeper->policy_stamp = proxy_policy_stamp(keeper->args);
	return keeper->policy_stamp != before;
}

static int give_rules(struct keeper *keeper, struct rf_err *err)
{
	if (!keeper->args->policies.count)
		return give_ids(keeper, err);
	(void)policies_have_changed(keeper);
	return proxy_give_policy(keeper->args, keeper->proxy, err);
}

static int start(struct keeper *keeper, struct rf_err *err)
{
	const struct proxy_opts opts = {
		.settings = &keeper->settings,
		.listeners = keeper->listeners.items,
		.listener_count = keeper->listener_count,
		.threads = (unsigned)keeper->args->threads,
		.metrics_fds = {keeper->metrics_fd},
		.metrics_count = keeper->metrics_fd >= 0,
		.log_fd = keeper->log_fd,
		.netns_fd = -1,
		.keeper_fd = -1,
	};
	int rc = proxy_start(&opts, &keeper->proxy, err);

	if (rc == RF_OK)
		rc = proxy_set_targets(keeper->proxy, keeper->targets, keeper->target_count, err);
	if (rc == RF_OK)
		rc = give_rules(keeper, err);
	if (rc == RF_OK)
		rc = give_certs(keeper, err);
	if (rc == RF_OK) {
		keeper->watch = loop_watch_fd(
			keeper->loop, proxy_channel(keeper->proxy), LOOP_READ, on_channel, keeper);
		if (!keeper->watch)
			rc = rf_err_nomem(err);
	}
	if (rc < 0) {
		proxy_free(keeper->proxy);
		keeper->proxy = NULL;
	}
	return rc;
}

static void on_restart(void *ctx)
{
	struct keeper *keeper = ctx;
	struct rf_err err;

	if (keeper->ending || start(keeper, &err) == RF_OK)
		return;
	out_warning("start the proxy again: %s", err.msg);
	keeper->restart_ms =
		keeper->restart_ms * 2 < RESTART_MAX_MS ? keeper->restart_ms * 2 : RESTART_MAX_MS;
	(void)!loop_timer_add(keeper->loop, keeper->restart_ms, on_restart, keeper);
}

static void on_channel(void *ctx, unsigned events RF_UNUSED)
{
	struct keeper *keeper = ctx;
	struct rf_err err;
	int rc;

	loop_unwatch(keeper->watch);
	keeper->watch = NULL;
	rc = proxy_end(keeper->proxy, &err);
	proxy_free(keeper->proxy);
	keeper->proxy = NULL;
	if (keeper->ending) {
		loop_stop(keeper->loop);
		return;
	}
	out_warning("the proxy's process %s; it is started again", rc < 0 ? err.msg : "has ended");
	keeper->restart_ms = RESTART_MS;
	(void)!loop_timer_add(keeper->loop, keeper->restart_ms, on_restart, keeper);
}

static void on_signal(void *ctx, int signo)
{
	struct keeper *keeper = ctx;
	struct rf_err err;

	if (signo == SIGHUP) {
		renew(keeper, true);
		return;
	}
	if (keeper->ending || !keeper->proxy || proxy_drain(keeper->proxy, &err) < 0)
		loop_stop(keeper->loop);
	keeper->ending = true;
	rf_vec_each (listener, &keeper->listeners)
		rf_fd_closep(&listener->fd);
	keeper->listeners.count = 0;
}

/* --- all of it --- */

/* A connection takes two descriptors; the process that serves them has what this one has. */
static void raise_file_limit(uint64_t connections)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t)connections * 2 + SPARE_FILES;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted;
	if (limit.rlim_max < wanted)
		limit.rlim_max = wanted;
	/* Beyond the hard limit only root may; then what is allowed must do. */
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int begin(struct keeper *keeper, struct rf_err *err)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, -1};
	int rc = endpoint_parse(
		keeper->args->target, false, keeper->targets, &keeper->target_count, err);

	if (rc < 0)
		return rf_err_wrap(err, rc, "--target");
	raise_file_limit(keeper->settings.max_connections);
	rc = loop_new(&keeper->loop, err);
	if (rc == RF_OK)
		rc = loop_signals(keeper->loop, signals, on_signal, keeper, err);
	if (rc == RF_OK)
		rc = open_listeners(keeper, err);
	if (rc == RF_OK)
		rc = open_metrics(keeper, err);
	if (rc == RF_OK)
		rc = open_log(keeper, err);
	return rc == RF_OK ? start(keeper, err) : rc;
}

static void end(struct keeper *keeper)
{
	loop_unwatch(keeper->watch);
	proxy_free(keeper->proxy);
	rf_vec_each (listener, &keeper->listeners)
		rf_fd_closep(&listener->fd);
	rf_vec_done(&keeper->listeners);
	rf_vec_each (endpoint, &keeper->sockets)
		(void)unlink(
			((const struct sockaddr_un *)(const void *)&endpoint->address)->sun_path);
	rf_vec_done(&keeper->sockets);
	rf_fd_closep(&keeper->metrics_fd);
	rf_fd_closep(&keeper->log_fd);
	loop_free(keeper->loop);
}

int proxy_run(const struct opt_usage *usage, const struct proxy_args *args, enum proxy_side side)
{
	struct keeper keeper = {.args = args, .metrics_fd = -1, .log_fd = -1};
	struct rf_err err;
	int status = check_args(usage, args, side);

	if (status == OPT_GO)
		status = read_settings(usage, args, side, &keeper.settings);
	if (status != OPT_GO)
		return status;
	status = 0;
	if (begin(&keeper, &err) < 0) {
		status = out_error(&err);
	} else {
		on_watch(&keeper);
		(void)!loop_timer_add(keeper.loop, LOOK_UP_MS, on_look_up, &keeper);
		if (loop_run(keeper.loop, &err) < 0)
			status = out_error(&err);
	}
	end(&keeper);
	return status;
}
