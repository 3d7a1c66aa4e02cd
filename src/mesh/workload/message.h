/*
 * The messages of the SPIFFE Workload API (github.com/spiffe/spiffe,
 * standards/SPIFFE_Workload_API.md, workload.proto) as gRPC carries them: a byte of flags, four of
 * length, a protobuf message. Pure functions.
 */
#ifndef RF_MESH_WORKLOAD_MESSAGE_H
#define RF_MESH_WORKLOAD_MESSAGE_H

#include "base/buf.h"
#include "base/err.h"
#include "mesh/renewal.h"

#define MESSAGE_MAX    4096 /* bytes of a request's message */
#define MESSAGE_PREFIX 5    /* flags and length */

/* https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
enum grpc_status {
	GRPC_OK = 0,
	GRPC_INVALID_ARGUMENT = 3,
	GRPC_PERMISSION_DENIED = 7,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_UNIMPLEMENTED = 12,
	GRPC_INTERNAL = 13,
};

/*
 * The content of a request of the API, whose messages have no fields that matter: one whole
 * message, well formed, of at most MESSAGE_MAX bytes. *ret_why says what is wrong; static.
 */
enum grpc_status message_check(struct rf_bytes content, const char **ret_why);

/* What the messages are made of: DER, concatenated. */
struct message_svid {
	char *id; /* the SPIFFE ID */
	struct rf_buf chain, key, roots;
};

/* From PEM; RF_EINPUT when it is not what a keeper sends. */
int message_svid_read(const struct renewal_certs *certs, struct message_svid *ret,
	struct rf_err *err) RF_MUST_USE;
/* Wipes the key. */
void message_svid_done(struct message_svid *svid);

/* X509SVIDResponse and X509BundlesResponse with their prefixes; out->failed tells. */
void message_put_svid(const struct message_svid *svid, struct rf_buf *out);
void message_put_bundles(const struct message_svid *svid, struct rf_buf *out);

#endif
