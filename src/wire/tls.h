/*
 * TLS 1.2 and 1.3 over a connected socket, by OpenSSL: this folder's tls.c is the only code that
 * knows libssl. A wire_tls_ctx is what connections share (whom to trust; later also who we are), a
 * wire_tls is one connection. Never blocks when the socket does not: "would block" is WIRE_WAIT.
 *
 * The peer's certificate is always verified: chain, time, and that it is for the host asked for.
 */
#ifndef RF_WIRE_TLS_H
#define RF_WIRE_TLS_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

#define WIRE_WAIT	   (-100) /* not an error: poll the socket for *ret_events, then call again */
#define WIRE_MAX_TLS_ROOTS 2000	  /* certificates that one context trusts */

struct wire_tls_ctx;

/*
 * For connecting: trusts the certificates in pem (several, one after the other; what is between
 * them is passed over). RF_EINPUT when there is none in it.
 */
int wire_tls_client_new(
	struct rf_str pem, struct wire_tls_ctx **ret, struct rf_err *err) RF_MUST_USE;
void wire_tls_ctx_free(struct wire_tls_ctx *ctx);
void wire_tls_ctx_freep(struct wire_tls_ctx **ctx);
#define AUTO_TLS_CTX CLEANUP(wire_tls_ctx_freep) struct wire_tls_ctx

struct wire_tls;

/* A connection to host (a DNS name or an address) over fd, which stays the caller's. */
int wire_tls_connect(struct wire_tls_ctx *ctx, int fd, const char *host, struct wire_tls **ret,
	struct rf_err *err) RF_MUST_USE;
void wire_tls_free(struct wire_tls *tls);

/*
 * RF_OK, WIRE_WAIT, RF_EDENIED (the certificate is not to be trusted: why is in err), RF_EINPUT
 * (the peer speaks no TLS that we do), RF_EIO.
 */
int wire_tls_handshake(struct wire_tls *tls, short *ret_events, struct rf_err *err) RF_MUST_USE;
/* Bytes, 0 when the peer has closed properly, WIRE_WAIT, or RF_EIO (also when it was cut off). */
ssize_t wire_tls_read(struct wire_tls *tls, void *data, size_t len, short *ret_events,
	struct rf_err *err) RF_MUST_USE;
/* Bytes taken, WIRE_WAIT (then call with the same data), or RF_EIO. */
ssize_t wire_tls_write(struct wire_tls *tls, const void *data, size_t len, short *ret_events,
	struct rf_err *err) RF_MUST_USE;

#endif
