/*
 * What "vuln-build" and its parent say to each other. The first message tells what the child is
 * for: it builds (JOB_START), where every task is answered before the next, or applies one delta.
 */
#ifndef RF_IMAGE_VULN_CONFINED_INT_H
#define RF_IMAGE_VULN_CONFINED_INT_H

#include "image/vuln/build.h"
#include "proc/frame.h"
#include "proc/role.h"

enum job_msg {
	JOB_START = 1, /* to the child: descriptor of the file that the result goes to */
	JOB_BEGIN,     /* to the child: a source begins */
	JOB_FILE,      /* to the child: str name, u64 time, u64 in a directory; descriptor */
	JOB_END,       /* to the child: str name of the source that ends */
	JOB_FINISH,    /* to the child: u64 date (as int64_t), str public key */
	JOB_DONE,      /* from the child: that was done */
	JOB_REPORT,    /* from the child: u64 documents, two lists (left out, widened), each of
			* them u64 count, (str what, u64 count)... */
	JOB_FAILED,    /* from the child: an error; the last */
	JOB_APPLY,     /* to the child: the old database's digest, 32 bytes; descriptors of the file
			* that the result goes to, of the old database and of the delta */
};

/* Descriptors of JOB_APPLY. */
enum job_apply_fd { JOB_APPLY_OUT, JOB_APPLY_OLD, JOB_APPLY_DELTA, JOB_APPLY_FDS };

/* Reading a report frees what ret held, and replaces it when all is well. RF_EINPUT: malformed. */
void job_report_put(struct rf_buf *out, const struct vuln_build_report *report);
int job_report_get(
	struct rf_str payload, struct vuln_build_report *ret, struct rf_err *err) RF_MUST_USE;

int job_apply_get(struct rf_str payload, size_t fd_count, struct image_digest *ret,
	struct rf_err *err) RF_MUST_USE;

/* Confines the calling process for what the first message says. */
int job_confine(enum job_msg first, struct rf_err *err) RF_MUST_USE;
int job_role_start(struct proc_child *ret, struct rf_err *err) RF_MUST_USE;

#endif
