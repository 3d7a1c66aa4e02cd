/*
 * Lines in, lines out: what a verb's --batch does. Answers are held back only while more input is
 * at hand, so that a program on the other side of a pipe may ask one by one.
 */
#ifndef RF_CMD_LINES_H
#define RF_CMD_LINES_H

#include "base/buf.h"
#include "base/err.h"

struct lines {
	const char *path;   /* "-": standard input */
	const char *things; /* what the lines are, for messages: "probes" */
	size_t max_line;    /* bytes; of a longer line the answerer sees a beginning over it */
	/*
	 * Adds the answer to a line (without its newline) to out, also when it returns an error:
	 * then the answer says so. RF_EINTERNAL ends the run.
	 */
	int (*answer)(void *ctx, struct rf_str line, struct rf_buf *out, struct rf_err *err);
	void *ctx;
};

/*
 * Answers all lines. Returns the exit status: 2 after saying what went wrong, or how many lines
 * could not be answered and which was the first.
 */
int lines_answer(const struct lines *lines) RF_MUST_USE;

#endif
