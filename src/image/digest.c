/* SHA-256 by OpenSSL's EVP, and its text forms. */
#include "image/digest.h"

#include <openssl/evp.h>

#define DIGEST_PREFIX "sha256:"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool image_digest_parse_hex(struct rf_str text, struct image_digest *ret)
{
	struct image_digest digest;

	if (text.len != (size_t)2 * IMAGE_DIGEST_LEN)
		return false;
	for (size_t i = 0; i < IMAGE_DIGEST_LEN; i++) {
		int high = hex_value(text.ptr[2 * i]), low = hex_value(text.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		digest.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*ret = digest;
	return true;
}

bool image_digest_parse(struct rf_str text, struct image_digest *ret)
{
	struct rf_str prefix = RF_STR(DIGEST_PREFIX);

	if (!rf_str_starts(text, prefix))
		return false;
	text.ptr += prefix.len;
	text.len -= prefix.len;
	return image_digest_parse_hex(text, ret);
}

static const char *digest_write(
	const struct image_digest *digest, char separator, char out[static IMAGE_DIGEST_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char *p = out + sizeof(DIGEST_PREFIX) - 1;

	memcpy(out, DIGEST_PREFIX, sizeof(DIGEST_PREFIX) - 1);
	p[-1] = separator;
	for (size_t i = 0; i < IMAGE_DIGEST_LEN; i++) {
		*p++ = digits[digest->bytes[i] >> 4];
		*p++ = digits[digest->bytes[i] & 15];
	}
	*p = '\0';
	return out;
}

const char *image_digest_text(
	const struct image_digest *digest, char out[static IMAGE_DIGEST_TEXT_SIZE])
{
	return digest_write(digest, ':', out);
}

const char *image_digest_file(
	const struct image_digest *digest, char out[static IMAGE_DIGEST_TEXT_SIZE])
{
	return digest_write(digest, '-', out);
}

bool image_digest_eq(const struct image_digest *a, const struct image_digest *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

int image_digest_of(struct rf_str bytes, struct image_digest *ret)
{
	struct image_digest digest;

	if (EVP_Digest(bytes.len ? bytes.ptr : "", bytes.len, digest.bytes, NULL, EVP_sha256(),
		    NULL) != 1)
		return RF_EINTERNAL;
	*ret = digest;
	return RF_OK;
}

struct image_hash {
	EVP_MD_CTX *ctx;
	bool failed;
};

struct image_hash *image_hash_new(void)
{
	struct image_hash *hash = calloc(1, sizeof(*hash));

	if (!hash)
		return NULL;
	hash->ctx = EVP_MD_CTX_new();
	if (hash->ctx && EVP_DigestInit_ex(hash->ctx, EVP_sha256(), NULL) == 1)
		return hash;
	image_hash_free(hash);
	return NULL;
}

void image_hash_free(struct image_hash *hash)
{
	if (!hash)
		return;
	EVP_MD_CTX_free(hash->ctx);
	free(hash);
}

void image_hash_add(struct image_hash *hash, const void *data, size_t len)
{
	if (len && EVP_DigestUpdate(hash->ctx, data, len) != 1)
		hash->failed = true;
}

int image_hash_end(struct image_hash *hash, struct image_digest *ret)
{
	struct image_digest digest;

	if (hash->failed || EVP_DigestFinal_ex(hash->ctx, digest.bytes, NULL) != 1)
		return RF_EINTERNAL;
	*ret = digest;
	return RF_OK;
}
