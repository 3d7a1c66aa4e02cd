/*
 * What leads from one database to another: the records that differ, compressed. Applying a delta
 * gives the very bytes of the new file, signature included, or fails.
 *
 * File: "RFVULNDT" | zstd of: SHA-256 of the old header | the new header (512 bytes) | list of
 * sources | changes of packages | changes of advisories. Changes: a list of records that are new
 * or differ, then a list of keys that are gone.
 */
#ifndef RF_IMAGE_VULN_DELTA_H
#define RF_IMAGE_VULN_DELTA_H

#include "base/buf.h"
#include "image/vuln/db.h"

#define VULN_DELTA_MAX_BYTES ((uint64_t)512 << 20) /* of a delta, packed and unpacked */

int vuln_delta_make(struct vuln_db *from, struct vuln_db *to, struct rf_buf *out,
	struct rf_err *err) RF_MUST_USE;
/*
 * out becomes the new file; its signature is not looked at, see vuln_db_open(). RF_EABSENT: the
 * delta is for another database; RF_EINPUT: it is damaged; RF_ELIMIT: it unpacks to more than a
 * database may be; RF_EDENIED: the result is not what its header says. Nobody has vouched for a
 * delta: see confined.h for where to apply one.
 */
int vuln_delta_apply(struct vuln_db *from, struct rf_bytes delta, struct rf_buf *out,
	struct rf_err *err) RF_MUST_USE;
bool vuln_is_delta(struct rf_bytes file);

#endif
