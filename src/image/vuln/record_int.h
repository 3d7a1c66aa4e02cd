/*
 * Records of the database, written and read. A number is a uvarint, a string its length and its
 * bytes; a list is the length of all its items in bytes, and the items. A record begins with its
 * key, a string.
 *
 *	package   ecosystem NUL name | list of affected
 *	affected  length of what follows | id | list of ranges | list of versions | list of imports
 *	range     list of events: kind byte, version
 *	import    path | list of goos | list of goarch | list of symbols
 *	advisory  id | list of aliases | list of related | summary | level byte | tenths byte |
 *	          flags byte | vector
 */
#ifndef RF_IMAGE_VULN_RECORD_INT_H
#define RF_IMAGE_VULN_RECORD_INT_H

#include "base/buf.h"
#include "base/reader.h"
#include "image/vuln/db.h"
#include "image/vuln/range.h"

#define RECORD_ADVISORY_EXPLOITED 1

/* A key of the table of packages, in out (cleared first). PyPI names are normalised. */
void record_package_key(struct rf_str ecosystem, struct rf_str name, struct rf_buf *out);

void record_put_uvarint(struct rf_buf *out, uint64_t value);
void record_put_str(struct rf_buf *out, struct rf_str s);

#endif
