/* Of protobuf only what these messages need: varints, and fields with a length. */
#include "mesh/workload/message.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "mesh/identity.h"
#include "mesh/svid.h"

#define VARINT_MAX 10 /* bytes */
#define MAX_ITEMS  16 /* certificates of a chain or a bundle */

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_64 = 1,
	WIRE_BYTES = 2,
	WIRE_32 = 5,
};

/* workload.proto */
enum field {
	RESPONSE_SVIDS = 1,
	SVID_ID = 1,
	SVID_CHAIN = 2,
	SVID_KEY = 3,
	SVID_BUNDLE = 4,
	RESPONSE_BUNDLES = 2,
	ENTRY_KEY = 1,
	ENTRY_VALUE = 2,
};

/* --- requests --- */

static bool get_varint(struct rf_bytes *rest, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < VARINT_MAX && i < rest->len; i++) {
		uint8_t byte = rest->ptr[i];

		if (i == VARINT_MAX - 1 && byte > 1)
			return false;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte & 0x80)
			continue;
		*ret = value;
		rest->ptr += i + 1;
		rest->len -= i + 1;
		return true;
	}
	return false;
}

static bool skip(struct rf_bytes *rest, uint64_t len)
{
	if (len > rest->len)
		return false;
	rest->ptr += len;
	rest->len -= (size_t)len;
	return true;
}

/* Unknown fields are allowed, as everywhere in protobuf. */
static bool is_message(struct rf_bytes rest)
{
	uint64_t key, value;

	while (rest.len) {
		if (!get_varint(&rest, &key) || key >> 3 == 0 || key >> 3 > 0x1fffffff)
			return false;
		switch (key & 7) {
		case WIRE_VARINT:
			if (!get_varint(&rest, &value))
				return false;
			break;
		case WIRE_64:
			if (!skip(&rest, 8))
				return false;
			break;
		case WIRE_BYTES:
			if (!get_varint(&rest, &value) || !skip(&rest, value))
				return false;
			break;
		case WIRE_32:
			if (!skip(&rest, 4))
				return false;
			break;
		default: return false;
		}
	}
	return true;
}

enum grpc_status message_check(struct rf_bytes content, const char **ret_why)
{
	uint64_t len;

	*ret_why = "the message is cut short";
	if (content.len < MESSAGE_PREFIX)
		return GRPC_INVALID_ARGUMENT;
	len = (uint64_t)content.ptr[1] << 24 | (uint64_t)content.ptr[2] << 16 |
	      (uint64_t)content.ptr[3] << 8 | content.ptr[4];
	*ret_why = "compressed messages are not read";
	if (content.ptr[0])
		return GRPC_UNIMPLEMENTED;
	*ret_why = "the message is too long";
	if (len > MESSAGE_MAX)
		return GRPC_RESOURCE_EXHAUSTED;
	*ret_why = "one message is expected";
	if (len != content.len - MESSAGE_PREFIX)
		return GRPC_INVALID_ARGUMENT;
	*ret_why = "malformed message";
	return is_message((struct rf_bytes){content.ptr + MESSAGE_PREFIX, (size_t)len})
		       ? GRPC_OK
		       : GRPC_INVALID_ARGUMENT;
}

/* --- from PEM --- */

static void bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

/* The DER of every item of the PEM text, one behind the other. */
static int read_pem(struct rf_str text, const char *want, struct rf_buf *out)
{
	CLEANUP(bio_freep) BIO *bio = BIO_new_mem_buf(text.ptr ? text.ptr : "", (int)text.len);
	char *name, *header;
	unsigned char *data;
	long len;
	unsigned count = 0;
	bool good = bio != NULL;

	while (good && PEM_read_bio(bio, &name, &header, &data, &len) == 1) {
		good = strcmp(name, want) == 0 && count++ < MAX_ITEMS;
		rf_buf_add(out, data, (size_t)len);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)len);
	}
	ERR_clear_error();
	return good && count && !out->failed ? RF_OK : RF_EINPUT;
}

static int read_id(const struct rf_buf *chain, char **ret, struct rf_err *err)
{
	const unsigned char *at = (const unsigned char *)chain->data;
	X509 *leaf = d2i_X509(NULL, &at, (long)chain->len);
	char id[IDENTITY_MAX + 1];
	int rc = leaf ? svid_id(leaf, id, err) : rf_err_set(err, RF_EINPUT, "no certificate");

	X509_free(leaf);
	ERR_clear_error();
	if (rc < 0)
		return rc;
	*ret = rf_str_dup(rf_str_of(id));
	return *ret ? RF_OK : rf_err_nomem(err);
}

int message_svid_read(
	const struct renewal_certs *certs, struct message_svid *ret, struct rf_err *err)
{
	struct message_svid svid = {.id = NULL};
	int rc = RF_OK;

	/* A buffer that grows would leave parts of the key behind. */
	if (!rf_buf_reserve(&svid.key, certs->key.len + 1))
		rc = rf_err_nomem(err);
	if (rc == RF_OK && (read_pem(certs->cert, "CERTIFICATE", &svid.chain) < 0 ||
				   read_pem(certs->key, "PRIVATE KEY", &svid.key) < 0 ||
				   read_pem(certs->roots, "CERTIFICATE", &svid.roots) < 0))
		rc = rf_err_set(err, RF_EINPUT, "malformed certificates");
	if (rc == RF_OK)
		rc = read_id(&svid.chain, &svid.id, err);
	if (rc == RF_OK)
		*ret = svid;
	else
		message_svid_done(&svid);
	return rc;
}

void message_svid_done(struct message_svid *svid)
{
	if (svid->key.data)
		explicit_bzero(svid->key.data, svid->key.cap);
	rf_buf_done(&svid->chain);
	rf_buf_done(&svid->key);
	rf_buf_done(&svid->roots);
	free(svid->id);
	svid->id = NULL;
}

/* --- answers --- */

static size_t varint_len(uint64_t value)
{
	size_t len = 1;

	while (value >>= 7)
		len++;
	return len;
}

static void put_varint(struct rf_buf *out, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		rf_buf_add_char(out, (char)(value | 0x80));
	rf_buf_add_char(out, (char)value);
}

/* Fields have numbers below 16 here: one byte. */
static size_t field_len(size_t len)
{
	return 1 + varint_len(len) + len;
}

static void put_head(struct rf_buf *out, enum field field, size_t len)
{
	put_varint(out, (uint64_t)field << 3 | WIRE_BYTES);
	put_varint(out, len);
}

static void put_field(struct rf_buf *out, enum field field, struct rf_str value)
{
	put_head(out, field, value.len);
	rf_buf_add_str(out, value);
}

static void put_prefix(struct rf_buf *out, size_t len)
{
	const uint8_t prefix[MESSAGE_PREFIX] = {
		0, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};

	/* All at once, for the sake of the key. */
	out->failed |= !rf_buf_reserve(out, len + MESSAGE_PREFIX);
	rf_buf_add(out, prefix, sizeof(prefix));
}

void message_put_svid(const struct message_svid *svid, struct rf_buf *out)
{
	struct rf_str id = rf_str_of(svid->id);
	size_t len = field_len(id.len) + field_len(svid->chain.len) + field_len(svid->key.len) +
		     field_len(svid->roots.len);

	put_prefix(out, field_len(len));
	put_head(out, RESPONSE_SVIDS, len);
	put_field(out, SVID_ID, id);
	put_field(out, SVID_CHAIN, rf_buf_str(&svid->chain));
	put_field(out, SVID_KEY, rf_buf_str(&svid->key));
	put_field(out, SVID_BUNDLE, rf_buf_str(&svid->roots));
}

void message_put_bundles(const struct message_svid *svid, struct rf_buf *out)
{
	struct identity identity;
	struct rf_str domain;
	size_t len;

	if (identity_parse(rf_str_of(svid->id), &identity, NULL) < 0) {
		out->failed = true;
		return;
	}
	/* The trust domain's own ID. */
	domain = (struct rf_str){svid->id, identity.text.len - identity.path.len};
	len = field_len(domain.len) + field_len(svid->roots.len);
	put_prefix(out, field_len(len));
	put_head(out, RESPONSE_BUNDLES, len);
	put_field(out, ENTRY_KEY, domain);
	put_field(out, ENTRY_VALUE, rf_buf_str(&svid->roots));
}
