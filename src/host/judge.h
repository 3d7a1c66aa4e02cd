/*
 * The gate in front of what runs: images are scanned before anything starts, and refused when the
 * gate says so (image/report/gate.h). Verdicts are remembered by the image's digest, the database's
 * and the gate's settings, in STATE/verdicts, so that an image is scanned once a database.
 */
#ifndef RF_HOST_JUDGE_H
#define RF_HOST_JUDGE_H

#include "base/buf.h"
#include "base/diag.h"
#include "host/instance.h"
#include "image/report/gate.h"
#include "image/store.h"
#include "kube/load.h"

/* What images are judged by, as `up` was told. Borrowed. */
struct gate_config {
	bool off, unfixed;
	const char *db;	     /* absolute; NULL: off */
	bool db_named;	     /* it was asked for: without it nothing can be judged */
	const char *ignore;  /* absolute; NULL: none */
	const char *fail_on; /* NULL: the default */
	const char *max_age; /* of the database, "7d"; NULL: none */
	uint64_t max_age_s;  /* the same; 0: no limit */
};

struct judge_opts {
	bool off;	       /* nothing is judged */
	struct gate_opts gate; /* now_s is the time of the judging */
	const char *ignore;    /* an ignore file, absolute; NULL: none */
	struct vuln_db *db;    /* NULL: there is none; see judge_set() */
	const char *mend;      /* what to do about a refusal; NULL: the options that there are */
	/* Before an image is scanned that has no verdict yet; may be NULL. */
	void (*scanning)(void *ctx, const char *image);
	void *ctx;
};

/* What is refused unless something else is asked for: critical, with a fix, and not absent. */
void judge_defaults(struct judge_opts *ret);

/* The same by a configuration; the database is the caller's. RF_EINPUT: fail_on is no level. */
int judge_opts_of(const struct gate_config *config, int64_t now_s, struct judge_opts *ret,
	struct rf_err *err) RF_MUST_USE;

struct judge_verdict {
	bool pass;
	bool remembered;   /* it was not scanned again */
	bool too_old;	   /* the database is, by the gate: the image was not looked at */
	struct rf_buf why; /* sentences with "; " between; "" when it passes */
	/* What could not be read, and what nothing is known about; it counts neither way. */
	struct rf_buf unjudged;
};
void judge_verdict_done(struct judge_verdict *verdict);

/* One image of the store. */
int judge_image(const struct instance *inst, const struct image *image,
	const struct judge_opts *opts, struct judge_verdict *ret, struct rf_err *err) RF_MUST_USE;

/* What is remembered of it, by opts and its database. RF_EABSENT: it was not judged by these. */
int judge_recall(const struct instance *inst, const struct image *image,
	const struct judge_opts *opts, struct judge_verdict *ret, struct rf_err *err) RF_MUST_USE;

/*
 * Every image that the set's workloads name: one that is refused is an error in diags, at the
 * place that names it first; what could not be judged in one is a warning. Images that are not in
 * the store are left to host_check(). Without a database there is a warning in diags, and nothing
 * is refused.
 */
int judge_set(const struct instance *inst, const struct kube_set *set,
	const struct judge_opts *opts, struct rf_diags *diags, struct rf_err *err) RF_MUST_USE;

#endif
