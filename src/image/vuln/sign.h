/* Ed25519 keys and signatures (RFC 8032) of database files; PEM files as OpenSSL writes them. */
#ifndef RF_IMAGE_VULN_SIGN_H
#define RF_IMAGE_VULN_SIGN_H

#include "image/vuln/db.h"

#define VULN_SIGNATURE_LEN 64

struct vuln_signer;

/* Reads a private key (PEM, PKCS #8). RF_EINPUT when it is no Ed25519 key. */
int vuln_signer_open(const char *path, struct vuln_signer **ret, struct rf_err *err) RF_MUST_USE;
/* The same; makes path (0600, and PATH.pub beside it) when it is not there. */
int vuln_signer_make(const char *path, struct vuln_signer **ret, struct rf_err *err) RF_MUST_USE;
void vuln_signer_free(struct vuln_signer *signer);
void vuln_signer_freep(struct vuln_signer **signer);
#define AUTO_SIGNER CLEANUP(vuln_signer_freep) struct vuln_signer

void vuln_signer_key(const struct vuln_signer *signer, uint8_t ret[static VULN_KEY_LEN]);
int vuln_sign(const struct vuln_signer *signer, struct rf_bytes message,
	uint8_t ret[static VULN_SIGNATURE_LEN], struct rf_err *err) RF_MUST_USE;
bool vuln_signature_good(const uint8_t key[static VULN_KEY_LEN], struct rf_bytes message,
	const uint8_t signature[static VULN_SIGNATURE_LEN]) RF_MUST_USE;
/* Reads a public key (PEM). */
int vuln_key_read(
	const char *path, uint8_t ret[static VULN_KEY_LEN], struct rf_err *err) RF_MUST_USE;

#endif
