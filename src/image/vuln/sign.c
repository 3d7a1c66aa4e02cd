/* OpenSSL's EVP behind four verbs. */
#include "image/vuln/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

struct vuln_signer {
	EVP_PKEY *key;
};

#define KEY_FILE_MAX ((size_t)64 << 10)

static void pkey_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

static int read_pem(const char *path, bool private, EVP_PKEY **ret, struct rf_err *err)
{
	AUTO_BUF text = {.max = KEY_FILE_MAX};
	CLEANUP(bio_freep) BIO *bio = NULL;
	CLEANUP(pkey_freep) EVP_PKEY *key = NULL;
	int rc = rf_file_read(path, &text, err);

	if (rc < 0)
		return rc;
	bio = BIO_new_mem_buf(text.data, (int)text.len);
	if (bio)
		key = private ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (char[]){""})
			      : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	if (private)
		OPENSSL_cleanse(text.data, text.len);
	if (!key || EVP_PKEY_id(key) != EVP_PKEY_ED25519)
		return rf_err_set(err, RF_EINPUT,
			"%s: not %s Ed25519 key in PEM (openssl genpkey -algorithm ed25519)", path,
			private ? "a private" : "a public");
	*ret = TAKE_PTR(key);
	return RF_OK;
}

static int new_signer(EVP_PKEY *key, struct vuln_signer **ret, struct rf_err *err)
{
	struct vuln_signer *signer = calloc(1, sizeof(*signer));

	if (!signer) {
		EVP_PKEY_free(key);
		return rf_err_nomem(err);
	}
	signer->key = key;
	*ret = signer;
	return RF_OK;
}

int vuln_signer_open(const char *path, struct vuln_signer **ret, struct rf_err *err)
{
	EVP_PKEY *key = NULL;
	int rc = read_pem(path, true, &key, err);

	return rc < 0 ? rc : new_signer(key, ret, err);
}

static int write_pem(const char *path, BIO *bio, mode_t mode, struct rf_err *err)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);

	return len > 0 ? rf_file_replace(path, data, (size_t)len, mode, true, err)
		       : rf_err_set(err, RF_EINTERNAL, "cannot write a key");
}

static int write_pair(const char *path, EVP_PKEY *key, struct rf_err *err)
{
	CLEANUP(bio_freep) BIO *secret = BIO_new(BIO_s_secmem());
	CLEANUP(bio_freep) BIO *open = BIO_new(BIO_s_mem());
	AUTO_BUF pub = {0};
	int rc;

	rf_buf_addf(&pub, "%s.pub", path);
	if (!secret || !open || pub.failed ||
		!PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) ||
		!PEM_write_bio_PUBKEY(open, key))
		return rf_err_nomem(err);
	rc = write_pem(pub.data, open, 0644, err);
	return rc < 0 ? rc : write_pem(path, secret, 0600, err);
}

static int make_parent(const char *path, struct rf_err *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_BUF parent = {0};

	if (!slash || slash == path)
		return RF_OK;
	rf_buf_add(&parent, path, (size_t)(slash - path));
	return rf_dir_make(rf_buf_cstr(&parent), 0700, err);
}

int vuln_signer_make(const char *path, struct vuln_signer **ret, struct rf_err *err)
{
	CLEANUP(pkey_freep) EVP_PKEY *key = NULL;
	int rc;

	if (access(path, F_OK) == 0 || errno != ENOENT)
		return vuln_signer_open(path, ret, err);
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (!key)
		return rf_err_set(err, RF_EINTERNAL, "Ed25519 is not available");
	rc = make_parent(path, err);
	if (rc == RF_OK)
		rc = write_pair(path, key, err);
	return rc < 0 ? rf_err_wrap(err, rc, "make the signing key %s", path)
		      : new_signer(TAKE_PTR(key), ret, err);
}

void vuln_signer_free(struct vuln_signer *signer)
{
	if (!signer)
		return;
	EVP_PKEY_free(signer->key);
	free(signer);
}

void vuln_signer_freep(struct vuln_signer **signer)
{
	vuln_signer_free(*signer);
}

void vuln_signer_key(const struct vuln_signer *signer, uint8_t ret[static VULN_KEY_LEN])
{
	size_t len = VULN_KEY_LEN;

	if (EVP_PKEY_get_raw_public_key(signer->key, ret, &len) != 1)
		memset(ret, 0, VULN_KEY_LEN);
}

int vuln_sign(const struct vuln_signer *signer, struct rf_bytes message,
	uint8_t ret[static VULN_SIGNATURE_LEN], struct rf_err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = VULN_SIGNATURE_LEN;
	bool ok = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, signer->key) == 1 &&
		  EVP_DigestSign(ctx, ret, &len, message.ptr, message.len) == 1;

	EVP_MD_CTX_free(ctx);
	return ok ? RF_OK : rf_err_set(err, RF_EINTERNAL, "signing failed");
}

bool vuln_signature_good(const uint8_t key[static VULN_KEY_LEN], struct rf_bytes message,
	const uint8_t signature[static VULN_SIGNATURE_LEN])
{
	CLEANUP(pkey_freep)
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, VULN_KEY_LEN);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good =
		pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
		EVP_DigestVerify(ctx, signature, VULN_SIGNATURE_LEN, message.ptr, message.len) == 1;

	EVP_MD_CTX_free(ctx);
	return good;
}

int vuln_key_read(const char *path, uint8_t ret[static VULN_KEY_LEN], struct rf_err *err)
{
	CLEANUP(pkey_freep) EVP_PKEY *key = NULL;
	size_t len = VULN_KEY_LEN;
	int rc = read_pem(path, false, &key, err);

	if (rc < 0)
		return rc;
	return EVP_PKEY_get_raw_public_key(key, ret, &len) == 1
		       ? RF_OK
		       : rf_err_set(err, RF_EINPUT, "%s: not a usable key", path);
}
