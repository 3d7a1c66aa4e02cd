/*
 * Watches are freed after the round of events in which they were removed, so that an event that
 * epoll has already reported finds a dead watch and not freed memory. Timers are a binary heap.
 */
#include "loop/loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/vec.h"

#define EVENTS_A_ROUND 64

struct loop_watch {
	struct loop *loop;
	struct loop_watch *next, **link; /* the list of all */
	int fd;
	bool dead;
	loop_fd_fn fn;
	void *ctx;
};

struct loop_timer {
	struct loop *loop;
	uint64_t due_ms;
	uint64_t order; /* of those due at once, the one added first goes first */
	size_t at;	/* index in the heap */
	loop_timer_fn fn;
	void *ctx;
};

struct loop {
	int epoll_fd;
	int signal_fd;
	bool stopped;
	struct loop_watch *watches;
	struct loop_watch *dead;
	RF_VEC(struct loop_timer *) timers;
	uint64_t next_order;
	loop_signal_fn signal_fn;
	void *signal_ctx;
};

uint64_t loop_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int loop_new(struct loop **ret, struct rf_err *err)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return rf_err_nomem(err);
	loop->signal_fd = -1;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		free(loop);
		return rf_err_sys(err, errno, "epoll_create1");
	}
	*ret = loop;
	return RF_OK;
}

static void free_dead(struct loop *loop)
{
	struct loop_watch *next;

	for (struct loop_watch *w = loop->dead; w; w = next) {
		next = w->next;
		free(w);
	}
	loop->dead = NULL;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	while (loop->watches)
		loop_unwatch(loop->watches);
	free_dead(loop);
	rf_vec_each (t, &loop->timers)
		free(*t);
	rf_vec_done(&loop->timers);
	rf_fd_closep(&loop->signal_fd);
	rf_fd_closep(&loop->epoll_fd);
	free(loop);
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

static struct epoll_event epoll_event_of(struct loop_watch *watch, unsigned events)
{
	struct epoll_event ev = {.data.ptr = watch};

	if (events & LOOP_READ)
		ev.events |= EPOLLIN;
	if (events & LOOP_WRITE)
		ev.events |= EPOLLOUT;
	if (events & LOOP_EDGE)
		ev.events |= EPOLLET | EPOLLRDHUP;
	return ev;
}

struct loop_watch *loop_watch_fd(
	struct loop *loop, int fd, unsigned events, loop_fd_fn fn, void *ctx)
{
	struct loop_watch *watch = calloc(1, sizeof(*watch));
	struct epoll_event ev;

	if (!watch)
		return NULL;
	*watch = (struct loop_watch){.loop = loop, .fd = fd, .fn = fn, .ctx = ctx};
	ev = epoll_event_of(watch, events);
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		free(watch);
		return NULL;
	}
	watch->next = loop->watches;
	watch->link = &loop->watches;
	if (watch->next)
		watch->next->link = &watch->next;
	loop->watches = watch;
	return watch;
}

void loop_watch_set(struct loop_watch *watch, unsigned events)
{
	struct epoll_event ev = epoll_event_of(watch, events);

	epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &ev);
}

void loop_unwatch(struct loop_watch *watch)
{
	if (!watch || watch->dead)
		return;
	epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	*watch->link = watch->next;
	if (watch->next)
		watch->next->link = watch->link;
	watch->dead = true;
	watch->next = watch->loop->dead;
	watch->loop->dead = watch;
}

static bool due_before(const struct loop_timer *a, const struct loop_timer *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void heap_put(struct loop *loop, size_t at, struct loop_timer *timer)
{
	loop->timers.items[at] = timer;
	timer->at = at;
}

static void heap_up(struct loop *loop, size_t at)
{
	struct loop_timer *timer = loop->timers.items[at];

	while (at > 0 && due_before(timer, loop->timers.items[(at - 1) / 2])) {
		heap_put(loop, at, loop->timers.items[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(loop, at, timer);
}

static void heap_down(struct loop *loop, size_t at)
{
	struct loop_timer *timer = loop->timers.items[at];
	size_t child;

	while ((child = at * 2 + 1) < loop->timers.count) {
		if (child + 1 < loop->timers.count &&
			due_before(loop->timers.items[child + 1], loop->timers.items[child]))
			child++;
		if (!due_before(loop->timers.items[child], timer))
			break;
		heap_put(loop, at, loop->timers.items[child]);
		at = child;
	}
	heap_put(loop, at, timer);
}

struct loop_timer *loop_timer_add(struct loop *loop, uint64_t delay_ms, loop_timer_fn fn, void *ctx)
{
	struct loop_timer *timer = calloc(1, sizeof(*timer));

	if (!timer || !rf_vec_push(&loop->timers, timer)) {
		free(timer);
		return NULL;
	}
	*timer = (struct loop_timer){.loop = loop,
		.due_ms = loop_now_ms() + delay_ms,
		.order = loop->next_order++,
		.fn = fn,
		.ctx = ctx};
	heap_up(loop, loop->timers.count - 1);
	return timer;
}

void loop_timer_del(struct loop_timer *timer)
{
	struct loop *loop;
	struct loop_timer *last;
	size_t at;

	if (!timer)
		return;
	loop = timer->loop;
	at = timer->at;
	last = loop->timers.items[--loop->timers.count];
	if (last != timer) {
		heap_put(loop, at, last);
		heap_up(loop, at);
		heap_down(loop, last->at);
	}
	free(timer);
}

static void run_timers(struct loop *loop)
{
	uint64_t now = loop_now_ms();

	while (!loop->stopped && loop->timers.count && loop->timers.items[0]->due_ms <= now) {
		struct loop_timer *timer = loop->timers.items[0];
		loop_timer_fn fn = timer->fn;
		void *ctx = timer->ctx;

		loop_timer_del(timer);
		fn(ctx);
	}
}

static int wait_ms(const struct loop *loop)
{
	uint64_t now = loop_now_ms(), due;

	if (!loop->timers.count)
		return -1;
	due = loop->timers.items[0]->due_ms;
	if (due <= now)
		return 0;
	return due - now > 60000 ? 60000 : (int)(due - now);
}

static void dispatch(const struct epoll_event *ev)
{
	struct loop_watch *watch = ev->data.ptr;
	unsigned events = 0;

	if (watch->dead)
		return;
	if (ev->events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
		events |= LOOP_READ;
	if (ev->events & (EPOLLOUT | EPOLLERR))
		events |= LOOP_WRITE;
	if (ev->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		events |= LOOP_HANGUP;
	watch->fn(watch->ctx, events);
}

int loop_run(struct loop *loop, struct rf_err *err)
{
	struct epoll_event events[EVENTS_A_ROUND];

	while (!loop->stopped) {
		int count = epoll_wait(loop->epoll_fd, events, EVENTS_A_ROUND, wait_ms(loop));

		if (count < 0 && errno != EINTR)
			return rf_err_sys(err, errno, "epoll_wait");
		for (int i = 0; i < count && !loop->stopped; i++)
			dispatch(&events[i]);
		free_dead(loop);
		run_timers(loop);
	}
	loop->stopped = false;
	return RF_OK;
}

static void read_signals(void *ctx, unsigned events RF_UNUSED)
{
	struct loop *loop = ctx;
	struct signalfd_siginfo info;

	while (read(loop->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		loop->signal_fn(loop->signal_ctx, (int)info.ssi_signo);
}

int loop_signals(
	struct loop *loop, const int *signals, loop_signal_fn fn, void *ctx, struct rf_err *err)
{
	sigset_t set;

	sigemptyset(&set);
	for (; *signals != -1; signals++)
		sigaddset(&set, *signals);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return rf_err_sys(err, errno, "block signals");
	loop->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (loop->signal_fd < 0)
		return rf_err_sys(err, errno, "signalfd");
	loop->signal_fn = fn;
	loop->signal_ctx = ctx;
	if (!loop_watch_fd(loop, loop->signal_fd, LOOP_READ, read_signals, loop))
		return rf_err_nomem(err);
	return RF_OK;
}
