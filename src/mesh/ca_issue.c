/* Leaves: what may be asked for, whose key it is, and the order of things when one is signed. */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "kube/names.h"
#include "mesh/ca_int.h"
#include "mesh/identity.h"

#define TTL_MIN_S    1
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define CN_MAX	     64

/* --- what may be asked for --- */

static int check_id(const struct ca *ca, struct rf_str text, struct rf_err *err)
{
	struct identity id;
	int rc = identity_parse(text, &id, err);

	if (rc < 0)
		return rf_err_wrap(err, rc, "\"" RF_STR_FMT "\" is no SPIFFE ID", RF_STR_ARG(text));
	if (!rf_str_eq(id.trust_domain, ca->info.trust_domain))
		return rf_err_set(err, RF_EDENIED,
			"this is the authority of " RF_STR_FMT
			" and may not sign for the trust domain " RF_STR_FMT,
			RF_STR_ARG(ca->info.trust_domain), RF_STR_ARG(id.trust_domain));
	if (!id.path.len)
		return rf_err_set(err, RF_EINPUT,
			"\"" RF_STR_FMT "\" names the trust domain and nobody in it",
			RF_STR_ARG(text));
	return RF_OK;
}

static bool is_dns_name(struct rf_str name)
{
	if (rf_str_starts(name, RF_STR("*.")))
		name = (struct rf_str){name.ptr + 2, name.len - 2};
	return kube_is_dns_subdomain(name);
}

static int check_names(const struct ca_request *request, struct rf_err *err)
{
	if (request->dns_count > CA_MAX_NAMES || request->ip_count > CA_MAX_NAMES)
		return rf_err_set(err, RF_ELIMIT, "more than %d names", CA_MAX_NAMES);
	for (size_t i = 0; i < request->dns_count; i++) {
		if (!is_dns_name(request->dns[i]))
			return rf_err_set(err, RF_EINPUT,
				"\"" RF_STR_FMT
				"\" is no DNS name (lower case; \"*.\" only at the beginning)",
				RF_STR_ARG(request->dns[i]));
	}
	if (request->common_name.len > CN_MAX)
		return rf_err_set(err, RF_EINPUT, "a common name has at most %d bytes", CN_MAX);
	for (size_t i = 0; i < request->common_name.len; i++) {
		if (request->common_name.ptr[i] < ' ' || request->common_name.ptr[i] > '~')
			return rf_err_set(
				err, RF_EINPUT, "a common name is of printable ASCII characters");
	}
	return RF_OK;
}

static int check_ttl(const struct ca *ca, const struct ca_request *request, struct rf_err *err)
{
	int64_t left_s = ca->info.intermediate->until_s - request->now_s;

	if (request->ttl_s < TTL_MIN_S)
		return rf_err_set(err, RF_EINPUT, "a lifetime is at least one second");
	if (request->ttl_s > left_s)
		return rf_err_set(err, RF_ELIMIT,
			"the intermediate is valid for %lld more minutes, less than was asked for: "
			"`ringfence ca renew` makes a new one",
			(long long)(left_s > 0 ? left_s / 60 : 0));
	return RF_OK;
}

/* --- whose key --- */

static X509_REQ *parse_csr(struct rf_bytes csr)
{
	const unsigned char *at = csr.ptr;
	AUTO_BIO *bio = NULL;

	if (csr.len && csr.ptr[0] == 0x30)
		return d2i_X509_REQ(NULL, &at, (long)csr.len);
	bio = BIO_new_mem_buf(csr.ptr, (int)csr.len);
	return bio ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
}

static bool is_good_key(EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);
	char curve[32] = "";

	if (EVP_PKEY_is_a(key, "RSA"))
		return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
	if (EVP_PKEY_is_a(key, "ED25519"))
		return true;
	if (!EVP_PKEY_is_a(key, "EC") ||
		EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) != 1)
		return false;
	return strcmp(curve, "prime256v1") == 0 || strcmp(curve, "secp384r1") == 0;
}

int ca_csr_key(struct rf_bytes csr, EVP_PKEY **ret, struct rf_err *err)
{
	CLEANUP(mesh_req_freep) X509_REQ *req = NULL;
	AUTO_PKEY *key = NULL;
	int rc = RF_OK;

	if (csr.len > CA_MAX_CSR)
		return rf_err_set(err, RF_ELIMIT, "a request of more than %zu bytes", CA_MAX_CSR);
	req = parse_csr(csr);
	key = req ? X509_REQ_get_pubkey(req) : NULL;
	if (!key)
		rc = rf_err_set(err, RF_EINPUT, "not a certificate request (PEM or DER)");
	else if (!is_good_key(key))
		rc = rf_err_set(err, RF_EINPUT,
			"its key is none of ECDSA P-256 or P-384, Ed25519, RSA of %d to %d bits",
			RSA_BITS_MIN, RSA_BITS_MAX);
	else if (X509_REQ_verify(req, key) != 1)
		rc = rf_err_set(err, RF_EDENIED,
			"it is not signed with the key in it: whoever made it may not have that "
			"key");
	ERR_clear_error();
	if (rc < 0)
		return rf_err_wrap(err, rc, "the request");
	*ret = TAKE_PTR(key);
	return RF_OK;
}

/* --- signing --- */

static int take_key(const struct ca_request *request, struct ca_leaf *ret, EVP_PKEY **ret_key,
	struct rf_err *err)
{
	if (request->csr.ptr)
		return ca_csr_key(request->csr, ret_key, err);
	*ret_key = ca_key_new(err);
	return *ret_key ? ca_key_write(*ret_key, &ret->key, err) : RF_EINTERNAL;
}

static int sign(const struct ca *ca, const struct ca_request *request, EVP_PKEY *key,
	struct ca_leaf *ret, struct rf_err *err)
{
	AUTO_PKEY *signing_key = NULL;
	AUTO_X509 *cert = NULL;
	int rc = ca_key_read(&ca->state.intermediate_key, &signing_key, err);

	if (rc == RF_OK)
		rc = ca_sign_leaf(&(struct ca_signer){ca->info.intermediate->x509, signing_key},
			request, key, &cert, err);
	return rc < 0 ? rc : ca_cert_write(cert, &ret->cert, err);
}

/* The log has it before anybody does. */
static int log_leaf(const struct ca *ca, struct ca_leaf *ret, struct rf_err *err)
{
	AUTO_CERTS *list = NULL;
	int rc = cert_read(
		(struct rf_bytes){(const uint8_t *)ret->cert.data, ret->cert.len}, &list, err);

	if (rc == RF_OK)
		rc = ca_log_add(ca, &list->items[0], err);
	if (rc == RF_OK)
		ret->until_s = list->items[0].until_s;
	return rc;
}

int ca_issue(
	struct ca *ca, const struct ca_request *request, struct ca_leaf *ret, struct rf_err *err)
{
	AUTO_PKEY *key = NULL;
	int rc = check_id(ca, request->id, err);

	if (rc == RF_OK)
		rc = check_names(request, err);
	if (rc == RF_OK)
		rc = check_ttl(ca, request, err);
	if (rc == RF_OK)
		rc = take_key(request, ret, &key, err);
	if (rc == RF_OK)
		rc = sign(ca, request, key, ret, err);
	if (rc == RF_OK)
		rc = log_leaf(ca, ret, err);
	if (rc == RF_OK)
		rc = ca_bundle(ca, &ret->roots, err);
	if (rc < 0)
		return rc;
	rf_buf_add_str(&ret->cert, rf_buf_str(&ca->state.intermediate));
	rf_buf_add_str(&ret->cert, rf_buf_str(&ca->state.cross));
	return ret->cert.failed ? rf_err_nomem(err) : RF_OK;
}

void ca_leaf_done(struct ca_leaf *leaf)
{
	if (leaf->key.data)
		OPENSSL_cleanse(leaf->key.data, leaf->key.cap);
	rf_buf_done(&leaf->key);
	rf_buf_done(&leaf->cert);
	rf_buf_done(&leaf->roots);
}
