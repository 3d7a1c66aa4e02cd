/*
 * The form: 8 bytes "RFSEAL1\n", kind, log2 of scrypt's N (0 for a key), two zero bytes, 16 bytes
 * of salt, 12 of nonce, the secret encrypted, 16 of tag. All before the secret is authenticated
 * too.
 */
#include "mesh/seal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include "base/reader.h"
#include "mesh/openssl_int.h"

#define MAGIC	   "RFSEAL1\n"
#define MAGIC_LEN  8
#define SALT_LEN   16
#define NONCE_LEN  12
#define TAG_LEN	   16
#define HEADER_LEN (MAGIC_LEN + 4 + SALT_LEN + NONCE_LEN)
#define SALT_OFF   (MAGIC_LEN + 4)
#define NONCE_OFF  (SALT_OFF + SALT_LEN)

/* 128 MiB and some 0.4 s; what is read from a file may ask for no more than the largest. */
#define SCRYPT_LOG_N	 17
#define SCRYPT_LOG_N_MIN 14
#define SCRYPT_LOG_N_MAX 18
#define SCRYPT_R	 8
#define SCRYPT_MEM_MAX	 ((uint64_t)300 << 20)

struct sealed {
	const uint8_t *header; /* HEADER_LEN bytes */
	enum seal_kind kind;
	unsigned log_n;
	struct rf_bytes body; /* encrypted */
	const uint8_t *tag;
};

static int parse(struct rf_bytes bytes, struct sealed *ret, struct rf_err *err)
{
	struct rf_reader r = rf_reader_of(bytes);
	const uint8_t *header = rf_read_raw(&r, HEADER_LEN);
	size_t left = rf_reader_left(&r);

	if (!header || left < TAG_LEN || left - TAG_LEN > SEAL_MAX ||
		memcmp(header, MAGIC, MAGIC_LEN) != 0)
		return rf_err_set(err, RF_EINPUT, "not a sealed secret");
	*ret = (struct sealed){
		.header = header,
		.kind = header[MAGIC_LEN],
		.log_n = header[MAGIC_LEN + 1],
		.body = {bytes.ptr + HEADER_LEN, left - TAG_LEN},
		.tag = bytes.ptr + HEADER_LEN + (left - TAG_LEN),
	};
	if (ret->kind == SEAL_BY_KEY && ret->log_n == 0)
		return RF_OK;
	if (ret->kind == SEAL_BY_PASSPHRASE && ret->log_n >= SCRYPT_LOG_N_MIN &&
		ret->log_n <= SCRYPT_LOG_N_MAX)
		return RF_OK;
	return rf_err_set(err, RF_EINPUT, "not sealed in a way that is known here");
}

static int scrypt_key(struct rf_bytes passphrase, const uint8_t *salt, unsigned log_n,
	uint8_t key[static SEAL_KEY_LEN], struct rf_err *err)
{
	uint64_t n = (uint64_t)1 << log_n, mem = SCRYPT_MEM_MAX;
	uint32_t r = SCRYPT_R, p = 1;
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	/* OpenSSL only reads them. */
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)passphrase.ptr, passphrase.len),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, SALT_LEN),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &mem),
		OSSL_PARAM_END,
	};
	bool made = ctx && EVP_KDF_derive(ctx, key, SEAL_KEY_LEN, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	ERR_clear_error();
	return made ? RF_OK : rf_err_set(err, RF_EINTERNAL, "scrypt: not enough memory");
}

static int make_key(const struct seal_secret *secret, const uint8_t *header,
	uint8_t key[static SEAL_KEY_LEN], struct rf_err *err)
{
	if (secret->kind == SEAL_BY_PASSPHRASE)
		return scrypt_key(
			secret->bytes, header + SALT_OFF, header[MAGIC_LEN + 1], key, err);
	if (secret->bytes.len != SEAL_KEY_LEN)
		return rf_err_set(err, RF_EINPUT, "a sealing key has %d bytes, not %zu",
			SEAL_KEY_LEN, secret->bytes.len);
	memcpy(key, secret->bytes.ptr, SEAL_KEY_LEN);
	return RF_OK;
}

static bool encrypt(const uint8_t *key, const uint8_t *header, struct rf_bytes plain, uint8_t *out)
{
	CLEANUP(mesh_cipher_ctx_freep) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0;

	return ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, header + NONCE_OFF) &&
	       EVP_EncryptUpdate(ctx, NULL, &len, header, HEADER_LEN) &&
	       EVP_EncryptUpdate(ctx, out, &len, plain.ptr, (int)plain.len) &&
	       EVP_EncryptFinal_ex(ctx, out + len, &len) &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN, out + plain.len);
}

static bool decrypt(const uint8_t *key, const struct sealed *sealed, uint8_t *out)
{
	CLEANUP(mesh_cipher_ctx_freep) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0;

	return ctx &&
	       EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, sealed->header + NONCE_OFF) &&
	       EVP_DecryptUpdate(ctx, NULL, &len, sealed->header, HEADER_LEN) &&
	       EVP_DecryptUpdate(ctx, out, &len, sealed->body.ptr, (int)sealed->body.len) &&
	       EVP_CIPHER_CTX_ctrl(
		       ctx, EVP_CTRL_GCM_SET_TAG, TAG_LEN, (void *)(uintptr_t)sealed->tag) &&
	       EVP_DecryptFinal_ex(ctx, out + len, &len);
}

int seal_close(const struct seal_secret *secret, struct rf_bytes plain, struct rf_buf *out,
	struct rf_err *err)
{
	uint8_t header[HEADER_LEN] = MAGIC, key[SEAL_KEY_LEN];
	char *body;
	int rc;

	if (plain.len > SEAL_MAX)
		return rf_err_set(err, RF_ELIMIT, "a secret of more than %zu bytes", SEAL_MAX);
	header[MAGIC_LEN] = (uint8_t)secret->kind;
	header[MAGIC_LEN + 1] = secret->kind == SEAL_BY_PASSPHRASE ? SCRYPT_LOG_N : 0;
	if (RAND_bytes(header + SALT_OFF, SALT_LEN + NONCE_LEN) != 1)
		return rf_err_set(err, RF_EINTERNAL, "no random bytes");
	rc = make_key(secret, header, key, err);
	if (rc < 0)
		return rc;
	rf_buf_add(out, header, sizeof(header));
	body = rf_buf_reserve(out, plain.len + TAG_LEN);
	if (!body)
		rc = rf_err_nomem(err);
	else if (!encrypt(key, header, plain, (uint8_t *)body))
		rc = rf_err_set(err, RF_EINTERNAL, "AES-256-GCM is not available");
	else
		out->len += plain.len + TAG_LEN;
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

int seal_open(const struct seal_secret *secret, struct rf_bytes bytes, uint8_t **ret_plain,
	size_t *ret_len, struct rf_err *err)
{
	uint8_t key[SEAL_KEY_LEN], *plain;
	struct sealed sealed;
	int rc = parse(bytes, &sealed, err);

	if (rc < 0)
		return rc;
	if (sealed.kind != secret->kind)
		return rf_err_set(err, RF_EDENIED, "it was sealed with a %s",
			sealed.kind == SEAL_BY_KEY ? "sealing key" : "passphrase");
	rc = make_key(secret, sealed.header, key, err);
	if (rc < 0)
		return rc;
	plain = OPENSSL_secure_zalloc(sealed.body.len + TAG_LEN);
	if (!plain)
		rc = rf_err_nomem(err);
	else if (!decrypt(key, &sealed, plain))
		rc = rf_err_set(err, RF_EDENIED, "it does not open: another %s, or it was changed",
			sealed.kind == SEAL_BY_KEY ? "sealing key" : "passphrase");
	OPENSSL_cleanse(key, sizeof(key));
	ERR_clear_error();
	if (rc < 0) {
		OPENSSL_secure_clear_free(plain, sealed.body.len + TAG_LEN);
		return rc;
	}
	*ret_plain = plain;
	*ret_len = sealed.body.len;
	return RF_OK;
}

int seal_kind_of(struct rf_bytes bytes, enum seal_kind *ret, struct rf_err *err)
{
	struct sealed sealed;
	int rc = parse(bytes, &sealed, err);

	if (rc == RF_OK)
		*ret = sealed.kind;
	return rc;
}
