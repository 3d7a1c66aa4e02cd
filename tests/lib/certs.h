/* Certificates of every shape for tests of what reads and verifies them. */
#ifndef TESTS_LIB_CERTS_H
#define TESTS_LIB_CERTS_H

#include <openssl/x509v3.h>

#include "base/buf.h"

#define CERTS_MAX 64 /* between two certs_forget() */

struct certs_ext {
	int nid;
	const char *value; /* as in a configuration file of OpenSSL */
};

struct certs_shape {
	const char *cn;		  /* NULL: an empty subject */
	int64_t from_s, until_s;  /* from now; 0: an hour ago, in an hour */
	struct certs_ext exts[6]; /* the same one twice is added twice */
	const char *unknown;	  /* value of an extension that nobody knows */
	bool unknown_critical;
};

struct certs_made {
	X509 *x509;
	EVP_PKEY *key;
};

/* An authority, and a leaf with one name, as `ringfence ca` makes them. */
extern const struct certs_shape certs_root;
struct certs_shape certs_leaf(const char *names);

/* Signed by issuer, or by itself (NULL). Lives until certs_forget(); aborts on failure. */
const struct certs_made *certs_make(
	const struct certs_made *issuer, const struct certs_shape *shape);
void certs_forget(void);

/* PEM, appended. */
void certs_add(struct rf_buf *out, const struct certs_made *made);
void certs_add_key(struct rf_buf *out, const struct certs_made *made);

#endif
