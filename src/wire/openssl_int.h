/* What those files of this folder share that speak to OpenSSL. */
#ifndef RF_WIRE_OPENSSL_INT_H
#define RF_WIRE_OPENSSL_INT_H

#include "base/err.h"

/* Records the first reason of OpenSSL's queue behind what, and empties the queue; returns code. */
int wire_openssl_fail(struct rf_err *err, enum rf_code code, const char *what);
/* True for an IPv4 or IPv6 address: no name that could be sent (RFC 6066, section 3). */
bool wire_is_address(const char *name);

#endif
