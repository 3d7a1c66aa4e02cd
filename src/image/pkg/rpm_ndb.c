/*
 * RPM's own database (SUSE), Packages.db, all numbers little-endian:
 *
 *	"RpmP", version 0, generation, pages of slots, next package number
 *	slots of 16 bytes up to the end of those pages of 4096 bytes: "Slot", package number,
 *	first block and count of blocks of 16 bytes; first block 0: free
 *	a package's blocks: "BlbS", package number, generation, bytes of the header, the header,
 *	padding, checksum, bytes of the header, "BlbE"
 */
#include "image/pkg/rpm_int.h"

#define PAGE_LEN  4096
#define SLOT_LEN  16
#define BLOCK_LEN 16
#define HEAD_LEN  32 /* of the file, in place of the first slots */
#define BLOB_HEAD 16
#define BLOB_TAIL 12

static bool has_magic(const uint8_t *at, const char *magic)
{
	return memcmp(at, magic, 4) == 0;
}

bool rpm_is_ndb(struct rf_bytes file)
{
	return file.len >= HEAD_LEN && has_magic(file.ptr, "RpmP");
}

/* The header in a package's blocks; slot is where the slot lies. */
static bool find_header(struct rf_bytes file, const uint8_t *slot, struct rf_bytes *ret)
{
	size_t number = rpm_le32(slot + 4);
	size_t first = rpm_le32(slot + 8), count = rpm_le32(slot + 12);
	const uint8_t *blob;
	size_t len;

	if (first > file.len / BLOCK_LEN || count > file.len / BLOCK_LEN - first ||
		count < (BLOB_HEAD + BLOB_TAIL + BLOCK_LEN - 1) / BLOCK_LEN)
		return false;
	blob = file.ptr + first * BLOCK_LEN;
	len = rpm_le32(blob + 12);
	if (!has_magic(blob, "BlbS") || rpm_le32(blob + 4) != number ||
		len > count * BLOCK_LEN - BLOB_HEAD - BLOB_TAIL)
		return false;
	*ret = (struct rf_bytes){.ptr = blob + BLOB_HEAD, .len = len};
	return true;
}

int rpm_ndb_read(struct rpm_reading *reading, struct rf_err *err)
{
	struct rf_bytes file = reading->file, header;
	size_t pages = rpm_le32(file.ptr + 12);
	int rc = RF_OK;

	if (rpm_le32(file.ptr + 4) != 0)
		return rf_err_set(err, RF_EUNSUPPORTED, "an unknown version of ndb");
	if (pages == 0 || pages > file.len / PAGE_LEN)
		return rf_err_set(err, RF_EINPUT, "cut off among its slots");
	for (size_t at = HEAD_LEN; at < pages * PAGE_LEN && rc == RF_OK; at += SLOT_LEN) {
		const uint8_t *slot = file.ptr + at;

		if (!has_magic(slot, "Slot"))
			return rf_err_set(err, RF_EINPUT, "an unsound slot at byte %zu", at);
		if (rpm_le32(slot + 8) == 0)
			continue;
		if (!find_header(file, slot, &header))
			return rf_err_set(err, RF_EINPUT, "an unsound package at byte %zu", at);
		rc = rpm_charge(reading, header.len, err);
		if (rc == RF_OK)
			rc = rpm_header_read(reading, header, err);
	}
	return rc;
}
