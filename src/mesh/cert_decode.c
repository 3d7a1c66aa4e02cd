/* From OpenSSL's objects to plain data: every text a copy in the arena, printable. */
#include <arpa/inet.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/objects.h>

#include "base/buf.h"
#include "base/ip.h"
#include "mesh/cert_int.h"

struct decoding {
	struct rf_arena *arena;
	X509 *x509;
	struct cert *cert;
	bool nomem;
};

static struct rf_str keep(struct decoding *d, struct rf_str text)
{
	struct rf_str kept = rf_arena_str(d->arena, text.ptr ? text : RF_STR(""));

	if (!kept.ptr)
		d->nomem = true;
	return kept;
}

static bool is_plain(unsigned char c)
{
	return c > ' ' && c <= '~' && c != '\\';
}

/* Bytes from a certificate as text that a terminal and a log can take. */
static struct rf_str keep_printable(struct decoding *d, struct rf_bytes bytes, bool *ret_odd)
{
	AUTO_BUF out = {0};

	*ret_odd = false;
	for (size_t i = 0; i < bytes.len; i++) {
		if (is_plain(bytes.ptr[i])) {
			rf_buf_add_char(&out, (char)bytes.ptr[i]);
			continue;
		}
		rf_buf_addf(&out, "\\x%02x", bytes.ptr[i]);
		*ret_odd = true;
	}
	d->nomem |= out.failed;
	return keep(d, rf_buf_str(&out));
}

static struct rf_bytes bytes_of(const ASN1_STRING *string)
{
	int len = ASN1_STRING_length(string);

	return (struct rf_bytes){ASN1_STRING_get0_data(string), len > 0 ? (size_t)len : 0};
}

static struct rf_str keep_name(struct decoding *d, const X509_NAME *name)
{
	AUTO_BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;

	if (!bio || X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) < 0) {
		d->nomem |= !bio;
		return keep(d, RF_STR(""));
	}
	len = BIO_get_mem_data(bio, &text);
	return keep(d, (struct rf_str){text, len > 0 ? (size_t)len : 0});
}

static struct rf_str keep_serial(struct decoding *d)
{
	struct rf_bytes serial = bytes_of(X509_get0_serialNumber(d->x509));
	AUTO_BUF out = {0};

	for (size_t i = 0; i < serial.len && i < 64; i++)
		rf_buf_addf(&out, "%02x", serial.ptr[i]);
	d->nomem |= out.failed;
	return keep(d, out.len ? rf_buf_str(&out) : RF_STR("00"));
}

static int64_t time_of(struct decoding *d, const ASN1_TIME *time)
{
	struct tm tm = {0};

	if (ASN1_TIME_to_tm(time, &tm) == 1)
		return timegm(&tm);
	d->cert->broken = true;
	return 0;
}

/* An extension that is there and cannot be read, or that is there twice. */
static void *extension(struct decoding *d, int nid, bool *ret_critical)
{
	int critical = -1;
	void *value = X509_get_ext_d2i(d->x509, nid, &critical, NULL);

	if (!value && critical != -1)
		d->cert->broken = true;
	if (ret_critical)
		*ret_critical = critical == 1;
	return value;
}

/* --- names --- */

static struct rf_str keep_ip(struct decoding *d, struct rf_bytes bytes, bool *ret_odd)
{
	struct rf_ip ip = {.family = bytes.len == 4 ? RF_IPV4 : RF_IPV6};
	char text[RF_IP_TEXT_SIZE];

	*ret_odd = bytes.len != 4 && bytes.len != 16;
	if (*ret_odd)
		return keep(d, RF_STR("?"));
	memcpy(ip.bytes, bytes.ptr, bytes.len);
	return keep(d, rf_str_of(rf_ip_text(&ip, text)));
}

static const struct {
	int openssl;
	enum cert_name_type type;
} name_types[] = {
	{GEN_URI, CERT_NAME_URI},
	{GEN_DNS, CERT_NAME_DNS},
	{GEN_EMAIL, CERT_NAME_EMAIL},
	{GEN_IPADD, CERT_NAME_IP},
};

static void decode_name(struct decoding *d, const GENERAL_NAME *from, struct cert_name *to)
{
	int type = 0;
	const void *value = GENERAL_NAME_get0_value(from, &type);

	to->type = CERT_NAME_OTHER;
	to->text = RF_STR("");
	for (size_t i = 0; i < RF_ARRAY_LEN(name_types); i++) {
		if (name_types[i].openssl == type)
			to->type = name_types[i].type;
	}
	if (to->type == CERT_NAME_IP)
		to->text = keep_ip(d, bytes_of(value), &to->odd);
	else if (to->type != CERT_NAME_OTHER)
		to->text = keep_printable(d, bytes_of(value), &to->odd);
}

static int decode_names(struct decoding *d, struct rf_err *err)
{
	CLEANUP(mesh_general_names_freep)
	GENERAL_NAMES *names = extension(d, NID_subject_alt_name, &d->cert->names_critical);
	int count = names ? sk_GENERAL_NAME_num(names) : 0;

	if (count > CERT_MAX_NAMES)
		return rf_err_set(
			err, RF_ELIMIT, "a certificate with more than %d names", CERT_MAX_NAMES);
	if (count <= 0)
		return RF_OK;
	d->cert->names = rf_arena_array(d->arena, (size_t)count, sizeof(*d->cert->names));
	if (!d->cert->names)
		return rf_err_nomem(err);
	for (int i = 0; i < count; i++)
		decode_name(d, sk_GENERAL_NAME_value(names, i), &d->cert->names[i]);
	d->cert->name_count = (size_t)count;
	return RF_OK;
}

static void decode_constraints(struct decoding *d)
{
	CLEANUP(mesh_constraints_freep)
	NAME_CONSTRAINTS *nc = extension(d, NID_name_constraints, NULL);
	AUTO_BUF out = {0};
	int count = nc ? sk_GENERAL_SUBTREE_num(nc->permittedSubtrees) : 0;

	d->cert->has_constraints = nc != NULL;
	for (int i = 0; i < count && i < CERT_MAX_NAMES; i++) {
		struct cert_name name = {.odd = false};

		decode_name(d, sk_GENERAL_SUBTREE_value(nc->permittedSubtrees, i)->base, &name);
		if (name.type != CERT_NAME_URI)
			continue;
		rf_buf_add_c(&out, out.len ? ", " : "");
		rf_buf_add_str(&out, name.text);
	}
	d->nomem |= out.failed;
	d->cert->permitted_uris = keep(d, rf_buf_str(&out));
}

/* --- what it may be used for --- */

static void decode_basic(struct decoding *d)
{
	BASIC_CONSTRAINTS *basic = extension(d, NID_basic_constraints, NULL);

	d->cert->path_len = CERT_NO_LIMIT;
	if (!basic)
		return;
	d->cert->has_basic = true;
	d->cert->is_ca = basic->ca != 0;
	if (basic->pathlen)
		d->cert->path_len = ASN1_INTEGER_get(basic->pathlen);
	BASIC_CONSTRAINTS_free(basic);
}

static void decode_usage(struct decoding *d)
{
	ASN1_BIT_STRING *bits = extension(d, NID_key_usage, &d->cert->usage_critical);

	if (!bits)
		return;
	d->cert->has_usage = true;
	d->cert->usage = X509_get_key_usage(d->x509);
	ASN1_BIT_STRING_free(bits);
}

static void decode_ext_usage(struct decoding *d)
{
	EXTENDED_KEY_USAGE *list = extension(d, NID_ext_key_usage, NULL);

	if (!list)
		return;
	d->cert->has_ext_usage = true;
	for (int i = 0; i < sk_ASN1_OBJECT_num(list); i++) {
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(list, i));

		d->cert->server_auth |= nid == NID_server_auth || nid == NID_anyExtendedKeyUsage;
		d->cert->client_auth |= nid == NID_client_auth || nid == NID_anyExtendedKeyUsage;
	}
	EXTENDED_KEY_USAGE_free(list);
}

static void decode_unknown(struct decoding *d)
{
	int count = X509_get_ext_count(d->x509);
	char oid[128];

	for (int i = 0; i < count && !d->cert->unknown_critical.ptr; i++) {
		X509_EXTENSION *ext = X509_get_ext(d->x509, i);

		if (!X509_EXTENSION_get_critical(ext) || X509_supported_extension(ext))
			continue;
		if (OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(ext), 1) <= 0)
			snprintf(oid, sizeof(oid), "?");
		d->cert->unknown_critical = keep(d, rf_str_of(oid));
	}
}

/* --- keys and signatures --- */

static void decode_key(struct decoding *d)
{
	EVP_PKEY *key = X509_get0_pubkey(d->x509);
	const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
	char curve[64];
	size_t len = 0;

	d->cert->key_type = keep(d, rf_str_of(type ? type : "?")).ptr;
	if (!key)
		return;
	d->cert->key_bits = EVP_PKEY_get_bits(key);
	d->cert->security_bits = EVP_PKEY_get_security_bits(key);
	if (EVP_PKEY_is_a(key, "EC") &&
		EVP_PKEY_get_group_name(key, curve, sizeof(curve), &len) == 1)
		d->cert->curve = keep(d, (struct rf_str){curve, len});
}

static void decode_signature(struct decoding *d)
{
	const char *name = OBJ_nid2ln(X509_get_signature_nid(d->x509));
	int hash = NID_undef;

	d->cert->signature = keep(d, rf_str_of(name ? name : "?"));
	if (X509_get_signature_info(d->x509, &hash, NULL, NULL, NULL) != 1)
		return;
	d->cert->weak_hash = hash == NID_sha1 || hash == NID_md5 || hash == NID_md4 ||
			     hash == NID_md2 || hash == NID_md5_sha1;
}

static void decode_fingerprint(struct decoding *d)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (X509_digest(d->x509, EVP_sha256(), digest, &len) != 1)
		len = 0;
	for (unsigned i = 0; i < len && i < (CERT_FP_SIZE - 1) / 2; i++)
		snprintf(d->cert->fingerprint + (size_t)2 * i, 3, "%02x", digest[i]);
}

int cert_decode(struct rf_arena *arena, X509 *x509, struct cert *ret, struct rf_err *err)
{
	struct decoding d = {.arena = arena, .x509 = x509, .cert = ret};
	int rc;

	ret->serial = keep_serial(&d);
	ret->subject = keep_name(&d, X509_get_subject_name(x509));
	ret->issuer = keep_name(&d, X509_get_issuer_name(x509));
	ret->from_s = time_of(&d, X509_get0_notBefore(x509));
	ret->until_s = time_of(&d, X509_get0_notAfter(x509));
	ret->self_issued =
		X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0;
	rc = decode_names(&d, err);
	if (rc < 0)
		return rc;
	decode_constraints(&d);
	decode_basic(&d);
	decode_usage(&d);
	decode_ext_usage(&d);
	decode_unknown(&d);
	decode_key(&d);
	decode_signature(&d);
	decode_fingerprint(&d);
	if (X509_get_extension_flags(x509) & EXFLAG_INVALID)
		ret->broken = true;
	ERR_clear_error();
	return d.nomem ? rf_err_nomem(err) : RF_OK;
}
