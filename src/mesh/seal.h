/*
 * A secret sealed for the disk: AES-256-GCM under a random key that is kept elsewhere, or under a
 * key that scrypt (RFC 7914) makes of a passphrase. Whatever is changed in it, it does not open.
 */
#ifndef RF_MESH_SEAL_H
#define RF_MESH_SEAL_H

#include "base/buf.h"
#include "base/err.h"

#define SEAL_KEY_LEN	    32
#define SEAL_MAX	    ((size_t)64 << 10) /* bytes of a secret */
#define SEAL_PASSPHRASE_MAX 1024
#define SEAL_PASSPHRASE_MIN 8

enum seal_kind {
	SEAL_BY_KEY = 1,
	SEAL_BY_PASSPHRASE = 2,
};

/* What opens it: SEAL_KEY_LEN bytes, or the passphrase. The caller wipes it. */
struct seal_secret {
	enum seal_kind kind;
	struct rf_bytes bytes;
};

/* Appends the sealed form to out. */
int seal_close(const struct seal_secret *secret, struct rf_bytes plain, struct rf_buf *out,
	struct rf_err *err) RF_MUST_USE;
/*
 * Opens into memory of OpenSSL's secure heap (*ret_plain, to be freed with
 * OPENSSL_secure_clear_free). RF_EINPUT: it is no sealed secret; RF_EDENIED: another key or
 * passphrase, or it was changed.
 */
int seal_open(const struct seal_secret *secret, struct rf_bytes sealed, uint8_t **ret_plain,
	size_t *ret_len, struct rf_err *err) RF_MUST_USE;
/* How it was sealed. */
int seal_kind_of(struct rf_bytes sealed, enum seal_kind *ret, struct rf_err *err) RF_MUST_USE;

#endif
