/* Keys: made, written, sealed, opened. Secrets live in OpenSSL's secure heap and are wiped. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include "base/fd.h"
#include "mesh/ca_int.h"
#include "mesh/seal.h"

#define HEAP_BYTES ((size_t)256 << 10)
#define HEAP_MIN   16

void ca_secure_heap(void)
{
	/* Where memory cannot be locked the heap is there all the same, guarded and wiped. */
	if (!CRYPTO_secure_malloc_initialized())
		(void)CRYPTO_secure_malloc_init(HEAP_BYTES, HEAP_MIN);
	ERR_clear_error();
}

EVP_PKEY *ca_key_new(struct rf_err *err)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	if (!key)
		rf_err_set(err, RF_EINTERNAL, "ECDSA P-256 is not available");
	return key;
}

int ca_key_write(EVP_PKEY *key, struct rf_buf *out, struct rf_err *err)
{
	AUTO_BIO *bio = BIO_new(BIO_s_secmem());
	char *text = NULL;
	long len;

	if (!bio || !PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		return rf_err_set(err, RF_EINTERNAL, "cannot write a key");
	len = BIO_get_mem_data(bio, &text);
	rf_buf_add(out, text, len > 0 ? (size_t)len : 0);
	return out->failed ? rf_err_nomem(err) : RF_OK;
}

int ca_key_read(const struct rf_buf *pem, EVP_PKEY **ret, struct rf_err *err)
{
	AUTO_BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, mesh_no_password, NULL) : NULL;

	ERR_clear_error();
	if (!key)
		return rf_err_set(err, RF_EINPUT, "the intermediate's key cannot be read");
	*ret = key;
	return RF_OK;
}

/* --- the secret that seals --- */

struct loaded {
	struct rf_buf file; /* wiped */
	struct seal_secret secret;
};

static void loaded_done(struct loaded *loaded)
{
	if (loaded->file.data)
		OPENSSL_cleanse(loaded->file.data, loaded->file.cap);
	rf_buf_done(&loaded->file);
}

static int load_passphrase(const char *path, struct loaded *ret, struct rf_err *err)
{
	struct rf_str line;
	int rc;

	ret->file.max = SEAL_PASSPHRASE_MAX;
	rc = rf_file_read(path, &ret->file, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "the passphrase");
	(void)rf_str_cut(rf_buf_str(&ret->file), '\n', &line);
	if (line.len < SEAL_PASSPHRASE_MIN)
		return rf_err_set(err, RF_EINPUT,
			"%s: the passphrase (its first line) has less than %d bytes", path,
			SEAL_PASSPHRASE_MIN);
	ret->secret =
		(struct seal_secret){SEAL_BY_PASSPHRASE, {(const uint8_t *)line.ptr, line.len}};
	return RF_OK;
}

static int sync_parent(const char *path, struct rf_err *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_BUF parent = {0};
	AUTO_FD fd = -1;

	if (slash)
		rf_buf_add(&parent, path, slash == path ? 1 : (size_t)(slash - path));
	else
		rf_buf_add_char(&parent, '.');
	if (parent.failed)
		return rf_err_nomem(err);
	fd = open(parent.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? rf_err_sys(err, errno, "sync %s", parent.data) : RF_OK;
}

static int make_sealing_key(const char *path, struct rf_err *err)
{
	uint8_t key[SEAL_KEY_LEN];
	int rc;

	if (access(path, F_OK) == 0)
		return RF_OK; /* an earlier run was killed behind it, or its owner brings one */
	if (RAND_priv_bytes(key, sizeof(key)) != 1)
		return rf_err_set(err, RF_EINTERNAL, "no random bytes");
	rc = rf_file_replace(path, key, sizeof(key), 0400, true, err);
	OPENSSL_cleanse(key, sizeof(key));
	return rc < 0 ? rc : sync_parent(path, err);
}

static int load_sealing_key(const struct ca_dir *dir, const char *path, bool make,
	struct loaded *ret, struct rf_err *err)
{
	AUTO_BUF standard = {0};
	int rc = RF_OK;

	rf_buf_addf(&standard, "%s/" CA_SEALING_FILE, dir->path);
	if (standard.failed)
		return rf_err_nomem(err);
	path = path ? path : standard.data;
	if (make)
		rc = make_sealing_key(path, err);
	ret->file.max = SEAL_KEY_LEN;
	if (rc == RF_OK)
		rc = rf_file_read(path, &ret->file, err);
	if (rc == RF_EABSENT)
		return rf_err_set(err, RF_EABSENT,
			"%s is not there, so the root is offline: say where its sealing key is "
			"with --sealing-key",
			path);
	if (rc == RF_OK && ret->file.len != SEAL_KEY_LEN)
		rc = rf_err_set(
			err, RF_EINPUT, "%s is no sealing key (%d bytes)", path, SEAL_KEY_LEN);
	ret->secret =
		(struct seal_secret){SEAL_BY_KEY, {(const uint8_t *)ret->file.data, ret->file.len}};
	return rc;
}

static int load(const struct ca_dir *dir, const struct ca_secret *secret, bool make,
	struct loaded *ret, struct rf_err *err)
{
	return secret->passphrase_file ? load_passphrase(secret->passphrase_file, ret, err)
				       : load_sealing_key(dir, secret->key_file, make, ret, err);
}

/* --- sealed keys --- */

int ca_key_seal(const struct ca_dir *dir, const struct ca_secret *secret, bool make, EVP_PKEY *key,
	struct rf_buf *out, struct rf_err *err)
{
	CLEANUP(loaded_done) struct loaded loaded = {.secret.kind = SEAL_BY_KEY};
	AUTO_BIO *bio = BIO_new(BIO_s_secmem());
	char *plain = NULL;
	long len;
	int rc;

	if (!bio || i2d_PrivateKey_bio(bio, key) != 1)
		return rf_err_set(err, RF_EINTERNAL, "cannot write a key");
	len = BIO_get_mem_data(bio, &plain);
	rc = load(dir, secret, make, &loaded, err);
	if (rc < 0)
		return rc;
	return seal_close(&loaded.secret,
		(struct rf_bytes){(const uint8_t *)plain, len > 0 ? (size_t)len : 0}, out, err);
}

static int check_kind(const struct ca_secret *secret, struct rf_bytes sealed, struct rf_err *err)
{
	enum seal_kind kind = SEAL_BY_KEY;
	int rc = seal_kind_of(sealed, &kind, err);

	if (rc == RF_OK && kind == SEAL_BY_PASSPHRASE && !secret->passphrase_file)
		return rf_err_set(
			err, RF_EDENIED, "it is sealed with a passphrase: say --passphrase-file");
	return rc;
}

int ca_key_open(const struct ca_dir *dir, const struct ca_secret *secret,
	const struct rf_buf *sealed, EVP_PKEY **ret, struct rf_err *err)
{
	CLEANUP(loaded_done) struct loaded loaded = {.secret.kind = SEAL_BY_KEY};
	const struct rf_bytes bytes = {(const uint8_t *)sealed->data, sealed->len};
	const unsigned char *at;
	uint8_t *plain = NULL;
	size_t len = 0;
	int rc = check_kind(secret, bytes, err);

	if (rc == RF_OK)
		rc = load(dir, secret, false, &loaded, err);
	if (rc == RF_OK)
		rc = seal_open(&loaded.secret, bytes, &plain, &len, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "the root's key");
	at = plain;
	*ret = d2i_AutoPrivateKey(NULL, &at, (long)len);
	OPENSSL_secure_clear_free(plain, len);
	ERR_clear_error();
	return *ret ? RF_OK : rf_err_set(err, RF_EINPUT, "the root's key cannot be read");
}
