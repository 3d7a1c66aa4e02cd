/* The vulnerability database that a verb uses. */
#ifndef RF_CMD_DATABASE_H
#define RF_CMD_DATABASE_H

#include "base/buf.h"
#include "image/vuln/db.h"

#define DATABASE_FILE "vuln.db" /* in the state directory */

/*
 * Where it is kept unless a path is given: $RINGFENCE_DB, else vuln.db in the state directory for
 * root, and in $XDG_DATA_HOME/ringfence (~/.local/share/ringfence) for others.
 */
int database_default(struct rf_buf *out, struct rf_err *err) RF_MUST_USE;
/* Where keys made here are kept: signing.pem beside the default database. */
int database_key_default(struct rf_buf *out, struct rf_err *err) RF_MUST_USE;

/*
 * Opens path (NULL: the default); with key (a PEM file) also checks who signed it. RF_EABSENT:
 * there is none, which for the default is no more than that.
 */
int database_open(
	const char *path, const char *key, struct vuln_db **ret, struct rf_err *err) RF_MUST_USE;
/* The same with an open file, which stays the caller's. */
int database_open_fd(int fd, const char *key, struct vuln_db **ret, struct rf_err *err) RF_MUST_USE;

/* "2 days", "5 hours"; in out. */
#define DATABASE_AGE_SIZE 32
const char *database_age(uint64_t age_s, char out[static DATABASE_AGE_SIZE]);
/* "7d", "36h", "90m", "3600s", "2w": seconds. */
bool database_duration(const char *text, uint64_t *ret_s) RF_MUST_USE;
/* The same for --max-age, where 0 would be no limit. */
bool database_max_age(const char *text, uint64_t *ret_s) RF_MUST_USE;

#endif
