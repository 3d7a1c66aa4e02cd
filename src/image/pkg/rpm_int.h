/* RPM's header blobs, and the three databases that hold them. */
#ifndef RF_IMAGE_PKG_RPM_INT_H
#define RF_IMAGE_PKG_RPM_INT_H

#include "image/pkg/pkg_int.h"

#define RPM_MAX_HEADER ((size_t)64 << 20) /* bytes; RPM itself refuses 256 MiB and more */

/*
 * One reading of one database. Sound databases hold every byte of a header once; budget is what may
 * still be read in headers, so that references that share or repeat bytes cost no more.
 */
struct rpm_reading {
	struct pkg_out out;
	struct rf_bytes file;
	size_t budget;
};

/* Yields the package of a header blob: what a database holds, without magic and lead. */
int rpm_header_read(
	struct rpm_reading *reading, struct rf_bytes blob, struct rf_err *err) RF_MUST_USE;

/* Takes len off the budget; RF_ELIMIT or RF_EINPUT when a header must not be so long. */
int rpm_charge(struct rpm_reading *reading, size_t len, struct rf_err *err) RF_MUST_USE;

bool rpm_is_sqlite(struct rf_bytes file);
bool rpm_is_ndb(struct rf_bytes file);
bool rpm_is_bdb(struct rf_bytes file);
int rpm_sqlite_read(struct rpm_reading *reading, struct rf_err *err) RF_MUST_USE;
int rpm_ndb_read(struct rpm_reading *reading, struct rf_err *err) RF_MUST_USE;
int rpm_bdb_read(struct rpm_reading *reading, struct rf_err *err) RF_MUST_USE;

/* Numbers in files; the caller has checked that they are inside. */
static inline uint32_t rpm_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint32_t rpm_le32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint16_t rpm_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

#endif
