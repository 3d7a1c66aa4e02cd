/*
 * Probes by the million: one JSON object a line in, one a line out.
 *
 *	{"from":"x/a","to":"y/b","port":80,"protocol":"TCP"}	in any order; port may be a named
 *	{"allowed":true,"egress":true,"ingress":true}		port; without it: any port of the
 *	{"error":"..."}						protocol, which is TCP if not said
 *
 * Lines are untrusted. The plain form (no escapes, no signs) is scanned in place; every other line
 * goes through the strict JSON reader, which also words the errors.
 */
#ifndef RF_POLICY_BATCH_H
#define RF_POLICY_BATCH_H

#include "base/buf.h"
#include "policy/ref.h"

#define POLICY_BATCH_MAX_LINE  ((size_t)64 << 10) /* bytes, without the newline */
#define POLICY_BATCH_MAX_NAMES 1000000U		  /* names remembered; more are looked up again */

struct policy_batch {
	const struct policy_refs *refs; /* borrowed */
	struct rf_arena *arena;
	struct rf_map names; /* name -> index into ends */
	RF_VEC(struct policy_ref) ends;
	bool slow_only; /* for tests: leave the scanner out */
};

int policy_batch_init(struct policy_batch *batch, const struct policy_refs *refs) RF_MUST_USE;
void policy_batch_done(struct policy_batch *batch);

/*
 * Answers one line (without its newline): appends the answer and a newline to out. RF_OK;
 * RF_EINPUT, RF_EABSENT or RF_ELIMIT when the answer is an error; RF_EINTERNAL, with nothing
 * appended. err says what went wrong.
 */
int policy_batch_line(struct policy_batch *batch, struct rf_str line, struct rf_buf *out,
	struct rf_err *err) RF_MUST_USE;
/* Appends {"error":"..."} and a newline. */
void policy_batch_error(const char *message, struct rf_buf *out);

#endif
