/*
 * Hard-coded secrets in text: rules with a keyword, a pattern, an entropy bound and exceptions.
 * All text is searched for the keywords of all rules in one pass; a pattern is tried only where one
 * of its keywords was found. Precision comes first: a hit shall be worth somebody's time.
 *
 * Pure: bytes in, hits out. The set of rules is made once and shared.
 */
#ifndef RF_IMAGE_SECRETS_SECRETS_H
#define RF_IMAGE_SECRETS_SECRETS_H

#include "base/err.h"
#include "base/str.h"

#define SECRET_MAX_MATCH 4096 /* bytes of one secret */
/* What callers that read in pieces must keep of the piece before. */
#define SECRET_OVERLAP 8192

struct secret_rules;

/* The built-in rules. */
int secret_rules_new(struct secret_rules **ret, struct rf_err *err) RF_MUST_USE;
/*
 * Those of them that may be asked of a program: private keys and tokens with a format of their own,
 * high or critical. Linkers put strings one after the other with nothing between them, so that what
 * stands before and after a token says little; what is found must look random instead.
 */
int secret_rules_new_for_programs(struct secret_rules **ret, struct rf_err *err) RF_MUST_USE;
void secret_rules_free(struct secret_rules *rules);
void secret_rules_freep(struct secret_rules **rules);
#define AUTO_SECRET_RULES CLEANUP(secret_rules_freep) struct secret_rules

struct secret_hit {
	const char *rule;      /* "aws-access-key-id"; static */
	const char *title;     /* "AWS access key"; static */
	const char *severity;  /* "critical", "high", "medium" or "low"; static */
	uint64_t offset;       /* of the secret itself, from the text's beginning */
	uint32_t line, column; /* from 1; bytes */
	struct rf_str secret;  /* in the text: never to be printed whole, see secret_redact() */
};

struct secret_sink {
	/* 0 or RF_E*, which ends the search. */
	int (*hit)(void *ctx, const struct secret_hit *hit, struct rf_err *err);
	void *ctx;
};

/* False for paths where hits are noise: test data of tools, lock files, fonts, pictures, ... */
bool secret_path_wanted(struct rf_str path);
/* False for what is not text: binaries are not searched. head is the first bytes of a file. */
bool secret_is_text(struct rf_bytes head);

/* Searches text, a whole file at path (for rules that look at names; "" is accepted). */
int secret_search(const struct secret_rules *rules, struct rf_str path, struct rf_bytes text,
	const struct secret_sink *sink, struct rf_err *err) RF_MUST_USE;

/* One variable of an image's environment or of a Dockerfile's ENV or ARG. */
int secret_search_variable(const struct secret_rules *rules, struct rf_str name,
	struct rf_str value, const struct secret_sink *sink, struct rf_err *err) RF_MUST_USE;

#define SECRET_REDACTED_SIZE 64
/* At most the first four characters and the length: "AKIA…(20)". */
void secret_redact(struct rf_str secret, char out[static SECRET_REDACTED_SIZE]);

#endif
