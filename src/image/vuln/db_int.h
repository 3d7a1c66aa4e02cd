/* The header of a database file, and what the writer and the reader share. */
#ifndef RF_IMAGE_VULN_DB_INT_H
#define RF_IMAGE_VULN_DB_INT_H

#include "image/vuln/db.h"

#define DB_MAGIC       "RFVULNDB"
#define DB_FORMAT      1
#define DB_HEADER_SIZE 512
#define DB_BLOCK_SIZE  ((size_t)8 << 10)
#define DB_SIGNATURE   64 /* bytes */

/*
 * Offsets in the header:
 *	0 magic | 8 u32 format | 12 u32 block size | 16 i64 built | 24 u64 payload length |
 *	32 sections, u64 offset and u64 length each, in the payload | 288 u64 packages |
 *	296 u64 advisories | 304 hash of the block hashes | 336 public key | 368 zeros |
 *	448 signature over bytes 0 to 447
 */
enum db_section {
	DB_SECTION_SOURCES, /* a list of strings */
	DB_SECTION_PACKAGES,
	DB_SECTION_PACKAGE_OFFSETS, /* u32 each, from the section's beginning; one more at the end
				     */
	DB_SECTION_ADVISORIES,
	DB_SECTION_ADVISORY_OFFSETS,
	DB_SECTION_COUNT,
};

#define DB_AT_FORMAT	 8
#define DB_AT_BLOCK	 12
#define DB_AT_BUILT	 16
#define DB_AT_PAYLOAD	 24
#define DB_AT_SECTIONS	 32
#define DB_AT_PACKAGES	 288
#define DB_AT_ADVISORIES 296
#define DB_AT_HASHES	 304
#define DB_AT_KEY	 336
#define DB_AT_SIGNATURE	 448

static inline uint64_t db_block_count(uint64_t payload_len)
{
	return (payload_len + DB_BLOCK_SIZE - 1) / DB_BLOCK_SIZE;
}

#endif
