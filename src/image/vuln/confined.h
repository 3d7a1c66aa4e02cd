/*
 * Building and changing a database where what others published can do no harm: a child without
 * files, network and privileges (role "vuln-build") gets open files and gives back a database; this
 * side opens the files, and signs or looks at the signature. The private key is never in the child.
 */
#ifndef RF_IMAGE_VULN_CONFINED_H
#define RF_IMAGE_VULN_CONFINED_H

#include "image/vuln/build.h"

struct vuln_job;

/* progress (may be NULL) is called now and then with the number of files read so far. */
int vuln_job_new(void (*progress)(void *ctx, size_t files), void *ctx, struct vuln_job **ret,
	struct rf_err *err) RF_MUST_USE;
void vuln_job_free(struct vuln_job *job);
void vuln_job_freep(struct vuln_job **job);
#define AUTO_VULN_JOB CLEANUP(vuln_job_freep) struct vuln_job

/* As vuln_builder_add(), _finish() and _report(). */
int vuln_job_add(struct vuln_job *job, const char *path, struct rf_err *err) RF_MUST_USE;
int vuln_job_finish(struct vuln_job *job, int64_t built_s, const struct vuln_signer *signer,
	struct rf_buf *out, struct rf_err *err) RF_MUST_USE;
const struct vuln_build_report *vuln_job_report(const struct vuln_job *job);

/*
 * As vuln_delta_apply(), from the beginning of an open file. What the child gives is a database
 * with a good signature and sound blocks, or there is an error; who signed is the caller's to
 * judge.
 */
int vuln_job_apply(const struct vuln_db *from, int delta_fd, struct rf_buf *out,
	struct rf_err *err) RF_MUST_USE;

#endif
