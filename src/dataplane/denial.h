/* Denials as the kernel logs them (nflog, linux/netfilter/nfnetlink_log.h). */
#ifndef RF_DATAPLANE_DENIAL_H
#define RF_DATAPLANE_DENIAL_H

#include "base/err.h"
#include "base/ip.h"
#include "policy/ports.h"

struct denial {
	struct rf_ip from, to; /* of the packet as logged */
	enum policy_proto proto;
	uint16_t from_port, to_port; /* 0 without ports */
	uint32_t mark;		     /* source class << 16 | destination class, or 0 */
	uint8_t ip_proto;
};

/*
 * Reads the beginning of an IP packet into ret's addresses, protocol and ports. False when it is
 * not IP or is cut off within its first header. Untrusted bytes: any length, any content.
 */
bool denial_read_packet(const uint8_t *bytes, size_t len, struct denial *ret) RF_MUST_USE;

struct denial_log;

/* Binds the nflog group; denial_fd becomes readable. Queue and packet copies are bounded. */
int denial_open(unsigned group, struct denial_log **ret, struct rf_err *err) RF_MUST_USE;
void denial_close(struct denial_log *log);
int denial_fd(const struct denial_log *log);
/*
 * Reads what is there (non-blocking) and hands each denial to fn. *ret_lost counts messages that
 * the kernel could not queue since the last call.
 */
int denial_read(struct denial_log *log, void (*fn)(void *ctx, const struct denial *denial),
	void *ctx, unsigned *ret_lost, struct rf_err *err) RF_MUST_USE;

#endif
