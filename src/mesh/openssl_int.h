/* Cleanup of OpenSSL's objects, for the files of this folder. */
#ifndef RF_MESH_OPENSSL_INT_H
#define RF_MESH_OPENSSL_INT_H

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/attr.h"

#define MESH_CLEANUP(name, type, free_fn) \
	static inline void name(type **p) \
	{                                 \
		free_fn(*p);              \
		*p = NULL;                \
	}
MESH_CLEANUP(mesh_bio_freep, BIO, BIO_free_all)
MESH_CLEANUP(mesh_pkey_freep, EVP_PKEY, EVP_PKEY_free)
MESH_CLEANUP(mesh_x509_freep, X509, X509_free)
MESH_CLEANUP(mesh_req_freep, X509_REQ, X509_REQ_free)
MESH_CLEANUP(mesh_bn_freep, BIGNUM, BN_free)
MESH_CLEANUP(mesh_store_freep, X509_STORE, X509_STORE_free)
MESH_CLEANUP(mesh_store_ctx_freep, X509_STORE_CTX, X509_STORE_CTX_free)
MESH_CLEANUP(mesh_stack_freep, STACK_OF(X509), sk_X509_free)
MESH_CLEANUP(mesh_general_names_freep, GENERAL_NAMES, GENERAL_NAMES_free)
MESH_CLEANUP(mesh_constraints_freep, NAME_CONSTRAINTS, NAME_CONSTRAINTS_free)
MESH_CLEANUP(mesh_md_ctx_freep, EVP_MD_CTX, EVP_MD_CTX_free)
MESH_CLEANUP(mesh_cipher_ctx_freep, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

/* For readers of PEM: a password is never asked for. */
static inline int mesh_no_password(char *buf, int size, int for_writing, void *ctx)
{
	(void)buf, (void)size, (void)for_writing, (void)ctx;
	return -1;
}

#define AUTO_BIO  CLEANUP(mesh_bio_freep) BIO
#define AUTO_PKEY CLEANUP(mesh_pkey_freep) EVP_PKEY
#define AUTO_X509 CLEANUP(mesh_x509_freep) X509

#endif
