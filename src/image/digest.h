/* SHA-256 digests as OCI writes them: "sha256:" and 64 lower-case hex digits. Others are refused.
 */
#ifndef RF_IMAGE_DIGEST_H
#define RF_IMAGE_DIGEST_H

#include "base/err.h"
#include "base/str.h"

#define IMAGE_DIGEST_LEN       32
#define IMAGE_DIGEST_TEXT_SIZE 72 /* "sha256:" + 64 + NUL */

struct image_digest {
	uint8_t bytes[IMAGE_DIGEST_LEN];
};

bool image_digest_parse(struct rf_str text, struct image_digest *ret) RF_MUST_USE;
/* 64 hex digits without the algorithm. */
bool image_digest_parse_hex(struct rf_str text, struct image_digest *ret) RF_MUST_USE;
/* Text in out; returns out. */
const char *image_digest_text(
	const struct image_digest *digest, char out[static IMAGE_DIGEST_TEXT_SIZE]);
/* The same as a file name: "sha256-HEX". */
const char *image_digest_file(
	const struct image_digest *digest, char out[static IMAGE_DIGEST_TEXT_SIZE]);
bool image_digest_eq(const struct image_digest *a, const struct image_digest *b);
/* Of bytes in memory. */
int image_digest_of(struct rf_str bytes, struct image_digest *ret) RF_MUST_USE;

/* A running hash: EVP_MD_CTX behind a name. */
struct image_hash;
struct image_hash *image_hash_new(void) RF_MUST_USE;
void image_hash_free(struct image_hash *hash);
/* Errors are kept until the end. */
void image_hash_add(struct image_hash *hash, const void *data, size_t len);
int image_hash_end(struct image_hash *hash, struct image_digest *ret) RF_MUST_USE;

#endif
