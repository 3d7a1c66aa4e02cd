/* Times of documents: RFC 3339 to seconds since 1970 and back. Pure; leap seconds do not exist. */
#ifndef RF_IMAGE_REPORT_WHEN_H
#define RF_IMAGE_REPORT_WHEN_H

#include "base/str.h"

#define WHEN_TEXT_SIZE 21	      /* "2026-11-25T00:00:00Z" and a NUL */
#define WHEN_MAX       253402300799LL /* the end of the year 9999 */

/* "2026-11-25T14:00:00.5+01:00", years 1970 to 9999; fractions are cut off. */
bool when_parse(struct rf_str text, int64_t *ret_s) RF_MUST_USE;
/* "2026-11-25": the first second of that day, UTC. */
bool when_parse_date(struct rf_str text, int64_t *ret_s) RF_MUST_USE;
/* Seconds out of 0 .. WHEN_MAX are brought to its ends. Returns out. */
const char *when_text(int64_t s, char out[static WHEN_TEXT_SIZE]);

#endif
