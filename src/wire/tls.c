/*
 * The socket is reached by a BIO of our own: read(2), and sendmsg(2) with MSG_NOSIGNAL, which are
 * calls that every confined process of ours may make (OpenSSL's own would need SIGPIPE ignored).
 */
#include "wire/tls.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/openssl_int.h"

struct wire_tls_ctx {
	SSL_CTX *ssl;
	BIO_METHOD *socket;
};

struct wire_tls {
	SSL *ssl;
	int fd;
	int sys_errno; /* of the last call that failed */
};

/* --- the socket as a BIO --- */

static bool is_soft(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static int socket_read(BIO *bio, char *data, int len)
{
	struct wire_tls *tls = BIO_get_data(bio);
	ssize_t got = read(tls->fd, data, (size_t)len);

	BIO_clear_retry_flags(bio);
	if (got < 0 && is_soft(errno))
		BIO_set_retry_read(bio);
	else if (got < 0)
		tls->sys_errno = errno;
	return (int)got;
}

static int socket_write(BIO *bio, const char *data, int len)
{
	struct wire_tls *tls = BIO_get_data(bio);
	struct iovec iov = {.iov_len = (size_t)len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t put;

	memcpy(&iov.iov_base, &data, sizeof(data));
	put = sendmsg(tls->fd, &msg, MSG_NOSIGNAL);
	BIO_clear_retry_flags(bio);
	if (put < 0 && is_soft(errno))
		BIO_set_retry_write(bio);
	else if (put < 0)
		tls->sys_errno = errno;
	return (int)put;
}

static long socket_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

static BIO_METHOD *socket_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");

	if (!method)
		return NULL;
	BIO_meth_set_read(method, socket_read);
	BIO_meth_set_write(method, socket_write);
	BIO_meth_set_ctrl(method, socket_ctrl);
	return method;
}

/* --- what connections share --- */

static int add_roots(X509_STORE *store, struct rf_str pem, struct rf_err *err)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	size_t count = 0;
	X509 *cert;

	if (!bio)
		return rf_err_nomem(err);
	while (count < WIRE_MAX_TLS_ROOTS && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		if (X509_STORE_add_cert(store, cert) == 1)
			count++;
		X509_free(cert);
	}
	BIO_free(bio);
	/* "No more" is an error to OpenSSL; one in the middle ends the list, too. */
	ERR_clear_error();
	return count ? RF_OK
		     : rf_err_set(err, RF_EINPUT, "no certificate of an authority to trust");
}

int wire_tls_client_new(struct rf_str pem, struct wire_tls_ctx **ret, struct rf_err *err)
{
	AUTO_TLS_CTX *ctx = calloc(1, sizeof(*ctx));
	int rc;

	if (!ctx)
		return rf_err_nomem(err);
	if (pem.len == 0 || pem.len > INT32_MAX)
		return rf_err_set(err, RF_EINPUT, "no certificate of an authority to trust");
	ctx->socket = socket_method();
	ctx->ssl = SSL_CTX_new(TLS_client_method());
	if (!ctx->socket || !ctx->ssl ||
		SSL_CTX_set_min_proto_version(ctx->ssl, TLS1_2_VERSION) != 1)
		return wire_openssl_fail(err, RF_EINTERNAL, "set up TLS");
	SSL_CTX_set_verify(ctx->ssl, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(ctx->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
					   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					   SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(ctx->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	rc = add_roots(SSL_CTX_get_cert_store(ctx->ssl), pem, err);
	if (rc == RF_OK)
		*ret = TAKE_PTR(ctx);
	return rc;
}

void wire_tls_ctx_free(struct wire_tls_ctx *ctx)
{
	if (!ctx)
		return;
	SSL_CTX_free(ctx->ssl);
	BIO_meth_free(ctx->socket);
	free(ctx);
}

void wire_tls_ctx_freep(struct wire_tls_ctx **ctx)
{
	wire_tls_ctx_free(*ctx);
}

/* --- one connection --- */

/* Whom the certificate must be for; names are also told to the peer (SNI). */
static bool expect_host(SSL *ssl, const char *host)
{
	void *name;

	if (wire_is_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	/* SSL_set_tlsext_host_name(), whose cast would drop a const. */
	memcpy(&name, &host, sizeof(host));
	return SSL_set1_host(ssl, host) == 1 &&
	       SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1;
}

int wire_tls_connect(struct wire_tls_ctx *ctx, int fd, const char *host, struct wire_tls **ret,
	struct rf_err *err)
{
	struct wire_tls *tls = calloc(1, sizeof(*tls));
	BIO *bio = NULL;

	if (!tls)
		return rf_err_nomem(err);
	tls->fd = fd;
	tls->ssl = SSL_new(ctx->ssl);
	if (tls->ssl)
		bio = BIO_new(ctx->socket);
	if (!bio || !expect_host(tls->ssl, host)) {
		BIO_free(bio);
		wire_tls_free(tls);
		return wire_openssl_fail(err, RF_EINTERNAL, "set up TLS");
	}
	BIO_set_data(bio, tls);
	BIO_set_init(bio, 1);
	SSL_set_bio(tls->ssl, bio, bio);
	SSL_set_connect_state(tls->ssl);
	*ret = tls;
	return RF_OK;
}

void wire_tls_free(struct wire_tls *tls)
{
	if (!tls)
		return;
	SSL_free(tls->ssl);
	free(tls);
}

/* What a call that gave result means: WIRE_WAIT, 0 for a proper end, or an error. */
static int explain(
	struct wire_tls *tls, int result, const char *what, short *ret_events, struct rf_err *err)
{
	long verified = SSL_get_verify_result(tls->ssl);

	switch (SSL_get_error(tls->ssl, result)) {
	case SSL_ERROR_WANT_READ: *ret_events = POLLIN; return WIRE_WAIT;
	case SSL_ERROR_WANT_WRITE: *ret_events = POLLOUT; return WIRE_WAIT;
	case SSL_ERROR_ZERO_RETURN: return 0;
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		return tls->sys_errno ? rf_err_sys(err, tls->sys_errno, "%s", what)
				      : rf_err_set(err, RF_EIO, "%s: the connection ended", what);
	default: break;
	}
	if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		ERR_clear_error();
		return rf_err_set(err, RF_EIO, "%s: the connection ended", what);
	}
	if (verified != X509_V_OK && !SSL_is_init_finished(tls->ssl)) {
		ERR_clear_error();
		return rf_err_set(err, RF_EDENIED, "its certificate is not to be trusted: %s",
			X509_verify_cert_error_string(verified));
	}
	return wire_openssl_fail(err, RF_EINPUT, what);
}

int wire_tls_handshake(struct wire_tls *tls, short *ret_events, struct rf_err *err)
{
	int result, rc;

	ERR_clear_error();
	result = SSL_do_handshake(tls->ssl);
	if (result == 1)
		return RF_OK;
	rc = explain(tls, result, "TLS", ret_events, err);
	return rc ? rc : rf_err_set(err, RF_EIO, "TLS: the connection ended");
}

ssize_t wire_tls_read(
	struct wire_tls *tls, void *data, size_t len, short *ret_events, struct rf_err *err)
{
	size_t got;
	int result;

	ERR_clear_error();
	result = SSL_read_ex(tls->ssl, data, len, &got);
	return result == 1 ? (ssize_t)got : explain(tls, result, "receive", ret_events, err);
}

ssize_t wire_tls_write(
	struct wire_tls *tls, const void *data, size_t len, short *ret_events, struct rf_err *err)
{
	size_t put;
	int result, rc;

	ERR_clear_error();
	result = SSL_write_ex(tls->ssl, data, len, &put);
	if (result == 1)
		return (ssize_t)put;
	rc = explain(tls, result, "send", ret_events, err);
	return rc ? rc : rf_err_set(err, RF_EIO, "send: the connection ended");
}
