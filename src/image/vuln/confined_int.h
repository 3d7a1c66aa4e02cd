/* What "vuln-build" and its parent say to each other; every task is answered before the next. */
#ifndef RF_IMAGE_VULN_CONFINED_INT_H
#define RF_IMAGE_VULN_CONFINED_INT_H

#include "proc/frame.h"
#include "proc/role.h"

enum job_msg {
	JOB_START = 1, /* to the child: descriptor of the file that the result goes to */
	JOB_BEGIN,     /* to the child: a source begins */
	JOB_FILE,      /* to the child: str name, u64 time, u64 in a directory; descriptor */
	JOB_END,       /* to the child: str name of the source that ends */
	JOB_FINISH,    /* to the child: u64 date (as int64_t), str public key */
	JOB_DONE,      /* from the child: that was done */
	JOB_REPORT,    /* from the child: u64 documents, u64 count, (str what, u64 count)... */
	JOB_FAILED,    /* from the child: an error; the last */
};

int job_role_start(struct proc_child *ret, struct rf_err *err) RF_MUST_USE;

#endif
