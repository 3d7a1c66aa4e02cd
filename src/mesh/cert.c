/*
 * Finding certificates in a file. A block that cannot be read makes the whole file an error: a
 * chain of which a part was skipped would be judged as another one than a TLS library sees.
 */
#include "mesh/cert.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/vec.h"
#include "mesh/cert_int.h"

#define ARENA_MAX  ((size_t)64 << 20)
#define MAX_BLOCKS 4096 /* of PEM, of any kind */

RF_VEC_TYPE(x509_vec, X509 *);

struct reading {
	struct x509_vec found;
	bool has_private_key;
};

static void reading_done(struct reading *reading)
{
	rf_vec_each (x509, &reading->found)
		X509_free(*x509);
	rf_vec_done(&reading->found);
	ERR_clear_error();
}

/* One certificate at the beginning of data; *ret_len bytes of it are the certificate's. */
static int add_der(struct reading *reading, const uint8_t *data, size_t len, size_t *ret_len,
	struct rf_err *err)
{
	const unsigned char *at = data;
	AUTO_X509 *x509 = d2i_X509(NULL, &at, (long)len);

	if (!x509)
		return rf_err_set(err, RF_EINPUT, "certificate %zu cannot be decoded",
			reading->found.count + 1);
	if (reading->found.count == CERT_MAX_COUNT)
		return rf_err_set(err, RF_ELIMIT, "more than %d certificates", CERT_MAX_COUNT);
	if (!rf_vec_push(&reading->found, x509))
		return rf_err_nomem(err);
	x509 = NULL;
	*ret_len = (size_t)(at - data);
	return RF_OK;
}

static int read_der(struct reading *reading, struct rf_bytes data, struct rf_err *err)
{
	size_t off = 0, len = 0;
	int rc = RF_OK;

	while (off < data.len && rc == RF_OK) {
		rc = add_der(reading, data.ptr + off, data.len - off, &len, err);
		off += len;
	}
	return rc;
}

struct pem_block {
	char *name, *header;
	unsigned char *data;
	long len;
};

static void pem_block_done(struct pem_block *block)
{
	OPENSSL_free(block->name);
	OPENSSL_free(block->header);
	OPENSSL_clear_free(block->data, block->len > 0 ? (size_t)block->len : 0);
}

/* RF_EABSENT: no more. */
static int next_block(BIO *bio, struct pem_block *block, struct rf_err *err)
{
	unsigned long why;

	ERR_clear_error();
	if (PEM_read_bio(bio, &block->name, &block->header, &block->data, &block->len))
		return RF_OK;
	why = ERR_peek_last_error();
	ERR_clear_error();
	if (ERR_GET_LIB(why) == ERR_LIB_PEM && ERR_GET_REASON(why) == PEM_R_NO_START_LINE)
		return RF_EABSENT;
	return rf_err_set(err, RF_EINPUT, "a block of PEM is broken: %s",
		ERR_reason_error_string(why) ? ERR_reason_error_string(why) : "no reason given");
}

static int take_block(struct reading *reading, const struct pem_block *block, struct rf_err *err)
{
	struct rf_str name = rf_str_of(block->name);
	size_t len = 0;
	int rc;

	if (rf_str_ends(name, RF_STR("PRIVATE KEY")))
		reading->has_private_key = true;
	if (!rf_str_is(name, "CERTIFICATE") && !rf_str_is(name, "X509 CERTIFICATE"))
		return RF_OK;
	rc = add_der(reading, block->data, (size_t)block->len, &len, err);
	if (rc == RF_OK && len != (size_t)block->len)
		return rf_err_set(err, RF_EINPUT, "certificate %zu has bytes after its end",
			reading->found.count);
	return rc;
}

static int read_pem(struct reading *reading, struct rf_bytes data, struct rf_err *err)
{
	AUTO_BIO *bio = BIO_new_mem_buf(data.ptr, (int)data.len);

	if (!bio)
		return rf_err_nomem(err);
	for (size_t i = 0; i < MAX_BLOCKS; i++) {
		CLEANUP(pem_block_done) struct pem_block block = {.len = 0};
		int rc = next_block(bio, &block, err);

		if (rc == RF_EABSENT)
			return RF_OK;
		if (rc == RF_OK)
			rc = take_block(reading, &block, err);
		if (rc < 0)
			return rc;
	}
	return rf_err_set(err, RF_ELIMIT, "more than %d blocks of PEM", MAX_BLOCKS);
}

static int decode_all(struct reading *reading, struct cert_list *list, struct rf_err *err)
{
	list->has_private_key = reading->has_private_key;
	list->items = rf_arena_array(list->arena, reading->found.count, sizeof(*list->items));
	if (!list->items)
		return rf_err_nomem(err);
	for (size_t i = 0; i < reading->found.count; i++) {
		struct cert *cert = &list->items[i];
		int rc = cert_decode(list->arena, reading->found.items[i], cert, err);

		if (rc < 0)
			return rc;
		cert->x509 = TAKE_PTR(reading->found.items[i]);
		list->count++;
	}
	return RF_OK;
}

static struct cert_list *list_new(void)
{
	struct cert_list *list = calloc(1, sizeof(*list));

	if (list)
		list->arena = rf_arena_new(ARENA_MAX);
	if (list && !list->arena) {
		free(list);
		return NULL;
	}
	return list;
}

int cert_read(struct rf_bytes data, struct cert_list **ret, struct rf_err *err)
{
	CLEANUP(reading_done) struct reading reading = {.has_private_key = false};
	AUTO_CERTS *list = NULL;
	int rc;

	if (data.len > CERT_MAX_BYTES)
		return rf_err_set(err, RF_ELIMIT, "larger than %zu bytes", CERT_MAX_BYTES);
	if (data.len && data.ptr[0] == 0x30)
		rc = read_der(&reading, data, err);
	else
		rc = read_pem(&reading, data, err);
	if (rc < 0)
		return rc;
	if (!reading.found.count)
		return rf_err_set(err, RF_EINPUT, "there is no certificate in it (PEM or DER)");
	list = list_new();
	if (!list)
		return rf_err_nomem(err);
	rc = decode_all(&reading, list, err);
	if (rc == RF_OK)
		*ret = TAKE_PTR(list);
	return rc;
}

void cert_list_free(struct cert_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->count; i++)
		X509_free(list->items[i].x509);
	rf_arena_free(list->arena);
	free(list);
}

void cert_list_freep(struct cert_list **list)
{
	cert_list_free(*list);
	*list = NULL;
}

/* --- keys --- */

static EVP_PKEY *read_key(struct rf_bytes data)
{
	const unsigned char *at = data.ptr;
	AUTO_BIO *bio = NULL;

	if (!data.len || data.len > CERT_MAX_BYTES)
		return NULL;
	if (data.ptr[0] == 0x30)
		return d2i_AutoPrivateKey(NULL, &at, (long)data.len);
	bio = BIO_new_mem_buf(data.ptr, (int)data.len);
	return bio ? PEM_read_bio_PrivateKey(bio, NULL, mesh_no_password, NULL) : NULL;
}

int cert_find_key(
	const struct cert_list *list, struct rf_bytes key, size_t *ret, struct rf_err *err)
{
	AUTO_PKEY *pkey = read_key(key);
	size_t i = 0;

	ERR_clear_error();
	if (!pkey)
		return rf_err_set(err, RF_EINPUT,
			"no private key that can be read without a password (PEM or DER)");
	while (i < list->count) {
		EVP_PKEY *own = X509_get0_pubkey(list->items[i].x509);

		if (own && EVP_PKEY_eq(own, pkey) == 1)
			break;
		i++;
	}
	ERR_clear_error();
	*ret = i;
	return RF_OK;
}

bool cert_is_signed_by(const struct cert *cert, const struct cert *signer)
{
	EVP_PKEY *key = X509_get0_pubkey(signer->x509);
	bool is_signed;

	if (!key || X509_NAME_cmp(X509_get_issuer_name(cert->x509),
			    X509_get_subject_name(signer->x509)) != 0)
		return false;
	is_signed = X509_verify(cert->x509, key) == 1;
	ERR_clear_error();
	return is_signed;
}
