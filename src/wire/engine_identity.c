/* Who we are and whom we trust: OpenSSL's contexts of both directions. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdio.h>

#include "wire/engine_int.h"
#include "wire/provider.h"

#define MAX_ROOTS	1000
#define SESSION_CACHE	20000 /* sessions kept for resumption */
#define SESSION_SECONDS 3600

/* --- sessions know their peer --- */

static int session_index = -1;

static int dup_peer(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **from_d, int index,
	long argl, void *argp)
{
	struct wire_peer *peer = *from_d;

	(void)to, (void)from, (void)index, (void)argl, (void)argp;
	if (peer)
		wire_peer_ref(peer);
	return 1;
}

static void free_peer(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
	(void)parent, (void)ad, (void)index, (void)argl, (void)argp;
	wire_peer_unref(ptr);
}

static void make_index(void)
{
	session_index = SSL_SESSION_get_ex_new_index(0, NULL, NULL, dup_peer, free_peer);
}

int wire_session_index(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	return pthread_once(&once, make_index) == 0 ? session_index : -1;
}

/* --- the engine's bytes as a BIO --- */

static int bytes_read(BIO *bio, char *data, int len)
{
	struct wire_io *io = BIO_get_data(bio);
	size_t left = io->in_len - io->in_off, got = (size_t)len < left ? (size_t)len : left;

	BIO_clear_retry_flags(bio);
	if (got == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(data, io->in + io->in_off, got);
	io->in_off += got;
	return (int)got;
}

static int bytes_write(BIO *bio, const char *data, int len)
{
	struct wire_io *io = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if ((size_t)len > sizeof(io->out) - io->out_len)
		return -1;
	memcpy(io->out + io->out_len, data, (size_t)len);
	io->out_len += (size_t)len;
	return len;
}

static long bytes_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio, (void)num, (void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

static BIO_METHOD *bytes_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bytes");

	if (!method)
		return NULL;
	BIO_meth_set_read(method, bytes_read);
	BIO_meth_set_write(method, bytes_write);
	BIO_meth_set_ctrl(method, bytes_ctrl);
	return method;
}

/* --- reading what was given --- */

/* Passwords are never asked for. */
static int no_password(char *buf, int size, int for_writing, void *ctx)
{
	(void)buf, (void)size, (void)for_writing, (void)ctx;
	return -1;
}

static BIO *text_bio(struct rf_str text)
{
	return text.len && text.len < INT32_MAX ? BIO_new_mem_buf(text.ptr, (int)text.len) : NULL;
}

static X509 *next_cert(BIO *bio)
{
	X509 *cert = X509_new_ex(wire_provider_context(), NULL);

	if (cert && !PEM_read_bio_X509(bio, &cert, no_password, NULL)) {
		X509_free(cert);
		cert = NULL;
	}
	return cert;
}

static int read_roots(struct rf_str text, X509_STORE *store, struct rf_err *err)
{
	BIO *bio = text_bio(text);
	size_t count = 0;
	X509 *cert;

	while (bio && count < MAX_ROOTS && (cert = next_cert(bio))) {
		count += X509_STORE_add_cert(store, cert) == 1;
		X509_free(cert);
	}
	BIO_free(bio);
	ERR_clear_error();
	return count ? RF_OK
		     : rf_err_set(err, RF_EINPUT, "no certificate of an authority to trust");
}

static int read_chain(struct rf_str text, SSL_CTX *ssl, X509 **ret_leaf, struct rf_err *err)
{
	BIO *bio = text_bio(text);
	X509 *leaf = bio ? next_cert(bio) : NULL, *cert;
	bool ok = leaf && SSL_CTX_use_certificate(ssl, leaf) == 1;
	int rc = RF_OK;

	for (int i = 1; ok && i < WIRE_ENGINE_MAX_CHAIN && (cert = next_cert(bio)); i++) {
		ok = SSL_CTX_add0_chain_cert(ssl, cert) == 1;
		if (!ok)
			X509_free(cert);
	}
	BIO_free(bio);
	if (!leaf)
		rc = rf_err_set(err, RF_EINPUT, "no certificate of our own");
	else if (!ok)
		rc = wire_openssl_fail(err, RF_EINPUT, "our certificate");
	ERR_clear_error();
	if (rc == RF_OK)
		*ret_leaf = leaf;
	else
		X509_free(leaf);
	return rc;
}

static int read_key(struct rf_str text, SSL_CTX *ssl, struct rf_err *err)
{
	BIO *bio = text_bio(text);
	/* In OpenSSL's own context: ours has no decoders of private keys. */
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
	int rc = RF_OK;

	if (!key)
		rc = rf_err_set(err, RF_EINPUT,
			"no private key that can be read (keys with a password are not)");
	else if (SSL_CTX_use_PrivateKey(ssl, key) != 1)
		rc = rf_err_set(err, RF_EINPUT, "the private key is not of our certificate");
	EVP_PKEY_free(key);
	BIO_free(bio);
	ERR_clear_error();
	return rc;
}

/* --- contexts --- */

/* The peer's list of protocols: ours when it is there, none otherwise. */
static int choose_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
	const unsigned char *in, unsigned in_len, void *ctx)
{
	const struct wire_identity *identity = ctx;
	size_t want = (unsigned char)identity->alpn[0] + 1U;

	(void)ssl;
	for (unsigned at = 0; at < in_len; at += in[at] + 1U) {
		if (in_len - at >= want && memcmp(in + at, identity->alpn, want) == 0) {
			*ret = in + at + 1;
			*ret_len = in[at];
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_NOACK;
}

static bool set_ciphers(SSL_CTX *ssl)
{
	/* SHA-256 in the key schedule costs less than SHA-384, and 128 bits are enough. */
	return SSL_CTX_set_ciphersuites(ssl, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
					     "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
	       SSL_CTX_set_cipher_list(
		       ssl, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!SHA1:!DSS:!PSK:!SRP") == 1 &&
	       SSL_CTX_set1_groups_list(ssl, "X25519:P-256") == 1 &&
	       SSL_CTX_set1_sigalgs_list(ssl,
		       "ECDSA+SHA256:ECDSA+SHA384:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:"
		       "RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384") == 1;
}

static void set_sessions(const struct wire_identity *identity, SSL_CTX *ssl, bool accepts)
{
	static const unsigned char session_context[] = "ringfence";

	SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
	if (!identity->opts.resume || !accepts) {
		SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
		(void)SSL_CTX_set_num_tickets(ssl, 0);
		return;
	}
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_SERVER);
	SSL_CTX_sess_set_cache_size(ssl, SESSION_CACHE);
	SSL_CTX_set_timeout(ssl, SESSION_SECONDS);
	(void)SSL_CTX_set_session_id_context(ssl, session_context, sizeof(session_context) - 1);
	(void)SSL_CTX_set_num_tickets(ssl, 1);
}

static SSL_CTX *new_context(struct wire_identity *identity, bool accepts)
{
	SSL_CTX *ssl = SSL_CTX_new_ex(
		wire_provider_context(), NULL, accepts ? TLS_server_method() : TLS_client_method());

	if (!ssl)
		return NULL;
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_verify_depth(ssl, WIRE_ENGINE_MAX_CHAIN);
	SSL_CTX_set_cert_verify_callback(ssl, wire_engine_verify, identity);
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_ANTI_REPLAY);
	SSL_CTX_set_max_cert_list(ssl, 64L << 10);
	set_sessions(identity, ssl, accepts);
	if (identity->alpn[0] && accepts)
		SSL_CTX_set_alpn_select_cb(ssl, choose_alpn, identity);
	else if (identity->alpn[0])
		(void)SSL_CTX_set_alpn_protos(ssl, (const unsigned char *)identity->alpn,
			(unsigned)(unsigned char)identity->alpn[0] + 1);
	if (set_ciphers(ssl) &&
		SSL_CTX_set_min_proto_version(
			ssl, identity->opts.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION) == 1)
		return ssl;
	SSL_CTX_free(ssl);
	return NULL;
}

static int fill_context(struct wire_identity *identity, const struct wire_identity_opts *opts,
	SSL_CTX *ssl, struct rf_err *err)
{
	X509 *leaf = NULL;
	int rc = read_chain(opts->cert, ssl, &leaf, err);

	if (rc == RF_OK)
		rc = read_key(opts->key, ssl, err);
	if (rc == RF_OK)
		rc = read_roots(opts->roots, SSL_CTX_get_cert_store(ssl), err);
	if (rc == RF_OK && !identity->id) {
		char id[2049] = "";
		struct rf_err ignored;

		/* A certificate of ours may be an ordinary one: then it has no ID. */
		if (opts->judge && opts->judge(opts->ctx, leaf, id, sizeof(id), &ignored) < 0)
			id[0] = '\0';
		identity->from_s = wire_time_of(X509_get0_notBefore(leaf));
		identity->until_s = wire_time_of(X509_get0_notAfter(leaf));
		identity->id = rf_str_dup(rf_str_of(id));
		rc = identity->id ? RF_OK : rf_err_nomem(err);
	}
	X509_free(leaf);
	return rc;
}

static int fill(
	struct wire_identity *identity, const struct wire_identity_opts *opts, struct rf_err *err)
{
	int rc;

	if (!wire_provider_context() || wire_session_index() < 0)
		return wire_openssl_fail(err, RF_EINTERNAL, "set up TLS");
	identity->bytes = bytes_method();
	identity->sha256 = EVP_MD_fetch(wire_provider_context(), "SHA2-256", NULL);
	identity->digest = EVP_MD_CTX_new();
	identity->accept = new_context(identity, true);
	identity->connect = new_context(identity, false);
	if (!identity->bytes || !identity->sha256 || !identity->digest || !identity->accept ||
		!identity->connect)
		return wire_openssl_fail(err, RF_EINTERNAL, "set up TLS");
	rc = fill_context(identity, opts, identity->accept, err);
	return rc < 0 ? rc : fill_context(identity, opts, identity->connect, err);
}

int wire_identity_new(const struct wire_identity_opts *opts, struct wire_io *io,
	struct wire_identity **ret, struct rf_err *err)
{
	struct wire_identity *identity = calloc(1, sizeof(*identity));
	int rc;

	if (!identity)
		return rf_err_nomem(err);
	*identity = (struct wire_identity){.refs = 1, .io = io, .opts = *opts};
	identity->opts.cert = identity->opts.key = identity->opts.roots = RF_STR_NONE;
	if (opts->alpn)
		snprintf(identity->alpn, sizeof(identity->alpn), "%c%s", (int)strlen(opts->alpn),
			opts->alpn);
	ERR_clear_error();
	rc = fill(identity, opts, err);
	if (rc == RF_OK)
		*ret = identity;
	else
		wire_identity_unref(identity);
	return rc;
}

struct wire_identity *wire_identity_ref(struct wire_identity *identity)
{
	identity->refs++;
	return identity;
}

void wire_identity_unref(struct wire_identity *identity)
{
	if (!identity || --identity->refs)
		return;
	wire_engine_forget_verdicts(identity);
	SSL_CTX_free(identity->accept);
	SSL_CTX_free(identity->connect);
	BIO_meth_free(identity->bytes);
	EVP_MD_free(identity->sha256);
	EVP_MD_CTX_free(identity->digest);
	free(identity->id);
	free(identity);
}

int64_t wire_identity_from_s(const struct wire_identity *identity)
{
	return identity->from_s;
}

int64_t wire_identity_until_s(const struct wire_identity *identity)
{
	return identity->until_s;
}

const char *wire_identity_id(const struct wire_identity *identity)
{
	return identity->id;
}
