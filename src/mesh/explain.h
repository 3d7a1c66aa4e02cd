/*
 * What is wrong with certificates, in words: as SPIFFE identities (X509-SVID.md), as servers' and
 * clients' certificates for ordinary TLS programs (OpenSSL, Go's crypto/tls), as a chain.
 */
#ifndef RF_MESH_EXPLAIN_H
#define RF_MESH_EXPLAIN_H

#include "base/diag.h"
#include "mesh/cert.h"

/* What the first certificate is wanted for; then what it lacks for that is an error. */
enum explain_role {
	EXPLAIN_ANY,
	EXPLAIN_SERVER,
	EXPLAIN_CLIENT,
	EXPLAIN_SPIFFE,
};

struct explain_opts {
	int64_t now_s;
	enum explain_role role;
	const size_t *key_index;       /* of cert_find_key(); NULL: no key was given */
	const struct cert_list *roots; /* to verify against; NULL: not known */
};

/* A note tells what a certificate is not good for; a warning is soon, an error is now wrong. */
struct explain_finding {
	enum rf_severity severity;
	size_t cert;	  /* index */
	const char *rule; /* a name that stays: "two-uris" */
	struct rf_str text;
};

#define EXPLAIN_CHAIN_MAX 16   /* certificates from the leaf to the root */
#define EXPLAIN_MAX	  1000 /* findings kept */

struct explain_report {
	struct rf_arena *arena; /* the list's: findings live as long */
	RF_VEC(struct explain_finding) list;
	size_t wrong_count; /* warnings and errors, also those over the cap */
	bool is_bundle;	    /* all are authorities: no chain */
	bool nomem;
};

/* Fills report; RF_EINTERNAL when memory ran out. */
int cert_explain(const struct cert_list *list, const struct explain_opts *opts,
	struct explain_report *report, struct rf_err *err) RF_MUST_USE;
void explain_report_done(struct explain_report *report);
#define AUTO_EXPLAIN CLEANUP(explain_report_done) struct explain_report

/*
 * True when less than a third of the lifetime is left (or none). Of what lives for years, only when
 * CERT_DUE_MAX_S is left: a warning that stands for years is not read.
 */
#define CERT_DUE_MAX_S ((int64_t)180 * 86400)
bool cert_is_due(int64_t from_s, int64_t until_s, int64_t now_s);

#endif
