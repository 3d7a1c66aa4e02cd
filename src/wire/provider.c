/*
 * The provider "ringfence" answers queries with rows of the default provider, whose names are on
 * the list below, under the default provider's own context. Order and properties stay as they are.
 */
#include "wire/provider.h"

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <strings.h>

#include "base/str.h"

#define MAX_ROWS 64 /* of one operation that pass the list */

/* Names by operation; a row passes when one of its names ("AES-256-GCM:id-aes256-GCM:...") is. */
struct wanted {
	int operation;
	const char *names[24];
};

static const struct wanted wanted_rows[] = {
	{OSSL_OP_DIGEST,
		{"SHA1", "SHA2-224", "SHA2-256", "SHA2-384", "SHA2-512", "MD5", "MD5-SHA1"}},
	{OSSL_OP_CIPHER, {"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305", "AES-256-CBC",
				 "AES-128-CBC", "AES-256-CTR", "NULL"}},
	{OSSL_OP_MAC, {"HMAC", "Poly1305"}},
	{OSSL_OP_KDF, {"HKDF", "TLS13-KDF", "TLS1-PRF"}},
	{OSSL_OP_RAND, {"CTR-DRBG", "SEED-SRC"}},
	{OSSL_OP_KEYMGMT, {"EC", "RSA", "RSA-PSS", "X25519", "ED25519", "HKDF", "TLS1-PRF", "HMAC",
				  "ML-KEM-768", "X25519MLKEM768"}},
	{OSSL_OP_KEYEXCH, {"ECDH", "X25519", "HKDF", "TLS1-PRF"}},
	{OSSL_OP_SIGNATURE, {"ECDSA", "RSA", "ED25519", "HMAC"}},
	{OSSL_OP_ASYM_CIPHER, {"RSA"}},
	{OSSL_OP_KEM, {"RSA", "ML-KEM-768", "X25519MLKEM768"}},
	{OSSL_OP_DECODER, {"EC", "RSA", "ED25519", "RSA-PSS", "DER"}},
	{OSSL_OP_STORE, {NULL}},
};

struct filtered {
	OSSL_ALGORITHM rows[MAX_ROWS + 1];
};

/* OpenSSL's call-backs bring no context of ours: what is shared is the process's. */
static struct {
	OSSL_LIB_CTX *base, *context;
	OSSL_PROVIDER *whole; /* the default provider, in base */
	struct filtered operations[RF_ARRAY_LEN(wanted_rows)];
} state;

static bool is_wanted(const struct wanted *wanted, const char *names)
{
	struct rf_str rest = rf_str_of(names), name;

	while (rest.ptr) {
		rest = rf_str_cut(rest, ':', &name);
		for (size_t i = 0; i < RF_ARRAY_LEN(wanted->names) && wanted->names[i]; i++) {
			if (name.len == strlen(wanted->names[i]) &&
				strncasecmp(name.ptr, wanted->names[i], name.len) == 0)
				return true;
		}
	}
	return false;
}

/*
 * Of decoders only those of public keys in certificates: each of the others is one more to be tried
 * for each certificate. Private keys are read elsewhere.
 */
static bool is_for_certificates(int operation, const char *properties)
{
	return operation != OSSL_OP_DECODER ||
	       (properties && strstr(properties, "SubjectPublicKeyInfo"));
}

static void filter(const struct wanted *wanted, struct filtered *ret)
{
	int no_cache = 0;
	size_t count = 0;
	const OSSL_ALGORITHM *row =
		OSSL_PROVIDER_query_operation(state.whole, wanted->operation, &no_cache);

	for (; row && row->algorithm_names && count < MAX_ROWS; row++) {
		if (is_wanted(wanted, row->algorithm_names) &&
			is_for_certificates(wanted->operation, row->property_definition))
			ret->rows[count++] = *row;
	}
}

static const OSSL_ALGORITHM *query(void *ctx, int operation, int *no_cache)
{
	(void)ctx;
	*no_cache = 0;
	for (size_t i = 0; i < RF_ARRAY_LEN(wanted_rows); i++) {
		if (wanted_rows[i].operation == operation)
			return state.operations[i].rows;
	}
	return NULL;
}

/* What TLS groups and signatures there are. */
static int capabilities(void *ctx, const char *name, OSSL_CALLBACK *found, void *arg)
{
	(void)ctx;
	return OSSL_PROVIDER_get_capabilities(state.whole, name, found, arg);
}

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
	void **ctx)
{
	static const OSSL_DISPATCH functions[] = {
		{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
		{OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))capabilities},
		{0, NULL},
	};

	(void)handle;
	(void)in;
	*out = functions;
	*ctx = OSSL_PROVIDER_get0_provider_ctx(state.whole);
	return 1;
}

static void set_up(void)
{
	state.base = OSSL_LIB_CTX_new();
	if (!state.base)
		return;
	state.whole = OSSL_PROVIDER_load(state.base, "default");
	if (!state.whole)
		return;
	for (size_t i = 0; i < RF_ARRAY_LEN(wanted_rows); i++)
		filter(&wanted_rows[i], &state.operations[i]);
	state.context = OSSL_LIB_CTX_new();
	if (state.context && (OSSL_PROVIDER_add_builtin(state.context, "ringfence", init) != 1 ||
				     !OSSL_PROVIDER_load(state.context, "ringfence"))) {
		OSSL_LIB_CTX_free(state.context);
		state.context = NULL;
	}
}

struct ossl_lib_ctx_st *wire_provider_context(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	return pthread_once(&once, set_up) == 0 ? state.context : NULL;
}
