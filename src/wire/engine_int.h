/* What the files of the engine share. */
#ifndef RF_WIRE_ENGINE_INT_H
#define RF_WIRE_ENGINE_INT_H

#include <openssl/ssl.h>

#include "base/map.h"
#include "wire/engine.h"
#include "wire/openssl_int.h"

#define VERDICT_SIZE 32 /* SHA-256 of a chain */

/* What was found out about a chain: kept, so that the same one is not verified twice. */
struct verdict {
	uint8_t digest[VERDICT_SIZE];
	struct wire_peer *peer;
};

struct wire_identity {
	unsigned refs;
	SSL_CTX *accept, *connect;
	BIO_METHOD *bytes;
	EVP_MD *sha256;
	EVP_MD_CTX *digest;
	struct wire_io *io;
	struct rf_map verdicts;		/* digest -> struct verdict * */
	struct wire_identity_opts opts; /* without the texts */
	char alpn[64];
	int64_t from_s, until_s;
	char *id;
};

struct wire_engine {
	SSL *ssl;
	struct wire_identity *identity;
	struct wire_peer *peer;
	const char *check_name; /* NULL: any */
	char *name;
	const char *reason;
	bool named_by_address;
};

/* A new peer with one reference; NULL when memory ran out. */
struct wire_peer *wire_peer_new(
	struct x509_st *leaf, const char *id, int64_t from_s, int64_t until_s);

/* For SSL_CTX_set_cert_verify_callback(): ctx is the wire_identity. */
int wire_engine_verify(X509_STORE_CTX *store, void *ctx);
void wire_engine_forget_verdicts(struct wire_identity *identity);
/* A session carries the peer that was verified when it was made. */
int wire_session_index(void);
int64_t wire_time_of(const ASN1_TIME *time);

#endif
