/* Ending a container: its stop signal, and SIGKILL when its grace is over. */
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/num.h"
#include "host/container.h"

#define STATUS_MAX	65536 /* bytes of /proc/PID/status */
#define HANDLER_LOOK_MS 100

static void send_signal(const struct container *c, int signo)
{
	if (c->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, c->pidfd, signo, NULL, 0);
}

static int stop_signal(const struct container *c)
{
	static const struct {
		const char *name;
		int signo;
	} signals[] = {{"TERM", SIGTERM}, {"INT", SIGINT}, {"QUIT", SIGQUIT}, {"HUP", SIGHUP},
		{"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"KILL", SIGKILL}, {"WINCH", SIGWINCH}};
	struct rf_str name = c->image ? c->image->config.stop_signal : RF_STR_NONE;
	uint64_t number;

	if (c->spec->lifecycle && c->spec->lifecycle->stop_signal.len)
		name = c->spec->lifecycle->stop_signal;
	if (rf_num_u64(name, 64, &number) && number > 0)
		return (int)number;
	if (rf_str_starts(name, RF_STR("SIG"))) {
		name.ptr += 3;
		name.len -= 3;
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(signals); i++) {
		if (rf_str_is(name, signals[i].name))
			return signals[i].signo;
	}
	return SIGTERM;
}

/* --- a signal that finds no handler --- */

static bool has_bit(const char *status, const char *field, int signo)
{
	const char *at = strstr(status, field);

	return at && (strtoull(at + strlen(field), NULL, 16) >> (signo - 1) & 1);
}

/*
 * Whether it catches the signal, or will find it pending. What cannot be told is taken for true:
 * then nothing is sent again.
 */
static bool takes_signal(const struct container *c, int signo)
{
	AUTO_BUF status = {.max = STATUS_MAX};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%lld/status", (long long)c->pid);
	return c->pidfd < 0 || rf_file_read(path, &status, NULL) < 0 || signo < 1 || signo > 64 ||
	       has_bit(rf_buf_cstr(&status), "\nSigCgt:", signo) ||
	       has_bit(rf_buf_cstr(&status), "\nSigBlk:", signo);
}

static void wait_for_handler(struct container *c);

static void look_for_handler(void *ctx)
{
	struct container *c = ctx;
	int signo = stop_signal(c);

	c->signal_timer = NULL;
	if (takes_signal(c, signo))
		send_signal(c, signo);
	else
		wait_for_handler(c);
}

/*
 * The first process of a PID namespace never gets a signal that it has no handler for (yet): one
 * that has just begun would then be killed at the end of its grace. So once it has, it gets it.
 */
static void wait_for_handler(struct container *c)
{
	c->signal_timer = loop_timer_add(c->pod->host->loop, HANDLER_LOOK_MS, look_for_handler, c);
}

static void ask_to_end(struct container *c)
{
	int signo = stop_signal(c);
	bool taken = takes_signal(c, signo);

	send_signal(c, signo);
	if (!taken && signo != SIGKILL)
		wait_for_handler(c);
}

static void kill_now(void *ctx)
{
	struct container *c = ctx;

	c->kill_timer = NULL;
	send_signal(c, SIGKILL);
	if (c->pidfd < 0 && c->conmon)
		child_kill(c->conmon, SIGKILL);
}

void container_stop(struct container *c, unsigned grace_s)
{
	loop_timer_del(c->restart_timer);
	c->restart_timer = NULL;
	c->ready = false;
	c->stopping = true;
	if (!c->conmon)
		return;
	loop_timer_del(c->signal_timer);
	c->signal_timer = NULL;
	if (grace_s)
		ask_to_end(c);
	loop_timer_del(c->kill_timer);
	c->kill_timer = loop_timer_add(c->pod->host->loop, (uint64_t)grace_s * 1000, kill_now, c);
	if (!c->kill_timer)
		kill_now(c);
}
