/*
 * TLS with certificates on both sides, without a socket: bytes in, bytes out. For programs that
 * hold thousands of connections in an event loop; wire/tls.h is for those that talk to one peer.
 *
 * A wire_identity is what connections share: who we are, whom we trust. It is never changed:
 * renewal makes another one, and old connections keep theirs. Identities, engines and wire_io are
 * one thread's; the same text may be made an identity in every thread.
 *
 * TLS 1.3 (RFC 8446) with AES-GCM and ChaCha20-Poly1305 over X25519 and P-256; TLS 1.2 with the
 * same and ECDHE when it is allowed. No compression, renegotiation or early data; a ticket, which
 * names a session kept in memory, only with resume.
 */
#ifndef RF_WIRE_ENGINE_H
#define RF_WIRE_ENGINE_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

#define WIRE_ENGINE_WAIT      (-100) /* not an error: more input is needed */
#define WIRE_ENGINE_MAX_CHAIN 8	     /* certificates of a peer */

struct x509_st;

/*
 * The buffers of a thread. The caller puts what came from a socket into in (in_off 0), calls, and
 * sends what is in out before the next call for another engine. A call for at most WIRE_IO_BATCH
 * bytes always finds room in out.
 */
#define WIRE_IO_BATCH ((size_t)96 << 10)
#define WIRE_IO_OUT   ((size_t)128 << 10)
struct wire_io {
	const uint8_t *in;
	size_t in_len, in_off;
	uint8_t out[WIRE_IO_OUT];
	size_t out_len;
};

/* Whom a verified certificate names. Shared by connections, with a count of them. */
struct wire_peer {
	char *id;	/* what judge() found, a SPIFFE ID; "" for none */
	char *subject;	/* RFC 2253 */
	int64_t from_s; /* validity of the whole chain, seconds since 1970 */
	int64_t until_s;
	unsigned refs;
};
struct wire_peer *wire_peer_ref(struct wire_peer *peer);
void wire_peer_unref(struct wire_peer *peer);

struct wire_identity_opts {
	struct rf_str cert;  /* PEM: ours, then its chain */
	struct rf_str key;   /* PEM */
	struct rf_str roots; /* PEM */
	bool tls12;
	bool resume; /* sessions, kept in memory, may be taken up again (never beyond roots or cert)
		      */
	/*
	 * After chain, time and usage of a peer's certificate were verified: what else its rules
	 * are. Puts its ID into id (NUL-terminated, "" for none). Verdicts are kept by the bytes of
	 * the chain. NULL: no ID.
	 */
	int (*judge)(void *ctx, struct x509_st *leaf, char *id, size_t id_size, struct rf_err *err);
	void *ctx;
	const char *alpn; /* offered, and chosen when offered; NULL: none */
};

struct wire_identity;

/* RF_EINPUT says which of the three texts is wrong, and how. io is borrowed. */
int wire_identity_new(const struct wire_identity_opts *opts, struct wire_io *io,
	struct wire_identity **ret, struct rf_err *err) RF_MUST_USE;
struct wire_identity *wire_identity_ref(struct wire_identity *identity);
void wire_identity_unref(struct wire_identity *identity);
/* The validity of our own certificate. */
int64_t wire_identity_from_s(const struct wire_identity *identity);
int64_t wire_identity_until_s(const struct wire_identity *identity);
/* Our own ID, by judge(); "" for none. */
const char *wire_identity_id(const struct wire_identity *identity);

struct wire_engine;

/* The side that accepts: a peer without a certificate is refused. */
int wire_engine_accept(
	struct wire_identity *identity, struct wire_engine **ret, struct rf_err *err) RF_MUST_USE;
/*
 * The side that connects. name is sent (SNI) unless it is an address; with check_name the peer's
 * certificate must be for it. name may be NULL.
 */
int wire_engine_connect(struct wire_identity *identity, const char *name, bool check_name,
	struct wire_engine **ret, struct rf_err *err) RF_MUST_USE;
void wire_engine_free(struct wire_engine *engine);

/*
 * RF_OK, WIRE_ENGINE_WAIT, RF_EDENIED (the certificate), RF_EINPUT (no TLS that we speak). What
 * is in out is to be sent in every case (an alert tells the peer why).
 */
int wire_engine_handshake(struct wire_engine *engine, struct rf_err *err) RF_MUST_USE;
/* A word for a metric: "expired", "untrusted", "no-certificate", "protocol", ...; never NULL. */
const char *wire_engine_reason(const struct wire_engine *engine);
/* Bytes, 0 when the peer ended its side properly, WIRE_ENGINE_WAIT, or RF_EINPUT. */
ssize_t wire_engine_read(
	struct wire_engine *engine, void *data, size_t len, struct rf_err *err) RF_MUST_USE;
/* False when a read would find nothing: all input is used up. */
bool wire_engine_has_input(const struct wire_engine *engine);
/* All of data, at most WIRE_IO_BATCH bytes. */
int wire_engine_write(
	struct wire_engine *engine, const void *data, size_t len, struct rf_err *err) RF_MUST_USE;
/* Ends our side properly (close_notify). */
void wire_engine_close(struct wire_engine *engine);

/* After the handshake: the peer (the engine's), its version and cipher, the name asked for. */
struct wire_peer *wire_engine_peer(const struct wire_engine *engine);
const char *wire_engine_version(const struct wire_engine *engine);
const char *wire_engine_cipher(const struct wire_engine *engine);
const char *wire_engine_server_name(const struct wire_engine *engine); /* NULL: none */
bool wire_engine_resumed(const struct wire_engine *engine);

#endif
