/*
 * Many small connections at once between the ends of a test machine: TCP handshakes, UDP and ping
 * round trips, and SCTP's first packet one way (made by hand: kernels often lack SCTP).
 */
#ifndef TESTS_LIB_PACKETS_H
#define TESTS_LIB_PACKETS_H

#include "tests/lib/machine.h"

struct packet {
	unsigned from;	 /* an end of the machine */
	struct rf_ip to; /* any address */
	enum policy_proto proto;
	uint16_t port; /* of TCP, UDP and SCTP */
	bool want;     /* what should happen: no use in waiting for the rest */
	/* The outcome. */
	bool got;
	int cause; /* errno of a connection that was refused, 0 when it merely did not come about */
	int fd;	   /* private */
};

/*
 * Sends all of them and waits: for those that are wanted up to WANTED_MS, for the others GRACE_MS
 * longer. Outcomes are in the packets. RF_OK, or RF_EIO when the test itself cannot go on.
 */
int packets_send(struct machine *machine, struct packet *packets, size_t count,
	struct rf_err *err) RF_MUST_USE;

#define PACKETS_WANTED_MS 5000
#define PACKETS_GRACE_MS  120

#endif
