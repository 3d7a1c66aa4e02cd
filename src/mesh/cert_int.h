/* What the readers of certificates share. */
#ifndef RF_MESH_CERT_INT_H
#define RF_MESH_CERT_INT_H

#include "mesh/cert.h"
#include "mesh/openssl_int.h"

/* Fills cert from x509 (which stays the caller's). RF_EINTERNAL when memory ran out. */
int cert_decode(
	struct rf_arena *arena, X509 *x509, struct cert *ret, struct rf_err *err) RF_MUST_USE;

#endif
