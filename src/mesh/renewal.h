/*
 * A client of the keeper in an event loop: makes a key, has it signed, and does that again at half
 * of the certificate's lifetime, give or take a tenth, or when the authority has changed. What
 * fails is tried again, with growing pauses; the certificate before it stays good meanwhile.
 */
#ifndef RF_MESH_RENEWAL_H
#define RF_MESH_RENEWAL_H

#include "base/str.h"
#include "loop/loop.h"

struct renewal;

struct renewal_certs {
	struct rf_str cert, key, roots; /* PEM; valid during the call */
	int64_t until_s;
};

/*
 * channel is the client's end (keeper_add_client), taken over. got is called with each new
 * certificate; a negative answer has it tried again.
 */
int renewal_start(struct loop *loop, int channel,
	int (*got)(void *ctx, const struct renewal_certs *certs), void *ctx, struct renewal **ret,
	struct rf_err *err) RF_MUST_USE;
/* NULL is accepted. */
void renewal_stop(struct renewal *renewal);

#endif
