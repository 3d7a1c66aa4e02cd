/* The gate's options of `up`, `apply` and `image judge`, and what they mean. */
#ifndef RF_CMD_GATE_H
#define RF_CMD_GATE_H

#include "cmd/options.h"
#include "host/judge.h"

struct gate_flags {
	const char *fail_on, *db, *ignore, *max_age;
	bool unfixed;
	bool db_optional; /* not an option: db is where one may be */
};

/* Option rows for a struct with a member `gate` of type struct gate_flags. */
#define GATE_ROWS(type)                                                                            \
	{"fail-on", 0, OPT_TEXT, offsetof(type, gate.fail_on), "LEVEL",                            \
		"Which vulnerabilities keep an image from running: critical (the default), high, " \
		"medium, low, any, or off.",                                                       \
		NULL},                                                                             \
		{"unfixed", 0, OPT_FLAG, offsetof(type, gate.unfixed), NULL,                       \
			"Refuses also what no newer version fixes.", NULL},                        \
		{"ignore", 0, OPT_TEXT, offsetof(type, gate.ignore), "FILE",                       \
			"Findings that do not count, with reason and date of expiry (YAML).",      \
			NULL},                                                                     \
		{"max-age", 0, OPT_TEXT, offsetof(type, gate.max_age), "AGE",                      \
			"Refuses every image when the database is older, or not there: 7d, 36h.",  \
			NULL},                                                                     \
	{                                                                                          \
		"db", 0, OPT_TEXT, offsetof(type, gate.db), "FILE",                                \
			"The vulnerability database, instead of vuln.db in the state directory.",  \
			NULL                                                                       \
	}

/* What flags mean; texts of it are on the heap. */
struct gate_setup {
	struct judge_opts judge;
	struct gate_config config; /* the same for a supervisor; borrowed from here and the flags */
	struct vuln_db *db;
	char *db_path, *ignore; /* absolute */
};
void gate_setup_done(struct gate_setup *setup);
#define AUTO_GATE CLEANUP(gate_setup_done) struct gate_setup

/* 0, or 2 after an error was printed. */
int gate_setup(const struct opt_usage *usage, const struct gate_flags *flags,
	const struct instance *inst, struct gate_setup *ret) RF_MUST_USE;

/* Whether any of the options was given. */
bool gate_flags_given(const struct gate_flags *flags);

#endif
