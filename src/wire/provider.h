/*
 * OpenSSL with only what TLS between services needs: a library context whose one provider offers
 * the default provider's algorithms by a list of names. OpenSSL 3.0 searches all of them for each
 * certificate and key that it decodes, which is a third of the time of a handshake.
 * Source: provider-base(7), OSSL_PROVIDER_add_builtin(3).
 */
#ifndef RF_WIRE_PROVIDER_H
#define RF_WIRE_PROVIDER_H

#include "base/err.h"

struct ossl_lib_ctx_st;

/*
 * The process's context, made at the first call (any thread) and kept to the end of the process,
 * as every object of OpenSSL may refer to it. NULL when OpenSSL cannot set it up.
 */
struct ossl_lib_ctx_st *wire_provider_context(void);

#endif
