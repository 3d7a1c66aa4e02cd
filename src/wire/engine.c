/* One connection of the engine. Its identity, and so the buffers, live at least as long. */
#include "wire/engine.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "wire/engine_int.h"

#define RECORD ((size_t)16 << 10)

static int new_engine(
	struct wire_identity *identity, SSL_CTX *ssl, struct wire_engine **ret, struct rf_err *err)
{
	struct wire_engine *engine = calloc(1, sizeof(*engine));
	BIO *bio = BIO_new(identity->bytes);

	if (engine)
		engine->ssl = SSL_new(ssl);
	if (!engine || !bio || !engine->ssl) {
		BIO_free(bio);
		free(engine);
		return wire_openssl_fail(err, RF_EINTERNAL, "set up a connection");
	}
	BIO_set_data(bio, identity->io);
	BIO_set_init(bio, 1);
	SSL_set_bio(engine->ssl, bio, bio);
	SSL_set_app_data(engine->ssl, engine);
	engine->identity = wire_identity_ref(identity);
	engine->reason = "";
	*ret = engine;
	return RF_OK;
}

int wire_engine_accept(struct wire_identity *identity, struct wire_engine **ret, struct rf_err *err)
{
	int rc = new_engine(identity, identity->accept, ret, err);

	if (rc == RF_OK)
		SSL_set_accept_state((*ret)->ssl);
	return rc;
}

int wire_engine_connect(struct wire_identity *identity, const char *name, bool check_name,
	struct wire_engine **ret, struct rf_err *err)
{
	struct wire_engine *engine;
	int rc = new_engine(identity, identity->connect, &engine, err);

	if (rc < 0)
		return rc;
	SSL_set_connect_state(engine->ssl);
	if (name) {
		engine->name = rf_str_dup(rf_str_of(name));
		engine->named_by_address = wire_is_address(name);
		engine->check_name = check_name ? engine->name : NULL;
		/* The cast of OpenSSL's macro would drop a const. */
		if (!engine->name ||
			(!engine->named_by_address &&
				SSL_ctrl(engine->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
					TLSEXT_NAMETYPE_host_name, engine->name) != 1)) {
			wire_engine_free(engine);
			return wire_openssl_fail(err, RF_EINPUT, "the server's name");
		}
	}
	*ret = engine;
	return RF_OK;
}

void wire_engine_free(struct wire_engine *engine)
{
	if (!engine)
		return;
	SSL_free(engine->ssl);
	wire_peer_unref(engine->peer);
	wire_identity_unref(engine->identity);
	free(engine->name);
	free(engine);
}

/* --- reasons --- */

struct reason {
	long code;
	const char *word;
};

static const struct reason verify_reasons[] = {
	{X509_V_ERR_CERT_HAS_EXPIRED, "expired"},
	{X509_V_ERR_CERT_NOT_YET_VALID, "not-yet-valid"},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "untrusted"},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "untrusted"},
	{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "untrusted"},
	{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "untrusted"},
	{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "untrusted"},
	{X509_V_ERR_CERT_SIGNATURE_FAILURE, "bad-signature"},
	{X509_V_ERR_CERT_CHAIN_TOO_LONG, "chain-too-long"},
	{X509_V_ERR_INVALID_CA, "not-an-authority"},
	{X509_V_ERR_INVALID_PURPOSE, "wrong-usage"},
	{X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "not-an-authority"},
	{X509_V_ERR_PATH_LENGTH_EXCEEDED, "path-too-long"},
	{X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "unknown-critical-extension"},
	{X509_V_ERR_PERMITTED_VIOLATION, "name-not-permitted"},
	{X509_V_ERR_EXCLUDED_VIOLATION, "name-not-permitted"},
	{X509_V_ERR_HOSTNAME_MISMATCH, "wrong-name"},
	{X509_V_ERR_IP_ADDRESS_MISMATCH, "wrong-name"},
	{X509_V_ERR_APPLICATION_VERIFICATION, "identity"},
	{X509_V_ERR_EE_KEY_TOO_SMALL, "weak"},
	{X509_V_ERR_CA_KEY_TOO_SMALL, "weak"},
	{X509_V_ERR_CA_MD_TOO_WEAK, "weak"},
};

static const struct reason protocol_reasons[] = {
	{SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "no-certificate"},
	{SSL_R_UNSUPPORTED_PROTOCOL, "version"},
	{SSL_R_WRONG_VERSION_NUMBER, "not-tls"},
	{SSL_R_HTTP_REQUEST, "not-tls"},
	{SSL_R_NO_SHARED_CIPHER, "no-shared-cipher"},
	{SSL_R_NO_SUITABLE_KEY_SHARE, "no-shared-group"},
	{SSL_R_NO_SHARED_GROUPS, "no-shared-group"},
	{SSL_R_UNEXPECTED_EOF_WHILE_READING, "closed"},
};

static const char *find_reason(
	const struct reason *rows, size_t count, long code, const char *otherwise)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].code == code)
			return rows[i].word;
	}
	return otherwise;
}

/* Alerts of the peer are reasons of libssl above an offset; reasons that all libraries share are
 * larger still. */
static bool is_alert(unsigned long error)
{
	int reason = ERR_GET_REASON(error);

	return ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET &&
	       reason < SSL_AD_REASON_OFFSET + 256;
}

static int refused(struct wire_engine *engine, struct rf_err *err)
{
	long verified = SSL_get_verify_result(engine->ssl);
	unsigned long error = ERR_peek_error();
	int reason = ERR_GET_REASON(error);

	if (verified != X509_V_OK && !SSL_is_init_finished(engine->ssl) && !is_alert(error)) {
		ERR_clear_error();
		engine->reason = find_reason(
			verify_reasons, RF_ARRAY_LEN(verify_reasons), verified, "certificate");
		return rf_err_set(err, RF_EDENIED, "its certificate is not to be trusted: %s",
			X509_verify_cert_error_string(verified));
	}
	engine->reason = is_alert(error)
				 ? "refused-by-peer"
				 : find_reason(protocol_reasons, RF_ARRAY_LEN(protocol_reasons),
					   reason, "protocol");
	return wire_openssl_fail(err,
		reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE ? RF_EDENIED : RF_EINPUT, "TLS");
}

/* A session that was taken up again brings the peer that was verified when it was made. */
static void know_peer(struct wire_engine *engine)
{
	SSL_SESSION *session = SSL_get0_session(engine->ssl);
	struct wire_peer *peer;

	if (!session)
		return;
	if (engine->peer) {
		if (engine->identity->opts.resume &&
			!SSL_SESSION_get_ex_data(session, wire_session_index()) &&
			SSL_SESSION_set_ex_data(session, wire_session_index(), engine->peer) == 1)
			wire_peer_ref(engine->peer);
		return;
	}
	peer = SSL_SESSION_get_ex_data(session, wire_session_index());
	if (peer)
		engine->peer = wire_peer_ref(peer);
}

/* The peer's other certificates have done their work: 5 KB that no connection needs any more. */
static void forget_chain(SSL *ssl)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);

	while (chain && sk_X509_num(chain) > 0)
		X509_free(sk_X509_pop(chain));
}

int wire_engine_handshake(struct wire_engine *engine, struct rf_err *err)
{
	int result;

	ERR_clear_error();
	result = SSL_do_handshake(engine->ssl);
	if (result != 1)
		return SSL_get_error(engine->ssl, result) == SSL_ERROR_WANT_READ
			       ? WIRE_ENGINE_WAIT
			       : refused(engine, err);
	know_peer(engine);
	forget_chain(engine->ssl);
	/* What is left here would be taken for a failure of the thread's next read. */
	ERR_clear_error();
	if (engine->peer && time(NULL) > engine->peer->until_s) {
		engine->reason = "expired";
		return rf_err_set(err, RF_EDENIED, "the session's certificate has expired");
	}
	if (engine->peer)
		return RF_OK;
	engine->reason = "no-certificate";
	return rf_err_set(err, RF_EDENIED, "the peer has no certificate");
}

const char *wire_engine_reason(const struct wire_engine *engine)
{
	return engine->reason;
}

ssize_t wire_engine_read(struct wire_engine *engine, void *data, size_t len, struct rf_err *err)
{
	size_t got;
	int result;

	result = SSL_read_ex(engine->ssl, data, len, &got);
	if (result == 1)
		return (ssize_t)got;
	switch (SSL_get_error(engine->ssl, result)) {
	case SSL_ERROR_WANT_READ: return WIRE_ENGINE_WAIT;
	case SSL_ERROR_ZERO_RETURN: return 0;
	default: return wire_openssl_fail(err, RF_EINPUT, "receive");
	}
}

bool wire_engine_has_input(const struct wire_engine *engine)
{
	const struct wire_io *io = engine->identity->io;

	return io->in_off < io->in_len || SSL_pending(engine->ssl) > 0;
}

int wire_engine_write(struct wire_engine *engine, const void *data, size_t len, struct rf_err *err)
{
	const char *from = data;
	size_t put;

	ERR_clear_error();
	for (; len; from += put, len -= put) {
		if (SSL_write_ex(engine->ssl, from, len < RECORD ? len : RECORD, &put) != 1)
			return wire_openssl_fail(err, RF_EIO, "send");
	}
	return RF_OK;
}

void wire_engine_close(struct wire_engine *engine)
{
	ERR_clear_error();
	/* A second call would read what the buffers hold, which is another connection's. */
	if (SSL_is_init_finished(engine->ssl) &&
		!(SSL_get_shutdown(engine->ssl) & SSL_SENT_SHUTDOWN))
		(void)SSL_shutdown(engine->ssl);
	ERR_clear_error();
}

struct wire_peer *wire_engine_peer(const struct wire_engine *engine)
{
	return engine->peer;
}

const char *wire_engine_version(const struct wire_engine *engine)
{
	return SSL_get_version(engine->ssl);
}

const char *wire_engine_cipher(const struct wire_engine *engine)
{
	return SSL_get_cipher_name(engine->ssl);
}

const char *wire_engine_server_name(const struct wire_engine *engine)
{
	return SSL_get_servername(engine->ssl, TLSEXT_NAMETYPE_host_name);
}

bool wire_engine_resumed(const struct wire_engine *engine)
{
	return SSL_session_reused(engine->ssl) == 1;
}
