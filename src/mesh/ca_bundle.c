/* The roots as others take them: PEM, or a SPIFFE bundle (a JWK set, RFC 7517). */
#include <openssl/core_names.h>

#include "doc/json.h"
#include "mesh/ca_int.h"

#define COORDINATE_LEN 32 /* of P-256 */
#define POINT_LEN      (1 + 2 * COORDINATE_LEN)

int ca_bundle(const struct ca *ca, struct rf_buf *out, struct rf_err *err)
{
	rf_buf_add_str(out, rf_buf_str(&ca->state.root));
	if (ca->info.old_root)
		rf_buf_add_str(out, rf_buf_str(&ca->state.old_root));
	return out->failed ? rf_err_nomem(err) : RF_OK;
}

/* RFC 4648: standard, or for URLs and without padding. */
static void add_base64(struct rf_buf *out, struct rf_bytes bytes, bool url)
{
	const char *alphabet = url ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789-_"
				   : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";

	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t left = bytes.len - i;
		uint32_t group = (uint32_t)bytes.ptr[i] << 16;

		group |= left > 1 ? (uint32_t)bytes.ptr[i + 1] << 8 : 0;
		group |= left > 2 ? bytes.ptr[i + 2] : 0;
		for (unsigned k = 0; k < 4; k++) {
			if (k <= left)
				rf_buf_add_char(out, alphabet[group >> (18 - 6 * k) & 63]);
			else if (!url)
				rf_buf_add_char(out, '=');
		}
	}
}

static void field_base64(
	struct json_writer *w, const char *key, struct rf_bytes bytes, bool url, bool *ret_failed)
{
	AUTO_BUF text = {0};

	add_base64(&text, bytes, url);
	*ret_failed |= text.failed;
	if (key)
		json_field_str(w, key, rf_buf_str(&text));
	else
		json_str(w, rf_buf_str(&text));
}

static int add_key(struct json_writer *w, const struct cert *root, struct rf_err *err)
{
	uint8_t point[POINT_LEN], *der = NULL;
	size_t len = 0;
	bool nomem = false;
	int der_len;

	if (EVP_PKEY_get_octet_string_param(X509_get0_pubkey(root->x509), OSSL_PKEY_PARAM_PUB_KEY,
		    point, sizeof(point), &len) != 1 ||
		len != POINT_LEN || point[0] != 4)
		return rf_err_set(err, RF_EINPUT, "a root whose key is not of P-256");
	der_len = i2d_X509(root->x509, &der);
	if (der_len <= 0)
		return rf_err_nomem(err);
	json_object_begin(w);
	json_field_c(w, "use", "x509-svid");
	json_field_c(w, "kty", "EC");
	json_field_c(w, "crv", "P-256");
	field_base64(w, "x", (struct rf_bytes){point + 1, COORDINATE_LEN}, true, &nomem);
	field_base64(w, "y", (struct rf_bytes){point + 1 + COORDINATE_LEN, COORDINATE_LEN}, true,
		&nomem);
	json_key(w, "x5c");
	json_array_begin(w);
	field_base64(w, NULL, (struct rf_bytes){der, (size_t)der_len}, false, &nomem);
	json_array_end(w);
	json_object_end(w);
	OPENSSL_free(der);
	return nomem ? rf_err_nomem(err) : RF_OK;
}

int ca_bundle_spiffe(const struct ca *ca, struct rf_buf *out, struct rf_err *err)
{
	struct json_writer w = {.out = out, .pretty = true};
	int rc;

	json_object_begin(&w);
	json_key(&w, "keys");
	json_array_begin(&w);
	rc = add_key(&w, ca->info.root, err);
	if (rc == RF_OK && ca->info.old_root)
		rc = add_key(&w, ca->info.old_root, err);
	json_array_end(&w);
	json_field_int(&w, "spiffe_sequence", (int64_t)ca->info.sequence);
	json_field_int(&w, "spiffe_refresh_hint", CA_REFRESH_S);
	json_object_end(&w);
	rf_buf_add_char(out, '\n');
	return rc == RF_OK && out->failed ? rf_err_nomem(err) : rc;
}
