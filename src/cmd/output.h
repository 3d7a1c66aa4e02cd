/*
 * What verbs print: results to standard output in one piece, everything else to standard error.
 * Colour only where a terminal reads it and NO_COLOR is not set (no-color.org).
 */
#ifndef RF_CMD_OUTPUT_H
#define RF_CMD_OUTPUT_H

#include "base/buf.h"
#include "base/diag.h"

/* True when fd is a terminal that wants colour. */
bool out_has_colour(int fd);

enum out_style {
	OUT_PLAIN,
	OUT_BOLD,
	OUT_GOOD,
	OUT_BAD,
	OUT_WARN,
	OUT_FAINT,
};

/* printf into out, in a style when colour is true. */
void out_style(struct rf_buf *out, bool colour, enum out_style style, const char *fmt, ...)
	RF_PRINTF(4, 5);

/* Writes a result to standard output. Returns the exit status: 0, or 2 after saying why. */
int out_result(const struct rf_buf *text) RF_MUST_USE;

/* "ringfence: error: message" on standard error; returns the exit status of err->code. */
int out_error(const struct rf_err *err);
int out_errorf(const char *fmt, ...) RF_PRINTF(1, 2);
void out_warning(const char *fmt, ...) RF_PRINTF(1, 2);

/*
 * Every finding as "file:line:column: error: message" on standard error, then how many errors there
 * were. Returns 2 when there was an error, else 0.
 */
int out_diags(const struct rf_diags *diags) RF_MUST_USE;

/* A table: cells are added row by row, columns are as wide as their widest cell. */
struct out_cell {
	char *text;
	enum out_style style;
};

struct out_table {
	size_t columns;
	RF_VEC(struct out_cell) cells; /* row after row */
	bool failed;		       /* memory ran out */
};

void out_table_done(struct out_table *table);
/* text is copied. */
void out_table_add(struct out_table *table, enum out_style style, const char *text);
void out_table_addf(struct out_table *table, enum out_style style, const char *fmt, ...)
	RF_PRINTF(3, 4);
/* Nothing is padded at the end of a line. */
void out_table_print(const struct out_table *table, bool colour, struct rf_buf *out);

/* Columns that text takes on a terminal (UTF-8 without wide or combining characters). */
size_t out_width(const char *text);

#endif
