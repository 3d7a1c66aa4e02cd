/*
 * Faults made on purpose, by annotation of a pod, so that its owner sees what callers do about a
 * slow or broken service. A connection that is held does nothing until its timer fires; what comes
 * meanwhile waits in the kernel.
 */
#include <openssl/rand.h>

#include "mesh/proxy/worker_int.h"

#define SLOW_BATCH_MS 20 /* shorter pauses are not worth a timer */

static void on_hold(void *ctx)
{
	struct conn *conn = ctx;

	conn->hold = NULL;
	conn_run(conn);
}

static void hold(struct conn *conn, uint64_t ms)
{
	if (conn->hold || ms == 0)
		return;
	conn->hold = loop_timer_add(conn->worker->loop, ms, on_hold, conn);
	conn->deadline_ms += ms;
}

static bool dice(uint64_t percent)
{
	unsigned char roll = 0;

	if (percent == 0)
		return false;
	/* 0 to 255 is no multiple of 100; a fault need not be that exact. */
	return RAND_bytes(&roll, 1) == 1 && (uint64_t)roll * 100 / 256 < percent;
}

bool conn_fault_begin(struct conn *conn)
{
	const struct sidecar_faults *faults = sidecar_faults(conn->worker->state->sidecar);

	if (dice(faults->reset_percent)) {
		conn->result = "fault-reset";
		return false;
	}
	hold(conn, faults->delay_ms);
	return true;
}

void conn_fault_pace(struct conn *conn, uint64_t bytes)
{
	const struct sidecar *sidecar = conn->worker->state->sidecar;
	uint64_t ms;

	if (!sidecar || conn->side != PROXY_SERVER || !sidecar_faults(sidecar)->bytes_per_s)
		return;
	ms = bytes * 1000 / sidecar_faults(sidecar)->bytes_per_s;
	if (ms >= SLOW_BATCH_MS)
		hold(conn, ms);
}
