/*
 * A header of RPM as a database holds it, all numbers big-endian:
 *
 *	count of index entries, bytes of the store
 *	entries of 16 bytes: tag, type, offset in the store, count
 *	the store
 *
 * (rpm.org, "RPM v4 header format".) Only strings and the epoch are of interest; the first entry of
 * a tag counts.
 */
#include "base/buf.h"
#include "image/pkg/rpm_int.h"

#define HEAD_LEN    8
#define ENTRY_LEN   16
#define MAX_ENTRIES 65535 /* RPM's own bound */

enum { TYPE_INT32 = 4, TYPE_STRING = 6, TYPE_I18N = 9 };

enum field { NAME, VERSION, RELEASE, EPOCH, LICENSE, ARCH, SOURCERPM, FIELD_COUNT };

struct tag {
	uint32_t tag;
	uint32_t type;
};

static const struct tag tags[FIELD_COUNT] = {
	[NAME] = {1000, TYPE_STRING},
	[VERSION] = {1001, TYPE_STRING},
	[RELEASE] = {1002, TYPE_STRING},
	[EPOCH] = {1003, TYPE_INT32},
	[LICENSE] = {1014, TYPE_STRING},
	[ARCH] = {1022, TYPE_STRING},
	[SOURCERPM] = {1044, TYPE_STRING},
};

struct header {
	struct rf_str text[FIELD_COUNT]; /* of strings */
	uint32_t epoch;			 /* 0 is as good as none */
};

/* Up to the NUL, which must be there. */
static bool string_at(struct rf_bytes store, uint32_t offset, struct rf_str *ret)
{
	const uint8_t *end;

	if (offset >= store.len)
		return false;
	end = memchr(store.ptr + offset, '\0', store.len - offset);
	if (!end)
		return false;
	*ret = (struct rf_str){
		.ptr = (const char *)store.ptr + offset,
		.len = (size_t)(end - (store.ptr + offset)),
	};
	return true;
}

/* False when a tag of interest points out of the store. */
static bool take_entry(struct header *header, struct rf_bytes store, const uint8_t *entry)
{
	uint32_t tag = rpm_be32(entry), type = rpm_be32(entry + 4), offset = rpm_be32(entry + 8);

	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (tags[i].tag != tag || header->text[i].ptr)
			continue;
		if (type != tags[i].type && !(type == TYPE_I18N && tags[i].type == TYPE_STRING))
			return false;
		if (type != TYPE_INT32)
			return string_at(store, offset, &header->text[i]);
		if (store.len < 4 || offset > store.len - 4)
			return false;
		header->epoch = rpm_be32(store.ptr + offset);
		header->text[i] = RF_STR("");
		return true;
	}
	return true;
}

/* "bash-5.1.8-9.el9.src.rpm": name, version and release lie between the last dashes. */
static bool split_source(struct rf_str file, struct rf_str *ret_name, struct rf_str *ret_version)
{
	static const struct rf_str ends[] = {RF_STR(".src.rpm"), RF_STR(".nosrc.rpm")};
	const char *dash;
	size_t len = 0;

	for (size_t i = 0; i < RF_ARRAY_LEN(ends) && !len; i++) {
		if (rf_str_ends(file, ends[i]))
			len = file.len - ends[i].len;
	}
	dash = len ? memrchr(file.ptr, '-', len) : NULL;
	dash = dash ? memrchr(file.ptr, '-', (size_t)(dash - file.ptr)) : NULL;
	if (!dash || dash == file.ptr)
		return false;
	*ret_name = pkg_head(file, (size_t)(dash - file.ptr));
	*ret_version = pkg_skip(pkg_head(file, len), ret_name->len + 1);
	return true;
}

/* "epoch:version-release" as advisories write it: no epoch where it is 0. */
static void add_version(struct rf_buf *out, uint32_t epoch, struct rf_str version)
{
	if (epoch)
		rf_buf_addf(out, "%u:", epoch);
	rf_buf_add_str(out, version);
}

static int yield(struct rpm_reading *reading, const struct header *header, struct rf_err *err)
{
	struct pkg pkg = {
		.type = PKG_RPM,
		.name = header->text[NAME],
		.arch = header->text[ARCH],
		.license = header->text[LICENSE],
	};
	AUTO_BUF version = {.max = 4 * PKG_MAX_NAME};
	AUTO_BUF source = {.max = 4 * PKG_MAX_NAME};
	struct rf_str source_version;

	/* A key that was imported, not software. */
	if (rf_str_is(pkg.name, "gpg-pubkey"))
		return RF_OK;
	add_version(&version, header->epoch, header->text[VERSION]);
	rf_buf_add_char(&version, '-');
	rf_buf_add_str(&version, header->text[RELEASE]);
	if (split_source(header->text[SOURCERPM], &pkg.source, &source_version))
		add_version(&source, header->epoch, source_version);
	if (version.failed || source.failed)
		return RF_OK; /* too long to be yielded */
	pkg.version = rf_buf_str(&version);
	pkg.source_version = rf_buf_str(&source);
	return pkg_emit(&reading->out, &pkg, err);
}

int rpm_header_read(struct rpm_reading *reading, struct rf_bytes blob, struct rf_err *err)
{
	struct header header = {.epoch = 0};
	struct rf_bytes store;
	uint32_t count, store_len;
	size_t rest;

	if (blob.len < HEAD_LEN)
		return rf_err_set(err, RF_EINPUT, "a header of %zu bytes", blob.len);
	count = rpm_be32(blob.ptr);
	store_len = rpm_be32(blob.ptr + 4);
	rest = blob.len - HEAD_LEN;
	if (count > MAX_ENTRIES || count > rest / ENTRY_LEN ||
		store_len > rest - (size_t)count * ENTRY_LEN)
		return rf_err_set(err, RF_EINPUT, "a header that ends before its store does");
	store.ptr = blob.ptr + HEAD_LEN + (size_t)count * ENTRY_LEN;
	store.len = store_len;
	for (uint32_t i = 0; i < count; i++) {
		if (!take_entry(&header, store, blob.ptr + HEAD_LEN + (size_t)i * ENTRY_LEN))
			return rf_err_set(err, RF_EINPUT, "a header with an unsound entry");
	}
	if (header.text[NAME].len == 0)
		return rf_err_set(err, RF_EINPUT, "a header without a name");
	return yield(reading, &header, err);
}
