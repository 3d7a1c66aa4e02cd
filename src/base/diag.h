/*
 * Findings about a user's files: data, not errors. A run collects all of them, in the order found,
 * and the verb prints them. Messages say what was expected and what to do.
 */
#ifndef RF_BASE_DIAG_H
#define RF_BASE_DIAG_H

#include "base/err.h"
#include "base/vec.h"

/* A place in a file. line and col count from 1; 0 means "the file as a whole". */
struct rf_pos {
	const char *file; /* NULL: no file is meant. Lives as long as the documents read from it. */
	uint32_t line;
	uint32_t col; /* in characters, as editors count */
};

enum rf_severity {
	RF_NOTE,
	RF_WARNING,
	RF_ERROR,
};

struct rf_diag {
	struct rf_pos pos;
	enum rf_severity severity;
	char *msg;
};

struct rf_diags {
	RF_VEC(struct rf_diag) list;
	size_t error_count; /* all errors seen, also those over the cap */
	size_t hidden_count;
};

/* Findings kept; later ones are only counted. */
#define RF_DIAGS_MAX 1000

void rf_diags_done(struct rf_diags *diags);
/* Adds a finding; a NULL diags drops it. Always returns RF_EINPUT, to be returned on. */
int rf_diag_add(struct rf_diags *diags, enum rf_severity severity, struct rf_pos pos,
	const char *fmt, ...) RF_PRINTF(4, 5);
const char *rf_severity_name(enum rf_severity severity);

#define AUTO_DIAGS CLEANUP(rf_diags_done) struct rf_diags

#endif
