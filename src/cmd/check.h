/* What `check` has found, and how it is printed. */
#ifndef RF_CMD_CHECK_H
#define RF_CMD_CHECK_H

#include "image/dockerfile/check.h"
#include "image/dockerfile/parse.h"

struct check_file {
	char *path;
	struct check_findings findings;
};

struct check_files {
	RF_VEC(struct check_file) list; /* in the order they were judged */
};

enum check_format { CHECK_TEXT, CHECK_JSON, CHECK_SARIF };

/* Prints findings, or the rules; returns the exit status: 0, or 2 after saying why. */
int check_print(const struct check_files *files, enum check_format format) RF_MUST_USE;
int check_print_rules(enum check_format format) RF_MUST_USE;

#endif
