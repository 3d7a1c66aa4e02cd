/* Made with OpenSSL's own functions, so that shapes are possible which `ringfence ca` refuses. */
#include "tests/lib/certs.h"

#include <openssl/pem.h>
#include <time.h>

#define HOUR_S	    3600
#define UNKNOWN_OID "1.3.6.1.4.1.55555.1"

const struct certs_shape certs_root = {.cn = "root",
	.exts = {{NID_basic_constraints, "critical,CA:TRUE"},
		{NID_key_usage, "critical,keyCertSign,cRLSign"},
		{NID_subject_key_identifier, "hash"}}};

struct certs_shape certs_leaf(const char *names)
{
	return (struct certs_shape){.cn = "leaf",
		.exts = {{NID_basic_constraints, "critical,CA:FALSE"},
			{NID_key_usage, "critical,digitalSignature"},
			{NID_ext_key_usage, "serverAuth,clientAuth"},
			{NID_subject_alt_name, names}}};
}

static struct certs_made all[CERTS_MAX];
static size_t all_count;

void certs_forget(void)
{
	while (all_count) {
		all_count--;
		X509_free(all[all_count].x509);
		EVP_PKEY_free(all[all_count].key);
	}
}

static void add_ext(X509 *x509, X509 *issuer, const struct certs_ext *ext)
{
	X509V3_CTX ctx;
	X509_EXTENSION *made;

	X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
	made = X509V3_EXT_conf_nid(NULL, &ctx, ext->nid, ext->value);
	if (!made || !X509_add_ext(x509, made, -1))
		abort();
	X509_EXTENSION_free(made);
}

static void add_unknown(X509 *x509, const struct certs_shape *shape)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(UNKNOWN_OID, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *made = NULL;

	if (!oid || !value ||
		!ASN1_OCTET_STRING_set(value, (const unsigned char *)shape->unknown,
			(int)strlen(shape->unknown)) ||
		!X509_EXTENSION_create_by_OBJ(&made, oid, shape->unknown_critical, value) ||
		!X509_add_ext(x509, made, -1))
		abort();
	X509_EXTENSION_free(made);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
}

static void set_names(X509 *x509, const char *cn, const X509 *issuer)
{
	X509_NAME *name = X509_get_subject_name(x509);

	if (cn && !X509_NAME_add_entry_by_txt(
			  name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0))
		abort();
	if (!X509_set_issuer_name(x509, issuer ? X509_get_subject_name(issuer) : name))
		abort();
}

const struct certs_made *certs_make(
	const struct certs_made *issuer, const struct certs_shape *shape)
{
	static long serial = 1000;
	struct certs_made *made = &all[all_count++];
	time_t now = time(NULL);

	if (all_count > CERTS_MAX)
		abort();
	*made = (struct certs_made){X509_new(), EVP_EC_gen("P-256")};
	set_names(made->x509, shape->cn, issuer ? issuer->x509 : NULL);
	X509_set_version(made->x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(made->x509), ++serial);
	ASN1_TIME_set(
		X509_getm_notBefore(made->x509), now + (shape->from_s ? shape->from_s : -HOUR_S));
	ASN1_TIME_set(
		X509_getm_notAfter(made->x509), now + (shape->until_s ? shape->until_s : HOUR_S));
	X509_set_pubkey(made->x509, made->key);
	for (size_t i = 0; i < RF_ARRAY_LEN(shape->exts) && shape->exts[i].nid; i++) {
		if (shape->exts[i].value)
			add_ext(made->x509, issuer ? issuer->x509 : made->x509, &shape->exts[i]);
	}
	if (shape->unknown)
		add_unknown(made->x509, shape);
	if (X509_sign(made->x509, issuer ? issuer->key : made->key, EVP_sha256()) <= 0)
		abort();
	return made;
}

static void take(struct rf_buf *out, BIO *bio)
{
	char *text;
	long len = BIO_get_mem_data(bio, &text);

	rf_buf_add(out, text, (size_t)len);
	BIO_free(bio);
}

void certs_add(struct rf_buf *out, const struct certs_made *made)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (!PEM_write_bio_X509(bio, made->x509))
		abort();
	take(out, bio);
}

void certs_add_key(struct rf_buf *out, const struct certs_made *made)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (!PEM_write_bio_PKCS8PrivateKey(bio, made->key, NULL, NULL, 0, NULL, NULL))
		abort();
	take(out, bio);
}
