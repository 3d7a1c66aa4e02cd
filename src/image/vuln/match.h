/* Which entries of the database speak of one package in one version. */
#ifndef RF_IMAGE_VULN_MATCH_H
#define RF_IMAGE_VULN_MATCH_H

#include "image/vuln/db.h"

struct vuln_subject {
	struct rf_str ecosystem, name, version;
	struct rf_str goos, goarch; /* of a Go program; "" is any */
};

struct vuln_match_sink {
	/* 0 or RF_E*, which ends the matching. Views are the database's. */
	int (*hit)(void *ctx, const struct vuln_affected *affected, struct rf_err *err);
	void *ctx;
};

/*
 * Calls the sink once an entry whose ranges or versions hold the subject's version and, for Go,
 * that has an import for its platform (or names none). A version of Go that is "" or "(devel)" is
 * in no range. RF_EINPUT: the version cannot be compared (nothing was called), or the database
 * is damaged. What is not in the database is no error.
 */
int vuln_match(struct vuln_db *db, const struct vuln_subject *subject,
	const struct vuln_match_sink *sink, struct rf_err *err) RF_MUST_USE;

/* True when the import is meant for the platform. */
bool vuln_import_applies(
	const struct vuln_import *import, struct rf_str goos, struct rf_str goarch);

/*
 * The versions above the subject's that its entry's ranges end with, lowest first, without
 * doubles, at most max. The first is the smallest step. All of them are above a version that cannot
 * be compared: there is a fix, and a gate that asks for one must not pass. Returns how many.
 */
size_t vuln_fixes(const struct vuln_subject *subject, const struct vuln_affected *affected,
	struct rf_str *out, size_t max);

#endif
