/*
 * Watching the supervisor: a line of progress until all pods are ready, their logs as they come
 * (not with -d), what was denied. Ctrl-C takes everything down again.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/up.h"
#include "loop/loop.h"

#define POLL_MS	      200
#define USUAL_COLUMNS 79

struct watch {
	const struct up_watch_opts *opts;
	int control_fd, signal_fd;
	struct rf_buf carry;
	struct log_follow *logs;
	struct up_pods pods;
	bool terminal; /* standard error is one: there is a line of progress */
	bool mixed;    /* and the logs go to one as well */
	bool ready, shown, ended;
	uint64_t started_ms;
};

/* --- a line of progress, and news --- */

/* Before anything else is printed: it begins at the begin of a line. */
static void wipe(struct watch *w)
{
	if (w->shown)
		fputs("\r\033[K", stderr);
	w->shown = false;
	if (w->logs && w->mixed)
		log_follow_end_line(w->logs);
}

static size_t columns_of_terminal(void)
{
	struct winsize size = {.ws_col = 0};

	if (ioctl(2, TIOCGWINSZ, &size) < 0 || size.ws_col < 2)
		return USUAL_COLUMNS;
	return size.ws_col - 1U; /* the last one would break the line in some terminals */
}

static void show_progress(struct watch *w)
{
	AUTO_BUF line = {.len = 0};

	if (!w->terminal || w->ready)
		return;
	wipe(w);
	up_pods_progress(&w->pods, loop_now_ms() - w->started_ms, columns_of_terminal(), &line);
	fputs(rf_buf_cstr(&line), stderr);
	w->shown = true;
}

/* In lines that stay, where there is no line of progress that says it. */
static void tell_news(struct watch *w)
{
	AUTO_BUF text = {.len = 0};
	struct rf_str rest, line;

	if (w->terminal && !w->ready)
		return;
	up_pods_news(&w->pods, loop_now_ms(), &text);
	for (rest = rf_buf_str(&text); rest.len;) {
		rest = rf_str_cut(rest, '\n', &line);
		wipe(w);
		fprintf(stderr, "ringfence: " RF_STR_FMT "\n", RF_STR_ARG(line));
	}
}

/* --- what the supervisor says --- */

static void add_logs(struct watch *w, const struct doc_node *pod)
{
	AUTO_FREE char *prefix = NULL;

	if (!w->logs)
		return;
	if (asprintf(&prefix, "%s/%s", live_text(pod, "namespace"), live_text(pod, "name")) < 0) {
		prefix = NULL;
		return;
	}
	doc_each (c, doc_get(pod, "containers")) {
		if (log_follow_add(w->logs, live_text(c, "log"), prefix, true) < 0)
			return;
	}
}

/* Asks how things are: what pods lack, where their logs are. */
static void take_status(struct watch *w)
{
	AUTO_ANSWER status = {.text = {.max = CONTROL_MAX_LINE}};
	struct rf_err err;

	if (control_ask(w->opts->inst, RF_STR("{\"verb\":\"status\"}"), &status.text, &err) < 0)
		return;
	status.arena = rf_arena_new(1 << 30);
	if (!status.arena || doc_parse_json(rf_buf_str(&status.text), "status", 1, status.arena,
				     NULL, &status.root) < 0)
		return;
	if (!up_pods_take(&w->pods, status.root, loop_now_ms()))
		return;
	doc_each (pod, doc_get(status.root, "pods"))
		add_logs(w, pod);
	if (w->ready || !live_truth(status.root, "ready"))
		return;
	w->ready = true;
	wipe(w);
	fprintf(stderr, "ready: %zu pods in %.1f s\n", w->pods.list.count,
		(double)(loop_now_ms() - w->started_ms) / 1000);
}

static void print_event(struct watch *w, struct rf_str line)
{
	AUTO_ANSWER event = {.root = NULL};
	const char *kind;

	if (!live_parse(line, &event))
		return;
	kind = live_text(event.root, "event");
	if (strcmp(kind, "note") == 0) {
		wipe(w);
		fprintf(stderr, "ringfence: %s\n", live_text(event.root, "text"));
	} else if (strcmp(kind, "denied") == 0 && !w->opts->quiet && !w->opts->detach) {
		const struct doc_node *policies = doc_get(event.root, "policies");

		wipe(w);
		fprintf(stderr, "denied: %s => %s : %s %lld (%s: %s)\n",
			live_text(event.root, "from"), live_text(event.root, "to"),
			live_text(event.root, "protocol"),
			(long long)live_number(event.root, "port"),
			live_text(event.root, "direction"),
			policies && policies->first ? policies->first->text.ptr : "");
	}
}

/* Events that have come; false when the supervisor has gone. */
static bool take_events(struct watch *w)
{
	AUTO_BUF line = {0};
	struct rf_err err;
	bool any = false;

	do {
		if (control_read_line(w->control_fd, &w->carry, &line, &err) < 0)
			return false;
		print_event(w, rf_buf_str(&line));
		any = true;
	} while (w->carry.len && memchr(w->carry.data, '\n', w->carry.len));
	if (any)
		take_status(w);
	return true;
}

/* True when a signal asked to stop. */
static bool wait_a_moment(struct watch *w)
{
	struct pollfd fds[2] = {
		{.fd = w->control_fd, .events = POLLIN}, {.fd = w->signal_fd, .events = POLLIN}};
	struct signalfd_siginfo info;

	if (poll(fds, 2, POLL_MS) < 0 && errno != EINTR)
		return true;
	if ((fds[0].revents & (POLLIN | POLLHUP)) && !take_events(w))
		w->ended = true;
	return (fds[1].revents & POLLIN) && read(w->signal_fd, &info, sizeof(info)) > 0;
}

static int take_down(struct watch *w)
{
	AUTO_BUF answer = {0};
	struct rf_err err;
	int status = 0;

	wipe(w);
	fputs("stopping ...\n", stderr);
	if (control_ask(w->opts->inst, RF_STR("{\"verb\":\"down\"}"), &answer, &err) < 0)
		out_error(&err);
	while (waitpid(w->opts->supervisor, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0 ? 0 : out_errorf("the supervisor did not end cleanly: `ringfence down`");
}

/* --- the two ways of watching --- */

static int say_what_is_missing(const struct up_watch_opts *opts)
{
	char *argv[] = {(char *)(uintptr_t) "ps", (char *)(uintptr_t) "--run-dir",
		(char *)(uintptr_t)opts->run_dir, NULL};

	fprintf(stderr, "ringfence: not all pods are ready after %llu seconds:\n",
		(unsigned long long)opts->timeout_s);
	fflush(stderr);
	if (cmd_ps(opts->run_dir ? 3 : 1, argv) != 0)
		return CMD_EXIT_ERROR;
	return 1;
}

static int watch_detached(struct watch *w)
{
	uint64_t deadline = w->started_ms + w->opts->timeout_s * 1000;

	while (!w->ready && !w->ended && loop_now_ms() < deadline) {
		if (wait_a_moment(w))
			return take_down(w);
		tell_news(w);
		show_progress(w);
	}
	wipe(w);
	if (w->ended)
		return out_errorf("the supervisor has ended");
	return w->ready ? 0 : say_what_is_missing(w->opts);
}

static void print_logs(struct watch *w)
{
	if (!w->logs)
		return;
	if (w->shown)
		wipe(w);
	log_follow_poll(w->logs);
}

static int watch_attached(struct watch *w)
{
	while (!w->ended) {
		if (wait_a_moment(w))
			return take_down(w);
		tell_news(w);
		print_logs(w);
		show_progress(w);
	}
	wipe(w);
	waitpid(w->opts->supervisor, NULL, 0); /* somebody said `ringfence down` */
	return 0;
}

int up_watch(const struct up_watch_opts *opts)
{
	struct watch w = {.opts = opts};
	struct rf_err err;
	sigset_t set;
	int exit_status;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w.signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	w.started_ms = loop_now_ms();
	w.terminal = isatty(2);
	w.mixed = w.terminal && isatty(1);
	w.logs = opts->quiet || opts->detach ? NULL : log_follow_new(out_has_colour(1));
	w.control_fd = control_connect(opts->inst, &err);
	if (w.signal_fd < 0 || w.control_fd < 0 ||
		rf_fd_write_all(w.control_fd, "{\"verb\":\"watch\"}\n", 17, &err) < 0)
		exit_status = out_error(&err);
	else
		exit_status = opts->detach ? watch_detached(&w) : watch_attached(&w);
	rf_fd_closep(&w.control_fd);
	rf_fd_closep(&w.signal_fd);
	rf_buf_done(&w.carry);
	up_pods_done(&w.pods);
	log_follow_free(w.logs);
	return exit_status;
}
