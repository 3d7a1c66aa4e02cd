/*
 * Verifying a peer's certificate: chain, time and usage by OpenSSL, then the caller's rules. The
 * verdict is kept by the SHA-256 of all that the peer sent, within the identity: its roots and
 * rules never change, so that only time can change the verdict, and time is asked again.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "wire/engine_int.h"

#define MAX_VERDICTS 4096 /* then all are forgotten: they are only a shortcut */
#define ID_SIZE	     2049

struct wire_peer *wire_peer_ref(struct wire_peer *peer)
{
	peer->refs++;
	return peer;
}

void wire_peer_unref(struct wire_peer *peer)
{
	if (!peer || --peer->refs)
		return;
	free(peer->id);
	free(peer->subject);
	free(peer);
}

static char *subject_of(struct x509_st *leaf)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text, *copy = NULL;
	long len;

	if (!bio)
		return NULL;
	if (X509_NAME_print_ex(bio, X509_get_subject_name(leaf), 0, XN_FLAG_RFC2253) >= 0) {
		len = BIO_get_mem_data(bio, &text);
		copy = rf_str_dup((struct rf_str){len > 0 ? text : "", len > 0 ? (size_t)len : 0});
	}
	BIO_free(bio);
	return copy;
}

struct wire_peer *wire_peer_new(
	struct x509_st *leaf, const char *id, int64_t from_s, int64_t until_s)
{
	struct wire_peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return NULL;
	*peer = (struct wire_peer){.id = rf_str_dup(rf_str_of(id)),
		.subject = subject_of(leaf),
		.from_s = from_s,
		.until_s = until_s,
		.refs = 1};
	if (peer->id && peer->subject)
		return peer;
	wire_peer_unref(peer);
	return NULL;
}

int64_t wire_time_of(const ASN1_TIME *time)
{
	struct tm tm = {0};

	return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* Clients and servers are verified for different usages: the direction is part of the digest. */
static bool digest_of(struct wire_identity *identity, X509_STORE_CTX *store, bool accepts,
	uint8_t ret[static VERDICT_SIZE])
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(store);
	unsigned char *der = NULL;
	bool ok = EVP_DigestInit_ex(identity->digest, identity->sha256, NULL) == 1 &&
		  EVP_DigestUpdate(identity->digest, accepts ? "a" : "c", 1) == 1;
	int count = sk_X509_num(chain);

	for (int i = 0; ok && i < count; i++) {
		int len = i2d_X509(sk_X509_value(chain, i), &der);

		ok = len > 0 && EVP_DigestUpdate(identity->digest, der, (size_t)len) == 1;
		OPENSSL_free(der);
		der = NULL;
	}
	return ok && count > 0 && count <= WIRE_ENGINE_MAX_CHAIN &&
	       EVP_DigestFinal_ex(identity->digest, ret, NULL) == 1;
}

/* The time in which every certificate of the verified chain is valid. */
static void chain_validity(X509_STORE_CTX *store, int64_t *ret_from_s, int64_t *ret_until_s)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
	int64_t from_s = INT64_MIN, until_s = INT64_MAX;

	for (int i = 0; i < sk_X509_num(chain); i++) {
		const X509 *cert = sk_X509_value(chain, i);
		int64_t begin = wire_time_of(X509_get0_notBefore(cert));
		int64_t end = wire_time_of(X509_get0_notAfter(cert));

		from_s = begin > from_s ? begin : from_s;
		until_s = end < until_s ? end : until_s;
	}
	*ret_from_s = from_s;
	*ret_until_s = until_s;
}

void wire_engine_forget_verdicts(struct wire_identity *identity)
{
	for (size_t i = 0; i < identity->verdicts.cap; i++) {
		struct verdict *verdict = (struct verdict *)identity->verdicts.slots[i].value;

		if (!identity->verdicts.slots[i].key.ptr)
			continue;
		wire_peer_unref(verdict->peer);
		free(verdict);
	}
	rf_map_done(&identity->verdicts);
}

static void keep_verdict(struct wire_identity *identity, const uint8_t digest[static VERDICT_SIZE],
	struct wire_peer *peer)
{
	struct verdict *verdict = malloc(sizeof(*verdict));

	if (!verdict)
		return;
	if (identity->verdicts.count >= MAX_VERDICTS)
		wire_engine_forget_verdicts(identity);
	memcpy(verdict->digest, digest, VERDICT_SIZE);
	verdict->peer = wire_peer_ref(peer);
	if (rf_map_put_ptr(&identity->verdicts,
		    (struct rf_str){(const char *)verdict->digest, VERDICT_SIZE}, verdict))
		return;
	wire_peer_unref(peer);
	free(verdict);
}

static struct wire_peer *known_peer(
	struct wire_identity *identity, const uint8_t digest[static VERDICT_SIZE], int64_t now_s)
{
	struct verdict *verdict = rf_map_get_ptr(
		&identity->verdicts, (struct rf_str){(const char *)digest, VERDICT_SIZE});

	/* Out of time: verified anew, so that OpenSSL's reason is given. */
	if (!verdict || now_s < verdict->peer->from_s || now_s > verdict->peer->until_s)
		return NULL;
	return wire_peer_ref(verdict->peer);
}

static struct wire_peer *judge(struct wire_identity *identity, X509_STORE_CTX *store)
{
	struct x509_st *leaf = X509_STORE_CTX_get0_cert(store);
	char id[ID_SIZE] = "";
	int64_t from_s, until_s;
	struct rf_err err;

	if (X509_verify_cert(store) != 1)
		return NULL;
	if (identity->opts.judge &&
		identity->opts.judge(identity->opts.ctx, leaf, id, sizeof(id), &err) < 0) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
		return NULL;
	}
	chain_validity(store, &from_s, &until_s);
	return wire_peer_new(leaf, id, from_s, until_s);
}

static bool is_for_name(const struct wire_engine *engine, X509 *leaf)
{
	if (!engine->check_name)
		return true;
	if (engine->named_by_address)
		return X509_check_ip_asc(leaf, engine->check_name, 0) == 1;
	/* The subject's CN is no name of a host (RFC 9525 section 2). */
	return X509_check_host(leaf, engine->check_name, 0,
		       X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
		       NULL) == 1;
}

int wire_engine_verify(X509_STORE_CTX *store, void *ctx)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct wire_engine *engine = SSL_get_app_data(ssl);
	struct wire_identity *identity = ctx;
	uint8_t digest[VERDICT_SIZE];
	struct wire_peer *peer;

	if (!digest_of(identity, store, SSL_is_server(ssl), digest)) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_CHAIN_TOO_LONG);
		return 0;
	}
	peer = known_peer(identity, digest, time(NULL));
	if (!peer) {
		peer = judge(identity, store);
		if (!peer)
			return 0;
		keep_verdict(identity, digest, peer);
	}
	wire_peer_unref(engine->peer);
	engine->peer = peer;
	if (!is_for_name(engine, X509_STORE_CTX_get0_cert(store))) {
		X509_STORE_CTX_set_error(store, engine->named_by_address
							? X509_V_ERR_IP_ADDRESS_MISMATCH
							: X509_V_ERR_HOSTNAME_MISMATCH);
		return 0;
	}
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}
