/*
 * Certificates as the X509-SVID standard and RFC 5280 want them. Extensions with fixed words come
 * from a table of OpenSSL's configuration syntax; names never pass through that syntax.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include "mesh/ca_int.h"
#include "mesh/identity.h"

#define SERIAL_LEN  16
#define SUBJECT_MAX 64 /* characters of an attribute (RFC 5280, appendix A) */
/* Clocks differ: a certificate is valid from a little before now. */
#define BACKDATE_S 60

struct ext_row {
	int nid;
	const char *value;
};

static const struct ext_row root_exts[] = {
	{NID_basic_constraints, "critical,CA:TRUE,pathlen:2"}, /* a cross-signed root below it */
	{NID_key_usage, "critical,keyCertSign,cRLSign"},
	{NID_subject_key_identifier, "hash"},
};
static const struct ext_row cross_exts[] = {
	{NID_basic_constraints, "critical,CA:TRUE,pathlen:1"},
	{NID_key_usage, "critical,keyCertSign,cRLSign"},
	{NID_subject_key_identifier, "hash"},
	{NID_authority_key_identifier, "keyid:always"},
};
static const struct ext_row intermediate_exts[] = {
	{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
	{NID_key_usage, "critical,keyCertSign,cRLSign"},
	{NID_subject_key_identifier, "hash"},
	{NID_authority_key_identifier, "keyid:always"},
};
static const struct ext_row leaf_exts[] = {
	{NID_basic_constraints, "critical,CA:FALSE"},
	{NID_key_usage, "critical,digitalSignature"},
	{NID_ext_key_usage, "serverAuth,clientAuth"},
	{NID_subject_key_identifier, "hash"},
	{NID_authority_key_identifier, "keyid:always"},
};

static int failed(const char *what, struct rf_err *err)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	int rc = rf_err_set(err, RF_EINTERNAL, "make a certificate: %s: %s", what,
		reason ? reason : "no reason given");

	ERR_clear_error();
	return rc;
}

/* --- parts --- */

static bool set_serial(X509 *cert)
{
	uint8_t bytes[SERIAL_LEN];
	CLEANUP(mesh_bn_freep) BIGNUM *number = NULL;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	return number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
}

static bool set_times(X509 *cert, int64_t from_s, int64_t until_s)
{
	return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)from_s) &&
	       ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)until_s);
}

static bool add_attribute(X509_NAME *name, const char *field, struct rf_str text)
{
	int len = text.len > SUBJECT_MAX ? SUBJECT_MAX : (int)text.len;

	return X509_NAME_add_entry_by_txt(
		       name, field, MBSTRING_ASC, (const unsigned char *)text.ptr, len, -1, 0) == 1;
}

/* Every authority has a name of its own, so that no verifier mistakes one for another. */
static bool set_authority_name(X509 *cert, struct rf_str trust_domain, const char *kind)
{
	X509_NAME *name = X509_get_subject_name(cert);
	uint8_t salt[4];
	char text[SUBJECT_MAX];

	if (RAND_bytes(salt, sizeof(salt)) != 1)
		return false;
	snprintf(text, sizeof(text), "Ringfence %s %02x%02x%02x%02x", kind, salt[0], salt[1],
		salt[2], salt[3]);
	return add_attribute(name, "O", trust_domain) && add_attribute(name, "CN", rf_str_of(text));
}

static bool add_exts(X509 *cert, X509 *issuer, const struct ext_row *rows, size_t count)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	for (size_t i = 0; i < count; i++) {
		X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, rows[i].nid, rows[i].value);
		bool added = ext && X509_add_ext(cert, ext, -1) == 1;

		X509_EXTENSION_free(ext);
		if (!added)
			return false;
	}
	return true;
}

/* --- names --- */

static bool push_name(GENERAL_NAMES *names, int type, int string_type, struct rf_bytes bytes)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *string = ASN1_STRING_type_new(string_type);

	if (!name || !string || !ASN1_STRING_set(string, bytes.ptr, (int)bytes.len)) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(string);
		return false;
	}
	GENERAL_NAME_set0_value(name, type, string);
	if (sk_GENERAL_NAME_push(names, name) > 0)
		return true;
	GENERAL_NAME_free(name);
	return false;
}

static bool push_text(GENERAL_NAMES *names, int type, struct rf_str text)
{
	return push_name(names, type, V_ASN1_IA5STRING,
		(struct rf_bytes){(const uint8_t *)text.ptr, text.len});
}

static bool add_leaf_names(X509 *cert, const struct ca_request *request)
{
	CLEANUP(mesh_general_names_freep) GENERAL_NAMES *names = GENERAL_NAMES_new();
	bool good = names && push_text(names, GEN_URI, request->id);

	for (size_t i = 0; good && i < request->dns_count; i++)
		good = push_text(names, GEN_DNS, request->dns[i]);
	for (size_t i = 0; good && i < request->ip_count; i++)
		good = push_name(names, GEN_IPADD, V_ASN1_OCTET_STRING,
			(struct rf_bytes){
				request->ips[i].bytes, rf_family_len(request->ips[i].family)});
	return good && X509_add1_ext_i2d(cert, NID_subject_alt_name, names,
			       request->common_name.len == 0, X509V3_ADD_APPEND) == 1;
}

/* The ID of the trust domain itself (X509-SVID.md, section 2), and nobody else's below. */
static bool add_authority_names(X509 *cert, struct rf_str trust_domain)
{
	CLEANUP(mesh_general_names_freep) GENERAL_NAMES *names = GENERAL_NAMES_new();
	char id[IDENTITY_MAX], bounds[IDENTITY_MAX];
	struct ext_row constraint = {NID_name_constraints, bounds};

	/* A checked trust domain has no character that means anything to this syntax. */
	snprintf(id, sizeof(id), IDENTITY_SCHEME RF_STR_FMT, RF_STR_ARG(trust_domain));
	/* Go takes what is permitted for its subdomains, too, which are other trust domains. */
	snprintf(bounds, sizeof(bounds),
		"critical,permitted;URI:" RF_STR_FMT ",excluded;URI:." RF_STR_FMT,
		RF_STR_ARG(trust_domain), RF_STR_ARG(trust_domain));
	return names && push_text(names, GEN_URI, rf_str_of(id)) &&
	       X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND) == 1 &&
	       add_exts(cert, NULL, &constraint, 1);
}

/* --- whole certificates --- */

struct draft {
	X509 *cert;
	const struct ca_signer *signer;
	const struct ext_row *exts;
	size_t ext_count;
};

static X509 *new_cert(EVP_PKEY *key, int64_t from_s, int64_t until_s)
{
	AUTO_X509 *cert = X509_new();

	if (!cert || !X509_set_version(cert, X509_VERSION_3) || !set_serial(cert) ||
		!set_times(cert, from_s, until_s) || !X509_set_pubkey(cert, key))
		return NULL;
	return TAKE_PTR(cert);
}

/* Issuer, the fixed extensions, signature. */
static bool finish(const struct draft *draft)
{
	X509 *issuer = draft->signer->cert ? draft->signer->cert : draft->cert;

	return X509_set_issuer_name(draft->cert, X509_get_subject_name(issuer)) &&
	       add_exts(draft->cert, issuer, draft->exts, draft->ext_count) &&
	       X509_sign(draft->cert, draft->signer->key, EVP_sha256()) > 0;
}

static int64_t end_of(const X509 *cert)
{
	struct tm tm = {0};

	return ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1 ? timegm(&tm) : 0;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int ca_sign_root(
	struct rf_str trust_domain, EVP_PKEY *key, int64_t now_s, X509 **ret, struct rf_err *err)
{
	const struct ca_signer itself = {.key = key};
	AUTO_X509 *cert = new_cert(key, now_s - BACKDATE_S, now_s + CA_ROOT_S);
	const struct draft draft = {cert, &itself, root_exts, RF_ARRAY_LEN(root_exts)};

	if (!cert || !set_authority_name(cert, trust_domain, "root") ||
		!add_authority_names(cert, trust_domain) || !finish(&draft))
		return failed("root", err);
	*ret = TAKE_PTR(cert);
	return RF_OK;
}

int ca_sign_intermediate(const struct ca_signer *root, struct rf_str trust_domain, EVP_PKEY *key,
	int64_t now_s, X509 **ret, struct rf_err *err)
{
	AUTO_X509 *cert = new_cert(
		key, now_s - BACKDATE_S, sooner(now_s + CA_INTERMEDIATE_S, end_of(root->cert)));
	const struct draft draft = {cert, root, intermediate_exts, RF_ARRAY_LEN(intermediate_exts)};

	if (!cert || !set_authority_name(cert, trust_domain, "intermediate") ||
		!add_authority_names(cert, trust_domain) || !finish(&draft))
		return failed("intermediate", err);
	*ret = TAKE_PTR(cert);
	return RF_OK;
}

int ca_sign_cross(const struct ca_signer *old_root, X509 *root, struct rf_str trust_domain,
	int64_t now_s, X509 **ret, struct rf_err *err)
{
	AUTO_X509 *cert = new_cert(X509_get0_pubkey(root), now_s - BACKDATE_S,
		sooner(end_of(root), end_of(old_root->cert)));
	const struct draft draft = {cert, old_root, cross_exts, RF_ARRAY_LEN(cross_exts)};

	if (!cert || !X509_set_subject_name(cert, X509_get_subject_name(root)) ||
		!add_authority_names(cert, trust_domain) || !finish(&draft))
		return failed("cross-signed root", err);
	*ret = TAKE_PTR(cert);
	return RF_OK;
}

int ca_sign_leaf(const struct ca_signer *signer, const struct ca_request *request, EVP_PKEY *key,
	X509 **ret, struct rf_err *err)
{
	/* Of a short life only a part goes to the past. */
	int64_t from_s = request->now_s - sooner(BACKDATE_S, request->ttl_s / 4);
	AUTO_X509 *cert = new_cert(key, from_s, request->now_s + request->ttl_s);
	const struct draft draft = {cert, signer, leaf_exts, RF_ARRAY_LEN(leaf_exts)};

	if (!cert ||
		(request->common_name.len &&
			!add_attribute(X509_get_subject_name(cert), "CN", request->common_name)) ||
		!add_leaf_names(cert, request) || !finish(&draft))
		return failed("leaf", err);
	*ret = TAKE_PTR(cert);
	return RF_OK;
}

int ca_cert_write(X509 *cert, struct rf_buf *out, struct rf_err *err)
{
	AUTO_BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;

	if (!bio || !PEM_write_bio_X509(bio, cert))
		return rf_err_nomem(err);
	len = BIO_get_mem_data(bio, &text);
	rf_buf_add(out, text, len > 0 ? (size_t)len : 0);
	return out->failed ? rf_err_nomem(err) : RF_OK;
}
