/*
 * The event loop: descriptors (epoll), timers, signals (signalfd) and child processes (pidfd).
 * One thread. Callbacks may add and remove anything, themselves included.
 */
#ifndef RF_LOOP_LOOP_H
#define RF_LOOP_LOOP_H

#include <sys/types.h>

#include "base/err.h"

struct loop;
struct loop_watch;
struct loop_timer;

#define LOOP_READ  1U
#define LOOP_WRITE 2U
/*
 * With LOOP_READ | LOOP_WRITE in loop_watch_fd(): edge-triggered. fn is called when something has
 * changed and must read or write until the call would block. The other end's shutdown is then told
 * as LOOP_HANGUP beside LOOP_READ.
 */
#define LOOP_EDGE   4U
#define LOOP_HANGUP 8U

int loop_new(struct loop **ret, struct rf_err *err) RF_MUST_USE;
/* Frees the loop and every watch and timer in it; descriptors stay the caller's. */
void loop_free(struct loop *loop);

/* Runs until loop_stop, which may have been called before. RF_OK, or RF_EIO when epoll fails. */
int loop_run(struct loop *loop, struct rf_err *err) RF_MUST_USE;
void loop_stop(struct loop *loop);
/* Milliseconds of CLOCK_MONOTONIC. */
uint64_t loop_now_ms(void);

typedef void (*loop_fd_fn)(void *ctx, unsigned events);
/* Calls fn while fd is ready (level-triggered; hang-up and error count as LOOP_READ). */
struct loop_watch *loop_watch_fd(
	struct loop *loop, int fd, unsigned events, loop_fd_fn fn, void *ctx) RF_MUST_USE;
void loop_watch_set(struct loop_watch *watch, unsigned events);
/* NULL is accepted. */
void loop_unwatch(struct loop_watch *watch);

typedef void (*loop_timer_fn)(void *ctx);
/* Calls fn once, delay_ms from now. */
struct loop_timer *loop_timer_add(
	struct loop *loop, uint64_t delay_ms, loop_timer_fn fn, void *ctx) RF_MUST_USE;
/* NULL is accepted; must not be called for a timer that has fired. */
void loop_timer_del(struct loop_timer *timer);

typedef void (*loop_signal_fn)(void *ctx, int signo);
/* Blocks the signals (sigaddset from a -1-terminated list) and hands them to fn. Once a loop. */
int loop_signals(struct loop *loop, const int *signals, loop_signal_fn fn, void *ctx,
	struct rf_err *err) RF_MUST_USE;

#endif
