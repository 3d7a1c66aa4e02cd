/*
 * Judges a Dockerfile by rules: what hadolint (DL), Trivy (DS) and the CIS Docker Benchmark call a
 * mistake, and what only somebody who thinks of attackers would (RF). A rule is one row (id,
 * severity, why, fix, function); `ringfence check --list-rules` and the guide print the rows.
 *
 * DL rules fire where hadolint fires, at the line where it does: the first line of the instruction.
 * Pure: no file is opened.
 */
#ifndef RF_IMAGE_DOCKERFILE_CHECK_H
#define RF_IMAGE_DOCKERFILE_CHECK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"

enum check_severity {
	CHECK_LOW,    /* hadolint: info and style */
	CHECK_MEDIUM, /* hadolint: warning */
	CHECK_HIGH,   /* hadolint: error */
	CHECK_CRITICAL,
};

const char *check_severity_name(enum check_severity severity);

#define CHECK_MAX_ALIASES 4

struct check_rule {
	const char *id;
	const char *aliases[CHECK_MAX_ALIASES]; /* up to the first NULL */
	enum check_severity severity;
	bool off;	       /* only when it is asked for by name, or by what it needs */
	const char *summary;   /* a phrase; findings begin with it */
	const char *why, *fix; /* a sentence each */
};

/* The rules in the order of their ids. */
size_t check_rule_count(void);
const struct check_rule *check_rule_at(size_t index);
/* By id or alias; NULL when there is none. */
const struct check_rule *check_rule_find(struct rf_str id);

struct check_finding {
	const struct check_rule *rule;
	uint32_t line, column; /* from 1 */
	const char *message;
	const char *fix; /* the rule's, or one made for this place */
};

struct check_findings {
	RF_VEC(struct check_finding) list; /* in order of lines, then ids */
	struct rf_arena *arena;		   /* of the messages */
};
void check_findings_done(struct check_findings *findings);

enum check_label_type {
	CHECK_LABEL_TEXT,
	CHECK_LABEL_URL,
	CHECK_LABEL_RFC3339,
	CHECK_LABEL_SPDX,
	CHECK_LABEL_HASH,
	CHECK_LABEL_SEMVER,
	CHECK_LABEL_EMAIL,
};

/* "name:type": a label that must be there and what it must look like. */
struct check_label {
	struct rf_str name;
	enum check_label_type type;
};

struct check_options {
	const char *const *enabled; /* ids of rules that are off by default */
	size_t enabled_count;
	const char *const *ignored; /* ids that are not reported */
	size_t ignored_count;
	const char *const *registries; /* allowed for base images; '*' at one end */
	size_t registry_count;
	const struct check_label *labels;
	size_t label_count;
	bool strict_labels;	/* other labels than those are reported */
	bool has_ignore_file;	/* there is a .dockerignore */
	bool knows_ignore_file; /* has_ignore_file means something */
};

/* True when text is a type of --label; "" is text. */
bool check_label_type_find(struct rf_str text, enum check_label_type *ret);

#define CHECK_MAX_FINDINGS 20000

/*
 * Adds what is found to ret, which the caller frees also after an error. RF_EINPUT when the text
 * is no Dockerfile at all, RF_ELIMIT over a bound, RF_EINTERNAL when memory ran out.
 */
int check_dockerfile(struct rf_str text, const struct check_options *opts,
	struct check_findings *ret, struct rf_err *err) RF_MUST_USE;

#endif
