/* What the files of the authority share. */
#ifndef RF_MESH_CA_INT_H
#define RF_MESH_CA_INT_H

#include "mesh/ca.h"
#include "mesh/openssl_int.h"

#define CA_ISSUED_FILE	"issued.log"
#define CA_SEALING_FILE "sealing.key"

/* --- the directory (ca_state.c) --- */

/* The files of a state, each in a buffer; empty: not there. */
struct ca_state {
	struct rf_buf settings, root, root_key, intermediate, intermediate_key, old_root, cross;
};
void ca_state_done(struct ca_state *state);

struct ca_dir {
	char *path;
	int fd, lock_fd;
	uint64_t number; /* of the current state; 0: there is none */
};
/* Opens and locks; with make, the directory is made when it is not there. */
int ca_dir_open(const char *path, bool make, bool write, struct ca_dir *ret,
	struct rf_err *err) RF_MUST_USE;
void ca_dir_done(struct ca_dir *dir);
/* Keys are read only with_keys. */
int ca_state_read(const struct ca_dir *dir, bool with_keys, struct ca_state *ret,
	struct rf_err *err) RF_MUST_USE;
/* Writes the next state and makes it the current one. */
int ca_state_commit(
	struct ca_dir *dir, const struct ca_state *state, struct rf_err *err) RF_MUST_USE;

struct ca {
	struct ca_dir dir;
	struct ca_state state;
	struct ca_info info;
	struct rf_buf trust_domain;
	struct cert_list *root, *intermediate, *old_root;
};

/* --- keys (ca_key.c) --- */

/* OpenSSL's heap for secrets, once a process. */
void ca_secure_heap(void);
EVP_PKEY *ca_key_new(struct rf_err *err);
/* Appends PKCS #8 in PEM. */
int ca_key_write(EVP_PKEY *key, struct rf_buf *out, struct rf_err *err) RF_MUST_USE;
int ca_key_read(const struct rf_buf *pem, EVP_PKEY **ret, struct rf_err *err) RF_MUST_USE;
/* Makes a sealing key where there is none; with it, or with the passphrase, seals key. */
int ca_key_seal(const struct ca_dir *dir, const struct ca_secret *secret, bool make, EVP_PKEY *key,
	struct rf_buf *out, struct rf_err *err) RF_MUST_USE;
int ca_key_open(const struct ca_dir *dir, const struct ca_secret *secret,
	const struct rf_buf *sealed, EVP_PKEY **ret, struct rf_err *err) RF_MUST_USE;

/* --- certificates (ca_sign.c) --- */

struct ca_signer {
	X509 *cert; /* NULL: signs itself */
	EVP_PKEY *key;
};

int ca_sign_root(struct rf_str trust_domain, EVP_PKEY *key, int64_t now_s, X509 **ret,
	struct rf_err *err) RF_MUST_USE;
int ca_sign_intermediate(const struct ca_signer *root, struct rf_str trust_domain, EVP_PKEY *key,
	int64_t now_s, X509 **ret, struct rf_err *err) RF_MUST_USE;
/* root's name and key, signed by an older root. */
int ca_sign_cross(const struct ca_signer *old_root, X509 *root, struct rf_str trust_domain,
	int64_t now_s, X509 **ret, struct rf_err *err) RF_MUST_USE;
int ca_sign_leaf(const struct ca_signer *signer, const struct ca_request *request, EVP_PKEY *key,
	X509 **ret, struct rf_err *err) RF_MUST_USE;
/* Appends PEM. */
int ca_cert_write(X509 *cert, struct rf_buf *out, struct rf_err *err) RF_MUST_USE;

/* The public key of a request in PEM or DER whose signature is good (ca_issue.c). */
int ca_csr_key(struct rf_bytes csr, EVP_PKEY **ret, struct rf_err *err) RF_MUST_USE;

/* --- the log (ca_log.c) --- */

int ca_log_add(const struct ca *ca, const struct cert *leaf, struct rf_err *err) RF_MUST_USE;

#endif
