/*
 * Certificates (RFC 5280) as plain data, read from PEM or DER that nobody is trusted about: one, a
 * chain, a bundle. What is here is what the certificate says; whether that is right is judged in
 * mesh/explain.h.
 */
#ifndef RF_MESH_CERT_H
#define RF_MESH_CERT_H

#include "base/arena.h"
#include "base/err.h"

#define CERT_MAX_BYTES ((size_t)4 << 20) /* of a file */
#define CERT_MAX_COUNT 512		 /* certificates in a file */
#define CERT_MAX_NAMES 1000		 /* subject alternative names of one certificate */
#define CERT_FP_SIZE   65		 /* SHA-256 in hex, with its NUL */
#define CERT_NO_LIMIT  (-1)		 /* of path_len */

enum cert_name_type {
	CERT_NAME_URI,
	CERT_NAME_DNS,
	CERT_NAME_IP,
	CERT_NAME_EMAIL,
	CERT_NAME_OTHER, /* text is empty */
};

struct cert_name {
	enum cert_name_type type;
	struct rf_str text; /* printable; bytes that are not are written \xNN */
	bool odd;	    /* it holds bytes that no such name has */
};

struct cert {
	struct rf_str serial;	 /* hex */
	struct rf_str subject;	 /* RFC 2253; "" when empty */
	struct rf_str issuer;	 /* RFC 2253 */
	int64_t from_s, until_s; /* validity, seconds since 1970 */
	struct cert_name *names; /* subject alternative names */
	size_t name_count;
	bool names_critical;
	bool is_ca, has_basic; /* basicConstraints */
	int64_t path_len;      /* or CERT_NO_LIMIT */
	bool has_usage, usage_critical;
	uint32_t usage; /* KU_* of <openssl/x509v3.h> */
	bool has_ext_usage;
	bool server_auth, client_auth; /* also by anyExtendedKeyUsage */
	struct rf_str permitted_uris;  /* of critical or other name constraints, with ", " */
	bool has_constraints;
	const char *key_type; /* "EC", "RSA", "ED25519", ...; "?" when unreadable */
	struct rf_str curve;  /* of an EC key, as OpenSSL names it; else absent */
	int key_bits, security_bits;
	struct rf_str signature;	/* "ecdsa-with-SHA256" */
	bool weak_hash;			/* signed over MD5 or SHA-1 */
	struct rf_str unknown_critical; /* OID of the first one that is not handled; else absent */
	bool self_issued;
	bool broken; /* an extension cannot be decoded, or is there twice */
	char fingerprint[CERT_FP_SIZE];
	struct x509_st *x509; /* the list's */
};

struct cert_list {
	struct rf_arena *arena;
	struct cert *items;
	size_t count;
	bool has_private_key; /* the file holds a private key beside them; it was not read */
};

/*
 * Reads all certificates of a file: PEM blocks with whatever text is around them, or DER, one after
 * the other. RF_EINPUT: there is none, or one of them cannot be decoded; RF_ELIMIT over the bounds.
 */
int cert_read(struct rf_bytes data, struct cert_list **ret, struct rf_err *err) RF_MUST_USE;
void cert_list_free(struct cert_list *list);
void cert_list_freep(struct cert_list **list);
#define AUTO_CERTS CLEANUP(cert_list_freep) struct cert_list

/*
 * The number of the certificate whose key belongs to a private key in PEM or DER; list->count when
 * it belongs to none. RF_EINPUT when it is no private key that can be read without a password.
 */
int cert_find_key(const struct cert_list *list, struct rf_bytes key, size_t *ret,
	struct rf_err *err) RF_MUST_USE;

/* True when signer's key has signed cert and its name is the issuer's. */
bool cert_is_signed_by(const struct cert *cert, const struct cert *signer);

#endif
