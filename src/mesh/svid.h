/*
 * The rules for a peer's leaf certificate beyond those of RFC 5280, which whoever verified its
 * chain has checked: X509-SVID.md, sections 2, 3 and 4.1. Stock verifiers let two URIs pass.
 */
#ifndef RF_MESH_SVID_H
#define RF_MESH_SVID_H

#include "base/err.h"
#include "mesh/identity.h"

struct x509_st;

/*
 * The SPIFFE ID of a leaf, "" when it has no URI at all (an ordinary certificate). RF_EDENIED with
 * what is wrong: several URIs, no SPIFFE ID, an ID that is malformed or has no path, an authority's
 * certificate, key usage that signs certificates or lacks digitalSignature.
 */
int svid_id(struct x509_st *leaf, char id[static IDENTITY_MAX + 1], struct rf_err *err) RF_MUST_USE;

#endif
