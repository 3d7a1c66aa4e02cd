/* resolv.conf(5), taken apart: what the DNS pod asks and what pods are told come from the same. */
#ifndef RF_HOST_DNS_INT_H
#define RF_HOST_DNS_INT_H

#include "base/buf.h"

/* Words, each followed by a space. */
struct resolv {
	struct rf_buf servers, searches, options;
};

void resolv_done(struct resolv *r);
#define AUTO_RESOLV CLEANUP(resolv_done) struct resolv

/*
 * This machine's own. inside: as it is of use in a pod's network, without servers that only the
 * machine itself reaches (127.0.0.0/8, ::1, those of one link); when none is left, what
 * systemd-resolved asks. Nothing where the machine asks nobody.
 */
void resolv_read_machine(bool inside, struct resolv *r);

/* The next word of text, which moves on behind it; absent at the end. Spaces and tabs part. */
struct rf_str resolv_word(struct rf_str *text);

#endif
